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

/* `status` is the worker's as soon as it has the task: here it is written only when it has not. */
aisle_status aisle_work_submit(aisle_work *w)
{
    aisle_request_defer(w->r);
    aisle_error err;
    aisle_status st = aisle_worker_submit(aisle_request_app(w->r)->worker, run, w, &err);
    if (st == AISLE_OK) return st;
    *aisle_request_error(w->r) = err;
    w->status = st;
    aisle_request_finish(w->r, back_on_loop, w);
    return AISLE_OK;
}
