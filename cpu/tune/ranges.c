/* Ranges of settings as people write them, and those of the table. */
#include <string.h>

#include "aisle/tune.h"

static aisle_tune_range range_of(const aisle_setting *s)
{
    return (aisle_tune_range){s, s->from, s->to, s->search == AISLE_SEARCH_LOG};
}

int32_t aisle_tune_ranges_default(const char *kind, aisle_tune_range ranges[AISLE_TUNE_MAX_RANGES])
{
    const aisle_setting *s;
    int32_t n = 0;
    for (int32_t i = 0; n < AISLE_TUNE_MAX_RANGES && (s = aisle_setting_at(i)); i++)
        if (aisle_setting_is_of(s, kind) &&
            (s->search == AISLE_SEARCH_LINEAR || s->search == AISLE_SEARCH_LOG))
            ranges[n++] = range_of(s);
    return n;
}

/* "FROM..TO"; .5..2 is half to two. */
static bool read_bounds(aisle_str text, double *from, double *to)
{
    const char *dots = NULL;
    for (size_t i = 0; i + 1 < text.len && !dots; i++)
        if (i > 0 && text.ptr[i] == '.' && text.ptr[i + 1] == '.') dots = text.ptr + i;
    if (!dots) return false;
    aisle_str low = {text.ptr, (size_t)(dots - text.ptr)},
              high = {dots + 2, text.len - (size_t)(dots + 2 - text.ptr)};
    return aisle_str_to_f64(low, from) && aisle_str_to_f64(high, to);
}

aisle_status aisle_tune_range_parse(aisle_str text, aisle_tune_range *out, aisle_error *err)
{
    const char *equals = memchr(text.ptr, '=', text.len);
    aisle_str name = {text.ptr, equals ? (size_t)(equals - text.ptr) : text.len};
    const aisle_setting *s = aisle_setting_find(name);
    int len = (int)(text.len > 100 ? 100 : text.len);
    if (!s || s->type == AISLE_SETTING_TEXT)
        return aisle_fail(err, AISLE_EINVAL, "%.*s: no setting of this name can be searched", len, text.ptr);
    aisle_tune_range r = range_of(s);
    bool words = s->choices || s->type == AISLE_SETTING_FLAG;
    if (words && equals)
        return aisle_fail(err, AISLE_EINVAL,
                          "%.*s: %s is a choice, all of it is searched; give the name alone", len, text.ptr,
                          s->name);
    if (!words && !equals && s->from == s->to)
        return aisle_fail(err, AISLE_EINVAL, "%s: has no range of its own; give one as %s=FROM..TO", s->name,
                          s->name);
    if (equals) {
        aisle_str bounds = {equals + 1, text.len - name.len - 1};
        if (!read_bounds(bounds, &r.from, &r.to) || !(r.from <= r.to))
            return aisle_fail(err, AISLE_EINVAL, "%.*s: must be NAME=FROM..TO with FROM <= TO", len,
                              text.ptr);
        if (r.from < s->low || r.to > s->high)
            return aisle_fail(err, AISLE_EINVAL, "%.*s: must lie within %g to %g", len, text.ptr, s->low,
                              s->high);
        if (s->search == AISLE_SEARCH_NONE || s->search == AISLE_SEARCH_BUDGET)
            r.log = r.from > 0 && r.to / r.from >= 10;
        if (r.from == 0) r.log = false;
    }
    *out = r;
    return AISLE_OK;
}
