/* Recommendations against brute force in double: which strategy, which items, which scores, what is masked.
 */
#include <criterion/criterion.h>

#include "tests/unit/score/score_model.h"

static score_model m;
static aisle_scorer *s;
static aisle_hit hit[1000];
static aisle_hits hits;

static void set_up(void)
{
    score_model_init(&m);
    s = aisle_scorer_new();
    hits = (aisle_hits){.hit = hit};
}

static void tear_down(void)
{
    aisle_scorer_free(s);
    aisle_model_unref(m.open);
}

TestSuite(scorer, .init = set_up, .fini = tear_down);

static void ask(const aisle_query *q)
{
    aisle_error err = {0};
    cr_assert_eq(aisle_scorer_recommend(s, m.open, q, &hits, &err), AISLE_OK, "%s", err.message);
}

static aisle_status related(int32_t item, aisle_intent intent, int32_t n, const uint64_t *allowed,
                            aisle_error *err)
{
    const aisle_related_query q = {.item = item, .intent = intent, .n = n, .allowed = allowed};
    return aisle_scorer_related(s, m.open, &q, &hits, err);
}

static bool is_hit(int32_t item)
{
    for (int h = 0; h < hits.n; h++)
        if (hit[h].item == item) return true;
    return false;
}

/* Every score is within the rounding bound, hits descend, and whatever is left out scores no more than the
 * last. */
static void assert_exact(const float *x, const bool *masked)
{
    cr_assert_gt(hits.n, 0);
    for (int h = 0; h < hits.n; h++) {
        const float *y = m.items + hit[h].item * N_F;
        cr_assert_leq(fabs((double)hit[h].score - dot_f64(x, y)), dot_bound(x, y), "item %d", hit[h].item);
        cr_assert_not(masked[hit[h].item]);
        cr_assert(h == 0 || hit[h - 1].score > hit[h].score ||
                  (hit[h - 1].score == hit[h].score && hit[h - 1].item < hit[h].item));
    }
    double last = (double)hit[hits.n - 1].score;
    for (int i = 0; i < N_ITEMS; i++) {
        const float *y = m.items + i * N_F;
        if (!masked[i] && !is_hit(i)) cr_assert_leq(dot_f64(x, y) - dot_bound(x, y), last, "item %d", i);
    }
}

static void mask_history(int u, bool *masked)
{
    for (int64_t e = m.rows[u]; e < m.rows[u + 1]; e++) masked[m.col[e]] = true;
}

Test(scorer, a_known_user_gets_the_best_unseen_items_of_the_trained_factors)
{
    for (int u = 0; u < N_USERS; u++) {
        bool masked[N_ITEMS] = {0};
        if (u == EMPTY_USER) continue;
        mask_history(u, masked);
        ask(&(aisle_query){.user = u, .n = 20});
        cr_assert_eq(hits.strategy, AISLE_STRATEGY_PERSONAL);
        cr_assert_eq(hits.n, 20);
        assert_exact(m.users + u * N_F, masked);
    }
}

Test(scorer, seen_items_come_when_asked_for)
{
    bool masked[N_ITEMS] = {0};
    ask(&(aisle_query){.user = 0, .n = 1000, .include_seen = true});
    cr_assert_eq(hits.n, N_ITEMS);
    assert_exact(m.users, masked);
}

Test(scorer, exclusions_and_the_bitmap_come_before_the_top_n)
{
    bool masked[N_ITEMS] = {0};
    uint64_t allowed[(N_ITEMS + 63) / 64] = {0};
    int32_t exclude[] = {250, 8, 8, 251};
    for (int i = 0; i < N_ITEMS; i++) {
        masked[i] = i % 5 != 0 || i == 250;
        if (i % 5 == 0) allowed[i / 64] |= 1ull << (i % 64);
    }
    mask_history(2, masked);
    int left = 0;
    for (int i = 0; i < N_ITEMS; i++) left += !masked[i];
    aisle_query q = {.user = 2, .n = 7, .exclude = exclude, .n_exclude = 4, .allowed = allowed};
    ask(&q);
    cr_assert_eq(hits.n, 7);
    assert_exact(m.users + 2 * N_F, masked);
    q.n = 500;
    ask(&q);
    cr_assert_eq(hits.n, left, "fewer than n only when fewer remain");
    assert_exact(m.users + 2 * N_F, masked);
    uint64_t none[(N_ITEMS + 63) / 64] = {0};
    q.allowed = none;
    ask(&q);
    cr_assert_eq(hits.n, 0);
}

Test(scorer, equal_scores_come_by_smaller_id)
{
    /* the last warm items get the factors of item 3, at every place in a block */
    for (int i = 250; i < N_WARM; i++) memcpy(m.items + i * N_F, m.items + 3 * N_F, N_F * sizeof *m.items);
    aisle_model_parts p = score_parts(&m);
    aisle_model_unref(m.open);
    m.open = parts_opened(&p);
    for (int u = 0; u < N_USERS; u++) {
        ask(&(aisle_query){.user = u, .n = N_ITEMS, .include_seen = true});
        for (int h = 1; h < hits.n && u != EMPTY_USER; h++)
            if (hit[h].item >= 250 && hit[h].item < N_WARM)
                cr_assert_eq(hit[h - 1].item, hit[h].item == 250 ? 3 : hit[h].item - 1);
    }
}

Test(scorer, recent_items_refresh_a_known_user)
{
    static aisle_weighted_item given[N_ITEMS + 2];
    bool masked[N_ITEMS] = {0};
    float x[N_F];
    int u = 9, n = history_of(&m, u, given);
    /* one known item with less weight than trained, one with more (repeated), one new, one without factors */
    aisle_weighted_item recent[] = {
        {given[0].item, 0.5f}, {given[1].item, 9}, {given[1].item, 8}, {279, 4}, {290, 2}};
    mask_history(u, masked);
    masked[279] = masked[290] = true;
    cr_assert_neq(given[n - 1].item, 279);
    given[1].weight = 17;
    given[n++] = (aisle_weighted_item){279, 4};
    cr_assert_eq(aisle_fold_in(m.open, given, n, x, NULL), AISLE_OK);
    ask(&(aisle_query){.user = u, .recent = recent, .n_recent = 5, .n = 30});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_PERSONAL);
    assert_exact(x, masked);
    cr_assert_neq(memcmp(x, m.users + u * N_F, sizeof x), 0);
}

Test(scorer, a_disliked_item_is_never_recommended_and_pulls_its_like_down)
{
    aisle_weighted_item given[N_ITEMS + 1], recent[2];
    bool masked[N_ITEMS] = {0};
    float x[N_F];
    int u = 9, n = history_of(&m, u, given);
    ask(&(aisle_query){.user = u, .n = 1});
    int32_t best = hit[0].item;
    recent[0] = (aisle_weighted_item){best, -3};
    recent[1] = (aisle_weighted_item){given[0].item, -1}; /* whatever it was before */
    given[0].weight = -1;
    given[n++] = recent[0];
    masked[best] = masked[given[0].item] = true;
    cr_assert_eq(aisle_fold_in(m.open, given, n, x, NULL), AISLE_OK);
    cr_assert_lt(fabs(dot_f64(x, m.items + best * N_F)),
                 fabs(dot_f64(m.users + u * N_F, m.items + best * N_F)));
    ask(&(aisle_query){
        .user = u, .recent = recent, .n_recent = 2, .n = 30, .include_seen = true, .explain = true});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_PERSONAL);
    assert_exact(x, masked);
    for (int h = 0; h < hits.n; h++)
        for (int k = 0; k < hit[h].n_reasons; k++) cr_assert_not(masked[hit[h].reasons[k].item]);
    ask(&(aisle_query){.user = -1, .recent = recent, .n_recent = 2, .n = 30, .include_seen = true});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_POPULAR, "dislikes alone say nothing of a taste");
    cr_assert(!is_hit(best) && !is_hit(given[0].item));
}

Test(scorer, a_session_is_folded_in)
{
    aisle_weighted_item recent[] = {{30, 1}, {4, 2}, {30, 1}};
    bool masked[N_ITEMS] = {[30] = true, [4] = true};
    float x[N_F];
    cr_assert_eq(aisle_fold_in(m.open, recent, 3, x, NULL), AISLE_OK);
    for (int u = -1; u <= EMPTY_USER; u += EMPTY_USER + 1) {
        ask(&(aisle_query){.user = u, .recent = recent, .n_recent = 3, .n = 10});
        cr_assert_eq(hits.strategy, AISLE_STRATEGY_SESSION);
        assert_exact(x, masked);
    }
}

Test(scorer, new_items_bring_their_text_neighbours)
{
    /* neighbours of 285: 286 288 290 292 294 with .75 / (k + 1); of 287: 288 290 292 294 296 */
    aisle_weighted_item recent[] = {{285, 1}, {287, 2}};
    ask(&(aisle_query){.user = -1, .recent = recent, .n_recent = 2, .n = 10, .explain = true});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_CONTENT);
    static const int32_t want[] = {288, 290, 286, 292, 294, 296};
    static const float scores[] = {1.875f, 1.0f, 0.75f, 0.6875f, 0.525f, 0.3f};
    cr_assert_eq(hits.n, 6);
    for (int h = 0; h < 6; h++) {
        cr_assert_eq(hit[h].item, want[h], "%d: %d", h, hit[h].item);
        cr_assert_float_eq(hit[h].score, scores[h], 1e-6);
    }
    cr_assert(hit[0].n_reasons == 2 && hit[0].reasons[0].item == 287);
    cr_assert_float_eq(hit[0].reasons[0].share, 0.8, 1e-6);
    cr_assert_float_eq(hit[0].reasons[1].share, 0.2, 1e-6);
    cr_assert(hit[2].n_reasons == 1 && hit[2].reasons[0].share == 1.0f);
}

static void assert_popular(const float *scores)
{
    for (int h = 0; h < hits.n; h++) {
        cr_assert_eq(hit[h].score, scores[hit[h].item]);
        cr_assert_eq(hit[h].n_reasons, 0);
        cr_assert(h == 0 || hit[h - 1].score > hit[h].score ||
                  (hit[h - 1].score == hit[h].score && hit[h - 1].item < hit[h].item));
    }
    int better = 0;
    for (int i = 0; i < N_ITEMS; i++) better += scores[i] > hit[hits.n - 1].score;
    cr_assert_lt(better, hits.n);
}

Test(scorer, of_whom_nothing_is_known_gets_what_is_popular)
{
    aisle_weighted_item textless = {299, 1};
    for (int c = 0; c < 3; c++) {
        aisle_query q = {
            .user = c ? -1 : EMPTY_USER, .recent = &textless, .n_recent = c == 2, .n = 20, .explain = true};
        ask(&q);
        cr_assert_eq(hits.strategy, AISLE_STRATEGY_POPULAR, "%d", c);
        cr_assert_eq(hits.n, 20);
        assert_popular(m.popularity);
    }
    /* ties by smaller id: 37 i mod 50 is 49 for i = 27, 77, 127 ... */
    for (int h = 0; h < 6; h++) cr_assert_eq(hit[h].item, 27 + 50 * h);
}

Test(scorer, content_that_is_masked_away_falls_back_to_popular)
{
    uint64_t allowed[(N_ITEMS + 63) / 64] = {1};
    aisle_weighted_item recent = {285, 1};
    ask(&(aisle_query){.user = -1, .recent = &recent, .n_recent = 1, .n = 5, .allowed = allowed});
    cr_assert(hits.strategy == AISLE_STRATEGY_POPULAR && hits.n == 1 && hit[0].item == 0);
}

Test(scorer, a_model_without_factors_answers_from_text_and_popularity)
{
    aisle_model_parts p = score_parts(&m);
    p.users = p.items = (aisle_mat){0};
    p.item_gram = NULL;
    aisle_model_unref(m.open);
    m.open = parts_opened(&p);
    ask(&(aisle_query){.user = SHORT_USER, .n = 3});
    cr_assert(hits.strategy == AISLE_STRATEGY_CONTENT && hits.n == 3);
    ask(&(aisle_query){.user = EMPTY_USER, .n = 3});
    cr_assert(hits.strategy == AISLE_STRATEGY_POPULAR && hits.n == 3);
}

Test(scorer, popular_and_trending_lists_obey_the_bitmap)
{
    uint64_t allowed[(N_ITEMS + 63) / 64] = {0xF0};
    cr_assert_eq(aisle_scorer_popular(m.open, true, 20, NULL, &hits, NULL), AISLE_OK);
    cr_assert_eq(hits.n, 20);
    assert_popular(m.trending);
    cr_assert_eq(aisle_scorer_popular(m.open, false, 20, allowed, &hits, NULL), AISLE_OK);
    cr_assert_eq(hits.n, 4);
    for (int h = 0; h < 4; h++) cr_assert(hit[h].item >= 4 && hit[h].item < 8);
}

Test(scorer, interaction_neighbours_come_before_text)
{
    aisle_error err = {0};
    uint64_t allowed[(N_ITEMS + 63) / 64];
    memset(allowed, -1, sizeof allowed);
    /* similar to 10: 31 32 33 34; text: 11 13 15 17 19 */
    cr_assert_eq(related(10, AISLE_INTENT_SIMILAR, 6, NULL, &err), AISLE_OK);
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_SIMILAR);
    static const int32_t want[] = {31, 32, 33, 34, 11, 13};
    for (int h = 0; h < 6; h++) {
        cr_assert_eq(hit[h].item, want[h]);
        cr_assert(hit[h].n_reasons == 1 && hit[h].reasons[0].item == 10 && hit[h].reasons[0].share == 1.0f);
    }
    allowed[0] = ~(1ull << 32 | 1ull << 11);
    cr_assert_eq(related(10, AISLE_INTENT_SIMILAR, 100, allowed, &err), AISLE_OK);
    cr_assert_eq(hits.n, 7);
    cr_assert_not(is_hit(32) || is_hit(11));
    cr_assert_eq(related(10, AISLE_INTENT_CONTENT, 100, NULL, &err), AISLE_OK);
    cr_assert(hits.n == 5 && hit[0].item == 11 && hits.strategy == AISLE_STRATEGY_CONTENT);
    cr_assert_eq(related(299, AISLE_INTENT_SIMILAR, 5, NULL, &err), AISLE_OK);
    cr_assert_eq(hits.n, 0);
}

Test(scorer, an_item_in_both_lists_comes_once)
{
    m.content[10 * N_K + 1] = 33;
    aisle_model_parts p = score_parts(&m);
    aisle_model_unref(m.open);
    m.open = parts_opened(&p);
    cr_assert_eq(related(10, AISLE_INTENT_SIMILAR, 100, NULL, NULL), AISLE_OK);
    cr_assert_eq(hits.n, 8);
}

static void assert_invalid(aisle_query q, const char *word)
{
    aisle_error err = {0};
    hits.n = -7;
    cr_assert_eq(aisle_scorer_recommend(s, m.open, &q, &hits, &err), AISLE_EINVAL, "%s", word);
    cr_assert(strstr(err.message, word), "\"%s\" lacks \"%s\"", err.message, word);
    cr_assert_eq(hits.n, -7);
}

Test(scorer, what_is_outside_the_model_is_invalid)
{
    aisle_weighted_item bad[] = {{N_ITEMS, 1}, {-1, 1}, {3, 0}, {3, -INFINITY}, {3, NAN}, {3, INFINITY}};
    int32_t exclude[] = {N_ITEMS, -1};
    assert_invalid((aisle_query){.user = N_USERS, .n = 1}, "user 40");
    assert_invalid((aisle_query){.user = -2, .n = 1}, "user -2");
    assert_invalid((aisle_query){.user = 0, .n = 0}, "1 to 1000");
    assert_invalid((aisle_query){.user = 0, .n = 1001}, "1 to 1000");
    assert_invalid((aisle_query){.user = 0, .n = 1, .n_recent = 1}, "no address");
    assert_invalid((aisle_query){.user = 0, .n = 1, .n_recent = -1}, "no address");
    assert_invalid((aisle_query){.user = 0, .n = 1, .n_exclude = 1}, "no address");
    for (int i = 0; i < 2; i++)
        assert_invalid((aisle_query){.user = 0, .n = 1, .exclude = exclude + i, .n_exclude = 1},
                       "excluded item");
    for (int i = 0; i < 6; i++)
        assert_invalid((aisle_query){.user = 0, .n = 1, .recent = bad + i, .n_recent = 1}, "given item");
    aisle_error err;
    float x[N_F];
    aisle_query q = {.user = 0, .n = 1};
    cr_assert_eq(aisle_scorer_recommend(NULL, m.open, &q, &hits, &err), AISLE_EINVAL);
    cr_assert_eq(aisle_scorer_recommend(s, NULL, &q, &hits, &err), AISLE_EINVAL);
    cr_assert_eq(aisle_scorer_recommend(s, m.open, NULL, &hits, &err), AISLE_EINVAL);
    cr_assert_eq(aisle_scorer_recommend(s, m.open, &q, NULL, NULL), AISLE_EINVAL);
    cr_assert_eq(related(N_ITEMS, AISLE_INTENT_SIMILAR, 1, NULL, &err), AISLE_EINVAL);
    cr_assert_eq(related(0, AISLE_INTENT_SIMILAR, 0, NULL, &err), AISLE_EINVAL);
    cr_assert_eq(aisle_scorer_popular(m.open, false, 1001, NULL, &hits, &err), AISLE_EINVAL);
    cr_assert_eq(aisle_fold_in(m.open, bad, 1, x, &err), AISLE_EINVAL);
}

Test(scorer, every_failing_allocation_is_reported)
{
    aisle_weighted_item recent[] = {{30, 1}, {4, 2}}, cold = {285, 1};
    const aisle_query queries[] = {
        {.user = 1, .recent = recent, .n_recent = 2, .n = 10, .explain = true},
        {.user = -1, .recent = &cold, .n_recent = 1, .n = 10},
    };
    for (int c = 0; c < 2; c++) {
        int n = 1;
        for (;; n++) {
            aisle_error err = {0};
            aisle_scorer *fresh = aisle_scorer_new();
            aisle_alloc_fail_after(n);
            aisle_status st = aisle_scorer_recommend(fresh, m.open, &queries[c], &hits, &err);
            aisle_alloc_fail_after(0);
            aisle_scorer_free(fresh);
            if (st == AISLE_OK) break;
            cr_assert_eq(st, AISLE_ENOMEM, "%s", err.message);
        }
        cr_assert_gt(n, 3);
    }
    aisle_alloc_fail_after(1);
    cr_assert_null(aisle_scorer_new());
    aisle_alloc_fail_after(0);
}
