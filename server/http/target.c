/* Request targets: path segments, query pairs, percent decoding, loopback hosts. */
#include <utf8proc.h>

#include "server/http/wire.h"

#define REFUSE(code, reason) ((aisle_refusal){(code), (reason)})

static int hex(char ch)
{
    if (ch >= '0' && ch <= '9') return ch - '0';
    if ((ch | 32) >= 'a' && (ch | 32) <= 'f') return (ch | 32) - 'a' + 10;
    return -1;
}

/* One decoded byte from raw at *i, or -1 for a broken escape or NUL. */
static int decode_byte(aisle_str raw, size_t *i)
{
    char ch = raw.ptr[(*i)++];
    if (ch != '%') return ch ? (unsigned char)ch : -1;
    if (raw.len - *i < 2) return -1;
    int high = hex(raw.ptr[*i]), low = hex(raw.ptr[*i + 1]);
    *i += 2;
    return high < 0 || low < 0 || high * 16 + low == 0 ? -1 : high * 16 + low;
}

static bool is_utf8(aisle_str s)
{
    utf8proc_int32_t point;
    for (size_t i = 0; i < s.len;) {
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)s.ptr + i, (utf8proc_ssize_t)(s.len - i), &point);
        if (n <= 0) return false;
        i += (size_t)n;
    }
    return true;
}

static const aisle_refusal BROKEN = {
    400, "the request target holds a broken percent escape, %00 or bytes that are not UTF-8"};

static aisle_refusal parse_path(aisle_str raw, char *to, aisle_target *out)
{
    size_t n = 0, start = 0;
    for (size_t i = 0; i < raw.len;) {
        bool slash = raw.ptr[i] == '/';
        int ch = decode_byte(raw, &i);
        if (ch < 0) return BROKEN;
        if (slash && n > 0) {
            if (out->n_segments == AISLE_SEGMENTS_MAX) out->n_segments = -1;
            if (out->n_segments >= 0) out->segments[out->n_segments++] = (aisle_str){to + start, n - start};
        }
        to[n++] = (char)ch;
        if (slash) start = n;
    }
    if (out->n_segments == AISLE_SEGMENTS_MAX) out->n_segments = -1;
    if (out->n_segments >= 0) out->segments[out->n_segments++] = (aisle_str){to + start, n - start};
    out->path = (aisle_str){to, n};
    return is_utf8(out->path) ? REFUSE(0, NULL) : BROKEN;
}

/* Decodes raw to *to and moves *to on. */
static bool decode_form(aisle_str raw, char **to, aisle_str *out)
{
    *out = (aisle_str){*to, 0};
    for (size_t i = 0; i < raw.len;) {
        bool plus = raw.ptr[i] == '+';
        int ch = decode_byte(raw, &i);
        if (ch < 0) return false;
        (*to)[out->len++] = plus ? ' ' : (char)ch;
    }
    *to += out->len;
    return is_utf8(*out);
}

static aisle_refusal parse_query(aisle_str raw, char *to, aisle_pair *pairs, aisle_target *out)
{
    while (raw.len) {
        const char *end = memchr(raw.ptr, '&', raw.len);
        aisle_str item = {raw.ptr, end ? (size_t)(end - raw.ptr) : raw.len};
        raw = end ? (aisle_str){end + 1, raw.len - item.len - 1} : (aisle_str){NULL, 0};
        if (!item.len) continue;
        if (out->n_query == AISLE_QUERY_MAX) return REFUSE(400, "more than 128 query parameters");
        const char *eq = memchr(item.ptr, '=', item.len);
        aisle_str key = {item.ptr, eq ? (size_t)(eq - item.ptr) : item.len};
        aisle_str value = eq ? (aisle_str){eq + 1, item.len - key.len - 1} : (aisle_str){item.ptr, 0};
        aisle_pair *pair = &pairs[out->n_query++];
        if (!decode_form(key, &to, &pair->key) || !decode_form(value, &to, &pair->value)) return BROKEN;
    }
    return REFUSE(0, NULL);
}

aisle_refusal aisle_target_parse(aisle_str raw, aisle_arena *arena, aisle_target *out)
{
    *out = (aisle_target){0};
    if (!raw.len || raw.ptr[0] != '/') return REFUSE(400, "the request target must be a path: /...");
    if (memchr(raw.ptr, '#', raw.len)) return REFUSE(400, "the request target holds a fragment");
    const char *mark = memchr(raw.ptr, '?', raw.len);
    aisle_str path = {raw.ptr, mark ? (size_t)(mark - raw.ptr) : raw.len};
    aisle_str query = mark ? (aisle_str){mark + 1, raw.len - path.len - 1} : (aisle_str){NULL, 0};
    size_t max_pairs = query.len ? 1 : 0;
    for (size_t i = 0; i < query.len && max_pairs < AISLE_QUERY_MAX; i++) max_pairs += query.ptr[i] == '&';
    char *to = aisle_arena_alloc(arena, raw.len); /* decoding never lengthens */
    aisle_pair *pairs = aisle_arena_alloc(arena, max_pairs * sizeof *pairs);
    if (!to || !pairs) return REFUSE(503, "out of memory");
    out->query = pairs;
    aisle_refusal bad = parse_path(path, to, out);
    return bad.status ? bad : parse_query(query, to + path.len, pairs, out);
}

bool aisle_host_is_loopback(aisle_str host)
{
    if (host.len >= 5 && memcmp(host.ptr, "[::1]", 5) == 0) return host.len == 5 || host.ptr[5] == ':';
    const char *colon = memchr(host.ptr, ':', host.len);
    if (colon) host.len = (size_t)(colon - host.ptr);
    if (aisle_str_eq_nocase(host, AISLE_STR("localhost"))) return true;
    if (host.len < 7 || memcmp(host.ptr, "127.", 4) != 0) return false;
    int dots = 0, digits = 0, value = 0;
    for (size_t i = 0; i <= host.len; i++) {
        if (i == host.len || host.ptr[i] == '.') {
            if (!digits || value > 255) return false;
            dots++;
            digits = value = 0;
        } else if (host.ptr[i] < '0' || host.ptr[i] > '9' || ++digits > 3)
            return false;
        else
            value = value * 10 + (host.ptr[i] - '0');
    }
    return dots == 4;
}
