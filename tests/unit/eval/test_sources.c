/* The ready sources against plain loops, and the two forms of a report. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>

#include "aisle/eval.h"
#include "aisle/memory.h"
#include "aisle/rng.h"

Test(sources, factors_are_dot_products_within_rounding)
{
    enum { N = 130, M = 75, F = 19 }; /* more users than one gather holds */
    aisle_mat users, items;
    aisle_eval_source s;
    aisle_rng rng;
    aisle_rng_init(&rng, 4, 0);
    cr_assert_eq(aisle_mat_init(&users, N, F, NULL), AISLE_OK);
    cr_assert_eq(aisle_mat_init(&items, M, F, NULL), AISLE_OK);
    for (int32_t i = 0; i < N * F; i++) users.data[i] = (float)aisle_rng_normal(&rng);
    for (int32_t i = 0; i < M * F; i++) items.data[i] = (float)aisle_rng_normal(&rng);
    int32_t ids[N];
    for (int32_t i = 0; i < N; i++) ids[i] = (i * 37) % N;
    float *out = aisle_array(N * M, sizeof *out);
    cr_assert_eq(aisle_eval_source_factors(&users, &items, 2, &s, NULL), AISLE_OK);
    cr_assert_eq(s.scores(s.ctx, 1, ids, N, out, NULL), AISLE_OK);
    cr_assert_eq(s.scores(s.ctx, 2, ids, N, out, NULL), AISLE_EINVAL);
    for (int32_t r = 0; r < N; r++)
        for (int32_t i = 0; i < M; i++) {
            double dot = 0, size = 0;
            for (int32_t f = 0; f < F; f++) {
                double x = (double)aisle_mat_row(&users, ids[r])[f] * (double)aisle_mat_row(&items, i)[f];
                dot += x;
                size += fabs(x);
            }
            /* |fl(x.y) - x.y| <= gamma_n sum |x_i y_i|, gamma_n = n u / (1 - n u), u = 2^-24 */
            double gamma = (F + 1) * 0x1p-24 / (1 - (F + 1) * 0x1p-24);
            cr_assert_leq(fabs((double)out[r * M + i] - dot), gamma * size);
        }
    aisle_eval_source_free(&s);
    aisle_free(out);
    aisle_mat_deinit(&users);
    aisle_mat_deinit(&items);
}

/* User 0 has item 0 (weight 2) and item 2 (weight 1). Neighbours: 0 -> 1 (.5), 3 (.25); 2 -> 3 (.5).
 * Item 1: 2 x .5 = 1; item 3: 2 x .25 + 1 x .5 = 1; items 0 and 2 are nobody's neighbours. */
Test(sources, neighbours_add_up_weight_times_likeness)
{
    int32_t row[2] = {0, 0}, col[2] = {0, 2}, user = 0;
    float val[2] = {2, 1}, out[4];
    int32_t ids[8] = {1, 3, -1, -1, 3, -1, -1, -1};
    float scores[8] = {.5f, .25f, 0, 0, .5f, 0, 0, 0};
    aisle_csr train;
    aisle_eval_source s;
    cr_assert_eq(aisle_csr_from_coo(1, 4, 2, row, col, val, &train, NULL), AISLE_OK);
    cr_assert_eq(aisle_eval_source_neighbours(&train, ids, scores, 2, &s, NULL), AISLE_OK);
    cr_assert_eq(s.scores(s.ctx, 0, &user, 1, out, NULL), AISLE_OK);
    cr_assert(out[0] == -INFINITY && out[1] == 1 && out[2] == -INFINITY && out[3] == 1);
    aisle_eval_source_free(&s);
    ids[0] = 4;
    cr_assert_eq(aisle_eval_source_neighbours(&train, ids, scores, 2, &s, NULL), AISLE_EINVAL);
    aisle_csr_deinit(&train);
}

Test(sources, a_vector_is_the_same_for_everyone)
{
    float scores[3] = {3, 1, 2}, out[6];
    int32_t users[2] = {7, 1};
    aisle_eval_source s;
    cr_assert_eq(aisle_eval_source_vector(scores, 3, &s, NULL), AISLE_OK);
    cr_assert_eq(s.scores(s.ctx, 0, users, 2, out, NULL), AISLE_OK);
    cr_assert_arr_eq(out, scores, sizeof scores);
    cr_assert_arr_eq(out + 3, scores, sizeof scores);
    aisle_eval_source_free(&s);
}

static aisle_eval_report small_report(void)
{
    aisle_eval_report r = {.n_users = 3, .n_cuts = 2, .seconds = .25, .auc = {.5, .5, .5}};
    r.at[0] = (aisle_eval_at){.k = 5, .precision = {.1, .05, .2}, .coverage = {.75, .75, .75}};
    r.at[1] = (aisle_eval_at){.k = 10, .ndcg = {.3, .25, .35}};
    return r;
}

Test(report, table_puts_models_side_by_side_and_marks_the_best)
{
    aisle_eval_report r[3] = {small_report(), small_report(), small_report()};
    const char *const names[] = {"als", "neighbours", "popular"};
    aisle_buf b = {0};
    r[1].at[1].ndcg = r[2].at[1].ndcg = (aisle_metric){.2, .15, .25};
    r[2].at[0].precision = (aisle_metric){.05, .05, .05};
    cr_assert_eq(aisle_eval_table_text(r, names, 3, &b, NULL), AISLE_OK);
    cr_assert(strstr(b.data, "metric                       als         neighbours            popular\n") ==
                  b.data,
              "%s", b.data);
    cr_assert(strstr(b.data, "\nndcg@10                   0.3000*            0.2000             0.2000\n"
                             "                  0.2500..0.3500     0.1500..0.2500     0.1500..0.2500\n"),
              "%s", b.data);
    cr_assert(strstr(b.data, "\nprecision@5               0.1000*            0.1000*            0.0500\n"),
              "a tie marks both: %s", b.data);
    cr_assert(strstr(b.data,
                     "\ncoverage@5                0.7500             0.7500             0.7500\ncoverage@10"),
              "no mark where all are equal, no interval of a metric without: %s", b.data);
    int32_t lines = 0;
    for (const char *at = b.data; *at; at++) lines += *at == '\n';
    cr_assert_eq(lines, 1 + 9 * 2 + 1 + 2 + 1); /* names, metrics with cut-offs, AUC, intervals, legend */
    aisle_buf_deinit(&b);
}

Test(report, table_of_four_models_fits_in_90_columns_and_one_has_no_mark)
{
    aisle_eval_report r[4] = {small_report(), small_report(), small_report(), small_report()};
    const char *const names[] = {"als", "neighbours", "content", "popular"};
    aisle_buf b = {0};
    for (int32_t i = 0; i < 4; i++) r[i].auc = (aisle_metric){.5, .4, .6};
    cr_assert_eq(aisle_eval_table_text(r, names, 4, &b, NULL), AISLE_OK);
    for (const char *at = b.data, *end; *at; at = end + 1) {
        end = strchr(at, '\n');
        cr_assert_leq(end - at, 90, "%s", at);
        cr_assert(end == at || end[-1] != ' ', "%s", at);
    }
    b.len = 0;
    cr_assert_eq(aisle_eval_table_text(r, names, 1, &b, NULL), AISLE_OK);
    cr_assert_null(strchr(b.data, '*'), "%s", b.data);
    aisle_buf_deinit(&b);
}

Test(report, json_has_the_same_numbers)
{
    aisle_eval_report r = small_report();
    aisle_buf b = {0};
    cr_assert_eq(aisle_eval_report_json(&r, &b, NULL), AISLE_OK);
    json_t *json = json_loads(b.data, 0, NULL);
    cr_assert_not_null(json);
    cr_assert_eq(json_integer_value(json_object_get(json, "users")), 3);
    json_t *at = json_array_get(json_object_get(json, "at"), 1);
    cr_assert_eq(json_integer_value(json_object_get(at, "k")), 10);
    json_t *ndcg = json_object_get(at, "ndcg");
    cr_assert_float_eq(json_real_value(json_object_get(ndcg, "mean")), .3, 1e-9);
    cr_assert_float_eq(json_real_value(json_object_get(ndcg, "high")), .35, 1e-9);
    cr_assert_eq(json_object_size(at), 10);
    json_decref(json);
    aisle_buf_deinit(&b);
}

static aisle_eval_report full_report(void)
{
    aisle_eval_report r = small_report();
    r.beyond = r.diversity = r.segments = true;
    r.at[0].novelty = (aisle_metric){10.5, 10.25, 10.75};
    r.at[0].gini = (aisle_metric){.9, .9, .9};
    r.at[1].diversity = (aisle_metric){.5, .5, .5};
    r.segment[AISLE_SEGMENT_NEW] = (aisle_eval_segment){.n_users = 2, .n_pairs = 7};
    r.segment[AISLE_SEGMENT_TAIL] = (aisle_eval_segment){.n_users = 1, .n_pairs = 3};
    r.segment[AISLE_SEGMENT_TAIL].at[1] = (aisle_eval_at){.k = 10, .recall = {.25, .2, .3}};
    return r;
}

Test(report, table_has_what_lies_beyond_accuracy_below_it_and_no_best_of_bias)
{
    aisle_eval_report r[4] = {full_report(), full_report(), full_report(), full_report()};
    const char *const names[] = {"als", "neighbours", "content", "popular"};
    aisle_buf b = {0};
    r[1].at[0].novelty = (aisle_metric){9, 8, 10};
    r[1].at[0].gini = (aisle_metric){.5, .5, .5};
    cr_assert_eq(aisle_eval_table_text(r, names, 2, &b, NULL), AISLE_OK);
    const char *auc = strstr(b.data, "\nauc "), *novelty = strstr(b.data, "\nnovelty@5 ");
    cr_assert(auc && novelty && auc < novelty, "%s", b.data);
    cr_assert(strstr(novelty, "\nnovelty@5                10.5000*            9.0000\n"
                              "                10.2500..10.7500    8.0000..10.0000\n"),
              "%s", novelty);
    cr_assert(strstr(novelty, "\ngini@5                    0.9000             0.5000\n"), "%s", novelty);
    b.len = 0;
    r[0].auc = r[3].auc = (aisle_metric){.5, .4, .6};
    cr_assert_eq(aisle_eval_table_text(r, names, 4, &b, NULL), AISLE_OK);
    for (const char *at = b.data, *end; *at; at = end + 1) {
        end = strchr(at, '\n');
        cr_assert_leq(end - at, 90, "%s", at);
    }
    aisle_buf_deinit(&b);
}

Test(report, segments_table_names_those_that_have_users)
{
    aisle_eval_report r[2] = {full_report(), small_report()};
    const char *const names[] = {"als", "popular"};
    aisle_buf b = {0};
    cr_assert_eq(aisle_eval_segments_text(r, names, 2, &b, NULL), AISLE_OK);
    cr_assert(strstr(b.data, "\nnew users: 2 users, 7 test pairs\nrecall@5 "), "%s", b.data);
    cr_assert(strstr(b.data, "\ntail items: 1 users, 3 test pairs\n"), "%s", b.data);
    cr_assert(strstr(b.data, "\nrecall@10                 0.2500*            0.0000\n"
                             "                  0.2000..0.3000     0.0000..0.0000\n"),
              "%s", b.data);
    cr_assert(!strstr(b.data, "heavy") && !strstr(b.data, "cold"), "%s", b.data);
    b.len = 0;
    cr_assert_eq(aisle_eval_segments_text(r + 1, names, 1, &b, NULL), AISLE_OK);
    cr_assert_eq(b.len, 0);
    aisle_buf_deinit(&b);
}

static double number(const json_t *json, const char *key, const char *field)
{
    const json_t *value = json_object_get(json, key);
    return json_number_value(field ? json_object_get(value, field) : value);
}

Test(report, json_holds_everything_that_was_asked_for)
{
    aisle_eval_report r = full_report();
    aisle_buf b = {0};
    cr_assert_eq(aisle_eval_report_json(&r, &b, NULL), AISLE_OK);
    json_t *json = json_loads(b.data, 0, NULL), *at = json_array_get(json_object_get(json, "at"), 0);
    cr_assert_eq(json_object_size(at), 14);
    cr_assert_eq(number(at, "novelty", "high"), 10.75);
    json_t *segments = json_object_get(json, "segments"), *tail = json_array_get(segments, 1);
    cr_assert_eq(json_array_size(segments), 2);
    cr_assert_str_eq(json_string_value(json_object_get(tail, "name")), "tail items");
    cr_assert_eq(number(tail, "pairs", NULL), 3);
    at = json_array_get(json_object_get(tail, "at"), 1);
    cr_assert_eq(number(at, "recall", "mean"), .25);
    cr_assert_eq(json_object_size(at), 9);
    json_decref(json);
    aisle_buf_deinit(&b);
}

Test(report, json_of_stars_and_comparisons_names_every_field)
{
    aisle_stars_report s = {3, 40, {.875, .8, .9}, {.5, .25, .75}, 1};
    aisle_comparison c = {9, .5, .25, .25, .125, .375, .03125, .0625, .75, .125};
    aisle_buf b = {0};
    cr_assert_eq(aisle_stars_report_json(&s, &b, NULL), AISLE_OK);
    json_t *json = json_loads(b.data, 0, NULL);
    cr_assert(number(json, "users", NULL) == 3 && number(json, "pairs", NULL) == 40);
    cr_assert(number(json, "rmse", "mean") == .875 && number(json, "mae", "high") == .75);
    json_decref(json);
    b.len = 0;
    cr_assert_eq(aisle_comparison_json(&c, &b, NULL), AISLE_OK);
    json = json_loads(b.data, 0, NULL);
    cr_assert(number(json, "users", NULL) == 9 && number(json, "mean_b", NULL) == .25);
    cr_assert(number(json, "difference", "low") == .125 && number(json, "difference", "mean") == .25);
    cr_assert(number(json, "p_bootstrap", NULL) == .03125 && number(json, "p_wilcoxon", NULL) == .0625);
    cr_assert(number(json, "a_higher", NULL) == .75 && number(json, "b_higher", NULL) == .125);
    json_decref(json);
    aisle_buf_deinit(&b);
}
