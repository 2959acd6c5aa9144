/* `aisle train`: from the data folder's events to the next model version, or to a file. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "aisle/file.h"
#include "aisle/hybrid.h"
#include "server/cli/held_report.h"
#include "server/cli/training.h"
#include "server/jobs/beside.h"
#include "server/jobs/registry.h"

static const aisle_usage usage = {
    "train",
    "[options]",
    "Trains a model on everything the data folder holds and makes it the serving one: a blend of several\n"
    "kinds of model, by weights learned on held-out pairs, or for large catalogues ALS. With --validation,\n"
    "the best iteration count is found on held-out pairs first.",
    "  aisle train --data shop --factors 128 --validation .1 --patience 3\n"
    "  aisle train --data shop --weight view=.2,purchase=3 --half-life 90 --out model.aisle\n"
    "  aisle train --data shop --config best.conf",
    0,
    0};

typedef struct outcome {
    int64_t version; /* 0 with --out */
    const char *path;
    bool activated;
} outcome;

/* Before the work: a version that another training is about to make is refused now, not hours later. */
static aisle_status reserve(const char *data, aisle_registry **registry, outcome *o, aisle_error *err)
{
    static char path[4096];
    if (o->path) return AISLE_OK; /* --out */
    AISLE_TRY(aisle_registry_open(data, registry, err));
    AISLE_TRY(aisle_registry_next(*registry, &o->version, path, err));
    AISLE_TRY(
        aisle_beside_remove(*registry, o->version, ".report", err)); /* of a removed one of its number */
    o->path = path;
    return AISLE_OK;
}

/* A training is not lost with its curve. */
static void keep_curve(const aisle_training *t, aisle_registry *registry, const outcome *o)
{
    aisle_error why = {0};
    aisle_status st = aisle_beside_remove(registry, o->version, ".curve", &why);
    if (st == AISLE_OK) st = aisle_training_curve_write(&t->curve, registry, o->version, &why);
    if (st != AISLE_OK)
        fprintf(stderr, "aisle: warning: the curve of version %lld is not kept: %s\n", (long long)o->version,
                why.message);
}

/* The model itself comes last: whoever sees a version finds beside it what is its own, and nothing that another one of its number
 * has left. */
static aisle_status add_version(const aisle_training *t, aisle_trained *trained, aisle_registry *registry,
                                const outcome *o, aisle_error *err)
{
    char made[4096]; /* a name that aisle_registry_sweep knows */
    int n = snprintf(made, sizeof made, "%s.tmp.new", o->path);
    if (n < 0 || (size_t)n >= sizeof made)
        return aisle_fail(err, AISLE_EINVAL, "%.60s...: the path is too long", o->path);
    AISLE_TRY(aisle_trained_write(trained, t->dataset, &t->params, t->ops->name, NULL, made, err));
    keep_curve(t, registry, o);
    aisle_status st = t->held ? aisle_held_report(t->held, registry, o->version, made, err) : AISLE_OK;
    aisle_status named = aisle_file_rename(made, o->path, st == AISLE_OK ? err : NULL);
    return st == AISLE_OK ? named : st; /* what could not be measured is there, and does not serve */
}

static aisle_status publish(const aisle_training *t, aisle_trained *trained, aisle_registry *registry,
                            outcome *o, aisle_error *err)
{
    AISLE_TRY(aisle_trained_quantize(trained, &t->params, t->trainer.threads, err));
    if (!registry) /* --out */
        return aisle_trained_write(trained, t->dataset, &t->params, t->ops->name, NULL, o->path, err);
    AISLE_TRY(add_version(t, trained, registry, o, err));
    int64_t pinned = 0; /* it goes on serving */
    if (o->activated)
        AISLE_TRY(aisle_registry_activate_unless_pinned(registry, o->version, AISLE_REGISTRY_LONG_MS, &pinned,
                                                        err));
    o->activated = o->activated && !pinned;
    return AISLE_OK;
}

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static void say_done(const aisle_training *t, const aisle_trained *trained, const outcome *o)
{
    if (t->options->json) {
        json_t *line =
            json_pack("{s:s, s:s, s:o, s:s, s:b, s:i, s:f, s:{s:o, s:o}}", "event", "done", "model",
                      trained->hybrid.n_parts > 0 ? "hybrid" : "als", "version",
                      o->version ? json_integer(o->version) : json_null(), "path", o->path, "activated",
                      o->activated, "iterations", trained->iterations_run, "seconds", trained->seconds,
                      "metrics", "loss", number(trained->loss), "ndcg@20", number(trained->ndcg));
        if (trained->quantized.n_sample)
            json_object_set_new(line, "f16_recall@20", json_real(trained->quantized.recall));
        (void)aisle_say(line, NULL);
        return;
    }
    if (o->version) printf("version %lld%s: ", (long long)o->version, o->activated ? ", serving" : "");
    printf("%s (%s%d iterations", o->path, trained->hybrid.n_parts > 0 ? "hybrid, " : "",
           trained->iterations_run);
    if (isfinite(trained->loss)) printf(", loss %.6g", trained->loss);
    if (isfinite(trained->ndcg)) printf(", NDCG@20 %.4f on held-out pairs", trained->ndcg);
    printf(", %.1f s)\n", trained->seconds);
    char text[160];
    if (aisle_quantized_text(&trained->quantized, text)) puts(text);
}

/* What is held out is measured beside a version, and one person in one would leave nobody. */
static aisle_status check_hold_out(const aisle_train_options *o, const char *out, aisle_error *err)
{
    if (o->hold_out == 1)
        return aisle_fail(err, AISLE_EINVAL, "--hold-out 1: 0, or one person in 2 to 1000, wanted");
    return o->hold_out && out ? aisle_fail(err, AISLE_EINVAL,
                                           "--hold-out %lld with --out: only a version of the data folder is "
                                           "measured; leave one of them out",
                                           (long long)o->hold_out)
                              : AISLE_OK;
}

int aisle_command_train(int argc, char **argv)
{
    aisle_train_options o;
    const char *out = NULL, *checkpoint = NULL;
    bool activate = true, resume = false;
    const aisle_option own[] = {
        {"out", 'o', "FILE", AISLE_OPT_TEXT, &out, 0, 0, NULL,
         "write the model here, not as the next version"},
        {"activate", 0, NULL, AISLE_OPT_FLAG, &activate, 0, 0, NULL, "serve the new version at once"},
        {"hold-out", 0, "N", AISLE_OPT_INT, &o.hold_out, 0, 1000, NULL,
         "of one person in N, 2 or more, keep the newest item out, and measure on it; 0 = of nobody"},
        {"checkpoint", 0, "FILE", AISLE_OPT_TEXT, &checkpoint, 0, 0, NULL, "saved after every iteration"},
        {"resume", 0, NULL, AISLE_OPT_FLAG, &resume, 0, 0, NULL, "go on from --checkpoint"},
        {0},
    };
    aisle_option table[AISLE_TRAIN_OPTION_ROWS];
    aisle_train_options_init(&o, AISLE_SCOPE_TRAIN, own, table);
    aisle_error err = {0};
    int code = aisle_train_options_parse(&o, &usage, table, argc, argv);
    if (code < 0 && check_hold_out(&o, out, &err) != AISLE_OK)
        code = aisle_end(usage.command, o.json, AISLE_EINVAL, &err);
    if (code >= 0) {
        aisle_train_options_deinit(&o);
        return code;
    }

    aisle_training t;
    aisle_trained trained = {0};
    aisle_registry *registry = NULL;
    outcome done = {.path = out, .activated = activate && !out};
    aisle_status st = aisle_training_open(&t, usage.command, &o, &err);
    if (st == AISLE_OK) st = reserve(o.data, &registry, &done, &err);
    t.makes_model = true;
    t.params.checkpoint = checkpoint;
    t.params.resume = resume;
    if (st == AISLE_OK) st = aisle_hybrid_train(t.dataset, &t.params, &t.trainer, &trained, &err);
    aisle_meter_finish(&t.meter);
    if (st == AISLE_ECANCELED && checkpoint)
        aisle_fail(&err, st, "interrupted; the same command with --resume goes on from %s", checkpoint);
    if (st == AISLE_OK) st = publish(&t, &trained, registry, &done, &err);
    if (st == AISLE_OK) say_done(&t, &trained, &done);
    aisle_registry_close(registry);
    aisle_trained_deinit(&trained);
    aisle_training_close(&t);
    aisle_train_options_deinit(&o);
    return aisle_end(usage.command, o.json, st, &err);
}
