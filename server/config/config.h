/* What can be set of `aisle serve`: one table, and four places that a value may come from. */
#ifndef AISLE_SERVER_CONFIG_H
#define AISLE_SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/memory.h"
#include "aisle/status.h"

typedef struct aisle_config {
    const char *data, *host, *log_level, *file;
    const char *tls_cert, *tls_key, *trusted_proxies, *cors_origins; /* NULL = not set */
    int64_t port, loops, max_connections, train_threads, session_idle_s, session_max_s;
    bool log_json, print;
    aisle_arena texts; /* what the texts above point to, unless it is argv or the environment */
} aisle_config;

/* Defaults, then the file of --config (`name = value` lines, # comments), then AISLE_NAME in the environment,
 * then the command line: the last one wins. Returns -1 to go on, else the exit code (0 after --help, 1 when
 * the file cannot be read, 2 for a wrong value; one line on stderr). */
int aisle_config_read(aisle_config *c, int argc, char **argv);
void aisle_config_deinit(aisle_config *c);
/* `name = value` lines on stdout, as --config reads them back. */
void aisle_config_print(const aisle_config *c);

#endif
