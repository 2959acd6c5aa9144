/* Ranges, trending by hand, the held-out part, damaged checkpoints, and the file that training writes. */
#include <jansson.h>
#include <math.h>

#include "aisle/file.h"
#include "aisle/model.h"
#include "cpu/train/als_loop.h"
#include "small_shop.h"

static void refused(aisle_train_params p, const char *field)
{
    aisle_error err;
    cr_assert_eq(aisle_train_params_check(&p, &err), AISLE_EINVAL, "%s", field);
    cr_assert(strstr(err.message, field), "%s: %s", field, err.message);
}

Test(train_params, every_range_is_checked_and_named)
{
    aisle_train_params good = aisle_train_params_default(), p;
    cr_assert_eq(aisle_train_params_check(&good, NULL), AISLE_OK);
    p = good, p.factors = 4097, refused(p, "factors 4097");
    p = good, p.factors = -1, refused(p, "factors");
    p = good, p.iterations = 0, refused(p, "iterations");
    p = good, p.als.a0 = -1, refused(p, "unobserved");
    p = good, p.als.reg = NAN, refused(p, "regularization");
    p = good, p.als.nu = 1.5f, refused(p, "exponent");
    p = good, p.validation = .6, refused(p, "validation");
    p = good, p.patience = 3, refused(p, "patience");
    p = good, p.resume = true, refused(p, "resume");
    p = good, p.k_similar = 1001, refused(p, "similar");
    p = good, p.k_complements = -1, refused(p, "complements");
    p = good, p.trending_days = 0, refused(p, "trending");
    p = good, p.weights.weight[AISLE_EVENT_VIEW] = INFINITY, refused(p, "view");
    p = good, p.factors = 0;
    cr_assert_eq(aisle_train_params_check(&p, NULL), AISLE_OK);
}

/* Ten days, window of 2. Item a: 4 purchases (weight 2 each) in the window, 2 before; b: 3 before; c: 1 in
 * the window. Span before the window: newest day 10 - 2 - oldest day 0 = 8 days. s = 20/(2 + 8)/3 = 2/3. a =
 * (8/2 + 2/3) / (4/8 + 2/3) = 4; b = 0; c = (2/2 + 2/3) / (0 + 2/3) = 5/2. */
Test(train, trending_is_the_smoothed_ratio_of_rates)
{
    static const struct {
        int32_t item, day;
    } events[] = {{0, 10}, {0, 9}, {0, 9}, {0, 10}, {0, 3}, {0, 4}, {1, 0}, {1, 5}, {1, 8}, {2, 10}};
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    aisle_train_params p = small_params();
    aisle_trainer t = cpu_trainer(1);
    aisle_trained m;
    for (size_t e = 0; e < sizeof events / sizeof *events; e++)
        small_shop_event(&sink, (int32_t)e, events[e].item, (100 + (int64_t)events[e].day) * SHOP_DAY_MS);
    p.factors = 0;
    p.trending_days = 2;
    cr_assert_eq(aisle_train(d, NULL, &p, &t, &m, NULL), AISLE_OK);
    cr_assert_float_eq(m.trending[0], 4, 1e-6);
    cr_assert_eq(m.trending[1], 0);
    cr_assert_float_eq(m.trending[2], 2.5, 1e-6);
    cr_assert_eq(m.popularity[0], 12);
    cr_assert(m.items.data == NULL && m.item_gram == NULL && m.k_content == 0);
    aisle_trained_deinit(&m);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}

Test(train, held_out_pairs_are_the_share_asked_for_and_the_rest_stays)
{
    aisle_dataset *d = small_shop();
    aisle_train_params p = small_params();
    aisle_csr all, rest, held, rest2, held2;
    p.validation = .25;
    cr_assert_eq(aisle_dataset_matrix(d, &p.weights, NULL, 0, &all, NULL), AISLE_OK);
    cr_assert_eq(aisle_als_hold_out(&all, &p, &rest, &held, NULL), AISLE_OK);
    int64_t n = aisle_csr_nnz(&all), h = aisle_csr_nnz(&held);
    for (int64_t e = 0; e < n; e++) all.val[e] = -all.val[e];
    cr_assert_eq(aisle_als_hold_out(&all, &p, &rest2, &held2, NULL), AISLE_EINVAL,
                 "dislikes are never held out");
    for (int64_t e = 0; e < n; e++) all.val[e] = -all.val[e];
    cr_assert_eq(aisle_csr_nnz(&rest) + h, n);
    /* binomial: 5 deviations of sqrt(n q (1 - q)) */
    cr_assert_leq(fabs((double)h - .25 * (double)n), 5 * sqrt(.25 * .75 * (double)n));
    cr_assert_eq(aisle_csr_check(&rest, NULL), AISLE_OK);
    cr_assert_eq(aisle_csr_check(&held, NULL), AISLE_OK);
    for (int32_t u = 0; u < all.n_rows; u++) { /* merging the two gives the row back, weights included */
        int64_t r = rest.row_ptr[u], q = held.row_ptr[u];
        for (int64_t e = all.row_ptr[u]; e < all.row_ptr[u + 1]; e++) {
            bool from_held = q < held.row_ptr[u + 1] && held.col[q] == all.col[e];
            cr_assert(from_held || (r < rest.row_ptr[u + 1] && rest.col[r] == all.col[e]));
            cr_assert_eq(from_held ? held.val[q] : rest.val[r], all.val[e]);
            if (from_held)
                q++;
            else
                r++;
        }
    }
    aisle_csr_deinit(&all);
    aisle_csr_deinit(&rest);
    aisle_csr_deinit(&held);
    aisle_dataset_free(d);
}

Test(checkpoint, damage_truncation_and_other_files_are_refused)
{
    const char *path = scratch_path("damage");
    aisle_mat x, y;
    aisle_als_state s = {.iteration = 3, .loss = 1.5}, got;
    aisle_mapping map;
    aisle_error err;
    cr_assert_eq(aisle_mat_init(&x, 4, 3, NULL), AISLE_OK);
    cr_assert_eq(aisle_mat_init(&y, 5, 3, NULL), AISLE_OK);
    for (int32_t i = 0; i < 12; i++) x.data[i] = (float)i;
    cr_assert_eq(aisle_checkpoint_write(path, 77, &s, &x, &y, NULL), AISLE_OK);
    memset(x.data, 0, 12 * sizeof(float));
    cr_assert_eq(aisle_checkpoint_read(path, 77, &got, &x, &y, NULL), AISLE_OK);
    cr_assert(got.iteration == 3 && got.loss == 1.5 && x.data[11] == 11);
    cr_assert_eq(aisle_checkpoint_read(path, 78, &got, &x, &y, &err), AISLE_ECONFLICT);
    cr_assert_eq(aisle_file_map(path, &map, NULL), AISLE_OK);
    char *bytes = aisle_alloc((size_t)map.size);
    memcpy(bytes, map.data, (size_t)map.size);
    int64_t size = map.size;
    aisle_file_unmap(&map);
    for (int64_t cut = 0; cut < size; cut += 13) {
        FILE *f = fopen(path, "wb");
        fwrite(bytes, 1, (size_t)cut, f);
        fclose(f);
        cr_assert_eq(aisle_checkpoint_read(path, 77, &got, &x, &y, &err), AISLE_EFORMAT, "cut at %lld",
                     (long long)cut);
    }
    for (int64_t at = 0; at < size; at++) {
        FILE *f = fopen(path, "wb");
        bytes[at] ^= 16;
        fwrite(bytes, 1, (size_t)size, f);
        fclose(f);
        bytes[at] ^= 16;
        cr_assert_neq(aisle_checkpoint_read(path, 77, &got, &x, &y, &err), AISLE_OK, "bit flipped at %lld",
                      (long long)at);
    }
    unlink(path);
    aisle_free(bytes);
    aisle_mat_deinit(&x);
    aisle_mat_deinit(&y);
}

static void assert_weights(aisle_weights got, aisle_weights want)
{
    for (int e = 0; e < AISLE_EVENT_TYPES; e++) cr_assert_eq(got.weight[e], want.weight[e], "event %d", e);
    cr_assert_eq(got.half_life_days, want.half_life_days);
    cr_assert_eq(got.rating_floor, want.rating_floor);
    cr_assert_eq(got.binary, want.binary);
}

Test(train, the_weights_of_a_model_are_read_back_from_its_meta)
{
    aisle_dataset *d = small_shop();
    aisle_train_params p = small_params();
    aisle_trainer t = cpu_trainer(1);
    const char *path = scratch_path("weights.aisle");
    aisle_trained made;
    aisle_model *m;
    aisle_weights got;
    p.weights = (aisle_weights){.weight = {[AISLE_EVENT_VIEW] = .07f,
                                           [AISLE_EVENT_PURCHASE] = 3.3f,
                                           [AISLE_EVENT_REMOVE_FROM_CART] = -1.5f},
                                .half_life_days = 90.5,
                                .rating_floor = 2.5f,
                                .binary = true};
    cr_assert_eq(aisle_train(d, NULL, &p, &t, &made, NULL), AISLE_OK);
    cr_assert_eq(aisle_trained_write(&made, d, &p, "cpu", NULL, path, NULL), AISLE_OK);
    cr_assert_eq(aisle_model_open(path, &m, NULL), AISLE_OK);
    cr_assert_eq(aisle_trained_weights(aisle_model_meta(m), &got, NULL), AISLE_OK);
    assert_weights(got, p.weights);
    aisle_model_unref(m);
    unlink(path);
    aisle_trained_deinit(&made);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}

Test(train, a_meta_that_says_nothing_of_weights_gives_the_default_ones)
{
    static const char *const silent[] = {"{}",
                                         "{\"settings\":{\"weights\":7}}",
                                         "{\"settings\":[1]}",
                                         "7",
                                         "",
                                         "{\"settings\":{\"half_life_days\":-3,\"rating_floor\":1e300}}"};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
        aisle_weights got;
        cr_assert_eq(aisle_trained_weights(silent[i], &got, NULL), AISLE_OK);
        assert_weights(got, aisle_weights_default());
    }
}

Test(train, the_model_file_repeats_byte_for_byte_and_tells_its_settings)
{
    aisle_dataset *d = small_shop();
    aisle_train_params p = small_params();
    aisle_trainer t = cpu_trainer(2);
    const char *path[2] = {scratch_path("a.aisle"), scratch_path("b.aisle")};
    aisle_mapping map[2];
    aisle_model *m;
    for (int i = 0; i < 2; i++) {
        aisle_trained made;
        cr_assert_eq(aisle_train(d, NULL, &p, &t, &made, NULL), AISLE_OK);
        aisle_eval_report report = {.n_users = 5, .n_cuts = 1, .at = {{.k = 20}}, .seconds = i};
        cr_assert_eq(aisle_trained_write(&made, d, &p, "cpu", &report, path[i], NULL), AISLE_OK);
        cr_assert_eq(aisle_file_map(path[i], &map[i], NULL), AISLE_OK);
        aisle_trained_deinit(&made);
    }
    cr_assert_eq(map[0].size, map[1].size);
    cr_assert_arr_eq(map[0].data, map[1].data, (size_t)map[0].size);
    cr_assert_eq(aisle_model_open(path[0], &m, NULL), AISLE_OK);
    json_t *meta = json_loads(aisle_model_meta(m), 0, NULL);
    cr_assert_not_null(meta);
    json_t *settings = json_object_get(meta, "settings");
    cr_assert_str_eq(json_string_value(json_object_get(meta, "created")), p.created);
    cr_assert_eq(json_integer_value(json_object_get(settings, "factors")), 8);
    cr_assert_float_eq(json_real_value(json_object_get(json_object_get(settings, "weights"), "view")), .3,
                       1e-6);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(meta, "data"), "users")), SHOP_USERS);
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(meta, "metrics"), "users")), 5);
    cr_assert(aisle_model_find_user(m, AISLE_STR("u003")) >= 0 && aisle_model_n_factors(m) == 8);
    json_decref(meta);
    aisle_model_unref(m);
    for (int i = 0; i < 2; i++) aisle_file_unmap(&map[i]), unlink(path[i]);
    t.ops->close(t.device);
    aisle_dataset_free(d);
}

/* Two users, three items, |v| 1 + 3 + 2 = 6 over 3 pairs: a0 = 10 * 6 / 6, reg = .003 * 2; what is set stays. */
Test(train, the_objective_comes_of_the_data_where_it_is_not_set)
{
    int64_t row_ptr[] = {0, 2, 3};
    int32_t col[] = {0, 2, 1};
    float val[] = {1, 3, -2};
    const aisle_csr c = {2, 3, row_ptr, col, val}, binary = {2, 3, row_ptr, col, NULL};
    aisle_als_params auto_ = {.nu = .5f}, set = {.a0 = .25f, .reg = .125f};
    aisle_als_params got = aisle_als_objective(&c, &auto_);
    cr_assert_float_eq(got.a0, 10, 1e-5);
    cr_assert_float_eq(got.reg, .006, 1e-9);
    cr_assert_eq(got.nu, .5f);
    got = aisle_als_objective(&binary, &auto_);
    cr_assert_float_eq(got.a0, 5, 1e-5);
    cr_assert_float_eq(got.reg, .003, 1e-9);
    got = aisle_als_objective(&c, &set);
    cr_assert(got.a0 == .25f && got.reg == .125f);
}
