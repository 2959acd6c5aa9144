/* The plainest server that libevent's own HTTP makes: one thread, one answer from memory. To measure against, nothing else. */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct page {
    char text[65536];
    size_t n;
} page;

static void answer(struct evhttp_request *r, void *ctx)
{
    const page *p = ctx;
    struct evbuffer *body = evbuffer_new();
    evbuffer_add(body, p->text, p->n);
    evhttp_add_header(evhttp_request_get_output_headers(r), "Content-Type", "application/json");
    evhttp_send_reply(r, HTTP_OK, "OK", body);
    evbuffer_free(body);
}

/* plain_evhttp PORT FILE: every path answers the file's text. */
int main(int argc, char **argv)
{
    static page p;
    FILE *f = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (!f) {
        fprintf(stderr, "usage: plain_evhttp PORT FILE\n");
        return 2;
    }
    p.n = fread(p.text, 1, sizeof p.text, f);
    fclose(f);
    struct event_base *base = event_base_new();
    struct evhttp *http = base ? evhttp_new(base) : NULL;
    if (!http || evhttp_bind_socket(http, "127.0.0.1", (ev_uint16_t)atoi(argv[1]))) {
        fprintf(stderr, "plain_evhttp: port %s cannot be had\n", argv[1]);
        return 1;
    }
    evhttp_set_gencb(http, answer, &p);
    event_base_dispatch(base);
    evhttp_free(http);
    event_base_free(base);
    return 0;
}
