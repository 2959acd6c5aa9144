/* From a dataset to a model file: one call that runs ALS, neighbours, text and popularity through a back-end
 * table. */
#ifndef AISLE_TRAIN_H
#define AISLE_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/backend.h"
#include "aisle/dataset.h"
#include "aisle/eval.h"
#include "aisle/fit_params.h"
#include "aisle/progress.h"
#include "aisle/quantize.h"
#include "aisle/table.h"
#include "aisle/text.h"

/* What is made: aisle_train makes AISLE_MODEL_ALS whatever is said here, and aisle_hybrid_train (hybrid.h) what is said. AUTO,
 * the default: a hybrid of up to AISLE_HYBRID_ITEMS items, for which training it takes seconds and a request stays below 2 ms
 * (bench/NOTES.md, "Served hybrids"), else ALS. */
typedef enum aisle_train_model { AISLE_MODEL_AUTO, AISLE_MODEL_ALS, AISLE_MODEL_HYBRID } aisle_train_model;
enum { AISLE_HYBRID_ITEMS = 10000 };

typedef struct aisle_train_params {
    aisle_train_model model;
    int32_t factors;    /* 0 = no ALS; 1..4096; default 64 */
    int32_t iterations; /* full iterations (items, then users), 1..1000; default 15 */
    /* nu default 1; n_other is set by the trainer. a0 0 (default): 10 sum c / (users items), so that all unobserved pairs
     * together weigh ten times the observed ones (c = |v|, backend.h; sum over the observed). reg 0 (default): .003 of the
     * mean c. Both move with the unit of the weights, so that twice the weights give nearly the same factors. */
    aisle_als_params als;
    float
        item_damping; /* 0..1: a pair of an item with n_i users counts c_ui s_i in L (backend.h), s_i = n_i^-damping
                           * times what makes the mean over all pairs 1: pairs of rare items say more. 0 = none */
    float init_scale; /* item factors start normal with deviation init_scale / sqrt(factors); default .1 */
    uint64_t seed;
    aisle_weights weights;
    int32_t user_core, item_core; /* k-core before training; 0 = none */
    double validation; /* share of pairs held out to find the best iteration count, 0..0.5; 0 = none. Training
                          then runs again on all pairs for that many iterations, so that no data is lost. */
    int32_t patience;  /* end that search after so many iterations without a better NDCG@20; 0 = never; needs
                          validation */
    int32_t k_similar, k_content; /* neighbours an item, 0..1000; default 50; 0 = none */
    int32_t k_complements;        /* products bought with an item, at most; 0..1000; default 50; 0 = none */
    aisle_text_params text;
    double trending_days; /* > 0, default 7; see aisle_trained */
    aisle_knn_params item_knn, user_knn;
    aisle_ease_params ease;
    aisle_popular_params popular;
    aisle_stars_params stars;
    aisle_hybrid_params hybrid;
    aisle_quantize_choice quantize; /* what aisle_trained_quantize makes */
    const char *checkpoint; /* file replaced after every iteration and removed at the end; NULL = none */
    bool resume; /* go on from `checkpoint`: AISLE_ENOTFOUND without one, AISLE_ECONFLICT when it was made
                    from other data or settings. The result has the same bytes as an unbroken run. */
    int64_t
        last_event; /* the number, in its store, of the newest event that was loaded, for the model's meta; 0 = unknown */
    const char
        *created; /* RFC 3339 time for the model's meta; NULL = the present (same bytes need a fixed one) */
} aisle_train_params;

aisle_train_params aisle_train_params_default(void);
/* Ranges of every field; AISLE_EINVAL names the field, the value and the range. */
aisle_status aisle_train_params_check(const aisle_train_params *p, aisle_error *err);

/* One iteration's news. ndcg and recall (at 20, over a seeded sample of the validation's users) are NaN when
 * nothing is held out. */
typedef struct aisle_train_iteration {
    int32_t iteration, of;
    bool searching; /* pairs are held out: this run only finds the iteration count */
    double loss, ndcg, recall, seconds;
} aisle_train_iteration;

/* How much there is to train on. */
typedef struct aisle_train_sizes {
    int32_t n_users, n_items;
    int64_t n_pairs, n_events; /* n_events: that the pairs come of */
    int64_t n_purchases;       /* of the events */
} aisle_train_sizes;

typedef struct aisle_trainer {
    const aisle_backend_ops *ops;
    aisle_device *device; /* borrowed */
    int32_t threads;      /* of the matrix and of the validation metric; 0 = all cores */
    /* Stages "als", "similar", "text"; may be NULL. Cancel takes effect within a second, but not while the
     * matrix is built, and in ALS only between half-steps, which a back-end makes whole: seconds on a large
     * shop. */
    const aisle_progress *progress;
    /* Once the matrix is built, before the work begins. */
    void (*on_start)(void *ctx, const aisle_train_sizes *sizes);      /* may be NULL */
    void (*on_iteration)(void *ctx, const aisle_train_iteration *it); /* may be NULL */
    void *ctx;
} aisle_trainer;

/* What training made; owned by the caller, released with aisle_trained_deinit.
 * trending_i = (R_i/D + s) / (B_i/S + s) for items with R_i > 0, else 0: R_i and B_i sum the event-type
 * weights of the item in the newest D = trending_days and before, S = days before D back to the oldest event,
 * s = the mean rate of an item over the whole time, so that a single event on a new item does not win. Events
 * without time, and those that aisle_weights_event lets weigh nothing, are left out. */
typedef struct aisle_trained {
    aisle_mat users, items; /* users are solved for these items: a fold-in of the same history gives the same
                             * row. ld may exceed the factors. Items without a pair have factors by
                             * text_map; users and Gramian know nothing of those */
    float *item_gram;       /* NULL without factors */
    float *item_confidence; /* s_i of item_damping, n_items, 1 for an item without users; NULL = all 1 */
    aisle_csr seen;         /* the training matrix with weights, dislikes below 0 */
    /* Of items i and j, taken (not disliked) by the users U_i and U_j, the likeness is
     *   s(i, j) = sum over u in both of n_u^(-1/2) / sqrt((|U_i| + 2) (|U_j| + 2)),   n_u = the items that u took:
     * a cosine of who took them, where people with few items say more (as knn's damping, fit_params.h), and where two more users each
     * that they have not in common keep pairs that few people know from being the most alike of all. Of text: the cosine. */
    int32_t k_similar, k_content; /* 0 = none; k_content is 0 when no product has text */
    int32_t *similar_ids, *content_ids;
    float *similar_scores, *content_scores;
    /* items x items: what is bought together, by aisle_log_likelihood_ratio over aisle_dataset_baskets: pairs in more baskets
     * than chance would have, that score AISLE_COMPLEMENT_LEAST or more. Rows are best first, ties by smaller id, not
     * ascending. No arrays when there is no such pair. */
    aisle_csr complements;
    int32_t *complement_both, *complement_baskets; /* as model.h; NULL without baskets */
    aisle_vocabulary *vocabulary;                  /* NULL when no product has text */
    aisle_csr text;                                /* items x its terms; empty without vocabulary */
    aisle_text_map
        text_map;      /* scale 0 = none: without factors, vocabulary or a text of an item with a pair */
    float *popularity; /* sum of the item's weights */
    float *trending;   /* NULL when no event has a time */
    float a0, reg;     /* of the objective, where the settings left them to the data; 0 without factors */
    /* The tables of a hybrid, views into the above and into what `hybrid_owner` holds (aisle_hybrid_train); n_parts 0 = none. */
    aisle_hybrid_tables hybrid;
    void *hybrid_owner;
    void (*hybrid_free)(void *owner);
    aisle_quantized quantized; /* of the factors; made by aisle_trained_quantize alone */
    int32_t iterations_run;
    double loss, ndcg; /* loss after the last iteration; best NDCG@20 of the search; NaN when unknown */
    double seconds;
} aisle_trained;

/* How sure it is that two items do not lie in baskets independently of each other (Dunning 1993, "Accurate methods for the
 * statistics of surprise and coincidence"): G^2 = 2 sum k ln(k / expected) over the table of baskets with both, one of
 * them, neither. `both` of `all` baskets hold both, of_a and of_b each. 0 = just as chance has it; also large when they avoid
 * each other. Unlike lift it is not won by pairs that were seen once. */
double aisle_log_likelihood_ratio(int64_t both, int64_t of_a, int64_t of_b, int64_t all);
#define AISLE_COMPLEMENT_LEAST                                                                               \
    6.63f /* chance gives as much in 1 of 100 pairs (chi-squared, one degree of freedom) */

/* Trains on the events with keep[e] != 0 (NULL = all): nothing else of the data is looked at, popularity
 * included; vocabulary and IDF are learned from the products of these events (NULL: of the whole catalogue).
 * The same data, settings, seed and back-end give the same bytes for any thread count. AISLE_EINVAL when no
 * pair is left to train on. AISLE_ECANCELED leaves only the checkpoint behind. */
aisle_status aisle_train(const aisle_dataset *d, const uint8_t *keep, const aisle_train_params *p,
                         const aisle_trainer *t, aisle_trained *out, aisle_error *err);
void aisle_trained_deinit(aisle_trained *t);

/* Host bytes that training of these sizes takes at its peak, from the building of the matrix on, with what t's back-end
 * takes in host memory; without the dataset itself and what is made of product texts. t: ops, device and threads count.
 * INT64_MAX on overflow. */
int64_t aisle_train_bytes(const aisle_trainer *t, const aisle_train_sizes *s, const aisle_train_params *p);

/* Makes t->quantized as p->quantize says (quantize.h), so that aisle_trained_write writes it; on `threads` threads, 0 = all. */
aisle_status aisle_trained_quantize(aisle_trained *t, const aisle_train_params *p, int32_t threads,
                                    aisle_error *err);
/* Writes what was trained as a model file (model.h); metrics (may be NULL) goes into the model's meta.
 * backend: its name. */
aisle_status aisle_trained_write(const aisle_trained *t, const aisle_dataset *d, const aisle_train_params *p,
                                 const char *backend, const aisle_eval_report *metrics, const char *path,
                                 aisle_error *err);
/* The weights that a model was trained with, from the settings in its meta (aisle_model_meta), so that what a
 * user does after the training weighs the same. now_ms is 0. What meta does not say, or says in no readable
 * way, is as in aisle_weights_default. Only AISLE_ENOMEM. */
aisle_status aisle_trained_weights(const char *meta, aisle_weights *out, aisle_error *err);
/* aisle_train_params.last_event, from a model's meta; 0 = unknown. */
int64_t aisle_trained_last_event(const char *meta);
/* When the model was made, from its meta; 0 = unknown. */
int64_t aisle_trained_created_ms(const char *meta);

#endif
