/* Stars, likes, dislikes and the wishlist: what a visitor thinks of a product. Each is in the very next recommendation.
 * Reviews are in on_reviews.c. */
#include <math.h>

#include "server/http/handlers/change.h"
#include "server/http/handlers/star_members.h"

typedef struct feedback_change {
    aisle_change base;
    aisle_str item;
    int64_t half_stars;
    aisle_event_type opinion; /* VIEW: taken back */
    const char *word;
} feedback_change;

static feedback_change *begin(aisle_request *r,
                              aisle_status (*run)(aisle_change *, aisle_tx *, aisle_error *))
{
    feedback_change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return NULL;
    c->base.r = r;
    c->base.run = run;
    return c;
}

static aisle_status submit(aisle_request *r, feedback_change *c, const char *param)
{
    static const char *const none[] = {NULL};
    if (!c) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the feedback");
    AISLE_TRY(aisle_request_query_only(r, none));
    c->item = aisle_request_param(r, param);
    return aisle_change_submit(&c->base);
}

static bool is_nobody(const aisle_request *r)
{
    aisle_owner owner = aisle_owner_of(r);
    return !owner.user && !owner.session;
}

/* ---- stars ---- */

aisle_status aisle_read_stars(aisle_json_scope *s, int64_t *half_stars)
{
    double stars = 0;
    bool halves = aisle_request_app(s->r)->config->half_stars;
    AISLE_TRY(aisle_json_real(s, "stars", (aisle_real_range){1, 5, 0}, &stars));
    double steps = stars * (halves ? 2 : 1);
    if (steps != floor(steps)) {
        s->failed = true;
        return aisle_request_invalid(s->r, "/stars", "out_of_range",
                                     halves ? "half or whole stars wanted" : "whole stars wanted");
    }
    *half_stars = (int64_t)(stars * 2);
    return AISLE_OK;
}

json_t *aisle_answer_stars(int64_t half_stars)
{
    if (!half_stars) return json_null();
    return half_stars % 2 ? json_real((double)half_stars / 2) : json_integer(half_stars / 2);
}

static aisle_status run_rate(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    feedback_change *c = (feedback_change *)base;
    base->status = 204;
    AISLE_TRY(aisle_tx_rate(tx, base->owner.user, c->item, c->half_stars, err));
    if (!c->half_stars) return AISLE_OK;
    json_t *o = aisle_answer_with(json_object(), "item", aisle_answer_text(c->item));
    return aisle_change_answer(base, 200, aisle_answer_with(o, "stars", aisle_answer_stars(c->half_stars)),
                               err);
}

aisle_status aisle_on_rating_put(aisle_request *r)
{
    static const char *const known[] = {"stars", NULL};
    aisle_json_scope s;
    feedback_change *c = begin(r, run_rate);
    if (!c) return submit(r, c, "id");
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "stars");
    if (aisle_read_stars(&s, &c->half_stars) != AISLE_OK || s.failed) return AISLE_EINVAL;
    return submit(r, c, "id");
}

aisle_status aisle_on_rating_delete(aisle_request *r)
{
    return submit(r, begin(r, run_rate), "id");
}

/* ---- likes and dislikes ---- */

static aisle_status run_opinion(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    feedback_change *c = (feedback_change *)base;
    base->status = 204;
    AISLE_TRY(aisle_tx_opinion(tx, base->owner, c->item, c->opinion, err));
    if (!c->word) return AISLE_OK;
    json_t *o = aisle_answer_with(json_object(), "item", aisle_answer_text(c->item));
    return aisle_change_answer(base, 200, aisle_answer_with(o, "opinion", json_string(c->word)), err);
}

aisle_status aisle_on_opinion_put(aisle_request *r)
{
    static const char *const known[] = {"opinion", NULL};
    aisle_json_scope s;
    aisle_str word = {NULL, 0};
    feedback_change *c = begin(r, run_opinion);
    if (!c) return submit(r, c, "id");
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "opinion");
    if (aisle_json_text(&s, "opinion", 1, 16, &word) != AISLE_OK || s.failed) return AISLE_EINVAL;
    bool like = aisle_str_eq(word, AISLE_STR("like"));
    if (!like && !aisle_str_eq(word, AISLE_STR("dislike")))
        return aisle_request_invalid(r, "/opinion", "unknown", "like or dislike wanted");
    c->opinion = like ? AISLE_EVENT_LIKE : AISLE_EVENT_DISLIKE;
    c->word = like ? "like" : "dislike";
    c->base.for_guests = true;
    return submit(r, c, "id");
}

aisle_status aisle_on_opinion_delete(aisle_request *r)
{
    if (is_nobody(r))
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "you have no opinion of this product");
    return submit(r, begin(r, run_opinion), "id"); /* 0 is the view: it takes back */
}

/* ---- wishes ---- */

static aisle_status run_wish(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    feedback_change *c = (feedback_change *)base;
    bool added;
    base->status = 204;
    return aisle_tx_wish(tx, base->owner, c->item, &added, err);
}

static aisle_status run_unwish(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    base->status = 204;
    return aisle_tx_wish_remove(tx, base->owner, ((feedback_change *)base)->item, err);
}

aisle_status aisle_on_wish_put(aisle_request *r)
{
    feedback_change *c = begin(r, run_wish);
    if (c) c->base.for_guests = true;
    return submit(r, c, "product");
}

aisle_status aisle_on_wish_delete(aisle_request *r)
{
    if (is_nobody(r))
        return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "the product is not on the list");
    return submit(r, begin(r, run_unwish), "product");
}

static json_t *answer_wish(aisle_str item, int64_t added_ms)
{
    json_t *o = aisle_answer_with(json_object(), "item", aisle_answer_text(item));
    return aisle_answer_with(o, "added", aisle_answer_time(added_ms));
}

aisle_status aisle_on_wish_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    int64_t added_ms;
    aisle_str item = aisle_request_param(r, "product");
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(
        aisle_view_wish(aisle_loop_of(r)->view, aisle_owner_of(r), item, &added_ms, aisle_request_error(r)));
    aisle_reply_header(r, "Cache-Control", "private, no-cache");
    return aisle_reply_json(r, 200, answer_wish(item, added_ms));
}

aisle_status aisle_on_wishes_list(aisle_request *r)
{
    static const char *const known[] = {"cursor", "limit", NULL};
    int64_t limit = 24, before = 0;
    aisle_wish *list;
    int32_t n;
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, 100, 24}, &limit));
    AISLE_TRY(aisle_request_query_int(r, "cursor", (aisle_int_range){1, INT64_MAX, 0}, &before));
    AISLE_TRY(aisle_view_wishes(aisle_loop_of(r)->view, aisle_owner_of(r), before, (int32_t)limit,
                                aisle_request_arena(r), &list, &n, aisle_request_error(r)));
    json_t *items = json_array();
    for (int32_t i = 0; i < n && items; i++)
        json_array_append_new(items, answer_wish(list[i].item, list[i].added_ms));
    json_t *body = aisle_answer_with(json_object(), "items", items);
    json_t *next = n == limit ? json_sprintf("%lld", (long long)list[n - 1].row) : json_null();
    aisle_reply_header(r, "Cache-Control", "private, no-cache");
    return aisle_reply_json(r, 200, aisle_answer_with(body, "next", next));
}
