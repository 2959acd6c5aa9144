/* The request line and header fields, parsed strictly (RFC 9112): what two parsers could read in two ways is
 * refused, since that is what request smuggling lives on. */
#include "server/http/wire.h"

#define REFUSE(code, reason) ((aisle_refusal){(code), (reason)})
static const aisle_refusal FINE = {0, NULL};

static bool is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool is_tchar(unsigned char c)
{
    return is_alnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool aisle_is_token(aisle_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_tchar((unsigned char)s.ptr[i])) return false;
    return s.len > 0;
}

bool aisle_is_field_value(aisle_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
    }
    return true;
}

size_t aisle_head_end(const char *p, size_t n, size_t *scanned, aisle_refusal *bad)
{
    *bad = FINE;
    /* One empty line before the request line is tolerated (RFC 9112, 2.2). */
    size_t first = n >= 2 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
    size_t from = *scanned > first ? *scanned : first;
    const char *lf;
    while (from < n && (lf = memchr(p + from, '\n', n - from))) {
        size_t at = (size_t)(lf - p);
        if (at == 0 || p[at - 1] != '\r' || at == first + 1) {
            *bad = REFUSE(400, "a line must end with CR LF, and at most one empty line may come first");
            return 0;
        }
        from = at + 1;
        if (at >= first + 3 && p[at - 2] == '\n') break;
    }
    bool whole = from >= first + 4 && p[from - 1] == '\n' && p[from - 3] == '\n';
    size_t end = whole ? from : n;
    *scanned = whole ? from : n;
    const char *line = memchr(p + first, '\n', end - first);
    size_t line_bytes = (line ? (size_t)(line - p) : end) - first;
    if (line_bytes > AISLE_LINE_BYTES)
        *bad = REFUSE(414, "the request target is longer than 8 KiB");
    else if (line && end - first - line_bytes > AISLE_FIELDS_BYTES)
        *bad = REFUSE(431, "the header block is longer than 16 KiB");
    return whole && !bad->status ? from : 0;
}

/* Cuts the next line, without its CR LF, off *rest. The caller knows that one is there. */
static aisle_str take_line(aisle_str *rest)
{
    const char *lf = memchr(rest->ptr, '\n', rest->len);
    aisle_str line = {rest->ptr, (size_t)(lf - rest->ptr) - 1};
    rest->len -= line.len + 2;
    rest->ptr = lf + 1;
    return line;
}

static aisle_refusal parse_line(aisle_str line, aisle_head *out)
{
    const char *sp = memchr(line.ptr, ' ', line.len);
    if (!sp) return REFUSE(400, "the request line must be: method, space, target, space, HTTP/1.1");
    out->method = (aisle_str){line.ptr, (size_t)(sp - line.ptr)};
    aisle_str rest = {sp + 1, line.len - out->method.len - 1};
    sp = memchr(rest.ptr, ' ', rest.len);
    if (!sp || !aisle_is_token(out->method))
        return REFUSE(400, "the request line must be: method, space, target, space, HTTP/1.1");
    out->target = (aisle_str){rest.ptr, (size_t)(sp - rest.ptr)};
    aisle_str version = {sp + 1, rest.len - out->target.len - 1};
    if (out->target.len > AISLE_TARGET_BYTES) return REFUSE(414, "the request target is longer than 8 KiB");
    if (version.len != 8 || memcmp(version.ptr, "HTTP/", 5) || version.ptr[5] < '0' || version.ptr[5] > '9' ||
        version.ptr[6] != '.' || version.ptr[7] < '0' || version.ptr[7] > '9')
        return REFUSE(400, "the protocol version must read HTTP/1.1");
    if (version.ptr[5] != '1') return REFUSE(505, "only HTTP/1.x is spoken here");
    out->minor = version.ptr[7] - '0';
    for (size_t i = 0; i < out->target.len; i++)
        if (out->target.ptr[i] <= 0x20 || out->target.ptr[i] >= 0x7f)
            return REFUSE(400, "the request target holds a byte that must be percent-encoded");
    return FINE;
}

static aisle_refusal parse_field(aisle_str line, aisle_head *out)
{
    if (out->n_fields == AISLE_FIELDS_MAX) return REFUSE(431, "more than 100 header fields");
    const char *colon = memchr(line.ptr, ':', line.len);
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t') return REFUSE(400, "folded header lines are refused");
    if (!colon) return REFUSE(400, "a header field without a colon");
    aisle_field *f = &out->fields[out->n_fields++];
    f->name = (aisle_str){line.ptr, (size_t)(colon - line.ptr)};
    f->value = (aisle_str){colon + 1, line.len - f->name.len - 1};
    if (!aisle_is_token(f->name)) return REFUSE(400, "a header field name is not a token");
    if (!aisle_is_field_value(f->value)) return REFUSE(400, "a header field value holds a control character");
    while (f->value.len && (f->value.ptr[0] == ' ' || f->value.ptr[0] == '\t'))
        f->value.ptr++, f->value.len--;
    while (f->value.len && strchr(" \t", f->value.ptr[f->value.len - 1])) f->value.len--;
    return FINE;
}

bool aisle_list_has(aisle_str list, aisle_str token)
{
    while (list.len) {
        const char *comma = memchr(list.ptr, ',', list.len);
        size_t n = comma ? (size_t)(comma - list.ptr) : list.len;
        if (aisle_str_eq_nocase(aisle_str_trim((aisle_str){list.ptr, n}), token)) return true;
        if (!comma) break;
        list = (aisle_str){comma + 1, list.len - n - 1};
    }
    return false;
}

/* host [":" port]: a registered name, an IPv4 address or a bracketed literal (RFC 3986, 3.2.2). */
static bool valid_host(aisle_str h)
{
    size_t i = 0;
    if (h.len && h.ptr[0] == '[') {
        for (i = 1; i < h.len && h.ptr[i] != ']'; i++)
            if (!is_alnum((unsigned char)h.ptr[i]) && !strchr(":.", h.ptr[i])) return false;
        if (i == 1 || i++ >= h.len) return false;
    } else {
        for (; i < h.len && h.ptr[i] != ':'; i++)
            if (!is_alnum((unsigned char)h.ptr[i]) && !strchr("-._~!$&'()*+;=%", h.ptr[i])) return false;
        if (i == 0) return false;
    }
    if (i == h.len) return true;
    if (h.ptr[i++] != ':' || h.len - i > 5) return false;
    for (; i < h.len; i++)
        if (h.ptr[i] < '0' || h.ptr[i] > '9') return false;
    return true;
}

/* Digits only: no sign, no list, no white space inside (RFC 9112, 6.3: the rest invites smuggling). */
static aisle_refusal take_length(aisle_str value, aisle_head *out)
{
    uint64_t n;
    if (!aisle_str_to_u64(value, &n) || n > INT64_MAX)
        return REFUSE(400, "Content-Length must be one decimal number");
    if (out->content_length >= 0 && out->content_length != (int64_t)n)
        return REFUSE(400, "Content-Length comes twice with different values");
    out->content_length = (int64_t)n;
    return FINE;
}

typedef struct seen {
    int32_t hosts, codings;
    bool close, keep_alive;
} seen;

static aisle_refusal take_meaning(const aisle_field *f, aisle_head *out, seen *s)
{
    if (aisle_str_eq_nocase(f->name, AISLE_STR("host"))) {
        s->hosts++;
        out->host = f->value;
        if (!valid_host(f->value)) return REFUSE(400, "the Host field is not a host with an optional port");
    } else if (aisle_str_eq_nocase(f->name, AISLE_STR("content-length"))) {
        return take_length(f->value, out);
    } else if (aisle_str_eq_nocase(f->name, AISLE_STR("transfer-encoding"))) {
        s->codings++;
        if (!aisle_str_eq_nocase(f->value, AISLE_STR("chunked")))
            return REFUSE(400, "Transfer-Encoding must be exactly: chunked");
        out->chunked = true;
    } else if (aisle_str_eq_nocase(f->name, AISLE_STR("connection"))) {
        s->close |= aisle_list_has(f->value, AISLE_STR("close"));
        s->keep_alive |= aisle_list_has(f->value, AISLE_STR("keep-alive"));
    } else if (aisle_str_eq_nocase(f->name, AISLE_STR("expect")) && out->minor > 0) {
        if (!aisle_str_eq_nocase(f->value, AISLE_STR("100-continue")))
            return REFUSE(417, "the only expectation met here is 100-continue");
        out->expects_continue = true;
    }
    return FINE;
}

aisle_refusal aisle_head_parse(const char *p, size_t n, aisle_head *out)
{
    seen s = {0};
    aisle_str rest = {p, n};
    if (n >= 2 && p[0] == '\r' && p[1] == '\n') rest = (aisle_str){p + 2, n - 2};
    out->n_fields = 0;
    out->content_length = -1;
    out->host = (aisle_str){NULL, 0};
    out->chunked = out->expects_continue = false;
    aisle_refusal bad = parse_line(take_line(&rest), out);
    while (!bad.status && rest.len > 2) {
        bad = parse_field(take_line(&rest), out);
        if (!bad.status) bad = take_meaning(&out->fields[out->n_fields - 1], out, &s);
    }
    if (bad.status) return bad;
    if (s.hosts != 1) return REFUSE(400, "exactly one Host field is required");
    if (s.codings && (s.codings > 1 || out->content_length >= 0 || out->minor == 0))
        return REFUSE(400, "Transfer-Encoding comes twice, with Content-Length or on HTTP/1.0");
    out->keep_alive = !s.close && (out->minor > 0 || s.keep_alive);
    return FINE;
}
