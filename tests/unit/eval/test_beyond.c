/* Novelty, popularity, diversity and Gini by hand and against plain twins; candidates against a catalogue without the
 * others. */
#include "aisle/memory.h"
#include "cpu/eval/rank.h"
#include "tests/unit/eval/sample.h"

/* Sums of a few thousand doubles of at most a few hundred: off by far less than 1e-10, and any slip is far more. */
#define NEAR(got, want) cr_assert_float_eq((got), (want), 1e-10, "%.15f, wanted %.15f", (got), (double)(want))

/* n = 3 1 1 0 0 over U = 3 users with a train row, 5 pairs, a pair's mean n = (9 + 1 + 1)/5 = 11/5. Users 3 and 4 are
 * new; nothing can be ranked for user 4. Lists: 3 2 | 1 2 | 1 4 | 0 1 | none. l = log2 3.
 *   novelty    @1 l l l 0; @2 l l l l/2
 *   popularity @1 0 1 1 3: mean 5/4; @2 1/2 1 1/2 2: mean 1
 *   gini       @1 counts 0 0 1 1 2: (0 + 2 + 8)/(5 x 4); @2 1 1 1 2 3: (-4 - 2 + 0 + 4 + 12)/(5 x 8)
 *   diversity  @1 lists of one: 0; @2 cosines 3/5, 1/sqrt 2, 0 (item 4 has no words), 1/sqrt 2 */
Test(beyond, five_users_by_hand)
{
    float no = -INFINITY;
    float s[25] = {0, 0, 2, 3, 1, 0, 9, 8, 1, 1, 0, 9, 0, 1, 8, 9, 8, 1, 1, 1, no, no, no, no, no};
    int32_t train_u[5] = {0, 0, 1, 2, 2}, train_i[5] = {0, 1, 0, 0, 2};
    int32_t test_u[5] = {0, 1, 2, 3, 4}, test_i[5] = {3, 1, 4, 0, 0};
    int32_t word_i[6] = {0, 1, 1, 2, 3, 3}, word[6] = {0, 0, 1, 1, 1, 2};
    float weight[6] = {1, 1, 1, 2, 3, 4};
    table t = {s, 5};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr train = csr(5, 5, 5, train_u, train_i), test = csr(5, 5, 5, test_u, test_i), words;
    cr_assert_eq(aisle_csr_from_coo(5, 3, 6, word_i, word, weight, &words, NULL), AISLE_OK);
    aisle_eval_params p = {.cuts = {1, 2}, .n_cuts = 2, .threads = 2, .beyond = true, .item_vectors = &words};
    aisle_eval_report r;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, NULL), AISLE_OK);
    double l = log2(3), h = 1 - sqrt(.5);
    cr_assert(r.beyond && r.diversity && !r.segments);
    cr_assert_eq(r.n_users, 5, "new users are measured");
    NEAR(r.at[0].novelty.mean, 3 * l / 4);
    NEAR(r.at[1].novelty.mean, 3.5 * l / 4);
    NEAR(r.at[0].popularity.mean, 5. / 4 / (11. / 5));
    NEAR(r.at[1].popularity.mean, 1 / (11. / 5));
    NEAR(r.at[0].gini.mean, .5);
    NEAR(r.at[1].gini.mean, .25);
    NEAR(r.at[0].diversity.mean, 0);
    NEAR(r.at[1].diversity.mean, (.4 + h + 1 + h) / 4);
    p.beyond = false;
    p.item_vectors = NULL;
    cr_assert_eq(aisle_evaluate(&source, &train, &test, &p, &r, NULL), AISLE_OK);
    cr_assert(!r.beyond && !r.diversity && r.at[1].novelty.mean == 0 && r.at[1].gini.mean == 0);
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
    aisle_csr_deinit(&words);
}

/* ---- twins ---- */
static int32_t best(const sample *s, const aisle_tie_order *order, int32_t u, int32_t k, int32_t *list)
{
    const float *score = s->scores + u * ITEMS;
    bool taken[ITEMS] = {0};
    int32_t n = 0;
    for (; n < k; n++) {
        int32_t top = -1;
        for (int32_t p = 0; p < ITEMS; p++) {
            int32_t i = tied(order, u, p);
            if (!s->in_train[u][i] && !taken[i] && score[i] != -INFINITY &&
                (top < 0 || score[i] > score[top]))
                top = i;
        }
        if (top < 0) break;
        taken[top] = true;
        list[n] = top;
    }
    return n;
}

/* Of two items by the users they share. */
static double cosine(const sample *s, int32_t a, int32_t b)
{
    double both = 0, na = 0, nb = 0;
    for (int32_t u = 0; u < USERS; u++) {
        both += s->in_train[u][a] && s->in_train[u][b];
        na += s->in_train[u][a];
        nb += s->in_train[u][b];
    }
    return both > 0 ? both / sqrt(na * nb) : 0;
}

typedef struct twin {
    double novelty, popularity, diversity, gini;
} twin;

static twin twin_of(const sample *s, const aisle_tie_order *order, int32_t k)
{
    static double likeness[ITEMS][ITEMS];
    double n_i[ITEMS] = {0}, known = 0, pairs = 0, squares = 0, count[ITEMS] = {0}, total = 0, lists = 0;
    twin t = {0};
    for (int32_t u = 0; u < USERS; u++) {
        bool any = false;
        for (int32_t i = 0; i < ITEMS; i++) {
            any = any || s->in_train[u][i];
            n_i[i] += s->in_train[u][i];
        }
        known += any;
    }
    for (int32_t i = 0; i < ITEMS; i++) {
        pairs += n_i[i];
        squares += n_i[i] * n_i[i];
        for (int32_t j = 0; j < ITEMS; j++) likeness[i][j] = cosine(s, i, j);
    }
    for (int32_t u = 0; u < USERS; u++) {
        int32_t list[ITEMS], n = best(s, order, u, k, list);
        double novelty = 0, popularity = 0, cosines = 0;
        if (aisle_rank_held(&s->train, &s->test, NULL, u, NULL) == 0) continue;
        for (int32_t a = 0; a < n; a++) {
            novelty -= log2(fmax(n_i[list[a]], 1) / known) / n;
            popularity += n_i[list[a]] / (squares / pairs) / n;
            count[list[a]]++;
            total++;
            for (int32_t b = 0; b < a; b++) cosines += likeness[list[a]][list[b]];
        }
        if (n == 0) continue;
        lists++;
        t.novelty += novelty;
        t.popularity += popularity;
        t.diversity += n > 1 ? 1 - cosines / (.5 * n * (n - 1)) : 0;
    }
    /* half the relative mean absolute difference */
    for (int32_t i = 0; i < ITEMS; i++)
        for (int32_t j = 0; j < ITEMS; j++) t.gini += fabs(count[i] - count[j]) / (2 * ITEMS * total);
    return (twin){t.novelty / lists, t.popularity / lists, t.diversity / lists, t.gini};
}

Test(beyond, every_metric_agrees_with_a_plain_twin)
{
    static sample s;
    draw(&s, 4);
    for (int32_t i = 0; i < ITEMS; i++) s.scores[3 * ITEMS + i] = -INFINITY; /* an empty list */
    table t = {s.scores, ITEMS};
    aisle_eval_source source = {&t, table_scores, NULL};
    aisle_csr vectors;
    aisle_tie_order order = tie_order(ITEMS, 0);
    cr_assert_eq(aisle_csr_transpose(&s.train, &vectors, NULL), AISLE_OK);
    aisle_eval_params p = {
        .cuts = {1, 7, 60, 200}, .n_cuts = 4, .threads = 2, .beyond = true, .item_vectors = &vectors};
    static aisle_eval_report r;
    cr_assert_eq(aisle_evaluate(&source, &s.train, &s.test, &p, &r, NULL), AISLE_OK);
    for (int32_t c = 0; c < p.n_cuts; c++) {
        twin want = twin_of(&s, &order, p.cuts[c]);
        NEAR(r.at[c].novelty.mean, want.novelty);
        NEAR(r.at[c].popularity.mean, want.popularity);
        NEAR(r.at[c].diversity.mean, want.diversity);
        NEAR(r.at[c].gini.mean, want.gini);
    }
    aisle_tie_order_deinit(&order);
    aisle_csr_deinit(&vectors);
    undraw(&s);
}

/* Keeps the columns with in[i], renumbered. */
static aisle_csr columns(const aisle_csr *m, const uint8_t *in, int32_t n)
{
    int32_t row[USERS * ITEMS], col[USERS * ITEMS], to[ITEMS];
    int64_t count = 0;
    for (int32_t i = 0, next = 0; i < ITEMS; i++) to[i] = in[i] ? next++ : -1;
    for (int32_t u = 0; u < USERS; u++)
        for (int64_t e = m->row_ptr[u]; e < m->row_ptr[u + 1]; e++)
            if (in[m->col[e]]) row[count] = u, col[count++] = to[m->col[e]];
    return csr(USERS, n, count, row, col);
}

/* A source may give what is no candidate any score at all: NaN here. No ties, whose order depends on the catalogue. */
Test(candidates, are_measured_as_if_the_others_were_not_there)
{
    static sample s;
    static float fewer[USERS * ITEMS];
    static uint8_t in[ITEMS];
    static aisle_eval_report got, want;
    draw(&s, 8);
    int32_t n = 0;
    for (int32_t i = 0; i < ITEMS; i++) n += in[i] = i % 3 != 1;
    for (int32_t u = 0, to = 0; u < USERS; u++)
        for (int32_t i = 0; i < ITEMS; i++) {
            s.scores[u * ITEMS + i] += (float)i / 128;
            if (in[i])
                fewer[to++] = s.scores[u * ITEMS + i];
            else
                s.scores[u * ITEMS + i] = NAN;
        }
    table all = {s.scores, ITEMS}, part = {fewer, n};
    aisle_eval_source of_all = {&all, table_scores, NULL}, of_part = {&part, table_scores, NULL};
    aisle_csr train = columns(&s.train, in, n), test = columns(&s.test, in, n);
    aisle_eval_params p = {.cuts = {3, 20}, .n_cuts = 2, .threads = 2, .beyond = true};
    cr_assert_eq(aisle_evaluate(&of_part, &train, &test, &p, &want, NULL), AISLE_OK);
    p.candidates = in;
    cr_assert_eq(aisle_evaluate(&of_all, &s.train, &s.test, &p, &got, NULL), AISLE_OK);
    cr_assert_eq(got.n_users, want.n_users);
    cr_assert_eq(got.auc.mean, want.auc.mean);
    for (int32_t c = 0; c < 2; c++) {
        for (aisle_metric_id m = 0; m <= AISLE_METRIC_COVERAGE; m++)
            cr_assert_eq(aisle_eval_at_get(&got.at[c], m)->mean, aisle_eval_at_get(&want.at[c], m)->mean,
                         "%s", aisle_metric_name(m));
        cr_assert_eq(got.at[c].gini.mean, want.at[c].gini.mean);
    }
    memset(in, 0, sizeof in);
    aisle_error err;
    cr_assert_eq(aisle_evaluate(&of_all, &s.train, &s.test, &p, &got, &err), AISLE_EINVAL);
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
    undraw(&s);
}
