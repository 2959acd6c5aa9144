/* A model file is hostile until checked: cut, flipped, lying or out of place, each gives one line with file
 * and section, never a crash and never a model. */
#include <criterion/criterion.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <zlib.h>

#include "tests/unit/model/small_model.h"

enum { HEADER = 128, ENTRY = 64 };
static unsigned char *file, *good;
static long size;
static const char *path; /* a file in memory: twenty thousand files on disk would take a minute */
static int in_memory = -1;

static void open_model(bool text)
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

static void open_good(void)
{
    open_model(true);
}

static void close_good(void)
{
    close(in_memory);
    free(file);
    free(good);
}

TestSuite(model_hostile, .init = open_good, .fini = close_good);

static void store(const unsigned char *bytes, long n)
{
    if (ftruncate(in_memory, 0) || pwrite(in_memory, bytes, (size_t)n, 0) != n) abort();
}

static uint64_t get(long at, int bytes)
{
    uint64_t v = 0;
    memcpy(&v, file + at, (size_t)bytes);
    return v;
}

static void put(long at, uint64_t v, int bytes)
{
    memcpy(file + at, &v, (size_t)bytes);
}

/* Makes all checksums right again, so that what lies behind them is reached. */
static void seal(long bytes)
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

static void assert_refused(long bytes, const char *word, const char *what)
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

static long entry_of(const char *name)
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

static long data_of(const char *name)
{
    return (long)get(entry_of(name) + 32, 8);
}

/* The good file without the sections of these entries, laid out anew; returns its size. */
static long leave_out_all(long first, long last)
{
    const uint64_t n = get(24, 4), left = n - (uint64_t)((last - first) / ENTRY + 1);
    long entry = HEADER, end = HEADER + (long)left * ENTRY;
    memset(file + HEADER, 0, (size_t)(size - HEADER));
    for (long from = HEADER; from < HEADER + (long)n * ENTRY; from += ENTRY) {
        uint64_t offset, bytes;
        if (from >= first && from <= last) continue;
        memcpy(&offset, good + from + 32, 8);
        memcpy(&bytes, good + from + 40, 8);
        long to = (end + 63) / 64 * 64;
        memcpy(file + entry, good + from, ENTRY);
        put(entry + 32, (uint64_t)to, 8);
        memcpy(file + to, good + offset, bytes);
        entry += ENTRY;
        end = to + (long)bytes;
    }
    put(24, left, 4);
    put(16, (uint64_t)end, 8);
    seal(end);
    return end;
}

static long leave_out(const char *name)
{
    const long gone = entry_of(name);
    return leave_out_all(gone, gone);
}

Test(model_hostile, a_sealed_good_file_opens)
{
    aisle_model *m = NULL;
    seal(size);
    store(file, size);
    cr_assert_eq(aisle_model_open(path, &m, NULL), AISLE_OK);
    aisle_model_unref(m);
}

Test(model_hostile, cut_at_every_byte)
{
    for (long n = 0; n < size; n++)
        assert_refused(n, n < HEADER ? "not an aisle model" : "bytes, wanted", "cut");
}

Test(model_hostile, cut_at_every_byte_with_the_size_mended)
{
    for (long n = HEADER; n < size; n++) {
        put(16, (uint64_t)n, 8);
        seal(n);
        assert_refused(n, "model", "cut and mended");
    }
}

Test(model_hostile, bytes_behind_the_end)
{
    memset(file + size, 0, 64);
    store(file, size + 64);
    put(16, (uint64_t)size + 64, 8);
    seal(size);
    assert_refused(size + 64, "section table", "longer");
}

Test(model_hostile, every_flipped_byte)
{
    for (long i = 0; i < size; i++) {
        file[i] ^= 0x10;
        assert_refused(size, "model", "flip");
    }
}

/* Offsets and widths of every field of the header and of an entry. Checksums of 0, 1 ... are wrong ones. */
typedef struct field {
    long at;
    int bytes;
} field;

static void try_extremes(field f, bool sealed)
{
    static const uint64_t values[] = {0,          1,          2,        63,         65,        INT32_MAX,
                                      1ull << 31, UINT32_MAX, 1u << 20, 1ull << 63, INT64_MAX, UINT64_MAX};
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
        uint64_t value = f.bytes == 4 ? (uint32_t)values[v] : values[v];
        if (value == get(f.at, f.bytes)) continue;
        put(f.at, value, f.bytes);
        if (sealed) seal(size);
        char what[80];
        snprintf(what, sizeof what, "field at %ld = %llx", f.at, (unsigned long long)value);
        assert_refused(size, "model", what);
    }
}

Test(model_hostile, every_header_field_at_its_extremes)
{
    static const field fields[] = {{0, 8},  {8, 4},  {12, 4}, {16, 8},  {24, 4},  {28, 4},  {32, 8}, {40, 8},
                                   {48, 4}, {52, 4}, {56, 4}, {60, 4},  {64, 4},  {68, 4},  {72, 4}, {76, 4},
                                   {80, 8}, {88, 8}, {96, 8}, {104, 8}, {112, 8}, {120, 4}, {124, 4}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        try_extremes(fields[i], false);
        /* a0, reg and nu are free numbers: small integers as bits are tiny floats; the checksums mend
         * themselves */
        if (fields[i].at < 64 || (fields[i].at > 72 && fields[i].at < 120)) try_extremes(fields[i], true);
    }
}

Test(model_hostile, every_section_field_at_its_extremes)
{
    static const field fields[] = {{0, 4},  {4, 4},  {8, 4},  {12, 4}, {16, 8},
                                   {24, 8}, {32, 8}, {40, 8}, {48, 8}, {56, 8}};
    for (long s = 0; s < 31; s++)
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            field f = {HEADER + s * ENTRY + fields[i].at, fields[i].bytes};
            try_extremes(f, false);
            /* a mended checksum is a right one */
            if (fields[i].at != 12) try_extremes(f, true);
        }
}

Test(model_hostile, a_wrong_checksum_of_the_table_under_a_right_header)
{
    file[120] ^= 1;
    put(124, crc32_z(0, file, 124), 4);
    assert_refused(size, "section table: checksum", "table checksum");
}

Test(model_hostile, a_file_without_its_sections)
{
    put(24, 0, 4);
    put(16, HEADER, 8);
    seal(HEADER);
    assert_refused(HEADER, "meta: missing", "no sections");
}

Test(model_hostile, settings_out_of_range)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY, -1};
    for (long at = 64; at <= 72; at += 4)
        for (size_t i = 0; i < 4; i++) {
            memcpy(file + at, &bad[i], 4);
            seal(size);
            assert_refused(size, "header", "setting");
        }
}

Test(model_hostile, overlapping_and_misaligned_sections)
{
    long at = entry_of("item-factors");
    put(at + 32, get(at + 32, 8) - 64, 8);
    seal(size);
    assert_refused(size, "item-factors: offset", "overlap");
    put(at + 32, get(at + 32, 8) + 4, 8);
    seal(size);
    assert_refused(size, "item-factors: offset", "misaligned");
    put(at + 32, get(HEADER + 32, 8), 8);
    seal(size);
    assert_refused(size, "item-factors: offset", "two in one place");
}

Test(model_hostile, a_later_version_or_an_unknown_part_is_unsupported)
{
    aisle_error err = {0};
    aisle_model *m = NULL;
    put(8, 2, 4);
    store(file, size);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_EUNSUPPORTED);
    cr_assert(strstr(err.message, "version 2") && strstr(err.message, "newer aisle"), "%s", err.message);
    memcpy(file, good, (size_t)size);
    put(entry_of("item-factors") + 4, 5, 4);
    seal(size);
    store(file, size);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_EUNSUPPORTED);
    cr_assert(strstr(err.message, "item-factors") && strstr(err.message, "type 5"), "%s", err.message);
    memcpy(file, good, (size_t)size);
    put(entry_of("item-confidence"), 99, 4);
    seal(size);
    store(file, size);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_EUNSUPPORTED);
    cr_assert(strstr(err.message, "kind 99"), "%s", err.message);
}

Test(model_hostile, an_unknown_section_marked_skippable_is_passed_over)
{
    aisle_error err = {0};
    aisle_model *m = NULL;
    aisle_section_info info;
    close_good();
    open_model(false); /* it must be the last */
    long at = entry_of("item-confidence");
    put(at, 99, 4);
    put(at + 4, 77, 4);
    put(at + 8, 1, 4);
    seal(size);
    store(file, size);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK, "%s", err.message);
    cr_assert_null(aisle_model_item_confidence(m));
    cr_assert(aisle_model_section(m, 19, &info) && strcmp(info.name, "unknown") == 0);
    aisle_model_unref(m);
}

Test(model_hostile, numbers_that_no_model_has)
{
    static const struct {
        const char *section;
        long at;
        int bytes;
        uint64_t value;
    } lies[] = {
        {"meta", 0, 1, 'x'},
        {"meta", 3, 1, 0},
        {"user-factors", 12, 4, 0x7FC00000},
        {"item-factors", 0, 4, 0x7F800000},
        {"item-factors", 4, 4, 0xFF800000},
        {"item-gram", 8, 4, 0x7F800001},
        {"user-id-ends", 0, 8, 1},
        {"user-id-ends", 8, 8, 0},
        {"user-id-ends", 16, 8, UINT64_MAX},
        {"item-id-ends", 23 * 8, 8, 1u << 30},
        {"item-id-index", 0, 4, 23},
        {"user-id-index", 0, 4, 0xFFFFFFFE},
        {"item-id-index", 4, 4, 3},
        {"seen-rows", 8, 8, UINT64_MAX},
        {"seen-rows", 16, 8, 1ull << 40},
        {"seen-rows", SMALL_USERS * 8, 8, 29}, /* one entry of the 30 in no row */
        {"seen-items", 0, 4, 0xFFFFFFFF},
        {"seen-items", 4, 4, 23},
        {"seen-items", 4, 4, 0},
        {"seen-weights", 4, 4, 0},
        {"similar-items", 0, 4, 0xFFFFFFFF},
        {"similar-items", 0, 4, 0xFFFFFFFE},
        {"content-items", 4, 4, 23},
        {"similar-scores", 0, 4, 0x7FC00000},
        {"content-scores", 0, 4, 0x7FC00000},
        {"popularity", 0, 4, 0xBF800000},
        {"trending", 8, 4, 0x7F800000},
        {"item-confidence", 0, 4, 0},
        {"text-settings", 0, 1, 0},
        {"text-stem-ends", 8, 8, 0},
        {"text-stem-ends", 8, 8, 1ull << 40},
        {"text-rows", 8, 8, 0xFFFFFFFFFFFFFFFF},
        {"text-rows", 8, 8, 1ull << 40},
        {"text-terms", 0, 4, 0xFFFFFFFF},
        {"text-terms", 4, 4, 0},
        {"text-terms", 4, 4, 1000},
        {"text-weights", 0, 4, 0x3F000001},
        {"text-weights", 0, 4, 0xBF000000},
        {"text-weights", 0, 4, 0x7FC00000},
        {"text-map", 4, 4, 0x7F800000},
        {"text-map-mean", 4, 4, 0x7FC00000},
        {"text-map-scale", 0, 4, 0},
        {"text-map-scale", 0, 4, 0xBF800000},
        {"hybrid-parts", 0, 4, 2}, /* twice */
        {"hybrid-weights", 4, 4, 0xBF800000},
        {"hybrid-weights", 4, 4, 0x7F800000},
        {"hybrid-rule", 4, 4, 0xFFFFFFFF},
        {"link-unit", 0, 4, 0},
        {"link-unit", 0, 4, 0x7FC00000},
        {"item-knn-rows", 8, 8, UINT64_MAX},
        {"item-knn-rows", 8, 8, 1ull << 40},
        {"item-knn-items", 0, 4, 0xFFFFFFFF},
        {"item-knn-items", 4, 4, 23},
        {"item-knn-items", 4, 4, 1},
        {"item-knn-weights", 4, 4, 0x7F800000},
        {"ease-rows", 0, 8, 1},
        {"ease-items", 4, 4, 23},
        {"ease-weights", 0, 4, 0xFF800000},
        {"popular-scores", 0, 4, 0xBF800000},
        {"group-attributes", 0, 4, 3},
        {"group-attributes", 0, 4, 0xFFFFFFFF},
        {"group-name-ends", 8, 8, 0},
        {"group-name-ends", 8, 8, 1ull << 40},
        {"user-groups", 0, 4, 3},
        {"user-groups", 0, 4, 0xFFFFFFFE},
        {"user-groups", 0, 4, 1}, /* of another attribute */
        {"group-base", 0, 4, 0x7FC00000},
        {"group-rows", 8, 8, UINT64_MAX},
        {"group-items", 0, 4, 23},
        {"group-weights", 0, 4, 0x7F800000},
        {"group-factors", 0, 4, 0x7FC00000},
        {"compact-tile-error", 0, 4, 0x7F800000},
        {"compact-tile-error", 0, 4, 0},
        {"compact-ids", 0, 4, 23},
        {"compact-ids", 0, 4, 0xFFFFFFFF},
        {"compact-ids", 23 * 4, 4, 0},
        {"compact-codes", 0, 1, 0},
        {"compact-norm", 0, 4, 0x43000000},
        {"compact-norm", 4, 4, 0},
        {"compact-norm", 47 * 4, 4, 0x3F800000},
        {"compact-norm", 0, 4, 0x7FC00000},
        {"compact-scale", 0, 4, 0x40000000},
        {"compact-scale", 0, 4, 0xBF800000},
        {"compact-error", 0, 4, 0xBF800000},
        {"compact-error", 0, 4, 0x43000000},
        {"compact-error", 30 * 4, 4, 0x3F800000},
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        put(data_of(lies[i].section) + lies[i].at, lies[i].value, lies[i].bytes);
        seal(size);
        char what[64];
        snprintf(what, sizeof what, "lie %zu in %s", i, lies[i].section);
        assert_refused(size, lies[i].section, what);
    }
}

Test(model_hostile, a_table_of_no_tiles_and_nothing_beside_it)
{
    const long at = entry_of("compact-tile-error");
    leave_out_all(entry_of("compact-ids"), entry_of("compact-error"));
    const long end = (long)get(at + 32, 8); /* it is the last now */
    put(at + 16, 0, 8);
    put(at + 40, 0, 8);
    put(16, (uint64_t)end, 8);
    seal(end);
    assert_refused(end, "no tiles", "no tiles");
}

/* Where there are no items, no tiles are what a table has: nothing has asked for the sections beside it. */
Test(model_hostile, a_table_of_a_model_without_items)
{
    static float gram[4], user[2] = {1, 2};
    static const int64_t rows[2];
    const aisle_model_parts p = {.users = {1, 2, 2, user},
                                 .items = {0, 2, 2, gram},
                                 .item_gram = gram,
                                 .n_users = 1,
                                 .user_id = small_id,
                                 .item_id = small_id,
                                 .user_ctx = "u",
                                 .item_ctx = "i",
                                 .seen = {.n_rows = 1, .row_ptr = (int64_t *)rows},
                                 .meta = "{}",
                                 .nu = 1};
    aisle_error err = {0};
    const char *bare = temp_path("bare.aisle");
    cr_assert_eq(aisle_model_write(bare, &p, &err), AISLE_OK, "%s", err.message);
    long bytes;
    unsigned char *from = read_all(bare, &bytes);
    memcpy(file, from, HEADER);
    const long n = (long)get(24, 4);
    long end = HEADER + (n + 1) * ENTRY;
    memset(file + HEADER, 0, (size_t)(size - HEADER));
    for (long e = HEADER; e < HEADER + n * ENTRY; e += ENTRY) {
        uint64_t offset, len;
        memcpy(&offset, from + e + 32, 8);
        memcpy(&len, from + e + 40, 8);
        memcpy(file + e, from + e, ENTRY);
        end = (end + 63) / 64 * 64;
        put(e + 32, (uint64_t)end, 8);
        memcpy(file + end, from + offset, len);
        end += (long)len;
    }
    const long at = HEADER + n * ENTRY;
    end = (end + 63) / 64 * 64;
    put(at, 52, 4);    /* compact-tile-error, */
    put(at + 4, 4, 4); /* in f32, */
    put(at + 8, 1, 4); /* that may be passed over */
    put(at + 24, 1, 8);
    put(at + 32, (uint64_t)end, 8);
    put(24, (uint64_t)n + 1, 4);
    put(16, (uint64_t)end, 8);
    seal(end);
    free(from);
    assert_refused(end, "compact-tile-error: no tiles", "no items");
}

Test(model_hostile, a_table_whose_codes_or_errors_are_not_those_of_its_rows)
{
    const long codes = data_of("compact-codes"), error = data_of("compact-error");
    for (int k = 0; k < 4; k++) file[codes + k] ^= 0x40; /* of the first row */
    seal(size);
    assert_refused(size, "compact-error: value 0", "codes");
    memset(file + error, 0, 4);
    seal(size);
    assert_refused(size, "compact-", "error");
    uint32_t first = (uint32_t)get(data_of("compact-ids"), 4),
             second = (uint32_t)get(data_of("compact-ids") + 4, 4);
    put(data_of("compact-ids"), second, 4);
    put(data_of("compact-ids") + 4, first, 4);
    seal(size);
    assert_refused(size, "compact-norm: value 0", "order");
    assert_refused(leave_out("compact-scale"), "compact-scale: missing", "scale");
    assert_refused(leave_out("compact-tile-error"), "compact-ids", "the first");
}

/* Sections that an older reader may pass over are checked all the same by one that knows them. */
Test(model_hostile, texts_that_no_vocabulary_gives)
{
    put(data_of("text-settings"), 'x', 1);
    seal(size);
    assert_refused(size, "text vocabulary: settings", "settings");
    put(data_of("text-nodes") + 4, 1, 4);
    seal(size);
    assert_refused(size, "text vocabulary: node 0", "ring");
    put(data_of("text-df"), 0, 4);
    seal(size);
    assert_refused(size, "text vocabulary: term 0", "df");
    assert_refused(leave_out("text-map-scale"), "text-map-scale: missing", "scale");
    put(entry_of("text-df") + 8, 0, 4);
    seal(size);
    assert_refused(size, "text-df: flags", "flags");
}

Test(model_hostile, hybrids_without_what_they_are_made_of)
{
    static const struct {
        const char *gone, *complaint;
    } wanted[] = {
        {"hybrid-rule", "hybrid-rule: missing"},
        {"hybrid-parts", "hybrid-parts: missing beside hybrid-weights"},
        {"link-unit", "link-unit: missing"},
        {"item-knn-weights", "item-knn-weights: missing"},
        {"ease-rows", "ease-rows: missing"},
        {"popular-scores", "popular-scores: missing"},
        {"trending", "trending: missing"},
        {"popularity", "popularity: missing"},
        {"group-weights", "group-weights: missing"},
        {"group-name-bytes", "group-name-bytes: missing"},
        {"user-groups", "user-groups: missing"},
        {"group-base", "group-base: missing"},
        {"group-factors", "group-factors: "},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        long bytes = leave_out(wanted[i].gone);
        assert_refused(bytes, wanted[i].complaint, wanted[i].gone);
    }
}

Test(model_hostile, hybrids_of_a_later_version)
{
    put(data_of("hybrid-rule"), 2, 4);
    seal(size);
    assert_refused(size, "written by a newer aisle", "rule");
    put(data_of("hybrid-parts"), 99, 4);
    seal(size);
    assert_refused(size, "part 99, known are 1 to 8; written by a newer aisle", "part");
}

Test(model_hostile, a_free_slot_that_names_an_id_again)
{
    long at = data_of("item-id-index");
    while (get(at, 4) != UINT32_MAX) at += 4;
    put(at, 3, 4);
    seal(size);
    assert_refused(size, "item-id-index: 24 slots", "slot");
}

/* Two ids made equal: the second would never be found. */
Test(model_hostile, an_id_that_is_there_twice)
{
    long at = data_of("item-id-bytes");
    memcpy(file + at + 3, "i-8i-15", 7); /* "i-1" "i-8" "i-15" ... */
    memcpy(file + at, "i-8", 3);
    seal(size);
    assert_refused(size, "item-id-index", "twice");
}

Test(model_hostile, a_folder_or_a_pipe_in_its_place)
{
    aisle_error err = {0};
    aisle_model *m = NULL;
    const char *folder = temp_path("folder.aisle"), *pipe = temp_path("pipe.aisle");
    mkdir(folder, 0700);
    cr_assert_neq(aisle_model_open(folder, &m, &err), AISLE_OK);
    cr_assert(strstr(err.message, folder), "%s", err.message);
    cr_assert_eq(mkfifo(pipe, 0600), 0);
    cr_assert_neq(aisle_model_open(pipe, &m, &err), AISLE_OK);
    cr_assert(strstr(err.message, pipe), "%s", err.message);
    cr_assert_eq(aisle_model_open("/no/such/m.aisle", &m, &err), AISLE_ENOTFOUND);
    cr_assert_null(m);
}
