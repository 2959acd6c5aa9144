/* aisle recommend: what the shop would show one user, or the visitor who looked at some items. */
#include <stdio.h>
#include <string.h>

#include "aisle/scorer.h"
#include "aisle/train.h"
#include "server/cli/command.h"
#include "server/cli/filter_option.h"
#include "server/cli/hits_print.h"
#include "server/cli/options.h"

typedef struct recommend_options {
    const char *data, *model, *user, *filter;
    aisle_strings items;
    int64_t n;
    bool explain, json, seen;
} recommend_options;

static const aisle_usage usage = {
    .command = "recommend",
    .synopsis = "(--user ID | --items ID,ID,...) [options]",
    .about =
        "Recommends items from the data folder's current model, or from a model file (then without titles\n"
        "and prices). A user's newest events count even when the model was trained before them; a user\n"
        "unknown to model and shop gets what is popular. --filter takes what `filter` of the server's\n"
        "recommendations takes: a JSON object of conditions on brand, category, price, stock and so on.",
    .examples = "  aisle recommend --data shop --user 17850 --explain\n"
                "  aisle recommend --model model.aisle --items 22423,85123A -n 5 --json\n"
                "  aisle recommend --data shop --user 17850 --filter "
                "'{\"price_max\":500,\"not\":{\"brand\":\"Aba\"}}'",
};

enum { MAX_GIVEN = 1000 };

typedef struct given_list {
    aisle_weighted_item at[MAX_GIVEN];
    int32_t n;
    int32_t disliked[AISLE_RECENT_MAX];
    int32_t n_disliked;
    int32_t groups[AISLE_GROUP_ATTRIBUTES];
} given_list;

/* Splits "a,b,c". */
static aisle_status take_items(const aisle_model_source *s, const char *list, float weight, given_list *g,
                               aisle_error *err)
{
    while (list) {
        const char *comma = strchr(list, ',');
        aisle_str id = {list, comma ? (size_t)(comma - list) : strlen(list)};
        if (!id.len)
            return aisle_fail(err, AISLE_EINVAL, "--items: an empty id; separate ids with one comma");
        if (g->n == MAX_GIVEN)
            return aisle_fail(err, AISLE_EINVAL, "--items: more than %d ids; give fewer", MAX_GIVEN);
        AISLE_TRY(aisle_model_source_item(s, id, &g->at[g->n].item, err));
        g->at[g->n++].weight = weight;
        list = comma ? comma + 1 : NULL;
    }
    return AISLE_OK;
}

/* As the server's answer takes them, so that both say the same. */
static aisle_status take_recent(aisle_model_source *s, const aisle_weights *w, int32_t known, aisle_str user,
                                given_list *g, aisle_error *err)
{
    aisle_recent_event events[AISLE_RECENT_MAX];
    aisle_recent *recent = NULL;
    int32_t n = 0, n_new = 0;
    int64_t created_ms = aisle_trained_created_ms(aisle_model_meta(s->model));
    AISLE_TRY(
        aisle_view_recent(s->view, user, (aisle_str){0}, AISLE_RECENT_MAX, &s->arena, &recent, &n, err));
    for (int32_t k = 0; k < n; k++) {
        int32_t item = aisle_model_source_find(s, recent[k].item);
        if (item < 0) continue;
        if (recent[k].type == AISLE_EVENT_DISLIKE) g->disliked[g->n_disliked++] = item;
        if (!aisle_recent_is_trained(s->model, created_ms, known, item, recent[k].at_ms))
            events[n_new++] = (aisle_recent_event){item, recent[k].type, recent[k].value};
    }
    g->n = aisle_recent_weigh(w, events, n_new, g->at);
    return AISLE_OK;
}

/* Of somebody with a record whom the model has not met. */
static aisle_status take_groups(aisle_model_source *s, aisle_str user, given_list *g, aisle_query *q,
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

static aisle_status take_user(aisle_model_source *s, const aisle_weights *w, const char *id, aisle_query *q,
                              given_list *g, aisle_error *err)
{
    aisle_str user = aisle_str_from(id);
    q->user = aisle_model_find_user(s->model, user);
    if (s->view) AISLE_TRY(take_recent(s, w, q->user, user, g, err));
    if (s->view && q->user < 0) AISLE_TRY(take_groups(s, user, g, q, err));
    bool grouped = false;
    for (int a = 0; q->groups && a < AISLE_GROUP_ATTRIBUTES; a++) grouped = grouped || q->groups[a] >= 0;
    if (q->user < 0 && g->n == 0 && !grouped)
        fprintf(stderr, "aisle recommend: user %s is unknown to the %s: popular items follow\n", id,
                s->view ? "model and has no events" : "model");
    return AISLE_OK;
}

static aisle_status recommend(const recommend_options *o, aisle_model_source *s, aisle_error *err)
{
    given_list given = {.n = 0, .n_disliked = 0};
    aisle_query q = {.user = -1,
                     .newcomers = s->newcomers,
                     .recent = given.at,
                     .allowed = s->allowed,
                     .include_seen = o->seen,
                     .explain = o->explain,
                     .n = (int32_t)o->n};
    aisle_weights w;
    AISLE_TRY(aisle_trained_weights(aisle_model_meta(s->model), &w, err));
    for (int32_t i = 0; i < o->items.n; i++)
        AISLE_TRY(take_items(s, o->items.at[i], aisle_named_weight(&w), &given, err));
    if (o->user) AISLE_TRY(take_user(s, &w, o->user, &q, &given, err));
    q.n_recent = given.n;
    q.exclude = given.disliked;
    q.n_exclude = given.n_disliked;
    aisle_scorer *scorer = aisle_scorer_new();
    aisle_hits hits = {.hit = aisle_array(q.n, sizeof *hits.hit)};
    aisle_status st = scorer && hits.hit ? aisle_scorer_recommend(scorer, s->model, &q, &hits, err)
                                         : aisle_fail(err, AISLE_ENOMEM, "out of memory for %d items", q.n);
    if (st == AISLE_OK) st = aisle_hits_print(s, &hits, o->json, err);
    aisle_free(hits.hit);
    aisle_scorer_free(scorer);
    return st;
}

int aisle_command_recommend(int argc, char **argv)
{
    recommend_options o = {.n = 10};
    const aisle_option options[] = {
        {"data", 'd', "DIR", AISLE_OPT_TEXT, &o.data, 0, 0, NULL,
         "data folder of the shop (default data, or none with --model)"},
        {"model", 'm', "FILE", AISLE_OPT_TEXT, &o.model, 0, 0, NULL, "model file instead of the current one"},
        {"user", 'u', "ID", AISLE_OPT_TEXT, &o.user, 0, 0, NULL, "for this user"},
        {"items", 'i', "ID,ID", AISLE_OPT_LIST, &o.items, 0, 0, NULL, "for who took an interest in these"},
        {"number", 'n', "N", AISLE_OPT_INT, &o.n, 1, 1000, NULL, "how many"},
        {"filter", 'f', "JSON", AISLE_OPT_TEXT, &o.filter, 0, 0, NULL, "only what passes these conditions"},
        {"explain", 'e', NULL, AISLE_OPT_FLAG, &o.explain, 0, 0, NULL, "name the items that speak for each"},
        {"seen", 0, NULL, AISLE_OPT_FLAG, &o.seen, 0, 0, NULL, "also items that the user knows"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &o.json, 0, 0, NULL, "one JSON object on stdout"},
        {0}};
    aisle_error err = {0};
    aisle_model_source source;
    int32_t n_args;
    int code = aisle_options_parse(&usage, options, argc, argv, NULL, &n_args);
    if (code >= 0) return code;
    if (!o.user == (o.items.n == 0)) {
        aisle_fail(&err, AISLE_EINVAL, "%s; name one user with --user or items with --items",
                   o.user ? "both --user and --items" : "for whom?");
        return aisle_end("recommend", o.json, AISLE_EINVAL, &err);
    }
    aisle_filter filter;
    aisle_arena arena;
    aisle_arena_init(&arena);
    aisle_status st = aisle_filter_option_parse(o.filter, &arena, &filter, &err);
    if (st != AISLE_OK) {
        aisle_arena_deinit(&arena);
        return aisle_end("recommend", o.json, st, &err);
    }
    st = aisle_model_source_open(o.data, o.model, &source, &err);
    if (st == AISLE_OK) st = aisle_filter_option_apply(&filter, &source, &err);
    if (st == AISLE_OK) st = recommend(&o, &source, &err);
    aisle_model_source_close(&source);
    aisle_arena_deinit(&arena);
    return aisle_end("recommend", o.json, st, &err);
}
