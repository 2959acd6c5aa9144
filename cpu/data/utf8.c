/* UTF-8 over utf8proc, with a fast way past ASCII: most rows have nothing else. */
#include "cpu/data/utf8.h"

#include <utf8proc.h>

static size_t ascii_prefix(aisle_str s)
{
    size_t i = 0;
    uint64_t w;
    for (; i + sizeof w <= s.len; i += sizeof w) {
        memcpy(&w, s.ptr + i, sizeof w);
        if (w & 0x8080808080808080u) break;
    }
    while (i < s.len && (unsigned char)s.ptr[i] < 0x80) i++;
    return i;
}

/* Length of the valid sequence at s, or 0. */
static size_t sequence(aisle_str s)
{
    utf8proc_int32_t code;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)s.ptr, (utf8proc_ssize_t)(s.len < 4 ? s.len : 4), &code);
    return n > 0 ? (size_t)n : 0;
}

/* Bytes from the start of s that are valid. */
static size_t valid_prefix(aisle_str s)
{
    size_t i = 0;
    while (i < s.len) {
        aisle_str rest = {s.ptr + i, s.len - i};
        size_t n = ascii_prefix(rest);
        if (n == 0) n = sequence(rest);
        if (n == 0) break;
        i += n;
    }
    return i;
}

bool utf8_valid(aisle_str s)
{
    return valid_prefix(s) == s.len;
}

/* One U+FFFD for a lead byte and the continuation bytes that follow it, not one a byte. */
static size_t invalid_length(aisle_str s)
{
    size_t n = 1;
    if ((unsigned char)s.ptr[0] >= 0xc0)
        while (n < s.len && n < 4 && ((unsigned char)s.ptr[n] & 0xc0) == 0x80) n++;
    return n;
}

bool utf8_repair(aisle_str s, aisle_buf *out)
{
    while (s.len) {
        size_t n = valid_prefix(s);
        if (!aisle_buf_append(out, s.ptr, n)) return false;
        s = (aisle_str){s.ptr + n, s.len - n};
        if (!s.len) break;
        if (!utf8_append(out, 0xfffd)) return false;
        n = invalid_length(s);
        s = (aisle_str){s.ptr + n, s.len - n};
    }
    return true;
}

bool utf8_append(aisle_buf *out, int64_t code_point)
{
    utf8proc_uint8_t bytes[4];
    bool scalar =
        code_point > 0 && code_point <= 0x10ffff && utf8proc_codepoint_valid((utf8proc_int32_t)code_point);
    utf8proc_ssize_t n = utf8proc_encode_char(scalar ? (utf8proc_int32_t)code_point : 0xfffd, bytes);
    return aisle_buf_append(out, bytes, (size_t)n);
}
