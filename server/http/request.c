/* One request: its parts for handlers, its references, deferring and finishing. */
#include <stdarg.h>

#include "aisle/log.h"
#include "server/http/loop.h"
#include "server/json/json.h"

enum { MAX_ERRORS = 100 };

static void make_id(aisle_request *r, uint64_t a, uint64_t b)
{
    for (int i = 0; i < 16; i++) {
        r->id[i] = "0123456789abcdef"[a >> (60 - 4 * i) & 15];
        r->id[16 + i] = "0123456789abcdef"[b >> (60 - 4 * i) & 15];
    }
    r->id[32] = '\0';
}

aisle_request *aisle_request_new(aisle_connection *c)
{
    aisle_request *r = aisle_calloc(1, sizeof *r);
    if (!r) return NULL;
    aisle_arena_init(&r->arena);
    r->arena.block_bytes = 2048;
    r->loop = c->loop;
    r->conn = c;
    r->row = -1;
    r->body_fd = -1;
    r->content_length = -1;
    r->start_ns = aisle_time_monotonic_ns();
    r->address = c->peer;
    r->secure = c->tls != NULL; /* for a head that is refused before its fields are known */
    atomic_init(&r->refs, 1);
    make_id(r, aisle_rng_u64(&c->loop->rng), aisle_rng_u64(&c->loop->rng));
    c->loop->n_requests++;
    return r;
}

void aisle_request_hold(aisle_request *r)
{
    atomic_fetch_add(&r->refs, 1);
}

void aisle_request_release(aisle_request *r)
{
    if (atomic_fetch_sub(&r->refs, 1) > 1) return;
    aisle_loop *l = r->loop;
    aisle_body_deinit(r);
    json_decref(r->json);
    json_decref(r->errors);
    aisle_buf_deinit(&r->reply_fields);
    aisle_arena_deinit(&r->arena);
    aisle_free(r);
    l->n_requests--;
    aisle_loop_check_end(l);
}

/* ---- parts ---- */

aisle_str aisle_request_method(const aisle_request *r)
{
    return r->method;
}

aisle_str aisle_request_path(const aisle_request *r)
{
    return r->target.path;
}

aisle_str aisle_request_param(const aisle_request *r, const char *name)
{
    return aisle_router_param(r->loop->http->router, r->row, &r->target, name);
}

aisle_str aisle_request_query(const aisle_request *r, const char *name)
{
    aisle_str wanted = aisle_str_from(name);
    for (int32_t i = 0; i < r->target.n_query; i++)
        if (aisle_str_eq(r->target.query[i].key, wanted)) return r->target.query[i].value;
    return (aisle_str){NULL, 0};
}

bool aisle_request_query_at(const aisle_request *r, int32_t i, aisle_str *key, aisle_str *value)
{
    if (i >= r->target.n_query) return false;
    *key = r->target.query[i].key;
    *value = r->target.query[i].value;
    return true;
}

/* "?key", cut at a code point and free of control characters, for the problem's pointer. */
static void query_pointer(aisle_str key, char out[64])
{
    size_t n = 0;
    out[n++] = '?';
    for (size_t i = 0; i < key.len && n < 40; i++)
        out[n++] = key.ptr[i] > 0x20 && key.ptr[i] < 0x7f ? key.ptr[i] : '.';
    out[n] = '\0';
}

aisle_status aisle_request_query_only(aisle_request *r, const char *const *names)
{
    aisle_status st = AISLE_OK;
    for (int32_t i = 0; i < r->target.n_query; i++) {
        aisle_str key = r->target.query[i].key;
        char pointer[64];
        bool known = false, again = false;
        for (const char *const *n = names; *n; n++) known |= aisle_str_eq(key, aisle_str_from(*n));
        for (int32_t k = 0; known && k < i; k++) again |= aisle_str_eq(key, r->target.query[k].key);
        query_pointer(key, pointer);
        if (!known)
            st = aisle_request_invalid(r, pointer, "unknown_parameter",
                                       "no parameter of this name is known here");
        else if (again)
            st = aisle_request_invalid(r, pointer, "duplicate_parameter", "the parameter comes twice");
    }
    return st;
}

aisle_str aisle_request_header(const aisle_request *r, const char *name)
{
    aisle_str wanted = aisle_str_from(name);
    for (int32_t i = 0; i < r->n_fields; i++)
        if (aisle_str_eq_nocase(r->fields[i].name, wanted)) return r->fields[i].value;
    return (aisle_str){NULL, 0};
}

const aisle_identity *aisle_request_identity(const aisle_request *r)
{
    return &r->identity;
}

aisle_str aisle_request_once_key(const aisle_request *r)
{
    bool once =
        r->route && (r->route->body == AISLE_BODY_JSON_ONCE || r->route->body == AISLE_BODY_FILE_ONCE);
    return once ? aisle_request_header(r, "Idempotency-Key") : (aisle_str){NULL, 0};
}

aisle_str aisle_request_body(const aisle_request *r)
{
    return (aisle_str){r->body.data ? r->body.data : "", (size_t)r->body.len};
}

const char *aisle_request_body_path(const aisle_request *r)
{
    return r->body_path;
}

char *aisle_request_body_take(aisle_request *r)
{
    char *path = r->body_path;
    r->body_path = NULL;
    return path;
}

aisle_status aisle_request_json(aisle_request *r, json_t **out)
{
    *out = NULL;
    if (!r->json) AISLE_TRY(aisle_json_parse(aisle_request_body(r), &r->json, &r->error));
    *out = r->json;
    return AISLE_OK;
}

aisle_arena *aisle_request_arena(aisle_request *r)
{
    return &r->arena;
}

aisle_error *aisle_request_error(aisle_request *r)
{
    return &r->error;
}

const char *aisle_request_id(const aisle_request *r)
{
    return r->id;
}

struct aisle_app *aisle_request_app(const aisle_request *r)
{
    return r->loop->http->params.app;
}

int32_t aisle_request_loop(const aisle_request *r)
{
    return r->loop->index;
}

aisle_address aisle_request_address(const aisle_request *r)
{
    return r->address;
}

bool aisle_request_is_secure(const aisle_request *r)
{
    return r->secure;
}

aisle_status aisle_request_invalid(aisle_request *r, const char *pointer, const char *code, const char *fmt,
                                   ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!r->errors) r->errors = json_array();
    if (json_array_size(r->errors) < MAX_ERRORS) {
        json_t *e = json_pack("{s:s, s:s, s:s}", "pointer", pointer, "code", code, "message", text);
        if (!e) e = json_pack("{s:s, s:s}", "code", code, "message", "a value that is not UTF-8");
        json_array_append_new(r->errors, e); /* NULL when memory is short: the status still says it */
    }
    return aisle_fail(&r->error, AISLE_EINVAL, "%s: %s", *pointer ? pointer : "the body", text);
}

json_t *aisle_request_errors_take(aisle_request *r)
{
    json_t *errors = r->errors;
    r->errors = NULL;
    return errors;
}

void aisle_request_invalid_value(aisle_request *r, const char *name, int64_t value)
{
    size_t n = json_array_size(r->errors);
    if (n) json_object_set_new(json_array_get(r->errors, n - 1), name, json_integer(value));
}

/* ---- calls ---- */

void aisle_request_defer(aisle_request *r)
{
    if (r->deferred) return;
    r->deferred = true;
    aisle_request_hold(r);
}

void aisle_request_finish(aisle_request *r, aisle_call *fn, void *ctx)
{
    r->finish = (aisle_post){.request = r, .fn = fn, .ctx = ctx, .finishes = true};
    aisle_loop_post(r->loop, &r->finish);
}

aisle_status aisle_request_post(aisle_request *r, aisle_call *fn, void *ctx)
{
    aisle_post *p = aisle_alloc(sizeof *p);
    if (!p) return AISLE_ENOMEM;
    aisle_request_hold(r);
    *p = (aisle_post){.request = r, .fn = fn, .ctx = ctx};
    aisle_loop_post(r->loop, p);
    return AISLE_OK;
}

void aisle_request_call(aisle_request *r, aisle_call *fn, void *ctx)
{
    aisle_request_hold(r);
    r->calling = true;
    fn(r, ctx);
    r->calling = false;
    aisle_request_settle(r);
    aisle_request_release(r);
}

void aisle_request_settle(aisle_request *r)
{
    aisle_connection *c = r->conn;
    if (!c) return; /* the peer has gone, or all is said */
    if (r->reply_failed) aisle_reply_last_resort(r);
    if (!r->replied && !r->deferred && !r->streaming) {
        aisle_log(AISLE_LOG_ERROR, "%s: a handler returned without an answer", r->id);
        if (aisle_reply_status(r, AISLE_EINTERNAL) != AISLE_OK) aisle_reply_last_resort(r);
    }
    if (r->replied && !r->streaming) {
        aisle_connection_complete(c);
    } else {
        c->phase = r->streaming ? AISLE_PHASE_STREAM : AISLE_PHASE_BUSY;
        aisle_connection_deadline(c, c->doomed ? 0 : -1);
    }
    if (!c->running) aisle_connection_run(c);
}
