/* The argument list of `aisle train` for a job of the server: settings as members of a JSON object, "cg_steps" for
 * --cg-steps, checked by the command's own table. */
#ifndef AISLE_SERVER_TRAIN_ORDER_H
#define AISLE_SERVER_TRAIN_ORDER_H

#include <jansson.h>

#include "aisle/memory.h"
#include "aisle/status.h"
#include "server/config/config.h"

/* Told of each wrong member: its JSON pointer ("" = all of them together), a code of the API's errors, a text. */
typedef struct aisle_train_faults {
    void (*tell)(void *ctx, const char *pointer, const char *code, const char *text);
    void *ctx;
} aisle_train_faults;

/* settings: an object. *argv, in the arena, ends with NULL. AISLE_EINVAL: a wrong member; AISLE_ENOMEM. */
aisle_status aisle_train_order(const aisle_config *c, const json_t *settings,
                               const aisle_train_faults *faults, aisle_arena *a, const char *const **argv);
/* The same with the settings of a file (--config), which the command reads and checks. */
aisle_status aisle_train_order_file(const aisle_config *c, const char *path, aisle_arena *a,
                                    const char *const **argv);

#endif
