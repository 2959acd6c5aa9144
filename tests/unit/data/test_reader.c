/* Rows out of every format, and every fault. */
#include <criterion/criterion.h>
#include <zlib.h>
#include <zstd.h>

#include "aisle/memory.h"
#include "aisle/reader.h"
#include "tests/unit/data/files.h"

/* Reads a whole file as text: one line a row, "LINE:field|field|" or "LINE!fault". */
static char *transcript(const char *path, const aisle_reader_params *p, const char *ask)
{
    static char out[100000];
    size_t n = 0;
    aisle_reader *r = NULL;
    aisle_error err = {0};
    cr_assert_eq(aisle_reader_open(path, p, &r, &err), AISLE_OK, "%s", err.message);
    for (const char *name = ask; name && *name; name += strlen(name) + 1)
        cr_assert_geq(aisle_reader_find(r, aisle_str_from(name)), 0);
    out[0] = '\0';
    for (;;) {
        aisle_row row;
        bool end;
        aisle_status st = aisle_reader_next(r, &row, &end, &err);
        if (st != AISLE_OK || end) {
            if (st != AISLE_OK) snprintf(out + n, sizeof out - n, "%s\n", err.message);
            break;
        }
        n += (size_t)snprintf(out + n, sizeof out - n, "%d", (int)row.line);
        if (row.fault != AISLE_ROW_OK)
            n += (size_t)snprintf(out + n, sizeof out - n, "!%s", aisle_row_fault_name(row.fault));
        for (int32_t i = 0; i < row.n_fields; i++)
            n += (size_t)snprintf(out + n, sizeof out - n, "%c%.*s", i ? '|' : ':',
                                  row.fields[i].ptr ? (int)row.fields[i].len : 1,
                                  row.fields[i].ptr ? row.fields[i].ptr : "-");
        n += (size_t)snprintf(out + n, sizeof out - n, "\n");
    }
    aisle_reader_close(r);
    return out;
}

#define EXPECT_ROWS(name, text, params, ask, wanted)                                                         \
    do {                                                                                                     \
        folder f_ = make_folder();                                                                           \
        const char *path_ = write_file(&f_, name, text, sizeof(text) - 1);                                   \
        cr_expect_str_eq(transcript(path_, params, ask), wanted);                                            \
        remove_folder(&f_);                                                                                  \
    } while (0)

Test(reader, csv_quotes_line_ends_and_bom_follow_rfc_4180)
{
    EXPECT_ROWS("a.csv",
                "\xef\xbb\xbf"
                "a,b\n1,2\r\n\"x,\"\"y\"\"\",\"l1\nl2\"\n\n,\n\"\",z",
                NULL, NULL, "2:1|2\n3:x,\"y\"|l1\nl2\n6:|\n7:|z\n");
    EXPECT_ROWS("a.csv", "a,b\r1,2\r\r3,4\r", NULL, NULL, "2:1|2\n4:3|4\n");
    EXPECT_ROWS("a.csv", "a;b;c\n1,5;2;x\n", NULL, NULL, "2:1,5|2|x\n");
    EXPECT_ROWS("a.csv", "h\nfive 5\" nails\n", NULL, NULL, "2:five 5\" nails\n");
}

Test(reader, csv_faults_are_rows_and_the_stream_goes_on)
{
    EXPECT_ROWS("a.csv", "a,b\n1\n1,2,3\n1,2\n", NULL, NULL, "2!field-count\n3!field-count\n4:1|2\n");
    EXPECT_ROWS("a.csv", "a,b\n\"x\" y,2\n3,4\n", NULL, NULL, "2!bad-quote:\"x\" y|2\n3:3|4\n");
    EXPECT_ROWS("a.csv", "a,b\n1,\xff\xfe\n3,4\n", NULL, NULL, "2!bad-utf8:1|\xff\xfe\n3:3|4\n");
    EXPECT_ROWS("a.csv", "a,b\n1,\0\n3,4\n", NULL, NULL, "2!nul-byte\n3:3|4\n");
    EXPECT_ROWS("a.csv", "a,b\n1,2\n3,\"open\n5,6\n", NULL, NULL, "2:1|2\n3!open-quote\n");
}

Test(reader, a_row_over_the_limit_is_reported_and_skipped)
{
    aisle_reader_params p = {.max_row_bytes = 8};
    EXPECT_ROWS("a.csv", "a,b\n123456,89\n1,2\n", &p, NULL, "2!too-long\n3:1|2\n");
    EXPECT_ROWS("a.csv", "a,b\n\"1,2\n3,4\n5,6\n7,8\n9,0\n", &p, NULL,
                "2!too-long\n3:3|4\n4:5|6\n5:7|8\n6:9|0\n");
    EXPECT_ROWS("a.jsonl", "{\"a\":\"1234567\"}\n{\"a\":1}\n", &p, "a\0", "1!too-long\n2:1\n");
    p.format = AISLE_FORMAT_ADJACENCY;
    EXPECT_ROWS("a", "1 2 3 4 5 6 7\n1 2\n", &p, NULL, "1!too-long\n2:1|2\n");
    p.format = AISLE_FORMAT_JSON_MAP;
    EXPECT_ROWS("a", "{\"k\":{\"a\":[1,\n2,3]},\n\"l\":{}}", &p, "_key\0", "1!too-long\n3:l\n");
}

Test(reader, a_100_mb_line_takes_bounded_memory)
{
    folder f = make_folder();
    const char *path = write_text(&f, "long.csv", "a,b\n");
    FILE *out = fopen(path, "ab");
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 100; i++) cr_assert_eq(fwrite(block, 1, sizeof block, out), sizeof block);
    cr_assert(fputs("\n1,2\n", out) >= 0 && fclose(out) == 0);
    int64_t before = aisle_peak_rss_bytes();
    cr_expect_str_eq(transcript(path, NULL, NULL), "2!too-long\n3:1|2\n");
    cr_expect_lt(aisle_peak_rss_bytes() - before, (int64_t)16 << 20);
    remove_folder(&f);
}

Test(reader, tsv_has_no_quoting)
{
    EXPECT_ROWS("a.tsv", "a\tb\n\"x\t1,2\n", NULL, NULL, "2:\"x|1,2\n");
    EXPECT_ROWS("noname", "a\tb\n1\t2\n", NULL, NULL, "2:1|2\n");
}

Test(reader, json_lines_address_nested_values_by_dotted_names)
{
    EXPECT_ROWS(
        "a.jsonl",
        "{\"a\":{\"b\":\"x\"},\"n\":12.55,\"l\":[1,\"z\"],\"t\":true}\n\n{\"a.b\":1,\"n\":null}\nnope\n"
        "{\"n\":1}{\n{\"n\":1,\"n\":2}\n[1]\n{\"n\":\"\xff\"}\n",
        NULL, "a.b\0n\0l\0t\0",
        "1:x|12.55|[1,\"z\"]|true\n3:1|-|-|-\n4!bad-json\n5!bad-json\n6!bad-json\n7!bad-json\n"
        "8!bad-utf8:-|\xef\xbf\xbd|-|-\n");
}

Test(reader, a_json_map_yields_its_members_with_their_keys)
{
    EXPECT_ROWS("a.json",
                "{\n  \"0\": {\n    \"t\": \"a, \\\"}{ b\",\n    \"l\": [\"x\", {\"y\": 1}]\n  },\n  "
                "\"k:1\": {\"t\": "
                "2},\n \"bad\": 3,\n \"u\": {}\n}\n",
                NULL, "_key\0t\0l\0", "2:0|a, \"}{ b|[\"x\",{\"y\":1}]\n6:k:1|2|-\n7!bad-json\n8:u|-|-\n");
    EXPECT_ROWS("a.json", "{\n}", NULL, "_key\0", "");
    EXPECT_ROWS("a.json", "{\n\"a\": {}} x", NULL, "_key\0", "2:a\n2!bad-json\n");
    EXPECT_ROWS("a.json", "{\n\"a\": {},\n\"b\": {\"x\"", NULL, "_key\0", "2:a\n3!bad-json\n");
    EXPECT_ROWS("a.json", "{\n\"a\": {} \"b\": {},\"c\":{}}", NULL, "_key\0", "2!bad-json\n2:c\n");
}

Test(reader, adjacency_lists_yield_one_row_a_pair)
{
    EXPECT_ROWS("train.txt", "0 7 8\r\n1\n\n2  9 \n", NULL, NULL, "1:0|7\n1:0|8\n4:2|9\n");
}

Test(reader, columns_are_found_by_name_and_without_header_by_number)
{
    folder f = make_folder();
    aisle_reader *r = NULL;
    const char *path = write_text(&f, "a.csv", "Id, Name \n1,2\n");
    cr_assert_eq(aisle_reader_open(path, NULL, &r, NULL), AISLE_OK);
    cr_expect_eq(aisle_reader_n_columns(r), 2);
    cr_expect(aisle_str_eq(aisle_reader_column(r, 0), AISLE_STR("Id")));
    cr_expect_eq(aisle_reader_find(r, AISLE_STR("id")), 0);
    cr_expect_eq(aisle_reader_find(r, AISLE_STR("NAME")), 1);
    cr_expect_eq(aisle_reader_find(r, AISLE_STR("x")), -1);
    aisle_reader_close(r);
    aisle_reader_params p = {.no_header = true};
    cr_assert_eq(aisle_reader_open(path, &p, &r, NULL), AISLE_OK);
    cr_expect_eq(aisle_reader_find(r, AISLE_STR("2")), 1);
    aisle_reader_close(r);
    cr_expect_str_eq(transcript(path, &p, NULL), "1:Id| Name \n2:1|2\n");
    remove_folder(&f);
}

Test(reader, what_cannot_be_opened_says_why)
{
    folder f = make_folder();
    aisle_reader *r = NULL;
    aisle_error err;
    cr_expect_eq(aisle_reader_open("/nonexistent/x.csv", NULL, &r, &err), AISLE_ENOTFOUND);
    cr_expect_eq(aisle_reader_open(f.path, NULL, &r, &err), AISLE_ECONFLICT);
    cr_expect_eq(aisle_reader_open(write_text(&f, "e.csv", ""), NULL, &r, &err), AISLE_EFORMAT);
    cr_expect_not_null(strstr(err.message, "empty"));
    cr_expect_eq(aisle_reader_open(write_text(&f, "b.csv", "\n\n"), NULL, &r, &err), AISLE_EFORMAT);
    cr_expect_eq(aisle_reader_open(write_text(&f, "q.csv", "a,\"b\n"), NULL, &r, &err), AISLE_EFORMAT);
    cr_expect_null(r);
    remove_folder(&f);
}

/* 20,000 rows, large enough for many refills. */
static char *many_rows(size_t *n)
{
    char *text = malloc(1 << 20);
    *n = (size_t)sprintf(text, "id,name\n");
    for (int i = 0; i < 20000; i++) *n += (size_t)sprintf(text + *n, "%d,\"the name, of %d\"\n", i, i * 31);
    return text;
}

static int64_t count_rows(const char *path, aisle_status *st, aisle_error *err)
{
    aisle_reader *r = NULL;
    int64_t n = 0;
    *st = aisle_reader_open(path, NULL, &r, err);
    for (bool end = false; *st == AISLE_OK && !end;) {
        aisle_row row;
        *st = aisle_reader_next(r, &row, &end, err);
        if (*st == AISLE_OK && !end) {
            cr_assert_eq(row.fault, AISLE_ROW_OK);
            cr_assert_eq(row.line, ++n + 1);
        }
    }
    aisle_reader_close(r);
    return n;
}

Test(reader, compressed_files_are_read_by_their_magic_and_a_cut_is_named)
{
    folder f = make_folder();
    aisle_status st;
    aisle_error err = {0};
    size_t n;
    char *text = many_rows(&n), *packed = malloc(1 << 20);
    size_t half = n / 2, a = ZSTD_compress(packed, 1 << 20, text, half, 3);
    size_t z = a + ZSTD_compress(packed + a, (1 << 20) - a, text + half, n - half, 3);
    cr_expect_eq(count_rows(write_file(&f, "two-frames", packed, z), &st, &err), 20000);
    cr_expect_eq(st, AISLE_OK, "%s", err.message);
    for (size_t cut = 5; cut < z; cut += z / 7) {
        if (cut == a) continue;
        count_rows(write_file(&f, "cut", packed, cut), &st, &err);
        cr_expect_eq(st, AISLE_EFORMAT, "zstd cut at %d", (int)cut);
        cr_expect_not_null(strstr(err.message, "cut off at byte"));
    }
    packed[4] = (char)~packed[4]; /* the frame header's descriptor */
    count_rows(write_file(&f, "flipped", packed, z), &st, &err);
    cr_expect_eq(st, AISLE_EFORMAT);
    cr_expect_not_null(strstr(err.message, "corrupt"), "%s", err.message);
    const char *path = write_text(&f, "x.csv.gz", "");
    for (int part = 0; part < 2; part++) {
        gzFile gz = gzopen(path, part ? "ab" : "wb");
        cr_assert_gt(gzwrite(gz, part ? text + half : text, (unsigned)(part ? n - half : half)), 0);
        gzclose(gz);
    }
    cr_expect_eq(count_rows(path, &st, &err), 20000, "two gzip members");
    cr_expect_eq(st, AISLE_OK, "%s", err.message);
    cr_assert_eq(truncate(path, 30000), 0);
    count_rows(path, &st, &err);
    cr_expect_eq(st, AISLE_EFORMAT);
    cr_expect_not_null(strstr(err.message, "gzip data is cut off at byte 30000"), "%s", err.message);
    free(text);
    free(packed);
    remove_folder(&f);
}

Test(reader, tell_reaches_the_size_of_the_compressed_file)
{
    folder f = make_folder();
    aisle_reader *r = NULL;
    size_t n;
    char *text = many_rows(&n), *packed = malloc(1 << 20);
    size_t z = ZSTD_compress(packed, 1 << 20, text, n, 3);
    cr_assert_eq(aisle_reader_open(write_file(&f, "t.csv.zst", packed, z), NULL, &r, NULL), AISLE_OK);
    aisle_row row;
    for (bool end = false; !end;) cr_assert_eq(aisle_reader_next(r, &row, &end, NULL), AISLE_OK);
    int64_t done, total;
    aisle_reader_tell(r, &done, &total);
    cr_expect(done == total && total == (int64_t)z);
    aisle_reader_close(r);
    free(text);
    free(packed);
    remove_folder(&f);
}

Test(reader, every_failed_allocation_is_reported)
{
    folder f = make_folder();
    const char *files[] = {write_text(&f, "a.csv", "a,\"b\"\"\"\n1,\"2\"\"\"\n"),
                           write_text(&f, "a.jsonl", "{\"a\":1}\n{\"a\":\"\xff\"}\n"),
                           write_text(&f, "a.json", "{\n\"k\":{\"a\":[1]}}"),
                           write_text(&f, "a.adj", "1 2 3\n")};
    for (size_t k = 0; k < sizeof files / sizeof *files; k++)
        for (int64_t n = 1;; n++) {
            aisle_reader *r = NULL;
            aisle_error err = {0};
            aisle_row row;
            aisle_alloc_fail_after(n);
            aisle_status st = aisle_reader_open(files[k], NULL, &r, &err);
            if (st == AISLE_OK && aisle_reader_find(r, AISLE_STR("a")) < 0 && k < 3) st = AISLE_ENOMEM;
            for (bool end = false; st == AISLE_OK && !end;) st = aisle_reader_next(r, &row, &end, &err);
            aisle_alloc_fail_after(0);
            aisle_reader_close(r);
            if (st == AISLE_OK) break;
            cr_assert_eq(st, AISLE_ENOMEM, "%s, allocation %d: %s", files[k], (int)n, err.message);
        }
    remove_folder(&f);
}
