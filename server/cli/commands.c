/* The table of commands, in the order of `aisle --help`. */
#include "server/cli/command.h"

#include <stddef.h>

const aisle_command aisle_commands[] = {
    {"generate", "make a realistic shop as CSV files or as a matrix", aisle_command_generate},
    {"matrix", "read a file of user,item,value lines into a binary matrix", aisle_command_matrix},
    {"import", "read a shop's raw files into its data folder", aisle_command_import},
    {"train", "train a model on the shop's events", aisle_command_train},
    {"evaluate", "measure how well models rank held-out events", aisle_command_evaluate},
    {"tune", "look for the settings that rank held-out events best", aisle_command_tune},
    {"recommend", "recommend items to one user, or for some items", aisle_command_recommend},
    {"batch", "recommend to every user, into a file", aisle_command_batch},
    {"similar", "list the items most like one item", aisle_command_similar},
    {"inspect", "check a model file and show what is in it", aisle_command_inspect},
    {"export", "write a model's numbers for NumPy or as CSV", aisle_command_export},
    {"serve", "serve the shop over HTTP", aisle_command_serve},
    {"config", "check and show the settings of serve", aisle_command_config},
    {"backup", "copy a shop while it is served", aisle_command_backup},
    {"restore", "make a data folder of a backup", aisle_command_restore},
    {"key", "make, list, renew and remove API keys", aisle_command_key},
    {"user", "make, list and erase accounts of people", aisle_command_user},
    {NULL, NULL, NULL},
};
