/* A file of `name = value` lines, # comments, as another way to set the rows of an option table. */
#ifndef AISLE_SERVER_CONFIG_FILE_H
#define AISLE_SERVER_CONFIG_FILE_H

#include "aisle/memory.h"
#include "server/cli/options.h"

/* rows ends with name NULL. What the values point to is kept in texts. -1 to go on; else the exit code, 1 when the file
 * cannot be read, 2 for a wrong line, after one line on stderr that names file, line and value. */
int aisle_config_file_read(const char *command, const char *path, const aisle_option *rows,
                           aisle_arena *texts);
/* "aisle COMMAND: WHERE message" on stderr; the exit code. */
int aisle_config_complain(const char *command, const char *where, const aisle_error *err);

#endif
