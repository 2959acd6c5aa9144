/* The hot loops of ALS, similarity and top-N as one table, filled with plain C and overwritten by what this
 * machine does faster. No allocation, no threads, no policy. Not installed: only cpu/, tests and bench see
 * it.
 *
 * Reads may run up to AISLE_KERNEL_SLACK floats past the last element a caller names (never writes): every
 * buffer that meets a kernel has that much room behind it. Values there are read and thrown away. Each entry
 * adds its terms in an order that depends on sizes only, so equal input gives equal bytes. */
#ifndef AISLE_KERNELS_H
#define AISLE_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

enum { AISLE_KERNEL_SLACK = 64, AISLE_TILE_MAX = 8 * 48, AISLE_LANES = 16 };

typedef enum aisle_tile_mode { AISLE_TILE_SET, AISLE_TILE_ADD, AISLE_TILE_SUB } aisle_tile_mode;

/* The rows a sparse row selects: y[col[i] * ld], i < n, with one weight each. */
typedef struct aisle_rows {
    int64_t n;
    const int32_t *col;
    const float *w; /* n weights > 0, of residual() also < 0; NULL = all 1 */
    const float *y;
    int64_t ld;
    int64_t
        n_ahead; /* rows of y that will be wanted next; inner() and residual() fetch them into the cache */
    const int32_t *ahead;
} aisle_rows;

/* The vectors of one row's conjugate gradient. */
typedef struct aisle_cg {
    float *x, *r, *v, *q;     /* solution, residual, direction, -(system times v) */
    const float *d, *inverse; /* the system's diagonal part; the preconditioner's inverse */
} aisle_cg;

/* First pass of top-N over 8-bit codes. Items come in tiles of 48, four factors of each after another's:
 * item[(g * 48 + i) * 4 + c] is factor 4 g + c of item i, plus 128. Users in eights: user[(g * 8 + u) * 4 + c], of which the
 * first `users` are somebody's. Codes, start and floor of all eight are readable; what hits have of the others is unspecified. */
enum { AISLE_INT8_ITEMS = 48, AISLE_INT8_USERS = 8 };
typedef struct aisle_int8_tile {
    int32_t groups; /* of four factors; at most 1024, so that sums fit 32 bits */
    const uint8_t *item;
    const float *scale; /* 48: what a code of an item is worth */
    const int8_t *user;
    int32_t users; /* 1 .. 8; int8_one and coarse_one, of one, do not look at it */
    int32_t
        start[AISLE_INT8_USERS]; /* minus 128 times the sum of a user's codes: undoes the 128 of the items */
    float floor[AISLE_INT8_USERS];
} aisle_int8_tile;
typedef struct aisle_int8_hits {
    uint64_t at[AISLE_INT8_USERS];                    /* bit i: item i of the tile is a hit of this user */
    float score[AISLE_INT8_USERS * AISLE_INT8_ITEMS]; /* row u: unspecified where at[u] is 0 */
} aisle_int8_hits;

typedef struct aisle_kernels {
    const char *name; /* "ref", "avx2", "avx512", "vnni", "neon" */
    int32_t mr, nr;   /* shape of tile(); mr * nr <= AISLE_TILE_MAX */

    float (*dot)(int64_t n, const float *x, const float *y);
    void (*axpy)(int64_t n, float a, const float *x, float *y); /* y += a x */

    /* The one dense inner loop: c[i * ldc + j] (=, +=, -=) sum_{p<k} a[p * lda + i] * b[p * ldb + j] for
     * i < mr, j < nr, the sum over p in order. Everything dense (Gramian, rotation, SYRK, Cholesky update,
     * scores) is made of it. Callers keep k <= 512, so that f32 sums stay short. */
    void (*tile)(int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, aisle_tile_mode mode,
                 float *c, int64_t ldc);
    /* dst[p * ldd + i] = src[i * lds + p] for i < n, p < k: rows become the columns that tile() wants. */
    void (*transpose)(int32_t n, int64_t k, const float *src, int64_t lds, float *dst, int64_t ldd);

    /* Kernels of ALS rows. f counts floats with the padding: a multiple of 16, zeros in every row and vector from the
     * last factor on. */
    /* c[i * ldc + p] = w_i d_p y_{col_i, p}: gathers and scales the rows of one system, and sets rows of c to zero
     * from n up to a multiple of 4. */
    void (*gather)(int64_t f, const aisle_rows *rows, const float *d, float *c, int64_t ldc);
    /* c c' in blocks of 4 x 4: block (i, j), i <= j < n / 4, row-major, one after another by i, then j. n: a multiple
     * of 4. Fetches the rows that `next` has ahead. */
    void (*inner)(int32_t n, int64_t f, const float *c, int64_t ldc, const aisle_rows *next, float *blocks);
    /* z += sum_i u_i c_i, c_i = row i of c. */
    void (*combine)(int64_t n, int64_t f, const float *u, const float *c, int64_t ldc, float *z);
    /* q += sum_i |w_i| (t_i - y_i . p) y_i, t_i = target where w_i > 0, else 0: the sparse part of a residual (target 1,
     * p = x) and, with target 0, minus that of a matrix-vector product. One pass over the rows. */
    void (*residual)(int64_t f, const aisle_rows *rows, float target, const float *p, float *q);
    /* x += step v, r += step q; returns r . inverse r. */
    float (*cg_advance)(int64_t f, float step, const aisle_cg *w);
    /* v = inverse r + beta v, q = -d v (by elements). */
    void (*cg_turn)(int64_t f, float beta, const aisle_cg *w);
    /* b = A^-1 b for AISLE_LANES positive definite systems of order n, a multiple of 4. Entry (i, j) of system l is at
     * [e * AISLE_LANES + l], e as inner() counts; b likewise. a is overwritten. A system that is not positive definite,
     * or not finite, gets a result that is not finite; the others are none the worse. */
    void (*solve_many)(int32_t n, float *a, float *b);

    /* Right-looking Cholesky of the first `rows` rows of the upper triangle of a [n x n] (A = U'U): these
     * rows become rows of U; rows below are left alone. The strict lower triangle is scratch, and so are the
     * columns from n up to the next multiple of 16 (lda is at least that). Returns false at a pivot that is
     * not positive and finite. */
    bool (*cholesky_panel)(int32_t rows, int32_t n, float *a, int64_t lda);
    /* x = (U'U)^-1 x with the upper triangle of u [n x n]. */
    void (*cholesky_solve)(int32_t n, const float *u, int64_t ldu, float *x);

    /* The positions j < n with s[j] >= t, ascending, into at[n]; returns how many. NaN never passes. */
    int32_t (*above)(int32_t n, const float *s, float t, int32_t *at);
    /* Twice the scores below t and once those equal to it, over s[n]. NaN is neither. */
    int64_t (*beaten)(int32_t n, const float *s, float t);

    /* The positions j < n of the bytes of text that are a or b, ascending, into at[], which has room for n and
     * AISLE_KERNEL_SLACK more; returns how many. */
    int32_t (*marks)(int32_t n, const char *text, char a, char b, uint32_t *at);

    /* One of the values v, such that all v[i] >= it, i < n, weigh at least k together and few weigh more; 0 when all
     * weigh less. v >= 0 and no NaN; weight NULL = all 1, else > 0, the sum below 2^31. */
    float (*cut)(int32_t n, const float *v, const int32_t *weight, int64_t k);
    /* out = the n distinct keys, greatest first, in n^2 comparisons. */
    void (*rank)(int32_t n, const uint64_t *key, uint64_t *out);

    /* For each user and item: s = scale * (float)(sum of products of codes, exact), rounded once or twice; a hit when
     * s >= floor. True when there is a hit. int8_one: of one user, user[g * 4 + c]; at[0] and row 0 alone. */
    bool (*int8_tile)(const aisle_int8_tile *t, aisle_int8_hits *hits);
    bool (*int8_one)(const aisle_int8_tile *t, aisle_int8_hits *hits);
    /* int8_one of the upper halves h of the codes alone, two groups a byte: item[(g / 2 * 48 + i) * 4 + c] has that of group g in
     * its lower half where g is even, else in the upper; s = scale * (float)(2 * sum of h times codes of the user + start). */
    bool (*coarse_one)(const aisle_int8_tile *t, aisle_int8_hits *hits);
    bool coarse_pays;   /* it is about as fast as it can read */
    int32_t int8_limit; /* a user's codes lie within +- this: 127, or what does not overflow on the way */
} aisle_kernels;

/* The best table for this machine; the choice is made once. Thread-safe. */
const aisle_kernels *aisle_kernels_get(void);
/* The i-th table this machine can run (0 = ref), NULL past the end; for tests and bench. */
const aisle_kernels *aisle_kernels_at(int32_t i);

/* Overwrite what one instruction set does better. Compiled only where the compiler can, called only where the
 * machine can. */
void aisle_kernels_ref(aisle_kernels *k);
void aisle_kernels_ref_cut(aisle_kernels *k);  /* part of ref */
void aisle_kernels_ref_int8(aisle_kernels *k); /* part of ref */
void aisle_kernels_avx2(aisle_kernels *k);
void aisle_kernels_avx2_int8(aisle_kernels *k); /* part of avx2 */
void aisle_kernels_avx512(aisle_kernels *k);
void aisle_kernels_vnni(aisle_kernels *k);
void aisle_kernels_neon(aisle_kernels *k);
void aisle_kernels_neon_int8(aisle_kernels *k); /* part of neon */

#endif
