/* Cursors as base64url of: sort (1 byte), filter (8), id (8), numeric key (8), text key. */
#include "server/store/cursor.h"

#include <sodium.h>
#include <string.h>

enum { HEAD = 1 + 3 * 8, BYTES_MAX = HEAD + AISLE_CURSOR_KEY_MAX };

static void add(crypto_generichash_state *state, aisle_str s)
{
    uint64_t len = s.ptr ? s.len + 1 : 0; /* absent and empty differ */
    crypto_generichash_update(state, (const unsigned char *)&len, sizeof len);
    if (s.len) crypto_generichash_update(state, (const unsigned char *)s.ptr, s.len);
}

uint64_t aisle_cursor_filter(const aisle_product_filter *f)
{
    crypto_generichash_state state;
    unsigned char hash[16];
    uint64_t tag;
    int64_t numbers[] = {f->price_min, f->price_max, f->in_stock};
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    add(&state, f->category);
    add(&state, f->brand);
    crypto_generichash_update(&state, (const unsigned char *)numbers, sizeof numbers);
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(&tag, hash, sizeof tag);
    return tag;
}

char *aisle_cursor_encode(const aisle_cursor *c, aisle_product_sort sort, aisle_arena *a)
{
    unsigned char bytes[BYTES_MAX];
    bytes[0] = (unsigned char)sort;
    memcpy(bytes + 1, &c->filter, 8);
    memcpy(bytes + 9, &c->id, 8);
    memcpy(bytes + 17, &c->number, 8);
    memcpy(bytes + HEAD, c->text, c->text_len);
    size_t n = HEAD + c->text_len;
    size_t cap = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *out = aisle_arena_alloc(a, cap);
    return out ? sodium_bin2base64(out, cap, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING) : NULL;
}

aisle_status aisle_cursor_decode(aisle_str text, aisle_product_sort sort, uint64_t filter, aisle_cursor *out,
                                 aisle_error *err)
{
    unsigned char bytes[BYTES_MAX];
    size_t n = 0;
    if (sodium_base642bin(bytes, sizeof bytes, text.ptr, text.len, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        n < HEAD)
        return aisle_fail(err, AISLE_EINVAL, "cursor: not one of this server's; start without it");
    memcpy(&out->filter, bytes + 1, 8);
    memcpy(&out->id, bytes + 9, 8);
    memcpy(&out->number, bytes + 17, 8);
    out->text_len = n - HEAD;
    memcpy(out->text, bytes + HEAD, out->text_len);
    if (bytes[0] != (unsigned char)sort || out->filter != filter)
        return aisle_fail(err, AISLE_EINVAL,
                          "cursor: belongs to a list with another sort or filter; start without it");
    return AISLE_OK;
}
