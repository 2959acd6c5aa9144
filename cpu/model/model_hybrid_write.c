/* The sections of a hybrid, from its tables. What they say is checked with all others, by the reader's rules. */
#include "aisle/memory.h"
#include "cpu/model/model_file.h"

void model_packed_hybrid_deinit(packed_hybrid *p)
{
    aisle_free(p->name_ends);
    aisle_buf_deinit(&p->names);
}

static aisle_status pack_names(const aisle_hybrid_tables *h, packed_hybrid *out, const model_fault *f)
{
    out->name_ends = aisle_array((int64_t)h->n_groups + 1, sizeof *out->name_ends);
    bool ok = out->name_ends != NULL;
    if (ok) out->name_ends[0] = 0;
    for (int32_t g = 0; ok && g < h->n_groups; g++) {
        ok = aisle_buf_append(&out->names, h->group_name[g].ptr, h->group_name[g].len);
        out->name_ends[g + 1] = out->names.len;
    }
    return ok ? AISLE_OK : aisle_fail(f->err, AISLE_ENOMEM, "out of memory for the groups of %s", f->path);
}

/* What the reader takes from the sizes of other sections. */
static bool is_whole(const aisle_hybrid_tables *h, int32_t p)
{
    const aisle_table *t = &h->table[p];
    switch (t->kind) {
    case AISLE_TABLE_LINKS: return t->links.row_ptr && t->links.col && t->links.val && t->unit > 0;
    case AISLE_TABLE_GROUPS:
        return t->scores && t->groups.row_ptr && t->groups.col && t->groups.val &&
               t->groups.n_rows == h->n_groups;
    case AISLE_TABLE_SAME: return t->scores != NULL;
    default: return true;
    }
}

aisle_status model_pack_hybrid(const aisle_hybrid_tables *h, packed_hybrid *out, const model_fault *f)
{
    if (!h) return AISLE_OK;
    if (h->n_parts < 1 || h->n_parts > AISLE_HYBRID_MAX_PARTS || h->n_groups < 0 ||
        (h->n_groups > 0 && (!h->attribute || !h->group_name || !h->user_groups)))
        return model_fail(f, "parts", "a hybrid of %d parts and %d groups", h->n_parts, h->n_groups);
    out->rule[0] = MODEL_RULE_DEVIATION;
    out->rule[1] = h->few;
    for (int32_t p = 0; p < h->n_parts; p++) {
        if (!is_whole(h, p))
            return model_fail(f, "parts", "part %d of the hybrid has no table that can be written",
                              h->part[p]);
        out->part[p] = (int32_t)h->part[p];
        for (int g = 0; g < AISLE_HYBRID_SEGMENTS; g++) out->weight[g * h->n_parts + p] = h->weight[g][p];
        if (h->table[p].kind == AISLE_TABLE_LINKS) out->unit = h->table[p].unit; /* all have the same */
    }
    return h->n_groups > 0 ? pack_names(h, out, f) : AISLE_OK;
}

static void add_sparse(struct aisle_model *m, model_kind rows, const aisle_csr *a)
{
    m->dim[model_kinds[rows + 1].rows] = aisle_csr_nnz(a);
    model_add(m, rows, a->row_ptr, 0);
    model_add(m, rows + 1, a->col, 0);
    model_add(m, rows + 2, a->val, 0);
}

static const aisle_table *table_of(const aisle_hybrid_tables *h, aisle_part_id id)
{
    for (int32_t p = 0; p < h->n_parts; p++)
        if (h->part[p] == id) return &h->table[p];
    return NULL;
}

static void add_groups(struct aisle_model *m, const aisle_hybrid_tables *h, const packed_hybrid *packed)
{
    const aisle_table *t = table_of(h, AISLE_PART_DEMOGRAPHIC);
    if (h->n_groups == 0) return;
    m->dim[DIM_GROUPS] = h->n_groups;
    m->dim[DIM_GROUPS_1] = (int64_t)h->n_groups + 1;
    m->dim[DIM_GROUP_BYTES] = packed->names.len;
    model_add(m, MODEL_GROUP_ATTRIBUTES, h->attribute, 0);
    model_add(m, MODEL_GROUP_NAME_ENDS, packed->name_ends, 0);
    model_add(m, MODEL_GROUP_NAME_BYTES, packed->names.data, 0);
    model_add(m, MODEL_USER_GROUPS, h->user_groups, 0);
    if (!t) return;
    model_add(m, MODEL_GROUP_BASE, t->scores, 0);
    add_sparse(m, MODEL_GROUP_ROWS, &t->groups);
}

void model_add_hybrid(struct aisle_model *m, const aisle_hybrid_tables *h, const packed_hybrid *packed)
{
    if (!h) return;
    const aisle_table *knn = table_of(h, AISLE_PART_ITEM_KNN), *ease = table_of(h, AISLE_PART_EASE),
                      *popular = table_of(h, AISLE_PART_POPULAR);
    m->dim[DIM_PARTS] = h->n_parts;
    model_add(m, MODEL_HYBRID_PARTS, packed->part, 0);
    model_add(m, MODEL_HYBRID_WEIGHTS, packed->weight, 0);
    model_add(m, MODEL_HYBRID_RULE, packed->rule, 0);
    if (knn || ease) model_add(m, MODEL_LINK_UNIT, &packed->unit, 0);
    if (knn) add_sparse(m, MODEL_ITEM_KNN_ROWS, &knn->links);
    if (ease) add_sparse(m, MODEL_EASE_ROWS, &ease->links);
    if (popular) model_add(m, MODEL_POPULAR_SCORES, popular->scores, 0);
    add_groups(m, h, packed);
    m->dim[DIM_PRIORS] = h->prior.n_rows;
    if (h->prior.n_rows > 0) model_add(m, MODEL_GROUP_FACTORS, h->prior.data, h->prior.ld);
}
