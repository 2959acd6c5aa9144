/* The assignment, and what of the variant goes into the question. */
#include "server/recommend/trial.h"

#include <string.h>

const char *const aisle_trial_strategies[] = {"personal", "session", "popular", NULL};

static const unsigned heeded[AISLE_SURFACES] = {
    [AISLE_ON_RECOMMENDATIONS] =
        AISLE_SETS_MODEL | AISLE_SETS_STRATEGY | AISLE_SETS_SCENARIO | AISLE_SETS_DIVERSITY,
    [AISLE_ON_RELATED] = AISLE_SETS_MODEL | AISLE_SETS_DIVERSITY,
    [AISLE_ON_TRENDING] = AISLE_SETS_MODEL | AISLE_SETS_DIVERSITY,
    [AISLE_ON_RANK] = AISLE_SETS_MODEL | AISLE_SETS_STRATEGY,
};

unsigned aisle_trial_heeds(unsigned surfaces)
{
    unsigned all = 0;
    for (int s = 0; s < AISLE_SURFACES; s++)
        if (surfaces >> s & 1) all |= heeded[s];
    return all;
}

/* ---- which ---- */

/* to: room for what names may be long, and NUL. */
static void copy(aisle_str from, char *to, size_t room)
{
    const size_t n = from.len < room ? from.len : room - 1;
    if (n) memcpy(to, from.ptr, n);
    to[n] = 0;
}

static aisle_course course_of(const aisle_experiment *e, const aisle_variant *v, unsigned heeds)
{
    aisle_course c = {.sight = -1, .diversity = -1};
    copy(e->name, c.experiment, sizeof c.experiment);
    copy(v->name, c.variant, sizeof c.variant);
    if (heeds & AISLE_SETS_MODEL) c.model = v->model;
    if (heeds & AISLE_SETS_SCENARIO) copy(v->scenario, c.scenario, sizeof c.scenario);
    if (heeds & AISLE_SETS_DIVERSITY) c.diversity = v->diversity;
    for (int i = 0; heeds & AISLE_SETS_STRATEGY && aisle_trial_strategies[i]; i++)
        if (aisle_str_eq(v->strategy, aisle_str_from(aisle_trial_strategies[i]))) c.sight = i;
    return c;
}

/* False: who asks takes part in none. */
static bool find(const aisle_trying *with, const aisle_ask *ask, aisle_course *out)
{
    const aisle_experiment *of = NULL;
    aisle_experiments *e = aisle_experiments_get(with->experiments);
    if (!e) return false;
    const aisle_occasion at = {.surface = with->surface,
                               .scenario = ask->scenario ? ask->scenario->name : (aisle_str){NULL, 0},
                               .now_ms = aisle_time_now_ms()};
    const aisle_variant *v = aisle_experiments_assign(e, ask->user.ptr ? ask->user : ask->session, &at, &of);
    if (v) *out = course_of(of, v, heeded[with->surface]);
    aisle_experiments_unref(e);
    return v != NULL;
}

/* ---- and what it changes ---- */

/* 0 is said by a variant, but not by a question: there it leaves the choice to the scenario. So the scenario has it, too. */
static aisle_status set_diversity(const aisle_trying *with, double diversity, aisle_ask *ask,
                                  aisle_error *err)
{
    ask->wishes.diversity = diversity;
    if (!ask->scenario) return AISLE_OK;
    aisle_scenario *own = aisle_arena_calloc(with->arena, 1, sizeof *own);
    if (!own) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the recommendations");
    *own = *ask->scenario;
    own->diversity = diversity;
    ask->scenario = own;
    return AISLE_OK;
}

/* *there false: something that it names is not there. */
static aisle_status find_parts(const aisle_trying *with, const aisle_course *c, aisle_shelf **shelf,
                               const aisle_scenario **scenario, bool *there, aisle_error *err)
{
    *there = true;
    if (c->model && c->model != with->serving->model_version) {
        *shelf = aisle_shelf_rack_get(with->rack, c->model);
        *there = *shelf != NULL;
    }
    if (!*there || !c->scenario[0]) return AISLE_OK;
    AISLE_TRY(aisle_scenarios_get(with->scenarios, aisle_str_from(c->scenario), with->arena, scenario, err));
    *there = *scenario != NULL;
    return AISLE_OK;
}

aisle_status aisle_trial_begin(const aisle_trying *with, aisle_ask *ask, aisle_trial *out, aisle_error *err)
{
    aisle_trial t = {.shelf = NULL};
    const aisle_scenario *scenario = NULL;
    bool there = false;
    *out = t;
    if (ask->course)
        t.course = *ask->course;
    else if (!find(with, ask, &t.course))
        return AISLE_OK;
    if (!t.course.experiment[0]) return AISLE_OK;
    aisle_status st = find_parts(with, &t.course, &t.shelf, &scenario, &there, err);
    if (st == AISLE_OK && there) {
        if (scenario) ask->scenario = scenario;
        if (t.course.sight >= 0) ask->sight = (aisle_ask_sight)t.course.sight;
        if (t.course.diversity >= 0) st = set_diversity(with, t.course.diversity, ask, err);
    }
    if (st == AISLE_OK && there)
        *out = t;
    else
        aisle_trial_end(&t);
    return st;
}

void aisle_trial_end(aisle_trial *t)
{
    aisle_shelf_unref(t->shelf);
    t->shelf = NULL;
}
