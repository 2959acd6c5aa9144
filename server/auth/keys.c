/* Making, hashing and checking API keys. */
#include "server/auth/keys.h"

#include <sodium.h>
#include <string.h>

static const char prefix[] = "aisle_";
enum { PREFIX_LEN = sizeof prefix - 1, RANDOM_BYTES = 32 };

aisle_status aisle_key_new(char text[AISLE_KEY_TEXT_BYTES], unsigned char hash[AISLE_KEY_HASH_BYTES],
                           aisle_error *err)
{
    unsigned char random[RANDOM_BYTES];
    if (sodium_init() < 0)
        return aisle_fail(err, AISLE_EINTERNAL, "libsodium cannot be used on this machine");
    randombytes_buf(random, sizeof random);
    memcpy(text, prefix, PREFIX_LEN);
    sodium_bin2base64(text + PREFIX_LEN, AISLE_KEY_TEXT_BYTES - PREFIX_LEN, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    aisle_key_hash(aisle_str_from(text), hash);
    sodium_memzero(random, sizeof random);
    return AISLE_OK;
}

void aisle_key_hash(aisle_str key, unsigned char hash[AISLE_KEY_HASH_BYTES])
{
    crypto_generichash(hash, AISLE_KEY_HASH_BYTES, (const unsigned char *)key.ptr, key.len, NULL, 0);
}

aisle_status aisle_key_authorize(aisle_view *v, aisle_str authorization, bool *allowed, aisle_error *err)
{
    static const aisle_str scheme = {"Bearer ", 7};
    unsigned char hash[AISLE_KEY_HASH_BYTES];
    *allowed = false;
    if (authorization.len < scheme.len ||
        !aisle_str_eq_nocase((aisle_str){authorization.ptr, scheme.len}, scheme))
        return AISLE_OK;
    aisle_str key =
        aisle_str_trim((aisle_str){authorization.ptr + scheme.len, authorization.len - scheme.len});
    if (key.len != AISLE_KEY_TEXT_BYTES - 1 || memcmp(key.ptr, prefix, PREFIX_LEN) != 0) return AISLE_OK;
    aisle_key_hash(key, hash);
    return aisle_view_key_check(v, hash, allowed, err);
}
