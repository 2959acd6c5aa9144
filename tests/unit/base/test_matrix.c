/* CSR building against a plain double loop, transposition, and the invariants' check. */
#include <criterion/criterion.h>
#include <math.h>
#include <omp.h>
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

/* Triplets whose float sums depend on their order, and rows long enough for every way of sorting. */
typedef struct triplets {
    int32_t rows, cols;
    int64_t n;
    int32_t *row, *col;
    float *val;
} triplets;

static triplets make_triplets(int32_t rows, int32_t cols, int64_t n)
{
    triplets t = {rows,
                  cols,
                  n,
                  aisle_array(n, sizeof *t.row),
                  aisle_array(n, sizeof *t.col),
                  aisle_array(n, sizeof *t.val)};
    aisle_rng r;
    aisle_rng_init(&r, 11, 0);
    for (int64_t e = 0; e < n; e++) {
        double u = aisle_rng_f64(&r);
        t.row[e] = (int32_t)(rows * u * u * u); /* the first rows are the longest */
        t.col[e] = (int32_t)aisle_rng_below(&r, (uint64_t)cols);
        t.val[e] = (float)aisle_rng_normal(&r);
    }
    return t;
}

static void free_triplets(triplets *t)
{
    aisle_free(t->row);
    aisle_free(t->col);
    aisle_free(t->val);
}

static void assert_same(const aisle_csr *a, const aisle_csr *b)
{
    int64_t n = aisle_csr_nnz(a);
    cr_assert(a->n_rows == b->n_rows && a->n_cols == b->n_cols && n == aisle_csr_nnz(b));
    cr_assert(memcmp(a->row_ptr, b->row_ptr, ((size_t)a->n_rows + 1) * sizeof *a->row_ptr) == 0);
    cr_assert(memcmp(a->col, b->col, (size_t)n * sizeof *a->col) == 0);
    cr_assert(!a->val == !b->val && (!a->val || memcmp(a->val, b->val, (size_t)n * sizeof *a->val) == 0));
}

Test(matrix, sums_are_made_in_the_order_of_the_triplets)
{
    const int32_t shapes[][3] = {{9, 300, 40000}, {700, 70000, 30000}, {3, 5, 5000}, {1, 1, 9}};
    for (int i = 0; i < 4; i++) {
        triplets t = make_triplets(shapes[i][0], shapes[i][1], shapes[i][2]);
        float *sum = aisle_calloc((size_t)t.rows * (size_t)t.cols, sizeof *sum);
        bool *set = aisle_calloc((size_t)t.rows * (size_t)t.cols, sizeof *set);
        for (int64_t e = 0; e < t.n; e++) {
            int64_t at = (int64_t)t.row[e] * t.cols + t.col[e];
            sum[at] = set[at] ? sum[at] + t.val[e] : t.val[e];
            set[at] = true;
        }
        for (int values = 0; values < 2; values++) {
            aisle_csr m;
            cr_assert_eq(
                aisle_csr_from_coo(t.rows, t.cols, t.n, t.row, t.col, values ? t.val : NULL, &m, NULL),
                AISLE_OK);
            cr_assert_eq(aisle_csr_check(&m, NULL), AISLE_OK);
            int64_t e = 0;
            for (int64_t at = 0; at < (int64_t)t.rows * t.cols; at++) {
                if (!set[at]) continue;
                cr_assert(e >= m.row_ptr[at / t.cols] && e < m.row_ptr[at / t.cols + 1]);
                cr_assert_eq(m.col[e], at % t.cols);
                if (values) cr_assert_eq(m.val[e], sum[at], "shape %d, entry %d", i, (int)e);
                e++;
            }
            cr_assert_eq(e, aisle_csr_nnz(&m));
            aisle_csr_deinit(&m);
        }
        aisle_free(sum);
        aisle_free(set);
        free_triplets(&t);
    }
}

Test(matrix, threads_change_no_byte)
{
    triplets t = make_triplets(500, 900, 60000);
    aisle_csr one, one_t;
    omp_set_num_threads(1);
    cr_assert_eq(aisle_csr_from_coo(t.rows, t.cols, t.n, t.row, t.col, t.val, &one, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_transpose(&one, &one_t, NULL), AISLE_OK);
    for (int32_t c = 0, r; c < one_t.n_rows; c++) /* and it is the transpose */
        for (int64_t e = one_t.row_ptr[c]; e < one_t.row_ptr[c + 1]; e++) {
            int64_t at = one.row_ptr[r = one_t.col[e]];
            while (one.col[at] != c) at++;
            cr_assert(at < one.row_ptr[r + 1] && one.val[at] == one_t.val[e]);
        }
    for (int threads = 2; threads <= 7; threads += 5) {
        aisle_csr m, m_t;
        omp_set_num_threads(threads);
        cr_assert_eq(aisle_csr_from_coo(t.rows, t.cols, t.n, t.row, t.col, t.val, &m, NULL), AISLE_OK);
        cr_assert_eq(aisle_csr_transpose(&m, &m_t, NULL), AISLE_OK);
        assert_same(&m, &one);
        assert_same(&m_t, &one_t);
        cr_assert_eq(aisle_csr_check(&m_t, NULL), AISLE_OK);
        aisle_csr_deinit(&m);
        aisle_csr_deinit(&m_t);
    }
    aisle_csr_deinit(&one);
    aisle_csr_deinit(&one_t);
    free_triplets(&t);
}

Test(matrix, of_several_faults_the_first_is_named)
{
    triplets t = make_triplets(500, 900, 60000);
    aisle_csr m;
    aisle_error err;
    t.col[51000] = -1;
    t.row[40001] = 500;
    cr_assert_eq(aisle_csr_from_coo(t.rows, t.cols, t.n, t.row, t.col, t.val, &m, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "entry 40001:"), "%s", err.message);
    t.row[40001] = t.col[51000] = 0;
    cr_assert_eq(aisle_csr_from_coo(t.rows, t.cols, t.n, t.row, t.col, t.val, &m, NULL), AISLE_OK);
    m.val[m.row_ptr[400] - 1] = INFINITY;
    m.val[m.row_ptr[100] - 1] = NAN;
    cr_assert_eq(aisle_csr_check(&m, &err), AISLE_EFORMAT);
    cr_assert(strstr(err.message, "row 99, ") && strstr(err.message, "finite"), "%s", err.message);
    aisle_csr_deinit(&m);
    free_triplets(&t);
}
