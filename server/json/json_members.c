/* Typed readers of members and query parameters. Every refusal becomes one entry of the problem answer. */
#include <math.h>

#include "server/json/json.h"

void aisle_json_point(const char *scope, const char *name, char *out, size_t bytes)
{
    size_t n = (size_t)snprintf(out, bytes, "%s/", scope);
    for (; *name && n + 3 < bytes; name++) {
        if (*name == '~' || *name == '/') {
            out[n++] = '~';
            out[n++] = *name == '~' ? '0' : '1';
        } else
            out[n++] = *name;
    }
    out[n < bytes ? n : bytes - 1] = '\0';
}

static const char *kind(const json_t *v)
{
    static const char *const names[] = {"object", "array",   "string",  "integer",
                                        "number", "boolean", "boolean", "null"};
    return names[json_typeof(v)];
}

typedef struct fault {
    const char *code, *text;
} fault;

static aisle_status refuse(aisle_json_scope *s, const char *name, fault f)
{
    char pointer[256];
    aisle_json_point(s->pointer, name, pointer, sizeof pointer);
    s->failed = true;
    return aisle_request_invalid(s->r, pointer, f.code, "%s", f.text);
}

static aisle_status wrong_type(aisle_json_scope *s, const char *name, const char *wanted, const json_t *got)
{
    char text[96];
    snprintf(text, sizeof text, "%s wanted, got %s", wanted, kind(got));
    return refuse(s, name, (fault){"wrong_type", text});
}

static json_t *member(const aisle_json_scope *s, const char *name)
{
    json_t *v = json_object_get(s->object, name);
    return json_is_null(v) ? NULL : v;
}

aisle_status aisle_json_body(aisle_request *r, aisle_json_scope *s)
{
    json_t *v;
    *s = (aisle_json_scope){.r = r};
    AISLE_TRY(aisle_request_json(r, &v));
    s->object = v;
    if (json_is_object(v)) return AISLE_OK;
    s->failed = true;
    return aisle_request_invalid(r, "", "wrong_type", "an object wanted, got %s", kind(v));
}

aisle_status aisle_json_element(aisle_json_scope *parent, const char *name, size_t i, aisle_json_scope *s)
{
    json_t *v = json_array_get(json_object_get(parent->object, name), i);
    *s = (aisle_json_scope){.r = parent->r, .object = v};
    snprintf(s->pointer, sizeof s->pointer, "%.60s/%.40s/%zu", parent->pointer, name, i);
    if (json_is_object(v)) return AISLE_OK;
    s->failed = parent->failed = true;
    return aisle_request_invalid(s->r, s->pointer, "wrong_type", "an object wanted, got %s",
                                 v ? kind(v) : "nothing");
}

aisle_status aisle_json_child(aisle_json_scope *parent, const char *name, aisle_json_scope *s)
{
    json_t *v = member(parent, name);
    *s = (aisle_json_scope){.r = parent->r, .object = v};
    aisle_json_point(parent->pointer, name, s->pointer, sizeof s->pointer);
    return !v || json_is_object(v) ? AISLE_OK : wrong_type(parent, name, "an object", v);
}

aisle_status aisle_json_only(aisle_json_scope *s, const char *const *names)
{
    aisle_status st = AISLE_OK;
    const char *key;
    json_t *value;
    json_object_foreach(s->object, key, value)
    {
        const char *const *n = names;
        while (*n && strcmp(*n, key) != 0) n++;
        if (!*n) st = refuse(s, key, (fault){"unknown_member", "no member of this name is known here"});
    }
    return st;
}

aisle_status aisle_json_required(aisle_json_scope *s, const char *name)
{
    return member(s, name) ? AISLE_OK : refuse(s, name, (fault){"required", "this member is required"});
}

aisle_status aisle_json_int(aisle_json_scope *s, const char *name, aisle_int_range range, int64_t *out)
{
    json_t *v = member(s, name);
    char text[128];
    int64_t n = v && json_is_integer(v) ? json_integer_value(v) : range.absent;
    if (v && !json_is_integer(v)) return wrong_type(s, name, "an integer", v);
    snprintf(text, sizeof text, "%lld to %lld wanted, got %lld", (long long)range.low, (long long)range.high,
             (long long)n);
    if (v && (n < range.low || n > range.high)) return refuse(s, name, (fault){"out_of_range", text});
    *out = n;
    return AISLE_OK;
}

aisle_status aisle_json_real(aisle_json_scope *s, const char *name, aisle_real_range range, double *out)
{
    json_t *v = member(s, name);
    char text[128];
    double n = v ? json_number_value(v) : range.absent;
    if (v && !json_is_number(v)) return wrong_type(s, name, "a number", v);
    snprintf(text, sizeof text, "%g to %g wanted, got %g", range.low, range.high, n);
    if (v && !(n >= range.low && n <= range.high)) return refuse(s, name, (fault){"out_of_range", text});
    *out = n;
    return AISLE_OK;
}

aisle_status aisle_json_bool(aisle_json_scope *s, const char *name, bool absent, bool *out)
{
    json_t *v = member(s, name);
    if (v && !json_is_boolean(v)) return wrong_type(s, name, "a boolean", v);
    *out = v ? json_is_true(v) : absent;
    return AISLE_OK;
}

static aisle_status check_text(aisle_json_scope *s, const char *name, const json_t *v, int64_t low,
                               int64_t high)
{
    char text[96];
    if (!json_is_string(v)) return wrong_type(s, name, "a string", v);
    int64_t n = (int64_t)json_string_length(v);
    snprintf(text, sizeof text, "%lld to %lld bytes wanted, got %lld", (long long)low, (long long)high,
             (long long)n);
    if (n < low) return refuse(s, name, (fault){"too_short", text});
    return n > high ? refuse(s, name, (fault){"too_long", text}) : AISLE_OK;
}

aisle_status aisle_json_text(aisle_json_scope *s, const char *name, int64_t low, int64_t high, aisle_str *out)
{
    json_t *v = member(s, name);
    if (v) AISLE_TRY(check_text(s, name, v, low, high));
    *out = v ? (aisle_str){json_string_value(v), json_string_length(v)} : (aisle_str){NULL, 0};
    return AISLE_OK;
}

aisle_status aisle_json_array(aisle_json_scope *s, const char *name, int64_t most, json_t **out)
{
    json_t *v = member(s, name);
    char text[96];
    if (v && !json_is_array(v)) return wrong_type(s, name, "an array", v);
    snprintf(text, sizeof text, "at most %lld elements wanted, got %zu", (long long)most, json_array_size(v));
    if (v && (int64_t)json_array_size(v) > most) return refuse(s, name, (fault){"too_many", text});
    *out = v;
    return AISLE_OK;
}

aisle_status aisle_json_ids(aisle_json_scope *s, const char *name, int64_t most, aisle_str **out, int64_t *n)
{
    json_t *v;
    AISLE_TRY(aisle_json_array(s, name, most, &v));
    size_t count = json_array_size(v);
    aisle_str *ids = aisle_arena_alloc(aisle_request_arena(s->r), count * sizeof *ids);
    if (!ids) return aisle_fail(aisle_request_error(s->r), AISLE_ENOMEM, "out of memory for %zu ids", count);
    aisle_status st = AISLE_OK;
    for (size_t i = 0; i < count; i++) {
        aisle_json_scope list = {.r = s->r, .object = v};
        char index[24];
        json_t *id = json_array_get(v, i);
        aisle_json_point(s->pointer, name, list.pointer, sizeof list.pointer);
        snprintf(index, sizeof index, "%zu", i);
        if (check_text(&list, index, id, 1, 255) != AISLE_OK) st = AISLE_EINVAL;
        ids[i] = (aisle_str){json_string_value(id), json_string_length(id)};
    }
    if (st != AISLE_OK) {
        s->failed = true;
        return st;
    }
    *out = ids;
    *n = (int64_t)count;
    return AISLE_OK;
}

aisle_status aisle_request_query_int(aisle_request *r, const char *name, aisle_int_range range, int64_t *out)
{
    aisle_str v = aisle_request_query(r, name);
    int64_t n = range.absent;
    char pointer[64];
    snprintf(pointer, sizeof pointer, "?%s", name);
    if (v.ptr && !aisle_str_to_i64(v, &n))
        return aisle_request_invalid(r, pointer, "wrong_type", "an integer wanted");
    if (v.ptr && (n < range.low || n > range.high))
        return aisle_request_invalid(r, pointer, "out_of_range", "%lld to %lld wanted, got %lld",
                                     (long long)range.low, (long long)range.high, (long long)n);
    *out = n;
    return AISLE_OK;
}

aisle_status aisle_request_query_bool(aisle_request *r, const char *name, bool absent, bool *out)
{
    aisle_str v = aisle_request_query(r, name);
    char pointer[64];
    snprintf(pointer, sizeof pointer, "?%s", name);
    bool yes = aisle_str_eq(v, AISLE_STR("true"));
    if (v.ptr && !yes && !aisle_str_eq(v, AISLE_STR("false")))
        return aisle_request_invalid(r, pointer, "wrong_type", "true or false wanted");
    *out = v.ptr ? yes : absent;
    return AISLE_OK;
}
