/* From the store's newest events and the question's items to weights, as training would give them. */
#include "server/recommend/taste.h"

#include <string.h>

#include "server/recommend/scenario.h"
#include "server/store/view_kept.h"

enum { RECENT = AISLE_RECENT_MAX, DISLIKED_MAX = RECENT };

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for who asks for recommendations");
}

/* The model's user: an account, or a guest session that took part in training under "session:ID". Who was erased is unknown
 * at once, also to a model that was made before. */
static aisle_status find_user(const aisle_answering *w, const aisle_ask *ask, bool erased, int32_t *out,
                              aisle_error *err)
{
    aisle_str id = ask->user;
    *out = -1;
    if (erased) return AISLE_OK;
    if (!id.ptr) {
        char *name = aisle_arena_printf(w->arena, "session:%.*s", (int)ask->session.len, ask->session.ptr);
        if (!name) return no_memory(err);
        id = aisle_str_from(name);
    }
    *out = aisle_model_find_user(w->shelf->model, id);
    return AISLE_OK;
}

static aisle_status gather_recent(const aisle_answering *w, const aisle_ask *ask, aisle_taste *t,
                                  aisle_error *err)
{
    const aisle_shelf *s = w->shelf;
    const aisle_recents_ask of = {ask->user, ask->session, RECENT};
    aisle_recents_found found;
    aisle_recent_event known[RECENT];
    aisle_str ids[RECENT];
    int32_t items[RECENT], n_known = 0;
    if (!ask->user.ptr && !ask->session.ptr) return AISLE_OK;
    AISLE_TRY(aisle_recents_get(w->recents, w->view, &of, w->arena, &found, err));
    AISLE_TRY(find_user(w, ask, found.erased, &t->user, err));
    for (int32_t i = 0; i < found.n; i++) ids[i] = found.events[i].item;
    aisle_shelf_find_all(s, ids, found.n, items);
    for (int32_t i = 0; i < found.n; i++) {
        const aisle_recent *e = &found.events[i];
        const int32_t item = items[i];
        if (item < 0) continue;
        if (e->type == AISLE_EVENT_DISLIKE) t->exclude[t->n_exclude++] = item;
        if (!aisle_recent_is_trained(s->model, s->since_ms, t->user, item, e->at_ms))
            known[n_known++] = (aisle_recent_event){item, e->type, e->value};
    }
    t->n_recent = aisle_recent_weigh(&s->weights, known, n_known, t->recent);
    return AISLE_OK;
}

/* Nothing was done yet, but a record came: a hybrid knows what people of its groups take. */
static aisle_status gather_groups(const aisle_answering *w, const aisle_ask *ask, aisle_taste *t,
                                  aisle_error *err)
{
    const aisle_model *m = w->shelf->model;
    aisle_user record;
    if (t->user >= 0 || !ask->user.ptr || !aisle_model_hybrid(m)) return AISLE_OK;
    int32_t *groups = aisle_arena_calloc(w->arena, AISLE_GROUP_ATTRIBUTES, sizeof *groups);
    if (!groups) return no_memory(err);
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) groups[a] = -1;
    t->groups = groups;
    aisle_status st = aisle_view_user(w->view, ask->user, w->arena, &record, err);
    if (st == AISLE_ENOTFOUND) return AISLE_OK;
    AISLE_TRY(st);
    groups[0] = aisle_model_group(m, 0, record.age_band);
    groups[1] = aisle_model_group(m, 1, record.gender);
    groups[2] = aisle_model_group(m, 2, record.country);
    return AISLE_OK;
}

/* Bought, wished for, or in the cart. */
static aisle_status leave_out(const aisle_answering *w, const aisle_ask *ask, aisle_taste *t,
                              aisle_error *err)
{
    aisle_str *ids = NULL;
    int32_t n = 0;
    const unsigned kinds = aisle_ask_left_out(ask);
    if (!kinds) return AISLE_OK;
    AISLE_TRY(aisle_view_kept(w->view, ask->user, ask->session, kinds, w->arena, &ids, &n, err));
    t->exclude_room += n;
    int32_t *all = aisle_arena_calloc(w->arena, (size_t)t->exclude_room, sizeof *all);
    if (!all) return no_memory(err);
    memcpy(all, t->exclude, (size_t)t->n_exclude * sizeof *all);
    t->exclude = all;
    int32_t *items = all + t->n_exclude, n_found = 0;
    aisle_shelf_find_all(w->shelf, ids, n, items);
    for (int32_t i = 0; i < n; i++)
        if (items[i] >= 0) items[n_found++] = items[i];
    t->n_exclude += n_found;
    return AISLE_OK;
}

aisle_status aisle_taste_gather(const aisle_answering *w, const aisle_ask *ask, aisle_taste *out,
                                aisle_error *err)
{
    float weight = aisle_named_weight(&w->shelf->weights);
    aisle_taste t = {.user = -1};
    t.recent = aisle_arena_calloc(w->arena, (size_t)(RECENT + ask->n_items), sizeof *t.recent);
    t.exclude_room = (int32_t)(DISLIKED_MAX + ask->n_exclude);
    t.exclude = aisle_arena_calloc(w->arena, (size_t)t.exclude_room, sizeof *t.exclude);
    if (!t.recent || !t.exclude) return no_memory(err);
    AISLE_TRY(gather_recent(w, ask, &t, err));
    AISLE_TRY(gather_groups(w, ask, &t, err));
    for (int64_t i = 0; i < ask->n_items; i++) {
        int32_t item = aisle_shelf_find(w->shelf, ask->items[i]);
        if (item >= 0) t.recent[t.n_recent++] = (aisle_weighted_item){item, weight};
    }
    for (int64_t i = 0; i < ask->n_exclude; i++) {
        int32_t item = aisle_shelf_find(w->shelf, ask->exclude[i]);
        if (item >= 0) t.exclude[t.n_exclude++] = item;
    }
    AISLE_TRY(leave_out(w, ask, &t, err));
    *out = t;
    return AISLE_OK;
}

aisle_status aisle_taste_narrow(const aisle_answering *w, const aisle_ask *ask, aisle_taste *t,
                                aisle_error *err)
{
    aisle_csr seen = aisle_model_seen(w->shelf->model);
    if (ask->sight == AISLE_SIGHT_ALL) return AISLE_OK;
    int64_t from = t->user < 0 ? 0 : seen.row_ptr[t->user], to = t->user < 0 ? 0 : seen.row_ptr[t->user + 1];
    int32_t n = t->n_exclude, taken = ask->sight == AISLE_SIGHT_NONE ? t->n_recent : 0;
    int32_t *exclude =
        aisle_arena_calloc(w->arena, (size_t)(to - from) + (size_t)n + (size_t)taken + 1, sizeof *exclude);
    if (!exclude) return no_memory(err);
    if (n) memcpy(exclude, t->exclude, (size_t)n * sizeof *exclude);
    for (int64_t i = from; i < to; i++) exclude[n++] = seen.col[i];
    for (int32_t i = 0; i < taken; i++) exclude[n++] = t->recent[i].item;
    t->exclude = exclude;
    t->n_exclude = n;
    t->n_recent -= taken;
    t->user = -1;
    if (ask->sight == AISLE_SIGHT_NONE) t->groups = NULL;
    return AISLE_OK;
}

bool aisle_taste_masks(const void *ctx, int32_t item)
{
    const aisle_tasting *of = ctx;
    const aisle_taste *t = of->taste;
    aisle_csr seen = aisle_model_seen(of->shelf->model);
    bool out = false;
    for (int32_t i = 0; i < t->n_exclude && !out; i++) out = t->exclude[i] == item;
    for (int32_t i = 0; i < t->n_recent && !out; i++) out = t->recent[i].item == item;
    if (t->user < 0) return out;
    for (int64_t e = seen.row_ptr[t->user]; e < seen.row_ptr[t->user + 1] && !out; e++)
        out = seen.col[e] == item;
    return out;
}
