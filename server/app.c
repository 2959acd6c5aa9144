/* Opens what the handlers work with, in the order of dependence, and closes it backwards. */
#include "server/app.h"

#include <jansson.h>
#include <unistd.h>

#include "aisle/log.h"
#include "server/auth/keys.h"

/* Once a second: what an import, a trainer in another process or an order has changed. */
static void chore(void *ctx)
{
    aisle_app *app = ctx;
    aisle_error err = {0};
    if (aisle_registry_refresh(app->registry, &err) != AISLE_OK)
        aisle_log(AISLE_LOG_ERROR, "%s", err.message);
    if (aisle_shelf_refresh(app->shelves, &err) != AISLE_OK) aisle_log(AISLE_LOG_ERROR, "%s", err.message);
}

aisle_status aisle_app_activate(aisle_app *app, int64_t version, aisle_error *err)
{
    AISLE_TRY(aisle_registry_activate(app->registry, version, err));
    return aisle_shelf_refresh(app->shelves, err);
}

/* A training's last line names the version it has written. */
static aisle_status job_succeeded(void *ctx, aisle_job_kind kind, const char *result, aisle_error *err)
{
    aisle_app *app = ctx;
    if (kind == AISLE_JOB_IMPORT) return aisle_shelf_refresh(app->shelves, err);
    json_t *object = result ? json_loads(result, 0, NULL) : NULL;
    int64_t version = json_integer_value(json_object_get(object, "version"));
    json_decref(object);
    if (version < 1)
        return aisle_fail(err, AISLE_EINTERNAL, "the training did not say which version it wrote");
    AISLE_TRY(aisle_app_activate(app, version, err));
    aisle_log(AISLE_LOG_INFO, "model version %lld serves", (long long)version);
    return AISLE_OK;
}

static aisle_status open_loops(aisle_app *app, aisle_error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    app->n_loops = app->config->loops ? (int32_t)app->config->loops : cores > 0 ? (int32_t)cores : 1;
    app->loops = aisle_calloc((size_t)app->n_loops, sizeof *app->loops);
    if (!app->loops) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %d loops", app->n_loops);
    for (int32_t i = 0; i < app->n_loops; i++) {
        AISLE_TRY(aisle_view_open(app->store, &app->loops[i].view, err));
        app->loops[i].scorer = aisle_scorer_new();
        if (!app->loops[i].scorer)
            return aisle_fail(err, AISLE_ENOMEM, "out of memory for %d loops", app->n_loops);
    }
    return AISLE_OK;
}

static aisle_status count_keys(aisle_app *app, int32_t *n, aisle_error *err)
{
    aisle_arena arena = {0};
    aisle_key *keys;
    aisle_status st = aisle_view_keys(app->loops[0].view, &arena, &keys, n, err);
    aisle_arena_deinit(&arena);
    return st;
}

static aisle_status open_parts(aisle_app *app, aisle_error *err)
{
    int32_t n_keys = 0;
    AISLE_TRY(aisle_store_open(app->config->data, true, &app->store, err));
    AISLE_TRY(aisle_store_lock(app->store, err));
    AISLE_TRY(aisle_store_start_writer(app->store, err));
    AISLE_TRY(aisle_registry_open(app->config->data, &app->registry, err));
    aisle_registry_sweep(app->registry);
    AISLE_TRY(aisle_shelf_keeper_open(app->store, app->registry, &app->shelves, err));
    AISLE_TRY(open_loops(app, err));
    AISLE_TRY(count_keys(app, &n_keys, err));
    app->open_mode = n_keys == 0;
    aisle_jobs_params jobs = {.store = app->store, .succeeded = job_succeeded, .ctx = app};
    AISLE_TRY(aisle_jobs_open(&jobs, &app->jobs, err));
    AISLE_TRY(aisle_shelf_refresh(app->shelves, err)); /* ready before the first request */
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
    aisle_jobs_close(app->jobs);
    for (int32_t i = 0; app->loops && i < app->n_loops; i++) {
        aisle_scorer_free(app->loops[i].scorer);
        aisle_view_close(app->loops[i].view);
    }
    aisle_free(app->loops);
    aisle_shelf_keeper_close(app->shelves);
    aisle_registry_close(app->registry);
    aisle_store_close(app->store);
    aisle_free(app);
}

bool aisle_app_is_admin(aisle_app *app, int32_t loop, aisle_str bearer)
{
    unsigned char hash[AISLE_KEY_HASH_BYTES];
    aisle_error err = {0};
    bool found = false;
    if (bearer.len != AISLE_KEY_TEXT_BYTES - 1) return false;
    aisle_key_hash(bearer, hash);
    if (aisle_view_key_check(app->loops[loop].view, hash, &found, &err) == AISLE_OK) return found;
    aisle_log(AISLE_LOG_ERROR, "key check: %s", err.message);
    return false;
}
