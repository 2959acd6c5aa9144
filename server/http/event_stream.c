/* Server-sent events (WHATWG HTML, 9.2). The end of the connection ends a stream: no chunked coding, so that
 * the same bytes serve HTTP/1.0, and no next request on the connection. */
#include "server/http/loop.h"

aisle_status aisle_stream_begin(aisle_request *r, void (*closed)(aisle_request *r, void *ctx), void *ctx)
{
    aisle_connection *c = r->conn;
    aisle_buf *out = &r->loop->scratch;
    if (!c || r->replied) return AISLE_ECANCELED;
    c->keep = false;
    out->len = 0;
    if (!aisle_reply_head(r, 200, "text/event-stream", -1, out) ||
        bufferevent_write(c->bev, out->data, (size_t)out->len))
        return AISLE_ENOMEM;
    aisle_connection_wrote(c, (size_t)out->len);
    r->reply_bytes += out->len;
    r->replied = r->streaming = true;
    r->status = 200;
    r->replied_ns = aisle_time_monotonic_ns();
    r->closed = closed;
    r->closed_ctx = ctx;
    aisle_request_hold(r);
    return AISLE_OK;
}

/* One "data:" line for each line of the text, since a bare line end would end the event. */
static bool format_event(aisle_buf *out, int64_t id, const char *event, const char *data)
{
    bool ok = id <= 0 || aisle_buf_printf(out, "id: %lld\n", (long long)id);
    if (event) ok = ok && aisle_buf_printf(out, "event: %s\n", event);
    do {
        size_t n = strcspn(data, "\r\n");
        ok = ok && aisle_buf_append(out, "data: ", 6) && aisle_buf_append(out, data, n) &&
             aisle_buf_append(out, "\n", 1);
        data += n;
        if (*data == '\r') data++;
        if (*data == '\n') data++;
    } while (*data);
    return ok && aisle_buf_append(out, "\n", 1);
}

aisle_status aisle_stream_send(aisle_request *r, int64_t id, const char *event, const char *data)
{
    aisle_connection *c = r->conn;
    aisle_buf *out = &r->loop->scratch;
    if (!c || !r->streaming || r->head_only || c->doomed) return AISLE_OK; /* swallowed */
    out->len = 0;
    if (!format_event(out, id, event, data) || bufferevent_write(c->bev, out->data, (size_t)out->len))
        return AISLE_ENOMEM;
    aisle_connection_wrote(c, (size_t)out->len);
    r->reply_bytes += out->len;
    if (evbuffer_get_length(bufferevent_get_output(c->bev)) > AISLE_STREAM_HIGH) aisle_connection_doom(c);
    return AISLE_OK;
}

void aisle_stream_close(aisle_request *r)
{
    if (!r->streaming) return;
    r->streaming = false;
    r->stream_over = true;
    if (r->closed) r->closed(r, r->closed_ctx);
    aisle_request_release(r);
}

void aisle_stream_end(aisle_request *r)
{
    if (!r->streaming) return;
    aisle_request_hold(r);
    aisle_stream_close(r);
    if (!r->calling) aisle_request_settle(r);
    aisle_request_release(r);
}
