/* Neighbourhood model of users: score(u, i) = sum over the k users v nearest to u of s(v, u) x_vi. Its lists are of the part's
 * users, so it cannot score anybody by given items alone: no table. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/fits.h"
#include "cpu/fit/knn.h"
#include "cpu/rank/table_rank.h"

typedef struct user_knn {
    aisle_csr near, x; /* users x users; users x items, borrowed but for its values */
    int32_t threads;
    double *sums; /* [threads x items] */
} user_knn;

static void user_knn_free(void *ctx)
{
    user_knn *m = ctx;
    aisle_csr_deinit(&m->near);
    aisle_free(m->x.val);
    aisle_free(m->sums);
    aisle_free(m);
}

static void score_user(const user_knn *m, int32_t u, double *sum, float *out)
{
    int32_t n = m->x.n_cols;
    memset(sum, 0, (size_t)n * sizeof *sum);
    for (int64_t e = m->near.row_ptr[u]; e < m->near.row_ptr[u + 1]; e++)
        rank_add_row((double)m->near.val[e], &m->x, m->near.col[e], sum);
    for (int32_t i = 0; i < n; i++) out[i] = sum[i] > 0 ? (float)sum[i] : -INFINITY;
}

static aisle_status user_knn_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                    float *out, aisle_error *err)
{
    const user_knn *m = ctx;
    int64_t n = m->x.n_cols;
    if (thread < 0 || thread >= m->threads)
        return aisle_fail(err, AISLE_EINVAL, "user-knn: thread %d, the source was made for %d", thread,
                          m->threads);
    for (int32_t r = 0; r < n_users; r++) score_user(m, users[r], m->sums + thread * n, out + r * n);
    return AISLE_OK;
}

aisle_status fit_user_knn(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    const aisle_csr *pairs = aisle_part_pairs(in->part);
    user_knn *m = aisle_calloc(1, sizeof *m);
    if (!m) return aisle_fail(err, AISLE_ENOMEM, "user-knn: out of memory");
    m->threads = in->trainer->threads > 0 ? in->trainer->threads : omp_get_num_procs();
    m->x = *pairs;
    aisle_status st = knn_root_values(pairs, &m->x.val, err);
    if (st == AISLE_OK)
        st =
            knn_lists(pairs, aisle_part_by_item(in->part), &in->params->user_knn, in->trainer, &m->near, err);
    if (st == AISLE_OK && !(m->sums = aisle_array((int64_t)m->threads * pairs->n_cols, sizeof *m->sums)))
        st = aisle_fail(err, AISLE_ENOMEM, "user-knn: out of memory for %d threads", m->threads);
    if (st == AISLE_OK)
        *out = (aisle_eval_source){m, user_knn_scores, user_knn_free};
    else
        user_knn_free(m);
    return st;
}
