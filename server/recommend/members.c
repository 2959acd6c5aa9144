/* One reader a type. */
#include "server/recommend/members.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "server/json/json.h"

aisle_member aisle_member_of(const aisle_member *object, const char *name)
{
    aisle_member m = {.v = json_object_get(object->v, name)};
    if (json_is_null(m.v)) m.v = NULL;
    aisle_json_point(object->pointer, name, m.pointer, sizeof m.pointer);
    return m;
}

aisle_member aisle_member_at(const aisle_member *array, size_t i)
{
    aisle_member m = {.v = json_array_get(array->v, i)};
    snprintf(m.pointer, sizeof m.pointer, "%.200s/%zu", array->pointer, i);
    return m;
}

aisle_status aisle_member_refuse(const aisle_reading *r, const aisle_member *m, const char *code,
                                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->fault->text, sizeof r->fault->text, format, args);
    va_end(args);
    memcpy(r->fault->pointer, m->pointer, sizeof m->pointer);
    r->fault->code = code;
    return AISLE_EINVAL;
}

aisle_status aisle_member_required(const aisle_reading *r, const aisle_member *m)
{
    return m->v ? AISLE_OK : aisle_member_refuse(r, m, "required", "this member is required");
}

aisle_status aisle_member_object(const aisle_reading *r, const aisle_member *m, const char *const *known)
{
    const char *key;
    json_t *v;
    if (!json_is_object(m->v)) return aisle_member_refuse(r, m, "wrong_type", "an object wanted");
    json_object_foreach((json_t *)m->v, key, v)
    {
        const char *const *k = known;
        while (*k && strcmp(*k, key) != 0) k++;
        if (*k) continue;
        const aisle_member one = aisle_member_of(m, key);
        return aisle_member_refuse(r, &one, "unknown_member", "no member of this name is known here");
    }
    return AISLE_OK;
}

aisle_status aisle_member_array(const aisle_reading *r, const aisle_member *m, size_t least, size_t most,
                                const char *what)
{
    const size_t n = json_array_size(m->v);
    AISLE_TRY(aisle_member_required(r, m));
    if (!json_is_array(m->v)) return aisle_member_refuse(r, m, "wrong_type", "a list of %s wanted", what);
    if (n >= least && n <= most) return AISLE_OK;
    return aisle_member_refuse(r, m, n > most ? "too_many" : "too_short", "%zu to %zu %s wanted", least, most,
                               what);
}

aisle_status aisle_member_text(const aisle_reading *r, const aisle_member *m, size_t most, aisle_str *out)
{
    const char *text = json_string_value(m->v);
    const size_t n = json_string_length(m->v);
    if (!m->v) return AISLE_OK;
    if (!text) return aisle_member_refuse(r, m, "wrong_type", "a text wanted");
    if (n < 1 || n > most)
        return aisle_member_refuse(r, m, n ? "too_long" : "too_short", "1 to %zu bytes wanted", most);
    *out = (aisle_str){aisle_arena_strndup(r->arena, text, n), n};
    return out->ptr ? AISLE_OK : AISLE_ENOMEM;
}

aisle_status aisle_member_int(const aisle_reading *r, const aisle_member *m, int32_t low, int32_t high,
                              int32_t *out)
{
    const json_int_t v = json_integer_value(m->v);
    if (!m->v) return AISLE_OK;
    if (!json_is_integer(m->v)) return aisle_member_refuse(r, m, "wrong_type", "an integer wanted");
    if (v < low || v > high)
        return aisle_member_refuse(r, m, "out_of_range", "%d to %d wanted", (int)low, (int)high);
    *out = (int32_t)v;
    return AISLE_OK;
}

aisle_status aisle_member_number(const aisle_reading *r, const aisle_member *m, double low, double high,
                                 double *out)
{
    const double v = json_number_value(m->v);
    if (!m->v) return AISLE_OK;
    if (!json_is_number(m->v)) return aisle_member_refuse(r, m, "wrong_type", "a number wanted");
    if (!(v >= low && v <= high))
        return aisle_member_refuse(r, m, "out_of_range", "%g to %g wanted", low, high);
    *out = v;
    return AISLE_OK;
}

aisle_status aisle_member_flag(const aisle_reading *r, const aisle_member *m, bool *out)
{
    if (!m->v) return AISLE_OK;
    if (!json_is_boolean(m->v)) return aisle_member_refuse(r, m, "wrong_type", "true or false wanted");
    *out = json_is_true(m->v);
    return AISLE_OK;
}

aisle_status aisle_member_time(const aisle_reading *r, const aisle_member *m, int64_t *ms)
{
    const aisle_str s = {json_string_value(m->v), json_string_length(m->v)};
    if (!m->v || (s.ptr && aisle_time_parse(s, ms))) return AISLE_OK;
    return aisle_member_refuse(r, m, "wrong_type", "a time as of RFC 3339 wanted");
}

aisle_status aisle_member_choice(const aisle_reading *r, const aisle_member *m, const char *const *names,
                                 unsigned *out)
{
    const char *text = json_string_value(m->v);
    if (!m->v) return AISLE_OK;
    for (unsigned i = 0; text && names[i]; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return AISLE_OK;
        }
    return aisle_member_refuse(r, m, text ? "unknown" : "wrong_type", "another name wanted");
}

aisle_status aisle_member_filter(const aisle_reading *r, const aisle_member *m, aisle_filter *out)
{
    return m->v ? aisle_filter_parse(m->v, m->pointer, r->arena, out, r->fault) : AISLE_OK;
}
