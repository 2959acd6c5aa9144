/* Ranking one user's scores: the best by a rising threshold, AUC by counting, and the metrics at every cut.
 */
#include "cpu/eval/rank.h"

#include <math.h>
#include <stdlib.h>

#include "aisle/memory.h"

aisle_status aisle_ranker_init(aisle_ranker *r, const aisle_csr *train, const aisle_csr *test,
                               const aisle_eval_params *p, const double *gain, aisle_error *err)
{
    int64_t longest = 0;
    for (int32_t u = 0; u < test->n_rows; u++) {
        int64_t n = test->row_ptr[u + 1] - test->row_ptr[u];
        if (n > longest) longest = n;
    }
    *r = (aisle_ranker){.train = train, .test = test, .cuts = p->cuts, .n_cuts = p->n_cuts, .gain = gain};
    r->candidates = p->candidates;
    r->n_candidates = train->n_cols;
    for (int32_t i = 0; p->candidates && i < train->n_cols; i++) r->n_candidates -= !p->candidates[i];
    r->n_top = p->cuts[p->n_cuts - 1];
    r->k = aisle_kernels_get();
    r->best.key = aisle_array(aisle_select_room(r->n_top), sizeof *r->best.key);
    r->top = aisle_array(r->n_top, sizeof *r->top);
    r->top_scores = aisle_array(r->n_top, sizeof *r->top_scores);
    r->held = aisle_array(longest, sizeof *r->held);
    r->held_scores = aisle_array(longest, sizeof *r->held_scores);
    if (r->best.key && r->top && r->top_scores && r->held && r->held_scores) return AISLE_OK;
    aisle_ranker_deinit(r);
    return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for test rows of %lld items",
                      (long long)longest);
}

void aisle_ranker_deinit(aisle_ranker *r)
{
    aisle_free(r->best.key);
    aisle_free(r->top);
    aisle_free(r->top_scores);
    aisle_free(r->held);
    aisle_free(r->held_scores);
    *r = (aisle_ranker){0};
}

int32_t aisle_rank_held(const aisle_csr *train, const aisle_csr *test, const uint8_t *candidates, int32_t u,
                        int32_t *held)
{
    int32_t n = 0;
    int64_t t = train->row_ptr[u], t_end = train->row_ptr[u + 1];
    for (int64_t e = test->row_ptr[u]; e < test->row_ptr[u + 1]; e++) {
        int32_t item = test->col[e];
        if (candidates && !candidates[item]) continue;
        while (t < t_end && train->col[t] < item) t++;
        if (t < t_end && train->col[t] == item) continue;
        if (held) held[n] = item;
        n++;
    }
    return n;
}

static int by_score(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Twice the test items that score s loses against, ties once; sorted ascending. NaN loses against none. */
static inline int64_t beaten_by(const float *sorted, int32_t n, float s)
{
    int32_t low = 0, high = n;
    while (low < high) {
        int32_t mid = (low + high) / 2;
        if (!(sorted[mid] >= s))
            low = mid + 1;
        else
            high = mid;
    }
    int32_t above = low;
    while (above < n && sorted[above] == s) above++;
    return 2 * (int64_t)(n - above) + (above - low);
}

/* Over a block of ranked items, the test items themselves included. A pass over the block for every test item
 * beats a search in the test items for every score until there are about a hundred of them: the pass takes 16
 * scores at once and never guesses a branch. */
static int64_t count_beaten(const aisle_ranker *r, int32_t n_held, int32_t n, const float *scores)
{
    enum { SEARCH_FROM = 128 };
    int64_t beaten = 0;
    if (n_held < SEARCH_FROM)
        for (int32_t h = 0; h < n_held; h++) beaten += r->k->beaten(n, scores, r->held_scores[h]);
    else
        for (int32_t i = 0; i < n; i++) beaten += beaten_by(r->held_scores, n_held, scores[i]);
    return beaten;
}

static void offer(aisle_ranker *r, int32_t first, int32_t n, const float *scores, int32_t *at)
{
    int32_t found = r->k->above(n, scores, r->best.threshold, at);
    for (int32_t i = 0; i < found; i++) {
        float s = scores[at[i]];
        if (s >= r->best.threshold && s != -INFINITY)
            aisle_select_push(&r->best, s, aisle_tie_of_item(r->ties, r->tie_start, first + at[i]));
    }
}

typedef struct rank_pass {
    int64_t beaten; /* over all ranked items, the test items themselves included */
    int64_t usable; /* 2 for every score that is neither NaN nor +INFINITY */
} rank_pass;

/* Block by block, so that a block is in the first cache for all its passes. */
static rank_pass rank_scores(aisle_ranker *r, int32_t n_held, int32_t n_items, const float *scores)
{
    enum { BLOCK = 1024 };
    int32_t at[BLOCK];
    rank_pass p = {0};
    for (int32_t first = 0; first < n_items; first += BLOCK) {
        int32_t n = n_items - first < BLOCK ? n_items - first : BLOCK;
        p.usable += r->k->beaten(n, scores + first, INFINITY);
        p.beaten += count_beaten(r, n_held, n, scores + first);
        offer(r, first, n, scores + first, at);
    }
    return p;
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
void aisle_rank_metrics(const aisle_ranker *r, const int32_t *held, int32_t n_held, int32_t n_top,
                        double *values)
{
    double dcg = 0, ideal = 0, average = 0, first = 0;
    int32_t hits = 0, rank = 0;
    for (int32_t c = 0; c < r->n_cuts; c++) {
        int32_t k = r->cuts[c];
        for (; rank < k; rank++) {
            if (rank < n_held) ideal += r->gain[rank];
            if (rank >= n_top) continue;
            if (!contains(held, n_held, r->top[rank])) continue;
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
        v[AISLE_METRIC_ACCURACY] = (double)(r->n_ranked - called - n_held + 2 * hits) / r->n_ranked;
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

/* Leaves NaN where nothing is to be ranked: NaN passes no comparison, so those are neither ranked nor counted. Returns
 * how many items are left. */
static int32_t leave_candidates(const aisle_ranker *r, int32_t u, float *scores)
{
    int32_t n = r->n_candidates;
    for (int64_t e = r->train->row_ptr[u]; e < r->train->row_ptr[u + 1]; e++) {
        scores[r->train->col[e]] = NAN;
        n -= !r->candidates || r->candidates[r->train->col[e]];
    }
    if (r->candidates)
        for (int32_t i = 0; i < r->train->n_cols; i++)
            if (!r->candidates[i]) scores[i] = NAN;
    return n;
}

aisle_status aisle_rank_user(aisle_ranker *r, int32_t u, float *scores, double *values, int32_t *n_top,
                             aisle_error *err)
{
    int32_t n_held = aisle_rank_held(r->train, r->test, r->candidates, u, r->held);
    for (int32_t h = 0; h < n_held; h++) r->held_scores[h] = scores[r->held[h]];
    qsort(r->held_scores, (size_t)n_held, sizeof *r->held_scores, by_score);
    r->n_held = n_held;
    r->n_ranked = leave_candidates(r, u, scores);
    r->tie_start = aisle_tie_start(r->ties, u);
    aisle_select_init(&r->best, r->best.key, r->n_top);
    rank_pass p = rank_scores(r, n_held, r->train->n_cols, scores);
    if (p.usable < 2 * (int64_t)r->n_ranked)
        return aisle_fail(err, AISLE_ENUMERIC, "evaluation: scores of user %d are NaN or infinite", u);
    *n_top = aisle_select_take(&r->best, r->top, r->top_scores);
    for (int32_t k = 0; k < *n_top; k++) r->top[k] = aisle_tie_item(r->ties, r->tie_start, r->top[k]);
    aisle_rank_metrics(r, r->held, n_held, *n_top, values);
    values[r->n_cuts * AISLE_METRICS] = auc(p.beaten, n_held, r->n_ranked);
    return AISLE_OK;
}
