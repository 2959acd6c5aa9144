/* Writing a model file: the parts become sections, are checked by the reader's own rules, and go out in one
 * pass. The same parts give the same bytes. */
#include <string.h>
#include <zlib.h>

#include "aisle/memory.h"
#include "cpu/model/half.h"
#include "cpu/model/model_file.h"
#include "cpu/text/vocabulary.h"

/* External ids as the file holds them; the slots' seed is shared by users and items. */
typedef struct packed_ids {
    int64_t *ends;
    aisle_buf bytes;
    int32_t *slots;
} packed_ids;

static void packed_deinit(packed_ids *p)
{
    aisle_free(p->ends);
    aisle_free(p->slots);
    aisle_buf_deinit(&p->bytes);
}

typedef struct id_source {
    aisle_str (*get)(const void *ctx, int32_t i);
    const void *ctx;
    int32_t n;
    const char *name; /* "user", "item" */
} id_source;

static aisle_status pack_ids(const id_source *source, packed_ids *p, const model_fault *f)
{
    p->ends = aisle_array((int64_t)source->n + 1, sizeof *p->ends);
    if (!p->ends) return aisle_fail(f->err, AISLE_ENOMEM, "out of memory for the ids of %s", f->path);
    p->ends[0] = 0;
    for (int32_t i = 0; i < source->n; i++) {
        aisle_str id = source->get(source->ctx, i);
        if (!id.len) return model_fail(f, source->name, "id %d is empty", i);
        if (!aisle_buf_append(&p->bytes, id.ptr, id.len))
            return aisle_fail(f->err, AISLE_ENOMEM, "out of memory for the ids of %s", f->path);
        p->ends[i + 1] = p->bytes.len;
    }
    return AISLE_OK;
}

/* The first seed with which every probe is short. A second try needs about 2^8 ids chosen to collide. */
static aisle_status index_ids(const id_source sources[2], packed_ids packed[2], uint32_t *seed,
                              const model_fault *f)
{
    enum { MAX_SEEDS = 64 };
    for (int s = 0; s < 2; s++) {
        packed[s].slots = aisle_array(model_index_slots(sources[s].n), sizeof *packed[s].slots);
        if (!packed[s].slots)
            return aisle_fail(f->err, AISLE_ENOMEM, "out of memory for the ids of %s", f->path);
    }
    for (*seed = 0; *seed < MAX_SEEDS; ++*seed) {
        bool ok = true;
        for (int s = 0; s < 2 && ok; s++) {
            packed_ids *p = &packed[s];
            model_ids ids = {sources[s].n, p->ends, p->bytes.data, model_index_slots(sources[s].n),
                             NULL,         *seed};
            int64_t twice;
            ok = model_index_build(&ids, p->slots, &twice);
            if (twice >= 0) {
                aisle_str id = model_id(&ids, twice);
                return model_fail(f, sources[s].name, "id \"%.*s\" is there twice, the second time as %lld",
                                  id.len > 80 ? 80 : (int)id.len, id.ptr, (long long)twice);
            }
        }
        if (ok) return AISLE_OK;
    }
    return model_fail(f, "ids", "%d hash seeds all gave runs of %d ids", MAX_SEEDS, MODEL_MAX_PROBES);
}

/* ---- parts -> sections ---- */

static aisle_status check_parts(const aisle_model_parts *p, const model_fault *f)
{
    const int32_t factors = p->items.n_cols;
    if (p->n_users < 0 || p->n_items < 0 || p->n_users == INT32_MAX || p->n_items == INT32_MAX)
        return model_fail(f, "parts", "%d users, %d items: out of range", p->n_users, p->n_items);
    if (factors < 0 || p->users.n_cols != factors ||
        (factors && (p->users.n_rows != p->n_users || p->items.n_rows != p->n_items)))
        return model_fail(f, "parts", "factors of %d x %d and %d x %d for %d users and %d items",
                          p->users.n_rows, p->users.n_cols, p->items.n_rows, factors, p->n_users, p->n_items);
    if (p->users.ld < factors || p->items.ld < factors)
        return model_fail(f, "parts", "a leading dimension is below %d columns", factors);
    if (p->seen.n_rows != p->n_users || p->seen.n_cols != p->n_items || !p->seen.row_ptr)
        return model_fail(f, "parts", "seen matrix of %d x %d, wanted %d x %d", p->seen.n_rows,
                          p->seen.n_cols, p->n_users, p->n_items);
    if (p->k_similar < 0 || p->k_content < 0 || (factors && !p->item_gram) ||
        (p->k_similar && (!p->similar_ids || !p->similar_scores)) ||
        (p->k_content && (!p->content_ids || !p->content_scores)) || !p->meta)
        return model_fail(f, "parts", "meta, the Gramian or neighbours are missing");
    if (p->compact && p->compact->n_tiles &&
        (p->compact->n_rows != p->n_items || p->compact->n_factors != factors))
        return model_fail(f, "parts", "a compact table of %d x %d, wanted %d x %d", p->compact->n_rows,
                          p->compact->n_factors, p->n_items, factors);
    if (p->complements.row_ptr &&
        (p->complements.n_rows != p->n_items || p->complements.n_cols != p->n_items || !p->complements.col ||
         !p->complements.val))
        return model_fail(f, "parts", "complements of %d x %d, wanted %d x %d with scores",
                          p->complements.n_rows, p->complements.n_cols, p->n_items, p->n_items);
    if (p->complement_both && !p->complement_baskets)
        return model_fail(f, "parts", "baskets with two items each, but not with each item");
    int64_t nnz = p->seen.row_ptr[p->n_users];
    if (nnz < 0 || (nnz > 0 && !p->seen.col))
        return model_fail(f, "parts", "seen matrix of %lld entries", (long long)nnz);
    return AISLE_OK;
}

void model_add(struct aisle_model *m, model_kind kind, const void *data, int64_t ld)
{
    const model_kind_info *k = &model_kinds[kind];
    int64_t size = (int64_t)model_type_bytes(k->type), rows = m->dim[k->rows], cols = m->dim[k->cols];
    if (m->dim[k->when] <= 0 || (k->optional && !data)) return;
    m->at[kind] = (int8_t)m->n_sections;
    m->section[m->n_sections++] = (model_section){.kind = kind,
                                                  .type = k->type,
                                                  .flags = k->flags,
                                                  .rows = rows,
                                                  .cols = cols,
                                                  .bytes = rows * cols * size,
                                                  .data = data,
                                                  .row_stride = (ld ? ld : cols) * size};
}

static void add_ids(struct aisle_model *m, model_kind ends, const packed_ids *p)
{
    model_add(m, ends, p->ends, 0);
    model_add(m, ends + 1, p->bytes.data, 0);
    model_add(m, ends + 2, p->slots, 0);
}

/* What text needs beside the parts. */
typedef struct packed_text {
    aisle_flat_vocabulary flat;
    aisle_buf settings;
    packed_ids stems;
} packed_text;

static void packed_text_deinit(packed_text *t)
{
    aisle_buf_deinit(&t->settings);
    packed_deinit(&t->stems);
}

static aisle_status pack_text(const aisle_model_parts *p, packed_text *t, const model_fault *f)
{
    if (!p->vocabulary || aisle_vocabulary_count(p->vocabulary) == 0) return AISLE_OK;
    if (p->text.n_rows != p->n_items || p->text.n_cols != aisle_vocabulary_count(p->vocabulary) ||
        !p->text.row_ptr || (aisle_csr_nnz(&p->text) > 0 && (!p->text.col || !p->text.val)))
        return model_fail(f, "parts", "texts of %d x %d, wanted %d x %d", p->text.n_rows, p->text.n_cols,
                          p->n_items, aisle_vocabulary_count(p->vocabulary));
    if (p->text_map.scale != 0 &&
        (p->text_map.n_terms != p->text.n_cols || p->text_map.n_factors != p->items.n_cols ||
         !p->text_map.w || !p->text_map.mean))
        return model_fail(f, "parts", "a map from %d terms to %d factors, wanted %d to %d",
                          p->text_map.n_terms, p->text_map.n_factors, p->text.n_cols, p->items.n_cols);
    AISLE_TRY(aisle_vocabulary_flatten(p->vocabulary, &t->settings, &t->flat, f->err));
    const id_source stems = {t->flat.stem, t->flat.ctx, t->flat.n_stems, "text stem"};
    return pack_ids(&stems, &t->stems, f);
}

static void add_text(struct aisle_model *m, const aisle_model_parts *p, const packed_text *t)
{
    m->dim[DIM_TERMS] = t->flat.n_terms;
    if (t->flat.n_terms == 0) return;
    m->dim[DIM_TEXT_SETTINGS] = t->settings.len + 1; /* with its NUL */
    m->dim[DIM_TEXT_NODES] = t->flat.n_nodes;
    m->dim[DIM_TEXT_STEMS_1] = (int64_t)t->flat.n_stems + 1;
    m->dim[DIM_TEXT_STEM_BYTES] = t->stems.bytes.len;
    m->dim[DIM_TEXT_NNZ] = aisle_csr_nnz(&p->text);
    model_add(m, MODEL_TEXT_DF, t->flat.df, 0);
    model_add(m, MODEL_TEXT_SETTINGS, t->settings.data, 0);
    model_add(m, MODEL_TEXT_NODES, t->flat.node, 0);
    model_add(m, MODEL_TEXT_STEM_ENDS, t->stems.ends, 0);
    model_add(m, MODEL_TEXT_STEM_BYTES, t->stems.bytes.data, 0);
    model_add(m, MODEL_TEXT_ROWS, p->text.row_ptr, 0);
    model_add(m, MODEL_TEXT_TERMS, p->text.col, 0);
    model_add(m, MODEL_TEXT_WEIGHTS, p->text.val, 0);
    if (p->text_map.scale == 0) return;
    model_add(m, MODEL_TEXT_MAP, p->text_map.w, 0);
    model_add(m, MODEL_TEXT_MAP_MEAN, p->text_map.mean, 0);
    model_add(m, MODEL_TEXT_MAP_SCALE, &p->text_map.scale, 0);
}

/* The users' factors in 16 bits; NULL when they stay in 32. */
static aisle_status pack_users(const aisle_model_parts *p, uint16_t **out, const model_fault *f)
{
    const int32_t n_f = p->users.n_cols;
    *out = NULL;
    if (!p->half_users || !n_f) return AISLE_OK;
    uint16_t *half = aisle_array((int64_t)p->n_users * n_f, sizeof *half);
    if (!half) return aisle_fail(f->err, AISLE_ENOMEM, "out of memory for the factors of %s", f->path);
    *out = half;
    for (int32_t u = 0; u < p->n_users; u++)
        for (int32_t k = 0; k < n_f; k++)
            if (!half_narrow(aisle_mat_row(&p->users, u)[k], &half[(int64_t)u * n_f + k]))
                return model_fail(f, "user-factors", "%g of user %d does not fit f16 (65504)",
                                  (double)aisle_mat_row(&p->users, u)[k], u);
    return AISLE_OK;
}

static void add_half(struct aisle_model *m, const uint16_t *users)
{
    model_add(m, MODEL_USER_FACTORS, users, 0);
    model_section *s = &m->section[m->n_sections - 1];
    s->type = MODEL_F16;
    s->row_stride = s->cols * (int64_t)sizeof *users;
    s->bytes = s->rows * s->row_stride;
}

static void add_sections(struct aisle_model *m, const aisle_model_parts *p, const packed_ids packed[2],
                         const uint16_t *half)
{
    m->dim[DIM_META] = (int64_t)strlen(p->meta) + 1;
    m->dim[DIM_USER_BYTES] = packed[0].bytes.len;
    m->dim[DIM_ITEM_BYTES] = packed[1].bytes.len;
    m->dim[DIM_USER_SLOTS] = model_index_slots(p->n_users);
    m->dim[DIM_ITEM_SLOTS] = model_index_slots(p->n_items);
    m->dim[DIM_NNZ] = p->seen.row_ptr[p->n_users];
    model_add(m, MODEL_META, p->meta, 0);
    if (half)
        add_half(m, half);
    else
        model_add(m, MODEL_USER_FACTORS, p->users.data, p->users.ld);
    model_add(m, MODEL_ITEM_FACTORS, p->items.data, p->items.ld);
    model_add(m, MODEL_ITEM_GRAM, p->item_gram, 0);
    add_ids(m, MODEL_USER_ID_ENDS, &packed[0]);
    add_ids(m, MODEL_ITEM_ID_ENDS, &packed[1]);
    model_add(m, MODEL_SEEN_ROWS, p->seen.row_ptr, 0);
    model_add(m, MODEL_SEEN_ITEMS, p->seen.col, 0);
    model_add(m, MODEL_SEEN_WEIGHTS, p->seen.val, 0);
    model_add(m, MODEL_SIMILAR_ITEMS, p->similar_ids, 0);
    model_add(m, MODEL_SIMILAR_SCORES, p->similar_scores, 0);
    model_add(m, MODEL_CONTENT_ITEMS, p->content_ids, 0);
    model_add(m, MODEL_CONTENT_SCORES, p->content_scores, 0);
    model_add(m, MODEL_POPULARITY, p->popularity, 0);
    model_add(m, MODEL_TRENDING, p->trending, 0);
    model_add(m, MODEL_ITEM_CONFIDENCE, p->item_confidence, 0);
}

/* A row that holds nothing is not kept at all: the section's own size says that there are some. */
static void add_complements(struct aisle_model *m, const aisle_model_parts *p)
{
    const aisle_csr *c = &p->complements;
    m->dim[DIM_COMPLEMENTS] = aisle_csr_nnz(c);
    if (m->dim[DIM_COMPLEMENTS]) {
        model_add(m, MODEL_COMPLEMENT_ROWS, c->row_ptr, 0);
        model_add(m, MODEL_COMPLEMENT_ITEMS, c->col, 0);
        model_add(m, MODEL_COMPLEMENT_SCORES, c->val, 0);
        model_add(m, MODEL_COMPLEMENT_BOTH, p->complement_both, 0);
    }
    model_add(m, MODEL_COMPLEMENT_BASKETS, p->complement_baskets, 0);
}

/* How many stretches of memory a section is, and the bytes of each: one when its rows are packed. */
static int64_t runs_of(const model_section *s, size_t *run)
{
    bool packed = s->rows == 0 || s->row_stride == s->bytes / s->rows;
    *run = (size_t)(packed ? s->bytes : s->bytes / s->rows);
    return s->bytes == 0 ? 0 : packed ? 1 : s->rows;
}

/* Offsets, and the checksum of each section; returns the file's size. */
static int64_t lay_out(struct aisle_model *m)
{
    int64_t end = MODEL_HEADER_BYTES + (int64_t)m->n_sections * MODEL_ENTRY_BYTES;
    for (int32_t i = 0; i < m->n_sections; i++) {
        model_section *s = &m->section[i];
        s->offset = (end + MODEL_ALIGN - 1) / MODEL_ALIGN * MODEL_ALIGN;
        end = s->offset + s->bytes;
        uLong crc = crc32_z(0, NULL, 0);
        size_t run;
        int64_t n = runs_of(s, &run);
        for (int64_t r = 0; r < n; r++) crc = crc32_z(crc, s->data + r * s->row_stride, run);
        s->crc = (uint32_t)crc;
    }
    return end;
}

/* ---- bytes ---- */

static void put(unsigned char *p, const void *v, size_t n)
{
    memcpy(p, v, n);
}

static void encode_entry(unsigned char *p, const model_section *s)
{
    put(p, &s->kind, 4);
    put(p + 4, &s->type, 4);
    put(p + 8, &s->flags, 4);
    put(p + 12, &s->crc, 4);
    put(p + 16, &s->rows, 8);
    put(p + 24, &s->cols, 8);
    put(p + 32, &s->offset, 8);
    put(p + 40, &s->bytes, 8);
}

static size_t encode_head(const struct aisle_model *m, int64_t file_bytes, unsigned char *p)
{
    const uint32_t version = MODEL_VERSION, header = MODEL_HEADER_BYTES, entry = MODEL_ENTRY_BYTES;
    size_t table = (size_t)m->n_sections * MODEL_ENTRY_BYTES;
    memset(p, 0, MODEL_HEADER_BYTES + table);
    for (int32_t i = 0; i < m->n_sections; i++)
        encode_entry(p + MODEL_HEADER_BYTES + (size_t)i * MODEL_ENTRY_BYTES, &m->section[i]);
    put(p, MODEL_MAGIC, 8);
    put(p + 8, &version, 4);
    put(p + 12, &header, 4);
    put(p + 16, &file_bytes, 8);
    put(p + 24, &m->n_sections, 4);
    put(p + 28, &entry, 4);
    put(p + 32, &m->dim[DIM_USERS], 8);
    put(p + 40, &m->dim[DIM_ITEMS], 8);
    for (int i = 0; i < 3; i++) put(p + 48 + 4 * i, &(uint32_t){(uint32_t)m->dim[DIM_FACTORS + i]}, 4);
    put(p + 60, &m->hash_seed, 4);
    put(p + 64, &m->a0, 4);
    put(p + 68, &m->reg, 4);
    put(p + 72, &m->nu, 4);
    put(p + 120, &(uint32_t){(uint32_t)crc32_z(0, p + MODEL_HEADER_BYTES, table)}, 4);
    put(p + 124, &(uint32_t){(uint32_t)crc32_z(0, p, 124)}, 4);
    return MODEL_HEADER_BYTES + table;
}

static bool write_section(FILE *to, const model_section *s, int64_t *at)
{
    static const unsigned char zero[MODEL_ALIGN];
    size_t gap = (size_t)(s->offset - *at), run;
    int64_t n = runs_of(s, &run);
    if (fwrite(zero, 1, gap, to) != gap) return false;
    for (int64_t r = 0; r < n; r++)
        if (fwrite(s->data + r * s->row_stride, 1, run, to) != run) return false;
    *at = s->offset + s->bytes;
    return true;
}

aisle_status model_write_file(const char *path, struct aisle_model *m, aisle_error *err)
{
    unsigned char head[MODEL_HEADER_BYTES + MODEL_N_KINDS * MODEL_ENTRY_BYTES];
    aisle_replace file;
    int64_t bytes = lay_out(m);
    int64_t at = (int64_t)encode_head(m, bytes, head);
    AISLE_TRY(aisle_replace_open(path, &file, err));
    bool ok = fwrite(head, 1, (size_t)at, file.stream) == (size_t)at;
    for (int32_t i = 0; ok && i < m->n_sections; i++) ok = write_section(file.stream, &m->section[i], &at);
    if (ok) return aisle_replace_commit(&file, err);
    aisle_status st = aisle_fail_errno(err, "write", path);
    aisle_replace_abort(&file);
    return st;
}

aisle_status aisle_model_write(const char *path, const aisle_model_parts *p, aisle_error *err)
{
    const model_fault f = {path, AISLE_EINVAL, err};
    packed_ids packed[2] = {0};
    packed_text text = {0};
    packed_hybrid hybrid = {.name_ends = NULL};
    uint16_t *half = NULL;
    struct aisle_model m = {.a0 = p->a0, .reg = p->reg, .nu = p->nu};
    AISLE_TRY(check_parts(p, &f));
    const id_source sources[2] = {{p->user_id, p->user_ctx, p->n_users, "user"},
                                  {p->item_id, p->item_ctx, p->n_items, "item"}};
    aisle_status st = pack_ids(&sources[0], &packed[0], &f);
    if (st == AISLE_OK) st = pack_ids(&sources[1], &packed[1], &f);
    if (st == AISLE_OK) st = pack_users(p, &half, &f);
    if (st == AISLE_OK) st = pack_text(p, &text, &f);
    if (st == AISLE_OK) st = model_pack_hybrid(p->hybrid, &hybrid, &f);
    if (st == AISLE_OK) st = index_ids(sources, packed, &m.hash_seed, &f);
    if (st == AISLE_OK) {
        model_set_dims(
            &m, (const int64_t[5]){p->n_users, p->n_items, p->items.n_cols, p->k_similar, p->k_content});
        add_sections(&m, p, packed, half);
        add_text(&m, p, &text);
        model_add_hybrid(&m, p->hybrid, &hybrid);
        model_add_compact(&m, p->compact);
        add_complements(&m, p);
        st = model_check_content(&m, &f);
    }
    if (st == AISLE_OK) st = model_write_file(path, &m, err);
    packed_deinit(&packed[0]);
    packed_deinit(&packed[1]);
    aisle_free(half);
    packed_text_deinit(&text);
    model_packed_hybrid_deinit(&hybrid);
    aisle_vocabulary_free(m.vocabulary);
    model_hybrid_free(m.hybrid);
    return st;
}
