/* Every kernel of every instruction set against its twin in ref/, within the error bound of the sums it
 * makes: |fl(sum) - sum| <= gamma_n sum |terms| in any order, with or without fused multiply-add (Higham
 * 2002, 3.1), so two of them differ by at most twice that. The sums of magnitudes come from ref/ too. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aisle/rng.h"
#include "cpu/kernels/kernels.h"

enum { ROOM = 600 * 32, GUARD = 64 };

static float a[ROOM + GUARD], b[ROOM + GUARD], want[ROOM + GUARD], got[ROOM + GUARD], size[ROOM + GUARD];
static float abs_a[ROOM + GUARD], abs_b[ROOM + GUARD];

static double gamma_n(double n)
{
    return n * 0x1p-24 / (1 - n * 0x1p-24);
}

static void fill(float *x, float *magnitude, uint64_t seed)
{
    aisle_rng r;
    aisle_rng_init(&r, seed, 0);
    for (int i = 0; i < ROOM + GUARD; i++) {
        x[i] = (float)aisle_rng_normal(&r);
        magnitude[i] = fabsf(x[i]);
    }
}

static void inputs(uint64_t seed)
{
    fill(a, abs_a, seed);
    fill(b, abs_b, seed + 1000);
    memset(want, 0, sizeof want);
    memset(got, 0, sizeof got);
    memset(size, 0, sizeof size);
}

/* got is want within 2 gamma_n size; what lies outside [0, count) was not written. */
static void close_to(const char *name, const char *what, int64_t count, double n)
{
    for (int64_t i = 0; i < count; i++)
        cr_assert(fabs((double)got[i] - want[i]) <= 2 * gamma_n(n) * (double)size[i],
                  "%s %s: [%d] %g, ref %g", name, what, (int)i, (double)got[i], (double)want[i]);
    for (int64_t i = count; i < ROOM + GUARD; i++)
        cr_assert(got[i] == 0, "%s %s wrote at %d", name, what, (int)i);
}

#define FOR_EACH_TABLE(k) for (int32_t table_ = 1; (k = aisle_kernels_at(table_)); table_++)

static const int32_t LENGTHS[] = {0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 100, 127, 128, 130, 257};
enum { N_LENGTHS = sizeof LENGTHS / sizeof *LENGTHS };

Test(kernels, the_last_table_is_the_one_in_use)
{
    int32_t i = 0;
    while (aisle_kernels_at(i + 1)) i++;
    cr_assert(aisle_kernels_get() == aisle_kernels_at(i));
    cr_assert_str_eq(aisle_kernels_at(0)->name, "ref");
    cr_assert_null(aisle_kernels_at(-1));
}

Test(kernels, dot_and_axpy_agree_with_ref)
{
    const aisle_kernels *k, *ref = aisle_kernels_at(0);
    FOR_EACH_TABLE(k)
    for (int t = 0; t < N_LENGTHS; t++) {
        int32_t n = LENGTHS[t];
        inputs((uint64_t)t);
        want[0] = ref->dot(n, a, b);
        got[0] = k->dot(n, a, b);
        size[0] = ref->dot(n, abs_a, abs_b);
        close_to(k->name, "dot", 1, n + 1);
        inputs((uint64_t)t);
        for (int32_t i = 0; i < n; i++) {
            want[i] = got[i] = b[i];
            size[i] = abs_b[i] + 1.7F * abs_a[i];
        }
        ref->axpy(n, -1.7F, a, want);
        k->axpy(n, -1.7F, a, got);
        close_to(k->name, "axpy", n, 3);
    }
}

/* Tiles differ in shape: each cell of k's tile is a dot product of two strided columns. */
Test(kernels, tile_is_a_product_in_every_mode)
{
    const aisle_kernels *k;
    FOR_EACH_TABLE(k)
    for (int mode = AISLE_TILE_SET; mode <= AISLE_TILE_SUB; mode++)
        for (int64_t depth = 0; depth <= 129; depth += 43) {
            int32_t lda = 20, ldb = 60, ldc = 51;
            inputs((uint64_t)depth);
            for (int32_t i = 0; i < k->mr; i++)
                for (int32_t j = 0; j < k->nr; j++) {
                    double sum = 0, abs_sum = 0;
                    for (int64_t p = 0; p < depth; p++) {
                        sum += (double)a[p * lda + i] * b[p * ldb + j];
                        abs_sum += fabs((double)a[p * lda + i] * b[p * ldb + j]);
                    }
                    int at = i * ldc + j;
                    got[at] = .5F;
                    want[at] = (float)(mode == AISLE_TILE_SET   ? sum
                                       : mode == AISLE_TILE_ADD ? .5 + sum
                                                                : .5 - sum);
                    size[at] = (float)abs_sum + .5F;
                }
            k->tile(depth, a, lda, b, ldb, (aisle_tile_mode)mode, got, ldc);
            close_to(k->name, "tile", k->mr * ldc, (double)depth + 2);
        }
}

Test(kernels, transpose_moves_every_number)
{
    const aisle_kernels *k, *ref = aisle_kernels_at(0);
    FOR_EACH_TABLE(k)
    for (int32_t n = 0; n <= 19; n++)
        for (int32_t p = 1; p <= 18; p++) {
            inputs(7);
            ref->transpose(n, p, a, 23, want, 29);
            k->transpose(n, p, a, 23, got, 29);
            cr_assert(memcmp(want, got, sizeof want) == 0, "%s: %d rows of %d", k->name, n, p);
        }
}

/* Floats of a factor row: padded to a multiple of 16. */
static const int32_t PADDED[] = {16, 32, 48, 64, 112, 128, 144, 256, 272};
enum { N_PADDED = sizeof PADDED / sizeof *PADDED };

static const int32_t COLS[] = {5, 0, 3, 3, 9, 17, 1, 12, 4, 8, 2};
enum { N_COLS = sizeof COLS / sizeof *COLS };

static aisle_rows rows_of(const float *y, int64_t n, const float *w)
{
    return (aisle_rows){.n = n, .col = COLS, .w = w, .y = y, .ld = 288};
}

/* Rows from n up to a multiple of 4 are set to zero: they stand at 1 before. */
Test(kernels, gather_and_combine_agree_with_ref)
{
    const aisle_kernels *k, *ref = aisle_kernels_at(0);
    FOR_EACH_TABLE(k)
    for (int t = 0; t < N_PADDED; t++)
        for (int64_t n = 0; n <= N_COLS; n++) {
            int32_t f = PADDED[t];
            inputs((uint64_t)t);
            aisle_rows rows = rows_of(a, n, n % 2 ? b : NULL),
                       sizes = rows_of(abs_a, n, n % 2 ? abs_b : NULL);
            for (int64_t i = n; i % 4; i++)
                for (int32_t p = 0; p < f; p++) got[i * 288 + p] = 1;
            ref->gather(f, &rows, b + 300, want, 288);
            k->gather(f, &rows, b + 300, got, 288);
            ref->gather(f, &sizes, abs_b + 300, size, 288);
            close_to(k->name, "gather", n * 288, 2);
            inputs((uint64_t)t);
            ref->combine(n, f, b, a, 288, want);
            k->combine(n, f, b, a, 288, got);
            ref->combine(n, f, abs_b, abs_a, 288, size);
            close_to(k->name, "combine", f, (double)n + 1);
        }
}

Test(kernels, inner_agrees_with_ref)
{
    const aisle_kernels *k, *ref = aisle_kernels_at(0);
    FOR_EACH_TABLE(k)
    for (int t = 0; t < N_PADDED; t++)
        for (int32_t n = 4; n <= 24; n += 4) {
            inputs((uint64_t)t);
            const aisle_rows next = {.y = b, .ld = 288, .n_ahead = n % 8 ? N_COLS : 0, .ahead = COLS};
            ref->inner(n, PADDED[t], a, 288, &next, want);
            k->inner(n, PADDED[t], a, 288, &next, got);
            ref->inner(n, PADDED[t], abs_a, 288, &next, size);
            close_to(k->name, "inner", n / 4 * (n / 4 + 1) / 2 * 16, (double)PADDED[t] + 1);
        }
}

/* q += sum |w| (t - y.p) y, some disliked: the dot product's error of gamma_f passes through the outer sum. */
Test(kernels, residual_agrees_with_ref)
{
    const aisle_kernels *k, *ref = aisle_kernels_at(0);
    int32_t cols[40];
    float w[40];
    for (int i = 0; i < 40; i++)
        cols[i] = (i * 7 + i / 11) % 23, w[i] = (float)((1 + i % 3) * (i % 5 ? 1 : -1));
    FOR_EACH_TABLE(k)
    for (int t = 0; t < N_PADDED; t++)
        for (int64_t n = 0; n <= 40; n++) {
            int32_t f = PADDED[t];
            inputs((uint64_t)t);
            const aisle_rows rows = {n, cols, n % 2 ? w : NULL, a, 288, n % 3 ? n / 2 + 1 : 0, cols},
                             sizes = {.n = n, .col = cols, .y = abs_a, .ld = 288};
            for (int32_t i = 0; i < f; i++) abs_b[i] = -abs_b[i]; /* 1 - y.p becomes 1 + |y|.|p| */
            ref->residual(f, &rows, 1, b, want);
            k->residual(f, &rows, 1, b, got);
            ref->residual(f, &sizes, 1, abs_b, size);
            for (int32_t i = 0; i < f; i++) size[i] *= 3; /* the greatest weight */
            close_to(k->name, "residual", f, (double)(f + n + 3));
        }
}

/* x r v q d inverse, one after another. */
static aisle_cg cg_of(float *at, int32_t f)
{
    return (aisle_cg){at, at + f, at + 2 * f, at + 3 * f, at + 4 * f, at + 5 * f};
}

Test(kernels, steps_of_conjugate_gradient_agree_with_ref)
{
    const aisle_kernels *k, *ref = aisle_kernels_at(0);
    FOR_EACH_TABLE(k)
    for (int t = 0; t < N_PADDED; t++) {
        int32_t f = PADDED[t];
        inputs((uint64_t)t);
        size_t bytes = (size_t)(6 * f) * sizeof *a;
        for (int32_t i = 5 * f; i < 6 * f; i++) a[i] = abs_a[i]; /* the preconditioner */
        memcpy(want, a, bytes);
        memcpy(got, a, bytes);
        memcpy(size, abs_a, bytes);
        const aisle_cg w = cg_of(want, f), g = cg_of(got, f), s = cg_of(size, f);
        float sum = k->cg_advance(f, -.75F, &g), right = ref->cg_advance(f, -.75F, &w),
              most = ref->cg_advance(f, .75F, &s);
        close_to(k->name, "cg_advance", 6 * f, 2);
        /* r is wrong by gamma_2 |r| in both, its square by twice that, and f terms are added up */
        cr_assert(fabs((double)sum - right) <= 2 * gamma_n(f + 6) * (double)most, "%s cg_advance: %g, ref %g",
                  k->name, (double)sum, (double)right);
        k->cg_turn(f, -.5F, &g);
        ref->cg_turn(f, -.5F, &w);
        ref->cg_turn(f, .5F, &s);
        for (int32_t i = 0; i < f; i++) s.q[i] = -s.q[i];
        close_to(k->name, "cg_turn", 6 * f, 8);
    }
}

/* A = M M' + n I by rows into s [n x ld]; diagonally heavy, so condition stays near 4. */
static void positive(int32_t n, float *s, int64_t ld)
{
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n; j++) {
            double sum = i == j ? n : 0;
            for (int32_t p = 0; p < n; p++) sum += (double)a[i * 140 + p] * a[j * 140 + p];
            s[i * ld + j] = (float)sum;
        }
}

/* The residual, not the factors: |A - U'U| <= gamma_{n+1} |U'||U| (Higham 2002, theorem 10.3). */
Test(kernels, cholesky_factors_and_solves)
{
    const aisle_kernels *k;
    static float s[128 * 128], u[128 * 128 + GUARD], x[128 + GUARD];
    for (int32_t t = 0; (k = aisle_kernels_at(t)); t++)
        for (int i = 1; LENGTHS[i] < 128; i++) {
            int32_t n = LENGTHS[i], ld = 128;
            inputs((uint64_t)i);
            positive(n, s, ld);
            memcpy(u, s, sizeof s);
            cr_assert(k->cholesky_panel(n, n, u, ld), "%s: %d", k->name, n);
            for (int32_t r = 0; r < n; r++)
                for (int32_t c = r; c < n; c++) {
                    double sum = 0, abs_sum = 0;
                    for (int32_t p = 0; p <= r; p++) {
                        sum += (double)u[p * ld + r] * u[p * ld + c];
                        abs_sum += fabs((double)u[p * ld + r] * u[p * ld + c]);
                    }
                    cr_assert(fabs(sum - s[r * ld + c]) <= gamma_n(n + 4) * abs_sum, "%s: %d [%d][%d]",
                              k->name, n, r, c);
                }
            memcpy(x, b, sizeof x);
            k->cholesky_solve(n, u, ld, x);
            double worst = 0, norm = 0, row_max = 0;
            for (int32_t r = 0; r < n; r++) {
                double sum = -b[r], row = 0;
                for (int32_t c = 0; c < n; c++) {
                    sum += (double)s[r * ld + c] * x[c];
                    row += fabs((double)s[r * ld + c]);
                }
                worst = fmax(worst, fabs(sum));
                row_max = fmax(row_max, row);
                norm = fmax(norm, fabs((double)x[r]));
            }
            /* theorem 10.4: backward error gamma_{3n+1} |U'||U|, and | |U'||U| | <= n |A| */
            cr_assert(worst <= n * gamma_n(3 * n + 1) * row_max * norm, "%s: %d residual %g", k->name, n,
                      worst);
        }
}

/* Lane l has the system of positive() with its diagonal multiplied by 1 + l / 8; one lane is not positive definite. */
Test(kernels, systems_side_by_side_are_solved_and_do_not_touch_each_other)
{
    enum { LANES = AISLE_LANES, MOST = 32 };
    const aisle_kernels *k;
    static float s[MOST * MOST], blocks[MOST / 4 * (MOST / 4 + 1) / 2 * 16 * LANES], x[MOST * LANES];
    for (int32_t t = 0; (k = aisle_kernels_at(t)); t++)
        for (int32_t n = 4; n <= MOST; n += 4) {
            inputs((uint64_t)n);
            positive(n, s, n);
            float *at = blocks;
            for (int32_t i = 0; i < n; i += 4)
                for (int32_t j = i; j < n; j += 4)
                    for (int e = 0; e < 16; e++)
                        for (int l = 0; l < LANES; l++) {
                            int32_t r = i + e / 4, c = j + e % 4;
                            float scale = r == c ? 1 + (float)l / 8 : 1;
                            *at++ = l == 5 && r == c && r == n - 2 ? -1 : s[r * n + c] * scale;
                        }
            for (int32_t i = 0; i < n * LANES; i++) x[i] = b[i];
            k->solve_many(n, blocks, x);
            for (int l = 0; l < LANES; l++) {
                double worst = 0, norm = 0, row_max = 0;
                for (int32_t r = 0; r < n; r++) {
                    double sum = -b[r * LANES + l], row = 0;
                    for (int32_t c = 0; c < n; c++) {
                        double v = (double)s[r * n + c] * (r == c ? 1 + (float)l / 8 : 1);
                        sum += v * x[c * LANES + l];
                        row += fabs(v);
                    }
                    worst = isnan(sum) ? INFINITY : fmax(worst, fabs(sum));
                    row_max = fmax(row_max, row);
                    norm = fmax(norm, fabs((double)x[r * LANES + l]));
                }
                if (l == 5)
                    cr_assert_not(isfinite(worst), "%s: %d", k->name, n);
                else /* as cholesky_factors_and_solves; multiplying by an inverse errs once more */
                    cr_assert(worst <= n * gamma_n(3 * n + 4) * row_max * norm, "%s: %d, lane %d: %g",
                              k->name, n, l, worst);
            }
        }
}

Test(kernels, cholesky_refuses_what_is_not_positive_definite)
{
    const aisle_kernels *k;
    for (int32_t t = 0; (k = aisle_kernels_at(t)); t++)
        for (int32_t bad = 0; bad < 9; bad++)
            for (int kind = 0; kind < 3; kind++) {
                float u[9 * 16 + GUARD] = {0};
                for (int32_t i = 0; i < 9; i++) u[i * 17] = 2;
                u[bad * 17] = kind == 0 ? -1.0F : kind == 1 ? NAN : INFINITY;
                cr_assert_not(k->cholesky_panel(9, 9, u, 16), "%s: pivot %d", k->name, bad);
            }
}

Test(kernels, beaten_counts_lower_scores_twice_and_equal_ones_once)
{
    const aisle_kernels *k, *ref = aisle_kernels_at(0);
    const float few[5] = {1, NAN, 2, -INFINITY, INFINITY};
    FOR_EACH_TABLE(k)
    {
        cr_assert_eq(k->beaten(5, few, 2), 2 + 1 + 2, "%s", k->name);
        cr_assert_eq(k->beaten(5, few, INFINITY), 2 + 2 + 2 + 1, "%s", k->name);
        cr_assert_eq(k->beaten(5, few, -INFINITY), 1, "%s", k->name);
        for (int t = 0; t < N_LENGTHS; t++) {
            inputs((uint64_t)t);
            a[2] = NAN;
            a[5] = a[9] = .25F;
            cr_assert_eq(k->beaten(LENGTHS[t], a, .25F), ref->beaten(LENGTHS[t], a, .25F), "%s: %d", k->name,
                         LENGTHS[t]);
        }
    }
}

Test(kernels, above_finds_the_same_positions)
{
    int32_t at[600], ref_at[600];
    const aisle_kernels *k, *ref = aisle_kernels_at(0);
    FOR_EACH_TABLE(k)
    for (int t = 0; t < N_LENGTHS; t++) {
        inputs((uint64_t)t);
        a[2] = NAN;
        a[5] = a[9] = .25F;
        for (int level = 0; level < 4; level++) {
            float threshold = level == 0 ? -INFINITY : level == 1 ? .25F : level == 2 ? 0 : INFINITY;
            int32_t n = ref->above(LENGTHS[t], a, threshold, ref_at);
            cr_assert(k->above(LENGTHS[t], a, threshold, at) == n, "%s: %d", k->name, LENGTHS[t]);
            cr_assert(memcmp(at, ref_at, (size_t)n * sizeof *at) == 0);
        }
    }
}
