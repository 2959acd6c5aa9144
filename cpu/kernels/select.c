/* Quickselect (Hoare 1961, FIND) over keys; amortised constant time a push. */
#include "cpu/kernels/select.h"

#include <math.h>
#include <stdlib.h>

static float key_score(uint64_t key)
{
    union {
        uint32_t u;
        float f;
    } bits = {.u = (uint32_t)(key >> 32)};
    bits.u ^= (bits.u >> 31) ? 0x80000000U : 0xffffffffU;
    return bits.f;
}

static uint64_t median3(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* Moves the n greatest keys to the front. Keys are distinct, so both scans stop at the pivot at the latest.
 */
static void greatest_first(uint64_t *key, int32_t count, int32_t n)
{
    int32_t low = 0, high = count - 1;
    while (low < high) {
        uint64_t pivot = median3(key[low], key[low + (high - low) / 2], key[high]);
        int32_t i = low, j = high;
        while (i <= j) {
            while (key[i] > pivot) i++;
            while (key[j] < pivot) j--;
            if (i <= j) {
                uint64_t t = key[i];
                key[i++] = key[j];
                key[j--] = t;
            }
        }
        if (n - 1 <= j)
            high = j;
        else if (n - 1 >= i)
            low = i;
        else
            return;
    }
}

void aisle_select_init(aisle_select *s, uint64_t *key, int32_t n)
{
    *s = (aisle_select){.key = key, .n = n, .room = aisle_select_room(n), .threshold = -INFINITY};
}

void aisle_select_shrink(aisle_select *s)
{
    if (s->count < s->n) return;
    greatest_first(s->key, s->count, s->n);
    s->count = s->n;
    uint64_t least = s->key[0];
    for (int32_t i = 1; i < s->n; i++)
        if (s->key[i] < least) least = s->key[i];
    s->threshold = key_score(least);
}

static int descending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

int32_t aisle_select_take(aisle_select *s, int32_t *ids, float *scores)
{
    aisle_select_shrink(s);
    if (s->count > 1) qsort(s->key, (size_t)s->count, sizeof *s->key, descending);
    for (int32_t i = 0; i < s->n; i++) {
        ids[i] = i < s->count ? (int32_t) ~(uint32_t)s->key[i] : -1;
        scores[i] = i < s->count ? key_score(s->key[i]) : 0;
    }
    return s->count;
}
