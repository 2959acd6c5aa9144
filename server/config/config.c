/* The table is that of the command line (options.h); file and environment are two more ways to set its rows.
 */
#include "server/config/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/cli/options.h"
#include "server/config/config_file.h"

enum { ROWS = 20, NAME_BYTES = 64 };
static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

/* Rows from the first NOT_STORED on are of one start only: not read from file or environment, not printed. */
enum { NOT_STORED = 14 };
static void make_table(aisle_config *c, aisle_option rows[ROWS])
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
         "threads of a training started over HTTP, 0 = one a core"},
        {"session-idle", 0, "S", AISLE_OPT_INT, &c->session_idle_s, 1, 1e9, NULL,
         "seconds without use after which a session ends"},
        {"session-max", 0, "S", AISLE_OPT_INT, &c->session_max_s, 1, 1e9, NULL,
         "seconds after which a session ends at the latest"},
        {"tls-cert", 0, "FILE", AISLE_OPT_TEXT, &c->tls_cert, 0, 0, NULL,
         "serve TLS with this certificate and its chain (PEM); read again on SIGHUP"},
        {"tls-key", 0, "FILE", AISLE_OPT_TEXT, &c->tls_key, 0, 0, NULL,
         "its private key (PEM, without a pass phrase)"},
        {"trusted-proxies", 0, "LIST", AISLE_OPT_TEXT, &c->trusted_proxies, 0, 0, NULL,
         "addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed"},
        {"cors-origins", 0, "LIST", AISLE_OPT_TEXT, &c->cors_origins, 0, 0, NULL,
         "origins of other sites whose pages may call, as https://shop.example"},
        {"log-level", 0, "LEVEL", AISLE_OPT_CHOICE, &c->log_level, 0, 0, levels,
         "least level that is logged"},
        {"log-json", 0, NULL, AISLE_OPT_FLAG, &c->log_json, 0, 0, NULL, "log JSON lines instead of text"},
        {"config", 'c', "FILE", AISLE_OPT_TEXT, &c->file, 0, 0, NULL, "file of `name = value` lines"},
        {"print-config", 0, NULL, AISLE_OPT_FLAG, &c->print, 0, 0, NULL, "print the settings and exit"},
        {0},
    };
    _Static_assert(sizeof table <= ROWS * sizeof *rows, "room for every row");
    memcpy(rows, table, sizeof table);
}

static const aisle_usage usage = {
    .command = "serve",
    .synopsis = "[options]",
    .about = "Serves the shop of a data folder over HTTP: catalogue, events, recommendations, trainings.\n"
             "Every option may also stand in a file (--config FILE, `name = value` lines) or in the\n"
             "environment (AISLE_SERVE_PORT for --port); the command line wins, then the environment.",
    .examples = "  aisle serve --data shop\n  AISLE_SERVE_PORT=9000 aisle serve --data shop --print-config",
};

static int read_environment(const aisle_option *rows)
{
    for (int i = 0; i < NOT_STORED; i++) {
        char name[NAME_BYTES], where[NAME_BYTES + 8];
        aisle_error err;
        snprintf(name, sizeof name, "AISLE_SERVE_%s", rows[i].name);
        for (char *s = name; *s; s++) *s = *s == '-' ? '_' : (char)toupper((unsigned char)*s);
        const char *value = getenv(name);
        snprintf(where, sizeof where, "%s: ", name);
        if (value && aisle_option_set(&rows[i], value, &err) != AISLE_OK)
            return aisle_config_complain(usage.command, where, &err);
    }
    return -1;
}

/* What no row can say alone. */
static int check(const aisle_config *c)
{
    aisle_error err;
    if (!c->tls_cert == !c->tls_key) return -1;
    aisle_fail(&err, AISLE_EINVAL, "--tls-cert and --tls-key go together");
    return aisle_config_complain(usage.command, "", &err);
}

int aisle_config_read(aisle_config *c, int argc, char **argv)
{
    aisle_option rows[ROWS];
    const char *args[1];
    int32_t n_args;
    *c = (aisle_config){.data = "data",
                        .host = "127.0.0.1",
                        .port = 8080,
                        .log_level = "info",
                        .session_idle_s = 14 * 86400,
                        .session_max_s = 90 * 86400};
    make_table(c, rows);
    /* the first pass finds --config and --help, the second lets the command line win */
    int code = aisle_options_parse(&usage, rows, argc, argv, args, &n_args);
    if (code < 0 && c->file) {
        aisle_option stored[ROWS] = {{0}};
        memcpy(stored, rows, NOT_STORED * sizeof *rows);
        code = aisle_config_file_read(usage.command, c->file, stored, &c->texts);
    }
    if (code < 0) code = read_environment(rows);
    if (code < 0) code = aisle_options_parse(&usage, rows, argc, argv, args, &n_args);
    return code < 0 ? check(c) : code;
}

void aisle_config_deinit(aisle_config *c)
{
    aisle_arena_deinit(&c->texts);
}

void aisle_config_print(const aisle_config *c)
{
    aisle_option rows[ROWS];
    make_table((aisle_config *)c, rows); /* only read below */
    for (int i = 0; i < NOT_STORED; i++) {
        const aisle_option *o = &rows[i];
        bool unset = o->kind == AISLE_OPT_TEXT && !*(const char **)o->out;
        printf("# %s\n%s%s = ", o->help, unset ? "# " : "", o->name);
        if (unset) puts("");
        if (o->kind == AISLE_OPT_INT) printf("%lld\n", (long long)*(int64_t *)o->out);
        if (o->kind == AISLE_OPT_FLAG) puts(*(bool *)o->out ? "true" : "false");
        if ((o->kind == AISLE_OPT_TEXT && !unset) || o->kind == AISLE_OPT_CHOICE)
            puts(*(const char **)o->out);
    }
}
