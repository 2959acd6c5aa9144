/* Terms that are no words: prefixes of the category path, attributes, price bands. What they look like stands in
 * text.h; none can equal a token, for tokens have letters and digits alone. */
#include <jansson.h>
#include <math.h>

#include "aisle/json_size.h"
#include "cpu/text/ngrams.h"

static aisle_status whole(aisle_ngram_walk *w, aisle_error *err)
{
    aisle_status st = aisle_ngram_walk_whole(w, (aisle_str){w->scratch.data, (size_t)w->scratch.len});
    return st == AISLE_OK ? AISLE_OK : aisle_fail(err, st, "out of memory for the terms of a product");
}

static aisle_status short_of_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the terms of a product");
}

static aisle_status category(aisle_ngram_walk *w, aisle_str path, aisle_error *err)
{
    for (size_t end = 0; end < path.len; end++) {
        bool last = end + 1 == path.len;
        if (!last && path.ptr[end + 1] != '>') continue;
        size_t n = end + 1;
        while (n > 0 && path.ptr[n - 1] == ' ') n--;
        if (n == 0) continue;
        w->scratch.len = 0;
        if (!aisle_buf_append(&w->scratch, "category:", 9) || !aisle_buf_append(&w->scratch, path.ptr, n))
            return short_of_memory(err);
        AISLE_TRY(whole(w, err));
    }
    return AISLE_OK;
}

/* Numbers are written so that 1 and 1.0 are one term. */
static aisle_status attribute(aisle_ngram_walk *w, const char *key, const json_t *value, aisle_error *err)
{
    bool ok = true;
    w->scratch.len = 0;
    if (json_is_string(value) && json_string_length(value) > 0)
        ok = aisle_buf_printf(&w->scratch, "%s=%s", key, json_string_value(value));
    else if (json_is_number(value))
        ok = aisle_buf_printf(&w->scratch, "%s=%.9g", key, json_number_value(value));
    else if (json_is_boolean(value))
        ok = aisle_buf_printf(&w->scratch, "%s=%s", key, json_is_true(value) ? "true" : "false");
    if (!ok) return short_of_memory(err);
    return w->scratch.len ? whole(w, err) : AISLE_OK;
}

/* What is not one JSON object, or too deep, gives no terms: the catalogue checked it when it came in. */
static aisle_status attributes(aisle_ngram_walk *w, aisle_str text, aisle_error *err)
{
    const bool some = text.len && !aisle_json_is_deep(text);
    json_t *o = some ? json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *key;
    json_t *value, *one;
    size_t i;
    aisle_status st = AISLE_OK;
    json_object_foreach(o, key, value)
    {
        if (st == AISLE_OK) st = attribute(w, key, value, err);
        json_array_foreach(value, i, one) if (st == AISLE_OK) st = attribute(w, key, one, err);
    }
    json_decref(o);
    return st;
}

static aisle_status price_band(aisle_ngram_walk *w, const aisle_product *p, int band, const char *pair,
                               aisle_error *err)
{
    w->scratch.len = 0;
    if (!aisle_buf_printf(&w->scratch, "price:%.*s:%d%s", (int)p->currency.len,
                          p->currency.ptr ? p->currency.ptr : "", band, pair))
        return short_of_memory(err);
    return whole(w, err);
}

aisle_status aisle_whole_terms_walk(aisle_ngram_walk *w, const aisle_product *p, aisle_error *err)
{
    w->field = AISLE_TEXT_CATEGORY;
    AISLE_TRY(category(w, p->category, err));
    w->field = AISLE_TEXT_ATTRIBUTES;
    AISLE_TRY(attributes(w, p->attributes, err));
    if (p->price_minor <= 0) return AISLE_OK; /* unknown, or a gift: no band */
    w->field = AISLE_TEXT_PRICE;
    int band = (int)floor(2 * log2((double)p->price_minor));
    AISLE_TRY(price_band(w, p, band, "", err));
    AISLE_TRY(price_band(w, p, band - 1, "+", err));
    return price_band(w, p, band, "+", err);
}
