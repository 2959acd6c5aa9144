/* Open addressing over hashes alone. */
#include "cpu/data/rowset.h"

#include "aisle/memory.h"
#include "aisle/rng.h"

void rowset_deinit(rowset *s)
{
    aisle_free(s->slots);
    *s = (rowset){0};
}

static void insert(uint64_t *slots, int64_t cap, uint64_t hash)
{
    uint64_t mask = (uint64_t)cap - 1, at = hash & mask;
    while (slots[at]) at = (at + 1) & mask;
    slots[at] = hash;
}

static bool double_slots(rowset *s)
{
    int64_t cap = s->cap ? s->cap * 2 : 1024;
    uint64_t *slots = aisle_calloc((size_t)cap, sizeof *slots);
    if (!slots) return false;
    for (int64_t i = 0; i < s->cap; i++)
        if (s->slots[i]) insert(slots, cap, s->slots[i]);
    aisle_free(s->slots);
    s->slots = slots;
    s->cap = cap;
    return true;
}

bool rowset_add(rowset *s, uint64_t hash, bool *known)
{
    if (hash == 0) hash = 1;
    if (s->n + 1 > s->cap / 4 * 3 && !double_slots(s)) return false;
    uint64_t mask = (uint64_t)s->cap - 1, at = hash & mask;
    while (s->slots[at] && s->slots[at] != hash) at = (at + 1) & mask;
    *known = s->slots[at] == hash;
    if (*known) return true;
    s->slots[at] = hash;
    s->n++;
    return true;
}

uint64_t rowset_hash(const aisle_row *row, bool whole)
{
    if (whole) return aisle_hash64(row->raw.ptr, row->raw.len, 0);
    uint64_t h = 0;
    for (int32_t i = 0; i < row->n_fields; i++) h = aisle_hash64(row->fields[i].ptr, row->fields[i].len, h);
    return h;
}
