/* Query parameters of lists of products. Every wrong one is named. */
#include "server/http/handlers/ask_products.h"

static const int64_t max_price = INT64_C(1) << 53; /* what a JSON number holds exactly everywhere */

static bool starts_with(aisle_str s, aisle_str prefix)
{
    return s.len >= prefix.len && memcmp(s.ptr, prefix.ptr, prefix.len) == 0;
}

static aisle_status refuse(aisle_request *r, aisle_str key, const char *code, const char *text)
{
    char pointer[64];
    size_t n = 0;
    pointer[n++] = '?';
    for (size_t i = 0; i < key.len && n < 60; i++)
        pointer[n++] = key.ptr[i] > 0x20 && key.ptr[i] < 0x7f ? key.ptr[i] : '.';
    pointer[n] = '\0';
    return aisle_request_invalid(r, pointer, code, "%s", text);
}

/* ---- parameters that may be repeated ---- */

static aisle_status add_brand(aisle_request *r, aisle_products_ask *ask, aisle_str key, aisle_str value)
{
    if (ask->filter.n_brands == AISLE_FILTER_BRANDS)
        return refuse(r, key, "too_many", "at most 100 brands wanted");
    ask->brands[ask->filter.n_brands++] = value;
    return AISLE_OK;
}

static aisle_status add_attribute(aisle_request *r, aisle_products_ask *ask, aisle_str key, aisle_str value)
{
    aisle_str name = {key.ptr + 5, key.len - 5};
    int32_t k = 0;
    if (!name.len)
        return refuse(r, key, "required", "the name of an attribute wanted, as in attr.colour=red");
    while (k < ask->filter.n_attributes && !aisle_str_eq(ask->attributes[k].name, name)) k++;
    if (k == AISLE_FILTER_ATTRIBUTES) return refuse(r, key, "too_many", "at most 8 attributes wanted");
    if (k == ask->filter.n_attributes) {
        ask->attributes[k] = (aisle_attribute_filter){.name = name, .values = ask->values[k]};
        ask->filter.n_attributes++;
    }
    if (ask->attributes[k].n_values == AISLE_FILTER_VALUES)
        return refuse(r, key, "too_many", "at most 50 values of an attribute wanted");
    ask->values[k][ask->attributes[k].n_values++] = value;
    return AISLE_OK;
}

static bool is_one_of(aisle_str key, const char *const *names)
{
    while (*names && !aisle_str_eq(key, aisle_str_from(*names))) names++;
    return *names != NULL;
}

static aisle_status read_names(aisle_request *r, const char *const *others, aisle_products_ask *ask)
{
    static const char *const known[] = {"category", "price_min", "price_max", "rating_min", "in_stock",
                                        "facets",   "fields",    "cursor",    "limit",      NULL};
    aisle_status st = AISLE_OK;
    aisle_str key, value, earlier, any;
    for (int32_t i = 0; aisle_request_query_at(r, i, &key, &value); i++) {
        aisle_status one = AISLE_OK;
        bool again = false;
        for (int32_t k = 0; k < i && aisle_request_query_at(r, k, &earlier, &any); k++)
            again |= aisle_str_eq(key, earlier);
        if (aisle_str_eq(key, AISLE_STR("brand")))
            one = add_brand(r, ask, key, value);
        else if (starts_with(key, AISLE_STR("attr.")))
            one = add_attribute(r, ask, key, value);
        else if (!is_one_of(key, known) && !is_one_of(key, others))
            one = refuse(r, key, "unknown_parameter", "no parameter of this name is known here");
        else if (again)
            one = refuse(r, key, "duplicate_parameter", "the parameter comes twice");
        if (one != AISLE_OK) st = one;
    }
    return st;
}

/* ---- lists with commas ---- */

static aisle_str take_part(aisle_str *list)
{
    const char *at = memchr(list->ptr, ',', list->len);
    aisle_str part = {list->ptr, at ? (size_t)(at - list->ptr) : list->len};
    *list = at ? (aisle_str){at + 1, list->len - part.len - 1} : (aisle_str){NULL, 0};
    return part;
}

static aisle_status add_facet(aisle_request *r, aisle_products_ask *ask, aisle_str name)
{
    static const char *const names[] = {"category", "brand", "price", "rating"};
    const aisle_str key = AISLE_STR("facets");
    int32_t n = ask->n_facets;
    if (n == AISLE_ASK_FACETS) return refuse(r, key, "too_many", "at most 10 facets wanted");
    ask->facets[n].name = name;
    for (int i = 0; i < 4; i++)
        if (aisle_str_eq(name, aisle_str_from(names[i]))) {
            ask->facets[n].kind = (aisle_facet_kind)i;
            ask->n_facets++;
            return AISLE_OK;
        }
    if (!starts_with(name, AISLE_STR("attr.")) || name.len == 5)
        return refuse(r, key, "unknown",
                      "a list of category, brand, price, rating, attr.NAME with commas wanted");
    ask->facets[n].kind = AISLE_FACET_ATTRIBUTE;
    ask->facets[n].attribute = (aisle_str){name.ptr + 5, name.len - 5};
    ask->n_facets++;
    return AISLE_OK;
}

static aisle_status read_facets(aisle_request *r, aisle_products_ask *ask)
{
    aisle_status st = AISLE_OK;
    aisle_str list = aisle_request_query(r, "facets");
    while (list.len && st == AISLE_OK) st = add_facet(r, ask, take_part(&list));
    return st;
}

static aisle_status read_fields(aisle_request *r, aisle_products_ask *ask)
{
    aisle_str list = aisle_request_query(r, "fields");
    ask->fields = list.ptr ? 0 : AISLE_FIELDS_SHORT;
    while (list.len) {
        unsigned bit = aisle_answer_field(take_part(&list));
        if (!bit) return aisle_request_invalid(r, "?fields", "unknown", "%s wanted", AISLE_FIELD_NAMES);
        ask->fields |= bit;
    }
    return AISLE_OK;
}

/* Half stars from "3.5". */
static aisle_status read_rating(aisle_request *r, aisle_products_ask *ask)
{
    double stars = 0;
    aisle_str text = aisle_request_query(r, "rating_min");
    if (!text.ptr) return AISLE_OK;
    if (!aisle_str_to_f64(text, &stars))
        return aisle_request_invalid(r, "?rating_min", "wrong_type", "stars wanted");
    if (!(stars >= .5 && stars <= 5) || stars * 2 != (double)(int)(stars * 2))
        return aisle_request_invalid(r, "?rating_min", "out_of_range",
                                     "0.5 to 5 stars in steps of 0.5 wanted");
    ask->filter.rating_min = (int32_t)(stars * 2);
    return AISLE_OK;
}

aisle_status aisle_products_ask_parse(aisle_request *r, const char *const *others, aisle_products_ask **out)
{
    aisle_products_ask *ask = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *ask);
    if (!ask) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the question");
    aisle_catalogue_filter *f = &ask->filter;
    const aisle_int_range price = {0, max_price, -1};
    int64_t limit = 24;
    *f = AISLE_CATALOGUE_ALL;
    const aisle_status all[] = {
        read_names(r, others, ask),
        aisle_request_query_int(r, "price_min", price, &f->price_min),
        aisle_request_query_int(r, "price_max", price, &f->price_max),
        aisle_request_query_bool(r, "in_stock", false, &f->in_stock),
        aisle_request_query_int(r, "limit", (aisle_int_range){1, AISLE_PAGE_MAX, 24}, &limit),
        read_rating(r, ask),
        read_facets(r, ask),
        read_fields(r, ask),
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) AISLE_TRY(all[i]);
    f->category = aisle_request_query(r, "category");
    f->brands = ask->brands;
    f->attributes = ask->attributes;
    ask->cursor = aisle_request_query(r, "cursor");
    ask->limit = (int32_t)limit;
    *out = ask;
    return AISLE_OK;
}

/* ---- answers ---- */

static json_t *bound(int64_t v)
{
    return v < 0 || v == INT64_MAX ? json_null() : json_integer(v);
}

static json_t *encode_value(aisle_facet_kind kind, const aisle_facet_value *v)
{
    json_t *o = json_object();
    if (kind == AISLE_FACET_PRICE) {
        o = aisle_answer_with(o, "min", bound(v->low));
        o = aisle_answer_with(o, "max", bound(v->high == INT64_MAX ? INT64_MAX : v->high - 1));
    } else if (kind == AISLE_FACET_RATING)
        o = aisle_answer_with(o, "min", json_real((double)v->low / 2));
    else
        o = aisle_answer_with(o, "value", aisle_answer_text(v->value));
    o = aisle_answer_with(o, "count", json_integer(v->count));
    return aisle_answer_with(o, "selected", json_boolean(v->selected));
}

static json_t *encode_facet(aisle_facet_kind kind, const aisle_facet *f)
{
    json_t *values = json_array(), *o = json_object();
    for (int32_t i = 0; i < f->n && values; i++)
        if (json_array_append_new(values, encode_value(kind, &f->values[i]))) {
            json_decref(values);
            values = NULL;
        }
    if (kind == AISLE_FACET_PRICE) {
        o = aisle_answer_with(o, "min", bound(f->least));
        o = aisle_answer_with(o, "max", bound(f->greatest));
    }
    return aisle_answer_with(o, "values", values);
}

aisle_status aisle_products_facets(const aisle_catalogue *c, const aisle_matches *m,
                                   const aisle_products_ask *ask, aisle_arena *a, json_t **out,
                                   aisle_error *err)
{
    json_t *all = json_object();
    for (int32_t i = 0; i < ask->n_facets; i++) {
        aisle_facet f;
        aisle_status st =
            aisle_catalogue_facet(c, m, ask->facets[i].kind, ask->facets[i].attribute, a, &f, err);
        const char *name =
            st == AISLE_OK ? aisle_arena_strndup(a, ask->facets[i].name.ptr, ask->facets[i].name.len) : NULL;
        all = name ? aisle_answer_with(all, name, encode_facet(ask->facets[i].kind, &f)) : all;
        if (name && all) continue;
        json_decref(all);
        return st != AISLE_OK ? st : aisle_fail(err, AISLE_ENOMEM, "out of memory for the facets");
    }
    *out = all;
    return all ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for the facets");
}

aisle_status aisle_products_encode(aisle_view *v, const aisle_str *ids, int32_t n, unsigned fields,
                                   aisle_arena *a, json_t **out, aisle_error *err)
{
    json_t *items = json_array();
    aisle_status st = items ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for a page");
    for (int32_t i = 0; i < n && st == AISLE_OK; i++) {
        aisle_product p;
        st = aisle_view_product(v, ids[i], a, &p, NULL, err);
        if (st == AISLE_ENOTFOUND || (st == AISLE_OK && p.visibility == AISLE_HIDDEN)) {
            st = AISLE_OK;
            continue;
        }
        if (st == AISLE_OK && json_array_append_new(items, aisle_answer_product(&p, fields)))
            st = aisle_fail(err, AISLE_ENOMEM, "out of memory for a page");
    }
    if (st == AISLE_OK)
        *out = items;
    else
        json_decref(items);
    return st;
}
