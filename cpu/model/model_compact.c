/* The compact table of the item factors in a model file: its sections are the arrays of compact.h as they are. */
#include <string.h>

#include "cpu/model/model_file.h"

static void set_dims(struct aisle_model *m, const aisle_compact *t)
{
    m->dim[DIM_TILES] = t->n_tiles;
    m->dim[DIM_TILE_BYTES] = (int64_t)t->groups * 4 * AISLE_COMPACT_TILE;
    m->dim[DIM_TILE_ROWS] = (int64_t)t->n_tiles * AISLE_COMPACT_TILE;
}

void model_add_compact(struct aisle_model *m, const aisle_compact *t)
{
    if (!t || t->n_tiles == 0) return;
    set_dims(m, t);
    model_add(m, MODEL_COMPACT_TILE_ERROR, t->tile_error, 0);
    model_add(m, MODEL_COMPACT_IDS, t->ids, 0);
    model_add(m, MODEL_COMPACT_CODES, t->codes, 0);
    model_add(m, MODEL_COMPACT_SCALE, t->scale, 0);
    model_add(m, MODEL_COMPACT_NORM, t->norm, 0);
    model_add(m, MODEL_COMPACT_ERROR, t->error, 0);
}

static model_kind kind_of(const char *array)
{
    static const char *const arrays[] = {"tile_error", "ids", "codes", "scale", "norm", "error"};
    int32_t i = 0;
    while (strcmp(arrays[i], array) != 0) i++; /* one of them */
    return MODEL_COMPACT_TILE_ERROR + (model_kind)i;
}

aisle_status model_check_compact(struct aisle_model *m, const model_fault *f)
{
    const int64_t items = m->dim[DIM_ITEMS], factors = m->dim[DIM_FACTORS];
    aisle_error why = {0};
    const char *array;
    m->compact = (aisle_compact){0};
    if (m->at[MODEL_COMPACT_TILE_ERROR] < 0) return AISLE_OK;
    if (m->dim[DIM_TILES] <= 0) /* then nothing has asked for the other sections */
        return model_fail(f, model_kinds[MODEL_COMPACT_TILE_ERROR].name, "no tiles, wanted 1 at least");
    if (factors > AISLE_MAX_FACTORS)
        return model_fail(f, model_kinds[MODEL_COMPACT_CODES].name, "of %lld factors, wanted %d at most",
                          (long long)factors, (int)AISLE_MAX_FACTORS);
    const aisle_compact t = {
        .n_rows = (int32_t)items,
        .n_factors = (int32_t)factors,
        .n_tiles = (int32_t)((items + AISLE_COMPACT_TILE - 1) / AISLE_COMPACT_TILE),
        .groups = (int32_t)((factors + 3) / 4),
        .ids = model_data(m, MODEL_COMPACT_IDS),
        .codes = model_data(m, MODEL_COMPACT_CODES),
        .scale = model_data(m, MODEL_COMPACT_SCALE),
        .norm = model_data(m, MODEL_COMPACT_NORM),
        .error = model_data(m, MODEL_COMPACT_ERROR),
        .tile_error = model_data(m, MODEL_COMPACT_TILE_ERROR),
    };
    struct aisle_model want = {.n_sections = 0};
    set_dims(&want, &t);
    for (model_kind k = MODEL_COMPACT_TILE_ERROR; k <= MODEL_COMPACT_ERROR; k++) {
        int64_t rows = want.dim[model_kinds[k].rows];
        int64_t cols = model_kinds[k].cols == DIM_ONE ? 1 : want.dim[model_kinds[k].cols];
        const model_section *s = &m->section[m->at[k]];
        if (s->rows != rows || s->cols != cols)
            return model_fail(f, model_kinds[k].name, "%lld x %lld values, wanted %lld x %lld",
                              (long long)s->rows, (long long)s->cols, (long long)rows, (long long)cols);
    }
    const aisle_mat rows = {(int32_t)items, (int32_t)factors,
                            m->section[m->at[MODEL_ITEM_FACTORS]].row_stride / (int64_t)sizeof(float),
                            (float *)model_data(m, MODEL_ITEM_FACTORS)};
    aisle_status st = aisle_compact_check(&t, &rows, &array, &why);
    if (st == AISLE_EFORMAT) return model_fail(f, model_kinds[kind_of(array)].name, "%s", why.message);
    if (st != AISLE_OK) return aisle_fail(f->err, st, "%s: %s", f->path, why.message);
    m->compact = t;
    (void)aisle_compact_coarsen(&m->compact, NULL); /* without the memory for it the codes do */
    return AISLE_OK;
}

const aisle_compact *aisle_model_compact(const aisle_model *m)
{
    return m->compact.n_tiles ? &m->compact : NULL;
}
