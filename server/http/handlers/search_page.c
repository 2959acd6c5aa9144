/* The best hits of a page, and the cursor after it. A cursor is a place in the order (score, row), not a number of hits:
 * products that come or go meanwhile neither repeat nor hide others. */
#include <stdio.h>
#include <stdlib.h>

#include "server/http/handlers/ask_search.h"

enum { HEX = 16 + 8 + 16 + 8 };

aisle_str aisle_search_place_write(const aisle_search_place *p, aisle_arena *a)
{
    uint32_t bits;
    memcpy(&bits, &p->score, sizeof bits);
    return aisle_str_from(aisle_arena_printf(a, "%016llx%08x%016llx%08x", (unsigned long long)p->tag,
                                             (unsigned)bits, (unsigned long long)p->row, (unsigned)p->depth));
}

static bool read_hex(const char *at, int n, uint64_t *out)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++) {
        char c = at[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
        v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *out = v;
    return true;
}

aisle_status aisle_search_place_read(aisle_str cursor, uint64_t tag, aisle_search_place *out,
                                     aisle_error *err)
{
    uint64_t v[4];
    const char *p = cursor.ptr;
    *out = (aisle_search_place){.tag = tag};
    if (!cursor.ptr) return AISLE_OK;
    if (cursor.len != HEX || !read_hex(p, 16, &v[0]) || !read_hex(p + 16, 8, &v[1]) ||
        !read_hex(p + 24, 16, &v[2]) || !read_hex(p + 40, 8, &v[3]) || v[2] == 0 || v[2] > INT64_MAX ||
        v[3] > AISLE_SEARCH_DEPTH)
        return aisle_fail(err, AISLE_EINVAL, "cursor: not one of this server's; start without it");
    if (v[0] != tag)
        return aisle_fail(err, AISLE_EINVAL, "cursor: belongs to another search; start without it");
    uint32_t bits = (uint32_t)v[1];
    memcpy(&out->score, &bits, sizeof bits);
    out->row = (int64_t)v[2];
    out->depth = (int32_t)v[3];
    return AISLE_OK;
}

/* a comes before b. */
static bool is_before(float score_a, int64_t row_a, float score_b, int64_t row_b)
{
    return score_a != score_b ? score_a > score_b : row_a < row_b;
}

/* A heap whose top is the last of those kept. */
static void sink(aisle_search_item *heap, int32_t n, int32_t i)
{
    for (int32_t child = 2 * i + 1; child < n; child = 2 * i + 1) {
        if (child + 1 < n &&
            is_before(heap[child].score, heap[child].row, heap[child + 1].score, heap[child + 1].row))
            child++;
        if (is_before(heap[child].score, heap[child].row, heap[i].score, heap[i].row)) return;
        aisle_search_item kept = heap[i];
        heap[i] = heap[child];
        heap[child] = kept;
        i = child;
    }
}

static int by_place(const void *a, const void *b)
{
    const aisle_search_item *x = a, *y = b;
    return is_before(x->score, x->row, y->score, y->row) ? -1 : 1;
}

aisle_status aisle_search_best(const aisle_catalogue *c, const aisle_search_hit *hits, int64_t n_hits,
                               const uint64_t *pass, const aisle_search_place *from, int32_t most,
                               aisle_arena *a, aisle_search_item **out, int32_t *n, aisle_error *err)
{
    aisle_search_item *heap = aisle_arena_calloc(a, (size_t)most, sizeof *heap);
    int32_t count = 0;
    if (!heap) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a page");
    for (int64_t i = 0; i < n_hits; i++) {
        const aisle_search_hit *h = &hits[i];
        if (from->row && !is_before(from->score, from->row, h->score, h->row)) continue;
        if (count == most && !is_before(h->score, h->row, heap[0].score, heap[0].row)) continue;
        int32_t slot = aisle_catalogue_slot_of_row(c, h->row);
        if (slot < 0 || !(pass[slot / 64] >> (slot % 64) & 1)) continue;
        aisle_search_item one = {.row = h->row, .score = h->score};
        if (count < most) {
            heap[count++] = one;
            for (int32_t k = count / 2 - 1; count == most && k >= 0; k--) sink(heap, count, k);
        } else {
            heap[0] = one;
            sink(heap, count, 0);
        }
    }
    if (count) qsort(heap, (size_t)count, sizeof *heap, by_place);
    for (int32_t i = 0; i < count; i++) {
        aisle_str id = aisle_catalogue_id(c, aisle_catalogue_slot_of_row(c, heap[i].row));
        heap[i].id = (aisle_str){aisle_arena_strndup(a, id.ptr, id.len), id.len};
        if (!heap[i].id.ptr) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a page");
    }
    *out = heap;
    *n = count;
    return AISLE_OK;
}
