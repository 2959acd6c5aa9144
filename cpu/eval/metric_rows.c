/* Names and places of metrics and segments, for the evaluator, the tables and the JSON. */
#include <stddef.h>

#include "cpu/eval/rank.h"

const aisle_metric_row aisle_metric_rows[AISLE_METRIC_AUC] = {
    [AISLE_METRIC_PRECISION] = {"precision", offsetof(aisle_eval_at, precision)},
    [AISLE_METRIC_RECALL] = {"recall", offsetof(aisle_eval_at, recall)},
    [AISLE_METRIC_F1] = {"f1", offsetof(aisle_eval_at, f1)},
    [AISLE_METRIC_ACCURACY] = {"accuracy", offsetof(aisle_eval_at, accuracy)},
    [AISLE_METRIC_HIT_RATE] = {"hit_rate", offsetof(aisle_eval_at, hit_rate)},
    [AISLE_METRIC_MAP] = {"map", offsetof(aisle_eval_at, map)},
    [AISLE_METRIC_MRR] = {"mrr", offsetof(aisle_eval_at, mrr)},
    [AISLE_METRIC_NDCG] = {"ndcg", offsetof(aisle_eval_at, ndcg)},
    [AISLE_METRIC_COVERAGE] = {"coverage", offsetof(aisle_eval_at, coverage)},
    [AISLE_METRIC_NOVELTY] = {"novelty", offsetof(aisle_eval_at, novelty)},
    [AISLE_METRIC_DIVERSITY] = {"diversity", offsetof(aisle_eval_at, diversity)},
    [AISLE_METRIC_POPULARITY] = {"popularity", offsetof(aisle_eval_at, popularity)},
    [AISLE_METRIC_GINI] = {"gini", offsetof(aisle_eval_at, gini)},
};

const char *aisle_metric_name(aisle_metric_id m)
{
    if (m == AISLE_METRIC_AUC) return "auc";
    return (unsigned)m < AISLE_METRIC_AUC ? aisle_metric_rows[m].name : NULL;
}

const aisle_metric *aisle_eval_at_get(const aisle_eval_at *at, aisle_metric_id m)
{
    if ((unsigned)m >= AISLE_METRIC_AUC) return NULL;
    return (const aisle_metric *)((const char *)at + aisle_metric_rows[m].offset);
}

const char *aisle_segment_name(aisle_segment_id s)
{
    static const char *const names[AISLE_SEGMENTS] = {
        [AISLE_SEGMENT_NEW] = "new users",     [AISLE_SEGMENT_LIGHT] = "light users",
        [AISLE_SEGMENT_HEAVY] = "heavy users", [AISLE_SEGMENT_HEAD] = "head items",
        [AISLE_SEGMENT_TAIL] = "tail items",   [AISLE_SEGMENT_COLD] = "cold items"};
    return (unsigned)s < AISLE_SEGMENTS ? names[s] : NULL;
}
