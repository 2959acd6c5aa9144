/* What was trained, as a model file; its meta says how it came about. No durations in it: the same training
 * gives the same bytes. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "aisle/memory.h"
#include "aisle/model.h"
#include "aisle/settings.h"

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *weights_json(const aisle_weights *w)
{
    json_t *o = json_object();
    for (int t = 0; t < AISLE_EVENT_TYPES; t++)
        if (w->weight[t] != 0)
            json_object_set_new(o, aisle_event_type_name((aisle_event_type)t), number((double)w->weight[t]));
    return o;
}

static float float_or(const json_t *v, float otherwise)
{
    float f = (float)json_number_value(v);
    return json_is_number(v) && isfinite(f) ? f : otherwise;
}

/* The names are those of weights_json and of the settings. */
aisle_status aisle_trained_weights(const char *meta, aisle_weights *out, aisle_error *err)
{
    json_error_t why;
    aisle_weights w = aisle_weights_default();
    json_t *json = json_loads(meta, 0, &why);
    if (!json && json_error_code(&why) == json_error_out_of_memory)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for a model's settings");
    const json_t *settings = json_object_get(json, "settings");
    const json_t *weights = json_object_get(settings, "weights");
    for (int t = 0; json_is_object(weights) && t < AISLE_EVENT_TYPES; t++) /* absent = weighs nothing */
        w.weight[t] = float_or(json_object_get(weights, aisle_event_type_name((aisle_event_type)t)), 0);
    /* half_life_days: of models that were written before the names were those of the options */
    float half_life = float_or(json_object_get(settings, "half_life_days"), 0);
    half_life = float_or(json_object_get(settings, "half_life"), half_life);
    w.half_life_days = half_life > 0 ? (double)half_life : 0;
    w.rating_floor = float_or(json_object_get(settings, "rating_floor"), w.rating_floor);
    w.binary = json_is_true(json_object_get(settings, "binary"));
    *out = w;
    json_decref(json);
    return AISLE_OK;
}

/* "cg-steps" of the table is "cg_steps" here; false: no such member. */
static bool meta_name(const aisle_setting *s, char name[64])
{
    snprintf(name, 64, "%s", s->name);
    for (char *c = name; *c; c++)
        if (*c == '-') *c = '_';
    return !s->fit_only;
}

json_t *aisle_setting_json(const aisle_setting *s, const aisle_train_params *p)
{
    double v = aisle_setting_get(s, p);
    const char *text;
    switch (s->type) {
    case AISLE_SETTING_I32:
    case AISLE_SETTING_U64: return json_integer((json_int_t)v);
    case AISLE_SETTING_FLAG: return json_boolean(v > 0);
    case AISLE_SETTING_CHOICE: return json_string(s->choices[(int)v]);
    case AISLE_SETTING_TEXT: text = aisle_setting_text(s, p); return text ? json_string(text) : json_null();
    default: return number(v);
    }
}

static json_t *settings_json(const aisle_train_params *p)
{
    const aisle_setting *s;
    char name[64];
    json_t *o = json_object();
    for (int32_t i = 0; o && (s = aisle_setting_at(i)); i++)
        if (meta_name(s, name) && json_object_set_new(o, name, aisle_setting_json(s, p)) != 0)
            json_decref(o), o = NULL;
    if (o) json_object_set_new(o, "weights", weights_json(&p->weights));
    return o;
}

static json_t *metrics_json(const aisle_eval_report *m)
{
    aisle_buf b = {0};
    json_t *json = NULL;
    if (!m) return json_null();
    if (aisle_eval_report_json(m, &b, NULL) == AISLE_OK) json = json_loadb(b.data, (size_t)b.len, 0, NULL);
    if (json) json_object_del(json, "seconds");
    aisle_buf_deinit(&b);
    return json;
}

/* NULL when memory is short; the caller frees. */
static char *meta_text(const aisle_trained *t, const aisle_train_params *p, const char *backend,
                       const aisle_eval_report *metrics)
{
    char now[32];
    aisle_time_format(aisle_time_now_ms(), now);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:o, s:{s:i, s:i, s:I, s:I}, s:{s:i, s:o, s:o, s:o, s:o}, s:o}", "created",
                  p->created ? p->created : now, "engine", "aisle " AISLE_VERSION, "backend", backend,
                  "settings", settings_json(p), "data", "users", t->seen.n_rows, "items", t->seen.n_cols,
                  "pairs", (json_int_t)aisle_csr_nnz(&t->seen), "last_event", (json_int_t)p->last_event,
                  "training", "iterations", t->iterations_run, "loss", number(t->loss), "validation_ndcg",
                  number(t->ndcg), "unobserved", number((double)t->a0), "regularization",
                  number((double)t->reg), "metrics", metrics_json(metrics));
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(json);
    return text;
}

static aisle_str id_of(const void *ctx, int32_t i)
{
    return aisle_idmap_get(ctx, i);
}

aisle_status aisle_trained_quantize(aisle_trained *t, const aisle_train_params *p, int32_t threads,
                                    aisle_error *err)
{
    const aisle_quantize_input in = {&t->users, &t->items, &t->seen, t->hybrid.n_parts > 0, threads};
    aisle_quantized_deinit(&t->quantized);
    return aisle_quantize(&in, p->quantize, &t->quantized, err);
}

aisle_status aisle_trained_write(const aisle_trained *t, const aisle_dataset *d, const aisle_train_params *p,
                                 const char *backend, const aisle_eval_report *metrics, const char *path,
                                 aisle_error *err)
{
    char *plain = meta_text(t, p, backend, metrics);
    char *meta = plain ? aisle_quantized_meta(&t->quantized, plain) : NULL;
    free(plain);
    if (!meta) return aisle_fail(err, AISLE_ENOMEM, "model %s: out of memory for its description", path);
    aisle_model_parts parts = {.users = t->users,
                               .items = t->items,
                               .item_gram = t->item_gram,
                               .n_users = t->seen.n_rows,
                               .n_items = t->seen.n_cols,
                               .user_id = id_of,
                               .item_id = id_of,
                               .user_ctx = aisle_dataset_users(d),
                               .item_ctx = aisle_dataset_items(d),
                               .seen = t->seen,
                               .k_similar = t->k_similar,
                               .k_content = t->k_content,
                               .similar_ids = t->similar_ids,
                               .similar_scores = t->similar_scores,
                               .content_ids = t->content_ids,
                               .content_scores = t->content_scores,
                               .complements = t->complements,
                               .complement_both = t->complement_both,
                               .complement_baskets = t->complement_baskets,
                               .popularity = t->popularity,
                               .trending = t->trending,
                               .item_confidence = t->item_confidence,
                               .vocabulary = t->vocabulary,
                               .text = t->text,
                               .text_map = t->text_map,
                               .hybrid = t->hybrid.n_parts > 0 ? &t->hybrid : NULL,
                               .compact = &t->quantized.table,
                               .half_users = t->quantized.half_users,
                               .meta = meta,
                               .a0 = t->a0,
                               .reg = t->reg,
                               .nu = p->als.nu};
    aisle_status st = aisle_model_write(path, &parts, err);
    aisle_free(meta);
    return st;
}

int64_t aisle_trained_last_event(const char *meta)
{
    json_t *json = json_loads(meta, 0, NULL);
    const json_t *data = json_object_get(json, "data");
    int64_t id = json_integer_value(json_object_get(data, "last_event"));
    json_decref(json);
    return id > 0 ? id : 0;
}

int64_t aisle_trained_created_ms(const char *meta)
{
    int64_t ms = 0;
    json_t *json = json_loads(meta, 0, NULL);
    const char *text = json_string_value(json_object_get(json, "created"));
    if (text) (void)aisle_time_parse(aisle_str_from(text), &ms);
    json_decref(json);
    return ms;
}
