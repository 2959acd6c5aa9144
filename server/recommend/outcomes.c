/* A batch of events is one transaction: what it claims, what it adds, and how far the events are counted stand or fall
 * together, so that a crash counts nothing twice and loses nothing. */
#include "server/recommend/outcomes.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "aisle/log.h"
#include "aisle/memory.h"

/* A batch holds the writer for some 10 ms. Ids are passed over in steps, so that a large import is no long read. */
enum { BATCH = 1000, STEP = 50000, CALL_MS = 400 };
static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

struct aisle_outcomes {
    aisle_store *store;
    aisle_view *view;
    const aisle_recommendation_ids *ids;
    aisle_experiment_keeper *experiments; /* or NULL */
    pthread_mutex_t lock;                 /* guards what follows */
    aisle_strategy_outcomes counted[AISLE_STRATEGIES_COUNTED];
    int32_t n_counted;
};

typedef struct batch {
    aisle_write base;
    const aisle_recommendation_ids *ids;
    const aisle_experiments *experiments; /* NULL: none */
    const aisle_outcome_event *events;
    int32_t n;
    int64_t upto, today;
    aisle_strategy_outcomes counted[AISLE_STRATEGIES_COUNTED]; /* of this batch */
    int32_t n_counted;
} batch;

aisle_status aisle_outcomes_open(aisle_store *s, const aisle_recommendation_ids *ids,
                                 aisle_experiment_keeper *experiments, aisle_outcomes **out, aisle_error *err)
{
    aisle_outcomes *o = aisle_calloc(1, sizeof *o);
    if (!o) return aisle_fail(err, AISLE_ENOMEM, "out of memory for outcomes");
    aisle_status st = aisle_view_open(s, &o->view, err);
    if (st != AISLE_OK) {
        aisle_free(o);
        return st;
    }
    o->store = s;
    o->ids = ids;
    o->experiments = experiments;
    pthread_mutex_init(&o->lock, NULL);
    *out = o;
    return AISLE_OK;
}

void aisle_outcomes_close(aisle_outcomes *o)
{
    if (!o) return;
    aisle_view_close(o->view);
    pthread_mutex_destroy(&o->lock);
    aisle_free(o);
}

/* ---- counters of the process ---- */

static void add_counts(aisle_outcome_counts *to, const aisle_outcome_counts *add)
{
    to->impressions += add->impressions;
    to->clicks += add->clicks;
    to->carts += add->carts;
    to->purchases += add->purchases;
}

/* More strategies than there is room for are not told apart: there are fewer in the program. */
static void count(aisle_strategy_outcomes *list, int32_t *n, aisle_str strategy,
                  const aisle_outcome_counts *add)
{
    int32_t i = 0;
    while (i < *n && !aisle_str_eq(aisle_str_from(list[i].strategy), strategy)) i++;
    if (i == AISLE_STRATEGIES_COUNTED) return;
    if (i == *n) {
        list[i] = (aisle_strategy_outcomes){.counts = {0}};
        snprintf(list[i].strategy, sizeof list[i].strategy, "%.*s", (int)strategy.len, strategy.ptr);
        (*n)++;
    }
    add_counts(&list[i].counts, add);
}

static void take_counted(aisle_outcomes *o, const batch *b)
{
    pthread_mutex_lock(&o->lock);
    for (int32_t i = 0; i < b->n_counted; i++)
        count(o->counted, &o->n_counted, aisle_str_from(b->counted[i].strategy), &b->counted[i].counts);
    pthread_mutex_unlock(&o->lock);
}

int32_t aisle_outcomes_since_start(aisle_outcomes *o, aisle_strategy_outcomes out[AISLE_STRATEGIES_COUNTED])
{
    pthread_mutex_lock(&o->lock);
    int32_t n = o->n_counted;
    memcpy(out, o->counted, (size_t)n * sizeof *out);
    pthread_mutex_unlock(&o->lock);
    return n;
}

/* ---- one event ---- */

/* What tells an outcome from others of its day. Of a person's own answer the answer is enough; who did it may be known by a
 * session first and by an account later. */
static aisle_status claim(aisle_tx *tx, const batch *b, const aisle_origin *o, const aisle_outcome_event *e,
                          aisle_event_type kind, int64_t *first, aisle_error *err)
{
    bool is_first = false;
    int64_t who = !o->shared ? 0 : e->user ? e->user : -e->session;
    const int64_t what[] = {(int64_t)o->number, o->at_ms, o->model_version, e->product, who, (int64_t)kind};
    AISLE_TRY(aisle_tx_outcome_claim(tx, o->at_ms / day_ms,
                                     aisle_recommendation_mark(b->ids, what, sizeof what), &is_first, err));
    *first = is_first;
    return AISLE_OK;
}

static aisle_status claim_kind(aisle_tx *tx, const batch *b, const aisle_origin *o,
                               const aisle_outcome_event *e, aisle_outcome_counts *add, aisle_error *err)
{
    aisle_event_type kind = e->type == AISLE_EVENT_VIEW ? AISLE_EVENT_CLICK : e->type;
    int64_t *count_of = kind == AISLE_EVENT_CLICK         ? &add->clicks
                        : kind == AISLE_EVENT_ADD_TO_CART ? &add->carts
                        : kind == AISLE_EVENT_PURCHASE    ? &add->purchases
                                                          : NULL;
    AISLE_TRY(claim(tx, b, o, e, AISLE_EVENT_IMPRESSION, &add->impressions, err));
    return count_of ? claim(tx, b, o, e, kind, count_of, err) : AISLE_OK;
}

/* Quantities and prices are the sender's, and a guest may send them: what no shop takes is no revenue. */
static bool revenue_of(const aisle_outcome_event *e, int64_t *minor)
{
    const double most = 1e12; /* minor units */
    double amount = e->value * (double)e->price_minor;
    if (e->price_minor < 0 || !(amount >= 0 && amount <= most)) return false;
    *minor = llround(amount);
    return true;
}

/* Who: the account, else the session. What comes of an answer implies that its items were shown. */
static aisle_status count_person(aisle_tx *tx, const batch *b, const aisle_origin *o,
                                 const aisle_outcome_event *e, aisle_error *err)
{
    aisle_variant_counts add = {0};
    aisle_event_type kinds[] = {AISLE_EVENT_IMPRESSION, AISLE_EVENT_CLICK, AISLE_EVENT_PURCHASE};
    int64_t *counts[] = {&add.people, &add.clicked, &add.bought};
    aisle_event_type type = e->type == AISLE_EVENT_VIEW ? AISLE_EVENT_CLICK : e->type;
    if (!o->experiment.len || !b->experiments ||
        !aisle_experiments_has(b->experiments, o->experiment, o->variant))
        return AISLE_OK;
    for (int i = 0; i < 3; i++) {
        int64_t who[2 + AISLE_LABEL_MAX / 8 + 1] = {e->user ? e->user : -e->session, (int64_t)kinds[i]};
        bool first;
        if (kinds[i] != AISLE_EVENT_IMPRESSION && kinds[i] != type) continue;
        memcpy(&who[2], o->variant.ptr, o->variant.len);
        AISLE_TRY(aisle_tx_variant_claim(tx, o->experiment,
                                         aisle_recommendation_mark(b->ids, who, sizeof who), &first, err));
        *counts[i] = first;
    }
    if (!add.people && !add.clicked && !add.bought) return AISLE_OK;
    return aisle_tx_variant_add(tx, o->experiment, o->variant, &add, err);
}

static aisle_status count_event(aisle_tx *tx, batch *b, const aisle_outcome_event *e, aisle_error *err)
{
    aisle_origin o;
    unsigned char room[AISLE_ORIGIN_BYTES];
    aisle_outcome_counts add = {0};
    int64_t minor;
    if (!aisle_recommendation_id_read(b->ids, e->recommendation, &o, room)) return AISLE_OK;
    int64_t day = o.at_ms / day_ms;
    if (day < b->today - AISLE_OUTCOME_DAYS || day > b->today + 1) return AISLE_OK;
    AISLE_TRY(claim_kind(tx, b, &o, e, &add, err));
    if (!add.impressions && !add.clicks && !add.carts && !add.purchases) return AISLE_OK;
    const aisle_outcome_key key = {day, o.model_version, o.strategy, o.scenario, o.experiment, o.variant};
    AISLE_TRY(aisle_tx_outcome_add(tx, &key, &add, err));
    AISLE_TRY(count_person(tx, b, &o, e, err));
    count(b->counted, &b->n_counted, o.strategy, &add);
    if (add.purchases && revenue_of(e, &minor))
        return aisle_tx_outcome_revenue(tx, &key, e->currency, minor, err);
    return AISLE_OK;
}

static aisle_status run_batch(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    batch *b = (batch *)w;
    b->n_counted = 0;
    for (int32_t i = 0; i < b->n; i++) {
        aisle_status st = count_event(tx, b, &b->events[i], err);
        /* What the tables do not take they would not take the next time either: it must not stop those after it. */
        if (st == AISLE_ECONFLICT)
            aisle_log(AISLE_LOG_WARN, "event %lld is not counted in full: %s", (long long)b->events[i].id,
                      err->message);
        else if (st != AISLE_OK)
            return st;
    }
    return aisle_tx_outcome_upto(tx, b->upto, b->today - AISLE_OUTCOME_DAYS, err);
}

/* ---- the newest events ---- */

/* Counts those after *upto, up to the next step at most, and moves it. */
static aisle_status next_batch(aisle_outcomes *o, int64_t *upto, int64_t newest, aisle_error *err)
{
    aisle_arena arena = {0};
    aisle_outcome_event *events = NULL;
    int64_t last = newest - *upto > STEP ? *upto + STEP : newest;
    batch b = {
        .base = {.run = run_batch}, .ids = o->ids, .upto = last, .today = aisle_time_now_ms() / day_ms};
    aisle_status st = aisle_view_outcome_events(o->view, *upto, last, BATCH, &arena, &events, &b.n, err);
    b.events = events;
    aisle_experiments *experiments = o->experiments ? aisle_experiments_get(o->experiments) : NULL;
    b.experiments = experiments;
    if (st == AISLE_OK && b.n == BATCH) b.upto = events[b.n - 1].id;
    if (st == AISLE_OK) st = aisle_store_write_now(o->store, &b.base, err);
    if (st == AISLE_OK) {
        take_counted(o, &b);
        *upto = b.upto;
    }
    aisle_experiments_unref(experiments);
    aisle_arena_deinit(&arena);
    return st;
}

aisle_status aisle_outcomes_run(aisle_outcomes *o, aisle_error *err)
{
    int64_t until_ns = aisle_time_monotonic_ns() + (int64_t)CALL_MS * 1000000;
    aisle_outcome_range range;
    AISLE_TRY(aisle_view_outcome_range(o->view, &range, err));
    while (range.upto < range.newest && aisle_time_monotonic_ns() < until_ns)
        AISLE_TRY(next_batch(o, &range.upto, range.newest, err));
    return AISLE_OK;
}
