/* From a received head to a running handler: what is checked, and in which order. The order matters: nothing
 * of a request is acted upon before its framing, host, route and key are known to be right. */
#include "aisle/log.h"
#include "server/http/loop.h"

void aisle_exchange_refuse(aisle_connection *c, aisle_refusal why)
{
    aisle_request *r = c->current ? c->current : aisle_request_new(c);
    c->current = r;
    c->keep = false;
    c->phase = AISLE_PHASE_LINGER;
    if (!r) return; /* no memory even for the refusal */
    if (why.status == 503) aisle_reply_header(r, "Retry-After", "1");
    if (aisle_reply_problem(r, why.status, aisle_code(why.status), why.why)) aisle_reply_last_resort(r);
    aisle_connection_complete(c);
}

static bool is_request_id(aisle_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char ch = s.ptr[i];
        bool alnum = (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z');
        if (!alnum && ch != '.' && ch != '_' && ch != '-') return false;
    }
    return s.len >= 1 && s.len <= 64;
}

/* Found at once: the answer to who asked must not change when the connection closes. */
static void take_client(aisle_request *r)
{
    const aisle_networks *proxies = &r->loop->http->proxies;
    r->address = r->conn->peer;
    r->secure = r->conn->tls != NULL;
    if (!aisle_networks_have(proxies, &r->address)) return;
    aisle_str scheme = aisle_request_header(r, "X-Forwarded-Proto");
    r->secure |= aisle_str_eq_nocase(scheme, AISLE_STR("https"));
    bool on = true;
    for (int32_t i = r->n_fields - 1; on && i >= 0; i--) /* several fields are one list */
        if (aisle_str_eq_nocase(r->fields[i].name, AISLE_STR("X-Forwarded-For")))
            on = aisle_address_forwarded(proxies, r->fields[i].value, &r->address);
}

static aisle_refusal take_head(aisle_request *r, const char *bytes, size_t n)
{
    aisle_head head;
    aisle_refusal bad = aisle_head_parse(bytes, n, &head);
    if (bad.status) return bad;
    size_t size = (size_t)head.n_fields * sizeof *head.fields;
    aisle_field *fields = aisle_arena_alloc(&r->arena, size);
    if (!fields) return (aisle_refusal){503, "out of memory"};
    if (size) memcpy(fields, head.fields, size);
    r->fields = fields;
    r->n_fields = head.n_fields;
    r->method = head.method;
    r->minor = head.minor;
    r->head_only = aisle_str_eq(head.method, AISLE_STR("HEAD"));
    r->chunked = head.chunked;
    r->content_length = head.content_length > 0 ? head.content_length : 0;
    r->expects_continue = head.expects_continue;
    take_client(r);
    aisle_str id = aisle_request_header(r, "X-Request-Id");
    if (is_request_id(id)) snprintf(r->id, sizeof r->id, "%.*s", (int)id.len, id.ptr);
    if (aisle_str_eq(head.method, AISLE_STR("OPTIONS")) && aisle_str_eq(head.target, AISLE_STR("*"))) {
        aisle_reply_header(r, "Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        bad = (aisle_refusal){204, NULL};
    } else
        bad = aisle_target_parse(head.target, &r->arena, &r->target);
    r->conn->keep = head.keep_alive && !r->loop->draining;
    return bad;
}

/* Without keys, what a page of another site may send from the shop keeper's browser must be told apart: by
 * Host (DNS rebinding) and, for requests that change state, by Origin. */
static bool is_from_here(const aisle_request *r)
{
    if (!aisle_host_is_loopback(aisle_request_header(r, "Host"))) return false;
    return aisle_str_eq(r->method, AISLE_STR("GET")) || r->head_only || aisle_origin_is_ours(r);
}

static aisle_refusal ask_for(aisle_request *r, const char *why)
{
    aisle_reply_header(r, "WWW-Authenticate", "Bearer realm=\"aisle\"");
    return (aisle_refusal){401, why};
}

static aisle_refusal identify(aisle_request *r)
{
    const aisle_http_params *p = &r->loop->http->params;
    aisle_status st = p->identify ? p->identify(r, &r->identity, &r->error) : AISLE_OK;
    if (st == AISLE_OK) return (aisle_refusal){0, NULL};
    if (st == AISLE_EDENIED) return ask_for(r, "the key or token is not known, or has ended");
    if (aisle_http_may_log(r->loop->http))
        aisle_log(AISLE_LOG_ERROR, "request %s: %s", r->id, r->error.message);
    aisle_reply_header(r, "Retry-After", "1");
    return (aisle_refusal){503, "keys and sessions cannot be read now"};
}

static aisle_refusal check_access(aisle_request *r)
{
    const aisle_identity *who = &r->identity;
    switch (r->route->access) {
    case AISLE_ACCESS_ACCOUNT:
        if (!who->user) return ask_for(r, "sign in first: POST /v1/session");
        break;
    case AISLE_ACCESS_ADMIN:
        if (who->scopes & AISLE_SCOPE_ADMIN) break;
        if (who->user || who->scopes)
            return (aisle_refusal){403, "this is for those who administer the shop"};
        return ask_for(
            r, "a key with the scope admin is required (Authorization: Bearer KEY), or an admin's session");
    default: break;
    }
    return (aisle_refusal){0, NULL};
}

static aisle_refusal find_route(aisle_request *r)
{
    aisle_router *router = r->loop->http->router;
    aisle_match m = aisle_router_match(router, r->method, &r->target);
    if (m.status == 405 || m.status == 204) aisle_reply_header(r, "Allow", m.allow);
    aisle_cors_answer(r, m.status == 204 ? m.allow : NULL);
    switch (m.status) {
    case 404: return (aisle_refusal){404, "no resource has this path"};
    case 405:
        return (aisle_refusal){
            405, "the resource does not offer this method; the Allow field lists those it does"};
    case 501: return (aisle_refusal){501, "this is not a method of HTTP"};
    case 204: return (aisle_refusal){204, NULL};
    default: break;
    }
    r->row = m.route;
    r->route = aisle_router_route(router, m.route);
    aisle_refusal why = identify(r);
    if (!why.status) why = aisle_origin_check(r);
    if (!why.status) why = check_access(r);
    aisle_refusal late = aisle_rate_check(r); /* also of what is refused: guessing keys is limited too */
    if (late.status) return late;
    return why.status ? why : aisle_body_expect(r);
}

static void call_handler(aisle_request *r, void *ctx)
{
    (void)ctx;
    aisle_status st = r->route->handler(r);
    if (st != AISLE_OK && !r->replied && !r->deferred && !r->streaming) st = aisle_reply_status(r, st);
    if (st == AISLE_ENOMEM) aisle_reply_last_resort(r);
}

/* Answers what no handler need see. A body that is not read would be taken for the next request: close then.
 */
static void answer_early(aisle_connection *c, aisle_refusal why)
{
    aisle_request *r = c->current;
    if (r->chunked || r->content_length > 0) c->keep = false;
    aisle_status st = why.status == 204 ? aisle_reply_empty(r, 204)
                                        : aisle_reply_problem(r, why.status, aisle_code(why.status), why.why);
    if (st != AISLE_OK) aisle_reply_last_resort(r);
    aisle_connection_complete(c);
}

void aisle_exchange_begin(aisle_connection *c, size_t n)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    aisle_request *r = c->current = aisle_request_new(c);
    char *bytes = r ? aisle_arena_alloc(&r->arena, n) : NULL;
    c->keep = false;
    if (!bytes || evbuffer_remove(in, bytes, n) != (int)n) {
        aisle_exchange_refuse(c, (aisle_refusal){503, "out of memory"});
        return;
    }
    aisle_refusal why = take_head(r, bytes, n);
    if (why.status && why.status != 204) {
        aisle_exchange_refuse(c, why);
        return;
    }
    const aisle_http_params *p = &r->loop->http->params;
    if (p->is_open && p->is_open(p->app) && !is_from_here(r))
        why = (aisle_refusal){
            403, "without keys only this machine is answered: Host and Origin must be localhost"};
    else if (!why.status)
        why = find_route(r);
    if (why.status) {
        answer_early(c, why);
        return;
    }
    if (r->chunked || r->content_length > 0) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        c->phase = AISLE_PHASE_BODY;
        if (r->expects_continue && evbuffer_get_length(in) == 0 &&
            bufferevent_write(c->bev, go_on, sizeof go_on - 1) == 0)
            aisle_connection_wrote(c, sizeof go_on - 1);
        return;
    }
    aisle_exchange_handle(r);
}

void aisle_exchange_handle(aisle_request *r)
{
    aisle_request_call(r, call_handler, NULL);
}
