/* What a fitted part of a hybrid is: tables that can be written to a file, and that score a user by the items they took.
 * Views alone; whoever made a table owns what it points to. */
#ifndef AISLE_TABLE_H
#define AISLE_TABLE_H

#include <stdint.h>

#include "aisle/matrix.h"

/* Of aisle_user: age band, gender, country. */
enum { AISLE_GROUP_ATTRIBUTES = 3 };

/* score(u, i), with r_uj > 0 the confidence of each item j that u took:
 *   FACTORS  x_u . y_i
 *   LINKS    sum_j sqrt(r_uj / unit) B_ji
 *   TEXT     cosine of t_i and of sum_j r_uj t_j; -INFINITY for items without text and users without a text
 *   SAME     scores_i, for everyone
 *   GROUPS   scores_i + sum over u's groups g of G_gi */
typedef enum aisle_table_kind {
    AISLE_TABLE_FACTORS,
    AISLE_TABLE_LINKS,
    AISLE_TABLE_TEXT,
    AISLE_TABLE_SAME,
    AISLE_TABLE_GROUPS
} aisle_table_kind;

/* What cannot be ranked, and so scores -INFINITY. */
typedef enum aisle_table_ranks {
    AISLE_RANKS_ALL,   /* no item beyond the above */
    AISLE_RANKS_TAKEN, /* items that nobody took, and of LINKS all of a user who took nothing */
    AISLE_RANKS_ABOVE  /* items of no score above 0 */
} aisle_table_ranks;

typedef struct aisle_table {
    aisle_table_kind kind;
    aisle_table_ranks ranks;
    int32_t n_items;
    const uint8_t *fresh; /* n_items: 1 = nobody took it; looked at by AISLE_RANKS_TAKEN alone */
    aisle_mat items;      /* FACTORS: y, n_items x factors */
    aisle_csr links;      /* LINKS: B, n_items x n_items; row j is what j speaks for */
    aisle_mat dense;      /* LINKS: B where all of it is kept, and links is empty; not for files */
    float unit;           /* LINKS: > 0 */
    aisle_csr text;       /* TEXT: t, n_items x terms, rows of length 1 or empty */
    aisle_csr terms;      /* TEXT: its transpose */
    const float *scores;  /* SAME, GROUPS: n_items */
    aisle_csr groups;     /* GROUPS: G, groups x n_items */
} aisle_table;

#endif
