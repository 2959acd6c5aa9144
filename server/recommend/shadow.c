/* A question is copied into a task with an arena of its own, since the request is over before the task runs. */
#include "server/recommend/shadow.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "server/jobs/worker.h"

struct aisle_shadow {
    aisle_shelf_rack *rack;
    aisle_catalogue *catalogue;
    aisle_view *view; /* the thread's, as the scorer */
    aisle_scorer *scorer;
    aisle_worker *worker;
    atomic_uint_fast64_t threshold; /* share * 2^32; 0 = nothing is watched */
    atomic_uint_fast64_t count;     /* questions */
    pthread_mutex_t lock;           /* guards what follows */
    aisle_shadow_report sums;       /* means as sums */
    int64_t ranked;
    aisle_idmap *served, *shown; /* items seen so far; NULL without memory */
};

typedef struct task {
    aisle_shadow *shadow;
    aisle_arena arena;
    int64_t version;
    aisle_recents *recents; /* the server's */
    aisle_ask ask;
    aisle_str *served;
    int32_t n;
} task;

aisle_status aisle_shadow_open(aisle_store *store, aisle_shelf_rack *rack, aisle_catalogue *c,
                               aisle_shadow **out, aisle_error *err)
{
    aisle_shadow *s = aisle_calloc(1, sizeof *s);
    if (!s) return aisle_fail(err, AISLE_ENOMEM, "out of memory for shadow scoring");
    pthread_mutex_init(&s->lock, NULL);
    s->rack = rack;
    s->catalogue = c;
    s->scorer = aisle_scorer_new();
    aisle_status st = s->scorer ? aisle_view_open(store, &s->view, err)
                                : aisle_fail(err, AISLE_ENOMEM, "out of memory for shadow scoring");
    if (st == AISLE_OK) st = aisle_worker_start(NULL, NULL, &s->worker, err);
    if (st == AISLE_OK)
        *out = s;
    else
        aisle_shadow_close(s);
    return st;
}

void aisle_shadow_close(aisle_shadow *s)
{
    if (!s) return;
    atomic_store(&s->threshold, 0);
    aisle_worker_stop(s->worker);
    aisle_view_close(s->view);
    aisle_scorer_free(s->scorer);
    aisle_idmap_free(s->served);
    aisle_idmap_free(s->shown);
    pthread_mutex_destroy(&s->lock);
    aisle_free(s);
}

void aisle_shadow_watch(aisle_shadow *s, int64_t version, double share)
{
    pthread_mutex_lock(&s->lock);
    if (share > 0 || s->sums.version != version) {
        aisle_idmap_free(s->served);
        aisle_idmap_free(s->shown);
        s->served = aisle_idmap_new();
        s->shown = aisle_idmap_new();
        s->sums = (aisle_shadow_report){.version = version, .since_ms = aisle_time_now_ms()};
        s->ranked = 0;
    }
    s->sums.share = share;
    pthread_mutex_unlock(&s->lock);
    atomic_store(&s->threshold, (uint64_t)(share * 4294967296.0));
}

int64_t aisle_shadow_version(aisle_shadow *s)
{
    pthread_mutex_lock(&s->lock);
    int64_t version = s->sums.share > 0 ? s->sums.version : 0;
    pthread_mutex_unlock(&s->lock);
    return version;
}

void aisle_shadow_read(aisle_shadow *s, aisle_shadow_report *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->sums;
    out->overlap = out->answered ? out->overlap / (double)out->answered : NAN;
    out->rank_correlation = s->ranked ? out->rank_correlation / (double)s->ranked : NAN;
    out->mean_ms = out->answered ? out->mean_ms / (double)out->answered : 0;
    out->served_items = s->served ? aisle_idmap_count(s->served) : 0;
    out->shadow_items = s->shown ? aisle_idmap_count(s->shown) : 0;
    pthread_mutex_unlock(&s->lock);
}

/* ---- on the shadow's thread ---- */

/* Where the id stands in the list; -1: nowhere. */
static int32_t place(const aisle_str *list, int32_t n, aisle_str id)
{
    for (int32_t i = 0; i < n; i++)
        if (aisle_str_eq(list[i], id)) return i;
    return -1;
}

/* Places of the m items in both, in the order of the candidate's list, among themselves. */
static double spearman(const int32_t *places, int32_t m)
{
    double squares = 0;
    for (int32_t i = 0; i < m; i++) {
        int32_t before = 0;
        for (int32_t k = 0; k < m; k++) before += places[k] < places[i];
        squares += (double)(before - i) * (before - i);
    }
    return 1 - 6 * squares / ((double)m * ((double)m * m - 1));
}

static void note(aisle_shadow *s, const task *t, const aisle_str *theirs, int32_t n, double ms)
{
    int32_t places[AISLE_ASK_LIMIT], m = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t at = place(t->served, t->n, theirs[i]);
        if (at >= 0) places[m++] = at;
    }
    pthread_mutex_lock(&s->lock);
    if (s->sums.version == t->version) { /* else another one is watched by now */
        s->sums.answered++;
        s->sums.overlap += (double)m / (double)t->ask.limit;
        if (m >= 2) {
            s->sums.rank_correlation += spearman(places, m);
            s->ranked++;
        }
        s->sums.mean_ms += ms;
        if (ms > s->sums.most_ms) s->sums.most_ms = ms;
        for (int32_t i = 0; s->served && i < t->n; i++) aisle_idmap_add(s->served, t->served[i]);
        for (int32_t i = 0; s->shown && i < n; i++) aisle_idmap_add(s->shown, theirs[i]);
    }
    pthread_mutex_unlock(&s->lock);
}

static bool ask(aisle_shadow *s, task *t, const aisle_shelf *shelf)
{
    const aisle_answering w = {.shelf = shelf,
                               .view = s->view,
                               .recents = t->recents,
                               .scorer = s->scorer,
                               .arena = &t->arena,
                               .catalogue = s->catalogue};
    aisle_recommendation found;
    aisle_error err = {0};
    aisle_str theirs[AISLE_ASK_LIMIT];
    int64_t started_ns = aisle_time_monotonic_ns();
    if (aisle_recommend(&w, &t->ask, &found, &err) != AISLE_OK) return false;
    double ms = (double)(aisle_time_monotonic_ns() - started_ns) * 1e-6;
    int32_t n = found.hits.n < t->ask.limit ? found.hits.n : (int32_t)t->ask.limit;
    for (int32_t i = 0; i < n; i++) theirs[i] = aisle_shelf_id(shelf, found.hits.hit[i].item);
    note(s, t, theirs, n, ms);
    return true;
}

static void free_task(task *t)
{
    aisle_arena_deinit(&t->arena);
    aisle_free(t);
}

static void run(void *ctx)
{
    task *t = ctx;
    aisle_shadow *s = t->shadow;
    aisle_shelf *shelf = aisle_shelf_rack_get(s->rack, t->version);
    bool good = shelf && ask(s, t, shelf);
    aisle_shelf_unref(shelf);
    if (!good) {
        pthread_mutex_lock(&s->lock);
        s->sums.failed += s->sums.version == t->version;
        pthread_mutex_unlock(&s->lock);
    }
    free_task(t);
}

/* ---- on a loop ---- */

static bool copy(aisle_arena *a, aisle_str *s)
{
    if (!s->ptr) return true;
    s->ptr = aisle_arena_strndup(a, s->ptr, s->len);
    return s->ptr != NULL;
}

static bool copy_list(aisle_arena *a, aisle_str **list, int64_t n)
{
    const aisle_str *from = *list;
    if (!n) return true;
    *list = aisle_arena_calloc(a, (size_t)n, sizeof **list);
    for (int64_t i = 0; *list && i < n; i++) {
        (*list)[i] = from[i];
        if (!copy(a, &(*list)[i])) return false;
    }
    return *list != NULL;
}

static task *make_task(aisle_shadow *s, const aisle_answering *w, const aisle_ask *question,
                       const aisle_hits *hits)
{
    task *t = aisle_calloc(1, sizeof *t);
    if (!t) return NULL;
    aisle_arena *a = &t->arena;
    t->shadow = s;
    t->version = aisle_shadow_version(s);
    t->recents = w->recents;
    t->ask = *question;
    t->ask.explain = false;
    t->n = hits->n < question->limit ? hits->n : (int32_t)question->limit;
    t->served = aisle_arena_calloc(a, (size_t)t->n + 1, sizeof *t->served);
    bool good = t->version && t->served && copy(a, &t->ask.user) && copy(a, &t->ask.session) &&
                copy_list(a, &t->ask.items, t->ask.n_items) &&
                copy_list(a, &t->ask.exclude, t->ask.n_exclude);
    for (int32_t i = 0; good && i < t->n; i++) {
        t->served[i] = aisle_shelf_id(w->shelf, hits->hit[i].item);
        good = copy(a, &t->served[i]);
    }
    if (good) return t;
    free_task(t);
    return NULL;
}

void aisle_shadow_offer(aisle_shadow *s, const aisle_answering *w, const aisle_ask *question,
                        const aisle_hits *hits)
{
    uint64_t threshold = atomic_load_explicit(&s->threshold, memory_order_relaxed);
    if (!threshold || question->filter.where || question->scenario || question->sight != AISLE_SIGHT_ALL)
        return;
    if (question->wishes.n_boosts || question->wishes.n_pins) return; /* they lie in the request's arena */
    uint64_t count = atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
    if (aisle_mix64(count) >> 32 >= threshold) return;
    task *t = make_task(s, w, question, hits);
    if (t && aisle_worker_submit(s->worker, run, t, NULL) == AISLE_OK) return;
    if (t) free_task(t);
    pthread_mutex_lock(&s->lock);
    s->sums.dropped++;
    pthread_mutex_unlock(&s->lock);
}
