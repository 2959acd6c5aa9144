/* The ALS objective in double on the device. The sum over all pairs is the inner product of the two Gramians:
 * sum_{u,i} (x_u.y_i)^2 = <X'X, Y'Y>, so that the unobserved cost f^2, not users x items (Rendle et al.
 * 2022).
 *
 * Bound by the gather of y: ld floats an entry, so a warp keeps four entries' loads under way. Every row has a sum
 * of its own, in an order that only the row decides; the host adds the rows in their order. So the loss has the
 * same bytes however rows are split over parts and blocks. */
#include "gpu/basis.cuh"
#include "gpu/matrix.cuh"
#include "gpu/staging.cuh"

#include <algorithm>
#include <cmath>
#include <vector>

namespace
{

using aisle::buffer;
using aisle::csr_block;
using aisle::gpu;

enum {
    WARPS = 8,       /* a block */
    LONG_ROW = 1024, /* entries that one warp sums; longer rows are cut into such pieces */
    AT_ONCE = 4      /* entries of a group of lanes */
};

struct side_args {
    csr_block b;
    const float *m, *y; /* the side's rows; the other side, NULL = only the penalty */
    int32_t ld, n_other;
    double a0, reg, nu;
    double *out; /* one a row of the block */
};

__device__ double warp_total(double v)
{
    for (int k = 16; k > 0; k >>= 1) v += __shfl_xor_sync(~0u, v, k);
    return v;
}

/* x . y_k for four rows y_k, by a group of G lanes; lane `at` of the group returns that of row
 * (at & G / 2 ? 2 : 0) + (at & G / 4 ? 1 : 0): half of the sums go to each half of the group, twice. */
template <int G> __device__ double four_dots(const float *x, const float *const *y, int32_t ld, int at)
{
    double d[AT_ONCE] = {};
    for (int i = 4 * at; i < ld; i += 4 * G) {
        float4 v = *(const float4 *)(x + i), o[AT_ONCE];
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++) o[k] = *(const float4 *)(y[k] + i);
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
            d[k] += (double)v.x * o[k].x + (double)v.y * o[k].y + (double)v.z * o[k].z + (double)v.w * o[k].w;
    }
    bool high = at & G / 2, odd = at & G / 4;
    double even_sum = (high ? d[2] : d[0]) + __shfl_xor_sync(~0u, high ? d[0] : d[2], G / 2);
    double odd_sum = (high ? d[3] : d[1]) + __shfl_xor_sync(~0u, high ? d[1] : d[3], G / 2);
    double sum = (odd ? odd_sum : even_sum) + __shfl_xor_sync(~0u, odd ? even_sum : odd_sum, G / 4);
#pragma unroll
    for (int k = G / 8; k > 0; k >>= 1) sum += __shfl_xor_sync(~0u, sum, k);
    return sum;
}

/* The sum over entries begin .. end - 1 (at least one; places in col) of |w| (x.y - p)^2, p = 1 where w > 0 and else 0,
 * by one warp. */
template <int G> __device__ double observed(const side_args &a, const float *x, int64_t begin, int64_t end)
{
    int lane = threadIdx.x % 32, at = lane % G;
    int mine = (at & G / 2 ? 2 : 0) + (at & G / 4 ? 1 : 0);
    double total = 0;
    for (int64_t e = begin; e < end; e += AT_ONCE * (32 / G)) {
        int64_t first = e + lane / G * AT_ONCE;
        const float *y[AT_ONCE];
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++)
            y[k] = a.y + (int64_t)a.b.col[first + k < end ? first + k : end - 1] * a.ld;
        double s = four_dots<G>(x, y, a.ld, at);
        if (first + mine < end) {
            double w = a.b.val ? (double)a.b.val[first + mine] : 1.0;
            if (w > 0) s -= 1;
            total += fabs(w) * s * s;
        }
    }
    return warp_total(at % (G / 4) == 0 ? total : 0); /* the other lanes hold the same sums again */
}

/* l_row |m_row|^2, by one warp. */
__device__ double penalty(const side_args &a, const float *x, int64_t n)
{
    double squares = 0;
    for (int i = threadIdx.x % 32; i < a.ld; i += 32) squares += (double)x[i] * x[i];
    return a.reg * pow((double)n + a.a0 * a.n_other, a.nu) * warp_total(squares);
}

/* Rows order[from .. to), a warp each; order NULL: rows from .. to - 1. */
template <int G> __global__ void sum_rows(const side_args a, int32_t from, int32_t to)
{
    int32_t at = from + (int32_t)(blockIdx.x * WARPS + threadIdx.x / 32);
    if (at >= to) return;
    int32_t row = a.b.order ? a.b.order[at] : at;
    int64_t begin = a.b.row_ptr[row] - a.b.base, end = a.b.row_ptr[row + 1] - a.b.base;
    const float *x = a.m + (int64_t)row * a.ld;
    double sum = penalty(a, x, end - begin);
    if (a.y && begin < end) sum += observed<G>(a, x, begin, end);
    if (threadIdx.x % 32 == 0) a.out[row] = sum;
}

/* Pieces of the rows order[0 .. n), a warp each; piece_first[i] is the first of order[i], and their number at the
 * end. */
template <int G>
__global__ void sum_pieces(const side_args a, const int32_t *piece_first, int32_t n, double *pieces)
{
    int32_t piece = (int32_t)(blockIdx.x * WARPS + threadIdx.x / 32), low = 0, high = n - 1;
    if (piece >= piece_first[n]) return;
    while (low < high) { /* the last row that does not begin after the piece */
        int32_t mid = high - (high - low) / 2;
        if (piece_first[mid] <= piece)
            low = mid;
        else
            high = mid - 1;
    }
    int32_t row = a.b.order[low];
    int64_t begin = a.b.row_ptr[row] - a.b.base + (int64_t)(piece - piece_first[low]) * LONG_ROW;
    int64_t end = a.b.row_ptr[row + 1] - a.b.base;
    double sum =
        observed<G>(a, a.m + (int64_t)row * a.ld, begin, begin + LONG_ROW < end ? begin + LONG_ROW : end);
    if (threadIdx.x % 32 == 0) pieces[piece] = sum;
}

__global__ void sum_long_rows(const side_args a, const int32_t *piece_first, int32_t n, const double *pieces)
{
    int32_t at = (int32_t)(blockIdx.x * WARPS + threadIdx.x / 32);
    if (at >= n) return;
    int32_t row = a.b.order[at];
    double sum = 0;
    for (int32_t p = piece_first[at] + (int32_t)(threadIdx.x % 32); p < piece_first[at + 1]; p += 32)
        sum += pieces[p];
    sum = warp_total(sum) + penalty(a, a.m + (int64_t)row * a.ld, a.b.row_ptr[row + 1] - a.b.row_ptr[row]);
    if (threadIdx.x % 32 == 0) a.out[row] = sum;
}

unsigned blocks_of(int32_t warps)
{
    return (unsigned)(((int64_t)warps + WARPS - 1) / WARPS);
}

/* The block's first n rows by length, which are longer than LONG_ROW. */
template <int G> aisle_status long_rows(gpu &g, const side_args &a, int32_t n, aisle_error *err)
{
    std::vector<int32_t> first((size_t)n + 1, 0);
    buffer<int32_t> piece_first;
    buffer<double> pieces;
    for (int32_t i = 0; i < n; i++) {
        int32_t row = a.b.h_order[i];
        int64_t entries = a.b.h_row_ptr[row + 1] - a.b.h_row_ptr[row];
        first[(size_t)i + 1] = first[(size_t)i] + (int32_t)((entries + LONG_ROW - 1) / LONG_ROW);
    }
    AISLE_TRY(piece_first.make(g, n + 1, "pieces of long rows", err));
    AISLE_TRY(pieces.make(g, first.back(), "pieces of long rows", err));
    AISLE_CUDA(
        cudaMemcpyAsync(piece_first.p, first.data(), first.size() * 4, cudaMemcpyHostToDevice, g.stream),
        "loss");
    sum_pieces<G><<<blocks_of(first.back()), WARPS * 32, 0, g.stream>>>(a, piece_first.p, n, pieces.p);
    AISLE_TRY(aisle::launched(g, "loss", false, err));
    sum_long_rows<<<blocks_of(n), WARPS * 32, 0, g.stream>>>(a, piece_first.p, n, pieces.p);
    return aisle::launched(g, "loss", true, err); /* `first` must outlive its copy */
}

template <int G> aisle_status block_rows(gpu &g, const side_args &a, aisle_error *err)
{
    int32_t n_long = a.y ? aisle::rows_longer(a.b, LONG_ROW) : 0;
    if (n_long > 0) AISLE_TRY(long_rows<G>(g, a, n_long, err));
    if (n_long == a.b.n_rows) return AISLE_OK;
    sum_rows<G><<<blocks_of(a.b.n_rows - n_long), WARPS * 32, 0, g.stream>>>(a, n_long, a.b.n_rows);
    return aisle::launched(g, "loss", false, err);
}

aisle_status queue_block(gpu &g, const side_args &a, aisle_error *err)
{
    /* as many lanes an entry as it has float4s */
    return a.ld >= 128  ? block_rows<32>(g, a, err)
           : a.ld >= 64 ? block_rows<16>(g, a, err)
                        : block_rows<8>(g, a, err);
}

/* The terms of one part's rows of one side, in order of rows. m: the rows; y: the other side, NULL = only the
 * penalty, which needs no entry. */
aisle_status side(gpu &g, const aisle::shard &s, const float *m, const float *y, const side_args &common,
                  std::vector<double> *rows, aisle_error *err)
{
    buffer<double> out;
    int64_t bytes = (int64_t)s.n_rows * (int64_t)sizeof *out.p;
    side_args a = common;
    rows->resize((size_t)s.n_rows);
    if (s.n_rows == 0) return AISLE_OK;
    AISLE_TRY(out.make(g, s.n_rows, "loss of the rows", err));
    auto block = [&](const csr_block &b) {
        a.b = b;
        a.m = m + (int64_t)b.first * a.ld;
        a.y = y;
        a.out = out.p + (b.first - s.first);
        return queue_block(g, a, err);
    };
    if (y)
        AISLE_TRY(aisle::each_block(g, s, block, err));
    else
        AISLE_TRY(block({s.first, s.n_rows, s.h_row_ptr[0], 0, s.row_ptr, nullptr, nullptr, nullptr,
                         s.h_row_ptr.data(), nullptr}));
    return aisle::copy_from_part(g, {{out.p, bytes}, {rows->data(), bytes}, bytes, 1, 1}, "loss", err);
}

aisle_status gramian_of(gpu &g, const aisle_dev_mat *m, std::vector<double> *host, aisle_error *err)
{
    int64_t n = (int64_t)m->n_cols * m->n_cols, bytes = n * (int64_t)sizeof(double);
    buffer<double> sum;
    host->resize((size_t)n);
    AISLE_TRY(sum.make(g, n, "Gramian", err));
    AISLE_TRY(aisle::gramian(g, m->data[0], m->n_rows, m->n_cols, m->ld, sum.p, err));
    return aisle::copy_from_part(g, {{sum.p, bytes}, {host->data(), bytes}, bytes, 1, 1}, "Gramian", err);
}

/* <X'X, Y'Y> */
aisle_status all_pairs(gpu &g, const aisle_dev_mat *x, const aisle_dev_mat *y, double *sum, aisle_error *err)
{
    std::vector<double> gx, gy;
    AISLE_TRY(gramian_of(g, x, &gx, err));
    AISLE_TRY(gramian_of(g, y, &gy, err));
    *sum = 0;
    for (size_t i = 0; i < gx.size(); i++) *sum += gx[i] * gy[i];
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
    side_args users = {}, items;
    std::vector<double> terms[2][aisle::MAX_PARTS];
    double pairs = 0, sum = 0;
    users.a0 = p->a0;
    users.reg = p->reg;
    users.nu = p->nu;
    users.ld = x->ld;
    items = users;
    users.n_other = c->n_cols;
    items.n_other = c->n_rows;
    AISLE_TRY(aisle::each_part(
        d,
        [&](gpu &g, int32_t i, aisle_error *e) {
            if (i == 0) AISLE_TRY(all_pairs(g, x, y, &pairs, e));
            AISLE_TRY(side(g, c->shard[i], x->data[i], y->data[i], users, &terms[0][i], e));
            return side(g, ct->shard[i], y->data[i], nullptr, items, &terms[1][i], e);
        },
        err));
    for (const auto &parts : terms)
        for (const std::vector<double> &rows : parts)
            for (double v : rows) sum += v;
    *out = sum + (double)p->a0 * pairs;
    return AISLE_OK;
}
