/* Printing the settings with where each comes from. A place is known to set a row when two configurations that differ in
 * every value agree in it afterwards: no place need tell what it has set. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "server/config/config_rows.h"

typedef enum place { OF_DEFAULT, OF_FILE, OF_ENVIRONMENT, OF_ARGUMENTS } place;
static const char *const place_names[] = {"default", "file", "environment", "command line"};

typedef struct arguments {
    int argc;
    char **argv;
    const char *file;
} arguments;

/* Every value another than the other configuration's. */
static void differ(const aisle_option *rows, bool other)
{
    for (const aisle_option *o = rows; o->name; o++) switch (o->kind) {
        case AISLE_OPT_FLAG: *(bool *)o->out = other; break;
        case AISLE_OPT_INT: *(int64_t *)o->out = (int64_t)(other ? o->high : o->low); break;
        case AISLE_OPT_REAL: *(double *)o->out = other ? o->high : o->low; break;
        case AISLE_OPT_TEXT:
        case AISLE_OPT_CHOICE: *(const char **)o->out = other ? "\1" : "\2"; break;
        default: break;
        }
}

static bool agree(const aisle_option *a, const aisle_option *b)
{
    switch (a->kind) {
    case AISLE_OPT_FLAG: return *(bool *)a->out == *(bool *)b->out;
    case AISLE_OPT_INT: return *(int64_t *)a->out == *(int64_t *)b->out;
    case AISLE_OPT_REAL: return *(double *)a->out == *(double *)b->out; /* the same text, or the bounds */
    default: return strcmp(*(const char **)a->out, *(const char **)b->out) == 0;
    }
}

static void set_by(place from, const arguments *given, aisle_option *rows, aisle_arena *texts)
{
    /* All of this has succeeded before: it cannot complain. */
    if (from == OF_FILE) aisle_config_from_file("config", given->file, rows, texts);
    if (from == OF_ENVIRONMENT) aisle_config_from_environment("config", rows);
    if (from == OF_ARGUMENTS) aisle_config_from_arguments("config", rows, given->argc, given->argv);
}

static void find_places(const arguments *given, place found[AISLE_CONFIG_ROWS])
{
    aisle_config one = {0}, other = {0};
    aisle_option a[AISLE_CONFIG_ROWS], b[AISLE_CONFIG_ROWS];
    aisle_arena texts = {0};
    for (place from = OF_FILE; from <= OF_ARGUMENTS; from++) {
        aisle_config_table(&one, a);
        aisle_config_table(&other, b);
        differ(a, false);
        differ(b, true);
        set_by(from, given, a, &texts);
        set_by(from, given, b, &texts);
        for (int32_t i = 0; a[i].name; i++)
            if (agree(&a[i], &b[i])) found[i] = from;
    }
    aisle_arena_deinit(&texts);
}

static void print_row(const aisle_option *o, place from, const char *file)
{
    char variable[AISLE_CONFIG_NAME];
    const char *text =
        o->kind == AISLE_OPT_TEXT || o->kind == AISLE_OPT_CHOICE ? *(const char **)o->out : NULL;
    bool unset = o->kind == AISLE_OPT_TEXT && !text;
    aisle_config_variable(o, variable);
    printf("# %s\n# from: %s%s%s\n%s%s =%s", o->help, place_names[from],
           from == OF_DEFAULT || from == OF_ARGUMENTS ? "" : " ",
           from == OF_FILE          ? file
           : from == OF_ENVIRONMENT ? variable
                                    : "",
           unset ? "# " : "", o->name, unset ? "" : " ");
    if (o->kind == AISLE_OPT_INT)
        printf("%lld\n", (long long)*(int64_t *)o->out);
    else if (o->kind == AISLE_OPT_FLAG)
        puts(*(bool *)o->out ? "true" : "false");
    else if (o->kind == AISLE_OPT_REAL)
        printf("%.15g\n", *(double *)o->out);
    else
        puts(text ? text : "");
}

static json_t *row_json(const aisle_option *o, place from)
{
    json_t *value = o->kind == AISLE_OPT_INT    ? json_integer(*(int64_t *)o->out)
                    : o->kind == AISLE_OPT_FLAG ? json_boolean(*(bool *)o->out)
                    : o->kind == AISLE_OPT_REAL ? json_real(*(double *)o->out)
                    : *(const char **)o->out    ? json_string(*(const char **)o->out)
                                                : json_null();
    return json_pack("{s:s, s:o, s:s}", "name", o->name, "value", value, "from", place_names[from]);
}

aisle_status aisle_config_print(const aisle_config *c, int argc, char **argv, aisle_error *err)
{
    aisle_option rows[AISLE_CONFIG_ROWS];
    place from[AISLE_CONFIG_ROWS] = {OF_DEFAULT};
    aisle_config copy = *c; /* the table points into what it may set */
    find_places(&(arguments){argc, argv, c->file}, from);
    aisle_config_table(&copy, rows);
    int32_t n = aisle_config_stored(rows);
    json_t *all = c->json ? json_array() : NULL;
    for (int32_t i = 0; i < n; i++) {
        if (!c->json)
            print_row(&rows[i], from[i], c->file);
        else if (json_array_append_new(all, row_json(&rows[i], from[i]))) {
            json_decref(all);
            return aisle_fail(err, AISLE_ENOMEM, "out of memory for the answer");
        }
    }
    if (c->json) {
        json_t *o = json_pack("{s:o}", "settings", all);
        bool ok = o && json_dumpf(o, stdout, JSON_COMPACT) == 0;
        json_decref(o);
        if (!ok) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the answer");
        putchar('\n');
    }
    return AISLE_OK;
}
