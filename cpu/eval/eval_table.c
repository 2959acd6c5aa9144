/* Evaluation reports side by side, for people: metrics down, models across. Not for programs: JSON is in
 * eval_report.c. */
#include <math.h>
#include <string.h>

#include "aisle/eval.h"
#include "cpu/eval/rank.h"

enum {
    LABEL = 14,
    NARROW = 10,
    WIDE = 16
}; /* of a column, without the two blanks before it and the mark behind */

typedef struct table {
    const aisle_eval_report *reports;
    int32_t n, width;
    aisle_buf *out;
} table;

/* Row m of cut c; m = AISLE_METRICS is the coverage, one more the AUC, which has no cut. */
static aisle_metric metric_of(const aisle_eval_report *r, int32_t c, int32_t m)
{
    aisle_eval_at at = r->at[c];
    return m > AISLE_METRICS ? r->auc : *aisle_metric_at(&at, m);
}

static bool has_intervals(const aisle_eval_report *r)
{
    for (int32_t c = 0; c < r->n_cuts; c++)
        for (int32_t m = 0; m <= AISLE_METRICS + 1; m++) {
            aisle_metric v = metric_of(r, c, m);
            if (v.low < v.high) return true;
        }
    return false;
}

/* As it is shown, so that two equal numbers are both the best. */
static double shown(double v)
{
    return round(v * 1e4);
}

static bool put_row(const table *t, const char *label, int32_t c, int32_t m)
{
    double best = -1, worst = 2e4;
    bool ok = aisle_buf_printf(t->out, "%-*s", LABEL, label), intervals = false;
    for (int32_t i = 0; i < t->n; i++) {
        aisle_metric v = metric_of(&t->reports[i], c, m);
        best = fmax(best, shown(v.mean));
        worst = fmin(worst, shown(v.mean));
        intervals = intervals || v.low < v.high;
    }
    for (int32_t i = 0; i < t->n; i++) {
        double mean = metric_of(&t->reports[i], c, m).mean;
        bool mark = worst < best && shown(mean) == best;
        ok = ok && aisle_buf_printf(t->out, "  %*.4f%s", t->width, mean,
                                    mark           ? "*"
                                    : i + 1 < t->n ? " "
                                                   : "");
    }
    if (intervals) ok = ok && aisle_buf_printf(t->out, "\n%-*s", LABEL, "");
    for (int32_t i = 0; intervals && i < t->n; i++) {
        aisle_metric v = metric_of(&t->reports[i], c, m);
        ok = ok && aisle_buf_printf(t->out, "  %*.4f..%.4f%s", t->width - 8, v.low, v.high,
                                    i + 1 < t->n ? " " : "");
    }
    return ok && aisle_buf_append(t->out, "\n", 1);
}

static bool put_table(const table *t, const char *const *names)
{
    char label[32];
    bool ok = aisle_buf_printf(t->out, "%-*s", LABEL, "metric");
    for (int32_t i = 0; i < t->n; i++)
        ok = ok && aisle_buf_printf(t->out, "  %*s%s", t->width, names[i], i + 1 < t->n ? " " : "\n");
    for (int32_t m = 0; m <= AISLE_METRICS; m++)
        for (int32_t c = 0; c < t->reports->n_cuts; c++) {
            snprintf(label, sizeof label, "%s@%d", aisle_metric_rows[m].name, t->reports->at[c].k);
            ok = ok && put_row(t, label, c, m);
        }
    ok = ok && put_row(t, "auc", 0, AISLE_METRICS + 1);
    return ok && (t->n == 1 || aisle_buf_printf(t->out, "* best of its row\n"));
}

aisle_status aisle_eval_table_text(const aisle_eval_report *reports, const char *const *names, int32_t n,
                                   aisle_buf *out, aisle_error *err)
{
    table t = {.reports = reports, .n = n, .width = NARROW, .out = out};
    for (int32_t i = 0; i < n; i++)
        if (has_intervals(&reports[i])) t.width = WIDE;
    if (put_table(&t, names)) return AISLE_OK;
    return aisle_fail(err, AISLE_ENOMEM, "evaluation table: out of memory");
}
