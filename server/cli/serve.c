/* `aisle serve`: opens the shop, starts the loops, waits for a signal, drains. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aisle/log.h"
#include "server/app.h"
#include "server/auth/random_id.h"
#include "server/cli/command.h"
#include "server/json/json.h"

/* The whole end takes 5 s at most: requests first, the jobs' children are told at the same time. */
enum { DRAIN_MS = 3000 };

/* "auto": whoever wants JSON has a program that reads it. */
static aisle_access_params access_log_of(const aisle_config *c)
{
    static const char *const modes[] = {"off", "errors", "all"};
    int mode = c->log_json ? AISLE_ACCESS_LOG_ALL : AISLE_ACCESS_LOG_OFF;
    for (int i = 0; i < 3; i++)
        if (strcmp(c->access_log, modes[i]) == 0) mode = i;
    if (!aisle_log_enabled(AISLE_LOG_INFO)) mode = AISLE_ACCESS_LOG_OFF;
    return (aisle_access_params){(aisle_access_mode)mode, c->log_json, c->access_lines};
}

static aisle_status start_http(aisle_app *app, aisle_error *err)
{
    aisle_http *http = NULL;
    aisle_http_params p = {.host = app->config->host,
                           .port = (int32_t)app->config->port,
                           .loops = app->n_loops,
                           .max_connections = (int32_t)app->config->max_connections,
                           .tls_cert = app->config->tls_cert,
                           .tls_key = app->config->tls_key,
                           .trusted_proxies = app->config->trusted_proxies,
                           .access_log = access_log_of(app->config),
                           .rates = {.a_minute = {[AISLE_RATE_READ] = app->config->limit_reads,
                                                  [AISLE_RATE_SEARCH] = app->config->limit_searches,
                                                  [AISLE_RATE_WRITE] = app->config->limit_writes,
                                                  [AISLE_RATE_SIGN_IN] = app->config->limit_sign_ins,
                                                  [AISLE_RATE_KEY] = app->config->limit_keys}},
                           .spool = app->spool,
                           .routes = aisle_routes,
                           .app = app,
                           .is_open = aisle_app_is_open,
                           .identify = aisle_identify,
                           .cors_origins = app->config->cors_origins};
    aisle_status st = aisle_http_start(&p, &http, err);
    if (st == AISLE_OK) __atomic_store_n(&app->http, http, __ATOMIC_RELEASE);
    return st;
}

static void announce(aisle_app *app)
{
    const char *host = app->config->host;
    bool six = strchr(host, ':') != NULL;
    printf("listening on http%s://%s%s%s:%d\n", app->config->tls_cert ? "s" : "", six ? "[" : "", host,
           six ? "]" : "", aisle_http_port(app->http));
    fflush(stdout);
    if (aisle_app_is_open(app))
        aisle_log(AISLE_LOG_WARN,
                  "no API key and no admin: everyone on this machine may administer the shop; `aisle key add "
                  "NAME --data %s` makes one",
                  app->config->data);
}

static sem_t told;                  /* of an end, or of new files */
static atomic_int ending, renewing; /* the handler may run on any thread */
static bool on_terminal; /* started by hand: a hang-up means that the terminal has gone, and ends us */

static void on_signal(int number)
{
    int saved = errno;
    if (number == SIGHUP && !on_terminal) {
        renewing = 1;
    } else {
        if (ending) _exit(128 + number);
        ending = number;
    }
    sem_post(&told);
    errno = saved;
}

/* SIGINT and SIGTERM end the program gently, the second one at once. They are handled, not only waited for: the BLAS
 * library starts threads before main does, which block nothing, and a signal may land there. Our own threads, started
 * after this, block all three. SIGHUP reads certificate and
 * key again. */
static void catch_signals(sigset_t *set)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    on_terminal = isatty(STDIN_FILENO);
    sem_init(&told, 0, 0);
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void renew(aisle_app *app)
{
    aisle_error err;
    renewing = 0;
    if (!app->config->tls_cert)
        aisle_log(AISLE_LOG_INFO, "SIGHUP: no certificate to read again");
    else if (aisle_http_reload(app->http, &err) == AISLE_OK)
        aisle_log(AISLE_LOG_INFO, "SIGHUP: %s and its key serve new connections", app->config->tls_cert);
    else
        aisle_log(AISLE_LOG_ERROR, "SIGHUP: %s; the old certificate stays", err.message);
}

static void wait_for_end(aisle_app *app, const sigset_t *set)
{
    pthread_sigmask(SIG_UNBLOCK, set, NULL);
    while (!ending) {
        while (sem_wait(&told)) continue; /* EINTR */
        if (renewing && !ending) renew(app);
    }
    aisle_log(AISLE_LOG_INFO, "%s: finishing the requests in flight", strsignal(ending));
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
    catch_signals(&set);
    aisle_status st = aisle_crypto_setup(&err);
    if (st == AISLE_OK) st = aisle_app_open(config, &app, &err);
    if (st == AISLE_OK) st = start_http(app, &err);
    if (st == AISLE_OK) {
        announce(app);
        wait_for_end(app, &set);
        aisle_jobs_stop(app->jobs);
        aisle_hash_pool_drain(app->hashing);
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
    int code = aisle_config_read(&config, "serve", argc, argv);
    if (code < 0) code = serve(&config);
    aisle_config_deinit(&config);
    return code;
}
