/* Reading ratings: every form a line may have, every fault, and the same bytes for any threads and blocks, against a
 * reader that keeps everything and sorts it. */
#include <math.h>

#include "aisle/memory.h"
#include "aisle/ratings.h"
#include "aisle/rng.h"
#include "tests/unit/data/files.h"

/* The matrix as text: "user:item=value ..." in the order of rows and columns. */
static const char *as_text(const aisle_ratings *r)
{
    static char text[4096];
    char room[2][24];
    size_t n = 0;
    text[0] = '\0';
    for (int32_t u = 0; u < r->m.n_rows; u++)
        for (int64_t e = r->m.row_ptr[u]; e < r->m.row_ptr[u + 1]; e++) {
            aisle_str user = aisle_rating_id(&r->users, u, room[0]);
            aisle_str item = aisle_rating_id(&r->items, r->m.col[e], room[1]);
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s:%.*s=%g", n ? " " : "", (int)user.len,
                                  user.ptr, (int)item.len, item.ptr, (double)r->m.val[e]);
        }
    return text;
}

static void expect_with(const char *content, const aisle_ratings_params *p, const char *want)
{
    static const int32_t blocks[] = {0, 16, 17, 31};
    folder f = make_folder();
    const char *path = write_text(&f, "r.csv", content);
    for (int threads = 1; threads <= 5; threads += 2)
        for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
            aisle_ratings_params q = *p;
            aisle_ratings r;
            aisle_error err = {0};
            q.threads = threads;
            q.block_bytes = blocks[i];
            cr_assert_eq(aisle_ratings_read(path, &q, &r, &err), AISLE_OK, "%s", err.message);
            cr_assert_eq(aisle_csr_check(&r.m, NULL), AISLE_OK);
            cr_assert_str_eq(as_text(&r), want, "%d threads, blocks of %d: %s", threads, blocks[i],
                             as_text(&r));
            aisle_ratings_deinit(&r);
        }
    remove_folder(&f);
}

static void expect(const char *content, const char *want)
{
    const aisle_ratings_params p = {0};
    expect_with(content, &p, want);
}

Test(ratings, separators_are_found)
{
    expect("1,2,3\n", "1:2=3");
    expect("1\t2\t3\n", "1:2=3");
    expect("1;2;3\n", "1:2=3");
    expect("1::2::3\n", "1:2=3");
    expect("1::2::3::978300760\n4::5::1::978300761\n", "1:2=3 4:5=1");
    expect("a:b::c::3\nd::e:f::2\n", "a:b:c=3 d:e:f=2");
    expect("1::2:3\n4::2:3\n", "1:2:3=1 4:2:3=1");
}

Test(ratings, separators_can_be_given)
{
    expect_with("1|2|3\n", &(aisle_ratings_params){.separator = "|"}, "1:2=3");
    expect_with("1 2 3\n4 5\t6\n", &(aisle_ratings_params){.separator = " ", .skip_bad = true}, "1:2=3");
    expect_with("a,b;c;1\n", &(aisle_ratings_params){.separator = ";"}, "a,b:c=1");
}

Test(ratings, headers_are_found_by_the_value)
{
    expect("user,item,value\n1,2,3\n", "1:2=3");
    expect("userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n", "1:31=2.5");
    expect("a,b,1\nc,d,2\n", "a:b=1 c:d=2");
    expect("user,item\na,b\n", "a:b=1");
    expect("who,what\n1,2\n", "1:2=1");
    expect("who,what\nalice,tea\n", "who:what=1 alice:tea=1");
    expect_with("who,what\nalice,tea\n", &(aisle_ratings_params){.header = AISLE_HEADER_YES}, "alice:tea=1");
    expect_with("1,2,3\n4,5,6\n", &(aisle_ratings_params){.header = AISLE_HEADER_YES}, "4:5=6");
    expect_with("user,item\n1,2\n", &(aisle_ratings_params){.header = AISLE_HEADER_NO}, "user:item=1 1:2=1");
}

Test(ratings, line_ends_marks_and_blank_lines_are_taken_as_they_come)
{
    expect("1,2,3\r\n4,5,6\r\n", "1:2=3 4:5=6");
    expect("1,2\r\n4,5\r\n", "1:2=1 4:5=1");
    expect("1,2,3\n4,5,6", "1:2=3 4:5=6");
    expect("1,2,3\n4,5,6\r", "1:2=3 4:5=6");
    expect("\xef\xbb\xbf"
           "1,2,3\n",
           "1:2=3");
    expect("\n\r\n1,2,3\n\n\n4,5,6\n\r\n\n", "1:2=3 4:5=6");
    expect("1,2,3,x,y\n4,5,6,\n", "1:2=3 4:5=6");
}

Test(ratings, numbers_are_sorted_and_text_stands_as_it_came)
{
    expect("30,5,1\n4,70,1\n30,6,1\n", "4:70=1 30:5=1 30:6=1");
    expect("007,1,1\n7, 2 ,1\n", "7:1=1 7:2=1");
    expect("z,5,1\na,70,1\nz,6,1\n7,8,1\n", "z:5=1 z:6=1 a:70=1 7:8=1");
    expect("9,5,1\n8,70,1\nx,6,1\n007,8,1\n7,8,1\n", "9:5=1 8:70=1 x:6=1 007:8=1 7:8=1");
    expect("1,z,1\n1,a,1\n2,z,1\n", "1:z=1 1:a=1 2:z=1");
    expect("-1,2,3\n+1,2,3\n1,2,3\n", "-1:2=3 +1:2=3 1:2=3");
}

Test(ratings, huge_numbers_are_ids_too)
{
    expect("9223372036854775807,65536,1\n99999999,1234567890123456,1\n5,65536,2\n123456789,65536,1\n",
           "5:65536=2 99999999:1234567890123456=1 123456789:65536=1 9223372036854775807:65536=1");
    expect("9223372036854775808,1,1\n1,1,1\n", "9223372036854775808:1=1 1:1=1");
    expect("12345678901234567890123,1,1\n", "12345678901234567890123:1=1");
}

Test(ratings, ids_may_stand_in_quotes)
{
    expect("\"a,b\",c,1\n\"say \"\"x\"\"\",\"c\",2\n", "a,b:c=1 say \"x\":c=2");
    expect("\"12\",\"7\",\"2.5\"\n3,7,1\n", "3:7=1 12:7=2.5");
    expect("\"a::b\"::c::1\n", "a::b:c=1");
    expect("a\"b,c,1\n", "a\"b:c=1");
}

Test(ratings, values_are_the_nearest_float)
{
    static const char *const values[] = {"1",
                                         "0.5",
                                         ".5",
                                         "5.",
                                         "1234567.8",
                                         "99999999",
                                         "16777217",
                                         "123456.7",
                                         "1e3",
                                         "2.5E-3",
                                         "+4",
                                         "1234567.",
                                         ".0000001",
                                         "0.1234567",
                                         "1.00000017881393432617",
                                         "3.4e38",
                                         "1.0000000596046448",
                                         "1e-40",
                                         "0.000000059604644775390625",
                                         " 3 ",
                                         "8388609.5",
                                         "16777219",
                                         "00000001",
                                         "0000000.5"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        folder f = make_folder();
        char line[64];
        aisle_ratings r;
        aisle_error err = {0};
        snprintf(line, sizeof line, "1,2,%s\n", values[i]);
        const char *path = write_text(&f, "r.csv", line);
        cr_assert_eq(aisle_ratings_read(path, NULL, &r, &err), AISLE_OK, "%s", err.message);
        cr_assert_eq(r.m.val[0], strtof(values[i], NULL), "%s: %a", values[i], (double)r.m.val[0]);
        aisle_ratings_deinit(&r);
        remove_folder(&f);
    }
}

Test(ratings, two_columns_count_lines)
{
    expect("1,2\n1,2\n1,3\n", "1:2=2 1:3=1");
    expect_with("1,2,99\n1,2,98\n1,3,97\n", &(aisle_ratings_params){.no_value = true}, "1:2=2 1:3=1");
}

Test(ratings, equal_pairs_are_merged_as_asked)
{
    const char *lines = "1,2,3\n1,9,1\n1,2,5\n4,2,1\n1,2,4\n";
    expect(lines, "1:2=12 1:9=1 4:2=1");
    expect_with(lines, &(aisle_ratings_params){.duplicates = AISLE_DUPLICATES_LAST}, "1:2=4 1:9=1 4:2=1");
    expect_with(lines, &(aisle_ratings_params){.duplicates = AISLE_DUPLICATES_MAX}, "1:2=5 1:9=1 4:2=1");
}

/* 2^54 + 2^30 lies half-way between two floats, and ones that are added to it go under: from the smallest up they
 * do not, in a row of any length and wherever they stand. */
Test(ratings, sums_are_made_from_the_smallest_up)
{
    for (int ones = 5; ones < 100; ones += 60) {
        aisle_buf text = {0};
        aisle_buf_printf(&text, "1,2,18014398509481984\n1,2,1073741824\n");
        for (int i = 0; i < ones; i++) aisle_buf_printf(&text, "1,2,1\n");
        expect(text.data, "1:2=1.80144e+16");
        folder f = make_folder();
        aisle_ratings r;
        cr_assert_eq(aisle_ratings_read(write_text(&f, "r.csv", text.data), NULL, &r, NULL), AISLE_OK);
        cr_assert_eq(r.m.val[0], 0x1p54F + 0x1p31F, "%d: %a", ones, (double)r.m.val[0]);
        aisle_ratings_deinit(&r);
        remove_folder(&f);
        aisle_buf_deinit(&text);
    }
}

/* ---- faults ---- */

static void expect_fault(const char *content, size_t bytes, const char *want)
{
    for (int threads = 1; threads <= 3; threads += 2) {
        folder f = make_folder();
        aisle_error err = {0};
        aisle_ratings r;
        const aisle_ratings_params p = {.threads = threads, .block_bytes = 16};
        const char *path = write_file(&f, "r.csv", content, bytes);
        cr_assert_eq(aisle_ratings_read(path, &p, &r, &err), AISLE_EFORMAT, "%s", want);
        cr_assert_null(r.m.row_ptr);
        cr_assert(strstr(err.message, path) == err.message, "%s", err.message);
        cr_assert(strstr(err.message, want), "got:    %s\nwanted: %s", err.message, want);
        remove_folder(&f);
    }
}

static void expect_bad(const char *line, const char *want)
{
    char content[400], where[200];
    snprintf(content, sizeof content, "1,2,3\r\n\n4,5,6\n%s\n7,8,9\nx,,0\n", line);
    snprintf(where, sizeof where, "line 4, %s", want);
    expect_fault(content, strlen(content), where);
}

Test(ratings, a_bad_line_is_named_with_line_and_column)
{
    expect_bad("12", "column 1: the line ends, too few columns; wanted user,item,value");
    expect_bad("12,13", "column 2: the line ends, too few columns");
    expect_bad(",2,3", "column 1: got '': the id is empty");
    expect_bad("1,,3", "column 2: got '': the id is empty");
    expect_bad("1,2,", "column 3: got '': the value is no number");
    expect_bad("1,2,x1", "column 3: got 'x1': the value is no number");
    expect_bad("1,2,0", "column 3: got '0': the value is no number, not above 0");
    expect_bad("1,2,0.0", "column 3: got '0.0'");
    expect_bad("1,2,-1", "column 3: got '-1'");
    expect_bad("1,2,1e99", "column 3: got '1e99'");
    expect_bad("1,2,nan", "column 3: got 'nan'");
    expect_bad("1,2,1.2.3", "column 3: got '1.2.3'");
    expect_bad("1,2,.", "column 3: got '.'");
    expect_bad("1,2,3 4", "column 3: got '3 4'");
    expect_bad("\"1,2,3", "column 1: got '\"1,2,3': a quote that is not closed");
    expect_bad("1,\"2\"x,3", "column 2: got '2': a quote that is not closed before");
    char id[300];
    memset(id, 'u', 256);
    strcpy(id + 256, ",2,3");
    expect_bad(id, "column 1: got 'uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu...': the id is too long");
}

Test(ratings, faults_of_whole_files_are_named)
{
    expect_fault("", 0, "the file is empty");
    expect_fault("\n\r\n", 3, "the file is empty");
    expect_fault("user,item,value\n", 16, "no line with a rating (0 bad ones)");
    expect_fault("123\n456\n", 8, "has no '::', tab, comma or semicolon");
    expect_fault("1,2\n1,2,3\n", 10, "line 2, column 3: one more, too many columns; wanted user,item");
    expect_fault("1,2,3\na\0b,2,3\n", 14, "line 2, column 1: got 'a?b': the id has a NUL byte");
    aisle_error err;
    aisle_ratings r;
    cr_assert_eq(aisle_ratings_read("/nowhere.csv", NULL, &r, &err), AISLE_ENOTFOUND);
    cr_assert_eq(aisle_ratings_read("/tmp", NULL, &r, &err), AISLE_ECONFLICT);
}

Test(ratings, a_line_that_is_too_long_is_named_wherever_blocks_end)
{
    static char content[300000];
    static const int32_t blocks[] = {0, 16, 65536, 1 << 20};
    folder f = make_folder();
    strcpy(content, "1,2,3,");
    memset(content + 6, 'x', 65530);
    size_t n = strlen(content);
    cr_assert_eq(n, 65536); /* the longest that may be */
    strcpy(content + n, "\n4,5,6,");
    memset(content + n + 7, 'x', 65531 + 100000);
    strcpy(content + n + 7 + 65531 + 100000, "\n7,8,9\n");
    const char *path = write_text(&f, "r.csv", content);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        aisle_ratings_params p = {.block_bytes = blocks[i], .threads = 2};
        aisle_ratings r;
        aisle_error err = {0};
        cr_assert_eq(aisle_ratings_read(path, &p, &r, &err), AISLE_EFORMAT, "blocks of %d", blocks[i]);
        cr_assert(strstr(err.message, "line 2, column 1: got '") && strstr(err.message, "too long"), "%s",
                  err.message);
        p.skip_bad = true;
        cr_assert_eq(aisle_ratings_read(path, &p, &r, &err), AISLE_OK, "%s", err.message);
        cr_assert_eq(r.bad, 1);
        cr_assert_str_eq(as_text(&r), "1:2=3 7:8=9");
        aisle_ratings_deinit(&r);
    }
    remove_folder(&f);
}

Test(ratings, bad_lines_can_be_skipped_and_are_counted)
{
    folder f = make_folder();
    aisle_ratings r;
    const char *path = write_text(&f, "r.csv", "1,2,3\nx\n4,5,-6\n7,8,9\n,,\n");
    for (int threads = 1; threads < 4; threads++) {
        const aisle_ratings_params p = {.skip_bad = true, .threads = threads, .block_bytes = 16};
        cr_assert_eq(aisle_ratings_read(path, &p, &r, NULL), AISLE_OK);
        cr_assert(r.lines == 2 && r.bad == 3 && r.bytes == 24, "%d %d", (int)r.lines, (int)r.bad);
        cr_assert(strstr(r.first_bad, "line 2, column 1: the line ends"), "%s", r.first_bad);
        aisle_ratings_deinit(&r);
    }
    remove_folder(&f);
}

Test(ratings, wrong_options_are_refused)
{
    const aisle_ratings_params wrong[] = {
        {.separator = ""},   {.separator = "7"},   {.separator = ",,"},
        {.separator = "\n"}, {.separator = "."},   {.block_bytes = 15},
        {.block_bytes = -1}, {.separator = ":::"}, {.block_bytes = INT32_MAX}};
    folder f = make_folder();
    aisle_ratings r;
    const char *path = write_text(&f, "r.csv", "1,2,3\n");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(aisle_ratings_read(path, &wrong[i], &r, NULL), AISLE_EINVAL, "case %zu", i);
    remove_folder(&f);
}

Test(ratings, a_sum_that_is_not_finite_is_refused)
{
    folder f = make_folder();
    aisle_ratings r;
    aisle_error err;
    const char *path = write_text(&f, "r.csv", "1,2,3e38\n1,2,3e38\n");
    cr_assert_eq(aisle_ratings_read(path, NULL, &r, &err), AISLE_ENUMERIC);
    cr_assert(strstr(err.message, path) && strstr(err.message, "not finite"), "%s", err.message);
    remove_folder(&f);
}

static void cancel_it(void *ctx, const char *stage, int64_t done, int64_t total, const char *detail)
{
    (void)stage, (void)done, (void)total, (void)detail;
    aisle_cancel(ctx);
}

Test(ratings, it_stops_when_told)
{
    int cancel = 0;
    folder f = make_folder();
    aisle_ratings r;
    const aisle_progress progress = {cancel_it, &cancel, &cancel};
    const aisle_ratings_params p = {.progress = &progress, .threads = 2};
    const char *path = write_text(&f, "r.csv", "1,2,3\n");
    cr_assert_eq(aisle_ratings_read(path, &p, &r, NULL), AISLE_ECANCELED);
    remove_folder(&f);
}

/* ---- against a naive reader ---- */

enum { LINES = 6000 };

typedef struct plain_rating {
    char user[24], item[24];
    float value;
    int32_t line;
} plain_rating;

/* kind: 0 small numbers, 1 huge ones, 2 text. */
static void make_id(aisle_rng *g, int kind, int32_t below, char out[24])
{
    uint64_t v = aisle_rng_below(g, (uint64_t)below);
    if (kind == 1) v = v * 0x123456789abcdU & INT64_MAX;
    snprintf(out, 24, kind == 2 ? "id %llu" : "%llu", (unsigned long long)v);
}

static int by_numbers(const void *a, const void *b)
{
    const plain_rating *x = a, *y = b;
    unsigned long long xu = strtoull(x->user, NULL, 10), yu = strtoull(y->user, NULL, 10);
    unsigned long long xi = strtoull(x->item, NULL, 10), yi = strtoull(y->item, NULL, 10);
    if (xu != yu) return xu < yu ? -1 : 1;
    if (xi != yi) return xi < yi ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

/* Text becomes the number of its line first: then by_numbers sorts it as the reader does. */
static void number_text(plain_rating *all, size_t offset)
{
    for (int32_t i = 0; i < LINES; i++) {
        char *id = (char *)&all[i] + offset;
        if (id[0] != 'i') continue;
        char was[24];
        memcpy(was, id, sizeof was);
        for (int32_t k = i; k < LINES; k++) {
            char *other = (char *)&all[k] + offset;
            if (strcmp(other, was) == 0) snprintf(other, 24, "%d", i);
        }
    }
}

static void compare_with_naive(int user_kind, int item_kind)
{
    static plain_rating all[LINES];
    aisle_buf text = {0};
    aisle_rng g;
    aisle_rng_init(&g, (uint64_t)(user_kind * 3 + item_kind), 0);
    for (int32_t i = 0; i < LINES; i++) {
        make_id(&g, user_kind, 90, all[i].user);
        make_id(&g, item_kind, 120, all[i].item);
        all[i].value = (float)(1 + aisle_rng_below(&g, 1000)) / 8;
        bool crlf = aisle_rng_below(&g, 2);
        aisle_buf_printf(&text, "%s,%s,%g%s%s", all[i].user, all[i].item, (double)all[i].value,
                         aisle_rng_below(&g, 9) ? "" : ",more", crlf ? "\r\n" : "\n");
    }
    folder f = make_folder();
    const char *path = write_file(&f, "r.csv", text.data, (size_t)text.len);
    number_text(all, offsetof(plain_rating, user));
    number_text(all, offsetof(plain_rating, item));
    qsort(all, LINES, sizeof *all, by_numbers);
    for (int32_t block = 16; block < 200000; block = block * 5 + 3)
        for (int threads = 1; threads <= 4; threads += 3) {
            const aisle_ratings_params p = {.block_bytes = block, .threads = threads};
            aisle_ratings r;
            aisle_error err = {0};
            cr_assert_eq(aisle_ratings_read(path, &p, &r, &err), AISLE_OK, "%s", err.message);
            int32_t row = -1, i = 0;
            int64_t e = 0;
            for (int32_t end; i < LINES; i = end, e++) {
                double sum = 0; /* eighths up to 6000 * 125: exact */
                for (end = i; end < LINES && !strcmp(all[end].user, all[i].user) &&
                              !strcmp(all[end].item, all[i].item);)
                    sum += all[end++].value;
                if (i == 0 || strcmp(all[i].user, all[i - 1].user)) cr_assert_eq(r.m.row_ptr[++row], e);
                cr_assert_eq(r.m.val[e], (float)sum);
                char room[24];
                aisle_str id = aisle_rating_id(&r.items, r.m.col[e], room);
                if (!r.items.text)
                    cr_assert(id.len == strlen(all[i].item) && !memcmp(id.ptr, all[i].item, id.len));
                else if (i && !strcmp(all[i].user, all[i - 1].user))
                    cr_assert(r.m.col[e] > r.m.col[e - 1]);
            }
            cr_assert(e == aisle_csr_nnz(&r.m) && row + 1 == r.m.n_rows && r.merged == LINES - e);
            aisle_ratings_deinit(&r);
        }
    aisle_buf_deinit(&text);
    remove_folder(&f);
}

Test(ratings, any_blocks_and_threads_give_what_a_naive_reader_gives)
{
    for (int user = 0; user < 3; user++)
        for (int item = 0; item < 3; item++) compare_with_naive(user, item);
}

/* ---- packed files, memory ---- */

Test(ratings, packed_files_and_real_ones_are_read)
{
    const char *names[] = {"ml-latest-small/ratings.csv.zst", "anime/anime_ratings.dat.zst"};
    const int64_t lines[] = {100004, 419943};
    for (int i = 0; i < 2; i++) {
        const char *path = real_file(names[i]);
        if (!path) cr_skip_test("%s is not on this machine", names[i]);
        aisle_ratings r;
        aisle_error err = {0};
        cr_assert_eq(aisle_ratings_read(path, NULL, &r, &err), AISLE_OK, "%s", err.message);
        cr_assert_eq(r.lines, lines[i]);
        cr_assert_eq(aisle_csr_check(&r.m, NULL), AISLE_OK);
        aisle_ratings_deinit(&r);
    }
}

Test(ratings, every_allocation_may_fail)
{
    static const char *const contents[] = {"1,2,3\n1,3,4\n1,2,1\n", "99999999,x,3\n5,y,4\n",
                                           "a,99999999,1\nb,\"c\",2\n"};
    folder f = make_folder();
    for (int i = 0; i < 3; i++) {
        const char *path = write_text(&f, "r.csv", contents[i]);
        const aisle_ratings_params p = {.threads = 2};
        int n = 1;
        for (;; n++) {
            aisle_ratings r;
            aisle_error err = {0};
            aisle_alloc_fail_after(n);
            aisle_status st = aisle_ratings_read(path, &p, &r, &err);
            aisle_alloc_fail_after(0);
            if (st == AISLE_OK) {
                aisle_ratings_deinit(&r);
                break;
            }
            cr_assert_eq(st, AISLE_ENOMEM, "%d: %s", n, err.message);
            cr_assert(err.message[0]);
        }
        cr_assert_gt(n, 10);
    }
    remove_folder(&f);
}
