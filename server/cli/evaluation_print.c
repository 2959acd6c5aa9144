/* The table and the JSON line of `aisle evaluate`. Layout of the numbers is cpu/eval's. */
#include "server/cli/evaluation_print.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

const char *const aisle_evaluated_names[AISLE_EVALUATED_MODELS] = {"als", "neighbours", "content", "popular"};

static json_t *models_json(const aisle_evaluated *r, aisle_error *err)
{
    json_t *models = json_object();
    for (int32_t m = 0; models && m < AISLE_EVALUATED_MODELS; m++) {
        aisle_buf b = {0};
        if (!r->have[m]) continue;
        bool ok = aisle_eval_report_json(&r->report[m], &b, err) == AISLE_OK &&
                  json_object_set_new(models, aisle_evaluated_names[m], json_loads(b.data, 0, NULL)) == 0;
        aisle_buf_deinit(&b);
        if (!ok) json_decref(models), models = NULL;
    }
    return models;
}

static aisle_status print_json(const aisle_evaluation *e, const aisle_evaluated *r, aisle_error *err)
{
    const char *split = e->test ? "file" : e->split ? e->split : "random";
    json_t *line =
        json_pack("{s:s, s:s, s:f, s:I, s:f, s:o}", "event", "done", "split", split, "fraction", e->fraction,
                  "seed", (json_int_t)e->params.seed, "seconds", r->seconds, "models", models_json(r, err));
    if (!line) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the report");
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(line);
    return AISLE_OK;
}

static void print_heading(const aisle_evaluation *e, const aisle_evaluated *r, int32_t n_users)
{
    if (e->test)
        printf("test file %s", e->test);
    else if (e->split && strcmp(e->split, "leave-last") == 0)
        printf("split leave-last, the newest of each user held out");
    else
        printf("split %s, %g %% held out", e->split ? e->split : "random", 100 * e->fraction);
    printf(": %" PRId32 " users evaluated on %" PRId32 " items, seed %" PRId64 ", %.1f s\n", n_users,
           r->n_items, (int64_t)e->params.seed, r->seconds);
    if (e->params.bootstrap > 0)
        printf("second lines: 95 %% intervals of %d resamples of the users\n", e->params.bootstrap);
    putchar('\n');
}

static aisle_status print_table(const aisle_evaluation *e, const aisle_evaluated *r, aisle_error *err)
{
    aisle_buf b = {0};
    aisle_eval_report reports[AISLE_EVALUATED_MODELS];
    const char *names[AISLE_EVALUATED_MODELS];
    int32_t n = 0;
    for (int32_t m = 0; m < AISLE_EVALUATED_MODELS; m++) {
        if (r->wanted[m] && !r->have[m])
            fprintf(stderr, "aisle %s: no %s model here\n", e->command, aisle_evaluated_names[m]);
        if (!r->have[m]) continue;
        reports[n] = r->report[m];
        names[n++] = aisle_evaluated_names[m];
    }
    aisle_status st = aisle_eval_table_text(reports, names, n, &b, err);
    if (st == AISLE_OK) {
        print_heading(e, r, reports->n_users);
        fputs(b.data, stdout);
    }
    aisle_buf_deinit(&b);
    return st;
}

aisle_status aisle_evaluation_print(const aisle_evaluation *e, const aisle_evaluated *r, aisle_error *err)
{
    return e->options->json ? print_json(e, r, err) : print_table(e, r, err);
}
