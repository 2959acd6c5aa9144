/* Whether a table that came from elsewhere can be that of a matrix. Its checksum is another's business: what is looked for
 * here is what would make answers wrong without anybody noticing. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/compact/compact_code.h"

#define SLACK 0x1p-20 /* another machine may have rounded sums in another order */

typedef struct look {
    const aisle_compact *t;
    const aisle_mat *m;
    const char **array;
    aisle_error *err;
} look;

static aisle_status wrong(const look *l, const char *array, int64_t at, double got, const char *wanted)
{
    *l->array = array;
    return aisle_fail(l->err, AISLE_EFORMAT, "value %lld is %.9g, wanted %s", (long long)at, got, wanted);
}

/* Behind the last row. */
static aisle_status check_filling(const look *l, int64_t e)
{
    const aisle_compact *t = l->t;
    if (t->ids[e] != -1) return wrong(l, "ids", e, t->ids[e], "-1 behind the last row");
    if (t->scale[e] != 0) return wrong(l, "scale", e, (double)t->scale[e], "0 behind the last row");
    if (t->norm[e] != 0) return wrong(l, "norm", e, (double)t->norm[e], "0 behind the last row");
    return t->error[e] == 0 ? AISLE_OK : wrong(l, "error", e, (double)t->error[e], "0 behind the last row");
}

/* Finite is checked by comparing so that a NaN fails. */
static aisle_status check_entry(const look *l, int64_t e, uint64_t *met)
{
    const aisle_compact *t = l->t;
    const int32_t id = t->ids[e];
    double length;
    if (id < 0 || id >= t->n_rows || met[id / 64] >> (id % 64) & 1)
        return wrong(l, "ids", e, id, "a row that was not there before");
    met[id / 64] |= (uint64_t)1 << (id % 64);
    const double norm = (double)t->norm[e], error = (double)t->error[e];
    if (!compact_length(aisle_mat_row(l->m, id), t->n_factors, &length) ||
        !(fabs(norm - length) <= length * SLACK + 0x1p-149))
        return wrong(l, "norm", e, norm, "the length of its row");
    if (e && !(t->norm[e - 1] > t->norm[e] || (t->norm[e - 1] == t->norm[e] && t->ids[e - 1] < id)))
        return wrong(l, "norm", e, norm, "falling lengths, or rising ids");
    if (!(t->scale[e] >= 0 && (double)t->scale[e] * 127 <= length * (1 + SLACK) + 0x1p-126))
        return wrong(l, "scale", e, (double)t->scale[e], "0 to a 127th of the length");
    if (!(error >= 0 && error <= length * (1 + SLACK) + 0x1p-126))
        return wrong(l, "error", e, error, "0 to the length");
    return AISLE_OK;
}

/* The codes of one row. */
static aisle_status check_codes(const look *l, int64_t e)
{
    const aisle_compact *t = l->t;
    int8_t code[AISLE_MAX_FACTORS];
    const uint8_t *tile =
        t->codes + e / AISLE_COMPACT_TILE * t->groups * (AISLE_COMPACT_TILE * 4) + e % AISLE_COMPACT_TILE * 4;
    for (int32_t p = 0; p < t->n_factors; p++) {
        int32_t c = tile[(int64_t)(p / 4) * (AISLE_COMPACT_TILE * 4) + p % 4] - 128;
        if (c < -127) return wrong(l, "codes", e, c, "-127 to 127");
        code[p] = (int8_t)c;
    }
    double off = compact_off(aisle_mat_row(l->m, t->ids[e]), t->n_factors, t->scale[e], code);
    return off <= (double)t->error[e] * (1 + SLACK) + (double)t->norm[e] * 0x1p-36
               ? AISLE_OK
               : wrong(l, "error", e, (double)t->error[e], "what its codes are off by");
}

static aisle_status check_tile(const look *l, int32_t tile, uint64_t *met)
{
    const aisle_compact *t = l->t;
    const int64_t first = (int64_t)tile * AISLE_COMPACT_TILE;
    float most = 0;
    for (int64_t e = first; e < first + AISLE_COMPACT_TILE; e++) {
        AISLE_TRY(e < t->n_rows ? check_entry(l, e, met) : check_filling(l, e));
        if (t->error[e] > most) most = t->error[e];
    }
    if (t->tile_error[tile] != most)
        return wrong(l, "tile_error", tile, (double)t->tile_error[tile], "the largest error of the tile");
    /* another place in each tile */
    int64_t e = first + tile % AISLE_COMPACT_TILE;
    return check_codes(l, e < t->n_rows ? e : first);
}

aisle_status aisle_compact_check(const aisle_compact *t, const aisle_mat *m, const char **array,
                                 aisle_error *err)
{
    const look l = {t, m, array, err};
    uint64_t *met = aisle_calloc(((size_t)t->n_rows + 64) / 64, sizeof *met);
    aisle_status st = met ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for %d rows", t->n_rows);
    *array = "ids";
    for (int32_t i = 0; st == AISLE_OK && i < t->n_tiles; i++) st = check_tile(&l, i, met);
    aisle_free(met);
    return st;
}
