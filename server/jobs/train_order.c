/* Each member becomes one option of the table, which says whether its value is one. */
#include "server/jobs/train_order.h"

#include <stdio.h>
#include <string.h>

#include "server/cli/train_options.h"
#include "server/jobs/gate.h"

enum { MAX_MEMBERS = 64, FIXED_ARGS = 10, ARGS = FIXED_ARGS + 2 * MAX_MEMBERS + 1 };

/* Options that belong to whoever runs the server, or make no sense over HTTP. */
static bool is_private(const char *name)
{
    static const char *const names[] = {"data",   "threads", "backend-dir", "device", "devices",
                                        "memory", "json",    "config",      NULL};
    for (const char *const *n = names; *n; n++)
        if (strcmp(*n, name) == 0) return true;
    return false;
}

static const aisle_option *find_row(const aisle_option *table, const char *member)
{
    for (const aisle_option *o = table; o->name; o++) {
        size_t i = 0;
        while (o->name[i] && member[i] == (o->name[i] == '-' ? '_' : o->name[i])) i++;
        if (!o->name[i] && !member[i] && !is_private(o->name)) return o;
    }
    return NULL;
}

/* {"view": 0.3, "purchase": 2} -> "view=0.3,purchase=2" */
static const char *pairs(aisle_arena *a, const json_t *object)
{
    aisle_buf text = {0};
    const char *key, *copy = NULL;
    json_t *value;
    bool fine = true;
    json_object_foreach((json_t *)object, key, value)
    {
        fine = fine && json_is_number(value) && !strpbrk(key, "=,") &&
               aisle_buf_printf(&text, "%s%s=%.17g", text.len ? "," : "", key, json_number_value(value));
    }
    if (fine && text.len) copy = aisle_arena_strndup(a, text.data, (size_t)text.len);
    aisle_buf_deinit(&text);
    return copy;
}

/* The member as the command line would have it; NULL when it has no such form. */
static const char *as_text(aisle_arena *a, const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_STRING: return aisle_arena_strndup(a, json_string_value(v), json_string_length(v));
    case JSON_INTEGER: return aisle_arena_printf(a, "%lld", (long long)json_integer_value(v));
    case JSON_REAL: return aisle_arena_printf(a, "%.17g", json_real_value(v));
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_OBJECT: return pairs(a, v);
    default: return NULL;
    }
}

typedef struct settings {
    const char *argv[ARGS];
    int32_t n;
    const aisle_train_faults *faults;
    aisle_arena *arena;
    aisle_train_options options;
    aisle_option table[AISLE_TRAIN_OPTION_ROWS];
} settings;

static aisle_status wrong(const settings *s, const char *pointer, const char *code, const char *format,
                          const char *text)
{
    char message[1200];
    snprintf(message, sizeof message, format, text);
    s->faults->tell(s->faults->ctx, pointer, code, message);
    return AISLE_EINVAL;
}

static aisle_status add(settings *s, const char *member, const json_t *value)
{
    char pointer[160];
    aisle_error err = {0};
    const aisle_option *row = find_row(s->table, member);
    snprintf(pointer, sizeof pointer, "/%.150s", member);
    if (!row || s->n + 2 >= ARGS)
        return wrong(s, pointer, "unknown_member", "%s", "no training setting has this name");
    const char *text = as_text(s->arena, value);
    bool flag = row->kind == AISLE_OPT_FLAG;
    if (!text || flag != json_is_boolean(value) || (json_is_object(value) && row->kind < AISLE_OPT_TEXT))
        return wrong(s, pointer, "wrong_type", "not a value of this setting: %s", row->help);
    if (aisle_option_set(row, text, &err) != AISLE_OK)
        return wrong(s, pointer, "out_of_range", "%s", err.message);
    s->argv[s->n++] =
        aisle_arena_printf(s->arena, flag && !json_is_true(value) ? "--no-%s" : "--%s", row->name);
    if (!flag) s->argv[s->n++] = text;
    return s->argv[s->n - 1] ? AISLE_OK : AISLE_ENOMEM;
}

static aisle_status add_all(settings *s, const json_t *object)
{
    static const aisle_option none[] = {{0}};
    aisle_status st = AISLE_OK;
    aisle_train_params params;
    aisle_error err = {0};
    const char *key;
    json_t *value;
    aisle_train_options_init(&s->options, AISLE_SCOPE_TRAIN, none, s->table);
    json_object_foreach((json_t *)object, key, value)
    {
        aisle_status one = add(s, key, value);
        if (one != AISLE_OK) st = one;
    }
    if (st != AISLE_OK) return st;
    return aisle_train_options_read(&s->options, &params, &err) == AISLE_OK
               ? AISLE_OK
               : wrong(s, "", "out_of_range", "%s", err.message);
}

static settings *begin(const aisle_config *c, aisle_arena *a)
{
    settings *s = aisle_arena_calloc(a, 1, sizeof *s);
    if (!s) return NULL;
    const char *const fixed[FIXED_ARGS] = {
        "aisle",      "train",
        "--json",     "--no-activate",
        "--data",     c->data,
        "--threads",  aisle_arena_printf(a, "%lld", (long long)c->train_threads),
        "--hold-out", aisle_arena_printf(a, "%d", aisle_gate_one_in(c->gate))};
    memcpy(s->argv, fixed, sizeof fixed);
    s->n = FIXED_ARGS;
    s->arena = a;
    return fixed[FIXED_ARGS - 1] && fixed[FIXED_ARGS - 3] ? s : NULL;
}

aisle_status aisle_train_order(const aisle_config *c, const json_t *object, const aisle_train_faults *faults,
                               aisle_arena *a, const char *const **argv)
{
    settings *s = begin(c, a);
    if (!s) return AISLE_ENOMEM;
    s->faults = faults;
    AISLE_TRY(add_all(s, object));
    *argv = s->argv;
    return AISLE_OK;
}

aisle_status aisle_train_order_file(const aisle_config *c, const char *path, aisle_arena *a,
                                    const char *const **argv)
{
    settings *s = begin(c, a);
    if (!s) return AISLE_ENOMEM;
    s->argv[s->n++] = "--config";
    s->argv[s->n++] = path;
    *argv = s->argv;
    return AISLE_OK;
}
