/* Chains by the hash of the name. Room is made a chain at a time, one after the other: which entries go is as good as random,
 * and finding one writes nothing. */
#include "server/store/kept.h"

#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"

enum { CHAINS = 1 << 16, AT_ONCE = 32 };

struct aisle_kept {
    size_t bytes, bytes_max;
    uint32_t hand; /* the chain that makes room next */
    aisle_kept_entry *chains[CHAINS];
};

aisle_kept *aisle_kept_new(size_t bytes_max)
{
    aisle_kept *k = aisle_calloc(1, sizeof *k);
    if (k) k->bytes_max = bytes_max;
    return k;
}

static size_t size_of(size_t name_len, size_t len)
{
    return sizeof(aisle_kept_entry) + (name_len + 7) / 8 * 8 + len;
}

static void drop_at(aisle_kept *k, aisle_kept_entry **at)
{
    aisle_kept_entry *e = *at;
    *at = e->next;
    k->bytes -= size_of(e->name_len, e->len);
    aisle_free(e);
}

static void drop_chain(aisle_kept *k, uint32_t chain)
{
    while (k->chains[chain]) drop_at(k, &k->chains[chain]);
}

void aisle_kept_clear(aisle_kept *k)
{
    for (uint32_t c = 0; c < CHAINS && k->bytes; c++) drop_chain(k, c);
}

void aisle_kept_free(aisle_kept *k)
{
    if (k) aisle_kept_clear(k);
    aisle_free(k);
}

static bool has_name(const aisle_kept_entry *e, uint64_t hash, aisle_str name)
{
    return e->hash == hash && e->name_len == name.len && memcmp(e->bytes, name.ptr, name.len) == 0;
}

static const aisle_kept_entry *find(const aisle_kept *k, uint64_t hash, aisle_str name, uint32_t tag)
{
    const aisle_kept_entry *e = k->chains[hash % CHAINS];
    while (e && !(e->tag == tag && has_name(e, hash, name))) e = e->next;
    return e;
}

const aisle_kept_entry *aisle_kept_find(const aisle_kept *k, aisle_str name, uint32_t tag)
{
    return find(k, aisle_hash64(name.ptr, name.len, 0), name, tag);
}

static void find_some(const aisle_kept *k, const aisle_str *names, int32_t n, uint32_t tag,
                      const aisle_kept_entry **out)
{
    uint64_t hash[AT_ONCE];
    for (int32_t i = 0; i < n; i++) {
        hash[i] = aisle_hash64(names[i].ptr, names[i].len, 0);
        __builtin_prefetch(&k->chains[hash[i] % CHAINS]);
    }
    /* The head with the name, and what a value of usual length begins with. */
    for (int32_t i = 0; i < n; i++) {
        const aisle_kept_entry *e = k->chains[hash[i] % CHAINS];
        for (int line = 0; e && line < 4; line++) __builtin_prefetch((const char *)e + 64 * line);
    }
    for (int32_t i = 0; i < n; i++) out[i] = find(k, hash[i], names[i], tag);
}

void aisle_kept_find_all(const aisle_kept *k, const aisle_str *names, int32_t n, uint32_t tag,
                         const aisle_kept_entry **out)
{
    for (int32_t first = 0; first < n; first += AT_ONCE)
        find_some(k, names + first, n - first < AT_ONCE ? n - first : AT_ONCE, tag, out + first);
}

static void drop(aisle_kept *k, uint64_t hash, aisle_str name, const uint32_t *tag)
{
    for (aisle_kept_entry **at = &k->chains[hash % CHAINS]; *at;)
        if (has_name(*at, hash, name) && (!tag || (*at)->tag == *tag))
            drop_at(k, at);
        else
            at = &(*at)->next;
}

void aisle_kept_drop(aisle_kept *k, aisle_str name)
{
    drop(k, aisle_hash64(name.ptr, name.len, 0), name, NULL);
}

void aisle_kept_put(aisle_kept *k, aisle_str name, uint32_t tag, uint64_t mark, aisle_str value)
{
    uint64_t hash = aisle_hash64(name.ptr, name.len, 0);
    size_t size = size_of(name.len, value.len);
    drop(k, hash, name, &tag);
    aisle_kept_entry *e = size <= k->bytes_max / 100 ? aisle_alloc(size) : NULL;
    if (!e) return;
    for (; k->bytes + size > k->bytes_max; k->hand = (k->hand + 1) % CHAINS) drop_chain(k, k->hand);
    *e = (aisle_kept_entry){k->chains[hash % CHAINS], hash, name.len, value.len, tag, mark};
    memcpy(e->bytes, name.ptr, name.len);
    if (value.len) memcpy((char *)aisle_kept_value(e), value.ptr, value.len);
    k->chains[hash % CHAINS] = e;
    k->bytes += size;
}
