/* The training part sees kept events and nothing else. */
#include "aisle/fit.h"

#include <math.h>

#include "tests/unit/train/small_shop.h"

/* Every third event is held out, and all of item 7. */
static uint8_t *some_events(const aisle_dataset *d)
{
    aisle_events e = aisle_dataset_events(d);
    uint8_t *keep = aisle_array(e.n, 1);
    for (int64_t i = 0; i < e.n; i++) keep[i] = i % 3 != 0 && e.item[i] != 7;
    return keep;
}

Test(part, holds_the_kept_events_alone)
{
    aisle_dataset *d = small_shop();
    aisle_events e = aisle_dataset_events(d);
    uint8_t *keep = some_events(d);
    aisle_weights w = aisle_weights_default();
    aisle_part *p = NULL;
    cr_assert_eq(aisle_part_new(d, keep, &w, 2, &p, NULL), AISLE_OK);
    for (int64_t i = 0; i < e.n; i++) cr_assert_eq(aisle_part_keeps(p, i), keep[i] != 0);
    cr_assert(!aisle_part_has_item(p, 7) && aisle_part_has_item(p, 0));
    const aisle_csr *c = aisle_part_pairs(p), *ct = aisle_part_by_item(p);
    cr_assert_eq(c->n_rows, SHOP_USERS);
    cr_assert_eq(ct->n_rows, SHOP_ITEMS);
    cr_assert_eq(ct->row_ptr[8] - ct->row_ptr[7], 0);
    cr_assert_eq(aisle_csr_nnz(c), aisle_csr_nnz(ct));
    aisle_part_free(p);
    aisle_free(keep);
    aisle_dataset_free(d);
}

Test(part, has_dislikes_among_preferences_alone)
{
    aisle_dataset *d = small_shop();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_weights w = aisle_weights_default();
    aisle_part *p = NULL;
    cr_assert_eq(aisle_part_new(d, NULL, &w, 2, &p, NULL), AISLE_OK);
    cr_assert_eq(aisle_part_preferences(p), aisle_part_pairs(p));
    int64_t before = aisle_csr_nnz(aisle_part_pairs(p));
    int32_t item = aisle_part_pairs(p)->col[0];
    aisle_part_free(p);
    aisle_event e = {.user = aisle_idmap_get(aisle_dataset_users(d), 0),
                     .item = aisle_idmap_get(aisle_dataset_items(d), item),
                     .type = AISLE_EVENT_DISLIKE,
                     .at_ms = SHOP_DAY_MS,
                     .value = 1};
    cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
    cr_assert_eq(aisle_part_new(d, NULL, &w, 2, &p, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_nnz(aisle_part_pairs(p)), before - 1);
    cr_assert_eq(aisle_csr_nnz(aisle_part_by_item(p)), before - 1);
    cr_assert_eq(aisle_csr_nnz(aisle_part_preferences(p)), before);
    cr_assert_eq(aisle_part_preferences(p)->val[0], -2);
    aisle_part_free(p);
    aisle_dataset_free(d);
}

Test(part, learns_no_word_of_an_item_that_was_held_out)
{
    aisle_dataset *d = small_shop();
    uint8_t *keep = some_events(d);
    aisle_weights w = aisle_weights_default();
    aisle_text_params text = {.min_df = 1, .max_df = 1, .language = "none", .ngram = 1};
    aisle_part *p = NULL;
    aisle_csr m = {0};
    aisle_vocabulary *v = NULL;
    cr_assert_eq(aisle_part_new(d, keep, &w, 2, &p, NULL), AISLE_OK);
    cr_assert_eq(aisle_part_text(p, &text, &m, &v, NULL), AISLE_OK);
    bool own = false, other = false;
    for (int32_t t = 0; t < aisle_vocabulary_count(v); t++) {
        own |= aisle_str_eq(aisle_vocabulary_term(v, t), aisle_str_from("i007"));
        other |= aisle_str_eq(aisle_vocabulary_term(v, t), aisle_str_from("i008"));
    }
    cr_assert(other && !own, "the word i007 stands in the title of item 7 alone, which is held out");
    cr_assert(m.n_rows == SHOP_ITEMS && m.row_ptr[8] > m.row_ptr[7], "its other words are known");
    aisle_csr_deinit(&m);
    aisle_vocabulary_free(v);
    aisle_part_free(p);
    aisle_free(keep);
    aisle_dataset_free(d);
}

Test(part, splits_once_more_without_a_pair_on_both_sides)
{
    aisle_dataset *d = small_shop();
    uint8_t *keep = some_events(d);
    aisle_weights w = aisle_weights_default();
    aisle_split_params split = {.kind = AISLE_SPLIT_RANDOM, .fraction = .3, .seed = 5};
    aisle_part *p = NULL, *rest = NULL;
    aisle_csr held = {0};
    cr_assert_eq(aisle_part_new(d, keep, &w, 2, &p, NULL), AISLE_OK);
    cr_assert_eq(aisle_part_hold_out(p, &split, &rest, &held, NULL), AISLE_OK);
    const aisle_csr *all = aisle_part_pairs(p), *left = aisle_part_pairs(rest);
    cr_assert_eq(aisle_csr_nnz(left) + aisle_csr_nnz(&held), aisle_csr_nnz(all));
    cr_assert_gt(aisle_csr_nnz(&held), 0);
    for (int32_t u = 0; u < held.n_rows; u++)
        for (int64_t a = held.row_ptr[u]; a < held.row_ptr[u + 1]; a++)
            for (int64_t b = left->row_ptr[u]; b < left->row_ptr[u + 1]; b++)
                cr_assert_neq(held.col[a], left->col[b]);
    aisle_csr_deinit(&held);
    aisle_part_free(rest);
    aisle_part_free(p);
    aisle_free(keep);
    aisle_dataset_free(d);
}

/* Half of the pairs are out already: a third of the rest goes, whether or not the same seed drew that half. */
Test(part, splits_what_a_split_with_the_same_seed_has_left)
{
    aisle_dataset *d = small_shop();
    int64_t n = aisle_dataset_events(d).n;
    uint8_t *label = aisle_calloc((size_t)n, 1), *keep = aisle_calloc((size_t)n, 1);
    aisle_weights w = aisle_weights_default();
    aisle_split_params split = {.kind = AISLE_SPLIT_RANDOM, .fraction = .5, .seed = 5};
    aisle_part *p = NULL, *rest = NULL;
    aisle_csr held = {0};
    cr_assert_eq(aisle_split(d, &split, NULL, label, NULL), AISLE_OK);
    for (int64_t e = 0; e < n; e++) keep[e] = label[e] == 0;
    cr_assert_eq(aisle_part_new(d, keep, &w, 2, &p, NULL), AISLE_OK);
    split.fraction = 1. / 3;
    cr_assert_eq(aisle_part_hold_out(p, &split, &rest, &held, NULL), AISLE_OK);
    double all = (double)aisle_csr_nnz(aisle_part_pairs(p)), got = (double)aisle_csr_nnz(&held);
    /* five deviations of a binomial count */
    cr_assert_lt(fabs(got - all / 3), 5 * sqrt(all * 2 / 9), "%g of %g", got, all);
    aisle_csr_deinit(&held);
    aisle_part_free(rest);
    aisle_part_free(p);
    aisle_free(label);
    aisle_free(keep);
    aisle_dataset_free(d);
}

Test(part, takes_the_newest_stars_of_a_pair)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    const struct {
        const char *user, *item;
        double stars;
        int64_t at_ms;
    } given[] = {
        {"a", "x", 2, 30}, {"a", "x", 4, 10}, {"a", "y", 5, 10}, {"a", "y", 3, 10}, {"b", "x", 1, 0}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        aisle_event e = {.user = aisle_str_from(given[i].user),
                         .item = aisle_str_from(given[i].item),
                         .type = AISLE_EVENT_RATING,
                         .at_ms = given[i].at_ms,
                         .value = given[i].stars};
        cr_assert_eq(sink.event(sink.ctx, &e, NULL), AISLE_OK);
    }
    aisle_weights w = aisle_weights_default();
    aisle_part *p = NULL;
    aisle_csr stars = {0};
    cr_assert_eq(aisle_part_new(d, NULL, &w, 1, &p, NULL), AISLE_OK);
    cr_assert_eq(aisle_part_stars(p, &stars, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_nnz(&stars), 3);
    cr_assert_eq(stars.val[0], 2); /* the newer, though it came first */
    cr_assert_eq(stars.val[1], 3); /* equal times: the later to arrive */
    cr_assert_eq(stars.val[2], 1); /* below the floor of the implicit weights all the same */
    aisle_csr_deinit(&stars);
    aisle_part_free(p);
    aisle_dataset_free(d);
}

Test(kinds, score_every_user_for_every_item)
{
    aisle_dataset *d = small_shop();
    aisle_weights w = aisle_weights_default();
    aisle_train_params params = aisle_train_params_default();
    aisle_trainer t = cpu_trainer(2);
    aisle_part *p = NULL;
    params.factors = 4;
    cr_assert_eq(aisle_part_new(d, NULL, &w, 2, &p, NULL), AISLE_OK);
    aisle_fit_input in = {p, &params, &t};
    float *scores = aisle_array((int64_t)SHOP_USERS * SHOP_ITEMS, sizeof *scores);
    int32_t users[SHOP_USERS];
    for (int32_t u = 0; u < SHOP_USERS; u++) users[u] = u;
    for (int32_t k = 0; aisle_fit_kind_at(k); k++) {
        const aisle_fit_kind *kind = aisle_fit_kind_at(k);
        aisle_eval_source s = {0};
        cr_assert_eq(aisle_fit_kind_find(aisle_str_from(kind->name)), kind);
        if (kind->stars) continue;                            /* this shop has no ratings */
        if (strcmp(kind->name, "demographic") == 0) continue; /* nor user records */
        cr_assert_eq(kind->fit(&in, &s, NULL), AISLE_OK, "%s", kind->name);
        cr_assert_eq(s.scores(s.ctx, 0, users, SHOP_USERS, scores, NULL), AISLE_OK, "%s", kind->name);
        bool finite = false;
        for (int64_t e = 0; e < (int64_t)SHOP_USERS * SHOP_ITEMS; e++) {
            cr_assert(scores[e] < (float)INFINITY, "%s", kind->name); /* NaN fails too */
            finite |= scores[e] > -(float)INFINITY;
        }
        cr_assert(finite, "%s", kind->name);
        aisle_eval_source_free(&s);
    }
    cr_assert_null(aisle_fit_kind_find(aisle_str_from("nothing")));
    aisle_free(scores);
    aisle_part_free(p);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}

Test(kinds, als_ranks_no_item_that_it_has_no_factors_of)
{
    aisle_dataset *d = small_shop();
    uint8_t *keep = some_events(d);
    aisle_weights w = aisle_weights_default();
    aisle_train_params params = aisle_train_params_default();
    aisle_trainer t = cpu_trainer(2);
    aisle_part *p = NULL;
    aisle_eval_source s = {0};
    float scores[2 * SHOP_ITEMS];
    const int32_t users[] = {3, 4};
    params.factors = 4;
    params.item_damping = .3f;
    cr_assert_eq(aisle_part_new(d, keep, &w, 2, &p, NULL), AISLE_OK);
    aisle_fit_input in = {p, &params, &t};
    cr_assert_eq(aisle_fit_kind_find(AISLE_STR("als"))->fit(&in, &s, NULL), AISLE_OK);
    cr_assert_eq(s.scores(s.ctx, 0, users, 2, scores, NULL), AISLE_OK);
    for (int32_t e = 0; e < 2 * SHOP_ITEMS; e++)
        cr_assert_eq(isfinite(scores[e]) != 0, e % SHOP_ITEMS != 7, "item %d", e % SHOP_ITEMS);
    aisle_eval_source_free(&s);
    aisle_part_free(p);
    aisle_free(keep);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}
