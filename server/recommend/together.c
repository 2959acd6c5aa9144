/* Rounds: everybody up to the next question to the scorer, and then one batch of all these. */
#include "server/recommend/together.h"

#include "server/recommend/fibre.h"

/* Where one question is. What it asks lies on its stack, or where that points to, and stays while it is left. */
typedef struct aisle_place {
    const aisle_together_one *one;
    aisle_fibre *fibre;
    bool left; /* to be scored; not while something is called outside */
    void (*outside)(void *ctx);
    void *outside_ctx;
    const aisle_model *model;
    const aisle_query *query;
    aisle_hits *hits;
    aisle_error *err;
    aisle_status status; /* the scorer's */
    int64_t scored_ns, waited_ns;
} place;

struct aisle_together {
    aisle_fibre *fibres[AISLE_TOGETHER_MOST];
    place places[AISLE_TOGETHER_MOST];
};

aisle_together *aisle_together_new(void)
{
    return aisle_calloc(1, sizeof(aisle_together));
}

void aisle_together_free(aisle_together *t)
{
    if (!t) return;
    for (int32_t i = 0; i < AISLE_TOGETHER_MOST; i++) aisle_fibre_free(t->fibres[i]);
    aisle_free(t);
}

aisle_status aisle_score(const aisle_answering *w, const aisle_query *q, aisle_hits *hits, aisle_error *err)
{
    place *p = w->place;
    if (!p || q->explain) return aisle_scorer_recommend(w->scorer, w->shelf->model, q, hits, err);
    p->model = w->shelf->model;
    p->query = q;
    p->hits = hits;
    p->err = err;
    const int64_t left_ns = aisle_time_monotonic_ns();
    aisle_fibre_leave(p->fibre);
    p->waited_ns += aisle_time_monotonic_ns() - left_ns - p->scored_ns;
    return p->status;
}

int64_t aisle_waited_ns(const aisle_answering *w)
{
    return w->place ? w->place->waited_ns : 0;
}

void aisle_outside(const aisle_answering *w, void (*fn)(void *ctx), void *ctx)
{
    place *p = w->place;
    if (!p) {
        fn(ctx);
        return;
    }
    p->outside = fn;
    p->outside_ctx = ctx;
    aisle_fibre_leave(p->fibre);
}

/* ---- rounds ---- */

static bool is_beside(const place *a, const place *b)
{
    return a->model == b->model && a->query->allowed == b->query->allowed;
}

/* Those who are left; first by model, and among them the same items allowed stand together, since few items are read once for
 * all of these. */
static int32_t line_up(aisle_together *t, int32_t n, place *line[AISLE_TOGETHER_MOST])
{
    int32_t count = 0;
    for (int32_t i = 0; i < n; i++) {
        place *p = &t->places[i];
        int32_t at = count, of_model = -1;
        if (!p->left) continue;
        for (int32_t k = 0; k < count; k++) {
            if (line[k]->model == p->model) of_model = k + 1;
            if (is_beside(line[k], p)) at = k + 1;
        }
        if (at == count && of_model >= 0) at = of_model;
        for (int32_t k = count++; k > at; k--) line[k] = line[k - 1];
        line[at] = p;
    }
    return count;
}

/* Of one model. When the batch fails each is asked alone: the fault is one's, and all others have an answer. */
static void score(aisle_scorer *s, place *const *line, int32_t n)
{
    aisle_query queries[AISLE_TOGETHER_MOST] = {0};
    aisle_hits hits[AISLE_TOGETHER_MOST];
    for (int32_t i = 0; i < n; i++) {
        queries[i] = *line[i]->query;
        hits[i] = (aisle_hits){.hit = line[i]->hits->hit};
    }
    int64_t begun_ns = aisle_time_monotonic_ns();
    bool ok = n > 1 && aisle_scorer_recommend_batch(s, line[0]->model, queries, n, hits, NULL) == AISLE_OK;
    for (int32_t i = 0; i < n; i++) {
        place *p = line[i];
        p->status = ok ? AISLE_OK : aisle_scorer_recommend(s, p->model, p->query, p->hits, p->err);
        if (ok) *p->hits = hits[i];
        p->scored_ns = aisle_time_monotonic_ns() - begun_ns;
        if (!ok) begun_ns += p->scored_ns;
    }
}

static void call(void *ctx)
{
    place *p = ctx;
    p->one->answer(p->one->ctx, p);
}

/* Up to the next question to the scorer, or the end. */
static void go_on(place *p, bool returned)
{
    while (!returned && p->outside) {
        void (*fn)(void *ctx) = p->outside;
        p->outside = NULL;
        fn(p->outside_ctx);
        returned = aisle_fibre_go_on(p->fibre);
    }
    p->left = !returned;
}

static void begin(aisle_together *t, const aisle_together_one *one, int32_t i)
{
    if (!t->fibres[i]) t->fibres[i] = aisle_fibre_new(i);
    t->places[i] = (place){.one = one, .fibre = t->fibres[i]};
    if (t->fibres[i])
        go_on(&t->places[i], aisle_fibre_start(t->fibres[i], call, &t->places[i]));
    else
        one->answer(one->ctx, NULL);
}

int32_t aisle_together_fit(const aisle_together_one *all, int32_t n)
{
    int32_t fit = 0;
    for (int64_t work = 0; fit < n && fit < AISLE_TOGETHER_MOST; fit++) {
        work += all[fit].work - (fit && all[fit].model == all[fit - 1].model ? all[fit].shared : 0);
        if (fit && work > AISLE_TOGETHER_WORK) break;
    }
    return fit;
}

void aisle_answer_together(aisle_together *t, aisle_scorer *s, const aisle_together_one *all, int32_t n)
{
    place *line[AISLE_TOGETHER_MOST];
    if (n == 1) {
        all->answer(all->ctx, NULL);
        return;
    }
    for (int32_t i = 0; i < n; i++) begin(t, &all[i], i);
    for (int32_t left; (left = line_up(t, n, line)) > 0;) {
        for (int32_t first = 0, end; first < left; first = end) {
            for (end = first + 1; end < left && line[end]->model == line[first]->model;) end++;
            score(s, line + first, end - first);
        }
        for (int32_t i = 0; i < left; i++) go_on(line[i], aisle_fibre_go_on(line[i]->fibre));
    }
}
