/* What a fitted part of a hybrid is: tables that can be written to a file, and that score a user by the items they took.
 * Views alone; whoever made a table owns what it points to. */
#ifndef AISLE_TABLE_H
#define AISLE_TABLE_H

#include <stdint.h>

#include "aisle/matrix.h"
#include "aisle/str.h"

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

/* ---- hybrids: tables added up (hybrid.h has the formula) ---- */

typedef enum aisle_hybrid_segment {
    AISLE_HYBRID_NEW,     /* users who took nothing */
    AISLE_HYBRID_FEW,     /* users who took fewer items than `few` */
    AISLE_HYBRID_KNOWN,   /* the other users */
    AISLE_HYBRID_NEW_ITEM /* items that nobody took, for every user */
} aisle_hybrid_segment;
enum { AISLE_HYBRID_SEGMENTS = 4, AISLE_HYBRID_MAX_PARTS = 12 };

static inline aisle_hybrid_segment aisle_hybrid_segment_of(int64_t n_taken, int32_t few)
{
    return n_taken == 0 ? AISLE_HYBRID_NEW : n_taken < few ? AISLE_HYBRID_FEW : AISLE_HYBRID_KNOWN;
}

/* The parts that a model file can hold. Values are pinned: numbers of the file. */
typedef enum aisle_part_id {
    AISLE_PART_ALS = 1,
    AISLE_PART_ALS_CONTENT,
    AISLE_PART_ITEM_KNN,
    AISLE_PART_EASE,
    AISLE_PART_CONTENT,
    AISLE_PART_POPULAR,
    AISLE_PART_TRENDING,
    AISLE_PART_DEMOGRAPHIC,
    AISLE_PART_IDS /* one more than the last */
} aisle_part_id;
const char *aisle_part_name(aisle_part_id id); /* as in fit.h: "als", "item-knn"; NULL outside */

/* A hybrid that can serve: what it is made of, by views alone. Scores are scaled by their deviation (hybrid.h). */
typedef struct aisle_hybrid_tables {
    int32_t n_parts; /* 1 .. AISLE_HYBRID_MAX_PARTS */
    aisle_part_id part[AISLE_HYBRID_MAX_PARTS];
    aisle_table table[AISLE_HYBRID_MAX_PARTS];
    float weight[AISLE_HYBRID_SEGMENTS][AISLE_HYBRID_MAX_PARTS]; /* >= 0 */
    int32_t few;
    const uint8_t *fresh; /* n_items: 1 = nobody took it */
    /* What is known of a user before the first event. Groups of all attributes stand one behind the other, each at least
     * one of some user; 0 = none. */
    int32_t n_groups;
    const int32_t *attribute;    /* n_groups: 0 .. AISLE_GROUP_ATTRIBUTES - 1 */
    const aisle_str *group_name; /* n_groups: its value, "GB" */
    const int32_t *user_groups;  /* n_users x AISLE_GROUP_ATTRIBUTES, -1 = unknown; NULL without groups */
    /* 1 + n_groups rows: x of such a user is row 0 and the rows 1 + g of their groups, added up. No rows: there is no part
     * that wants it (als-content does). */
    aisle_mat prior;
} aisle_hybrid_tables;

#endif
