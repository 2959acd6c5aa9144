/* The ALS objective in double on the device. The sum over all pairs is the inner product of the two Gramians:
 * sum_{u,i} (x_u.y_i)^2 = <X'X, Y'Y>, so that the unobserved cost f^2, not users x items (Rendle et al.
 * 2022). */
#include "gpu/device.cuh"

#include <cmath>
#include <vector>

namespace
{

using aisle::buffer;

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
__global__ void row_terms(const int64_t *row_ptr, const int32_t *col, const float *val, const float *m,
                          const float *y, int32_t f, aisle_als_params p, double *out)
{
    int64_t row = blockIdx.x, begin = row_ptr[row], end = row_ptr[row + 1];
    const float *x = m + row * f;
    double squares = 0, observed = 0;
    for (int i = threadIdx.x; i < f; i += blockDim.x) squares += (double)x[i] * x[i];
    if (y)
        for (int64_t e = begin + threadIdx.x; e < end; e += blockDim.x) {
            const float *other = y + (int64_t)col[e] * f;
            double s = -1;
            for (int i = 0; i < f; i++) s += (double)x[i] * other[i];
            observed += val[e] * s * s;
        }
    double lambda = p.reg * pow((double)(end - begin) + (double)p.a0 * p.n_other, (double)p.nu);
    double total = block_total(lambda * squares + observed);
    if (threadIdx.x == 0) out[row] = total;
}

aisle_status side(aisle_device *d, const aisle_dev_csr *c, const aisle_dev_mat *m, const float *y,
                  aisle_als_params p, double *sum, aisle_error *err)
{
    buffer<double> out;
    if (c->n_rows == 0) return AISLE_OK;
    AISLE_TRY(out.make(c->n_rows, "loss of the rows", err));
    row_terms<<<(unsigned)c->n_rows, 256, 0, d->stream>>>(c->row_ptr, c->col, c->val, m->data, y, m->n_cols,
                                                          p, out.p);
    AISLE_TRY(aisle::launched(d, "loss", true, err));
    std::vector<double> rows((size_t)c->n_rows);
    AISLE_CUDA(cudaMemcpy(rows.data(), out.p, rows.size() * sizeof(double), cudaMemcpyDeviceToHost), "loss");
    for (double v : rows) *sum += v;
    return AISLE_OK;
}

aisle_status loss(aisle_device *d, const aisle_dev_csr *c, const aisle_dev_csr *ct, const aisle_dev_mat *x,
                  const aisle_dev_mat *y, const aisle_als_params *p, double *out, aisle_error *err)
{
    int64_t n = (int64_t)x->n_cols * x->n_cols;
    buffer<float> gx, gy;
    std::vector<float> hx((size_t)n), hy((size_t)n);
    AISLE_TRY(gx.make(n, "Gramian", err));
    AISLE_TRY(gy.make(n, "Gramian", err));
    AISLE_TRY(aisle::gram_on_device(d, x, gx.p, err));
    AISLE_TRY(aisle::gram_on_device(d, y, gy.p, err));
    AISLE_CUDA(cudaStreamSynchronize(d->stream), "Gramian");
    AISLE_CUDA(cudaMemcpy(hx.data(), gx.p, (size_t)n * sizeof(float), cudaMemcpyDeviceToHost), "Gramian");
    AISLE_CUDA(cudaMemcpy(hy.data(), gy.p, (size_t)n * sizeof(float), cudaMemcpyDeviceToHost), "Gramian");
    double all = 0, sum = 0;
    for (size_t i = 0; i < hx.size(); i++) all += (double)hx[i] * hy[i];
    aisle_als_params users = *p, items = *p;
    users.n_other = c->n_cols;
    items.n_other = c->n_rows;
    AISLE_TRY(side(d, c, x, y->data, users, &sum, err));
    AISLE_TRY(side(d, ct, y, nullptr, items, &sum, err));
    *out = sum + (double)p->a0 * all;
    return AISLE_OK;
}

} // namespace

aisle_status aisle_cuda_als_loss(aisle_device *d, const aisle_dev_csr *c, const aisle_dev_csr *ct,
                                 const aisle_dev_mat *x, const aisle_dev_mat *y, const aisle_als_params *p,
                                 double *out, aisle_error *err)
{
    try {
        return loss(d, c, ct, x, y, p, out, err);
    } catch (const std::bad_alloc &) {
        return aisle_fail(err, AISLE_ENOMEM, "cuda: out of host memory for the loss");
    }
}
