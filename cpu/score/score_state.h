/* What the files of the scorer share: its working memory, the top-n heap, the user's system. Not public. */
#ifndef AISLE_CPU_SCORE_STATE_H
#define AISLE_CPU_SCORE_STATE_H

#include "aisle/scorer.h"
#include "cpu/rank/table_rank.h"

enum { SCORE_MAX_N = 1000 };

/* A block that grows and is never shrunk; what was in it is not promised to stay. */
typedef struct score_block {
    void *at;
    int64_t cap;
} score_block;

struct aisle_scorer {
    score_block given;   /* aisle_weighted_item: history and recent items, distinct, ascending */
    score_block vector;  /* float[f] each: the users' factors */
    score_block system;  /* float[fold_floats(f)] */
    score_block sides;   /* float[n * f]: right-hand sides of the reasons */
    score_block masked;  /* uint64_t bitmap over items: never returned */
    score_block sums;    /* float[n_items]: content scores */
    score_block touched; /* int32_t[n_items]: where sums is not 0 */
    score_block near,
        near_touched;     /* float, int32_t[newcomers]: their likeness to one item, and where it is not 0 */
    score_block likes;    /* aisle_hit[n]: text neighbours of one item */
    score_block left_out; /* int32_t: what the answers of those who wait leave out (factor_scan.h) */
    score_block found;    /* int32_t[n * top], float[n * top]: the table's answer */
    aisle_compact_work *compact;
    /* of hybrids */
    score_block liked;   /* int32_t[given], float[given]: the given items but for the disliked ones */
    score_block prior;   /* float[f]: factors of who took nothing */
    score_block rows;    /* float[n_items], of each part to explain: its scores */
    score_block shares;  /* float[n * parts] */
    score_block reasons; /* float[n * given]: what each given item adds to each hit */
    rank_room room;
    int32_t room_items, room_terms;
};

/* Room for n elements of size bytes; AISLE_ENOMEM. */
aisle_status score_room(score_block *b, int64_t n, size_t size, aisle_error *err);

/* ---- masks ---- */
typedef struct score_filter {
    const uint64_t *allowed, *masked; /* bitmaps, NULL = all, none */
} score_filter;

static inline bool score_passes(const score_filter *f, int32_t i)
{
    uint64_t bit = (uint64_t)1 << (i & 63);
    return (!f->allowed || (f->allowed[i >> 6] & bit)) && !(f->masked && (f->masked[i >> 6] & bit));
}

static inline void score_mask(uint64_t *bitmap, int32_t i)
{
    bitmap[i >> 6] |= (uint64_t)1 << (i & 63);
}

/* ---- top-n (top_heap.c): the worst of the best n at the root, in the caller's hits ---- */
typedef struct top_heap {
    aisle_hit *hit;
    int32_t n, cap;
} top_heap;
/* The score that a further item of a higher id must exceed. */
float top_threshold(const top_heap *h);
void top_push(top_heap *h, int32_t item, float score); /* NaN and -Inf are passed over */
void top_finish(top_heap *h);                          /* sorts: best first, ties by smaller id */
/* Offers every item of scores[n] that the filter lets pass; item of scores[0] = first. */
void top_offer(top_heap *h, const score_filter *f, int32_t first, int32_t n, const float *scores);

/* ---- the system of one user (fold_in.c) ---- */
typedef struct given_items {
    const aisle_weighted_item *at; /* distinct, ascending: newcomers last */
    int32_t n;
    const aisle_newcomers *newcomers; /* NULL = none */
} given_items;
/* What the item counts in the objective: its weight times the model's confidence in it; a newcomer just its weight. */
float fold_weight(const aisle_model *m, const aisle_weighted_item *g);
/* The factors of an item or newcomer; NULL = none. */
const float *score_factors(const aisle_model *m, const aisle_newcomers *newcomers, int32_t item);
/* Sorts by item and adds up repeats, of which a dislike wins; returns the number left. */
int32_t score_merge(aisle_weighted_item *items, int32_t n);
/* Checks ids (below n_items) and weights. */
aisle_status score_check_items(int32_t n_items, const aisle_weighted_item *items, int32_t n,
                               aisle_error *err);
int64_t fold_floats(int32_t f); /* floats of room that fold_factor needs */
/* room, for fold_solve, = Cholesky factor of a0 Y'Y + sum c y y' + l I; x[f] = sum c p y (x may be NULL; it and sides have
 * AISLE_KERNEL_SLACK more floats, of which x's are overwritten). */
aisle_status fold_factor(const aisle_model *m, given_items given, float *room, float *x, aisle_error *err);
/* Solves n systems in place, sides[n * f]. */
void fold_solve(int32_t f, const float *room, int32_t n, float *sides);

/* ---- hybrids (score_hybrid.c) ---- */
aisle_status score_hybrid(aisle_scorer *s, const aisle_model *m, const aisle_query *q, given_items given,
                          const score_filter *f, aisle_hits *out, aisle_error *err);

/* One user's question to a hybrid, on its way. */
typedef struct hybrid_question {
    const aisle_hybrid_tables *h;
    given_items given;
    rank_user user;       /* the liked ones of given, and the groups */
    rank_further further; /* newcomers: items n_items .. n_all - 1 */
    int32_t n_items, n_all;
    aisle_hybrid_segment segment;
    const float *factors, *prior; /* what is known of x; NULL */
    float *system;                /* as left by fold_factor; NULL = not solved */
    rank_scale scale[AISLE_HYBRID_MAX_PARTS];
    const float
        *row[AISLE_HYBRID_MAX_PARTS]; /* scores of the parts; NULL: weighs nothing. To explain alone */
} hybrid_question;
static inline float hybrid_weight(const hybrid_question *k, int32_t p, int32_t item)
{
    bool fresh = item >= k->n_items || k->h->fresh[item];
    return k->h->weight[fresh ? AISLE_HYBRID_NEW_ITEM : k->segment][p];
}
/* Shares of the parts and reasons for all hits (explain_hybrid.c). */
aisle_status explain_hybrid(aisle_scorer *s, const aisle_model *m, const hybrid_question *k, aisle_hits *hits,
                            aisle_error *err);

/* ---- reasons (explain.c) ---- */
/* The largest positive contributions so far, and the sum of all positive ones. Items come in ascending order. */
typedef struct reason_tally {
    aisle_hit *hit;
    double total;
} reason_tally;
void reason_add(reason_tally *t, int32_t item, float value);
void reason_finish(reason_tally *t);
/* W y of each hit into *out, the scorer's. */
aisle_status explain_sides(aisle_scorer *s, const aisle_model *m, const aisle_newcomers *newcomers,
                           const float *room, const aisle_hits *hits, float **out, aisle_error *err);
/* room: as left by fold_factor. */
aisle_status explain_factors(aisle_scorer *s, const aisle_model *m, given_items given, const float *room,
                             aisle_hits *hits, aisle_error *err);
void explain_content(const aisle_model *m, given_items given, aisle_hits *hits);

/* ---- texts of newcomers (likeness.c) ---- */
/* Items of the model and newcomers together. */
static inline int32_t score_n_all(const aisle_model *m, const aisle_newcomers *newcomers)
{
    return aisle_model_n_items(m) + aisle_newcomers_count(newcomers);
}
/* Whether any given item is a newcomer that speaks for others. */
bool like_any_given(const aisle_model *m, given_items given);
/* Adds to sums the weighted likeness of the given newcomers to all items and newcomers, and of the given items to the
 * newcomers; what had the sum 0 before is noted in touched[*n_touched]. No-op without newcomers. */
aisle_status like_given(aisle_scorer *s, const aisle_model *m, given_items given, float *sums,
                        int32_t *touched, int32_t *n_touched, aisle_error *err);
/* The likeness of one pair of which one at least is a newcomer, as like_given counts it; 0 = none. */
float like_pair(const aisle_model *m, const aisle_newcomers *newcomers, int32_t of, int32_t item);
/* The text neighbours of q->item, newcomers among them: in s->likes, best first, at most q->n that pass. */
aisle_status like_nearest(aisle_scorer *s, const aisle_model *m, const aisle_related_query *q,
                          const score_filter *f, top_heap *out, aisle_error *err);

/* ---- lists of neighbours (related_sums.c) ---- */
/* How many neighbours the item has by the query's list or else the model's, and where they stand; of newcomers the model has none. */
int32_t related_list(const aisle_model *m, const aisle_related_query *q, aisle_intent intent, int32_t item,
                     const int32_t **ids, const float **scores);
/* aisle_scorer_related of q->items. masked: over all items and newcomers; it is written to. */
aisle_status related_sums(aisle_scorer *s, const aisle_model *m, const aisle_related_query *q,
                          uint64_t *masked, aisle_hits *out, aisle_error *err);

/* ---- content (related.c) ---- */
aisle_status score_content(aisle_scorer *s, const aisle_model *m, given_items given, const score_filter *f,
                           top_heap *h, aisle_error *err);
bool score_has_content(const aisle_model *m, given_items given);

#endif
