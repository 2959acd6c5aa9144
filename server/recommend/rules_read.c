/* A set of rules from JSON. The first mistake is told. */
#include <jansson.h>

#include "server/json/json.h"
#include "server/recommend/boost.h"
#include "server/recommend/rule_set.h"

enum { POINTER = 256 };

typedef struct reading {
    aisle_rules *rules;
    aisle_filter_fault *fault;
    int32_t n_boosts;
} reading;

static aisle_status refuse(reading *r, const char *pointer, const char *code, const char *text)
{
    snprintf(r->fault->pointer, sizeof r->fault->pointer, "%s", pointer);
    snprintf(r->fault->text, sizeof r->fault->text, "%s", text);
    r->fault->code = code;
    return AISLE_EINVAL;
}

static const json_t *member(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_null(v) ? NULL : v;
}

/* An object with these members and no others. */
static aisle_status check_object(reading *r, const char *pointer, const json_t *o, const char *const *known)
{
    char at[POINTER];
    const char *key;
    json_t *v;
    if (!json_is_object(o)) return refuse(r, pointer, "wrong_type", "an object wanted");
    json_object_foreach((json_t *)o, key, v)
    {
        const char *const *k = known;
        while (*k && strcmp(*k, key) != 0) k++;
        if (*k) continue;
        aisle_json_point(pointer, key, at, sizeof at);
        return refuse(r, at, "unknown_member", "no member of this name is known here");
    }
    return AISLE_OK;
}

/* A text of 1 to `most` bytes, copied; one that is not there is left absent unless it must be. */
static aisle_status read_text(reading *r, const char *pointer, const json_t *v, size_t most, bool must,
                              aisle_str *out)
{
    aisle_str s = {json_string_value(v), json_string_length(v)};
    if (!v) return must ? refuse(r, pointer, "required", "this member is required") : AISLE_OK;
    if (!s.ptr) return refuse(r, pointer, "wrong_type", "a text wanted");
    if (s.len < 1) return refuse(r, pointer, "too_short", "a text that is not empty wanted");
    if (s.len > most) return refuse(r, pointer, "too_long", "a shorter text wanted");
    *out = (aisle_str){aisle_arena_strndup(&r->rules->arena, s.ptr, s.len), s.len};
    return out->ptr ? AISLE_OK : AISLE_ENOMEM;
}

static aisle_status read_member(reading *r, const char *pointer, const json_t *o, const char *name,
                                size_t most, bool must, aisle_str *out)
{
    char at[POINTER];
    aisle_json_point(pointer, name, at, sizeof at);
    return read_text(r, at, member(o, name), most, must, out);
}

static aisle_status read_time(reading *r, const char *pointer, const json_t *o, const char *name,
                              int64_t *out)
{
    char at[POINTER];
    const json_t *v = member(o, name);
    aisle_str s = {json_string_value(v), json_string_length(v)};
    if (!v || (s.ptr && aisle_time_parse(s, out))) return AISLE_OK;
    aisle_json_point(pointer, name, at, sizeof at);
    return refuse(r, at, "wrong_type", "a time as of RFC 3339 wanted");
}

static aisle_status read_scenarios(reading *r, const char *pointer, const json_t *o, aisle_rule *rule)
{
    char at[POINTER], one[POINTER];
    const json_t *v = member(o, "scenarios");
    size_t n = json_array_size(v);
    if (!v) return AISLE_OK;
    aisle_json_point(pointer, "scenarios", at, sizeof at);
    if (!json_is_array(v)) return refuse(r, at, "wrong_type", "a list of names wanted");
    if (n < 1 || n > 20) return refuse(r, at, n ? "too_many" : "too_short", "1 to 20 names wanted");
    aisle_str *names = aisle_arena_calloc(&r->rules->arena, n, sizeof *names);
    if (!names) return AISLE_ENOMEM;
    rule->scenarios = names;
    rule->n_scenarios = (int32_t)n;
    for (size_t i = 0; i < n; i++) {
        snprintf(one, sizeof one, "%.200s/%zu", at, i);
        AISLE_TRY(read_text(r, one, json_array_get(v, i), 64, true, &names[i]));
    }
    return AISLE_OK;
}

/* ---- what a rule does ---- */

static aisle_status read_pin(reading *r, const char *pointer, const json_t *v, aisle_rule *rule)
{
    static const char *const known[] = {"product", "position", NULL};
    char at[POINTER];
    const json_t *position = member(v, "position");
    rule->kind = AISLE_RULE_PIN;
    AISLE_TRY(check_object(r, pointer, v, known));
    AISLE_TRY(read_member(r, pointer, v, "product", 255, true, &rule->product));
    aisle_json_point(pointer, "position", at, sizeof at);
    if (!position) return refuse(r, at, "required", "this member is required");
    if (!json_is_integer(position)) return refuse(r, at, "wrong_type", "an integer wanted");
    if (json_integer_value(position) < 1 || json_integer_value(position) > AISLE_ASK_LIMIT)
        return refuse(r, at, "out_of_range", "1 to 100 wanted");
    rule->position = (int32_t)json_integer_value(position);
    return AISLE_OK;
}

static aisle_status read_boost(reading *r, const char *pointer, const json_t *v, aisle_rule *rule)
{
    static const char *const known[] = {"filter", "by", NULL};
    char at[POINTER];
    const json_t *by = member(v, "by"), *filter = member(v, "filter");
    rule->kind = AISLE_RULE_BOOST;
    AISLE_TRY(check_object(r, pointer, v, known));
    if (++r->n_boosts > AISLE_RULE_BOOSTS)
        return refuse(r, pointer, "too_many", "at most 16 rules of a set may boost");
    aisle_json_point(pointer, "by", at, sizeof at);
    if (!by) return refuse(r, at, "required", "this member is required");
    if (!json_is_number(by)) return refuse(r, at, "wrong_type", "a number wanted");
    rule->by = json_number_value(by);
    if (!(rule->by >= AISLE_BOOST_LEAST && rule->by <= AISLE_BOOST_MOST))
        return refuse(r, at, "out_of_range", "0.01 to 100 wanted");
    aisle_json_point(pointer, "filter", at, sizeof at);
    if (!filter) return refuse(r, at, "required", "this member is required");
    return aisle_filter_parse(filter, at, &r->rules->arena, &rule->filter, r->fault);
}

static aisle_status read_effect(reading *r, const char *pointer, const json_t *o, aisle_rule *rule)
{
    const json_t *pin = member(o, "pin"), *hide = member(o, "hide"), *boost = member(o, "boost");
    char at[POINTER];
    if ((pin != NULL) + (hide != NULL) + (boost != NULL) != 1)
        return refuse(r, pointer, "required", "one of pin, hide and boost wanted");
    aisle_json_point(pointer, pin ? "pin" : hide ? "hide" : "boost", at, sizeof at);
    if (pin) return read_pin(r, at, pin, rule);
    if (boost) return read_boost(r, at, boost, rule);
    rule->kind = AISLE_RULE_HIDE;
    return aisle_filter_parse(hide, at, &r->rules->arena, &rule->filter, r->fault);
}

static aisle_status read_rule(reading *r, const char *pointer, const json_t *o)
{
    static const char *const known[] = {"name", "from", "until", "scenarios", "category",
                                        "pin",  "hide", "boost", NULL};
    char at[POINTER];
    aisle_rule *rule = &r->rules->rule[r->rules->n];
    *rule = (aisle_rule){.from_ms = INT64_MIN, .until_ms = INT64_MAX};
    AISLE_TRY(check_object(r, pointer, o, known));
    AISLE_TRY(read_member(r, pointer, o, "name", 100, true, &rule->name));
    AISLE_TRY(read_member(r, pointer, o, "category", 1024, false, &rule->category));
    AISLE_TRY(read_time(r, pointer, o, "from", &rule->from_ms));
    AISLE_TRY(read_time(r, pointer, o, "until", &rule->until_ms));
    AISLE_TRY(read_scenarios(r, pointer, o, rule));
    AISLE_TRY(read_effect(r, pointer, o, rule));
    aisle_json_point(pointer, "until", at, sizeof at);
    if (rule->until_ms <= rule->from_ms)
        return refuse(r, at, "out_of_range", "a time after that of from wanted");
    aisle_json_point(pointer, "name", at, sizeof at);
    for (int32_t i = 0; i < r->rules->n; i++)
        if (aisle_str_eq(r->rules->rule[i].name, rule->name))
            return refuse(r, at, "conflict", "another rule has this name");
    r->rules->n++;
    return AISLE_OK;
}

static aisle_status read_all(reading *r, const char *pointer, const json_t *list)
{
    char at[POINTER];
    const size_t n = json_array_size(list);
    if (!json_is_array(list)) return refuse(r, pointer, "wrong_type", "a list of rules wanted");
    if (n > AISLE_RULES) return refuse(r, pointer, "too_many", "at most 200 rules wanted");
    r->rules->rule = aisle_arena_calloc(&r->rules->arena, n + 1, sizeof *r->rules->rule);
    if (!r->rules->rule) return AISLE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        snprintf(at, sizeof at, "%.200s/%zu", pointer, i);
        AISLE_TRY(read_rule(r, at, json_array_get(list, i)));
    }
    return AISLE_OK;
}

aisle_status aisle_rules_read(const json_t *list, const char *pointer, aisle_rules **out,
                              aisle_filter_fault *fault)
{
    reading r = {.rules = aisle_calloc(1, sizeof *r.rules), .fault = fault};
    *out = NULL;
    if (!r.rules) return AISLE_ENOMEM;
    r.rules->refs = 1;
    aisle_arena_init(&r.rules->arena);
    aisle_status st = read_all(&r, pointer, list);
    if (st == AISLE_OK)
        *out = r.rules;
    else
        aisle_rules_unref(r.rules);
    return st;
}
