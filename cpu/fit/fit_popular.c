/* Popularity: sums of confidences, the same scores for everyone. */
#include "aisle/memory.h"
#include "cpu/fit/fits.h"

typedef struct popular {
    aisle_eval_source vector;
    float scores[];
} popular;

static void popular_free(void *ctx)
{
    popular *p = ctx;
    aisle_eval_source_free(&p->vector);
    aisle_free(p);
}

static aisle_status popular_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                   float *out, aisle_error *err)
{
    popular *p = ctx;
    return p->vector.scores(p->vector.ctx, thread, users, n_users, out, err);
}

aisle_status fit_popular(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    const aisle_csr *by_item = aisle_part_by_item(in->part);
    popular *p = aisle_alloc(sizeof *p + (size_t)by_item->n_rows * sizeof *p->scores);
    if (!p) return aisle_fail(err, AISLE_ENOMEM, "popular: out of memory for %d items", by_item->n_rows);
    for (int32_t i = 0; i < by_item->n_rows; i++) {
        double sum = 0;
        for (int64_t e = by_item->row_ptr[i]; e < by_item->row_ptr[i + 1]; e++)
            sum += (double)by_item->val[e];
        p->scores[i] = (float)sum;
    }
    aisle_status st = aisle_eval_source_vector(p->scores, by_item->n_rows, &p->vector, err);
    if (st == AISLE_OK)
        *out = (aisle_eval_source){p, popular_scores, popular_free};
    else
        aisle_free(p);
    return st;
}
