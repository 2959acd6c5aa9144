/* A direct-mapped table of fixed places: nothing is allocated for an id. */
#include "server/store/id_cache.h"

#include <sodium.h>
#include <string.h>

#include "aisle/memory.h"

enum { PLACES = 1 << 16, TEXT = 50 }; /* 64 bytes a place; longer ids are not kept */

struct aisle_cached_id {
    int64_t id;
    uint32_t generation;
    uint8_t kind, len;
    char text[TEXT];
};

void aisle_id_cache_deinit(aisle_id_cache *c)
{
    aisle_free(c->places);
    *c = (aisle_id_cache){0};
}

static struct aisle_cached_id *place(const aisle_id_cache *c, int kind, aisle_str ext)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES];
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)ext.ptr, ext.len, key);
    return &c->places[(hash + (uint64_t)kind * 7919) % PLACES];
}

int64_t aisle_id_cache_get(const aisle_id_cache *c, int kind, aisle_str ext)
{
    if (!c->places || ext.len > TEXT) return 0;
    const struct aisle_cached_id *p = place(c, kind, ext);
    bool same = p->id && p->generation == c->generation && p->kind == kind && p->len == ext.len &&
                memcmp(p->text, ext.ptr, ext.len) == 0;
    return same ? p->id : 0;
}

void aisle_id_cache_put(aisle_id_cache *c, int kind, aisle_str ext, int64_t id)
{
    if (!c->places) c->places = aisle_calloc(PLACES, sizeof *c->places);
    if (!c->places || ext.len > TEXT) return;
    struct aisle_cached_id *p = place(c, kind, ext);
    *p = (struct aisle_cached_id){id, c->generation, (uint8_t)kind, (uint8_t)ext.len, ""};
    memcpy(p->text, ext.ptr, ext.len);
}

void aisle_id_cache_clear(aisle_id_cache *c)
{
    c->generation++;
    if (c->generation == 0) aisle_id_cache_deinit(c);
}
