/* A table of chains by the hash of the id. It knows up to which version of the catalogue it is right: the changes since are read
 * once, by whoever comes first, and what they name is dropped. A text that was read while changes went in is used but not
 * kept, since the drop that was meant for it may have gone before. */
#include "server/http/handlers/product_texts.h"

#include <pthread.h>
#include <string.h>

#include "aisle/rng.h"
#include "server/http/handlers/handlers.h"
#include "server/json/json_text.h"

enum { CHAINS = 1 << 16, BYTES_MAX = 32 << 20, TEXT_MAX = 1 << 16, CHANGES_MAX = 4096 };

typedef struct entry {
    struct entry *next;
    uint64_t hash;
    size_t id_len, text_len;
    unsigned fields;
    aisle_product_fate fate;
    char bytes[]; /* id, text */
} entry;

struct aisle_product_texts {
    aisle_store *store;
    pthread_mutex_t lock; /* guards what follows, for a copy or the changes of a moment */
    int64_t version;      /* of the catalogue; read without the lock, too */
    size_t bytes;
    uint32_t hand; /* the chain that makes room next */
    entry *chains[CHAINS];
};

aisle_product_texts *aisle_product_texts_new(aisle_store *store)
{
    aisle_product_texts *t = aisle_calloc(1, sizeof *t);
    if (!t) return NULL;
    t->store = store;
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

static size_t size_of(const entry *e)
{
    return sizeof *e + e->id_len + e->text_len;
}

static void drop_chain(aisle_product_texts *t, uint32_t chain)
{
    entry *next;
    for (entry *e = t->chains[chain]; e; e = next) {
        next = e->next;
        t->bytes -= size_of(e);
        aisle_free(e);
    }
    t->chains[chain] = NULL;
}

void aisle_product_texts_free(aisle_product_texts *t)
{
    if (!t) return;
    for (uint32_t c = 0; c < CHAINS; c++) drop_chain(t, c);
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
    aisle_str id = p->product.id;
    uint64_t hash = aisle_hash64(id.ptr, id.len, 0);
    (void)err;
    d->n++;
    for (entry **at = &d->t->chains[hash % CHAINS]; *at;) {
        entry *e = *at;
        if (e->hash != hash || !aisle_str_eq((aisle_str){e->bytes, e->id_len}, id)) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        d->t->bytes -= size_of(e);
        aisle_free(e);
    }
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
    for (uint32_t c = 0; d.n == CHANGES_MAX && c < CHAINS; c++) drop_chain(t, c);
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
static bool append_known(aisle_product_texts *t, const aisle_product_text *p, uint64_t hash, aisle_buf *out,
                         aisle_product_fate *fate, bool *ok)
{
    bool found = false;
    pthread_mutex_lock(&t->lock);
    for (const entry *e = t->chains[hash % CHAINS]; e && !found; e = e->next) {
        found = e->hash == hash && e->fields == p->fields &&
                aisle_str_eq((aisle_str){e->bytes, e->id_len}, p->id);
        if (!found) continue;
        *fate = e->fate;
        *ok = aisle_buf_append(out, e->bytes + e->id_len, e->text_len);
    }
    pthread_mutex_unlock(&t->lock);
    return found;
}

/* version: of the table when the text was not made yet. Without memory nothing is kept. */
static void keep(aisle_product_texts *t, const aisle_product_text *p, uint64_t hash, int64_t version,
                 aisle_str text, aisle_product_fate fate)
{
    if (text.len > TEXT_MAX || (fate == AISLE_PRODUCT_ABSENT && !p->keep_absent)) return;
    entry *e = aisle_alloc(sizeof *e + p->id.len + text.len);
    if (!e) return;
    *e = (entry){NULL, hash, p->id.len, text.len, p->fields, fate};
    memcpy(e->bytes, p->id.ptr, p->id.len);
    if (text.len) memcpy(e->bytes + p->id.len, text.ptr, text.len);
    pthread_mutex_lock(&t->lock);
    if (t->version == version) {
        for (; t->bytes + size_of(e) > BYTES_MAX; t->hand = (t->hand + 1) % CHAINS) drop_chain(t, t->hand);
        e->next = t->chains[hash % CHAINS];
        t->chains[hash % CHAINS] = e;
        t->bytes += size_of(e);
        e = NULL;
    }
    pthread_mutex_unlock(&t->lock);
    aisle_free(e);
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
    uint64_t hash = aisle_hash64(p->id.ptr, p->id.len, 0);
    int64_t version = __atomic_load_n(&t->version, __ATOMIC_ACQUIRE), begin = out->len;
    if (append_known(t, p, hash, out, fate, &ok)) return ok ? AISLE_OK : no_memory(err);
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
    if (st == AISLE_OK) keep(t, p, hash, version, text, *fate);
    return st;
}
