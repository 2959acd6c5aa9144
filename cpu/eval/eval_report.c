/* An evaluation report as JSON for programs; the table for people is in eval_table.c. */
#include <jansson.h>
#include <stdlib.h>

#include "aisle/eval.h"
#include "cpu/eval/rank.h"

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
