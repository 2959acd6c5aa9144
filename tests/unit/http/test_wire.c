/* The wire parsers as functions over bytes; the rules themselves are tests/http/test_rules.py. */
#include <criterion/criterion.h>

#include "server/http/wire.h"

static aisle_refusal parse(const char *text, aisle_head *h)
{
    aisle_refusal bad;
    size_t scanned = 0, n = strlen(text);
    size_t end = aisle_head_end(text, n, &scanned, &bad);
    if (bad.status) return bad;
    cr_assert_eq(end, n, "%s", text);
    return aisle_head_parse(text, n, h);
}

Test(wire, a_head_gives_views_of_its_parts)
{
    aisle_head h;
    aisle_refusal bad =
        parse("PUT /a?b HTTP/1.1\r\nHost: x:80\r\nEmpty:\r\nA:  b c \t\r\nContent-Length: 007\r\n\r\n", &h);
    cr_assert_eq(bad.status, 0, "%s", bad.why);
    cr_assert(aisle_str_eq(h.method, AISLE_STR("PUT")) && aisle_str_eq(h.target, AISLE_STR("/a?b")));
    cr_assert(aisle_str_eq(h.host, AISLE_STR("x:80")));
    cr_assert_eq(h.n_fields, 4);
    cr_assert(aisle_str_eq(h.fields[2].value, AISLE_STR("b c")));
    cr_assert_eq(h.fields[1].value.len, 0);
    cr_assert_eq(h.content_length, 7);
    cr_assert(h.keep_alive && !h.chunked && h.minor == 1);
}

/* However a head is cut, the end is found at the same place, and never before all of it is there. */
Test(wire, a_head_that_drips_in_ends_where_a_whole_one_does)
{
    static const char text[] = "\r\nGET / HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\nGET /next";
    const size_t whole = sizeof "\r\nGET / HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n" - 1;
    for (size_t step = 1; step < sizeof text; step++) {
        aisle_refusal bad;
        size_t scanned = 0, end = 0, n = 0;
        while (!end) {
            n = n + step < sizeof text - 1 ? n + step : sizeof text - 1;
            end = aisle_head_end(text, n, &scanned, &bad);
            cr_assert_eq(bad.status, 0, "%s", bad.why);
            cr_assert(end ? n >= whole : n < whole, "step %zu: %zu bytes", step, n);
        }
        cr_assert_eq(end, whole);
    }
}

Test(wire, limits_refuse_before_the_end_of_a_head_comes)
{
    static char text[40000];
    aisle_refusal bad;
    size_t scanned = 0;
    memset(text, 'x', sizeof text);
    cr_assert_eq(aisle_head_end(text, AISLE_LINE_BYTES, &scanned, &bad), 0);
    cr_assert_eq(bad.status, 0);
    aisle_head_end(text, AISLE_LINE_BYTES + 1, &scanned, &bad);
    cr_assert_eq(bad.status, 414);
    memcpy(text, "GET / HTTP/1.1\r\n", 16);
    scanned = 0;
    aisle_head_end(text, AISLE_FIELDS_BYTES, &scanned, &bad);
    cr_assert_eq(bad.status, 0);
    aisle_head_end(text, AISLE_HEAD_BYTES, &scanned, &bad);
    cr_assert_eq(bad.status, 431);
}

/* Decodes text, handed over in pieces of `step` bytes; returns the body's length or -1. */
static int64_t decode(const char *text, size_t step, char *body)
{
    aisle_chunked c = {0};
    int64_t n = 0;
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        size_t used, give = length - at < step ? length - at : step;
        aisle_str piece;
        switch (aisle_chunked_next(&c, text + at, give, &used, &piece)) {
        case AISLE_CHUNK_DATA:
            memcpy(body + n, piece.ptr, piece.len);
            n += (int64_t)piece.len;
            break;
        case AISLE_CHUNK_END: return at + used == length ? n : -2;
        case AISLE_CHUNK_BAD: return -1;
        default: break;
        }
        at += used;
    }
    return -3;
}

Test(wire, chunks_decode_the_same_however_they_are_cut)
{
    static const char text[] = "5;a=\"b\"\r\nhello\r\n0007\r\n, world\r\n0;x\r\nTrailer: 1\r\nB:\r\n\r\n";
    char body[64];
    for (size_t step = 1; step <= sizeof text; step++) {
        cr_assert_eq(decode(text, step, body), 12, "step %zu", step);
        cr_assert_eq(memcmp(body, "hello, world", 12), 0);
    }
    cr_assert_eq(decode("10000000000000000\r\n", 100, body), -1);
    cr_assert_eq(decode("7fffffffffffffff\r\nx", 100, body), -3);
    cr_assert_eq(decode("5\r\nhello\n", 100, body), -1);
    cr_assert_eq(decode("0\r\n\r\nGET", 100, body), -2);
}

Test(wire, targets_are_cut_at_raw_slashes_and_then_decoded)
{
    aisle_arena arena;
    aisle_target t;
    aisle_arena_init(&arena);
    cr_assert_eq(aisle_target_parse(AISLE_STR("/a%2Fb//%C3%A4?x=1+2&y&=z&&x=%26"), &arena, &t).status, 0);
    cr_assert_eq(t.n_segments, 3);
    cr_assert(aisle_str_eq(t.segments[0], AISLE_STR("a/b")) && t.segments[1].len == 0);
    cr_assert(aisle_str_eq(t.segments[2], AISLE_STR("\xc3\xa4")));
    cr_assert(aisle_str_eq(t.path, AISLE_STR("/a/b//\xc3\xa4")));
    cr_assert_eq(t.n_query, 4);
    cr_assert(aisle_str_eq(t.query[0].value, AISLE_STR("1 2")) && t.query[1].value.ptr &&
              !t.query[1].value.len);
    cr_assert(t.query[2].key.len == 0 && aisle_str_eq(t.query[3].value, AISLE_STR("&")));
    static const char *const bad[] = {"",   "a",   "/%",      "/%0",     "/%00",  "/%xx",
                                      "/#", "/?%", "/?a=%00", "/%c0%80", "/?\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert_eq(aisle_target_parse(aisle_str_from(bad[i]), &arena, &t).status, 400, "%s", bad[i]);
    cr_assert_eq(aisle_target_parse(AISLE_STR("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"), &arena, &t).status, 0);
    cr_assert_eq(t.n_segments, -1);
    aisle_alloc_fail_after(1);
    aisle_arena_deinit(&arena);
    cr_assert_eq(aisle_target_parse(AISLE_STR("/a"), &arena, &t).status, 503);
    aisle_alloc_fail_after(0);
}

Test(wire, loopback_hosts)
{
    static const char *const yes[] = {"localhost",      "LocalHost:1", "127.0.0.1",
                                      "127.255.0.9:80", "[::1]",       "[::1]:8"};
    static const char *const no[] = {"localhost.",  "127.0.0.1.x", "128.0.0.1", "127.0.0", "127.0.0.1.1",
                                     "127.0.0.256", "[::1]x",      "::1",       "",        "127.0.0.0001"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        cr_assert(aisle_host_is_loopback(aisle_str_from(yes[i])), "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        cr_assert_not(aisle_host_is_loopback(aisle_str_from(no[i])), "%s", no[i]);
}
