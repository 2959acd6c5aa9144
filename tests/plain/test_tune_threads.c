/* A search whose trials are fitted at once, on one part, each on a device of its own: the same as one after the other. */
#include <stdio.h>

#include "aisle/fit.h"
#include "aisle/tune.h"

enum { USERS = 60, ITEMS = 30, JOBS = 4 };

typedef struct bench {
    const aisle_part *part;
    const aisle_csr *held;
    aisle_trainer trainer[JOBS];
} bench;

static aisle_status look(void *ctx, int32_t job, const aisle_train_params *p, double share, const int *cancel,
                         double *value, aisle_error *err)
{
    bench *b = ctx;
    aisle_train_params params = *p;
    aisle_progress quiet = {.cancel = cancel};
    aisle_trainer trainer = b->trainer[job];
    aisle_eval_source source;
    aisle_eval_report report;
    aisle_eval_params eval = {.cuts = {5}, .n_cuts = 1, .threads = 1, .progress = &quiet};
    trainer.progress = &quiet;
    params.iterations = 1 + (int32_t)(4 * share);
    aisle_fit_input in = {b->part, &params, &trainer};
    AISLE_TRY(aisle_fit_kind_find(AISLE_STR("als"))->fit(&in, &source, err));
    aisle_status st = aisle_evaluate(&source, aisle_part_pairs(b->part), b->held, &eval, &report, err);
    aisle_eval_source_free(&source);
    *value = report.at[0].ndcg.mean;
    return st;
}

static aisle_dataset *shop(void)
{
    aisle_dataset *d = aisle_dataset_new();
    aisle_sink sink = aisle_dataset_sink(d);
    for (int32_t u = 0; u < USERS; u++)
        for (int32_t n = 0; n < 6; n++) {
            char user[16], item[16];
            snprintf(user, sizeof user, "u%d", u);
            snprintf(item, sizeof item, "i%d", (u % 5 * 6 + n * (1 + u % 3)) % ITEMS);
            aisle_event e = {.user = aisle_str_from(user),
                             .item = aisle_str_from(item),
                             .type = AISLE_EVENT_PURCHASE,
                             .value = 1,
                             .price_minor = -1};
            if (sink.event(sink.ctx, &e, NULL) != AISLE_OK) return NULL;
        }
    return d;
}

static bool run(const bench *b, int32_t jobs, aisle_tuned *out)
{
    aisle_tune_range range[2];
    aisle_train_params start = aisle_train_params_default();
    aisle_error err = {0};
    start.factors = 8;
    bool ok = aisle_tune_range_parse(AISLE_STR("factors=2..16"), &range[0], &err) == AISLE_OK &&
              aisle_tune_range_parse(AISLE_STR("regularization"), &range[1], &err) == AISLE_OK;
    aisle_tune_params p = {
        .start = &start, .ranges = range, .n_ranges = 2, .trials = 24, .rungs = 3, .seed = 5, .jobs = jobs};
    ok = ok && aisle_tune(&p, look, (void *)b, out, &err) == AISLE_OK;
    if (!ok) fprintf(stderr, "failed: %s\n", err.message);
    return ok;
}

int main(void)
{
    bench b = {0};
    aisle_part *whole = NULL, *rest = NULL;
    aisle_csr held = {0};
    aisle_tuned one, many;
    aisle_weights w = aisle_weights_default();
    aisle_dataset *d = shop();
    aisle_split_params split = {.fraction = .3, .seed = 1};
    const aisle_backend_ops *ops;
    aisle_device_params device = {.threads = 1};
    if (!d || aisle_part_new(d, NULL, &w, 1, &whole, NULL) != AISLE_OK ||
        aisle_part_hold_out(whole, &split, &rest, &held, NULL) != AISLE_OK ||
        aisle_backend_find("cpu", NULL, &ops, NULL, 0, NULL) != AISLE_OK)
        return 1;
    for (int32_t j = 0; j < JOBS; j++) {
        b.trainer[j] = (aisle_trainer){.ops = ops, .threads = 1};
        if (ops->open(&device, &b.trainer[j].device, NULL) != AISLE_OK) return 1;
    }
    b.part = rest;
    b.held = &held;
    if (!run(&b, 1, &one) || !run(&b, JOBS, &many)) return 1;
    bool same =
        one.look.trial == many.look.trial && one.look.value == many.look.value && one.n_looks == many.n_looks;
    if (!same) fprintf(stderr, "failed: %d jobs found something else than one\n", JOBS);
    for (int32_t j = 0; j < JOBS; j++) ops->close(b.trainer[j].device);
    aisle_tuned_deinit(&one);
    aisle_tuned_deinit(&many);
    aisle_csr_deinit(&held);
    aisle_part_free(rest);
    aisle_part_free(whole);
    aisle_dataset_free(d);
    return same ? 0 : 1;
}
