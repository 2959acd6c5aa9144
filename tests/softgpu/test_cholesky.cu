/* cholesky_solve() alone, on a device or on the CPU's: orders around every limit of a size class in one batch, with
 * systems that are not positive definite among them. Exits 1 and says what is wrong. Links gpu/cholesky.cu and
 * nothing else of the plug-in. */
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "gpu/cholesky.cuh"

namespace aisle
{

aisle_status check(cudaError_t e, const char *what, aisle_error *err)
{
    return e == cudaSuccess ? AISLE_OK
                            : aisle_fail(err, AISLE_EINTERNAL, "%s: %s", what, cudaGetErrorString(e));
}

aisle_status launched(gpu &g, const char *what, bool sync, aisle_error *err)
{
    AISLE_TRY(check(cudaGetLastError(), what, err));
    return sync ? check(cudaStreamSynchronize(g.stream), what, err) : AISLE_OK;
}

} // namespace aisle

namespace
{

using namespace aisle;

const int ORDERS[] = {1,   2,   100, 31,  32,  33,  63,  64,  65,  100, 128, 129, 160, 200,
                      223, 224, 225, 239, 240, 256, 257, 300, 321, 352, 385, 300, 520, 1030};
enum { N = sizeof ORDERS / sizeof *ORDERS, LD = 1056, BAD_SMALL = 2, BAD_LARGE = 21, LEFT_AS_IT_IS = 7 };

uint64_t state = 1;

float uniform()
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(state >> 32) * 0x1p-31f;
}

/* I + B B', B m x 24, in the lower triangle of a; NaN wherever nothing may be read. */
void fill(float *a, float *b, int m)
{
    std::vector<float> left((size_t)m * 24);
    for (float &v : left) v = uniform();
    for (int i = 0; i < LD; i++)
        for (int j = 0; j < LD; j++) a[(size_t)i * LD + j] = NAN;
    for (int i = 0; i < m; i++)
        for (int j = 0; j <= i; j++) {
            double sum = i == j;
            for (int k = 0; k < 24; k++) sum += (double)left[i * 24 + k] * left[j * 24 + k];
            a[(size_t)i * LD + j] = (float)sum;
        }
    for (int i = 0; i < LD; i++) b[i] = i < m ? uniform() : NAN;
}

double at(const float *a, int i, int j)
{
    return i < j ? a[(size_t)j * LD + i] : a[(size_t)i * LD + j];
}

/* The same in plain loops of f32. */
void solve_plain(const float *a, float *x, int m)
{
    std::vector<float> l((size_t)m * m);
    for (int i = 0; i < m; i++) {
        for (int j = 0; j <= i; j++) {
            float sum = a[(size_t)i * LD + j];
            for (int k = 0; k < j; k++) sum -= l[(size_t)i * m + k] * l[(size_t)j * m + k];
            l[(size_t)i * m + j] = i == j ? sqrtf(sum) : sum / l[(size_t)j * m + j];
        }
        for (int k = 0; k < i; k++) x[i] -= l[(size_t)i * m + k] * x[k];
        x[i] /= l[(size_t)i * m + i];
    }
    for (int i = m - 1; i >= 0; i--) {
        for (int k = i + 1; k < m; k++) x[i] -= l[(size_t)k * m + i] * x[k];
        x[i] /= l[(size_t)i * m + i];
    }
}

/* |b - A x|; *over: how often an element exceeds its bound. (A + dA) x = b with |dA| <= gamma_{3m+1} |R'||R| (Higham
 * 2002, theorem 10.4), and (|R'||R|)_ij <= sqrt(a_ii a_jj) (1 + gamma_{m+1}) by Cauchy and Schwarz. A stored
 * reciprocal, its root and a product in three tf32 parts cost 3 + 1 + 12 roundings a term instead of 2. */
double residual(const float *a, const float *b, const float *x, int m, int *over)
{
    const double u = 0x1p-24, n = 3.0 * m + 1 + 14, gamma = n * u / (1 - n * u) * (1 + 2 * m * u);
    double roots = 0, squares = 0;
    for (int j = 0; j < m; j++) roots += sqrt(at(a, j, j)) * fabs((double)x[j]);
    for (int i = 0; i < m; i++) {
        double r = b[i];
        for (int j = 0; j < m; j++) r -= at(a, i, j) * x[j];
        squares += r * r;
        *over += !(fabs(r) <= gamma * sqrt(at(a, i, i)) * roots);
    }
    return sqrt(squares);
}

struct batch {
    std::vector<float> a, b;
    std::vector<int32_t> failed;
};

aisle_status run(gpu &g, batch &h, aisle_error *err)
{
    systems s = {nullptr, (int64_t)LD * LD, LD, 1030, N, nullptr, nullptr, LD, nullptr};
    int32_t *order;
    AISLE_CUDA(cudaMalloc((void **)&s.a, h.a.size() * 4), "memory");
    AISLE_CUDA(cudaMalloc((void **)&s.b, h.b.size() * 4), "memory");
    AISLE_CUDA(cudaMalloc((void **)&s.failed, sizeof ORDERS), "memory");
    AISLE_CUDA(cudaMalloc((void **)&order, sizeof ORDERS), "memory");
    s.order = order;
    AISLE_CUDA(cudaMemcpy(s.a, h.a.data(), h.a.size() * 4, cudaMemcpyHostToDevice), "copy");
    AISLE_CUDA(cudaMemcpy(s.b, h.b.data(), h.b.size() * 4, cudaMemcpyHostToDevice), "copy");
    AISLE_CUDA(cudaMemcpy(s.failed, h.failed.data(), sizeof ORDERS, cudaMemcpyHostToDevice), "copy");
    AISLE_CUDA(cudaMemcpy(order, ORDERS, sizeof ORDERS, cudaMemcpyHostToDevice), "copy");
    AISLE_TRY(cholesky_solve(g, s, err));
    AISLE_CUDA(cudaStreamSynchronize(g.stream), "solve");
    AISLE_CUDA(cudaMemcpy(h.a.data(), s.a, h.a.size() * 4, cudaMemcpyDeviceToHost), "copy");
    AISLE_CUDA(cudaMemcpy(h.b.data(), s.b, h.b.size() * 4, cudaMemcpyDeviceToHost), "copy");
    AISLE_CUDA(cudaMemcpy(h.failed.data(), s.failed, sizeof ORDERS, cudaMemcpyDeviceToHost), "copy");
    cudaFree(s.a);
    cudaFree(s.b);
    cudaFree(s.failed);
    cudaFree(order);
    return AISLE_OK;
}

int wrong(int i, const char *what, double value)
{
    fprintf(stderr, "system %d of order %d: %s (%g)\n", i, ORDERS[i], what, value);
    return 1;
}

int verify(int i, const batch &before, const batch &after)
{
    int m = ORDERS[i], over = 0, ignored = 0, bad = i == BAD_SMALL || i == BAD_LARGE, n_wrong = 0;
    const float *a = &before.a[(size_t)i * LD * LD], *b = &before.b[(size_t)i * LD];
    for (int r = 0; r < LD; r++) /* what is above the diagonal or past the order is untouched */
        for (int c = r < m ? r + 1 : 0; c < LD; c++)
            over += !std::isnan(after.a[((size_t)i * LD + r) * LD + c]);
    for (int r = m; r < LD; r++) over += !std::isnan(after.b[(size_t)i * LD + r]);
    if (over) n_wrong += wrong(i, "wrote where it must not", over);
    if (after.failed[i] != (bad ? 1 : LEFT_AS_IT_IS)) n_wrong += wrong(i, "failed is", after.failed[i]);
    if (bad) return n_wrong;
    std::vector<float> plain(b, b + m);
    solve_plain(a, plain.data(), m);
    over = 0;
    double got = residual(a, b, &after.b[(size_t)i * LD], m, &over);
    double want = residual(a, b, plain.data(), m, &ignored);
    if (over) n_wrong += wrong(i, "elements over their bound", over);
    /* Rounding errors of either are random: 4 times plain f32, or one rounding of a small system, is not. */
    if (!(got <= 4 * want + 1e-6)) n_wrong += wrong(i, "residual, times that of plain f32", got / want);
    return n_wrong;
}

} // namespace

int main()
{
    gpu g = {};
    aisle_error err = {};
    batch first, second, before;
    int n_wrong = 0;
    before.a.resize((size_t)N * LD * LD);
    before.b.resize((size_t)N * LD);
    before.failed.assign(N, LEFT_AS_IT_IS);
    for (int i = 0; i < N; i++) fill(&before.a[(size_t)i * LD * LD], &before.b[(size_t)i * LD], ORDERS[i]);
    before.a[(size_t)BAD_SMALL * LD * LD + 70 * LD + 70] = -1;
    before.a[(size_t)BAD_LARGE * LD * LD + 299 * LD + 299] = INFINITY;
    first = before, second = before;
    if (check(cudaGetDeviceProperties(&g.properties, 0), "device", &err) || run(g, first, &err) ||
        run(g, second, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (int i = 0; i < N; i++) {
        n_wrong += verify(i, before, first);
        if (memcmp(&first.b[(size_t)i * LD], &second.b[(size_t)i * LD], ORDERS[i] * sizeof(float)))
            n_wrong += wrong(i, "another result the second time", 0);
    }
    return n_wrong > 0;
}
