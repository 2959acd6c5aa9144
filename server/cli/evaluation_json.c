/* An evaluation as one JSON object. */
#include <string.h>

#include "aisle/settings.h"
#include "server/cli/evaluation_print.h"

json_t *aisle_settings_json(const aisle_train_params *p, const char *kind)
{
    const aisle_setting *s;
    json_t *o = json_object();
    for (int32_t i = 0; o && (s = aisle_setting_at(i)); i++)
        if (kind ? aisle_setting_is_of(s, kind) : s->kinds == NULL)
            json_object_set_new(o, s->name, aisle_setting_json(s, p));
    return o;
}

static json_t *parts_json(const aisle_evaluated_parts *p)
{
    static const char *const segments[AISLE_HYBRID_SEGMENTS] = {"new users", "users with few items",
                                                                "other users", "new items"};
    json_t *o = json_object();
    for (int32_t s = 0; s < AISLE_HYBRID_SEGMENTS; s++) {
        json_t *weights = json_object();
        for (int32_t i = 0; i < p->n; i++)
            json_object_set_new(weights, p->name[i], json_real(p->weight[s][i]));
        json_object_set_new(o, segments[s], weights);
    }
    return o;
}

/* A report that cpu/eval has written, with what is not its own beside it. */
static json_t *model_json(const aisle_evaluated_model *m, const aisle_train_params *settings)
{
    aisle_buf b = {0};
    json_t *o = NULL;
    bool stars = m->kind && m->kind->stars;
    aisle_status st =
        stars ? aisle_stars_report_json(&m->stars, &b, NULL) : aisle_eval_report_json(&m->ranking, &b, NULL);
    if (st == AISLE_OK) o = json_loads(b.data, 0, NULL);
    aisle_buf_deinit(&b);
    if (!o || !m->kind) return o;
    if (m->parts.n > 0) json_object_set_new(o, "weights", parts_json(&m->parts));
    json_object_set_new(o, "fit_seconds", json_real(m->fit_seconds));
    json_object_set_new(o, "settings", aisle_settings_json(settings, m->name));
    return o;
}

static json_t *comparison_json(const aisle_evaluated *r)
{
    json_t *models = json_object();
    for (int32_t i = 1; models && i < r->n_compared; i++) {
        aisle_buf b = {0};
        json_t *o = NULL;
        if (aisle_comparison_json(&r->model[i].comparison, &b, NULL) == AISLE_OK)
            o = json_loads(b.data, 0, NULL);
        aisle_buf_deinit(&b);
        json_object_set_new(o, "p_bootstrap_holm", json_real(r->model[i].holm_bootstrap));
        json_object_set_new(o, "p_wilcoxon_holm", json_real(r->model[i].holm_wilcoxon));
        if (!o || json_object_set_new(models, r->model[i].name, o) != 0) json_decref(models), models = NULL;
    }
    return json_pack("{s:s, s:i, s:s, s:o}", "metric", aisle_evaluated_metric(r->metric), "k", r->k,
                     "against", r->model[0].name, "models", models);
}

json_t *aisle_evaluation_json(const aisle_evaluation *e, const aisle_evaluated *r)
{
    json_t *models = json_object();
    for (int32_t i = 0; models && i < r->n_models; i++)
        if (r->model[i].have &&
            json_object_set_new(models, r->model[i].name, model_json(&r->model[i], &r->settings)) != 0)
            json_decref(models), models = NULL;
    json_t *o =
        json_pack("{s:s, s:s, s:f, s:i, s:s, s:i, s:I, s:f, s:{s:i, s:i, s:i, s:I, s:I}, s:o, s:o}", "event",
                  "done", "split",
                  e->test    ? "file"
                  : e->split ? e->split
                             : "random",
                  "fraction", e->fraction, "folds", r->n_folds, "candidates", e->candidates, "bootstrap",
                  e->params.bootstrap, "seed", (json_int_t)e->params.seed, "seconds", r->seconds, "data",
                  "users", r->n_users, "items", r->n_items, "ranked", r->n_candidates, "train_pairs",
                  (json_int_t)r->n_train, "test_pairs", (json_int_t)r->n_test, "settings",
                  aisle_settings_json(&r->settings, NULL), "models", models);
    if (o && r->n_compared > 0 && json_object_set_new(o, "compare", comparison_json(r)) != 0)
        json_decref(o), o = NULL;
    return o;
}
