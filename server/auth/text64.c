/* Base64url by libsodium, which takes each value in one form only. */
#include "server/auth/text64.h"

#include <sodium.h>

void aisle_text64_write(const unsigned char *bytes, size_t n, char *text, size_t room)
{
    sodium_bin2base64(text, room, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool aisle_text64_read(aisle_str text, unsigned char *bytes, size_t room, size_t *n)
{
    const char *end = NULL;
    return text.ptr &&
           sodium_base642bin(bytes, room, text.ptr, text.len, NULL, n, &end,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           end == text.ptr + text.len;
}
