/* What the users' values come to: means, intervals and what is counted over the whole catalogue. */
#include <math.h>
#include <stdlib.h>

#include "aisle/memory.h"
#include "cpu/eval/eval_state.h"

static double coverage(const evaluation *e, int32_t k)
{
    int32_t n_items = e->train->n_cols, found = 0;
    for (int32_t i = 0; i < n_items; i++) {
        bool in = false;
        for (int32_t t = 0; t < e->threads && !in; t++) {
            int16_t rank = e->placed[(int64_t)t * n_items + i];
            in = rank > 0 && rank <= k;
        }
        found += in;
    }
    return (double)found / e->rankers[0].n_candidates;
}

/* Over the users whose list is not empty (NaN otherwise, and no novelty is below 0); the Gini index over the catalogue.
 */
static aisle_status report_beyond(const evaluation *e, const aisle_bootstrap *all, aisle_eval_report *out,
                                  aisle_error *err)
{
    aisle_metric metric[AISLE_EVAL_MAX_CUTS * AISLE_BEYOND];
    aisle_bootstrap b = *all;
    uint8_t *in = aisle_array(e->n_users, sizeof *in);
    if (!in) return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for %d users", e->n_users);
    b.values = e->beyond_values;
    b.width = e->p->n_cuts * AISLE_BEYOND;
    for (int32_t u = 0; u < e->n_users; u++) in[u] = b.values[(int64_t)u * b.width] >= 0;
    aisle_status st = aisle_bootstrap_run(&b, in, metric, NULL, err);
    aisle_free(in);
    out->beyond = e->p->beyond;
    out->diversity = e->p->item_vectors != NULL;
    for (int32_t c = 0; st == AISLE_OK && c < e->p->n_cuts; c++) {
        const aisle_metric *m = metric + c * AISLE_BEYOND;
        double gini = 0;
        if (out->diversity) out->at[c].diversity = m[AISLE_BEYOND_DIVERSITY];
        if (!out->beyond) continue;
        out->at[c].novelty = m[AISLE_BEYOND_NOVELTY];
        out->at[c].popularity = m[AISLE_BEYOND_POPULARITY];
        st = aisle_beyond_gini(&e->beyond, c, &gini, err);
        out->at[c].gini = (aisle_metric){gini, gini, gini};
    }
    return st;
}

aisle_status aisle_evaluation_summary(const evaluation *e, aisle_eval_report *out, aisle_error *err)
{
    aisle_metric metric[AISLE_EVAL_MAX_CUTS * AISLE_METRICS + 1];
    aisle_bootstrap b = {e->values,  e->n_users, e->width,       e->p->bootstrap,
                         e->threads, e->p->seed, e->p->progress, NULL};
    AISLE_TRY(aisle_bootstrap_run(&b, NULL, metric, NULL, err));
    *out = (aisle_eval_report){.n_users = e->n_users, .n_cuts = e->p->n_cuts};
    for (int32_t c = 0; c < e->p->n_cuts; c++) {
        double share = coverage(e, e->p->cuts[c]);
        out->at[c].k = e->p->cuts[c];
        for (int32_t m = 0; m < AISLE_METRICS; m++)
            *aisle_metric_at(&out->at[c], m) = metric[c * AISLE_METRICS + m];
        out->at[c].coverage = (aisle_metric){share, share, share};
    }
    out->auc = metric[e->width - 1];
    if (e->beyond_values) AISLE_TRY(report_beyond(e, &b, out, err));
    return e->p->segments ? aisle_segments_report(&e->segments, &b, out, err) : AISLE_OK;
}

void aisle_evaluation_values(const evaluation *e, const aisle_eval_values *want)
{
    int32_t at = e->width - 1;
    for (int32_t c = 0; want->metric != AISLE_METRIC_AUC && c < e->p->n_cuts; c++)
        if (e->p->cuts[c] == want->k) at = c * AISLE_METRICS + (int32_t)want->metric;
    for (int32_t u = 0; u < e->train->n_rows; u++) want->values[u] = NAN;
    for (int32_t u = 0; u < e->n_users; u++)
        want->values[e->users[u]] = e->values[(int64_t)u * e->width + at];
}
