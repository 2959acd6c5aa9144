/* A batch answers every query as if it had been asked alone. */
#include <criterion/criterion.h>

#include "tests/unit/score/score_model.h"

enum { TOP = 25, MOST = N_USERS + 8 };
static score_model m;
static aisle_scorer *s;

static void set_up(void)
{
    score_model_init(&m);
    s = aisle_scorer_new();
}

static void tear_down(void)
{
    aisle_scorer_free(s);
    aisle_model_unref(m.open);
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

Test(batch, each_answer_is_that_of_the_query_alone)
{
    static aisle_hit together[MOST][TOP], alone[TOP];
    static aisle_query q[MOST];
    static aisle_hits hits[MOST];
    uint64_t allowed[(N_ITEMS + 63) / 64] = {0};
    for (int i = 0; i < N_ITEMS; i += 3) allowed[i / 64] |= 1ull << (i % 64);
    int n = ask_all(q, allowed);
    for (int k = 0; k < n; k++) hits[k] = (aisle_hits){.hit = together[k]};
    aisle_error err = {0};
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, q, n, hits, &err), AISLE_OK, "%s", err.message);
    for (int k = 0; k < n; k++) {
        aisle_hits one = {.hit = alone};
        cr_assert_eq(aisle_scorer_recommend(s, m.open, &q[k], &one, NULL), AISLE_OK);
        assert_same(&hits[k], &one, k);
    }
}

Test(batch, of_nobody_and_wrong_ones)
{
    aisle_hit hit[2][4];
    aisle_hits hits[2] = {{.hit = hit[0]}, {.hit = hit[1]}};
    aisle_query q[2] = {{.user = 0, .n = 4}, {.user = N_USERS, .n = 4}};
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, NULL, 0, NULL, NULL), AISLE_OK);
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, q, 2, hits, NULL), AISLE_EINVAL);
    q[1] = (aisle_query){.user = 1, .n = 4, .explain = true};
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, q, 2, hits, NULL), AISLE_EINVAL);
    hits[1].hit = NULL;
    q[1].explain = false;
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, q, 2, hits, NULL), AISLE_EINVAL);
    cr_assert_eq(aisle_scorer_recommend_batch(s, m.open, q, -1, hits, NULL), AISLE_EINVAL);
}
