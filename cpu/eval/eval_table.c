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
    aisle_segment_id segment; /* AISLE_SEGMENTS = all users and items */
    aisle_buf *out;
} table;

static aisle_metric metric_of(const table *t, int32_t i, int32_t c, aisle_metric_id m)
{
    const aisle_eval_report *r = &t->reports[i];
    if (m == AISLE_METRIC_AUC) return r->auc;
    return *aisle_eval_at_get(t->segment < AISLE_SEGMENTS ? &r->segment[t->segment].at[c] : &r->at[c], m);
}

/* Of any metric, that all tables of these reports have columns of one width. */
static bool has_intervals(const aisle_eval_report *r)
{
    if (r->auc.low < r->auc.high) return true;
    for (int32_t c = 0; c < r->n_cuts; c++)
        for (aisle_metric_id m = 0; m < AISLE_METRIC_AUC; m++) {
            const aisle_metric *v = aisle_eval_at_get(&r->at[c], m);
            if (v->low < v->high) return true;
        }
    return false;
}

static table table_of(const aisle_eval_report *reports, int32_t n, aisle_buf *out)
{
    table t = {.reports = reports, .n = n, .width = NARROW, .segment = AISLE_SEGMENTS, .out = out};
    for (int32_t i = 0; i < n; i++)
        if (has_intervals(&reports[i])) t.width = WIDE;
    return t;
}

/* As it is shown, so that two equal numbers are both the best. */
static double shown(double v)
{
    return round(v * 1e4);
}

static bool put_row(const table *t, int32_t c, aisle_metric_id m)
{
    char label[32];
    double best = -INFINITY, worst = INFINITY;
    bool ok, intervals = false, judged = m != AISLE_METRIC_POPULARITY && m != AISLE_METRIC_GINI;
    snprintf(label, sizeof label, m == AISLE_METRIC_AUC ? "%s" : "%s@%d", aisle_metric_name(m),
             t->reports->at[c].k);
    ok = aisle_buf_printf(t->out, "%-*s", LABEL, label);
    for (int32_t i = 0; i < t->n; i++) {
        aisle_metric v = metric_of(t, i, c, m);
        best = fmax(best, shown(v.mean));
        worst = fmin(worst, shown(v.mean));
        intervals = intervals || v.low < v.high;
    }
    for (int32_t i = 0; i < t->n; i++) {
        double mean = metric_of(t, i, c, m).mean;
        bool mark = judged && worst < best && shown(mean) == best;
        ok = ok && aisle_buf_printf(t->out, "  %*.4f%s", t->width, mean,
                                    mark           ? "*"
                                    : i + 1 < t->n ? " "
                                                   : "");
    }
    if (intervals) ok = ok && aisle_buf_printf(t->out, "\n%-*s", LABEL, "");
    for (int32_t i = 0; intervals && i < t->n; i++) {
        char range[64];
        aisle_metric v = metric_of(t, i, c, m);
        snprintf(range, sizeof range, "%.4f..%.4f", v.low, v.high);
        ok = ok && aisle_buf_printf(t->out, "  %*s%s", t->width, range, i + 1 < t->n ? " " : "");
    }
    return ok && aisle_buf_append(t->out, "\n", 1);
}

static bool put_rows(const table *t, aisle_metric_id m)
{
    bool ok = true;
    for (int32_t c = 0; c < t->reports->n_cuts; c++) ok = ok && put_row(t, c, m);
    return ok;
}

static bool put_names(const table *t, const char *const *names)
{
    bool ok = aisle_buf_printf(t->out, "%-*s", LABEL, "metric");
    for (int32_t i = 0; i < t->n; i++)
        ok = ok && aisle_buf_printf(t->out, "  %*s%s", t->width, names[i], i + 1 < t->n ? " " : "\n");
    return ok;
}

static bool put_table(const table *t, const char *const *names)
{
    bool ok = put_names(t, names), beyond = false, diversity = false;
    for (int32_t i = 0; i < t->n; i++) {
        beyond = beyond || t->reports[i].beyond;
        diversity = diversity || t->reports[i].diversity;
    }
    for (aisle_metric_id m = 0; m <= AISLE_METRIC_COVERAGE; m++) ok = ok && put_rows(t, m);
    ok = ok && put_row(t, 0, AISLE_METRIC_AUC);
    for (aisle_metric_id m = AISLE_METRIC_NOVELTY; m <= AISLE_METRIC_GINI; m++)
        if (m == AISLE_METRIC_DIVERSITY ? diversity : beyond) ok = ok && put_rows(t, m);
    return ok && (t->n == 1 || aisle_buf_printf(t->out, "* best of its row\n"));
}

aisle_status aisle_eval_table_text(const aisle_eval_report *reports, const char *const *names, int32_t n,
                                   aisle_buf *out, aisle_error *err)
{
    table t = table_of(reports, n, out);
    if (put_table(&t, names)) return AISLE_OK;
    return aisle_fail(err, AISLE_ENOMEM, "evaluation table: out of memory");
}

static bool put_segment(const table *t)
{
    static const aisle_metric_id rows[] = {AISLE_METRIC_RECALL, AISLE_METRIC_HIT_RATE, AISLE_METRIC_NDCG};
    const aisle_eval_segment *most = &t->reports->segment[t->segment];
    for (int32_t i = 1; i < t->n; i++)
        if (t->reports[i].segment[t->segment].n_users > most->n_users)
            most = &t->reports[i].segment[t->segment];
    if (most->n_users == 0) return true;
    bool ok = aisle_buf_printf(t->out, "%s: %d users, %lld test pairs\n", aisle_segment_name(t->segment),
                               most->n_users, (long long)most->n_pairs);
    for (size_t m = 0; m < sizeof rows / sizeof *rows; m++) ok = ok && put_rows(t, rows[m]);
    return ok;
}

aisle_status aisle_eval_segments_text(const aisle_eval_report *reports, const char *const *names, int32_t n,
                                      aisle_buf *out, aisle_error *err)
{
    table t = table_of(reports, n, out);
    bool any = false, ok = true;
    for (int32_t i = 0; i < n; i++) any = any || reports[i].segments;
    if (!any) return AISLE_OK;
    ok = put_names(&t, names);
    for (t.segment = 0; t.segment < AISLE_SEGMENTS; t.segment++) ok = ok && put_segment(&t);
    if (ok && (n == 1 || aisle_buf_printf(out, "* best of its row\n"))) return AISLE_OK;
    return aisle_fail(err, AISLE_ENOMEM, "segments table: out of memory");
}
