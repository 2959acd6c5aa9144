/* Model files: any bytes, once as they are and once with the checksums made right, so that the fuzzer gets
 * past them. What opens is used. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "aisle/scorer.h"
#include "tests/fuzz/fuzz.h"

enum { HEADER = 128, ENTRY = 64 };

static uint64_t get(const uint8_t *p, size_t bytes)
{
    uint64_t v = 0;
    memcpy(&v, p, bytes);
    return v;
}

static void put_crc(uint8_t *at, const uint8_t *data, size_t n)
{
    uint32_t crc = (uint32_t)crc32_z(0, data, n);
    memcpy(at, &crc, sizeof crc);
}

static void seal(uint8_t *p, size_t size)
{
    uint64_t bytes = size, n = get(p + 24, 4);
    memcpy(p + 16, &bytes, sizeof bytes);
    for (uint64_t i = 0; i < n && i < 64 && HEADER + (i + 1) * ENTRY <= size; i++) {
        uint8_t *entry = p + HEADER + i * ENTRY;
        uint64_t offset = get(entry + 32, 8), len = get(entry + 40, 8);
        if (offset <= size && len <= size - offset) put_crc(entry + 12, p + offset, len);
    }
    if (HEADER + n * ENTRY <= size) put_crc(p + 120, p + HEADER, n * ENTRY);
    put_crc(p + 124, p, 124);
}

static void use(const aisle_model *m)
{
    aisle_hit hit[10];
    aisle_hits hits = {.hit = hit};
    aisle_scorer *s = aisle_scorer_new();
    aisle_weighted_item recent = {0, 1.0f};
    for (int32_t u = -1; s && u < aisle_model_n_users(m) && u < 8; u++) {
        aisle_query q = {.user = u, .recent = &recent, .n_recent = u & 1, .explain = true, .n = 10};
        aisle_scorer_recommend(s, m, &q, &hits, NULL);
        if (u >= 0 && aisle_model_find_user(m, aisle_model_user_id(m, u)) != u) abort();
    }
    for (int32_t i = 0; s && i < aisle_model_n_items(m) && i < 64; i++) {
        aisle_scorer_related(s, m, &(aisle_related_query){.item = i, .n = 10}, &hits, NULL);
        if (aisle_model_find_item(m, aisle_model_item_id(m, i)) != i) abort();
    }
    aisle_scorer_popular(m, true, 10, NULL, &hits, NULL);
    aisle_scorer_free(s);
    if (aisle_model_meta(m)[0] == '\0') abort();
}

static void try_bytes(const uint8_t *data, size_t size)
{
    char path[64];
    aisle_model *m = NULL;
    aisle_error err = {0};
    int fd = memfd_create("model", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (aisle_model_open(path, &m, &err) == AISLE_OK)
        use(m);
    else if (m || !err.message[0])
        abort();
    aisle_model_unref(m);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_bytes(data, size);
    if (size < HEADER) return 0;
    uint8_t *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, data, size);
    seal(copy, size);
    try_bytes(copy, size);
    free(copy);
    return 0;
}
