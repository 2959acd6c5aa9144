/* Commands of the form `aisle COMMAND VERB [NAME]` on one data folder: finding the verb, the options that all of them have, opening
 * the store, the end. */
#ifndef AISLE_SERVER_VERBS_H
#define AISLE_SERVER_VERBS_H

#include <jansson.h>

#include "server/cli/options.h"
#include "server/store/store.h"

typedef struct aisle_verb {
    const char *name;
    bool names;   /* it is followed by a name */
    bool creates; /* it makes the data folder if there is none */
    aisle_status (*run)(aisle_store *s, void *ctx, aisle_error *err);
} aisle_verb;

/* name and json are set before a verb runs. */
typedef struct aisle_verbs {
    aisle_usage usage;       /* takes 1 or 2 arguments: set here */
    const aisle_verb *verbs; /* ends with name NULL */
    const aisle_option *own; /* ends with name NULL; beside --data and --json */
    const char *name_is;     /* "NAME", "EMAIL": as messages say it */
    aisle_status (*check)(const char *name, aisle_error *err);
    const char **name; /* NULL for a verb without one */
    bool *json;
    void *ctx;
} aisle_verbs;
int aisle_verbs_run(const aisle_verbs *v, int argc, char **argv);

#endif
