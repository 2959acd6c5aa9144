/* Which pages of a large file stay with the process. Everything is read once at open; from then on the compact table, ids and
 * row pointers are in use all the time, and the rest is looked up a few rows a question. The kernel maps 16 pages around
 * each row (its fault-around), so rows of some ten thousand users would end up as the whole file in the process's resident set,
 * and never leave it. They are dropped again after so many rows; the file stays in the page cache, so that a row that is
 * wanted again costs a fault and no reading. */
#include <sys/mman.h>
#include <unistd.h>

#include "cpu/model/model_file.h"

enum {
    LARGE_BYTES = 64 << 20,
    AROUND_BYTES = 64 << 10, /* mapped by one fault */
    WARM_BYTES = 80 << 20,   /* of rows, at most */
};

static bool is_large(const struct aisle_model *m)
{
    return m->map.size > LARGE_BYTES;
}

static void advise(const unsigned char *at, int64_t bytes, int advice)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)at & ~(page - 1);
    if (bytes > 0) (void)madvise((void *)from, (size_t)((uintptr_t)at + (size_t)bytes - from), advice);
}

void model_populate(const struct aisle_model *m, int64_t offset, int64_t bytes)
{
    advise(m->map.data + offset, bytes, MADV_POPULATE_READ);
}

void model_drop(const struct aisle_model *m, const model_section *s)
{
    if (is_large(m)) advise(s->data, s->bytes, MADV_DONTNEED);
}

void model_populate_small(const struct aisle_model *m)
{
    if (!is_large(m)) model_populate(m, 0, m->map.size);
}

static bool is_cold(uint32_t kind)
{
    switch (kind) {
    case MODEL_USER_FACTORS:
    case MODEL_ITEM_FACTORS:
    case MODEL_SEEN_ITEMS:
    case MODEL_SEEN_WEIGHTS:
    case MODEL_SIMILAR_ITEMS:
    case MODEL_SIMILAR_SCORES:
    case MODEL_CONTENT_ITEMS:
    case MODEL_CONTENT_SCORES:
    case MODEL_TEXT_TERMS:
    case MODEL_TEXT_WEIGHTS: return true;
    default: return false;
    }
}

/* Without a compact table the item factors are read from end to end for every question: dropping them would cost more. */
void model_settle(struct aisle_model *m)
{
    if (!is_large(m)) return;
    advise(m->map.data, m->map.size, MADV_DONTNEED);
    for (int32_t i = 0; m->compact.n_tiles && i < m->n_sections; i++) {
        const model_section *s = &m->section[i];
        if (is_cold(s->kind)) m->cold_bytes += s->bytes;
        if (s->kind >= MODEL_COMPACT_TILE_ERROR && s->kind <= MODEL_COMPACT_ERROR)
            model_populate(m, s->offset, s->bytes);
    }
}

/* The counter is all that changes in an open model. */
void aisle_model_rows_read(const aisle_model *m, int64_t n)
{
    struct aisle_model *own = (struct aisle_model *)m;
    if (m->cold_bytes <= WARM_BYTES) return;
    int64_t before = atomic_fetch_add_explicit(&own->touched, n, memory_order_relaxed);
    if (before + n < WARM_BYTES / AROUND_BYTES) return;
    if (atomic_exchange_explicit(&own->touched, 0, memory_order_relaxed) == 0)
        return; /* another drops them */
    for (int32_t i = 0; i < m->n_sections; i++)
        if (is_cold(m->section[i].kind)) model_drop(m, &m->section[i]);
}
