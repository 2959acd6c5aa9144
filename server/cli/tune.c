/* `aisle tune`: looks for the settings of one kind of model on a validation part. */
#include <stdio.h>

#include "server/cli/evaluation_names.h"
#include "server/cli/holdout.h"
#include "server/cli/tuning.h"

static const aisle_usage usage = {
    "tune",
    "[options]",
    "Looks for good settings of one kind of model: sets drawn at random from ranges, many tried with little\n"
    "effort, the best third of them with three times as much, and so on (Hyperband). They are fitted to a\n"
    "part of the training events and measured on the rest. What --split sets aside is never looked at; it "
    "is\n"
    "what `aisle evaluate` measures with the same --split, --fraction and --seed. With --state, the same\n"
    "command goes on where an earlier one was ended, and finds the same. --out is a file for --config. The\n"
    "shop keeps the newest searches: the console plots them.",
    "  aisle tune --data shop --model als --trials 60 --state als.jsonl --out als.conf\n"
    "  aisle tune --data shop --model item-knn --split time --time 10 --jobs 4 --report t.html\n"
    "  aisle tune --data shop --range factors=32..512 --range exponent --trials 40 --at 10\n"
    "  aisle train --data shop --config als.conf",
    0,
    0};

int aisle_command_tune(int argc, char **argv)
{
    aisle_train_options o;
    char models[400];
    aisle_tuning t = {.options = &o,
                      .command = usage.command,
                      .model = "als",
                      .fraction = .2,
                      .inner_fraction = .1,
                      .at = 20,
                      .trials = 30,
                      .jobs = 1,
                      .rungs = 3};
    snprintf(models, sizeof models, "kind of model: %s", aisle_kind_names());
    const aisle_option own[] = {
        {"model", 'm', "NAME", AISLE_OPT_TEXT, &t.model, 0, 0, NULL, models},
        {"trials", 'n', "N", AISLE_OPT_INT, &t.trials, 1, 100000, NULL,
         "sets of settings; the given ones are the first"},
        {"time", 0, "MINUTES", AISLE_OPT_REAL, &t.minutes, 0, 1e6, NULL,
         "end after so long; 0 = when all trials are done"},
        {"range", 0, "NAME[=A..B]", AISLE_OPT_LIST, &t.range, 0, 0, NULL,
         "search this setting, from A to B; without any, what is usual for the model"},
        {"metric", 0, "NAME", AISLE_OPT_TEXT, &t.metric, 0, 0, NULL, "what is best: ndcg, or rmse of stars"},
        {"at", 0, "K", AISLE_OPT_INT, &t.at, 1, 1000, NULL, "cut-off of the metric"},
        {"split", 0, "KIND", AISLE_OPT_CHOICE, &t.split, 0, 0, aisle_split_names,
         "set a test part aside first"},
        {"fraction", 0, "SHARE", AISLE_OPT_REAL, &t.fraction, 1e-6, .999, NULL, "of --split"},
        {"inner", 0, "KIND", AISLE_OPT_CHOICE, &t.inner, 0, 0, aisle_split_names,
         "how the validation part is taken from the rest; as --split, or random"},
        {"inner-fraction", 0, "SHARE", AISLE_OPT_REAL, &t.inner_fraction, 1e-6, .999, NULL, "of --inner"},
        {"rungs", 0, "N", AISLE_OPT_INT, &t.rungs, 1, AISLE_TUNE_MAX_RUNGS, NULL,
         "steps of effort, each three times the one before; 1 = all with full effort"},
        {"users", 0, "N", AISLE_OPT_INT, &t.users, 0, 2e9, NULL, "measure a sample of N users; 0 = all"},
        {"jobs", 'j', "N", AISLE_OPT_INT, &t.jobs, 1, AISLE_TUNE_MAX_JOBS, NULL,
         "trials at once, which share the threads"},
        {"state", 0, "FILE", AISLE_OPT_TEXT, &t.state, 0, 0, NULL,
         "written after every look; go on from it where it exists"},
        {"out", 'o', "FILE", AISLE_OPT_TEXT, &t.out, 0, 0, NULL,
         "write the best settings here, for --config"},
        {"report", 0, "FILE", AISLE_OPT_TEXT, &t.report, 0, 0, NULL,
         "write the metric against each setting as one HTML page"},
        {0},
    };
    aisle_option table[AISLE_TRAIN_OPTION_ROWS];
    aisle_error err = {0};
    aisle_train_options_init(&o, AISLE_SCOPE_FIT, own, table);
    int code = aisle_train_options_parse(&o, &usage, table, argc, argv);
    if (code < 0) code = aisle_end(usage.command, o.json, aisle_tuning_go(&t, &err), &err);
    aisle_train_options_deinit(&o);
    return code;
}
