/* Entry of the program: finds the command and runs it. Each command is one file in server/cli/. */
#include <stdio.h>
#include <string.h>

#include "server/cli/command.h"

static void print_help(FILE *to)
{
    fputs("usage: aisle COMMAND [options]\n\ncommands:\n", to);
    for (const aisle_command *c = aisle_commands; c->name; c++) fprintf(to, "  %-10s %s\n", c->name, c->summary);
    fputs("\n`aisle COMMAND --help` explains one command; `aisle --version` prints the version.\n", to);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("aisle " AISLE_VERSION);
        return 0;
    }
    for (const aisle_command *c = aisle_commands; c->name; c++)
        if (strcmp(c->name, argv[1]) == 0) return c->run(argc - 1, argv + 1);
    fprintf(stderr, "aisle: unknown command %s; see `aisle --help`\n", argv[1]);
    return 2;
}
