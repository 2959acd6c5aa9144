/* Command-line options from one table a command: parsing, bounds, help text. getopt_long does the splitting.
 */
#ifndef AISLE_SERVER_OPTIONS_H
#define AISLE_SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/status.h"

typedef enum aisle_option_kind {
    AISLE_OPT_FLAG,   /* bool: --name sets true, --no-name false */
    AISLE_OPT_INT,    /* int64_t within low..high */
    AISLE_OPT_REAL,   /* double within low..high */
    AISLE_OPT_TEXT,   /* const char * (borrowed from argv or the caller) */
    AISLE_OPT_CHOICE, /* const char * out of choices[] */
    AISLE_OPT_LIST    /* aisle_strings: may be given several times */
} aisle_option_kind;

enum { AISLE_STRINGS_MAX = 32 };
typedef struct aisle_strings {
    int32_t n;
    const char *at[AISLE_STRINGS_MAX];
} aisle_strings;

/* One row of a command's table. *out holds the default before parsing (shown in --help) and the value after.
 */
typedef struct aisle_option {
    const char *name;  /* "factors"; NULL ends the table */
    char letter;       /* 0 = none */
    const char *value; /* placeholder in help, "N"; NULL for flags */
    aisle_option_kind kind;
    void *out;
    double low, high;           /* inclusive, for INT and REAL */
    const char *const *choices; /* NULL-terminated, for CHOICE */
    const char *help;           /* one line; the default and the range are added */
} aisle_option;

typedef struct aisle_usage {
    const char *command;        /* "train" */
    const char *synopsis;       /* "[options]" or "MODEL [options]" */
    const char *about;          /* one or more lines, printed under the synopsis */
    const char *examples;       /* may be NULL */
    int32_t min_args, max_args; /* positional arguments */
} aisle_usage;

/* Parses argv[1..]; positional arguments stay in order in args (room for usage->max_args). Returns -1 to go
 * on, else the exit code: 0 after --help (printed to stdout), 2 after a usage error (one line on stderr that
 * names option, value, range). */
int aisle_options_parse(const aisle_usage *usage, const aisle_option *options, int argc, char **argv,
                        const char **args, int32_t *n_args);

/* Sets one option from text (config file, environment); AISLE_EINVAL names option, value and range. `text` is
 * borrowed. */
aisle_status aisle_option_set(const aisle_option *o, const char *text, aisle_error *err);

#endif
