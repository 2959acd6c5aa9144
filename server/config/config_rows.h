/* What config.c and config_print.c share: the table of settings, and the places that set its rows, one by one. */
#ifndef AISLE_SERVER_CONFIG_ROWS_H
#define AISLE_SERVER_CONFIG_ROWS_H

#include "server/cli/options.h"
#include "server/config/config.h"

enum { AISLE_CONFIG_ROWS = 40, AISLE_CONFIG_NAME = 64 };

void aisle_config_defaults(aisle_config *c);
void aisle_config_table(aisle_config *c, aisle_option rows[AISLE_CONFIG_ROWS]);
/* How many of them a file and the environment may set: those before "config". */
int32_t aisle_config_stored(const aisle_option *rows);
/* The environment's name of a row. */
void aisle_config_variable(const aisle_option *row, char name[AISLE_CONFIG_NAME]);

/* Each sets the rows that it has something for; -1, or the exit code after a line on stderr. path NULL: no file. */
int aisle_config_from_file(const char *command, const char *path, const aisle_option *rows,
                           aisle_arena *texts);
int aisle_config_from_environment(const char *command, const aisle_option *rows);
int aisle_config_from_arguments(const char *command, aisle_option *rows, int argc, char **argv);

#endif
