/* Newcomers: rows of text by the model's vocabulary, factors by its map. Making them again after a change costs the changed
 * products' texts and copies of the others' rows. */
#include "aisle/newcomers.h"

#include <stdatomic.h>
#include <string.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/kernels/kernels.h"

/* The model's texts by term; made once a model. */
typedef struct text_index {
    atomic_int refs;
    aisle_csr terms;
} text_index;

struct aisle_newcomers {
    atomic_int refs;
    aisle_model *model;
    text_index *index; /* NULL: the model has no texts */
    aisle_idmap *ids;
    uint64_t *print; /* of what makes each one's text */
    aisle_csr text, by_term;
    aisle_mat factors;
};

struct aisle_newcomers_maker {
    aisle_newcomers *before, *made;
    aisle_text_rows *rows; /* NULL: the model has no texts */
    aisle_text_map map;
    int64_t print_cap, factor_cap;
};

static void index_unref(text_index *x)
{
    if (!x || atomic_fetch_sub_explicit(&x->refs, 1, memory_order_acq_rel) != 1) return;
    aisle_csr_deinit(&x->terms);
    aisle_free(x);
}

aisle_newcomers *aisle_newcomers_ref(aisle_newcomers *n)
{
    if (n) atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    return n;
}

void aisle_newcomers_unref(aisle_newcomers *n)
{
    if (!n || atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) != 1) return;
    aisle_model_unref(n->model);
    index_unref(n->index);
    aisle_idmap_free(n->ids);
    aisle_free(n->print);
    aisle_csr_deinit(&n->text);
    aisle_csr_deinit(&n->by_term);
    aisle_mat_deinit(&n->factors);
    aisle_free(n);
}

/* ---- what they answer ---- */

const aisle_model *aisle_newcomers_model(const aisle_newcomers *n)
{
    return n->model;
}

int32_t aisle_newcomers_count(const aisle_newcomers *n)
{
    return n ? aisle_idmap_count(n->ids) : 0;
}

int32_t aisle_newcomers_find(const aisle_newcomers *n, aisle_str id)
{
    int32_t j = n ? aisle_idmap_find(n->ids, id) : -1;
    return j < 0 ? -1 : aisle_model_n_items(n->model) + j;
}

aisle_str aisle_newcomers_id(const aisle_newcomers *n, int32_t item)
{
    return aisle_idmap_get(n->ids, item - aisle_model_n_items(n->model));
}

aisle_mat aisle_newcomers_factors(const aisle_newcomers *n)
{
    return n->factors;
}

aisle_csr aisle_newcomers_text(const aisle_newcomers *n)
{
    return n->text;
}

aisle_csr aisle_newcomers_by_term(const aisle_newcomers *n)
{
    return n->by_term;
}

aisle_csr aisle_newcomers_items_by_term(const aisle_newcomers *n)
{
    return n->index ? n->index->terms : (aisle_csr){0};
}

/* ---- making ---- */

static aisle_status short_of_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for products newer than the model");
}

static aisle_status make_index(const aisle_model *m, text_index **out, aisle_error *err)
{
    const aisle_csr text = aisle_model_text(m);
    text_index *x = aisle_calloc(1, sizeof *x);
    if (!x) return short_of_memory(err);
    atomic_init(&x->refs, 1);
    aisle_status st = aisle_csr_transpose(&text, &x->terms, err);
    if (st == AISLE_OK)
        *out = x;
    else
        aisle_free(x);
    return st;
}

static aisle_status start(aisle_newcomers_maker *k, aisle_model *m, aisle_newcomers *before, aisle_error *err)
{
    const aisle_vocabulary *v = aisle_model_vocabulary(m);
    if (!(k->made = aisle_calloc(1, sizeof *k->made))) return short_of_memory(err);
    atomic_init(&k->made->refs, 1);
    k->made->model = aisle_model_ref(m);
    k->before = aisle_newcomers_ref(before);
    if (!(k->made->ids = aisle_idmap_new())) return short_of_memory(err);
    if (!v) return AISLE_OK;
    k->map = aisle_model_text_map(m);
    AISLE_TRY(aisle_text_rows_new(v, &k->rows, err));
    if (!before) return make_index(m, &k->made->index, err);
    k->made->index = before->index;
    atomic_fetch_add_explicit(&before->index->refs, 1, memory_order_relaxed);
    return AISLE_OK;
}

aisle_status aisle_newcomers_begin(aisle_model *m, aisle_newcomers *before, aisle_newcomers_maker **out,
                                   aisle_error *err)
{
    *out = NULL;
    if (before && before->model != m)
        return aisle_fail(err, AISLE_EINVAL, "newcomers of another model were given to go on from");
    aisle_newcomers_maker *k = aisle_calloc(1, sizeof *k);
    if (!k) return short_of_memory(err);
    aisle_status st = start(k, m, before, err);
    if (st == AISLE_OK)
        *out = k;
    else
        aisle_newcomers_maker_free(k);
    return st;
}

void aisle_newcomers_maker_free(aisle_newcomers_maker *k)
{
    if (!k) return;
    aisle_newcomers_unref(k->before);
    aisle_newcomers_unref(k->made);
    aisle_text_rows_free(k->rows);
    aisle_free(k);
}

/* Of all that a row is made of; lengths too, so that nothing moves from one field to the next unseen. */
static uint64_t print_of(const aisle_product *p)
{
    const aisle_str field[] = {p->title, p->description, p->category, p->brand, p->attributes, p->currency};
    uint64_t h = (uint64_t)p->price_minor;
    for (size_t i = 0; i < sizeof field / sizeof *field; i++) {
        h = aisle_hash64(&field[i].len, sizeof field[i].len, h);
        if (field[i].len) h = aisle_hash64(field[i].ptr, field[i].len, h);
    }
    return h;
}

static aisle_status copy_row(aisle_newcomers_maker *k, int32_t was, aisle_error *err)
{
    const aisle_csr *t = &k->before->text;
    int64_t at = t->row_ptr[was];
    return aisle_text_rows_copy(k->rows, t->col + at, t->val + at, t->row_ptr[was + 1] - at, err);
}

/* Room for newcomer j; the kernels may read past a row of factors. */
static bool make_room(aisle_newcomers_maker *k, int32_t j)
{
    aisle_newcomers *n = k->made;
    int64_t f = k->map.n_factors, need = ((int64_t)j + 1) * f + AISLE_KERNEL_SLACK;
    return j < INT32_MAX - aisle_model_n_items(n->model) - 1 &&
           aisle_grow((void **)&n->print, &k->print_cap, (int64_t)j + 1, sizeof *n->print) &&
           (f == 0 || aisle_grow((void **)&n->factors.data, &k->factor_cap, need, sizeof *n->factors.data));
}

/* Factors and id of the last row, which is newcomer j's. */
static aisle_status take_row(aisle_newcomers_maker *k, int32_t j, aisle_str id, uint64_t print, int32_t *item,
                             aisle_error *err)
{
    aisle_newcomers *n = k->made;
    const aisle_csr *t = aisle_text_rows_get(k->rows);
    int64_t at = t->row_ptr[j], entries = t->row_ptr[j + 1] - at;
    if (entries == 0 || aisle_idmap_add(n->ids, id) != j) {
        aisle_text_rows_drop(k->rows);
        return entries == 0 ? AISLE_OK : short_of_memory(err);
    }
    n->print[j] = print;
    if (k->map.n_factors)
        aisle_text_map_apply(&k->map, t->col + at, t->val + at, entries,
                             n->factors.data + (int64_t)j * k->map.n_factors);
    *item = aisle_model_n_items(n->model) + j;
    return AISLE_OK;
}

static aisle_status check_new(const aisle_newcomers_maker *k, aisle_str id, aisle_error *err)
{
    if (aisle_idmap_find(k->made->ids, id) < 0) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL, "product \"%.*s\" was added before",
                      id.len > 100 ? 100 : (int)id.len, id.ptr);
}

aisle_status aisle_newcomers_add(aisle_newcomers_maker *k, const aisle_product *p, int32_t *item,
                                 aisle_error *err)
{
    aisle_newcomers *n = k->made;
    *item = -1;
    if (!k->rows || aisle_model_find_item(n->model, p->id) >= 0) return AISLE_OK;
    AISLE_TRY(check_new(k, p->id, err));
    int32_t j = aisle_idmap_count(n->ids), was = k->before ? aisle_idmap_find(k->before->ids, p->id) : -1;
    uint64_t print = print_of(p);
    bool same = was >= 0 && k->before->print[was] == print;
    if (!make_room(k, j)) return short_of_memory(err);
    AISLE_TRY(same ? copy_row(k, was, err) : aisle_text_rows_add(k->rows, p, err));
    return take_row(k, j, p->id, print, item, err);
}

aisle_status aisle_newcomers_keep(aisle_newcomers_maker *k, int32_t was, int32_t *item, aisle_error *err)
{
    int32_t n_items = aisle_model_n_items(k->made->model), j = aisle_idmap_count(k->made->ids);
    *item = -1;
    was -= n_items;
    if (was < 0 || was >= aisle_newcomers_count(k->before))
        return aisle_fail(err, AISLE_EINVAL, "there was no newcomer %d", was + n_items);
    aisle_str id = aisle_idmap_get(k->before->ids, was);
    AISLE_TRY(check_new(k, id, err));
    if (!make_room(k, j)) return short_of_memory(err);
    AISLE_TRY(copy_row(k, was, err));
    return take_row(k, j, id, k->before->print[was], item, err);
}

aisle_status aisle_newcomers_end(aisle_newcomers_maker *k, aisle_newcomers **out, aisle_error *err)
{
    aisle_newcomers *n = k->made;
    const int32_t f = k->map.n_factors;
    if (k->rows) n->text = aisle_text_rows_take(k->rows);
    if (k->rows) AISLE_TRY(aisle_csr_transpose(&n->text, &n->by_term, err));
    if (n->factors.data) {
        n->factors = (aisle_mat){aisle_idmap_count(n->ids), f, f, n->factors.data};
        memset(n->factors.data + (int64_t)n->factors.n_rows * f, 0, AISLE_KERNEL_SLACK * sizeof(float));
    }
    *out = n;
    k->made = NULL;
    return AISLE_OK;
}
