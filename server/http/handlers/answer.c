/* What the answers of several resources share: products, times, caching. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "server/auth/identity.h"
#include "server/auth/random_id.h"
#include "server/http/handlers/handlers.h"
#include "server/json/json.h"

json_t *aisle_answer_text(aisle_str s)
{
    json_t *text = s.ptr ? json_stringn(s.ptr, s.len) : NULL;
    return text ? text : json_null();
}

json_t *aisle_answer_time(int64_t ms)
{
    char text[32];
    if (ms == 0) return json_null();
    aisle_time_format(ms, text);
    return json_string(text);
}

json_t *aisle_answer_parsed(const char *text)
{
    json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
    return value ? value : json_null();
}

json_t *aisle_answer_with(json_t *object, const char *name, json_t *value)
{
    if (object && value && json_object_set(object, name, value) == 0) {
        json_decref(value);
        return object;
    }
    json_decref(object);
    json_decref(value);
    return NULL;
}

static const struct {
    const char *name;
    unsigned bit;
} fields[] = {{"title", AISLE_FIELD_TITLE},
              {"brand", AISLE_FIELD_BRAND},
              {"category", AISLE_FIELD_CATEGORY},
              {"price", AISLE_FIELD_PRICE},
              {"in_stock", AISLE_FIELD_IN_STOCK},
              {"stock", AISLE_FIELD_STOCK},
              {"description", AISLE_FIELD_DESCRIPTION},
              {"attributes", AISLE_FIELD_ATTRIBUTES},
              {"created", AISLE_FIELD_CREATED},
              {"rating", AISLE_FIELD_RATING},
              {"images", AISLE_FIELD_IMAGES}};

unsigned aisle_answer_field(aisle_str name)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (aisle_str_eq(name, aisle_str_from(fields[i].name))) return fields[i].bit;
    return 0;
}

/* NULL for what is nested deeper than it could come in today: older imports took it. */
static json_t *parsed(aisle_str text)
{
    return text.ptr && !aisle_json_is_deep(text) ? json_loadb(text.ptr, text.len, 0, NULL) : NULL;
}

static json_t *attributes_of(const aisle_product *p)
{
    json_t *v = parsed(p->attributes);
    return v ? v : json_null();
}

static json_t *images_of(const aisle_product *p)
{
    json_t *v = parsed(p->images);
    return v ? v : json_array();
}

/* Stars to two digits; null when nobody has rated. */
static json_t *rating_of(const aisle_product *p)
{
    double stars = p->rating_count > 0 ? (double)p->rating_half_stars / 2 / (double)p->rating_count : 0;
    json_t *average = p->rating_count > 0 ? json_real(round(stars * 100) / 100) : json_null();
    json_t *o = aisle_answer_with(json_object(), "average", average);
    return aisle_answer_with(o, "count", json_integer(p->rating_count));
}

json_t *aisle_answer_product(const aisle_product *p, unsigned wanted)
{
    json_t *o = aisle_answer_with(json_object(), "id", aisle_answer_text(p->id));
    if (wanted & AISLE_FIELD_TITLE) o = aisle_answer_with(o, "title", aisle_answer_text(p->title));
    if (wanted & AISLE_FIELD_BRAND) o = aisle_answer_with(o, "brand", aisle_answer_text(p->brand));
    if (wanted & AISLE_FIELD_CATEGORY) o = aisle_answer_with(o, "category", aisle_answer_text(p->category));
    if (wanted & AISLE_FIELD_PRICE) {
        o = aisle_answer_with(o, "price", p->price_minor < 0 ? json_null() : json_integer(p->price_minor));
        o = aisle_answer_with(o, "currency", aisle_answer_text(p->currency));
    }
    if (wanted & AISLE_FIELD_IN_STOCK) o = aisle_answer_with(o, "in_stock", json_boolean(p->stock != 0));
    if (wanted & AISLE_FIELD_STOCK)
        o = aisle_answer_with(o, "stock", p->stock < 0 ? json_null() : json_integer(p->stock));
    if (wanted & AISLE_FIELD_DESCRIPTION)
        o = aisle_answer_with(o, "description", aisle_answer_text(p->description));
    if (wanted & AISLE_FIELD_ATTRIBUTES) o = aisle_answer_with(o, "attributes", attributes_of(p));
    if (wanted & AISLE_FIELD_CREATED) o = aisle_answer_with(o, "created", aisle_answer_time(p->created_ms));
    if (wanted & AISLE_FIELD_RATING) o = aisle_answer_with(o, "rating", rating_of(p));
    if (wanted & AISLE_FIELD_IMAGES) o = aisle_answer_with(o, "images", images_of(p));
    return o;
}

json_t *aisle_answer_product_detail(const aisle_product *p, int64_t version)
{
    json_t *o = aisle_answer_product(p, AISLE_FIELDS_ALL);
    o = aisle_answer_with(o, "hidden", json_boolean(p->visibility == AISLE_HIDDEN));
    return aisle_answer_with(o, "version", json_integer(version));
}

void aisle_answer_cacheable(aisle_request *r, int max_age)
{
    char control[48];
    snprintf(control, sizeof control, "public, max-age=%d", max_age);
    bool own = max_age < 0 || aisle_request_identity(r)->user != 0;
    aisle_reply_header(r, "Cache-Control", own ? "private, no-cache" : control);
    aisle_reply_header(r, "Vary", "Authorization, Cookie");
}

aisle_status aisle_answer_cached_text(aisle_request *r, aisle_str json, int max_age)
{
    char hex[AISLE_HEX_BYTES], tag[AISLE_HEX_BYTES + 2];
    aisle_digest(json.ptr, json.len, hex);
    snprintf(tag, sizeof tag, "\"%s\"", hex);
    aisle_reply_header(r, "ETag", tag);
    aisle_answer_cacheable(r, max_age);
    return aisle_reply_bytes(r, 200, "application/json", json.ptr, json.len); /* or 304 */
}

aisle_status aisle_answer_cached(aisle_request *r, json_t *body, int max_age)
{
    char *text = body ? json_dumps(body, AISLE_JSON_STYLE) : NULL;
    json_decref(body);
    if (!text) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the answer");
    aisle_status st = aisle_answer_cached_text(r, (aisle_str){text, strlen(text)}, max_age);
    aisle_free(text);
    return st;
}
