/* Both forms become the same object, and that the filter. */
#include "server/http/handlers/ask_filter.h"

#include "server/recommend/rules.h"

static aisle_status parse(aisle_request *r, const json_t *v, const char *pointer, aisle_filter *out)
{
    aisle_filter_fault fault = {.pointer = ""};
    aisle_status st = aisle_filter_parse(v, pointer, aisle_request_arena(r), out, &fault);
    if (fault.pointer[0] == '?') memmove(fault.pointer + 1, fault.pointer + 2, sizeof fault.pointer - 2);
    if (st == AISLE_EINVAL) return aisle_request_invalid(r, fault.pointer, fault.code, "%s", fault.text);
    return st == AISLE_OK ? st : aisle_fail(aisle_request_error(r), st, "out of memory for a filter");
}

aisle_status aisle_ask_filter(aisle_json_scope *s, const char *name, aisle_filter *out)
{
    char pointer[128];
    const json_t *v = json_object_get(s->object, name);
    *out = (aisle_filter){.key = AISLE_STR("")};
    if (!v || json_is_null(v)) return AISLE_OK;
    aisle_json_point(s->pointer, name, pointer, sizeof pointer);
    aisle_status st = parse(s->r, v, pointer, out);
    if (st != AISLE_OK) s->failed = true;
    return st;
}

aisle_status aisle_ask_filter_query(aisle_request *r, aisle_filter *out)
{
    static const char *const texts[] = {"category", "brand"}, *const prices[] = {"price_min", "price_max"};
    json_t *object = json_object();
    aisle_status st = AISLE_OK;
    for (int i = 0; i < 2; i++) {
        aisle_str s = aisle_request_query(r, texts[i]);
        if (s.ptr && !(object = aisle_answer_with(object, texts[i], aisle_answer_text(s)))) break;
    }
    for (int i = 0; i < 2 && st == AISLE_OK && object; i++) {
        int64_t price = -1;
        st = aisle_request_query_int(r, prices[i], (aisle_int_range){0, INT64_C(1) << 53, -1}, &price);
        if (st == AISLE_OK && price >= 0) object = aisle_answer_with(object, prices[i], json_integer(price));
    }
    if (!object) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for a filter");
    if (st == AISLE_OK) st = parse(r, object, "?", out);
    json_decref(object);
    return st;
}

aisle_status aisle_ask_rules(aisle_request *r, aisle_str scenario, aisle_str category, aisle_filter *filter,
                             aisle_wishes *wishes)
{
    const aisle_rules_place at = {scenario, category, aisle_time_now_ms()};
    return aisle_rules_wish(aisle_request_app(r)->sets[AISLE_SET_RULES], &at, aisle_request_arena(r), filter,
                            wishes, aisle_request_error(r));
}
