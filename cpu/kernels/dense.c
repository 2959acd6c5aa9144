/* Loops around the tile kernel. Edge tiles are computed whole into a small buffer and cut, so that the kernel
 * itself has no edge cases (Goto and van de Geijn 2008, without their packing where rows are contiguous). */
#include "cpu/kernels/dense.h"

#include <string.h>

enum { PANEL = 64 }; /* rows of U made before the rest is updated: 64 rows of a tile fit the first cache */

typedef struct operand {
    const float *at;
    int64_t ld;
} operand;

static int32_t at_most(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* One tile of which m x n are wanted. */
static void tile_cut(const aisle_kernels *k, int64_t depth, const operand ab[2], aisle_tile_mode mode,
                     const int32_t shape[2], float *c, int64_t ldc)
{
    if (shape[0] >= k->mr && shape[1] >= k->nr) {
        k->tile(depth, ab[0].at, ab[0].ld, ab[1].at, ab[1].ld, mode, c, ldc);
        return;
    }
    float t[AISLE_TILE_MAX];
    k->tile(depth, ab[0].at, ab[0].ld, ab[1].at, ab[1].ld, AISLE_TILE_SET, t, k->nr);
    for (int32_t i = 0; i < at_most(shape[0], k->mr); i++)
        for (int32_t j = 0; j < at_most(shape[1], k->nr); j++) {
            float v = t[i * k->nr + j], *to = c + i * ldc + j;
            *to = mode == AISLE_TILE_SET ? v : mode == AISLE_TILE_ADD ? *to + v : *to - v;
        }
}

/* Upper triangle of c (+/-)= A'A for columns first .. n-1 of a [depth x n]. */
static void update_upper(const aisle_kernels *k, int32_t first, int32_t n, int64_t depth, operand a,
                         aisle_tile_mode mode, operand c)
{
    for (int32_t j = first; j < n; j += k->nr)
        for (int32_t i = first; i < at_most(j + k->nr, n); i += k->mr) {
            const operand ab[2] = {{a.at + i, a.ld}, {a.at + j, a.ld}};
            tile_cut(k, depth, ab, mode, (int32_t[2]){n - i, n - j}, (float *)c.at + i * c.ld + j, c.ld);
        }
}

void aisle_syrk(const aisle_kernels *k, int32_t n, int64_t depth, const float *a, int64_t lda, float *c,
                int64_t ldc)
{
    for (int64_t p = 0; p < depth; p += AISLE_DEPTH) {
        int64_t here = depth - p < AISLE_DEPTH ? depth - p : AISLE_DEPTH;
        update_upper(k, 0, n, here, (operand){a + p * lda, lda}, AISLE_TILE_ADD, (operand){c, ldc});
    }
}

bool aisle_cholesky(const aisle_kernels *k, int32_t n, float *a, int64_t lda)
{
    for (int32_t p = 0; p < n; p += PANEL) {
        float *row = a + p * lda;
        int32_t rows = at_most(PANEL, n - p);
        if (!k->cholesky_panel(rows, n - p, row + p, lda)) return false;
        update_upper(k, p + rows, n, rows, (operand){row, lda}, AISLE_TILE_SUB, (operand){a, lda});
    }
    return true;
}

int64_t aisle_panels_floats(const aisle_kernels *k, int32_t depth, int32_t n)
{
    return ((int64_t)n + k->nr - 1) / k->nr * k->nr * depth + AISLE_KERNEL_SLACK;
}

void aisle_panels_pack(const aisle_kernels *k, int32_t depth, int32_t n, const float *b, int64_t ldb,
                       float *panels)
{
    for (int32_t j = 0; j < n; j += k->nr)
        for (int32_t p = 0; p < depth; p++, panels += k->nr) {
            int32_t width = at_most(k->nr, n - j);
            memset(panels, 0, (size_t)k->nr * sizeof *panels);
            memcpy(panels, b + p * ldb + j, (size_t)width * sizeof *panels);
        }
}

void aisle_multiply(const aisle_kernels *k, const aisle_right *b, int32_t m, const float *src, int64_t lds,
                    float *dst, int64_t ldd)
{
    k->transpose(m, b->depth, src, lds, b->work, AISLE_ROW_BLOCK);
    for (int32_t j = 0; j < b->n; j += k->nr) {
        const float *panel = b->panels + (int64_t)j * b->depth;
        for (int32_t p = 0; p < b->depth; p += AISLE_DEPTH)
            for (int32_t i = 0; i < m; i += k->mr) {
                const operand ab[2] = {{b->work + (int64_t)p * AISLE_ROW_BLOCK + i, AISLE_ROW_BLOCK},
                                       {panel + (int64_t)p * k->nr, k->nr}};
                tile_cut(k, at_most(AISLE_DEPTH, b->depth - p), ab, p ? AISLE_TILE_ADD : AISLE_TILE_SET,
                         (int32_t[2]){m - i, b->n - j}, dst + i * ldd + j, ldd);
            }
    }
}
