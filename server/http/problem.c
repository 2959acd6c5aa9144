/* RFC 9457 problem answers, and the one place where statuses of the core become HTTP. */
#include "aisle/log.h"
#include "server/http/loop.h"

typedef struct meaning {
    int status;
    const char *reason, *code;
} meaning;

static const meaning meanings[] = {
    {200, "OK", ""},
    {201, "Created", ""},
    {202, "Accepted", ""},
    {204, "No Content", ""},
    {206, "Partial Content", ""},
    {301, "Moved Permanently", ""},
    {302, "Found", ""},
    {303, "See Other", ""},
    {304, "Not Modified", ""},
    {307, "Temporary Redirect", ""},
    {400, "Bad Request", "bad_request"},
    {401, "Unauthorized", "authentication_required"},
    {403, "Forbidden", "access_denied"},
    {404, "Not Found", "not_found"},
    {405, "Method Not Allowed", "method_not_allowed"},
    {408, "Request Timeout", "request_timeout"},
    {409, "Conflict", "conflict"},
    {410, "Gone", "gone"},
    {412, "Precondition Failed", "precondition_failed"},
    {413, "Content Too Large", "request_too_large"},
    {414, "URI Too Long", "target_too_long"},
    {415, "Unsupported Media Type", "unsupported_media_type"},
    {417, "Expectation Failed", "expectation_failed"},
    {422, "Unprocessable Content", "validation_failed"},
    {428, "Precondition Required", "precondition_required"},
    {429, "Too Many Requests", "rate_limited"},
    {431, "Request Header Fields Too Large", "headers_too_large"},
    {500, "Internal Server Error", "internal_error"},
    {501, "Not Implemented", "not_implemented"},
    {503, "Service Unavailable", "overloaded"},
    {505, "HTTP Version Not Supported", "version_not_supported"},
    {507, "Insufficient Storage", "storage_full"},
};

static const meaning *meaning_of(int status)
{
    static const meaning unknown = {0, "Unknown", "unknown"};
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].status == status) return &meanings[i];
    return &unknown;
}

const char *aisle_reason(int status)
{
    return meaning_of(status)->reason;
}

const char *aisle_code(int status)
{
    return meaning_of(status)->code;
}

/* Text that may quote the client or be cut inside a code point: what is not UTF-8 is shown as "?". */
static json_t *text_of(aisle_request *r, aisle_str s)
{
    json_t *v = json_stringn(s.ptr ? s.ptr : "", s.len);
    if (v) return v;
    char *ascii = aisle_arena_strndup(&r->arena, s.ptr, s.len);
    for (char *p = ascii; p && *p; p++)
        if ((unsigned char)*p >= 0x80) *p = '?';
    return ascii ? json_string(ascii) : NULL;
}

json_t *aisle_problem_json(aisle_request *r, int status, const char *code, const char *detail)
{
    json_t *p = json_object();
    int failed = 0;
    failed |= json_object_set_new(p, "type", json_string("about:blank"));
    failed |= json_object_set_new(p, "title", json_string(aisle_reason(status)));
    failed |= json_object_set_new(p, "status", json_integer(status));
    failed |= json_object_set_new(p, "detail", text_of(r, aisle_str_from(detail)));
    if (r->target.path.len) failed |= json_object_set_new(p, "instance", text_of(r, r->target.path));
    failed |= json_object_set_new(p, "code", json_string(code));
    failed |= json_object_set_new(p, "request_id", json_string(r->id));
    if (json_array_size(r->errors)) failed |= json_object_set(p, "errors", r->errors);
    if (!failed) return p;
    json_decref(p);
    return NULL;
}

aisle_status aisle_reply_problem(aisle_request *r, int status, const char *code, const char *detail)
{
    json_t *p = aisle_problem_json(r, status, code, detail);
    char *text = p ? json_dumps(p, JSON_COMPACT) : NULL;
    json_decref(p);
    r->reply_failed = !text;
    if (!text) return AISLE_ENOMEM;
    r->etag = (aisle_str){NULL, 0};
    aisle_status st = aisle_reply_bytes(r, status, "application/problem+json", text, strlen(text));
    aisle_free(text);
    return st;
}

static meaning from_status(aisle_status st)
{
    switch (st) {
    case AISLE_EINVAL: return (meaning){422, "", "validation_failed"};
    case AISLE_EFORMAT: return (meaning){422, "", "malformed_body"};
    case AISLE_ENOTFOUND: return (meaning){404, "", "not_found"};
    case AISLE_ECONFLICT: return (meaning){409, "", "conflict"};
    case AISLE_EDENIED: return (meaning){403, "", "access_denied"};
    case AISLE_EBUSY:
    case AISLE_ECANCELED:
    case AISLE_ENOMEM: return (meaning){503, "", "overloaded"};
    case AISLE_ENOSPC: return (meaning){507, "", "storage_full"};
    case AISLE_EIO: return (meaning){503, "", "storage_unavailable"}; /* an outage is not a bug: never 500 */
    case AISLE_EUNSUPPORTED: return (meaning){501, "", "not_supported"};
    default: return (meaning){500, "", "internal_error"};
    }
}

/* The store's messages begin with its file's path, which is for the log and not for everyone. */
static const char *without_path(const char *message)
{
    const char *end = *message == '/' || *message == '.' ? strstr(message, ": ") : NULL;
    return end ? end + 2 : message;
}

aisle_status aisle_reply_status(aisle_request *r, aisle_status st)
{
    meaning m = from_status(st);
    const char *detail =
        r->error.status == st && r->error.message[0] ? r->error.message : aisle_status_name(st);
    if (m.status == 500 ||
        st == AISLE_EIO) { /* its message may name files: for the log, not for the client */
        if (aisle_http_may_log(r->loop->http)) aisle_log(AISLE_LOG_ERROR, "request %s: %s", r->id, detail);
        detail = "the server failed; its log has the reason under this request_id";
    }
    if (m.status == 503) aisle_reply_header(r, "Retry-After", "1");
    return aisle_reply_problem(r, m.status, m.code, without_path(detail));
}
