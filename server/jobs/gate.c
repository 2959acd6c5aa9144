/* Reads what a training has measured. */
#include "server/jobs/gate.h"

#include <jansson.h>

#include "server/jobs/beside.h"

const char *aisle_gate_report(aisle_registry *r, int64_t version, aisle_arena *a)
{
    return aisle_beside_read(r, version, ".report", a);
}

static double number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void compare(const json_t *report, double tolerance, aisle_verdict *out)
{
    const json_t *against = json_object_get(report, "against");
    const json_t *difference = json_object_get(against, "difference");
    double value = number(report, "value"), theirs = number(against, "value");
    long long people = json_integer_value(json_object_get(report, "people"));
    if (!json_is_object(against)) {
        snprintf(out->why, sizeof out->why, "no version that served had left the same people out");
        return;
    }
    snprintf(out->why, sizeof out->why,
             "ndcg@10 of %lld people held out: %.4f, and %.4f of version %lld, which served; difference %.4f "
             "to %.4f",
             people, value, theirs, (long long)json_integer_value(json_object_get(against, "version")),
             number(difference, "low"), number(difference, "high"));
    out->worse =
        people >= AISLE_GATE_PEOPLE && value < theirs * (1 - tolerance) && number(difference, "high") < 0;
}

void aisle_gate_judge(aisle_registry *r, int64_t version, double tolerance, aisle_verdict *out)
{
    aisle_arena arena = {0};
    const char *text = aisle_gate_report(r, version, &arena);
    json_t *report = text ? json_loads(text, 0, NULL) : NULL;
    *out = (aisle_verdict){.worse = false};
    if (report)
        compare(report, tolerance, out);
    else
        snprintf(out->why, sizeof out->why, "its training has left nobody out");
    json_decref(report);
    aisle_arena_deinit(&arena);
}
