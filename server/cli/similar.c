/* aisle similar: the neighbours of one item, from interactions, from baskets or from its text. */
#include <stdio.h>
#include <string.h>

#include "aisle/scorer.h"
#include "server/cli/command.h"
#include "server/cli/hits_print.h"
#include "server/cli/options.h"

typedef struct similar_options {
    const char *data, *model, *item, *intent;
    int64_t n;
    bool json;
} similar_options;

static const aisle_usage usage = {
    .command = "similar",
    .synopsis = "--item ID [options]",
    .about = "Lists the items most like one item. --intent similar: those that the same people took, then "
             "those of\n"
             "like text; complementary: those that are bought with it; content: by text alone.",
    .examples = "  aisle similar --data shop --item 22423\n"
                "  aisle similar --model model.aisle --item 22423 --intent content -n 5",
};

static aisle_status similar(const similar_options *o, aisle_model_source *s, aisle_error *err)
{
    int32_t item, n = (int32_t)o->n;
    aisle_intent intent = strcmp(o->intent, "content") == 0         ? AISLE_INTENT_CONTENT
                          : strcmp(o->intent, "complementary") == 0 ? AISLE_INTENT_COMPLEMENTARY
                                                                    : AISLE_INTENT_SIMILAR;
    AISLE_TRY(aisle_model_source_item(s, aisle_str_from(o->item), &item, err));
    const aisle_related_query q = {
        .item = item, .intent = intent, .n = n, .allowed = s->allowed, .newcomers = s->newcomers};
    aisle_scorer *scorer = aisle_scorer_new();
    aisle_hits hits = {.hit = aisle_array(n, sizeof *hits.hit)};
    aisle_status st = scorer && hits.hit ? aisle_scorer_related(scorer, s->model, &q, &hits, err)
                                         : aisle_fail(err, AISLE_ENOMEM, "out of memory for %d items", n);
    /* every reason is the item itself */
    for (int32_t h = 0; st == AISLE_OK && h < hits.n; h++) hits.hit[h].n_reasons = 0;
    if (st == AISLE_OK) st = aisle_hits_print(s, &hits, o->json, err);
    aisle_free(hits.hit);
    aisle_scorer_free(scorer);
    return st;
}

int aisle_command_similar(int argc, char **argv)
{
    static const char *const intents[] = {"similar", "complementary", "content", NULL};
    similar_options o = {.n = 10, .intent = "similar"};
    const aisle_option options[] = {
        {"data", 'd', "DIR", AISLE_OPT_TEXT, &o.data, 0, 0, NULL,
         "data folder of the shop (default data, or none with --model)"},
        {"model", 'm', "FILE", AISLE_OPT_TEXT, &o.model, 0, 0, NULL, "model file instead of the current one"},
        {"item", 'i', "ID", AISLE_OPT_TEXT, &o.item, 0, 0, NULL, "the item"},
        {"number", 'n', "N", AISLE_OPT_INT, &o.n, 1, 1000, NULL, "how many"},
        {"intent", 0, "KIND", AISLE_OPT_CHOICE, &o.intent, 0, 0, intents, "what makes items alike"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &o.json, 0, 0, NULL, "one JSON object on stdout"},
        {0}};
    aisle_error err = {0};
    aisle_model_source source;
    int32_t n_args;
    int code = aisle_options_parse(&usage, options, argc, argv, NULL, &n_args);
    if (code >= 0) return code;
    if (!o.item) {
        aisle_fail(&err, AISLE_EINVAL, "like which item? name it with --item");
        return aisle_end("similar", o.json, AISLE_EINVAL, &err);
    }
    aisle_status st = aisle_model_source_open(o.data, o.model, &source, &err);
    if (st == AISLE_OK) st = similar(&o, &source, &err);
    aisle_model_source_close(&source);
    return aisle_end("similar", o.json, st, &err);
}
