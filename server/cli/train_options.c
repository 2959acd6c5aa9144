/* The table of training options, made of the settings, and the few that are small languages: --weight, --fields. */
#include "server/cli/train_options.h"

#include <string.h>

#include "aisle/str.h"
#include "server/config/config_file.h"

static aisle_option setting_row(const aisle_setting *s, aisle_option_slot *slot, const aisle_train_params *p)
{
    aisle_option row = {.name = s->name,
                        .letter = s->letter,
                        .value = s->value,
                        .low = s->low,
                        .high = s->high,
                        .choices = s->choices,
                        .help = s->help};
    double v = aisle_setting_get(s, p);
    switch (s->type) {
    case AISLE_SETTING_I32:
    case AISLE_SETTING_U64:
        row.kind = AISLE_OPT_INT;
        row.out = &slot->i;
        slot->i = (int64_t)v;
        break;
    case AISLE_SETTING_F32:
    case AISLE_SETTING_F64:
        row.kind = AISLE_OPT_REAL;
        row.out = &slot->r;
        slot->r = v;
        break;
    case AISLE_SETTING_CHOICE:
        row.kind = AISLE_OPT_CHOICE;
        row.out = &slot->t;
        slot->t = s->choices[(int)v];
        break;
    case AISLE_SETTING_FLAG:
        row.kind = AISLE_OPT_FLAG;
        row.out = &slot->f;
        slot->f = v > 0;
        break;
    case AISLE_SETTING_TEXT:
        row.kind = AISLE_OPT_TEXT;
        row.out = &slot->t;
        slot->t = aisle_setting_text(s, p);
        break;
    }
    return row;
}

/* Commands that fit any kind of model say which by an option of their own, and write no model file. */
static bool has_setting(aisle_train_scope scope, const aisle_setting *s)
{
    if (scope == AISLE_SCOPE_CONFIG) return true;
    if (scope == AISLE_SCOPE_TRAIN) return !s->fit_only;
    return strcmp(s->name, "model") != 0 && strcmp(s->name, "quantize") != 0;
}

/* The settings that `scope` has, of kinds that are fitted alone if `fit_only`, and the defaults of all; returns the new
 * number of rows. */
static int32_t add_settings(aisle_train_options *o, aisle_train_scope scope, bool fit_only,
                            aisle_option *table, int32_t n)
{
    aisle_train_params p = aisle_train_params_default();
    const aisle_setting *s;
    for (int32_t i = 0; i < AISLE_SETTINGS_MAX && (s = aisle_setting_at(i)); i++) {
        if (s->fit_only != fit_only) continue;
        aisle_option row = setting_row(s, &o->slot[i], &p);
        if (has_setting(scope, s)) table[n++] = row;
    }
    return n;
}

/* clang-format off */
static int32_t add_shared(aisle_train_options *o, aisle_option *table, int32_t n)
{
    const aisle_option shared[] = {
        {"config", 'c', "FILE", AISLE_OPT_TEXT, &o->config, 0, 0, NULL, "file of `name = value` lines, # comments; options win"},
        {"threads", 't', "N", AISLE_OPT_INT, &o->threads, 0, 1024, NULL, "threads; 0 = all cores"},
        {"backend", 0, "NAME", AISLE_OPT_TEXT, &o->backend, 0, 0, NULL, "auto, cpu or cuda"},
        {"backend-dir", 0, "DIR", AISLE_OPT_TEXT, &o->backend_dir, 0, 0, NULL, "where back-end plug-ins are"},
        {"device", 0, "N", AISLE_OPT_INT, &o->device, 0, 1023, NULL, "the GPU to use, or the first of several; ignored by cpu"},
        {"devices", 0, "N", AISLE_OPT_INT, &o->devices, 1, 16, NULL, "GPUs that rows are split over; ignored by cpu"},
        {"memory", 0, "MIB", AISLE_OPT_INT, &o->memory, 0, 1e9, NULL, "memory that the back-end may take, of each GPU; 0 = all there is"},
        {"weight", 'w', "TYPE=W,...", AISLE_OPT_LIST, &o->weights, 0, 0, NULL, "weights of event types: view=.3,purchase=2"},
        {"now", 0, "TIME", AISLE_OPT_TEXT, &o->now, 0, 0, NULL, "age counts back from here instead of the newest event"},
        {"fields", 0, "FIELD=W,...", AISLE_OPT_TEXT, &o->field_weights, 0, 0, NULL,
         "weights of title, description, category, brand, attributes, price (default 3, 1, 2, 2, 1, .5)"},
        {"created", 0, "TIME", AISLE_OPT_TEXT, &o->created, 0, 0, NULL, "time written into the model instead of the present"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &o->json, 0, 0, NULL, "one JSON object a line on standard output"},
        {0},
    };
    for (const aisle_option *row = shared; row->name; row++) table[n++] = *row;
    return n;
}
/* clang-format on */

void aisle_train_options_init(aisle_train_options *o, aisle_train_scope scope, const aisle_option *own,
                              aisle_option table[AISLE_TRAIN_OPTION_ROWS])
{
    int32_t n = 0;
    *o = (aisle_train_options){.data = "data", .backend = "auto", .devices = 1};
    for (; own->name; own++) table[n++] = *own;
    table[n++] =
        (aisle_option){"data", 'd', "DIR", AISLE_OPT_TEXT, &o->data, 0, 0, NULL, "data folder of the shop"};
    n = add_settings(o, scope, false, table, n);
    n = add_shared(o, table, n);
    n = add_settings(o, scope, true, table, n);
    table[n] = (aisle_option){0};
}

int aisle_train_options_parse(aisle_train_options *o, const aisle_usage *usage, const aisle_option *table,
                              int argc, char **argv)
{
    aisle_option all[AISLE_TRAIN_OPTION_ROWS];
    int32_t n_args, n = 0;
    /* the first pass finds --config and --help, the second lets the command line win */
    int code = aisle_options_parse(usage, table, argc, argv, NULL, &n_args);
    if (code >= 0 || !o->config) return code;
    o->weights.n = 0;
    aisle_train_options defaults;
    aisle_train_options_init(&defaults, AISLE_SCOPE_CONFIG, &(aisle_option){0}, all);
    for (; all[n].name; n++) /* the same rows, but writing into *o */
        all[n].out = (char *)o + ((char *)all[n].out - (char *)&defaults);
    code = aisle_config_file_read(usage->command, o->config, all, &o->texts);
    return code < 0 ? aisle_options_parse(usage, table, argc, argv, NULL, &n_args) : code;
}

/* One NAME=VALUE of a comma-separated list; *rest moves past it. */
static aisle_status next_pair(const char *option, aisle_str *rest, aisle_str *name, double *value,
                              aisle_error *err)
{
    const char *comma = memchr(rest->ptr, ',', rest->len);
    aisle_str part = {rest->ptr, comma ? (size_t)(comma - rest->ptr) : rest->len};
    const char *equal = memchr(part.ptr, '=', part.len);
    *rest = comma ? (aisle_str){comma + 1, rest->len - part.len - 1} : (aisle_str){NULL, 0};
    if (equal) {
        *name = (aisle_str){part.ptr, (size_t)(equal - part.ptr)};
        aisle_str number = {equal + 1, part.len - name->len - 1};
        if (aisle_str_to_f64(number, value)) return AISLE_OK;
    }
    return aisle_fail(err, AISLE_EINVAL, "--%s %.*s: must be NAME=NUMBER, as in purchase=2", option,
                      (int)part.len, part.ptr);
}

static aisle_status read_weights(const aisle_strings *list, aisle_weights *w, aisle_error *err)
{
    for (int32_t i = 0; i < list->n; i++) {
        aisle_str rest = aisle_str_from(list->at[i]), name;
        while (rest.ptr) {
            double value;
            aisle_event_type type;
            AISLE_TRY(next_pair("weight", &rest, &name, &value, err));
            if (!aisle_event_type_parse(name, &type))
                return aisle_fail(err, AISLE_EINVAL, "--weight %.*s: not an event type", (int)name.len,
                                  name.ptr);
            if (!(value >= -1e6 && value <= 1e6))
                return aisle_fail(err, AISLE_EINVAL, "--weight %.*s=%g: must be -1e6 to 1e6", (int)name.len,
                                  name.ptr, value);
            w->weight[type] = (float)value;
        }
    }
    return AISLE_OK;
}

/* Fields that are not named weigh what they would anyhow; an all-zero set would mean the defaults. */
static aisle_status read_fields(const char *text, aisle_text_params *t, aisle_error *err)
{
    enum { FIELDS = 6 };
    static const char *const names[FIELDS] = {"title", "description", "category",
                                              "brand", "attributes",  "price"};
    float *const weight[FIELDS] = {&t->title_weight, &t->description_weight, &t->category_weight,
                                   &t->brand_weight, &t->attributes_weight,  &t->price_weight};
    double w[FIELDS] = {3, 1, 2, 2, 1, .5}, sum = 0;
    if (!text) return AISLE_OK;
    aisle_str rest = aisle_str_from(text), name;
    while (rest.ptr) {
        double value;
        int32_t f = 0;
        AISLE_TRY(next_pair("fields", &rest, &name, &value, err));
        while (f < FIELDS && !aisle_str_eq(name, aisle_str_from(names[f]))) f++;
        if (f == FIELDS || !(value >= 0 && value <= 100))
            return aisle_fail(
                err, AISLE_EINVAL,
                "--fields %.*s=%g: title, description, category, brand, attributes or price, 0 to 100",
                (int)name.len, name.ptr, value);
        w[f] = value;
    }
    for (int32_t f = 0; f < FIELDS; f++) sum += w[f];
    if (sum == 0)
        return aisle_fail(err, AISLE_EINVAL, "--fields %s: at least one field must weigh more than 0", text);
    for (int32_t f = 0; f < FIELDS; f++) *weight[f] = (float)w[f];
    return AISLE_OK;
}

static aisle_status read_time(const char *option, const char *text, int64_t *ms, aisle_error *err)
{
    int64_t unused;
    if (!text || aisle_time_parse(aisle_str_from(text), ms ? ms : &unused)) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL, "--%s %s: must be a time as 2026-11-24T08:00:00Z", option, text);
}

static void read_slot(const aisle_setting *s, const aisle_option_slot *slot, aisle_train_params *p)
{
    int32_t choice = 0;
    switch (s->type) {
    case AISLE_SETTING_I32:
    case AISLE_SETTING_U64: aisle_setting_set(s, p, (double)slot->i); break;
    case AISLE_SETTING_F32:
    case AISLE_SETTING_F64: aisle_setting_set(s, p, slot->r); break;
    case AISLE_SETTING_FLAG: aisle_setting_set(s, p, slot->f); break;
    case AISLE_SETTING_TEXT: aisle_setting_set_text(s, p, slot->t); break;
    case AISLE_SETTING_CHOICE:
        while (strcmp(s->choices[choice], slot->t) != 0) choice++;
        aisle_setting_set(s, p, choice);
        break;
    }
}

aisle_status aisle_train_options_read(const aisle_train_options *o, aisle_train_params *out, aisle_error *err)
{
    aisle_train_params p = aisle_train_params_default();
    const aisle_setting *s;
    for (int32_t i = 0; i < AISLE_SETTINGS_MAX && (s = aisle_setting_at(i)); i++)
        read_slot(s, &o->slot[i], &p);
    p.created = o->created;
    AISLE_TRY(read_weights(&o->weights, &p.weights, err));
    AISLE_TRY(read_fields(o->field_weights, &p.text, err));
    AISLE_TRY(read_time("now", o->now, &p.weights.now_ms, err));
    AISLE_TRY(read_time("created", o->created, NULL, err));
    AISLE_TRY(aisle_train_params_check(&p, err));
    *out = p;
    return AISLE_OK;
}

void aisle_train_options_deinit(aisle_train_options *o)
{
    aisle_arena_deinit(&o->texts);
}
