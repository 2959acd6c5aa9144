/* Reviews of products: reading, writing one's own, voting on others', and the shop's moderation. */
#include <stdio.h>
#include <string.h>

#include "server/http/handlers/change.h"
#include "server/http/handlers/star_members.h"

enum { TITLE_BYTES = 200, TEXT_BYTES = 10000 };
static const char *const states[AISLE_REVIEW_STATES] = {"pending", "published", "rejected"};

typedef struct review_change {
    aisle_change base;
    aisle_review review;                            /* what is written */
    bool has_title, has_text, has_stars, moderated; /* members of a patch; moderated: by the shop */
    bool helpful;
} review_change;

static review_change *begin(aisle_request *r, aisle_status (*run)(aisle_change *, aisle_tx *, aisle_error *))
{
    review_change *c = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *c);
    if (!c) return NULL;
    c->base.r = r;
    c->base.run = run;
    return c;
}

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the reviews");
}

json_t *aisle_answer_review(const aisle_review *v)
{
    json_t *o = aisle_answer_with(json_object(), "id", json_integer(v->id));
    o = aisle_answer_with(o, "item", aisle_answer_text(v->item));
    o = aisle_answer_with(o, "author", aisle_answer_text(v->author));
    o = aisle_answer_with(o, "title", aisle_answer_text(v->title));
    o = aisle_answer_with(o, "text", aisle_answer_text(v->text));
    o = aisle_answer_with(o, "stars", aisle_answer_stars(v->half_stars));
    o = aisle_answer_with(o, "verified", json_boolean(v->verified));
    o = aisle_answer_with(o, "state", json_string(states[v->state]));
    o = aisle_answer_with(o, "helpful", json_integer(v->helpful));
    o = aisle_answer_with(o, "unhelpful", json_integer(v->unhelpful));
    o = aisle_answer_with(o, "created", aisle_answer_time(v->created_ms));
    return aisle_answer_with(o, "changed", aisle_answer_time(v->changed_ms));
}

/* ---- lists ---- */

/* The cursor: sort, key and id of the last review. */
static aisle_status read_cursor(aisle_request *r, aisle_review_filter *f)
{
    aisle_str cursor = aisle_request_query(r, "cursor");
    char text[64];
    long long key, id;
    int sort, end = 0;
    if (!cursor.ptr) return AISLE_OK;
    snprintf(text, sizeof text, "%.*s", (int)(cursor.len < 60 ? cursor.len : 60), cursor.ptr);
    bool good = sscanf(text, "%d.%lld.%lld%n", &sort, &key, &id, &end) == 3 && (size_t)end == cursor.len &&
                sort == (int)f->sort && id > 0;
    if (!good) return aisle_request_invalid(r, "?cursor", "unknown", "`next` of a page of this list wanted");
    f->after_key = key;
    f->after_id = id;
    return AISLE_OK;
}

static aisle_status gather(aisle_request *r, aisle_review_filter *f, json_t **out)
{
    int64_t limit = 24;
    aisle_review *list;
    int32_t n;
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, 100, 24}, &limit));
    AISLE_TRY(read_cursor(r, f));
    f->limit = (int32_t)limit;
    AISLE_TRY(aisle_view_reviews(aisle_loop_of(r)->view, f, aisle_request_arena(r), &list, &n,
                                 aisle_request_error(r)));
    json_t *items = json_array();
    for (int32_t i = 0; i < n && items; i++) json_array_append_new(items, aisle_answer_review(&list[i]));
    json_t *next = json_null();
    if (n == f->limit)
        next =
            json_sprintf("%d.%lld.%lld", (int)f->sort, (long long)list[n - 1].key, (long long)list[n - 1].id);
    *out = aisle_answer_with(aisle_answer_with(json_object(), "items", items), "next", next);
    return AISLE_OK;
}

static json_t *answer_ratings(const int64_t counts[11])
{
    int64_t sum = 0, count = 0;
    json_t *stars = json_object();
    for (int h = 1; h <= 10; h++) {
        char name[8];
        sum += counts[h] * h;
        count += counts[h];
        if (h % 2 && !counts[h]) continue;
        snprintf(name, sizeof name, h % 2 ? "%d.5" : "%d", h / 2);
        stars = aisle_answer_with(stars, name, json_integer(counts[h]));
    }
    json_t *average =
        count ? json_real((double)(int64_t)((double)sum / (double)count * 50 + .5) / 100) : json_null();
    json_t *o = aisle_answer_with(json_object(), "average", average);
    o = aisle_answer_with(o, "count", json_integer(count));
    return aisle_answer_with(o, "stars", stars);
}

aisle_status aisle_on_reviews_list(aisle_request *r)
{
    static const char *const known[] = {"sort", "cursor", "limit", NULL};
    static const char *const sorts[] = {"helpful", "newest", "stars"};
    aisle_review_filter f = {.sort = AISLE_REVIEWS_HELPFUL};
    int64_t counts[11];
    json_t *body = NULL;
    AISLE_TRY(aisle_request_query_only(r, known));
    aisle_str sort = aisle_request_query(r, "sort");
    int k = 0;
    while (sort.ptr && k < 3 && !aisle_str_eq(sort, aisle_str_from(sorts[k]))) k++;
    if (k == 3) return aisle_request_invalid(r, "?sort", "unknown", "one of helpful, newest, stars wanted");
    f.sort = (aisle_review_sort)k;
    AISLE_TRY(aisle_view_ratings(aisle_loop_of(r)->view, aisle_request_param(r, "id"), &f.product, counts,
                                 aisle_request_error(r)));
    AISLE_TRY(gather(r, &f, &body));
    return aisle_answer_cached(r, aisle_answer_with(body, "ratings", answer_ratings(counts)), 30);
}

static bool read_state(aisle_str text, aisle_review_state *out)
{
    for (int i = 0; i < AISLE_REVIEW_STATES; i++)
        if (aisle_str_eq(text, aisle_str_from(states[i]))) {
            *out = (aisle_review_state)i;
            return true;
        }
    return false;
}

aisle_status aisle_on_admin_reviews_list(aisle_request *r)
{
    static const char *const known[] = {"state", "cursor", "limit", NULL};
    aisle_review_filter f = {.sort = AISLE_REVIEWS_QUEUE, .state = AISLE_REVIEW_PENDING};
    json_t *body = NULL;
    AISLE_TRY(aisle_request_query_only(r, known));
    aisle_str text = aisle_request_query(r, "state");
    if (text.ptr && !read_state(text, &f.state))
        return aisle_request_invalid(r, "?state", "unknown", "one of pending, published, rejected wanted");
    AISLE_TRY(gather(r, &f, &body));
    aisle_reply_header(r, "Cache-Control", "private, no-cache");
    return aisle_reply_json(r, 200, body);
}

/* ---- writing ---- */

static aisle_review_state first_state(const aisle_request *r)
{
    return aisle_request_app(r)->config->moderate_reviews ? AISLE_REVIEW_PENDING : AISLE_REVIEW_PUBLISHED;
}

static aisle_status run_add(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    review_change *c = (review_change *)base;
    c->review.user = base->owner.user;
    aisle_status st = aisle_tx_review_add(tx, &c->review, aisle_request_arena(base->r), err);
    if (st == AISLE_ECONFLICT)
        return aisle_change_refuse(base, 409, "conflict",
                                   "you have reviewed this product; change that review");
    AISLE_TRY(st);
    base->location =
        aisle_arena_printf(aisle_request_arena(base->r), "/v1/reviews/%lld", (long long)c->review.id);
    return aisle_change_answer(base, 201, aisle_answer_review(&c->review), err);
}

/* What of title, text and stars the body holds. */
static aisle_status read_members(aisle_json_scope *s, review_change *c)
{
    aisle_json_text(s, "title", 0, TITLE_BYTES, &c->review.title);
    aisle_json_text(s, "text", 1, TEXT_BYTES, &c->review.text);
    if (json_object_get(s->object, "stars")) aisle_read_stars(s, &c->review.half_stars);
    c->has_title = json_object_get(s->object, "title") != NULL;
    c->has_text = c->review.text.ptr != NULL;
    c->has_stars = json_object_get(s->object, "stars") != NULL;
    return s->failed ? AISLE_EINVAL : AISLE_OK;
}

aisle_status aisle_on_review_add(aisle_request *r)
{
    static const char *const none[] = {NULL}, *const known[] = {"title", "text", "stars", NULL};
    aisle_json_scope s;
    review_change *c = begin(r, run_add);
    if (!c) return no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "text");
    AISLE_TRY(read_members(&s, c));
    c->review.item = aisle_request_param(r, "id");
    c->review.state = first_state(r);
    return aisle_change_submit(&c->base);
}

static aisle_status own_review(aisle_change *base, aisle_tx *tx, aisle_review *v, aisle_error *err)
{
    AISLE_TRY(
        aisle_tx_review_get(tx, ((review_change *)base)->review.id, aisle_request_arena(base->r), v, err));
    bool own = v->user && v->user == base->owner.user;
    return own ? AISLE_OK : aisle_fail(err, AISLE_ENOTFOUND, "no review of yours has this id");
}

/* A changed text is as new: it is read again where reviews are moderated. */
static aisle_status run_change(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    review_change *c = (review_change *)base;
    aisle_arena *a = aisle_request_arena(base->r);
    aisle_review v;
    AISLE_TRY(c->moderated ? aisle_tx_review_get(tx, c->review.id, a, &v, err)
                           : own_review(base, tx, &v, err));
    if (c->has_title) v.title = c->review.title;
    if (c->has_text) v.text = c->review.text;
    if (c->has_stars) v.half_stars = c->review.half_stars;
    if (c->moderated)
        v.state = c->review.state;
    else if ((c->has_title || c->has_text) &&
             (v.state == AISLE_REVIEW_PUBLISHED || v.state == AISLE_REVIEW_REJECTED))
        v.state = v.state == AISLE_REVIEW_REJECTED ? AISLE_REVIEW_PENDING : first_state(base->r);
    AISLE_TRY(aisle_tx_review_update(tx, &v, err));
    AISLE_TRY(aisle_tx_review_get(tx, v.id, a, &v, err));
    return aisle_change_answer(base, 200, aisle_answer_review(&v), err);
}

static aisle_status run_remove(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    aisle_review v;
    base->status = 204;
    AISLE_TRY(own_review(base, tx, &v, err));
    return aisle_tx_review_remove(tx, &v, err);
}

static aisle_status read_id(aisle_request *r, int64_t *out)
{
    static const char *const none[] = {NULL};
    AISLE_TRY(aisle_request_query_only(r, none));
    if (aisle_str_to_i64(aisle_request_param(r, "id"), out) && *out > 0) return AISLE_OK;
    return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "no review has this id");
}

aisle_status aisle_on_review_patch(aisle_request *r)
{
    static const char *const known[] = {"title", "text", "stars", NULL};
    aisle_json_scope s;
    review_change *c = begin(r, run_change);
    if (!c) return no_memory(r);
    AISLE_TRY(read_id(r, &c->review.id));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    AISLE_TRY(read_members(&s, c));
    return aisle_change_submit(&c->base);
}

aisle_status aisle_on_review_delete(aisle_request *r)
{
    review_change *c = begin(r, run_remove);
    if (!c) return no_memory(r);
    AISLE_TRY(read_id(r, &c->review.id));
    return aisle_change_submit(&c->base);
}

aisle_status aisle_on_admin_review_patch(aisle_request *r)
{
    static const char *const known[] = {"state", NULL};
    aisle_json_scope s;
    aisle_str state = {NULL, 0};
    review_change *c = begin(r, run_change);
    if (!c) return no_memory(r);
    AISLE_TRY(read_id(r, &c->review.id));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "state");
    if (aisle_json_text(&s, "state", 1, 16, &state) != AISLE_OK || s.failed) return AISLE_EINVAL;
    if (!read_state(state, &c->review.state))
        return aisle_request_invalid(r, "/state", "unknown", "one of pending, published, rejected wanted");
    c->moderated = true;
    return aisle_change_submit(&c->base);
}

/* ---- votes ---- */

static aisle_status run_vote(aisle_change *base, aisle_tx *tx, aisle_error *err)
{
    review_change *c = (review_change *)base;
    aisle_review v;
    aisle_status st = aisle_tx_review_vote(tx, c->review.id, base->owner.user, c->helpful,
                                           aisle_request_arena(base->r), &v, err);
    return st == AISLE_OK ? aisle_change_answer(base, 200, aisle_answer_review(&v), err) : st;
}

aisle_status aisle_on_review_vote(aisle_request *r)
{
    static const char *const known[] = {"helpful", NULL};
    aisle_json_scope s;
    review_change *c = begin(r, run_vote);
    if (!c) return no_memory(r);
    AISLE_TRY(read_id(r, &c->review.id));
    AISLE_TRY(aisle_json_body(r, &s));
    aisle_json_only(&s, known);
    aisle_json_required(&s, "helpful");
    if (aisle_json_bool(&s, "helpful", false, &c->helpful) != AISLE_OK || s.failed) return AISLE_EINVAL;
    return aisle_change_submit(&c->base);
}
