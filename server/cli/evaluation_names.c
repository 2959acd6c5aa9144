/* Names to kinds and metrics. */
#include "server/cli/evaluation_names.h"

#include <stdio.h>
#include <string.h>

#include "aisle/memory.h"

static const char *const usual[] = {"als", "item-knn", "content", "popular", NULL};

const char *aisle_kind_names(void)
{
    static char text[400];
    size_t n = 0;
    for (int32_t i = 0; aisle_fit_kind_at(i) && n < sizeof text; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : "", aisle_fit_kind_at(i)->name);
    return text;
}

/* The names of a model file's parts are those of the usual kinds. */
static const char *find_usual(aisle_str name)
{
    int32_t i = 0;
    while (usual[i] && !aisle_str_eq(name, aisle_str_from(usual[i]))) i++;
    return usual[i];
}

static aisle_status add(const aisle_evaluation *e, const char *option, aisle_str name, aisle_evaluated *r,
                        aisle_error *err)
{
    const aisle_fit_kind *kind = e->model_name ? NULL : aisle_fit_kind_find(name);
    const char *known = e->model_name ? find_usual(name) : kind ? kind->name : NULL;
    if (!known)
        return aisle_fail(err, AISLE_EINVAL, "--%s %.*s: must be of %s", option, (int)name.len, name.ptr,
                          e->model_name ? "als, item-knn, content, popular" : aisle_kind_names());
    for (int32_t i = 0; i < r->n_models; i++)
        if (strcmp(r->model[i].name, known) == 0) return AISLE_OK;
    if (r->n_models == AISLE_EVALUATED_MODELS)
        return aisle_fail(err, AISLE_EINVAL, "--%s: more than %d models", option, AISLE_EVALUATED_MODELS);
    r->model[r->n_models++] = (aisle_evaluated_model){.name = known, .kind = kind};
    return AISLE_OK;
}

static aisle_status add_list(const aisle_evaluation *e, const char *option, const char *text,
                             aisle_evaluated *r, aisle_error *err)
{
    aisle_str rest = aisle_str_from(text);
    while (rest.ptr) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        aisle_str part = {rest.ptr, comma ? (size_t)(comma - rest.ptr) : rest.len};
        rest = comma ? (aisle_str){comma + 1, rest.len - part.len - 1} : (aisle_str){NULL, 0};
        AISLE_TRY(add(e, option, part, r, err));
    }
    return AISLE_OK;
}

aisle_status aisle_metric_parse(const char *text, bool stars, const aisle_eval_params *cuts, int32_t *metric,
                                int32_t *k, aisle_error *err)
{
    const char *at = strchr(text, '@');
    aisle_str name = {text, at ? (size_t)(at - text) : strlen(text)};
    int64_t cut = cuts->cuts[cuts->n_cuts - 1];
    int32_t m = stars ? AISLE_METRIC_RMSE : AISLE_METRIC_PRECISION,
            end = stars ? AISLE_METRIC_MAE : AISLE_METRIC_AUC;
    while (m <= end && !aisle_str_eq(name, aisle_str_from(aisle_evaluated_metric(m)))) m++;
    if (m > end || (!stars && m > AISLE_METRIC_NDCG && m != AISLE_METRIC_AUC))
        return aisle_fail(err, AISLE_EINVAL, "--metric %s: must be %s", text,
                          stars ? "rmse or mae"
                                : "precision, recall, f1, accuracy, hit_rate, map, mrr, ndcg or auc");
    bool has_cut = !stars && m != AISLE_METRIC_AUC, known = false;
    if (at && (!has_cut || !aisle_str_to_i64(aisle_str_from(at + 1), &cut)))
        return aisle_fail(err, AISLE_EINVAL, "--metric %s: must be NAME@K with K of --at", text);
    for (int32_t c = 0; c < cuts->n_cuts; c++) known |= cuts->cuts[c] == cut;
    if (has_cut && !known)
        return aisle_fail(err, AISLE_EINVAL, "--metric %s: %lld is not among the cut-offs of --at", text,
                          (long long)cut);
    *metric = m;
    *k = has_cut ? (int32_t)cut : 0;
    return AISLE_OK;
}

static bool is_stars(const aisle_evaluated_model *m)
{
    return m->kind && m->kind->stars;
}

static aisle_status read_compared(const aisle_evaluation *e, aisle_evaluated *r, aisle_error *err)
{
    AISLE_TRY(add_list(e, "compare", e->compare, r, err));
    r->n_compared = r->n_models;
    if (r->n_compared < 2)
        return aisle_fail(err, AISLE_EINVAL, "--compare %s: at least two models, as als,item-knn",
                          e->compare);
    for (int32_t i = 1; i < r->n_compared; i++)
        if (is_stars(&r->model[i]) != is_stars(&r->model[0]))
            return aisle_fail(err, AISLE_EINVAL, "--compare %s: %s predicts stars and %s ranks", e->compare,
                              r->model[is_stars(&r->model[i]) ? i : 0].name,
                              r->model[is_stars(&r->model[i]) ? 0 : i].name);
    bool stars = is_stars(&r->model[0]);
    return aisle_metric_parse(e->metric ? e->metric
                              : stars   ? "rmse"
                                        : "ndcg",
                              stars, &e->params, &r->metric, &r->k, err);
}

aisle_status aisle_evaluated_names(const aisle_evaluation *e, aisle_evaluated *r, aisle_error *err)
{
    r->named = e->models || e->compare;
    if (e->metric && !e->compare)
        return aisle_fail(err, AISLE_EINVAL, "--metric %s is that of --compare, which is not given",
                          e->metric);
    if (e->compare) AISLE_TRY(read_compared(e, r, err));
    if (e->models) return add_list(e, "models", e->models, r, err);
    for (int32_t i = 0; !e->compare && usual[i]; i++)
        if (e->model_name || aisle_fit_kind_find(aisle_str_from(usual[i])))
            AISLE_TRY(add(e, "models", aisle_str_from(usual[i]), r, err));
    return AISLE_OK;
}

aisle_status aisle_evaluated_make_room(aisle_evaluated *r, aisle_error *err)
{
    int64_t n = (int64_t)r->n_users * r->n_folds;
    for (int32_t i = 0; i < r->n_compared; i++) {
        r->model[i].values = aisle_array(n, sizeof *r->model[i].values);
        if (!r->model[i].values)
            return aisle_fail(err, AISLE_ENOMEM, "out of memory for the values of %lld users", (long long)n);
    }
    return AISLE_OK;
}
