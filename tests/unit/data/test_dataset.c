/* The dataset sink, the confidence matrix and the k-core. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "tests/unit/data/fixture.h"

static aisle_csr matrix_of(const aisle_dataset *d, const aisle_weights *w, const uint8_t *keep)
{
    aisle_error err = {0};
    aisle_csr m;
    cr_assert_eq(aisle_dataset_matrix(d, w, keep, 2, &m, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_csr_check(&m, &err), AISLE_OK, "%s", err.message);
    return m;
}

Test(dataset, guests_are_users_named_by_their_session)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink s = aisle_dataset_sink(d);
    aisle_error err = {0};
    aisle_event e = {.session = AISLE_STR("s1"), .item = AISLE_STR("i"), .value = 1};
    cr_assert_eq(s.event(s.ctx, &e, &err), AISLE_OK);
    cr_assert(aisle_str_eq(aisle_idmap_get(aisle_dataset_users(d), 0), AISLE_STR("session:s1")));
    e.session = (aisle_str){0};
    cr_assert_eq(s.event(s.ctx, &e, &err), AISLE_EINVAL);
    e.user = AISLE_STR("u");
    e.value = NAN;
    cr_assert_eq(s.event(s.ctx, &e, &err), AISLE_EINVAL);
    e.value = 1;
    e.item = (aisle_str){0};
    cr_assert_eq(s.event(s.ctx, &e, &err), AISLE_EINVAL);
    cr_assert_eq(aisle_dataset_events(d).n, 1);
    aisle_dataset_free(d);
}

Test(dataset, products_are_kept_by_item_and_replaced_by_a_later_record)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink s = aisle_dataset_sink(d);
    aisle_error err = {0};
    aisle_event e = {.user = AISLE_STR("u"), .item = AISLE_STR("bare"), .value = 1};
    aisle_product p = {.id = AISLE_STR("p"), .title = AISLE_STR("old"), .price_minor = 5, .stock = 2};
    cr_assert_eq(s.event(s.ctx, &e, &err), AISLE_OK);
    cr_assert_eq(s.product(s.ctx, &p, &err), AISLE_OK);
    p.title = AISLE_STR("new");
    cr_assert_eq(s.product(s.ctx, &p, &err), AISLE_OK);
    aisle_product bare = aisle_dataset_product(d, 0), got = aisle_dataset_product(d, 1);
    cr_assert(aisle_str_eq(bare.id, AISLE_STR("bare")) && !bare.title.ptr && bare.price_minor == -1);
    cr_assert(aisle_str_eq(got.title, AISLE_STR("new")) && got.price_minor == 5 && !got.brand.ptr);
    cr_assert_eq(aisle_idmap_count(aisle_dataset_items(d)), 2);
    aisle_dataset_free(d);
}

Test(dataset, user_records_are_found_by_user_and_add_none)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink s = aisle_dataset_sink(d);
    aisle_user early = {.id = AISLE_STR("u"), .country = AISLE_STR("GB")}, late = early, nobody = {0};
    aisle_event e = {.user = AISLE_STR("bare"), .item = AISLE_STR("i"), .value = 1};
    cr_assert_eq(s.user(s.ctx, &early, NULL), AISLE_OK);
    cr_assert_eq(s.event(s.ctx, &e, NULL), AISLE_OK);
    cr_assert_eq(aisle_idmap_count(aisle_dataset_users(d)), 1, "a user is whoever has an event");
    e.user = AISLE_STR("u");
    cr_assert_eq(s.event(s.ctx, &e, NULL), AISLE_OK);
    aisle_user bare = aisle_dataset_user(d, 0), got = aisle_dataset_user(d, 1);
    cr_assert(aisle_str_eq(bare.id, AISLE_STR("bare")) && !bare.country.ptr && !bare.gender.ptr);
    cr_assert(aisle_str_eq(got.country, AISLE_STR("GB")) && !got.age_band.ptr);
    late.country = AISLE_STR("FR");
    cr_assert_eq(s.user(s.ctx, &late, NULL), AISLE_OK);
    cr_assert(aisle_str_eq(aisle_dataset_user(d, 1).country, AISLE_STR("FR")));
    cr_assert_eq(s.user(s.ctx, &nobody, NULL), AISLE_EINVAL);
    aisle_dataset_free(d);
}

Test(dataset, weights_of_a_pair_add_up)
{
    static const tiny events[] = {
        {"u", "a", VIEW, 1, 1},
        {"u", "b", BUY, 96, 2},
        {"u", "a", BUY, 1, 3},
        {"v", "a", AISLE_EVENT_RATING, 4, 4},
        {"v", "b", AISLE_EVENT_RATING, 2, 5},
        {"v", "c", VIEW, 1, 6},
        {"v", "c", AISLE_EVENT_DISLIKE, 1, 7},
        {"w", "c", AISLE_EVENT_IMPRESSION, 1, 8},
    };
    aisle_dataset *d = DATASET(events);
    aisle_weights w = aisle_weights_default();
    aisle_csr m = matrix_of(d, &w, NULL);
    cr_assert_eq(m.n_rows, 3);
    cr_assert_eq(m.n_cols, 3);
    cr_assert_float_eq(cell(&m, 0, 0), 2.3, 1e-6);
    cr_assert_float_eq(cell(&m, 0, 1), 2, 1e-6, "quantity must not multiply");
    cr_assert_float_eq(cell(&m, 1, 0), 1.6, 1e-6);
    cr_assert_eq(aisle_csr_nnz(&m), 3, "low rating, dislike and impression make no pair");
    aisle_csr_deinit(&m);
    w.binary = true;
    m = matrix_of(d, &w, NULL);
    cr_assert_eq(cell(&m, 0, 0), 1);
    aisle_csr_deinit(&m);
    aisle_dataset_free(d);
}

Test(dataset, preferences_have_dislikes_below_zero)
{
    const int64_t day = 86400000;
    const tiny events[] = {
        {"u", "a", BUY, 1, 1 * day},
        {"u", "a", AISLE_EVENT_DISLIKE, 1, 10 * day}, /* half as sure as a newer one */
        {"u", "b", AISLE_EVENT_DISLIKE, 1, 2 * day},
        {"u", "b", AISLE_EVENT_DISLIKE, 1, 20 * day},
        {"u", "b", BUY, 1, 20 * day},
        {"v", "a", BUY, 1, 20 * day},
    };
    static const uint8_t liked[] = {1, 0, 1, 1, 1, 1};
    aisle_dataset *d = DATASET(events);
    aisle_weights w = aisle_weights_default();
    aisle_csr m = {0};
    w.half_life_days = 10;
    cr_assert_eq(aisle_dataset_preferences(d, &w, NULL, 2, &m, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_nnz(&m), 3);
    cr_assert_eq(cell(&m, 0, 0), -1);
    cr_assert_eq(cell(&m, 0, 1), -2, "the newest dislike counts, and no purchase beside it");
    cr_assert_eq(cell(&m, 1, 0), 2);
    aisle_csr_deinit(&m);
    cr_assert_eq(aisle_dataset_preferences(d, &w, liked, 2, &m, NULL), AISLE_OK);
    cr_assert_gt(cell(&m, 0, 0), 0, "the dislike is held out");
    aisle_csr_deinit(&m);
    w.binary = true;
    cr_assert_eq(aisle_dataset_preferences(d, &w, NULL, 2, &m, NULL), AISLE_OK);
    cr_assert_eq(cell(&m, 0, 0), -1);
    cr_assert_eq(cell(&m, 0, 1), -1);
    aisle_csr_deinit(&m);
    w.weight[AISLE_EVENT_DISLIKE] = 0;
    cr_assert_eq(aisle_dataset_preferences(d, &w, NULL, 2, &m, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_nnz(&m), 1, "then dislikes only take pairs out");
    aisle_csr_deinit(&m);
    m = matrix_of(d, &w, NULL);
    cr_assert_eq(aisle_csr_nnz(&m), 1);
    aisle_csr_deinit(&m);
    aisle_dataset_free(d);
}

/* half-life and stars inside one confidence: 2 x 4/5 x 1/2 */
Test(dataset, stars_and_age_make_the_confidence_together)
{
    const int64_t day = 86400000;
    const tiny events[] = {{"u", "a", AISLE_EVENT_RATING, 4, 10 * day},
                           {"u", "b", AISLE_EVENT_REVIEW, 5, 20 * day},
                           {"u", "a", VIEW, 1, 20 * day},
                           {"u", "c", AISLE_EVENT_RATING, 2.5f, 20 * day}};
    aisle_dataset *d = DATASET(events);
    aisle_weights w = aisle_weights_default();
    w.half_life_days = 10;
    aisle_csr m = matrix_of(d, &w, NULL);
    cr_assert_float_eq(cell(&m, 0, 0), .8 + .3, 1e-6);
    cr_assert_float_eq(cell(&m, 0, 1), 2, 1e-6);
    cr_assert_eq(aisle_csr_nnz(&m), 2, "fewer stars than the floor");
    aisle_csr_deinit(&m);
    aisle_dataset_free(d);
}

Test(dataset, a_cancel_undoes_the_newest_earlier_purchases_by_quantity)
{
    static const tiny events[] = {
        {"u", "a", BUY, 3, 10},    {"u", "a", CANCEL, 4, 30},
        {"u", "a", BUY, 2, 20},                               /* 3 + 2 - 4: one left */
        {"u", "b", BUY, 2, 10},    {"u", "b", CANCEL, 2, 20}, /* gone */
        {"u", "c", CANCEL, 5, 10}, {"u", "c", BUY, 1, 20},    /* cancel came before */
    };
    aisle_dataset *d = DATASET(events);
    aisle_weights w = aisle_weights_default();
    aisle_csr m = matrix_of(d, &w, NULL);
    cr_assert_float_eq(cell(&m, 0, 0), 2, 1e-6, "one of two purchases is left");
    cr_assert_eq(cell(&m, 0, 1), 0);
    cr_assert_float_eq(cell(&m, 0, 2), 2, 1e-6);
    aisle_csr_deinit(&m);
    aisle_dataset_free(d);
}

Test(dataset, weight_halves_with_every_half_life)
{
    const int64_t day = 86400000;
    const tiny events[] = {{"u", "a", BUY, 1, 10 * day}, {"u", "b", BUY, 1, 20 * day}, {"u", "c", BUY, 1, 0}};
    aisle_dataset *d = DATASET(events);
    aisle_weights w = aisle_weights_default();
    w.half_life_days = 5;
    aisle_csr m = matrix_of(d, &w, NULL);
    cr_assert_float_eq(cell(&m, 0, 0), 0.5, 1e-6);
    cr_assert_float_eq(cell(&m, 0, 1), 2, 1e-6);
    cr_assert_float_eq(cell(&m, 0, 2), 2, 1e-6, "an event without time does not decay");
    aisle_csr_deinit(&m);
    static const uint8_t keep[] = {1, 0, 0};
    m = matrix_of(d, &w, keep);
    cr_assert_float_eq(cell(&m, 0, 0), 2, 1e-6, "now is the newest event that is kept");
    aisle_csr_deinit(&m);
    w.half_life_days = -1;
    cr_assert_eq(aisle_dataset_matrix(d, &w, NULL, 2, &m, NULL), AISLE_EINVAL);
    aisle_dataset_free(d);
}

Test(dataset, an_empty_dataset_gives_an_empty_matrix)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_weights w = aisle_weights_default();
    aisle_csr m = matrix_of(d, &w, NULL);
    cr_assert_eq(m.n_rows, 0);
    cr_assert_eq(aisle_csr_nnz(&m), 0);
    aisle_csr_deinit(&m);
    aisle_dataset_free(d);
}

Test(dataset, the_core_is_what_peeling_to_the_end_leaves)
{
    /* u0,u1 x a,b form a 2-core; u2-b and u2-c, u3-c peel away in a chain */
    static const tiny events[] = {
        {"u0", "a", VIEW, 1, 1}, {"u0", "b", VIEW, 1, 2}, {"u1", "a", VIEW, 1, 3}, {"u1", "b", VIEW, 1, 4},
        {"u2", "b", VIEW, 1, 5}, {"u2", "c", VIEW, 1, 6}, {"u3", "c", VIEW, 1, 7}, {"u3", "c", BUY, 1, 8},
    };
    static const uint8_t wanted[] = {1, 1, 1, 1, 0, 0, 0, 0};
    aisle_dataset *d = DATASET(events);
    aisle_error err = {0};
    uint8_t keep[8];
    int64_t n = -1;
    memset(keep, 1, sizeof keep);
    cr_assert_eq(aisle_dataset_core(d, 2, 2, keep, &n, &err), AISLE_OK);
    cr_assert_eq(n, 4);
    cr_assert_arr_eq(keep, wanted, sizeof keep);
    cr_assert_eq(aisle_dataset_core(d, 2, 2, keep, &n, &err), AISLE_OK);
    cr_assert_eq(n, 0, "a core is its own core");
    cr_assert_eq(aisle_dataset_core(d, 3, 3, keep, &n, &err), AISLE_OK);
    cr_assert_eq(n, 4);
    cr_assert_eq(aisle_dataset_core(d, -1, 0, keep, &n, &err), AISLE_EINVAL);
    aisle_dataset_free(d);
}

Test(dataset, every_failed_allocation_is_reported_and_leaks_nothing)
{
    static const tiny events[] = {{"u", "a", BUY, 1, 1}, {"u", "b", BUY, 1, 2}, {"v", "a", VIEW, 1, 3}};
    bool done = false;
    for (int64_t n = 1; !done && n < 200; n++) {
        aisle_error err = {0};
        aisle_csr m = {0};
        uint8_t keep[3] = {1, 1, 1}, label[3];
        int64_t cleared;
        aisle_weights w = aisle_weights_default();
        aisle_split_params split = {.kind = AISLE_SPLIT_TIME, .fraction = 0.4, .seed = 1};
        aisle_alloc_fail_after(n);
        aisle_dataset *d = aisle_dataset_new();
        aisle_status st = d ? fill(d, events, 3, &err) : AISLE_ENOMEM;
        if (st == AISLE_OK) st = aisle_dataset_core(d, 1, 1, keep, &cleared, &err);
        if (st == AISLE_OK) st = aisle_split(d, &split, keep, label, &err);
        if (st == AISLE_OK) st = aisle_dataset_matrix(d, &w, keep, 2, &m, &err);
        aisle_alloc_fail_after(0);
        cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "allocation %d: %s", (int)n, err.message);
        done = st == AISLE_OK;
        aisle_csr_deinit(&m);
        aisle_dataset_free(d);
    }
    cr_assert(done);
}
