/* The table of commands, in the order of `aisle --help`. */
#include "server/cli/command.h"

#include <stddef.h>

const aisle_command aisle_commands[] = {
    {NULL, NULL, NULL},
};
