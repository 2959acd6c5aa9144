/* Entry of the program: finds the command and runs it. Each command is one file in server/cli/. */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "server/cli/command.h"

static void print_help(FILE *to)
{
    fputs("usage: aisle COMMAND [options]\n\ncommands:\n", to);
    for (const aisle_command *c = aisle_commands; c->name; c++)
        fprintf(to, "  %-10s %s\n", c->name, c->summary);
    fputs("\n`aisle help COMMAND` explains one command; `aisle --version` prints the version.\n", to);
}

/* Large blocks go back to the kernel once they are freed. By default the C library raises its threshold with every block
 * that it sees freed, and memory that one phase of a training has done with is not there for the next. */
static void return_large_blocks(void)
{
    enum { LARGE = 4 << 20 };
    (void)mallopt(M_MMAP_THRESHOLD, LARGE);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE);
}

int main(int argc, char **argv)
{
    return_large_blocks();
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    bool help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0;
    if (help && argc == 2) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("aisle " AISLE_VERSION);
        return 0;
    }
    const char *name = help ? argv[2] : argv[1];
    char *explain[] = {argv[help ? 2 : 1], "--help", NULL};
    for (const aisle_command *c = aisle_commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return help ? c->run(2, explain) : c->run(argc - 1, argv + 1);
    fprintf(stderr, "aisle: unknown command %s; see `aisle --help`\n", name);
    return 2;
}
