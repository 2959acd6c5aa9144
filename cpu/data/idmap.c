/* External id <-> dense id: an open-addressing table of 8-byte slots over strings in an arena. Ids are never
 * removed. */
#include <string.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"
#include "aisle/rng.h"

typedef struct slot {
    uint32_t tag; /* high half of the hash: most misses never touch the string */
    int32_t id;   /* -1 = empty */
} slot;

struct aisle_idmap {
    aisle_arena bytes;
    aisle_str *ids;
    slot *slots;
    int64_t ids_cap;
    uint32_t mask; /* slots - 1; slots is a power of two, at most 3/4 full */
    int32_t n;
};

aisle_idmap *aisle_idmap_new(void)
{
    enum { FIRST_SLOTS = 64 };
    aisle_idmap *m = aisle_calloc(1, sizeof *m);
    if (!m) return NULL;
    aisle_arena_init(&m->bytes);
    m->slots = aisle_array(FIRST_SLOTS, sizeof *m->slots);
    if (!m->slots) {
        aisle_free(m);
        return NULL;
    }
    memset(m->slots, -1, FIRST_SLOTS * sizeof *m->slots);
    m->mask = FIRST_SLOTS - 1;
    return m;
}

void aisle_idmap_free(aisle_idmap *m)
{
    if (!m) return;
    aisle_arena_deinit(&m->bytes);
    aisle_free(m->ids);
    aisle_free(m->slots);
    aisle_free(m);
}

/* The slot that holds `id`, or the empty one where it belongs. */
static slot *probe(const aisle_idmap *m, aisle_str id, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    for (uint32_t at = (uint32_t)hash & m->mask;; at = (at + 1) & m->mask) {
        slot *s = &m->slots[at];
        if (s->id < 0 || (s->tag == tag && aisle_str_eq(m->ids[s->id], id))) return s;
    }
}

static bool double_slots(aisle_idmap *m)
{
    int64_t n = ((int64_t)m->mask + 1) * 2;
    if (n > (int64_t)1 << 32) return false;
    slot *slots = aisle_array(n, sizeof *slots);
    if (!slots) return false;
    memset(slots, -1, (size_t)n * sizeof *slots);
    aisle_free(m->slots);
    m->slots = slots;
    m->mask = (uint32_t)(n - 1);
    for (int32_t i = 0; i < m->n; i++) {
        uint64_t hash = aisle_hash64(m->ids[i].ptr, m->ids[i].len, 0);
        uint32_t at = (uint32_t)hash & m->mask;
        while (slots[at].id >= 0) at = (at + 1) & m->mask;
        slots[at] = (slot){(uint32_t)(hash >> 32), i};
    }
    return true;
}

int32_t aisle_idmap_add(aisle_idmap *m, aisle_str id)
{
    uint64_t hash = aisle_hash64(id.ptr, id.len, 0);
    slot *s = probe(m, id, hash);
    if (s->id >= 0) return s->id;
    if (m->n == INT32_MAX) return -1;
    if ((int64_t)m->n + 1 > ((int64_t)m->mask + 1) / 4 * 3) {
        if (!double_slots(m)) return -1;
        s = probe(m, id, hash);
    }
    if (!aisle_grow((void **)&m->ids, &m->ids_cap, (int64_t)m->n + 1, sizeof *m->ids)) return -1;
    char *copy = aisle_arena_strndup(&m->bytes, id.ptr, id.len);
    if (!copy) return -1;
    m->ids[m->n] = (aisle_str){copy, id.len};
    *s = (slot){(uint32_t)(hash >> 32), m->n};
    return m->n++;
}

int32_t aisle_idmap_find(const aisle_idmap *m, aisle_str id)
{
    return probe(m, id, aisle_hash64(id.ptr, id.len, 0))->id;
}

aisle_str aisle_idmap_get(const aisle_idmap *m, int32_t i)
{
    return m->ids[i];
}

int32_t aisle_idmap_count(const aisle_idmap *m)
{
    return m->n;
}
