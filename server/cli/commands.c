/* The table of commands, in the order of `aisle --help`. */
#include "server/cli/command.h"

#include <stddef.h>

const aisle_command aisle_commands[] = {
    {"generate", "make a realistic shop as CSV files or as a matrix", aisle_command_generate},
    {"import", "read a shop's raw files into its data folder", aisle_command_import},
    {"train", "train a model on the shop's events", aisle_command_train},
    {"key", "make, list and remove API keys", aisle_command_key},
    {NULL, NULL, NULL},
};
