/* POST /v1/admin/trainings: the options of `aisle train` as members of a JSON object, "cg_steps" for
 * --cg-steps. They are checked by the command's own table before the job is ordered. */
#include <string.h>

#include "server/cli/train_options.h"
#include "server/http/handlers/handlers.h"
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
    aisle_train_options options;
    aisle_option table[AISLE_TRAIN_OPTION_ROWS];
} settings;

static aisle_status add(aisle_request *r, settings *s, const char *member, const json_t *value)
{
    char pointer[160];
    aisle_error err = {0};
    aisle_arena *a = aisle_request_arena(r);
    const aisle_option *row = find_row(s->table, member);
    snprintf(pointer, sizeof pointer, "/%.150s", member);
    if (!row || s->n + 2 >= ARGS)
        return aisle_request_invalid(r, pointer, "unknown_member", "no training setting has this name");
    const char *text = as_text(a, value);
    bool flag = row->kind == AISLE_OPT_FLAG;
    if (!text || flag != json_is_boolean(value) || (json_is_object(value) && row->kind < AISLE_OPT_TEXT))
        return aisle_request_invalid(r, pointer, "wrong_type", "not a value of this setting: %s", row->help);
    if (aisle_option_set(row, text, &err) != AISLE_OK)
        return aisle_request_invalid(r, pointer, "out_of_range", "%s", err.message);
    s->argv[s->n++] = aisle_arena_printf(a, flag && !json_is_true(value) ? "--no-%s" : "--%s", row->name);
    if (!flag) s->argv[s->n++] = text;
    return s->argv[s->n - 1] ? AISLE_OK : AISLE_ENOMEM;
}

static aisle_status parse(aisle_request *r, settings *s, json_t *body)
{
    static const aisle_option none[] = {{0}};
    aisle_status st = AISLE_OK;
    aisle_train_params params;
    aisle_error err = {0};
    const char *key;
    json_t *value;
    aisle_train_options_init(&s->options, AISLE_SCOPE_TRAIN, none, s->table);
    json_object_foreach(body, key, value)
    {
        aisle_status one = add(r, s, key, value);
        if (one != AISLE_OK) st = one;
    }
    if (st != AISLE_OK) return st;
    if (aisle_train_options_read(&s->options, &params, &err) != AISLE_OK)
        return aisle_request_invalid(r, "", "out_of_range", "%s", err.message);
    return AISLE_OK;
}

static void begin(const aisle_app *app, settings *s, aisle_arena *a)
{
    const char *const fixed[] = {
        "aisle",      "train",
        "--json",     "--no-activate",
        "--data",     app->config->data,
        "--threads",  aisle_arena_printf(a, "%lld", (long long)app->config->train_threads),
        "--hold-out", aisle_arena_printf(a, "%d", aisle_gate_one_in(app->config->gate))};
    memcpy(s->argv, fixed, sizeof fixed);
    s->n = (int32_t)(sizeof fixed / sizeof *fixed);
}

aisle_status aisle_on_training_add(aisle_request *r)
{
    static const char *const none[] = {NULL};
    aisle_json_scope body;
    aisle_arena *a = aisle_request_arena(r);
    settings *s = aisle_arena_calloc(a, 1, sizeof *s);
    if (!s) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the training");
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(aisle_json_body(r, &body));
    begin(aisle_request_app(r), s, a);
    AISLE_TRY(parse(r, s, body.object));
    char *request = json_dumps(body.object, JSON_COMPACT);
    if (!request) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the training");
    aisle_job_order order = {.kind = AISLE_JOB_TRAINING, .argv = s->argv, .request = request};
    aisle_status st = aisle_answer_ordered(r, &order);
    aisle_free(request);
    return st;
}
