/* CSR building against a plain double loop, transposition, and the invariants' check. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aisle/matrix.h"
#include "aisle/memory.h"
#include "aisle/rng.h"

enum { ROWS = 17, COLS = 23, N = 400 };
static int32_t row[N], col[N];
static float val[N];

static void fill(uint64_t seed)
{
    aisle_rng r;
    aisle_rng_init(&r, seed, 0);
    for (int e = 0; e < N; e++) {
        row[e] = (int32_t)aisle_rng_below(&r, ROWS);
        col[e] = (int32_t)aisle_rng_below(&r, COLS);
        val[e] = (float)(1 + aisle_rng_below(&r, 9)); /* whole numbers: sums are exact in any order */
    }
}

Test(matrix, from_triplets_equals_the_sum_of_each_pair)
{
    float want[ROWS][COLS] = {{0}};
    aisle_csr m;
    fill(1);
    for (int e = 0; e < N; e++) want[row[e]][col[e]] += val[e];
    cr_assert_eq(aisle_csr_from_coo(ROWS, COLS, N, row, col, val, &m, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_check(&m, NULL), AISLE_OK);
    int64_t nonzero = 0;
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLS; c++) nonzero += want[r][c] != 0;
    cr_assert_eq(aisle_csr_nnz(&m), nonzero);
    for (int r = 0; r < ROWS; r++)
        for (int64_t e = m.row_ptr[r]; e < m.row_ptr[r + 1]; e++) cr_assert_eq(m.val[e], want[r][m.col[e]]);
    aisle_csr_deinit(&m);
}

Test(matrix, transposing_twice_gives_the_same_matrix)
{
    aisle_csr m, t, back;
    fill(2);
    cr_assert_eq(aisle_csr_from_coo(ROWS, COLS, N, row, col, val, &m, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_transpose(&m, &t, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_check(&t, NULL), AISLE_OK);
    cr_assert(t.n_rows == COLS && t.n_cols == ROWS);
    cr_assert_eq(aisle_csr_transpose(&t, &back, NULL), AISLE_OK);
    for (int64_t e = 0; e < aisle_csr_nnz(&m); e++)
        cr_assert(m.col[e] == back.col[e] && m.val[e] == back.val[e]);
    aisle_csr_deinit(&m);
    aisle_csr_deinit(&t);
    aisle_csr_deinit(&back);
}

Test(matrix, ids_out_of_range_are_named)
{
    aisle_csr m;
    aisle_error err;
    fill(3);
    col[7] = COLS;
    cr_assert_eq(aisle_csr_from_coo(ROWS, COLS, N, row, col, val, &m, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "entry 7") != NULL, "%s", err.message);
}

Test(matrix, the_check_sees_each_broken_invariant)
{
    int64_t ptr[] = {0, 2, 3};
    int32_t cols[] = {0, 2, 1};
    float vals[] = {1, 2, 3};
    aisle_csr m = {2, 3, ptr, cols, vals};
    cr_assert_eq(aisle_csr_check(&m, NULL), AISLE_OK);
    cols[1] = 0;
    cr_assert_eq(aisle_csr_check(&m, NULL), AISLE_EFORMAT, "equal columns");
    cols[1] = 3;
    cr_assert_eq(aisle_csr_check(&m, NULL), AISLE_EFORMAT, "column out of range");
    cols[1] = 2, vals[0] = NAN;
    cr_assert_eq(aisle_csr_check(&m, NULL), AISLE_EFORMAT, "NaN");
    vals[0] = 1, ptr[1] = 4;
    cr_assert_eq(aisle_csr_check(&m, NULL), AISLE_EFORMAT, "row ends before it starts");
}

Test(matrix, any_failed_allocation_leaves_nothing_behind)
{
    fill(4);
    for (int n = 1;; n++) {
        aisle_csr m;
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_csr_from_coo(ROWS, COLS, N, row, col, val, &m, NULL);
        aisle_alloc_fail_after(0);
        if (st == AISLE_OK) {
            cr_assert_gt(n, 3);
            aisle_csr_deinit(&m);
            break;
        }
        cr_assert_eq(st, AISLE_ENOMEM);
    }
}
