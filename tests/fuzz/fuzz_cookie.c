/* Fuzzes what says who asks: a Cookie field, an Authorization field and a list of scopes. The input is the field's value. */
#include <stdlib.h>
#include <string.h>

#include "server/auth/keys.h"
#include "server/auth/tokens.h"
#include "tests/fuzz/fuzz.h"

/* Absent, or a view into the field. */
static void check_inside(aisle_str part, aisle_str field)
{
    if (part.ptr && (part.ptr < field.ptr || part.ptr + part.len > field.ptr + field.len)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const aisle_str field = {(const char *)data, size};
    unsigned scopes = 0;
    aisle_str cookie = aisle_cookie_find(field, "aisle"), bearer = aisle_bearer_find(field);
    check_inside(cookie, field);
    check_inside(bearer, field);
    if (cookie.len && memchr(cookie.ptr, ';', cookie.len)) abort();
    if (cookie.ptr && aisle_token_is(cookie) && cookie.len != AISLE_TOKEN_TEXT_BYTES - 1) abort();
    if (aisle_scopes_parse(field, &scopes) ? scopes == 0 || scopes > AISLE_SCOPE_ALL : scopes != 0) abort();
    return 0;
}
