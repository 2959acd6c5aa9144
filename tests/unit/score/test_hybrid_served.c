/* A hybrid that was trained, written and opened recommends what the hybrid does that is measured; what moves it, and why. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "aisle/hybrid.h"
#include "aisle/scorer.h"
#include "cpu/rank/table_rank.h"
#include "tests/unit/fit/taste_shop.h"
#include "tests/unit/model/small_model.h"

enum { TOP = 20, NEW_USER = SHELF_PEOPLE - 1 };

static const double u32 = 0x1p-24; /* unit roundoff of f32 */

typedef struct served {
    shelf s;
    aisle_model *m;
    aisle_scorer *scorer;
    aisle_hit hit[TOP];
    aisle_hits hits;
} served;

static served serve(const char *parts)
{
    served v = {.s = shelf_open(true, 2), .scorer = aisle_scorer_new()};
    aisle_trained trained = {0};
    aisle_error err = {0};
    const char *path = temp_path("hybrid.aisle");
    v.s.params.hybrid.parts = parts;
    v.s.params.hybrid.few = 6; /* so that there are users of all segments */
    v.s.params.model = AISLE_MODEL_HYBRID;
    cr_assert_eq(aisle_hybrid_train(v.s.d, &v.s.params, &v.s.trainer, &trained, &err), AISLE_OK, "%s",
                 err.message);
    cr_assert_eq(aisle_trained_write(&trained, v.s.d, &v.s.params, "cpu", NULL, path, &err), AISLE_OK, "%s",
                 err.message);
    cr_assert_eq(aisle_model_open(path, &v.m, &err), AISLE_OK, "%s", err.message);
    aisle_trained_deinit(&trained);
    return v;
}

static void stop(served *v)
{
    aisle_scorer_free(v->scorer);
    aisle_model_unref(v->m);
    shelf_close(&v->s);
}

static void ask(served *v, aisle_query q)
{
    aisle_error err = {0};
    v->hits = (aisle_hits){.hit = v->hit};
    if (q.n == 0) q.n = TOP;
    cr_assert_eq(aisle_scorer_recommend(v->scorer, v->m, &q, &v->hits, &err), AISLE_OK, "%s", err.message);
}

static aisle_weighted_item *history(const served *v, int32_t user, int32_t *n)
{
    aisle_csr seen = aisle_model_seen(v->m);
    *n = (int32_t)(seen.row_ptr[user + 1] - seen.row_ptr[user]);
    aisle_weighted_item *list = aisle_array(*n, sizeof *list);
    for (int32_t j = 0; j < *n; j++)
        list[j] = (aisle_weighted_item){seen.col[seen.row_ptr[user] + j], seen.val[seen.row_ptr[user] + j]};
    return list;
}

static bool took(const aisle_csr *pairs, int32_t user, int32_t item)
{
    for (int64_t e = pairs->row_ptr[user]; e < pairs->row_ptr[user + 1]; e++)
        if (pairs->col[e] == item) return true;
    return false;
}

/* How far a served score may be from the measured one. All parts but those of factors are the same sums of the same numbers.
 * Products of f factors are added up in another order: |error| <= e = 2 gamma(f + 1) |x| |y|; c = (s - low) / deviation then
 * moves by (2 e + c 2 e) / deviation. Weighing and adding up 8 parts rounds 3 times each, which is the callers' to add. */
static double bound_of(const served *v, int32_t user)
{
    aisle_mat users = aisle_model_users(v->m), items = aisle_model_items(v->m);
    const aisle_csr *pairs = aisle_part_pairs(v->s.part);
    const aisle_hybrid_tables *tables = aisle_model_hybrid(v->m);
    float prior[64], *x = aisle_mat_row(&users, user);
    if (pairs->row_ptr[user + 1] == pairs->row_ptr[user] && tables->prior.n_rows > 0) {
        x = prior;
        rank_prior(&tables->prior, tables->user_groups + user * AISLE_GROUP_ATTRIBUTES, x);
    }
    double x2 = 0, y2 = 0, sum = 0, squares = 0, n = 0, low = INFINITY, high = -INFINITY;
    int32_t f = users.n_cols;
    for (int32_t k = 0; k < f; k++) x2 += (double)x[k] * (double)x[k];
    for (int32_t i = 0; i < items.n_rows; i++) {
        double dot = 0, length = 0;
        for (int32_t k = 0; k < f; k++) {
            double y = (double)aisle_mat_row(&items, i)[k];
            dot += y * (double)x[k];
            length += y * y;
        }
        y2 = fmax(y2, length);
        if (took(pairs, user, i)) continue;
        low = fmin(low, dot);
        high = fmax(high, dot);
        sum += dot;
        squares += dot * dot;
        n++;
    }
    double deviation = sqrt(squares / n - sum * sum / n / n), c = (high - low) / deviation;
    double e = 2 * (f + 1) * u32 * sqrt(x2 * y2);
    return deviation > 0 ? (2 + 2 * c) * e / deviation : 0;
}

static int by_score(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* The hits are the best of `scores`, in their order, but for ties within the bound. */
static void expect_same(const served *v, const float *scores, int32_t user, double bound)
{
    const aisle_csr *pairs = aisle_part_pairs(v->s.part);
    float sorted[SHOP_ITEMS];
    int32_t n = 0;
    for (int32_t i = 0; i < SHOP_ITEMS; i++)
        if (!took(pairs, user, i)) sorted[n++] = scores[i];
    qsort(sorted, (size_t)n, sizeof *sorted, by_score);
    cr_assert_eq(v->hits.n, n < TOP ? n : TOP);
    bound += 24 * u32 * (double)sorted[0];
    for (int32_t r = 0; r < v->hits.n; r++) {
        const aisle_hit *h = &v->hits.hit[r];
        cr_assert(!took(pairs, user, h->item), "user %d", user);
        cr_assert_float_eq((double)h->score, (double)scores[h->item], bound, "user %d, rank %d", user, r);
        cr_assert_float_eq((double)h->score, (double)sorted[r], bound, "user %d, rank %d", user, r);
    }
}

static void expect_served_as_measured(const char *parts)
{
    served v = serve(parts);
    aisle_eval_source measured = shelf_fit(&v.s, "hybrid");
    const aisle_hybrid_tables *h = aisle_model_hybrid(v.m);
    const aisle_csr *pairs = aisle_part_pairs(v.s.part);
    int32_t met[AISLE_HYBRID_SEGMENTS] = {0};
    cr_assert_eq(h->n_parts, aisle_hybrid_parts(&measured));
    for (int32_t p = 0; p < h->n_parts; p++) {
        cr_assert_str_eq(aisle_part_name(h->part[p]), aisle_hybrid_part(&measured, p));
        for (int g = 0; g < AISLE_HYBRID_SEGMENTS; g++)
            cr_assert_eq((double)h->weight[g][p], aisle_hybrid_weight(&measured, (aisle_hybrid_segment)g, p));
    }
    for (int32_t u = 0; u < SHELF_PEOPLE; u += 3) {
        met[aisle_hybrid_segment_of(pairs->row_ptr[u + 1] - pairs->row_ptr[u], h->few)]++;
        float *scores = shelf_scores(&measured, u);
        ask(&v, (aisle_query){.user = u});
        cr_assert_eq(v.hits.strategy, AISLE_STRATEGY_HYBRID);
        expect_same(&v, scores, u, bound_of(&v, u));
        aisle_free(scores);
    }
    cr_assert(met[AISLE_HYBRID_NEW] > 0 && met[AISLE_HYBRID_FEW] > 0 && met[AISLE_HYBRID_KNOWN] > 0);
    aisle_eval_source_free(&measured);
    stop(&v);
}

Test(hybrid_served, recommends_what_the_measured_one_does)
{
    expect_served_as_measured(NULL);
    expect_served_as_measured("als,ease,popular");
}

/* Without factors, which are solved anew for a visitor, a visit of the same items is the user who took them, to the bit. */
Test(hybrid_served, takes_a_visitor_for_a_user_of_the_same_items)
{
    served v = serve("item-knn,ease,content,popular,trending,demographic");
    for (int32_t u = 0; u < 40; u++) {
        aisle_hit wanted[TOP];
        int32_t n_given, groups[AISLE_GROUP_ATTRIBUTES];
        aisle_weighted_item *given = history(&v, u, &n_given);
        ask(&v, (aisle_query){.user = u});
        int32_t n = v.hits.n;
        memcpy(wanted, v.hit, sizeof wanted);
        memcpy(groups, aisle_model_hybrid(v.m)->user_groups + u * AISLE_GROUP_ATTRIBUTES, sizeof groups);
        ask(&v, (aisle_query){.user = -1, .recent = given, .n_recent = n_given, .groups = groups});
        cr_assert_eq(v.hits.n, n);
        for (int32_t r = 0; r < n; r++)
            cr_assert(v.hit[r].item == wanted[r].item && v.hit[r].score == wanted[r].score, "user %d", u);
        aisle_free(given);
    }
    stop(&v);
}

static double liked_share(const served *v, int32_t taste)
{
    double n = 0;
    for (int32_t r = 0; r < v->hits.n; r++) n += v->hits.hit[r].item % 2 == taste;
    return n / v->hits.n;
}

Test(hybrid_served, knows_groups_before_the_first_event_and_is_moved_by_it)
{
    served v = serve(NULL);
    int32_t gb = aisle_model_group(v.m, 2, AISLE_STR("GB")), groups[] = {-1, -1, gb};
    cr_assert(gb >= 0 && aisle_model_group(v.m, 2, AISLE_STR("XX")) == -1);
    cr_assert_eq(aisle_model_group(v.m, 0, AISLE_STR("GB")), -1, "a country is no age band");
    ask(&v, (aisle_query){.user = -1, .n = 10});
    cr_assert_eq(v.hits.strategy, AISLE_STRATEGY_POPULAR);
    double nobody = liked_share(&v, 1);
    ask(&v, (aisle_query){.user = -1, .groups = groups, .n = 10});
    cr_assert_eq(v.hits.strategy, AISLE_STRATEGY_HYBRID);
    cr_assert_gt(liked_share(&v, 1), nobody, "people from GB take the odd ones");
    int32_t same = v.hits.hit[0].item;
    ask(&v, (aisle_query){.user = NEW_USER, .n = 10});
    cr_assert_eq(v.hits.hit[0].item, same, "who is in the model with that group and nothing else");
    const aisle_weighted_item first = {10, 2}; /* an even one */
    ask(&v, (aisle_query){.user = -1, .groups = groups, .recent = &first, .n_recent = 1, .n = 10});
    cr_assert_lt(liked_share(&v, 1), .5, "what was taken says more than the country");
    for (int32_t r = 0; r < v.hits.n; r++) cr_assert_neq(v.hits.hit[r].item, first.item);
    stop(&v);
}

Test(hybrid_served, says_which_part_gave_which_share_and_what_spoke_for_a_hit)
{
    served v = serve(NULL);
    aisle_eval_source measured = shelf_fit(&v.s, "hybrid");
    int32_t n_parts = aisle_model_hybrid(v.m)->n_parts, items[TOP];
    for (int32_t u = 0; u < SHELF_PEOPLE; u += 7) {
        float *wanted = aisle_array((int64_t)TOP * n_parts, sizeof *wanted);
        ask(&v, (aisle_query){.user = u, .explain = true});
        cr_assert_eq(v.hits.n_parts, n_parts);
        for (int32_t r = 0; r < v.hits.n; r++) items[r] = v.hits.hit[r].item;
        cr_assert_eq(aisle_hybrid_shares(&measured, 0, u, items, v.hits.n, wanted, NULL), AISLE_OK);
        double bound = bound_of(&v, u) + 24 * u32 * (double)v.hits.hit[0].score;
        for (int32_t r = 0; r < v.hits.n; r++) {
            const aisle_hit *h = &v.hits.hit[r];
            double sum = 0, reasons = 0;
            for (int32_t p = 0; p < n_parts; p++) {
                double share = (double)v.hits.shares[r * n_parts + p];
                sum += share;
                /* a quotient of two sums, each as far off as the bound */
                cr_assert_float_eq(share, (double)wanted[r * n_parts + p], 3 * bound / (double)h->score);
            }
            if (h->score > 0) cr_assert_float_eq(sum, 1, n_parts * u32);
            for (int32_t k = 0; k < h->n_reasons; k++) {
                cr_assert(took(aisle_part_pairs(v.s.part), u, h->reasons[k].item));
                reasons += (double)h->reasons[k].share;
            }
            cr_assert_leq(reasons, 1 + 3 * u32);
            cr_assert_eq(h->n_reasons > 0, u < SHELF_PEOPLE - 20, "user %d: who took something has reasons",
                         u);
        }
        aisle_free(wanted);
    }
    ask(&v, (aisle_query){.user = 0});
    cr_assert(v.hits.shares == NULL && v.hits.n_parts == 0, "nobody asked why");
    aisle_eval_source_free(&measured);
    stop(&v);
}

/* Each given item's contribution is what the score loses without it, where the parts are sums over given items: one given
 * item of two is left out, and scores of links before the scale are linear. */
Test(hybrid_served, reasons_of_links_are_their_terms)
{
    served v = serve("ease");
    const aisle_table *t = &aisle_model_hybrid(v.m)->table[0];
    const aisle_weighted_item given[] = {{3, 2}, {13, 2}};
    ask(&v, (aisle_query){.user = -1, .recent = given, .n_recent = 2, .explain = true, .n = 5});
    for (int32_t r = 0; r < v.hits.n; r++) {
        const aisle_hit *h = &v.hits.hit[r];
        double term[2] = {0}, positive = 0;
        for (int j = 0; j < 2; j++) {
            for (int64_t e = t->links.row_ptr[given[j].item]; e < t->links.row_ptr[given[j].item + 1]; e++)
                if (t->links.col[e] == h->item) term[j] = (double)t->links.val[e];
            if (term[j] > 0) positive += term[j];
        }
        for (int32_t k = 0; k < h->n_reasons; k++) {
            int j = h->reasons[k].item == given[1].item;
            cr_assert_float_eq((double)h->reasons[k].share, term[j] / positive, 16 * u32);
        }
    }
    stop(&v);
}

Test(hybrid_served, masks_and_includes_as_other_strategies_do)
{
    served v = serve(NULL);
    const uint64_t allowed = 0x00000000FFFFF00FULL;
    const int32_t exclude[] = {12, 13};
    const aisle_weighted_item disliked = {14, -2};
    ask(&v, (aisle_query){.user = 0,
                          .allowed = &allowed,
                          .exclude = exclude,
                          .n_exclude = 2,
                          .recent = &disliked,
                          .n_recent = 1});
    for (int32_t r = 0; r < v.hits.n; r++) {
        int32_t i = v.hits.hit[r].item;
        cr_assert(i != 12 && i != 13 && i != 14 && (allowed >> i & 1) &&
                  !took(aisle_part_pairs(v.s.part), 0, i));
    }
    ask(&v, (aisle_query){.user = 0, .include_seen = true});
    bool any = false;
    for (int32_t r = 0; r < v.hits.n; r++)
        any = any || took(aisle_part_pairs(v.s.part), 0, v.hits.hit[r].item);
    cr_assert(any, "what was taken is what a user likes best");
    aisle_query wrong = {.user = 0, .n = 3, .groups = (const int32_t[]){-1, 99, -1}};
    aisle_hits hits = {.hit = v.hit};
    cr_assert_eq(aisle_scorer_recommend(v.scorer, v.m, &wrong, &hits, NULL), AISLE_EINVAL);
    stop(&v);
}

/* A product with the text of an item that nobody took is scored as that item is: cosines are sums of up to 30 products, and
 * scaling them rounds a few times more. */
Test(hybrid_served, ranks_newcomers_by_their_texts_and_takes_them_as_given)
{
    served v = serve(NULL);
    aisle_newcomers_maker *maker = NULL;
    aisle_newcomers *newer = NULL;
    aisle_hit hit[SHOP_ITEMS + 2];
    int32_t item;
    cr_assert_eq(aisle_newcomers_begin(v.m, NULL, &maker, NULL), AISLE_OK);
    for (int32_t i = SHELF_SOLD; i < SHELF_SOLD + 2; i++) {
        aisle_product p = aisle_dataset_product(v.s.d, i);
        p.id = i % 2 ? AISLE_STR("odd") : AISLE_STR("even");
        cr_assert_eq(aisle_newcomers_add(maker, &p, &item, NULL), AISLE_OK);
        cr_assert_eq(item, SHOP_ITEMS + i - SHELF_SOLD);
    }
    cr_assert_eq(aisle_newcomers_end(maker, &newer, NULL), AISLE_OK);
    aisle_newcomers_maker_free(maker);
    aisle_query q = {.n = SHOP_ITEMS + 2, .newcomers = newer, .explain = true};
    v.hits.hit = hit;
    for (q.user = 0; q.user < 20; q.user++) {
        float score[SHOP_ITEMS + 2] = {0};
        v.hits = (aisle_hits){.hit = hit};
        cr_assert_eq(aisle_scorer_recommend(v.scorer, v.m, &q, &v.hits, NULL), AISLE_OK);
        for (int32_t r = 0; r < v.hits.n; r++) score[hit[r].item] = hit[r].score;
        for (int32_t k = 0; k < 2; k++) {
            double want = (double)score[SHELF_SOLD + k];
            cr_assert_float_eq((double)score[SHOP_ITEMS + k], want, 80 * u32 * want, "user %d", q.user);
        }
    }
    const aisle_weighted_item given = {SHOP_ITEMS + 1, 2};
    ask(&v, (aisle_query){.user = -1, .recent = &given, .n_recent = 1, .newcomers = newer, .explain = true});
    cr_assert_eq(v.hits.strategy, AISLE_STRATEGY_HYBRID);
    cr_assert_eq(v.hits.hit[0].item % 2, 1, "an odd one was looked at");
    cr_assert(v.hits.hit[0].n_reasons == 1 && v.hits.hit[0].reasons[0].item == given.item);
    cr_assert_float_eq((double)v.hits.hit[0].reasons[0].share, 1, u32);
    for (int32_t r = 0; r < v.hits.n; r++) cr_assert_neq(v.hits.hit[r].item, given.item);
    aisle_newcomers_unref(newer);
    stop(&v);
}

Test(hybrid_served, refuses_parts_that_know_no_visitor)
{
    shelf s = shelf_open(true, 1);
    aisle_trained trained = {0};
    aisle_error err = {0};
    s.params.hybrid.parts = "als,user-knn";
    cr_assert_eq(aisle_hybrid_train(s.d, &s.params, &s.trainer, &trained, &err), AISLE_EINVAL);
    cr_assert_not_null(strstr(err.message, "user-knn cannot be a part of a model file"));
    shelf_close(&s);
}

/* Whatever allocation fails while a hybrid answers, it says so, and the next answer is right. */
Test(hybrid_served, reports_every_failed_allocation)
{
    served v = serve(NULL);
    const aisle_weighted_item given[] = {{3, 2}, {13, 2}};
    aisle_query q = {.user = -1, .recent = given, .n_recent = 2, .explain = true, .n = TOP};
    ask(&v, q);
    float best = v.hit[0].score;
    aisle_status st = AISLE_ENOMEM;
    for (int64_t n = 1; st != AISLE_OK; n++) {
        aisle_scorer *fresh = aisle_scorer_new();
        aisle_hits hits = {.hit = v.hit};
        aisle_alloc_fail_after(n);
        st = aisle_scorer_recommend(fresh, v.m, &q, &hits, NULL);
        aisle_alloc_fail_after(0);
        cr_assert(st == AISLE_OK || st == AISLE_ENOMEM);
        cr_assert_eq(aisle_scorer_recommend(fresh, v.m, &q, &hits, NULL), AISLE_OK);
        cr_assert_eq(v.hit[0].score, best);
        aisle_scorer_free(fresh);
    }
    stop(&v);
}
