/* HMAC-SHA256 with a time in it. */
#include "server/auth/signature.h"

#include <sodium.h>
#include <string.h>

typedef struct signature {
    aisle_str time;    /* seconds since 1970, as sent: it is part of what is signed */
    aisle_str macs[4]; /* v1 values, hexadecimal; several while a secret is being changed */
    int32_t n;
} signature;

/* "t=1700000000,v1=HEX[,v1=HEX]"; unknown members are passed over. */
static bool parse(aisle_str field, signature *out)
{
    *out = (signature){.n = 0};
    while (field.len) {
        const char *comma = memchr(field.ptr, ',', field.len);
        aisle_str part = {field.ptr, comma ? (size_t)(comma - field.ptr) : field.len};
        field = comma ? (aisle_str){comma + 1, field.len - part.len - 1} : (aisle_str){NULL, 0};
        part = aisle_str_trim(part);
        if (part.len > 2 && memcmp(part.ptr, "t=", 2) == 0)
            out->time = (aisle_str){part.ptr + 2, part.len - 2};
        if (part.len > 3 && memcmp(part.ptr, "v1=", 3) == 0 && out->n < 4)
            out->macs[out->n++] = (aisle_str){part.ptr + 3, part.len - 3};
    }
    return out->time.ptr && out->n;
}

/* HMAC-SHA256 over "TIME.BODY". Every given value is compared, each in constant time. */
static bool is_signed(const signature *s, aisle_str body, aisle_str secret)
{
    unsigned char want[crypto_auth_hmacsha256_BYTES], got[sizeof want];
    crypto_auth_hmacsha256_state h;
    bool good = false;
    crypto_auth_hmacsha256_init(&h, (const unsigned char *)secret.ptr, secret.len);
    crypto_auth_hmacsha256_update(&h, (const unsigned char *)s->time.ptr, s->time.len);
    crypto_auth_hmacsha256_update(&h, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&h, (const unsigned char *)body.ptr, body.len);
    crypto_auth_hmacsha256_final(&h, want);
    for (int32_t i = 0; i < s->n; i++) {
        size_t n = 0;
        bool hex = sodium_hex2bin(got, sizeof got, s->macs[i].ptr, s->macs[i].len, NULL, &n, NULL) == 0;
        good |= hex && n == sizeof want && sodium_memcmp(got, want, sizeof want) == 0;
    }
    sodium_memzero(want, sizeof want);
    return good;
}

const char *aisle_signature_fault(aisle_str field, aisle_str body, aisle_str secret, int64_t now_ms)
{
    signature s;
    int64_t seconds, now_s = now_ms / 1000;
    if (!parse(field, &s) || !aisle_str_to_i64(s.time, &seconds)) return "t=SECONDS,v1=HEX wanted";
    if (!is_signed(&s, body, secret)) return "the signature does not fit the body and the secret";
    if (seconds > now_s + AISLE_SIGNATURE_SECONDS || seconds < now_s - AISLE_SIGNATURE_SECONDS)
        return "the signature is not of the last five minutes";
    return NULL;
}
