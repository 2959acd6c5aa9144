/* Making and hashing session tokens, and the fields they travel in. */
#include "server/auth/tokens.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char prefix[] = "ast_";
enum { PREFIX_LEN = sizeof prefix - 1, RANDOM_BYTES = 32 };

void aisle_token_hash(aisle_str text, unsigned char hash[32])
{
    crypto_generichash(hash, 32, (const unsigned char *)text.ptr, text.len, NULL, 0);
}

void aisle_token_new(char text[AISLE_TOKEN_TEXT_BYTES], unsigned char hash[32])
{
    unsigned char random[RANDOM_BYTES];
    randombytes_buf(random, sizeof random);
    memcpy(text, prefix, PREFIX_LEN);
    sodium_bin2base64(text + PREFIX_LEN, AISLE_TOKEN_TEXT_BYTES - PREFIX_LEN, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    aisle_token_hash(aisle_str_from(text), hash);
    sodium_memzero(random, sizeof random);
}

bool aisle_token_is(aisle_str text)
{
    return text.len == AISLE_TOKEN_TEXT_BYTES - 1 && memcmp(text.ptr, prefix, PREFIX_LEN) == 0;
}

const char *aisle_cookie_name(bool secure)
{
    return secure ? "__Host-aisle" : "aisle";
}

aisle_str aisle_cookie_find(aisle_str field, const char *name)
{
    aisle_str wanted = aisle_str_from(name), rest = field;
    while (rest.len) {
        const char *semicolon = memchr(rest.ptr, ';', rest.len);
        size_t n = semicolon ? (size_t)(semicolon - rest.ptr) : rest.len;
        aisle_str pair = aisle_str_trim((aisle_str){rest.ptr, n});
        const char *equals = pair.len ? memchr(pair.ptr, '=', pair.len) : NULL;
        if (equals && aisle_str_eq((aisle_str){pair.ptr, (size_t)(equals - pair.ptr)}, wanted))
            return (aisle_str){equals + 1, pair.len - (size_t)(equals + 1 - pair.ptr)};
        n += semicolon != NULL;
        rest = (aisle_str){rest.ptr + n, rest.len - n};
    }
    return (aisle_str){NULL, 0};
}

void aisle_cookie_format(char out[AISLE_COOKIE_BYTES], bool secure, const char *token, int64_t max_age_s)
{
    snprintf(out, AISLE_COOKIE_BYTES, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s; Max-Age=%lld",
             aisle_cookie_name(secure), token, secure ? "; Secure" : "", (long long)max_age_s);
}

aisle_str aisle_bearer_find(aisle_str authorization)
{
    const aisle_str scheme = AISLE_STR("Bearer ");
    if (authorization.len < scheme.len ||
        !aisle_str_eq_nocase((aisle_str){authorization.ptr, scheme.len}, scheme))
        return (aisle_str){NULL, 0};
    return aisle_str_trim((aisle_str){authorization.ptr + scheme.len, authorization.len - scheme.len});
}
