/* Recommendations from an open model: personal, from a set of items, similar items, popular. No HTTP, no
 * storage. */
#ifndef AISLE_SCORER_H
#define AISLE_SCORER_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/dataset.h"
#include "aisle/model.h"
#include "aisle/newcomers.h"
#include "aisle/progress.h"
#include "aisle/status.h"

typedef enum aisle_strategy {
    AISLE_STRATEGY_PERSONAL, /* the trained factors of a known user, refreshed by recent events when given */
    AISLE_STRATEGY_SESSION,  /* factors folded in from the given items (Hu, Koren, Volinsky 2008, eq. 4) */
    AISLE_STRATEGY_CONTENT,  /* the given items' text neighbours: none of them was in training's interactions
                              */
    AISLE_STRATEGY_POPULAR,  /* nothing is known of the user */
    AISLE_STRATEGY_SIMILAR,  /* interaction neighbours of one item; only from aisle_scorer_related */
    AISLE_STRATEGY_HYBRID,   /* the model's hybrid, for whoever took something or is of a known group */
    AISLE_STRATEGY_COMPLEMENTARY /* what is bought with given items; only from aisle_scorer_related */
} aisle_strategy;
const char *
aisle_strategy_name(aisle_strategy s); /* "personal", "session", "content", "popular", "similar", "hybrid",
                                             * "complementary" */

typedef struct aisle_weighted_item {
    int32_t item;
    float weight; /* confidence as in training, finite, not 0; below 0 of a disliked item (backend.h) */
} aisle_weighted_item;

/* One of a user's newest events, on an item of the model. */
typedef struct aisle_recent_event {
    int32_t item;
    aisle_event_type type;
    double value; /* stars of ratings and reviews */
} aisle_recent_event;

/* What the n newest events say, as training would weigh them, into out[n]: distinct items in order of first
 * sight; returns how many. The weights of an item add up (with w->binary to 1); items that come to 0 or less
 * are left out, and disliked ones, whatever else was done, have minus the weight of a dislike (with w->binary -1), or are
 * left out where that is 0. No decay, since the events are new, and cancels count nothing. O(n * items):
 * for hundreds of events. w: aisle_trained_weights of the model. */
int32_t aisle_recent_weigh(const aisle_weights *w, const aisle_recent_event *events, int32_t n,
                           aisle_weighted_item *out);
/* Of a user's newest events so many are looked at, by the server and the command line alike. */
enum { AISLE_RECENT_MAX = 50 };
/* True for an event that is older than the model (created_ms: aisle_trained_created_ms, 0 = unknown) and
 * whose item stands in the user's trained history: it says nothing new, and without it the trained factors
 * serve as they are, and no system is solved. user: the model's, -1 = unknown. */
bool aisle_recent_is_trained(const aisle_model *m, int64_t created_ms, int32_t user, int32_t item,
                             int64_t at_ms);
/* What an item weighs that a visitor only names: as one add to cart, or 1 where that weighs nothing. */
float aisle_named_weight(const aisle_weights *w);

typedef struct aisle_query {
    int32_t user; /* dense id, -1 = unknown */
    /* Of this model, or NULL. They are ranked together with its items: newcomer j is item n_items + j of `recent`,
     * `exclude`, `allowed` and the hits. */
    const aisle_newcomers *newcomers;
    /* Newest events' items, also beyond the model's training. Repeated items add up, but a
     * dislike wins. An item that is in the user's trained history too counts with the larger of the two weights, since its
     * event may have been trained already. */
    const aisle_weighted_item *recent;
    int32_t n_recent;
    const int32_t *exclude; /* items never returned, any order */
    int32_t n_exclude;
    const uint64_t *allowed; /* bitmap over items and newcomers, NULL = all; applied before the top-n */
    bool
        include_seen; /* false: items of the user's history and of `recent` are left out; disliked ones always are */
    bool explain;
    /* NULL = those of the user in the model. Else AISLE_GROUP_ATTRIBUTES groups (aisle_model_group), -1 = unknown: of a user
     * whom the model does not know and a record does. Looked at by hybrids. */
    const int32_t *groups;
    int32_t n; /* 1..1000 */
} aisle_query;

/* One reason: `share` of the score comes from `item` of the user's history (Hu, Koren, Volinsky 2008, section
 * 5: y_i' W y_j c_j, W the inverse of the user's system), or for content and similar from the likeness to it.
 * Items that lower the score are no reasons: a share is a positive contribution over the sum of all positive
 * ones, so that the shares of all reasons sum to 1; the largest AISLE_MAX_REASONS are given, largest first,
 * ties by smaller id. */
typedef struct aisle_reason {
    int32_t item;
    float share;
} aisle_reason;
enum { AISLE_MAX_REASONS = 3 };

typedef struct aisle_hit {
    int32_t item;
    float score;
    int32_t n_reasons; /* 0 unless explain */
    aisle_reason reasons[AISLE_MAX_REASONS];
} aisle_hit;

typedef struct aisle_hits {
    aisle_strategy strategy;
    int32_t n;
    aisle_hit *hit; /* caller's storage, room for query.n */
    /* Of a hybrid, with explain: shares[h * n_parts + p] is the part of hit h's score that part p of aisle_model_hybrid gave;
     * they sum to 1 over p, or are all 0 where the score is. Valid until the scorer's next call. Else NULL and 0. */
    const float *shares;
    int32_t n_parts;
} aisle_hits;

/* Working memory of one thread; grows to the largest model seen. Not thread-safe; one a thread. The first
 * aisle_scorer_new of the process makes OpenBLAS single-threaded: threads of ours call it side by side. */
typedef struct aisle_scorer aisle_scorer;
aisle_scorer *aisle_scorer_new(void);
void aisle_scorer_free(aisle_scorer *s);

/* Answers with the best strategy that what is known allows; hits in descending score, ties by smaller id.
 *   hybrid    the model holds one, and the user took something (history or `recent`) or is of a known group: the score of
 *             hybrid.h, by the weights of the user's segment, of which `recent` counts. Nothing taken: the parts that
 *             know groups, and what is popular. With nothing known at all the same scores are called popular.
 *             Reasons: what each given item adds to the parts that look at given items, in the hybrid's unit
 *   personal  the user has a trained history; without `recent` the trained factors are used, with it the
 *             user's system is solved anew over history and recent items
 *   session   no history, and an item of `recent` has factors by training: aisle_fold_in
 *   content   no given item has such factors, but one has text neighbours or is a newcomer: scores are sums of weight *
 *             likeness, of newcomers where they would be among an item's text neighbours
 *   popular   else, and when content leaves nothing; nothing at all when the model has no popularity
 * Masks come before the top-n: fewer than n only when fewer remain (content: fewer neighbours). An item that
 * training never saw, and whose text says nothing, has the score 0. Newcomers: by the factors of their texts (personal, session),
 * by their texts (content), 0 (popular). AISLE_EINVAL for ids outside the model, weights of 0, n out
 * of range; AISLE_ENOMEM; AISLE_ENUMERIC when a system is not positive definite. *out is written only on
 * success. O(n_items * f + events * f^2 + f^3). */
aisle_status aisle_scorer_recommend(aisle_scorer *s, const aisle_model *m, const aisle_query *q,
                                    aisle_hits *out, aisle_error *err);

/* Whether that is "personal" by the trained factors as they are, for a user 0 .. n_users - 1 of whom nothing newer is known. */
bool aisle_scorer_knows(const aisle_model *m, int32_t user);

/* The answers to n queries, out[k] that of q[k], each exactly what aisle_scorer_recommend says. Where the model has a compact table
 * (model.h), those whose answers are personal or session pass the items together, up to 64 at a time, whatever each of them
 * allows and however many it wants, which is several times faster than one after the other; what else is asked costs the same.
 * Where few items are allowed, neighbours with the same `allowed` (the same address) read them together.
 * `explain` must be false. Every out[k].hit: room for q[k].n. Errors as above, of any one: then out is worth nothing, and who
 * wants to know which query it was asks one by one. */
aisle_status aisle_scorer_recommend_batch(aisle_scorer *s, const aisle_model *m, const aisle_query *q,
                                          int32_t n, aisle_hits *out, aisle_error *err);

/* The same on `threads` threads (0 = all cores), which make their own scorers. The same bytes for any number of them. p may be
 * NULL; it is told nothing and asked whether to stop, every 64 queries: AISLE_ECANCELED. */
aisle_status aisle_scorer_recommend_many(const aisle_model *m, const aisle_query *q, int32_t n,
                                         int32_t threads, const aisle_progress *p, aisle_hits *out,
                                         aisle_error *err);

typedef enum aisle_intent {
    AISLE_INTENT_SIMILAR,
    AISLE_INTENT_CONTENT,
    AISLE_INTENT_COMPLEMENTARY
} aisle_intent;
/* A list of neighbours that stands in for the model's. */
typedef struct aisle_item_list {
    int32_t item, n;      /* whose it is; how long */
    const int32_t *items; /* best first */
    const float *scores;  /* > 0, never rising */
} aisle_item_list;
typedef struct aisle_related_query {
    int32_t item;         /* of the model or the newcomers */
    const int32_t *items; /* NULL, or n_items >= 1 of them instead of `item`; repeats count once */
    int32_t n_items;
    aisle_intent intent;
    int32_t n;                        /* 1..1000 */
    const uint64_t *allowed;          /* bitmap over items and newcomers, NULL = all */
    const aisle_newcomers *newcomers; /* of this model, or NULL */
    const aisle_item_list *lists;     /* COMPLEMENTARY: of these items; the others have the model's */
    int32_t n_lists;
} aisle_related_query;
/* Neighbours of one item: interaction neighbours first, text neighbours fill up (SIMILAR), text only (CONTENT), or what is
 * bought with it, nothing of which is made up for by likeness (COMPLEMENTARY; the score is the log-likelihood ratio of
 * train.h). Best first within each kind; the strategy says whether any interaction neighbour is among them. Newcomers
 * are text neighbours where their likeness is at least that of the last of the model's list; those of a newcomer are all
 * items and newcomers that share a term with it. One reason a hit: `item`, share 1. Of several items: the scores that their
 * lists give a product, added up; reasons are their shares. None of the items comes itself. */
aisle_status aisle_scorer_related(aisle_scorer *s, const aisle_model *m, const aisle_related_query *q,
                                  aisle_hits *out, aisle_error *err);
/* Users whose factors point most nearly where those of `user` do: hits hold their numbers, and the cosine as score; best first, ties
 * by smaller number. None where the model has no factors, or the user's are 0. O(n_users * f). AISLE_EINVAL, AISLE_ENOMEM. */
aisle_status aisle_scorer_neighbours(aisle_scorer *s, const aisle_model *m, int32_t user, int32_t n,
                                     aisle_hits *out, aisle_error *err);
/* The n most popular (trending false) or most rising items; none when the model has no such numbers. Needs no
 * scorer. */
aisle_status aisle_scorer_popular(const aisle_model *m, bool trending, int32_t n, const uint64_t *allowed,
                                  aisle_hits *out, aisle_error *err);

/* Factors of an unknown user from weighted items (repeats add up): x = (a0 Y'Y + Y_u' C_u Y_u + l_u I)^-1
 * Y_u' C_u p_u, exact (Cholesky), l_u as in backend.h with n_u = the distinct items that have factors and c_ui = |weight|
 * times aisle_model_item_confidence. out[f].
 * All zero when no item has factors. Errors as aisle_scorer_recommend. */
aisle_status aisle_fold_in(const aisle_model *m, const aisle_weighted_item *items, int32_t n, float *out,
                           aisle_error *err);

#endif
