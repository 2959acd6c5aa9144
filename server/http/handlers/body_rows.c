/* Reading bodies of many records. */
#include "server/http/handlers/body_rows.h"

static aisle_status add_line(aisle_request *r, json_t *list, aisle_str line)
{
    json_t *v = NULL;
    AISLE_TRY(aisle_json_parse(line, &v, aisle_request_error(r)));
    if (json_array_append_new(list, v) == 0) return AISLE_OK;
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the records");
}

static aisle_status read_lines(aisle_request *r, int32_t most, json_t *list)
{
    aisle_str body = aisle_request_body(r);
    const char *at = body.ptr, *end = body.ptr + body.len;
    int64_t values = 0;
    while (at < end &&
           json_array_size(list) <= (size_t)most) { /* one too many says that there are too many */
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        aisle_str line = aisle_str_trim((aisle_str){at, (size_t)(stop - at)});
        at = stop + 1;
        if (!line.len) continue;
        values += aisle_json_count(line);
        if (values > AISLE_JSON_VALUES)
            return aisle_request_invalid(r, "", "too_many", "JSON of more than %d values; send it in parts",
                                         AISLE_JSON_VALUES);
        AISLE_TRY(add_line(r, list, line));
    }
    return AISLE_OK;
}

static bool has_type(const aisle_request *r, const char *type)
{
    aisle_str value = aisle_request_header(r, "content-type");
    const char *semicolon = value.len ? memchr(value.ptr, ';', value.len) : NULL;
    if (semicolon) value.len = (size_t)(semicolon - value.ptr);
    return aisle_str_eq_nocase(aisle_str_trim(value), aisle_str_from(type));
}

static aisle_status read_rows(aisle_request *r, const char *member, int32_t most, aisle_body_rows *out)
{
    json_t *body = NULL;
    if (has_type(r, "application/x-ndjson") || has_type(r, "application/jsonl")) {
        out->list = json_array();
        out->own = true;
        if (!out->list)
            return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the records");
        return read_lines(r, most, out->list);
    }
    if (!has_type(r, "application/json"))
        return aisle_fail(aisle_request_error(r), AISLE_EUNSUPPORTED,
                          "send application/json or application/x-ndjson");
    AISLE_TRY(aisle_request_json(r, &body));
    out->list = json_is_object(body) ? json_object_get(body, member) : body;
    if (json_is_object(body) && json_object_size(body) != 1)
        return aisle_request_invalid(r, "", "unknown_member", "only the member `%s` is known here", member);
    return AISLE_OK;
}

aisle_status aisle_body_rows_read(aisle_request *r, const char *member, int32_t most, aisle_body_rows *out)
{
    char pointer[64];
    *out = (aisle_body_rows){0};
    aisle_status st = read_rows(r, member, most, out);
    snprintf(pointer, sizeof pointer, "/%s", member);
    if (st == AISLE_OK && !json_is_array(out->list))
        st = aisle_request_invalid(r, pointer, "required", "an array wanted");
    if (st == AISLE_OK && (json_array_size(out->list) < 1 || json_array_size(out->list) > (size_t)most))
        st = aisle_request_invalid(r, pointer, "out_of_range", "1 to %d records wanted", most);
    if (st != AISLE_OK) aisle_body_rows_deinit(out);
    return st;
}

void aisle_body_rows_deinit(aisle_body_rows *rows)
{
    if (rows->own) json_decref(rows->list);
    *rows = (aisle_body_rows){0};
}
