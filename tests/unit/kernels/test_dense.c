/* The loops around the tile kernel, at sizes that leave edges everywhere, against double loops. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/kernels/dense.h"

static double gamma_n(double n)
{
    return n * 0x1p-24 / (1 - n * 0x1p-24);
}

static float *random_floats(int64_t n, uint64_t seed)
{
    float *p = aisle_array(n + AISLE_KERNEL_SLACK, sizeof *p);
    aisle_rng r;
    aisle_rng_init(&r, seed, 0);
    for (int64_t i = 0; i < n + AISLE_KERNEL_SLACK; i++) p[i] = (float)aisle_rng_normal(&r);
    return p;
}

Test(dense, leading_dimensions_avoid_powers_of_two)
{
    cr_assert(aisle_ld(1) == 16 && aisle_ld(16) == 16 && aisle_ld(17) == 32 && aisle_ld(128) == 128);
    cr_assert(aisle_ld(512) == 528 && aisle_ld(4096) == 4112);
}

static const int32_t SIZES[] = {1, 5, 16, 48, 49, 65, 130, 200};

Test(dense, syrk_adds_the_products_to_the_upper_triangle)
{
    const aisle_kernels *k;
    for (int32_t t = 0; (k = aisle_kernels_at(t)); t++)
        for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++) {
            int32_t n = SIZES[s], depth = s % 2 ? 700 : 9; /* 700: two blocks */
            int64_t ld = aisle_ld(n);
            float *a = random_floats(depth * ld, s), *c = random_floats(n * ld, s + 50),
                  *was = random_floats(n * ld, s + 50);
            aisle_syrk(k, n, depth, a, ld, c, ld);
            for (int32_t i = 0; i < n; i++)
                for (int32_t j = i; j < n; j++) {
                    double sum = was[i * ld + j], size = fabs(sum);
                    for (int32_t p = 0; p < depth; p++) {
                        double v = (double)a[p * ld + i] * a[p * ld + j];
                        sum += v;
                        size += fabs(v);
                    }
                    cr_assert(fabs(c[i * ld + j] - sum) <= gamma_n(depth + 2) * size, "%s: %d [%d][%d]",
                              k->name, n, i, j);
                }
            for (int32_t i = 0; i < n; i++) /* nothing past column n */
                cr_assert(memcmp(c + i * ld + n, was + i * ld + n, (size_t)(ld - n) * sizeof *c) == 0);
            aisle_free(a);
            aisle_free(c);
            aisle_free(was);
        }
}

Test(dense, cholesky_in_panels_reproduces_the_matrix)
{
    const aisle_kernels *k;
    for (int32_t t = 0; (k = aisle_kernels_at(t)); t++)
        for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++) {
            int32_t n = SIZES[s];
            int64_t ld = aisle_ld(n);
            float *m = random_floats(n * ld, s), *a = random_floats(n * ld, 1), *u = random_floats(n * ld, 1);
            for (int32_t i = 0; i < n; i++)
                for (int32_t j = i; j < n; j++) {
                    double sum = i == j ? n : 0;
                    for (int32_t p = 0; p < n; p++) sum += (double)m[p * ld + i] * m[p * ld + j];
                    a[i * ld + j] = u[i * ld + j] = (float)sum;
                }
            cr_assert(aisle_cholesky(k, n, u, ld));
            for (int32_t i = 0; i < n; i++)
                for (int32_t j = i; j < n; j++) {
                    double sum = 0, size = 0;
                    for (int32_t p = 0; p <= i; p++) {
                        sum += (double)u[p * ld + i] * u[p * ld + j];
                        size += fabs((double)u[p * ld + i] * u[p * ld + j]);
                    }
                    /* Higham 2002, theorem 10.3 */
                    cr_assert(fabs(sum - a[i * ld + j]) <= gamma_n(n + 4) * size, "%s: %d [%d][%d]", k->name,
                              n, i, j);
                }
            a[(n - 1) * ld + n - 1] = -1;
            cr_assert_not(aisle_cholesky(k, n, a, ld));
            aisle_free(m);
            aisle_free(a);
            aisle_free(u);
        }
}

Test(dense, multiply_works_in_place_and_at_every_edge)
{
    const aisle_kernels *k;
    for (int32_t t = 0; (k = aisle_kernels_at(t)); t++)
        for (int32_t m = 1; m <= AISLE_ROW_BLOCK; m += 21)
            for (int32_t n = 7; n <= 600; n += 197) {
                int64_t ld = aisle_ld(n);
                float *x = random_floats(m * ld, 3), *was = random_floats(m * ld, 3),
                      *b = random_floats(n * ld, 4);
                float *panels = random_floats(aisle_panels_floats(k, n, n), 5);
                float *work = random_floats((int64_t)n * AISLE_ROW_BLOCK, 6);
                aisle_panels_pack(k, n, n, b, ld, panels);
                const aisle_right product = {n, n, panels, work};
                aisle_multiply(k, &product, m, x, ld, x, ld);
                for (int32_t i = 0; i < m; i++)
                    for (int32_t j = 0; j < n; j++) {
                        double sum = 0, size = 0;
                        for (int32_t p = 0; p < n; p++) {
                            sum += (double)was[i * ld + p] * b[p * ld + j];
                            size += fabs((double)was[i * ld + p] * b[p * ld + j]);
                        }
                        cr_assert(fabs(x[i * ld + j] - sum) <= gamma_n(n + 1) * size, "%s: %d x %d", k->name,
                                  m, n);
                    }
                aisle_free(x);
                aisle_free(was);
                aisle_free(b);
                aisle_free(panels);
                aisle_free(work);
            }
}
