/* From a dataset to a model file: one call that runs ALS, neighbours, text and popularity through a back-end
 * table. */
#ifndef AISLE_TRAIN_H
#define AISLE_TRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/backend.h"
#include "aisle/dataset.h"
#include "aisle/eval.h"
#include "aisle/progress.h"
#include "aisle/text.h"

typedef struct aisle_train_params {
    int32_t factors;      /* 0 = no ALS; 1..4096; default 64 */
    int32_t iterations;   /* full iterations (users then items), 1..1000; default 15 */
    aisle_als_params als; /* n_other is set by the trainer */
    float init_scale; /* item factors start normal with deviation init_scale / sqrt(factors); default .1 */
    uint64_t seed;
    aisle_weights weights;
    int32_t user_core, item_core; /* k-core before training; 0 = none */
    double validation; /* share of pairs held out for the metric of each iteration and early stopping; 0 =
                          none */
    int32_t
        patience; /* stop after so many iterations without a better NDCG@20; 0 = never; needs validation */
    int32_t k_similar, k_content; /* neighbours an item; default 50 */
    aisle_text_params text;
    double trending_days;   /* popularity of the newest so many days over the rate before; default 7 */
    const char *checkpoint; /* file written after every iteration and removed at the end; NULL = none */
    bool resume; /* go on from `checkpoint` when it matches data and settings (else AISLE_ECONFLICT) */
    const char
        *created; /* RFC 3339 time for the model's meta; NULL = the present (same bytes need a fixed one) */
} aisle_train_params;

aisle_train_params aisle_train_params_default(void);
/* Ranges of every field; AISLE_EINVAL names the field, the value and the range. */
aisle_status aisle_train_params_check(const aisle_train_params *p, aisle_error *err);

/* One iteration's news. ndcg and recall (at 20) are NaN without validation. */
typedef struct aisle_train_iteration {
    int32_t iteration, of;
    double loss, ndcg, recall, seconds;
} aisle_train_iteration;

typedef struct aisle_trainer {
    const aisle_backend_ops *ops;
    aisle_device *device;           /* borrowed */
    const aisle_progress *progress; /* stages "als", "similar", "text", "content"; may be NULL */
    void (*on_iteration)(void *ctx, const aisle_train_iteration *it); /* may be NULL */
    void *ctx;
} aisle_trainer;

/* What training made; owned by the caller, released with aisle_trained_deinit. */
typedef struct aisle_trained {
    aisle_mat users, items; /* of the best iteration when validation is on */
    float *item_gram;
    aisle_csr seen; /* the training matrix with weights */
    int32_t k_similar, k_content;
    int32_t *similar_ids, *content_ids;
    float *similar_scores, *content_scores;
    float *popularity, *trending;
    int32_t iterations_run, best_iteration;
    double loss, ndcg; /* of the last / the best iteration; NaN when unknown */
    double seconds;
} aisle_trained;

/* Trains on the events with keep[e] != 0 (NULL = all): nothing else of the data is looked at, vocabulary, IDF
 * and popularity included. Time and memory: see aisle_train_bytes. AISLE_ECANCELED leaves only the checkpoint
 * behind. */
aisle_status aisle_train(const aisle_dataset *d, const uint8_t *keep, const aisle_train_params *p,
                         const aisle_trainer *t, aisle_trained *out, aisle_error *err);
void aisle_trained_deinit(aisle_trained *t);

/* Host bytes that training of these sizes needs at its peak: both CSRs, factors, Gramian, work space. */
int64_t aisle_train_bytes(int32_t n_users, int32_t n_items, int64_t nnz, const aisle_train_params *p);

/* Writes what was trained as a model file (model.h); metrics (may be NULL) goes into the model's meta. */
aisle_status aisle_trained_write(const aisle_trained *t, const aisle_dataset *d, const aisle_train_params *p,
                                 const char *backend, const aisle_eval_report *metrics, const char *path,
                                 aisle_error *err);

#endif
