/* Texts of a model, about to be written or just mapped: the vocabulary is made of its sections, which checks them, and
 * the rows are looked at. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/model/model_file.h"
#include "cpu/text/vocabulary.h"

typedef struct stems {
    const int64_t *ends;
    const char *bytes;
} stems;

static aisle_str stem(const void *ctx, int32_t i)
{
    const stems *s = ctx;
    return (aisle_str){s->bytes + s->ends[i], (size_t)(s->ends[i + 1] - s->ends[i])};
}

static aisle_status make_vocabulary(struct aisle_model *m, const model_fault *f)
{
    const stems s = {model_data(m, MODEL_TEXT_STEM_ENDS), model_data(m, MODEL_TEXT_STEM_BYTES)};
    const char *settings = model_data(m, MODEL_TEXT_SETTINGS);
    size_t bytes = (size_t)m->dim[DIM_TEXT_SETTINGS];
    aisle_error why = {0};
    if (m->dim[DIM_TERMS] >= INT32_MAX || m->dim[DIM_TEXT_NODES] >= INT32_MAX ||
        m->dim[DIM_TEXT_STEMS_1] > INT32_MAX || m->dim[DIM_TEXT_STEMS_1] < 2)
        return model_fail(f, "text-df", "%lld terms, %lld nodes, %lld stems: out of range",
                          (long long)m->dim[DIM_TERMS], (long long)m->dim[DIM_TEXT_NODES],
                          (long long)m->dim[DIM_TEXT_STEMS_1] - 1);
    if (!bytes || memchr(settings, '\0', bytes) != settings + bytes - 1)
        return model_fail(f, "text-settings", "no NUL, or not just one at the end");
    AISLE_TRY(model_check_ends(s.ends, m->dim[DIM_TEXT_STEMS_1] - 1, m->dim[DIM_TEXT_STEM_BYTES], 1,
                               "text-stem-ends", f));
    const aisle_flat_vocabulary flat = {.n_terms = (int32_t)m->dim[DIM_TERMS],
                                        .n_nodes = (int32_t)m->dim[DIM_TEXT_NODES],
                                        .n_stems = (int32_t)m->dim[DIM_TEXT_STEMS_1] - 1,
                                        .df = model_data(m, MODEL_TEXT_DF),
                                        .node = model_data(m, MODEL_TEXT_NODES),
                                        .stem = stem,
                                        .ctx = &s,
                                        .settings = {settings, bytes - 1}};
    aisle_status st = aisle_vocabulary_restore(&flat, &m->vocabulary, &why);
    if (st == AISLE_ENOMEM) return aisle_fail(f->err, st, "%s: %s", f->path, why.message);
    return st == AISLE_OK ? AISLE_OK : model_fail(f, "text vocabulary", "%.180s", why.message);
}

/* All of the map or nothing of it, and not without text. */
static aisle_status check_map(const struct aisle_model *m, const model_fault *f)
{
    bool any = false;
    for (int k = MODEL_TEXT_MAP; k <= MODEL_TEXT_MAP_SCALE; k++) any = any || m->at[k] >= 0;
    for (int k = MODEL_TEXT_MAP; any && k <= MODEL_TEXT_MAP_SCALE; k++)
        if (m->at[k] < 0)
            return model_fail(f, model_kinds[k].name, "missing beside the other parts of the map");
    return any && !m->vocabulary ? model_fail(f, "text-map", "a map without a vocabulary") : AISLE_OK;
}

aisle_status model_check_text(struct aisle_model *m, const model_fault *f)
{
    if (m->at[MODEL_TEXT_DF] < 0) return check_map(m, f);
    AISLE_TRY(make_vocabulary(m, f));
    const int64_t *rows = model_data(m, MODEL_TEXT_ROWS);
    const float *w = model_data(m, MODEL_TEXT_WEIGHTS);
    const int64_t n = m->dim[DIM_ITEMS];
    AISLE_TRY(model_check_ends(rows, n, m->dim[DIM_TEXT_NNZ], 0, "text-rows", f));
    AISLE_TRY(
        model_check_columns(rows, n, model_data(m, MODEL_TEXT_TERMS), m->dim[DIM_TERMS], "text-terms", f));
    for (int64_t i = 0; i < n; i++) {
        double square = 0;
        for (int64_t e = rows[i]; e < rows[i + 1]; e++) square += (double)w[e] * (double)w[e];
        /* each weight is rounded once to float: its square is off by 2^-23 of itself at most */
        if (rows[i] < rows[i + 1] && !(fabs(square - 1) <= 0x1p-22))
            return model_fail(f, "text-weights", "row %lld has length %g, wanted 1", (long long)i,
                              sqrt(square));
    }
    return check_map(m, f);
}
