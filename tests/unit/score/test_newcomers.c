/* Products newer than the model: placed by their texts, ranked together with its items, against brute force in double. */
#include <criterion/criterion.h>
#include <math.h>

#include "aisle/compact.h"
#include "aisle/scorer.h"
#include "tests/unit/model/small_model.h"

enum { NEW = 4 };
static small_model small;
static aisle_model *m;
static aisle_newcomers *newer;
static aisle_scorer *s;
static aisle_hit hit[100];
static aisle_hits hits;

static aisle_product newcomer(int32_t j)
{
    static const char *const titles[NEW] = {"red kettle deluxe", "wool", "wool scarf scarf", "blue kettle"};
    static const char *const ids[NEW] = {"n-0", "n-1", "n-2", "n-3"};
    return (aisle_product){
        .id = aisle_str_from(ids[j]), .title = aisle_str_from(titles[j]), .price_minor = -1, .stock = -1};
}

static aisle_newcomers *made(aisle_newcomers *before, int32_t n)
{
    aisle_newcomers_maker *k = NULL;
    aisle_newcomers *out = NULL;
    int32_t item;
    cr_assert_eq(aisle_newcomers_begin(m, before, &k, NULL), AISLE_OK);
    for (int32_t j = 0; j < n; j++) {
        aisle_product p = newcomer(j);
        cr_assert_eq(aisle_newcomers_add(k, &p, &item, NULL), AISLE_OK);
        cr_assert_eq(item, SMALL_ITEMS + j);
    }
    cr_assert_eq(aisle_newcomers_end(k, &out, NULL), AISLE_OK);
    aisle_newcomers_maker_free(k);
    return out;
}

/* Brute force is asked of the model with a compact table, which must not change anything. */
static void set_up(void)
{
    aisle_error err = {0};
    aisle_compact table;
    const char *path = temp_path("newcomers.aisle");
    small_model_init(&small);
    small.parts.hybrid = NULL; /* of hybrids: test_hybrid_served.c */
    if (aisle_compact_init(&small.parts.items, &table, &err) != AISLE_OK) abort();
    small.parts.compact = &table;
    if (aisle_model_write(path, &small.parts, &err) != AISLE_OK ||
        aisle_model_open(path, &m, &err) != AISLE_OK)
        abort();
    small.parts.compact = NULL;
    aisle_compact_deinit(&table);
    newer = made(NULL, NEW);
    s = aisle_scorer_new();
    hits = (aisle_hits){.hit = hit};
}

static void tear_down(void)
{
    aisle_scorer_free(s);
    aisle_newcomers_unref(newer);
    aisle_model_unref(m);
}

TestSuite(newcomers, .init = set_up, .fini = tear_down);

/* Items and newcomers alike, as doubles of the floats that are scored with. */
static const float *factors_of(int32_t item)
{
    aisle_mat y = item < SMALL_ITEMS ? aisle_model_items(m) : aisle_newcomers_factors(newer);
    return aisle_mat_row(&y, item < SMALL_ITEMS ? item : item - SMALL_ITEMS);
}

static double likeness(int32_t a, int32_t b)
{
    double dense[2][SMALL_TERMS] = {{0}}, sum = 0;
    for (int side = 0; side < 2; side++) {
        int32_t item = side ? b : a;
        aisle_csr t = item < SMALL_ITEMS ? aisle_model_text(m) : aisle_newcomers_text(newer);
        item -= item < SMALL_ITEMS ? 0 : SMALL_ITEMS;
        for (int64_t e = t.row_ptr[item]; e < t.row_ptr[item + 1]; e++)
            dense[side][t.col[e]] = (double)t.val[e];
    }
    for (int k = 0; k < SMALL_TERMS; k++) sum += dense[0][k] * dense[1][k];
    return sum;
}

/* gamma_n of a sum of n products >= 0 in f32, any order */
static bool is_near(float got, double want)
{
    const double nu = (SMALL_TERMS + 1) * 0x1p-24;
    return fabs((double)got - want) <= nu / (1 - nu) * want;
}

static void ask(aisle_query q)
{
    aisle_error err = {0};
    q.newcomers = newer;
    cr_assert_eq(aisle_scorer_recommend(s, m, &q, &hits, &err), AISLE_OK, "%s", err.message);
}

static float score_of(int32_t item)
{
    for (int32_t h = 0; h < hits.n; h++)
        if (hit[h].item == item) return hit[h].score;
    return -INFINITY;
}

static void assert_descending(void)
{
    for (int32_t h = 1; h < hits.n; h++)
        cr_assert(hit[h - 1].score > hit[h].score ||
                  (hit[h - 1].score == hit[h].score && hit[h - 1].item < hit[h].item));
}

/* ---- placing ---- */

Test(newcomers, stand_where_their_texts_place_them)
{
    const aisle_text_map map = aisle_model_text_map(m);
    const aisle_csr t = aisle_newcomers_text(newer);
    aisle_text_rows *rows = NULL;
    cr_assert_eq(aisle_text_rows_new(aisle_model_vocabulary(m), &rows, NULL), AISLE_OK);
    cr_assert_eq(aisle_newcomers_count(newer), NEW);
    for (int32_t j = 0; j < NEW; j++) {
        aisle_product p = newcomer(j);
        float y[SMALL_F];
        cr_assert_eq(aisle_text_rows_add(rows, &p, NULL), AISLE_OK);
        const aisle_csr *want = aisle_text_rows_get(rows);
        int64_t at = want->row_ptr[j], n = want->row_ptr[j + 1] - at;
        cr_assert(t.row_ptr[j] == at && t.row_ptr[j + 1] == at + n && n > 0);
        cr_assert_arr_eq(t.col + at, want->col + at, (size_t)n * sizeof *t.col);
        cr_assert_arr_eq(t.val + at, want->val + at, (size_t)n * sizeof *t.val);
        aisle_text_map_apply(&map, want->col + at, want->val + at, n, y);
        cr_assert_arr_eq(factors_of(SMALL_ITEMS + j), y, sizeof y);
        cr_assert_eq(aisle_newcomers_find(newer, p.id), SMALL_ITEMS + j);
        cr_assert(aisle_str_eq(aisle_newcomers_id(newer, SMALL_ITEMS + j), p.id));
    }
    cr_assert_eq(aisle_newcomers_find(newer, AISLE_STR("i-1")), -1);
    cr_assert_eq(aisle_newcomers_find(NULL, AISLE_STR("i-1")), -1);
    aisle_text_rows_free(rows);
}

Test(newcomers, are_no_items_of_the_model_and_say_something)
{
    aisle_newcomers_maker *k = NULL;
    aisle_product known = small_product(3), strange = newcomer(0), good = newcomer(1);
    int32_t item = 0;
    strange.title = AISLE_STR("unheard of");
    cr_assert_eq(aisle_newcomers_begin(m, NULL, &k, NULL), AISLE_OK);
    cr_assert(aisle_newcomers_add(k, &known, &item, NULL) == AISLE_OK && item == -1);
    cr_assert(aisle_newcomers_add(k, &strange, &item, NULL) == AISLE_OK && item == -1);
    cr_assert(aisle_newcomers_add(k, &good, &item, NULL) == AISLE_OK && item == SMALL_ITEMS);
    cr_assert_eq(aisle_newcomers_add(k, &good, &item, NULL), AISLE_EINVAL);
    cr_assert_eq(aisle_newcomers_keep(k, SMALL_ITEMS, &item, NULL), AISLE_EINVAL, "there was none before");
    aisle_newcomers *one = NULL;
    cr_assert_eq(aisle_newcomers_end(k, &one, NULL), AISLE_OK);
    cr_assert_eq(aisle_newcomers_count(one), 1);
    aisle_newcomers_maker_free(k);
    aisle_newcomers_unref(one);
}

static void assert_same(const aisle_newcomers *a, const aisle_newcomers *b)
{
    const aisle_csr ta = aisle_newcomers_text(a), tb = aisle_newcomers_text(b);
    const aisle_mat ya = aisle_newcomers_factors(a), yb = aisle_newcomers_factors(b);
    const aisle_csr ia = aisle_newcomers_by_term(a), ib = aisle_newcomers_by_term(b);
    size_t n = (size_t)aisle_newcomers_count(a), nnz = (size_t)aisle_csr_nnz(&ta);
    cr_assert(n == (size_t)aisle_newcomers_count(b) && nnz == (size_t)aisle_csr_nnz(&tb));
    cr_assert_arr_eq(ta.row_ptr, tb.row_ptr, (n + 1) * sizeof *ta.row_ptr);
    cr_assert_arr_eq(ta.col, tb.col, nnz * sizeof *ta.col);
    cr_assert_arr_eq(ta.val, tb.val, nnz * sizeof *ta.val);
    cr_assert_arr_eq(ya.data, yb.data, n * SMALL_F * sizeof *ya.data);
    cr_assert_arr_eq(ia.col, ib.col, nnz * sizeof *ia.col);
}

Test(newcomers, made_from_those_before_are_those_made_anew)
{
    aisle_newcomers *again = made(newer, NEW), *fewer = made(newer, 2), *more = made(fewer, NEW);
    assert_same(again, newer);
    assert_same(more, newer);
    aisle_newcomers_maker *k = NULL;
    aisle_newcomers *kept = NULL;
    int32_t item;
    cr_assert_eq(aisle_newcomers_begin(m, newer, &k, NULL), AISLE_OK);
    for (int32_t j = 0; j < NEW; j++)
        cr_assert_eq(aisle_newcomers_keep(k, SMALL_ITEMS + j, &item, NULL), AISLE_OK);
    cr_assert_eq(aisle_newcomers_keep(k, SMALL_ITEMS, &item, NULL), AISLE_EINVAL, "twice");
    cr_assert_eq(aisle_newcomers_end(k, &kept, NULL), AISLE_OK);
    assert_same(kept, newer);
    aisle_newcomers_maker_free(k);
    aisle_newcomers_unref(again);
    aisle_newcomers_unref(fewer);
    aisle_newcomers_unref(more);
    aisle_newcomers_unref(kept);
}

Test(newcomers, whose_text_changed_are_placed_anew)
{
    aisle_newcomers_maker *k = NULL;
    aisle_newcomers *changed = NULL;
    aisle_product p = newcomer(1);
    int32_t item;
    p.title = AISLE_STR("kettle");
    cr_assert_eq(aisle_newcomers_begin(m, newer, &k, NULL), AISLE_OK);
    cr_assert_eq(aisle_newcomers_add(k, &p, &item, NULL), AISLE_OK);
    cr_assert_eq(aisle_newcomers_end(k, &changed, NULL), AISLE_OK);
    aisle_csr t = aisle_newcomers_text(changed);
    cr_assert(t.row_ptr[1] == 1 &&
              aisle_str_eq(aisle_vocabulary_term(aisle_model_vocabulary(m), t.col[0]), AISLE_STR("kettle")));
    aisle_newcomers_maker_free(k);
    aisle_newcomers_unref(changed);
}

/* ---- ranking ---- */

Test(newcomers, are_ranked_by_their_factors_among_the_items)
{
    const aisle_mat users = aisle_model_users(m);
    for (int32_t u = 0; u < SMALL_USERS; u++) {
        if (u == 3) continue; /* has no history */
        ask((aisle_query){.user = u, .n = 100, .include_seen = true});
        cr_assert_eq(hits.strategy, AISLE_STRATEGY_PERSONAL);
        cr_assert_eq(hits.n, SMALL_ITEMS + NEW);
        assert_descending();
        for (int32_t h = 0; h < hits.n; h++) {
            const float *x = aisle_mat_row(&users, u), *y = factors_of(hit[h].item);
            double want = 0, size = 0, nu = (SMALL_F + 1) * 0x1p-24;
            for (int k = 0; k < SMALL_F; k++) {
                want += (double)x[k] * (double)y[k];
                size += fabs((double)x[k] * (double)y[k]);
            }
            cr_assert_leq(fabs((double)hit[h].score - want), nu / (1 - nu) * size, "item %d", hit[h].item);
        }
    }
}

Test(newcomers, are_masked_as_items_are)
{
    uint64_t allowed = ~((uint64_t)1 << (SMALL_ITEMS + 2));
    const int32_t not_this = SMALL_ITEMS + 1;
    const aisle_weighted_item recent[] = {{2, 1}, {SMALL_ITEMS + 3, 2}};
    ask((aisle_query){.user = -1,
                      .n = 100,
                      .recent = recent,
                      .n_recent = 2,
                      .exclude = &not_this,
                      .n_exclude = 1,
                      .allowed = &allowed});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_SESSION);
    cr_assert_gt(score_of(SMALL_ITEMS), -INFINITY);
    for (int32_t j = 1; j < NEW; j++) cr_assert_eq(score_of(SMALL_ITEMS + j), -INFINITY, "newcomer %d", j);
}

/* The fold-in of an item and a newcomer: with the newcomer's factors, without a confidence of its own. */
Test(newcomers, that_were_looked_at_count_in_a_session)
{
    const aisle_weighted_item one = {2, 1}, both[] = {{2, 1}, {SMALL_ITEMS + 3, 2}};
    ask((aisle_query){.user = -1, .n = 100, .recent = &one, .n_recent = 1, .include_seen = true});
    float before = score_of(SMALL_ITEMS + 3);
    ask((aisle_query){
        .user = -1, .n = 100, .recent = both, .n_recent = 2, .include_seen = true, .explain = true});
    cr_assert_gt(score_of(SMALL_ITEMS + 3), before);
    for (int32_t h = 0; h < hits.n; h++) {
        float sum = 0;
        for (int32_t r = 0; r < hit[h].n_reasons; r++) sum += hit[h].reasons[r].share;
        cr_assert(hit[h].n_reasons == 0 || fabsf(sum - 1) <= 0x1p-20F);
    }
}

Test(newcomers, alone_lead_to_what_is_like_them)
{
    const aisle_weighted_item given[] = {{SMALL_ITEMS, 2}, {SMALL_ITEMS + 2, 1}};
    ask((aisle_query){.user = -1, .n = 100, .recent = given, .n_recent = 2, .explain = true});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_CONTENT);
    assert_descending();
    int32_t n = 0;
    for (int32_t i = 0; i < SMALL_ITEMS + NEW; i++) {
        double want = 2 * likeness(SMALL_ITEMS, i) + likeness(SMALL_ITEMS + 2, i);
        if (i == SMALL_ITEMS || i == SMALL_ITEMS + 2 || want == 0) continue;
        n++;
        cr_assert(is_near(score_of(i), want), "item %d: %g, not %g", i, (double)score_of(i), want);
    }
    cr_assert_eq(hits.n, n);
    for (int32_t h = 0; h < hits.n; h++) cr_assert_gt(hit[h].n_reasons, 0);
}

/* Items 21 and 22 have no factors; of the given ones' text neighbours, and of newcomers that are as near. */
Test(newcomers, are_found_by_who_looked_at_like_items)
{
    small.parts.popularity = NULL;
    small.parts.users = small.parts.items = (aisle_mat){0};
    small.parts.item_gram = NULL;
    small.parts.text_map = (aisle_text_map){0};
    small.content[4 * SMALL_K + 3] = 9; /* its list is full: newcomers must be as near as the last */
    small.content_scores[4 * SMALL_K + 3] = .3F;
    tear_down();
    aisle_error err = {0};
    const char *path = temp_path("no-factors.aisle");
    cr_assert_eq(aisle_model_write(path, &small.parts, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK);
    newer = made(NULL, NEW);
    s = aisle_scorer_new();
    cr_assert_null(aisle_newcomers_factors(newer).data);
    const aisle_weighted_item given = {4, 2}; /* red kettle */
    ask((aisle_query){.user = -1, .n = 100, .recent = &given, .n_recent = 1, .explain = true});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_CONTENT);
    int32_t near = 0, far = 0;
    for (int32_t j = 0; j < NEW; j++) {
        double want = likeness(4, SMALL_ITEMS + j);
        near += want >= .3;
        far += want > 0 && want < .3;
        if (want >= .3)
            cr_assert(is_near(score_of(SMALL_ITEMS + j), 2 * want), "newcomer %d", j);
        else
            cr_assert_eq(score_of(SMALL_ITEMS + j), -INFINITY, "newcomer %d", j);
    }
    cr_assert(near > 0 && far > 0, "%d near, %d far", near, far);
}

/* Item 13 has factors, but nobody took it: they came of its text, and its text neighbours are the better guess. */
Test(newcomers, and_items_that_nobody_took_lead_to_what_is_like_them)
{
    const aisle_weighted_item untaken = {13, 1}, taken = {12, 1};
    cr_assert(small.popularity[13] == 0 && small.popularity[12] > 0);
    ask((aisle_query){.user = -1, .n = 5, .recent = &untaken, .n_recent = 1});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_CONTENT);
    ask((aisle_query){.user = -1, .n = 5, .recent = &taken, .n_recent = 1});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_SESSION);
}

Test(newcomers, are_as_popular_as_what_nobody_took)
{
    ask((aisle_query){.user = -1, .n = 100});
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_POPULAR);
    cr_assert_eq(hits.n, SMALL_ITEMS + NEW);
    assert_descending();
    for (int32_t j = 0; j < NEW; j++) cr_assert_eq(hit[SMALL_ITEMS + j].item, SMALL_ITEMS + j);
}

/* ---- related ---- */

static void ask_related(int32_t item, aisle_intent intent, int32_t n)
{
    const aisle_related_query q = {.item = item, .intent = intent, .n = n, .newcomers = newer};
    aisle_error err = {0};
    cr_assert_eq(aisle_scorer_related(s, m, &q, &hits, &err), AISLE_OK, "%s", err.message);
}

Test(newcomers, are_related_to_what_is_like_them)
{
    for (int32_t j = 0; j < NEW; j++) {
        int32_t of = SMALL_ITEMS + j, n = 0;
        ask_related(of, AISLE_INTENT_SIMILAR, 100);
        cr_assert_eq(hits.strategy, AISLE_STRATEGY_CONTENT);
        assert_descending();
        for (int32_t i = 0; i < SMALL_ITEMS + NEW; i++) {
            if (i == of || likeness(of, i) == 0) continue;
            n++;
            cr_assert(is_near(score_of(i), likeness(of, i)), "item %d", i);
        }
        cr_assert_eq(hits.n, n);
        ask_related(of, AISLE_INTENT_CONTENT, 2);
        cr_assert_eq(hits.n, 2);
    }
}

/* The lists of the small model are made up, and not full: every newcomer that shares a term is near enough. */
Test(newcomers, stand_among_the_text_neighbours_of_an_item)
{
    ask_related(4, AISLE_INTENT_CONTENT, 100);
    int32_t k, known = 0, near = 0;
    const float *scores;
    const int32_t *ids = aisle_model_content(m, 4, &k, &scores);
    assert_descending();
    for (int32_t e = 0; e < k && ids[e] >= 0; e++, known++) cr_assert_eq(score_of(ids[e]), scores[e]);
    for (int32_t j = 0; j < NEW; j++) {
        double want = likeness(4, SMALL_ITEMS + j);
        near += want > 0;
        if (want > 0) cr_assert(is_near(score_of(SMALL_ITEMS + j), want), "newcomer %d", j);
    }
    cr_assert(near > 0 && hits.n == known + near);
    ask_related(4, AISLE_INTENT_SIMILAR, 100);
    cr_assert_eq(hits.strategy, AISLE_STRATEGY_SIMILAR);
    cr_assert_gt(score_of(SMALL_ITEMS), 0);
    const int32_t *similar = aisle_model_similar(m, 4, &k, &scores);
    cr_assert_eq(hit[0].item, similar[0], "interactions come first");
}

/* ---- faults ---- */

Test(newcomers, of_another_model_and_ids_out_of_range_are_refused)
{
    aisle_model *other = NULL;
    const char *path = temp_path("other.aisle");
    aisle_newcomers_maker *k = NULL;
    aisle_query q = {.user = 0, .n = 5, .newcomers = newer};
    cr_assert_eq(aisle_model_write(path, &small.parts, NULL), AISLE_OK);
    cr_assert_eq(aisle_model_open(path, &other, NULL), AISLE_OK);
    cr_assert_eq(aisle_scorer_recommend(s, other, &q, &hits, NULL), AISLE_EINVAL);
    cr_assert_eq(
        aisle_scorer_related(s, other, &(aisle_related_query){.n = 1, .newcomers = newer}, &hits, NULL),
        AISLE_EINVAL);
    cr_assert_eq(aisle_newcomers_begin(other, newer, &k, NULL), AISLE_EINVAL);
    aisle_model_unref(other);
    const aisle_weighted_item beyond = {SMALL_ITEMS + NEW, 1};
    q.recent = &beyond;
    q.n_recent = 1;
    cr_assert_eq(aisle_scorer_recommend(s, m, &q, &hits, NULL), AISLE_EINVAL);
    cr_assert_eq(
        aisle_scorer_related(
            s, m, &(aisle_related_query){.item = SMALL_ITEMS + NEW, .n = 1, .newcomers = newer}, &hits, NULL),
        AISLE_EINVAL);
}

Test(newcomers, every_failing_allocation_is_reported)
{
    int n = 1;
    for (bool done = false; !done; n++) {
        aisle_newcomers_maker *k = NULL;
        aisle_newcomers *out = NULL;
        aisle_product p = newcomer(2);
        int32_t item;
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_newcomers_begin(m, n % 2 ? newer : NULL, &k, NULL);
        if (st == AISLE_OK) st = aisle_newcomers_add(k, &p, &item, NULL);
        if (st == AISLE_OK) st = aisle_newcomers_end(k, &out, NULL);
        aisle_alloc_fail_after(0);
        done = st == AISLE_OK && n % 2 == 0;
        cr_assert(st == AISLE_OK || st == AISLE_ENOMEM);
        aisle_newcomers_maker_free(k);
        aisle_newcomers_unref(out);
    }
    cr_assert_gt(n, 10);
}
