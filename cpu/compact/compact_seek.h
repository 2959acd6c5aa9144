/* One user's search: what is known so far of the best n, and what may still be among them. Private to cpu/compact. */
#ifndef AISLE_COMPACT_SEEK_H
#define AISLE_COMPACT_SEEK_H

#include "cpu/compact/compact_code.h"
#include "cpu/kernels/select.h"

/* An item that the bound has not ruled out: its f32 score lies in low .. high. */
typedef struct compact_held {
    float low, high;
    int32_t id;
} compact_held;

enum { COMPACT_HINT = 1024 };
typedef struct compact_seek {
    const float *x;
    double scale, per_error, per_norm, tiny; /* off by at most per_error * error + per_norm * norm + tiny */
    double reach;                            /* the f32 score is at most reach * norm + tiny */
    int32_t start, coarse_start;             /* of the kernels' sums */
    float least;       /* no item below it is among the best n; -INFINITY until n are known */
    aisle_select lows; /* the n greatest lower bounds */
    aisle_select best; /* of the items scored */
    compact_held *held;
    int32_t n_held, room;
    float *row;              /* room for one row of items */
    const uint64_t *allowed; /* NULL = all */
    bool listed;             /* so few items are allowed that only these are looked at */
    const int32_t *seen;     /* ascending */
    int64_t n_seen;
    uint64_t hint[COMPACT_HINT / 64]; /* bit id % COMPACT_HINT of everything seen: most other items miss it */
} compact_seek;

/* What all users of a call share. */
typedef struct compact_job {
    const aisle_kernels *k;
    const aisle_compact_query *q;
    int32_t chunk;
} compact_job;

static inline int32_t compact_held_room(int32_t n)
{
    return 2 * n + 96;
}

/* Codes the user's row into code[f] and starts with nothing known. key: 2 * aisle_select_room(n), held: compact_held_room(n), row:
 * f and AISLE_KERNEL_SLACK more. */
void compact_seek_start(compact_seek *s, const compact_job *j, int32_t row, int8_t *code);
void compact_seek_storage(compact_seek *s, int32_t n, uint64_t *key, compact_held *held, float *row);
/* What row `row` of the users asks for. */
static inline aisle_compact_wish compact_wish(const aisle_compact_query *q, int32_t row)
{
    return q->wish ? q->wish[row] : (aisle_compact_wish){q->top.n, q->top.allowed};
}
/* Row id of the items, in room or where it lies. */
const float *compact_row(const compact_job *j, int32_t id, float *room);

/* False when neither entry e of the table nor any after it can be among the best. */
static inline bool compact_seek_reaches(const compact_seek *s, const aisle_compact *t, int64_t e)
{
    return !(s->reach * (double)t->norm[e] + s->tiny < (double)s->least);
}

/* What up to AISLE_INT8_USERS users' scores must be to count, for all tiles: least - error per_error - norm per_norm - tiny,
 * in units of the kernel's score. */
typedef struct compact_floors {
    double least[AISLE_INT8_USERS], per_error[AISLE_INT8_USERS], per_norm[AISLE_INT8_USERS];
    int32_t coarse_start; /* of the first */
} compact_floors;
void compact_floors_set(compact_floors *f, int32_t place, const compact_seek *s);
/* For one tile, rounded down, into floor[AISLE_INT8_USERS]. */
void compact_floors_of(const compact_floors *f, const aisle_compact *t, int32_t tile, float *floor);
/* For one tile, the first user's start and floor of coarse_one. */
void compact_coarse_bound(const compact_floors *f, const aisle_compact *t, int32_t tile,
                          aisle_int8_tile *out);
/* Those of a tile's entries `at` that may be answered with. */
uint64_t compact_seek_may(const compact_seek *s, const aisle_compact *t, int32_t tile, uint64_t at);

/* Looks at the hits of a tile; bit i of `at`: entry i, with the kernel's score[i]. */
void compact_seek_take(compact_seek *s, const compact_job *j, int32_t tile, uint64_t at, const float *score);

/* Scores those held that are likely among the best, so that `least` rises and more is ruled out. */
void compact_seek_refine(compact_seek *s, const compact_job *j);

/* Scores one item, whose row is y, if it may be answered with. */
void compact_seek_score(compact_seek *s, const compact_job *j, int32_t id, const float *y);

/* Scores what is still held, and writes the answer. */
void compact_seek_finish(compact_seek *s, const compact_job *j, int32_t *ids, float *scores);

#endif
