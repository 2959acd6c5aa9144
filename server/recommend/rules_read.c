/* A set of rules from JSON. */
#include <jansson.h>

#include "server/recommend/boost.h"
#include "server/recommend/rules.h"

static aisle_status read_scenarios(const aisle_reading *r, const aisle_member *m, aisle_rule *rule)
{
    if (!m->v) return AISLE_OK;
    AISLE_TRY(aisle_member_array(r, m, 1, 20, "names"));
    const size_t n = json_array_size(m->v);
    aisle_str *names = aisle_arena_calloc(r->arena, n, sizeof *names);
    if (!names) return AISLE_ENOMEM;
    rule->scenarios = names;
    rule->n_scenarios = (int32_t)n;
    for (size_t i = 0; i < n; i++) {
        const aisle_member one = aisle_member_at(m, i);
        AISLE_TRY(aisle_member_text(r, &one, 64, &names[i]));
    }
    return AISLE_OK;
}

/* ---- what a rule does ---- */

static aisle_status read_pin(const aisle_reading *r, const aisle_member *m, aisle_rule *rule)
{
    static const char *const known[] = {"product", "position", NULL};
    const aisle_member product = aisle_member_of(m, "product"), position = aisle_member_of(m, "position");
    rule->kind = AISLE_RULE_PIN;
    AISLE_TRY(aisle_member_object(r, m, known));
    AISLE_TRY(aisle_member_required(r, &product));
    AISLE_TRY(aisle_member_required(r, &position));
    AISLE_TRY(aisle_member_text(r, &product, 255, &rule->product));
    return aisle_member_int(r, &position, 1, AISLE_ASK_LIMIT, &rule->position);
}

static aisle_status read_boost(const aisle_reading *r, const aisle_member *m, aisle_rule *rule)
{
    static const char *const known[] = {"filter", "by", NULL};
    const aisle_member by = aisle_member_of(m, "by"), filter = aisle_member_of(m, "filter");
    rule->kind = AISLE_RULE_BOOST;
    AISLE_TRY(aisle_member_object(r, m, known));
    AISLE_TRY(aisle_member_required(r, &by));
    AISLE_TRY(aisle_member_required(r, &filter));
    AISLE_TRY(aisle_member_number(r, &by, AISLE_BOOST_LEAST, AISLE_BOOST_MOST, &rule->by));
    return aisle_member_filter(r, &filter, &rule->filter);
}

static aisle_status read_effect(const aisle_reading *r, const aisle_member *m, aisle_rule *rule)
{
    const aisle_member pin = aisle_member_of(m, "pin"), hide = aisle_member_of(m, "hide"),
                       boost = aisle_member_of(m, "boost");
    if ((pin.v != NULL) + (hide.v != NULL) + (boost.v != NULL) != 1)
        return aisle_member_refuse(r, m, "required", "one of pin, hide and boost wanted");
    if (pin.v) return read_pin(r, &pin, rule);
    if (boost.v) return read_boost(r, &boost, rule);
    rule->kind = AISLE_RULE_HIDE;
    return aisle_member_filter(r, &hide, &rule->filter);
}

static aisle_status read_rule(const aisle_reading *r, const aisle_member *m, aisle_rule *rule)
{
    static const char *const known[] = {"name", "from", "until", "scenarios", "category",
                                        "pin",  "hide", "boost", NULL};
    const aisle_member name = aisle_member_of(m, "name"), until = aisle_member_of(m, "until"),
                       from = aisle_member_of(m, "from"), category = aisle_member_of(m, "category"),
                       scenarios = aisle_member_of(m, "scenarios");
    *rule = (aisle_rule){.from_ms = INT64_MIN, .until_ms = INT64_MAX};
    AISLE_TRY(aisle_member_object(r, m, known));
    AISLE_TRY(aisle_member_required(r, &name));
    AISLE_TRY(aisle_member_text(r, &name, 100, &rule->name));
    AISLE_TRY(aisle_member_text(r, &category, 1024, &rule->category));
    AISLE_TRY(aisle_member_time(r, &from, &rule->from_ms));
    AISLE_TRY(aisle_member_time(r, &until, &rule->until_ms));
    AISLE_TRY(read_scenarios(r, &scenarios, rule));
    AISLE_TRY(read_effect(r, m, rule));
    if (rule->until_ms <= rule->from_ms)
        return aisle_member_refuse(r, &until, "out_of_range", "a time after that of from wanted");
    return AISLE_OK;
}

/* What the rules before it leave to a rule. */
static aisle_status check_beside(const aisle_rules *set, const aisle_member *m, const aisle_reading *r)
{
    const aisle_rule *rule = &set->rule[set->n];
    int32_t n_boosts = 0;
    for (int32_t i = 0; i < set->n; i++) {
        const aisle_member name = aisle_member_of(m, "name");
        if (aisle_str_eq(set->rule[i].name, rule->name))
            return aisle_member_refuse(r, &name, "conflict", "another rule has this name");
        n_boosts += set->rule[i].kind == AISLE_RULE_BOOST;
    }
    if (rule->kind != AISLE_RULE_BOOST || n_boosts < AISLE_RULE_BOOSTS) return AISLE_OK;
    const aisle_member boost = aisle_member_of(m, "boost");
    return aisle_member_refuse(r, &boost, "too_many", "at most %d rules of a set may boost",
                               AISLE_RULE_BOOSTS);
}

static aisle_status read_all(aisle_set *base, const aisle_member *list, const aisle_reading *r)
{
    aisle_rules *set = (aisle_rules *)base;
    AISLE_TRY(aisle_member_array(r, list, 0, AISLE_RULES, "rules"));
    const size_t n = json_array_size(list->v);
    set->rule = aisle_arena_calloc(r->arena, n + 1, sizeof *set->rule);
    if (!set->rule) return AISLE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const aisle_member one = aisle_member_at(list, i);
        AISLE_TRY(read_rule(r, &one, &set->rule[i]));
        AISLE_TRY(check_beside(set, &one, r));
        set->n++;
    }
    return AISLE_OK;
}

const aisle_set_kind aisle_rules_kind = {.bytes = sizeof(aisle_rules), .read = read_all};
