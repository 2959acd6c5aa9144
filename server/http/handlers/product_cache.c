/* A direct-mapped table: what comes later takes the place. */
#include "server/http/handlers/product_cache.h"

#include <stdio.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "server/auth/random_id.h"

enum { SLOTS = 4096, BYTES_MAX = 16 << 20, TEXT_MAX = 1 << 20 };

struct aisle_product_cache {
    aisle_cached_product slots[SLOTS];
    size_t bytes;
    int32_t hand;
};

aisle_product_cache *aisle_product_cache_new(void)
{
    return aisle_calloc(1, sizeof(aisle_product_cache));
}

static void empty(aisle_product_cache *c, aisle_cached_product *p)
{
    c->bytes -= p->id_len + p->text_len;
    aisle_free(p->id);
    aisle_free(p->text);
    *p = (aisle_cached_product){0};
}

void aisle_product_cache_free(aisle_product_cache *c)
{
    for (int32_t i = 0; c && i < SLOTS; i++) empty(c, &c->slots[i]);
    aisle_free(c);
}

aisle_cached_product *aisle_product_cache_find(aisle_product_cache *c, aisle_str id)
{
    uint64_t hash = aisle_hash64(id.ptr, id.len, 0);
    aisle_cached_product *p = &c->slots[hash % SLOTS];
    bool same = p->id && p->hash == hash && aisle_str_eq((aisle_str){p->id, p->id_len}, id);
    return same ? p : NULL;
}

void aisle_product_cache_put(aisle_product_cache *c, const aisle_cached_product *p)
{
    uint64_t hash = aisle_hash64(p->id, p->id_len, 0);
    aisle_cached_product *to = &c->slots[hash % SLOTS], copy = *p;
    empty(c, to);
    if (p->text_len > TEXT_MAX) return;
    for (; c->bytes + p->id_len + p->text_len > BYTES_MAX; c->hand = (c->hand + 1) % SLOTS)
        empty(c, &c->slots[c->hand]);
    copy.hash = hash;
    copy.id = aisle_strndup(p->id, p->id_len);
    copy.text = aisle_strndup(p->text, p->text_len);
    c->bytes += copy.id_len + copy.text_len;
    *to = copy;
    if (!copy.id || !copy.text) empty(c, to);
}

void aisle_product_tag(int64_t version, const char *text, size_t n, char tag[AISLE_PRODUCT_TAG])
{
    char hex[AISLE_HEX_BYTES];
    aisle_digest(text, n, hex);
    snprintf(tag, AISLE_PRODUCT_TAG, "\"%lld-%s\"", (long long)version, hex);
}
