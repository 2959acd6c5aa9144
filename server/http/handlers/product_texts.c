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

/* True when it is known and appended; *ok false: out of memory. */
static bool append_known(aisle_product_texts *t, const aisle_product_text *p, aisle_buf *out,
                         aisle_product_fate *fate, bool *ok)
{
    pthread_mutex_lock(&t->lock);
    const aisle_kept_entry *e = aisle_kept_find(t->texts, p->id, p->fields);
    if (e) {
        *fate = (aisle_product_fate)e->mark;
        *ok = aisle_buf_append(out, aisle_kept_value(e), e->len);
    }
    pthread_mutex_unlock(&t->lock);
    return e != NULL;
}

/* version: of the table when the text was not made yet. */
static void keep(aisle_product_texts *t, const aisle_product_text *p, int64_t version, aisle_str text,
                 aisle_product_fate fate)
{
    if (fate == AISLE_PRODUCT_ABSENT && !p->keep_absent) return;
    pthread_mutex_lock(&t->lock);
    if (t->version == version) aisle_kept_put(t->texts, p->id, p->fields, fate, text);
    pthread_mutex_unlock(&t->lock);
}

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for a product's text");
}

aisle_status aisle_product_texts_append(aisle_product_texts *t, aisle_view *v, const aisle_product_text *p,
                                        aisle_buf *out, aisle_product_fate *fate, aisle_error *err)
{
    aisle_product product;
    aisle_arena arena;
    bool ok = true;
    int64_t version = __atomic_load_n(&t->version, __ATOMIC_ACQUIRE), begin = out->len;
    if (append_known(t, p, out, fate, &ok)) return ok ? AISLE_OK : no_memory(err);
    aisle_arena_init(&arena);
    aisle_status st = aisle_view_product(v, p->id, &arena, &product, NULL, err);
    *fate = AISLE_PRODUCT_SHOWN;
    if (st == AISLE_ENOTFOUND) {
        product = (aisle_product){.id = p->id, .price_minor = -1, .stock = -1};
        *fate = AISLE_PRODUCT_ABSENT;
        st = AISLE_OK;
    }
    if (st == AISLE_OK && (product.stock == 0 || product.visibility == AISLE_HIDDEN))
        *fate = AISLE_PRODUCT_NOT_SHOWN;
    aisle_str text = {0};
    if (st == AISLE_OK && *fate != AISLE_PRODUCT_NOT_SHOWN) {
        st = aisle_text_tree(out, aisle_answer_product(&product, p->fields)) ? AISLE_OK : no_memory(err);
        out->len -= st == AISLE_OK; /* the brace */
        text = (aisle_str){out->data + begin, (size_t)(out->len - begin)};
    }
    aisle_arena_deinit(&arena);
    if (st == AISLE_OK) keep(t, p, version, text, *fate);
    return st;
}
