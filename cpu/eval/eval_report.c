/* An evaluation report as a table for people and as JSON for programs. */
#include <jansson.h>
#include <stdlib.h>

#include "aisle/eval.h"
#include "cpu/eval/rank.h"

static bool put_metric(aisle_buf *b, const aisle_metric *m)
{
    if (m->low == m->high) return aisle_buf_printf(b, "  %-22.4f", m->mean);
    return aisle_buf_printf(b, "  %.4f (%.4f-%.4f)", m->mean, m->low, m->high);
}

static bool put_table(const aisle_eval_report *r, const char *name, aisle_buf *b)
{
    aisle_eval_report copy = *r;
    bool ok = aisle_buf_printf(b, "%s: %d users, %.1f s\n%-10s", name, r->n_users, r->seconds, "");
    for (int32_t c = 0; c < r->n_cuts; c++) ok = ok && aisle_buf_printf(b, "  @%-21d", r->at[c].k);
    for (int32_t m = 0; m <= AISLE_METRICS; m++) {
        ok = ok && aisle_buf_printf(b, "\n%-10s", aisle_metric_rows[m].name);
        for (int32_t c = 0; c < r->n_cuts; c++) ok = ok && put_metric(b, aisle_metric_at(&copy.at[c], m));
    }
    return ok && aisle_buf_printf(b, "\n%-10s", "auc") && put_metric(b, &r->auc) &&
           aisle_buf_append(b, "\n", 1);
}

aisle_status aisle_eval_report_text(const aisle_eval_report *r, const char *name, aisle_buf *out,
                                    aisle_error *err)
{
    if (put_table(r, name, out)) return AISLE_OK;
    return aisle_fail(err, AISLE_ENOMEM, "evaluation table: out of memory");
}

static json_t *metric_json(const aisle_metric *m)
{
    return json_pack("{s:f, s:f, s:f}", "mean", m->mean, "low", m->low, "high", m->high);
}

/* NULL when memory is short; references are stolen on success and failure alike. */
static json_t *report_json(const aisle_eval_report *r)
{
    aisle_eval_report copy = *r;
    json_t *cuts = json_array();
    for (int32_t c = 0; c < r->n_cuts; c++) {
        json_t *at = json_pack("{s:i}", "k", r->at[c].k);
        for (int32_t m = 0; m <= AISLE_METRICS; m++)
            if (json_object_set_new(at, aisle_metric_rows[m].name,
                                    metric_json(aisle_metric_at(&copy.at[c], m))))
                json_decref(at), at = NULL;
        json_array_append_new(cuts, at);
    }
    if (json_array_size(cuts) != (size_t)r->n_cuts) {
        json_decref(cuts);
        return NULL;
    }
    return json_pack("{s:i, s:f, s:o, s:o}", "users", r->n_users, "seconds", r->seconds, "at", cuts, "auc",
                     metric_json(&r->auc));
}

aisle_status aisle_eval_report_json(const aisle_eval_report *r, aisle_buf *out, aisle_error *err)
{
    json_t *json = report_json(r);
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    bool ok = text && aisle_buf_append(out, text, strlen(text));
    free(text);
    json_decref(json);
    return ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "evaluation report: out of memory");
}
