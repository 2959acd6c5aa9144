/* The ALS objective in double on the device. The sum over all pairs is the inner product of the two Gramians:
 * sum_{u,i} (x_u.y_i)^2 = <X'X, Y'Y>, so that the unobserved cost f^2, not users x items (Rendle et al.
 * 2022). */
#include "gpu/basis.cuh"
#include "gpu/matrix.cuh"

#include <cmath>
#include <vector>

namespace
{

using aisle::buffer;
using aisle::gpu;

/* Sum over a block of doubles in a fixed tree, for 256 threads; the result is thread 0's. */
__device__ double block_total(double v)
{
    __shared__ double part[256];
    part[threadIdx.x] = v;
    __syncthreads();
    for (unsigned k = 128; k > 0; k >>= 1) {
        if (threadIdx.x < k) part[threadIdx.x] += part[threadIdx.x + k];
        __syncthreads();
    }
    return part[0];
}

/* out[row] = l_row |m_row|^2 + (with y) sum over the row's entries of c (x.y - 1)^2. */
__global__ void row_terms(const aisle::csr_block b, const float *m, const float *y, int32_t f, int32_t ld,
                          aisle_als_params p, double *out)
{
    int64_t row = blockIdx.x, begin = b.row_ptr[row] - b.base, end = b.row_ptr[row + 1] - b.base;
    const float *x = m + row * ld;
    double squares = 0, observed = 0;
    for (int i = threadIdx.x; i < f; i += blockDim.x) squares += (double)x[i] * x[i];
    if (y)
        for (int64_t e = begin + threadIdx.x; e < end; e += blockDim.x) {
            const float *other = y + (int64_t)b.col[e] * ld;
            double s = -1;
            for (int i = 0; i < f; i++) s += (double)x[i] * other[i];
            observed += (b.val ? b.val[e] : 1.0f) * s * s;
        }
    double lambda = p.reg * pow((double)(end - begin) + (double)p.a0 * p.n_other, (double)p.nu);
    double total = block_total(lambda * squares + observed);
    if (threadIdx.x == 0) out[row] = total;
}

/* The terms of one part's rows of one side, in order of rows. */
aisle_status side(gpu &g, const aisle::shard &s, const aisle_dev_mat *m, const float *data, const float *y,
                  aisle_als_params p, double *sum, aisle_error *err)
{
    buffer<double> out;
    std::vector<double> rows((size_t)s.n_rows);
    *sum = 0;
    if (s.n_rows == 0) return AISLE_OK;
    AISLE_TRY(out.make(g, s.n_rows, "loss of the rows", err));
    AISLE_TRY(aisle::each_block(
        g, s,
        [&](const aisle::csr_block &b) {
            row_terms<<<(unsigned)b.n_rows, 256, 0, g.stream>>>(
                b, data + (int64_t)b.first * m->ld, y, m->n_cols, m->ld, p, out.p + (b.first - s.first));
            return aisle::launched(g, "loss", false, err);
        },
        err));
    AISLE_CUDA(
        cudaMemcpyAsync(rows.data(), out.p, rows.size() * sizeof(double), cudaMemcpyDeviceToHost, g.stream),
        "loss");
    AISLE_CUDA(cudaStreamSynchronize(g.stream), "loss");
    for (double v : rows) *sum += v;
    return AISLE_OK;
}

/* <X'X, Y'Y> */
aisle_status all_pairs(gpu &g, const aisle_dev_mat *x, const aisle_dev_mat *y, double *sum, aisle_error *err)
{
    size_t n = (size_t)x->n_cols * (size_t)x->n_cols;
    buffer<double> gx, gy;
    std::vector<double> hx(n), hy(n);
    AISLE_TRY(gx.make(g, (int64_t)n, "Gramian", err));
    AISLE_TRY(gy.make(g, (int64_t)n, "Gramian", err));
    AISLE_TRY(aisle::gramian(g, x->data[0], x->n_rows, x->n_cols, x->ld, gx.p, err));
    AISLE_TRY(aisle::gramian(g, y->data[0], y->n_rows, y->n_cols, y->ld, gy.p, err));
    AISLE_CUDA(cudaMemcpyAsync(hx.data(), gx.p, n * 8, cudaMemcpyDeviceToHost, g.stream), "Gramian");
    AISLE_CUDA(cudaMemcpyAsync(hy.data(), gy.p, n * 8, cudaMemcpyDeviceToHost, g.stream), "Gramian");
    AISLE_CUDA(cudaStreamSynchronize(g.stream), "Gramian");
    *sum = 0;
    for (size_t i = 0; i < n; i++) *sum += hx[i] * hy[i];
    return AISLE_OK;
}

} // namespace

aisle_status aisle_cuda_als_loss(aisle_device *d, const aisle_dev_csr *c, const aisle_dev_csr *ct,
                                 const aisle_dev_mat *x, const aisle_dev_mat *y, const aisle_als_params *p,
                                 double *out, aisle_error *err)
{
    if (x->n_rows != c->n_rows || y->n_rows != c->n_cols || ct->n_rows != c->n_cols ||
        ct->n_cols != c->n_rows || x->n_cols != y->n_cols)
        return aisle_fail(
            err, AISLE_EINVAL,
            "cuda: loss: ratings %d x %d, their transpose %d x %d, x %d x %d, y %d x %d do not fit "
            "together",
            c->n_rows, c->n_cols, ct->n_rows, ct->n_cols, x->n_rows, x->n_cols, y->n_rows, y->n_cols);
    aisle_als_params users = *p, items = *p;
    double pairs = 0, user_sum[aisle::MAX_PARTS] = {}, item_sum[aisle::MAX_PARTS] = {}, sum = 0;
    users.n_other = c->n_cols;
    items.n_other = c->n_rows;
    AISLE_TRY(aisle::each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            if (i == 0) AISLE_TRY(all_pairs(g, x, y, &pairs, e));
            AISLE_TRY(side(g, c->shard[i], x, x->data[i], y->data[i], users, &user_sum[i], e));
            return side(g, ct->shard[i], y, y->data[i], nullptr, items, &item_sum[i], e);
        },
        err));
    for (int32_t i = 0; i < d->n_parts; i++) sum += user_sum[i] + item_sum[i];
    *out = sum + (double)p->a0 * pairs;
    return AISLE_OK;
}
