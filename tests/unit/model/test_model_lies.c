/* Sections that are in their places under right checksums, and hold what no model does: each gives one line with file and
 * section. */
#include "tests/unit/model/hostile_file.h"

TestSuite(model_lies, .init = open_good, .fini = close_good);

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

Test(model_lies, numbers_that_no_model_has)
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

Test(model_lies, a_table_of_no_tiles_and_nothing_beside_it)
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
Test(model_lies, a_table_of_a_model_without_items)
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

Test(model_lies, a_table_whose_codes_or_errors_are_not_those_of_its_rows)
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
Test(model_lies, texts_that_no_vocabulary_gives)
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

Test(model_lies, hybrids_without_what_they_are_made_of)
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

Test(model_lies, hybrids_of_a_later_version)
{
    put(data_of("hybrid-rule"), 2, 4);
    seal(size);
    assert_refused(size, "written by a newer aisle", "rule");
    put(data_of("hybrid-parts"), 99, 4);
    seal(size);
    assert_refused(size, "part 99, known are 1 to 8; written by a newer aisle", "part");
}

Test(model_lies, a_free_slot_that_names_an_id_again)
{
    long at = data_of("item-id-index");
    while (get(at, 4) != UINT32_MAX) at += 4;
    put(at, 3, 4);
    seal(size);
    assert_refused(size, "item-id-index: 24 slots", "slot");
}

/* Two ids made equal: the second would never be found. */
Test(model_lies, an_id_that_is_there_twice)
{
    long at = data_of("item-id-bytes");
    memcpy(file + at + 3, "i-8i-15", 7); /* "i-1" "i-8" "i-15" ... */
    memcpy(file + at, "i-8", 3);
    seal(size);
    assert_refused(size, "item-id-index", "twice");
}
