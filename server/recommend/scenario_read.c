/* A set of scenarios from JSON. */
#include <jansson.h>
#include <string.h>

#include "server/recommend/scenario.h"

const char *const aisle_source_names[] = {"personal", "similar", "complementary", "content", "trending",
                                          "popular",  "newest",  "viewed",        NULL};
static const char *const when_names[] = {"always", "known", "new", "items", NULL};

static aisle_status read_window(const aisle_reading *r, const aisle_member *m, aisle_step *out)
{
    aisle_str name = {0};
    if (!m->v) return AISLE_OK;
    if (out->source != AISLE_FROM_TRENDING)
        return aisle_member_refuse(r, m, "conflict", "a window is of the source trending alone");
    AISLE_TRY(aisle_member_text(r, m, 3, &name));
    const int32_t i = aisle_window_find(name);
    if (i < 0) return aisle_member_refuse(r, m, "unknown", "1h, 6h, 24h, 3d, 7d or 30d wanted");
    out->window = &aisle_windows[i];
    return AISLE_OK;
}

static aisle_status read_step(const aisle_reading *r, const aisle_member *m, aisle_step *out)
{
    static const char *const known[] = {"source", "share", "limit", "when", "window", "filter", NULL};
    const aisle_member source = aisle_member_of(m, "source"), share = aisle_member_of(m, "share"),
                       limit = aisle_member_of(m, "limit"), when = aisle_member_of(m, "when"),
                       window = aisle_member_of(m, "window"), filter = aisle_member_of(m, "filter");
    unsigned from = 0, at = 0;
    *out = (aisle_step){.share = 1, .limit = AISLE_ASK_LIMIT, .filter = {.key = AISLE_STR("")}};
    AISLE_TRY(aisle_member_object(r, m, known));
    AISLE_TRY(aisle_member_required(r, &source));
    AISLE_TRY(aisle_member_choice(r, &source, aisle_source_names, &from));
    AISLE_TRY(aisle_member_number(r, &share, 0, 1, &out->share));
    if (!(out->share > 0)) return aisle_member_refuse(r, &share, "out_of_range", "above 0, at most 1 wanted");
    AISLE_TRY(aisle_member_int(r, &limit, 1, AISLE_ASK_LIMIT, &out->limit));
    AISLE_TRY(aisle_member_choice(r, &when, when_names, &at));
    out->source = (aisle_step_source)from;
    out->when = (aisle_step_when)at;
    AISLE_TRY(read_window(r, &window, out));
    return aisle_member_filter(r, &filter, &out->filter);
}

static aisle_status read_name(const aisle_scenarios *set, const aisle_member *m, const aisle_reading *r,
                              aisle_str *out)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    AISLE_TRY(aisle_member_required(r, m));
    AISLE_TRY(aisle_member_text(r, m, AISLE_SCENARIO_NAME, out));
    if (strspn(out->ptr, allowed) != out->len)
        return aisle_member_refuse(r, m, "out_of_range", "a-z, 0-9, _ and - wanted");
    for (int32_t i = 0; i < set->n; i++)
        if (aisle_str_eq(set->at[i].name, *out))
            return aisle_member_refuse(r, m, "conflict", "another scenario has this name");
    return AISLE_OK;
}

static aisle_status read_steps(const aisle_reading *r, const aisle_member *m, aisle_scenario *s)
{
    AISLE_TRY(aisle_member_array(r, m, 1, AISLE_STEPS, "steps"));
    const size_t n = json_array_size(m->v);
    for (size_t i = 0; i < n; i++) {
        const aisle_member one = aisle_member_at(m, i);
        AISLE_TRY(read_step(r, &one, &s->step[i]));
    }
    s->n_steps = (int32_t)n;
    return AISLE_OK;
}

static aisle_status read_scenario(const aisle_scenarios *set, const aisle_member *m, const aisle_reading *r,
                                  aisle_scenario *s)
{
    static const char *const known[] = {"name", "steps", "exclude_bought", "exclude_cart", "diversity", NULL};
    const aisle_member name = aisle_member_of(m, "name"), steps = aisle_member_of(m, "steps"),
                       bought = aisle_member_of(m, "exclude_bought"),
                       cart = aisle_member_of(m, "exclude_cart"), diversity = aisle_member_of(m, "diversity");
    AISLE_TRY(aisle_member_object(r, m, known));
    AISLE_TRY(read_name(set, &name, r, &s->name));
    AISLE_TRY(aisle_member_flag(r, &bought, &s->exclude_bought));
    AISLE_TRY(aisle_member_flag(r, &cart, &s->exclude_cart));
    AISLE_TRY(aisle_member_number(r, &diversity, 0, 1, &s->diversity));
    return read_steps(r, &steps, s);
}

static aisle_status read_all(aisle_set *base, const aisle_member *list, const aisle_reading *r)
{
    aisle_scenarios *set = (aisle_scenarios *)base;
    AISLE_TRY(aisle_member_array(r, list, 0, AISLE_SCENARIOS, "scenarios"));
    const size_t n = json_array_size(list->v);
    set->at = aisle_arena_calloc(r->arena, n + 1, sizeof *set->at);
    if (!set->at) return AISLE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const aisle_member one = aisle_member_at(list, i);
        AISLE_TRY(read_scenario(set, &one, r, &set->at[i]));
        set->n++;
    }
    return AISLE_OK;
}

const aisle_set_kind aisle_scenarios_kind = {
    .bytes = sizeof(aisle_scenarios), .read = read_all, .built_in = aisle_scenarios_built_in};
