/* Cell cleaning. Each step writes into the spare buffer and swaps it in, so that a step may read what the
 * step before wrote. */
#include "cpu/data/import_cell.h"

#include <jansson.h>

#include "aisle/json_size.h"
#include "aisle/memory.h"
#include "cpu/data/clean.h"
#include "cpu/data/entities.h"
#include "cpu/data/image_list.h"
#include "cpu/data/utf8.h"

enum { ID_BYTES = 255 };

void note_dropped(row_cleaner *c, aisle_import_reason r, target t)
{
    if (!(c->dropped & REASON(r))) c->at[r] = t;
    c->found |= REASON(r);
    c->dropped |= REASON(r);
}

void note_changed(row_cleaner *c, aisle_import_reason r)
{
    c->found |= REASON(r);
    c->changed |= REASON(r);
}

/* The spare buffer becomes the target's text. */
static aisle_str take_spare(row_cleaner *c, target t)
{
    aisle_buf b = c->text[t];
    c->text[t] = c->spare;
    c->spare = b;
    return (aisle_str){c->text[t].data, (size_t)c->text[t].len};
}

/* Starts a step: an empty spare buffer. */
static aisle_buf *spare(row_cleaner *c)
{
    c->spare.len = 0;
    if (!aisle_buf_append(&c->spare, "", 0)) c->no_memory = true;
    return &c->spare;
}

static aisle_str join(row_cleaner *c, const aisle_row *row, target t, const char *separator)
{
    aisle_buf *b = spare(c);
    for (int32_t i = 0; i < c->columns.n[t]; i++) {
        aisle_str s = aisle_str_trim(row->fields[c->columns.at[t][i]]);
        bool ok = !s.len || ((b->len == 0 || aisle_buf_append(b, separator, strlen(separator))) &&
                             aisle_buf_append(b, s.ptr, s.len));
        if (!ok) c->no_memory = true;
    }
    return take_spare(c, t);
}

aisle_str cell_raw(row_cleaner *c, const aisle_row *row, target t, const char *separator)
{
    aisle_str s = {NULL, 0};
    if (c->columns.n[t] == 1)
        s = aisle_str_trim(row->fields[c->columns.at[t][0]]);
    else if (c->columns.n[t] > 1)
        s = join(c, row, t, separator);
    if (s.len && row->fault == AISLE_ROW_BAD_UTF8 && !utf8_valid(s)) {
        if (!utf8_repair(s, spare(c))) c->no_memory = true;
        s = take_spare(c, t);
        note_changed(c, AISLE_REASON_BAD_UTF8);
    }
    return s.len ? s : (aisle_str){NULL, 0};
}

aisle_str cell_text(row_cleaner *c, const aisle_row *row, target t, const char *separator)
{
    aisle_str s = cell_raw(c, row, t, separator);
    bool yes = false;
    if (s.len && c->preset->python_lists && s.ptr[0] == '[') {
        if (!python_list_join(s, t == T_CATEGORY ? separator : " ", spare(c), &yes)) c->no_memory = true;
        if (yes) s = aisle_str_trim(take_spare(c, t));
    }
    if (s.len && memchr(s.ptr, '&', s.len)) {
        if (!entities_decode(s, spare(c), &yes)) c->no_memory = true;
        if (yes) {
            s = aisle_str_trim(take_spare(c, t));
            note_changed(c, AISLE_REASON_HTML_ENTITY);
        }
    }
    return s.len ? s : (aisle_str){NULL, 0};
}

aisle_str cell_id(row_cleaner *c, const aisle_row *row, target t)
{
    aisle_str s = cell_raw(c, row, t, "-");
    if (s.len > ID_BYTES) note_dropped(c, AISLE_REASON_ID_TOO_LONG, t);
    return s;
}

int64_t cell_price(row_cleaner *c, const aisle_row *row, aisle_str currency)
{
    int64_t minor;
    aisle_str s = cell_raw(c, row, T_PRICE, "");
    if (!s.len) return -1;
    if (!money_parse(s, currency_exponent(currency), &minor))
        note_dropped(c, AISLE_REASON_BAD_NUMBER, T_PRICE);
    else if (minor > 0)
        return minor;
    else
        note_changed(c, AISLE_REASON_BAD_PRICE);
    return -1;
}

bool cell_number(row_cleaner *c, const aisle_row *row, target t, double low, double high, double *out)
{
    double v;
    aisle_str s = cell_raw(c, row, t, "");
    if (!s.len) return false;
    if (aisle_str_to_f64(s, &v) && v >= low && v <= high)
        *out = v;
    else
        note_dropped(c, AISLE_REASON_BAD_NUMBER, t);
    return true;
}

int64_t cell_time(row_cleaner *c, const aisle_row *row, target t)
{
    int64_t ms = 0;
    aisle_str s = cell_raw(c, row, t, " ");
    if (s.len && !moment_parse(s, &ms)) note_dropped(c, AISLE_REASON_BAD_TIME, t);
    return ms;
}

/* ["Drama", "Romance"] from "Drama|Romance". */
static json_t *split_list(aisle_str list, const char *separator)
{
    json_t *array = json_array();
    while (array && list.len) {
        const char *at = memmem(list.ptr, list.len, separator, strlen(separator));
        aisle_str one = {list.ptr, at ? (size_t)(at - list.ptr) : list.len};
        size_t taken = at ? one.len + strlen(separator) : list.len;
        list = (aisle_str){list.ptr + taken, list.len - taken};
        one = aisle_str_trim(one);
        if (one.len) json_array_append_new(array, json_stringn(one.ptr, one.len));
    }
    return array;
}

static void put(json_t *object, aisle_str name, json_t *value)
{
    char key[128];
    if (name.len < sizeof key && value) {
        memcpy(key, name.ptr, name.len);
        key[name.len] = '\0';
        json_object_set_new(object, key, value);
    } else
        json_decref(value);
}

static bool is_json_object(aisle_str s)
{
    json_t *v = s.len && s.ptr[0] == '{' ? json_loadb(s.ptr, s.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_decref(v);
    return v != NULL;
}

/* Valid text of one column of the attributes; repaired in passing when it must be. */
static json_t *column_value(row_cleaner *c, aisle_str s)
{
    s = aisle_str_trim(s);
    if (!s.len) return NULL;
    if (utf8_valid(s)) return json_stringn(s.ptr, s.len);
    if (!utf8_repair(s, spare(c))) c->no_memory = true;
    note_changed(c, AISLE_REASON_BAD_UTF8);
    return json_stringn(c->spare.data, (size_t)c->spare.len);
}

static aisle_str dump(row_cleaner *c, target t, const json_t *object)
{
    aisle_buf *b = spare(c);
    size_t n = json_dumpb(object, NULL, 0, JSON_COMPACT);
    if (n == 0 || !aisle_grow((void **)&b->data, &b->cap, (int64_t)n + 1, 1)) {
        c->no_memory = true;
        return (aisle_str){NULL, 0};
    }
    b->len = (int64_t)json_dumpb(object, b->data, n, JSON_COMPACT);
    return take_spare(c, t);
}

aisle_str cell_attributes(row_cleaner *c, const aisle_row *row, aisle_str list)
{
    int32_t n = c->columns.n[T_ATTRIBUTES];
    if (n == 1 && !list.len) {
        aisle_str s = cell_raw(c, row, T_ATTRIBUTES, "");
        if (!s.len) return s;
        if (is_json_object(s)) {
            if (aisle_json_is_deep(s)) note_dropped(c, AISLE_REASON_TOO_DEEP, T_ATTRIBUTES);
            return s;
        }
    }
    if (n == 0 && !list.len) return (aisle_str){NULL, 0};
    json_t *object = json_object();
    if (list.len)
        put(object, aisle_reader_column(c->reader, c->columns.at[T_CATEGORY][0]),
            split_list(list, c->preset->list_separator));
    for (int32_t i = 0; i < n; i++) {
        int32_t at = c->columns.at[T_ATTRIBUTES][i];
        put(object, aisle_reader_column(c->reader, at), column_value(c, row->fields[at]));
    }
    aisle_str s = json_object_size(object) ? dump(c, T_ATTRIBUTES, object) : (aisle_str){NULL, 0};
    if (!object) c->no_memory = true;
    json_decref(object);
    return s;
}

aisle_str cell_images(row_cleaner *c, const aisle_row *row)
{
    bool all;
    aisle_str s = cell_raw(c, row, T_IMAGES, " ");
    if (!s.len) return (aisle_str){NULL, 0};
    json_t *list = images_parse(s, &all);
    if (!list) c->no_memory = true;
    if (!all) note_changed(c, AISLE_REASON_BAD_IMAGE);
    s = json_array_size(list) ? dump(c, T_IMAGES, list) : (aisle_str){NULL, 0};
    json_decref(list);
    return s;
}
