/* A batch answers every query as if it had been asked alone, and a model with a compact table answers as one without. */
#include <criterion/criterion.h>

#include "tests/unit/score/score_model.h"

enum { TOP = 25, MOST = N_USERS + 8 };
static score_model m;
static aisle_scorer *s;

static void set_up(void)
{
    score_model_init(&m);
    score_model_compact(&m);
    s = aisle_scorer_new();
}

static void tear_down(void)
{
    aisle_scorer_free(s);
    aisle_model_unref(m.open);
    aisle_model_unref(m.compact);
}

TestSuite(batch, .init = set_up, .fini = tear_down);

static void assert_same(const aisle_hits *a, const aisle_hits *b, int k)
{
    cr_assert_eq(a->strategy, b->strategy, "query %d", k);
    cr_assert_eq(a->n, b->n, "query %d: %d hits, alone %d", k, a->n, b->n);
    for (int h = 0; h < a->n; h++) {
        cr_assert_eq(a->hit[h].item, b->hit[h].item, "query %d, hit %d", k, h);
        cr_assert(memcmp(&a->hit[h].score, &b->hit[h].score, sizeof(float)) == 0, "query %d, hit %d", k, h);
    }
}

/* Every user, guests with a history, and somebody unknown; each with exclusions and a bitmap or none. */
static int ask_all(aisle_query *q, const uint64_t *allowed)
{
    static const aisle_weighted_item recent[] = {{3, 2}, {201, 1}, {250, -1}, {3, 1}}, cold[] = {{290, 1}};
    static const int32_t exclude[] = {17, 4, 260, 17};
    int n = 0;
    for (int u = 0; u < N_USERS; u++) q[n++] = (aisle_query){.user = u, .n = 1 + u % TOP};
    q[n++] = (aisle_query){.user = -1, .recent = recent, .n_recent = 4, .n = TOP};
    q[n++] = (aisle_query){.user = 2, .recent = recent, .n_recent = 4, .n = TOP};
    q[n++] = (aisle_query){.user = -1, .recent = cold, .n_recent = 1, .n = TOP};
    q[n++] = (aisle_query){.user = -1, .n = TOP};
    for (int k = 0; k < n; k++) {
        q[k].include_seen = k % 5 == 0;
        if (k % 3 == 0) q[k].exclude = exclude, q[k].n_exclude = 4;
        if (k % 4 == 1) q[k].allowed = allowed;
    }
    return n;
}

static aisle_hit together[MOST][TOP], alone[TOP];
static aisle_query queries[MOST];
static aisle_hits hits[MOST];
static uint64_t allowed[(N_ITEMS + 63) / 64];

static int prepare(void)
{
    for (int i = 0; i < N_ITEMS; i += 3) allowed[i / 64] |= 1ull << (i % 64);
    int n = ask_all(queries, allowed);
    for (int k = 0; k < n; k++) hits[k] = (aisle_hits){.hit = together[k]};
    return n;
}

/* What every query gets of `model` in one call and one by one is what it gets of the model without a table. */
static void assert_answers(const aisle_model *model, int n)
{
    aisle_error err = {0};
    cr_assert_eq(aisle_scorer_recommend_batch(s, model, queries, n, hits, &err), AISLE_OK, "%s", err.message);
    for (int k = 0; k < n; k++) {
        static aisle_hit of_table[TOP];
        aisle_hits one = {.hit = alone}, other = {.hit = of_table};
        cr_assert_eq(aisle_scorer_recommend(s, m.open, &queries[k], &one, NULL), AISLE_OK);
        assert_same(&hits[k], &one, k);
        cr_assert_eq(aisle_scorer_recommend(s, model, &queries[k], &other, NULL), AISLE_OK);
        assert_same(&other, &one, k);
    }
}

Test(batch, each_answer_is_that_of_the_query_alone)
{
    assert_answers(m.open, prepare());
}

Test(batch, a_compact_table_changes_no_answer)
{
    int n = prepare();
    assert_answers(m.compact, n);
    for (int k = 0; k < n; k++) queries[k].allowed = NULL; /* one pass for all */
    assert_answers(m.compact, n);
}

Test(batch, an_allowed_handful_is_scored_alone)
{
    int n = prepare();
    memset(allowed, 0, sizeof allowed);
    allowed[1] = 0x10101;
    allowed[4] = 1; /* 4 of 300 */
    for (int k = 0; k < n; k++) queries[k].allowed = allowed;
    assert_answers(m.compact, n);
}

Test(batch, each_query_has_its_own_items_allowed)
{
    static uint64_t own[MOST][(N_ITEMS + 63) / 64];
    int n = prepare();
    for (int k = 0; k < n; k++) {
        for (int i = 0; i < N_ITEMS; i++)
            if (i % (1 + k % 40) == k % 7) own[k / 2][i / 64] |= 1ull << (i % 64); /* all down to 8 items */
        queries[k].allowed = k % 9 ? own[k / 2] : NULL;
    }
    assert_answers(m.compact, n);
    for (int k = 0; k + 1 < n; k += 5) { /* no longer side by side */
        aisle_query q = queries[k];
        queries[k] = queries[n - 1 - k / 2];
        queries[n - 1 - k / 2] = q;
    }
    assert_answers(m.compact, n);
}

Test(batch, users_too_long_for_the_table_get_the_same)
{
    int n = prepare();
    aisle_model_unref(m.open);
    aisle_model_unref(m.compact);
    for (int k = 0; k < N_F; k++) m.users[k] *= 0x1p63f;
    aisle_model_parts p = score_parts(&m);
    m.open = parts_opened(&p);
    score_model_compact(&m);
    assert_answers(m.compact, n);
}

Test(batch, reasons_are_those_without_a_table)
{
    prepare();
    for (int u = 0; u < N_USERS; u++) {
        aisle_hits one = {.hit = alone}, other = {.hit = together[0]};
        const aisle_query q = {.user = u, .n = TOP, .explain = true};
        cr_assert_eq(aisle_scorer_recommend(s, m.open, &q, &one, NULL), AISLE_OK);
        cr_assert_eq(aisle_scorer_recommend(s, m.compact, &q, &other, NULL), AISLE_OK);
        assert_same(&one, &other, u);
        for (int h = 0; h < one.n; h++) {
            cr_assert_eq(one.hit[h].n_reasons, other.hit[h].n_reasons);
            cr_assert_arr_eq(one.hit[h].reasons, other.hit[h].reasons, sizeof one.hit[h].reasons[0]);
        }
    }
}

Test(batch, of_nobody_and_wrong_ones)
{
    aisle_hit hit[2][4];
    aisle_hits two[2] = {{.hit = hit[0]}, {.hit = hit[1]}};
    aisle_query q[2] = {{.user = 0, .n = 4}, {.user = N_USERS, .n = 4}};
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, NULL, 0, NULL, NULL), AISLE_OK);
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, q, 2, two, NULL), AISLE_EINVAL);
    q[1] = (aisle_query){.user = 1, .n = 4, .explain = true};
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, q, 2, two, NULL), AISLE_EINVAL);
    two[1].hit = NULL;
    q[1].explain = false;
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, q, 2, two, NULL), AISLE_EINVAL);
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, q, -1, two, NULL), AISLE_EINVAL);
}

Test(batch, many_are_told_to_stop)
{
    const int n = prepare(), stop = 1;
    const aisle_progress p = {.cancel = &stop};
    aisle_error err = {0};
    cr_assert_eq(aisle_scorer_recommend_many(m.open, queries, n, 2, NULL, hits, &err), AISLE_OK, "%s",
                 err.message);
    cr_assert_eq(aisle_scorer_recommend_many(m.open, queries, n, 2, &p, hits, &err), AISLE_ECANCELED);
}

Test(batch, a_user_is_known_who_is_answered_by_trained_factors)
{
    int known = 0;
    for (int u = 0; u < N_USERS; u++) {
        aisle_hits one = {.hit = alone};
        const aisle_query q = {.user = u, .n = TOP};
        cr_assert_eq(aisle_scorer_recommend(s, m.open, &q, &one, NULL), AISLE_OK);
        cr_assert_eq(aisle_scorer_knows(m.open, u), one.strategy == AISLE_STRATEGY_PERSONAL, "user %d", u);
        known += aisle_scorer_knows(m.open, u);
    }
    cr_assert(known > 0 && known < N_USERS);
}
