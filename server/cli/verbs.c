/* What `aisle key` and `aisle user` do alike. */
#include "server/cli/verbs.h"

#include <stdio.h>
#include <string.h>

#include "server/cli/command.h"

enum { ROWS = 16 };

/* "add, list or remove" */
static void list_names(const aisle_verb *verbs, char *text, size_t bytes)
{
    size_t n = 0;
    for (const aisle_verb *v = verbs; v->name && n < bytes; v++)
        n += (size_t)snprintf(text + n, bytes - n, "%s%s",
                              v == verbs  ? ""
                              : v[1].name ? ", "
                                          : " or ",
                              v->name);
}

static aisle_status find(const aisle_verbs *all, const char *const *args, int32_t n_args,
                         const aisle_verb **out, aisle_error *err)
{
    char names[256] = "";
    const aisle_verb *v = all->verbs;
    while (v->name && strcmp(args[0], v->name) != 0) v++;
    list_names(all->verbs, names, sizeof names);
    if (!v->name) return aisle_fail(err, AISLE_EINVAL, "%s: must be %s", args[0], names);
    if (n_args != (v->names ? 2 : 1))
        return v->names ? aisle_fail(err, AISLE_EINVAL, "%s: needs one %s", args[0], all->name_is)
                        : aisle_fail(err, AISLE_EINVAL, "%s: takes no %s", args[0], all->name_is);
    *out = v;
    return v->names ? all->check(args[1], err) : AISLE_OK;
}

static void make_table(const aisle_verbs *v, const char **data, aisle_option rows[ROWS])
{
    int n = 0;
    rows[n++] = (aisle_option){.name = "data",
                               .letter = 'd',
                               .value = "DIR",
                               .kind = AISLE_OPT_TEXT,
                               .out = data,
                               .help = "data folder of the shop"};
    for (const aisle_option *o = v->own; o->name && n < ROWS - 2; o++) rows[n++] = *o;
    rows[n++] = (aisle_option){
        .name = "json", .kind = AISLE_OPT_FLAG, .out = v->json, .help = "JSON on standard output"};
    rows[n] = (aisle_option){0};
}

int aisle_verbs_run(const aisle_verbs *v, int argc, char **argv)
{
    const char *data = "data", *args[2];
    int32_t n_args;
    aisle_option rows[ROWS];
    aisle_usage usage = v->usage;
    aisle_error err = {.message = ""};
    aisle_store *s = NULL;
    const aisle_verb *verb = NULL;
    usage.min_args = 1;
    usage.max_args = 2;
    make_table(v, &data, rows);
    int code = aisle_options_parse(&usage, rows, argc, argv, args, &n_args);
    if (code >= 0) return code;
    aisle_status st = find(v, args, n_args, &verb, &err);
    if (st != AISLE_OK) return aisle_complain(usage.command, st, &err);
    *v->name = verb->names ? args[1] : NULL;
    st = aisle_store_open(data, verb->creates, &s, &err);
    if (st == AISLE_OK) st = verb->run(s, v->ctx, &err);
    aisle_store_close(s);
    return aisle_end(usage.command, *v->json, st, &err);
}
