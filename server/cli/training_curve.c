/* A list of iterations, and it as JSON. */
#include "server/cli/training_curve.h"

#include <math.h>

#include "aisle/memory.h"
#include "server/jobs/beside.h"

void aisle_training_curve_add(aisle_training_curve *c, const aisle_train_iteration *it)
{
    if (aisle_grow((void **)&c->at, &c->cap, c->n + 1, sizeof *c->at)) c->at[c->n++] = *it;
}

void aisle_training_curve_deinit(aisle_training_curve *c)
{
    aisle_free(c->at);
    *c = (aisle_training_curve){0};
}

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *phase_json(const aisle_training_curve *c, bool searching)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < c->n; i++)
        if (c->at[i].searching == searching)
            json_array_append_new(list, json_pack("{s:i, s:o, s:o}", "iteration", c->at[i].iteration, "loss",
                                                  number(c->at[i].loss), "ndcg", number(c->at[i].ndcg)));
    return list;
}

aisle_status aisle_training_curve_write(const aisle_training_curve *c, aisle_registry *r, int64_t version,
                                        aisle_error *err)
{
    if (c->n == 0) return AISLE_OK;
    json_t *json = json_pack("{s:o, s:o}", "search", phase_json(c, true), "train", phase_json(c, false));
    aisle_status st = aisle_beside_write(r, version, ".curve", json, err);
    json_decref(json);
    return st;
}
