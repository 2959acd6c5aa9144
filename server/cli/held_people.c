/* Copies the held-out people's events into an arena, sorts them by person, and picks. */
#include "server/cli/held_people.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "aisle/scorer.h"
#include "aisle/train.h"

enum { HISTORY = 200 }; /* newest events of a person that a model is asked with */

typedef struct kept {
    aisle_event event; /* texts in the arena */
    aisle_str person;
    uint64_t hash;
    int64_t arrival;
} kept;

typedef struct person {
    int64_t first, n; /* of events */
    aisle_str item;   /* that is asked for */
} person;

struct aisle_held {
    aisle_sink to;
    int32_t one_in;
    const aisle_weights *weights;
    aisle_arena arena;
    kept *events;
    int64_t n_events, cap_events;
    person *people;
    int64_t n_people, cap_people;
};

aisle_held *aisle_held_new(aisle_sink to, int32_t one_in, const aisle_weights *w)
{
    aisle_held *h = aisle_calloc(1, sizeof *h);
    if (!h) return NULL;
    h->to = to;
    h->one_in = one_in;
    h->weights = w;
    return h;
}

void aisle_held_free(aisle_held *h)
{
    if (!h) return;
    aisle_arena_deinit(&h->arena);
    aisle_free(h->events);
    aisle_free(h->people);
    aisle_free(h);
}

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the people held out");
}

/* ---- what comes ---- */

static bool copy_texts(aisle_arena *a, aisle_event *e)
{
    aisle_str *texts[] = {&e->event_id, &e->user, &e->session, &e->item, &e->order, &e->recommendation};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!texts[i]->ptr) continue;
        texts[i]->ptr = aisle_arena_strndup(a, texts[i]->ptr, texts[i]->len);
        if (!texts[i]->ptr) return false;
    }
    return true;
}

static aisle_status take_event(void *ctx, const aisle_event *e, aisle_error *err)
{
    aisle_held *h = ctx;
    aisle_str who = e->user.ptr ? e->user : e->session;
    uint64_t hash = aisle_hash64(who.ptr, who.len, e->user.ptr != NULL);
    if (hash % (uint64_t)h->one_in) return h->to.event(h->to.ctx, e, err);
    if (!aisle_grow((void **)&h->events, &h->cap_events, h->n_events + 1, sizeof *h->events))
        return no_memory(err);
    kept *k = &h->events[h->n_events];
    *k = (kept){.event = *e, .hash = hash, .arrival = h->n_events};
    if (!copy_texts(&h->arena, &k->event)) return no_memory(err);
    k->person = k->event.user.ptr ? k->event.user : k->event.session;
    h->n_events++;
    return AISLE_OK;
}

static aisle_status take_product(void *ctx, const aisle_product *p, aisle_error *err)
{
    const aisle_held *h = ctx;
    return h->to.product ? h->to.product(h->to.ctx, p, err) : AISLE_OK;
}

static aisle_status take_user(void *ctx, const aisle_user *u, aisle_error *err)
{
    const aisle_held *h = ctx;
    return h->to.user ? h->to.user(h->to.ctx, u, err) : AISLE_OK;
}

aisle_sink aisle_held_sink(aisle_held *h)
{
    return (aisle_sink){.ctx = h, .product = take_product, .user = take_user, .event = take_event};
}

/* ---- who is measured ---- */

static int by_person(const void *a, const void *b)
{
    const kept *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    size_t n = x->person.len < y->person.len ? x->person.len : y->person.len;
    int order = n ? memcmp(x->person.ptr, y->person.ptr, n) : 0;
    if (order || x->person.len != y->person.len)
        return order ? order : x->person.len < y->person.len ? -1 : 1;
    if (x->event.at_ms != y->event.at_ms) return x->event.at_ms < y->event.at_ms ? -1 : 1;
    return (x->arrival > y->arrival) - (x->arrival < y->arrival);
}

static bool counts(const aisle_held *h, const aisle_event *e)
{
    bool stars = e->type == AISLE_EVENT_RATING || e->type == AISLE_EVENT_REVIEW;
    return e->type != AISLE_EVENT_DISLIKE && h->weights->weight[e->type] > 0 &&
           (!stars || e->value >= (double)h->weights->rating_floor);
}

/* Whether cancels have taken all of a purchase away, by the rule of aisle_dataset_matrix: newest first. */
static bool is_undone(const aisle_held *h, const person *p, int64_t at)
{
    const aisle_event *e = &h->events[at].event;
    double cancelled = 0;
    if (e->type != AISLE_EVENT_PURCHASE) return false;
    for (int64_t i = p->first + p->n - 1; i > at; i--) {
        const aisle_event *later = &h->events[i].event;
        if (later->type != AISLE_EVENT_CANCEL && later->type != AISLE_EVENT_PURCHASE) continue;
        if (!aisle_str_eq(later->item, e->item)) continue;
        cancelled += later->type == AISLE_EVENT_CANCEL ? later->value : -fmin(cancelled, later->value);
    }
    return cancelled >= e->value;
}

/* The newest event that counts; of the same moment the last that came. False: nothing, or nothing beside it. */
static bool pick(const aisle_held *h, person *p)
{
    int64_t newest = p->first + p->n - 1;
    while (newest >= p->first && (!counts(h, &h->events[newest].event) || is_undone(h, p, newest))) newest--;
    if (newest < p->first) return false;
    p->item = h->events[newest].event.item;
    for (int64_t i = p->first; i < p->first + p->n; i++)
        if (counts(h, &h->events[i].event) && !aisle_str_eq(h->events[i].event.item, p->item)) return true;
    return false;
}

static bool same_person(const kept *a, const kept *b)
{
    return a->hash == b->hash && aisle_str_eq(a->person, b->person);
}

aisle_status aisle_held_finish(aisle_held *h, aisle_error *err)
{
    if (h->n_events) qsort(h->events, (size_t)h->n_events, sizeof *h->events, by_person);
    for (int64_t at = 0; at < h->n_events;) {
        person p = {.first = at};
        while (at < h->n_events && same_person(&h->events[at], &h->events[p.first])) at++;
        p.n = at - p.first;
        bool held = pick(h, &p); /* also beyond those measured: the next training may measure others */
        for (int64_t i = p.first; i < at; i++)
            if (!held || !aisle_str_eq(h->events[i].event.item, p.item))
                AISLE_TRY(h->to.event(h->to.ctx, &h->events[i].event, err));
        if (!held || h->n_people == AISLE_HELD_MOST) continue;
        if (!aisle_grow((void **)&h->people, &h->cap_people, h->n_people + 1, sizeof *h->people))
            return no_memory(err);
        h->people[h->n_people++] = p;
    }
    return AISLE_OK;
}

int32_t aisle_held_count(const aisle_held *h)
{
    return (int32_t)h->n_people;
}

int32_t aisle_held_one_in(const aisle_held *h)
{
    return h->one_in;
}

/* ---- measuring ---- */

static int32_t gather(const aisle_held *h, const aisle_model *m, const person *p, aisle_recent_event *out)
{
    int32_t n = 0;
    for (int64_t i = p->first + p->n - 1; i >= p->first && n < HISTORY; i--) {
        const aisle_event *e = &h->events[i].event;
        int32_t item = aisle_str_eq(e->item, p->item) ? -1 : aisle_model_find_item(m, e->item);
        if (item >= 0 && e->type != AISLE_EVENT_IMPRESSION)
            out[n++] = (aisle_recent_event){item, e->type, e->value};
    }
    return n;
}

static aisle_status measure_one(const aisle_held *h, const aisle_model *m, aisle_scorer *s, const person *p,
                                const aisle_weights *w, double *value, aisle_error *err)
{
    aisle_recent_event events[HISTORY];
    aisle_weighted_item recent[HISTORY];
    aisle_hit hit[AISLE_HELD_CUT];
    aisle_hits hits = {.hit = hit};
    int32_t item = aisle_model_find_item(m, p->item);
    *value = 0;
    if (item < 0) return AISLE_OK;
    aisle_query q = {.user = -1,
                     .recent = recent,
                     .n_recent = aisle_recent_weigh(w, events, gather(h, m, p, events), recent),
                     .n = AISLE_HELD_CUT};
    AISLE_TRY(aisle_scorer_recommend(s, m, &q, &hits, err));
    for (int32_t i = 0; i < hits.n; i++)
        if (hits.hit[i].item == item) *value = 1 / log2(i + 2);
    return AISLE_OK;
}

aisle_status aisle_held_measure(const aisle_held *h, const aisle_model *m, double *values, aisle_error *err)
{
    aisle_weights w;
    AISLE_TRY(aisle_trained_weights(aisle_model_meta(m), &w, err));
    aisle_scorer *s = aisle_scorer_new();
    aisle_status st = s ? AISLE_OK : no_memory(err);
    for (int64_t i = 0; i < h->n_people && st == AISLE_OK; i++)
        st = measure_one(h, m, s, &h->people[i], &w, &values[i], err);
    aisle_scorer_free(s);
    return st;
}
