/* Measuring one model on one part, and comparing models user by user. */
#include "server/cli/evaluation_measure.h"

#include <math.h>

#include "aisle/memory.h"

const char *aisle_evaluated_metric(int32_t metric)
{
    if (metric == AISLE_METRIC_RMSE) return "rmse";
    if (metric == AISLE_METRIC_MAE) return "mae";
    return aisle_metric_name((aisle_metric_id)metric);
}

static aisle_status measure_stars(const aisle_evaluation *e, const aisle_evaluated *r,
                                  const aisle_eval_subject *s, const aisle_eval_source *source,
                                  aisle_evaluated_model *m, aisle_error *err)
{
    double *values = m->values ? m->values + (int64_t)s->fold * r->n_users : NULL;
    aisle_stars_report report;
    aisle_eval_stars_params p = {.lowest = s->lowest,
                                 .highest = s->highest,
                                 .threads = e->params.threads,
                                 .bootstrap = e->params.bootstrap,
                                 .seed = e->params.seed,
                                 .progress = s->progress,
                                 .absolute = r->metric == AISLE_METRIC_MAE ? values : NULL,
                                 .squared = r->metric == AISLE_METRIC_RMSE ? values : NULL};
    AISLE_TRY(aisle_evaluate_stars(source, s->train, s->stars, &p, &report, err));
    if (m->have)
        aisle_stars_report_join(&m->stars, &report);
    else
        m->stars = report;
    m->have = true;
    return AISLE_OK;
}

aisle_status aisle_evaluation_measure(const aisle_evaluation *e, const aisle_evaluated *r,
                                      const aisle_eval_subject *s, const aisle_eval_source *source,
                                      aisle_evaluated_model *m, aisle_error *err)
{
    aisle_eval_params p = e->params;
    aisle_eval_report report;
    if (m->kind && m->kind->stars) return measure_stars(e, r, s, source, m, err);
    aisle_eval_values compared = {.metric = (aisle_metric_id)r->metric, .k = r->k};
    if (m->values) {
        compared.values = m->values + (int64_t)s->fold * r->n_users;
        p.values = &compared;
        p.n_values = 1;
    }
    p.progress = s->progress;
    p.candidates = s->candidates;
    p.beyond = e->beyond;
    p.item_vectors = e->beyond ? s->item_vectors : NULL;
    p.segments = e->segments;
    AISLE_TRY(aisle_evaluate(source, s->train, s->test, &p, &report, err));
    if (m->have)
        aisle_eval_report_join(&m->ranking, &report);
    else
        m->ranking = report;
    m->have = true;
    return AISLE_OK;
}

/* Holm's step-down: the smallest of m p-values times m, the next times m - 1, and none below the one before. */
static double *p_value(aisle_evaluated_model *m, bool wilcoxon, bool corrected)
{
    if (corrected) return wilcoxon ? &m->holm_wilcoxon : &m->holm_bootstrap;
    return wilcoxon ? &m->comparison.p_wilcoxon : &m->comparison.p_bootstrap;
}

static void correct(aisle_evaluated *r, bool wilcoxon)
{
    double least = 0;
    bool done[AISLE_EVALUATED_MODELS] = {false};
    for (int32_t left = r->n_compared - 1; left > 0; left--) {
        int32_t next = 0;
        for (int32_t i = 1; i < r->n_compared; i++)
            if (!done[i] && (next == 0 || *p_value(&r->model[i], wilcoxon, false) <
                                              *p_value(&r->model[next], wilcoxon, false)))
                next = i;
        least = fmax(least, fmin(1, left * *p_value(&r->model[next], wilcoxon, false)));
        *p_value(&r->model[next], wilcoxon, true) = least;
        done[next] = true;
    }
}

aisle_status aisle_evaluation_compare(const aisle_evaluation *e, aisle_evaluated *r, aisle_error *err)
{
    int64_t n = (int64_t)r->n_users * r->n_folds;
    aisle_compare_params p = {.threads = e->params.threads, .seed = e->params.seed};
    if (n > INT32_MAX)
        return aisle_fail(err, AISLE_EINVAL, "--compare: %lld users of all folds are too many", (long long)n);
    for (int32_t i = 1; i < r->n_compared; i++)
        AISLE_TRY(aisle_compare(r->model[i].values, r->model[0].values, (int32_t)n, &p,
                                &r->model[i].comparison, err));
    correct(r, false);
    correct(r, true);
    return AISLE_OK;
}
