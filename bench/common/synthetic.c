/* Matrices of a stated shape, fast: a billion entries are a matter of memory bandwidth. Every row has a random
 * sequence of its own, so that threads change nothing. A shop's shape without a shop: no clusters, no words. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "bench/bench.h"

/* The smallest step >= 0.618 n that reaches every one of n places: neighbours in activity lie far apart. */
static int64_t stride_of(int64_t n)
{
    for (int64_t s = (int64_t)(.618 * (double)n) + 1;; s++) {
        int64_t a = s, b = n;
        while (b) {
            int64_t r = a % b;
            a = b;
            b = r;
        }
        if (a == 1) return s;
    }
}

/* Entries of the rank-th busiest of n users, before rounding: falls as rank^-1/3, mean entries / n. */
static double activity(const bench_options *o, int64_t rank)
{
    double mean = (double)o->entries / o->users;
    return mean * 2 / 3 * cbrt((double)o->users / ((double)rank + .5));
}

static int64_t row_length(const bench_options *o, int64_t stride, int32_t u)
{
    aisle_rng g;
    aisle_rng_init(&g, o->seed, 2 * (uint64_t)u);
    int64_t most = (o->items + 1) / 2, n = (int64_t)(activity(o, u * stride % o->users) + aisle_rng_f64(&g));
    return n < 1 ? 1 : n > most ? most : n;
}

/* One item out of each n-th of the popularity: item = items v^2, v in [0, 1) (the density of popularity falls as
 * rank^-1/2). Ascending as it is made; one that repeats moves on to the next. */
static void fill_row(const bench_options *o, int32_t u, int64_t n, int32_t *col)
{
    aisle_rng g;
    aisle_rng_init(&g, o->seed, 2 * (uint64_t)u + 1);
    int32_t last = -1;
    for (int64_t k = 0; k < n; k++) {
        double v = ((double)k + aisle_rng_f64(&g)) / (double)n;
        int32_t item = (int32_t)(o->items * v * v), most = (int32_t)(o->items - (n - k));
        if (item <= last) item = last + 1;
        if (item > most) item = most; /* room for those still to come */
        col[k] = last = item;
    }
}

void bench_synthetic(const bench_options *o, aisle_csr *c)
{
    int64_t stride = stride_of(o->users), n = 0;
    *c = (aisle_csr){o->users, o->items, aisle_array((int64_t)o->users + 1, sizeof(int64_t)), NULL, NULL};
    if (!c->row_ptr) bench_stop("synthetic matrix", "out of memory");
#pragma omp parallel for schedule(static)
    for (int32_t u = 0; u < o->users; u++) c->row_ptr[u] = row_length(o, stride, u);
    for (int32_t u = 0; u <= o->users; u++) {
        int64_t length = u < o->users ? c->row_ptr[u] : 0;
        c->row_ptr[u] = n;
        n += length;
    }
    c->col = aisle_array(n, sizeof *c->col);
    if (!c->col) bench_stop("synthetic matrix", "out of memory");
#pragma omp parallel for schedule(dynamic, 256)
    for (int32_t u = 0; u < o->users; u++)
        fill_row(o, u, c->row_ptr[u + 1] - c->row_ptr[u], c->col + c->row_ptr[u]);
}

void bench_fill(aisle_mat *m, float scale, uint64_t seed)
{
#pragma omp parallel for schedule(static)
    for (int32_t r = 0; r < m->n_rows; r++) {
        aisle_rng g;
        aisle_rng_init(&g, seed, (uint64_t)r);
        for (int32_t j = 0; j < m->n_cols; j++) aisle_mat_row(m, r)[j] = scale * (float)aisle_rng_normal(&g);
    }
}
