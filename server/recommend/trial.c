/* The assignment, and what of the variant goes into the question. */
#include "server/recommend/trial.h"

#include <string.h>

const char *const aisle_trial_strategies[] = {"personal", "session", "popular", NULL};

static void set_sight(aisle_trial *t, aisle_str strategy)
{
    t->changed = *t->ask;
    t->ask = &t->changed;
    for (int i = 0; aisle_trial_strategies[i]; i++)
        if (aisle_str_eq(strategy, aisle_str_from(aisle_trial_strategies[i])))
            t->changed.sight = (aisle_ask_sight)i;
}

static bool copy(aisle_arena *a, aisle_str from, aisle_str *to)
{
    *to = (aisle_str){aisle_arena_strndup(a, from.ptr, from.len), from.len};
    return to->ptr != NULL;
}

static aisle_status take(aisle_trial *t, aisle_shelf_rack *rack, const aisle_experiment *e,
                         const aisle_variant *v, aisle_error *err)
{
    if (v->model && v->model != t->w.shelf->model_version) {
        t->shelf = aisle_shelf_rack_get(rack, v->model);
        if (!t->shelf) return AISLE_OK;
        t->w.shelf = t->shelf;
    }
    if (v->strategy.len) set_sight(t, v->strategy);
    if (copy(t->w.arena, e->name, &t->experiment) && copy(t->w.arena, v->name, &t->variant)) return AISLE_OK;
    aisle_trial_end(t);
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the recommendations");
}

aisle_status aisle_trial_begin(aisle_experiment_keeper *k, aisle_shelf_rack *rack, const aisle_answering *w,
                               const aisle_ask *ask, aisle_trial *out, aisle_error *err)
{
    const aisle_experiment *of = NULL;
    *out = (aisle_trial){.w = *w, .ask = ask};
    aisle_experiments *e = aisle_experiments_get(k);
    if (!e) return AISLE_OK;
    const aisle_variant *v = aisle_experiments_assign(e, ask->user.ptr ? ask->user : ask->session, &of);
    aisle_status st = v ? take(out, rack, of, v, err) : AISLE_OK;
    aisle_experiments_unref(e);
    return st;
}

void aisle_trial_end(aisle_trial *t)
{
    aisle_shelf_unref(t->shelf);
    t->shelf = NULL;
}
