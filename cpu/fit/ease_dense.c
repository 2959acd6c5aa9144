/* EASE^R by the inverse P of G + reg I: B_ij = -P_ij / P_jj (Steck 2019, eq. 8). */
#include <omp.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/ease.h"

/* Rows of G + reg I from their diagonal on. A row is summed in double. */
static aisle_status gram(const aisle_csr *x, const aisle_csr *by_item, double reg, int32_t threads, float *g,
                         aisle_error *err)
{
    int64_t n = by_item->n_rows;
    double *rows = aisle_array(n * threads, sizeof *rows);
    if (!rows) return aisle_fail(err, AISLE_ENOMEM, "ease: out of memory for %d threads", threads);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 16)
    for (int32_t i = 0; i < by_item->n_rows; i++) {
        double *row = rows + n * omp_get_thread_num();
        memset(row, 0, (size_t)n * sizeof *row);
        for (int64_t e = by_item->row_ptr[i]; e < by_item->row_ptr[i + 1]; e++) {
            int32_t u = by_item->col[e];
            double w = (double)by_item->val[e];
            for (int64_t f = x->row_ptr[u]; f < x->row_ptr[u + 1]; f++)
                row[x->col[f]] += w * (double)x->val[f];
        }
        row[i] += reg;
        for (int64_t j = i; j < n; j++) g[i * n + j] = (float)row[j];
    }
    aisle_free(rows);
    return AISLE_OK;
}

/* From the upper triangle of -P to B, in place, by square tiles and their mirrors. */
static void finish(int32_t n_items, const float *diagonal, int32_t threads, float *b)
{
    enum { SIDE = 64 };
    int64_t n = n_items;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int32_t top = 0; top < n_items; top += SIDE)
        for (int32_t left = top; left < n_items; left += SIDE)
            for (int64_t i = top; i < top + SIDE && i < n; i++)
                for (int64_t j = left > i ? left : i; j < left + SIDE && j < n; j++) {
                    float v = b[i * n + j];
                    b[i * n + j] = i == j ? 0 : -v / diagonal[j];
                    b[j * n + i] = i == j ? 0 : -v / diagonal[i];
                }
}

aisle_status ease_dense(const aisle_csr *x, const aisle_csr *by_item, double reg, const aisle_trainer *t,
                        float *b, aisle_error *err)
{
    int32_t n = by_item->n_rows, threads = t->threads > 0 ? t->threads : omp_get_num_procs();
    float *diagonal = aisle_array(n, sizeof *diagonal);
    if (!diagonal) return aisle_fail(err, AISLE_ENOMEM, "ease: out of memory for %d items", n);
    aisle_status st = gram(x, by_item, reg, threads, b, err);
    if (st == AISLE_OK) st = ease_negative_inverse(n, b, threads, t->progress, err);
    for (int32_t i = 0; st == AISLE_OK && i < n; i++) {
        diagonal[i] = b[(int64_t)i * n + i];
        if (!(diagonal[i] < 0)) /* NaN too */
            st = aisle_fail(err, AISLE_ENUMERIC,
                            "ease: no inverse of item %d in f32; raise the regularization", i);
    }
    if (st == AISLE_OK) finish(n, diagonal, threads, b);
    aisle_free(diagonal);
    return st;
}
