/* A question for recommendations as it came: members of a body, or of a URL. */
#include "server/http/handlers/ask_recommend.h"

#include "server/http/handlers/ask_filter.h"

enum { ID_BYTES = 255 };

static aisle_status parse_fields(aisle_json_scope *s, unsigned *out)
{
    aisle_str *names = NULL;
    int64_t n = 0;
    json_t *given = NULL;
    AISLE_TRY(aisle_json_array(s, "fields", 16, &given));
    *out = AISLE_FIELDS_SHORT;
    if (!given) return AISLE_OK;
    AISLE_TRY(aisle_json_ids(s, "fields", 16, &names, &n));
    *out = 0;
    for (int64_t i = 0; i < n; i++) {
        unsigned bit = aisle_answer_field(names[i]);
        char pointer[192];
        snprintf(pointer, sizeof pointer, "%s/fields/%lld", s->pointer, (long long)i);
        if (!bit)
            return aisle_request_invalid(s->r, pointer, "unknown", "one of %s wanted", AISLE_FIELD_NAMES);
        *out |= bit;
    }
    return AISLE_OK;
}

aisle_status aisle_ask_body(aisle_json_scope *s, aisle_ask *ask)
{
    static const char *const known[] = {"user",   "session", "items",  "exclude", "limit",
                                        "filter", "explain", "fields", NULL};
    *ask = (aisle_ask){.limit = AISLE_ASK_DEFAULT};
    AISLE_TRY(aisle_json_only(s, known));
    AISLE_TRY(aisle_json_text(s, "user", 1, ID_BYTES, &ask->user));
    AISLE_TRY(aisle_json_text(s, "session", 1, ID_BYTES, &ask->session));
    AISLE_TRY(aisle_json_ids(s, "items", AISLE_ASK_ITEMS, &ask->items, &ask->n_items));
    AISLE_TRY(aisle_json_ids(s, "exclude", AISLE_ASK_EXCLUDE, &ask->exclude, &ask->n_exclude));
    AISLE_TRY(
        aisle_json_int(s, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT}, &ask->limit));
    AISLE_TRY(aisle_json_bool(s, "explain", false, &ask->explain));
    AISLE_TRY(parse_fields(s, &ask->fields));
    return aisle_ask_filter(s, "filter", &ask->filter);
}

aisle_status aisle_ask_query(aisle_request *r, aisle_ask *ask)
{
    static const char *const known[] = {"user",  "session",   "limit",     "explain", "category",
                                        "brand", "price_min", "price_max", NULL};
    *ask = (aisle_ask){.fields = AISLE_FIELDS_SHORT};
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT},
                                      &ask->limit));
    AISLE_TRY(aisle_request_query_bool(r, "explain", false, &ask->explain));
    ask->user = aisle_request_query(r, "user");
    ask->session = aisle_request_query(r, "session");
    return aisle_ask_filter_query(r, &ask->filter);
}
