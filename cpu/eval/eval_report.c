/* Evaluation reports as JSON for programs; the tables for people are in eval_table.c. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/eval.h"
#include "cpu/eval/rank.h"

static json_t *metric_json(const aisle_metric *m)
{
    return json_pack("{s:f, s:f, s:f}", "mean", m->mean, "low", m->low, "high", m->high);
}

/* Whether a report has metric m: the first AISLE_METRICS are everywhere, a segment has only these. */
static bool has(const aisle_eval_report *r, aisle_metric_id m, bool segment)
{
    if (m < AISLE_METRIC_COVERAGE) return true;
    if (segment) return false;
    if (m == AISLE_METRIC_DIVERSITY) return r->diversity;
    return m == AISLE_METRIC_COVERAGE || r->beyond;
}

/* NULL when memory is short. */
static json_t *cuts_json(const aisle_eval_report *r, const aisle_eval_at *at, bool segment)
{
    json_t *cuts = json_array();
    for (int32_t c = 0; c < r->n_cuts; c++) {
        json_t *cut = json_pack("{s:i}", "k", at[c].k);
        for (aisle_metric_id m = 0; m < AISLE_METRIC_AUC; m++)
            if (has(r, m, segment) &&
                json_object_set_new(cut, aisle_metric_name(m), metric_json(aisle_eval_at_get(&at[c], m))))
                json_decref(cut), cut = NULL;
        json_array_append_new(cuts, cut);
    }
    if (json_array_size(cuts) == (size_t)r->n_cuts) return cuts;
    json_decref(cuts);
    return NULL;
}

static json_t *segments_json(const aisle_eval_report *r)
{
    json_t *all = json_array();
    size_t n = 0;
    for (aisle_segment_id s = 0; s < AISLE_SEGMENTS; s++) {
        const aisle_eval_segment *g = &r->segment[s];
        if (g->n_users == 0) continue;
        json_array_append_new(all, json_pack("{s:s, s:i, s:I, s:o}", "name", aisle_segment_name(s), "users",
                                             g->n_users, "pairs", (json_int_t)g->n_pairs, "at",
                                             cuts_json(r, g->at, true)));
        n++;
    }
    if (json_array_size(all) == n) return all;
    json_decref(all);
    return NULL;
}

static json_t *report_json(const aisle_eval_report *r)
{
    json_t *json = json_pack("{s:i, s:f, s:o, s:o}", "users", r->n_users, "seconds", r->seconds, "at",
                             cuts_json(r, r->at, false), "auc", metric_json(&r->auc));
    if (!r->segments || json_object_set_new(json, "segments", segments_json(r)) == 0) return json;
    json_decref(json);
    return NULL;
}

/* Takes json, which is NULL when memory was short. */
static aisle_status append(json_t *json, aisle_buf *out, aisle_error *err)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    bool ok = text && aisle_buf_append(out, text, strlen(text));
    free(text);
    json_decref(json);
    return ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "evaluation report: out of memory");
}

aisle_status aisle_eval_report_json(const aisle_eval_report *r, aisle_buf *out, aisle_error *err)
{
    return append(report_json(r), out, err);
}

aisle_status aisle_stars_report_json(const aisle_stars_report *r, aisle_buf *out, aisle_error *err)
{
    return append(json_pack("{s:i, s:I, s:o, s:o, s:f}", "users", r->n_users, "pairs", (json_int_t)r->n_pairs,
                            "rmse", metric_json(&r->rmse), "mae", metric_json(&r->mae), "seconds",
                            r->seconds),
                  out, err);
}

aisle_status aisle_comparison_json(const aisle_comparison *c, aisle_buf *out, aisle_error *err)
{
    aisle_metric difference = {c->difference, c->low, c->high};
    return append(json_pack("{s:i, s:f, s:f, s:o, s:f, s:f, s:f, s:f}", "users", c->n, "mean_a", c->mean_a,
                            "mean_b", c->mean_b, "difference", metric_json(&difference), "p_bootstrap",
                            c->p_bootstrap, "p_wilcoxon", c->p_wilcoxon, "a_higher", c->a_higher, "b_higher",
                            c->b_higher),
                  out, err);
}
