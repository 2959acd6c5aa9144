/* Popularity: sums of confidences, of all time or of late, the same scores for everyone. */
#include "aisle/memory.h"
#include "cpu/fit/fits.h"

typedef struct same_for_all {
    aisle_eval_source vector;
    float *scores;
} same_for_all;

static void same_free(void *ctx)
{
    same_for_all *s = ctx;
    aisle_eval_source_free(&s->vector);
    aisle_free(s->scores);
    aisle_free(s);
}

static aisle_status same_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users, float *out,
                                aisle_error *err)
{
    same_for_all *s = ctx;
    return s->vector.scores(s->vector.ctx, thread, users, n_users, out, err);
}

aisle_status same_for_all_source(float *scores, int32_t n_items, aisle_eval_source *out, aisle_error *err)
{
    same_for_all *s = aisle_calloc(1, sizeof *s);
    aisle_status st =
        s ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for scores of %d items", n_items);
    if (st == AISLE_OK) st = aisle_eval_source_vector(scores, n_items, &s->vector, err);
    if (st != AISLE_OK) {
        aisle_free(scores);
        aisle_free(s);
        return st;
    }
    s->scores = scores;
    *out = (aisle_eval_source){s, same_scores, same_free};
    return AISLE_OK;
}

/* Pairs of the events within the window, weighing by their age. */
static aisle_status recent_pairs(const aisle_part *part, const aisle_popular_params *p, aisle_csr *out,
                                 aisle_error *err)
{
    const double day_ms = 86400000;
    aisle_events e = aisle_part_events(part);
    aisle_weights w = *aisle_part_weights(part);
    uint8_t *in = aisle_array(e.n, sizeof *in);
    int64_t newest = 0;
    if (!in) return aisle_fail(err, AISLE_ENOMEM, "popular: out of memory for %lld events", (long long)e.n);
    for (int64_t i = 0; i < e.n; i++)
        if (aisle_part_keeps(part, i) && e.at_ms[i] > newest) newest = e.at_ms[i];
    for (int64_t i = 0; i < e.n; i++)
        in[i] = p->window_days == 0 ||
                (e.at_ms[i] != 0 && (double)newest - (double)e.at_ms[i] < p->window_days * day_ms);
    w.now_ms = newest;
    if (p->half_life_days > 0) {
        w.half_life_days = p->half_life_days;
        w.binary = false; /* at any age a pair would weigh 1 */
    }
    aisle_status st =
        newest != 0 ? aisle_part_pairs_of(part, &w, in, out, err)
                    : aisle_fail(err, AISLE_EINVAL,
                                 "popular: a window or a half-life wants events with times; there is none");
    aisle_free(in);
    return st;
}

/* Column sums in double. */
static aisle_status sums(const aisle_csr *pairs, aisle_eval_source *out, aisle_error *err)
{
    double *sum = aisle_calloc((size_t)pairs->n_cols, sizeof *sum);
    float *scores = aisle_array(pairs->n_cols, sizeof *scores);
    if (!sum || !scores) {
        aisle_free(sum);
        aisle_free(scores);
        return aisle_fail(err, AISLE_ENOMEM, "popular: out of memory for %d items", pairs->n_cols);
    }
    for (int64_t e = 0; e < aisle_csr_nnz(pairs); e++) sum[pairs->col[e]] += (double)pairs->val[e];
    for (int32_t i = 0; i < pairs->n_cols; i++) scores[i] = (float)sum[i];
    aisle_free(sum);
    return same_for_all_source(scores, pairs->n_cols, out, err);
}

aisle_status fit_popular(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    const aisle_popular_params *p = &in->params->popular;
    aisle_csr recent = {0};
    if (p->window_days == 0 && p->half_life_days == 0) return sums(aisle_part_pairs(in->part), out, err);
    AISLE_TRY(recent_pairs(in->part, p, &recent, err));
    aisle_status st = sums(&recent, out, err);
    aisle_csr_deinit(&recent);
    return st;
}
