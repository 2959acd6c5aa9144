/* Rows from JSON: one object a line, or one big object of objects, streamed at the memory of one value.
 * jansson parses each value; only the outer object's commas are ours. */
#include <jansson.h>

#include "cpu/data/reader_impl.h"
#include "cpu/data/utf8.h"

void json_row_free(aisle_reader *r)
{
    json_decref(r->row);
    r->row = NULL;
}

/* A member by its exact name, else by the path "a.b.c". */
static const json_t *member(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    const char *dot = strchr(name, '.');
    char head[256];
    if (v || !dot || (size_t)(dot - name) >= sizeof head) return v;
    memcpy(head, name, (size_t)(dot - name));
    head[dot - name] = '\0';
    v = json_object_get(object, head);
    return json_is_object(v) ? member(v, dot + 1) : NULL;
}

/* Appends the text of a value that is no string. Fifteen digits give back the decimal that was written. */
static bool dump(const json_t *v, aisle_buf *out)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15);
    size_t n = json_dumpb(v, NULL, 0, flags);
    if (n == 0 || !aisle_grow((void **)&out->data, &out->cap, out->len + (int64_t)n + 1, 1)) return false;
    json_dumpb(v, out->data + out->len, n, flags);
    out->len += (int64_t)n;
    return true;
}

/* Sets r->fields from r->row. Dumped text moves while the buffer grows, hence offsets first, views last. */
static bool set_fields(aisle_reader *r, aisle_str key)
{
    if (!aisle_grow((void **)&r->fields, &r->fields_cap, r->n_columns + 1, sizeof *r->fields)) return false;
    r->text.len = 0;
    if (!aisle_buf_append(&r->text, key.ptr, key.len)) return false;
    for (int32_t i = 0; i < r->n_columns; i++) {
        const json_t *v = member(r->row, r->columns[i].ptr);
        r->fields[i] = (aisle_str){NULL, 0};
        if (json_is_string(v))
            r->fields[i] = (aisle_str){json_string_value(v), json_string_length(v)};
        else if (v && !json_is_null(v)) {
            int64_t at = r->text.len;
            if (!dump(v, &r->text)) return false;
            r->fields[i].len = (size_t)(r->text.len - at);
        }
    }
    char *at = r->text.data + key.len;
    for (int32_t i = 0; i < r->n_columns; i++) {
        if (r->fields[i].ptr || !r->fields[i].len) continue;
        r->fields[i].ptr = at;
        at += r->fields[i].len;
    }
    int32_t k = key.ptr ? aisle_reader_find(r, AISLE_STR("_key")) : -1;
    if (k >= 0) r->fields[k] = (aisle_str){r->text.data, key.len};
    return true;
}

/* Parses one object into the row. Invalid UTF-8 is repaired first, for jansson refuses it. */
static aisle_status parse_object(aisle_reader *r, int64_t line, aisle_str raw, aisle_str text, aisle_str key,
                                 aisle_row *row, aisle_error *err)
{
    aisle_buf repaired = {0};
    json_error_t why;
    aisle_status st = AISLE_OK;
    bool valid = utf8_valid(text);
    if (!valid && !utf8_repair(text, &repaired)) {
        st = reader_no_memory(r, err);
        goto done;
    }
    if (!valid) text = (aisle_str){repaired.data, (size_t)repaired.len};
    r->row = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
    if (!r->row && json_error_code(&why) == json_error_out_of_memory)
        st = reader_no_memory(r, err);
    else if (!json_is_object(r->row))
        reader_fault(row, line, memchr(text.ptr, '\0', text.len) ? AISLE_ROW_NUL_BYTE : AISLE_ROW_BAD_JSON,
                     raw);
    else if (!set_fields(r, key))
        st = reader_no_memory(r, err);
    else
        *row = (aisle_row){line, valid ? AISLE_ROW_OK : AISLE_ROW_BAD_UTF8, raw, r->n_columns, r->fields};
done:
    aisle_buf_deinit(&repaired);
    return st;
}

aisle_status jsonl_next(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err)
{
    aisle_str line;
    bool too_long;
    json_row_free(r);
    if (r->skip_line) AISLE_TRY(window_skip_line(&r->w, false, err));
    r->skip_line = false;
    int64_t number;
    do {
        number = r->w.line;
        AISLE_TRY(window_line(&r->w, &line, &too_long, end, err));
        if (*end) return AISLE_OK;
    } while (aisle_str_trim(line).len == 0);
    if (too_long) {
        r->skip_line = true;
        reader_fault(row, number, AISLE_ROW_TOO_LONG, line);
        return AISLE_OK;
    }
    return parse_object(r, number, line, line, (aisle_str){NULL, 0}, row, err);
}

/* ---- one big object ---- */

enum { MAP_BEFORE, MAP_INSIDE, MAP_BETWEEN, MAP_AFTER, MAP_OVER };

/* The next byte that is no white space, counting lines; -1 at the end of the stream. It is not taken. */
static aisle_status peek(window *w, int *c, aisle_error *err)
{
    for (;;) {
        for (; w->begin < w->end; w->begin++) {
            char b = w->data[w->begin];
            if (b != ' ' && b != '\t' && b != '\r' && b != '\n') {
                *c = (unsigned char)b;
                return AISLE_OK;
            }
            w->line += b == '\n';
        }
        if (w->eof) {
            *c = -1;
            return AISLE_OK;
        }
        AISLE_TRY(window_fill(w, err));
    }
}

/* Walks one member `"key": value` byte by byte; it ends before a ',' or '}' of the outer object. */
typedef struct walk {
    int64_t at, line_ends, colon; /* offsets from the member's start; colon -1 = not seen */
    int64_t depth;
    bool in_string, escape, ended;
} walk;

static void walk_on(walk *k, const char *p, int64_t n)
{
    for (; k->at < n; k->at++) {
        char c = p[k->at];
        k->line_ends += c == '\n';
        if (k->in_string) {
            if (k->escape)
                k->escape = false;
            else if (c == '\\')
                k->escape = true;
            else if (c == '"')
                k->in_string = false;
            continue;
        }
        if (c == '"') k->in_string = true;
        if (c == ':' && k->depth == 0 && k->colon < 0) k->colon = k->at;
        if (k->depth == 0 && (c == ',' || c == '}')) {
            k->ended = true;
            return;
        }
        k->depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    }
}

/* Takes the member at the window's start. A too long one is walked to its end with its bytes dropped. */
static aisle_status take_member(aisle_reader *r, walk *k, aisle_str *raw, bool *too_long, aisle_error *err)
{
    window *w = &r->w;
    *k = (walk){.colon = -1};
    *too_long = false;
    r->text.len = 0;
    for (;;) {
        walk_on(k, w->data + w->begin, w->end - w->begin);
        if (!*too_long && k->at > w->max_row) {
            *too_long = true;
            size_t shown = k->at < 4096 ? (size_t)k->at : 4096;
            if (!aisle_buf_append(&r->text, w->data + w->begin, shown)) return reader_no_memory(r, err);
        }
        *raw = *too_long ? (aisle_str){r->text.data, (size_t)r->text.len}
                         : (aisle_str){w->data + w->begin, (size_t)k->at};
        if (k->ended || w->eof) break;
        if (*too_long) {
            w->begin = w->end;
            k->at = 0;
        }
        AISLE_TRY(window_fill(w, err));
    }
    w->begin += k->at;
    w->line += k->line_ends;
    return AISLE_OK;
}

static aisle_status map_member(aisle_reader *r, aisle_row *row, aisle_error *err)
{
    walk k;
    aisle_str raw;
    bool too_long;
    int64_t line = r->w.line;
    AISLE_TRY(take_member(r, &k, &raw, &too_long, err));
    r->map_state = k.ended ? MAP_BETWEEN : MAP_AFTER;
    if (too_long || !k.ended || k.colon < 0) {
        reader_fault(row, line, too_long ? AISLE_ROW_TOO_LONG : AISLE_ROW_BAD_JSON, raw);
        return AISLE_OK;
    }
    json_t *key = json_loadb(raw.ptr, (size_t)k.colon, JSON_DECODE_ANY, NULL);
    aisle_status st = AISLE_OK;
    aisle_str text = {raw.ptr + k.colon + 1, raw.len - (size_t)k.colon - 1};
    if (!json_is_string(key))
        reader_fault(row, line, AISLE_ROW_BAD_JSON, raw);
    else
        st = parse_object(r, line, raw, text, (aisle_str){json_string_value(key), json_string_length(key)},
                          row, err);
    json_decref(key);
    return st;
}

/* Whatever breaks the outer object ends the stream with one bad row: there is no line to find back to. */
static aisle_status map_broken(aisle_reader *r, aisle_row *row)
{
    r->map_state = MAP_OVER;
    reader_fault(row, r->w.line, AISLE_ROW_BAD_JSON,
                 (aisle_str){r->w.data + r->w.begin, (size_t)(r->w.end - r->w.begin)});
    return AISLE_OK;
}

aisle_status json_map_next(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err)
{
    int c;
    json_row_free(r);
    *end = r->map_state == MAP_OVER;
    if (*end) return AISLE_OK;
    AISLE_TRY(peek(&r->w, &c, err));
    if (r->map_state == MAP_BEFORE) {
        if (c != '{') return map_broken(r, row);
        r->w.begin++;
        r->map_state = MAP_INSIDE;
        AISLE_TRY(peek(&r->w, &c, err));
        if (c != '}') return map_member(r, row, err);
        r->map_state = MAP_BETWEEN; /* an empty object */
    }
    if (r->map_state == MAP_BETWEEN && c == ',') {
        r->w.begin++;
        AISLE_TRY(peek(&r->w, &c, err));
        return map_member(r, row, err);
    }
    if (r->map_state == MAP_BETWEEN && c == '}') {
        r->w.begin++;
        r->map_state = MAP_AFTER;
        AISLE_TRY(peek(&r->w, &c, err));
    }
    if (c != -1) return map_broken(r, row);
    r->map_state = MAP_OVER;
    *end = true;
    return AISLE_OK;
}
