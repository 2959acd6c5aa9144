/* `aisle evaluate`: how well models rank what was held out, by a split, by a file, or for a finished model.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aisle/str.h"
#include "server/cli/evaluation.h"
#include "server/cli/evaluation_names.h"
#include "server/cli/holdout.h"

static const char *const candidates[] = {"all", "cold", NULL};

static const aisle_usage usage = {
    "evaluate",
    "[options]",
    "Holds out a part of the data folder's events, fits each model to the rest, ranks the whole catalogue "
    "for\n"
    "every user and shows the models in one table; models of stars are measured by their errors. With "
    "--test,\n"
    "everything in the folder is fitted and the file's pairs are ranked; with --model as well, that model "
    "is\n"
    "measured and nothing is fitted. --user-core and --item-core are applied before the split. --compare "
    "tests\n"
    "each model against the first, user by user; p-values are corrected for their number (Holm).",
    "  aisle evaluate --data shop --split time --fraction .1 --factors 128\n"
    "  aisle evaluate --data shop --split leave-last --compare als,item-knn,popular --metric ndcg@10\n"
    "  aisle evaluate --data shop --split cold-item --models content,popular --candidates cold\n"
    "  aisle evaluate --data shop --config best.conf --report quality.html\n"
    "  aisle evaluate --data shop --test test.txt --preset lightgcn --binary\n"
    "  aisle evaluate --model m.aisle --test t.csv --map user=customer,item=sku --event-type purchase",
    0,
    0};

static aisle_status read_cuts(const char *text, aisle_eval_params *p, aisle_error *err)
{
    aisle_str rest = aisle_str_from(text);
    while (rest.ptr) {
        int64_t k = 0;
        const char *comma = memchr(rest.ptr, ',', rest.len);
        aisle_str part = {rest.ptr, comma ? (size_t)(comma - rest.ptr) : rest.len};
        rest = comma ? (aisle_str){comma + 1, rest.len - part.len - 1} : (aisle_str){NULL, 0};
        if (!aisle_str_to_i64(part, &k) || k < 1 || k > 1000 || p->n_cuts == AISLE_EVAL_MAX_CUTS ||
            (p->n_cuts > 0 && k <= p->cuts[p->n_cuts - 1]))
            return aisle_fail(err, AISLE_EINVAL,
                              "--at %s: up to %d ascending numbers, each 1 to 1000, as 5,10,20", text,
                              AISLE_EVAL_MAX_CUTS);
        p->cuts[p->n_cuts++] = (int32_t)k;
    }
    return AISLE_OK;
}

int aisle_command_evaluate(int argc, char **argv)
{
    aisle_train_options o;
    aisle_evaluation e = {
        .options = &o, .command = usage.command, .fraction = .2, .folds = 5, .candidates = candidates[0]};
    const char *at = "5,10,20";
    int64_t bootstrap = 0, max_users = 0;
    const char *event_types[AISLE_EVENT_TYPES + 1] = {NULL};
    for (int i = 0; i < AISLE_EVENT_TYPES; i++) event_types[i] = aisle_event_type_name((aisle_event_type)i);
    char models[500];
    snprintf(models, sizeof models,
             "which of %s; without it als, item-knn, content, popular where the data allow",
             aisle_kind_names());
    const aisle_option own[] = {
        {"split", 0, "KIND", AISLE_OPT_CHOICE, &e.split, 0, 0, aisle_split_names,
         "what is held out; random without --test"},
        {"fraction", 0, "SHARE", AISLE_OPT_REAL, &e.fraction, 1e-6, .999, NULL,
         "of pairs, events (time), days, items (cold-item) or users (cold-user) that is held out"},
        {"folds", 0, "N", AISLE_OPT_INT, &e.folds, 2, 100, NULL,
         "of --split fold: each is held out once, means are over all"},
        {"test", 0, "FILE", AISLE_OPT_TEXT, &e.test, 0, 0, NULL, "held-out events from a file"},
        {"preset", 0, "NAME", AISLE_OPT_TEXT, &e.preset, 0, 0, NULL,
         "how to read --test, as in `aisle import`"},
        {"map", 0, "A=B,...", AISLE_OPT_TEXT, &e.map, 0, 0, NULL, "columns of --test, as in `aisle import`"},
        {"event-type", 0, "TYPE", AISLE_OPT_CHOICE, &e.event_type, 0, 0, event_types,
         "type of every event of --test, where no column says it"},
        {"model", 0, "FILE|N", AISLE_OPT_TEXT, &e.model_name, 0, 0, NULL,
         "a finished model, or version N of --data"},
        {"models", 'm', "LIST", AISLE_OPT_TEXT, &e.models, 0, 0, NULL, models},
        {"compare", 0, "LIST", AISLE_OPT_TEXT, &e.compare, 0, 0, NULL,
         "test the others against the first of these models, user by user"},
        {"metric", 0, "NAME[@K]", AISLE_OPT_TEXT, &e.metric, 0, 0, NULL,
         "of --compare: ndcg, or rmse of stars; the largest cut-off without @K"},
        {"candidates", 0, "WHICH", AISLE_OPT_CHOICE, &e.candidates, 0, 0, candidates,
         "items that are ranked; cold = those without an event to train on"},
        {"beyond", 0, NULL, AISLE_OPT_FLAG, &e.beyond, 0, 0, NULL,
         "also novelty, diversity, popularity bias and Gini index of the lists"},
        {"segments", 0, NULL, AISLE_OPT_FLAG, &e.segments, 0, 0, NULL,
         "also new, light and heavy users, head, tail and cold items"},
        {"report", 0, "FILE", AISLE_OPT_TEXT, &e.report, 0, 0, NULL,
         "write all of it, --beyond and --segments too, as one HTML page"},
        {"at", 0, "K,...", AISLE_OPT_TEXT, &at, 0, 0, NULL, "cut-offs"},
        {"bootstrap", 0, "N", AISLE_OPT_INT, &bootstrap, 0, 100000, NULL,
         "resamples of users for 95 % intervals; 0 = none"},
        {"users", 0, "N", AISLE_OPT_INT, &max_users, 0, 2e9, NULL, "measure a sample of N users; 0 = all"},
        {0},
    };
    aisle_option table[AISLE_TRAIN_OPTION_ROWS];
    aisle_error err = {0};
    aisle_train_options_init(&o, AISLE_SCOPE_FIT, own, table);
    int code = aisle_train_options_parse(&o, &usage, table, argc, argv);
    if (code >= 0) {
        aisle_train_options_deinit(&o);
        return code;
    }
    e.params = (aisle_eval_params){
        .threads = (int32_t)o.threads, .bootstrap = (int32_t)bootstrap, .max_users = (int32_t)max_users};
    aisle_train_params train;
    aisle_status st = aisle_train_options_read(&o, &train, &err);
    if (st == AISLE_OK) e.params.seed = train.seed;
    if (e.report) e.beyond = e.segments = true;
    if (st == AISLE_OK) st = read_cuts(at, &e.params, &err);
    if (st == AISLE_OK) st = aisle_evaluation_run(&e, &err);
    aisle_train_options_deinit(&o);
    return aisle_end(usage.command, o.json, st, &err);
}
