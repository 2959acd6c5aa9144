/* Events -> the users x items confidence matrix: weights by type, decay with age, cancels, dislikes. */
#include <math.h>
#include <string.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"
#include "cpu/data/csr_rows.h"
#include "cpu/data/pairs.h"

aisle_weights aisle_weights_default(void)
{
    return (aisle_weights){.weight = {[AISLE_EVENT_VIEW] = 0.3f,
                                      [AISLE_EVENT_CLICK] = 0.3f,
                                      [AISLE_EVENT_ADD_TO_CART] = 1,
                                      [AISLE_EVENT_PURCHASE] = 2,
                                      [AISLE_EVENT_RATING] = 2,
                                      [AISLE_EVENT_REVIEW] = 2,
                                      [AISLE_EVENT_LIKE] = 2,
                                      [AISLE_EVENT_DISLIKE] = 2},
                           .rating_floor = 3};
}

double aisle_weights_event(const aisle_weights *w, aisle_event_type type, double value)
{
    double weight = (double)w->weight[type];
    if (type == AISLE_EVENT_DISLIKE) return -weight;
    if (type != AISLE_EVENT_RATING && type != AISLE_EVENT_REVIEW) return weight;
    return value < (double)w->rating_floor ? 0 : weight * value / 5;
}

static aisle_status check_weights(const aisle_weights *w, aisle_error *err)
{
    for (int t = 0; t < AISLE_EVENT_TYPES; t++)
        if (!isfinite(w->weight[t]))
            return aisle_fail(err, AISLE_EINVAL, "weight of %s must be a finite number",
                              aisle_event_type_name((aisle_event_type)t));
    if (!isfinite(w->half_life_days) || w->half_life_days < 0 || !isfinite(w->rating_floor))
        return aisle_fail(err, AISLE_EINVAL, "half-life %g days, rating floor %g: must be finite and >= 0",
                          w->half_life_days, (double)w->rating_floor);
    return AISLE_OK;
}

typedef struct weighing {
    const aisle_events *e;
    const aisle_weights *w;
    int64_t now_ms;
    bool dislikes; /* they are wanted, below 0 */
} weighing;

static double decay(const weighing *c, int64_t v)
{
    const double day_ms = 86400000;
    int64_t at = c->e->at_ms[v];
    if (c->w->half_life_days <= 0 || at == 0 || at >= c->now_ms) return 1;
    return exp2(-((double)c->now_ms - (double)at) / day_ms / c->w->half_life_days);
}

/* Below 0: what is sure is that the user does not want it. */
static float weigh_dislike(const weighing *c, int64_t v)
{
    float weight = (float)(aisle_weights_event(c->w, AISLE_EVENT_DISLIKE, 1) * decay(c, v));
    if (!c->dislikes || !(weight < 0)) return 0;
    return c->w->binary ? -1 : weight;
}

/* Newest first: a cancel takes its quantity off the purchases before it, which come next. What is left of a purchase
 * weighs as one, whatever its quantity: one order of 96 is one sign of interest. */
static float weigh_pair(const weighing *c, const int64_t *event, int64_t begin, int64_t end)
{
    double sum = 0, cancelled = 0;
    for (int64_t i = end; i-- > begin;) {
        aisle_event_type type = (aisle_event_type)c->e->type[event[i]];
        double value = (double)c->e->value[event[i]];
        if (type == AISLE_EVENT_DISLIKE) return weigh_dislike(c, event[i]);
        if (type == AISLE_EVENT_CANCEL) {
            cancelled += fmax(value, 0);
            continue;
        }
        if (type == AISLE_EVENT_PURCHASE) {
            double taken = fmin(cancelled, fmax(value, 0));
            cancelled -= taken;
            if (value - taken <= 0) continue;
        }
        double base = aisle_weights_event(c->w, type, value);
        if (base != 0) sum += base * decay(c, event[i]);
    }
    float weight = sum > 0 ? (float)sum : 0;
    return c->w->binary && weight > 0 ? 1 : weight;
}

static int64_t newest(const aisle_events *e, const uint8_t *keep)
{
    int64_t now = INT64_MIN;
    for (int64_t i = 0; i < e->n; i++)
        if ((!keep || keep[i]) && e->at_ms[i] > now) now = e->at_ms[i];
    return now;
}

/* The pairs of user u that do not weigh 0, to `col` and `val` where they are given. Returns how many. */
static int64_t weigh_user(const weighing *c, const by_user *b, int32_t u, int32_t *col, float *val)
{
    int64_t n = 0, end = b->first[u + 1];
    for (int64_t i = b->first[u], next; i < end; i = next) {
        next = pair_end(c->e, b->event, i, end);
        float weight = weigh_pair(c, b->event, i, next);
        if (weight == 0) continue;
        if (col) {
            col[n] = c->e->item[b->event[i]];
            val[n] = weight;
        }
        n++;
    }
    return n;
}

/* Every user twice, to count and to write: nothing but the matrix itself is ever stored. */
static aisle_status pack(const weighing *c, const by_user *b, int32_t n_items, int32_t threads,
                         aisle_csr *out, aisle_error *err)
{
    aisle_csr m = {b->n_users, n_items, aisle_array((int64_t)b->n_users + 1, sizeof *m.row_ptr), NULL, NULL};
    if (!m.row_ptr)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for a matrix of %d users", b->n_users);
    m.row_ptr[0] = 0;
#pragma omp parallel for schedule(dynamic, 256) num_threads(csr_threads(threads))
    for (int32_t u = 0; u < b->n_users; u++) m.row_ptr[u + 1] = weigh_user(c, b, u, NULL, NULL);
    for (int32_t u = 0; u < b->n_users; u++) m.row_ptr[u + 1] += m.row_ptr[u];
    int64_t nnz = m.row_ptr[b->n_users];
    m.col = aisle_array(nnz, sizeof *m.col);
    m.val = aisle_array(nnz, sizeof *m.val);
    if (!m.col || !m.val) {
        aisle_csr_deinit(&m);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for a matrix of %lld pairs", (long long)nnz);
    }
#pragma omp parallel for schedule(dynamic, 256) num_threads(csr_threads(threads))
    for (int32_t u = 0; u < b->n_users; u++) weigh_user(c, b, u, m.col + m.row_ptr[u], m.val + m.row_ptr[u]);
    *out = m;
    return AISLE_OK;
}

/* keep, threads: as in dataset.h. */
static aisle_status weigh(const aisle_dataset *d, const aisle_weights *w, bool dislikes, const uint8_t *keep,
                          int32_t threads, aisle_csr *out, aisle_error *err)
{
    aisle_events e = aisle_dataset_events(d);
    by_user b;
    *out = (aisle_csr){0};
    AISLE_TRY(check_weights(w, err));
    const weighing c = {&e, w, w->now_ms ? w->now_ms : newest(&e, keep), dislikes};
    AISLE_TRY(by_user_init(&b, d, keep, threads, err));
    aisle_status st = pack(&c, &b, aisle_idmap_count(aisle_dataset_items(d)), threads, out, err);
    by_user_deinit(&b);
    return st;
}

aisle_status aisle_dataset_matrix(const aisle_dataset *d, const aisle_weights *w, const uint8_t *keep,
                                  int32_t threads, aisle_csr *out, aisle_error *err)
{
    return weigh(d, w, false, keep, threads, out, err);
}

aisle_status aisle_dataset_preferences(const aisle_dataset *d, const aisle_weights *w, const uint8_t *keep,
                                       int32_t threads, aisle_csr *out, aisle_error *err)
{
    return weigh(d, w, true, keep, threads, out, err);
}
