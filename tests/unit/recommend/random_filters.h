/* Filters that follow from a number, as JSON, and what they say of the random shop's products, worked out by hand. */
#ifndef AISLE_TEST_RANDOM_FILTERS_H
#define AISLE_TEST_RANDOM_FILTERS_H

#include <jansson.h>

#include "server/recommend/filter.h"
#include "tests/unit/catalogue/random_shop.h"

static inline json_t *random_texts(aisle_rng *g, const char *const *of, uint64_t n)
{
    json_t *list = json_array();
    uint64_t count = 1 + below(g, 3);
    if (below(g, 2)) {
        json_decref(list);
        return json_string(of[below(g, n)]);
    }
    for (uint64_t i = 0; i < count; i++) json_array_append_new(list, json_string(of[below(g, n)]));
    return list;
}

static inline json_t *random_attribute(aisle_rng *g, bool colour)
{
    static const char *const colours[] = {"red", "green", "blue", "any", "none of these"};
    switch (below(g, 4)) {
    case 0: return json_pack("{s:b}", "exists", (int)below(g, 2));
    case 1: return json_pack("{s:f, s:i}", "min", (double)below(g, 4) - .5, "max", (int)below(g, 5));
    case 2: return json_pack("{s:i}", below(g, 2) ? "min" : "max", (int)below(g, 5));
    default: return colour ? random_texts(g, colours, 5) : json_integer((json_int_t)below(g, 5));
    }
}

static inline json_t *random_filter(aisle_rng *g, int depth)
{
    static const char *const brands[] = {"b0", "b1", "b2", "b3", "b7", "nobody's"};
    static const char *const ids[] = {"p001", "p017", "p140", "p399", "unknown"};
    json_t *o = json_object(), *list;
    uint64_t members = below(g, 3) + (depth == 0);
    for (uint64_t k = 0; k < members; k++) {
        uint64_t kind = below(g, depth < 3 ? 12 : 9);
        switch (kind) {
        case 0: json_object_set_new(o, "category", random_texts(g, random_nodes, 7)); break;
        case 1: json_object_set_new(o, "brand", random_texts(g, brands, 6)); break;
        case 2: json_object_set_new(o, "price_min", json_integer((json_int_t)below(g, 40) * 100)); break;
        case 3: json_object_set_new(o, "price_max", json_integer((json_int_t)below(g, 40) * 100)); break;
        case 4: json_object_set_new(o, "stock_min", json_integer((json_int_t)below(g, 4))); break;
        case 5: json_object_set_new(o, "rating_min", json_real((double)(1 + below(g, 10)) / 2)); break;
        case 6: json_object_set_new(o, "rating_count_min", json_integer((json_int_t)below(g, 3))); break;
        case 7:
            if (below(g, 2))
                json_object_set_new(o, "created_since", json_string("1970-01-01T00:00:00.025Z"));
            else
                json_object_set_new(o, "id", random_texts(g, ids, 5));
            break;
        case 8:
            json_object_set_new(o, "attributes",
                                json_pack("{s:o, s:o}", "colour", random_attribute(g, true), "size",
                                          random_attribute(g, false)));
            break;
        case 11: json_object_set_new(o, "not", random_filter(g, depth + 1)); break;
        default:
            list = json_array();
            for (uint64_t i = 0, n = 1 + below(g, 3); i < n; i++)
                json_array_append_new(list, random_filter(g, depth + 1));
            json_object_set_new(o, kind == 9 ? "and" : "or", list);
        }
    }
    return o;
}

/* ---- by hand ---- */

static inline bool says_text(const json_t *v, const char *text, bool below_too)
{
    for (size_t i = 0; i < (json_is_array(v) ? json_array_size(v) : 1); i++) {
        const char *one = json_string_value(json_is_array(v) ? json_array_get(v, i) : v);
        size_t n = strlen(one);
        if (strcmp(one, text) == 0) return true;
        if (below_too && strncmp(one, text, n) == 0 && strncmp(text + n, " > ", 3) == 0) return true;
    }
    return false;
}

/* One attribute: its values as texts, NULL-terminated. */
static inline bool says_attribute(const json_t *v, const char *const *values)
{
    const json_t *min = json_object_get(v, "min"), *max = json_object_get(v, "max"),
                 *exists = json_object_get(v, "exists");
    if (exists && json_is_true(exists) != (values[0] != NULL)) return false;
    if (json_is_object(v) && !min && !max) return true;
    for (; *values; values++) {
        char *end;
        double number = strtod(*values, &end);
        if (json_is_integer(v) && !*end && number == (double)json_integer_value(v)) return true;
        if (json_is_integer(v)) continue;
        if (!json_is_object(v) && says_text(v, *values, false)) return true;
        if (!json_is_object(v) || *end) continue;
        if ((!min || number >= json_number_value(min)) && (!max || number <= json_number_value(max)))
            return true;
    }
    return false;
}

static inline bool by_hand(const json_t *o, const random_product *p)
{
    const char *key;
    json_t *v;
    char size[8];
    snprintf(size, sizeof size, "%d", p->size);
    const char *const colours[] = {p->colour >= 0 ? random_colours[p->colour] : NULL, "any", NULL},
                      *const sizes[] = {p->size >= 0 ? size : NULL, NULL};
    json_object_foreach((json_t *)o, key, v)
    {
        bool holds = true;
        size_t n = json_array_size(v), some = 0;
        for (size_t i = 0; i < n && (strcmp(key, "and") == 0 || strcmp(key, "or") == 0); i++)
            some += by_hand(json_array_get(v, i), p);
        if (strcmp(key, "id") == 0) holds = says_text(v, p->id, false);
        if (strcmp(key, "category") == 0) holds = p->category[0] && says_text(v, p->category, true);
        if (strcmp(key, "brand") == 0) holds = p->brand[0] && says_text(v, p->brand, false);
        if (strcmp(key, "price_min") == 0) holds = p->price >= json_integer_value(v);
        if (strcmp(key, "price_max") == 0) holds = p->price >= 0 && p->price <= json_integer_value(v);
        if (strcmp(key, "stock_min") == 0) holds = p->stock < 0 || p->stock >= json_integer_value(v);
        if (strcmp(key, "rating_min") == 0)
            holds = p->ratings && (double)(p->halves / p->ratings) >= json_number_value(v) * 2;
        if (strcmp(key, "rating_count_min") == 0) holds = p->ratings >= json_integer_value(v);
        if (strcmp(key, "created_since") == 0) holds = p->created >= 25;
        if (strcmp(key, "attributes") == 0)
            holds = says_attribute(json_object_get(v, "colour"), colours) &&
                    says_attribute(json_object_get(v, "size"), sizes);
        if (strcmp(key, "and") == 0) holds = some == n;
        if (strcmp(key, "or") == 0) holds = some > 0;
        if (strcmp(key, "not") == 0) holds = !by_hand(v, p);
        if (!holds) return false;
    }
    return true;
}

static inline void shop_init(shop_fixture *f, aisle_rng *g, random_product *shop, int n)
{
    aisle_rng_init(g, 11, 0);
    fixture_folder(f);
    fixture_open(f);
    for (int i = 0; i < n; i++) {
        random_make(g, i, &shop[i]);
        random_put(f, &shop[i]);
    }
    for (int i = 0; i < n; i += 2) random_rate(f, &shop[i], i + 1, 2 + (int64_t)below(g, 9));
    for (int i = 0; i < n; i += 6) random_rate(f, &shop[i], i + 1, 2 + (int64_t)below(g, 9));
}

#endif
