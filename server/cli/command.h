/* The commands of the program, and what they share: errors, progress on a terminal, Ctrl-C. One file a
 * command. */
#ifndef AISLE_SERVER_COMMAND_H
#define AISLE_SERVER_COMMAND_H

#include <stdbool.h>

#include "aisle/progress.h"
#include "aisle/status.h"

typedef struct aisle_command {
    const char *name, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit code 0, 1 or 2 */
} aisle_command;

extern const aisle_command aisle_commands[]; /* ends with name NULL; in commands.c */

/* One file a command. */
int aisle_command_generate(int argc, char **argv);
int aisle_command_matrix(int argc, char **argv);
int aisle_command_train(int argc, char **argv);
int aisle_command_import(int argc, char **argv);
int aisle_command_key(int argc, char **argv);
int aisle_command_user(int argc, char **argv);
int aisle_command_recommend(int argc, char **argv);
int aisle_command_batch(int argc, char **argv);
int aisle_command_similar(int argc, char **argv);
int aisle_command_inspect(int argc, char **argv);
int aisle_command_export(int argc, char **argv);
int aisle_command_evaluate(int argc, char **argv);
int aisle_command_tune(int argc, char **argv);
int aisle_command_backup(int argc, char **argv);
int aisle_command_restore(int argc, char **argv);
int aisle_command_config(int argc, char **argv);
int aisle_command_serve(int argc, char **argv);

/* Prints "aisle COMMAND: message" to stderr and returns the exit code: 2 for AISLE_EINVAL, 130 after Ctrl-C
 * (AISLE_ECANCELED), else 1. */
int aisle_complain(const char *command, aisle_status st, const aisle_error *err);

/* Ends a command: 0 when st is AISLE_OK and all of stdout was written, else as aisle_complain; with json also one
 * {"event":"error","code":...,"message":...} line on stdout. */
int aisle_end(const char *command, bool json, aisle_status st, const aisle_error *err);

/* One line of JSON on stdout at once, floats with the nine digits that carry them; takes o. AISLE_ENOMEM: o is NULL;
 * AISLE_EIO: not all was written. */
struct json_t;
aisle_status aisle_say(struct json_t *o, aisle_error *err);

/* First SIGINT or SIGTERM raises the flag, a second one ends the process at once. Call once, before threads
 * start. */
const int *aisle_interrupt_flag(void);

/* Draws one rewritten line on stderr when that is a terminal, at most 6 times a second; else silent. With
 * json true, writes {"event":"progress",...} lines to stdout instead, at the same pace. `fn` and `ctx` are
 * filled in; finish clears the line. */
typedef struct aisle_meter {
    aisle_progress progress;
    const char *command;
    bool json, terminal, drawn;
    long long last_ns, started_ns;
} aisle_meter;
void aisle_meter_start(aisle_meter *m, const char *command, bool json);
void aisle_meter_finish(aisle_meter *m);

#endif
