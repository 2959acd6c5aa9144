/* GET and PUT /v1/admin/experiments: all of them as a whole, and what came of each so far. */
#include <stddef.h>

#include "aisle/log.h"
#include "server/http/handlers/handlers.h"
#include "server/recommend/sequential.h"
#include "server/recommend/trial.h"

static const double alpha = 0.05;

typedef struct experiments_work {
    aisle_work work;
    aisle_write write;
    aisle_experiment *list;
    int32_t n;
    aisle_variant_counts (*counts)[AISLE_VARIANTS];
} experiments_work;

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the experiments");
}

/* ---- answers ---- */

static json_t *encode_interval(aisle_tally t)
{
    aisle_interval i = aisle_anytime_interval(t, alpha);
    return json_pack("{s:f, s:f, s:f}", "value", i.value, "low", i.low, "high", i.high);
}

/* Against the first variant. Of several comparisons each must be so much the surer (Bonferroni). */
static json_t *encode_p(aisle_tally t, aisle_tally first, int32_t comparisons)
{
    double p = aisle_anytime_p(t, first) * comparisons;
    return json_real(p < 1 ? p : 1);
}

static json_t *encode_variant(const aisle_experiment *e, const aisle_variant_counts *counts, int32_t i)
{
    const aisle_variant *v = &e->variants[i];
    const aisle_variant_counts *c = &counts[i];
    const aisle_tally clicked = {c->clicked, c->people}, bought = {c->bought, c->people},
                      first_clicked = {counts[0].clicked, counts[0].people},
                      first_bought = {counts[0].bought, counts[0].people};
    json_t *o = aisle_answer_with(json_object(), "name", aisle_answer_text(v->name));
    o = aisle_answer_with(o, "weight", json_real(v->weight));
    if (v->model) o = aisle_answer_with(o, "model", json_integer(v->model));
    if (v->strategy.len) o = aisle_answer_with(o, "strategy", aisle_answer_text(v->strategy));
    json_t *results = json_pack("{s:I, s:I, s:I}", "people", (json_int_t)c->people, "clicked",
                                (json_int_t)c->clicked, "bought", (json_int_t)c->bought);
    results = aisle_answer_with(results, "click_rate", encode_interval(clicked));
    results = aisle_answer_with(results, "purchase_rate", encode_interval(bought));
    if (i) {
        results = aisle_answer_with(results, "click_p", encode_p(clicked, first_clicked, e->n - 1));
        results = aisle_answer_with(results, "purchase_p", encode_p(bought, first_bought, e->n - 1));
    }
    return aisle_answer_with(o, "results", results);
}

static json_t *encode(const aisle_experiment *e, const aisle_variant_counts *counts)
{
    json_t *variants = json_array();
    for (int32_t i = 0; i < e->n; i++) json_array_append_new(variants, encode_variant(e, counts, i));
    json_t *o = aisle_answer_with(json_object(), "name", aisle_answer_text(e->name));
    o = aisle_answer_with(o, "salt", aisle_answer_text(e->salt));
    o = aisle_answer_with(o, "share", json_real(e->share));
    o = aisle_answer_with(o, "created", aisle_answer_time(e->created_ms));
    return aisle_answer_with(o, "variants", variants);
}

static aisle_status reply(aisle_work *w)
{
    const experiments_work *x = (const experiments_work *)w;
    json_t *list = json_array();
    for (int32_t i = 0; i < x->n; i++) json_array_append_new(list, encode(&x->list[i], x->counts[i]));
    aisle_reply_header(w->r, "Cache-Control", "no-store");
    return aisle_reply_json(w->r, 200, aisle_answer_with(json_object(), "experiments", list));
}

/* On the background thread, with its view. */
static aisle_status read_all(aisle_work *w, aisle_error *err)
{
    experiments_work *x = (experiments_work *)w;
    aisle_view *view = aisle_request_app(w->r)->view;
    aisle_arena *a = aisle_request_arena(w->r);
    AISLE_TRY(aisle_view_experiments(view, a, &x->list, &x->n, err));
    x->counts = aisle_arena_calloc(a, (size_t)x->n + 1, sizeof *x->counts);
    if (!x->counts) return no_memory(w->r);
    for (int32_t i = 0; i < x->n; i++)
        for (int32_t k = 0; k < x->list[i].n; k++)
            AISLE_TRY(aisle_view_variant(view, x->list[i].name, x->list[i].variants[k].name, &x->counts[i][k],
                                         err));
    return AISLE_OK;
}

aisle_status aisle_on_experiments_get(aisle_request *r)
{
    static const char *const none[] = {NULL};
    experiments_work *x = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *x);
    if (!x) return no_memory(r);
    x->work = (aisle_work){.r = r, .run = read_all, .reply = reply};
    AISLE_TRY(aisle_request_query_only(r, none));
    return aisle_work_submit(&x->work);
}

/* ---- questions ---- */

static aisle_status parse_strategy(aisle_json_scope *s, aisle_variant *v)
{
    char pointer[192];
    AISLE_TRY(aisle_json_text(s, "strategy", 1, AISLE_LABEL_MAX, &v->strategy));
    for (int i = 0; v->strategy.ptr && aisle_trial_strategies[i]; i++)
        if (aisle_str_eq(v->strategy, aisle_str_from(aisle_trial_strategies[i]))) return AISLE_OK;
    if (!v->strategy.ptr) return AISLE_OK;
    snprintf(pointer, sizeof pointer, "%s/strategy", s->pointer);
    return aisle_request_invalid(s->r, pointer, "unknown", "personal, session or popular wanted");
}

static aisle_status parse_variant(aisle_json_scope *s, aisle_variant *v)
{
    static const char *const known[] = {"name", "weight", "model", "strategy", "results", NULL};
    *v = (aisle_variant){.diversity = -1};
    AISLE_TRY(aisle_json_only(s, known));
    AISLE_TRY(aisle_json_required(s, "name"));
    AISLE_TRY(aisle_json_text(s, "name", 1, AISLE_LABEL_MAX, &v->name));
    AISLE_TRY(aisle_json_real(s, "weight", (aisle_real_range){0.001, 1000, 1}, &v->weight));
    AISLE_TRY(aisle_json_int(s, "model", (aisle_int_range){1, 999999, 0}, &v->model));
    return parse_strategy(s, v);
}

static aisle_status refuse_twice(const aisle_json_scope *s)
{
    char pointer[192];
    snprintf(pointer, sizeof pointer, "%s/name", s->pointer);
    return aisle_request_invalid(s->r, pointer, "duplicate", "another one has this name");
}

static aisle_status parse_experiment(aisle_json_scope *s, aisle_experiment *e)
{
    static const char *const known[] = {"name", "salt", "share", "variants", "created", NULL};
    json_t *variants = NULL;
    aisle_json_scope one;
    AISLE_TRY(aisle_json_only(s, known));
    AISLE_TRY(aisle_json_required(s, "name"));
    AISLE_TRY(aisle_json_required(s, "variants"));
    AISLE_TRY(aisle_json_text(s, "name", 1, AISLE_LABEL_MAX, &e->name));
    AISLE_TRY(aisle_json_text(s, "salt", 1, AISLE_LABEL_MAX, &e->salt));
    if (!e->salt.ptr) e->salt = e->name;
    AISLE_TRY(aisle_json_real(s, "share", (aisle_real_range){0.001, 1, 1}, &e->share));
    AISLE_TRY(aisle_json_array(s, "variants", AISLE_VARIANTS, &variants));
    e->n = (int32_t)json_array_size(variants);
    if (e->n < 2) {
        char pointer[192];
        snprintf(pointer, sizeof pointer, "%s/variants", s->pointer);
        return aisle_request_invalid(s->r, pointer, "too_short", "2 to %d variants wanted", AISLE_VARIANTS);
    }
    e->variants = aisle_arena_calloc(aisle_request_arena(s->r), (size_t)e->n, sizeof *e->variants);
    if (!e->variants) return no_memory(s->r);
    for (int32_t i = 0; i < e->n; i++) {
        AISLE_TRY(aisle_json_element(s, "variants", (size_t)i, &one));
        AISLE_TRY(parse_variant(&one, &e->variants[i]));
        for (int32_t k = 0; k < i; k++)
            if (aisle_str_eq(e->variants[k].name, e->variants[i].name)) return refuse_twice(&one);
    }
    return AISLE_OK;
}

static aisle_status parse(aisle_request *r, experiments_work *x)
{
    static const char *const known[] = {"experiments", NULL};
    aisle_json_scope body, one;
    json_t *list = NULL;
    AISLE_TRY(aisle_json_body(r, &body));
    AISLE_TRY(aisle_json_only(&body, known));
    AISLE_TRY(aisle_json_required(&body, "experiments"));
    AISLE_TRY(aisle_json_array(&body, "experiments", AISLE_EXPERIMENTS, &list));
    x->n = (int32_t)json_array_size(list);
    x->list = aisle_arena_calloc(aisle_request_arena(r), (size_t)x->n + 1, sizeof *x->list);
    if (!x->list) return no_memory(r);
    for (int32_t i = 0; i < x->n; i++) {
        AISLE_TRY(aisle_json_element(&body, "experiments", (size_t)i, &one));
        AISLE_TRY(parse_experiment(&one, &x->list[i]));
        for (int32_t k = 0; k < i; k++)
            if (aisle_str_eq(x->list[k].name, x->list[i].name)) return refuse_twice(&one);
    }
    return AISLE_OK;
}

/* ---- putting ---- */

/* A model that is not there is found out before anything is stored. */
static aisle_status check_models(const experiments_work *x, aisle_error *err)
{
    int64_t seen[AISLE_EXPERIMENT_MODELS];
    int32_t n = 0;
    char pointer[96];
    aisle_request *r = x->work.r;
    for (int32_t i = 0; i < x->n; i++)
        for (int32_t k = 0; k < x->list[i].n; k++) {
            int64_t model = x->list[i].variants[k].model;
            aisle_model *m = NULL;
            int32_t at = 0;
            while (at < n && seen[at] != model) at++;
            if (!model || at < n) continue;
            snprintf(pointer, sizeof pointer, "/experiments/%d/variants/%d/model", i, k);
            if (n == AISLE_EXPERIMENT_MODELS)
                return aisle_request_invalid(r, pointer, "too_many",
                                             "at most %d models beside the serving one",
                                             AISLE_EXPERIMENT_MODELS);
            aisle_status st = aisle_registry_get(aisle_request_app(r)->registry, model, &m, err);
            if (st == AISLE_ENOTFOUND)
                return aisle_request_invalid(r, pointer, "unknown", "%s", err->message);
            AISLE_TRY(st);
            aisle_model_unref(m);
            seen[n++] = model;
        }
    return AISLE_OK;
}

static aisle_status store(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    const experiments_work *x =
        (const experiments_work *)(const void *)((const char *)w - offsetof(experiments_work, write));
    return aisle_tx_experiments(tx, x->list, x->n, err);
}

static aisle_status put(aisle_work *w, aisle_error *err)
{
    experiments_work *x = (experiments_work *)w;
    aisle_app *app = aisle_request_app(w->r);
    x->write = (aisle_write){.run = store};
    AISLE_TRY(check_models(x, err));
    AISLE_TRY(aisle_store_write_now(app->store, &x->write, err));
    AISLE_TRY(aisle_experiment_keeper_read(app->experiments, app->view, err));
    aisle_error why = {0}; /* they are stored: what is not on the rack yet the chore tries again */
    if (aisle_app_keep_models(app, aisle_shadow_version(app->shadow), &why) != AISLE_OK)
        aisle_log(AISLE_LOG_WARN, "an experiment: %s", why.message);
    return read_all(w, err);
}

aisle_status aisle_on_experiments_put(aisle_request *r)
{
    static const char *const none[] = {NULL};
    experiments_work *x = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *x);
    if (!x) return no_memory(r);
    x->work = (aisle_work){.r = r, .run = put, .reply = reply};
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(parse(r, x));
    return aisle_work_submit(&x->work);
}
