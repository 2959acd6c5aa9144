/* Staging: fixed-size event records with numbered ids, so that the commit looks every id up once. */
#include "server/store/staging.h"

#include <string.h>

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory while staging an import");
}

aisle_status aisle_staging_open(const char *folder, bool keep_duplicates, bool with_core, aisle_staging *out,
                                aisle_error *err)
{
    aisle_staging s = {0};
    bool made = true;
    for (int i = 0; i < 3; i++) made = (s.ids[i] = aisle_idmap_new()) && made;
    if (keep_duplicates) made = (s.keys = aisle_idmap_new()) && made;
    if (with_core) made = (s.dataset = aisle_dataset_new()) && made;
    aisle_status st = made ? AISLE_OK : no_memory(err);
    if (st == AISLE_OK) st = aisle_spool_open(folder, &s.catalogue, err);
    if (st == AISLE_OK) st = aisle_spool_open(folder, &s.events, err);
    if (st != AISLE_OK) aisle_staging_close(&s);
    *out = s;
    return st;
}

void aisle_staging_close(aisle_staging *s)
{
    aisle_spool_close(&s->catalogue);
    aisle_spool_close(&s->events);
    for (int i = 0; i < 3; i++) aisle_idmap_free(s->ids[i]);
    aisle_idmap_free(s->keys);
    aisle_dataset_free(s->dataset);
    aisle_free(s->repeats);
    *s = (aisle_staging){0};
}

static aisle_status put_product(void *ctx, const aisle_product *p, aisle_error *err)
{
    aisle_staging *s = ctx;
    const aisle_str texts[] = {p->id,       p->title,    p->description, p->brand,
                               p->category, p->currency, p->attributes,  p->images};
    const int64_t numbers[] = {p->price_minor, p->stock, p->created_ms, p->visibility};
    AISLE_TRY(aisle_product_check(p, err));
    AISLE_TRY(aisle_spool_put(&s->catalogue, "P", 1, err));
    AISLE_TRY(aisle_spool_put(&s->catalogue, numbers, sizeof numbers, err));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        AISLE_TRY(aisle_spool_put_text(&s->catalogue, texts[i], err));
    s->n_records++;
    s->n_products++;
    return AISLE_OK;
}

static aisle_status put_user(void *ctx, const aisle_user *u, aisle_error *err)
{
    aisle_staging *s = ctx;
    const aisle_str texts[] = {u->id, u->age_band, u->gender, u->country};
    AISLE_TRY(aisle_user_check(u, err));
    AISLE_TRY(aisle_spool_put(&s->catalogue, "U", 1, err));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        AISLE_TRY(aisle_spool_put_text(&s->catalogue, texts[i], err));
    s->n_records++;
    return AISLE_OK;
}

static aisle_status number(aisle_staging *s, aisle_ext_kind kind, aisle_str ext, int32_t *out,
                           aisle_error *err)
{
    *out = ext.ptr ? aisle_idmap_add(s->ids[kind], ext) : -1;
    return ext.ptr && *out < 0 ? no_memory(err) : AISLE_OK;
}

/* Equal records are told apart by how often they came, so that the same file twice still adds nothing. */
static aisle_status tell_apart(aisle_staging *s, int64_t *key, aisle_error *err)
{
    int64_t before = s->repeats_cap;
    int32_t k = aisle_idmap_add(s->keys, (aisle_str){(const char *)key, sizeof *key});
    if (k < 0 || !aisle_grow((void **)&s->repeats, &s->repeats_cap, k + 1, sizeof *s->repeats))
        return no_memory(err);
    if (s->repeats_cap > before)
        memset(s->repeats + before, 0, (size_t)(s->repeats_cap - before) * sizeof *s->repeats);
    uint32_t n = s->repeats[k]++;
    if (n) *key = aisle_event_key_again(*key, n);
    return AISLE_OK;
}

static aisle_status put_event(void *ctx, const aisle_event *e, aisle_error *err)
{
    aisle_staging *s = ctx;
    aisle_staged_event r;
    AISLE_TRY(aisle_event_check(e, err));
    memset(&r, 0, sizeof r); /* padding goes to the file too */
    r.value = e->value;
    r.at_ms = e->at_ms;
    r.price_minor = e->price_minor;
    r.position = e->position;
    r.type = (uint8_t)e->type;
    r.order_len = (uint8_t)e->order.len;
    r.recommendation_len = (uint8_t)e->recommendation.len;
    r.has_order = e->order.ptr != NULL;
    r.has_recommendation = e->recommendation.ptr != NULL;
    AISLE_TRY(number(s, AISLE_EXT_PRODUCT, e->item, &r.id[AISLE_EXT_PRODUCT], err));
    AISLE_TRY(number(s, AISLE_EXT_USER, e->user, &r.id[AISLE_EXT_USER], err));
    AISLE_TRY(number(s, AISLE_EXT_SESSION, e->session, &r.id[AISLE_EXT_SESSION], err));
    r.key = aisle_event_key(e);
    if (s->keys && !e->event_id.ptr) AISLE_TRY(tell_apart(s, &r.key, err));
    if (s->dataset) {
        aisle_sink tee = aisle_dataset_sink(s->dataset);
        AISLE_TRY(tee.event(tee.ctx, e, err));
    }
    AISLE_TRY(aisle_spool_put(&s->events, &r, sizeof r, err));
    AISLE_TRY(aisle_spool_put(&s->events, e->order.ptr, e->order.len, err));
    AISLE_TRY(aisle_spool_put(&s->events, e->recommendation.ptr, e->recommendation.len, err));
    s->n_records++;
    s->n_events++;
    return AISLE_OK;
}

aisle_sink aisle_staging_sink(aisle_staging *s)
{
    return (aisle_sink){s, put_product, put_user, put_event};
}

static aisle_status get_texts(aisle_staging *s, aisle_buf *b, aisle_str *out, int n, aisle_error *err)
{
    size_t offset[8], len[8];
    for (int i = 0; i < n; i++) AISLE_TRY(aisle_spool_get_text(&s->catalogue, b, &offset[i], &len[i], err));
    for (int i = 0; i < n; i++)
        out[i] = len[i] == SIZE_MAX ? (aisle_str){NULL, 0} : (aisle_str){b->data + offset[i], len[i]};
    return AISLE_OK;
}

static aisle_status get_record(aisle_staging *s, const aisle_sink *sink, aisle_buf *b, bool *end,
                               aisle_error *err)
{
    char kind;
    int64_t numbers[4];
    bool cut = false;
    aisle_str t[8];
    AISLE_TRY(aisle_spool_get(&s->catalogue, &kind, 1, end, err));
    if (*end) return AISLE_OK;
    if (kind == 'P') {
        AISLE_TRY(aisle_spool_get(&s->catalogue, numbers, sizeof numbers, &cut, err));
        AISLE_TRY(get_texts(s, b, t, 8, err));
        aisle_product p = {.id = t[0],
                           .title = t[1],
                           .description = t[2],
                           .brand = t[3],
                           .category = t[4],
                           .currency = t[5],
                           .attributes = t[6],
                           .images = t[7],
                           .price_minor = numbers[0],
                           .stock = numbers[1],
                           .created_ms = numbers[2],
                           .visibility = (aisle_visibility)numbers[3]};
        return sink->product(sink->ctx, &p, err);
    }
    AISLE_TRY(get_texts(s, b, t, 4, err));
    aisle_user u = {t[0], t[1], t[2], t[3]};
    return sink->user(sink->ctx, &u, err);
}

aisle_status aisle_staging_catalogue(aisle_staging *s, const aisle_sink *sink, aisle_error *err)
{
    aisle_buf b = {0};
    bool end = false;
    aisle_status st = aisle_spool_rewind(&s->catalogue, err);
    while (st == AISLE_OK && !end) {
        b.len = 0;
        st = get_record(s, sink, &b, &end, err);
    }
    aisle_buf_deinit(&b);
    return st;
}

aisle_status aisle_staging_event(aisle_staging *s, aisle_staged_event *out, aisle_buf *text, bool *end,
                                 aisle_error *err)
{
    AISLE_TRY(aisle_spool_get(&s->events, out, sizeof *out, end, err));
    if (*end) return AISLE_OK;
    int64_t bytes = out->order_len + out->recommendation_len;
    bool cut = false;
    if (!aisle_grow((void **)&text->data, &text->cap, text->len + bytes + 1, 1)) return no_memory(err);
    AISLE_TRY(aisle_spool_get(&s->events, text->data + text->len, (size_t)bytes, &cut, err));
    if (cut) return aisle_fail(err, AISLE_EIO, "%s: a staging file ends inside a record", s->events.where);
    out->text_at = (int32_t)text->len;
    text->len += bytes;
    return AISLE_OK;
}

aisle_event aisle_staged_event_view(const aisle_staged_event *r, const aisle_buf *text)
{
    const char *at = text->data + r->text_at;
    aisle_event e = {.type = (aisle_event_type)r->type,
                     .at_ms = r->at_ms,
                     .value = r->value,
                     .price_minor = r->price_minor,
                     .position = r->position};
    if (r->has_order) e.order = (aisle_str){at, r->order_len};
    if (r->has_recommendation) e.recommendation = (aisle_str){at + r->order_len, r->recommendation_len};
    return e;
}
