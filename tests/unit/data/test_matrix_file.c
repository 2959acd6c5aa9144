/* The binary CSR file: round trip, and every kind of damage refused. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/matrix_file.h"
#include "aisle/memory.h"

static char path[64];

static void name_file(void)
{
    strcpy(path, "/tmp/aisle-matrix-XXXXXX");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    unlink(path);
}

static void remove_file(void)
{
    unlink(path);
}

/* 3 x 4: row 0 = {1: .5, 3: 2}, row 1 empty, row 2 = {0: -1} */
static const int32_t cols[] = {1, 3, 0};
static const float vals[] = {.5F, 2, -1};

static void write_small(bool values)
{
    aisle_matrix_writer *w;
    cr_assert_eq(aisle_matrix_writer_open(path, 3, 4, 3, values, &w, NULL), AISLE_OK);
    cr_assert_eq(aisle_matrix_writer_row(w, cols, vals, 2, NULL), AISLE_OK);
    cr_assert_eq(aisle_matrix_writer_row(w, NULL, NULL, 0, NULL), AISLE_OK);
    cr_assert_eq(aisle_matrix_writer_row(w, cols + 2, vals + 2, 1, NULL), AISLE_OK);
    cr_assert_eq(aisle_matrix_writer_commit(w, NULL), AISLE_OK);
}

Test(matrix_file, comes_back_as_it_was_written, .init = name_file, .fini = remove_file)
{
    for (int values = 0; values < 2; values++) {
        aisle_mapping map;
        aisle_csr m;
        write_small(values);
        cr_assert_eq(aisle_matrix_file_open(path, &map, &m, NULL), AISLE_OK);
        cr_assert(m.n_rows == 3 && m.n_cols == 4);
        cr_assert_arr_eq(m.row_ptr, ((int64_t[]){0, 2, 2, 3}), 4 * sizeof(int64_t));
        cr_assert_arr_eq(m.col, cols, sizeof cols);
        if (values)
            cr_assert_arr_eq(m.val, vals, sizeof vals);
        else
            cr_assert_null(m.val);
        /* header 64, offsets 32 -> columns at 128, values at 192 */
        cr_assert_eq(map.size, values ? 192 + 12 : 128 + 12);
        aisle_file_unmap(&map);
    }
}

Test(matrix_file, buffers_larger_than_one_block_are_whole, .init = name_file, .fini = remove_file)
{
    enum { ROWS = 700, EACH = 1000 }; /* 2.8 MB of columns */
    int32_t row[EACH];
    aisle_matrix_writer *w;
    aisle_mapping map;
    aisle_csr m;
    cr_assert_eq(aisle_matrix_writer_open(path, ROWS, ROWS + EACH, ROWS * EACH, false, &w, NULL), AISLE_OK);
    for (int r = 0; r < ROWS; r++) {
        for (int k = 0; k < EACH; k++) row[k] = r + k;
        cr_assert_eq(aisle_matrix_writer_row(w, row, NULL, EACH, NULL), AISLE_OK);
    }
    cr_assert_eq(aisle_matrix_writer_commit(w, NULL), AISLE_OK);
    cr_assert_eq(aisle_matrix_file_open(path, &map, &m, NULL), AISLE_OK);
    for (int r = 0; r < ROWS; r++) cr_assert_eq(m.col[m.row_ptr[r] + 7], r + 7);
    aisle_file_unmap(&map);
}

Test(matrix_file, an_empty_matrix_is_a_matrix, .init = name_file, .fini = remove_file)
{
    for (int values = 0; values < 2; values++) {
        aisle_matrix_writer *w;
        aisle_mapping map;
        aisle_csr m;
        cr_assert_eq(aisle_matrix_writer_open(path, 0, 0, 0, values, &w, NULL), AISLE_OK);
        cr_assert_eq(aisle_matrix_writer_commit(w, NULL), AISLE_OK);
        cr_assert_eq(aisle_matrix_file_open(path, &map, &m, NULL), AISLE_OK);
        cr_assert_eq(aisle_csr_nnz(&m), 0);
        aisle_file_unmap(&map);
    }
}

Test(matrix_file, what_was_not_announced_is_refused_and_leaves_nothing, .init = name_file,
     .fini = remove_file)
{
    const int32_t unordered[] = {2, 1}, outside[] = {4}, twice[] = {1, 1}, negative[] = {-1};
    const struct {
        const int32_t *col;
        int32_t n;
    } bad[] = {{unordered, 2}, {outside, 1}, {twice, 2}, {negative, 1}, {cols, -1}, {cols, 4}};
    aisle_matrix_writer *w;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert_eq(aisle_matrix_writer_open(path, 3, 4, 3, false, &w, NULL), AISLE_OK);
        cr_assert_eq(aisle_matrix_writer_row(w, bad[i].col, NULL, bad[i].n, NULL), AISLE_EINVAL, "case %zu",
                     i);
        aisle_matrix_writer_abort(w);
        cr_assert_neq(access(path, F_OK), 0);
    }
    cr_assert_eq(aisle_matrix_writer_open(path, 1, 4, 3, false, &w, NULL), AISLE_OK);
    cr_assert_eq(aisle_matrix_writer_row(w, cols, NULL, 2, NULL), AISLE_OK);
    cr_assert_eq(aisle_matrix_writer_row(w, cols, NULL, 0, NULL), AISLE_EINVAL); /* a second row of one */
    cr_assert_eq(aisle_matrix_writer_commit(w, NULL), AISLE_EINVAL);             /* 2 entries of 3 */
    cr_assert_neq(access(path, F_OK), 0);
    cr_assert_eq(aisle_matrix_writer_open(path, -1, 4, 3, false, &w, NULL), AISLE_EINVAL);
    cr_assert_eq(aisle_matrix_writer_open(path, 1, 4, INT64_MAX, false, &w, NULL), AISLE_EINVAL);
}

static void overwrite(int64_t at, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "r+b");
    cr_assert(f && fseek(f, at, SEEK_SET) == 0 && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
}

static void expect_refused(aisle_status want, const char *what)
{
    aisle_mapping map;
    aisle_csr m;
    aisle_error err = {0};
    cr_assert_eq(aisle_matrix_file_open(path, &map, &m, &err), want, "%s: %s", what, err.message);
    cr_assert_null(map.data);
    cr_assert_null(m.col);
    cr_assert(strstr(err.message, path), "%s", err.message);
}

Test(matrix_file, every_truncation_is_refused, .init = name_file, .fini = remove_file)
{
    for (int64_t size = 203; size >= 0; size--) {
        write_small(true);
        cr_assert_eq(truncate(path, size), 0);
        expect_refused(AISLE_EFORMAT, "truncated");
    }
    write_small(true);
    cr_assert_eq(truncate(path, 205), 0);
    expect_refused(AISLE_EFORMAT, "a byte too many");
    remove_file();
    expect_refused(AISLE_ENOTFOUND, "missing");
    mkdir(path, 0700);
    expect_refused(AISLE_ECONFLICT, "a folder");
    rmdir(path);
}

Test(matrix_file, damage_is_refused, .init = name_file, .fini = remove_file)
{
    const int64_t minus = -1, huge = INT64_MAX, five = 5, rows = INT32_MAX;
    const int32_t column = 4, version = 2, flags = 3;
    const uint32_t nan = 0x7fc00000;
    const struct {
        int64_t at;
        const void *bytes;
        size_t n;
        aisle_status want;
        const char *what;
    } bad[] = {{0, "X", 1, AISLE_EFORMAT, "magic"},
               {8, &version, 4, AISLE_EUNSUPPORTED, "version"},
               {12, &flags, 4, AISLE_EFORMAT, "unknown flag"},
               {16, &minus, 8, AISLE_EFORMAT, "rows"},
               {16, &rows, 8, AISLE_EFORMAT, "too many rows"},
               {16, &huge, 8, AISLE_EFORMAT, "rows overflow"},
               {24, &minus, 8, AISLE_EFORMAT, "columns"},
               {24, &huge, 8, AISLE_EFORMAT, "too many columns"},
               {32, &minus, 8, AISLE_EFORMAT, "entries"},
               {32, &huge, 8, AISLE_EFORMAT, "entries overflow"},
               {40, "X", 1, AISLE_EFORMAT, "reserved bytes"},
               {64, &five, 8, AISLE_EFORMAT, "first offset"},
               {72, &huge, 8, AISLE_EFORMAT, "offset outside"},
               {72, &minus, 8, AISLE_EFORMAT, "offset negative"},
               {88, &five, 8, AISLE_EFORMAT, "last offset"},
               {128, &column, 4, AISLE_EFORMAT, "column outside"},
               {132, "\1\0\0", 4, AISLE_EFORMAT, "column twice"},
               {196, &nan, 4, AISLE_EFORMAT, "not a number"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_small(true);
        overwrite(bad[i].at, bad[i].bytes, bad[i].n);
        expect_refused(bad[i].want, bad[i].what);
    }
}

Test(matrix_file, every_allocation_may_fail, .init = name_file, .fini = remove_file)
{
    for (int n = 1; n < 20; n++) {
        aisle_matrix_writer *w;
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_matrix_writer_open(path, 0, 0, 0, true, &w, NULL);
        if (st == AISLE_OK) st = aisle_matrix_writer_commit(w, NULL);
        aisle_alloc_fail_after(0);
        if (st == AISLE_OK) return;
        cr_assert_eq(st, AISLE_ENOMEM);
    }
    cr_assert_fail("writing never came to its end");
}
