/* Scores that are a sparse row times a sparse matrix: all neighbourhood models at scoring time. Nothing dense but the
 * row of scores itself. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/knn.h"

typedef struct product_source {
    sparse_product p;
    int32_t threads;
    double *sums; /* [threads x items]: thousands of neighbours may add to one score */
} product_source;

void sparse_product_deinit(sparse_product *p)
{
    if (p->owns_left_values) aisle_free(p->left.val);
    if (p->owns_right_values) aisle_free(p->right.val);
    if (p->owns_left) aisle_csr_deinit(&p->left);
    if (p->owns_right) aisle_csr_deinit(&p->right);
    *p = (sparse_product){0};
}

static void product_free(void *ctx)
{
    product_source *s = ctx;
    sparse_product_deinit(&s->p);
    aisle_free(s->sums);
    aisle_free(s);
}

static void product_row(const sparse_product *p, int32_t u, double *sum, float *out)
{
    const aisle_csr *l = &p->left, *r = &p->right;
    int32_t n = r->n_cols;
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int64_t e = l->row_ptr[u]; e < l->row_ptr[u + 1]; e++) {
        double w = (double)l->val[e];
        int32_t m = l->col[e];
        for (int64_t f = r->row_ptr[m]; f < r->row_ptr[m + 1]; f++) sum[r->col[f]] += w * (double)r->val[f];
    }
    bool known = l->row_ptr[u + 1] > l->row_ptr[u];
    for (int32_t i = 0; i < n; i++) {
        bool ranked = p->by_item ? known && p->by_item->row_ptr[i + 1] > p->by_item->row_ptr[i] : sum[i] > 0;
        out[i] = ranked ? (float)sum[i] : -INFINITY;
    }
}

static aisle_status product_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                   float *out, aisle_error *err)
{
    const product_source *s = ctx;
    int32_t n = s->p.right.n_cols;
    if (thread < 0 || thread >= s->threads)
        return aisle_fail(err, AISLE_EINVAL, "neighbour scores: thread %d, the source was made for %d",
                          thread, s->threads);
    for (int32_t u = 0; u < n_users; u++)
        product_row(&s->p, users[u], s->sums + (int64_t)thread * n, out + (int64_t)u * n);
    return AISLE_OK;
}

aisle_status sparse_product_source(sparse_product *p, int32_t threads, aisle_eval_source *out,
                                   aisle_error *err)
{
    int32_t n_threads = threads > 0 ? threads : omp_get_num_procs();
    product_source *s = aisle_alloc(sizeof *s);
    double *sums = aisle_array((int64_t)n_threads * p->right.n_cols, sizeof *sums);
    if (!s || !sums) {
        aisle_free(s);
        aisle_free(sums);
        sparse_product_deinit(p);
        return aisle_fail(err, AISLE_ENOMEM, "neighbour scores: out of memory for %d threads", n_threads);
    }
    *s = (product_source){*p, n_threads, sums};
    *out = (aisle_eval_source){s, product_scores, product_free};
    *p = (sparse_product){0};
    return AISLE_OK;
}
