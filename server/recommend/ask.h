/* One question for recommendations and its answer, as items of a shelf: who asks, what may be shown, the scorer's best. The
 * stages of ask.c in their order; each is a file here. No HTTP and no JSON. */
#ifndef AISLE_SERVER_ASK_H
#define AISLE_SERVER_ASK_H

#include "aisle/memory.h"
#include "aisle/scorer.h"
#include "server/jobs/shelf.h"
#include "server/recommend/filter.h"
#include "server/store/recents.h"

enum { AISLE_ASK_ITEMS = 100, AISLE_ASK_EXCLUDE = 1000, AISLE_ASK_LIMIT = 100, AISLE_ASK_DEFAULT = 10 };
/* More hits than asked for are fetched, for those that are found gone when they are put into words: AISLE_SPARE_HITS at most. Few
 * of what is scored for one person: the first pass must tell apart as many as are fetched, and what was sold out before is not
 * scored (offer.h). */
enum { AISLE_SPARE_HITS = 16, AISLE_SPARE_SCORED = 4 };

/* What of who asks is looked at, when it is not everything that is known. What he has, or dislikes, is left out all the same. */
typedef enum aisle_ask_sight {
    AISLE_SIGHT_ALL,     /* the trained history and what was done since */
    AISLE_SIGHT_SESSION, /* what was done since, and the items of the question */
    AISLE_SIGHT_NONE     /* nothing: what is popular */
} aisle_ask_sight;

/* What counts beside taste. */
typedef struct aisle_wishes {
    const struct aisle_ask_boost {
        aisle_filter filter;
        double by; /* boost.h */
    } * boosts;
    int32_t n_boosts;
    const struct aisle_pin *pins; /* pin.h */
    int32_t n_pins;
    double min_score; /* -INFINITY = none */
    double diversity; /* 0..1: diversify.h */
    int32_t max_per_category,
        max_per_brand; /* 0 = any number; of the category itself, not of what is above it */
} aisle_wishes;

typedef struct aisle_scenario aisle_scenario; /* scenario.h */
typedef struct aisle_course aisle_course;     /* trial.h */
typedef struct aisle_sourced aisle_sourced;   /* walk.h */

/* What is asked. All borrowed for the call. */
typedef struct aisle_ask {
    aisle_str user, session;    /* absent = unknown */
    aisle_str *items, *exclude; /* what the page or the cart holds; what must not come */
    int64_t n_items, n_exclude, limit;
    aisle_str next;   /* the page before, by its recommendation_id; absent: the first */
    aisle_str *shown; /* what that one and those before it have shown; among `exclude`, too */
    int64_t n_shown;
    const aisle_course *course; /* of a next page: what the first one was answered with */
    bool explain;
    aisle_ask_sight sight;

    unsigned
        leave_out; /* AISLE_KEPT_* (view_kept.h): what the asker has bought, wishes for, has in the cart; beside the scenario's */
    unsigned fields; /* of the answer's products (handlers.h); nothing here looks at it */
    aisle_filter filter;
    aisle_wishes wishes;
    const aisle_scenario *scenario; /* NULL: the one list of who asks */
    bool cart;                      /* the asker's own cart is among the items: the handler reads it */
} aisle_ask;

/* What one thread answers one question with. Answers are made wholly from one shelf. All borrowed. */
typedef struct aisle_answering {
    const aisle_shelf *shelf;
    aisle_view *view; /* the thread's */
    aisle_recents *recents;
    aisle_scorer *scorer; /* the thread's */
    aisle_arena *arena;   /* the request's: what an answer points to lies there */
    aisle_catalogue *catalogue;
    struct aisle_later_baskets
        *later;                  /* what was bought together since the training; NULL = it is not looked at */
    struct aisle_trends *trends; /* what is done now; NULL = it is not looked at */
    struct aisle_place
        *place; /* of the question among those that are scored together (together.h); NULL = alone */
} aisle_answering;

typedef struct aisle_recommendation {
    aisle_hits hits;              /* best first, up to limit + AISLE_SPARE_HITS */
    bool known;                   /* the model knows the user */
    const aisle_sourced *sourced; /* of a scenario: of which source each item came, but for pins; NULL */
    int32_t n_sourced;
    const char
        *reason_type; /* where the items of reasons stand: "history", "session", ...; NULL without explain */
} aisle_recommendation;

/* AISLE_EINVAL, AISLE_ENOMEM, AISLE_EIO; *out is written only on success. */
aisle_status aisle_recommend(const aisle_answering *w, const aisle_ask *ask, aisle_recommendation *out,
                             aisle_error *err);
/* The same scores without masks of its own: the best n of the allowed items, also those the asker has seen. hits: room for
 * n. */
aisle_status aisle_score_for(const aisle_answering *w, const aisle_ask *ask, const uint64_t *allowed,
                             int32_t n, aisle_hits *hits, aisle_error *err);
/* About how many multiply-adds answering takes, 5 a nanosecond; what is done faster or otherwise is counted as its worth. */
int64_t aisle_ask_work(const aisle_shelf *s, const aisle_ask *ask);
/* How many of them another question takes over that is scored together with it by the same model (together.h): less than all. */
int64_t aisle_ask_shared(const aisle_shelf *s, const aisle_ask *ask);

/* limit + spare, in the arena; NULL: no memory. */
aisle_hit *aisle_hits_room(aisle_arena *a, int64_t limit);

#endif
