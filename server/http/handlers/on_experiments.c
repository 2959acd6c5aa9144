/* GET and PUT /v1/admin/experiments: all of them as a whole, and what came of each so far. */
#include <stddef.h>
#include <string.h>

#include "aisle/log.h"
#include "server/auth/random_id.h"
#include "server/http/handlers/experiment_body.h"
#include "server/recommend/sequential.h"
#include "server/recommend/trial.h"

static const double alpha = 0.05;

typedef struct experiments_work {
    aisle_work work;
    aisle_write write;
    aisle_experiment_set set;
    bool conflict; /* it was not the version that was to be replaced */
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

/* What is named and not there: the variant is answered as without. NULL: nothing. */
static const char *missing(aisle_request *r, const aisle_variant *v)
{
    const aisle_app *app = aisle_request_app(r);
    const aisle_scenario *scenario = NULL;
    if (v->scenario.len)
        (void)aisle_scenarios_get(app->sets[AISLE_SET_SCENARIOS], v->scenario, aisle_request_arena(r),
                                  &scenario, NULL);
    if (v->scenario.len && !scenario) return "scenario";
    if (!v->model || aisle_shelf_rack_has(app->rack, v->model)) return NULL;
    aisle_shelf *s = aisle_shelf_get(app->shelves);
    const bool serves = s && s->model_version == v->model;
    aisle_shelf_unref(s);
    return serves ? NULL : "model";
}

static json_t *encode_variant(aisle_request *r, const aisle_experiment *e, const aisle_variant_counts *counts,
                              int32_t i)
{
    const aisle_variant_counts *c = &counts[i];
    const aisle_tally clicked = {c->clicked, c->people}, bought = {c->bought, c->people},
                      first_clicked = {counts[0].clicked, counts[0].people},
                      first_bought = {counts[0].bought, counts[0].people};
    const char *gone = missing(r, &e->variants[i]);
    json_t *o = aisle_variant_settings(&e->variants[i]);
    if (gone) o = aisle_answer_with(o, "unavailable", json_string(gone));
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

static json_t *encode(aisle_request *r, const aisle_experiment *e, const aisle_variant_counts *counts)
{
    const int64_t now_ms = aisle_time_now_ms();
    const char *state = now_ms < e->from_ms ? "planned" : now_ms < e->until_ms ? "running" : "ended";
    json_t *variants = json_array();
    for (int32_t i = 0; i < e->n; i++) json_array_append_new(variants, encode_variant(r, e, counts, i));
    json_t *o = aisle_answer_with(aisle_experiment_settings(e), "state", json_string(state));
    o = aisle_answer_with(o, "created", aisle_answer_time(e->created_ms));
    return aisle_answer_with(o, "variants", variants);
}

/* The tag holds the version, for If-Match, and a digest: results change while the settings stay. Takes the reference. */
static aisle_status reply_body(aisle_request *r, int64_t version, json_t *body)
{
    char hex[AISLE_HEX_BYTES];
    char *text = body ? json_dumps(body, AISLE_JSON_STYLE) : NULL;
    json_decref(body);
    if (!text) return no_memory(r);
    aisle_digest(text, strlen(text), hex);
    const char *tag = aisle_arena_printf(aisle_request_arena(r), "\"%lld-%.16s\"", (long long)version, hex);
    aisle_status st = tag ? AISLE_OK : no_memory(r);
    if (st == AISLE_OK) {
        aisle_reply_header(r, "ETag", tag);
        aisle_reply_header(r, "Cache-Control", "no-store");
        st = aisle_reply_bytes(r, 200, "application/json", text, strlen(text)); /* or 304 */
    }
    aisle_free(text);
    return st;
}

static aisle_status reply(aisle_work *w)
{
    const experiments_work *x = (const experiments_work *)w;
    aisle_request *r = w->r;
    if (x->conflict) return aisle_reply_problem(r, 409, "version_conflict", aisle_request_error(r)->message);
    json_t *list = json_array();
    for (int32_t i = 0; i < x->set.n; i++)
        json_array_append_new(list, encode(r, &x->set.list[i], x->counts[i]));
    json_t *body = aisle_answer_with(json_object(), "version", json_integer(x->set.version));
    return reply_body(r, x->set.version, aisle_answer_with(body, "experiments", list));
}

/* On the background thread, with its view. */
static aisle_status read_all(aisle_work *w, aisle_error *err)
{
    experiments_work *x = (experiments_work *)w;
    aisle_view *view = aisle_request_app(w->r)->view;
    aisle_arena *a = aisle_request_arena(w->r);
    AISLE_TRY(aisle_view_experiments(view, a, &x->set, err));
    x->counts = aisle_arena_calloc(a, (size_t)x->set.n + 1, sizeof *x->counts);
    if (!x->counts) return no_memory(w->r);
    for (int32_t i = 0; i < x->set.n; i++)
        for (int32_t k = 0; k < x->set.list[i].n; k++)
            AISLE_TRY(aisle_view_variant(view, x->set.list[i].name, x->set.list[i].variants[k].name,
                                         &x->counts[i][k], err));
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

/* ---- putting ---- */

/* A model that is not there is found out before anything is stored. */
static aisle_status check_models(const experiments_work *x, aisle_error *err)
{
    int64_t seen[AISLE_EXPERIMENT_MODELS];
    int32_t n = 0;
    char pointer[96];
    aisle_request *r = x->work.r;
    for (int32_t i = 0; i < x->set.n; i++)
        for (int32_t k = 0; k < x->set.list[i].n; k++) {
            int64_t model = x->set.list[i].variants[k].model;
            aisle_model *m = NULL;
            int32_t at = 0;
            while (at < n && seen[at] != model) at++;
            if (!model || at < n) continue;
            snprintf(pointer, sizeof pointer, "/experiments/%d/variants/%d/model", i, k);
            if (n == AISLE_EXPERIMENT_MODELS)
                return aisle_request_invalid(r, pointer, "too_many",
                                             "at most %d different models in all experiments",
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
    experiments_work *x = (experiments_work *)(void *)((char *)w - offsetof(experiments_work, write));
    return aisle_tx_experiments(tx, &x->set, &x->conflict, err);
}

static aisle_status put(aisle_work *w, aisle_error *err)
{
    experiments_work *x = (experiments_work *)w;
    aisle_app *app = aisle_request_app(w->r);
    x->write = (aisle_write){.run = store};
    AISLE_TRY(check_models(x, err));
    aisle_status st = aisle_store_write_now(app->store, &x->write, err);
    if (x->conflict) return AISLE_OK; /* the message names the version that there is */
    AISLE_TRY(st);
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
    AISLE_TRY(aisle_experiment_body(r, &x->set));
    return aisle_work_submit(&x->work);
}
