/* A slice is read without the lock and counted under it. What takes longer makes counts of its own, which then take the place of
 * the others. Forwards from where the last call ended, then backwards from where the first one began: what came is always ahead
 * of what was. */
#include "server/recommend/trends.h"

#include <pthread.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/store/event_scan.h"

enum { SLICE = 500, CALL_MS = 200, TRIM_MS = 3600000, TRIM_PART = 8192 };

struct aisle_trends {
    aisle_view *view;
    aisle_weights weights; /* that are counted with; valid once begun */
    bool begun;
    int64_t upto, downto;  /* events with ids of downto..upto are counted */
    int64_t trim_ms;       /* when to trim next */
    pthread_rwlock_t lock; /* guards counts, and where they are; only the thread that runs writes */
    aisle_decayed *counts;
    aisle_scanned slice[SLICE];
};

aisle_status aisle_trends_open(aisle_store *s, aisle_trends **out, aisle_error *err)
{
    aisle_trends *t = aisle_calloc(1, sizeof *t);
    *out = NULL;
    if (t) t->counts = aisle_decayed_new();
    if (!t || !t->counts) {
        aisle_free(t);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for what is trending");
    }
    aisle_status st = aisle_view_open(s, &t->view, err);
    if (st != AISLE_OK) {
        aisle_decayed_free(t->counts);
        aisle_free(t);
        return st;
    }
    pthread_rwlock_init(&t->lock, NULL);
    *out = t;
    return AISLE_OK;
}

void aisle_trends_close(aisle_trends *t)
{
    if (!t) return;
    aisle_view_close(t->view);
    aisle_decayed_free(t->counts);
    pthread_rwlock_destroy(&t->lock);
    aisle_free(t);
}

/* ---- counting ---- */

static bool same_weights(const aisle_weights *a, const aisle_weights *b)
{
    for (int i = 0; i < AISLE_EVENT_TYPES; i++)
        if (a->weight[i] < b->weight[i] || a->weight[i] > b->weight[i]) return false;
    return !(a->rating_floor < b->rating_floor || a->rating_floor > b->rating_floor);
}

/* False: there are none. */
static bool replace(aisle_trends *t, aisle_decayed *by)
{
    aisle_decayed *was = t->counts;
    if (!by) return false;
    pthread_rwlock_wrlock(&t->lock);
    t->counts = by;
    pthread_rwlock_unlock(&t->lock);
    aisle_decayed_free(was);
    return true;
}

static aisle_status begin(aisle_trends *t, const aisle_weights *w, aisle_error *err)
{
    int64_t last;
    AISLE_TRY(aisle_view_scan_last(t->view, &last, err));
    if (!replace(t, aisle_decayed_new()))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for what is trending");
    t->weights = *w;
    t->upto = last;
    t->downto = last + 1;
    t->begun = true;
    return AISLE_OK;
}

static bool make_room(aisle_trends *t, int32_t n)
{
    int64_t row = 0;
    for (int32_t i = 0; i < n; i++)
        if (t->slice[i].product > row && t->slice[i].product < INT32_MAX) row = t->slice[i].product;
    return aisle_decayed_has_room(t->counts, row, n) || replace(t, aisle_decayed_grown(t->counts, row, n));
}

/* False: out of memory; what is missing is missing until the next start. */
static bool count_slice(aisle_trends *t, int32_t n, int64_t now_ms)
{
    bool ok = true;
    if (!make_room(t, n)) return false;
    pthread_rwlock_wrlock(&t->lock);
    for (int32_t i = 0; i < n && ok; i++) {
        const aisle_scanned *e = &t->slice[i];
        const double weight = aisle_weights_event(&t->weights, e->type, e->value);
        const int64_t at_ms = e->at_ms < now_ms ? e->at_ms : now_ms;
        if (weight > 0 && at_ms > 0 && now_ms - at_ms <= AISLE_DECAYED_MS)
            ok = aisle_decayed_add(t->counts, e->product, weight, at_ms);
    }
    pthread_rwlock_unlock(&t->lock);
    return ok;
}

/* *more: there may be others. */
static aisle_status take_slice(aisle_trends *t, bool down, bool *more, aisle_error *err)
{
    int32_t n = SLICE;
    AISLE_TRY(aisle_view_scan(t->view, down ? t->downto : t->upto, down, t->slice, &n, err));
    *more = n == SLICE;
    if (n == 0) return AISLE_OK;
    if (down)
        t->downto = t->slice[n - 1].id;
    else
        t->upto = t->slice[n - 1].id;
    if (!count_slice(t, n, aisle_time_now_ms()))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for what is trending");
    return AISLE_OK;
}

static void trim(aisle_trends *t, int64_t now_ms)
{
    if (now_ms < t->trim_ms) return;
    t->trim_ms = now_ms + TRIM_MS;
    for (int32_t at = INT32_MAX; at > 0;) {
        pthread_rwlock_wrlock(&t->lock);
        aisle_decayed_trim(t->counts, now_ms, TRIM_PART, &at);
        pthread_rwlock_unlock(&t->lock);
    }
}

aisle_status aisle_trends_run(aisle_trends *t, const aisle_weights *w, aisle_error *err)
{
    const int64_t until_ns = aisle_time_monotonic_ns() + (int64_t)CALL_MS * 1000000;
    bool more = true;
    int64_t last;
    if (!t->begun || !same_weights(&t->weights, w)) AISLE_TRY(begin(t, w, err));
    AISLE_TRY(aisle_view_scan_last(t->view, &last, err));
    if (last < t->upto) t->upto = last; /* ids of removed newest events come again */
    while (more && aisle_time_monotonic_ns() < until_ns) AISLE_TRY(take_slice(t, false, &more, err));
    for (more = t->downto > 1; more && aisle_time_monotonic_ns() < until_ns;)
        AISLE_TRY(take_slice(t, true, &more, err));
    if (!more) t->downto = 1;
    trim(t, aisle_time_now_ms());
    return AISLE_OK;
}

/* ---- asking ---- */

void aisle_trends_best(aisle_trends *t, const aisle_shelf *s, int32_t window, int64_t now_ms,
                       const uint64_t *allowed, int32_t n, aisle_hits *hits)
{
    const aisle_decayed_ask ask = {s->row, s->n_items, allowed, window, n, now_ms};
    hits->strategy = AISLE_STRATEGY_POPULAR;
    pthread_rwlock_rdlock(&t->lock);
    aisle_decayed_best(t->counts, &ask, hits);
    pthread_rwlock_unlock(&t->lock);
}
