/* One table row a member. A member makes a node below the object's own; the key is the tree written down. */
#include "server/recommend/filter.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "server/json/json.h"

static const int64_t most_money = INT64_C(1) << 53; /* what a JSON number holds exactly everywhere */

typedef struct reading {
    aisle_arena *arena;
    aisle_filter_fault *fault;
    int32_t n_nodes;
    int depth;
} reading;

/* Where the object stands, and where its members go. */
typedef struct place {
    const char *pointer;
    const aisle_where **end; /* where the next child is linked */
} place;

static aisle_status refuse(reading *r, const char *pointer, const char *code, const char *text)
{
    snprintf(r->fault->pointer, sizeof r->fault->pointer, "%s", pointer);
    snprintf(r->fault->text, sizeof r->fault->text, "%s", text);
    r->fault->code = code;
    return AISLE_EINVAL;
}

static aisle_status add(reading *r, place *p, aisle_where node, aisle_where **out)
{
    if (++r->n_nodes > AISLE_FILTER_NODES)
        return refuse(r, p->pointer, "too_many", "a filter has at most 64 conditions");
    aisle_where *w = aisle_arena_alloc(r->arena, sizeof *w);
    if (!w) return AISLE_ENOMEM;
    *w = node;
    *p->end = w;
    p->end = &w->next;
    if (out) *out = w;
    return AISLE_OK;
}

/* ---- values ---- */

static int compare_texts(const void *a, const void *b)
{
    const aisle_str *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int d = n ? memcmp(x->ptr, y->ptr, n) : 0;
    return d ? d : (x->len > y->len) - (x->len < y->len);
}

/* One text or a list of them, sorted and each once. `attribute`: numbers and truth values are texts too. */
static aisle_status read_texts(reading *r, const char *pointer, const json_t *v, bool attribute,
                               aisle_where *w)
{
    size_t n = json_is_array(v) ? json_array_size(v) : 1;
    const size_t longest = w->kind == AISLE_WHERE_CATEGORY ? 1024 : AISLE_ATTRIBUTE_TEXT;
    if (n < 1) return refuse(r, pointer, "too_short", "at least one value wanted");
    if (n > AISLE_FILTER_TEXTS) return refuse(r, pointer, "too_many", "at most 100 values wanted");
    aisle_str *texts = aisle_arena_calloc(r->arena, n, sizeof *texts);
    if (!texts) return AISLE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(v) ? json_array_get(v, i) : v;
        char scalar[AISLE_ATTRIBUTE_TEXT + 1];
        aisle_str s = {json_string_value(one), json_string_length(one)};
        if (s.ptr && (s.len < 1 || s.len > longest))
            return refuse(r, pointer, s.len ? "too_long" : "too_short",
                          longest > 255 ? "1 to 1024 bytes wanted" : "1 to 255 bytes wanted");
        if (!s.ptr && (!attribute || !aisle_attribute_text(one, scalar, &s.len)))
            return refuse(r, pointer, "wrong_type",
                          attribute ? "a text, a number, true, false, a list of them, or "
                                      "{\"min\", \"max\", \"exists\"} wanted"
                                    : "a text or a list of texts wanted");
        texts[i] = (aisle_str){aisle_arena_strndup(r->arena, s.ptr ? s.ptr : scalar, s.len), s.len};
        if (!texts[i].ptr) return AISLE_ENOMEM;
    }
    qsort(texts, n, sizeof *texts, compare_texts);
    w->values = texts;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || compare_texts(&texts[i], &texts[w->n_values - 1]) != 0) texts[w->n_values++] = texts[i];
    return AISLE_OK;
}

static aisle_status read_int(reading *r, const char *pointer, const json_t *v, int64_t *out)
{
    if (!json_is_integer(v)) return refuse(r, pointer, "wrong_type", "an integer wanted");
    int64_t n = json_integer_value(v);
    if (n < 0 || n > most_money) return refuse(r, pointer, "out_of_range", "0 to 9007199254740992 wanted");
    *out = n;
    return AISLE_OK;
}

static aisle_status read_stars(reading *r, const char *pointer, const json_t *v, int64_t *half_stars)
{
    double stars = json_number_value(v);
    if (!json_is_number(v)) return refuse(r, pointer, "wrong_type", "a number wanted");
    if (!(stars >= .5 && stars <= 5) || stars * 2 != floor(stars * 2))
        return refuse(r, pointer, "out_of_range", "0.5 to 5 stars in steps of 0.5 wanted");
    *half_stars = (int64_t)(stars * 2);
    return AISLE_OK;
}

static aisle_status read_time(reading *r, const char *pointer, const json_t *v, int64_t *ms)
{
    aisle_str s = {json_string_value(v), json_string_length(v)};
    if (!s.ptr || !aisle_time_parse(s, ms) || *ms < 1)
        return refuse(r, pointer, "wrong_type", "a time as of RFC 3339 wanted, after 1970");
    return AISLE_OK;
}

/* ---- attributes ---- */

static aisle_status read_bounds(reading *r, place *p, const char *name, const json_t *bounds)
{
    char pointer[256];
    const char *key;
    json_t *v;
    aisle_str text = {name, strlen(name)};
    double bound[2] = {-INFINITY, INFINITY};
    int exists = -1;
    json_object_foreach((json_t *)bounds, key, v)
    {
        int which = strcmp(key, "min") == 0 ? 0 : strcmp(key, "max") == 0 ? 1 : 2;
        aisle_json_point(p->pointer, key, pointer, sizeof pointer);
        if (which == 2 && strcmp(key, "exists") != 0)
            return refuse(r, pointer, "unknown_member", "min, max or exists wanted");
        if (which == 2 && !json_is_boolean(v)) return refuse(r, pointer, "wrong_type", "a boolean wanted");
        if (which < 2 && !json_is_number(v)) return refuse(r, pointer, "wrong_type", "a number wanted");
        if (which == 2) exists = json_is_true(v);
        if (which < 2) bound[which] = json_number_value(v);
    }
    if (exists < 0 && !json_object_size(bounds))
        return refuse(r, p->pointer, "required", "min, max or exists wanted");
    aisle_where has = {.kind = AISLE_WHERE_HAS, .name = text}, *not = NULL;
    if (exists == 1) AISLE_TRY(add(r, p, has, NULL));
    if (exists == 0) {
        AISLE_TRY(add(r, p, (aisle_where){.kind = AISLE_WHERE_NOT}, &not ));
        place below = {p->pointer, &not ->child};
        AISLE_TRY(add(r, &below, has, NULL));
    }
    if (bound[0] == -INFINITY && bound[1] == INFINITY) return AISLE_OK;
    return add(r, p,
               (aisle_where){.kind = AISLE_WHERE_NUMBER, .name = text, .least = bound[0], .most = bound[1]},
               NULL);
}

static aisle_status read_attributes(reading *r, place *p, const json_t *v)
{
    char pointer[256];
    const char *key;
    json_t *one;
    if (!json_is_object(v)) return refuse(r, p->pointer, "wrong_type", "an object wanted");
    json_object_foreach((json_t *)v, key, one)
    {
        aisle_where *w;
        size_t len = strlen(key);
        aisle_json_point(p->pointer, key, pointer, sizeof pointer);
        if (len < 1 || len > AISLE_ATTRIBUTE_TEXT)
            return refuse(r, pointer, len ? "too_long" : "too_short", "a name of 1 to 255 bytes wanted");
        const char *name = aisle_arena_strndup(r->arena, key, len);
        if (!name) return AISLE_ENOMEM;
        place here = {pointer, p->end};
        if (json_is_object(one)) {
            AISLE_TRY(read_bounds(r, &here, name, one));
        } else {
            AISLE_TRY(add(r, &here, (aisle_where){.kind = AISLE_WHERE_ATTRIBUTE, .name = {name, len}}, &w));
            AISLE_TRY(read_texts(r, pointer, one, true, w));
        }
        p->end = here.end;
    }
    return AISLE_OK;
}

/* ---- objects ---- */

static aisle_status read_object(reading *r, const char *pointer, const json_t *v, place *to);

static aisle_status read_list(reading *r, place *p, const json_t *v, aisle_where_kind kind)
{
    aisle_where *w;
    char pointer[256];
    if (!json_is_array(v)) return refuse(r, p->pointer, "wrong_type", "a list of filters wanted");
    if (!json_array_size(v)) return refuse(r, p->pointer, "too_short", "at least one filter wanted");
    AISLE_TRY(add(r, p, (aisle_where){.kind = kind}, &w));
    place below = {p->pointer, &w->child};
    for (size_t i = 0; i < json_array_size(v); i++) {
        snprintf(pointer, sizeof pointer, "%.200s/%zu", p->pointer, i);
        AISLE_TRY(read_object(r, pointer, json_array_get(v, i), &below));
    }
    return AISLE_OK;
}

static aisle_status read_not(reading *r, place *p, const json_t *v)
{
    aisle_where *w;
    AISLE_TRY(add(r, p, (aisle_where){.kind = AISLE_WHERE_NOT}, &w));
    place below = {p->pointer, &w->child};
    return read_object(r, p->pointer, v, &below);
}

static aisle_status read_leaf(reading *r, place *p, const json_t *v, aisle_where_kind kind, bool is_max)
{
    aisle_where *w;
    AISLE_TRY(add(r, p, (aisle_where){.kind = kind, .high = INT64_MAX}, &w));
    switch (kind) {
    case AISLE_WHERE_RATING: return read_stars(r, p->pointer, v, &w->low);
    case AISLE_WHERE_CREATED: return read_time(r, p->pointer, v, &w->low);
    case AISLE_WHERE_PRICE: return read_int(r, p->pointer, v, is_max ? &w->high : &w->low);
    case AISLE_WHERE_STOCK:
    case AISLE_WHERE_RATED: return read_int(r, p->pointer, v, &w->low);
    default: return read_texts(r, p->pointer, v, false, w);
    }
}

enum { IN_STOCK = -1, ATTRIBUTES = -2, PRICE_MAX = -3 };
static const struct {
    const char *name;
    int kind; /* aisle_where_kind, or one of the above */
} members[] = {
    {"id", AISLE_WHERE_ID},
    {"category", AISLE_WHERE_CATEGORY},
    {"brand", AISLE_WHERE_BRAND},
    {"price_min", AISLE_WHERE_PRICE},
    {"price_max", PRICE_MAX},
    {"in_stock", IN_STOCK},
    {"stock_min", AISLE_WHERE_STOCK},
    {"rating_min", AISLE_WHERE_RATING},
    {"rating_count_min", AISLE_WHERE_RATED},
    {"created_since", AISLE_WHERE_CREATED},
    {"attributes", ATTRIBUTES},
    {"and", AISLE_WHERE_ALL},
    {"or", AISLE_WHERE_ANY},
    {"not", AISLE_WHERE_NOT},
};
enum { MEMBERS = sizeof members / sizeof *members };

static aisle_status read_member(reading *r, place *p, int kind, const json_t *v)
{
    switch (kind) {
    case IN_STOCK:
        return json_is_boolean(v) ? AISLE_OK : refuse(r, p->pointer, "wrong_type", "a boolean wanted");
    case ATTRIBUTES: return read_attributes(r, p, v);
    case AISLE_WHERE_ALL:
    case AISLE_WHERE_ANY: return read_list(r, p, v, (aisle_where_kind)kind);
    case AISLE_WHERE_NOT: return read_not(r, p, v);
    case PRICE_MAX: return read_leaf(r, p, v, AISLE_WHERE_PRICE, true);
    default: return read_leaf(r, p, v, (aisle_where_kind)kind, false);
    }
}

static aisle_status check_names(reading *r, const char *pointer, const json_t *v)
{
    char full[256];
    const char *key;
    json_t *one;
    json_object_foreach((json_t *)v, key, one)
    {
        int i = 0;
        while (i < MEMBERS && strcmp(members[i].name, key) != 0) i++;
        if (i < MEMBERS) continue;
        aisle_json_point(pointer, key, full, sizeof full);
        return refuse(r, full, "unknown_member", "no condition of this name is known");
    }
    return AISLE_OK;
}

/* In the order of the table, so that equal objects make equal trees. */
static aisle_status read_object(reading *r, const char *pointer, const json_t *v, place *to)
{
    char full[256];
    aisle_where *w;
    if (!json_is_object(v)) return refuse(r, pointer, "wrong_type", "a filter, which is an object, wanted");
    if (r->depth == AISLE_WHERE_DEPTH)
        return refuse(r, pointer, "too_many", "filters are at most 8 objects deep");
    AISLE_TRY(check_names(r, pointer, v));
    AISLE_TRY(add(r, to, (aisle_where){.kind = AISLE_WHERE_ALL}, &w));
    place p = {full, &w->child};
    r->depth++;
    for (int i = 0; i < MEMBERS; i++) {
        const json_t *one = json_object_get(v, members[i].name);
        if (!one || json_is_null(one)) continue;
        aisle_json_point(pointer, members[i].name, full, sizeof full);
        AISLE_TRY(read_member(r, &p, members[i].kind, one));
    }
    r->depth--;
    return AISLE_OK;
}

/* ---- keys ---- */

static bool write_text(aisle_buf *b, aisle_str s)
{
    return aisle_buf_printf(b, "%zu:", s.len) && aisle_buf_append(b, s.ptr, s.len);
}

static bool write_key(const aisle_where *w, aisle_buf *b)
{
    bool ok = aisle_buf_printf(b, "%d", (int)w->kind);
    if (w->name.ptr) ok = ok && write_text(b, w->name);
    for (int32_t i = 0; i < w->n_values; i++) ok = ok && write_text(b, w->values[i]);
    if (w->low || w->kind == AISLE_WHERE_PRICE) /* 0 is a bound, too: a price has two */
        ok = ok && aisle_buf_printf(b, "#%lld,%lld", (long long)w->low, (long long)w->high);
    if (w->kind == AISLE_WHERE_NUMBER) ok = ok && aisle_buf_printf(b, "#%a,%a", w->least, w->most);
    if (!w->child) return ok && aisle_buf_append(b, ";", 1);
    ok = ok && aisle_buf_append(b, "(", 1);
    for (const aisle_where *child = w->child; child && ok; child = child->next) ok = write_key(child, b);
    return ok && aisle_buf_append(b, ")", 1);
}

/* Nothing is asked where the tree is a conjunction of nothing. */
static bool finish(const aisle_where *w, aisle_arena *a, aisle_filter *out)
{
    aisle_buf b = {0};
    if (w->kind == AISLE_WHERE_ALL && !w->child) {
        *out = (aisle_filter){.key = AISLE_STR("")};
        return true;
    }
    bool ok = write_key(w, &b);
    char *copy = ok ? aisle_arena_strndup(a, b.data, b.len) : NULL;
    if (copy) *out = (aisle_filter){w, {copy, b.len}};
    aisle_buf_deinit(&b);
    return copy != NULL;
}

aisle_status aisle_filter_parse(const json_t *v, const char *pointer, aisle_arena *a, aisle_filter *out,
                                aisle_filter_fault *fault)
{
    reading r = {.arena = a, .fault = fault};
    const aisle_where *root = NULL;
    place top = {pointer, &root};
    AISLE_TRY(read_object(&r, pointer, v, &top));
    return finish(root, a, out) ? AISLE_OK : AISLE_ENOMEM;
}

bool aisle_filter_category(aisle_str node, aisle_arena *a, aisle_filter *out)
{
    aisle_where *w = aisle_arena_calloc(a, 2, sizeof *w);
    aisle_str *value = aisle_arena_alloc(a, sizeof *value);
    if (!w || !value) return false;
    *value = node;
    w[1] = (aisle_where){.kind = AISLE_WHERE_CATEGORY, .values = value, .n_values = 1, .high = INT64_MAX};
    w[0] = (aisle_where){.kind = AISLE_WHERE_ALL, .child = &w[1]}; /* as the object {"category": ...} */
    return finish(w, a, out);
}

bool aisle_filter_without(const aisle_filter *one, const aisle_filter *others, int32_t n, aisle_arena *a,
                          aisle_filter *out)
{
    aisle_where *w = aisle_arena_calloc(a, 2 + 2 * (size_t)n, sizeof *w), *at = w + 1;
    if (!w) return false;
    w->kind = AISLE_WHERE_ALL;
    const aisle_where **end = &w->child;
    for (int32_t i = -1; i < n; i++) {
        const aisle_where *tree = i < 0 ? one->where : others[i].where;
        if (i < 0 && !tree) continue;
        aisle_where *inner = at++;
        *inner = tree ? *tree : (aisle_where){.kind = AISLE_WHERE_ALL};
        inner->next = NULL; /* a root's sibling is none, but a copy is linked anew */
        if (i >= 0) {
            aisle_where *not = at++;
            *not = (aisle_where){.kind = AISLE_WHERE_NOT, .child = inner};
            inner = not ;
        }
        *end = inner;
        end = &inner->next;
    }
    return finish(w, a, out);
}
