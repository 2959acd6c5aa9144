/* Scores of one user by fitted tables, and how the scores of several are added up: the same for models that are measured
 * and models that serve. Private to cpu; knows nothing of fitting, files or requests. */
#ifndef AISLE_CPU_RANK_H
#define AISLE_CPU_RANK_H

#include <math.h>
#include <stdbool.h>

#include "aisle/status.h"
#include "aisle/table.h"

/* A user as tables see one. All borrowed. */
typedef struct rank_user {
    int32_t n; /* items taken: ascending, distinct; dislikes are not among them */
    const int32_t *item;
    const float *weight; /* their confidences > 0; NULL = all 1 */
    /* Further items taken, which are in no table: item[n ..] and weight[n ..], ids from the table's n_items on. Row id -
     * n_items of further_text is what they say. */
    int32_t n_further;
    const aisle_csr *further_text; /* NULL = none */
    const float *factors;
    /* FACTORS: x_u, followed by AISLE_KERNEL_SLACK readable floats; NULL = unknown: no item is ranked */
    int32_t group[AISLE_GROUP_ATTRIBUTES]; /* GROUPS: rows of G; -1 = unknown */
} rank_user;

/* Room of one thread for tables of up to n_items and n_terms. */
typedef struct rank_room {
    double *sums;   /* n_items */
    float *profile; /* n_terms, all 0 between users */
    int32_t *used;  /* n_terms */
} rank_room;
aisle_status rank_room_init(rank_room *r, int32_t n_items, int32_t n_terms, aisle_error *err);
void rank_room_deinit(rank_room *r); /* no-op on a zeroed struct */

/* out[n_items]: finite or -INFINITY. */
void rank_scores(const aisle_table *t, const rank_user *u, const rank_room *room, float *out);

/* -INFINITY to what the table's rule leaves out; rank_scores has done it. */
void rank_leave_out(const aisle_table *t, float *scores);

/* sum += w times row r of m. Sums are of thousands of terms: in double. */
void rank_add_row(double w, const aisle_csr *m, int32_t r, double *sum);

/* What a given item counts in LINKS. */
static inline double rank_root(const aisle_table *t, float weight)
{
    return sqrt((double)weight / (double)t->unit);
}

/* ---- texts, in steps: for items that are no row of the table ---- */

/* Adds up what u's items say into room->profile; returns the number of terms in room->used. *scale: 1 / its length. */
int32_t rank_profile(const aisle_table *t, const rank_user *u, const rank_room *room, float *scale);
void rank_profile_clear(int32_t n, const rank_room *room);

/* ---- who and what is new ---- */

/* x of a user who took nothing, by their groups: rows of aisle_hybrid_tables.prior added up. */
void rank_prior(const aisle_mat *prior, const int32_t group[AISLE_GROUP_ATTRIBUTES], float *x);

/* Items that are no rows of the table, by what is known of items before anybody takes them; a part without a say scores them
 * -INFINITY. */
typedef struct rank_further {
    int32_t n;
    aisle_mat factors; /* n x the table's factors; data NULL = none */
    aisle_csr text;    /* n x the table's terms; row_ptr NULL = none */
} rank_further;
void rank_scores_further(const aisle_table *t, const rank_user *u, const rank_room *room,
                         const rank_further *f, float *out);

/* ---- one scale for all parts ---- */

/* c = (score - low) * by >= 0, and 0 for what cannot be ranked: how far above the least, in deviations. */
typedef struct rank_scale {
    float low, by;
} rank_scale;

/* Of the scores that are not -INFINITY: low the least, by 1 / their standard deviation; 0 where they do not differ. */
rank_scale rank_scale_of(int32_t n, const float *scores);

static inline float rank_scaled(float score, rank_scale s)
{
    float c = (score - s.low) * s.by;
    return c > 0 ? c : 0; /* below low, and NaN of -INFINITY times 0: nothing */
}

/* sum += weight of the item times its scaled score; items with fresh[i] have a weight of their own. */
typedef struct rank_weight {
    float usual, fresh;
} rank_weight;
void rank_add_scaled(int32_t n, const float *scores, rank_scale s, rank_weight w, const uint8_t *fresh,
                     float *sum);

/* From the parts' contributions to a score, each >= 0, to shares of it: they sum to 1, or are all 0. */
void rank_divide(int32_t n_parts, float *shares);

#endif
