/* Events -> the users x items confidence matrix: weights by type, decay with age, cancels, dislikes. */
#include <math.h>
#include <string.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"
#include "cpu/data/pairs.h"

aisle_weights aisle_weights_default(void)
{
    return (aisle_weights){.weight = {[AISLE_EVENT_VIEW] = 0.3f,
                                      [AISLE_EVENT_CLICK] = 0.3f,
                                      [AISLE_EVENT_ADD_TO_CART] = 1,
                                      [AISLE_EVENT_PURCHASE] = 2,
                                      [AISLE_EVENT_RATING] = 2,
                                      [AISLE_EVENT_REVIEW] = 2,
                                      [AISLE_EVENT_LIKE] = 2},
                           .rating_floor = 3};
}

double aisle_weights_event(const aisle_weights *w, aisle_event_type type, double value)
{
    double weight = (double)w->weight[type];
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
    float *left; /* quantity of a purchase that no cancel has taken, by event */
} weighing;

/* Takes the cancelled quantity off the purchases event[begin .. at), newest first. */
static void undo(const weighing *c, const int64_t *event, int64_t begin, int64_t at)
{
    float quantity = c->e->value[event[at]];
    for (int64_t i = at - 1; i >= begin && quantity > 0; i--) {
        int64_t v = event[i];
        if (c->e->type[v] != AISLE_EVENT_PURCHASE) continue;
        float taken = fminf(quantity, c->left[v]);
        c->left[v] -= taken;
        quantity -= taken;
    }
}

/* One event's weight before decay. Quantity does not multiply: one order of 96 is one sign of interest. */
static double base_weight(const weighing *c, int64_t v)
{
    aisle_event_type type = (aisle_event_type)c->e->type[v];
    if (type == AISLE_EVENT_CANCEL || (type == AISLE_EVENT_PURCHASE && c->left[v] <= 0)) return 0;
    return aisle_weights_event(c->w, type, (double)c->e->value[v]);
}

static double decay(const weighing *c, int64_t v)
{
    const double day_ms = 86400000;
    int64_t at = c->e->at_ms[v];
    if (c->w->half_life_days <= 0 || at == 0 || at >= c->now_ms) return 1;
    return exp2(-((double)c->now_ms - (double)at) / day_ms / c->w->half_life_days);
}

static float weigh_pair(const weighing *c, const int64_t *event, int64_t begin, int64_t end)
{
    double sum = 0;
    for (int64_t i = begin; i < end; i++) {
        if (c->e->type[event[i]] == AISLE_EVENT_DISLIKE) return 0;
        if (c->e->type[event[i]] == AISLE_EVENT_CANCEL) undo(c, event, begin, i);
    }
    for (int64_t i = begin; i < end; i++) {
        double base = base_weight(c, event[i]);
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

/* Packs the pairs of positive weight into CSR; they are sorted already. */
static aisle_status pack(const aisle_dataset *d, const pairs *p, const float *weight, aisle_csr *out,
                         aisle_error *err)
{
    int64_t nnz = 0;
    for (int64_t k = 0; k < p->n; k++) nnz += weight[k] > 0;
    int32_t n_users = aisle_idmap_count(aisle_dataset_users(d));
    aisle_csr m = {n_users, aisle_idmap_count(aisle_dataset_items(d)),
                   aisle_array((int64_t)n_users + 1, sizeof *m.row_ptr), aisle_array(nnz, sizeof *m.col),
                   aisle_array(nnz, sizeof *m.val)};
    if (!m.row_ptr || !m.col || !m.val) {
        aisle_csr_deinit(&m);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for a matrix of %lld pairs", (long long)nnz);
    }
    memset(m.row_ptr, 0, ((size_t)n_users + 1) * sizeof *m.row_ptr);
    for (int64_t k = 0, to = 0; k < p->n; k++) {
        if (weight[k] <= 0) continue;
        m.row_ptr[p->user[k] + 1]++;
        m.col[to] = p->item[k];
        m.val[to++] = weight[k];
    }
    for (int32_t u = 0; u < n_users; u++) m.row_ptr[u + 1] += m.row_ptr[u];
    *out = m;
    return AISLE_OK;
}

aisle_status aisle_dataset_matrix(const aisle_dataset *d, const aisle_weights *w, const uint8_t *keep,
                                  aisle_csr *out, aisle_error *err)
{
    aisle_events e = aisle_dataset_events(d);
    pairs p = {0};
    float *weight = NULL;
    *out = (aisle_csr){0};
    AISLE_TRY(check_weights(w, err));
    weighing c = {&e, w, w->now_ms ? w->now_ms : newest(&e, keep), aisle_array(e.n, sizeof(float))};
    aisle_status st = pairs_init(&p, d, keep, err);
    if (st == AISLE_OK) weight = aisle_array(p.n, sizeof *weight);
    if (st == AISLE_OK && (!weight || !c.left))
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the weights of %lld pairs", (long long)p.n);
    if (st != AISLE_OK) goto done;
    if (e.n) memcpy(c.left, e.value, (size_t)e.n * sizeof *c.left);
#pragma omp parallel for schedule(dynamic, 4096)
    for (int64_t k = 0; k < p.n; k++) weight[k] = weigh_pair(&c, p.event, p.start[k], p.start[k + 1]);
    st = pack(d, &p, weight, out, err);
done:
    aisle_free(c.left);
    aisle_free(weight);
    pairs_deinit(&p);
    return st;
}
