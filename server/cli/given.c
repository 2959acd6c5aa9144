/* Ids of the command line and newest events of the shop as items of the model. */
#include "server/cli/given.h"

#include <string.h>

aisle_status aisle_given_items(const aisle_model_source *s, const char *list, float weight, aisle_given *g,
                               aisle_error *err)
{
    while (list) {
        const char *comma = strchr(list, ',');
        aisle_str id = {list, comma ? (size_t)(comma - list) : strlen(list)};
        if (!id.len)
            return aisle_fail(err, AISLE_EINVAL, "--items: an empty id; separate ids with one comma");
        if (g->n == AISLE_GIVEN_MAX)
            return aisle_fail(err, AISLE_EINVAL, "--items: more than %d ids; give fewer", AISLE_GIVEN_MAX);
        AISLE_TRY(aisle_model_source_item(s, id, &g->at[g->n].item, err));
        g->at[g->n++].weight = weight;
        list = comma ? comma + 1 : NULL;
    }
    return AISLE_OK;
}

aisle_status aisle_given_recent(aisle_model_source *s, const aisle_weights *w, int32_t known, aisle_str user,
                                aisle_given *g, aisle_error *err)
{
    aisle_recent_event events[AISLE_RECENT_MAX];
    aisle_recent *recent = NULL;
    int32_t n = 0, n_new = 0;
    AISLE_TRY(
        aisle_view_recent(s->view, user, (aisle_str){0}, AISLE_RECENT_MAX, &s->arena, &recent, &n, err));
    for (int32_t k = 0; k < n; k++) {
        int32_t item = aisle_model_source_find(s, recent[k].item);
        if (item < 0) continue;
        if (recent[k].type == AISLE_EVENT_DISLIKE) g->disliked[g->n_disliked++] = item;
        if (!aisle_recent_is_trained(s->model, s->created_ms, known, item, recent[k].at_ms))
            events[n_new++] = (aisle_recent_event){item, recent[k].type, recent[k].value};
    }
    g->n = aisle_recent_weigh(w, events, n_new, g->at);
    return AISLE_OK;
}

aisle_status aisle_given_groups(aisle_model_source *s, aisle_str user, aisle_given *g, aisle_query *q,
                                aisle_error *err)
{
    aisle_user record;
    aisle_status st = aisle_view_user(s->view, user, &s->arena, &record, err);
    if (st == AISLE_ENOTFOUND || !aisle_model_hybrid(s->model)) return AISLE_OK;
    AISLE_TRY(st);
    g->groups[0] = aisle_model_group(s->model, 0, record.age_band);
    g->groups[1] = aisle_model_group(s->model, 1, record.gender);
    g->groups[2] = aisle_model_group(s->model, 2, record.country);
    q->groups = g->groups;
    return AISLE_OK;
}
