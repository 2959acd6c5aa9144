/* `aisle serve`: opens the shop, starts the loops, waits for a signal, drains. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "aisle/log.h"
#include "server/app.h"
#include "server/auth/random_id.h"
#include "server/cli/command.h"
#include "server/json/json.h"

/* The whole end takes 5 s at most: requests first, the jobs' children are told at the same time. */
enum { DRAIN_MS = 3000 };

static aisle_status start_http(aisle_app *app, aisle_error *err)
{
    aisle_http *http = NULL;
    aisle_http_params p = {.host = app->config->host,
                           .port = (int32_t)app->config->port,
                           .loops = app->n_loops,
                           .max_connections = (int32_t)app->config->max_connections,
                           .spool = app->spool,
                           .routes = aisle_routes,
                           .app = app,
                           .is_open = aisle_app_is_open,
                           .authorize = aisle_app_authorize};
    aisle_status st = aisle_http_start(&p, &http, err);
    if (st == AISLE_OK) __atomic_store_n(&app->http, http, __ATOMIC_RELEASE);
    return st;
}

static void announce(aisle_app *app)
{
    const char *host = app->config->host;
    bool six = strchr(host, ':') != NULL;
    printf("listening on http://%s%s%s:%d\n", six ? "[" : "", host, six ? "]" : "",
           aisle_http_port(app->http));
    fflush(stdout);
    if (aisle_app_is_open(app))
        aisle_log(AISLE_LOG_WARN,
                  "no API key: everyone on this machine may administer the shop; `aisle key add "
                  "NAME --data %s` makes one",
                  app->config->data);
}

/* SIGINT and SIGTERM are blocked in every thread and taken here; the second one ends the program at once. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void wait_for_end(const sigset_t *set)
{
    int number;
    while (sigwait(set, &number)) continue;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, set, NULL);
    aisle_log(AISLE_LOG_INFO, "%s: finishing the requests in flight", strsignal(number));
}

static int serve(const aisle_config *config)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    aisle_log_level level = AISLE_LOG_ERROR;
    while (strcmp(levels[level], config->log_level) != 0) level++;
    aisle_log_setup(level, config->log_json);
    aisle_json_setup();

    sigset_t set;
    aisle_error err = {0};
    aisle_app *app = NULL;
    block_signals(&set);
    aisle_status st = aisle_crypto_setup(&err);
    if (st == AISLE_OK) st = aisle_app_open(config, &app, &err);
    if (st == AISLE_OK) st = start_http(app, &err);
    if (st == AISLE_OK) {
        announce(app);
        wait_for_end(&set);
        aisle_jobs_stop(app->jobs);
        aisle_http_stop(app->http, DRAIN_MS);
    }
    aisle_app_close(app);
    if (st == AISLE_OK) return 0;
    aisle_complain("serve", st, &err);
    return 1;
}

int aisle_command_serve(int argc, char **argv)
{
    aisle_config config;
    int code = aisle_config_read(&config, argc, argv);
    if (code < 0 && config.print) {
        aisle_config_print(&config);
        code = 0;
    }
    if (code < 0) code = serve(&config);
    aisle_config_deinit(&config);
    return code;
}
