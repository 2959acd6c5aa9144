/* The kernels that choose among sums, over vectors of VW floats; after simd.h, which says how that works. */
#include "cpu/kernels/cut.h"

typedef int32_t vi_cut __attribute__((vector_size(VW * 4)));
typedef int32_t vi_memory __attribute__((vector_size(VW * 4), aligned(4), may_alias));
typedef int64_t vl __attribute__((vector_size(VW * 4)));
typedef int64_t vl_memory __attribute__((vector_size(VW * 4), aligned(8), may_alias));

static inline vi_cut load_whole(const void *p)
{
    return *(const vi_memory *)p;
}

/* The lanes where `here` is -1 add their weight, and lower the least: bits of floats >= 0 are in their order. */
static inline void count_lanes(const cut_values *c, int32_t i, float t, vi_cut *weight, vi_cut *least)
{
    vi_cut one = 1 - (vi_cut){0}, bits = load_whole(c->v + i);
    vi_cut here = load(c->v + i) >= t, lower = here & (bits < *least);
    *weight += here & (c->weight ? load_whole(c->weight + i) : one);
    *least = (bits & lower) | (*least & ~lower);
}

static cut_count count_simd(const cut_values *c, float t)
{
    vi_cut w0 = {0}, w1 = {0}, l0 = (int32_t)bits_of(INFINITY) - (vi_cut){0}, l1 = l0;
    int32_t i = 0;
    for (; i + 2 * VW <= c->n; i += 2 * VW) {
        count_lanes(c, i, t, &w0, &l0);
        count_lanes(c, i + VW, t, &w1, &l1);
    }
    cut_count count = {0, INFINITY};
    for (int l = 0; l < VW; l++) {
        float a = float_of((uint32_t)l0[l]), b = float_of((uint32_t)l1[l]);
        count.weight += (int64_t)w0[l] + w1[l];
        if (a < count.least) count.least = a;
        if (b < count.least) count.least = b;
    }
    for (; i < c->n; i++) {
        if (!(c->v[i] >= t)) continue;
        count.weight += c->weight ? c->weight[i] : 1;
        if (c->v[i] < count.least) count.least = c->v[i];
    }
    return count;
}

static float cut_simd(int32_t n, const float *v, const int32_t *weight, int64_t k)
{
    vi_cut most = {0}; /* bits of floats >= 0 are in their order */
    int32_t i = 0;
    for (; i + VW <= n; i += VW) {
        vi_cut x = load_whole(v + i), more = x > most;
        most = (x & more) | (most & ~more);
    }
    float greatest = 0;
    for (int l = 0; l < VW; l++)
        if (float_of((uint32_t)most[l]) > greatest) greatest = float_of((uint32_t)most[l]);
    for (; i < n; i++)
        if (v[i] > greatest) greatest = v[i];
    return cut_bisect(&(cut_values){n, v, weight}, k, greatest, count_simd);
}

/* Signed lanes: the top bit turned over makes their order that of unsigned numbers. */
static void rank_simd(int32_t n, const uint64_t *key, uint64_t *out)
{
    const int64_t turn = INT64_MIN;
    int32_t i = 0;
    for (; i + VW / 2 <= n; i += VW / 2) {
        vl mine = *(const vl_memory *)(key + i) ^ turn, above = {0};
        for (int32_t j = 0; j < n; j++) above -= ((int64_t)key[j] ^ turn) > mine;
        for (int l = 0; l < VW / 2; l++) out[above[l]] = key[i + l];
    }
    for (; i < n; i++) {
        int32_t above = 0;
        for (int32_t j = 0; j < n; j++) above += key[j] > key[i];
        out[above] = key[i];
    }
}

static void fill_cut(aisle_kernels *k)
{
    k->cut = cut_simd;
    k->rank = rank_simd;
}
