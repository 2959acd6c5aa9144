/* The n best of a stream of (score, id), exact, ties by smaller id, by a buffer and a rising threshold
 * instead of a heap. One thread at a time. */
#ifndef AISLE_SELECT_H
#define AISLE_SELECT_H

#include <stdint.h>

/* key: score in the high half, mapped so that unsigned order is score order, and ~id in the low half: one
 * comparison orders by score, then by smaller id, and no two keys are equal. */
typedef struct aisle_select {
    uint64_t *key; /* caller's storage: aisle_select_room(n) */
    int32_t n, room, count;
    float threshold; /* scores below cannot be among the best; -INFINITY until n were seen */
} aisle_select;

static inline int32_t aisle_select_room(int32_t n)
{
    return 2 * n + 32;
}

void aisle_select_init(aisle_select *s, uint64_t *key, int32_t n);
/* Drops all but the n best and raises the threshold. */
void aisle_select_shrink(aisle_select *s);
/* Sorted, best first, into ids[n] and scores[n]; -1 and 0 fill what is missing. Returns how many there are.
 */
int32_t aisle_select_take(aisle_select *s, int32_t *ids, float *scores);

static inline uint64_t aisle_select_key(float score, int32_t id)
{
    union {
        float f;
        uint32_t u;
    } bits = {.f = score + 0.0F}; /* -0 becomes +0: they tie */
    uint32_t up = bits.u ^ ((bits.u >> 31) ? 0xffffffffU : 0x80000000U);
    return (uint64_t)up << 32 | (uint32_t)~id;
}

static inline void aisle_select_put(aisle_select *s, uint64_t key)
{
    s->key[s->count++] = key;
    if (s->count == s->room) aisle_select_shrink(s);
}

/* Call only with score >= threshold (not NaN). */
static inline void aisle_select_push(aisle_select *s, float score, int32_t id)
{
    aisle_select_put(s, aisle_select_key(score, id));
}

#endif
