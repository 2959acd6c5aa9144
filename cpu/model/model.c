/* What an open model answers. Everything was checked at open, so nothing is checked here. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/model/half.h"
#include "cpu/model/model_file.h"

aisle_model *aisle_model_ref(aisle_model *m)
{
    if (m) atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void aisle_model_unref(aisle_model *m)
{
    /* acq_rel: whoever unmaps has seen every other thread's last use */
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1) return;
    aisle_compact_deinit(&m->compact);
    aisle_vocabulary_free(m->vocabulary);
    model_hybrid_free(m->hybrid);
    model_pages_deinit(m);
    aisle_file_unmap(&m->map);
    aisle_free(m);
}

int32_t aisle_model_n_users(const aisle_model *m)
{
    return (int32_t)m->dim[DIM_USERS];
}

int32_t aisle_model_n_items(const aisle_model *m)
{
    return (int32_t)m->dim[DIM_ITEMS];
}

int32_t aisle_model_n_factors(const aisle_model *m)
{
    return (int32_t)m->dim[DIM_FACTORS];
}

int32_t aisle_model_find_user(const aisle_model *m, aisle_str id)
{
    model_ids ids = model_ids_of(m, true);
    return model_index_find(&ids, id);
}

int32_t aisle_model_find_item(const aisle_model *m, aisle_str id)
{
    model_ids ids = model_ids_of(m, false);
    return model_index_find(&ids, id);
}

void aisle_model_find_items(const aisle_model *m, const aisle_str *id, int64_t n, int32_t *out)
{
    model_ids ids = model_ids_of(m, false);
    model_index_find_all(&ids, id, n, out);
}

aisle_str aisle_model_user_id(const aisle_model *m, int32_t u)
{
    model_ids ids = model_ids_of(m, true);
    return model_id(&ids, u);
}

aisle_str aisle_model_item_id(const aisle_model *m, int32_t i)
{
    model_ids ids = model_ids_of(m, false);
    return model_id(&ids, i);
}

/* Views are of a read-only mapping: the types lack const only because the structs are shared with writers. */
static aisle_mat factors(const aisle_model *m, model_kind kind, model_dim rows)
{
    return (aisle_mat){(int32_t)m->dim[rows], (int32_t)m->dim[DIM_FACTORS], m->dim[DIM_FACTORS],
                       (float *)model_data(m, kind)};
}

static bool users_are_half(const aisle_model *m)
{
    return m->at[MODEL_USER_FACTORS] >= 0 && m->section[m->at[MODEL_USER_FACTORS]].type == MODEL_F16;
}

aisle_mat aisle_model_users(const aisle_model *m)
{
    aisle_mat users = factors(m, MODEL_USER_FACTORS, DIM_USERS);
    if (users_are_half(m)) users.data = NULL;
    return users;
}

void aisle_model_user_factors(const aisle_model *m, int32_t u, float *out)
{
    const int64_t f = m->dim[DIM_FACTORS];
    if (f == 0) return;
    const void *row = model_read_row(m, MODEL_USER_FACTORS, u, out);
    if (!users_are_half(m)) {
        if (row != out) memcpy(out, row, (size_t)f * sizeof *out);
        return;
    }
    /* backwards: the narrow row may lie at the start of the wide one */
    for (int64_t k = f - 1; k >= 0; k--) {
        uint16_t half;
        memcpy(&half, (const unsigned char *)row + k * (int64_t)sizeof half, sizeof half);
        out[k] = half_widen(half);
    }
}

aisle_status aisle_model_users_dup(const aisle_model *m, aisle_mat *out, aisle_error *err)
{
    const int32_t n = aisle_model_n_users(m);
    AISLE_TRY(aisle_mat_init(out, n, aisle_model_n_factors(m), err));
    for (int32_t u = 0; u < n; u++) aisle_model_user_factors(m, u, aisle_mat_row(out, u));
    return AISLE_OK;
}

aisle_mat aisle_model_items(const aisle_model *m)
{
    return factors(m, MODEL_ITEM_FACTORS, DIM_ITEMS);
}

const float *aisle_model_item_gram(const aisle_model *m)
{
    return model_data(m, MODEL_ITEM_GRAM);
}

aisle_csr aisle_model_seen(const aisle_model *m)
{
    return (aisle_csr){(int32_t)m->dim[DIM_USERS], (int32_t)m->dim[DIM_ITEMS],
                       (int64_t *)model_data(m, MODEL_SEEN_ROWS), (int32_t *)model_data(m, MODEL_SEEN_ITEMS),
                       (float *)model_data(m, MODEL_SEEN_WEIGHTS)};
}

static const int32_t *neighbours(const aisle_model *m, model_kind kind, int32_t i, int32_t *k,
                                 const float **scores)
{
    const int32_t *ids = model_data(m, kind);
    *k = ids ? (int32_t)m->dim[model_kinds[kind].cols] : 0;
    *scores = ids ? (const float *)model_data(m, kind + 1) + (int64_t)i * *k : NULL;
    return ids ? ids + (int64_t)i * *k : NULL;
}

const int32_t *aisle_model_similar(const aisle_model *m, int32_t i, int32_t *k, const float **scores)
{
    return neighbours(m, MODEL_SIMILAR_ITEMS, i, k, scores);
}

const int32_t *aisle_model_content(const aisle_model *m, int32_t i, int32_t *k, const float **scores)
{
    return neighbours(m, MODEL_CONTENT_ITEMS, i, k, scores);
}

aisle_csr aisle_model_complements(const aisle_model *m)
{
    return (aisle_csr){(int32_t)m->dim[DIM_ITEMS], (int32_t)m->dim[DIM_ITEMS],
                       (int64_t *)model_data(m, MODEL_COMPLEMENT_ROWS),
                       (int32_t *)model_data(m, MODEL_COMPLEMENT_ITEMS),
                       (float *)model_data(m, MODEL_COMPLEMENT_SCORES)};
}

const int32_t *aisle_model_complement_both(const aisle_model *m)
{
    return model_data(m, MODEL_COMPLEMENT_BOTH);
}

const int32_t *aisle_model_baskets(const aisle_model *m)
{
    return model_data(m, MODEL_COMPLEMENT_BASKETS);
}

const float *aisle_model_popularity(const aisle_model *m)
{
    return model_data(m, MODEL_POPULARITY);
}

const float *aisle_model_trending(const aisle_model *m)
{
    return model_data(m, MODEL_TRENDING);
}

const float *aisle_model_item_confidence(const aisle_model *m)
{
    return model_data(m, MODEL_ITEM_CONFIDENCE);
}

const aisle_vocabulary *aisle_model_vocabulary(const aisle_model *m)
{
    return m->vocabulary;
}

aisle_csr aisle_model_text(const aisle_model *m)
{
    if (!m->vocabulary) return (aisle_csr){.n_rows = (int32_t)m->dim[DIM_ITEMS]};
    return (aisle_csr){(int32_t)m->dim[DIM_ITEMS], (int32_t)m->dim[DIM_TERMS],
                       (int64_t *)model_data(m, MODEL_TEXT_ROWS), (int32_t *)model_data(m, MODEL_TEXT_TERMS),
                       (float *)model_data(m, MODEL_TEXT_WEIGHTS)};
}

aisle_text_map aisle_model_text_map(const aisle_model *m)
{
    const float *scale = model_data(m, MODEL_TEXT_MAP_SCALE);
    if (!scale) return (aisle_text_map){0};
    return (aisle_text_map){(int32_t)m->dim[DIM_TERMS], (int32_t)m->dim[DIM_FACTORS],
                            (float *)model_data(m, MODEL_TEXT_MAP),
                            (float *)model_data(m, MODEL_TEXT_MAP_MEAN), *scale};
}

static aisle_str user_id_of(const void *m, int32_t u)
{
    return aisle_model_user_id(m, u);
}

static aisle_str item_id_of(const void *m, int32_t i)
{
    return aisle_model_item_id(m, i);
}

aisle_model_parts aisle_model_parts_of(const aisle_model *m)
{
    aisle_model_parts p = {.users = aisle_model_users(m),
                           .items = aisle_model_items(m),
                           .item_gram = aisle_model_item_gram(m),
                           .n_users = aisle_model_n_users(m),
                           .n_items = aisle_model_n_items(m),
                           .user_id = user_id_of,
                           .item_id = item_id_of,
                           .user_ctx = m,
                           .item_ctx = m,
                           .seen = aisle_model_seen(m),
                           .complements = aisle_model_complements(m),
                           .complement_both = aisle_model_complement_both(m),
                           .complement_baskets = aisle_model_baskets(m),
                           .popularity = aisle_model_popularity(m),
                           .trending = aisle_model_trending(m),
                           .item_confidence = aisle_model_item_confidence(m),
                           .vocabulary = aisle_model_vocabulary(m),
                           .text = aisle_model_text(m),
                           .text_map = aisle_model_text_map(m),
                           .hybrid = aisle_model_hybrid(m),
                           .compact = aisle_model_compact(m),
                           .half_users = users_are_half(m),
                           .meta = aisle_model_meta(m)};
    p.similar_ids = aisle_model_similar(m, 0, &p.k_similar, &p.similar_scores);
    p.content_ids = aisle_model_content(m, 0, &p.k_content, &p.content_scores);
    aisle_model_objective(m, &p.a0, &p.reg, &p.nu);
    return p;
}

const char *aisle_model_meta(const aisle_model *m)
{
    return model_data(m, MODEL_META);
}

void aisle_model_objective(const aisle_model *m, float *a0, float *reg, float *nu)
{
    *a0 = m->a0;
    *reg = m->reg;
    *nu = m->nu;
}

int64_t aisle_model_bytes(const aisle_model *m)
{
    return m->map.size;
}

int aisle_model_section(const aisle_model *m, int32_t i, aisle_section_info *out)
{
    if (i < 0 || i >= m->n_sections) return 0;
    const model_section *s = &m->section[i];
    *out = (aisle_section_info){
        model_section_name(s->kind), model_type_name(s->type), s->rows, s->cols, s->offset, s->bytes, s->crc};
    return 1;
}
