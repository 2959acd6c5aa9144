/* What of a dense B is kept: each item's largest weights. The others are many and small, and a request would have to add
 * them up as well. */
#include <math.h>
#include <omp.h>

#include "aisle/memory.h"
#include "cpu/fit/ease.h"
#include "cpu/kernels/select.h"

enum { STRIP = 16 }; /* columns that are read together: a cache line of each row */

typedef struct cut {
    int32_t n, keep;
    const float *b;
    int32_t *ids; /* [n x keep] */
    float *values;
    int64_t *count; /* [n] */
} cut;

/* One thread's. */
typedef struct scratch {
    float *columns; /* [STRIP x n] */
    uint64_t *key;
} scratch;

static void gather(const cut *c, int32_t first, int32_t width, float *columns)
{
    for (int64_t j = 0; j < c->n; j++)
        for (int32_t k = 0; k < width; k++) columns[(int64_t)k * c->n + j] = c->b[j * c->n + first + k];
}

static void keep_of(const cut *c, int32_t i, const float *column, uint64_t *key)
{
    aisle_select best;
    int32_t *ids = c->ids + (int64_t)i * c->keep;
    aisle_select_init(&best, key, c->keep);
    for (int32_t j = 0; j < c->n; j++) {
        float size = fabsf(column[j]);
        if (size > 0 && size >= best.threshold) aisle_select_push(&best, size, j);
    }
    aisle_select_shrink(&best); /* unsorted: the transpose sorts */
    for (int32_t k = 0; k < best.count; k++) {
        ids[k] = (int32_t) ~(uint32_t)best.key[k];
        c->values[(int64_t)i * c->keep + k] = column[ids[k]];
    }
    c->count[i] = best.count;
}

static bool scratch_init(scratch *s, const cut *c)
{
    *s = (scratch){.columns = aisle_array((int64_t)STRIP * c->n, sizeof *s->columns),
                   .key = aisle_array(aisle_select_room(c->keep), sizeof *s->key)};
    return s->columns && s->key;
}

static void scratch_deinit(scratch *s)
{
    aisle_free(s->columns);
    aisle_free(s->key);
}

static bool cut_all(const cut *c, int32_t threads)
{
    bool ok = true; /* atomic */
#pragma omp parallel num_threads(threads)
    {
        scratch s;
        if (!scratch_init(&s, c)) __atomic_store_n(&ok, false, __ATOMIC_RELAXED);
#pragma omp barrier
#pragma omp for schedule(dynamic, 1)
        for (int32_t first = 0; first < c->n; first += STRIP) {
            int32_t width = c->n - first < STRIP ? c->n - first : STRIP;
            if (!__atomic_load_n(&ok, __ATOMIC_RELAXED)) continue;
            gather(c, first, width, s.columns);
            for (int32_t k = 0; k < width; k++) keep_of(c, first + k, s.columns + (int64_t)k * c->n, s.key);
        }
        scratch_deinit(&s);
    }
    return ok;
}

/* Rows without gaps, in place: each moves down to where the one before it ends. */
static void pack(cut *c, aisle_csr *m)
{
    m->row_ptr[0] = 0;
    for (int32_t i = 0; i < c->n; i++) {
        int64_t to = m->row_ptr[i], from = (int64_t)i * c->keep;
        for (int64_t k = 0; k < c->count[i]; k++) {
            m->col[to + k] = c->ids[from + k];
            m->val[to + k] = c->values[from + k];
        }
        m->row_ptr[i + 1] = to + c->count[i];
    }
}

aisle_status ease_cut(int32_t n, const float *b, int32_t keep, const aisle_trainer *t, aisle_csr *lists,
                      aisle_error *err)
{
    int32_t most = keep > 0 && keep < n ? keep : n;
    int64_t cells = (int64_t)n * most;
    aisle_csr m = {n, n, aisle_array((int64_t)n + 1, sizeof *m.row_ptr), aisle_array(cells, sizeof *m.col),
                   aisle_array(cells, sizeof *m.val)};
    cut c = {n, most, b, m.col, m.val, aisle_array(n, sizeof *c.count)};
    bool ok = m.row_ptr && m.col && m.val && c.count &&
              cut_all(&c, t->threads > 0 ? t->threads : omp_get_num_procs());
    if (ok) pack(&c, &m);
    aisle_free(c.count);
    if (ok) {
        *lists = m;
        return AISLE_OK;
    }
    aisle_csr_deinit(&m);
    return aisle_fail(err, AISLE_ENOMEM, "ease: out of memory for %d weights of each of %d items; keep fewer",
                      most, n);
}
