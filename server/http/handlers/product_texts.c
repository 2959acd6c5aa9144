/* It is known up to which version of the catalogue the texts are right: the changes since are read once, by whoever comes first,
 * and what they name is dropped. A text that was read while changes went in is used but not kept, since the drop that was
 * meant for it may have gone before. */
#include "server/http/handlers/product_texts.h"

#include <pthread.h>
#include <string.h>

#include "server/http/handlers/handlers.h"
#include "server/json/json_text.h"
#include "server/store/kept.h"

enum { BYTES_MAX = 32 << 20, CHANGES_MAX = 4096 };

struct aisle_product_texts {
    aisle_store *store;
    pthread_mutex_t lock; /* guards what follows, for a copy or the changes of a moment */
    int64_t version;      /* of the catalogue; read without the lock, too */
    aisle_kept *texts;    /* by id, tag: fields, mark: fate */
};

aisle_product_texts *aisle_product_texts_new(aisle_store *store)
{
    aisle_product_texts *t = aisle_calloc(1, sizeof *t);
    if (!t) return NULL;
    *t = (aisle_product_texts){.store = store, .texts = aisle_kept_new(BYTES_MAX)};
    pthread_mutex_init(&t->lock, NULL);
    if (t->texts) return t;
    aisle_product_texts_free(t);
    return NULL;
}

void aisle_product_texts_free(aisle_product_texts *t)
{
    if (!t) return;
    aisle_kept_free(t->texts);
    pthread_mutex_destroy(&t->lock);
    aisle_free(t);
}

/* ---- changes ---- */

typedef struct drops {
    aisle_product_texts *t;
    int32_t n;
} drops;

static aisle_status drop(void *ctx, const aisle_product_facts *p, aisle_error *err)
{
    drops *d = ctx;
    (void)err;
    d->n++;
    aisle_kept_drop(d->t->texts, p->product.id);
    return AISLE_OK;
}

/* The version is read first: a change in between is read again by the next. */
static aisle_status take_changes(aisle_product_texts *t, aisle_view *v, aisle_error *err)
{
    drops d = {t, 0};
    int64_t version = aisle_view_catalogue_version(v);
    if (version < 0) return aisle_fail(err, AISLE_EIO, "the version of the catalogue cannot be read");
    if (version == t->version) return AISLE_OK;
    const aisle_changes_from from = {t->version, INT64_MAX};
    AISLE_TRY(aisle_view_changes(v, from, CHANGES_MAX, drop, &d, err));
    if (d.n == CHANGES_MAX) aisle_kept_clear(t->texts);
    __atomic_store_n(&t->version, version, __ATOMIC_RELEASE);
    return AISLE_OK;
}

/* The store tells of a version before it is committed: until then, nothing is found here, and answers are of before. */
aisle_status aisle_product_texts_sync(aisle_product_texts *t, aisle_view *v, aisle_error *err)
{
    if (aisle_store_catalogue_version(t->store) <= __atomic_load_n(&t->version, __ATOMIC_ACQUIRE))
        return AISLE_OK;
    pthread_mutex_lock(&t->lock);
    aisle_status st = take_changes(t, v, err);
    pthread_mutex_unlock(&t->lock);
    return st;
}

/* ---- texts ---- */

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for products' texts");
}

/* Copies what is known into the arena; where[i] NULL: not known. One lock for all: with one a product
 * loops wait for each other. */
static bool copy_known(aisle_product_texts *t, const aisle_product_texts_ask *ask, aisle_arena *a,
                       const aisle_kept_entry **where, aisle_product_text *out)
{
    size_t bytes = 0;
    pthread_mutex_lock(&t->lock);
    aisle_kept_find_all(t->texts, ask->ids, ask->n, ask->fields, where);
    for (int32_t i = 0; i < ask->n; i++) bytes += where[i] ? where[i]->len : 0;
    char *copy = aisle_arena_alloc(a, bytes);
    for (int32_t i = 0; i < ask->n && copy; i++) {
        const aisle_kept_entry *e = where[i];
        if (!e) continue;
        memcpy(copy, aisle_kept_value(e), e->len);
        out[i] = (aisle_product_text){{copy, e->len}, (aisle_product_fate)e->mark};
        copy += e->len;
    }
    pthread_mutex_unlock(&t->lock);
    return copy != NULL;
}

/* version: of the table when the text was not made yet. */
static void keep(aisle_product_texts *t, const aisle_product_texts_ask *ask, int32_t i, int64_t version,
                 const aisle_product_text *made)
{
    if (made->fate == AISLE_PRODUCT_ABSENT && !ask->keep_absent) return;
    pthread_mutex_lock(&t->lock);
    if (t->version == version) aisle_kept_put(t->texts, ask->ids[i], ask->fields, made->fate, made->text);
    pthread_mutex_unlock(&t->lock);
}

static aisle_status write_text(const aisle_product *p, unsigned fields, aisle_arena *a, aisle_str *out,
                               aisle_error *err)
{
    aisle_buf text = {0};
    bool ok = aisle_text_tree(&text, aisle_answer_product(p, fields));
    if (ok) *out = (aisle_str){aisle_arena_strndup(a, text.data, (size_t)text.len), (size_t)text.len - 1};
    aisle_buf_deinit(&text);
    return ok && out->ptr ? AISLE_OK : no_memory(err);
}

static aisle_status make(aisle_view *v, aisle_str id, unsigned fields, aisle_arena *a,
                         aisle_product_text *out, aisle_error *err)
{
    aisle_product product;
    aisle_status st = aisle_view_product(v, id, a, &product, NULL, err);
    *out = (aisle_product_text){{"", 0}, AISLE_PRODUCT_SHOWN};
    if (st == AISLE_ENOTFOUND) {
        product = (aisle_product){.id = id, .price_minor = -1, .stock = -1};
        out->fate = AISLE_PRODUCT_ABSENT;
        st = AISLE_OK;
    }
    AISLE_TRY(st);
    if (product.stock == 0 || product.visibility == AISLE_HIDDEN) {
        out->fate = AISLE_PRODUCT_NOT_SHOWN;
        return AISLE_OK;
    }
    return write_text(&product, fields, a, &out->text, err);
}

aisle_status aisle_product_texts_get(aisle_product_texts *t, aisle_view *v,
                                     const aisle_product_texts_ask *ask, aisle_arena *a,
                                     aisle_product_text *out, aisle_error *err)
{
    const aisle_kept_entry *known[AISLE_PRODUCT_TEXTS_AT_ONCE]; /* only which: they may be gone */
    const int64_t version = __atomic_load_n(&t->version, __ATOMIC_ACQUIRE);
    if (!copy_known(t, ask, a, known, out)) return no_memory(err);
    for (int32_t i = 0; i < ask->n; i++) {
        if (known[i]) continue;
        AISLE_TRY(make(v, ask->ids[i], ask->fields, a, &out[i], err));
        keep(t, ask, i, version, &out[i]);
    }
    return AISLE_OK;
}
