/* Fuzzes what comes from a socket before a handler runs: request head, target with its query, chunked body.
 * The input is one request as it would be sent; the first byte is how many bytes arrive at a time. */
#include <stdlib.h>

#include "server/http/wire.h"
#include "tests/fuzz/fuzz.h"

static volatile unsigned char sink; /* what is read must not be optimised away */

static void touch(aisle_str s)
{
    for (size_t i = 0; i < s.len; i++) sink ^= (unsigned char)s.ptr[i];
}

static void check_target(aisle_str raw)
{
    aisle_arena arena;
    aisle_target t;
    aisle_arena_init(&arena);
    if (aisle_target_parse(raw, &arena, &t).status == 0) {
        if (memchr(t.path.ptr, '\0', t.path.len) || t.path.len > raw.len) abort();
        for (int32_t i = 0; i < t.n_segments; i++) touch(t.segments[i]);
        for (int32_t i = 0; i < t.n_query; i++) touch(t.query[i].key), touch(t.query[i].value);
    }
    aisle_arena_deinit(&arena);
}

/* The body must come out the same in one piece and in small ones. */
static uint64_t decode(const char *p, size_t n, size_t step, aisle_chunk *end)
{
    aisle_chunked c = {0};
    uint64_t sum = 0;
    *end = AISLE_CHUNK_MORE;
    for (size_t at = 0; at < n && *end != AISLE_CHUNK_END && *end != AISLE_CHUNK_BAD;) {
        size_t used = 0, give = n - at < step ? n - at : step;
        aisle_str piece = {NULL, 0};
        *end = aisle_chunked_next(&c, p + at, give, &used, &piece);
        if (used > give || (used == 0 && *end == AISLE_CHUNK_MORE)) abort();
        for (size_t i = 0; *end == AISLE_CHUNK_DATA && i < piece.len; i++)
            sum = sum * 31 + (unsigned char)piece.ptr[i] + 1;
        at += used;
    }
    if (*end == AISLE_CHUNK_DATA) *end = AISLE_CHUNK_MORE;
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    const char *p = (const char *)data + 1;
    size_t n = size - 1, step = data[0] ? data[0] : 1, scanned = 0, end = 0;
    aisle_refusal bad = {0, NULL};
    aisle_head head;
    for (size_t got = 0; got < n && !end && !bad.status;) {
        got = n - got < step ? n : got + step;
        end = aisle_head_end(p, got, &scanned, &bad);
        if (end > got || (end && bad.status)) abort();
    }
    if (end && aisle_head_parse(p, end, &head).status == 0) {
        if (head.chunked && head.content_length >= 0) abort();
        for (int32_t i = 0; i < head.n_fields; i++) touch(head.fields[i].name), touch(head.fields[i].value);
        aisle_host_is_loopback(head.host);
        check_target(head.target);
    }
    aisle_chunk whole, cut;
    uint64_t one = decode(p + end, n - end, n + 1, &whole), many = decode(p + end, n - end, step, &cut);
    if (whole != cut || (whole == AISLE_CHUNK_END && one != many)) abort();
    check_target((aisle_str){p, n});
    return 0;
}
