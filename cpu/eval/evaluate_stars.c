/* Predicted stars against held-out ones: RMSE and MAE, resampled by user. */
#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "aisle/memory.h"
#include "aisle/str.h"
#include "cpu/eval/rank.h"

enum { SQUARED, ABSOLUTE, COUNT, WIDTH, BLOCK = 16, MAX_BOOTSTRAP = 100000 };

typedef struct rating {
    const aisle_eval_source *source;
    const aisle_csr *train, *stars;
    const aisle_eval_stars_params *p;
    int32_t n_users, threads;
    int32_t *users; /* with a pair to measure, ascending */
    double *values; /* n_users x WIDTH: sums over the user's pairs */
    float *scores;  /* threads x BLOCK x n_items */
    int32_t *held;  /* threads x longest row: places of the pairs in stars */
    int64_t longest, failed_at;
    aisle_status status;
    aisle_error error;
} rating;

static aisle_status check(const rating *r, aisle_error *err)
{
    if (r->train->n_rows != r->stars->n_rows || r->train->n_cols != r->stars->n_cols)
        return aisle_fail(err, AISLE_EINVAL, "stars: train is %d x %d but test is %d x %d", r->train->n_rows,
                          r->train->n_cols, r->stars->n_rows, r->stars->n_cols);
    if (!(r->p->lowest <= r->p->highest))
        return aisle_fail(err, AISLE_EINVAL, "stars: the lowest, %g, is above the highest, %g", r->p->lowest,
                          r->p->highest);
    if (r->p->threads < 0 || r->p->bootstrap < 0 || r->p->bootstrap > MAX_BOOTSTRAP)
        return aisle_fail(err, AISLE_EINVAL, "stars: threads %d must be >= 0 and bootstrap %d 0 to %d",
                          r->p->threads, r->p->bootstrap, MAX_BOOTSTRAP);
    return AISLE_OK;
}

static aisle_status prepare(rating *r, aisle_error *err)
{
    int64_t n_scores = 0;
    r->users = aisle_array(r->stars->n_rows, sizeof *r->users);
    if (!r->users) return aisle_fail(err, AISLE_ENOMEM, "stars: out of memory for user ids");
    for (int32_t u = 0; u < r->stars->n_rows; u++) {
        int64_t n = r->stars->row_ptr[u + 1] - r->stars->row_ptr[u];
        if (n > r->longest) r->longest = n;
        if (aisle_rank_held(r->train, r->stars, NULL, u, NULL) > 0) r->users[r->n_users++] = u;
    }
    if (r->n_users == 0)
        return aisle_fail(err, AISLE_EINVAL,
                          "stars: no test pair outside the train part; nothing to measure");
    int32_t n_blocks = (r->n_users + BLOCK - 1) / BLOCK;
    r->threads = r->p->threads > 0 ? r->p->threads : omp_get_num_procs();
    if (r->threads > n_blocks) r->threads = n_blocks;
    if (aisle_size_mul((int64_t)r->threads * BLOCK, r->stars->n_cols, &n_scores))
        return aisle_fail(err, AISLE_ENOMEM, "stars: sizes overflow");
    r->scores = aisle_array(n_scores, sizeof *r->scores);
    r->values = aisle_calloc((size_t)r->n_users * WIDTH, sizeof *r->values);
    r->held = aisle_array(r->threads * r->longest, sizeof *r->held);
    if (r->scores && r->values && r->held) return AISLE_OK;
    return aisle_fail(err, AISLE_ENOMEM, "stars: out of memory for blocks of %d users x %d items", BLOCK,
                      r->stars->n_cols);
}

static aisle_status measure(const rating *r, int32_t u, int32_t *held, const float *scores, double *values,
                            aisle_error *err)
{
    int32_t n = aisle_rank_held(r->train, r->stars, NULL, u, held);
    int64_t e = r->stars->row_ptr[u];
    for (int32_t h = 0; h < n; h++) {
        while (r->stars->col[e] != held[h]) e++;
        double given = r->stars->val ? (double)r->stars->val[e] : 1, wanted = (double)scores[held[h]];
        if (!isfinite(wanted))
            return aisle_fail(err, AISLE_ENUMERIC, "stars: the prediction for user %d and item %d is %g", u,
                              held[h], wanted);
        if (r->p->lowest < r->p->highest) wanted = fmin(fmax(wanted, r->p->lowest), r->p->highest);
        values[SQUARED] += (wanted - given) * (wanted - given);
        values[ABSOLUTE] += fabs(wanted - given);
    }
    values[COUNT] = n;
    return AISLE_OK;
}

static aisle_status run_block(const rating *r, int32_t thread, int32_t first, aisle_error *err)
{
    int32_t n = r->n_users - first < BLOCK ? r->n_users - first : BLOCK, n_items = r->stars->n_cols;
    float *scores = r->scores + (int64_t)thread * BLOCK * n_items;
    AISLE_TRY(r->source->scores(r->source->ctx, thread, r->users + first, n, scores, err));
    for (int32_t k = 0; k < n; k++)
        AISLE_TRY(measure(r, r->users[first + k], r->held + thread * r->longest,
                          scores + (int64_t)k * n_items, r->values + (int64_t)(first + k) * WIDTH, err));
    return AISLE_OK;
}

static aisle_status run_blocks(rating *r, aisle_error *err)
{
    int32_t n_blocks = (r->n_users + BLOCK - 1) / BLOCK;
    r->failed_at = n_blocks; /* of failed blocks the first is told of, whatever thread had it */
#pragma omp parallel for num_threads(r->threads) schedule(dynamic, 1)
    for (int32_t b = 0; b < n_blocks; b++) {
        aisle_error mine = {0};
        if (aisle_canceled(r->p->progress)) continue;
        if (__atomic_load_n(&r->failed_at, __ATOMIC_RELAXED) < b) continue;
        aisle_status st = run_block(r, omp_get_thread_num(), b * BLOCK, &mine);
        if (st == AISLE_OK) continue;
#pragma omp critical(aisle_stars_error)
        if (b < r->failed_at) {
            __atomic_store_n(&r->failed_at, b, __ATOMIC_RELAXED);
            r->status = st;
            r->error = mine;
        }
    }
    if (aisle_canceled(r->p->progress)) return aisle_fail(err, AISLE_ECANCELED, "evaluation canceled");
    if (r->status != AISLE_OK) return aisle_fail(err, r->status, "%s", r->error.message);
    return AISLE_OK;
}

/* The means over users of sums and counts give those over pairs by division: a resample of users is one of all their
 * pairs. */
static void of_pairs(double *mean)
{
    mean[SQUARED] = sqrt(mean[SQUARED] / mean[COUNT]);
    mean[ABSOLUTE] /= mean[COUNT];
}

static aisle_status summarise(const rating *r, aisle_stars_report *out, aisle_error *err)
{
    aisle_metric metric[WIDTH];
    aisle_bootstrap b = {r->values,  r->n_users, WIDTH,          r->p->bootstrap,
                         r->threads, r->p->seed, r->p->progress, of_pairs};
    AISLE_TRY(aisle_bootstrap_run(&b, NULL, metric, NULL, err));
    *out = (aisle_stars_report){.n_users = r->n_users, .rmse = metric[SQUARED], .mae = metric[ABSOLUTE]};
    for (int32_t u = 0; u < r->n_users; u++) out->n_pairs += (int64_t)r->values[(int64_t)u * WIDTH + COUNT];
    return AISLE_OK;
}

static void give_means(const rating *r, int32_t which, double *out)
{
    for (int32_t u = 0; u < r->stars->n_rows; u++) out[u] = NAN;
    for (int32_t u = 0; u < r->n_users; u++) {
        const double *v = r->values + (int64_t)u * WIDTH;
        out[r->users[u]] = v[which] / v[COUNT];
    }
}

aisle_status aisle_evaluate_stars(const aisle_eval_source *source, const aisle_csr *train,
                                  const aisle_csr *stars, const aisle_eval_stars_params *p,
                                  aisle_stars_report *out, aisle_error *err)
{
    int64_t started = aisle_time_monotonic_ns();
    rating r = {.source = source, .train = train, .stars = stars, .p = p};
    AISLE_TRY(check(&r, err));
    aisle_status st = prepare(&r, err);
    if (st == AISLE_OK) st = run_blocks(&r, err);
    if (st == AISLE_OK) st = summarise(&r, out, err);
    if (st == AISLE_OK && p->absolute) give_means(&r, ABSOLUTE, p->absolute);
    if (st == AISLE_OK && p->squared) give_means(&r, SQUARED, p->squared);
    if (st == AISLE_OK) out->seconds = (double)(aisle_time_monotonic_ns() - started) * 1e-9;
    aisle_free(r.users);
    aisle_free(r.values);
    aisle_free(r.scores);
    aisle_free(r.held);
    return st;
}
