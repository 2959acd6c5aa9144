/* Train and test labels: at random by pair, item, user or fold, each user's last, or the newest by time. A pair is never
 * on both sides. */
#include <stdlib.h>
#include <string.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/data/pairs.h"

typedef struct split {
    const aisle_split_params *params;
    aisle_events events;
    pairs pairs;
    bool *test;  /* of each pair */
    int64_t cut; /* events after it never train; INT64_MAX = no cut */
} split;

/* In [0, 1): one stream for each id, so that a label does not depend on what else is in. */
static double draw(const split *s, uint64_t id)
{
    aisle_rng r;
    aisle_rng_init(&r, s->params->seed, id);
    return aisle_rng_f64(&r);
}

static double draw_pair(const split *s, int64_t k)
{
    return draw(s, ((uint64_t)(uint32_t)s->pairs.user[k] << 32) | (uint32_t)s->pairs.item[k]);
}

static aisle_status label_random(split *s, aisle_error *err)
{
    (void)err;
    for (int64_t k = 0; k < s->pairs.n; k++) s->test[k] = draw_pair(s, k) < s->params->fraction;
    return AISLE_OK;
}

static aisle_status label_fold(split *s, aisle_error *err)
{
    (void)err;
    for (int64_t k = 0; k < s->pairs.n; k++)
        s->test[k] = (int32_t)(draw_pair(s, k) * s->params->folds) == s->params->fold;
    return AISLE_OK;
}

static aisle_status label_cold_item(split *s, aisle_error *err)
{
    (void)err;
    for (int64_t k = 0; k < s->pairs.n; k++)
        s->test[k] = draw(s, (uint64_t)s->pairs.item[k]) < s->params->fraction;
    return AISLE_OK;
}

static aisle_status label_cold_user(split *s, aisle_error *err)
{
    (void)err;
    for (int64_t k = 0; k < s->pairs.n; k++)
        s->test[k] = draw(s, (uint64_t)s->pairs.user[k]) < s->params->fraction;
    return AISLE_OK;
}

static int64_t first_event(const split *s, int64_t k)
{
    return s->pairs.event[s->pairs.start[k]];
}

/* Equal times are broken by arrival: what came in later is newer. Without any time that is the whole order. */
static aisle_status label_last(split *s, aisle_error *err)
{
    const pairs *p = &s->pairs;
    const int64_t *at_ms = s->events.at_ms;
    (void)err;
    for (int64_t k = 0, last = 0; k < p->n; k++) {
        if (k == 0 || p->user[k] != p->user[k - 1]) last = k;
        int64_t a = first_event(s, last), b = first_event(s, k);
        if (at_ms[b] > at_ms[a] || (at_ms[b] == at_ms[a] && b > a)) last = k;
        bool ends = k + 1 == p->n || p->user[k + 1] != p->user[k];
        bool only = (k == 0 || p->user[k - 1] != p->user[k]) && ends;
        if (ends && !only) s->test[last] = true;
    }
    return AISLE_OK;
}

static void label_after(split *s, int64_t cut)
{
    s->cut = cut;
    for (int64_t k = 0; k < s->pairs.n; k++) s->test[k] = s->events.at_ms[first_event(s, k)] > cut;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The cut is the time of the last event of the first (1 - fraction); events at the cut are train. */
static aisle_status label_time(split *s, aisle_error *err)
{
    int64_t n = s->pairs.start[s->pairs.n];
    if (n == 0) return AISLE_OK;
    int64_t *times = aisle_array(n, sizeof *times);
    if (!times) return aisle_fail(err, AISLE_ENOMEM, "out of memory to split %lld events", (long long)n);
    for (int64_t i = 0; i < n; i++) times[i] = s->events.at_ms[s->pairs.event[i]];
    qsort(times, (size_t)n, sizeof *times, by_time);
    int64_t n_train = n - (int64_t)((double)n * s->params->fraction);
    label_after(s, times[(n_train < 1 ? 1 : n_train) - 1]);
    aisle_free(times);
    return AISLE_OK;
}

static aisle_status label_days(split *s, aisle_error *err)
{
    int64_t oldest = INT64_MAX, newest = INT64_MIN;
    (void)err;
    for (int64_t i = 0; i < s->pairs.start[s->pairs.n]; i++) {
        int64_t at = s->events.at_ms[s->pairs.event[i]];
        if (at < oldest) oldest = at;
        if (at > newest) newest = at;
    }
    if (oldest > newest) return AISLE_OK;
    uint64_t span = (uint64_t)newest - (uint64_t)oldest; /* may exceed INT64_MAX */
    label_after(s, (int64_t)((uint64_t)newest - (uint64_t)((double)span * s->params->fraction)));
    return AISLE_OK;
}

typedef struct split_kind {
    const char *name;
    bool fraction, time; /* what it needs */
    aisle_status (*label)(split *s, aisle_error *err);
} split_kind;

static const split_kind kinds[] = {
    [AISLE_SPLIT_RANDOM] = {"random", true, false, label_random},
    [AISLE_SPLIT_LEAVE_LAST] = {"leave-last", false, true, label_last},
    [AISLE_SPLIT_TIME] = {"time", true, true, label_time},
    [AISLE_SPLIT_DAYS] = {"days", true, true, label_days},
    [AISLE_SPLIT_COLD_ITEM] = {"cold-item", true, false, label_cold_item},
    [AISLE_SPLIT_COLD_USER] = {"cold-user", true, false, label_cold_user},
    [AISLE_SPLIT_FOLD] = {"fold", false, false, label_fold},
};

static aisle_status check_times(const aisle_events *e, const aisle_split_params *p, const uint8_t *in,
                                aisle_error *err)
{
    int64_t without = -1;
    bool some =
        p->kind != AISLE_SPLIT_LEAVE_LAST; /* which makes do with the order where no event has a time */
    for (int64_t i = 0; i < e->n; i++) {
        if (in && !in[i]) continue;
        if (e->at_ms[i] != 0)
            some = true;
        else if (without < 0)
            without = i;
        if (some && without >= 0)
            return aisle_fail(err, AISLE_EINVAL,
                              "event %lld has no time, which a %s split needs; use the random split",
                              (long long)without, kinds[p->kind].name);
    }
    return AISLE_OK;
}

static aisle_status check(const aisle_events *e, const aisle_split_params *p, const uint8_t *in,
                          aisle_error *err)
{
    if ((unsigned)p->kind >= sizeof kinds / sizeof *kinds)
        return aisle_fail(err, AISLE_EINVAL, "split kind %d is unknown", (int)p->kind);
    if (kinds[p->kind].fraction && !(p->fraction > 0 && p->fraction < 1))
        return aisle_fail(err, AISLE_EINVAL, "split fraction %g: must lie between 0 and 1", p->fraction);
    if (p->kind == AISLE_SPLIT_FOLD && (p->folds < 2 || p->folds > 100))
        return aisle_fail(err, AISLE_EINVAL, "split into %d folds: must be 2 to 100", p->folds);
    if (p->kind == AISLE_SPLIT_FOLD && (p->fold < 0 || p->fold >= p->folds))
        return aisle_fail(err, AISLE_EINVAL, "fold %d of %d: must be 0 to %d", p->fold, p->folds,
                          p->folds - 1);
    return kinds[p->kind].time ? check_times(e, p, in, err) : AISLE_OK;
}

aisle_status aisle_split(const aisle_dataset *d, const aisle_split_params *params, const uint8_t *in,
                         uint8_t *label, aisle_error *err)
{
    split s = {.params = params, .events = aisle_dataset_events(d), .cut = INT64_MAX};
    const pairs *p = &s.pairs;
    AISLE_TRY(check(&s.events, params, in, err));
    aisle_status st = pairs_init(&s.pairs, d, in, err);
    if (st != AISLE_OK) goto done;
    s.test = aisle_calloc((size_t)p->n, sizeof *s.test);
    if (!s.test) {
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory to split %lld pairs", (long long)p->n);
        goto done;
    }
    st = kinds[params->kind].label(&s, err);
    if (st != AISLE_OK) goto done;
    memset(label, 255, (size_t)s.events.n);
    for (int64_t k = 0; k < p->n; k++)
        for (int64_t i = p->start[k]; i < p->start[k + 1]; i++) {
            int64_t e = p->event[i];
            if (s.test[k] || s.events.at_ms[e] <= s.cut) label[e] = s.test[k];
        }
done:
    aisle_free(s.test);
    pairs_deinit(&s.pairs);
    return st;
}
