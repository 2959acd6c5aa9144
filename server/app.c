/* Opens what the handlers work with, in the order of dependence, and closes it backwards. */
#include "server/app.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "aisle/file.h"
#include "aisle/log.h"
#include "server/auth/passwords.h"
#include "server/http/handlers/product_cache.h"
#include "server/http/handlers/product_texts.h"
#include "server/jobs/gate.h"
#include "server/store/accounts.h"
#include "server/recommend/later_baskets.h"
#include "server/recommend/sets.h"
#include "server/recommend/shown.h"
#include "server/recommend/together.h"
#include "server/recommend/trends.h"

/* Keys, and accounts that administer the shop. */
static aisle_status count_keys(aisle_view *view, int64_t *n, aisle_error *err)
{
    aisle_arena arena = {0};
    aisle_key *keys;
    int32_t n_keys = 0;
    aisle_status st = aisle_view_keys(view, &arena, &keys, &n_keys, err);
    aisle_arena_deinit(&arena);
    if (st == AISLE_OK) st = aisle_view_admins(view, n, err);
    *n += n_keys;
    return st;
}

/* The first key or admin closes the shop while it is served. It stays closed when the last one is removed: whoever
 * removes a stolen key must not open the shop to everyone by it. */
static void look_for_keys(aisle_app *app)
{
    int64_t n = 0;
    aisle_error err = {0};
    if (!aisle_app_is_open(app)) return;
    if (count_keys(app->view, &n, &err) != AISLE_OK)
        aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    else if (n) {
        __atomic_store_n(&app->open_mode, 0, __ATOMIC_SEQ_CST);
        aisle_log(AISLE_LOG_INFO, "there is an API key or an admin now: the admin operations need one");
    }
}

/* The serving model's counts, for lists in the order of popularity. */
static aisle_status take_popularity(aisle_app *app, aisle_error *err)
{
    aisle_shelf *s = aisle_shelf_get(app->shelves);
    aisle_status st = AISLE_OK;
    if (s && s->model_version != app->popular_version) {
        st = aisle_catalogue_popularity(app->catalogue, s->model, err);
        if (st == AISLE_OK) app->popular_version = s->model_version;
    }
    aisle_shelf_unref(s);
    return st;
}

typedef struct purge {
    aisle_write base;
    int64_t used_ms, waits_ms;
} purge;

static aisle_status run_purge(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    const purge *p = (purge *)w;
    return aisle_tx_sessions_purge(tx, p->used_ms, p->waits_ms, err);
}

/* A minute after the start, then once an hour: sessions that have ended long since, and waits that are over. */
static void purge_sessions(aisle_app *app)
{
    const int64_t hour_ms = 3600000, day_ms = 24 * hour_ms;
    int64_t now_ms = aisle_app_clock_ms(app);
    if (!app->purge_ms) app->purge_ms = now_ms + 60000;
    if (now_ms < app->purge_ms) return;
    app->purge_ms = now_ms + hour_ms;
    aisle_error err = {0};
    purge p = {{.run = run_purge}, now_ms - app->config->session_idle_s * 1000 - hour_ms, now_ms - day_ms};
    if (aisle_store_write_now(app->store, &p.base, &err) != AISLE_OK)
        aisle_log(AISLE_LOG_WARN, "%s", err.message);
}

/* After the shelf has taken up whatever model serves. */
static aisle_status train_if_due(aisle_app *app, aisle_error *err)
{
    aisle_shelf *s = aisle_shelf_get(app->shelves);
    int64_t model_ms = s ? s->since_ms : 0;
    aisle_shelf_unref(s);
    return aisle_schedule_run(app->schedule, model_ms, err);
}

/* By the weights that the serving model was trained with. */
static aisle_status count_trends(aisle_app *app, aisle_error *err)
{
    aisle_shelf *s = aisle_shelf_get(app->shelves);
    const aisle_weights w = s ? s->weights : aisle_weights_default();
    aisle_shelf_unref(s);
    return aisle_trends_run(app->trends, &w, err);
}

/* After the shelf has taken up whatever model serves. */
static aisle_status count_later_baskets(aisle_app *app, aisle_error *err)
{
    aisle_shelf *s = aisle_shelf_get(app->shelves);
    aisle_status st = s ? aisle_later_baskets_run(app->later, s, err) : AISLE_OK;
    aisle_shelf_unref(s);
    return st;
}

/* Once a second: what an import, a trainer or `aisle key` in another process has changed. */
static void chore(void *ctx)
{
    aisle_app *app = ctx;
    aisle_error err = {0};
    look_for_keys(app);
    aisle_recents_look(app->recents);
    if (count_trends(app, &err) != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    if (aisle_registry_refresh(app->registry, &err) != AISLE_OK)
        aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    if (aisle_forget_run(app->forgetter, &err) != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    purge_sessions(app);
    if (aisle_outcomes_run(app->outcomes, &err) != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    if (aisle_shelf_rack_refresh(app->rack, &err) != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    if (aisle_shelf_refresh(app->shelves, &err) != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    if (count_later_baskets(app, &err) != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    if (aisle_catalogue_refresh(app->catalogue, &err) != AISLE_OK || take_popularity(app, &err) != AISLE_OK)
        aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    for (int i = 0; i < AISLE_SETS; i++)
        if (aisle_set_keeper_refresh(app->sets[i], &err) != AISLE_OK)
            aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    if (aisle_words_refresh(app->words, false, &err) != AISLE_OK)
        aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    if (train_if_due(app, &err) != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    (void)aisle_app_keep_models(app, aisle_shadow_version(app->shadow), &err); /* told when they were named */
}

/* Model versions beside the serving one that are in use. */
static int32_t models_in_use(aisle_app *app, int64_t watched, int64_t out[AISLE_EXPERIMENT_KEPT + 1])
{
    int32_t n = aisle_experiment_keeper_models(app->experiments, aisle_time_monotonic_ns() / 1000000, out);
    bool twice = false;
    for (int32_t i = 0; i < n; i++) twice = twice || out[i] == watched;
    if (watched && !twice) out[n++] = watched;
    return n;
}

aisle_status aisle_app_keep_models(aisle_app *app, int64_t watched, aisle_error *err)
{
    int64_t versions[AISLE_EXPERIMENT_KEPT + 1];
    int32_t n = models_in_use(app, watched, versions);
    return aisle_shelf_rack_keep(app->rack, versions, n, err);
}

/* What was watched when the server ended, unless its file is gone: then it is forgotten, before a training gives the number to
 * another model. One that is there but cannot be served stays noted until somebody ends it. Nothing of this keeps a shop from
 * serving. */
static void resume_shadow(aisle_app *app)
{
    aisle_watched w = {0};
    aisle_model *m = NULL;
    aisle_error err = {0};
    if (aisle_registry_watched(app->registry, &w, &err) != AISLE_OK)
        aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    if (aisle_app_keep_models(app, w.version, &err) != AISLE_OK)
        aisle_log(AISLE_LOG_WARN, "a model beside the serving one: %s", err.message);
    if (!w.version) return;
    if (aisle_shelf_rack_has(app->rack, w.version)) {
        aisle_shadow_watch(app->shadow, w.version, w.share);
        aisle_log(AISLE_LOG_INFO, "model version %lld is watched again", (long long)w.version);
        return;
    }
    aisle_status st = aisle_registry_get(app->registry, w.version, &m, &err);
    aisle_model_unref(m);
    aisle_log(AISLE_LOG_WARN, "shadow scoring of model version %lld is not resumed: %s", (long long)w.version,
              err.message);
    if (st == AISLE_ENOTFOUND && aisle_registry_watch(app->registry, &(aisle_watched){0}, &err) != AISLE_OK)
        aisle_log(AISLE_LOG_ERROR, "%s", err.message);
}

/* The oldest that never served, beyond what is to be kept. */
static void trim_models(aisle_app *app)
{
    int64_t spared[AISLE_EXPERIMENT_KEPT + 1];
    if (!app->config->keep_models) return;
    int32_t n = models_in_use(app, aisle_shadow_version(app->shadow), spared);
    aisle_registry_trim(app->registry, (int32_t)app->config->keep_models, spared, n);
}

/* A new version serves, unless one is pinned or the gate refuses it; it stays on disk in any case. A failure fails the training,
 * and so says why; AISLE_ECONFLICT: it is refused, which is no failure. */
static aisle_status take_version(aisle_app *app, int64_t version, aisle_error *err)
{
    aisle_verdict v = {0};
    int64_t pinned = 0;
    const char *gate = app->config->gate;
    if (strcmp(gate, "off") != 0) aisle_gate_judge(app->registry, version, app->config->gate_tolerance, &v);
    if (v.worse) aisle_log(AISLE_LOG_WARN, "model version %lld is worse: %s", (long long)version, v.why);
    bool refused = v.worse && strcmp(gate, "refuse") == 0;
    aisle_status st = refused ? AISLE_OK
                              : aisle_registry_activate_unless_pinned(app->registry, version,
                                                                      AISLE_REGISTRY_LONG_MS, &pinned, err);
    if (st == AISLE_OK) st = aisle_shelf_refresh(app->shelves, err);
    if (st == AISLE_OK && !refused)
        aisle_log(AISLE_LOG_INFO, "model version %lld %s", (long long)version,
                  pinned ? "is there; a pinned one goes on serving" : "serves");
    if (st == AISLE_OK) trim_models(app);
    return !refused
               ? st
               : aisle_fail(
                     err, AISLE_ECONFLICT,
                     "version %lld is not published: %s; activate it with force=true to serve it all the "
                     "same",
                     (long long)version, v.why);
}

/* A training's last line names the version it has written. */
static aisle_status job_succeeded(void *ctx, aisle_job_kind kind, const char *result, aisle_error *err)
{
    aisle_app *app = ctx;
    if (kind == AISLE_JOB_IMPORT) {
        aisle_recents_look(app->recents);
        AISLE_TRY(aisle_catalogue_refresh(app->catalogue, err));
        AISLE_TRY(aisle_words_refresh(app->words, true, err));
        return aisle_shelf_refresh(app->shelves, err);
    }
    json_t *object = result ? json_loads(result, 0, NULL) : NULL;
    int64_t version = json_integer_value(json_object_get(object, "version"));
    json_decref(object);
    if (version < 1)
        return aisle_fail(err, AISLE_EINTERNAL, "the training did not say which version it wrote");
    return take_version(app, version, err);
}

/* Beside the serving: trainings within their memory, and both kinds after what the shop has to do. */
static aisle_status open_jobs(aisle_app *app, aisle_error *err)
{
    const aisle_config *c = app->config;
    aisle_child_priority p = strcmp(c->train_priority, "idle") == 0  ? AISLE_PRIORITY_IDLE
                             : strcmp(c->train_priority, "low") == 0 ? AISLE_PRIORITY_LOW
                                                                     : AISLE_PRIORITY_NORMAL;
    aisle_jobs_params jobs = {
        .store = app->store,
        .limits = {[AISLE_JOB_TRAINING] = {c->train_memory_mib << 20, p}, [AISLE_JOB_IMPORT] = {0, p}},
        .succeeded = job_succeeded,
        .ctx = app};
    AISLE_TRY(aisle_jobs_open(&jobs, &app->jobs, err));
    aisle_schedule_params schedule = {c, app->jobs, app->store, app->view};
    return aisle_schedule_open(&schedule, &app->schedule, err);
}

static aisle_status open_state(aisle_app *app, aisle_loop_state *state, aisle_error *err)
{
    AISLE_TRY(aisle_view_open(app->store, &state->view, err));
    state->scorer = aisle_scorer_new();
    if (!state->scorer) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a loop");
    return aisle_terms_new(&state->terms, err);
}

static aisle_status open_loops(aisle_app *app, aisle_error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    app->n_loops = app->config->loops ? (int32_t)app->config->loops : cores > 0 ? (int32_t)cores : 1;
    app->loops = aisle_calloc((size_t)app->n_loops, sizeof *app->loops);
    app->beside = aisle_calloc((size_t)app->n_loops, sizeof *app->beside);
    app->texts = aisle_product_texts_new(app->store);
    app->recents = aisle_recents_new(app->store);
    if (!app->loops || !app->beside || !app->texts || !app->recents)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for %d loops", app->n_loops);
    for (int32_t i = 0; i < app->n_loops; i++) {
        AISLE_TRY(open_state(app, &app->loops[i], err));
        AISLE_TRY(open_state(app, &app->beside[i], err));
        app->loops[i].beside = &app->beside[i];
        app->loops[i].products = aisle_product_cache_new();
        app->loops[i].together = aisle_together_new();
        if (!app->loops[i].products || !app->loops[i].together)
            return aisle_fail(err, AISLE_ENOMEM, "out of memory for a loop");
        AISLE_TRY(aisle_worker_start(NULL, NULL, &app->loops[i].scoring, err));
    }
    return AISLE_OK;
}

static void close_state(aisle_loop_state *state)
{
    aisle_worker_stop(state->scoring);
    aisle_scorer_free(state->scorer);
    aisle_product_cache_free(state->products);
    aisle_together_free(state->together);
    aisle_terms_free(state->terms);
    aisle_view_close(state->view);
}

static void close_loops(aisle_app *app)
{
    for (int32_t i = 0; app->loops && app->beside && i < app->n_loops; i++) {
        close_state(&app->loops[i]); /* ends the thread that uses the other */
        close_state(&app->beside[i]);
    }
    aisle_free(app->loops);
    aisle_free(app->beside);
}

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static aisle_status refuse_open(const aisle_config *c, aisle_error *err)
{
    return aisle_fail(err, AISLE_EDENIED,
                      "--host %s: without an API key only loopback is served; make one with `aisle key add "
                      "NAME --data %s`",
                      c->host, c->data);
}

static aisle_status open_store(aisle_app *app, aisle_error *err)
{
    int64_t n_keys = 0, last_use_ms = 0;
    bool local = is_loopback(app->config->host);
    aisle_status st = aisle_store_open(app->config->data, local, &app->store, err);
    if (st == AISLE_ENOTFOUND && !local) return refuse_open(app->config, err);
    AISLE_TRY(st);
    AISLE_TRY(aisle_store_lock(app->store, err));
    AISLE_TRY(aisle_view_open(app->store, &app->view, err));
    AISLE_TRY(count_keys(app->view, &n_keys, err));
    AISLE_TRY(aisle_view_last_use(app->view, &last_use_ms, err));
    int64_t now_ms = aisle_time_now_ms();
    app->clock_base_ms = (now_ms > last_use_ms ? now_ms : last_use_ms) - aisle_time_monotonic_ns() / 1000000;
    app->open_mode = n_keys == 0;
    return app->open_mode && !local ? refuse_open(app->config, err) : AISLE_OK;
}

/* A core in four hashes at most: the shop is for browsing. */
static aisle_status open_hashing(aisle_app *app, aisle_error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int32_t threads = app->config->hash_threads ? (int32_t)app->config->hash_threads
                      : cores > 4               ? (int32_t)cores / 4
                                                : 1;
    return aisle_hash_pool_open(threads, (int32_t)app->config->hash_queue, &app->hashing, err);
}

/* White space around it does not belong to it: files made by hand end with a line feed. */
static aisle_status read_secret(aisle_app *app, aisle_error *err)
{
    enum { LEAST = 16, MOST = 4096 };
    const char *path = app->config->payment_secret_file;
    aisle_mapping map;
    if (!path) return AISLE_OK;
    AISLE_TRY(aisle_file_map(path, &map, err));
    aisle_str text = aisle_str_trim((aisle_str){(const char *)map.data, map.size > MOST ? 0 : map.size});
    aisle_status st = AISLE_OK;
    if (text.len < LEAST)
        st = aisle_fail(err, AISLE_EINVAL, "--payment-secret-file %s: a secret of %d to %d bytes wanted",
                        path, LEAST, MOST);
    char *copy = st == AISLE_OK ? aisle_strndup(text.ptr, text.len) : NULL;
    if (st == AISLE_OK && !copy) st = aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", path);
    if (copy) app->payment_secret = (aisle_str){copy, text.len};
    aisle_file_unmap(&map);
    return st;
}

static aisle_status open_parts(aisle_app *app, aisle_error *err)
{
    AISLE_TRY(read_secret(app, err));
    AISLE_TRY(open_store(app, err));
    snprintf(app->spool, sizeof app->spool, "%s/spool", aisle_store_folder(app->store));
    aisle_uploads_sweep(app->spool);
    AISLE_TRY(aisle_store_start_writer(app->store, err));
    AISLE_TRY(aisle_recommendation_ids_open(app->store, &app->ids, err));
    if (!(app->shown = aisle_shown_new())) return aisle_fail(err, AISLE_ENOMEM, "out of memory for pages");
    AISLE_TRY(aisle_experiment_keeper_open(app->store, app->view, &app->experiments, err));
    AISLE_TRY(aisle_outcomes_open(app->store, app->ids, app->experiments, &app->outcomes, err));
    AISLE_TRY(aisle_trends_open(app->store, &app->trends, err));
    AISLE_TRY(aisle_later_baskets_open(app->store, AISLE_LATER_PAIRS, &app->later, err));
    AISLE_TRY(aisle_registry_open(app->config->data, &app->registry, err));
    aisle_registry_sweep(app->registry);
    AISLE_TRY(aisle_catalogue_open(app->store, &app->catalogue, err));
    for (int i = 0; i < AISLE_SETS; i++)
        AISLE_TRY(aisle_set_keeper_open(app->store, (aisle_set_name)i, &app->sets[i], err));
    AISLE_TRY(aisle_words_keeper_open(app->store, &app->words, err));
    AISLE_TRY(aisle_shelf_keeper_open(app->store, app->registry, 0, &app->shelves, err));
    AISLE_TRY(aisle_shelf_rack_open(app->store, app->registry, &app->rack, err));
    AISLE_TRY(aisle_shadow_open(app->store, app->rack, app->catalogue, &app->shadow, err));
    AISLE_TRY(aisle_forgetter_open(app->store, app->registry, &app->forgetter, err));
    AISLE_TRY(aisle_passwords_setup(err));
    AISLE_TRY(open_hashing(app, err));
    AISLE_TRY(open_loops(app, err));
    AISLE_TRY(open_jobs(app, err));
    AISLE_TRY(aisle_shelf_refresh(app->shelves, err)); /* ready before the first request */
    AISLE_TRY(take_popularity(app, err));
    resume_shadow(app);
    AISLE_TRY(train_if_due(app, err)); /* before the first event: what comes from now on is new */
    return aisle_worker_start(chore, app, &app->worker, err);
}

aisle_status aisle_app_open(const aisle_config *config, aisle_app **out, aisle_error *err)
{
    *out = NULL;
    aisle_app *app = aisle_calloc(1, sizeof *app);
    if (!app) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the server");
    app->config = config;
    app->started_ms = aisle_time_now_ms();
    aisle_status st = open_parts(app, err);
    if (st != AISLE_OK) {
        aisle_app_close(app);
        return st;
    }
    *out = app;
    return AISLE_OK;
}

void aisle_app_close(aisle_app *app)
{
    if (!app) return;
    aisle_worker_stop(app->worker);
    aisle_hash_pool_close(app->hashing);
    aisle_jobs_close(app->jobs);
    close_loops(app);
    aisle_product_texts_free(app->texts);
    aisle_view_close(app->view);
    aisle_shadow_close(app->shadow); /* it looks into the newest events */
    aisle_recents_free(app->recents);
    aisle_shelf_rack_close(app->rack);
    aisle_shelf_keeper_close(app->shelves);
    for (int i = 0; i < AISLE_SETS; i++) aisle_set_keeper_close(app->sets[i]);
    aisle_words_keeper_close(app->words);
    aisle_catalogue_close(app->catalogue);
    aisle_forgetter_close(app->forgetter);
    aisle_registry_close(app->registry);
    aisle_later_baskets_close(app->later);
    aisle_trends_close(app->trends);
    aisle_outcomes_close(app->outcomes);
    aisle_experiment_keeper_close(app->experiments);
    aisle_shown_free(app->shown);
    aisle_recommendation_ids_close(app->ids);
    aisle_store_close(app->store);
    aisle_schedule_close(app->schedule);
    aisle_free((char *)app->payment_secret.ptr);
    aisle_free(app);
}

bool aisle_app_is_open(aisle_app *app)
{
    return __atomic_load_n(&app->open_mode, __ATOMIC_SEQ_CST) != 0;
}
