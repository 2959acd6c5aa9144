/* A set of scenarios from JSON. The first mistake is told. */
#include <jansson.h>
#include <string.h>

#include "server/json/json.h"
#include "server/recommend/scenario_set.h"

enum { POINTER = 256 };

const char *const aisle_source_names[] = {"personal", "similar", "complementary", "content", "trending",
                                          "popular",  "newest",  "viewed",        NULL};
static const char *const when_names[] = {"always", "known", "new", "items", NULL};

typedef struct reading {
    aisle_scenarios *set;
    aisle_filter_fault *fault;
} reading;

static aisle_status refuse(const reading *r, const char *pointer, const char *code, const char *text)
{
    snprintf(r->fault->pointer, sizeof r->fault->pointer, "%s", pointer);
    snprintf(r->fault->text, sizeof r->fault->text, "%s", text);
    r->fault->code = code;
    return AISLE_EINVAL;
}

/* A member of an object, and where it stands. */
typedef struct place {
    const json_t *v; /* NULL: absent or null */
    char pointer[POINTER];
} place;

static place member(const char *pointer, const json_t *o, const char *name)
{
    place p = {.v = json_object_get(o, name)};
    if (json_is_null(p.v)) p.v = NULL;
    aisle_json_point(pointer, name, p.pointer, sizeof p.pointer);
    return p;
}

static aisle_status check_object(const reading *r, const char *pointer, const json_t *o,
                                 const char *const *known)
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

/* One of names[]; absent leaves *out, or is refused where it must be there. */
static aisle_status read_choice(const reading *r, const place *p, const char *const *names, bool must,
                                unsigned *out)
{
    const char *text = json_string_value(p->v);
    if (!p->v) return must ? refuse(r, p->pointer, "required", "this member is required") : AISLE_OK;
    for (unsigned i = 0; text && names[i]; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return AISLE_OK;
        }
    return refuse(r, p->pointer, text ? "unknown" : "wrong_type", "another name wanted");
}

/* low: itself not in range with `open`. */
static aisle_status read_number(const reading *r, const place *p, double low, bool open, double *out)
{
    const double v = json_number_value(p->v);
    if (!p->v) return AISLE_OK;
    if (!json_is_number(p->v)) return refuse(r, p->pointer, "wrong_type", "a number wanted");
    if (v < low || (open && !(v > low)) || v > 1)
        return refuse(r, p->pointer, "out_of_range", open ? "above 0, at most 1 wanted" : "0 to 1 wanted");
    *out = v;
    return AISLE_OK;
}

static aisle_status read_flag(const reading *r, const place *p, bool *out)
{
    if (p->v && !json_is_boolean(p->v)) return refuse(r, p->pointer, "wrong_type", "true or false wanted");
    *out = json_is_true(p->v);
    return AISLE_OK;
}

static aisle_status read_step(const reading *r, const char *pointer, const json_t *o, aisle_step *out)
{
    static const char *const known[] = {"source", "share", "limit", "when", "filter", NULL};
    unsigned source = 0, when = 0;
    *out = (aisle_step){.share = 1, .limit = AISLE_ASK_LIMIT, .filter = {.key = AISLE_STR("")}};
    AISLE_TRY(check_object(r, pointer, o, known));
    const place p[] = {member(pointer, o, "source"), member(pointer, o, "share"), member(pointer, o, "limit"),
                       member(pointer, o, "when"), member(pointer, o, "filter")};
    AISLE_TRY(read_choice(r, &p[0], aisle_source_names, true, &source));
    AISLE_TRY(read_number(r, &p[1], 0, true, &out->share));
    AISLE_TRY(read_choice(r, &p[3], when_names, false, &when));
    out->source = (aisle_step_source)source;
    out->when = (aisle_step_when)when;
    if (p[2].v && !json_is_integer(p[2].v)) return refuse(r, p[2].pointer, "wrong_type", "an integer wanted");
    if (p[2].v && (json_integer_value(p[2].v) < 1 || json_integer_value(p[2].v) > AISLE_ASK_LIMIT))
        return refuse(r, p[2].pointer, "out_of_range", "1 to 100 wanted");
    if (p[2].v) out->limit = (int32_t)json_integer_value(p[2].v);
    return p[4].v ? aisle_filter_parse(p[4].v, p[4].pointer, &r->set->arena, &out->filter, r->fault)
                  : AISLE_OK;
}

static aisle_status read_name(const reading *r, const place *p, aisle_str *out)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    const char *text = json_string_value(p->v);
    if (!p->v) return refuse(r, p->pointer, "required", "this member is required");
    if (!text) return refuse(r, p->pointer, "wrong_type", "a text wanted");
    const size_t n = json_string_length(p->v);
    if (n < 1 || n > AISLE_SCENARIO_NAME || strspn(text, allowed) != n)
        return refuse(r, p->pointer, "out_of_range", "1 to 40 of a-z, 0-9, _ and - wanted");
    for (int32_t i = 0; i < r->set->n; i++)
        if (aisle_str_eq(r->set->at[i].name, (aisle_str){text, n}))
            return refuse(r, p->pointer, "conflict", "another scenario has this name");
    *out = (aisle_str){aisle_arena_strndup(&r->set->arena, text, n), n};
    return out->ptr ? AISLE_OK : AISLE_ENOMEM;
}

static aisle_status read_scenario(const reading *r, const char *pointer, const json_t *o)
{
    static const char *const known[] = {"name", "steps", "exclude_bought", "exclude_cart", "diversity", NULL};
    aisle_scenario *s = &r->set->at[r->set->n];
    char at[POINTER];
    AISLE_TRY(check_object(r, pointer, o, known));
    const place p[] = {member(pointer, o, "name"), member(pointer, o, "steps"),
                       member(pointer, o, "exclude_bought"), member(pointer, o, "exclude_cart"),
                       member(pointer, o, "diversity")};
    AISLE_TRY(read_name(r, &p[0], &s->name));
    AISLE_TRY(read_flag(r, &p[2], &s->exclude_bought));
    AISLE_TRY(read_flag(r, &p[3], &s->exclude_cart));
    AISLE_TRY(read_number(r, &p[4], 0, false, &s->diversity));
    if (!p[1].v) return refuse(r, p[1].pointer, "required", "this member is required");
    if (!json_is_array(p[1].v)) return refuse(r, p[1].pointer, "wrong_type", "a list of steps wanted");
    const size_t n = json_array_size(p[1].v);
    if (n < 1 || n > AISLE_STEPS)
        return refuse(r, p[1].pointer, n ? "too_many" : "too_short", "1 to 8 steps wanted");
    for (size_t i = 0; i < n; i++) {
        snprintf(at, sizeof at, "%.200s/%zu", p[1].pointer, i);
        AISLE_TRY(read_step(r, at, json_array_get(p[1].v, i), &s->step[i]));
    }
    s->n_steps = (int32_t)n;
    r->set->n++;
    return AISLE_OK;
}

static aisle_status read_all(const reading *r, const char *pointer, const json_t *list)
{
    char at[POINTER];
    const size_t n = json_array_size(list);
    if (!json_is_array(list)) return refuse(r, pointer, "wrong_type", "a list of scenarios wanted");
    if (n > AISLE_SCENARIOS) return refuse(r, pointer, "too_many", "at most 50 scenarios wanted");
    r->set->at = aisle_arena_calloc(&r->set->arena, n + 1, sizeof *r->set->at);
    if (!r->set->at) return AISLE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        snprintf(at, sizeof at, "%.200s/%zu", pointer, i);
        AISLE_TRY(read_scenario(r, at, json_array_get(list, i)));
    }
    return AISLE_OK;
}

aisle_status aisle_scenarios_read(const json_t *list, const char *pointer, aisle_scenarios **out,
                                  aisle_filter_fault *fault)
{
    const reading r = {.set = aisle_calloc(1, sizeof *r.set), .fault = fault};
    *out = NULL;
    if (!r.set) return AISLE_ENOMEM;
    r.set->refs = 1;
    aisle_arena_init(&r.set->arena);
    aisle_status st = read_all(&r, pointer, list);
    if (st == AISLE_OK)
        *out = r.set;
    else
        aisle_scenarios_unref(r.set);
    return st;
}
