/* A scenario by its name. */
#include "server/recommend/scenario.h"

#include "server/store/view_kept.h"

unsigned aisle_ask_left_out(const aisle_ask *ask)
{
    const aisle_scenario *s = ask->scenario;
    return ask->leave_out | (s && s->exclude_bought ? (unsigned)AISLE_KEPT_BOUGHT : 0) |
           (s && s->exclude_cart ? (unsigned)AISLE_KEPT_CART : 0);
}

static const aisle_scenario *find(const aisle_set *set, aisle_str name)
{
    const aisle_scenarios *s = (const aisle_scenarios *)set;
    for (int32_t i = 0; i < s->n; i++)
        if (aisle_str_eq(s->at[i].name, name)) return &s->at[i];
    return NULL;
}

aisle_status aisle_scenarios_get(aisle_set_keeper *k, aisle_str name, aisle_arena *a,
                                 const aisle_scenario **out, aisle_error *err)
{
    const aisle_set *set;
    *out = NULL;
    AISLE_TRY(aisle_set_keeper_get(k, a, &set, err));
    *out = find(set, name);
    if (!*out) *out = find(aisle_set_keeper_built_in(k), name);
    return AISLE_OK;
}
