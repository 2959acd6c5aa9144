/* Compact item factors, and the exact top-N by them: a table of 8-bit codes says which items could be among the best, and
 * only these are scored in f32. The answer is that of scoring every item. No storage, no strategies. */
#ifndef AISLE_COMPACT_H
#define AISLE_COMPACT_H

#include <stdint.h>

#include "aisle/backend.h"
#include "aisle/matrix.h"
#include "aisle/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of a table lie in tiles of 48, ordered by falling length |y| (ties by smaller id); the last tile is filled up with
 * rows of nothing (id -1, scale 0). Entry e is row e % 48 of tile e / 48.
 *
 * Before coding a row is turned: Hadamard's matrix makes its values alike, which halves what rounding takes, and keeps lengths
 * and products. Row y of scale s and codes q, -127 .. 127, then stands for s q. With the user x turned and coded alike as
 * s' q', and |.| the Euclidean length:
 *   x.y = s' s q'.q + (s' q').(y - s q) + (x - s' q').y,  so by Cauchy and Schwarz
 *   |x.y - s' s q'.q| <= |s' q'| error + |x - s' q'| |y|,   error = |y - s q|.
 * q'.q is an exact integer. The f32 product that ranks is within gamma_f |x| |y| + f 2^-149 of x.y, with gamma_f = f u / (1 - f u)
 * and u = 2^-24, whatever the order of its sum (Higham 2002, eq. 3.5; the last term is underflow), and rounding the coded one
 * takes 2^-22 |s' q'| |s q| at most. An item is scored in f32 unless the sum of these bounds rules it out; all items after
 * a tile are, when |x| |y| of its first row is too little. The stored lengths are rounded up.
 *
 * A table may also have the upper halves of its codes by themselves, which are half as much to read: a code c = 16 h + l, with c from 1 to
 * 255 as it is stored, is then taken for 16 h + 8, and r s stands in the place of `error`, r the largest in the tile of
 * |y - s (16 h - 120)| / s. So the bound is that of a coded product larger by r |s' q'| / s', one number a tile. What these leave, the codes
 * decide as above. */
enum { AISLE_COMPACT_TILE = 48 };
typedef struct aisle_compact {
    int32_t n_rows, n_factors, n_tiles;
    int32_t groups; /* n_factors / 4, rounded up: four factors of 48 rows lie together, padded with zeros */
    const int32_t *ids; /* n_tiles * 48: the row of the matrix; each once; -1 fills the end */
    const uint8_t *
        codes; /* n_tiles * groups * 48 * 4: code (e, p) + 128 at [((e / 48 * groups + p / 4) * 48 + e % 48) * 4
                              + p % 4] */
    const float *scale;      /* n_tiles * 48: s */
    const float *norm;       /* n_tiles * 48: |y|, never rising */
    const float *error;      /* n_tiles * 48: |y - s q| */
    const float *tile_error; /* n_tiles: the largest error of each */
    const uint8_t *
        coarse; /* NULL, or n_tiles * (groups + 1) / 2 * 192: h of (e, p), where p / 4 is even in the lower half, else
                                  in the upper, at [((e / 48 * ((groups + 1) / 2) + p / 8) * 48 + e % 48) * 4 + p % 4] */
    const float
        *coarse_ratio;  /* n_tiles: the largest of what a row is off by with these alone, in its scales */
    void *owned_coarse; /* what both lie in */
    void *owned;        /* what aisle_compact_init allocated; NULL = borrowed, e.g. of a mapped file */
} aisle_compact;

/* Codes the rows of m (1 .. AISLE_MAX_FACTORS columns), which is borrowed for the call. AISLE_ENUMERIC for a value that is
 * not finite, or a row of length 2^63 or more, whose products could overflow; AISLE_EINVAL; AISLE_ENOMEM. About
 * n_rows * (n_factors + 16) bytes. *out is written only on success; aisle_compact_deinit releases it. */
aisle_status aisle_compact_init(const aisle_mat *m, aisle_compact *out, aisle_error *err);
void aisle_compact_deinit(aisle_compact *t); /* no-op on a zeroed one; of a borrowed one just what is owned */
/* Makes t->coarse of the codes, if its machine has a kernel by which one user alone is faster by them, and the codes are more than
 * AISLE_COMPACT_CACHED bytes: those below stay in a cache. The caller's until aisle_compact_deinit. n_rows * f / 2 bytes.
 * AISLE_ENOMEM: *t is without. */
enum { AISLE_COMPACT_CACHED = 16 << 20 };
aisle_status aisle_compact_coarsen(aisle_compact *t, aisle_error *err);
/* Whether t, whose counts and sizes are right, can be the table of m: ids each once and in their order, lengths those of the
 * rows, errors no less than what the codes of a row a tile are off by. What is wrong and where: *array (a field of t) and
 * err. AISLE_EFORMAT, AISLE_ENOMEM. Reads m once. */
aisle_status aisle_compact_check(const aisle_compact *t, const aisle_mat *m, const char **array,
                                 aisle_error *err);
/* The largest error of all rows: of a user x of length 1, no coded score is off by more, beside x's own coding. */
float aisle_compact_error(const aisle_compact *t);

/* Working memory of one caller and up to `threads` threads of a call (0 = all cores); grows to the largest n and table seen,
 * and then calls allocate nothing. Not thread-safe: one a calling thread. */
typedef struct aisle_compact_work aisle_compact_work;
aisle_compact_work *aisle_compact_work_new(int32_t threads); /* NULL when memory is short */
void aisle_compact_work_free(aisle_compact_work *w);

/* What one row of users asks for otherwise than the others. */
typedef struct aisle_compact_wish {
    int32_t n;               /* 1 .. top.n */
    const uint64_t *allowed; /* bitmap over items, NULL = all */
} aisle_compact_wish;

/* What is asked: the table, the matrix it was made of, and rows to find items for. All borrowed. */
typedef struct aisle_compact_query {
    const aisle_compact *table;
    const aisle_mat *items; /* the f32 rows, unchanged since aisle_compact_init */
    /* How a row of items is got: into room[n_factors], or where it lies; called by several threads at once. NULL: it lies in
     * items->data, which with `row` is not looked at. With it a row is taken to cost a call of the system. */
    const float *(*row)(const void *ctx, int32_t id, float *room);
    const void *row_ctx;
    const aisle_mat *users;         /* any number of rows, finite, shorter than 2^63 */
    aisle_topn_params top;          /* n 1..1024; row r of top.seen belongs to row r of users */
    const aisle_compact_wish *wish; /* NULL, or of each row of users, instead of top.n and top.allowed */
} aisle_compact_query;

/* For every row of users the n items with the largest f32 product, best first, ties by smaller id: exactly the answer of
 * scoring all items with the dot product of this machine's kernels. Items seen, and those not allowed, are left out before.
 * ids[n_users * top.n] (-1 fills; of a row with a lesser n the first so many) and scores (0 fills). Same bytes for any number of threads and users a call. AISLE_EINVAL
 * (shapes, n), AISLE_ENUMERIC (users), AISLE_ENOMEM; ids and scores are written only on success.
 * At worst n_items * f a user; less by the length order the more the lengths differ. Where few items are allowed
 * only these are scored, once for neighbours with the same bitmap. Tables may be shared by threads. */
aisle_status aisle_compact_topn(aisle_compact_work *w, const aisle_compact_query *q, int32_t *ids,
                                float *scores, aisle_error *err);

#ifdef __cplusplus
}
#endif
#endif
