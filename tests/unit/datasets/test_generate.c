/* The generated shop: same seed same records, power laws, and records that fit together. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "aisle/generate.h"
#include "aisle/memory.h"
#include "aisle/rng.h"

enum { USERS = 300, ITEMS = 400, DAYS = 365 };
static const int64_t FIRST = 1735689600000, DAY = 86400000;

typedef struct seen {
    uint64_t hash;
    int64_t products, users, events, types[AISLE_EVENT_TYPES];
    int64_t last_ms, last_user;
    int64_t by_item[ITEMS], by_user[USERS];
    int64_t created[ITEMS], price[ITEMS];
    int64_t cancel_after; /* events; 0 = never */
    int cancel;
} seen;

static void mix(seen *s, aisle_str text)
{
    s->hash = aisle_hash64(text.ptr ? text.ptr : "", text.len, s->hash);
}

static int64_t number(aisle_str id, char kind, int64_t count)
{
    int64_t n = 0;
    cr_assert(id.len > 1 && id.ptr[0] == kind);
    cr_assert(aisle_str_to_i64((aisle_str){id.ptr + 1, id.len - 1}, &n));
    cr_assert(n >= 1 && n <= count, "%.*s", (int)id.len, id.ptr);
    return n - 1;
}

static aisle_status on_product(void *ctx, const aisle_product *p, aisle_error *err)
{
    seen *s = ctx;
    (void)err;
    int64_t i = number(p->id, 'p', ITEMS);
    cr_assert_eq(i, s->products++);
    cr_assert(p->title.len > 10 && p->title.len < 159 && p->description.len > 30 && p->description.len < 699);
    cr_assert(p->brand.len && p->category.len && p->price_minor > 0 && p->stock >= 0);
    s->created[i] = p->created_ms;
    s->price[i] = p->price_minor;
    mix(s, p->title);
    mix(s, p->description);
    mix(s, p->attributes);
    s->hash += (uint64_t)p->price_minor;
    return AISLE_OK;
}

static aisle_status on_user(void *ctx, const aisle_user *u, aisle_error *err)
{
    seen *s = ctx;
    (void)err;
    cr_assert_eq(number(u->id, 'u', USERS), s->users++);
    cr_assert(u->country.len == 2);
    mix(s, u->age_band);
    mix(s, u->gender);
    mix(s, u->country);
    return AISLE_OK;
}

static aisle_status on_event(void *ctx, const aisle_event *e, aisle_error *err)
{
    seen *s = ctx;
    (void)err;
    int64_t user = number(e->user, 'u', USERS), item = number(e->item, 'p', ITEMS);
    cr_assert_eq(number(e->event_id, 'e', INT64_MAX - 1), s->events++);
    cr_assert(user >= s->last_user, "users come one after the other");
    if (user > s->last_user) s->last_ms = 0;
    cr_assert(e->at_ms >= s->last_ms, "event %lld goes back in time", (long long)s->events);
    cr_assert(e->at_ms >= FIRST && e->at_ms < FIRST + DAYS * DAY);
    cr_assert(e->at_ms >= s->created[item], "an item was seen before it was there");
    if (e->type == AISLE_EVENT_RATING || e->type == AISLE_EVENT_REVIEW)
        cr_assert(e->value >= 1 && e->value <= 5);
    else
        cr_assert_eq(e->value, 1);
    if (e->type == AISLE_EVENT_PURCHASE) cr_assert(e->price_minor == s->price[item] && e->order.len);
    s->last_user = user;
    s->last_ms = e->at_ms;
    s->by_item[item]++;
    s->by_user[user]++;
    s->types[e->type]++;
    s->hash = aisle_mix64(s->hash ^ (uint64_t)e->at_ms) + (uint64_t)item * 16 + (uint64_t)e->type;
    if (s->events == s->cancel_after) aisle_cancel(&s->cancel);
    return AISLE_OK;
}

static seen *generate(uint64_t seed, int64_t events)
{
    seen *s = calloc(1, sizeof *s);
    const aisle_sink sink = {s, on_product, on_user, on_event};
    const aisle_generate_params p = {.users = USERS, .items = ITEMS, .events = events, .seed = seed};
    aisle_error err = {0};
    cr_assert_eq(aisle_generate(&p, &sink, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(s->products, ITEMS);
    cr_assert_eq(s->users, USERS);
    return s;
}

Test(generate, the_same_seed_gives_the_same_shop_and_another_seed_another)
{
    seen *a = generate(5, 6000), *b = generate(5, 6000), *c = generate(6, 6000);
    cr_assert_eq(a->hash, b->hash);
    cr_assert_neq(a->hash, c->hash);
    free(a);
    free(b);
    free(c);
}

Test(generate, records_fit_together_and_come_about_as_many_as_asked)
{
    seen *s = generate(1, 20000);
    cr_assert(s->events > 18000 && s->events <= 20000, "%lld", (long long)s->events);
    const int64_t *t = s->types;
    cr_assert(t[AISLE_EVENT_VIEW] > t[AISLE_EVENT_ADD_TO_CART]);
    cr_assert(t[AISLE_EVENT_ADD_TO_CART] > t[AISLE_EVENT_PURCHASE]);
    cr_assert(t[AISLE_EVENT_PURCHASE] > t[AISLE_EVENT_RATING]);
    cr_assert(t[AISLE_EVENT_RATING] > t[AISLE_EVENT_REVIEW] && t[AISLE_EVENT_REVIEW] > 0);
    cr_assert(t[AISLE_EVENT_CLICK] > 0 && t[AISLE_EVENT_CANCEL] > 0 && t[AISLE_EVENT_REMOVE_FROM_CART] > 0);
    free(s);
}

static int falling(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a < b) - (a > b);
}

static double top_share(int64_t *count, int n, int top)
{
    int64_t head = 0, all = 0;
    qsort(count, (size_t)n, sizeof *count, falling);
    for (int i = 0; i < n; i++) {
        all += count[i];
        head += i < top ? count[i] : 0;
    }
    return (double)head / (double)all;
}

Test(generate, few_items_and_few_users_make_most_events)
{
    seen *s = generate(2, 60000);
    /* even shares would be .1 each */
    double items = top_share(s->by_item, ITEMS, ITEMS / 10), users = top_share(s->by_user, USERS, USERS / 10);
    cr_assert(items > .25, "the top tenth of the items has %.2f", items);
    cr_assert(users > .3, "the top tenth of the users has %.2f", users);
    free(s);
}

Test(generate, tiny_shops_work)
{
    for (int32_t items = 1; items <= 9; items += 4) {
        const aisle_generate_params p = {.users = 1, .items = items, .events = 500, .seed = 3, .days = 1};
        seen *s = calloc(1, sizeof *s);
        const aisle_sink sink = {s, on_product, NULL, on_event};
        aisle_error err = {0};
        cr_assert_eq(s->users, 0);
        s->products = 0;
        cr_assert_eq(aisle_generate(&p, &sink, &err), AISLE_OK, "%s", err.message);
        cr_assert_gt(s->events, 0);
        free(s);
    }
}

Test(generate, bad_parameters_are_named)
{
    const aisle_generate_params good = {.users = 1, .items = 1, .events = 1};
    aisle_generate_params bad[8];
    static const char *const says[] = {"users 0",  "users 10000001", "items 0", "items 1000001",
                                       "events 0", "days -1",        "start",   "currency Eur"};
    for (int i = 0; i < 8; i++) bad[i] = good;
    bad[0].users = 0;
    bad[1].users = 10000001;
    bad[2].items = 0;
    bad[3].items = 1000001;
    bad[4].events = 0;
    bad[5].days = -1;
    bad[6].start_ms = INT64_MAX;
    bad[7].currency = "Eur";
    const aisle_sink sink = {0};
    for (int i = 0; i < 8; i++) {
        aisle_error err = {0};
        cr_assert_eq(aisle_generate(&bad[i], &sink, &err), AISLE_EINVAL, "case %d", i);
        cr_assert(strstr(err.message, says[i]), "%s", err.message);
    }
}

Test(generate, stops_when_told)
{
    seen *s = calloc(1, sizeof *s);
    const aisle_progress progress = {.cancel = &s->cancel};
    const aisle_generate_params p = {.users = USERS, .items = ITEMS, .events = 20000, .progress = &progress};
    const aisle_sink sink = {s, on_product, on_user, on_event};
    s->cancel_after = 5000;
    cr_assert_eq(aisle_generate(&p, &sink, NULL), AISLE_ECANCELED);
    cr_assert_lt(s->events, 6000);
    free(s);
}

Test(generate, every_allocation_may_fail)
{
    const aisle_generate_params p = {.users = 3, .items = 30, .events = 50};
    const aisle_sink sink = {0};
    for (int n = 1; n < 1000; n++) {
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_generate(&p, &sink, NULL);
        aisle_alloc_fail_after(0);
        if (st == AISLE_OK) {
            cr_assert_gt(n, 5);
            return;
        }
        cr_assert_eq(st, AISLE_ENOMEM);
    }
    cr_assert_fail("generation never came to its end");
}
