/* Sessions: a person looks for something, views, fills the cart, may buy, and days later rates what came.
 * Memory does not grow with the number of events. */
#include "datasets/generate/visits.h"

#include <stdio.h>

enum { CART = 8, PENDING = 32, TRIES = 6, IDLE_MAX = 300 };
enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };
static const int64_t DAY_MS = 86400000;
static const double EVENTS_A_SESSION = 8;

/* A rating, review or cancel that will come later. */
typedef struct pending {
    int64_t due_ms, order;
    int32_t item;
    aisle_event_type type;
    double value;
} pending;

typedef struct visitor {
    const gen_shop *s;
    const gen_person *p;
    const aisle_sink *sink;
    aisle_error *err;
    aisle_rng r;
    char user[16], session[40];
    int64_t now_ms, end_ms, left, sessions, orders, *next_event;
    int32_t cart[CART], n_cart;
    pending later[PENDING]; /* latest first */
    int32_t n_later;
} visitor;

static aisle_status emit(visitor *v, const pending *what, bool in_session, int32_t position)
{
    char id[24], item[16], order[40];
    bool priced = what->type == AISLE_EVENT_ADD_TO_CART || what->type == AISLE_EVENT_PURCHASE ||
                  what->type == AISLE_EVENT_CANCEL;
    if (v->left <= 0) return AISLE_OK;
    v->left--;
    snprintf(id, sizeof id, "e%lld", (long long)++*v->next_event);
    snprintf(item, sizeof item, "p%d", what->item + 1);
    snprintf(order, sizeof order, "o%d-%lld", v->p->number + 1, (long long)what->order);
    aisle_event e = {.event_id = aisle_str_from(id),
                     .user = aisle_str_from(v->user),
                     .session = aisle_str_from(in_session ? v->session : NULL),
                     .item = aisle_str_from(item),
                     .order = aisle_str_from(what->order ? order : NULL),
                     .type = what->type,
                     .at_ms = v->now_ms,
                     .value = what->value,
                     .price_minor = priced ? v->s->item[what->item].price_minor : -1,
                     .position = position};
    return v->sink->event(v->sink->ctx, &e, v->err);
}

/* The clock never leaves the period, however much one person does. */
static void pass(visitor *v, int64_t low_ms, int64_t high_ms)
{
    v->now_ms += gen_between(&v->r, low_ms, high_ms);
    if (v->now_ms >= v->end_ms) v->now_ms = v->end_ms - 1;
}

static aisle_status act(visitor *v, aisle_event_type type, int32_t item, int64_t order)
{
    return emit(v, &(pending){.type = type, .item = item, .order = order, .value = 1}, true, 0);
}

/* Keeps the list sorted; when it is full the newest plan is forgotten, as people do. */
static void plan(visitor *v, pending what)
{
    int32_t k = v->n_later;
    if (k == PENDING || what.due_ms >= v->end_ms) return;
    for (; k > 0 && v->later[k - 1].due_ms < what.due_ms; k--) v->later[k] = v->later[k - 1];
    v->later[k] = what;
    v->n_later++;
}

static aisle_status do_planned(visitor *v, int64_t until_ms)
{
    while (v->n_later && v->later[v->n_later - 1].due_ms <= until_ms && v->left > 0) {
        pending what = v->later[--v->n_later];
        if (what.due_ms > v->now_ms) v->now_ms = what.due_ms;
        AISLE_TRY(emit(v, &what, false, 0));
    }
    return AISLE_OK;
}

/* An item of the leaf that exists by now and suits the person; -1 when luck has it otherwise. */
static int32_t choose(visitor *v, int32_t leaf)
{
    int32_t item = -1;
    for (int k = 0; k < TRIES; k++) {
        const gen_cluster *c = gen_shop_cluster(v->s, leaf, gen_person_style(v->p, &v->r));
        int32_t seen = gen_alias_draw(c->slots, c->n, &v->r);
        if (v->s->p.start_ms + v->s->item[seen].created_hour * (int64_t)3600000 > v->now_ms) continue;
        item = seen;
        if (gen_chance(&v->r, .15 + .85 * gen_person_fit(v->s, v->p, item))) break;
    }
    return item;
}

/* What to look for today: out of season, people think again. */
static int32_t intend(visitor *v)
{
    int32_t leaf = gen_person_leaf(v->s, v->p, &v->r);
    for (int k = 0; k < 3 && !gen_chance(&v->r, gen_shop_season(leaf, v->now_ms)); k++)
        leaf = gen_person_leaf(v->s, v->p, &v->r);
    return leaf;
}

static aisle_status look(visitor *v, int32_t item, double cart_chance)
{
    if (gen_chance(&v->r, .4)) { /* came by a list, whose first places get most clicks */
        double x = aisle_rng_f64(&v->r);
        pending click = {.type = AISLE_EVENT_CLICK, .item = item, .value = 1};
        AISLE_TRY(emit(v, &click, true, 1 + (int32_t)(x * x * 24)));
        pass(v, 1 * SECOND_MS, 4 * SECOND_MS);
    }
    AISLE_TRY(act(v, AISLE_EVENT_VIEW, item, 0));
    pass(v, 6 * SECOND_MS, 3 * MINUTE_MS);
    if (v->n_cart == CART || !gen_chance(&v->r, cart_chance)) return AISLE_OK;
    for (int32_t k = 0; k < v->n_cart; k++)
        if (v->cart[k] == item) return AISLE_OK;
    AISLE_TRY(act(v, AISLE_EVENT_ADD_TO_CART, item, 0));
    v->cart[v->n_cart++] = item;
    pass(v, 5 * SECOND_MS, 40 * SECOND_MS);
    return AISLE_OK;
}

static void plan_feedback(visitor *v, int32_t item, int64_t order)
{
    aisle_rng *r = &v->r;
    pending what = {.item = item, .order = order, .type = AISLE_EVENT_CANCEL, .value = 1};
    if (gen_chance(r, .02)) {
        what.due_ms = v->now_ms + gen_between(r, 10 * MINUTE_MS, DAY_MS);
        plan(v, what);
        return;
    }
    if (!gen_chance(r, .35)) return;
    /* the item's own quality, the same for all, beside the fit */
    double quality = (double)(aisle_mix64(v->s->p.seed * 31 + (uint64_t)item) >> 11) * 0x1p-53;
    double stars = 2.2 + 2.2 * gen_person_fit(v->s, v->p, item) + 1.4 * quality + .7 * gen_normal(r);
    what.value = stars < 1.5 ? 1 : stars >= 4.5 ? 5 : (double)(int64_t)(stars + .5);
    what.due_ms = v->now_ms + gen_between(r, 2 * DAY_MS, 24 * DAY_MS);
    what.order = 0;
    what.type = AISLE_EVENT_RATING;
    plan(v, what);
    if (!gen_chance(r, .35)) return;
    what.type = AISLE_EVENT_REVIEW;
    what.due_ms += gen_between(r, 20 * SECOND_MS, 10 * MINUTE_MS);
    plan(v, what);
}

static aisle_status check_out(visitor *v)
{
    if (v->n_cart && gen_chance(&v->r, .6)) {
        v->orders++;
        pass(v, MINUTE_MS, 5 * MINUTE_MS);
        for (int32_t k = 0; k < v->n_cart && v->left > 0; k++) {
            bool second_thought = v->n_cart > 1 && gen_chance(&v->r, .08);
            AISLE_TRY(act(v, second_thought ? AISLE_EVENT_REMOVE_FROM_CART : AISLE_EVENT_PURCHASE, v->cart[k],
                          second_thought ? 0 : v->orders));
            if (!second_thought) plan_feedback(v, v->cart[k], v->orders);
        }
    }
    v->n_cart = 0;
    return AISLE_OK;
}

static aisle_status visit(visitor *v)
{
    snprintf(v->session, sizeof v->session, "s%d-%lld", v->p->number + 1, (long long)++v->sessions);
    int32_t leaf = intend(v);
    do {
        if (gen_chance(&v->r, .2)) leaf = intend(v);
        int32_t item = choose(v, leaf);
        if (item < 0) continue;
        int32_t before = v->n_cart;
        AISLE_TRY(look(v, item, .05 + .4 * gen_person_fit(v->s, v->p, item)));
        for (int32_t which = 0; which < 2 && v->n_cart > before; which++) { /* what goes with it */
            int32_t with = gen_shop_companion(v->s, item, which);
            int64_t created =
                with < 0 ? 0 : v->s->p.start_ms + v->s->item[with].created_hour * (int64_t)3600000;
            if (with >= 0 && created <= v->now_ms && gen_chance(&v->r, .4)) AISLE_TRY(look(v, with, .6));
        }
    } while (v->left > 0 && gen_chance(&v->r, .74));
    return check_out(v);
}

aisle_status gen_visits(const gen_shop *s, const gen_person *p, int64_t budget, const aisle_sink *sink,
                        int64_t *next_event, aisle_error *err)
{
    visitor v = {.s = s, .p = p, .sink = sink, .err = err, .left = budget, .next_event = next_event};
    aisle_user record;
    double at = 0;
    aisle_rng_init(&v.r, s->p.seed, gen_stream(GEN_STREAM_VISITS, p->number));
    gen_person_record(p, v.user, &record);
    v.now_ms = s->p.start_ms;
    v.end_ms = s->p.start_ms + s->p.days * DAY_MS;
    for (int idle = 0; v.left > 0 && idle < IDLE_MAX;) {
        /* the smallest of n uniform numbers, n the sessions still to come: moments in order, none stored */
        double n = (double)v.left / EVENTS_A_SESSION;
        at += (1 - at) * (1 - gen_exp(gen_log(1 - aisle_rng_f64(&v.r)) / (n < 1 ? 1 : n)));
        int64_t start = gen_shop_moment(s, at < 1 ? at : 1 - 0x1p-53), before = v.left;
        AISLE_TRY(do_planned(&v, start));
        if (start > v.now_ms)
            v.now_ms = start;
        else
            pass(&v, MINUTE_MS, 30 * MINUTE_MS);
        AISLE_TRY(visit(&v));
        idle = v.left == before ? idle + 1 : 0;
        if (aisle_canceled(s->p.progress))
            return aisle_fail(err, AISLE_ECANCELED, "interrupted; nothing was kept");
    }
    return AISLE_OK;
}
