/* One product into the columns: its texts become numbers, its numbers keys. */
#include <jansson.h>
#include <math.h>

#include "aisle/json_size.h"
#include "server/catalogue/catalogue_columns.h"
#include "server/catalogue/catalogue_where.h"

#define DECADE(n) INT64_C(1) * n, INT64_C(2) * n, INT64_C(5) * n
const int64_t aisle_price_bounds[AISLE_PRICE_RANGES + 1] = {
    0,
    DECADE(1),
    DECADE(10),
    DECADE(100),
    DECADE(1000),
    DECADE(10000),
    DECADE(100000),
    DECADE(1000000),
    DECADE(10000000),
    DECADE(100000000),
    DECADE(1000000000),
    DECADE(10000000000),
    DECADE(100000000000),
    DECADE(1000000000000),
    DECADE(10000000000000),
    DECADE(100000000000000),
    DECADE(1000000000000000),
    INT64_MAX,
};

aisle_columns *aisle_columns_new(void)
{
    aisle_columns *c = aisle_calloc(1, sizeof *c);
    if (!c) return NULL;
    aisle_idmap **maps[] = {&c->ids, &c->categories, &c->brands, &c->names, &c->pairs};
    bool made = true;
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) made = (*maps[i] = aisle_idmap_new()) && made;
    if (made) return c;
    aisle_columns_free(c);
    return NULL;
}

/* The arrays by slot. */
enum { SLOT_ARRAYS = 15 };
typedef struct slot_array {
    void **at;
    size_t size;
} slot_array;

static void slot_arrays(aisle_columns *c, slot_array out[SLOT_ARRAYS])
{
    const slot_array list[SLOT_ARRAYS] = {
        {(void **)&c->row, sizeof *c->row},
        {(void **)&c->price, sizeof *c->price},
        {(void **)&c->created, sizeof *c->created},
        {(void **)&c->stock, sizeof *c->stock},
        {(void **)&c->rating_count, sizeof *c->rating_count},
        {(void **)&c->popular, sizeof *c->popular},
        {(void **)&c->rating_key, sizeof *c->rating_key},
        {(void **)&c->category, sizeof *c->category},
        {(void **)&c->brand, sizeof *c->brand},
        {(void **)&c->rating, sizeof *c->rating},
        {(void **)&c->price_range, sizeof *c->price_range},
        {(void **)&c->title_at, sizeof *c->title_at},
        {(void **)&c->title_len, sizeof *c->title_len},
        {(void **)&c->pair_at, sizeof *c->pair_at},
        {(void **)&c->n_pairs, sizeof *c->n_pairs},
    };
    memcpy(out, list, sizeof list);
}

void aisle_columns_free(aisle_columns *c)
{
    slot_array arrays[SLOT_ARRAYS];
    if (!c) return;
    slot_arrays(c, arrays);
    for (int i = 0; i < SLOT_ARRAYS; i++) aisle_free(*arrays[i].at);
    for (int o = 0; o < AISLE_ORDERS; o++) aisle_free(c->order[o]);
    aisle_idmap *maps[] = {c->ids, c->categories, c->brands, c->names, c->pairs};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) aisle_idmap_free(maps[i]);
    aisle_free(c->shown);
    aisle_free(c->in_stock);
    aisle_free(c->pairs_of);
    aisle_free(c->category_parent);
    aisle_free(c->pair_name);
    aisle_free(c->pair_number);
    aisle_free(c->slot_of_row);
    aisle_buf_deinit(&c->titles);
    aisle_free(c);
}

static bool grow_bits(uint64_t **bits, int64_t old, int64_t cap)
{
    uint64_t *p = aisle_realloc(*bits, (size_t)cap / 64 * sizeof *p);
    if (!p) return false;
    memset(p + old / 64, 0, (size_t)(cap - old) / 64 * sizeof *p);
    *bits = p;
    return true;
}

/* Room for `need` slots; capacities are multiples of 64. */
static bool make_room(aisle_columns *c, int64_t need)
{
    slot_array arrays[SLOT_ARRAYS];
    int64_t cap = c->cap ? c->cap * 2 : 1024;
    if (need <= c->cap) return true;
    slot_arrays(c, arrays);
    for (int i = 0; i < SLOT_ARRAYS; i++) {
        void *p = aisle_realloc(*arrays[i].at, (size_t)cap * arrays[i].size);
        if (!p) return false;
        memset((char *)p + (size_t)c->cap * arrays[i].size, 0, (size_t)(cap - c->cap) * arrays[i].size);
        *arrays[i].at = p;
    }
    for (int o = 0; o < AISLE_ORDERS; o++) {
        void *p = aisle_realloc(c->order[o], (size_t)cap * sizeof *c->order[o]);
        if (!p) return false;
        c->order[o] = p;
    }
    if (!grow_bits(&c->shown, c->cap, cap) || !grow_bits(&c->in_stock, c->cap, cap)) return false;
    c->cap = cap;
    return true;
}

static bool note_row(aisle_columns *c, int64_t row)
{
    int64_t before = c->row_cap;
    if (!aisle_grow((void **)&c->slot_of_row, &c->row_cap, row + 1, sizeof *c->slot_of_row)) return false;
    for (int64_t i = before; i < c->row_cap; i++) c->slot_of_row[i] = -1;
    return true;
}

/* ---- texts to numbers ---- */

/* The node of a path, its parents made before it. -1 without a path; *ok false: out of memory. */
static int32_t category_of(aisle_columns *c, aisle_str path, bool *ok)
{
    int32_t parent = -1;
    if (path.len > AISLE_CATEGORY_BYTES) path.len = AISLE_CATEGORY_BYTES;
    int32_t known = path.len ? aisle_idmap_find(c->categories, path) : -1;
    if (known >= 0) return known;
    size_t end = 0;
    for (int level = 0; level < AISLE_CATEGORY_LEVELS && end < path.len; level++) {
        size_t from = level ? end + 3 : 0;
        const char *at = from < path.len ? memmem(path.ptr + from, path.len - from, " > ", 3) : NULL;
        end = at ? (size_t)(at - path.ptr) : path.len;
        int32_t n = aisle_idmap_count(c->categories);
        int32_t node = aisle_idmap_add(c->categories, (aisle_str){path.ptr, end});
        *ok =
            *ok && node >= 0 &&
            aisle_grow((void **)&c->category_parent, &c->category_cap, node + 1, sizeof *c->category_parent);
        if (!*ok) return -1;
        if (node == n) c->category_parent[node] = parent;
        parent = node;
    }
    return parent;
}

bool aisle_attribute_text(const json_t *v, char out[AISLE_ATTRIBUTE_TEXT + 1], size_t *len)
{
    int n;
    switch (json_typeof(v)) {
    case JSON_STRING:
        *len = json_string_length(v);
        if (*len == 0 || *len > AISLE_ATTRIBUTE_BYTES) return false;
        memcpy(out, json_string_value(v), *len);
        return true;
    case JSON_INTEGER: n = snprintf(out, 32, "%lld", (long long)json_integer_value(v)); break;
    case JSON_REAL: n = snprintf(out, 32, "%.9g", json_real_value(v)); break;
    case JSON_TRUE: n = snprintf(out, 32, "true"); break;
    case JSON_FALSE: n = snprintf(out, 32, "false"); break;
    default: return false;
    }
    *len = (size_t)n;
    return true;
}

/* The numbers of one product's pairs, each once. */
typedef struct pair_list {
    int32_t at[AISLE_ATTRIBUTE_PAIRS];
    int32_t n;
} pair_list;

static bool add_pair(aisle_columns *c, const char *name, const json_t *v, pair_list *out)
{
    char key[2 * AISLE_ATTRIBUTE_BYTES + 2];
    size_t name_len = strlen(name), len;
    if (out->n == AISLE_ATTRIBUTE_PAIRS || name_len > AISLE_ATTRIBUTE_BYTES) return true;
    if (!aisle_attribute_text(v, key + name_len + 1, &len)) return true;
    memcpy(key, name, name_len + 1);
    int32_t pair = aisle_idmap_add(c->pairs, (aisle_str){key, name_len + 1 + len});
    int32_t number = aisle_idmap_add(c->names, (aisle_str){name, name_len});
    if (pair < 0 || number < 0 ||
        !aisle_grow((void **)&c->pair_name, &c->pair_cap, pair + 1, sizeof *c->pair_name) ||
        !aisle_grow((void **)&c->pair_number, &c->pair_number_cap, pair + 1, sizeof *c->pair_number))
        return false;
    c->pair_name[pair] = number;
    if (!aisle_str_to_f64((aisle_str){key + name_len + 1, len}, &c->pair_number[pair]))
        c->pair_number[pair] = NAN;
    for (int32_t i = 0; i < out->n; i++)
        if (out->at[i] == pair) return true;
    out->at[out->n++] = pair;
    return true;
}

static bool read_pairs(aisle_columns *c, aisle_str attributes, pair_list *out)
{
    const char *name;
    json_t *v, *one;
    size_t i;
    bool ok = true;
    const bool some = attributes.len > 2 && !aisle_json_is_deep(attributes);
    json_t *object = some ? json_loadb(attributes.ptr, attributes.len, 0, NULL) : NULL;
    json_object_foreach(object, name, v)
    {
        if (!json_is_array(v)) {
            ok = ok && add_pair(c, name, v, out);
            continue;
        }
        json_array_foreach(v, i, one) ok = ok && add_pair(c, name, one, out);
    }
    json_decref(object);
    return ok;
}

/* The pairs as they lie behind the others, or where they lay when they are the same. */
static bool keep_pairs(aisle_columns *c, int32_t slot, const pair_list *list, int32_t *at)
{
    *at = c->pair_at[slot];
    size_t bytes = (size_t)list->n * sizeof *list->at;
    if (list->n == c->n_pairs[slot] && (!bytes || memcmp(c->pairs_of + *at, list->at, bytes) == 0))
        return true;
    if (c->pairs_of_n > INT32_MAX - AISLE_ATTRIBUTE_PAIRS) return false;
    if (!aisle_grow((void **)&c->pairs_of, &c->pairs_of_cap, c->pairs_of_n + list->n, sizeof *c->pairs_of))
        return false;
    *at = (int32_t)c->pairs_of_n;
    if (bytes) memcpy(c->pairs_of + *at, list->at, bytes);
    c->pairs_of_n += list->n;
    c->waste += c->n_pairs[slot];
    return true;
}

/* The first bytes of the title, else of the id, without case. */
static bool keep_title(aisle_columns *c, int32_t slot, const aisle_product *p, uint32_t *at, uint8_t *len)
{
    char key[AISLE_TITLE_KEY];
    aisle_str s = p->title.len ? p->title : p->id;
    *len = (uint8_t)(s.len < sizeof key ? s.len : sizeof key);
    for (size_t i = 0; i < *len; i++)
        key[i] = (char)(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? s.ptr[i] + ('a' - 'A') : s.ptr[i]);
    *at = c->title_at[slot];
    if (*len == c->title_len[slot] && memcmp(c->titles.data + *at, key, *len) == 0) return true;
    if (c->titles.len > UINT32_MAX - AISLE_TITLE_KEY) return false;
    *at = (uint32_t)c->titles.len;
    c->waste += c->title_len[slot];
    return aisle_buf_append(&c->titles, key, *len);
}

/* ---- a product ---- */

/* What the columns hold of a product, before it is in them. */
typedef struct entry {
    int64_t price, created, stock;
    int32_t category, brand, pair_at, n_pairs, rating_key, rating_count;
    uint32_t title_at;
    uint8_t title_len, rating;
    bool shown, in_stock;
} entry;

static uint8_t range_of(int64_t price)
{
    int low = 0, high = AISLE_PRICE_RANGES;
    if (price < 0) return AISLE_PRICE_RANGES;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (aisle_price_bounds[middle] <= price)
            low = middle;
        else
            high = middle;
    }
    return (uint8_t)low;
}

static void rate(const aisle_product *p, entry *e)
{
    int64_t n = p->rating_count, halves = p->rating_half_stars;
    e->rating_key = -1;
    e->rating = 0;
    e->rating_count = 0;
    if (n <= 0 || halves <= 0 || halves / n > 10) return;
    e->rating_count = (int32_t)(n < INT32_MAX ? n : INT32_MAX);
    double mixed = (double)halves + (double)(AISLE_RATING_MIXED * AISLE_RATING_MIXED_HALVES);
    e->rating = (uint8_t)(halves / n);
    e->rating_key = (int32_t)(mixed / (double)(n + AISLE_RATING_MIXED) * 1e6);
}

static bool prepare(aisle_columns *c, int32_t slot, const aisle_product_facts *f, entry *e)
{
    const aisle_product *p = &f->product;
    pair_list pairs;
    bool ok = true;
    pairs.n = 0;
    e->shown = f->version > 0 && p->visibility != AISLE_HIDDEN;
    e->in_stock = p->stock != 0;
    e->price = p->price_minor;
    e->created = p->created_ms;
    e->stock = p->stock;
    e->category = category_of(c, p->category, &ok);
    e->brand = p->brand.len ? aisle_idmap_add(c->brands, p->brand) : -1;
    rate(p, e);
    if (!ok || (p->brand.len && e->brand < 0) || !read_pairs(c, p->attributes, &pairs)) return false;
    e->n_pairs = pairs.n;
    return keep_title(c, slot, p, &e->title_at, &e->title_len) && keep_pairs(c, slot, &pairs, &e->pair_at);
}

/* Whether the entry stands elsewhere in the order than the product does now. */
static bool moves(const aisle_columns *c, aisle_catalogue_order o, int32_t slot, const entry *e)
{
    switch (o) {
    case AISLE_ORDER_PRICE:
    case AISLE_ORDER_PRICE_DESC: return c->price[slot] != e->price;
    case AISLE_ORDER_NEWEST: return c->created[slot] != e->created;
    case AISLE_ORDER_TITLE: return c->title_at[slot] != e->title_at || c->title_len[slot] != e->title_len;
    case AISLE_ORDER_RATING: return c->rating_key[slot] != e->rating_key;
    default: return false;
    }
}

static void set_bit(uint64_t *bits, int32_t i, bool on)
{
    uint64_t mask = (uint64_t)1 << (i % 64);
    bits[i / 64] = on ? bits[i / 64] | mask : bits[i / 64] & ~mask;
}

static void write(aisle_columns *c, int32_t slot, const entry *e)
{
    c->price[slot] = e->price;
    c->price_range[slot] = range_of(e->price);
    c->created[slot] = e->created;
    c->stock[slot] = e->stock;
    c->category[slot] = e->category;
    c->brand[slot] = e->brand;
    c->rating[slot] = e->rating;
    c->rating_count[slot] = e->rating_count;
    c->rating_key[slot] = e->rating_key;
    c->title_at[slot] = e->title_at;
    c->title_len[slot] = e->title_len;
    c->pair_at[slot] = e->pair_at;
    c->n_pairs[slot] = e->n_pairs;
    set_bit(c->shown, slot, e->shown);
    set_bit(c->in_stock, slot, e->in_stock);
}

aisle_status aisle_columns_put(aisle_columns *c, const aisle_product_facts *f, bool ordered, aisle_error *err)
{
    entry e;
    bool leaves[AISLE_ORDERS], comes[AISLE_ORDERS];
    if (f->version <= 0 && aisle_idmap_find(c->ids, f->product.id) < 0) return AISLE_OK;
    int32_t slot = make_room(c, (int64_t)aisle_idmap_count(c->ids) + 1) && note_row(c, f->row)
                       ? aisle_idmap_add(c->ids, f->product.id)
                       : -1;
    if (slot < 0 || !prepare(c, slot, f, &e))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the catalogue");
    bool was = aisle_bit(c->shown, slot);
    for (int o = 0; o < AISLE_ORDERS && ordered; o++) {
        bool moved = moves(c, (aisle_catalogue_order)o, slot, &e);
        leaves[o] = was && (!e.shown || moved);
        comes[o] = e.shown && (!was || moved);
        if (leaves[o]) aisle_columns_take_out(c, (aisle_catalogue_order)o, slot);
    }
    if (was && !e.shown) c->n_ordered--;
    if (was != e.shown || (was && c->category[slot] != e.category)) c->shape++;
    if (f->version <= 0) c->waste += AISLE_TITLE_KEY;
    write(c, slot, &e);
    c->row[slot] = f->row;
    c->slot_of_row[f->row] = slot;
    if (ordered) c->put[c->puts++ % AISLE_CATALOGUE_PUTS] = slot;
    for (int o = 0; o < AISLE_ORDERS && ordered; o++)
        if (comes[o])
            aisle_columns_put_in(c, (aisle_catalogue_order)o, slot, was ? c->n_ordered - 1 : c->n_ordered);
    if (!was && e.shown) c->n_ordered++;
    return AISLE_OK;
}
