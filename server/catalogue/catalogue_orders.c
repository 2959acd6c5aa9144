/* The orders of lists: shown slots sorted by key and row. A changed product is moved in place by one memmove; a page is a
 * walk from the cursor's place over the bits of the matches. */
#include <stdlib.h>

#include "server/catalogue/catalogue_columns.h"

static int64_t number_key(const aisle_columns *c, aisle_catalogue_order o, int32_t slot)
{
    switch (o) {
    case AISLE_ORDER_PRICE: return c->price[slot] < 0 ? INT64_MAX : c->price[slot];
    case AISLE_ORDER_PRICE_DESC: return -c->price[slot]; /* unknown: 1 */
    case AISLE_ORDER_NEWEST: return c->created[slot] == 0 ? INT64_MAX : -c->created[slot];
    case AISLE_ORDER_RATING: return -(int64_t)c->rating_key[slot]; /* unrated: 1 */
    case AISLE_ORDER_POPULAR: return -c->popular[slot];
    default: return 0;
    }
}

static aisle_str text_key(const aisle_columns *c, aisle_catalogue_order o, int32_t slot)
{
    if (o == AISLE_ORDER_ID) return aisle_idmap_get(c->ids, slot);
    if (o != AISLE_ORDER_TITLE) return (aisle_str){"", 0};
    return (aisle_str){c->titles.data + c->title_at[slot], c->title_len[slot]};
}

aisle_place aisle_columns_place(const aisle_columns *c, aisle_catalogue_order o, int32_t slot)
{
    return (aisle_place){number_key(c, o, slot), text_key(c, o, slot), c->row[slot]};
}

static int compare(const aisle_place *a, const aisle_place *b)
{
    if (a->number != b->number) return a->number < b->number ? -1 : 1;
    size_t n = a->text.len < b->text.len ? a->text.len : b->text.len;
    int d = n ? memcmp(a->text.ptr, b->text.ptr, n) : 0;
    if (d) return d;
    if (a->text.len != b->text.len) return a->text.len < b->text.len ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* How many of the order's first n stand before the place, or on it when `on` is set. */
static int32_t find(const aisle_columns *c, aisle_catalogue_order o, const aisle_place *p, int32_t n, bool on)
{
    int32_t low = 0, high = n;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        aisle_place at = aisle_columns_place(c, o, c->order[o][middle]);
        int d = compare(&at, p);
        if (d < 0 || (on && d == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void aisle_columns_take_out(aisle_columns *c, aisle_catalogue_order o, int32_t slot)
{
    aisle_place p = aisle_columns_place(c, o, slot);
    int32_t at = find(c, o, &p, c->n_ordered, false);
    memmove(c->order[o] + at, c->order[o] + at + 1, (size_t)(c->n_ordered - at - 1) * sizeof **c->order);
    c->moves += c->n_ordered - at;
}

void aisle_columns_put_in(aisle_columns *c, aisle_catalogue_order o, int32_t slot, int32_t n)
{
    aisle_place p = aisle_columns_place(c, o, slot);
    int32_t at = find(c, o, &p, n, false);
    memmove(c->order[o] + at + 1, c->order[o] + at, (size_t)(n - at) * sizeof **c->order);
    c->order[o][at] = slot;
    c->moves += n - at;
}

/* What is sorted: a key that mostly decides, then the place. */
typedef struct sorted {
    int64_t key;
    aisle_place place;
    int32_t slot;
} sorted;

static int compare_sorted(const void *a, const void *b)
{
    const sorted *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return compare(&x->place, &y->place);
}

/* The first bytes of the text as a number that sorts alike. */
static int64_t prefix(aisle_str s)
{
    uint64_t key = 0;
    for (size_t i = 0; i < 8; i++) key = key << 8 | (i < s.len ? (unsigned char)s.ptr[i] : 0);
    return (int64_t)(key ^ (uint64_t)1 << 63);
}

aisle_status aisle_columns_sort_one(const aisle_columns *c, aisle_catalogue_order o, int32_t *out,
                                    aisle_error *err)
{
    bool text = o == AISLE_ORDER_ID || o == AISLE_ORDER_TITLE;
    int32_t n_slots = aisle_idmap_count(c->ids), n = 0;
    sorted *list = aisle_array(n_slots, sizeof *list);
    if (!list) return aisle_fail(err, AISLE_ENOMEM, "out of memory to sort the catalogue");
    for (int32_t i = 0; i < n_slots; i++) {
        if (!aisle_bit(c->shown, i)) continue;
        aisle_place p = aisle_columns_place(c, o, i);
        list[n++] = (sorted){text ? prefix(p.text) : p.number, p, i};
    }
    qsort(list, (size_t)n, sizeof *list, compare_sorted);
    for (int32_t i = 0; i < n; i++) out[i] = list[i].slot;
    aisle_free(list);
    return AISLE_OK;
}

aisle_status aisle_columns_sort(aisle_columns *c, aisle_error *err)
{
    int32_t n_slots = aisle_idmap_count(c->ids), n = 0;
    for (int o = 0; o < AISLE_ORDERS && n_slots; o++)
        AISLE_TRY(aisle_columns_sort_one(c, (aisle_catalogue_order)o, c->order[o], err));
    for (int32_t i = 0; i < n_slots; i++) n += aisle_bit(c->shown, i);
    c->n_ordered = n;
    return AISLE_OK;
}

aisle_status aisle_catalogue_page(const aisle_catalogue *k, aisle_page *page, aisle_arena *a,
                                  aisle_error *err)
{
    const aisle_columns *c = k->now;
    char text[AISLE_CURSOR_TEXT];
    aisle_place from;
    int32_t at = 0;
    if (page->limit < 1 || page->limit > AISLE_PAGE_MAX)
        return aisle_fail(err, AISLE_EINVAL, "limit %d: must be 1 to %d", page->limit, AISLE_PAGE_MAX);
    if ((unsigned)page->order >= AISLE_ORDERS)
        return aisle_fail(err, AISLE_EINVAL, "order %d: unknown", (int)page->order);
    if (page->cursor.ptr) {
        AISLE_TRY(aisle_cursor_decode(page->cursor, page->order, page->tag, &from, text, err));
        at = find(c, page->order, &from, c->n_ordered, true);
    }
    const int32_t *order = c->order[page->order];
    page->n = 0;
    page->next = (aisle_str){NULL, 0};
    for (; at < c->n_ordered; at++) {
        if (!aisle_bit(page->matches->bits, order[at])) continue;
        if (page->n == page->limit) break; /* there is more */
        page->slots[page->n++] = order[at];
    }
    if (at == c->n_ordered) return AISLE_OK;
    aisle_place last = aisle_columns_place(c, page->order, page->slots[page->n - 1]);
    page->next = aisle_str_from(aisle_cursor_encode(page->order, page->tag, &last, a));
    return page->next.ptr ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for a page");
}
