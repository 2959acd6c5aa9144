/* Plain-C kernels that choose among sums. */
#include <math.h>

#include "cpu/kernels/cut.h"

static cut_count count_ref(const cut_values *c, float t)
{
    cut_count count = {0, INFINITY};
    for (int32_t i = 0; i < c->n; i++) {
        if (!(c->v[i] >= t)) continue;
        count.weight += c->weight ? c->weight[i] : 1;
        if (c->v[i] < count.least) count.least = c->v[i];
    }
    return count;
}

static float cut_ref(int32_t n, const float *v, const int32_t *weight, int64_t k)
{
    float greatest = 0;
    for (int32_t i = 0; i < n; i++)
        if (v[i] > greatest) greatest = v[i];
    return cut_bisect(&(cut_values){n, v, weight}, k, greatest, count_ref);
}

static void rank_ref(int32_t n, const uint64_t *key, uint64_t *out)
{
    for (int32_t i = 0; i < n; i++) {
        int32_t above = 0;
        for (int32_t j = 0; j < n; j++) above += key[j] > key[i];
        out[above] = key[i];
    }
}

void aisle_kernels_ref_cut(aisle_kernels *k)
{
    k->cut = cut_ref;
    k->rank = rank_ref;
}
