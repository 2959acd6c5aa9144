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
