/* A request goes to the background worker and comes back to its loop for the answer. */
#include "server/http/handlers/handlers.h"

static void back_on_loop(aisle_request *r, void *ctx)
{
    aisle_work *w = ctx;
    aisle_status st = w->status;
    if (st == AISLE_OK) st = w->reply(w);
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

static void run(void *ctx)
{
    aisle_work *w = ctx;
    w->status = w->run(w, aisle_request_error(w->r));
    aisle_request_finish(w->r, back_on_loop, w);
}

/* Deferred after it was taken: what the worker finishes comes to this loop, and so not before the handler has
 * returned. */
aisle_status aisle_work_submit(aisle_work *w)
{
    aisle_worker *on = w->on ? w->on : aisle_request_app(w->r)->worker;
    AISLE_TRY(aisle_worker_submit(on, run, w, aisle_request_error(w->r)));
    aisle_request_defer(w->r);
    return AISLE_OK;
}
