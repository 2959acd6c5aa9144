/* aisle recommend: what the shop would show one user, or the visitor who looked at some items. */
#include <stdio.h>
#include <string.h>

#include "aisle/scorer.h"
#include "aisle/train.h"
#include "server/cli/command.h"
#include "server/cli/filter_option.h"
#include "server/cli/given.h"
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

static aisle_status take_user(aisle_model_source *s, const aisle_weights *w, const char *id, aisle_query *q,
                              aisle_given *g, aisle_error *err)
{
    aisle_str user = aisle_str_from(id);
    q->user = aisle_model_find_user(s->model, user);
    if (s->view) AISLE_TRY(aisle_given_recent(s, w, q->user, user, g, err));
    if (s->view && q->user < 0) AISLE_TRY(aisle_given_groups(s, user, g, q, err));
    bool grouped = false;
    for (int a = 0; q->groups && a < AISLE_GROUP_ATTRIBUTES; a++) grouped = grouped || q->groups[a] >= 0;
    if (q->user < 0 && g->n == 0 && !grouped)
        fprintf(stderr, "aisle recommend: user %s is unknown to the %s: popular items follow\n", id,
                s->view ? "model and has no events" : "model");
    return AISLE_OK;
}

static aisle_status recommend(const recommend_options *o, aisle_model_source *s, aisle_error *err)
{
    aisle_given given = {.n = 0};
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
        AISLE_TRY(aisle_given_items(s, o->items.at[i], aisle_named_weight(&w), &given, err));
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
