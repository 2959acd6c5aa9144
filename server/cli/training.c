/* Loading, opening, and saying: shared by `aisle train` and `aisle evaluate`. */
#include "server/cli/training.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aisle/hybrid.h"
#include "aisle/memory.h"
#include "aisle/str.h"
#include "server/store/store.h"

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

/* "870 MiB", "1.2 GiB" */
static const char *size_text(int64_t bytes, char text[32])
{
    const double mib = (double)bytes / 1048576;
    if (mib < 1000)
        snprintf(text, 32, "%.*f MiB", mib < 10 ? 1 : 0, mib);
    else
        snprintf(text, 32, "%.*f GiB", mib < 10240 ? 1 : 0, mib / 1024);
    return text;
}

/* The matrix is part of what training takes and is there already, so it counts as free. */
static int64_t free_bytes(const aisle_train_sizes *s)
{
    int64_t available = aisle_available_bytes(), matrix = 8 * (s->n_pairs + s->n_users);
    return available < INT64_MAX - matrix ? available + matrix : INT64_MAX;
}

static void on_start(void *ctx, const aisle_train_sizes *s)
{
    aisle_training *t = ctx;
    char device[256] = "", takes[32], free_text[32] = "an unknown amount";
    int64_t bytes = aisle_train_bytes(&t->trainer, s, &t->params), there = free_bytes(s);
    if (t->makes_model && bytes < INT64_MAX / 2) bytes += aisle_hybrid_bytes(&t->trainer, s, &t->params);
    t->ops->describe(t->device, device, sizeof device);
    size_text(bytes, takes);
    if (there < INT64_MAX) size_text(there, free_text);
    aisle_meter_finish(&t->meter);
    if (t->options->json)
        (void)aisle_say(json_pack("{s:s, s:i, s:i, s:I, s:i, s:s, s:s, s:I, s:o}", "event", "start", "users",
                                  s->n_users, "items", s->n_items, "pairs", (json_int_t)s->n_pairs, "factors",
                                  t->params.factors, "device", device, "passed_over", t->passed_over, "bytes",
                                  (json_int_t)bytes, "free_bytes",
                                  there < INT64_MAX ? json_integer((json_int_t)there) : json_null()),
                        NULL);
    else
        fprintf(stderr,
                "%" PRId32 " users x %" PRId32 " items, %" PRId64 " pairs; %d factors; %s%s%s%s; "
                "training takes about %s; %s are free\n",
                s->n_users, s->n_items, s->n_pairs, t->params.factors, device, t->passed_over[0] ? " (" : "",
                t->passed_over, t->passed_over[0] ? ")" : "", takes, free_text);
    if (bytes > there)
        fprintf(stderr,
                "aisle: warning: training takes about %s and %s are free: it may be slow, or killed; fewer "
                "--factors, --similar and --content take less\n",
                takes, free_text);
}

static void on_iteration(void *ctx, const aisle_train_iteration *it)
{
    aisle_training *t = ctx;
    if (t->makes_model) aisle_training_curve_add(&t->curve, it);
    if (t->options->json) {
        (void)aisle_say(json_pack("{s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:f, s:I}", "event", "iteration",
                                  "phase", it->searching ? "search" : "train", "iteration", it->iteration,
                                  "of", it->of, "loss", number(it->loss), "ndcg", number(it->ndcg), "recall",
                                  number(it->recall), "seconds", it->seconds, "bytes",
                                  (json_int_t)aisle_peak_rss_bytes()),
                        NULL);
        return;
    }
    char metric[64] = "";
    if (!t->meter.terminal) return;
    if (isfinite(it->ndcg))
        snprintf(metric, sizeof metric, "  NDCG@20 %.4f  Recall@20 %.4f", it->ndcg, it->recall);
    fprintf(stderr, "\r\033[K%-6s %3d/%d  loss %.6g%s  %.2f s", it->searching ? "search" : "train",
            it->iteration, it->of, it->loss, metric, it->seconds);
    if (it->iteration == it->of) fputc('\n', stderr);
    t->meter.drawn = it->iteration < it->of;
}

static aisle_status load(aisle_training *t, aisle_error *err)
{
    aisle_store *store = NULL;
    AISLE_TRY(aisle_store_open(t->options->data, false, &store, err));
    aisle_status st = AISLE_OK;
    t->dataset = aisle_dataset_new();
    if (!t->dataset) st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the dataset");
    aisle_sink sink = {0};
    if (st == AISLE_OK) sink = aisle_dataset_sink(t->dataset);
    if (st == AISLE_OK && t->options->hold_out) {
        t->held = aisle_held_new(sink, (int32_t)t->options->hold_out, &t->params.weights);
        if (t->held)
            sink = aisle_held_sink(t->held);
        else
            st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the people held out");
    }
    if (st == AISLE_OK)
        st = aisle_store_load_upto(store, &sink, &t->meter.progress, &t->params.last_event, err);
    if (st == AISLE_OK && t->held) st = aisle_held_finish(t->held, err);
    if (st == AISLE_OK && aisle_dataset_events(t->dataset).n == 0)
        st = aisle_fail(err, AISLE_EINVAL, "%s holds no events; bring some in with `aisle import --data %s`",
                        t->options->data, t->options->data);
    aisle_store_close(store);
    return st;
}

aisle_status aisle_training_open(aisle_training *t, const char *command, const aisle_train_options *options,
                                 aisle_error *err)
{
    *t = (aisle_training){.options = options};
    aisle_meter_start(&t->meter, command, options->json);
    AISLE_TRY(aisle_train_options_read(options, &t->params, err));
    AISLE_TRY(aisle_backend_find(options->backend, options->backend_dir, &t->ops, t->passed_over,
                                 sizeof t->passed_over, err));
    aisle_device_params device = {.threads = (int32_t)options->threads,
                                  .ordinal = (int32_t)options->device,
                                  .devices = (int32_t)options->devices,
                                  .memory_bytes = options->memory << 20};
    AISLE_TRY(t->ops->open(&device, &t->device, err));
    AISLE_TRY(load(t, err));
    t->trainer = (aisle_trainer){
        t->ops, t->device, (int32_t)options->threads, &t->meter.progress, on_start, on_iteration, t};
    return AISLE_OK;
}

void aisle_training_close(aisle_training *t)
{
    aisle_meter_finish(&t->meter);
    if (t->device) t->ops->close(t->device);
    aisle_dataset_free(t->dataset);
    aisle_held_free(t->held);
    aisle_training_curve_deinit(&t->curve);
    *t = (aisle_training){0};
}
