/* Cursors as base64url of: order (1 byte), filter (8), row (8), number (8), text. Not secret, only checked. */
#include <sodium.h>

#include "server/catalogue/catalogue_columns.h"

enum { HEAD = 1 + 3 * 8, BYTES_MAX = HEAD + AISLE_CURSOR_TEXT };

static void add(crypto_generichash_state *state, aisle_str s)
{
    uint64_t len = s.ptr ? s.len + 1 : 0; /* absent and empty differ */
    crypto_generichash_update(state, (const unsigned char *)&len, sizeof len);
    if (s.len) crypto_generichash_update(state, (const unsigned char *)s.ptr, s.len);
}

static void add_list(crypto_generichash_state *state, const aisle_str *list, int32_t n)
{
    int64_t count = n;
    crypto_generichash_update(state, (const unsigned char *)&count, sizeof count);
    for (int32_t i = 0; i < n; i++) add(state, list[i]);
}

uint64_t aisle_catalogue_tag(const aisle_catalogue_filter *f)
{
    crypto_generichash_state state;
    unsigned char hash[16];
    uint64_t tag;
    int64_t numbers[] = {f->price_min, f->price_max, f->rating_min, f->in_stock, f->n_attributes};
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    add(&state, f->category);
    add_list(&state, f->brands, f->n_brands);
    crypto_generichash_update(&state, (const unsigned char *)numbers, sizeof numbers);
    for (int32_t i = 0; i < f->n_attributes; i++) {
        add(&state, f->attributes[i].name);
        add_list(&state, f->attributes[i].values, f->attributes[i].n_values);
    }
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(&tag, hash, sizeof tag);
    return tag;
}

char *aisle_cursor_encode(aisle_catalogue_order o, uint64_t tag, const aisle_place *p, aisle_arena *a)
{
    unsigned char bytes[BYTES_MAX];
    size_t len = p->text.len < AISLE_CURSOR_TEXT ? p->text.len : AISLE_CURSOR_TEXT;
    bytes[0] = (unsigned char)o;
    memcpy(bytes + 1, &tag, 8);
    memcpy(bytes + 9, &p->row, 8);
    memcpy(bytes + 17, &p->number, 8);
    if (len) memcpy(bytes + HEAD, p->text.ptr, len);
    size_t cap = sodium_base64_encoded_len(HEAD + len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *out = aisle_arena_alloc(a, cap);
    return out ? sodium_bin2base64(out, cap, bytes, HEAD + len, sodium_base64_VARIANT_URLSAFE_NO_PADDING)
               : NULL;
}

aisle_status aisle_cursor_decode(aisle_str cursor, aisle_catalogue_order o, uint64_t tag, aisle_place *p,
                                 char text[AISLE_CURSOR_TEXT], aisle_error *err)
{
    unsigned char bytes[BYTES_MAX];
    size_t n = 0;
    uint64_t theirs;
    if (sodium_base642bin(bytes, sizeof bytes, cursor.ptr, cursor.len, NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        n < HEAD)
        return aisle_fail(err, AISLE_EINVAL, "cursor: not one of this server's; start without it");
    memcpy(&theirs, bytes + 1, 8);
    memcpy(&p->row, bytes + 9, 8);
    memcpy(&p->number, bytes + 17, 8);
    memcpy(text, bytes + HEAD, n - HEAD);
    p->text = (aisle_str){text, n - HEAD};
    if (bytes[0] != (unsigned char)o || theirs != tag)
        return aisle_fail(err, AISLE_EINVAL,
                          "cursor: belongs to a list with another sort or filter; start without it");
    return AISLE_OK;
}
