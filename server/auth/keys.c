/* Making, hashing and finding API keys. */
#include "server/auth/keys.h"

#include <sodium.h>
#include <string.h>

static const char secret[] = "aisle_", open_to_all[] = "aisle_pub_";
enum { RANDOM_BYTES = 32, RANDOM_TEXT = 43 };

aisle_status aisle_key_new(bool publishable, char text[AISLE_KEY_TEXT_BYTES],
                           unsigned char hash[AISLE_KEY_HASH_BYTES], aisle_error *err)
{
    unsigned char random[RANDOM_BYTES];
    const char *prefix = publishable ? open_to_all : secret;
    size_t n = strlen(prefix);
    if (sodium_init() < 0)
        return aisle_fail(err, AISLE_EINTERNAL, "libsodium cannot be used on this machine");
    randombytes_buf(random, sizeof random);
    memcpy(text, prefix, n);
    sodium_bin2base64(text + n, AISLE_KEY_TEXT_BYTES - n, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    aisle_key_hash(aisle_str_from(text), hash);
    sodium_memzero(random, sizeof random);
    return AISLE_OK;
}

void aisle_key_hash(aisle_str key, unsigned char hash[AISLE_KEY_HASH_BYTES])
{
    crypto_generichash(hash, AISLE_KEY_HASH_BYTES, (const unsigned char *)key.ptr, key.len, NULL, 0);
}

bool aisle_scopes_parse(aisle_str list, unsigned *out)
{
    static const char *const names[] = {"read", "events", "admin"};
    unsigned bits = 0;
    while (list.len) {
        const char *comma = memchr(list.ptr, ',', list.len);
        size_t n = comma ? (size_t)(comma - list.ptr) : list.len, k = 0;
        while (k < 3 && !aisle_str_eq((aisle_str){list.ptr, n}, aisle_str_from(names[k]))) k++;
        if (k == 3) return false;
        bits |= 1u << k;
        n += comma != NULL;
        list = (aisle_str){list.ptr + n, list.len - n};
    }
    *out = bits;
    return bits != 0;
}

static bool has_form(aisle_str text, const char *prefix)
{
    size_t n = strlen(prefix);
    return text.len == n + RANDOM_TEXT && memcmp(text.ptr, prefix, n) == 0;
}

aisle_status aisle_key_find(aisle_view *v, aisle_str text, aisle_key_grant *out, aisle_error *err)
{
    unsigned char hash[AISLE_KEY_HASH_BYTES];
    aisle_key_row row = {.found = false};
    *out = (aisle_key_grant){.found = false};
    if (!has_form(text, secret) && !has_form(text, open_to_all)) return AISLE_OK;
    aisle_key_hash(text, hash);
    AISLE_TRY(aisle_view_key_check(v, hash, aisle_time_now_ms(), &row, err));
    if (!row.found || !aisle_scopes_parse(aisle_str_from(row.scope), &out->scopes)) return AISLE_OK;
    *out = (aisle_key_grant){true, row.publishable, out->scopes, row.id, row.used_ms};
    /* whoever changed the row by hand does not make a page's key an admin's */
    if (row.publishable) out->scopes &= ~(unsigned)AISLE_SCOPE_ADMIN;
    return AISLE_OK;
}
