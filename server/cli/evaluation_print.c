/* The tables of `aisle evaluate`. Layout of the rankings' numbers is cpu/eval's. */
#include "server/cli/evaluation_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/cli/report.h"

static bool is_stars(const aisle_evaluated_model *m)
{
    return m->kind && m->kind->stars;
}

static void print_heading(const aisle_evaluation *e, const aisle_evaluated *r, int32_t n_users)
{
    if (e->test)
        printf("test file %s", e->test);
    else if (e->split && strcmp(e->split, "leave-last") == 0)
        printf("split leave-last, the newest of each user held out");
    else if (e->split && strcmp(e->split, "fold") == 0)
        printf("split fold, %d times another %g %% held out", r->n_folds, 100. / r->n_folds);
    else
        printf("split %s, %g %% held out", e->split ? e->split : "random", 100 * e->fraction);
    printf(": %" PRId32 " users evaluated on %" PRId32 " %sitems, seed %" PRIu64 ", %.1f s\n", n_users,
           r->n_candidates, strcmp(e->candidates, "cold") == 0 ? "cold " : "", e->params.seed, r->seconds);
    if (e->params.bootstrap > 0)
        printf("second lines: 95 %% intervals of %d resamples of the users\n", e->params.bootstrap);
    putchar('\n');
}

/* Four columns fit a terminal; more models take more tables. */
enum { COLUMNS = 4 };

static aisle_status print_rankings(const aisle_evaluated *r, aisle_error *err)
{
    static aisle_eval_report reports[COLUMNS];
    const char *names[COLUMNS];
    aisle_buf b = {0};
    aisle_status st = AISLE_OK;
    for (int32_t i = 0, n = 0; i < r->n_models && st == AISLE_OK; i++) {
        bool taken = r->model[i].have && !is_stars(&r->model[i]), last = i + 1 == r->n_models;
        if (taken) {
            reports[n] = r->model[i].ranking;
            names[n++] = r->model[i].name;
        }
        if (n == 0 || (n < COLUMNS && !last)) continue;
        if (b.len > 0 && !aisle_buf_append(&b, "\n", 1)) st = AISLE_ENOMEM;
        if (st == AISLE_OK) st = aisle_eval_table_text(reports, names, n, &b, err);
        if (st == AISLE_OK && reports->segments && !aisle_buf_append(&b, "\n", 1)) st = AISLE_ENOMEM;
        if (st == AISLE_OK) st = aisle_eval_segments_text(reports, names, n, &b, err);
        n = 0;
    }
    if (st == AISLE_OK && b.len > 0) fputs(b.data, stdout);
    aisle_buf_deinit(&b);
    return st == AISLE_ENOMEM ? aisle_fail(err, st, "out of memory for the table") : st;
}

static void print_interval(const aisle_metric *m, bool intervals)
{
    printf("  %7.4f", m->mean);
    if (intervals) printf(" (%.4f..%.4f)", m->low, m->high);
}

static void print_stars(const aisle_evaluation *e, const aisle_evaluated *r)
{
    bool any = false, after_table = false;
    for (int32_t i = 0; i < r->n_models; i++) after_table |= r->model[i].have && !is_stars(&r->model[i]);
    for (int32_t i = 0; i < r->n_models; i++) {
        const aisle_evaluated_model *m = &r->model[i];
        if (!m->have || !is_stars(m)) continue;
        if (!any) printf("%s%-16s %9s %9s\n", after_table ? "\n" : "", "stars", "rmse", "mae");
        any = true;
        printf("%-16s", m->name);
        print_interval(&m->stars.rmse, e->params.bootstrap > 0);
        print_interval(&m->stars.mae, e->params.bootstrap > 0);
        printf("  of %" PRId64 " ratings\n", m->stars.n_pairs);
    }
}

/* What a hybrid has learned, in the words of the JSON. */
static void print_parts(const aisle_evaluated *r)
{
    static const char *const segments[AISLE_HYBRID_SEGMENTS] = {"new users", "few items", "other users",
                                                                "new items"};
    for (int32_t i = 0; i < r->n_models; i++) {
        const aisle_evaluated_parts *p = &r->model[i].parts;
        if (!r->model[i].have || p->n == 0) continue;
        printf("\nweights of %s\n%-16s", r->model[i].name, "");
        for (int32_t s = 0; s < AISLE_HYBRID_SEGMENTS; s++) printf(" %12s", segments[s]);
        putchar('\n');
        for (int32_t k = 0; k < p->n; k++) {
            printf("%-16s", p->name[k]);
            for (int32_t s = 0; s < AISLE_HYBRID_SEGMENTS; s++) printf(" %12.3f", p->weight[s][k]);
            putchar('\n');
        }
    }
}

static void print_comparison(const aisle_evaluated *r)
{
    char metric[32];
    snprintf(metric, sizeof metric, r->k ? "%s@%d" : "%s", aisle_evaluated_metric(r->metric), r->k);
    if (r->metric == AISLE_METRIC_RMSE) snprintf(metric, sizeof metric, "squared error");
    printf("\n%s against %s, user by user; p of two sides, corrected for %d comparison%s (Holm)\n", metric,
           r->model[0].name, r->n_compared - 1, r->n_compared > 2 ? "s" : "");
    printf("%-16s %9s %10s  %-20s %9s %9s %7s %7s\n", "model", "mean", "difference", "95 % interval",
           "bootstrap", "Wilcoxon", "higher", "lower");
    printf("%-16s %9.4f\n", r->model[0].name, r->n_compared > 1 ? r->model[1].comparison.mean_b : 0);
    for (int32_t i = 1; i < r->n_compared; i++) {
        const aisle_evaluated_model *m = &r->model[i];
        const aisle_comparison *c = &m->comparison;
        printf("%-16s %9.4f %+10.4f  %+.4f .. %+.4f   %9.2g %9.2g %5.1f %% %5.1f %%\n", m->name, c->mean_a,
               c->difference, c->low, c->high, m->holm_bootstrap, m->holm_wilcoxon, 100 * c->a_higher,
               100 * c->b_higher);
    }
}

static aisle_status print_tables(const aisle_evaluation *e, const aisle_evaluated *r, aisle_error *err)
{
    int32_t n_users = 0;
    for (int32_t i = 0; i < r->n_models; i++) {
        const aisle_evaluated_model *m = &r->model[i];
        if (m->have) n_users = is_stars(m) ? m->stars.n_users : m->ranking.n_users;
        if (!m->have && e->model_name) fprintf(stderr, "aisle %s: no %s model here\n", e->command, m->name);
    }
    print_heading(e, r, n_users);
    AISLE_TRY(print_rankings(r, err));
    print_stars(e, r);
    print_parts(r);
    if (r->n_compared > 0) print_comparison(r);
    return AISLE_OK;
}

aisle_status aisle_evaluation_print(const aisle_evaluation *e, const aisle_evaluated *r, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    json_t *doc = e->options->json || e->report ? aisle_evaluation_json(e, r) : NULL;
    if (!doc && (e->options->json || e->report))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the report");
    if (e->report) st = aisle_report_evaluation(doc, e->report, err);
    if (st == AISLE_OK) st = e->options->json ? aisle_say(json_incref(doc), err) : print_tables(e, r, err);
    json_decref(doc);
    return st;
}
