/* The same metrics for kinds of users and of test items; private to cpu/eval. */
#ifndef AISLE_CPU_EVAL_SEGMENTS_H
#define AISLE_CPU_EVAL_SEGMENTS_H

#include "cpu/eval/rank.h"

enum { AISLE_ITEM_SEGMENTS = AISLE_SEGMENTS - AISLE_SEGMENT_HEAD };

/* What to make segments of; all borrowed. */
typedef struct aisle_segments_input {
    const aisle_csr *train, *test;
    const int32_t *popularity; /* n_items: train users of each item */
    const int32_t *users;      /* n_users: those evaluated */
    int32_t n_users, threads;
    const aisle_eval_params *p;
} aisle_segments_input;

typedef struct aisle_segments {
    aisle_segments_input in;
    int32_t width;    /* n_cuts * AISLE_METRICS */
    uint8_t *of_item; /* AISLE_SEGMENT_HEAD .. COLD */
    int32_t *held;    /* n_users x item segments: test items in each */
    double *values;   /* n_users x item segments x width; unset where held is 0 */
    int32_t *room;    /* threads x room_each */
    int64_t room_each;
} aisle_segments;

/* Release with aisle_segments_deinit, failed or not. */
aisle_status aisle_segments_init(aisle_segments *s, const aisle_segments_input *in, aisle_error *err);
void aisle_segments_deinit(aisle_segments *s);

/* After aisle_rank_user of the user in row `row`. */
void aisle_segments_user(aisle_segments *s, const aisle_ranker *r, int32_t thread, int32_t row,
                         int32_t n_top);

/* all: the values of all users, and how they are resampled. */
aisle_status aisle_segments_report(const aisle_segments *s, const aisle_bootstrap *all,
                                   aisle_eval_report *out, aisle_error *err);

#endif
