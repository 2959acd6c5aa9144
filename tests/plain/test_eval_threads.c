/* An evaluation with all that can be asked of it, one of stars and a comparison: four threads as one. */
#include <stdio.h>
#include <string.h>

#include "aisle/eval.h"
#include "aisle/rng.h"

enum { USERS = 400, ITEMS = 60, FOUR = 4 };

/* Any score will do that depends on user and item alone. */
static aisle_status scores(void *ctx, int32_t thread, const int32_t *users, int32_t n, float *out,
                           aisle_error *err)
{
    (void)ctx, (void)thread, (void)err;
    for (int32_t r = 0; r < n; r++)
        for (int32_t i = 0; i < ITEMS; i++)
            out[(int64_t)r * ITEMS + i] = (float)(aisle_mix64((uint64_t)(users[r] * ITEMS + i)) % 50);
    return AISLE_OK;
}

static bool draw(aisle_csr *train, aisle_csr *test)
{
    static int32_t row[2][USERS * ITEMS], col[2][USERS * ITEMS];
    int64_t n[2] = {0};
    for (int32_t u = 0; u < USERS; u++)
        for (int32_t i = 0; i < ITEMS; i++) {
            uint64_t x = aisle_mix64((uint64_t)(u * ITEMS + i) + 77) % 10;
            if (x < 2) row[x][n[x]] = u, col[x][n[x]++] = i;
        }
    return aisle_csr_from_coo(USERS, ITEMS, n[0], row[0], col[0], NULL, train, NULL) == AISLE_OK &&
           aisle_csr_from_coo(USERS, ITEMS, n[1], row[1], col[1], NULL, test, NULL) == AISLE_OK;
}

typedef struct answers {
    aisle_eval_report report;
    aisle_stars_report stars;
    aisle_comparison comparison;
    double ndcg[USERS], recall[USERS];
} answers;

static bool ask(const aisle_csr *train, const aisle_csr *test, const aisle_csr *vectors, int32_t threads,
                answers *out)
{
    aisle_eval_source source = {NULL, scores, NULL};
    aisle_eval_values values[] = {{AISLE_METRIC_NDCG, 5, out->ndcg}, {AISLE_METRIC_RECALL, 5, out->recall}};
    aisle_eval_params p = {.cuts = {5, 20},
                           .n_cuts = 2,
                           .threads = threads,
                           .bootstrap = 50,
                           .values = values,
                           .n_values = 2,
                           .beyond = true,
                           .item_vectors = vectors,
                           .segments = true};
    aisle_eval_stars_params s = {.threads = threads, .bootstrap = 50};
    aisle_compare_params c = {.threads = threads, .bootstrap = 50};
    aisle_error err = {0};
    bool ok = aisle_evaluate(&source, train, test, &p, &out->report, &err) == AISLE_OK &&
              aisle_evaluate_stars(&source, train, test, &s, &out->stars, &err) == AISLE_OK &&
              aisle_compare(out->ndcg, out->recall, USERS, &c, &out->comparison, &err) == AISLE_OK;
    if (!ok) printf("%s\n", err.message);
    out->report.seconds = out->stars.seconds = 0;
    return ok;
}

/* As text: structs have padding. */
static bool same(const answers *a, const answers *b)
{
    aisle_buf text[2] = {{0}};
    const answers *of[2] = {a, b};
    bool ok = true;
    for (int32_t t = 0; t < 2; t++)
        ok = ok && aisle_eval_report_json(&of[t]->report, &text[t], NULL) == AISLE_OK &&
             aisle_stars_report_json(&of[t]->stars, &text[t], NULL) == AISLE_OK &&
             aisle_comparison_json(&of[t]->comparison, &text[t], NULL) == AISLE_OK;
    ok = ok && text[0].len == text[1].len && memcmp(text[0].data, text[1].data, (size_t)text[0].len) == 0;
    aisle_buf_deinit(&text[0]);
    aisle_buf_deinit(&text[1]);
    return ok;
}

int main(void)
{
    static answers one, four;
    aisle_csr train = {0}, test = {0}, vectors = {0};
    bool ok = draw(&train, &test) && aisle_csr_transpose(&train, &vectors, NULL) == AISLE_OK &&
              ask(&train, &test, &vectors, 1, &one) && ask(&train, &test, &vectors, FOUR, &four) &&
              same(&one, &four);
    aisle_csr_deinit(&train);
    aisle_csr_deinit(&test);
    aisle_csr_deinit(&vectors);
    printf(ok ? "the same\n" : "not the same\n");
    return !ok;
}
