/* The steps of `aisle evaluate`: get a subject and its test pairs, measure each model of it. */
#include "server/cli/evaluation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/cli/evaluation_print.h"
#include "server/cli/test_pairs.h"

/* What is measured; everything borrowed from a training or from a model. */
typedef struct subject {
    aisle_mat users, items;
    aisle_csr train;
    const int32_t *similar_ids, *content_ids;
    const float *similar_scores, *content_scores, *popularity;
    int32_t k_similar, k_content;
} subject;

enum { MODEL_ALS, MODEL_NEIGHBOURS, MODEL_CONTENT, MODEL_POPULAR };

static aisle_status read_models(const char *text, aisle_evaluated *r, aisle_error *err)
{
    aisle_str rest = aisle_str_from(text);
    while (rest.ptr) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        aisle_str part = {rest.ptr, comma ? (size_t)(comma - rest.ptr) : rest.len};
        rest = comma ? (aisle_str){comma + 1, rest.len - part.len - 1} : (aisle_str){NULL, 0};
        int32_t m = 0;
        while (m < AISLE_EVALUATED_MODELS && !aisle_str_eq(part, aisle_str_from(aisle_evaluated_names[m])))
            m++;
        if (m == AISLE_EVALUATED_MODELS)
            return aisle_fail(err, AISLE_EINVAL,
                              "--models %.*s: must be of als, neighbours, content, popular", (int)part.len,
                              part.ptr);
        r->wanted[m] = true;
    }
    return AISLE_OK;
}

/* *have stays false when the subject has no such model: a shop without texts has no content model. */
static aisle_status make_source(const subject *s, int32_t model, int32_t threads, aisle_eval_source *out,
                                bool *have, aisle_error *err)
{
    bool there[AISLE_EVALUATED_MODELS] = {s->users.n_cols > 0, s->k_similar > 0, s->k_content > 0,
                                          s->popularity != NULL};
    *have = there[model];
    if (!*have) return AISLE_OK;
    switch (model) {
    case MODEL_ALS: return aisle_eval_source_factors(&s->users, &s->items, threads, out, err);
    case MODEL_NEIGHBOURS:
        return aisle_eval_source_neighbours(&s->train, s->similar_ids, s->similar_scores, s->k_similar, out,
                                            err);
    case MODEL_CONTENT:
        return aisle_eval_source_neighbours(&s->train, s->content_ids, s->content_scores, s->k_content, out,
                                            err);
    default: return aisle_eval_source_vector(s->popularity, s->train.n_cols, out, err);
    }
}

static aisle_status measure(const aisle_evaluation *e, const subject *s, const aisle_csr *test,
                            const aisle_progress *progress, aisle_evaluated *r, aisle_error *err)
{
    aisle_eval_params p = e->params;
    int32_t n = 0;
    p.progress = progress;
    r->n_items = s->train.n_cols;
    for (int32_t m = 0; m < AISLE_EVALUATED_MODELS; m++) {
        aisle_eval_source source = {0};
        if (!r->wanted[m]) continue;
        AISLE_TRY(make_source(s, m, p.threads, &source, &r->have[m], err));
        if (!r->have[m]) continue;
        aisle_status st = aisle_evaluate(&source, &s->train, test, &p, &r->report[m], err);
        aisle_eval_source_free(&source);
        AISLE_TRY(st);
        n++;
    }
    if (n == 0) return aisle_fail(err, AISLE_EINVAL, "--models %s: there is no such model here", e->models);
    return AISLE_OK;
}

static aisle_status read_test(const aisle_evaluation *e, const aisle_test_ids *ids, const aisle_weights *w,
                              const aisle_progress *progress, aisle_csr *test, aisle_error *err)
{
    aisle_test_pairs t;
    aisle_import_file file = {e->test, AISLE_ROLE_EVENTS, e->event_type};
    aisle_import_params p = {
        .files = &file, .n_files = 1, .preset = e->preset, .map = e->map, .progress = progress};
    AISLE_TRY(aisle_test_pairs_read(&p, ids, w, &t, err));
    if (t.unknown_user + t.unknown_item > 0)
        fprintf(stderr,
                "aisle %s: %s: of %" PRId64 " events, %" PRId64 " are of unknown users and %" PRId64
                " of unknown items; left out\n",
                e->command, e->test, t.events, t.unknown_user, t.unknown_item);
    *test = t.pairs;
    return AISLE_OK;
}

/* A number is a version of the data folder, anything else a file. */
static aisle_status run_model(const aisle_evaluation *e, aisle_evaluated *r, aisle_error *err)
{
    char path[4096];
    uint64_t version;
    aisle_train_params params;
    aisle_model *m = NULL;
    aisle_csr test = {0};
    aisle_meter meter;
    if (!e->test)
        return aisle_fail(err, AISLE_EINVAL,
                          "--model needs --test FILE: what it was trained on tells nothing");
    AISLE_TRY(aisle_train_options_read(e->options, &params, err));
    snprintf(path, sizeof path, "%s", e->model_name);
    if (aisle_str_to_u64(aisle_str_from(e->model_name), &version))
        snprintf(path, sizeof path, "%s/models/%06" PRIu64 ".aisle", e->options->data, version);
    aisle_meter_start(&meter, e->command, e->options->json);
    AISLE_TRY(aisle_model_open(path, &m, err));
    aisle_test_ids ids = {.model = m};
    aisle_status st = read_test(e, &ids, &params.weights, &meter.progress, &test, err);
    if (st == AISLE_OK) {
        subject s = {.users = aisle_model_users(m),
                     .items = aisle_model_items(m),
                     .train = aisle_model_seen(m),
                     .popularity = aisle_model_popularity(m)};
        /* rows of neighbours lie one behind the other */
        s.similar_ids = aisle_model_similar(m, 0, &s.k_similar, &s.similar_scores);
        s.content_ids = aisle_model_content(m, 0, &s.k_content, &s.content_scores);
        st = measure(e, &s, &test, &meter.progress, r, err);
    }
    aisle_meter_finish(&meter);
    aisle_csr_deinit(&test);
    aisle_model_unref(m);
    return st;
}

/* Labels the events: keep[] for training and the pairs of the rest as test. */
static aisle_status split_events(const aisle_evaluation *e, aisle_training *t, uint8_t *keep, uint8_t *held,
                                 aisle_csr *test, aisle_error *err)
{
    aisle_split_params p = {
        .kind = AISLE_SPLIT_RANDOM, .fraction = e->fraction, .seed = (uint64_t)e->params.seed};
    int64_t n = aisle_dataset_events(t->dataset).n, cleared = 0;
    if (e->split && strcmp(e->split, "leave-last") == 0) p.kind = AISLE_SPLIT_LEAVE_LAST;
    if (e->split && strcmp(e->split, "time") == 0) p.kind = AISLE_SPLIT_TIME;
    memset(keep, 1, (size_t)n);
    AISLE_TRY(aisle_dataset_core(t->dataset, t->params.user_core, t->params.item_core, keep, &cleared, err));
    t->params.user_core = t->params.item_core = 0;
    AISLE_TRY(aisle_split(t->dataset, &p, keep, held, err)); /* 0 train, 1 test, 255 neither */
    for (int64_t i = 0; i < n; i++) {
        keep[i] = held[i] == 0;
        held[i] = held[i] == 1;
    }
    return aisle_dataset_matrix(t->dataset, &t->params.weights, held, t->trainer.threads, test, err);
}

static aisle_status train_and_measure(const aisle_evaluation *e, aisle_training *t, const uint8_t *keep,
                                      const aisle_csr *test, aisle_evaluated *r, aisle_error *err)
{
    aisle_trained made;
    if (!r->wanted[MODEL_ALS]) t->params.factors = 0;
    if (!r->wanted[MODEL_NEIGHBOURS]) t->params.k_similar = 0;
    if (!r->wanted[MODEL_CONTENT]) t->params.k_content = 0;
    AISLE_TRY(aisle_train(t->dataset, keep, &t->params, &t->trainer, &made, err));
    subject s = {made.users,       made.items,          made.seen,           made.similar_ids,
                 made.content_ids, made.similar_scores, made.content_scores, made.popularity,
                 made.k_similar,   made.k_content};
    aisle_status st = measure(e, &s, test, &t->meter.progress, r, err);
    aisle_trained_deinit(&made);
    return st;
}

static aisle_status run_training(const aisle_evaluation *e, aisle_evaluated *r, aisle_error *err)
{
    aisle_training t;
    aisle_csr test = {0};
    uint8_t *keep = NULL, *held = NULL;
    aisle_status st = aisle_training_open(&t, e->command, e->options, err);
    if (st == AISLE_OK && e->test) {
        aisle_test_ids ids = {.dataset = t.dataset};
        st = read_test(e, &ids, &t.params.weights, &t.meter.progress, &test, err);
    } else if (st == AISLE_OK) {
        int64_t n = aisle_dataset_events(t.dataset).n;
        keep = aisle_array(n, 1);
        held = aisle_array(n, 1);
        if (!keep || !held) st = aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld labels", (long long)n);
        if (st == AISLE_OK) st = split_events(e, &t, keep, held, &test, err);
    }
    if (st == AISLE_OK) st = train_and_measure(e, &t, keep, &test, r, err);
    aisle_free(keep);
    aisle_free(held);
    aisle_csr_deinit(&test);
    aisle_training_close(&t);
    return st;
}

aisle_status aisle_evaluation_run(const aisle_evaluation *e, aisle_error *err)
{
    aisle_evaluated r = {0};
    int64_t started_ns = aisle_time_monotonic_ns();
    AISLE_TRY(read_models(e->models, &r, err));
    if (e->split && e->test)
        return aisle_fail(err, AISLE_EINVAL, "--split %s and --test %s: one of them", e->split, e->test);
    if ((e->preset || e->map || e->event_type) && !e->test)
        return aisle_fail(err, AISLE_EINVAL,
                          "--preset, --map and --event-type say how to read --test, which is not given");
    AISLE_TRY(e->model_name ? run_model(e, &r, err) : run_training(e, &r, err));
    r.seconds = (double)(aisle_time_monotonic_ns() - started_ns) * 1e-9;
    return aisle_evaluation_print(e, &r, err);
}
