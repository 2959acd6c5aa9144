/* The exact solution of one row, by the smaller of two systems. With C = W^(1/2) B D^(-1/2) and x = D^(-1/2) z
 *   primal, f x f:  (I + C'C) z = C' W^(1/2) p
 *   dual,   n x n:  (I + C C') v = W^(1/2) p,  z = C'v   (push-through identity)
 * Both matrices have no eigenvalue under 1, so that f32 Cholesky is safe. The primal one is summed over blocks of rows:
 * the scratch does not grow with the row. */
#include <string.h>

#include "cpu/backend/als.h"

enum { GATHER = 256 }; /* rows of a primal system gathered at once */

static int64_t rounded(int64_t n)
{
    return (n + AISLE_KERNEL_SLACK + 15) / 16 * 16;
}

static int64_t up4(int64_t n)
{
    return (n + 3) / 4 * 4;
}

static void identity(int32_t n, float *m, int64_t ld)
{
    memset(m, 0, (size_t)(n * ld) * sizeof *m);
    for (int32_t i = 0; i < n; i++) m[i * ld + i] = 1;
}

/* x = d z, by elements. */
static void put(const als_run *run, int32_t u, const float *d, const float *z)
{
    float *x = aisle_mat_row(run->x, u);
    for (int32_t i = 0; i < run->f; i++) x[i] = d[i] * z[i];
}

/* d z | w | c | system */
int64_t als_primal_floats(const als_run *run)
{
    int64_t ld = aisle_ld(run->f);
    return 2 * rounded(ld) + rounded(GATHER) + rounded(GATHER * ld) + rounded(run->f * ld);
}

static bool solve_primal(const als_run *run, float *work, int32_t u, aisle_rows row)
{
    const aisle_kernels *k = run->k;
    int64_t ld = aisle_ld(run->f);
    float *d = work, *z = d + rounded(ld), *w = z + rounded(ld), *c = w + rounded(GATHER),
          *m = c + rounded(GATHER * ld);
    const float *val = run->c->val ? run->c->val + run->c->row_ptr[u] : NULL;
    als_scale(run, row.n, d);
    memset(z, 0, (size_t)ld * sizeof *z);
    identity(run->f, m, ld);
    row.w = w;
    for (int64_t left = row.n; left > 0; left -= row.n, row.col += row.n) {
        row.n = left < GATHER ? left : GATHER;
        als_roots(val, row.n, w);
        k->gather(run->padded, &row, d, c, ld);
        aisle_syrk(k, run->f, row.n, c, ld, m, ld);
        als_prefer(run, val, row.n, w);
        if (val) val += row.n;
        k->combine(row.n, run->padded, w, c, ld, z);
    }
    if (!aisle_cholesky(k, run->f, m, ld)) return false;
    k->cholesky_solve(run->f, m, ld, z);
    put(run, u, d, z);
    return true;
}

/* Rows one after another. */
static int32_t solve_each(const als_run *run, float *work, int32_t first, int32_t end,
                          bool (*solve)(const als_run *run, float *work, int32_t u, aisle_rows row))
{
    int32_t bad = INT32_MAX;
    for (int32_t i = first; i < end; i++) {
        int32_t u = run->order[i];
        bool ok = solve(run, work, u, als_rows(run, i, run->at[3]));
        if (!ok && u < bad) bad = u;
        bad = als_bad(run, u, bad);
    }
    return bad;
}

int32_t als_solve_primal(const als_run *run, float *work, int32_t first, int32_t end)
{
    return solve_each(run, work, first, end, solve_primal);
}

/* Entries of the longest row that a dual system solves singly. */
static int64_t longest_dual(const als_run *run)
{
    return als_length(run, run->order[run->at[1]]);
}

/* d z | w v | c | blocks | system */
int64_t als_dual_floats(const als_run *run)
{
    int64_t n = up4(longest_dual(run)), nb = n / 4;
    return 2 * rounded(run->padded) + 2 * rounded(n) + rounded(n * run->padded) +
           rounded(nb * (nb + 1) / 2 * 16) + rounded(n * aisle_ld(n));
}

/* Blocks of 4 x 4 into the upper triangle of m, plus I. */
static void unpack(int32_t n, const float *blocks, float *m, int64_t ld)
{
    for (int32_t i = 0; i < n; i += 4)
        for (int32_t j = i; j < n; j += 4, blocks += 16)
            for (int r = 0; r < 4; r++) memcpy(m + (i + r) * ld + j, blocks + r * 4, 4 * sizeof *m);
    for (int32_t i = 0; i < n; i++) m[i * ld + i] += 1;
}

static bool solve_dual(const als_run *run, float *work, int32_t u, aisle_rows row)
{
    const aisle_kernels *k = run->k;
    int64_t most = up4(longest_dual(run)), f = run->padded;
    int32_t n = (int32_t)up4(row.n);
    int64_t ld = aisle_ld(n);
    float *d = work, *z = d + rounded(f), *w = z + rounded(f), *v = w + rounded(most), *c = v + rounded(most),
          *blocks = c + rounded(most * f), *m = blocks + rounded(most / 4 * (most / 4 + 1) / 2 * 16);
    als_scale(run, row.n, d);
    const float *val = run->c->val ? run->c->val + run->c->row_ptr[u] : NULL;
    als_roots(val, row.n, w);
    row.w = w;
    k->gather(f, &row, d, c, f);
    k->inner(n, f, c, f, &row, blocks);
    unpack(n, blocks, m, ld);
    if (!aisle_cholesky(k, (int32_t)row.n, m, ld)) return false;
    memcpy(v, w, (size_t)row.n * sizeof *v);
    als_prefer(run, val, row.n, v);
    k->cholesky_solve((int32_t)row.n, m, ld, v);
    memset(z, 0, (size_t)f * sizeof *z);
    k->combine(row.n, f, v, c, f, z);
    put(run, u, d, z);
    return true;
}

int32_t als_solve_dual(const als_run *run, float *work, int32_t first, int32_t end)
{
    return solve_each(run, work, first, end, solve_dual);
}
