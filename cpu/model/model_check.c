/* What every number of a model must satisfy, be it about to be written or just mapped: one rule book for
 * both. The section table (sizes, offsets) is checked before, by the reader. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "cpu/model/half.h"
#include "cpu/model/model_file.h"

/* Index of the first value that is not finite, -1 if none. A block at a time, so that the common case is a
 * vector loop. An exponent of all ones is Inf or NaN. */
static int64_t first_not_finite(const float *v, int64_t n)
{
    enum { BLOCK = 4096 };
    const uint32_t exponent = 0x7F800000u;
    for (int64_t start = 0; start < n; start += BLOCK) {
        int64_t len = n - start < BLOCK ? n - start : BLOCK;
        uint32_t bad = 0;
#pragma omp simd reduction(| : bad)
        for (int64_t i = 0; i < len; i++) {
            uint32_t bits;
            memcpy(&bits, v + start + i, sizeof bits);
            bad |= (bits & exponent) == exponent;
        }
        for (int64_t i = 0; bad && i < len; i++)
            if (!isfinite(v[start + i])) return start + i;
    }
    return -1;
}

typedef enum float_rule { ANY, AT_LEAST_ZERO, ABOVE_ZERO, NOT_ZERO } float_rule;

static float_rule rule_of(uint32_t kind)
{
    switch (kind) {
    case MODEL_SEEN_WEIGHTS: return NOT_ZERO; /* below 0: disliked */
    case MODEL_ITEM_CONFIDENCE:
    case MODEL_TEXT_MAP_SCALE:
    case MODEL_LINK_UNIT:
    case MODEL_COMPLEMENT_SCORES: return ABOVE_ZERO;
    case MODEL_POPULARITY:
    case MODEL_TRENDING:
    case MODEL_TEXT_WEIGHTS:
    case MODEL_HYBRID_WEIGHTS:
    case MODEL_POPULAR_SCORES:
    case MODEL_COMPACT_TILE_ERROR:
    case MODEL_COMPACT_SCALE:
    case MODEL_COMPACT_NORM:
    case MODEL_COMPACT_ERROR: return AT_LEAST_ZERO;
    default: return ANY;
    }
}

static aisle_status check_floats(const model_section *s, const model_fault *f)
{
    const char *name = model_section_name(s->kind);
    const float_rule rule = rule_of(s->kind);
    bool packed = s->row_stride == s->cols * (int64_t)sizeof(float);
    for (int64_t r = 0; r < (packed ? 1 : s->rows); r++) {
        const float *v = (const float *)(const void *)(s->data + r * s->row_stride);
        int64_t n = packed ? s->rows * s->cols : s->cols, bad = first_not_finite(v, n);
        if (bad >= 0)
            return model_fail(f, name, "value %lld is not finite, wanted a number",
                              (long long)(r * s->cols + bad));
        for (int64_t i = 0; rule != ANY && i < n; i++)
            if ((rule != NOT_ZERO && v[i] < 0) || (rule != AT_LEAST_ZERO && v[i] == 0))
                return model_fail(f, name, "value %lld is %g, wanted %s", (long long)i, (double)v[i],
                                  rule == AT_LEAST_ZERO ? ">= 0"
                                  : rule == NOT_ZERO    ? "a number that is not 0"
                                                        : "> 0");
    }
    return AISLE_OK;
}

static aisle_status check_halves(const model_section *s, const model_fault *f)
{
    const uint16_t *v = (const uint16_t *)(const void *)s->data;
    for (int64_t i = 0; i < s->rows * s->cols; i++)
        if (!half_is_finite(v[i]))
            return model_fail(f, model_section_name(s->kind), "value %lld is not finite, wanted a number",
                              (long long)i);
    return AISLE_OK;
}

aisle_status model_check_ends(const int64_t *ends, int64_t n, int64_t total, int64_t step, const char *name,
                              const model_fault *f)
{
    if (ends[0] != 0) return model_fail(f, name, "the first offset is %lld, wanted 0", (long long)ends[0]);
    for (int64_t i = 0; i < n; i++)
        if (ends[i + 1] < ends[i] + step || ends[i + 1] > total)
            return model_fail(f, name, "offset %lld is %lld, wanted %lld to %lld", (long long)i + 1,
                              (long long)ends[i + 1], (long long)(ends[i] + step), (long long)total);
    if (ends[n] != total)
        return model_fail(f, name, "the last offset is %lld, wanted %lld", (long long)ends[n],
                          (long long)total);
    return AISLE_OK;
}

/* Every slot names an id, and every id is found in its own place: then ids are distinct and look-ups end. */
static aisle_status check_ids(const struct aisle_model *m, bool users, const model_fault *f)
{
    model_ids ids = model_ids_of(m, users);
    const char *name = model_kinds[users ? MODEL_USER_ID_INDEX : MODEL_ITEM_ID_INDEX].name;
    AISLE_TRY(model_check_ends(ids.ends, ids.n, m->dim[users ? DIM_USER_BYTES : DIM_ITEM_BYTES], 1,
                               model_kinds[users ? MODEL_USER_ID_ENDS : MODEL_ITEM_ID_ENDS].name, f));
    if (ids.n_slots != model_index_slots(ids.n))
        return model_fail(f, name, "%lld slots, wanted %lld", (long long)ids.n_slots,
                          (long long)model_index_slots(ids.n));
    int64_t taken = 0;
    for (int64_t s = 0; s < ids.n_slots; s++) {
        if (ids.slots[s] < -1 || ids.slots[s] >= ids.n)
            return model_fail(f, name, "slot %lld holds %d, wanted -1 to %lld", (long long)s, ids.slots[s],
                              (long long)ids.n - 1);
        taken += ids.slots[s] >= 0;
    }
    if (taken != ids.n)
        return model_fail(f, name, "%lld slots are taken, wanted %lld", (long long)taken, (long long)ids.n);
    for (int64_t i = 0; i < ids.n; i++)
        if (model_index_find(&ids, model_id(&ids, i)) != i)
            return model_fail(f, name, "id %lld is not found in its place, or there twice", (long long)i);
    return AISLE_OK;
}

aisle_status model_check_columns(const int64_t *rows, int64_t n_rows, const int32_t *cols, int64_t n_cols,
                                 const char *name, const model_fault *f)
{
    for (int64_t r = 0; r < n_rows; r++) {
        int64_t low = 0; /* the smallest that may come next */
        for (int64_t e = rows[r]; e < rows[r + 1]; e++) {
            if (cols[e] < low || cols[e] >= n_cols)
                return model_fail(f, name, "row %lld holds %d, wanted %lld to %lld", (long long)r, cols[e],
                                  (long long)low, (long long)n_cols - 1);
            low = (int64_t)cols[e] + 1;
        }
    }
    return AISLE_OK;
}

static aisle_status check_seen(const struct aisle_model *m, const model_fault *f)
{
    const int64_t *rows = model_data(m, MODEL_SEEN_ROWS);
    AISLE_TRY(
        model_check_ends(rows, m->dim[DIM_USERS], m->dim[DIM_NNZ], 0, model_kinds[MODEL_SEEN_ROWS].name, f));
    return model_check_columns(rows, m->dim[DIM_USERS], model_data(m, MODEL_SEEN_ITEMS), m->dim[DIM_ITEMS],
                               model_kinds[MODEL_SEEN_ITEMS].name, f);
}

static aisle_status check_neighbours(const struct aisle_model *m, model_kind kind, const model_fault *f)
{
    const int32_t *ids = model_data(m, kind);
    const int64_t n_items = m->dim[DIM_ITEMS], k = m->dim[model_kinds[kind].cols];
    if (m->at[kind] < 0) return AISLE_OK;
    for (int64_t i = 0; i < n_items; i++) {
        bool ended = false;
        for (int64_t j = 0; j < k; j++) {
            int32_t id = ids[i * k + j];
            if (id < -1 || id >= n_items || (ended && id >= 0))
                return model_fail(f, model_kinds[kind].name, "item %lld, neighbour %lld is %d, wanted %s",
                                  (long long)i, (long long)j, id,
                                  ended ? "-1 after the first -1" : "-1 or an item");
            ended = id < 0;
        }
    }
    return AISLE_OK;
}

/* Rows are best first, so their items are in no order. */
static aisle_status check_complements(const struct aisle_model *m, const model_fault *f)
{
    const int64_t *rows = model_data(m, MODEL_COMPLEMENT_ROWS), n_items = m->dim[DIM_ITEMS];
    const int32_t *items = model_data(m, MODEL_COMPLEMENT_ITEMS);
    const float *scores = model_data(m, MODEL_COMPLEMENT_SCORES);
    if (m->at[MODEL_COMPLEMENT_ROWS] < 0 && m->at[MODEL_COMPLEMENT_ITEMS] < 0) return AISLE_OK;
    if (!rows || !items || !scores)
        return model_fail(f, "complement-rows", "rows, items and scores are not all there");
    AISLE_TRY(model_check_ends(rows, n_items, m->dim[DIM_COMPLEMENTS], 0, "complement-rows", f));
    for (int64_t i = 0; i < n_items; i++)
        for (int64_t e = rows[i]; e < rows[i + 1]; e++)
            if (items[e] < 0 || items[e] >= n_items || items[e] == i ||
                (e > rows[i] && scores[e] > scores[e - 1]))
                return model_fail(f, "complement-items",
                                  "item %lld holds %d with %g, wanted another item, best first", (long long)i,
                                  items[e], (double)scores[e]);
    return AISLE_OK;
}

/* No product is in more baskets than there are, and no two in more than either. */
static aisle_status check_baskets(const struct aisle_model *m, const model_fault *f)
{
    const int32_t *baskets = model_data(m, MODEL_COMPLEMENT_BASKETS),
                  *both = model_data(m, MODEL_COMPLEMENT_BOTH);
    const aisle_csr c = aisle_model_complements(m);
    if (both && (!baskets || !c.row_ptr))
        return model_fail(f, "complement-both", "there without complement-baskets or complement-rows");
    for (int32_t i = 0; baskets && i < c.n_rows; i++) {
        if (baskets[i] < 0 || baskets[i] > baskets[c.n_rows])
            return model_fail(f, "complement-baskets", "item %d is in %d of %d baskets", i, baskets[i],
                              baskets[c.n_rows]);
        for (int64_t e = both ? c.row_ptr[i] : 0; both && e < c.row_ptr[i + 1]; e++)
            if (both[e] < 1 || both[e] > baskets[i] || both[e] > baskets[c.col[e]])
                return model_fail(f, "complement-both", "items %d and %d are together in %d baskets", i,
                                  c.col[e], both[e]);
    }
    if (baskets && baskets[c.n_rows] < 0)
        return model_fail(f, "complement-baskets", "%d baskets", baskets[c.n_rows]);
    return AISLE_OK;
}

/* One JSON object, closed by the section's only NUL. */
static aisle_status check_meta(const struct aisle_model *m, const model_fault *f)
{
    const char *text = model_data(m, MODEL_META);
    size_t bytes = (size_t)m->dim[DIM_META];
    json_error_t e;
    if (!bytes || memchr(text, '\0', bytes) != text + bytes - 1)
        return model_fail(f, "meta", "no NUL, or not just one at the end");
    json_t *json = json_loadb(text, bytes - 1, JSON_REJECT_DUPLICATES, &e);
    if (!json && json_error_code(&e) == json_error_out_of_memory)
        return aisle_fail(f->err, AISLE_ENOMEM, "out of memory for the meta of %s", f->path);
    bool object = json_is_object(json);
    if (json) snprintf(e.text, sizeof e.text, "it is of another type");
    json_decref(json);
    return object ? AISLE_OK : model_fail(f, "meta", "wanted one JSON object: %.100s", e.text);
}

static bool at_least_zero(float v)
{
    return isfinite(v) && v >= 0;
}

aisle_status model_check_content(struct aisle_model *m, const model_fault *f)
{
    if (!at_least_zero(m->a0) || !at_least_zero(m->reg) || !at_least_zero(m->nu) || m->nu > 1)
        return model_fail(f, "header", "a0 %g, reg %g, nu %g: wanted numbers >= 0, nu at most 1",
                          (double)m->a0, (double)m->reg, (double)m->nu);
    AISLE_TRY(check_meta(m, f));
    for (int32_t i = 0; i < m->n_sections; i++) {
        const model_section *s = &m->section[i];
        if (s->kind >= MODEL_N_KINDS || !s->bytes) continue;
        if (s->type == MODEL_F32) AISLE_TRY(check_floats(s, f));
        if (s->type == MODEL_F16) AISLE_TRY(check_halves(s, f));
        model_drop(m, s);
    }
    AISLE_TRY(check_ids(m, true, f));
    AISLE_TRY(check_ids(m, false, f));
    AISLE_TRY(check_seen(m, f));
    AISLE_TRY(check_neighbours(m, MODEL_SIMILAR_ITEMS, f));
    AISLE_TRY(check_neighbours(m, MODEL_CONTENT_ITEMS, f));
    AISLE_TRY(model_check_text(m, f));
    AISLE_TRY(model_check_compact(m, f));
    AISLE_TRY(check_complements(m, f));
    AISLE_TRY(check_baskets(m, f));
    return model_check_hybrid(m, f);
}
