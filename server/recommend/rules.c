/* Which rules hold for a question. */
#include "server/recommend/rules.h"

#include "server/recommend/pin.h"

/* "Home > Garden" is at or below "Home", "Homewares" is not. */
static bool is_below(aisle_str path, aisle_str node)
{
    if (path.len < node.len || memcmp(path.ptr, node.ptr, node.len) != 0) return false;
    return path.len == node.len || (path.len >= node.len + 3 && memcmp(path.ptr + node.len, " > ", 3) == 0);
}

/* The one category that the filter asks for, at its top. */
static aisle_str category_of(const aisle_filter *f)
{
    if (f->where && f->where->kind == AISLE_WHERE_ALL)
        for (const aisle_where *w = f->where->child; w; w = w->next)
            if (w->kind == AISLE_WHERE_CATEGORY && w->n_values == 1) return w->values[0];
    return (aisle_str){NULL, 0};
}

static bool holds(const aisle_rule *rule, const aisle_rules_place *at, aisle_str category)
{
    bool here = rule->n_scenarios == 0;
    for (int32_t i = 0; i < rule->n_scenarios && at->scenario.ptr; i++)
        here = here || aisle_str_eq(rule->scenarios[i], at->scenario);
    if (!here || at->now_ms < rule->from_ms || at->now_ms >= rule->until_ms) return false;
    return !rule->category.ptr || (category.ptr && is_below(category, rule->category));
}

/* Room for all rules of each kind beside what is there. */
typedef struct gathered {
    aisle_filter *hides;
    struct aisle_ask_boost *boosts;
    struct aisle_pin *pins;
    int32_t n_hides, n_boosts, n_pins;
} gathered;

static bool make_room(gathered *g, const aisle_wishes *w, int32_t n, aisle_arena *a)
{
    g->hides = aisle_arena_calloc(a, (size_t)n, sizeof *g->hides);
    g->boosts = aisle_arena_calloc(a, (size_t)(n + w->n_boosts), sizeof *g->boosts);
    g->pins = aisle_arena_calloc(a, (size_t)(n + w->n_pins), sizeof *g->pins);
    if (!g->hides || !g->boosts || !g->pins) return false;
    for (; g->n_boosts < w->n_boosts; g->n_boosts++) g->boosts[g->n_boosts] = w->boosts[g->n_boosts];
    for (; g->n_pins < w->n_pins; g->n_pins++) g->pins[g->n_pins] = w->pins[g->n_pins];
    return true;
}

static void take(gathered *g, const aisle_rule *rule)
{
    switch (rule->kind) {
    case AISLE_RULE_HIDE: g->hides[g->n_hides++] = rule->filter; return;
    case AISLE_RULE_BOOST:
        g->boosts[g->n_boosts++] = (struct aisle_ask_boost){rule->filter, rule->by};
        return;
    case AISLE_RULE_PIN: g->pins[g->n_pins++] = (struct aisle_pin){rule->product, rule->position}; return;
    }
}

static aisle_status wish(const aisle_rules *rules, const aisle_rules_place *at, aisle_arena *a,
                         aisle_filter *filter, aisle_wishes *wishes, aisle_error *err)
{
    const aisle_str category = at->category.ptr ? at->category : category_of(filter);
    gathered g = {0};
    bool ok = make_room(&g, wishes, rules->n, a);
    for (int32_t i = 0; i < rules->n && ok; i++)
        if (holds(&rules->rule[i], at, category)) take(&g, &rules->rule[i]);
    if (ok && g.n_hides) ok = aisle_filter_without(filter, g.hides, g.n_hides, a, filter);
    if (!ok) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the rules");
    wishes->boosts = g.boosts;
    wishes->n_boosts = g.n_boosts;
    wishes->pins = g.pins;
    wishes->n_pins = g.n_pins;
    return AISLE_OK;
}

aisle_status aisle_rules_wish(aisle_set_keeper *k, const aisle_rules_place *at, aisle_arena *a,
                              aisle_filter *filter, aisle_wishes *wishes, aisle_error *err)
{
    const aisle_set *set;
    AISLE_TRY(aisle_set_keeper_get(k, a, &set, err));
    const aisle_rules *rules = (const aisle_rules *)set;
    return rules->n ? wish(rules, at, a, filter, wishes, err) : AISLE_OK;
}
