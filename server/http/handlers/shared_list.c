/* The frame of a list that all share. */
#include "server/http/handlers/shared_list.h"

#include <math.h>

#include "server/http/handlers/ask_filter.h"
#include "server/json/json_text.h"

aisle_status aisle_shared_parse(aisle_request *r, aisle_shared_list *l)
{
    l->who =
        (aisle_ask){.user = aisle_request_query(r, "user"), .session = aisle_request_query(r, "session")};
    return aisle_request_query_int(r, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT},
                                   &l->limit);
}

aisle_status aisle_shared_rules(aisle_shared_list *l, aisle_choosing *c, aisle_str category,
                                aisle_filter *filter, aisle_wishes *wishes)
{
    const char *place = aisle_surface_names[l->surface];
    *wishes = (aisle_wishes){.min_score = -INFINITY, .diversity = l->who.wishes.diversity};
    c->filter = filter;
    c->wishes = wishes;
    return aisle_ask_rules(l->work.r, aisle_str_from(place), category, filter, wishes);
}

/* The list's own: whoever of the variant is shown it, from a cache too, names the same in events. */
static bool list_id(const aisle_shared_list *l, char id[AISLE_RECOMMENDATION_ID_BYTES])
{
    aisle_origin origin = {.model_version = l->shelf->model_version, .strategy = aisle_str_from(l->kind)};
    char *what = aisle_arena_printf(aisle_request_arena(l->work.r), "%s%s %lld %.*s", l->kind, l->more,
                                    (long long)l->limit, (int)l->of.len, l->of.ptr ? l->of.ptr : "");
    aisle_trial_mark(&l->trial, &origin);
    if (what)
        aisle_recommendation_id_shared(aisle_request_app(l->work.r)->ids, &origin, aisle_str_from(what), id);
    return what != NULL;
}

static aisle_status encode(aisle_shared_list *l, const aisle_answering *w, const aisle_hits *hits)
{
    char id[AISLE_RECOMMENDATION_ID_BYTES];
    aisle_request *r = l->work.r;
    aisle_buf *out = &l->body;
    aisle_hits_style style = {w->view, AISLE_FIELDS_SHORT, l->limit, l->reason_type, NULL, NULL, 0};
    if (!list_id(l, id) || !aisle_text_raw(out, "{\"recommendation_id\":\"") || !aisle_text_raw(out, id) ||
        !aisle_text_raw(out, "\",\"model_version\":") || !aisle_text_int(out, w->shelf->model_version) ||
        (l->said && !aisle_text_raw(out, l->said)) || !aisle_encode_trial(&l->trial, out) ||
        !aisle_text_raw(out, ",\"items\":"))
        return aisle_no_memory(r);
    AISLE_TRY(aisle_encode_hits(r, w->shelf, hits, style, out));
    return aisle_text_raw(out, "}") ? AISLE_OK : aisle_no_memory(r);
}

static aisle_status answer(aisle_shared_list *l, const aisle_loop_state *with)
{
    const aisle_answering w = aisle_answering_of(l->work.r, l->shelf, with);
    aisle_hits hits = {.hit = aisle_hits_room(w.arena, l->limit)};
    aisle_status st = hits.hit ? l->find(l, &w, &hits) : aisle_no_memory(l->work.r);
    if (st == AISLE_OK) st = encode(l, &w, &hits);
    if (st != AISLE_OK) aisle_buf_deinit(&l->body);
    aisle_shelf_unref(l->shelf);
    return st;
}

static aisle_status run(aisle_work *w, aisle_error *err)
{
    (void)err; /* it is the request's */
    return answer((aisle_shared_list *)w, aisle_loop_of(w->r)->beside);
}

static aisle_status reply(aisle_work *w)
{
    aisle_shared_list *l = (aisle_shared_list *)w;
    const aisle_str text = {l->body.data, (size_t)l->body.len};
    aisle_status st = aisle_answer_cached_text(w->r, text, l->own ? -1 : l->max_age);
    aisle_buf_deinit(&l->body);
    return st;
}

/* The shelf is that of the variant of who asks, where it has one. */
static aisle_status begin_trial(aisle_shared_list *l)
{
    aisle_request *r = l->work.r;
    const aisle_trying with = aisle_trying_of(r, l->shelf, l->surface);
    aisle_experiments *e = aisle_experiments_get(with.experiments);
    l->own = e && aisle_experiments_reach(e, l->surface, aisle_time_now_ms());
    aisle_experiments_unref(e);
    AISLE_TRY(aisle_trial_begin(&with, &l->who, &l->trial, aisle_request_error(r)));
    l->own |= l->trial.course.experiment[0] != '\0'; /* it looks once more, later */
    if (!l->trial.shelf) return AISLE_OK;
    aisle_shelf_unref(l->shelf);
    l->shelf = l->trial.shelf;
    l->trial.shelf = NULL;
    return AISLE_OK;
}

aisle_status aisle_shared_answer(aisle_request *r, aisle_shared_list *l)
{
    aisle_loop_state *loop = aisle_loop_of(r);
    l->work = (aisle_work){.r = r, .run = run, .reply = reply, .on = loop->scoring};
    if (!aisle_ask_admitted(r, &l->who, 1)) return AISLE_OK;
    if (!(l->shelf = aisle_shelf_or_refuse(r))) return AISLE_OK;
    aisle_status st = begin_trial(l);
    const bool heavy = st == AISLE_OK && l->who.wishes.diversity > 0;
    if (heavy) st = aisle_work_submit(&l->work);
    if (st != AISLE_OK) aisle_shelf_unref(l->shelf);
    if (heavy || st != AISLE_OK) return st;
    AISLE_TRY(answer(l, loop));
    return reply(&l->work);
}
