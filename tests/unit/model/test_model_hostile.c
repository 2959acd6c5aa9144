/* A model file is hostile until checked: cut, flipped, lying about its sections or out of place, each gives one line with file
 * and section, never a crash and never a model. What sections hold is in test_model_lies.c. */
#include <math.h>
#include <sys/stat.h>

#include "tests/unit/model/hostile_file.h"

TestSuite(model_hostile, .init = open_good, .fini = close_good);

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
