/* Rows whose system is small, AISLE_LANES of them factored side by side: a small Cholesky is a chain of dependent
 * operations, which one system after another would wait for. The systems are those of als_exact.c. */
#include <string.h>

#include "cpu/backend/als.h"

enum {
    CACHE = 1 << 18, /* floats: the gathered rows of a batch, about what a second-level cache holds */
    GATHER = 256     /* rows of a primal system gathered at once */
};

typedef struct batch {
    bool dual;
    int32_t n, blocks; /* order of the systems, a multiple of 4; 4 x 4 blocks of each */
    float *z, *v;      /* of one row */
    float *d;          /* D^(-1/2), a vector a row */
    float *lanes;      /* systems one after another */
    float *a, *b;      /* systems and right-hand sides side by side */
    float *c;          /* dual: gathered rows, n a row of the batch; primal: GATHER rows and the system */
} batch;

enum { PARTS = 7 };

static int64_t up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

/* Where z, v, d, lanes, a, b, c begin. */
static void offsets(const als_run *run, int32_t n, int64_t at[PARTS])
{
    int64_t f = run->padded, lanes = (int64_t)AISLE_LANES * (n / 4) * (n / 4 + 1) / 2 * 16;
    const int64_t sizes[PARTS - 1] = {f,     up(n > GATHER ? n : GATHER, 16), AISLE_LANES * f, lanes,
                                      lanes, (int64_t)AISLE_LANES * n};
    at[0] = 0;
    for (int i = 1; i < PARTS; i++) at[i] = at[i - 1] + sizes[i - 1];
}

static bool is_dual(const als_run *run, int32_t i)
{
    return als_length(run, run->order[i]) <= run->plan.dual_max;
}

static batch lay_out(const als_run *run, float *work, int32_t first)
{
    bool dual = is_dual(run, first);
    int32_t n = (int32_t)up(dual ? als_length(run, run->order[first]) : run->f, 4);
    int64_t at[PARTS];
    offsets(run, n, at);
    return (batch){dual,
                   n,
                   n / 4 * (n / 4 + 1) / 2,
                   work + at[0],
                   work + at[1],
                   work + at[2],
                   work + at[3],
                   work + at[4],
                   work + at[5],
                   work + at[6]};
}

/* Rows that are solved together: as many as there are lanes, fewer where they would not fit the cache. */
static int32_t rows_together(const als_run *run, const batch *t)
{
    int64_t fit = t->dual ? CACHE / ((int64_t)t->n * run->padded) : AISLE_LANES;
    return fit < 1 ? 1 : fit < AISLE_LANES ? (int32_t)fit : AISLE_LANES;
}

int64_t als_batch_floats(const als_run *run)
{
    int64_t at[PARTS], longest = als_length(run, run->order[run->at[2]]), f = run->padded;
    int32_t n = (int32_t)up(longest <= run->plan.dual_max ? longest : run->f, 4);
    int64_t dual = n * f > CACHE ? n * f : CACHE, primal = GATHER * f + n * aisle_ld(n);
    offsets(run, n, at);
    return at[PARTS - 1] + (dual > primal ? dual : primal) + AISLE_KERNEL_SLACK;
}

/* Row u becomes row l of the batch: its right-hand side and its system, without I. */
static void add_dual(const als_run *run, const batch *t, int32_t l, int32_t i)
{
    int32_t u = run->order[i];
    int64_t f = run->padded;
    aisle_rows row = als_rows(run, i, run->at[3]);
    float *c = t->c + (int64_t)l * t->n * f;
    const float *val = run->c->val ? run->c->val + run->c->row_ptr[u] : NULL;
    als_roots(val, row.n, t->v);
    row.w = t->v;
    run->k->gather(f, &row, t->d + l * f, c, f);
    als_prefer(run, val, row.n, t->v);
    for (int64_t e = 0; e < t->n; e++) t->b[e * AISLE_LANES + l] = e < row.n ? t->v[e] : 0;
    int64_t filled = up(row.n, 4);
    memset(c + filled * f, 0, (size_t)((t->n - filled) * f) * sizeof *c);
    run->k->inner(t->n, f, c, f, &row, t->lanes + (int64_t)l * t->blocks * 16);
}

/* The upper triangle of m in blocks of 4 x 4. */
static void pack(int32_t n, const float *m, int64_t ld, float *blocks)
{
    for (int32_t i = 0; i < n; i += 4)
        for (int32_t j = i; j < n; j += 4, blocks += 16)
            for (int r = 0; r < 4; r++) memcpy(blocks + r * 4, m + (i + r) * ld + j, 4 * sizeof *m);
}

static void add_primal(const als_run *run, const batch *t, int32_t l, int32_t i)
{
    int32_t u = run->order[i];
    int64_t f = run->padded, ld = aisle_ld(t->n);
    aisle_rows row = als_rows(run, i, run->at[3]);
    float *m = t->c + GATHER * f;
    const float *val = run->c->val ? run->c->val + run->c->row_ptr[u] : NULL;
    memset(m, 0, (size_t)(t->n * ld) * sizeof *m);
    memset(t->z, 0, (size_t)f * sizeof *t->z);
    row.w = t->v;
    for (int64_t left = row.n; left > 0; left -= row.n, row.col += row.n) {
        row.n = left < GATHER ? left : GATHER;
        als_roots(val, row.n, t->v);
        run->k->gather(f, &row, t->d + l * f, t->c, f);
        aisle_syrk(run->k, t->n, row.n, t->c, f, m, ld);
        als_prefer(run, val, row.n, t->v);
        if (val) val += row.n;
        run->k->combine(row.n, f, t->v, t->c, f, t->z);
    }
    for (int32_t e = 0; e < t->n; e++) t->b[e * AISLE_LANES + l] = t->z[e];
    pack(t->n, m, ld, t->lanes + (int64_t)l * t->blocks * 16);
}

static void add_identity(const batch *t)
{
    float *block = t->a;
    for (int32_t i = 0; i < t->n / 4; i++) {
        for (int e = 0; e < 16; e += 5)
            for (int l = 0; l < AISLE_LANES; l++) block[e * AISLE_LANES + l] += 1;
        block += (int64_t)(t->n / 4 - i) * 16 * AISLE_LANES;
    }
}

static void finish_row(const als_run *run, const batch *t, int32_t l, int32_t u)
{
    int64_t f = run->padded, n = t->dual ? als_length(run, u) : run->f;
    const float *d = t->d + l * f, *z = t->v;
    float *x = aisle_mat_row(run->x, u);
    for (int64_t i = 0; i < n; i++) t->v[i] = t->b[i * AISLE_LANES + l];
    if (t->dual) {
        memset(t->z, 0, (size_t)f * sizeof *t->z);
        run->k->combine(n, f, t->v, t->c + (int64_t)l * t->n * f, f, t->z);
        z = t->z;
    }
    for (int32_t i = 0; i < run->f; i++) x[i] = d[i] * z[i];
}

static void solve_together(const als_run *run, const batch *t, int32_t first, int32_t end)
{
    int64_t f = run->padded, of_row = (int64_t)t->blocks * 16;
    for (int32_t i = first; i < end; i++) {
        int32_t u = run->order[i], l = i - first;
        int64_t n = als_length(run, u);
        if (l > 0 && n == als_length(run, run->order[i - 1]))
            memcpy(t->d + l * f, t->d + (l - 1) * f, (size_t)f * sizeof *t->d);
        else
            als_scale(run, n, t->d + l * f);
        if (t->dual)
            add_dual(run, t, l, i);
        else
            add_primal(run, t, l, i);
    }
    memset(t->lanes + (end - first) * of_row, 0,
           (size_t)((AISLE_LANES - (end - first)) * of_row) * sizeof *t->lanes);
    run->k->transpose(AISLE_LANES, of_row, t->lanes, of_row, t->a, AISLE_LANES);
    add_identity(t);
    run->k->solve_many(t->n, t->a, t->b);
    for (int32_t i = first; i < end; i++) finish_row(run, t, i - first, run->order[i]);
}

int32_t als_solve_batch(const als_run *run, float *work, int32_t first, int32_t end)
{
    int32_t bad = INT32_MAX;
    while (first < end) {
        batch t = lay_out(run, work, first);
        int32_t here = first + 1, most = first + rows_together(run, &t);
        while (here < end && here < most && is_dual(run, here) == t.dual) here++;
        solve_together(run, &t, first, here);
        for (int32_t i = first; i < here; i++) bad = als_bad(run, run->order[i], bad);
        first = here;
    }
    return bad;
}
