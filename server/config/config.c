/* The table is that of the command line (options.h); file and environment are two more ways to set its rows.
 */
#include "server/config/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/str.h"
#include "server/cli/options.h"
#include "server/cli/train_options.h"
#include "server/config/config_file.h"
#include "server/config/config_rows.h"

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const gates[] = {"off", "warn", "refuse", NULL};
static const char *const priorities[] = {"idle", "low", "normal", NULL};
static const char *const access_logs[] = {"auto", "off", "errors", "all", NULL};

/* Rows from "config" on are of one start only: not read from file or environment, not printed. */
void aisle_config_table(aisle_config *c, aisle_option rows[AISLE_CONFIG_ROWS])
{
    const aisle_option table[] = {
        {"data", 'd', "DIR", AISLE_OPT_TEXT, &c->data, 0, 0, NULL, "data folder of the shop"},
        {"host", 0, "ADDRESS", AISLE_OPT_TEXT, &c->host, 0, 0, NULL,
         "numeric address to listen on; any but loopback needs an API key"},
        {"port", 'p', "N", AISLE_OPT_INT, &c->port, 0, 65535, NULL, "port to listen on, 0 = a free one"},
        {"loops", 0, "N", AISLE_OPT_INT, &c->loops, 0, 256, NULL, "event loops, 0 = one a core"},
        {"max-connections", 0, "N", AISLE_OPT_INT, &c->max_connections, 0, 1000000, NULL,
         "open connections at most, 0 = what the descriptor limit allows"},
        {"train-threads", 0, "N", AISLE_OPT_INT, &c->train_threads, 0, 1024, NULL,
         "threads of a training that the server starts, 0 = one a core"},
        {"train-every", 0, "TIME", AISLE_OPT_TEXT, &c->train_every, 0, 0, NULL,
         "train this long after the last training began, if there are new events: 90s, 30m, 6h, 7d"},
        {"train-after-events", 0, "N", AISLE_OPT_INT, &c->train_after_events, 0, 1e12, NULL,
         "train when there are so many new events, 0 = not for that"},
        {"train-config", 0, "FILE", AISLE_OPT_TEXT, &c->train_config, 0, 0, NULL,
         "settings of such trainings, as of `aisle train --config`; else those that were asked for last"},
        {"train-memory", 0, "MIB", AISLE_OPT_INT, &c->train_memory_mib, 0, 1e9, NULL,
         "memory of a training at most, 0 = any; one that takes more is ended"},
        {"train-priority", 0, "P", AISLE_OPT_CHOICE, &c->train_priority, 0, 0, priorities,
         "of trainings and imports beside the serving: idle takes no core that others want"},
        {"gate", 0, "WHAT", AISLE_OPT_CHOICE, &c->gate, 0, 0, gates,
         "what becomes of a model that is worse than the serving one on people held out of both: it serves, "
         "it serves "
         "and is complained about, or it does not serve"},
        {"gate-tolerance", 0, "SHARE", AISLE_OPT_REAL, &c->gate_tolerance, 0, 1, NULL,
         "how much less its ndcg@10 may be, as a share of the serving one's"},
        {"keep-models", 0, "N", AISLE_OPT_INT, &c->keep_models, 0, 100000, NULL,
         "model versions to keep: after a training the oldest that never served go; 0 = all"},
        {"session-idle", 0, "S", AISLE_OPT_INT, &c->session_idle_s, 1, 1e9, NULL,
         "seconds without use after which a session ends"},
        {"session-max", 0, "S", AISLE_OPT_INT, &c->session_max_s, 1, 1e9, NULL,
         "seconds after which a session ends at the latest"},
        {"hash-threads", 0, "N", AISLE_OPT_INT, &c->hash_threads, 0, 64, NULL,
         "threads that check passwords, 0 = a quarter of the cores"},
        {"hash-queue", 0, "N", AISLE_OPT_INT, &c->hash_queue, 1, 100000, NULL,
         "passwords that wait at most; more are answered with 503"},
        {"tls-cert", 0, "FILE", AISLE_OPT_TEXT, &c->tls_cert, 0, 0, NULL,
         "serve TLS with this certificate and its chain (PEM); read again on SIGHUP"},
        {"tls-key", 0, "FILE", AISLE_OPT_TEXT, &c->tls_key, 0, 0, NULL,
         "its private key (PEM, without a pass phrase)"},
        {"trusted-proxies", 0, "LIST", AISLE_OPT_TEXT, &c->trusted_proxies, 0, 0, NULL,
         "addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed"},
        {"cors-origins", 0, "LIST", AISLE_OPT_TEXT, &c->cors_origins, 0, 0, NULL,
         "origins of other sites whose pages may call, as https://shop.example"},
        {"limit-reads", 0, "N", AISLE_OPT_INT, &c->limit_reads, 0, 1e9, NULL,
         "reads a minute, and at once, of one client; 0 = any number, as for clients on this machine"},
        {"limit-searches", 0, "N", AISLE_OPT_INT, &c->limit_searches, 0, 1e9, NULL, "the same for searches"},
        {"limit-writes", 0, "N", AISLE_OPT_INT, &c->limit_writes, 0, 1e9, NULL, "the same for writes"},
        {"limit-sign-ins", 0, "N", AISLE_OPT_INT, &c->limit_sign_ins, 0, 1e9, NULL,
         "the same for whatever hashes a password"},
        {"limit-keys", 0, "N", AISLE_OPT_INT, &c->limit_keys, 0, 1e9, NULL,
         "requests of any kind a minute with one API key; 0 = any number"},
        {"half-stars", 0, NULL, AISLE_OPT_FLAG, &c->half_stars, 0, 0, NULL, "ratings may be 3.5 stars too"},
        {"moderate-reviews", 0, NULL, AISLE_OPT_FLAG, &c->moderate_reviews, 0, 0, NULL,
         "new reviews wait until an administrator publishes them"},
        {"payment-secret-file", 0, "FILE", AISLE_OPT_TEXT, &c->payment_secret_file, 0, 0, NULL,
         "secret that the payment provider signs its notes with"},
        {"log-level", 0, "LEVEL", AISLE_OPT_CHOICE, &c->log_level, 0, 0, levels,
         "least level that is logged"},
        {"log-json", 0, NULL, AISLE_OPT_FLAG, &c->log_json, 0, 0, NULL, "log JSON lines instead of text"},
        {"access-log", 0, "WHICH", AISLE_OPT_CHOICE, &c->access_log, 0, 0, access_logs,
         "a line for each request, or for each that ends with 4xx or 5xx; auto = all with --log-json, else "
         "off"},
        {"access-lines", 0, "N", AISLE_OPT_INT, &c->access_lines, 1, 1e6, NULL,
         "such lines a second at most; what is left out is counted"},
        {"config", 'c', "FILE", AISLE_OPT_TEXT, &c->file, 0, 0, NULL, "file of `name = value` lines"},
        {"print", 0, NULL, AISLE_OPT_FLAG, &c->print, 0, 0, NULL,
         "print the settings, each with where it comes from; else they are only checked"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &c->json, 0, 0, NULL, "print one JSON object"},
        {0},
    };
    _Static_assert(sizeof table <= AISLE_CONFIG_ROWS * sizeof *rows, "room for every row");
    memcpy(rows, table, sizeof table);
}

int32_t aisle_config_stored(const aisle_option *rows)
{
    int32_t n = 0;
    while (strcmp(rows[n].name, "config") != 0) n++;
    return n;
}

static const aisle_usage usage = {
    .command = "serve",
    .synopsis = "[options]",
    .about = "Serves the shop of a data folder over HTTP: catalogue, events, recommendations, trainings.\n"
             "Every option may also stand in a file (--config FILE, `name = value` lines) or in the\n"
             "environment (AISLE_SERVE_PORT for --port); the command line wins, then the environment.\n"
             "`aisle config --print` shows what is set, and where. SIGTERM lets requests finish; SIGHUP\n"
             "reads the certificate again.",
    .examples =
        "  aisle serve --data shop\n  AISLE_SERVE_PORT=9000 aisle serve --data shop --config shop.conf",
};

static const aisle_usage config_usage = {
    .command = "config",
    .synopsis = "[options of serve] [--print] [--json]",
    .about =
        "Checks the settings that `aisle serve` would take from a file, the environment and the command\n"
        "line, and prints them: what is printed can be read back with --config.",
    .examples = "  aisle config --config shop.conf --print\n  aisle config --port 9000 --print > shop.conf",
};

void aisle_config_defaults(aisle_config *c)
{
    *c = (aisle_config){.data = "data",
                        .host = "127.0.0.1",
                        .port = 8080,
                        .limit_reads = 12000,
                        .limit_searches = 6000,
                        .limit_writes = 3000,
                        .limit_sign_ins = 300,
                        .train_priority = "low",
                        .access_log = "auto",
                        .gate = "off",
                        .gate_tolerance = 0.05,
                        .access_lines = 1000,
                        .log_level = "info",
                        .session_idle_s = 14 * 86400,
                        .session_max_s = 90 * 86400,
                        .hash_queue = 256};
}

int aisle_config_from_file(const char *command, const char *path, const aisle_option *rows,
                           aisle_arena *texts)
{
    aisle_option stored[AISLE_CONFIG_ROWS] = {{0}};
    memcpy(stored, rows, (size_t)aisle_config_stored(rows) * sizeof *rows);
    return path ? aisle_config_file_read(command, path, stored, texts) : -1;
}

void aisle_config_variable(const aisle_option *row, char name[AISLE_CONFIG_NAME])
{
    snprintf(name, AISLE_CONFIG_NAME, "AISLE_SERVE_%s", row->name);
    for (char *s = name; *s; s++) *s = *s == '-' ? '_' : (char)toupper((unsigned char)*s);
}

int aisle_config_from_environment(const char *command, const aisle_option *rows)
{
    int32_t n = aisle_config_stored(rows);
    for (int32_t i = 0; i < n; i++) {
        char name[AISLE_CONFIG_NAME], where[AISLE_CONFIG_NAME + 8];
        aisle_error err;
        aisle_config_variable(&rows[i], name);
        const char *value = getenv(name);
        snprintf(where, sizeof where, "%s: ", name);
        if (value && aisle_option_set(&rows[i], value, &err) != AISLE_OK)
            return aisle_config_complain(command, where, &err);
    }
    return -1;
}

int aisle_config_from_arguments(const char *command, aisle_option *rows, int argc, char **argv)
{
    bool serves = strcmp(command, "serve") == 0;
    const char *args[1];
    int32_t n_args;
    if (serves) rows[aisle_config_stored(rows) + 1] = (aisle_option){0}; /* the rest is of `aisle config` */
    return aisle_options_parse(serves ? &usage : &config_usage, rows, argc, argv, args, &n_args);
}

/* "90s", "30m", "6h", "7d" */
static aisle_status read_time(const char *text, int64_t *ms, aisle_error *err)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    const int64_t most_ms = INT64_C(366) * 86400000;
    aisle_str s = aisle_str_from(text);
    int64_t n = 0;
    *ms = 0;
    for (size_t i = 0; s.len && i < sizeof units / sizeof *units; i++)
        if (s.ptr[s.len - 1] == units[i].unit && aisle_str_to_i64((aisle_str){s.ptr, s.len - 1}, &n) &&
            n >= 1 && n <= most_ms / units[i].ms)
            *ms = n * units[i].ms;
    return *ms ? AISLE_OK
               : aisle_fail(err, AISLE_EINVAL,
                            "--train-every %s: a number with s, m, h or d wanted, up to 366d", text);
}

/* Found now, not when it is time to train. */
static int check_train_config(const aisle_config *c, const char *command)
{
    static const aisle_option none[] = {{0}};
    aisle_train_options o;
    aisle_option table[AISLE_TRAIN_OPTION_ROWS];
    if (!c->train_config) return -1;
    aisle_train_options_init(&o, AISLE_SCOPE_CONFIG, none, table);
    int code = aisle_config_file_read(command, c->train_config, table, &o.texts);
    aisle_train_options_deinit(&o);
    return code;
}

/* What no row can say alone. */
static int check(aisle_config *c, const char *command)
{
    aisle_error err;
    aisle_status st = AISLE_OK;
    if (!c->tls_cert != !c->tls_key)
        st = aisle_fail(&err, AISLE_EINVAL, "--tls-cert and --tls-key go together");
    else if (c->train_every)
        st = read_time(c->train_every, &c->train_every_ms, &err);
    return st == AISLE_OK ? check_train_config(c, command) : aisle_config_complain(command, "", &err);
}

int aisle_config_read(aisle_config *c, const char *command, int argc, char **argv)
{
    aisle_option rows[AISLE_CONFIG_ROWS];
    aisle_config_defaults(c);
    aisle_config_table(c, rows);
    /* the first pass finds --config and --help, the second lets the command line win */
    int code = aisle_config_from_arguments(command, rows, argc, argv);
    if (code < 0) code = aisle_config_from_file(command, c->file, rows, &c->texts);
    if (code < 0) code = aisle_config_from_environment(command, rows);
    if (code < 0) code = aisle_config_from_arguments(command, rows, argc, argv);
    return code < 0 ? check(c, command) : code;
}

void aisle_config_deinit(aisle_config *c)
{
    aisle_arena_deinit(&c->texts);
}
