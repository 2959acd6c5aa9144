/* The evaluator: blocks of users are scored and ranked by threads, then means and intervals in user order. */
#include "aisle/eval.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "aisle/str.h"
#include "cpu/eval/eval_state.h"

enum {
    MAX_BLOCK = 48 /* users that factor scores take at once */,
    BLOCK_BYTES = 32 << 20,
    MAX_CUT = 1000,
    MAX_BOOTSTRAP = 100000
};

static bool is_cut(const aisle_eval_params *p, int32_t k)
{
    for (int32_t c = 0; c < p->n_cuts; c++)
        if (p->cuts[c] == k) return true;
    return false;
}

static aisle_status check_extras(const aisle_csr *train, const aisle_eval_params *p, aisle_error *err)
{
    for (int32_t v = 0; v < p->n_values; v++) {
        const aisle_eval_values *want = &p->values[v];
        if ((unsigned)want->metric >= AISLE_METRICS && want->metric != AISLE_METRIC_AUC)
            return aisle_fail(err, AISLE_EINVAL, "evaluation: no values of single users for metric %d",
                              (int)want->metric);
        if (want->metric != AISLE_METRIC_AUC && !is_cut(p, want->k))
            return aisle_fail(err, AISLE_EINVAL, "evaluation: values of %s@%d, but %d is no cut-off",
                              aisle_metric_name(want->metric), want->k, want->k);
    }
    if (p->item_vectors && p->item_vectors->n_rows != train->n_cols)
        return aisle_fail(err, AISLE_EINVAL, "evaluation: vectors of %d items, wanted %d",
                          p->item_vectors->n_rows, train->n_cols);
    if (p->light < 0 || !(p->head >= 0 && p->head <= 1))
        return aisle_fail(err, AISLE_EINVAL, "evaluation: light %d must be >= 0 and head %g 0 to 1", p->light,
                          p->head);
    return AISLE_OK;
}

static aisle_status check(const aisle_csr *train, const aisle_csr *test, const aisle_eval_params *p,
                          aisle_error *err)
{
    if (train->n_rows != test->n_rows || train->n_cols != test->n_cols)
        return aisle_fail(err, AISLE_EINVAL, "evaluation: train is %d x %d but test is %d x %d",
                          train->n_rows, train->n_cols, test->n_rows, test->n_cols);
    if (p->n_cuts < 1 || p->n_cuts > AISLE_EVAL_MAX_CUTS)
        return aisle_fail(err, AISLE_EINVAL, "evaluation: %d cut-offs, must be 1 to %d", p->n_cuts,
                          AISLE_EVAL_MAX_CUTS);
    for (int32_t c = 0; c < p->n_cuts; c++)
        if (p->cuts[c] < 1 || p->cuts[c] > MAX_CUT || (c > 0 && p->cuts[c] <= p->cuts[c - 1]))
            return aisle_fail(err, AISLE_EINVAL, "evaluation: cut-off %d must be 1 to %d and ascending",
                              p->cuts[c], MAX_CUT);
    if (p->bootstrap < 0 || p->bootstrap > MAX_BOOTSTRAP)
        return aisle_fail(err, AISLE_EINVAL, "evaluation: %d bootstrap resamples, must be 0 to %d",
                          p->bootstrap, MAX_BOOTSTRAP);
    if (p->threads < 0 || p->max_users < 0)
        return aisle_fail(err, AISLE_EINVAL, "evaluation: threads %d and max_users %d must be >= 0",
                          p->threads, p->max_users);
    return check_extras(train, p, err);
}

static int by_id(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Users with a test item outside their train row; a seeded sample of them when there are too many. */
static aisle_status choose_users(evaluation *e, aisle_error *err)
{
    int32_t n = 0;
    e->users = aisle_array(e->test->n_rows, sizeof *e->users);
    if (!e->users) return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for user ids");
    for (int32_t u = 0; u < e->test->n_rows; u++)
        if (aisle_rank_held(e->train, e->test, e->p->candidates, u, NULL) > 0) e->users[n++] = u;
    if (n == 0)
        return aisle_fail(err, AISLE_EINVAL,
                          "evaluation: no user has a test item outside the train part; nothing to measure");
    if (e->p->max_users > 0 && n > e->p->max_users) {
        aisle_rng rng; /* stream 0; the bootstrap's resamples use 1 and up */
        aisle_rng_init(&rng, e->p->seed, 0);
        for (int32_t i = 0; i < e->p->max_users; i++) { /* the head of a Fisher-Yates shuffle */
            int32_t j = i + (int32_t)aisle_rng_below(&rng, (uint64_t)(n - i)), u = e->users[i];
            e->users[i] = e->users[j];
            e->users[j] = u;
        }
        n = e->p->max_users;
        qsort(e->users, (size_t)n, sizeof *e->users, by_id);
    }
    e->n_users = n;
    return AISLE_OK;
}

/* The block's size depends on the catalogue alone, never on the threads: results must not. */
static aisle_status prepare(evaluation *e, aisle_error *err)
{
    int32_t n_items = e->train->n_cols, top = e->p->cuts[e->p->n_cuts - 1];
    int64_t fit = BLOCK_BYTES / ((int64_t)n_items * (int64_t)sizeof(float)), n_scores = 0, n_values = 0;
    e->block = fit > MAX_BLOCK ? MAX_BLOCK : fit < 1 ? 1 : (int32_t)fit;
    e->width = e->p->n_cuts * AISLE_METRICS + 1;
    int32_t n_blocks = (e->n_users + e->block - 1) / e->block;
    e->threads = e->p->threads > 0 ? e->p->threads : omp_get_num_procs();
    if (e->threads > n_blocks) e->threads = n_blocks;
    if (aisle_size_mul((int64_t)e->threads * e->block, n_items, &n_scores) ||
        aisle_size_mul(e->n_users, e->width, &n_values))
        return aisle_fail(err, AISLE_ENOMEM, "evaluation: sizes overflow");
    e->scores = aisle_array(n_scores, sizeof *e->scores);
    e->values = aisle_array(n_values, sizeof *e->values);
    e->placed = aisle_calloc((size_t)e->threads * (size_t)n_items, sizeof *e->placed);
    e->gain = aisle_array(top, sizeof *e->gain);
    e->rankers = aisle_calloc((size_t)e->threads, sizeof *e->rankers);
    if (!e->scores || !e->values || !e->placed || !e->gain || !e->rankers)
        return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for blocks of %d users x %d items",
                          e->block, n_items);
    for (int32_t r = 0; r < top; r++) e->gain[r] = 1 / log2(r + 2.0);
    AISLE_TRY(aisle_tie_order_init(&e->ties, n_items, e->p->seed, err));
    for (int32_t t = 0; t < e->threads; t++) {
        AISLE_TRY(aisle_ranker_init(&e->rankers[t], e->train, e->test, e->p, e->gain, err));
        e->rankers[t].ties = &e->ties;
    }
    return AISLE_OK;
}

static aisle_status prepare_extras(evaluation *e, aisle_error *err)
{
    const aisle_eval_params *p = e->p;
    bool beyond = p->beyond || p->item_vectors;
    int64_t n = 0;
    if (!beyond && !p->segments) return AISLE_OK;
    e->popularity = aisle_calloc((size_t)e->train->n_cols, sizeof *e->popularity);
    if (!e->popularity) return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for item counts");
    for (int64_t k = 0; k < aisle_csr_nnz(e->train); k++) e->popularity[e->train->col[k]]++;
    if (beyond) {
        if (!aisle_size_mul(e->n_users, p->n_cuts * AISLE_BEYOND, &n))
            e->beyond_values = aisle_array(n, sizeof *e->beyond_values);
        if (!e->beyond_values)
            return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for values of %d users",
                              e->n_users);
        AISLE_TRY(aisle_beyond_init(&e->beyond, e->train, e->popularity, p, e->threads, err));
    }
    aisle_segments_input in = {e->train, e->test, e->popularity, e->users, e->n_users, e->threads, p};
    return p->segments ? aisle_segments_init(&e->segments, &in, err) : AISLE_OK;
}

static aisle_status run_block(evaluation *e, int32_t thread, int32_t first, aisle_error *err)
{
    int32_t n_items = e->train->n_cols, n_top = 0;
    int32_t n = e->n_users - first < e->block ? e->n_users - first : e->block;
    float *scores = e->scores + (int64_t)thread * e->block * n_items;
    int16_t *placed = e->placed + (int64_t)thread * n_items;
    aisle_ranker *ranker = &e->rankers[thread];
    AISLE_TRY(e->source->scores(e->source->ctx, thread, e->users + first, n, scores, err));
    for (int32_t r = 0; r < n; r++) {
        double *values = e->values + (int64_t)(first + r) * e->width;
        AISLE_TRY(
            aisle_rank_user(ranker, e->users[first + r], scores + (int64_t)r * n_items, values, &n_top, err));
        for (int32_t k = 0; k < n_top; k++) {
            int16_t *at = &placed[ranker->top[k]];
            if (*at == 0 || k + 1 < *at) *at = (int16_t)(k + 1);
        }
        if (e->beyond_values)
            aisle_beyond_user(&e->beyond, thread, ranker->top, n_top,
                              e->beyond_values + (int64_t)(first + r) * e->p->n_cuts * AISLE_BEYOND);
        if (e->p->segments) aisle_segments_user(&e->segments, ranker, thread, first + r, n_top);
    }
    return AISLE_OK;
}

static aisle_status run_blocks(evaluation *e, aisle_error *err)
{
    int32_t n_blocks = (e->n_users + e->block - 1) / e->block;
    e->failed_at = n_blocks;
#pragma omp parallel for num_threads(e->threads) schedule(dynamic, 1)
    for (int32_t b = 0; b < n_blocks; b++) {
        aisle_error mine = {0};
        if (aisle_canceled(e->p->progress)) continue;
        if (__atomic_load_n(&e->failed_at, __ATOMIC_RELAXED) < b) continue;
        aisle_status st = run_block(e, omp_get_thread_num(), b * e->block, &mine);
        int64_t done = __atomic_add_fetch(&e->done, 1, __ATOMIC_RELAXED);
        if (st != AISLE_OK) {
#pragma omp critical(aisle_evaluate_error)
            if (b < e->failed_at) {
                __atomic_store_n(&e->failed_at, b, __ATOMIC_RELAXED);
                e->status = st;
                e->error = mine;
            }
        }
        if (omp_get_thread_num() == 0) aisle_progress_report(e->p->progress, "evaluate", done, n_blocks, "");
    }
    if (aisle_canceled(e->p->progress)) return aisle_fail(err, AISLE_ECANCELED, "evaluation canceled");
    if (e->status != AISLE_OK) return aisle_fail(err, e->status, "%s", e->error.message);
    return AISLE_OK;
}

static void release(evaluation *e)
{
    for (int32_t t = 0; e->rankers && t < e->threads; t++) aisle_ranker_deinit(&e->rankers[t]);
    aisle_free(e->rankers);
    aisle_free(e->users);
    aisle_free(e->values);
    aisle_free(e->gain);
    aisle_free(e->scores);
    aisle_free(e->placed);
    aisle_free(e->popularity);
    aisle_free(e->beyond_values);
    aisle_tie_order_deinit(&e->ties);
    aisle_beyond_deinit(&e->beyond);
    aisle_segments_deinit(&e->segments);
}

aisle_status aisle_evaluate(const aisle_eval_source *source, const aisle_csr *train, const aisle_csr *test,
                            const aisle_eval_params *p, aisle_eval_report *out, aisle_error *err)
{
    int64_t started = aisle_time_monotonic_ns();
    evaluation e = {.source = source, .train = train, .test = test, .p = p};
    aisle_eval_report report;
    AISLE_TRY(check(train, test, p, err));
    aisle_status st = choose_users(&e, err);
    if (st == AISLE_OK) st = prepare(&e, err);
    if (st == AISLE_OK) st = prepare_extras(&e, err);
    if (st == AISLE_OK) st = run_blocks(&e, err);
    if (st == AISLE_OK) st = aisle_evaluation_summary(&e, &report, err);
    for (int32_t v = 0; st == AISLE_OK && v < p->n_values; v++) aisle_evaluation_values(&e, &p->values[v]);
    if (st == AISLE_OK) {
        report.seconds = (double)(aisle_time_monotonic_ns() - started) * 1e-9;
        *out = report;
    }
    release(&e);
    return st;
}
