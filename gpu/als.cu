/* ALS half-steps on the device: the Gramian, its eigenbasis, then CG or Cholesky for every row. Not the loss
 * (loss.cu).
 *
 * In the eigenbasis of a0 Y'Y = Q L Q' the regularised Gramian of every row is the diagonal D_u = L + l_u, so
 * that (D_u + sum_i c_ui y_i y_i') x_u = sum_i c_ui y_i       (Hu, Koren, Volinsky 2008, eq. 4; weights of
 * backend.h) needs no f^2 work a row for the part of the unobserved. Y is rotated into scratch, X is rotated
 * there and back. */
#include "gpu/device.cuh"

#include <algorithm>
#include <vector>

namespace
{

using aisle::buffer;

/* Row-major [n x f] matrices are column-major [f x n] for cuBLAS: Y'Y is then A A' with A of f x n. */
aisle_status gram(aisle_device *d, const float *y, int32_t n, int32_t f, float *g, aisle_error *err)
{
    const float one = 1, zero = 0;
    AISLE_CUDA(cublasSgemm(d->blas, CUBLAS_OP_N, CUBLAS_OP_T, f, f, n, &one, y, f, y, f, &zero, g, f),
               "Gramian");
    return AISLE_OK;
}

/* out = m Q (to = true) or m Q' (to = false), rows of f. */
aisle_status rotate(aisle_device *d, const float *m, int32_t n, int32_t f, const float *q, bool to,
                    float *out, aisle_error *err)
{
    const float one = 1, zero = 0;
    if (n == 0) return AISLE_OK;
    AISLE_CUDA(cublasSgemm(d->blas, to ? CUBLAS_OP_T : CUBLAS_OP_N, CUBLAS_OP_N, f, n, f, &one, q, f, m, f,
                           &zero, out, f),
               "rotation");
    return AISLE_OK;
}

aisle_status eigenbasis(aisle_device *d, const aisle_dev_mat *y, aisle::rotation *r, aisle_error *err)
{
    int f = y->n_cols, lwork = 0, info = 0;
    buffer<float> work;
    buffer<int> d_info;
    AISLE_TRY(r->q.make((int64_t)f * f, "eigenvectors", err));
    AISLE_TRY(r->eigenvalue.make(f, "eigenvalues", err));
    AISLE_TRY(gram(d, y->data, y->n_rows, f, r->q.p, err));
    AISLE_CUDA(cusolverDnSsyevd_bufferSize(d->solver, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, f,
                                           r->q.p, f, r->eigenvalue.p, &lwork),
               "eigenvectors");
    AISLE_TRY(work.make(lwork, "eigenvectors", err));
    AISLE_TRY(d_info.make(1, "eigenvectors", err));
    AISLE_CUDA(cusolverDnSsyevd(d->solver, CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER, f, r->q.p, f,
                                r->eigenvalue.p, work.p, lwork, d_info.p),
               "eigenvectors");
    AISLE_CUDA(cudaMemcpyAsync(&info, d_info.p, sizeof info, cudaMemcpyDeviceToHost, d->stream),
               "eigenvectors");
    AISLE_CUDA(cudaStreamSynchronize(d->stream), "eigenvectors");
    if (info != 0)
        return aisle_fail(err, AISLE_ENUMERIC,
                          "cuda: the Gramian has no eigenvectors (info %d): NaN in the factors?", info);
    return AISLE_OK;
}

__device__ float row_lambda(int64_t n_u, const aisle_als_params p)
{
    return p.reg * powf((float)n_u + p.a0 * (float)p.n_other, p.nu);
}

/* Eigenvalues of a Gramian are >= 0; rounding may leave them just below. */
__device__ float diagonal(const float *eigenvalue, int i, const aisle_als_params p, float lambda)
{
    return p.a0 * fmaxf(eigenvalue[i], 0.0f) + lambda;
}

/* The sum over the block of v, the same for every thread; `scratch` holds 32 floats. */
__device__ float block_sum(float v, float *scratch)
{
    for (int k = 16; k > 0; k >>= 1) v += __shfl_xor_sync(~0u, v, k);
    __syncthreads();
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = v;
    __syncthreads();
    float sum = 0;
    for (unsigned w = 0; w < blockDim.x / 32; w++) sum += scratch[w];
    return sum;
}

struct als_args {
    const int64_t *row_ptr;
    const int32_t *col;
    const float *val, *y, *eigenvalue;
    float *x;
    int32_t f, steps;
    aisle_als_params p;
};

/* out = (D + B' C B) in, with B the gathered rows: one dot a row, then one axpy, both over the block. */
__device__ void apply(const als_args &a, int64_t begin, int64_t end, float lambda, const float *in,
                      float *out, float *scratch)
{
    for (int i = threadIdx.x; i < a.f; i += blockDim.x)
        out[i] = diagonal(a.eigenvalue, i, a.p, lambda) * in[i];
    for (int64_t e = begin; e < end; e++) {
        const float *y = a.y + (int64_t)a.col[e] * a.f;
        float dot = 0;
        for (int i = threadIdx.x; i < a.f; i += blockDim.x) dot += y[i] * in[i];
        dot = block_sum(dot, scratch) * a.val[e];
        for (int i = threadIdx.x; i < a.f; i += blockDim.x) out[i] += dot * y[i];
    }
}

/* One block a row: preconditioned conjugate gradient from the present x (Saad 2003, alg. 9.1) with M = D.
 * Shared memory: residual, direction and product, f floats each, and 32 for sums. */
__global__ void cg_rows(const als_args a)
{
    extern __shared__ float shared[];
    float *r = shared, *p = r + a.f, *q = p + a.f, *scratch = q + a.f;
    int64_t row = blockIdx.x, begin = a.row_ptr[row], end = a.row_ptr[row + 1];
    float *x = a.x + row * a.f, lambda = row_lambda(end - begin, a.p);
    if (begin == end) {
        for (int i = threadIdx.x; i < a.f; i += blockDim.x) x[i] = 0;
        return;
    }
    apply(a, begin, end, lambda, x, q, scratch);
    for (int i = threadIdx.x; i < a.f; i += blockDim.x) r[i] = -q[i];
    for (int64_t e = begin; e < end; e++)
        for (int i = threadIdx.x; i < a.f; i += blockDim.x)
            r[i] += a.val[e] * a.y[(int64_t)a.col[e] * a.f + i];
    float rz = 0;
    for (int i = threadIdx.x; i < a.f; i += blockDim.x) {
        p[i] = r[i] / diagonal(a.eigenvalue, i, a.p, lambda);
        rz += r[i] * p[i];
    }
    rz = block_sum(rz, scratch);
    for (int step = 0; step < a.steps && rz > 0; step++) {
        apply(a, begin, end, lambda, p, q, scratch);
        float pq = 0;
        for (int i = threadIdx.x; i < a.f; i += blockDim.x) pq += p[i] * q[i];
        float alpha = rz / block_sum(pq, scratch), next = 0;
        for (int i = threadIdx.x; i < a.f; i += blockDim.x) {
            x[i] += alpha * p[i];
            r[i] -= alpha * q[i];
            next += r[i] * r[i] / diagonal(a.eigenvalue, i, a.p, lambda);
        }
        next = block_sum(next, scratch);
        for (int i = threadIdx.x; i < a.f; i += blockDim.x)
            p[i] = r[i] / diagonal(a.eigenvalue, i, a.p, lambda) + next / rz * p[i];
        rz = next;
    }
}

/* One block a row: the full system matrix and the right-hand side in global memory, for the batched Cholesky.
 */
__global__ void build_systems(const als_args a, int32_t first, float *systems, float **system_ptr,
                              float **rhs_ptr)
{
    int64_t row = first + (int64_t)blockIdx.x, begin = a.row_ptr[row], end = a.row_ptr[row + 1];
    float *s = systems + (int64_t)blockIdx.x * a.f * a.f, *x = a.x + row * a.f,
          lambda = row_lambda(end - begin, a.p);
    for (int64_t cell = threadIdx.x; cell < (int64_t)a.f * a.f; cell += blockDim.x) {
        int i = (int)(cell / a.f), j = (int)(cell % a.f);
        if (j < i) continue; /* the lower triangle of the column-major matrix: row j >= column i */
        float sum = i == j ? diagonal(a.eigenvalue, i, a.p, lambda) : 0;
        for (int64_t e = begin; e < end; e++) {
            const float *y = a.y + (int64_t)a.col[e] * a.f;
            sum += a.val[e] * y[i] * y[j];
        }
        s[cell] = sum;
    }
    for (int i = threadIdx.x; i < a.f; i += blockDim.x) {
        float sum = 0;
        for (int64_t e = begin; e < end; e++) sum += a.val[e] * a.y[(int64_t)a.col[e] * a.f + i];
        x[i] = sum;
    }
    if (threadIdx.x == 0) {
        system_ptr[blockIdx.x] = s;
        rhs_ptr[blockIdx.x] = x;
    }
}

aisle_status cg(aisle_device *d, const aisle_dev_csr *c, const als_args &a, aisle_error *err)
{
    size_t shared = ((size_t)a.f * 3 + 32) * sizeof(float);
    int threads = std::min(256, (a.f + 31) / 32 * 32);
    AISLE_CUDA(cudaFuncSetAttribute(cg_rows, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared),
               "conjugate gradient");
    cg_rows<<<(unsigned)c->n_rows, threads, shared, d->stream>>>(a);
    return aisle::launched(d, "conjugate gradient", true, err);
}

aisle_status cholesky(aisle_device *d, const aisle_dev_csr *c, const als_args &a, aisle_error *err)
{
    int64_t each = (int64_t)a.f * a.f * (int64_t)sizeof(float);
    int32_t batch = (int32_t)std::max<int64_t>(
        1, std::min<int64_t>(c->n_rows, std::min<int64_t>(aisle::scratch_bytes(d) / 2 / each, 65535)));
    buffer<float> systems;
    buffer<float *> system_ptr, rhs_ptr;
    buffer<int> info;
    AISLE_TRY(systems.make((int64_t)batch * a.f * a.f, "systems of a batch of rows", err));
    AISLE_TRY(system_ptr.make(batch, "batch pointers", err));
    AISLE_TRY(rhs_ptr.make(batch, "batch pointers", err));
    AISLE_TRY(info.make(batch + 1, "batch results", err));
    std::vector<int> bad((size_t)batch);
    for (int32_t first = 0; first < c->n_rows; first += batch) {
        int32_t n = std::min(batch, c->n_rows - first);
        build_systems<<<(unsigned)n, 256, 0, d->stream>>>(a, first, systems.p, system_ptr.p, rhs_ptr.p);
        AISLE_TRY(aisle::launched(d, "build the systems", false, err));
        AISLE_CUDA(
            cusolverDnSpotrfBatched(d->solver, CUBLAS_FILL_MODE_LOWER, a.f, system_ptr.p, a.f, info.p, n),
            "Cholesky");
        AISLE_CUDA(
            cudaMemcpyAsync(bad.data(), info.p, (size_t)n * sizeof(int), cudaMemcpyDeviceToHost, d->stream),
            "Cholesky");
        AISLE_CUDA(cusolverDnSpotrsBatched(d->solver, CUBLAS_FILL_MODE_LOWER, a.f, 1, system_ptr.p, a.f,
                                           rhs_ptr.p, a.f, info.p + batch, n),
                   "solve");
        AISLE_CUDA(cudaStreamSynchronize(d->stream), "solve");
        for (int32_t r = 0; r < n; r++)
            if (bad[(size_t)r] != 0)
                return aisle_fail(err, AISLE_ENUMERIC, "cuda: the system of row %d is not positive definite",
                                  first + r);
    }
    return AISLE_OK;
}

aisle_status half_step(aisle_device *d, const aisle_dev_csr *c, const aisle_dev_mat *y,
                       const aisle_als_params *p, aisle_dev_mat *x, aisle_error *err)
{
    int32_t f = y->n_cols;
    aisle::rotation r;
    buffer<float> yq, xq;
    if (x->n_cols != f || x->n_rows != c->n_rows || y->n_rows != c->n_cols || x == y)
        return aisle_fail(err, AISLE_EINVAL,
                          "cuda: half-step of %d x %d with factors %d x %d and %d x %d: shapes must agree",
                          c->n_rows, c->n_cols, x->n_rows, x->n_cols, y->n_rows, f);
    if (c->n_rows == 0) return AISLE_OK;
    AISLE_TRY(eigenbasis(d, y, &r, err));
    AISLE_TRY(yq.make((int64_t)y->n_rows * f, "rotated factors", err));
    AISLE_TRY(xq.make((int64_t)x->n_rows * f, "rotated factors", err));
    AISLE_TRY(rotate(d, y->data, y->n_rows, f, r.q.p, true, yq.p, err));
    AISLE_TRY(rotate(d, x->data, x->n_rows, f, r.q.p, true, xq.p, err));
    als_args a = {c->row_ptr, c->col, c->val, yq.p, r.eigenvalue.p, xq.p, f, p->cg_steps ? p->cg_steps : 3,
                  *p};
    if (p->solver == AISLE_SOLVER_CHOLESKY)
        AISLE_TRY(cholesky(d, c, a, err));
    else
        AISLE_TRY(cg(d, c, a, err));
    AISLE_TRY(rotate(d, xq.p, x->n_rows, f, r.q.p, false, x->data, err));
    return aisle::check(cudaStreamSynchronize(d->stream), "half-step", err);
}

} // namespace

aisle_status aisle::gram_on_device(aisle_device *d, const aisle_dev_mat *y, float *g, aisle_error *err)
{
    return gram(d, y->data, y->n_rows, y->n_cols, g, err);
}

aisle_status aisle_cuda_gram(aisle_device *d, const aisle_dev_mat *y, float *g, aisle_error *err)
{
    buffer<float> on_device;
    int64_t n = (int64_t)y->n_cols * y->n_cols;
    AISLE_TRY(on_device.make(n, "Gramian", err));
    AISLE_TRY(aisle::gram_on_device(d, y, on_device.p, err));
    AISLE_CUDA(cudaStreamSynchronize(d->stream), "Gramian");
    return aisle::check(cudaMemcpy(g, on_device.p, (size_t)n * sizeof(float), cudaMemcpyDeviceToHost),
                        "Gramian", err);
}

aisle_status aisle_cuda_als_half_step(aisle_device *d, const aisle_dev_csr *c, const aisle_dev_mat *y,
                                      const aisle_als_params *p, aisle_dev_mat *x, aisle_error *err)
{
    try {
        return half_step(d, c, y, p, x, err);
    } catch (const std::bad_alloc &) {
        return aisle_fail(err, AISLE_ENOMEM, "cuda: out of host memory in a half-step");
    }
}
