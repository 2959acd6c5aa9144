/* Random ids and digests by libsodium. */
#include "server/auth/random_id.h"

#include <sodium.h>
#include <string.h>

_Static_assert(crypto_shorthash_KEYBYTES == AISLE_SHORT_KEY_BYTES &&
                   crypto_shorthash_BYTES == sizeof(uint64_t),
               "SipHash-2-4");

enum { BYTES = 16 };

aisle_status aisle_crypto_setup(aisle_error *err)
{
    if (sodium_init() >= 0) return AISLE_OK;
    return aisle_fail(err, AISLE_EINTERNAL, "libsodium cannot be used on this machine");
}

void aisle_random_id(char hex[AISLE_HEX_BYTES])
{
    unsigned char bytes[BYTES];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(hex, AISLE_HEX_BYTES, bytes, sizeof bytes);
}

void aisle_digest(const void *text, size_t n, char hex[AISLE_HEX_BYTES])
{
    unsigned char hash[BYTES];
    crypto_generichash(hash, sizeof hash, text, n, NULL, 0);
    sodium_bin2hex(hex, AISLE_HEX_BYTES, hash, sizeof hash);
}

void aisle_short_key(unsigned char key[AISLE_SHORT_KEY_BYTES])
{
    crypto_shorthash_keygen(key);
}

uint64_t aisle_short_hash(const unsigned char key[AISLE_SHORT_KEY_BYTES], const void *p, size_t n)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, p, n, key);
    return hash;
}

void aisle_mark(const char *kind, const void *name, size_t n, unsigned char out[16])
{
    crypto_generichash_state h;
    crypto_generichash_init(&h, NULL, 0, 16);
    crypto_generichash_update(&h, (const unsigned char *)kind, strlen(kind) + 1);
    crypto_generichash_update(&h, name, n);
    crypto_generichash_final(&h, out, 16);
}

struct aisle_hash_run {
    crypto_generichash_state state; /* first: wants 64-byte alignment */
};

aisle_hash_run *aisle_hash_begin(aisle_arena *a)
{
    enum { ALIGNMENT = 64 };
    char *room = aisle_arena_alloc(a, sizeof(aisle_hash_run) + ALIGNMENT - 1);
    if (!room) return NULL;
    void *h = room + (ALIGNMENT - (uintptr_t)room % ALIGNMENT) % ALIGNMENT;
    crypto_generichash_init(&((aisle_hash_run *)h)->state, NULL, 0, 32);
    return h;
}

void aisle_hash_piece(aisle_hash_run *h, const void *p, size_t n)
{
    crypto_generichash_update(&h->state, p, n);
}

void aisle_hash_text(aisle_hash_run *h, aisle_str text)
{
    uint64_t len = text.len;
    aisle_hash_piece(h, &len, sizeof len);
    if (len) aisle_hash_piece(h, text.ptr, len);
}

void aisle_hash_end(aisle_hash_run *h, unsigned char hash[32])
{
    crypto_generichash_final(&h->state, hash, 32);
}

void aisle_hash_texts(const aisle_str *texts, int32_t n, unsigned char hash[32])
{
    aisle_hash_run h;
    crypto_generichash_init(&h.state, NULL, 0, 32);
    for (int32_t i = 0; i < n; i++) aisle_hash_text(&h, texts[i]);
    aisle_hash_end(&h, hash);
}
