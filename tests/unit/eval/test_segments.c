/* Segments are what is left when everyone and everything else is taken out of the test part; values of single users. */
#include "aisle/memory.h"
#include "cpu/eval/rank.h"
#include "tests/unit/eval/sample.h"

static int32_t train_length(const sample *s, int32_t u)
{
    return (int32_t)(s->train.row_ptr[u + 1] - s->train.row_ptr[u]);
}

/* The test part of the users or items that `in` marks. */
static aisle_csr only(const sample *s, const bool *users, const bool *items)
{
    int32_t row[USERS * ITEMS], col[USERS * ITEMS];
    int64_t n = 0;
    for (int32_t u = 0; u < USERS; u++)
        for (int32_t i = 0; i < ITEMS; i++)
            if (s->in_test[u][i] && users[u] && items[i]) row[n] = u, col[n++] = i;
    return csr(USERS, ITEMS, n, row, col);
}

static int64_t measured_pairs(const sample *s, const aisle_csr *test)
{
    int64_t n = 0;
    for (int32_t u = 0; u < USERS; u++) n += aisle_rank_held(&s->train, test, NULL, u, NULL);
    return n;
}

/* The head by its definition, most popular first. */
static void class_items(const sample *s, double share, bool in[AISLE_SEGMENTS][ITEMS])
{
    int32_t n_i[ITEMS] = {0};
    double sum = 0, all = (double)aisle_csr_nnz(&s->train);
    bool done[ITEMS] = {0};
    for (int64_t e = 0; e < aisle_csr_nnz(&s->train); e++) n_i[s->train.col[e]]++;
    for (int32_t round = 0; round < ITEMS; round++) {
        int32_t top = -1;
        for (int32_t i = 0; i < ITEMS; i++)
            if (!done[i] && (top < 0 || n_i[i] > n_i[top])) top = i;
        done[top] = true;
        in[n_i[top] == 0        ? AISLE_SEGMENT_COLD
           : sum >= share * all ? AISLE_SEGMENT_TAIL
                                : AISLE_SEGMENT_HEAD][top] = true;
        sum += n_i[top];
    }
}

Test(segments, are_evaluations_of_their_test_pairs_alone)
{
    static sample s;
    static bool users[AISLE_SEGMENTS][USERS], items[AISLE_SEGMENTS][ITEMS];
    static aisle_eval_report all, part;
    draw(&s, 31);
    /* the first items lose their train pairs */
    int32_t row[USERS * ITEMS], col[USERS * ITEMS];
    int64_t n = 0;
    for (int32_t u = 0; u < USERS; u++)
        for (int32_t i = 0; i < ITEMS; i++) {
            s.in_train[u][i] = s.in_train[u][i] && i >= 6;
            if (s.in_train[u][i]) row[n] = u, col[n++] = i;
        }
    aisle_csr_deinit(&s.train);
    s.train = csr(USERS, ITEMS, n, row, col);
    class_items(&s, .7, items);
    for (int32_t u = 0; u < USERS; u++)
        for (aisle_segment_id g = 0; g < AISLE_SEGMENTS; g++) {
            int32_t length = train_length(&s, u);
            users[g][u] = g >= AISLE_SEGMENT_HEAD || g == (length == 0    ? AISLE_SEGMENT_NEW
                                                           : length <= 12 ? AISLE_SEGMENT_LIGHT
                                                                          : AISLE_SEGMENT_HEAVY);
        }
    for (aisle_segment_id g = 0; g < AISLE_SEGMENT_HEAD; g++) memset(items[g], 1, sizeof items[g]);
    table t = {s.scores, ITEMS};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_eval_params p = {.cuts = {2, 10},
                           .n_cuts = 2,
                           .threads = 2,
                           .bootstrap = 30,
                           .seed = 6,
                           .segments = true,
                           .light = 12,
                           .head = .7};
    cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &all, NULL), AISLE_OK);
    p.segments = false;
    for (aisle_segment_id g = 0; g < AISLE_SEGMENTS; g++) {
        aisle_csr test = only(&s, users[g], items[g]);
        const aisle_eval_segment *got = &all.segment[g];
        cr_assert_eq(aisle_evaluate(&source, &s.train, &test, &p, &part, NULL), AISLE_OK);
        cr_assert_eq(got->n_users, part.n_users, "%s", aisle_segment_name(g));
        cr_assert_eq(got->n_pairs, measured_pairs(&s, &test), "%s", aisle_segment_name(g));
        for (int32_t c = 0; c < 2; c++)
            for (aisle_metric_id m = 0; m < AISLE_METRIC_COVERAGE; m++) {
                /* the same rows in the same order, resampled by the same draws */
                const aisle_metric *a = aisle_eval_at_get(&got->at[c], m),
                                   *b = aisle_eval_at_get(&part.at[c], m);
                cr_assert(a->mean == b->mean && a->low == b->low && a->high == b->high, "%s of %s: %g, %g",
                          aisle_metric_name(m), aisle_segment_name(g), a->mean, b->mean);
            }
        aisle_csr_deinit(&test);
    }
    cr_assert_eq(all.segment[0].n_users + all.segment[1].n_users + all.segment[2].n_users, all.n_users);
    undraw(&s);
}

/* Eight of ten train pairs are of item 0: four fifths, and the head is full. User 8 has the two others, and of the
 * two items held out for him one is cold; user 9 is new. */
Test(segments, head_items_make_four_fifths_and_no_more)
{
    enum { N = 10 };
    int32_t train_u[N], train_i[N], u[5] = {8, 8, 9, 9, 9}, i[5] = {0, 3, 0, 1, 2};
    static float s[N * 4];
    static aisle_eval_report r;
    for (int32_t e = 0; e < N; e++) train_u[e] = e < 8 ? e : 8, train_i[e] = e < 8 ? 0 : e - 7;
    table t = {s, 4};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr train = csr(N, 4, N, train_u, train_i), test = csr(N, 4, 5, u, i);
    aisle_eval_params p = {.cuts = {1}, .n_cuts = 1, .threads = 1, .segments = true};
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, NULL), AISLE_OK);
    static const int64_t pairs[AISLE_SEGMENTS] = {3, 2, 0, 2, 2, 1};
    static const int32_t users[AISLE_SEGMENTS] = {1, 1, 0, 2, 1, 1};
    for (aisle_segment_id g = 0; g < AISLE_SEGMENTS; g++) {
        cr_assert_eq(r.segment[g].n_pairs, pairs[g], "%s", aisle_segment_name(g));
        cr_assert_eq(r.segment[g].n_users, users[g], "%s", aisle_segment_name(g));
    }
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
}

Test(segments, without_anybody_are_zero)
{
    int32_t u[2] = {0, 0}, train_i[2] = {0, 1}, held = 2, zero = 0;
    float s[3] = {0, 0, 1};
    table t = {s, 3};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr train = csr(1, 3, 2, u, train_i), test = csr(1, 3, 1, &zero, &held);
    aisle_eval_params p = {.cuts = {1}, .n_cuts = 1, .threads = 1, .bootstrap = 5, .segments = true};
    static aisle_eval_report r;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, NULL), AISLE_OK);
    for (aisle_segment_id g = 0; g < AISLE_SEGMENTS; g++) {
        bool in = g == AISLE_SEGMENT_LIGHT || g == AISLE_SEGMENT_COLD;
        cr_assert_eq(r.segment[g].n_users, in, "%s", aisle_segment_name(g));
        cr_assert_eq(r.segment[g].at[0].recall.mean, in);
        cr_assert_eq(r.segment[g].at[0].recall.high, in);
        cr_assert_eq(r.segment[g].at[0].k, 1);
    }
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
}

Test(values, of_single_users_have_the_mean_of_the_report)
{
    static sample s;
    static double got[3][USERS];
    static aisle_eval_report r;
    draw(&s, 12);
    table t = {s.scores, ITEMS};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_eval_values want[] = {
        {AISLE_METRIC_NDCG, 20, got[0]}, {AISLE_METRIC_PRECISION, 5, got[1]}, {AISLE_METRIC_AUC, 0, got[2]}};
    aisle_eval_params p = {
        .cuts = {5, 20}, .n_cuts = 2, .threads = 2, .max_users = 100, .values = want, .n_values = 3};
    cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &r, NULL), AISLE_OK);
    double wanted[] = {r.at[1].ndcg.mean, r.at[0].precision.mean, r.auc.mean};
    for (int32_t v = 0; v < 3; v++) {
        double sum = 0;
        int32_t n = 0;
        for (int32_t u = 0; u < USERS; u++)
            if (!isnan(got[v][u])) n++, sum += got[v][u];
        cr_assert_eq(n, 100);
        cr_assert_eq(sum / n, wanted[v]); /* the same sum in the same order */
    }
    aisle_error err;
    want[0].k = 19;
    cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &r, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "ndcg@19"), "%s", err.message);
    want[0] = (aisle_eval_values){AISLE_METRIC_COVERAGE, 20, got[0]};
    cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &r, &err), AISLE_EINVAL);
    p.n_values = 0;
    p.head = 1.5;
    cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &r, &err), AISLE_EINVAL);
    p.head = 0;
    p.item_vectors = &s.train; /* users x items: not a row an item */
    cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &r, &err), AISLE_EINVAL);
    undraw(&s);
}
