/* `aisle config`: checks and prints what `aisle serve` would be set to. */
#include "server/cli/command.h"
#include "server/config/config.h"

int aisle_command_config(int argc, char **argv)
{
    aisle_config config;
    aisle_error err = {0};
    int code = aisle_config_read(&config, "config", argc, argv);
    if (code < 0) {
        aisle_status st =
            config.print || config.json ? aisle_config_print(&config, argc, argv, &err) : AISLE_OK;
        code = aisle_end("config", config.json, st, &err);
    }
    aisle_config_deinit(&config);
    return code;
}
