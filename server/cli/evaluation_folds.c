/* Reports of several folds as one. */
#include <math.h>

#include "server/cli/evaluation_measure.h"

/* Means of independent parts with weights p and 1 - p: the sides of the interval add up as deviations do. */
static aisle_metric join(aisle_metric a, aisle_metric b, double p)
{
    double mean = p * a.mean + (1 - p) * b.mean;
    return (aisle_metric){mean, mean - hypot(p * (a.mean - a.low), (1 - p) * (b.mean - b.low)),
                          mean + hypot(p * (a.high - a.mean), (1 - p) * (b.high - b.mean))};
}

static void join_at(aisle_eval_at *a, const aisle_eval_at *b, double p)
{
    for (int32_t m = 0; m < AISLE_METRIC_IDS; m++) {
        const aisle_metric *x = aisle_eval_at_get(a, (aisle_metric_id)m),
                           *y = aisle_eval_at_get(b, (aisle_metric_id)m);
        if (x) *(aisle_metric *)x = join(*x, *y, p); /* a is ours to write */
    }
}

static double share(double a, double b)
{
    return a + b > 0 ? a / (a + b) : 1;
}

void aisle_eval_report_join(aisle_eval_report *a, const aisle_eval_report *b)
{
    double p = share(a->n_users, b->n_users);
    for (int32_t c = 0; c < a->n_cuts; c++) join_at(&a->at[c], &b->at[c], p);
    a->auc = join(a->auc, b->auc, p);
    for (int32_t s = 0; s < AISLE_SEGMENTS; s++) {
        aisle_eval_segment *x = &a->segment[s];
        const aisle_eval_segment *y = &b->segment[s];
        for (int32_t c = 0; c < a->n_cuts; c++) {
            x->at[c].k = a->at[c].k;
            join_at(&x->at[c], &y->at[c], share(x->n_users, y->n_users));
        }
        x->n_users += y->n_users;
        x->n_pairs += y->n_pairs;
    }
    a->n_users += b->n_users;
    a->seconds += b->seconds;
}

static aisle_metric squared(aisle_metric m)
{
    return (aisle_metric){m.mean * m.mean, m.low * m.low, m.high * m.high};
}

static aisle_metric root(aisle_metric m)
{
    return (aisle_metric){sqrt(m.mean), sqrt(fmax(0, m.low)), sqrt(m.high)};
}

void aisle_stars_report_join(aisle_stars_report *a, const aisle_stars_report *b)
{
    double p = share((double)a->n_pairs, (double)b->n_pairs);
    a->rmse = root(join(squared(a->rmse), squared(b->rmse), p));
    a->mae = join(a->mae, b->mae, p);
    a->n_users += b->n_users;
    a->n_pairs += b->n_pairs;
    a->seconds += b->seconds;
}
