/* Two models, the same people, one difference a person. */
#include "server/cli/held_report.h"

#include <jansson.h>
#include <math.h>

#include "aisle/memory.h"
#include "server/jobs/beside.h"
#include "server/jobs/gate.h"

static double mean_of(const double *values, int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += values[i];
    return n ? sum / n : 0;
}

/* Mean of the differences with 1.96 standard errors. */
static json_t *difference(const double *ours, const double *theirs, int32_t n)
{
    double mean = mean_of(ours, n) - mean_of(theirs, n), squares = 0;
    for (int32_t i = 0; i < n; i++) squares += (ours[i] - theirs[i] - mean) * (ours[i] - theirs[i] - mean);
    double half = n > 1 ? 1.96 * sqrt(squares / (n - 1) / n) : 1;
    return json_pack("{s:f, s:f, s:f}", "value", mean, "low", mean - half, "high", mean + half);
}

/* The share that the serving version's training has left out; 0 = nobody. */
static int64_t one_in_of(aisle_registry *registry, int64_t version)
{
    aisle_arena arena = {0};
    const char *text = aisle_gate_report(registry, version, &arena);
    json_t *report = text ? json_loads(text, 0, NULL) : NULL;
    int64_t one_in = json_integer_value(json_object_get(report, "one_in"));
    json_decref(report);
    aisle_arena_deinit(&arena);
    return one_in;
}

static aisle_status compare(const aisle_held *h, aisle_registry *registry, const double *ours, double *theirs,
                            json_t **out, aisle_error *err)
{
    int64_t version = 0;
    int32_t n = aisle_held_count(h);
    aisle_model *m = aisle_registry_current(registry, &version);
    *out = json_null();
    aisle_status st = AISLE_OK;
    if (m && one_in_of(registry, version) == aisle_held_one_in(h)) {
        st = aisle_held_measure(h, m, theirs, err);
        if (st == AISLE_OK)
            *out = json_pack("{s:I, s:f, s:o}", "version", (json_int_t)version, "value", mean_of(theirs, n),
                             "difference", difference(ours, theirs, n));
    }
    aisle_model_unref(m);
    return st;
}

static aisle_status report_on(const aisle_held *h, aisle_registry *registry, int64_t version,
                              const aisle_model *m, aisle_error *err)
{
    json_t *against = NULL;
    int32_t n = aisle_held_count(h);
    double *values = aisle_calloc(2 * (size_t)n + 1, sizeof *values);
    if (!values) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the report");
    aisle_status st = aisle_held_measure(h, m, values, err);
    if (st == AISLE_OK) st = compare(h, registry, values, values + n, &against, err);
    json_t *report = st == AISLE_OK
                         ? json_pack("{s:s, s:i, s:i, s:f, s:o}", "metric", "ndcg@10", "people", n, "one_in",
                                     aisle_held_one_in(h), "value", mean_of(values, n), "against", against)
                         : NULL;
    if (st == AISLE_OK) st = aisle_beside_write(registry, version, ".report", report, err);
    json_decref(report);
    aisle_free(values);
    return st;
}

aisle_status aisle_held_report(const aisle_held *h, aisle_registry *registry, int64_t version,
                               const char *path, aisle_error *err)
{
    aisle_model *m = NULL;
    AISLE_TRY(aisle_model_open(path, &m, err));
    aisle_status st = report_on(h, registry, version, m, err);
    aisle_model_unref(m);
    return st;
}
