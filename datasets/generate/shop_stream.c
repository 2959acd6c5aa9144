/* The whole shop to a sink: products, then users, then each user's events. */
#include "datasets/generate/visits.h"

enum { REPORT_EVERY = 512 };

static aisle_status step(const gen_shop *s, const char *stage, int64_t done, int64_t total, aisle_error *err)
{
    if (done % REPORT_EVERY && done != total) return AISLE_OK;
    if (aisle_canceled(s->p.progress))
        return aisle_fail(err, AISLE_ECANCELED, "interrupted; nothing was kept");
    aisle_progress_report(s->p.progress, stage, done, total, "");
    return AISLE_OK;
}

static aisle_status send_products(const gen_shop *s, const aisle_sink *sink, aisle_error *err)
{
    gen_text text;
    aisle_product p;
    for (int32_t i = 0; sink->product && i < s->p.items; i++) {
        gen_product(s, i, &text, &p);
        AISLE_TRY(sink->product(sink->ctx, &p, err));
        AISLE_TRY(step(s, "products", i + 1, s->p.items, err));
    }
    return AISLE_OK;
}

static aisle_status send_users(const gen_shop *s, const aisle_sink *sink, aisle_error *err)
{
    gen_person person;
    aisle_user u;
    char id[16];
    for (int32_t i = 0; sink->user && i < s->p.users; i++) {
        gen_person_make(s, i, &person);
        gen_person_record(&person, id, &u);
        AISLE_TRY(sink->user(sink->ctx, &u, err));
        AISLE_TRY(step(s, "users", i + 1, s->p.users, err));
    }
    return AISLE_OK;
}

static aisle_status send_events(const gen_shop *s, const aisle_sink *sink, aisle_error *err)
{
    gen_person person;
    int64_t sent = 0;
    for (int32_t i = 0; sink->event && i < s->p.users; i++) {
        gen_person_make(s, i, &person);
        int64_t budget = gen_activity(s, i, s->p.events - sent);
        AISLE_TRY(gen_visits(s, &person, budget, sink, &sent, err));
        AISLE_TRY(step(s, "events", i + 1, s->p.users, err));
    }
    return AISLE_OK;
}

aisle_status aisle_generate(const aisle_generate_params *p, const aisle_sink *sink, aisle_error *err)
{
    gen_shop s;
    AISLE_TRY(gen_shop_init(&s, p, err));
    aisle_status st = send_products(&s, sink, err);
    if (st == AISLE_OK) st = send_users(&s, sink, err);
    if (st == AISLE_OK) st = send_events(&s, sink, err);
    gen_shop_deinit(&s);
    return st;
}
