/* A good model file in memory, to be spoilt: what the tests of hostile files share. For the suites' init and fini. */
#ifndef AISLE_TESTS_HOSTILE_FILE_H
#define AISLE_TESTS_HOSTILE_FILE_H

#include <criterion/criterion.h>
#include <sys/mman.h>
#include <zlib.h>

#include "tests/unit/model/small_model.h"

enum { HEADER = 128, ENTRY = 64 };
static unsigned char *file, *good;
static long size;
static const char *path; /* a file in memory: twenty thousand files on disk would take a minute */
static int in_memory = -1;

static inline void open_model(bool text)
{
    static small_model s;
    aisle_error err = {0};
    small_model_init(&s);
    static aisle_compact table;
    if (text) {
        if (aisle_compact_init(&s.parts.items, &table, &err) != AISLE_OK) abort();
        s.parts.compact = &table;
    }
    if (!text) {
        s.parts.vocabulary = NULL;
        s.parts.hybrid = NULL; /* content is a part of it */
    }
    path = temp_path("hostile.aisle");
    if (aisle_model_write(path, &s.parts, &err) != AISLE_OK) abort();
    good = read_all(path, &size);
    in_memory = memfd_create("hostile", 0);
    static char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", in_memory);
    path = name;
    file = malloc((size_t)size + 64);
    memcpy(file, good, (size_t)size);
}

static inline void open_good(void)
{
    open_model(true);
}

static inline void close_good(void)
{
    close(in_memory);
    free(file);
    free(good);
}

static inline void store(const unsigned char *bytes, long n)
{
    if (ftruncate(in_memory, 0) || pwrite(in_memory, bytes, (size_t)n, 0) != n) abort();
}

static inline uint64_t get(long at, int bytes)
{
    uint64_t v = 0;
    memcpy(&v, file + at, (size_t)bytes);
    return v;
}

static inline void put(long at, uint64_t v, int bytes)
{
    memcpy(file + at, &v, (size_t)bytes);
}

/* Makes all checksums right again, so that what lies behind them is reached. */
static inline void seal(long bytes)
{
    uint64_t n = get(24, 4) < 64 ? get(24, 4) : 64;
    for (uint64_t i = 0; i < n; i++) {
        long at = HEADER + (long)i * ENTRY;
        uint64_t offset = get(at + 32, 8), len = get(at + 40, 8);
        if (at + ENTRY <= bytes && offset <= (uint64_t)bytes && len <= (uint64_t)bytes - offset)
            put(at + 12, crc32_z(0, file + offset, len), 4);
    }
    put(120, crc32_z(0, file + HEADER, n * ENTRY), 4);
    put(124, crc32_z(0, file, 124), 4);
}

static inline void assert_refused(long bytes, const char *word, const char *what)
{
    aisle_error err = {0};
    aisle_model *m = NULL;
    store(file, bytes);
    aisle_status st = aisle_model_open(path, &m, &err);
    cr_assert(st == AISLE_EFORMAT || st == AISLE_EUNSUPPORTED, "%s: status %d %s", what, st, err.message);
    cr_assert_null(m);
    cr_assert(strstr(err.message, path), "%s: no path in \"%s\"", what, err.message);
    cr_assert(strstr(err.message, word), "%s: \"%s\" lacks \"%s\"", what, err.message, word);
    memcpy(file, good, (size_t)size);
}

static inline long entry_of(const char *name)
{
    aisle_model *m = NULL;
    aisle_section_info info;
    long at = -1;
    store(good, size);
    cr_assert_eq(aisle_model_open(path, &m, NULL), AISLE_OK);
    for (int i = 0; aisle_model_section(m, i, &info); i++)
        if (strcmp(info.name, name) == 0) at = HEADER + (long)i * ENTRY;
    aisle_model_unref(m);
    cr_assert_geq(at, 0, "%s", name);
    return at;
}

#endif
