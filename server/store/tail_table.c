/* Open addressing with linear probing. A name leaves only as the newest one that came (cut), which leaves every other
 * name where a search finds it; slots are filled in the order of the rows, also when they are filled anew. */
#include "server/store/tail_table.h"

#include "aisle/memory.h"

enum { FIRST_SLOTS = 1024 };

void aisle_tail_table_deinit(aisle_tail_table *t)
{
    aisle_free(t->rows);
    aisle_free(t->slots);
    *t = (aisle_tail_table){0};
}

/* The slot of the name, or the free one where it belongs. */
static uint32_t *slot_of(const aisle_tail_table *t, int64_t name)
{
    uint64_t mask = (uint64_t)t->n_slots - 1, hash = (uint64_t)name * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t at = (hash >> 32) & mask;
    while (t->slots[at] && t->rows[t->slots[at] - 1].name != name) at = (at + 1) & mask;
    return &t->slots[at];
}

static void put(aisle_tail_table *t, int64_t row)
{
    uint32_t *slot = slot_of(t, t->rows[row].name);
    t->n_names += *slot == 0;
    t->rows[row].before = *slot;
    *slot = (uint32_t)row + 1;
}

static bool make_slots(aisle_tail_table *t, int64_t n_slots)
{
    uint32_t *slots = aisle_calloc((size_t)n_slots, sizeof *slots);
    if (!slots) return false;
    aisle_free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    t->n_names = 0;
    for (int64_t i = 0; i < t->n; i++) put(t, i);
    return true;
}

bool aisle_tail_table_add(aisle_tail_table *t, int64_t name, int64_t event)
{
    if (t->n >= UINT32_MAX || !aisle_grow((void **)&t->rows, &t->cap, t->n + 1, sizeof *t->rows))
        return false;
    if (2 * (t->n_names + 1) > t->n_slots && !make_slots(t, t->n_slots ? 2 * t->n_slots : FIRST_SLOTS))
        return false;
    t->rows[t->n] = (aisle_tail_row){.name = name, .event = event};
    put(t, t->n++);
    return true;
}

uint32_t aisle_tail_table_find(const aisle_tail_table *t, int64_t name)
{
    return t->n_slots ? *slot_of(t, name) : 0;
}

void aisle_tail_table_cut(aisle_tail_table *t, int64_t n)
{
    while (t->n > n) {
        const aisle_tail_row *last = &t->rows[t->n - 1];
        uint32_t *slot = slot_of(t, last->name);
        *slot = last->before;
        t->n_names -= *slot == 0;
        t->n--;
    }
}

bool aisle_tail_table_rest(const aisle_tail_table *t, int64_t first, aisle_tail_table *out)
{
    aisle_tail_table rest = {0};
    *out = rest;
    if (t->n_slots == 0) return true;
    bool made = aisle_grow((void **)&rest.rows, &rest.cap, t->cap, sizeof *rest.rows);
    for (int64_t i = first; made && i < t->n; i++) rest.rows[rest.n++] = t->rows[i];
    if (made && make_slots(&rest, t->n_slots))
        *out = rest;
    else
        aisle_tail_table_deinit(&rest);
    return out->rows != NULL;
}
