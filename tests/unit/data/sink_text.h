/* An import into memory, written out as one line a record: what the import tests compare. */
#ifndef AISLE_TESTS_DATA_SINK_TEXT_H
#define AISLE_TESTS_DATA_SINK_TEXT_H

#include "aisle/import.h"
#include "aisle/memory.h"
#include "tests/unit/data/files.h"

#define VIEW_OF(s) (int)(s).len, (s).ptr ? (s).ptr : ""

typedef struct sink_text {
    aisle_buf out;
    int64_t n_events, n_products, n_users;
    int64_t fail_at; /* the n-th record fails with AISLE_EBUSY; 0 = none */
} sink_text;

static inline aisle_status count_record(sink_text *t, int64_t *n, bool ok)
{
    ++*n;
    if (t->fail_at && t->n_events + t->n_products + t->n_users == t->fail_at) return AISLE_EBUSY;
    return ok ? AISLE_OK : AISLE_ENOMEM;
}

static inline aisle_status text_product(void *ctx, const aisle_product *p, aisle_error *err)
{
    sink_text *t = ctx;
    (void)err;
    bool ok = aisle_buf_printf(&t->out, "product %.*s|%.*s|%.*s|%.*s|%.*s|%d %.*s|%d|%.*s%s%.*s\n",
                               VIEW_OF(p->id), VIEW_OF(p->title), VIEW_OF(p->description), VIEW_OF(p->brand),
                               VIEW_OF(p->category), (int)p->price_minor, VIEW_OF(p->currency), (int)p->stock,
                               VIEW_OF(p->attributes), p->images.len ? "|" : "", VIEW_OF(p->images));
    return count_record(t, &t->n_products, ok);
}

static inline aisle_status text_user(void *ctx, const aisle_user *u, aisle_error *err)
{
    sink_text *t = ctx;
    (void)err;
    bool ok = aisle_buf_printf(&t->out, "user %.*s|%.*s|%.*s|%.*s\n", VIEW_OF(u->id), VIEW_OF(u->age_band),
                               VIEW_OF(u->gender), VIEW_OF(u->country));
    return count_record(t, &t->n_users, ok);
}

static inline aisle_status text_event(void *ctx, const aisle_event *e, aisle_error *err)
{
    sink_text *t = ctx;
    (void)err;
    bool ok = aisle_buf_printf(&t->out, "%s %.*s|%.*s|%.*s|%.*s|%g|%d|%lld\n", aisle_event_type_name(e->type),
                               VIEW_OF(e->user), VIEW_OF(e->session), VIEW_OF(e->item), VIEW_OF(e->order),
                               e->value, (int)e->price_minor, (long long)e->at_ms);
    return count_record(t, &t->n_events, ok);
}

static inline aisle_sink sink_of(sink_text *t)
{
    return (aisle_sink){t, text_product, text_user, text_event};
}

#endif
