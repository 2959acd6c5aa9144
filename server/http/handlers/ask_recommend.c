/* A question for recommendations as it came: members of a body, or of a URL. */
#include "server/http/handlers/ask_recommend.h"

#include <math.h>
#include <string.h>

#include "server/auth/identity.h"
#include "server/http/handlers/ask_filter.h"
#include "server/recommend/boost.h"
#include "server/recommend/scenario.h"
#include "server/store/view_kept.h"

enum { ID_BYTES = 255 };

static aisle_status parse_boosts(aisle_json_scope *s, aisle_wishes *out)
{
    static const char *const known[] = {"filter", "by", NULL};
    json_t *list = NULL;
    AISLE_TRY(aisle_json_array(s, "boost", AISLE_BOOSTS, &list));
    if (!list) return AISLE_OK;
    struct aisle_ask_boost *boosts =
        aisle_arena_calloc(aisle_request_arena(s->r), json_array_size(list) + 1, sizeof *boosts);
    if (!boosts) return aisle_fail(aisle_request_error(s->r), AISLE_ENOMEM, "out of memory for boosts");
    out->boosts = boosts;
    for (size_t i = 0; i < json_array_size(list); i++) {
        aisle_json_scope one;
        AISLE_TRY(aisle_json_element(s, "boost", i, &one));
        AISLE_TRY(aisle_json_only(&one, known));
        AISLE_TRY(aisle_json_required(&one, "filter"));
        AISLE_TRY(aisle_json_required(&one, "by"));
        AISLE_TRY(aisle_ask_filter(&one, "filter", &boosts[i].filter));
        AISLE_TRY(aisle_json_real(&one, "by", (aisle_real_range){AISLE_BOOST_LEAST, AISLE_BOOST_MOST, 1},
                                  &boosts[i].by));
        out->n_boosts++;
    }
    return AISLE_OK;
}

static aisle_status parse_leave_out(aisle_json_scope *s, unsigned *out)
{
    static const struct {
        const char *name;
        unsigned bit;
    } kinds[] = {{"exclude_bought", AISLE_KEPT_BOUGHT},
                 {"exclude_wished", AISLE_KEPT_WISHED},
                 {"exclude_cart", AISLE_KEPT_CART}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bool wanted;
        AISLE_TRY(aisle_json_bool(s, kinds[i].name, false, &wanted));
        *out |= wanted ? kinds[i].bit : 0;
    }
    return AISLE_OK;
}

static aisle_status parse_wishes(aisle_json_scope *s, aisle_wishes *out)
{
    const aisle_int_range cap = {1, AISLE_ASK_LIMIT, 0};
    int64_t categories = 0, brands = 0;
    AISLE_TRY(parse_boosts(s, out));
    AISLE_TRY(aisle_json_real(s, "min_score", (aisle_real_range){-1e30, 1e30, -INFINITY}, &out->min_score));
    AISLE_TRY(aisle_json_real(s, "diversity", (aisle_real_range){0, 1, 0}, &out->diversity));
    AISLE_TRY(aisle_json_int(s, "max_per_category", cap, &categories));
    AISLE_TRY(aisle_json_int(s, "max_per_brand", cap, &brands));
    out->max_per_category = (int32_t)categories;
    out->max_per_brand = (int32_t)brands;
    return AISLE_OK;
}

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

/* pointer: of the question; "?" of a URL's. */
static aisle_status find_scenario(aisle_request *r, aisle_str name, const char *pointer, aisle_ask *ask)
{
    char at[160];
    if (!name.ptr) return AISLE_OK;
    AISLE_TRY(aisle_scenarios_get(aisle_request_app(r)->sets[AISLE_SET_SCENARIOS], name,
                                  aisle_request_arena(r), &ask->scenario, aisle_request_error(r)));
    if (*pointer == '?')
        snprintf(at, sizeof at, "?scenario");
    else
        aisle_json_point(pointer, "scenario", at, sizeof at);
    if (!ask->scenario)
        return aisle_request_invalid(r, at, "unknown", "no scenario has this name; see /v1/admin/scenarios");
    return AISLE_OK;
}

static aisle_status add_items(aisle_request *r, aisle_ask *ask, const aisle_str *ids, int64_t n)
{
    aisle_str *all = aisle_arena_calloc(aisle_request_arena(r), (size_t)(ask->n_items + n) + 1, sizeof *all);
    if (!all) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for a cart");
    if (ask->n_items) memcpy(all, ask->items, (size_t)ask->n_items * sizeof *all);
    if (n) memcpy(all + ask->n_items, ids, (size_t)n * sizeof *all);
    ask->items = all;
    ask->n_items += n;
    return AISLE_OK;
}

/* true: the asker's own, read when it is known who that is; or a list. */
static aisle_status parse_cart(aisle_json_scope *s, aisle_ask *ask)
{
    aisle_str *ids = NULL;
    int64_t n = 0;
    if (json_is_boolean(json_object_get(s->object, "cart")))
        return aisle_json_bool(s, "cart", false, &ask->cart);
    AISLE_TRY(aisle_json_ids(s, "cart", AISLE_ASK_ITEMS, &ids, &n));
    return add_items(s->r, ask, ids, n);
}

aisle_status aisle_ask_cart(aisle_request *r, aisle_view *v, aisle_ask *ask)
{
    aisle_str *ids = NULL;
    int32_t n = 0;
    if (!ask->cart) return AISLE_OK;
    AISLE_TRY(aisle_view_kept(v, ask->user, ask->session, AISLE_KEPT_CART, aisle_request_arena(r), &ids, &n,
                              aisle_request_error(r)));
    return add_items(r, ask, ids, n < AISLE_ASK_ITEMS ? n : AISLE_ASK_ITEMS);
}

aisle_status aisle_ask_body(aisle_json_scope *s, aisle_ask *ask)
{
    static const char *const known[] = {
        "user",          "session",        "items",          "exclude",
        "limit",         "explain",        "fields",         "filter",
        "boost",         "min_score",      "diversity",      "max_per_category",
        "max_per_brand", "exclude_bought", "exclude_wished", "exclude_cart",
        "next",          "scenario",       "cart",           NULL};
    aisle_str scenario = {NULL, 0};
    *ask = (aisle_ask){.limit = AISLE_ASK_DEFAULT};
    AISLE_TRY(aisle_json_only(s, known));
    AISLE_TRY(aisle_json_text(s, "user", 1, ID_BYTES, &ask->user));
    AISLE_TRY(aisle_json_text(s, "session", 1, ID_BYTES, &ask->session));
    AISLE_TRY(aisle_json_ids(s, "items", AISLE_ASK_ITEMS, &ask->items, &ask->n_items));
    AISLE_TRY(aisle_json_ids(s, "exclude", AISLE_ASK_EXCLUDE, &ask->exclude, &ask->n_exclude));
    AISLE_TRY(
        aisle_json_int(s, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT}, &ask->limit));
    AISLE_TRY(aisle_json_bool(s, "explain", false, &ask->explain));
    AISLE_TRY(aisle_json_text(s, "next", 1, AISLE_RECOMMENDATION_ID_BYTES, &ask->next));
    AISLE_TRY(parse_fields(s, &ask->fields));
    AISLE_TRY(parse_leave_out(s, &ask->leave_out));
    AISLE_TRY(parse_wishes(s, &ask->wishes));
    AISLE_TRY(parse_cart(s, ask));
    AISLE_TRY(aisle_json_text(s, "scenario", 1, AISLE_SCENARIO_NAME, &scenario));
    AISLE_TRY(find_scenario(s->r, scenario, s->pointer, ask));
    AISLE_TRY(aisle_ask_filter(s, "filter", &ask->filter));
    return aisle_ask_rules(s->r, scenario, (aisle_str){NULL, 0}, &ask->filter, &ask->wishes);
}

aisle_status aisle_ask_query(aisle_request *r, aisle_ask *ask)
{
    static const char *const known[] = {"user",      "session",   "limit", "explain",  "category", "brand",
                                        "price_min", "price_max", "next",  "scenario", NULL};
    *ask = (aisle_ask){.fields = AISLE_FIELDS_SHORT, .wishes = {.min_score = -INFINITY}};
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_request_query_int(r, "limit", (aisle_int_range){1, AISLE_ASK_LIMIT, AISLE_ASK_DEFAULT},
                                      &ask->limit));
    AISLE_TRY(aisle_request_query_bool(r, "explain", false, &ask->explain));
    ask->user = aisle_request_query(r, "user");
    ask->session = aisle_request_query(r, "session");
    ask->next = aisle_request_query(r, "next");
    const aisle_str scenario = aisle_request_query(r, "scenario");
    AISLE_TRY(find_scenario(r, scenario, "?", ask));
    AISLE_TRY(aisle_ask_filter_query(r, &ask->filter));
    return aisle_ask_rules(r, scenario, (aisle_str){NULL, 0}, &ask->filter, &ask->wishes);
}

bool aisle_ask_admitted(aisle_request *r, aisle_ask *asks, int64_t n)
{
    const aisle_identity *who = aisle_request_identity(r);
    for (int64_t i = 0; i < n; i++)
        if (!aisle_request_may_name(r, asks[i].user, asks[i].session, AISLE_SCOPE_READ,
                                    "a recommendation that names a user or a session"))
            return false;
    for (int64_t i = 0; i < n; i++) {
        if (asks[i].user.ptr || asks[i].session.ptr) continue;
        asks[i].user = who->user_ext;
        if (!who->user) asks[i].session = who->session_ext;
    }
    return true;
}
