/* A hybrid of a model, about to be written or just mapped: its sections are checked and put together to tables. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/model/model_file.h"

const char *aisle_part_name(aisle_part_id id)
{
    static const char *const names[AISLE_PART_IDS] = {
        [AISLE_PART_ALS] = "als",           [AISLE_PART_ALS_CONTENT] = "als-content",
        [AISLE_PART_ITEM_KNN] = "item-knn", [AISLE_PART_EASE] = "ease",
        [AISLE_PART_CONTENT] = "content",   [AISLE_PART_POPULAR] = "popular",
        [AISLE_PART_TRENDING] = "trending", [AISLE_PART_DEMOGRAPHIC] = "demographic",
    };
    return id > 0 && id < AISLE_PART_IDS ? names[id] : NULL;
}

void model_hybrid_free(struct model_hybrid *h)
{
    if (!h) return;
    aisle_free(h->fresh);
    aisle_free(h->group_name);
    aisle_csr_deinit(&h->terms);
    aisle_free(h);
}

const aisle_hybrid_tables *aisle_model_hybrid(const aisle_model *m)
{
    return m->hybrid ? &m->hybrid->tables : NULL;
}

int32_t aisle_model_group(const aisle_model *m, int32_t attribute, aisle_str value)
{
    const aisle_hybrid_tables *h = aisle_model_hybrid(m);
    for (int32_t g = 0; h && value.len && g < h->n_groups; g++)
        if (h->attribute[g] == attribute && aisle_str_eq(h->group_name[g], value)) return g;
    return -1;
}

/* ---- groups ---- */

static aisle_status check_groups(struct aisle_model *m, const model_fault *f)
{
    aisle_hybrid_tables *h = &m->hybrid->tables;
    const int64_t n = m->dim[DIM_GROUPS], *ends = model_data(m, MODEL_GROUP_NAME_ENDS);
    const char *bytes = model_data(m, MODEL_GROUP_NAME_BYTES);
    if (m->at[MODEL_GROUP_ATTRIBUTES] < 0) return AISLE_OK;
    if (n >= INT32_MAX || m->dim[DIM_GROUPS_1] != n + 1)
        return model_fail(f, "group-attributes", "%lld groups and ends of %lld", (long long)n,
                          (long long)m->dim[DIM_GROUPS_1] - 1);
    AISLE_TRY(model_check_ends(ends, n, m->dim[DIM_GROUP_BYTES], 1, "group-name-ends", f));
    h->n_groups = (int32_t)n;
    h->attribute = model_data(m, MODEL_GROUP_ATTRIBUTES);
    h->user_groups = model_data(m, MODEL_USER_GROUPS);
    h->group_name = m->hybrid->group_name = aisle_array(n, sizeof *m->hybrid->group_name);
    if (!h->group_name)
        return aisle_fail(f->err, AISLE_ENOMEM, "out of memory for the groups of %s", f->path);
    for (int32_t g = 0; g < n; g++) {
        m->hybrid->group_name[g] = (aisle_str){bytes + ends[g], (size_t)(ends[g + 1] - ends[g])};
        if (h->attribute[g] < 0 || h->attribute[g] >= AISLE_GROUP_ATTRIBUTES)
            return model_fail(f, "group-attributes", "group %d is of attribute %d, wanted 0 to %d", g,
                              h->attribute[g], AISLE_GROUP_ATTRIBUTES - 1);
    }
    for (int64_t e = 0; e < m->dim[DIM_USERS] * AISLE_GROUP_ATTRIBUTES; e++) {
        int32_t g = h->user_groups[e];
        if (g < -1 || g >= n || (g >= 0 && h->attribute[g] != e % AISLE_GROUP_ATTRIBUTES))
            return model_fail(f, "user-groups", "value %lld is %d, wanted -1 or a group of attribute %d",
                              (long long)e, g, (int)(e % AISLE_GROUP_ATTRIBUTES));
    }
    return AISLE_OK;
}

/* ---- parts ---- */

/* Rows, columns and values of a sparse matrix in three sections, the first of which is `rows`. */
static aisle_status sparse(const struct aisle_model *m, model_kind rows, int64_t n_rows, aisle_csr *out,
                           const model_fault *f)
{
    const char *name = model_kinds[rows].name;
    for (int k = 0; k < 3; k++)
        if (m->at[rows + k] < 0)
            return model_fail(f, model_kinds[rows + k].name, "missing, and it is a part of the hybrid");
    *out = (aisle_csr){(int32_t)n_rows, (int32_t)m->dim[DIM_ITEMS], (int64_t *)model_data(m, rows),
                       (int32_t *)model_data(m, rows + 1), (float *)model_data(m, rows + 2)};
    AISLE_TRY(model_check_ends(out->row_ptr, n_rows, m->dim[model_kinds[rows + 1].rows], 0, name, f));
    return model_check_columns(out->row_ptr, n_rows, out->col, m->dim[DIM_ITEMS], model_kinds[rows + 1].name,
                               f);
}

static aisle_status links(const struct aisle_model *m, model_kind rows, aisle_table *t, const model_fault *f)
{
    const float *unit = model_data(m, MODEL_LINK_UNIT);
    if (!unit) return model_fail(f, "link-unit", "missing beside links of items");
    t->kind = AISLE_TABLE_LINKS;
    t->unit = *unit;
    return sparse(m, rows, m->dim[DIM_ITEMS], &t->links, f);
}

static aisle_status same(const struct aisle_model *m, model_kind kind, aisle_table *t, const model_fault *f)
{
    t->kind = AISLE_TABLE_SAME;
    t->scores = model_data(m, kind);
    return m->at[kind] >= 0
               ? AISLE_OK
               : model_fail(f, model_kinds[kind].name, "missing, and it is a part of the hybrid");
}

static aisle_status factors(const struct aisle_model *m, aisle_table *t, const model_fault *f)
{
    if (m->dim[DIM_FACTORS] == 0)
        return model_fail(f, "hybrid-parts", "a part of factors, and there are none");
    t->kind = AISLE_TABLE_FACTORS;
    t->items = aisle_model_items(m);
    return AISLE_OK;
}

static aisle_status text(struct aisle_model *m, aisle_table *t, const model_fault *f)
{
    if (!m->vocabulary) return model_fail(f, "text-df", "missing, and content is a part of the hybrid");
    t->kind = AISLE_TABLE_TEXT;
    t->text = aisle_model_text(m);
    AISLE_TRY(aisle_csr_transpose(&t->text, &m->hybrid->terms, f->err));
    t->terms = m->hybrid->terms;
    return AISLE_OK;
}

static aisle_status groups(const struct aisle_model *m, aisle_table *t, const model_fault *f)
{
    t->kind = AISLE_TABLE_GROUPS;
    t->scores = model_data(m, MODEL_GROUP_BASE);
    if (m->at[MODEL_GROUP_BASE] < 0 || m->hybrid->tables.n_groups == 0)
        return model_fail(f, "group-base", "missing, and demographic is a part of the hybrid");
    return sparse(m, MODEL_GROUP_ROWS, m->hybrid->tables.n_groups, &t->groups, f);
}

static aisle_status make_part(struct aisle_model *m, int32_t p, const model_fault *f)
{
    aisle_hybrid_tables *h = &m->hybrid->tables;
    aisle_table *t = &h->table[p];
    *t = (aisle_table){.n_items = (int32_t)m->dim[DIM_ITEMS], .fresh = h->fresh};
    for (int32_t q = 0; q < p; q++)
        if (h->part[q] == h->part[p])
            return model_fail(f, "hybrid-parts", "part %d is there twice", h->part[p]);
    switch (h->part[p]) {
    case AISLE_PART_ALS: t->ranks = AISLE_RANKS_TAKEN; return factors(m, t, f);
    case AISLE_PART_ALS_CONTENT: return factors(m, t, f);
    case AISLE_PART_ITEM_KNN: t->ranks = AISLE_RANKS_ABOVE; return links(m, MODEL_ITEM_KNN_ROWS, t, f);
    case AISLE_PART_EASE: t->ranks = AISLE_RANKS_TAKEN; return links(m, MODEL_EASE_ROWS, t, f);
    case AISLE_PART_CONTENT: return text(m, t, f);
    case AISLE_PART_POPULAR: return same(m, MODEL_POPULAR_SCORES, t, f);
    case AISLE_PART_TRENDING: return same(m, MODEL_TRENDING, t, f);
    case AISLE_PART_DEMOGRAPHIC: return groups(m, t, f);
    default: break;
    }
    model_fault newer = {f->path, f->status == AISLE_EFORMAT ? AISLE_EUNSUPPORTED : f->status, f->err};
    return model_fail(&newer, "hybrid-parts", "part %d, known are 1 to %d", h->part[p], AISLE_PART_IDS - 1);
}

static aisle_status check_prior(struct aisle_model *m, const model_fault *f)
{
    aisle_hybrid_tables *h = &m->hybrid->tables;
    bool wanted = false;
    for (int32_t p = 0; p < h->n_parts; p++) wanted = wanted || h->part[p] == AISLE_PART_ALS_CONTENT;
    if (!wanted) return AISLE_OK;
    if (m->at[MODEL_GROUP_FACTORS] < 0 || m->dim[DIM_PRIORS] != h->n_groups + 1)
        return model_fail(f, "group-factors", "%lld rows, wanted %d: als-content is a part of the hybrid",
                          (long long)m->dim[DIM_PRIORS], h->n_groups + 1);
    int32_t n_factors = (int32_t)m->dim[DIM_FACTORS];
    h->prior =
        (aisle_mat){h->n_groups + 1, n_factors, n_factors, (float *)model_data(m, MODEL_GROUP_FACTORS)};
    return AISLE_OK;
}

static aisle_status find_fresh(struct aisle_model *m, const model_fault *f)
{
    const float *popularity = model_data(m, MODEL_POPULARITY);
    int64_t n = m->dim[DIM_ITEMS];
    if (m->at[MODEL_POPULARITY] < 0)
        return model_fail(f, "popularity", "missing: a hybrid wants to know what nobody took");
    m->hybrid->fresh = aisle_array(n, 1);
    if (!m->hybrid->fresh)
        return aisle_fail(f->err, AISLE_ENOMEM, "out of memory for the items of %s", f->path);
    for (int64_t i = 0; i < n; i++) m->hybrid->fresh[i] = popularity[i] == 0;
    m->hybrid->tables.fresh = m->hybrid->fresh;
    return AISLE_OK;
}

aisle_status model_check_hybrid(struct aisle_model *m, const model_fault *f)
{
    const int32_t *part = model_data(m, MODEL_HYBRID_PARTS), *rule = model_data(m, MODEL_HYBRID_RULE);
    const float *weight = model_data(m, MODEL_HYBRID_WEIGHTS);
    for (int k = MODEL_HYBRID_PARTS; m->at[MODEL_HYBRID_PARTS] < 0 && k <= MODEL_GROUP_FACTORS; k++)
        if (m->at[k] >= 0) return model_fail(f, "hybrid-parts", "missing beside %s", model_kinds[k].name);
    if (m->at[MODEL_HYBRID_PARTS] < 0) return AISLE_OK;
    if (m->dim[DIM_PARTS] > AISLE_HYBRID_MAX_PARTS)
        return model_fail(f, "hybrid-parts", "%lld parts, wanted at most %d", (long long)m->dim[DIM_PARTS],
                          AISLE_HYBRID_MAX_PARTS);
    const model_fault newer = {f->path, f->status == AISLE_EFORMAT ? AISLE_EUNSUPPORTED : f->status, f->err};
    if (rule[0] != MODEL_RULE_DEVIATION)
        return model_fail(&newer, "hybrid-rule", "rule %d, known is %d", rule[0], MODEL_RULE_DEVIATION);
    if (rule[1] < 0) return model_fail(f, "hybrid-rule", "few is %d, wanted 0 or more", rule[1]);
    m->hybrid = aisle_calloc(1, sizeof *m->hybrid);
    if (!m->hybrid) return aisle_fail(f->err, AISLE_ENOMEM, "out of memory to open %s", f->path);
    aisle_hybrid_tables *h = &m->hybrid->tables;
    h->n_parts = (int32_t)m->dim[DIM_PARTS];
    h->few = rule[1];
    AISLE_TRY(find_fresh(m, f));
    AISLE_TRY(check_groups(m, f));
    for (int32_t p = 0; p < h->n_parts; p++) {
        h->part[p] = (aisle_part_id)part[p];
        for (int g = 0; g < AISLE_HYBRID_SEGMENTS; g++) h->weight[g][p] = weight[g * h->n_parts + p];
        AISLE_TRY(make_part(m, p, f));
    }
    return check_prior(m, f);
}
