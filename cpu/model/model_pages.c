/* Which pages of a large file stay with the process. Everything is read once at open; from then on the compact table, ids and
 * row pointers are in use all the time, and the rest is looked up a few rows a question. A fault maps 64 KB around the row, and
 * up to 2 MB where the page cache has it in one piece, so that rows of some thousand users would end up as the whole file in the
 * process's resident set, and stay. So factors are read into the caller's memory, which costs about half a microsecond a row; what is
 * looked at in the mapping all the same is dropped whenever much of it has gathered. The file stays in the page cache: nothing is read from
 * the disk again. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu/model/model_file.h"

enum {
    LARGE_BYTES = 160 << 20, /* what a server may well keep whole; below it nothing here happens */
    WARM_BYTES = 48 << 20,   /* of rows in the mapping */
    LOOK_ROWS = 16           /* so many rows between looks at what is resident */
};

static bool is_large(const struct aisle_model *m)
{
    return m->map.size > LARGE_BYTES;
}

static int64_t page_bytes(void)
{
    return sysconf(_SC_PAGESIZE);
}

static void advise(const unsigned char *at, int64_t bytes, int advice)
{
    uintptr_t from = (uintptr_t)at & ~((uintptr_t)page_bytes() - 1);
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

/* Pages of files that are mapped into this process now; -1 where the system does not say. */
static int64_t resident_pages(void)
{
    char text[128];
    int64_t pages = -1;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    long long size, resident, shared;
    if (sscanf(text, "%lld %lld %lld", &size, &resident, &shared) == 3) pages = shared;
    return pages;
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
void model_settle(struct aisle_model *m, int fd)
{
    if (is_large(m)) advise(m->map.data, m->map.size, MADV_DONTNEED);
    if (!is_large(m) || !m->compact.n_tiles) {
        close(fd);
        return;
    }
    m->file = fd + 1;
    for (model_kind k = MODEL_COMPACT_TILE_ERROR; k <= MODEL_COMPACT_ERROR; k++)
        model_populate(m, m->section[m->at[k]].offset, m->section[m->at[k]].bytes);
    atomic_store(&m->resident, resident_pages());
}

void model_pages_deinit(struct aisle_model *m)
{
    if (m->file) close(m->file - 1);
    m->file = 0;
}

/* Other files of the process come and go: the least that was seen since the rows were dropped is what is not ours. */
void aisle_model_rows_read(const aisle_model *m, int64_t n)
{
    struct aisle_model *own =
        (struct aisle_model *)m; /* the counters are all that changes in an open model */
    if (!m->file) return;
    int touched = atomic_fetch_add_explicit(&own->touched, (int)n, memory_order_relaxed) + (int)n;
    if (touched < LOOK_ROWS) return;
    atomic_store_explicit(&own->touched, 0, memory_order_relaxed);
    int64_t now = resident_pages(), least = atomic_load_explicit(&own->resident, memory_order_relaxed);
    if (now < least) atomic_store_explicit(&own->resident, now, memory_order_relaxed);
    if (now < 0 || now - least < WARM_BYTES / page_bytes()) return;
    for (int32_t i = 0; i < m->n_sections; i++)
        if (is_cold(m->section[i].kind)) model_drop(m, &m->section[i]);
    atomic_store_explicit(&own->resident, resident_pages(), memory_order_relaxed);
}

const void *model_read_row(const struct aisle_model *m, model_kind kind, int64_t i, void *room)
{
    const model_section *s = &m->section[m->at[kind]];
    const int64_t bytes = s->row_stride, at = i * bytes;
    if (m->file && pread(m->file - 1, room, (size_t)bytes, s->offset + at) == (ssize_t)bytes) return room;
    return s->data + at;
}

static const float *read_item(const void *m, int32_t item, float *room)
{
    return model_read_row(m, MODEL_ITEM_FACTORS, item, room);
}

aisle_item_reader aisle_model_item_reader(const aisle_model *m)
{
    return m->file ? read_item : NULL;
}
