/* External ids of ratings become dense ones. Numbers that a table can hold cost one bit each and 32 bits a word of 64:
 * a dense id is how many of them are smaller (Jacobson 1989, rank by counting), so that even millions of ids are
 * looked up in the second-level cache. Other numbers go through a hash table, everything else through the id map. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/data/ratings_impl.h"

static const uint64_t EMPTY = UINT64_MAX;

/* ---- numbers in a hash table ---- */

static ratings_hash_slot *hash_slot(const ratings_hash *h, uint64_t key)
{
    uint64_t mask = (uint64_t)h->cap - 1, at = key * 0x9e3779b97f4a7c15U >> h->shift;
    while (h->slots[at].key != key && h->slots[at].key != EMPTY) at = (at + 1) & mask;
    return &h->slots[at];
}

static bool hash_room(ratings_hash *h, int64_t n)
{
    int64_t cap = h->cap ? h->cap : 64;
    while (cap < 2 * n) cap *= 2;
    if (cap == h->cap) return true;
    ratings_hash grown = {.n = h->n, .cap = cap, .shift = 64 - __builtin_ctzll((uint64_t)cap)};
    grown.slots = aisle_array(cap, sizeof *grown.slots);
    if (!grown.slots) return false;
    memset(grown.slots, 0xff, (size_t)cap * sizeof *grown.slots);
    for (int64_t i = 0; i < h->cap; i++)
        if (h->slots[i].key != EMPTY) *hash_slot(&grown, h->slots[i].key) = h->slots[i];
    aisle_free(h->slots);
    *h = grown;
    return true;
}

static bool hash_learn(ratings_hash *h, const uint64_t *id, int32_t n)
{
    if (!hash_room(h, h->n + n)) return false;
    for (int32_t i = 0; i < n; i++) {
        ratings_hash_slot *s = hash_slot(h, id[i]);
        if (s->key == EMPTY) {
            *s = (ratings_hash_slot){id[i], 0};
            h->n++;
        }
        s->count++;
    }
    return true;
}

/* ---- text ---- */

static aisle_str text_of(const ratings_block *b, uint64_t id)
{
    return (aisle_str){b->text + (id >> 32), (size_t)(id & 0xffffffffU)};
}

static bool text_learn(ratings_seen *s, const ratings_block *b, const uint64_t *id, int32_t n)
{
    if (!s->map && !(s->map = aisle_idmap_new())) return false;
    int32_t known = aisle_idmap_count(s->map);
    if (!aisle_grow((void **)&s->first, &s->first_cap, (int64_t)known + n, sizeof *s->first) ||
        !aisle_grow((void **)&s->count, &s->count_cap, (int64_t)known + n, sizeof *s->count))
        return false;
    for (int32_t i = 0; i < n; i++) {
        int32_t dense = aisle_idmap_add(s->map, text_of(b, id[i]));
        if (dense < 0) return false;
        if (dense == known) {
            s->first[known] =
                b->at + (int64_t)(id[i] >> 32); /* a thread's blocks ascend: nothing came before */
            s->count[known++] = 0;
        }
        s->count[dense]++;
    }
    return true;
}

/* ---- numbers in a table ---- */

/* An id that comes many times in a row, as in sorted files, is counted once. */
static bool direct_learn(ratings_ids *c, const uint64_t *id, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (id[i] >= (uint64_t)c->limit) return false;
    for (int32_t i = 0, same; i < n; i += same) {
        for (same = 1; i + same < n && id[i + same] == id[i];) same++;
        if (c->counted)
            __atomic_fetch_add(&c->count[id[i]], (uint32_t)same, __ATOMIC_RELAXED);
        else {
            uint64_t *word = &c->bits[id[i] / 64], bit = (uint64_t)1 << id[i] % 64;
            if (!(__atomic_load_n(word, __ATOMIC_RELAXED) & bit))
                __atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
        }
    }
    return true;
}

/* Ones of a word, without an instruction that not every machine has. */
static inline int32_t ones(uint64_t v)
{
    v -= v >> 1 & 0x5555555555555555U;
    v = (v & 0x3333333333333333U) + (v >> 2 & 0x3333333333333333U);
    return (int32_t)(((v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fU) * 0x0101010101010101U >> 56);
}

static bool direct_find(const ratings_ids *c, const uint64_t *id, int32_t n, int32_t *out)
{
    bool found = true;
    for (int32_t i = 0; i < n; i++) {
        if (id[i] >= (uint64_t)c->limit) return false;
        uint64_t word = c->bits[id[i] / 64], bit = (uint64_t)1 << id[i] % 64;
        found &= (word & bit) != 0;
        out[i] = c->before[id[i] / 64] + ones(word & (bit - 1));
    }
    return found;
}

static int64_t words_of(const ratings_ids *c)
{
    return c->limit / 64 + 1;
}

/* Cuts the table behind the largest number. */
static void direct_bits(ratings_ids *c)
{
    int64_t words = words_of(c);
    if (c->counted)
#pragma omp parallel for num_threads(c->threads) schedule(static)
        for (int64_t w = 0; w < words; w++) {
            uint64_t bits = 0;
            for (int64_t i = w * 64; i < w * 64 + 64 && i < c->limit; i++)
                bits |= (uint64_t)(c->count[i] > 0) << (i & 63);
            if (bits) c->bits[w] = bits;
        }
    while (words > 1 && !c->bits[words - 1]) words--;
    if (c->limit > words * 64) c->limit = words * 64;
}

static aisle_status direct_number(ratings_ids *c, aisle_error *err)
{
    int64_t n = 0;
    direct_bits(c);
    c->before = aisle_array(words_of(c), sizeof *c->before);
    if (!c->before) return aisle_fail(err, AISLE_ENOMEM, "out of memory for ids");
    for (int64_t w = 0; w < words_of(c); w++) {
        c->before[w] = (int32_t)n; /* limit is below 2^31 */
        n += ones(c->bits[w]);
    }
    c->ids.number = aisle_array(n, sizeof *c->ids.number);
    if (!c->ids.number) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld ids", (long long)n);
    c->ids.n = (int32_t)n;
    for (int64_t w = 0, k = 0; w < words_of(c); w++)
        for (uint64_t m = c->bits[w]; m; m &= m - 1) c->ids.number[k++] = w * 64 + __builtin_ctzll(m);
    return AISLE_OK;
}

/* ---- numbering ---- */

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static aisle_status too_many(int64_t n, aisle_error *err)
{
    return aisle_fail(err, AISLE_EUNSUPPORTED, "%lld ids in one column: at most %d", (long long)n,
                      INT32_MAX - 1);
}

static aisle_status hash_number(ratings_ids *c, aisle_error *err)
{
    int64_t all = 0, n = 0;
    for (int32_t t = 0; t < c->threads; t++) all += c->seen[t].hash.n;
    int64_t *key = aisle_array(all, sizeof *key);
    if (!key) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld ids", (long long)all);
    for (int32_t t = 0; t < c->threads; t++)
        for (int64_t i = 0; i < c->seen[t].hash.cap; i++)
            if (c->seen[t].hash.slots[i].key != EMPTY) key[n++] = (int64_t)c->seen[t].hash.slots[i].key;
    qsort(key, (size_t)n, sizeof *key, ascending);
    int64_t distinct = 0;
    for (int64_t i = 0; i < n; i++)
        if (i == 0 || key[i] != key[i - 1]) key[distinct++] = key[i];
    c->ids.number = key;
    if (distinct >= INT32_MAX) return too_many(distinct, err);
    c->ids.n = (int32_t)distinct;
    if (!hash_room(&c->hash, distinct))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld ids", (long long)distinct);
    for (int32_t i = 0; i < c->ids.n; i++)
        *hash_slot(&c->hash, (uint64_t)key[i]) = (ratings_hash_slot){(uint64_t)key[i], (uint32_t)i};
    return AISLE_OK;
}

typedef struct sighting {
    int64_t first;
    int32_t thread, id;
} sighting;

static int by_first(const void *a, const void *b)
{
    const sighting *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* In the order of the file: the first sighting of each id comes before its others. */
static aisle_status text_number(ratings_ids *c, aisle_error *err)
{
    int64_t all = 0, n = 0;
    for (int32_t t = 0; t < c->threads; t++)
        if (c->seen[t].map) all += aisle_idmap_count(c->seen[t].map);
    sighting *s = aisle_array(all, sizeof *s);
    c->ids.text = aisle_idmap_new();
    aisle_status st = s && c->ids.text ? AISLE_OK : AISLE_ENOMEM;
    for (int32_t t = 0; st == AISLE_OK && t < c->threads; t++)
        for (int32_t i = 0; c->seen[t].map && i < aisle_idmap_count(c->seen[t].map); i++)
            s[n++] = (sighting){c->seen[t].first[i], t, i};
    if (st == AISLE_OK) qsort(s, (size_t)n, sizeof *s, by_first);
    for (int64_t i = 0; st == AISLE_OK && i < n; i++)
        if (aisle_idmap_add(c->ids.text, aisle_idmap_get(c->seen[s[i].thread].map, s[i].id)) < 0)
            st = AISLE_ENOMEM;
    aisle_free(s);
    if (st != AISLE_OK) return aisle_fail(err, st, "out of memory for %lld ids", (long long)all);
    c->ids.n = aisle_idmap_count(c->ids.text);
    return AISLE_OK;
}

/* Adds the counts of what was seen into [1 ..] of row_ptr. */
static void add_counts(const ratings_ids *c, int64_t *row_ptr)
{
    if (c->kind == RATINGS_DIRECT)
        for (int32_t i = 0; i < c->ids.n; i++) row_ptr[i + 1] += c->count[c->ids.number[i]];
    for (int32_t t = 0; c->seen && t < c->threads; t++) {
        const ratings_seen *s = &c->seen[t];
        for (int64_t i = 0; i < s->hash.cap; i++)
            if (s->hash.slots[i].key != EMPTY)
                row_ptr[hash_slot(&c->hash, s->hash.slots[i].key)->count + 1] += s->hash.slots[i].count;
        for (int32_t i = 0; s->map && i < aisle_idmap_count(s->map); i++)
            row_ptr[aisle_idmap_find(c->ids.text, aisle_idmap_get(s->map, i)) + 1] += s->count[i];
    }
}

static void forget(ratings_ids *c)
{
    for (int32_t t = 0; c->seen && t < c->threads; t++) {
        aisle_free(c->seen[t].hash.slots);
        aisle_idmap_free(c->seen[t].map);
        aisle_free(c->seen[t].first);
        aisle_free(c->seen[t].count);
    }
    aisle_free(c->seen);
    aisle_free(c->count);
    c->seen = NULL;
    c->count = NULL;
}

/* ---- */

aisle_status ratings_ids_init(ratings_ids *c, aisle_error *err)
{
    bool direct = c->kind == RATINGS_DIRECT, ok;
    if (direct) {
        /* the system gives zero pages only where they are touched */
        c->bits = aisle_calloc((size_t)words_of(c), sizeof *c->bits);
        c->count = c->counted ? aisle_calloc((size_t)c->limit, sizeof *c->count) : NULL;
        ok = c->bits && (c->count || !c->counted);
    } else {
        c->seen = aisle_calloc((size_t)c->threads, sizeof *c->seen);
        ok = c->seen != NULL;
    }
    return ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for ids");
}

void ratings_ids_deinit(ratings_ids *c)
{
    forget(c);
    aisle_free(c->bits);
    aisle_free(c->before);
    aisle_free(c->hash.slots);
    aisle_free(c->ids.number);
    aisle_idmap_free(c->ids.text);
    *c = (ratings_ids){0};
}

aisle_status ratings_ids_learn(ratings_ids *c, int32_t thread, const ratings_block *b, const uint64_t *id,
                               int32_t n)
{
    switch (c->kind) {
    case RATINGS_DIRECT: return direct_learn(c, id, n) ? AISLE_OK : AISLE_EUNSUPPORTED;
    case RATINGS_HASH: return hash_learn(&c->seen[thread].hash, id, n) ? AISLE_OK : AISLE_ENOMEM;
    case RATINGS_TEXT: return text_learn(&c->seen[thread], b, id, n) ? AISLE_OK : AISLE_ENOMEM;
    }
    return AISLE_EINTERNAL;
}

aisle_status ratings_ids_number(ratings_ids *c, int64_t **row_ptr, aisle_error *err)
{
    switch (c->kind) {
    case RATINGS_DIRECT: AISLE_TRY(direct_number(c, err)); break;
    case RATINGS_HASH: AISLE_TRY(hash_number(c, err)); break;
    case RATINGS_TEXT: AISLE_TRY(text_number(c, err)); break;
    }
    if (row_ptr) {
        int64_t *p = aisle_array((int64_t)c->ids.n + 1, sizeof *p);
        if (!p) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %d rows", c->ids.n);
        memset(p, 0, ((size_t)c->ids.n + 1) * sizeof *p);
        add_counts(c, p);
        for (int32_t i = 0; i < c->ids.n; i++) p[i + 1] += p[i];
        *row_ptr = p;
    }
    forget(c);
    return AISLE_OK;
}

bool ratings_ids_find(const ratings_ids *c, const ratings_block *b, const uint64_t *id, int32_t n,
                      int32_t *out)
{
    if (c->kind == RATINGS_DIRECT) return direct_find(c, id, n, out);
    for (int32_t i = 0; i < n; i++) {
        if (c->kind == RATINGS_TEXT)
            out[i] = aisle_idmap_find(c->ids.text, text_of(b, id[i]));
        else {
            const ratings_hash_slot *s = hash_slot(&c->hash, id[i]);
            out[i] = s->key == EMPTY ? -1 : (int32_t)s->count;
        }
        if (out[i] < 0) return false;
    }
    return true;
}
