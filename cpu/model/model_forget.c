/* Takes people out of a model file: the file is written anew without their ids, factors and histories, and replaces the
 * old one by rename. Nobody else's numbers change, so no training is needed; what the people have added to factors and
 * neighbours of items is spread over all and names nobody. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/model/model_file.h"

/* Owned copies of what changes; the rest stays in the mapping of the old file. */
typedef struct patch {
    struct aisle_model *m; /* without a mapping; releases what the check makes */
    const struct aisle_model *old;
    bool *gone; /* [users] */
    aisle_rng rng;
    int64_t *ends, *rows;
    aisle_buf bytes;
    int32_t *slots, *items;
    float *weights;
    unsigned char *matrix[MODEL_MAX_SECTIONS];
} patch;

static void patch_deinit(patch *p)
{
    aisle_free(p->gone);
    aisle_free(p->ends);
    aisle_free(p->rows);
    aisle_free(p->slots);
    aisle_free(p->items);
    aisle_free(p->weights);
    aisle_buf_deinit(&p->bytes);
    for (int32_t i = 0; i < MODEL_MAX_SECTIONS; i++) aisle_free(p->matrix[i]);
    aisle_model_unref(p->m);
}

static void set(patch *p, model_kind kind, const void *data, int64_t rows)
{
    model_section *s = &p->m->section[p->m->at[kind]];
    s->data = data;
    s->bytes = s->rows ? s->bytes / s->rows * rows : 0;
    if (!s->rows) s->bytes = rows * s->cols * (int64_t)model_type_bytes(s->type);
    s->rows = rows;
}

/* An id nobody has: a row must have one. */
static bool new_name(patch *p, const model_ids *ids, char out[32])
{
    do snprintf(out, 32, "erased:%016llx", (unsigned long long)aisle_rng_u64(&p->rng));
    while (model_index_find(ids, aisle_str_from(out)) >= 0);
    return aisle_buf_append(&p->bytes, out, strlen(out));
}

static bool rename_users(patch *p)
{
    const model_ids ids = model_ids_of(p->old, true);
    char name[32];
    int64_t twice;
    p->ends = aisle_array(ids.n + 1, sizeof *p->ends);
    p->slots = aisle_array(ids.n_slots, sizeof *p->slots);
    if (!p->ends || !p->slots) return false;
    p->ends[0] = 0;
    for (int64_t i = 0; i < ids.n; i++) {
        aisle_str id = model_id(&ids, i);
        if (!(p->gone[i] ? new_name(p, &ids, name) : aisle_buf_append(&p->bytes, id.ptr, id.len)))
            return false;
        p->ends[i + 1] = p->bytes.len;
    }
    const model_ids now = {ids.n, p->ends, p->bytes.data, ids.n_slots, NULL, ids.seed};
    if (!model_index_build(&now, p->slots, &twice)) return false;
    set(p, MODEL_USER_ID_ENDS, p->ends, ids.n + 1);
    set(p, MODEL_USER_ID_BYTES, p->bytes.data, p->bytes.len);
    set(p, MODEL_USER_ID_INDEX, p->slots, ids.n_slots);
    p->m->dim[DIM_USER_BYTES] = p->bytes.len;
    return true;
}

static bool drop_histories(patch *p)
{
    const int64_t *rows = model_data(p->old, MODEL_SEEN_ROWS), n = p->old->dim[DIM_USERS], nnz = rows[n];
    const int32_t *items = model_data(p->old, MODEL_SEEN_ITEMS);
    const float *weights = model_data(p->old, MODEL_SEEN_WEIGHTS);
    p->rows = aisle_array(n + 1, sizeof *p->rows);
    p->items = aisle_array(nnz, sizeof *p->items);
    p->weights = weights ? aisle_array(nnz, sizeof *p->weights) : NULL;
    if (!p->rows || !p->items || (weights && !p->weights)) return false;
    int64_t at = p->rows[0] = 0;
    for (int64_t u = 0; u < n; u++) {
        for (int64_t k = rows[u]; k < rows[u + 1] && !p->gone[u]; k++, at++) {
            p->items[at] = items[k];
            if (weights) p->weights[at] = weights[k];
        }
        p->rows[u + 1] = at;
    }
    set(p, MODEL_SEEN_ROWS, p->rows, n + 1);
    set(p, MODEL_SEEN_ITEMS, p->items, at);
    if (p->m->at[MODEL_SEEN_WEIGHTS] >= 0) set(p, MODEL_SEEN_WEIGHTS, p->weights, at);
    p->m->dim[DIM_NNZ] = at;
    return true;
}

/* Every section that has a row a user, whatever it is. */
static bool clear_rows(patch *p)
{
    const int64_t n = p->old->dim[DIM_USERS];
    for (int32_t i = 0; i < p->m->n_sections; i++) {
        model_section *s = &p->m->section[i];
        bool known = s->kind < MODEL_N_KINDS;
        if (!s->bytes || (known ? model_kinds[s->kind].rows != DIM_USERS : s->rows != n)) continue;
        unsigned char *copy = aisle_array(s->bytes, 1);
        if (!copy) return false;
        p->matrix[i] = copy;
        memcpy(copy, s->data, (size_t)s->bytes);
        size_t row = (size_t)(s->bytes / n);
        int nothing = s->kind == MODEL_USER_GROUPS ? 0xFF : 0; /* -1: of no known group */
        for (int64_t u = 0; u < n; u++)
            if (p->gone[u]) memset(copy + (size_t)u * row, nothing, row);
        s->data = copy;
    }
    return true;
}

/* What the file says, and nothing of what was made of it at open. */
static void take_over(struct aisle_model *m, const struct aisle_model *old)
{
    atomic_init(&m->refs, 1);
    memcpy(m->dim, old->dim, sizeof m->dim);
    memcpy(m->section, old->section, sizeof m->section);
    memcpy(m->at, old->at, sizeof m->at);
    m->a0 = old->a0;
    m->reg = old->reg;
    m->nu = old->nu;
    m->hash_seed = old->hash_seed;
    m->n_sections = old->n_sections;
}

aisle_status aisle_model_forget(const char *path, const int32_t *users, int32_t n, aisle_error *err)
{
    struct aisle_model *old = NULL;
    const model_fault f = {path, AISLE_EINTERNAL, err};
    uint64_t seed;
    AISLE_TRY(aisle_model_open(path, &old, err));
    patch p = {.m = aisle_calloc(1, sizeof *p.m), .old = old};
    p.gone = aisle_calloc((size_t)old->dim[DIM_USERS] + 1, sizeof *p.gone);
    bool ok = p.m && p.gone && getrandom(&seed, sizeof seed, 0) == sizeof seed;
    aisle_status st = AISLE_OK;
    if (ok) {
        aisle_rng_init(&p.rng, seed, 1);
        take_over(p.m, old);
    }
    for (int32_t i = 0; i < n && ok; i++)
        if (users[i] >= 0 && users[i] < old->dim[DIM_USERS]) p.gone[users[i]] = true;
    if (ok) ok = rename_users(&p) && drop_histories(&p) && clear_rows(&p);
    if (!ok) st = aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for writing it anew", path);
    if (st == AISLE_OK) st = model_check_content(p.m, &f);
    if (st == AISLE_OK) st = model_write_file(path, p.m, err);
    patch_deinit(&p);
    aisle_model_unref(old);
    return st;
}
