/* aisle batch: the lists of all users of a model at once, into a file: for a newsletter, or a cache. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aisle/file.h"
#include "aisle/memory.h"
#include "aisle/scorer.h"
#include "aisle/train.h"
#include "server/cli/batch_device.h"
#include "server/cli/command.h"
#include "server/cli/filter_option.h"
#include "server/cli/given.h"
#include "server/cli/options.h"

typedef struct batch_options {
    const char *data, *model, *out, *filter, *backend, *backend_dir;
    int64_t n, threads, device, memory;
    bool seen, json;
} batch_options;

static const aisle_usage usage = {
    .command = "batch",
    .synopsis = "--out FILE [options]",
    .about =
        "Writes what `aisle recommend` says to every user whom the data folder's current model, or a model\n"
        "file, knows: one JSON object a line, in the model's order of users. Newest events count. A GPU "
        "takes over\n"
        "those of ALS models who did nothing since the training; its scores differ by rounding.",
    .examples = "  aisle batch --data shop --out lists.jsonl -n 20\n"
                "  aisle batch --data shop --out mail.jsonl --filter '{\"brand\":\"Acme\"}' --backend cpu",
};

/* Lists in memory at a time: so many entries, and within these bounds. */
enum { CELLS = 1 << 22, FEWEST = 64, MOST = 1 << 15 };

/* A block of users. */
typedef struct block {
    int32_t first, n, most;
    int32_t *ids; /* [n x o->n], from the device, or of hits[] */
    float *scores;
    int32_t *place;     /* [n] of the user's query, -1 = its list is the device's */
    aisle_query *query; /* [n_queries] */
    aisle_hits *hits;
    aisle_hit *room;
    int32_t n_queries;
    aisle_arena arena; /* what the queries point to */
} block;

typedef struct batch {
    const batch_options *o;
    aisle_model_source source;
    aisle_weights weights;
    aisle_batch_device device;
    aisle_meter meter;
    aisle_replace file;
    block block;
    int64_t by_device;
} batch;

static aisle_status block_init(block *b, int32_t n, aisle_error *err)
{
    const int32_t most = CELLS / n > MOST ? MOST : CELLS / n < FEWEST ? FEWEST : CELLS / n;
    const int64_t cells = (int64_t)most * n;
    aisle_arena_init(&b->arena);
    b->most = most;
    b->ids = aisle_array(cells, sizeof *b->ids);
    b->scores = aisle_array(cells, sizeof *b->scores);
    b->place = aisle_array(most, sizeof *b->place);
    b->query = aisle_array(most, sizeof *b->query);
    b->hits = aisle_array(most, sizeof *b->hits);
    b->room = aisle_array(cells, sizeof *b->room);
    if (b->ids && b->scores && b->place && b->query && b->hits && b->room) return AISLE_OK;
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for %d lists of %d", most, n);
}

static void block_deinit(block *b)
{
    aisle_free(b->ids);
    aisle_free(b->scores);
    aisle_free(b->place);
    aisle_free(b->query);
    aisle_free(b->hits);
    aisle_free(b->room);
    aisle_arena_deinit(&b->arena);
}

static void *keep(aisle_arena *a, const void *from, size_t bytes)
{
    void *to = aisle_arena_alloc(a, bytes ? bytes : 1);
    return to ? memcpy(to, from, bytes) : NULL;
}

/* What the shop knows of user u beyond the training decides who makes the list. */
static aisle_status take_user(batch *b, int32_t u, aisle_given *g, aisle_error *err)
{
    block *k = &b->block;
    aisle_model_source *s = &b->source;
    g->n = g->n_disliked = 0;
    if (s->view) {
        aisle_status st = aisle_given_recent(s, &b->weights, u, aisle_model_user_id(s->model, u), g, err);
        aisle_arena_deinit(&s->arena); /* the events */
        AISLE_TRY(st);
    }
    if (b->device.ops && g->n == 0 && g->n_disliked == 0 && aisle_scorer_knows(s->model, u)) {
        k->place[u - k->first] = -1;
        return AISLE_OK;
    }
    int32_t at = k->n_queries++, n = (int32_t)b->o->n;
    k->place[u - k->first] = at;
    k->hits[at] = (aisle_hits){.hit = k->room + (int64_t)at * n};
    k->query[at] =
        (aisle_query){.user = u,
                      .newcomers = s->newcomers,
                      .recent = keep(&k->arena, g->at, (size_t)g->n * sizeof *g->at),
                      .n_recent = g->n,
                      .exclude = keep(&k->arena, g->disliked, (size_t)g->n_disliked * sizeof *g->disliked),
                      .n_exclude = g->n_disliked,
                      .allowed = s->allowed,
                      .include_seen = b->o->seen,
                      .n = n};
    return k->query[at].recent && k->query[at].exclude
               ? AISLE_OK
               : aisle_fail(err, AISLE_ENOMEM, "out of memory for the events of users");
}

static aisle_status go_on(const batch *b, aisle_error *err)
{
    return aisle_canceled(&b->meter.progress) ? aisle_fail(err, AISLE_ECANCELED, "interrupted") : AISLE_OK;
}

static aisle_status answer(batch *b, aisle_error *err)
{
    block *k = &b->block;
    aisle_given given;
    k->n_queries = 0;
    for (int32_t i = 0; i < k->n; i++) {
        AISLE_TRY(go_on(b, err));
        AISLE_TRY(take_user(b, k->first + i, &given, err));
    }
    if (k->n_queries < k->n)
        AISLE_TRY(aisle_batch_device_lists(&b->device, &b->source, k->first, k->n, (int32_t)b->o->n, k->ids,
                                           k->scores, err));
    b->by_device += k->n - k->n_queries;
    return aisle_scorer_recommend_many(b->source.model, k->query, k->n_queries, (int32_t)b->o->threads,
                                       &b->meter.progress, k->hits, err);
}

static int shown(aisle_str id)
{
    return id.len > 100 ? 100 : (int)id.len;
}

static aisle_status add_item(const batch *b, json_t *items, aisle_str user, int32_t item, float score,
                             aisle_error *err)
{
    const aisle_str id = aisle_model_source_id(&b->source, item);
    json_t *o = json_pack("{s:s%, s:f}", "id", id.ptr, id.len, "score", (double)score);
    if (json_array_append_new(items, o) == 0) return AISLE_OK;
    return aisle_fail(err, AISLE_EFORMAT,
                      "user \"%.*s\", item \"%.*s\": no JSON can hold it, or the score %g", shown(user),
                      user.ptr, shown(id), id.ptr, (double)score);
}

/* User i of the block: *out holds what was made also after a failure. */
static aisle_status list_json(const batch *b, int32_t i, json_t **out, aisle_error *err)
{
    const block *k = &b->block;
    const aisle_str user = aisle_model_user_id(b->source.model, k->first + i);
    const aisle_hits *hits = k->place[i] < 0 ? NULL : &k->hits[k->place[i]];
    const int64_t at = (int64_t)i * b->o->n;
    json_t *items = json_array();
    *out = json_pack("{s:s%, s:s, s:o}", "user", user.ptr, user.len, "strategy",
                     aisle_strategy_name(hits ? hits->strategy : AISLE_STRATEGY_PERSONAL), "items", items);
    if (!*out)
        return aisle_fail(err, AISLE_EFORMAT, "user \"%.*s\": no JSON can hold it", shown(user), user.ptr);
    for (int32_t h = 0; hits && h < hits->n; h++)
        AISLE_TRY(add_item(b, items, user, hits->hit[h].item, hits->hit[h].score, err));
    for (int32_t h = 0; !hits && h < b->o->n && k->ids[at + h] >= 0; h++)
        AISLE_TRY(add_item(b, items, user, k->ids[at + h], k->scores[at + h], err));
    return AISLE_OK;
}

static aisle_status write_list(const batch *b, int32_t i, aisle_error *err)
{
    json_t *line;
    aisle_status st = list_json(b, i, &line, err);
    if (st == AISLE_OK && (json_dumpf(line, b->file.stream, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0 ||
                           putc('\n', b->file.stream) == EOF))
        st = aisle_fail(err, AISLE_EIO, "%s: cannot be written", b->o->out);
    json_decref(line);
    return st;
}

static aisle_status write_block(const batch *b, aisle_error *err)
{
    for (int32_t i = 0; i < b->block.n; i++) {
        AISLE_TRY(go_on(b, err));
        AISLE_TRY(write_list(b, i, err));
    }
    return AISLE_OK;
}

static aisle_status write_all(batch *b, aisle_error *err)
{
    int32_t users = aisle_model_n_users(b->source.model);
    block *k = &b->block;
    for (k->first = 0; k->first < users; k->first += k->n) {
        k->n = users - k->first < k->most ? users - k->first : k->most;
        aisle_progress_report(&b->meter.progress, "users", k->first, users, "");
        AISLE_TRY(answer(b, err));
        AISLE_TRY(write_block(b, err));
        aisle_arena_deinit(&k->arena);
    }
    aisle_progress_report(&b->meter.progress, "users", users, users, "");
    return AISLE_OK;
}

/* Of a model that a device can take over, and where there is another than the cpu, whose own way is the scorer's. */
static aisle_status open_device(batch *b, aisle_error *err)
{
    const batch_options *o = b->o;
    const aisle_backend_ops *ops;
    AISLE_TRY(aisle_backend_find(o->backend, o->backend_dir, &ops, NULL, 0, err));
    if (strcmp(ops->name, "cpu") == 0 || aisle_model_n_factors(b->source.model) == 0 ||
        aisle_model_hybrid(b->source.model))
        return AISLE_OK;
    const aisle_device_params p = {.ordinal = (int32_t)o->device, .memory_bytes = o->memory << 20};
    return aisle_batch_device_open(ops, &p, &b->source, o->seen, &b->device, err);
}

static aisle_status report(const batch *b, aisle_error *err)
{
    int32_t users = aisle_model_n_users(b->source.model);
    char device[256] = "";
    if (b->device.device) b->device.ops->describe(b->device.device, device, sizeof device);
    if (b->o->json) {
        json_t *line =
            json_pack("{s:s, s:s, s:i, s:I, s:s?}", "event", "done", "out", b->o->out, "users", users,
                      "by_device", (json_int_t)b->by_device, "device", device[0] ? device : NULL);
        return aisle_say(line, err);
    }
    fprintf(stderr, "%d users' lists in %s", users, b->o->out);
    if (device[0]) fprintf(stderr, ", %" PRId64 " of them by %s", b->by_device, device);
    fputc('\n', stderr);
    return AISLE_OK;
}

static aisle_status run(batch *b, const aisle_filter *filter, aisle_error *err)
{
    const batch_options *o = b->o;
    AISLE_TRY(aisle_filter_option_apply(filter, &b->source, err));
    AISLE_TRY(aisle_trained_weights(aisle_model_meta(b->source.model), &b->weights, err));
    AISLE_TRY(open_device(b, err));
    AISLE_TRY(block_init(&b->block, (int32_t)o->n, err));
    AISLE_TRY(aisle_replace_open(o->out, &b->file, err));
    aisle_status st = write_all(b, err);
    aisle_meter_finish(&b->meter);
    if (st == AISLE_OK) st = aisle_replace_commit(&b->file, err);
    aisle_replace_abort(&b->file);
    return st == AISLE_OK ? report(b, err) : st;
}

static aisle_status open_and_run(const batch_options *o, aisle_error *err)
{
    batch b = {.o = o};
    aisle_filter filter;
    aisle_arena arena;
    aisle_arena_init(&arena);
    aisle_status st = aisle_filter_option_parse(o->filter, &arena, &filter, err);
    if (st == AISLE_OK) {
        aisle_meter_start(&b.meter, "batch", o->json);
        b.meter.progress.cancel = aisle_interrupt_flag();
        st = aisle_model_source_open(o->data, o->model, &b.source, err);
        if (st == AISLE_OK) st = run(&b, &filter, err);
        block_deinit(&b.block);
        aisle_batch_device_close(&b.device);
        aisle_model_source_close(&b.source);
    }
    aisle_arena_deinit(&arena);
    return st;
}

int aisle_command_batch(int argc, char **argv)
{
    batch_options o = {.n = 10, .backend = "auto"};
    const aisle_option options[] = {
        {"data", 'd', "DIR", AISLE_OPT_TEXT, &o.data, 0, 0, NULL,
         "data folder of the shop (default data, or none with --model)"},
        {"model", 'm', "FILE", AISLE_OPT_TEXT, &o.model, 0, 0, NULL, "model file instead of the current one"},
        {"out", 'o', "FILE", AISLE_OPT_TEXT, &o.out, 0, 0, NULL, "file to write, or to replace"},
        {"number", 'n', "N", AISLE_OPT_INT, &o.n, 1, 1000, NULL, "items a user"},
        {"filter", 'f', "JSON", AISLE_OPT_TEXT, &o.filter, 0, 0, NULL, "only what passes these conditions"},
        {"seen", 0, NULL, AISLE_OPT_FLAG, &o.seen, 0, 0, NULL, "also items that the user knows"},
        {"threads", 't', "N", AISLE_OPT_INT, &o.threads, 0, 1024, NULL, "threads; 0 = all cores"},
        {"backend", 0, "NAME", AISLE_OPT_TEXT, &o.backend, 0, 0, NULL, "auto, cpu or cuda"},
        {"backend-dir", 0, "DIR", AISLE_OPT_TEXT, &o.backend_dir, 0, 0, NULL, "where back-end plug-ins are"},
        {"device", 0, "N", AISLE_OPT_INT, &o.device, 0, 1023, NULL, "the GPU to use; ignored by cpu"},
        {"memory", 0, "MIB", AISLE_OPT_INT, &o.memory, 0, 1e9, NULL,
         "memory that the GPU may give; 0 = all there is"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &o.json, 0, 0, NULL, "result as one JSON object on stdout"},
        {0}};
    aisle_error err = {0};
    int32_t n_args;
    int code = aisle_options_parse(&usage, options, argc, argv, NULL, &n_args);
    if (code >= 0) return code;
    aisle_status st = o.out ? open_and_run(&o, &err)
                            : aisle_fail(&err, AISLE_EINVAL, "no file to write; name one with --out");
    return aisle_end("batch", o.json, st, &err);
}
