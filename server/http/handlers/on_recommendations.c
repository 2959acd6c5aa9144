/* POST and GET /v1/recommendations: for a user, a session, a set of items, or nobody in particular. */
#include "server/http/handlers/answer_hits.h"
#include "server/http/handlers/ask_recommend.h"
#include "server/json/json_text.h"
#include "server/recommend/together.h"

enum { BATCH = 20 };

/* The questions of one request, in its arena, on their way to an answer. */
typedef struct aisle_asked {
    aisle_work work;
    struct aisle_asked *next; /* that waits on this loop */
    aisle_shelf *shelf;       /* a reference: of a single question that which it is answered from */
    aisle_loop_state *with;   /* of the thread that answers */
    aisle_ask *asks;
    aisle_trial *trials; /* of each; those of a batch may have shelves of their own */
    int64_t n;
    bool is_batch, distinct;  /* no item twice over all answers of a batch */
    int64_t n_work, n_shared; /* of all asks */
    bool later;               /* another line of this turn was answered before it */
    bool taken;               /* from the loop's list, and answered: */
    aisle_status status;
    aisle_buf body; /* the answer's text; released by whoever answers */
} asked;

/* One question, or {"requests": [...], "distinct": true}. */
static aisle_status parse_asks(aisle_request *r, asked *q)
{
    static const char *const known[] = {"requests", "distinct", NULL};
    aisle_json_scope body, one;
    json_t *list = NULL;
    AISLE_TRY(aisle_json_body(r, &body));
    AISLE_TRY(aisle_json_array(&body, "requests", BATCH, &list));
    q->is_batch = list != NULL;
    q->n = list ? (int64_t)json_array_size(list) : 1;
    if (q->n < 1)
        return aisle_request_invalid(r, "/requests", "out_of_range", "1 to %d requests wanted", BATCH);
    q->asks = aisle_arena_calloc(aisle_request_arena(r), (size_t)q->n, sizeof *q->asks);
    if (!q->asks) return aisle_no_memory(r);
    if (!list) return aisle_ask_body(&body, q->asks);
    AISLE_TRY(aisle_json_only(&body, known));
    AISLE_TRY(aisle_json_bool(&body, "distinct", false, &q->distinct));
    for (int64_t i = 0; i < q->n; i++) {
        AISLE_TRY(aisle_json_element(&body, "requests", (size_t)i, &one));
        AISLE_TRY(aisle_ask_body(&one, &q->asks[i]));
    }
    return AISLE_OK;
}

/* What was answered in the batch up to here does not come again. */
static aisle_status answer_one(asked *q, const aisle_answering *a, int64_t i)
{
    aisle_page_note shown;
    aisle_asking one = {*a, &q->asks[i], &q->trials[i]};
    if (q->trials[i].shelf) one.w.shelf = q->trials[i].shelf;
    AISLE_TRY(aisle_answer_recommended(q->work.r, &one, &shown, &q->body));
    for (int64_t later = i + 1; q->distinct && later < q->n; later++)
        AISLE_TRY(aisle_page_exclude(q->work.r, &q->asks[later], shown.id, shown.n));
    return AISLE_OK;
}

static aisle_status answer_all(asked *q, const aisle_answering *a)
{
    aisle_request *r = q->work.r;
    if (!q->is_batch) return answer_one(q, a, 0);
    if (!aisle_text_raw(&q->body, "{\"results\":[")) return aisle_no_memory(r);
    for (int64_t i = 0; i < q->n; i++) {
        if (i && !aisle_text_raw(&q->body, ",")) return aisle_no_memory(r);
        AISLE_TRY(answer_one(q, a, i));
    }
    return aisle_text_raw(&q->body, "]}") ? AISLE_OK : aisle_no_memory(r);
}

static void let_go(asked *q)
{
    for (int64_t i = 0; q->trials && i < q->n; i++) aisle_trial_end(&q->trials[i]);
    aisle_shelf_unref(q->shelf);
    q->shelf = NULL;
}

static aisle_status answer_in(asked *q, struct aisle_place *place)
{
    aisle_answering a = aisle_answering_of(q->work.r, q->shelf, q->with);
    a.place = place;
    aisle_status st = answer_all(q, &a);
    let_go(q);
    if (st != AISLE_OK) aisle_buf_deinit(&q->body);
    return st;
}

static aisle_status run(aisle_work *w, aisle_error *err)
{
    (void)err; /* it is the request's */
    return answer_in((asked *)w, NULL);
}

static aisle_status reply(aisle_work *w)
{
    aisle_buf *body = &((asked *)w)->body;
    aisle_reply_header(w->r, "Cache-Control", "private, no-store");
    aisle_status st = aisle_reply_bytes(w->r, 200, "application/json", body->data, (size_t)body->len);
    aisle_buf_deinit(body);
    return st;
}

/* ---- together ---- */

static void answer_together(void *ctx, struct aisle_place *place)
{
    asked *q = ctx;
    q->status = answer_in(q, place);
}

/* The first that wait, in the order in which they came, as many as a loop may be held up by. The others come in its next turn, after
 * these have been sent and whatever else has arrived has been read. */
static void answer_first(aisle_loop_state *loop)
{
    aisle_together_one line[AISLE_TOGETHER_MOST];
    int32_t n = 0;
    for (asked *q = loop->waiting; n < AISLE_TOGETHER_MOST && q; q = q->next)
        line[n++] = (aisle_together_one){answer_together, q, q->shelf->model, q->n_work, q->n_shared};
    n = aisle_together_fit(line, n);
    for (int32_t i = 0; i < n; i++, loop->waiting = loop->waiting->next) loop->waiting->taken = true;
    for (asked *q = loop->waiting; q; q = q->next) q->later = true;
    aisle_answer_together(loop->together, loop->scorer, line, n);
}

static void answer_waiting(aisle_request *r, void *ctx);

static void leave(asked *q)
{
    q->later = false;
    aisle_request_defer(q->work.r);
    aisle_request_finish(q->work.r, answer_waiting, q);
}

/* Calls come in the order in which they were left: the first of a turn answers those that came with it. */
static void answer_waiting(aisle_request *r, void *ctx)
{
    asked *q = ctx;
    if (!q->taken && !q->later) answer_first(q->with);
    if (!q->taken) {
        leave(q);
        return;
    }
    aisle_status st = q->status;
    if (st == AISLE_OK) st = reply(&q->work);
    if (st != AISLE_OK) aisle_reply_status(r, st);
}

/* Until the loop has read what else has arrived by now: nobody waits for what may come. */
static aisle_status wait_for_others(asked *q)
{
    aisle_loop_state *loop = q->with;
    if (loop->waiting)
        loop->waiting_last->next = q;
    else
        loop->waiting = q;
    loop->waiting_last = q;
    leave(q);
    return AISLE_OK;
}

/* What takes longer than a loop may be held up goes to the scoring thread beside it. */
static aisle_status carry_out(asked *q)
{
    aisle_request *r = q->work.r;
    aisle_loop_state *loop = aisle_loop_of(r);
    for (int64_t i = 0; i < q->n; i++) {
        const aisle_shelf *s = q->trials[i].shelf ? q->trials[i].shelf : q->shelf;
        q->n_work += aisle_ask_work(s, &q->asks[i]);
        q->n_shared += aisle_ask_shared(s, &q->asks[i]);
    }
    bool heavy = q->n_work > AISLE_TOGETHER_WORK;
    q->with = heavy ? loop->beside : loop;
    if (heavy) {
        q->work.on = loop->scoring;
        aisle_status st = aisle_work_submit(&q->work);
        if (st != AISLE_OK) let_go(q);
        return st;
    }
    if (aisle_model_compact(q->shelf->model)) return wait_for_others(q);
    AISLE_TRY(run(&q->work, aisle_request_error(r)));
    return reply(&q->work);
}

static asked *new_question(aisle_request *r)
{
    asked *q = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *q);
    if (q) *q = (asked){.work = {.r = r, .run = run, .reply = reply}};
    return q;
}

/* Each question as its variant has it. A single one takes the shelf of its variant for its own. */
static aisle_status begin_trials(aisle_request *r, asked *q)
{
    const aisle_trying with = aisle_trying_of(r, q->shelf, AISLE_ON_RECOMMENDATIONS);
    q->trials = aisle_arena_calloc(aisle_request_arena(r), (size_t)q->n, sizeof *q->trials);
    if (!q->trials) return aisle_no_memory(r);
    for (int64_t i = 0; i < q->n; i++)
        AISLE_TRY(aisle_trial_begin(&with, &q->asks[i], &q->trials[i], aisle_request_error(r)));
    if (q->n > 1 || !q->trials->shelf) return AISLE_OK;
    aisle_shelf_unref(q->shelf);
    q->shelf = q->trials->shelf;
    q->trials->shelf = NULL;
    return AISLE_OK;
}

static aisle_status answer(aisle_request *r, asked *q)
{
    if (!aisle_ask_admitted(r, q->asks, q->n)) return AISLE_OK;
    for (int64_t i = 0; i < q->n; i++)
        if (!aisle_page_resume(r, &q->asks[i])) return AISLE_OK;
    for (int64_t i = 0; i < q->n; i++) AISLE_TRY(aisle_ask_cart(r, aisle_loop_of(r)->view, &q->asks[i]));
    if (!(q->shelf = aisle_shelf_or_refuse(r))) return AISLE_OK;
    aisle_status st = begin_trials(r, q);
    if (st != AISLE_OK) let_go(q);
    return st == AISLE_OK ? carry_out(q) : st;
}

aisle_status aisle_on_recommendations_post(aisle_request *r)
{
    static const char *const none[] = {NULL};
    asked *q = new_question(r);
    if (!q) return aisle_no_memory(r);
    AISLE_TRY(aisle_request_query_only(r, none));
    AISLE_TRY(parse_asks(r, q));
    return answer(r, q);
}

aisle_status aisle_on_recommendations_get(aisle_request *r)
{
    asked *q = new_question(r);
    if (q) q->asks = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *q->asks);
    if (!q || !q->asks) return aisle_no_memory(r);
    q->n = 1;
    AISLE_TRY(aisle_ask_query(r, q->asks));
    return answer(r, q);
}
