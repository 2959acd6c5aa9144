/* The steps of `aisle evaluate`: get the parts, fit each model to the training part, measure it on the other. */
#include "server/cli/evaluation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/cli/evaluation_measure.h"
#include "server/cli/evaluation_names.h"
#include "server/cli/evaluation_print.h"
#include "server/cli/holdout.h"
#include "server/cli/report.h"
#include "server/cli/test_pairs.h"

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

/* ---- a finished model -------------------------------------------------------------------------------------- */

typedef struct finished {
    const aisle_model *m;
    aisle_mat users; /* the model's, or widened ones */
    aisle_csr train;
    int32_t threads;
} finished;

/* *have stays false when the model has no such part: a shop without texts has no content neighbours. */
static aisle_status model_source(const finished *f, const char *name, aisle_eval_source *out, bool *have,
                                 aisle_error *err)
{
    const aisle_mat items = aisle_model_items(f->m);
    const float *scores = aisle_model_popularity(f->m);
    const int32_t *ids = NULL;
    int32_t k = 0;
    *have = false;
    if (strcmp(name, "als") == 0 && items.n_cols > 0) {
        *have = true;
        return aisle_eval_source_factors(&f->users, &items, f->threads, out, err);
    }
    if (strcmp(name, "popular") == 0 && scores) {
        *have = true;
        return aisle_eval_source_vector(scores, f->train.n_cols, out, err);
    }
    /* rows of neighbours lie one behind the other */
    if (strcmp(name, "item-knn") == 0) ids = aisle_model_similar(f->m, 0, &k, &scores);
    if (strcmp(name, "content") == 0) ids = aisle_model_content(f->m, 0, &k, &scores);
    *have = k > 0;
    return *have ? aisle_eval_source_neighbours(&f->train, ids, scores, k, out, err) : AISLE_OK;
}

static aisle_status measure_parts(const aisle_evaluation *e, const finished *f, const aisle_csr *test,
                                  const aisle_progress *progress, aisle_evaluated *r, aisle_error *err)
{
    aisle_eval_subject s = {.train = &f->train, .test = test, .progress = progress};
    int32_t n = 0;
    r->n_users = f->train.n_rows;
    r->n_items = r->n_candidates = f->train.n_cols;
    r->n_train = aisle_csr_nnz(&f->train);
    r->n_test = aisle_csr_nnz(test);
    AISLE_TRY(aisle_evaluated_make_room(r, err));
    for (int32_t i = 0; i < r->n_models; i++) {
        aisle_eval_source source = {0};
        bool have;
        AISLE_TRY(model_source(f, r->model[i].name, &source, &have, err));
        if (!have && r->n_compared > i)
            return aisle_fail(err, AISLE_EINVAL, "%s has no part %s to compare", e->model_name,
                              r->model[i].name);
        if (!have) continue;
        aisle_status st = aisle_evaluation_measure(e, r, &s, &source, &r->model[i], err);
        aisle_eval_source_free(&source);
        AISLE_TRY(st);
        n++;
    }
    if (n == 0)
        return aisle_fail(err, AISLE_EINVAL, "%s has none of the parts that --models names", e->model_name);
    return AISLE_OK;
}

static aisle_status measure_model(const aisle_evaluation *e, const aisle_model *m, const aisle_csr *test,
                                  const aisle_progress *progress, aisle_evaluated *r, aisle_error *err)
{
    aisle_mat widened = {0};
    finished f = {m, aisle_model_users(m), aisle_model_seen(m), e->params.threads};
    if (!f.users.data) AISLE_TRY(aisle_model_users_dup(m, &widened, err));
    if (!f.users.data) f.users = widened;
    aisle_status st = measure_parts(e, &f, test, progress, r, err);
    aisle_mat_deinit(&widened);
    return st;
}

/* A number is a version of the data folder, anything else a file. */
static aisle_status run_model(const aisle_evaluation *e, aisle_evaluated *r, aisle_error *err)
{
    char path[4096];
    uint64_t version;
    aisle_model *m = NULL;
    aisle_csr test = {0};
    aisle_meter meter;
    if (!e->test)
        return aisle_fail(err, AISLE_EINVAL,
                          "--model needs --test FILE: what it was trained on tells nothing");
    AISLE_TRY(aisle_train_options_read(e->options, &r->settings, err));
    snprintf(path, sizeof path, "%s", e->model_name);
    if (aisle_str_to_u64(aisle_str_from(e->model_name), &version))
        snprintf(path, sizeof path, "%s/models/%06" PRIu64 ".aisle", e->options->data, version);
    aisle_meter_start(&meter, e->command, e->options->json);
    AISLE_TRY(aisle_model_open(path, &m, err));
    aisle_test_ids ids = {.model = m};
    aisle_status st = read_test(e, &ids, &r->settings.weights, &meter.progress, &test, err);
    if (st == AISLE_OK) st = measure_model(e, m, &test, &meter.progress, r, err);
    aisle_meter_finish(&meter);
    aisle_csr_deinit(&test);
    aisle_model_unref(m);
    return st;
}

/* ---- models that are fitted here ------------------------------------------------------------------------- */

/* What only some evaluations need beside the two matrices. */
typedef struct extras {
    aisle_csr stars, vectors;
    uint8_t *candidates;
} extras;

static void extras_deinit(extras *x)
{
    aisle_csr_deinit(&x->stars);
    aisle_csr_deinit(&x->vectors);
    aisle_free(x->candidates);
}

static bool has_kind(const aisle_evaluated *r, bool stars)
{
    for (int32_t i = 0; i < r->n_models; i++)
        if (r->model[i].kind->stars == stars) return true;
    return false;
}

static aisle_status add_extras(const aisle_evaluation *e, aisle_evaluated *r, const aisle_holdout *h,
                               aisle_eval_subject *s, extras *x, aisle_error *err)
{
    int32_t n_items = s->train->n_cols;
    if (has_kind(r, true)) {
        if (!h->held)
            return aisle_fail(err, AISLE_EINVAL,
                              "models of stars are measured on a --split, not on a --test file");
        AISLE_TRY(aisle_holdout_range(h, &s->lowest, &s->highest, err));
        AISLE_TRY(aisle_part_stars(h->held, &x->stars, err));
        s->stars = &x->stars;
    }
    if (strcmp(e->candidates, "cold") == 0) {
        x->candidates = aisle_array(n_items, 1);
        if (!x->candidates) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %d items", n_items);
        r->n_candidates = 0;
        for (int32_t i = 0; i < n_items; i++)
            r->n_candidates += x->candidates[i] = !aisle_part_has_item(h->part, i);
        s->candidates = x->candidates;
    }
    if (e->beyond) {
        AISLE_TRY(aisle_part_text(h->part, &r->settings.text, &x->vectors, NULL, err));
        s->item_vectors = x->vectors.n_cols > 0 ? &x->vectors : aisle_part_by_item(h->part);
    }
    return AISLE_OK;
}

static aisle_evaluated_parts parts_of(const aisle_eval_source *source)
{
    aisle_evaluated_parts p = {.n = aisle_hybrid_parts(source)};
    for (int32_t i = 0; i < p.n; i++) {
        p.name[i] = aisle_hybrid_part(source, i);
        for (int32_t s = 0; s < AISLE_HYBRID_SEGMENTS; s++)
            p.weight[s][i] = aisle_hybrid_weight(source, (aisle_hybrid_segment)s, i);
    }
    return p;
}

/* A kind that the user has not named may be left out for want of data: with one line, before the table. */
static aisle_status fit_and_measure(const aisle_evaluation *e, aisle_training *t, const aisle_part *part,
                                    const aisle_eval_subject *s, aisle_evaluated *r, int32_t i,
                                    aisle_error *err)
{
    aisle_evaluated_model *m = &r->model[i];
    aisle_fit_input in = {part, &t->params, &t->trainer};
    aisle_eval_source source = {0};
    aisle_error why = {0};
    int64_t begun = aisle_time_monotonic_ns();
    if (s->fold > 0 && !m->have) return AISLE_OK; /* left out before */
    aisle_status st = m->kind->fit(&in, &source, &why);
    aisle_meter_finish(&t->meter);
    if (st == AISLE_EINVAL && !r->named) {
        fprintf(stderr, "aisle %s: %s is left out: %s\n", e->command, m->name, why.message);
        return AISLE_OK;
    }
    if (st != AISLE_OK) return aisle_fail(err, st, "%s", why.message);
    m->parts = parts_of(&source);
    m->fit_seconds += (double)(aisle_time_monotonic_ns() - begun) * 1e-9;
    st = aisle_evaluation_measure(e, r, s, &source, m, err);
    aisle_meter_finish(&t->meter);
    aisle_eval_source_free(&source);
    return st;
}

static aisle_status run_part(const aisle_evaluation *e, aisle_training *t, const aisle_holdout *h,
                             const aisle_csr *test, int32_t fold, aisle_evaluated *r, aisle_error *err)
{
    const aisle_csr *train = aisle_part_pairs(h->part);
    aisle_eval_subject s = {.train = train, .test = test, .progress = &t->meter.progress, .fold = fold};
    extras x = {0};
    if (fold == 0)
        t->trainer.on_start(t->trainer.ctx, &(aisle_train_sizes){.n_users = train->n_rows,
                                                                 .n_items = train->n_cols,
                                                                 .n_pairs = aisle_csr_nnz(train),
                                                                 .n_events = h->n_kept});
    r->n_train += aisle_csr_nnz(train);
    r->n_test += aisle_csr_nnz(test);
    aisle_status st = add_extras(e, r, h, &s, &x, err);
    for (int32_t i = 0; st == AISLE_OK && i < r->n_models; i++)
        st = fit_and_measure(e, t, h->part, &s, r, i, err);
    extras_deinit(&x);
    return st;
}

/* Everything in the folder trains, the file is the test. */
static aisle_status run_file(const aisle_evaluation *e, aisle_training *t, aisle_evaluated *r,
                             aisle_error *err)
{
    aisle_csr test = {0};
    aisle_holdout h = {0};
    aisle_test_ids ids = {.dataset = t->dataset};
    aisle_status st = aisle_holdout_core(&h, t->dataset, &t->params, err);
    if (st == AISLE_OK) st = aisle_holdout_all(&h, &t->params.weights, t->trainer.threads, err);
    if (st == AISLE_OK) st = read_test(e, &ids, &t->params.weights, &t->meter.progress, &test, err);
    if (st == AISLE_OK) st = run_part(e, t, &h, &test, 0, r, err);
    aisle_csr_deinit(&test);
    aisle_holdout_deinit(&h);
    return st;
}

static aisle_status run_splits(const aisle_evaluation *e, aisle_training *t, aisle_evaluated *r,
                               aisle_error *err)
{
    aisle_holdout h = {0};
    aisle_split_params p = {.kind = aisle_split_named(e->split),
                            .fraction = e->fraction,
                            .seed = e->params.seed,
                            .folds = (int32_t)e->folds};
    aisle_status st = aisle_holdout_core(&h, t->dataset, &t->params, err);
    for (p.fold = 0; st == AISLE_OK && p.fold < r->n_folds; p.fold++) {
        st = aisle_holdout_split(&h, &p, &t->params.weights, t->trainer.threads, err);
        if (st == AISLE_OK) st = run_part(e, t, &h, aisle_part_pairs(h.held), p.fold, r, err);
    }
    aisle_holdout_deinit(&h);
    return st;
}

static aisle_status run_training(const aisle_evaluation *e, aisle_evaluated *r, aisle_error *err)
{
    aisle_training t;
    bool any = false;
    aisle_status st = aisle_training_open(&t, e->command, e->options, err);
    if (st == AISLE_OK) {
        r->settings = t.params;
        r->n_users = aisle_idmap_count(aisle_dataset_users(t.dataset));
        r->n_items = r->n_candidates = aisle_idmap_count(aisle_dataset_items(t.dataset));
        st = aisle_evaluated_make_room(r, err);
    }
    if (st == AISLE_OK) st = e->test ? run_file(e, &t, r, err) : run_splits(e, &t, r, err);
    for (int32_t i = 0; i < r->n_models; i++) any |= r->model[i].have;
    if (st == AISLE_OK && !any)
        st = aisle_fail(err, AISLE_EINVAL, "no model could be fitted to %s", e->options->data);
    aisle_training_close(&t);
    return st;
}

static aisle_status run(const aisle_evaluation *e, aisle_evaluated *r, aisle_error *err)
{
    int64_t started_ns = aisle_time_monotonic_ns();
    AISLE_TRY(aisle_evaluated_names(e, r, err));
    if (e->split && e->test)
        return aisle_fail(err, AISLE_EINVAL, "--split %s and --test %s: one of them", e->split, e->test);
    if ((e->preset || e->map || e->event_type) && !e->test)
        return aisle_fail(err, AISLE_EINVAL,
                          "--preset, --map and --event-type say how to read --test, which is not given");
    r->n_folds = e->split && strcmp(e->split, "fold") == 0 ? (int32_t)e->folds : 1;
    AISLE_TRY(e->model_name ? run_model(e, r, err) : run_training(e, r, err));
    if (r->n_compared > 0) AISLE_TRY(aisle_evaluation_compare(e, r, err));
    r->seconds = (double)(aisle_time_monotonic_ns() - started_ns) * 1e-9;
    return aisle_evaluation_print(e, r, err);
}

aisle_status aisle_evaluation_run(const aisle_evaluation *e, aisle_error *err)
{
    aisle_evaluated *r = aisle_calloc(1, sizeof *r);
    if (!r) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the reports");
    aisle_status st = run(e, r, err);
    for (int32_t i = 0; i < r->n_models; i++) aisle_free(r->model[i].values);
    aisle_free(r);
    return st;
}
