/* Keeping what a search found in the shop that it was made on: the console plots it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/cli/evaluation_print.h"
#include "server/cli/tuning.h"
#include "server/store/tunings.h"

static bool is_searched(const aisle_tuning_run *run, const aisle_setting *s)
{
    for (int32_t i = 0; i < run->n_ranges; i++)
        if (run->ranges[i].setting == s) return true;
    return false;
}

static bool is_default(const aisle_setting *s, const aisle_train_params *p, const aisle_train_params *d)
{
    double v = aisle_setting_get(s, p), usual = aisle_setting_get(s, d);
    if (s->type != AISLE_SETTING_TEXT) return v >= usual && v <= usual;
    const char *a = aisle_setting_text(s, p), *b = aisle_setting_text(s, d);
    return !a || !*a || (b && strcmp(a, b) == 0);
}

/* As it was given: .2f is .2, not .200000003. */
static json_t *json_float(float f)
{
    char text[40];
    snprintf(text, sizeof text, "%.7g", (double)f);
    return json_real(strtod(text, NULL));
}

/* What every trial had beside what was drawn for it, where that is not the default: {"half-life": 30, "weight": {...}}. */
static json_t *given_json(const aisle_tuning_run *run)
{
    aisle_train_params d = aisle_train_params_default();
    const aisle_train_params *p = &run->found.best; /* with the cores, which were taken before the split */
    const aisle_setting *s;
    json_t *o = json_object();
    for (int32_t i = 0; (s = aisle_setting_at(i)); i++)
        if (!s->fit_only && strcmp(s->name, "model") != 0 && !is_searched(run, s) && !is_default(s, p, &d))
            json_object_set_new(o, s->name, aisle_setting_json(s, p));
    json_t *weight = json_object();
    for (int t = 0; t < AISLE_EVENT_TYPES; t++)
        if (p->weights.weight[t] < d.weights.weight[t] || p->weights.weight[t] > d.weights.weight[t])
            json_object_set_new(weight, aisle_event_type_name((aisle_event_type)t),
                                json_float(p->weights.weight[t]));
    if (json_object_size(weight)) json_object_set(o, "weight", weight);
    json_decref(weight);
    return o;
}

static char *text_of(const json_t *o)
{
    return json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9));
}

static aisle_status keep(const char *folder, const json_t *head, const json_t *looks, aisle_error *err)
{
    int64_t n = (int64_t)json_array_size(looks);
    char **texts = aisle_calloc((size_t)n + 1, sizeof *texts);
    char *first = text_of(head);
    bool ok = texts && first;
    for (int64_t i = 0; ok && i < n; i++) ok = (texts[i] = text_of(json_array_get(looks, (size_t)i))) != NULL;
    aisle_tuning_text t = {first, (const char *const *)texts, n};
    aisle_store *store = NULL;
    aisle_status st = ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for the search");
    if (st == AISLE_OK) st = aisle_store_open(folder, true, &store, err);
    if (st == AISLE_OK) st = aisle_store_tuning_keep(store, &t, err);
    aisle_store_close(store);
    for (int64_t i = 0; texts && i < n; i++) free(texts[i]);
    aisle_free(texts);
    free(first);
    return st;
}

void aisle_tuning_keep(const aisle_tuning_run *run, const json_t *doc)
{
    aisle_error err = {0};
    json_t *head = json_copy((json_t *)doc);
    json_object_del(head, "event");
    json_object_del(head, "looks");
    json_object_set_new(head, "given", given_json(run));
    aisle_status st = head ? keep(run->t->options->data, head, json_object_get(doc, "looks"), &err)
                           : aisle_fail(&err, AISLE_ENOMEM, "out of memory for the search");
    if (st != AISLE_OK)
        fprintf(stderr, "aisle: warning: the console will not show this search: %s\n", err.message);
    json_decref(head);
}
