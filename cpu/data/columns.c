/* Parsing column maps and finding them in a header. */
#include "cpu/data/columns.h"

static const char *const names[N_TARGETS] = {[T_USER] = "user",
                                             [T_ITEM] = "item",
                                             [T_SESSION] = "session",
                                             [T_TYPE] = "type",
                                             [T_TIME] = "time",
                                             [T_VALUE] = "value",
                                             [T_QUANTITY] = "quantity",
                                             [T_PRICE] = "price",
                                             [T_ORDER] = "order",
                                             [T_EVENT_ID] = "event_id",
                                             [T_POSITION] = "position",
                                             [T_TITLE] = "title",
                                             [T_DESCRIPTION] = "description",
                                             [T_BRAND] = "brand",
                                             [T_CATEGORY] = "category",
                                             [T_CURRENCY] = "currency",
                                             [T_STOCK] = "stock",
                                             [T_ATTRIBUTES] = "attributes",
                                             [T_IMAGES] = "images",
                                             [T_CREATED] = "created",
                                             [T_AGE_BAND] = "age_band",
                                             [T_GENDER] = "gender",
                                             [T_COUNTRY] = "country"};

const char *target_name(target t)
{
    return names[t];
}

/* The part of *s before `separator`, taken off with it; *s becomes {NULL, 0} after the last. */
static aisle_str part(aisle_str *s, char separator)
{
    const char *at = memchr(s->ptr, separator, s->len);
    aisle_str head = {s->ptr, at ? (size_t)(at - s->ptr) : s->len};
    *s = at ? (aisle_str){at + 1, s->len - head.len - 1} : (aisle_str){NULL, 0};
    return aisle_str_trim(head);
}

aisle_status column_spec_parse(const char *text, column_spec *out, aisle_error *err)
{
    *out = (column_spec){0};
    for (aisle_str rest = aisle_str_from(text); rest.ptr;) {
        aisle_str source = part(&rest, ','), name = {NULL, 0};
        if (source.len && memchr(source.ptr, '=', source.len)) name = part(&source, '=');
        source = aisle_str_trim(source);
        int t = 0;
        while (t < N_TARGETS && !aisle_str_eq(name, aisle_str_from(names[t]))) t++;
        if (t == N_TARGETS || source.len == 0)
            return aisle_fail(err, AISLE_EINVAL,
                              "column map \"%s\": wanted TARGET=COLUMN pairs with commas between, as in "
                              "user=CustomerID,item=StockCode; got \"%.*s\"",
                              text, (int)(name.len ? name.len : source.len),
                              name.len ? name.ptr : source.ptr);
        out->source[t] = source;
    }
    return AISLE_OK;
}

/* Tries "a+b" in the header; every column must be there. */
static bool find_joined(aisle_reader *r, aisle_str joined, columns *out, int t)
{
    int32_t n = 0;
    while (joined.ptr) {
        int32_t at = n < MAX_JOINED ? aisle_reader_find(r, part(&joined, '+')) : -1;
        if (at < 0) return false;
        out->at[t][n++] = at;
    }
    out->n[t] = n;
    return true;
}

/* Tries the alternatives "a|b" in order. */
static bool find_source(aisle_reader *r, aisle_str source, columns *out, int t)
{
    while (source.ptr)
        if (find_joined(r, part(&source, '|'), out, t)) return true;
    return false;
}

static aisle_status missing(const columns_request *q, const aisle_reader *r, const char *what,
                            const char *example, aisle_error *err)
{
    char list[300] = "";
    size_t n = 0;
    for (int32_t i = 0; i < aisle_reader_n_columns(r) && n < sizeof list - 1; i++) {
        aisle_str c = aisle_reader_column(r, i);
        int len = snprintf(list + n, sizeof list - n, "%s%.*s", i ? ", " : "", (int)c.len, c.ptr);
        n += len < 0 ? 0 : (size_t)len;
    }
    return aisle_fail(err, AISLE_EINVAL, "%s: no column for the %s; name it, as in %s; the file has: %s",
                      q->path, what, example, list);
}

aisle_status columns_find(const columns_request *q, aisle_reader *r, columns *out, aisle_error *err)
{
    *out = (columns){0};
    for (int t = 0; t < N_TARGETS; t++) {
        if (find_source(r, q->own->source[t], out, t))
            q->used[t] = true;
        else
            find_source(r, q->preset->source[t], out, t);
    }
    if (q->role != AISLE_ROLE_PRODUCTS && !out->n[T_USER] && !out->n[T_SESSION])
        return missing(q, r, "user", "user=CustomerID", err);
    if (q->role != AISLE_ROLE_USERS && !out->n[T_ITEM]) return missing(q, r, "item", "item=StockCode", err);
    return AISLE_OK;
}
