/* How one user's best n are found. Every hit has a lower and an upper bound; the n-th greatest lower bound is what an
 * item must reach, and rises as tiles pass. Hits are kept until they fall below it; where they do not, as among
 * equal scores, they are scored at once and leave, so that the room is bounded. */
#include "cpu/compact/compact_seek.h"

#include <float.h>
#include <math.h>
#include <string.h>

void compact_seek_storage(compact_seek *s, int32_t n, uint64_t *key, compact_held *held, float *row)
{
    s->row = row;
    aisle_select_init(&s->lows, key, n);
    aisle_select_init(&s->best, key + aisle_select_room(n), n);
    s->held = held;
    s->room = compact_held_room(n);
}

/* The bounds of compact.h; 2^-40 more for the sums in double here. */
void compact_seek_start(compact_seek *s, const compact_job *j, int32_t row, int8_t *code)
{
    const aisle_compact_query *q = j->q;
    const int32_t f = q->table->n_factors;
    compact_coded c;
    s->x = aisle_mat_row(q->users, row);
    compact_code(s->x, f, j->k->int8_limit, code, &c);
    const double fu = (f + 2) * 0x1p-24, gamma = fu / (1 - fu), more = 1 + 0x1p-40;
    s->scale = c.scale > 0 ? (double)c.scale : 1;
    s->per_error = c.coded * (1 + 0x1p-22) * more;
    s->per_norm = (c.error + gamma * c.norm + 0x1p-22 * c.coded) * more;
    s->reach = c.norm * (1 + gamma) * more;
    s->tiny = (f + 4) * 0x1p-149;
    s->start = -128 * c.sum;
    s->coarse_start = (COMPACT_MIDDLE - 128) / 8 * c.sum; /* in eighths, as 2 h is */
    s->least = -INFINITY;
    s->n_held = 0;
    s->allowed = compact_wish(q, row).allowed;
    const aisle_csr *seen = q->top.seen;
    s->seen = seen ? seen->col + seen->row_ptr[row] : NULL;
    s->n_seen = seen ? seen->row_ptr[row + 1] - seen->row_ptr[row] : 0;
    memset(s->hint, 0, sizeof s->hint);
    for (int64_t i = 0; i < s->n_seen; i++) {
        uint32_t bit = (uint32_t)s->seen[i] % COMPACT_HINT;
        s->hint[bit / 64] |= (uint64_t)1 << (bit % 64);
    }
}

static double off_by(const compact_seek *s, float error, float norm)
{
    return s->per_error * (double)error + s->per_norm * (double)norm + s->tiny;
}

static float float_below(double v)
{
    v -= fabs(v) * 0x1p-23;
    return v > FLT_MAX ? FLT_MAX : v < -FLT_MAX ? -INFINITY : (float)v;
}

void compact_floors_set(compact_floors *f, int32_t place, const compact_seek *s)
{
    f->least[place] = ((double)s->least - s->tiny) / s->scale;
    f->per_error[place] = s->per_error / s->scale;
    f->per_norm[place] = s->per_norm / s->scale;
    if (place == 0) f->coarse_start = s->coarse_start;
}

/* A sum of three terms in double is off by less than 2^-50 of their sizes; 2^-40 of what is subtracted covers that. */
static inline float floor_of(const compact_floors *f, int32_t u, double error, double norm)
{
    const double more = 1 + 0x1p-40;
    double v = f->least[u] - (error * more * f->per_error[u] + norm * more * f->per_norm[u]);
    v -= fabs(v) * 0x1p-23;
    v = v > (double)FLT_MAX ? (double)FLT_MAX : v;
    return (float)(v < -(double)FLT_MAX ? -(double)INFINITY : v);
}

void compact_floors_of(const compact_floors *f, const aisle_compact *t, int32_t tile, float *floor)
{
    const double error = (double)t->tile_error[tile];
    const double norm = (double)t->norm[(int64_t)tile * AISLE_COMPACT_TILE];
    for (int32_t u = 0; u < AISLE_INT8_USERS; u++) floor[u] = floor_of(f, u, error, norm);
}

/* coarse_one counts in eighths. What the sum is larger by is rounded up; 2^-20 of it covers what that does to the kernel's product. */
void compact_coarse_bound(const compact_floors *f, const aisle_compact *t, int32_t tile, aisle_int8_tile *out)
{
    const double more = (double)t->coarse_ratio[tile] * f->per_error[0] * ((1 + 0x1p-20) / 8);
    const bool bounded = more < 0x1p22; /* else it would not stay an exact number */
    out->start[0] = f->coarse_start + (bounded ? (int32_t)more + 1 : 0);
    out->floor[0] =
        bounded ? floor_of(f, 0, 0, (double)t->norm[(int64_t)tile * AISLE_COMPACT_TILE]) / 8 : -INFINITY;
}

static bool is_seen(const compact_seek *s, int32_t id)
{
    int64_t low = 0, high = s->n_seen;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (s->seen[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n_seen && s->seen[low] == id;
}

static bool may_answer(const compact_seek *s, int32_t id)
{
    const uint32_t bit = (uint32_t)id % COMPACT_HINT;
    if (s->allowed && !(s->allowed[id / 64] >> (id % 64) & 1)) return false;
    return !(s->hint[bit / 64] >> (bit % 64) & 1) || !is_seen(s, id);
}

uint64_t compact_seek_may(const compact_seek *s, const aisle_compact *t, int32_t tile, uint64_t at)
{
    uint64_t may = 0;
    for (; at; at &= at - 1) {
        const int32_t i = __builtin_ctzll(at), id = t->ids[(int64_t)tile * AISLE_COMPACT_TILE + i];
        may |= (uint64_t)(id >= 0 && may_answer(s, id)) << i;
    }
    return may;
}

const float *compact_row(const compact_job *j, int32_t id, float *room)
{
    return j->q->row ? j->q->row(j->q->row_ctx, id, room) : aisle_mat_row(j->q->items, id);
}

static void score_row(compact_seek *s, const compact_job *j, int32_t id, const float *y)
{
    float v = j->k->dot(j->q->table->n_factors, s->x, y);
    if (v >= s->best.threshold) aisle_select_push(&s->best, v, id);
}

static void score(compact_seek *s, const compact_job *j, int32_t id)
{
    score_row(s, j, id, compact_row(j, id, s->row));
}

static void raise(compact_seek *s)
{
    s->least = s->lows.threshold > s->best.threshold ? s->lows.threshold : s->best.threshold;
}

static void drop_ruled_out(compact_seek *s)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < s->n_held; i++)
        if (s->held[i].high >= s->least) s->held[kept++] = s->held[i];
    s->n_held = kept;
}

/* Scores the likely ones, and lets the products stand for their bounds. */
static void score_likely(compact_seek *s, const compact_job *j)
{
    const float likely = s->least;
    int32_t kept = 0;
    for (int32_t i = 0; i < s->n_held; i++) {
        if (s->held[i].low >= likely)
            score(s, j, s->held[i].id);
        else
            s->held[kept++] = s->held[i];
    }
    s->n_held = kept;
    aisle_select_shrink(&s->best);
    aisle_select_init(&s->lows, s->lows.key, s->lows.n);
    for (int32_t i = 0; i < s->best.count; i++) aisle_select_put(&s->lows, s->best.key[i]);
    for (int32_t i = 0; i < kept; i++) aisle_select_push(&s->lows, s->held[i].low, s->held[i].id);
}

void compact_seek_refine(compact_seek *s, const compact_job *j)
{
    if (s->n_held == 0) return;
    aisle_select_shrink(&s->lows);
    raise(s);
    drop_ruled_out(s);
    score_likely(s, j);
    aisle_select_shrink(&s->lows);
    raise(s);
    drop_ruled_out(s);
}

/* Among equal scores the bounds rule out nothing: then all are scored. */
static void make_room(compact_seek *s, const compact_job *j)
{
    compact_seek_refine(s, j);
    if (s->n_held <= s->room - s->room / 4) return;
    for (int32_t i = 0; i < s->n_held; i++) score(s, j, s->held[i].id);
    s->n_held = 0;
    score_likely(s, j);
    aisle_select_shrink(&s->lows);
    raise(s);
}

void compact_seek_take(compact_seek *s, const compact_job *j, int32_t tile, uint64_t at, const float *coded)
{
    const aisle_compact *t = j->q->table;
    for (; at; at &= at - 1) {
        int32_t i = __builtin_ctzll(at);
        int64_t e = (int64_t)tile * AISLE_COMPACT_TILE + i;
        int32_t id = t->ids[e];
        double v = s->scale * (double)coded[i], off = off_by(s, t->error[e], t->norm[e]);
        float low = float_below(v - off), high = -float_below(-(v + off));
        if (!(high >= s->least) || id < 0 || !may_answer(s, id)) continue;
        if (low >= s->lows.threshold) aisle_select_push(&s->lows, low, id);
        if (s->lows.threshold > s->least) s->least = s->lows.threshold;
        s->held[s->n_held++] = (compact_held){low, high, id};
        if (s->n_held == s->room) make_room(s, j);
    }
}

void compact_seek_score(compact_seek *s, const compact_job *j, int32_t id, const float *y)
{
    if (may_answer(s, id)) score_row(s, j, id, y);
}

/* Twice over: after the likely ones are scored fewer of the others are left. */
void compact_seek_finish(compact_seek *s, const compact_job *j, int32_t *ids, float *scores)
{
    compact_seek_refine(s, j);
    for (int32_t i = 0; i < s->n_held; i++) score(s, j, s->held[i].id);
    aisle_select_take(&s->best, ids, scores);
}
