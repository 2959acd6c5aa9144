/* The settings of experiments as JSON. What an answer says beside them (results, state, ...) is passed over when it comes back. */
#include "server/http/handlers/experiment_body.h"

#include "server/http/handlers/change.h"
#include "server/recommend/trial.h"

enum { POINTER = 192, SCENARIOS = 8 };

static aisle_status no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the experiments");
}

static aisle_status refuse(const aisle_json_scope *s, const char *member, const char *code, const char *text)
{
    char pointer[POINTER];
    aisle_json_point(s->pointer, member, pointer, sizeof pointer);
    return aisle_request_invalid(s->r, pointer, code, "%s", text);
}

static aisle_status check_scenario(const aisle_json_scope *s, const char *member, aisle_str name)
{
    const aisle_scenario *found = NULL;
    AISLE_TRY(aisle_scenarios_get(aisle_request_app(s->r)->sets[AISLE_SET_SCENARIOS], name,
                                  aisle_request_arena(s->r), &found, aisle_request_error(s->r)));
    return found ? AISLE_OK
                 : refuse(s, member, "unknown", "no scenario has this name; see /v1/admin/scenarios");
}

/* ---- a variant ---- */

static aisle_status check_strategy(const aisle_json_scope *s, const aisle_variant *v)
{
    for (int i = 0; v->strategy.ptr && aisle_trial_strategies[i]; i++)
        if (aisle_str_eq(v->strategy, aisle_str_from(aisle_trial_strategies[i]))) return AISLE_OK;
    return v->strategy.ptr ? refuse(s, "strategy", "unknown", "personal, session or popular wanted")
                           : AISLE_OK;
}

/* What none of the experiment's surfaces heeds would make a variant that is like the first. */
static aisle_status check_heeded(const aisle_json_scope *s, const aisle_variant *v, unsigned surfaces)
{
    const struct {
        const char *member;
        unsigned bit;
        bool is_set;
    } of[] = {{"model", AISLE_SETS_MODEL, v->model != 0},
              {"strategy", AISLE_SETS_STRATEGY, v->strategy.len != 0},
              {"scenario", AISLE_SETS_SCENARIO, v->scenario.len != 0},
              {"diversity", AISLE_SETS_DIVERSITY, v->diversity >= 0}};
    const unsigned heeds = aisle_trial_heeds(surfaces);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (of[i].is_set && !(heeds & of[i].bit))
            return refuse(
                s, of[i].member, "no_effect",
                "none of the surfaces heeds it: related and trending heed model and diversity, rank "
                "model and strategy, recommendations all");
    return AISLE_OK;
}

static aisle_status parse_variant(aisle_json_scope *s, unsigned surfaces, aisle_variant *v)
{
    static const char *const known[] = {"name",      "weight",  "model",       "strategy", "scenario",
                                        "diversity", "results", "unavailable", NULL};
    *v = (aisle_variant){.diversity = -1};
    AISLE_TRY(aisle_json_only(s, known));
    AISLE_TRY(aisle_json_required(s, "name"));
    AISLE_TRY(aisle_json_text(s, "name", 1, AISLE_LABEL_MAX, &v->name));
    AISLE_TRY(aisle_json_real(s, "weight", (aisle_real_range){0.001, 1000, 1}, &v->weight));
    AISLE_TRY(aisle_json_int(s, "model", (aisle_int_range){1, 999999, 0}, &v->model));
    AISLE_TRY(aisle_json_text(s, "strategy", 1, AISLE_LABEL_MAX, &v->strategy));
    AISLE_TRY(aisle_json_text(s, "scenario", 1, AISLE_SCENARIO_NAME, &v->scenario));
    AISLE_TRY(aisle_json_real(s, "diversity", (aisle_real_range){0, 1, -1}, &v->diversity));
    AISLE_TRY(check_strategy(s, v));
    if (v->scenario.ptr) AISLE_TRY(check_scenario(s, "scenario", v->scenario));
    return check_heeded(s, v, surfaces);
}

static aisle_status parse_variants(aisle_json_scope *s, aisle_experiment *e)
{
    json_t *list = NULL;
    aisle_json_scope one;
    AISLE_TRY(aisle_json_array(s, "variants", AISLE_VARIANTS, &list));
    e->n = (int32_t)json_array_size(list);
    if (e->n < 2) return refuse(s, "variants", "too_short", "2 to 8 variants wanted");
    e->variants = aisle_arena_calloc(aisle_request_arena(s->r), (size_t)e->n, sizeof *e->variants);
    if (!e->variants) return no_memory(s->r);
    for (int32_t i = 0; i < e->n; i++) {
        AISLE_TRY(aisle_json_element(s, "variants", (size_t)i, &one));
        AISLE_TRY(parse_variant(&one, e->surfaces, &e->variants[i]));
        for (int32_t k = 0; k < i; k++)
            if (aisle_str_eq(e->variants[k].name, e->variants[i].name))
                return refuse(&one, "name", "duplicate", "another one has this name");
    }
    return AISLE_OK;
}

/* ---- an experiment ---- */

static aisle_status parse_surfaces(aisle_json_scope *s, unsigned *out)
{
    json_t *given = NULL;
    aisle_str *names = NULL;
    int64_t n = 0;
    char pointer[POINTER];
    *out = 1U << AISLE_ON_RECOMMENDATIONS;
    AISLE_TRY(aisle_json_array(s, "surfaces", AISLE_SURFACES, &given));
    if (!given) return AISLE_OK;
    AISLE_TRY(aisle_json_ids(s, "surfaces", AISLE_SURFACES, &names, &n));
    if (n < 1) return refuse(s, "surfaces", "too_short", "1 to 4 names wanted");
    *out = 0;
    for (int64_t i = 0; i < n; i++) {
        int k = 0;
        while (k < AISLE_SURFACES && !aisle_str_eq(names[i], aisle_str_from(aisle_surface_names[k]))) k++;
        snprintf(pointer, sizeof pointer, "%.150s/surfaces/%lld", s->pointer, (long long)i);
        if (k == AISLE_SURFACES)
            return aisle_request_invalid(s->r, pointer, "unknown",
                                         "recommendations, related, trending or rank wanted");
        *out |= 1U << k;
    }
    return AISLE_OK;
}

/* Names have no spaces, and all are there: so the words are the names. */
static aisle_status parse_scenarios(aisle_json_scope *s, aisle_experiment *e)
{
    json_t *given = NULL;
    aisle_str *names = NULL;
    int64_t n = 0;
    const char *words = "";
    AISLE_TRY(aisle_json_array(s, "scenarios", SCENARIOS, &given));
    if (!given) return AISLE_OK;
    AISLE_TRY(aisle_json_ids(s, "scenarios", SCENARIOS, &names, &n));
    if (n && !(e->surfaces & 1U << AISLE_ON_RECOMMENDATIONS))
        return refuse(s, "scenarios", "no_effect",
                      "recommendations have scenarios; they are not among the surfaces");
    for (int64_t i = 0; i < n; i++) {
        AISLE_TRY(check_scenario(s, "scenarios", names[i]));
        words = aisle_arena_printf(aisle_request_arena(s->r), "%s%s%.*s", words, i ? " " : "",
                                   (int)names[i].len, names[i].ptr);
        if (!words) return no_memory(s->r);
    }
    e->scenarios = aisle_str_from(words);
    return AISLE_OK;
}

static aisle_status parse_time(aisle_json_scope *s, const char *name, int64_t *out)
{
    aisle_str text = {NULL, 0};
    AISLE_TRY(aisle_json_text(s, name, 1, 64, &text));
    return !text.ptr || aisle_time_parse(text, out)
               ? AISLE_OK
               : refuse(s, name, "wrong_type", "a time as of RFC 3339 wanted");
}

static aisle_status parse_experiment(aisle_json_scope *s, aisle_experiment *e)
{
    static const char *const known[] = {"name", "salt",  "share", "variants", "surfaces", "scenarios",
                                        "from", "until", "state", "created",  NULL};
    *e = (aisle_experiment){.from_ms = INT64_MIN, .until_ms = INT64_MAX};
    AISLE_TRY(aisle_json_only(s, known));
    AISLE_TRY(aisle_json_required(s, "name"));
    AISLE_TRY(aisle_json_required(s, "variants"));
    AISLE_TRY(aisle_json_text(s, "name", 1, AISLE_LABEL_MAX, &e->name));
    AISLE_TRY(aisle_json_text(s, "salt", 1, AISLE_LABEL_MAX, &e->salt));
    if (!e->salt.ptr) e->salt = e->name;
    AISLE_TRY(aisle_json_real(s, "share", (aisle_real_range){0.001, 1, 1}, &e->share));
    AISLE_TRY(parse_time(s, "from", &e->from_ms));
    AISLE_TRY(parse_time(s, "until", &e->until_ms));
    if (e->until_ms <= e->from_ms)
        return refuse(s, "until", "out_of_range", "a time after that of from wanted");
    AISLE_TRY(parse_surfaces(s, &e->surfaces));
    AISLE_TRY(parse_scenarios(s, e));
    return parse_variants(s, e);
}

aisle_status aisle_experiment_body(aisle_request *r, aisle_experiment_set *out)
{
    static const char *const known[] = {"version", "experiments", NULL};
    aisle_json_scope body, one;
    json_t *list = NULL;
    AISLE_TRY(aisle_json_body(r, &body));
    AISLE_TRY(aisle_json_only(&body, known));
    AISLE_TRY(aisle_json_required(&body, "experiments"));
    AISLE_TRY(aisle_wanted_version(r, &body, &out->version));
    AISLE_TRY(aisle_json_array(&body, "experiments", AISLE_EXPERIMENTS, &list));
    out->n = (int32_t)json_array_size(list);
    out->list = aisle_arena_calloc(aisle_request_arena(r), (size_t)out->n + 1, sizeof *out->list);
    if (!out->list) return no_memory(r);
    for (int32_t i = 0; i < out->n; i++) {
        AISLE_TRY(aisle_json_element(&body, "experiments", (size_t)i, &one));
        AISLE_TRY(parse_experiment(&one, &out->list[i]));
        for (int32_t k = 0; k < i; k++)
            if (aisle_str_eq(out->list[k].name, out->list[i].name))
                return refuse(&one, "name", "duplicate", "another one has this name");
    }
    return AISLE_OK;
}

/* ---- answers ---- */

static json_t *encode_words(aisle_str words)
{
    json_t *list = json_array();
    for (size_t from = 0; from < words.len;) {
        size_t to = from;
        while (to < words.len && words.ptr[to] != ' ') to++;
        json_array_append_new(list, aisle_answer_text((aisle_str){words.ptr + from, to - from}));
        from = to + 1;
    }
    return list;
}

json_t *aisle_experiment_settings(const aisle_experiment *e)
{
    json_t *surfaces = json_array();
    for (int k = 0; k < AISLE_SURFACES; k++)
        if (e->surfaces >> k & 1) json_array_append_new(surfaces, json_string(aisle_surface_names[k]));
    json_t *o = aisle_answer_with(json_object(), "name", aisle_answer_text(e->name));
    o = aisle_answer_with(o, "salt", aisle_answer_text(e->salt));
    o = aisle_answer_with(o, "share", json_real(e->share));
    o = aisle_answer_with(o, "surfaces", surfaces);
    if (e->scenarios.len) o = aisle_answer_with(o, "scenarios", encode_words(e->scenarios));
    if (e->from_ms != INT64_MIN) o = aisle_answer_with(o, "from", aisle_answer_time(e->from_ms));
    if (e->until_ms != INT64_MAX) o = aisle_answer_with(o, "until", aisle_answer_time(e->until_ms));
    return o;
}

json_t *aisle_variant_settings(const aisle_variant *v)
{
    json_t *o = aisle_answer_with(json_object(), "name", aisle_answer_text(v->name));
    o = aisle_answer_with(o, "weight", json_real(v->weight));
    if (v->model) o = aisle_answer_with(o, "model", json_integer(v->model));
    if (v->strategy.len) o = aisle_answer_with(o, "strategy", aisle_answer_text(v->strategy));
    if (v->scenario.len) o = aisle_answer_with(o, "scenario", aisle_answer_text(v->scenario));
    if (v->diversity >= 0) o = aisle_answer_with(o, "diversity", json_real(v->diversity));
    return o;
}
