/* A short table that is searched from one end to the other: sixty-four hashes are a kilobyte. */
#include "server/recommend/filter_cache.h"

#include <pthread.h>

#include "aisle/memory.h"
#include "aisle/rng.h"

typedef struct entry {
    char *key;
    size_t len;
    aisle_item_bits *bits; /* NULL = free */
    int64_t as_of, used;
} entry;

struct aisle_filter_cache {
    pthread_mutex_t lock;
    int64_t clock;
    uint64_t hash[AISLE_FILTERS_KEPT];
    entry entries[AISLE_FILTERS_KEPT];
};

aisle_item_bits *aisle_item_bits_new(int64_t words)
{
    aisle_item_bits *b = aisle_calloc(1, sizeof *b + (size_t)words * sizeof *b->at);
    if (b) b->refs = 1;
    return b;
}

static aisle_item_bits *add_ref(aisle_item_bits *b)
{
    __atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
    return b;
}

void aisle_item_bits_unref(void *bits)
{
    aisle_item_bits *b = bits;
    if (b && __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL) == 0) aisle_free(b);
}

aisle_filter_cache *aisle_filter_cache_new(void)
{
    aisle_filter_cache *c = aisle_calloc(1, sizeof *c);
    if (c) pthread_mutex_init(&c->lock, NULL);
    return c;
}

void aisle_filter_cache_free(aisle_filter_cache *c)
{
    if (!c) return;
    for (int i = 0; i < AISLE_FILTERS_KEPT; i++) {
        aisle_item_bits_unref(c->entries[i].bits);
        aisle_free(c->entries[i].key);
    }
    pthread_mutex_destroy(&c->lock);
    aisle_free(c);
}

static entry *find(aisle_filter_cache *c, aisle_str key, uint64_t hash)
{
    for (int i = 0; i < AISLE_FILTERS_KEPT; i++) {
        entry *e = &c->entries[i];
        if (c->hash[i] == hash && e->bits && aisle_str_eq((aisle_str){e->key, e->len}, key)) return e;
    }
    return NULL;
}

aisle_item_bits *aisle_filter_cache_find(aisle_filter_cache *c, aisle_str key, int64_t *as_of)
{
    aisle_item_bits *found = NULL;
    uint64_t hash = aisle_hash64(key.ptr, key.len, 0);
    pthread_mutex_lock(&c->lock);
    entry *e = find(c, key, hash);
    if (e) {
        found = add_ref(e->bits);
        *as_of = e->as_of;
        e->used = ++c->clock;
    }
    pthread_mutex_unlock(&c->lock);
    return found;
}

static entry *oldest(aisle_filter_cache *c)
{
    entry *e = c->entries;
    for (int i = 1; i < AISLE_FILTERS_KEPT; i++)
        if (c->entries[i].used < e->used) e = &c->entries[i];
    return e;
}

void aisle_filter_cache_put(aisle_filter_cache *c, aisle_str key, int64_t as_of, aisle_item_bits *bits)
{
    uint64_t hash = aisle_hash64(key.ptr, key.len, 0);
    if (key.len > AISLE_FILTER_KEY_BYTES) return;
    char *copy = aisle_strndup(key.ptr, key.len); /* before the lock */
    if (!copy) return;
    pthread_mutex_lock(&c->lock);
    entry *e = find(c, key, hash), old = {0};
    if (!e || e->as_of < as_of) {
        if (!e) e = oldest(c);
        old = *e;
        *e = (entry){copy, key.len, add_ref(bits), as_of, ++c->clock};
        c->hash[e - c->entries] = hash;
        copy = NULL;
    }
    pthread_mutex_unlock(&c->lock);
    aisle_item_bits_unref(old.bits);
    aisle_free(old.key);
    aisle_free(copy);
}
