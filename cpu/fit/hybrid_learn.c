/* Learning a hybrid's weights: hold pairs out, fit the parts to the rest, and climb by coordinates on NDCG@20.
 *
 * What is held out comes in two kinds at once, so that the parts are fitted only once more: the newest pairs of all and each
 * user's newest of the others, for weights by how much is known of the user; and all pairs of a tenth of the items, for the
 * weights of items of which nothing is known. A rule by the amount known is then not set but learned.
 *
 * NDCG is a step function of five or so weights: no gradient helps, and a climb that tries a few multiples of each weight
 * in turn ends after a handful of rounds. It is noisy, too: a step must be better by more than its standard error over
 * the users (paired), or weights would be fitted to luck. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/hybrid_sample.h"

enum { LEAST_USERS = 50, ROUNDS = 12, MAX_PARTS = AISLE_HYBRID_MAX_PARTS };

/* ---- the climb ---- */

typedef struct climb {
    const hybrid_sample *sample;
    int segment;
    bool new_items; /* the weights of new items are climbed, else the usual ones */
    int32_t threads;
    double *best, *next; /* of each user */
} climb;

static double measure(const climb *c, const float *weight, double *values)
{
    hybrid_weights w = {.usual = weight, .new_item = c->new_items ? weight : NULL, .segment = c->segment};
    return hybrid_sample_ndcg(c->sample, &w, c->threads, values);
}

/* The mean of next - best over its users, in standard errors of that mean: +-INFINITY or 0 where all agree. */
static double gain(const climb *c)
{
    double sum = 0, squares = 0, n = 0;
    for (int32_t u = 0; u < c->sample->n_users; u++) {
        if (c->segment >= 0 && c->sample->segment[u] != c->segment) continue;
        double d = c->next[u] - c->best[u];
        sum += d;
        squares += d * d;
        n++;
    }
    double mean = sum / n, error = sqrt(fmax(squares / n - mean * mean, 0) / n);
    return mean == 0 ? 0 : mean / error;
}

static void normalise(int32_t n, float *weight)
{
    double sum = 0;
    for (int32_t p = 0; p < n; p++) sum += (double)weight[p];
    for (int32_t p = 0; p < n; p++) weight[p] = sum > 0 ? (float)((double)weight[p] / sum) : 1 / (float)n;
}

/* Tries the multiples of one weight; those of a weight of 0 are shares of the sum, which is 1. */
static bool step(climb *c, int32_t p, float *weight)
{
    static const float by[] = {0, .5F, .7F, 1.4F, 2, 4};
    static const float of[] = {.02F, .05F, .1F, .2F, .4F, .8F};
    bool moved = false;
    float from = weight[p], trial[MAX_PARTS];
    for (size_t k = 0; k < sizeof by / sizeof *by; k++) {
        memcpy(trial, weight, sizeof trial);
        trial[p] = from > 0 ? from * by[k] : of[k];
        double rest = 0;
        for (int32_t q = 0; q < c->sample->n_parts; q++) rest += (double)trial[q];
        if (!(rest > 0)) continue;
        measure(c, trial, c->next);
        if (!(gain(c) > 1)) continue;
        weight[p] = trial[p];
        double *swap = c->best;
        c->best = c->next;
        c->next = swap;
        moved = true;
    }
    return moved;
}

static void ascend(climb *c, float *weight)
{
    measure(c, weight, c->best);
    for (int round = 0; round < ROUNDS; round++) {
        bool moved = false;
        for (int32_t p = 0; p < c->sample->n_parts; p++) moved |= step(c, p, weight);
        normalise(c->sample->n_parts, weight);
        if (!moved) break;
    }
}

/* Whether part p orders any user's candidates: of new items, few parts know anything. */
static bool says_something(const hybrid_sample *s, int32_t p)
{
    for (int32_t u = 0; u < s->n_users; u++) {
        const float *c = s->c + u * s->stride * s->n_parts + p;
        for (int32_t k = 1; k < s->n[u]; k++)
            if (c[(int64_t)k * s->n_parts] != c[0]) return true;
    }
    return false;
}

/* The better of equal weights of the parts that say something, and of each part alone. */
static void start(climb *c, float *weight)
{
    int32_t n = c->sample->n_parts, best_part = -1;
    for (int32_t p = 0; p < n; p++) weight[p] = says_something(c->sample, p);
    normalise(n, weight);
    double best = measure(c, weight, c->best);
    for (int32_t p = 0; p < n; p++) {
        float alone[MAX_PARTS] = {0};
        alone[p] = 1;
        double got = measure(c, alone, c->next);
        if (got <= best) continue;
        best = got;
        best_part = p;
    }
    for (int32_t p = 0; best_part >= 0 && p < n; p++) weight[p] = p == best_part;
}

static int32_t count_users(const hybrid_sample *s, int segment)
{
    int32_t n = 0;
    for (int32_t u = 0; u < s->n_users; u++) n += s->segment[u] == segment;
    return n;
}

/* NDCG of everybody, by the weights of each segment, with new items' weights times `by`. */
static double with_new(const hybrid *h, const climb *c, float by)
{
    float scaled[MAX_PARTS];
    double sum = 0;
    for (int32_t p = 0; p < c->sample->n_parts; p++) scaled[p] = by * h->weight[AISLE_HYBRID_NEW_ITEM][p];
    for (int g = AISLE_HYBRID_NEW; g <= AISLE_HYBRID_KNOWN; g++) {
        hybrid_weights w = {h->weight[g], scaled, g};
        sum += hybrid_sample_ndcg(c->sample, &w, c->threads, c->next) * count_users(c->sample, g);
    }
    return sum;
}

/* What the weights of new items are multiplied by: as much as costs no more than a fiftieth of the best NDCG. How new items
 * sell shows in few held-out pairs or in none, what room they take from others in all of them; without such a price they
 * would not be shown, and so never sell. */
static float compare_new(const hybrid *h, const climb *c)
{
    static const float by[] = {.25F, .35F, .5F, .6F, .7F, .85F, 1, 1.2F, 1.4F, 2}; /* ascending */
    static const double price = .02;
    enum { N = sizeof by / sizeof *by };
    double got[N], best = 0;
    for (int k = 0; k < N; k++) {
        got[k] = with_new(h, c, by[k]);
        if (got[k] > best) best = got[k];
    }
    for (int k = N - 1; k > 0; k--)
        if (got[k] >= (1 - price) * best) return by[k];
    return by[0];
}

static aisle_status climb_all(hybrid *h, const hybrid_sample *usual, const hybrid_sample *new_items,
                              int32_t threads, aisle_error *err)
{
    int32_t most = usual->n_users > new_items->n_users ? usual->n_users : new_items->n_users, n = h->parts.n;
    double *room = aisle_array(2 * (int64_t)most, sizeof *room);
    if (!room) return aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory for %d users", most);
    climb c = {.sample = usual, .segment = -1, .threads = threads, .best = room, .next = room + most};
    float weight[MAX_PARTS] = {0};
    if (usual->n_users >= LEAST_USERS) {
        start(&c, weight);
        ascend(&c, weight);
        /* New users begin with equal weights: known ones say nothing of what groups and popularity are worth to them. */
        for (int g = AISLE_HYBRID_NEW + 1; g < AISLE_HYBRID_SEGMENTS; g++)
            memcpy(h->weight[g], weight, sizeof weight);
    }
    for (c.segment = AISLE_HYBRID_NEW; c.segment <= AISLE_HYBRID_KNOWN; c.segment++)
        if (count_users(usual, c.segment) >= LEAST_USERS) ascend(&c, h->weight[c.segment]);
    if (new_items->n_users >= LEAST_USERS) {
        climb cold = {new_items, -1, true, threads, room, room + most};
        start(&cold, h->weight[AISLE_HYBRID_NEW_ITEM]);
        ascend(&cold, h->weight[AISLE_HYBRID_NEW_ITEM]);
        float by = compare_new(h, &c);
        for (int32_t p = 0; p < n; p++) h->weight[AISLE_HYBRID_NEW_ITEM][p] *= by;
    }
    aisle_free(room);
    return AISLE_OK;
}

/* ---- holding out ---- */

typedef struct validation {
    aisle_part *known, *rest; /* without the held-out pairs; then without the new items, too */
    aisle_csr held, held_new;
    uint8_t *usual, *new_items; /* items that may be candidates of the one and the other sample */
} validation;

static void validation_deinit(validation *v)
{
    aisle_part_free(v->known);
    aisle_part_free(v->rest);
    aisle_csr_deinit(&v->held);
    aisle_csr_deinit(&v->held_new);
    aisle_free(v->usual);
    aisle_free(v->new_items);
}

static bool all_timed(const aisle_part *part)
{
    aisle_events e = aisle_part_events(part);
    for (int64_t i = 0; i < e.n; i++)
        if (aisle_part_keeps(part, i) && e.at_ms[i] == 0) return false;
    return true;
}

/* Adds b, which has no pair of a, to a; frees b. */
static aisle_status join(aisle_csr *a, aisle_csr *b, aisle_error *err)
{
    int64_t n = aisle_csr_nnz(a) + aisle_csr_nnz(b), to = 0;
    aisle_csr m = {a->n_rows, a->n_cols, aisle_array((int64_t)a->n_rows + 1, sizeof *m.row_ptr),
                   aisle_array(n, sizeof *m.col), aisle_array(n, sizeof *m.val)};
    aisle_status st =
        m.row_ptr && m.col && m.val
            ? AISLE_OK
            : aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory for %lld held-out pairs", (long long)n);
    for (int32_t u = 0; st == AISLE_OK && u < a->n_rows; u++) {
        int64_t i = a->row_ptr[u], j = b->row_ptr[u];
        m.row_ptr[u] = to;
        while (i < a->row_ptr[u + 1] || j < b->row_ptr[u + 1]) {
            bool first = j == b->row_ptr[u + 1] || (i < a->row_ptr[u + 1] && a->col[i] < b->col[j]);
            const aisle_csr *from = first ? a : b;
            int64_t *e = first ? &i : &j;
            m.col[to] = from->col[*e];
            m.val[to++] = from->val ? from->val[*e] : 1;
            ++*e;
        }
    }
    if (st == AISLE_OK) m.row_ptr[a->n_rows] = to;
    aisle_csr_deinit(b);
    if (st != AISLE_OK) {
        aisle_csr_deinit(&m);
        return st;
    }
    aisle_csr_deinit(a);
    *a = m;
    return AISLE_OK;
}

/* The newest pairs, which know what changes and who is new, and then each user's newest of the others: alone, the newest of
 * all can be those of a few users in one evening. Where events have no times, each user's newest by arrival. */
static aisle_status hold_newest(const aisle_fit_input *in, validation *v, aisle_error *err)
{
    const aisle_train_params *p = in->params;
    aisle_split_params newest = {.kind = AISLE_SPLIT_TIME, .fraction = p->hybrid.validation, .seed = p->seed},
                       last = {.kind = AISLE_SPLIT_LEAVE_LAST, .seed = p->seed};
    if (!all_timed(in->part)) return aisle_part_hold_out(in->part, &last, &v->known, &v->held, err);
    aisle_part *before = NULL;
    aisle_csr of_each = {0};
    aisle_status st = aisle_part_hold_out(in->part, &newest, &before, &v->held, err);
    if (st == AISLE_OK) st = aisle_part_hold_out(before, &last, &v->known, &of_each, err);
    if (st == AISLE_OK) st = join(&v->held, &of_each, err);
    aisle_part_free(before);
    return st;
}

static aisle_status hold_out(const aisle_fit_input *in, validation *v, aisle_error *err)
{
    const aisle_train_params *p = in->params;
    int32_t n_items = aisle_part_n_items(in->part);
    AISLE_TRY(hold_newest(in, v, err));
    const aisle_split_params split = {.kind = AISLE_SPLIT_COLD_ITEM, .fraction = .1, .seed = p->seed};
    AISLE_TRY(aisle_part_hold_out(v->known, &split, &v->rest, &v->held_new, err));
    v->usual = aisle_array(n_items, 1);
    v->new_items = aisle_array(n_items, 1);
    if (!v->usual || !v->new_items)
        return aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory for %d items", n_items);
    const aisle_csr *before = aisle_part_by_item(v->known), *after = aisle_part_by_item(v->rest);
    for (int32_t i = 0; i < n_items; i++) {
        v->new_items[i] =
            before->row_ptr[i + 1] > before->row_ptr[i] && after->row_ptr[i + 1] == after->row_ptr[i];
        v->usual[i] = !v->new_items[i];
    }
    return AISLE_OK;
}

static aisle_status learn_on(hybrid *h, const aisle_fit_input *in, const validation *v, aisle_error *err)
{
    int32_t threads = in->trainer->threads > 0 ? in->trainer->threads : omp_get_num_procs();
    aisle_fit_input rest = {v->rest, in->params, in->trainer};
    hybrid_sample usual = {0}, new_items = {0};
    hybrid_sampling sampling = {
        h, &v->held, v->usual, HYBRID_USERS, threads, in->params->seed, in->trainer->progress};
    h->part = v->rest;
    aisle_status st = hybrid_parts_fit(&h->parts, &rest, err);
    if (st != AISLE_OK) {
        h->part = in->part;
        return st;
    }
    st = hybrid_sample_init(&usual, &sampling, err);
    sampling.held = &v->held_new;
    sampling.eligible = v->new_items;
    if (st == AISLE_OK) st = hybrid_sample_init(&new_items, &sampling, err);
    hybrid_parts_unfit(&h->parts);
    h->part = in->part;
    hybrid_weigh_equally(h);
    if (st == AISLE_OK) st = climb_all(h, &usual, &new_items, threads, err);
    hybrid_sample_deinit(&usual);
    hybrid_sample_deinit(&new_items);
    return st;
}

aisle_status hybrid_learn(hybrid *h, const aisle_fit_input *in, bool *learned, aisle_error *err)
{
    validation v = {0};
    aisle_error none = {0};
    aisle_status st = hold_out(in, &v, &none);
    *learned = st == AISLE_OK;
    if (st == AISLE_OK) {
        st = learn_on(h, in, &v, err);
        h->parts.named = true; /* the weights are theirs: none may be missing from here on */
    } else if (st == AISLE_EINVAL)
        st = AISLE_OK;
    else if (err)
        *err = none;
    validation_deinit(&v);
    return st;
}
