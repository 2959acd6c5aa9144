/* What the store keeps for learning what works: the secrets that ids and buckets hang on, what came of recommendations, and
 * experiments. */
#ifndef AISLE_SERVER_LEARNING_H
#define AISLE_SERVER_LEARNING_H

#include "server/store/store.h"

enum { AISLE_SECRET_BYTES = 32 };
/* The shop's secret of this name (static text), the same at every start; the first call makes it. May block for a write.
 * AISLE_EIO, AISLE_EBUSY ... as any write. */
aisle_status aisle_store_secret(aisle_store *s, const char *name, unsigned char out[AISLE_SECRET_BYTES],
                                aisle_error *err);

/* ---- outcomes: events that name the answer which led to them, and what they are counted to ---- */

/* Events (events.id) up to `upto` are counted; the newest is `newest`. */
typedef struct aisle_outcome_range {
    int64_t upto, newest;
} aisle_outcome_range;
aisle_status aisle_view_outcome_range(aisle_view *v, aisle_outcome_range *out, aisle_error *err);

typedef struct aisle_outcome_event {
    int64_t id, user, session, product; /* rows of their tables; 0 = none */
    aisle_event_type type;              /* view, click, add to cart, purchase or impression */
    double value;
    int64_t price_minor;
    aisle_str currency, recommendation; /* currency: of the product today; may be absent */
} aisle_outcome_event;
/* Those with ids above `after` up to `last` that name an answer, the first `limit`, in order of id; in the arena. */
aisle_status aisle_view_outcome_events(aisle_view *v, int64_t after, int64_t last, int32_t limit,
                                       aisle_arena *a, aisle_outcome_event **out, int32_t *n,
                                       aisle_error *err);

/* What outcomes are counted to. Names are never absent, but may be empty. */
typedef struct aisle_outcome_key {
    int64_t day, model; /* day: since 1970, UTC */
    aisle_str strategy, scenario, experiment, variant;
} aisle_outcome_key;
typedef struct aisle_outcome_counts {
    int64_t impressions, clicks, carts, purchases;
} aisle_outcome_counts;
/* *first: nothing was counted under this key before. */
aisle_status aisle_tx_outcome_claim(aisle_tx *tx, int64_t day, uint64_t key, bool *first, aisle_error *err);
aisle_status aisle_tx_outcome_add(aisle_tx *tx, const aisle_outcome_key *k, const aisle_outcome_counts *add,
                                  aisle_error *err);
aisle_status aisle_tx_outcome_revenue(aisle_tx *tx, const aisle_outcome_key *k, aisle_str currency,
                                      int64_t minor, aisle_error *err);
/* Events up to this id are counted; claims of days before `oldest` are dropped. */
aisle_status aisle_tx_outcome_upto(aisle_tx *tx, int64_t upto, int64_t oldest, aisle_error *err);

typedef enum aisle_outcome_group {
    AISLE_BY_STRATEGY,
    AISLE_BY_MODEL,
    AISLE_BY_SCENARIO,
    AISLE_BY_VARIANT,
    AISLE_BY_DAY
} aisle_outcome_group;
typedef struct aisle_outcome_revenue {
    aisle_str currency; /* empty: unknown */
    int64_t minor;
    double squares; /* of each purchase's amount, added up */
} aisle_outcome_revenue;
typedef struct aisle_outcome_sum {
    aisle_str name;       /* of the group; a model's version and a day as decimal text */
    aisle_str experiment; /* of a variant */
    aisle_outcome_counts counts;
    aisle_outcome_revenue *revenue;
    int32_t n_revenue;
} aisle_outcome_sum;
enum { AISLE_OUTCOME_SUMS = 1000 }; /* at most; what is beyond is left out */
/* Days from..to, both included; in the arena, ordered by (experiment, name). */
aisle_status aisle_view_outcomes(aisle_view *v, aisle_outcome_group by, int64_t from, int64_t to,
                                 aisle_arena *a, aisle_outcome_sum **out, int32_t *n, aisle_error *err);

/* ---- experiments ---- */

enum { AISLE_EXPERIMENTS = 20, AISLE_VARIANTS = 8 };
/* What is answered, of which an experiment may be. Numbers are stored. */
typedef enum aisle_surface {
    AISLE_ON_RECOMMENDATIONS,
    AISLE_ON_RELATED,
    AISLE_ON_TRENDING,
    AISLE_ON_RANK,
    AISLE_SURFACES
} aisle_surface;
typedef struct aisle_variant {
    aisle_str name;
    double weight;                /* above 0 */
    int64_t model;                /* 0: that which serves */
    aisle_str strategy, scenario; /* empty: as without */
    double diversity;             /* below 0: as without */
} aisle_variant;
typedef struct aisle_experiment {
    aisle_str name, salt;
    double share;              /* of who asks, above 0 to 1 */
    int64_t created_ms;        /* 0 on writing: kept where name and salt are there already, else now */
    int64_t from_ms, until_ms; /* runs while from <= now < until; INT64_MIN, INT64_MAX = without a bound */
    unsigned surfaces;         /* 1 << aisle_surface of each */
    aisle_str scenarios;       /* of recommendations, those that it is for, a space between; empty: all */
    int32_t n;
    aisle_variant *variants; /* [n], the first is what the others are compared with */
} aisle_experiment;
/* All experiments as a set. The version rises with every change. */
typedef struct aisle_experiment_set {
    aisle_experiment *list;
    int32_t n;
    int64_t version;
} aisle_experiment_set;
/* Replaces them all, in this order. What was counted of those that are gone, or have another salt, is dropped.
 * set->version: the one that is replaced, -1 = any; becomes the new one. AISLE_ECONFLICT: it is another, and *conflict is set. */
aisle_status aisle_tx_experiments(aisle_tx *tx, aisle_experiment_set *set, bool *conflict, aisle_error *err);
/* In the arena. */
aisle_status aisle_view_experiments(aisle_view *v, aisle_arena *a, aisle_experiment_set *out,
                                    aisle_error *err);

typedef struct aisle_variant_counts {
    int64_t people, clicked, bought;
} aisle_variant_counts;
aisle_status aisle_tx_variant_claim(aisle_tx *tx, aisle_str experiment, uint64_t key, bool *first,
                                    aisle_error *err);
aisle_status aisle_tx_variant_add(aisle_tx *tx, aisle_str experiment, aisle_str variant,
                                  const aisle_variant_counts *add, aisle_error *err);
aisle_status aisle_view_variant(aisle_view *v, aisle_str experiment, aisle_str variant,
                                aisle_variant_counts *out, aisle_error *err);

#endif
