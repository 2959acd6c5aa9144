/* From f32 rows to a table: lengths first, since they are the order, then codes. Tiles are coded side by
 * side. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/compact/compact_code.h"
#include "cpu/kernels/select.h"

static int greatest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

static float float_above(double v)
{
    float f = (float)v;
    return (double)f < v ? nextafterf(f, INFINITY) : f;
}

/* One block of memory holds all arrays, the widest-aligned first. */
typedef struct layout {
    int64_t entries, codes, bytes;
} layout;

static aisle_status lay_out(const aisle_mat *m, aisle_compact *t, layout *l, aisle_error *err)
{
    if (m->n_rows < 0 || m->n_cols < 1 || m->n_cols > AISLE_MAX_FACTORS || m->ld < m->n_cols)
        return aisle_fail(err, AISLE_EINVAL, "compact table: %d x %d factors, wanted 1 to %d a row",
                          m->n_rows, m->n_cols, (int)AISLE_MAX_FACTORS);
    *t = (aisle_compact){.n_rows = m->n_rows,
                         .n_factors = m->n_cols,
                         .n_tiles =
                             (int32_t)(((int64_t)m->n_rows + AISLE_COMPACT_TILE - 1) / AISLE_COMPACT_TILE),
                         .groups = (m->n_cols + 3) / 4};
    l->entries = (int64_t)t->n_tiles * AISLE_COMPACT_TILE;
    l->codes = l->entries * t->groups * 4; /* below 2^31 * 2^12 */
    l->bytes = l->codes + l->entries * 16 + (int64_t)t->n_tiles * 4;
    return AISLE_OK;
}

typedef struct parts {
    uint8_t *codes;
    float *scale, *norm, *error, *tile_error;
    int32_t *ids;
} parts;

static parts part_of(const layout *l, void *owned)
{
    parts p = {.codes = owned};
    p.scale = (float *)(void *)(p.codes + l->codes);
    p.norm = p.scale + l->entries;
    p.error = p.norm + l->entries;
    p.ids = (int32_t *)(void *)(p.error + l->entries);
    p.tile_error = (float *)(void *)(p.ids + l->entries);
    return p;
}

/* One key orders by length, then by smaller id. */
static aisle_status order_rows(const aisle_mat *m, uint64_t *key, aisle_error *err)
{
    for (int32_t i = 0; i < m->n_rows; i++) {
        double norm;
        if (!compact_length(aisle_mat_row(m, i), m->n_cols, &norm))
            return aisle_fail(err, AISLE_ENUMERIC,
                              "compact table: row %d is not finite or not shorter than 2^63", i);
        key[i] = aisle_select_key(float_above(norm), i);
    }
    qsort(key, (size_t)m->n_rows, sizeof *key, greatest_first);
    return AISLE_OK;
}

static void put_row(const aisle_compact *t, const parts *p, int64_t e, const int8_t *code)
{
    uint8_t *tile =
        p->codes + e / AISLE_COMPACT_TILE * t->groups * (AISLE_COMPACT_TILE * 4) + e % AISLE_COMPACT_TILE * 4;
    for (int32_t f = 0; f < t->n_factors; f++)
        tile[(int64_t)(f / 4) * (AISLE_COMPACT_TILE * 4) + f % 4] = (uint8_t)(code[f] + 128);
}

static void fill_tile(const aisle_mat *m, const aisle_compact *t, const parts *p, const uint64_t *key,
                      int32_t tile)
{
    int8_t code[AISLE_MAX_FACTORS];
    int64_t first = (int64_t)tile * AISLE_COMPACT_TILE, end = first + AISLE_COMPACT_TILE;
    float most = 0;
    for (int64_t e = first; e < end && e < m->n_rows; e++) {
        compact_coded c;
        p->ids[e] = (int32_t) ~(uint32_t)key[e];
        compact_code(aisle_mat_row(m, p->ids[e]), m->n_cols, 127, code, &c);
        p->scale[e] = c.scale;
        p->norm[e] = float_above(c.norm);
        p->error[e] = float_above(c.error);
        if (p->error[e] > most) most = p->error[e];
        put_row(t, p, e, code);
    }
    p->tile_error[tile] = most;
}

aisle_status aisle_compact_init(const aisle_mat *m, aisle_compact *out, aisle_error *err)
{
    aisle_compact t;
    layout l = {0};
    AISLE_TRY(lay_out(m, &t, &l, err));
    void *owned = aisle_alloc_aligned((size_t)l.bytes + 64);
    uint64_t *key = aisle_array((int64_t)m->n_rows + 1, sizeof *key);
    aisle_status st = AISLE_OK;
    if (!owned || !key)
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the compact table of %d rows", m->n_rows);
    if (st == AISLE_OK) st = order_rows(m, key, err);
    if (st == AISLE_OK) {
        parts p = part_of(&l, owned);
        memset(p.codes, 128, (size_t)l.codes);
        memset(p.scale, 0, (size_t)(l.bytes - l.codes));
        for (int64_t e = m->n_rows; e < l.entries; e++) p.ids[e] = -1;
#pragma omp parallel for schedule(static)
        for (int32_t i = 0; i < t.n_tiles; i++) fill_tile(m, &t, &p, key, i);
        t.codes = p.codes, t.scale = p.scale, t.norm = p.norm, t.error = p.error, t.ids = p.ids;
        t.tile_error = p.tile_error, t.owned = owned;
        *out = t;
        owned = NULL;
    }
    aisle_free(owned);
    aisle_free(key);
    return st;
}

void aisle_compact_deinit(aisle_compact *t)
{
    aisle_free(t->owned_coarse);
    t->owned_coarse = NULL;
    t->coarse = NULL;
    if (!t->owned) return;
    aisle_free(t->owned);
    *t = (aisle_compact){0};
}

float aisle_compact_error(const aisle_compact *t)
{
    float most = 0;
    for (int32_t i = 0; i < t->n_tiles; i++)
        if (t->tile_error[i] > most) most = t->tile_error[i];
    return most;
}
