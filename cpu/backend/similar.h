/* What similar_topk.c, similar_lists.c and similar_row.c share. Private to cpu/backend/. */
#ifndef AISLE_CPU_SIMILAR_H
#define AISLE_CPU_SIMILAR_H

#include "cpu/backend/cpu.h"
#include "cpu/kernels/select.h"

/* One entry of a row or list. */
typedef struct aisle_posting {
    int32_t id;
    float w;
} aisle_posting;

/* Terms of one f32 sum; longer rows are added in blocks of so many features, the blocks in double. */
enum { AISLE_SIMILAR_BLOCK = 1024 };
/* Cells of an accumulator: beside its lists it stays in a core's second-level cache (512 KB). */
enum { AISLE_SIMILAR_TILE = 1 << 17 };

/* The matrix made ready. Equal rows have equal neighbours: they become one group. Groups are numbered by falling length,
 * so that what is touched most lies together; features by rising number of groups, the rarest first, because a row
 * is best known after its rare features, and the longest lists may then be left out. A feature of one group only
 * is left out: no other group has it. */
typedef struct aisle_similar_lists {
    int32_t n_rows;                 /* of the matrix */
    int32_t n, n_features, longest; /* groups; the longest row's entries */
    int32_t *member_ptr, *member;   /* [n + 1]; row ids by group, ascending */
    int32_t *weight;                /* [n] how many rows a group has; NULL when each has one */
    float *own;                     /* [n] a row's product with itself */
    int64_t *row_ptr, *list_ptr;    /* [n + 1], [n_features + 1] */
    aisle_posting *row, *list;      /* ids: features ascending; groups ascending */
    float *most;                    /* [n_features] the largest value of a list */
    double longest_norm;            /* of the groups' rows, features of one group left out */
    bool wild;                      /* a product of two values may be no normal f32 */
} aisle_similar_lists;

/* On up to `threads` threads; the same for any number. On failure (AISLE_ENOMEM, AISLE_ECANCELED) l is empty. Memory:
 * 16 bytes an entry, 32 a row, and on the way 16 more a row. deinit: no-op on a zeroed struct. */
aisle_status aisle_similar_lists_init(aisle_similar_lists *l, const aisle_csr *a, int32_t threads,
                                      const aisle_progress *progress, aisle_error *err);
void aisle_similar_lists_deinit(aisle_similar_lists *l);

/* One thread's storage: up to 3 MB for cells, 4 bytes a feature, 16 an entry of the longest row. */
typedef struct aisle_similar_scratch {
    const aisle_kernels *k;
    const aisle_progress *progress;
    int32_t keep; /* best rows that are kept: those asked for and the row itself */
    int32_t cells;
    float *sum;             /* [cells] zero between rows */
    double *wide_sum;       /* [cells] likewise; NULL unless rows are long or the matrix is wild */
    int32_t *touched;       /* [cells + 1] */
    float *value;           /* [cells] of touched ones */
    int32_t *weight, *at;   /* [cells] likewise */
    float *wide;            /* [n_features] zero between rows */
    int64_t *cursor;        /* [longest] where a list goes on in the next tile */
    float *rest;            /* [longest + 1] what features from here on can add to any row */
    uint64_t *key, *sorted; /* aisle_select_room(keep) */
    aisle_select best;
} aisle_similar_scratch;

aisle_status aisle_similar_scratch_init(aisle_similar_scratch *s, const aisle_similar_lists *l, int32_t k,
                                        const aisle_kernels *kernels, aisle_error *err);
void aisle_similar_scratch_deinit(aisle_similar_scratch *s);

/* The `keep` best rows for the rows of group g, these among them, into s->sorted, best first, as keys of
 * aisle_select_key; returns how many. */
int32_t aisle_similar_group(const aisle_similar_lists *l, aisle_similar_scratch *s, int32_t g);

#endif
