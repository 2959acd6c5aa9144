/* What can be set of `aisle serve`: one table, and four places that a value may come from. */
#ifndef AISLE_SERVER_CONFIG_H
#define AISLE_SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/memory.h"
#include "aisle/status.h"

typedef struct aisle_config {
    const char *data, *host, *log_level, *file;
    const char *tls_cert, *tls_key, *trusted_proxies, *cors_origins;               /* NULL = not set */
    int64_t limit_reads, limit_searches, limit_writes, limit_sign_ins, limit_keys; /* a minute; 0 = none */
    int64_t port, loops, max_connections, train_threads, session_idle_s, session_max_s, hash_threads,
        hash_queue;
    const char *payment_secret_file;                              /* NULL = not set */
    const char *train_every, *train_config, *train_priority;      /* NULL = not set, but for the last */
    int64_t train_every_ms, train_after_events, train_memory_mib; /* 0 = not set */
    bool half_stars, moderate_reviews;
    bool log_json, print, json; /* print, json: of `aisle config` */
    const char *access_log;
    const char *gate; /* "off", "warn", "refuse" */
    double gate_tolerance;
    int64_t keep_models; /* 0 = all */
    int64_t access_lines;
    aisle_arena texts; /* what the texts above point to, unless it is argv or the environment */
} aisle_config;

/* Defaults, then the file of --config (`name = value` lines, # comments), then AISLE_SERVE_NAME in the environment, then
 * the command line: the last one wins. command: "serve", or "config", which takes the same options and two of its own.
 * Returns -1 to go on, else the exit code (0 after --help, 1 when the file cannot be read, 2 for a wrong value; one line
 * on stderr). */
int aisle_config_read(aisle_config *c, const char *command, int argc, char **argv);
void aisle_config_deinit(aisle_config *c);
/* On stdout: `name = value` lines as --config reads them back, each below comments that say what it is and where it comes
 * from; or with c->json one object. The arguments as of aisle_config_read, which has read c from them. */
aisle_status aisle_config_print(const aisle_config *c, int argc, char **argv, aisle_error *err);

#endif
