/* Reading and merging product bodies. What may be stored is bounded here; what an import brings is not. */
#include "server/http/handlers/product_body.h"

#include "aisle/images.h"

enum {
    TITLE_BYTES = 500,
    DESCRIPTION_BYTES = 20000,
    NAME_BYTES = 255,
    CATEGORY_BYTES = 1000,
    CATEGORY_LEVELS = 10,
    ATTRIBUTES_MAX = 100,
    ATTRIBUTE_NAME = 100,
    ATTRIBUTE_TEXT = 1000,
    ATTRIBUTE_LIST = 50,
};
static const int64_t max_number = INT64_C(1) << 53;

static const struct {
    const char *name;
    unsigned bit;
} members[] = {{"title", AISLE_BODY_TITLE},    {"description", AISLE_BODY_DESCRIPTION},
               {"brand", AISLE_BODY_BRAND},    {"category", AISLE_BODY_CATEGORY},
               {"price", AISLE_BODY_PRICE},    {"currency", AISLE_BODY_CURRENCY},
               {"stock", AISLE_BODY_STOCK},    {"attributes", AISLE_BODY_ATTRIBUTES},
               {"images", AISLE_BODY_IMAGES},  {"hidden", AISLE_BODY_HIDDEN},
               {"created", AISLE_BODY_CREATED}};

static aisle_status refuse(aisle_json_scope *s, const char *name, const char *code, const char *text)
{
    char pointer[256];
    snprintf(pointer, sizeof pointer, "%s/%s", s->pointer, name);
    s->failed = true;
    return aisle_request_invalid(s->r, pointer, code, "%s", text);
}

/* JSON text in the arena; absent when memory is short. */
static aisle_str dump(const json_t *v, aisle_arena *a)
{
    size_t n = json_dumpb(v, NULL, 0, JSON_COMPACT);
    char *text = n ? aisle_arena_alloc(a, n) : NULL;
    if (!text || json_dumpb(v, text, n, JSON_COMPACT) != n) return (aisle_str){NULL, 0};
    return (aisle_str){text, n};
}

/* ---- category and currency ---- */

/* "Home > Kitchen": names that are not empty, not too deep. */
static void check_category(aisle_json_scope *s, aisle_str path)
{
    int levels = 1;
    for (aisle_str rest = path; rest.ptr; levels++) {
        const char *at = rest.len ? memmem(rest.ptr, rest.len, " > ", 3) : NULL;
        aisle_str name = {rest.ptr, at ? (size_t)(at - rest.ptr) : rest.len};
        if (!aisle_str_trim(name).len || levels > CATEGORY_LEVELS) {
            refuse(s, "category", "malformed", "1 to 10 names with \" > \" between them wanted");
            return;
        }
        rest = at ? (aisle_str){at + 3, rest.len - name.len - 3} : (aisle_str){NULL, 0};
    }
}

/* ---- attributes ---- */

static const char *scalar_fault(const json_t *v)
{
    if (json_is_string(v) && json_string_length(v) > ATTRIBUTE_TEXT)
        return "a text of at most 1000 bytes wanted";
    return json_is_object(v) || json_is_array(v) || json_is_null(v)
               ? "a text, a number, a boolean, or a list of them wanted"
               : NULL;
}

static const char *value_fault(const json_t *v)
{
    size_t i;
    json_t *one;
    if (!json_is_array(v)) return scalar_fault(v);
    if (json_array_size(v) > ATTRIBUTE_LIST) return "at most 50 values wanted";
    json_array_foreach(v, i, one)
    {
        const char *fault = scalar_fault(one);
        if (fault) return fault;
    }
    return NULL;
}

/* In a PATCH a member that is null goes. */
static void check_attributes(aisle_json_scope *s, json_t *object, bool in_part)
{
    const char *name;
    json_t *v;
    if (json_object_size(object) > ATTRIBUTES_MAX)
        refuse(s, "attributes", "too_many", "at most 100 attributes wanted");
    json_object_foreach(object, name, v)
    {
        aisle_json_scope inner = *s;
        size_t n = strlen(name);
        const char *fault = in_part && json_is_null(v) ? NULL : value_fault(v);
        snprintf(inner.pointer, sizeof inner.pointer, "%.90s/attributes", s->pointer);
        if (n < 1 || n > ATTRIBUTE_NAME)
            refuse(s, "attributes", "out_of_range", "names of 1 to 100 bytes wanted");
        else if (fault)
            refuse(&inner, name, "wrong_value", fault);
        s->failed |= inner.failed;
    }
}

static aisle_status read_attributes(aisle_json_scope *s, bool in_part, aisle_product_body *out)
{
    aisle_json_scope child;
    if (aisle_json_child(s, "attributes", &child) != AISLE_OK || !child.object)
        return AISLE_OK; /* noted, or absent */
    check_attributes(s, child.object, in_part);
    if (in_part) {
        out->attributes = child.object;
        return AISLE_OK;
    }
    out->product.attributes = dump(child.object, aisle_request_arena(s->r));
    return out->product.attributes.ptr
               ? AISLE_OK
               : aisle_fail(aisle_request_error(s->r), AISLE_ENOMEM, "out of memory for a product");
}

/* ---- images ---- */

static void check_image(aisle_json_scope *s)
{
    static const char *const known[] = {"url", "alt", "width", "height", NULL};
    const aisle_int_range pixels = {1, AISLE_PIXELS_MAX, 0};
    aisle_str url, alt;
    int64_t side;
    aisle_json_only(s, known);
    if (aisle_json_required(s, "url") == AISLE_OK &&
        aisle_json_text(s, "url", 1, AISLE_URL_BYTES, &url) == AISLE_OK && !aisle_is_page_url(url))
        refuse(s, "url", "malformed", "an http or https URL, or a relative one, wanted");
    aisle_json_text(s, "alt", 0, AISLE_ALT_BYTES, &alt);
    aisle_json_int(s, "width", pixels, &side);
    aisle_json_int(s, "height", pixels, &side);
}

static aisle_status read_images(aisle_json_scope *s, aisle_product_body *out)
{
    json_t *list;
    if (aisle_json_array(s, "images", AISLE_IMAGES_MAX, &list) != AISLE_OK || !list) return AISLE_OK;
    for (size_t i = 0; i < json_array_size(list); i++) {
        aisle_json_scope image;
        if (aisle_json_element(s, "images", i, &image) == AISLE_OK) check_image(&image);
        s->failed |= image.failed;
    }
    if (json_array_size(list) == 0 || s->failed) return AISLE_OK;
    out->product.images = dump(list, aisle_request_arena(s->r));
    return out->product.images.ptr
               ? AISLE_OK
               : aisle_fail(aisle_request_error(s->r), AISLE_ENOMEM, "out of memory for a product");
}

/* ---- the whole ---- */

static void read_names(aisle_json_scope *s, bool in_part, aisle_product_body *out)
{
    const char *known[sizeof members / sizeof *members + 4] = {"id", "version"};
    size_t n = 2;
    if (in_part) known[n++] = "stock_delta";
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        known[n++] = members[i].name;
        if (json_object_get(s->object, members[i].name)) out->given |= members[i].bit;
    }
    aisle_json_only(s, known);
}

static void read_texts(aisle_json_scope *s, aisle_product *p)
{
    aisle_json_text(s, "id", 1, NAME_BYTES, &p->id);
    aisle_json_text(s, "title", 1, TITLE_BYTES, &p->title);
    aisle_json_text(s, "description", 0, DESCRIPTION_BYTES, &p->description);
    aisle_json_text(s, "brand", 1, NAME_BYTES, &p->brand);
    if (aisle_json_text(s, "category", 1, CATEGORY_BYTES, &p->category) == AISLE_OK && p->category.ptr)
        check_category(s, p->category);
    if (aisle_json_text(s, "currency", 3, 3, &p->currency) == AISLE_OK && p->currency.ptr &&
        !aisle_is_currency(p->currency))
        refuse(s, "currency", "unknown", "a currency code of ISO 4217 wanted, such as EUR");
}

static void read_created(aisle_json_scope *s, aisle_product *p)
{
    aisle_str when;
    if (aisle_json_text(s, "created", 1, 64, &when) != AISLE_OK || !when.ptr) return;
    if (!aisle_time_parse(when, &p->created_ms))
        refuse(s, "created", "wrong_type", "an RFC 3339 time wanted, such as 2026-11-24T08:00:00Z");
    else if (p->created_ms <= 0)
        refuse(s, "created", "out_of_range", "a time since 1970 wanted");
}

aisle_status aisle_product_body_read(aisle_json_scope *s, bool in_part, aisle_product_body *out)
{
    const aisle_int_range number = {0, max_number, -1}, versions = {0, max_number, -1};
    const aisle_int_range delta = {-max_number, max_number, 0};
    bool hidden = false;
    *out = (aisle_product_body){.product = {.price_minor = -1, .stock = -1}, .version = -1};
    read_names(s, in_part, out);
    read_texts(s, &out->product);
    aisle_json_int(s, "price", number, &out->product.price_minor);
    aisle_json_int(s, "stock", number, &out->product.stock);
    aisle_json_int(s, "version", versions, &out->version);
    if (in_part && aisle_json_int(s, "stock_delta", delta, &out->stock_delta) == AISLE_OK &&
        out->stock_delta && (out->given & AISLE_BODY_STOCK))
        refuse(s, "stock_delta", "conflict", "either stock or stock_delta wanted");
    aisle_json_bool(s, "hidden", false, &hidden);
    out->product.visibility = hidden ? AISLE_HIDDEN : AISLE_VISIBLE;
    read_created(s, &out->product);
    AISLE_TRY(read_attributes(s, in_part, out));
    AISLE_TRY(read_images(s, out));
    return s->failed ? AISLE_EINVAL : AISLE_OK;
}

/* ---- merging ---- */

static aisle_status merge_attributes(const aisle_product_body *b, aisle_arena *a, aisle_product *p,
                                     aisle_error *err)
{
    const char *name;
    json_t *v;
    const bool fine = p->attributes.ptr && !aisle_json_is_deep(p->attributes);
    json_t *all = fine ? json_loadb(p->attributes.ptr, p->attributes.len, 0, NULL) : NULL;
    if (!json_is_object(all)) {
        json_decref(all);
        all = json_object();
    }
    int failed = !all;
    json_object_foreach(b->attributes, name, v)
    {
        if (json_is_null(v))
            json_object_del(all, name);
        else
            failed |= json_object_set(all, name, v);
    }
    bool many = json_object_size(all) > ATTRIBUTES_MAX;
    p->attributes = failed ? (aisle_str){NULL, 0} : dump(all, a);
    json_decref(all);
    if (many)
        return aisle_fail(err, AISLE_EINVAL, "attributes: more than %d with those that are stored",
                          ATTRIBUTES_MAX);
    return p->attributes.ptr ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for the attributes");
}

static aisle_status merge_stock(const aisle_product_body *b, aisle_product *p, aisle_error *err)
{
    if (!b->stock_delta || p->stock < 0) return AISLE_OK;
    if (p->stock + b->stock_delta < 0 || p->stock + b->stock_delta > max_number)
        return aisle_fail(err, AISLE_ECONFLICT, "stock is %lld: it cannot change by %lld",
                          (long long)p->stock, (long long)b->stock_delta);
    p->stock += b->stock_delta;
    return AISLE_OK;
}

aisle_status aisle_product_body_merge(const aisle_product_body *b, aisle_arena *a, aisle_product *p,
                                      aisle_error *err)
{
    const aisle_product *n = &b->product;
    if (b->given & AISLE_BODY_TITLE) p->title = n->title;
    if (b->given & AISLE_BODY_DESCRIPTION) p->description = n->description;
    if (b->given & AISLE_BODY_BRAND) p->brand = n->brand;
    if (b->given & AISLE_BODY_CATEGORY) p->category = n->category;
    if (b->given & AISLE_BODY_PRICE) p->price_minor = n->price_minor;
    if (b->given & AISLE_BODY_CURRENCY) p->currency = n->currency;
    if (b->given & AISLE_BODY_STOCK) p->stock = n->stock;
    if (b->given & AISLE_BODY_IMAGES) p->images = n->images;
    if (b->given & AISLE_BODY_HIDDEN) p->visibility = n->visibility;
    if ((b->given & AISLE_BODY_CREATED) && n->created_ms) p->created_ms = n->created_ms;
    if ((b->given & AISLE_BODY_ATTRIBUTES) && !b->attributes) p->attributes = (aisle_str){NULL, 0};
    if (b->attributes) AISLE_TRY(merge_attributes(b, a, p, err));
    return merge_stock(b, p, err);
}
