/* The dataset builder: a sink that numbers ids, keeps events as parallel arrays, product records by item and user
 * records by user.
 * Not thread-safe while it is filled. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"

struct aisle_dataset {
    aisle_idmap *users, *items;
    int64_t n, cap;
    int32_t *user, *item;
    uint8_t *type;
    float *value;
    int64_t *at_ms;
    uint32_t *order;
    aisle_arena text;        /* strings of the product records */
    aisle_product *products; /* by dense item id, up to products_n; id.ptr NULL = no record came */
    int64_t products_n, products_cap;
    aisle_idmap *people; /* ids of user records: those without an event are no users of the dataset */
    aisle_user *records; /* by number in people */
    int64_t records_cap;
    aisle_buf guest; /* scratch for "session:..." */
};

aisle_dataset *aisle_dataset_new(void)
{
    aisle_dataset *d = aisle_calloc(1, sizeof *d);
    if (!d) return NULL;
    aisle_arena_init(&d->text);
    d->users = aisle_idmap_new();
    d->items = aisle_idmap_new();
    d->people = aisle_idmap_new();
    if (d->users && d->items && d->people) return d;
    aisle_dataset_free(d);
    return NULL;
}

void aisle_dataset_free(aisle_dataset *d)
{
    if (!d) return;
    aisle_idmap_free(d->users);
    aisle_idmap_free(d->items);
    aisle_idmap_free(d->people);
    aisle_free(d->user);
    aisle_free(d->item);
    aisle_free(d->type);
    aisle_free(d->value);
    aisle_free(d->at_ms);
    aisle_free(d->order);
    aisle_arena_deinit(&d->text);
    aisle_free(d->products);
    aisle_free(d->records);
    aisle_buf_deinit(&d->guest);
    aisle_free(d);
}

static bool copy_text(aisle_dataset *d, aisle_str *s)
{
    if (!s->ptr) return true;
    s->ptr = aisle_arena_strndup(&d->text, s->ptr, s->len);
    return s->ptr != NULL;
}

static aisle_status take_product(void *ctx, const aisle_product *p, aisle_error *err)
{
    aisle_dataset *d = ctx;
    if (!p->id.len) return aisle_fail(err, AISLE_EINVAL, "product without id; give every product one");
    int32_t i = aisle_idmap_add(d->items, p->id);
    if (i < 0 || !aisle_grow((void **)&d->products, &d->products_cap, (int64_t)i + 1, sizeof *d->products))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory after %d products", (int)d->products_n);
    for (; d->products_n <= i; d->products_n++) d->products[d->products_n] = (aisle_product){0};
    aisle_product copy = *p;
    copy.id = aisle_idmap_get(d->items, i);
    if (!copy_text(d, &copy.title) || !copy_text(d, &copy.description) || !copy_text(d, &copy.brand) ||
        !copy_text(d, &copy.category) || !copy_text(d, &copy.currency) || !copy_text(d, &copy.attributes))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory after %d products", (int)d->products_n);
    d->products[i] = copy;
    return AISLE_OK;
}

static aisle_status take_user(void *ctx, const aisle_user *u, aisle_error *err)
{
    aisle_dataset *d = ctx;
    if (!u->id.len) return aisle_fail(err, AISLE_EINVAL, "user record without id; give every user one");
    aisle_user copy = *u;
    int32_t i = aisle_idmap_add(d->people, u->id);
    if (i < 0 || !aisle_grow((void **)&d->records, &d->records_cap, (int64_t)i + 1, sizeof *d->records) ||
        !copy_text(d, &copy.age_band) || !copy_text(d, &copy.gender) || !copy_text(d, &copy.country))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory after %d user records",
                          aisle_idmap_count(d->people));
    copy.id = aisle_idmap_get(d->people, i);
    d->records[i] = copy;
    return AISLE_OK;
}

/* The six arrays grow together; a failure half-way leaves each at least as large as before. */
static bool reserve(aisle_dataset *d)
{
    if (d->n < d->cap) return true;
    int64_t want = d->cap ? d->cap * 2 : 1024, c[6];
    for (int i = 0; i < 6; i++) c[i] = d->cap;
    if (!aisle_grow((void **)&d->user, &c[0], want, sizeof *d->user) ||
        !aisle_grow((void **)&d->item, &c[1], want, sizeof *d->item) ||
        !aisle_grow((void **)&d->type, &c[2], want, sizeof *d->type) ||
        !aisle_grow((void **)&d->value, &c[3], want, sizeof *d->value) ||
        !aisle_grow((void **)&d->at_ms, &c[4], want, sizeof *d->at_ms) ||
        !aisle_grow((void **)&d->order, &c[5], want, sizeof *d->order))
        return false;
    d->cap = want;
    return true;
}

/* The event's user id, or "session:ID" for a guest; {NULL, 0} when memory is short. */
static aisle_str user_of(aisle_dataset *d, const aisle_event *e)
{
    if (e->user.len) return e->user;
    d->guest.len = 0;
    if (!aisle_buf_append(&d->guest, "session:", 8) ||
        !aisle_buf_append(&d->guest, e->session.ptr, e->session.len))
        return (aisle_str){NULL, 0};
    return (aisle_str){d->guest.data, (size_t)d->guest.len};
}

/* FNV-1a (Fowler, Noll, Vo). Two orders of one user are taken for one by chance once in 2^32 pairs of them: 4 bytes an event
 * instead of a map of all orders. */
static uint32_t order_number(aisle_str id)
{
    uint32_t h = 2166136261u;
    if (!id.len) return 0;
    for (size_t i = 0; i < id.len; i++) h = (h ^ (unsigned char)id.ptr[i]) * 16777619u;
    return h ? h : 1;
}

static aisle_status take_event(void *ctx, const aisle_event *e, aisle_error *err)
{
    aisle_dataset *d = ctx;
    if (!e->item.len || (!e->user.len && !e->session.len))
        return aisle_fail(err, AISLE_EINVAL, "event %lld has no %s", (long long)d->n,
                          e->item.len ? "user and no session" : "item");
    if ((unsigned)e->type >= AISLE_EVENT_TYPES || !(fabs(e->value) <= (double)FLT_MAX))
        return aisle_fail(err, AISLE_EINVAL, "event %lld: type %d or value %g is out of range",
                          (long long)d->n, (int)e->type, e->value);
    aisle_str id = user_of(d, e);
    int32_t user = id.ptr ? aisle_idmap_add(d->users, id) : -1;
    int32_t item = user < 0 ? -1 : aisle_idmap_add(d->items, e->item);
    if (item < 0 || !reserve(d))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory after %lld events", (long long)d->n);
    d->user[d->n] = user;
    d->item[d->n] = item;
    d->type[d->n] = (uint8_t)e->type;
    d->value[d->n] = (float)e->value;
    d->at_ms[d->n] = e->at_ms;
    d->order[d->n] = order_number(e->order);
    d->n++;
    return AISLE_OK;
}

aisle_sink aisle_dataset_sink(aisle_dataset *d)
{
    return (aisle_sink){.ctx = d, .product = take_product, .user = take_user, .event = take_event};
}

const aisle_idmap *aisle_dataset_users(const aisle_dataset *d)
{
    return d->users;
}

const aisle_idmap *aisle_dataset_items(const aisle_dataset *d)
{
    return d->items;
}

aisle_events aisle_dataset_events(const aisle_dataset *d)
{
    return (aisle_events){d->n, d->user, d->item, d->type, d->value, d->at_ms, d->order};
}

aisle_product aisle_dataset_product(const aisle_dataset *d, int32_t i)
{
    if (i < d->products_n && d->products[i].id.ptr) return d->products[i];
    return (aisle_product){.id = aisle_idmap_get(d->items, i), .price_minor = -1, .stock = -1};
}

aisle_user aisle_dataset_user(const aisle_dataset *d, int32_t u)
{
    aisle_str id = aisle_idmap_get(d->users, u);
    int32_t i = aisle_idmap_find(d->people, id);
    return i < 0 ? (aisle_user){.id = id} : d->records[i];
}
