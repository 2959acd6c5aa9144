/* GET /v1/trending. */
#include "server/http/handlers/ask_filter.h"
#include "server/http/handlers/shared_list.h"
#include "server/recommend/pin.h"
#include "server/recommend/trends.h"

enum { MAX_AGE = 30, WINDOW_MAX_AGE = 1 /* seconds; of what counts events as they come */ };

typedef struct trending {
    aisle_shared_list list; /* first */
    int32_t window;         /* decayed.h; -1: none, as the model has it */
} trending;

static aisle_status parse(aisle_request *r, trending *q)
{
    static const char *const known[] = {"limit", "category", "window", "user", "session", NULL};
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_shared_parse(r, &q->list));
    const aisle_str window = aisle_request_query(r, "window");
    q->list.of = aisle_request_query(r, "category");
    q->window = window.ptr ? aisle_window_find(window) : -1;
    if (window.ptr && q->window < 0)
        return aisle_request_invalid(r, "?window", "unknown", "1h, 6h, 24h, 3d, 7d or 30d wanted");
    if (q->window >= 0) q->list.more = aisle_windows[q->window].name;
    q->list.max_age = q->window < 0 ? MAX_AGE : WINDOW_MAX_AGE;
    return AISLE_OK;
}

typedef struct trending_ctx {
    const aisle_answering *w;
    aisle_trends *trends;
    int32_t window; /* -1: as the model has it */
    int64_t at_ms;
} trending_ctx;

static aisle_status best_trending(void *ctx, const uint64_t *allowed, int32_t n, bool explain,
                                  aisle_hits *hits, aisle_error *err)
{
    const trending_ctx *c = ctx;
    const aisle_model *m = c->w->shelf->model;
    (void)explain;
    if (c->window < 0) return aisle_scorer_popular(m, aisle_model_trending(m) != NULL, n, allowed, hits, err);
    aisle_trends_best(c->trends, c->w->shelf, c->window, c->at_ms, allowed, n, hits);
    return AISLE_OK;
}

/* Scores are as of the end of ten seconds: while nothing is done, the answer stays the same. */
static int64_t soon_ms(void)
{
    const int64_t step_ms = 10000;
    return (aisle_time_now_ms() / step_ms + 1) * step_ms;
}

/* ,"source":"events","window":"6h" */
static aisle_status say(trending *q, bool events)
{
    const char *window = q->window < 0 ? NULL : aisle_windows[q->window].name;
    q->list.said = aisle_arena_printf(aisle_request_arena(q->list.work.r), ",\"source\":\"%s\"%s%s%s",
                                      events ? "events" : "model", window ? ",\"window\":\"" : "",
                                      window ? window : "", window ? "\"" : "");
    return q->list.said ? AISLE_OK : aisle_no_memory(q->list.work.r);
}

static aisle_status find(aisle_shared_list *l, const aisle_answering *w, aisle_hits *hits)
{
    trending *q = (trending *)l;
    aisle_error *err = aisle_request_error(l->work.r);
    trending_ctx ctx = {w, aisle_request_app(l->work.r)->trends, q->window, soon_ms()};
    const aisle_source source = {.best = best_trending, .ctx = &ctx};
    aisle_choosing c = {.w = w, .source = &source, .n = (int32_t)l->limit + AISLE_SPARE_HITS};
    aisle_filter filter = {.key = AISLE_STR("")};
    aisle_wishes wishes;
    if (l->of.ptr && !aisle_filter_category(l->of, w->arena, &filter)) return aisle_no_memory(l->work.r);
    AISLE_TRY(aisle_shared_rules(l, &c, (aisle_str){NULL, 0}, &filter, &wishes));
    AISLE_TRY(aisle_choose(&c, hits, err));
    if (hits->n == 0 && ctx.window >= 0) {
        ctx.window = -1;
        AISLE_TRY(aisle_choose(&c, hits, err));
    }
    AISLE_TRY(say(q, ctx.window >= 0));
    return aisle_pin_hits(&c, 0, NULL, NULL, hits, err);
}

aisle_status aisle_on_trending(aisle_request *r)
{
    trending *q = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *q);
    if (!q) return aisle_no_memory(r);
    q->list = (aisle_shared_list){.find = find, .surface = AISLE_ON_TRENDING, .kind = "trending", .more = ""};
    AISLE_TRY(parse(r, q));
    return aisle_shared_answer(r, &q->list);
}
