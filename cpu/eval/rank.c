/* Ranking one user's scores: top-k by a heap, AUC by counting, and the metrics at every cut. */
#include "cpu/eval/rank.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "aisle/memory.h"

const aisle_metric_row aisle_metric_rows[AISLE_METRICS + 1] = {
    {"precision", offsetof(aisle_eval_at, precision)},
    {"recall", offsetof(aisle_eval_at, recall)},
    {"f1", offsetof(aisle_eval_at, f1)},
    {"accuracy", offsetof(aisle_eval_at, accuracy)},
    {"hit_rate", offsetof(aisle_eval_at, hit_rate)},
    {"map", offsetof(aisle_eval_at, map)},
    {"mrr", offsetof(aisle_eval_at, mrr)},
    {"ndcg", offsetof(aisle_eval_at, ndcg)},
    {"coverage", offsetof(aisle_eval_at, coverage)},
};

aisle_status aisle_ranker_init(aisle_ranker *r, const aisle_csr *train, const aisle_csr *test,
                               const aisle_eval_params *p, const double *gain, aisle_error *err)
{
    int64_t longest = 0;
    for (int32_t u = 0; u < test->n_rows; u++) {
        int64_t n = test->row_ptr[u + 1] - test->row_ptr[u];
        if (n > longest) longest = n;
    }
    *r = (aisle_ranker){.train = train, .test = test, .cuts = p->cuts, .n_cuts = p->n_cuts, .gain = gain};
    r->n_top = p->cuts[p->n_cuts - 1];
    r->top = aisle_array(r->n_top, sizeof *r->top);
    r->held = aisle_array(longest, sizeof *r->held);
    r->held_scores = aisle_array(longest, sizeof *r->held_scores);
    if (r->top && r->held && r->held_scores) return AISLE_OK;
    aisle_ranker_deinit(r);
    return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for test rows of %lld items",
                      (long long)longest);
}

void aisle_ranker_deinit(aisle_ranker *r)
{
    aisle_free(r->top);
    aisle_free(r->held);
    aisle_free(r->held_scores);
    *r = (aisle_ranker){0};
}

int32_t aisle_rank_held(const aisle_csr *train, const aisle_csr *test, int32_t u, int32_t *held)
{
    int32_t n = 0;
    int64_t t = train->row_ptr[u], t_end = train->row_ptr[u + 1];
    for (int64_t e = test->row_ptr[u]; e < test->row_ptr[u + 1]; e++) {
        int32_t item = test->col[e];
        while (t < t_end && train->col[t] < item) t++;
        if (t < t_end && train->col[t] == item) continue;
        if (held) held[n] = item;
        n++;
    }
    return n;
}

/* The order of ranks: higher score, then smaller id. */
static inline bool better(aisle_ranked a, aisle_ranked b)
{
    return a.score > b.score || (a.score == b.score && a.item < b.item);
}

static int by_rank(const void *a, const void *b)
{
    return better(*(const aisle_ranked *)a, *(const aisle_ranked *)b) ? -1 : 1;
}

static int by_score(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Puts x where the worst of the heap stood. The worst is at the root. */
static void sift_down(aisle_ranked *heap, int32_t n, int32_t at, aisle_ranked x)
{
    for (int32_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && better(heap[child], heap[child + 1])) child++;
        if (!better(x, heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = x;
}

static void sift_up(aisle_ranked *heap, int32_t at, aisle_ranked x)
{
    for (int32_t up; at > 0 && better(heap[up = (at - 1) / 2], x); at = up) heap[at] = heap[up];
    heap[at] = x;
}

/* Twice the test items that score s loses against, ties once; sorted ascending. */
static inline int64_t beaten_by(const float *sorted, int32_t n, float s)
{
    if (s < sorted[0]) return 2 * (int64_t)n;
    int32_t low = 0, high = n;
    while (low < high) {
        int32_t mid = (low + high) / 2;
        if (sorted[mid] < s)
            low = mid + 1;
        else
            high = mid;
    }
    int32_t above = low;
    while (above < n && sorted[above] == s) above++;
    return 2 * (int64_t)(n - above) + (above - low);
}

typedef struct rank_pass {
    int32_t n_held, n_top, n_bad;
    int64_t beaten; /* over all ranked items, the test items themselves included */
} rank_pass;

/* One run of items without a train item. */
static void rank_span(aisle_ranker *r, const float *scores, int32_t from, int32_t to, rank_pass *p)
{
    for (int32_t i = from; i < to; i++) {
        float s = scores[i];
        aisle_ranked x = {s, i};
        if (!(s < INFINITY)) p->n_bad++; /* NaN too */
        p->beaten += beaten_by(r->held_scores, p->n_held, s);
        if (s == -INFINITY) continue;
        if (p->n_top < r->n_top)
            sift_up(r->top, p->n_top++, x);
        else if (better(x, r->top[0]))
            sift_down(r->top, p->n_top, 0, x);
    }
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static bool contains(const int32_t *sorted, int32_t n, int32_t id)
{
    int32_t low = 0, high = n;
    while (low < high) {
        int32_t mid = (low + high) / 2;
        if (sorted[mid] < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && sorted[low] == id;
}

/* Walks the ranks once; every cut reads the sums as they stand at its rank. */
static void metrics(const aisle_ranker *r, int32_t n_held, int32_t n_top, int32_t n_ranked, double *values)
{
    double dcg = 0, ideal = 0, average = 0, first = 0;
    int32_t hits = 0, rank = 0;
    for (int32_t c = 0; c < r->n_cuts; c++) {
        int32_t k = r->cuts[c];
        for (; rank < k; rank++) {
            if (rank < n_held) ideal += r->gain[rank];
            if (rank >= n_top) continue;
            if (!contains(r->held, n_held, r->top[rank].item)) continue;
            hits++;
            dcg += r->gain[rank];
            average += (double)hits / (rank + 1);
            if (first == 0) first = 1.0 / (rank + 1);
        }
        double precision = (double)hits / k, recall = (double)hits / n_held;
        int32_t called = k < n_top ? k : n_top;
        double *v = values + (int64_t)c * AISLE_METRICS;
        v[AISLE_METRIC_PRECISION] = precision;
        v[AISLE_METRIC_RECALL] = recall;
        v[AISLE_METRIC_F1] = ratio(2 * precision * recall, precision + recall);
        v[AISLE_METRIC_ACCURACY] = (double)(n_ranked - called - n_held + 2 * hits) / n_ranked;
        v[AISLE_METRIC_HIT_RATE] = hits > 0;
        v[AISLE_METRIC_MAP] = average / (k < n_held ? k : n_held);
        v[AISLE_METRIC_MRR] = first;
        v[AISLE_METRIC_NDCG] = dcg / ideal;
    }
}

/* AUC = P(test item above non-test item) + P(tie)/2, counted over pairs. beaten counts 2 for "test above", 1
 * for a tie, over test x all ranked items; test x test makes exactly n_held^2 of it (2 for each unordered
 * pair, 1 for each item with itself), so what is left is test x non-test. No pairs: 1/2. */
static double auc(int64_t beaten, int64_t n_held, int64_t n_ranked)
{
    int64_t others = n_ranked - n_held;
    if (others == 0) return .5;
    return (double)(beaten - n_held * n_held) / (2.0 * (double)n_held * (double)others);
}

aisle_status aisle_rank_user(aisle_ranker *r, int32_t u, const float *scores, double *values, int32_t *n_top,
                             aisle_error *err)
{
    rank_pass p = {.n_held = aisle_rank_held(r->train, r->test, u, r->held)};
    const int32_t *seen = r->train->col + r->train->row_ptr[u];
    int32_t n_seen = (int32_t)(r->train->row_ptr[u + 1] - r->train->row_ptr[u]), from = 0;
    int32_t n_items = r->train->n_cols;
    for (int32_t h = 0; h < p.n_held; h++) r->held_scores[h] = scores[r->held[h]];
    qsort(r->held_scores, (size_t)p.n_held, sizeof *r->held_scores, by_score);
    for (int32_t s = 0; s < n_seen; s++) {
        rank_span(r, scores, from, seen[s], &p);
        from = seen[s] + 1;
    }
    rank_span(r, scores, from, n_items, &p);
    if (p.n_bad > 0)
        return aisle_fail(err, AISLE_ENUMERIC, "evaluation: %d scores of user %d are NaN or infinite",
                          p.n_bad, u);
    qsort(r->top, (size_t)p.n_top, sizeof *r->top, by_rank);
    metrics(r, p.n_held, p.n_top, n_items - n_seen, values);
    values[r->n_cuts * AISLE_METRICS] = auc(p.beaten, p.n_held, n_items - n_seen);
    *n_top = p.n_top;
    return AISLE_OK;
}
