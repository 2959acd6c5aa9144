/* cuBLAS over the host's BLAS, one thread. Operands are checked against the register of device memory, reduced
 * precision (tf32, bf16) is applied to the operands, and a `beta` of 0 never reads C. */
#include "cublas_v2.h"

#include <algorithm>
#include <cblas.h>
#include <vector>

#include "softgpu_internal.h"
#include "softgpu_round.h"

extern "C" void openblas_set_num_threads(int n);

struct cublasContext {
    int device;
    cudaStream_t stream;
    cublasMath_t math;
    cublasPointerMode_t pointers;
};

using namespace softgpu;

namespace
{

enum precision { AS_IT_IS, AS_TF32, AS_BF16 };

struct operand {
    const void *p;
    cudaDataType type;
    int ld;
    bool transposed;
};

/* alpha and beta: read at the call, or on the device when the work is done. */
struct scalar {
    double value;
    const void *p;
    bool wide;
    double get() const
    {
        return !p ? value : wide ? *(const double *)p : (double)*(const float *)p;
    }
};

scalar read(cublasHandle_t h, const void *p, bool wide)
{
    scalar s = {0, p, wide};
    if (h->pointers == CUBLAS_POINTER_MODE_HOST) s = {s.get(), nullptr, wide};
    return s;
}

size_t size_of(cudaDataType t)
{
    return t == CUDA_R_64F ? 8 : t == CUDA_R_32F ? 4 : 2;
}

CBLAS_TRANSPOSE transpose(cublasOperation_t t)
{
    return t == CUBLAS_OP_N ? CblasNoTrans : CblasTrans;
}

/* Column-major rows x cols with leading dimension ld. */
bool matrix_ok(const void *p, cudaDataType t, int rows, int cols, int ld, const char *what)
{
    if (rows == 0 || cols == 0) return true;
    return on_device(p, ((size_t)ld * ((size_t)cols - 1) + (size_t)rows) * size_of(t), what);
}

float value_of(const void *p, cudaDataType t, size_t i, precision as)
{
    float v = t == CUDA_R_16BF ? from_bf16(((const uint16_t *)p)[i]) : ((const float *)p)[i];
    return as == AS_TF32 ? round_tf32(v) : as == AS_BF16 ? from_bf16(to_bf16(v)) : v;
}

/* op(x), rows x cols, as f32 without gaps; or x itself where that is what the BLAS takes anyway. */
struct dense {
    std::vector<float> own;
    const float *p;
    int ld;
    CBLAS_TRANSPOSE op;
    dense(const operand &x, int rows, int cols, precision as) : ld(x.ld)
    {
        op = x.transposed ? CblasTrans : CblasNoTrans;
        p = (const float *)x.p;
        if (x.type == CUDA_R_32F && as == AS_IT_IS) return;
        int r = x.transposed ? cols : rows, c = x.transposed ? rows : cols;
        own.resize((size_t)r * (size_t)c);
        for (int j = 0; j < c; j++)
            for (int i = 0; i < r; i++)
                own[(size_t)j * (size_t)r + (size_t)i] =
                    value_of(x.p, x.type, (size_t)j * (size_t)ld + (size_t)i, as);
        p = own.data();
        ld = std::max(1, r);
    }
};

void product(int m, int n, int k, double alpha, const operand &a, const operand &b, double beta, void *c,
             cudaDataType c_type, int ldc, precision as)
{
    if (c_type == CUDA_R_64F) {
        cblas_dgemm(CblasColMajor, a.transposed ? CblasTrans : CblasNoTrans,
                    b.transposed ? CblasTrans : CblasNoTrans, m, n, k, alpha, (const double *)a.p, a.ld,
                    (const double *)b.p, b.ld, beta, (double *)c, ldc);
        return;
    }
    dense left(a, m, k, as), right(b, k, n, as);
    if (c_type == CUDA_R_32F) {
        cblas_sgemm(CblasColMajor, left.op, right.op, m, n, k, (float)alpha, left.p, left.ld, right.p,
                    right.ld, (float)beta, (float *)c, ldc);
        return;
    }
    std::vector<float> sum((size_t)m * (size_t)n);
    uint16_t *out = (uint16_t *)c;
    cblas_sgemm(CblasColMajor, left.op, right.op, m, n, k, (float)alpha, left.p, left.ld, right.p, right.ld,
                0, sum.data(), m);
    for (size_t j = 0; j < (size_t)n; j++)
        for (size_t i = 0; i < (size_t)m; i++) {
            uint16_t *to = out + j * (size_t)ldc + i;
            float before = beta == 0 ? 0 : (float)beta * from_bf16(*to);
            *to = to_bf16(sum[j * (size_t)m + i] + before);
        }
}

cublasStatus_t queue(cublasHandle_t h, std::function<void()> work)
{
    if (device_of(h->stream) != h->device || current_device() != h->device) {
        report("cuBLAS: a handle of device %d with device %d", h->device, current_device());
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
    return enqueue(h->stream, std::move(work)) == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                                              : CUBLAS_STATUS_EXECUTION_FAILED;
}

struct shape {
    int m, n, k;
    cublasOperation_t ta, tb;
    int lda, ldb, ldc;
    int a_rows() const
    {
        return ta == CUBLAS_OP_N ? m : k;
    }
    int b_rows() const
    {
        return tb == CUBLAS_OP_N ? k : n;
    }
    bool ok() const
    {
        return m >= 0 && n >= 0 && k >= 0 && lda >= std::max(1, a_rows()) && ldb >= std::max(1, b_rows()) &&
               ldc >= std::max(1, m);
    }
    bool on_device(const void *a, cudaDataType at, const void *b, cudaDataType bt, const void *c,
                   cudaDataType ct) const
    {
        return matrix_ok(a, at, a_rows(), m + k - a_rows(), lda, "cuBLAS gemm, A") &&
               matrix_ok(b, bt, b_rows(), k + n - b_rows(), ldb, "cuBLAS gemm, B") &&
               matrix_ok(c, ct, m, n, ldc, "cuBLAS gemm, C");
    }
};

precision precision_of(cublasHandle_t h, cublasComputeType_t compute)
{
    if (compute == CUBLAS_COMPUTE_32F_FAST_16BF) return AS_BF16;
    bool tf32 = compute == CUBLAS_COMPUTE_32F_FAST_TF32 ||
                (compute == CUBLAS_COMPUTE_32F && h->math == CUBLAS_TF32_TENSOR_OP_MATH);
    return tf32 ? AS_TF32 : AS_IT_IS;
}

} // namespace

/* ---- handles */

cublasStatus_t cublasCreate(cublasHandle_t *h)
{
    openblas_set_num_threads(1); /* one order of summation */
    *h = new cublasContext{current_device(), nullptr, CUBLAS_DEFAULT_MATH, CUBLAS_POINTER_MODE_HOST};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t h)
{
    guard hold(api_lock);
    drain_device(h->device);
    delete h;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t h, cudaStream_t s)
{
    h->stream = s;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasGetStream(cublasHandle_t h, cudaStream_t *s)
{
    *s = h->stream;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t h, cublasMath_t mode)
{
    h->math = mode;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetPointerMode(cublasHandle_t h, cublasPointerMode_t mode)
{
    h->pointers = mode;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetAtomicsMode(cublasHandle_t, cublasAtomicsMode_t)
{
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t, void *workspace, size_t bytes)
{
    return on_device(workspace, bytes, "cublasSetWorkspace") ? CUBLAS_STATUS_SUCCESS
                                                             : CUBLAS_STATUS_INVALID_VALUE;
}

const char *cublasGetStatusName(cublasStatus_t e)
{
    switch (e) {
    case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_MAPPING_ERROR: return "CUBLAS_STATUS_MAPPING_ERROR";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
    case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    }
    return "an unknown status";
}

const char *cublasGetStatusString(cublasStatus_t e)
{
    return cublasGetStatusName(e);
}

/* ---- products */

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m,
                                          int n, int k, const void *alpha, const void *a, cudaDataType a_type,
                                          int lda, long long a_stride, const void *b, cudaDataType b_type,
                                          int ldb, long long b_stride, const void *beta, void *c,
                                          cudaDataType c_type, int ldc, long long c_stride, int count,
                                          cublasComputeType_t compute, cublasGemmAlgo_t)
{
    guard hold(api_lock);
    shape s = {m, n, k, ta, tb, lda, ldb, ldc};
    if (!s.ok() || count < 0) return CUBLAS_STATUS_INVALID_VALUE;
    bool wide = compute == CUBLAS_COMPUTE_64F;
    if (wide != (a_type == CUDA_R_64F) || a_type != b_type || wide != (c_type == CUDA_R_64F) ||
        (c_type == CUDA_R_16BF && a_type != CUDA_R_16BF))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    auto at = [](const void *p, cudaDataType t, long long stride, int i) {
        return (const char *)p + (ptrdiff_t)size_of(t) * stride * i;
    };
    for (int i = 0; i < count; i++)
        if (!s.on_device(at(a, a_type, a_stride, i), a_type, at(b, b_type, b_stride, i), b_type,
                         at(c, c_type, c_stride, i), c_type))
            return CUBLAS_STATUS_EXECUTION_FAILED;
    scalar x = read(h, alpha, wide), y = read(h, beta, wide);
    precision as = precision_of(h, compute);
    return queue(h, [=] {
        for (int i = 0; i < count && m && n; i++)
            product(m, n, k, x.get(), {at(a, a_type, a_stride, i), a_type, lda, ta != CUBLAS_OP_N},
                    {at(b, b_type, b_stride, i), b_type, ldb, tb != CUBLAS_OP_N}, y.get(),
                    (void *)at(c, c_type, c_stride, i), c_type, ldc, as);
    });
}

cublasStatus_t cublasGemmEx(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k,
                            const void *alpha, const void *a, cudaDataType a_type, int lda, const void *b,
                            cudaDataType b_type, int ldb, const void *beta, void *c, cudaDataType c_type,
                            int ldc, cublasComputeType_t compute, cublasGemmAlgo_t algo)
{
    return cublasGemmStridedBatchedEx(h, ta, tb, m, n, k, alpha, a, a_type, lda, 0, b, b_type, ldb, 0, beta,
                                      c, c_type, ldc, 0, 1, compute, algo);
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m,
                                         int n, int k, const float *alpha, const float *a, int lda,
                                         long long a_stride, const float *b, int ldb, long long b_stride,
                                         const float *beta, float *c, int ldc, long long c_stride, int count)
{
    return cublasGemmStridedBatchedEx(h, ta, tb, m, n, k, alpha, a, CUDA_R_32F, lda, a_stride, b, CUDA_R_32F,
                                      ldb, b_stride, beta, c, CUDA_R_32F, ldc, c_stride, count,
                                      CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
}

cublasStatus_t cublasSgemm(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k,
                           const float *alpha, const float *a, int lda, const float *b, int ldb,
                           const float *beta, float *c, int ldc)
{
    return cublasSgemmStridedBatched(h, ta, tb, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
}

cublasStatus_t cublasDgemm(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k,
                           const double *alpha, const double *a, int lda, const double *b, int ldb,
                           const double *beta, double *c, int ldc)
{
    return cublasGemmEx(h, ta, tb, m, n, k, alpha, a, CUDA_R_64F, lda, b, CUDA_R_64F, ldb, beta, c,
                        CUDA_R_64F, ldc, CUBLAS_COMPUTE_64F, CUBLAS_GEMM_DEFAULT);
}

cublasStatus_t cublasSgemmBatched(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n,
                                  int k, const float *alpha, const float *const a[], int lda,
                                  const float *const b[], int ldb, const float *beta, float *const c[],
                                  int ldc, int count)
{
    guard hold(api_lock);
    shape s = {m, n, k, ta, tb, lda, ldb, ldc};
    if (!s.ok() || count < 0) return CUBLAS_STATUS_INVALID_VALUE;
    size_t bytes = (size_t)count * sizeof(float *);
    if (!on_device(a, bytes, "cublasSgemmBatched, A") || !on_device(b, bytes, "cublasSgemmBatched, B") ||
        !on_device(c, bytes, "cublasSgemmBatched, C"))
        return CUBLAS_STATUS_EXECUTION_FAILED;
    scalar x = read(h, alpha, false), y = read(h, beta, false);
    precision as = precision_of(h, CUBLAS_COMPUTE_32F);
    return queue(h, [=] {
        for (int i = 0; i < count && m && n; i++)
            if (s.on_device(a[i], CUDA_R_32F, b[i], CUDA_R_32F, c[i], CUDA_R_32F))
                product(m, n, k, x.get(), {a[i], CUDA_R_32F, lda, ta != CUBLAS_OP_N},
                        {b[i], CUDA_R_32F, ldb, tb != CUBLAS_OP_N}, y.get(), c[i], CUDA_R_32F, ldc, as);
    });
}

cublasStatus_t cublasSsyrk(cublasHandle_t h, cublasFillMode_t fill, cublasOperation_t t, int n, int k,
                           const float *alpha, const float *a, int lda, const float *beta, float *c, int ldc)
{
    guard hold(api_lock);
    int rows = t == CUBLAS_OP_N ? n : k;
    if (n < 0 || k < 0 || lda < std::max(1, rows) || ldc < std::max(1, n)) return CUBLAS_STATUS_INVALID_VALUE;
    if (!matrix_ok(a, CUDA_R_32F, rows, n + k - rows, lda, "cublasSsyrk, A") ||
        !matrix_ok(c, CUDA_R_32F, n, n, ldc, "cublasSsyrk, C"))
        return CUBLAS_STATUS_EXECUTION_FAILED;
    scalar x = read(h, alpha, false), y = read(h, beta, false);
    precision as = precision_of(h, CUBLAS_COMPUTE_32F);
    return queue(h, [=] {
        dense d({a, CUDA_R_32F, lda, t != CUBLAS_OP_N}, n, k, as);
        cblas_ssyrk(CblasColMajor, fill == CUBLAS_FILL_MODE_LOWER ? CblasLower : CblasUpper, d.op, n, k,
                    (float)x.get(), d.p, d.ld, (float)y.get(), c, ldc);
    });
}

cublasStatus_t cublasDsyrk(cublasHandle_t h, cublasFillMode_t fill, cublasOperation_t t, int n, int k,
                           const double *alpha, const double *a, int lda, const double *beta, double *c,
                           int ldc)
{
    guard hold(api_lock);
    int rows = t == CUBLAS_OP_N ? n : k;
    if (n < 0 || k < 0 || lda < std::max(1, rows) || ldc < std::max(1, n)) return CUBLAS_STATUS_INVALID_VALUE;
    if (!matrix_ok(a, CUDA_R_64F, rows, n + k - rows, lda, "cublasDsyrk, A") ||
        !matrix_ok(c, CUDA_R_64F, n, n, ldc, "cublasDsyrk, C"))
        return CUBLAS_STATUS_EXECUTION_FAILED;
    scalar x = read(h, alpha, true), y = read(h, beta, true);
    return queue(h, [=] {
        cblas_dsyrk(CblasColMajor, fill == CUBLAS_FILL_MODE_LOWER ? CblasLower : CblasUpper, transpose(t), n,
                    k, x.get(), a, lda, y.get(), c, ldc);
    });
}

cublasStatus_t cublasStrsm(cublasHandle_t h, cublasSideMode_t side, cublasFillMode_t fill,
                           cublasOperation_t t, cublasDiagType_t diag, int m, int n, const float *alpha,
                           const float *a, int lda, float *b, int ldb)
{
    guard hold(api_lock);
    int order = side == CUBLAS_SIDE_LEFT ? m : n;
    if (m < 0 || n < 0 || lda < std::max(1, order) || ldb < std::max(1, m))
        return CUBLAS_STATUS_INVALID_VALUE;
    if (!matrix_ok(a, CUDA_R_32F, order, order, lda, "cublasStrsm, A") ||
        !matrix_ok(b, CUDA_R_32F, m, n, ldb, "cublasStrsm, B"))
        return CUBLAS_STATUS_EXECUTION_FAILED;
    scalar x = read(h, alpha, false);
    return queue(h, [=] {
        cblas_strsm(CblasColMajor, side == CUBLAS_SIDE_LEFT ? CblasLeft : CblasRight,
                    fill == CUBLAS_FILL_MODE_LOWER ? CblasLower : CblasUpper, transpose(t),
                    diag == CUBLAS_DIAG_UNIT ? CblasUnit : CblasNonUnit, m, n, (float)x.get(), a, lda, b,
                    ldb);
    });
}

cublasStatus_t cublasSgemv(cublasHandle_t h, cublasOperation_t t, int m, int n, const float *alpha,
                           const float *a, int lda, const float *x, int incx, const float *beta, float *y,
                           int incy)
{
    guard hold(api_lock);
    int nx = t == CUBLAS_OP_N ? n : m, ny = m + n - nx;
    if (m < 0 || n < 0 || lda < std::max(1, m) || incx < 1 || incy < 1) return CUBLAS_STATUS_INVALID_VALUE;
    if (!matrix_ok(a, CUDA_R_32F, m, n, lda, "cublasSgemv, A") ||
        !matrix_ok(x, CUDA_R_32F, 1, nx, incx, "cublasSgemv, x") ||
        !matrix_ok(y, CUDA_R_32F, 1, ny, incy, "cublasSgemv, y"))
        return CUBLAS_STATUS_EXECUTION_FAILED;
    scalar s = read(h, alpha, false), b = read(h, beta, false);
    return queue(h, [=] {
        cblas_sgemv(CblasColMajor, transpose(t), m, n, (float)s.get(), a, lda, x, incx, (float)b.get(), y,
                    incy);
    });
}

cublasStatus_t cublasSgeam(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n,
                           const float *alpha, const float *a, int lda, const float *beta, const float *b,
                           int ldb, float *c, int ldc)
{
    guard hold(api_lock);
    int a_rows = ta == CUBLAS_OP_N ? m : n, b_rows = tb == CUBLAS_OP_N ? m : n;
    if (m < 0 || n < 0 || lda < std::max(1, a_rows) || ldb < std::max(1, b_rows) || ldc < std::max(1, m))
        return CUBLAS_STATUS_INVALID_VALUE;
    scalar x = read(h, alpha, false), y = read(h, beta, false);
    bool use_a = x.p || x.value != 0, use_b = y.p || y.value != 0; /* an operand times 0 is not read */
    if ((use_a && !matrix_ok(a, CUDA_R_32F, a_rows, m + n - a_rows, lda, "cublasSgeam, A")) ||
        (use_b && !matrix_ok(b, CUDA_R_32F, b_rows, m + n - b_rows, ldb, "cublasSgeam, B")) ||
        !matrix_ok(c, CUDA_R_32F, m, n, ldc, "cublasSgeam, C"))
        return CUBLAS_STATUS_EXECUTION_FAILED;
    auto at = [](const float *p, bool t, int ld, int i, int j) {
        return t ? p[(size_t)i * (size_t)ld + (size_t)j] : p[(size_t)j * (size_t)ld + (size_t)i];
    };
    return queue(h, [=] {
        for (int j = 0; j < n; j++)
            for (int i = 0; i < m; i++) {
                float left = use_a ? (float)x.get() * at(a, ta != CUBLAS_OP_N, lda, i, j) : 0;
                float right = use_b ? (float)y.get() * at(b, tb != CUBLAS_OP_N, ldb, i, j) : 0;
                c[(size_t)j * (size_t)ldc + (size_t)i] = left + right;
            }
    });
}

cublasStatus_t cublasSdgmm(cublasHandle_t h, cublasSideMode_t side, int m, int n, const float *a, int lda,
                           const float *x, int incx, float *c, int ldc)
{
    guard hold(api_lock);
    int nx = side == CUBLAS_SIDE_LEFT ? m : n;
    if (m < 0 || n < 0 || lda < std::max(1, m) || ldc < std::max(1, m) || incx < 1)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (!matrix_ok(a, CUDA_R_32F, m, n, lda, "cublasSdgmm, A") ||
        !matrix_ok(x, CUDA_R_32F, 1, nx, incx, "cublasSdgmm, x") ||
        !matrix_ok(c, CUDA_R_32F, m, n, ldc, "cublasSdgmm, C"))
        return CUBLAS_STATUS_EXECUTION_FAILED;
    return queue(h, [=] {
        for (int j = 0; j < n; j++)
            for (int i = 0; i < m; i++)
                c[(size_t)j * (size_t)ldc + (size_t)i] =
                    a[(size_t)j * (size_t)lda + (size_t)i] *
                    x[(size_t)(side == CUBLAS_SIDE_LEFT ? i : j) * (size_t)incx];
    });
}
