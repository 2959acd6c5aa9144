/* Segments: users by what is known of them, test items by how popular they were in training. */
#include "cpu/eval/segments.h"

#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"

enum { LIGHT = 5 };
static const double HEAD = .8;

static int by_key_falling(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

/* Walks from the most popular item down until the head has its share. */
static aisle_status class_items(aisle_segments *s, aisle_error *err)
{
    int32_t n = s->in.train->n_cols;
    const int32_t *popularity = s->in.popularity;
    double share = s->in.p->head > 0 ? s->in.p->head : HEAD, wanted, sum = 0;
    uint64_t *key = aisle_array(n, sizeof *key);
    if (!key) return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for %d items", n);
    for (int32_t i = 0; i < n; i++)
        key[i] = ((uint64_t)(uint32_t)popularity[i] << 32) | (uint32_t)(INT32_MAX - i);
    qsort(key, (size_t)n, sizeof *key, by_key_falling);
    wanted = share * (double)aisle_csr_nnz(s->in.train);
    for (int32_t j = 0; j < n; j++) {
        int32_t i = INT32_MAX - (int32_t)(uint32_t)key[j];
        aisle_segment_id id = sum < wanted ? AISLE_SEGMENT_HEAD : AISLE_SEGMENT_TAIL;
        s->of_item[i] = (uint8_t)(popularity[i] > 0 ? id : AISLE_SEGMENT_COLD);
        sum += popularity[i];
    }
    aisle_free(key);
    return AISLE_OK;
}

aisle_status aisle_segments_init(aisle_segments *s, const aisle_segments_input *in, aisle_error *err)
{
    int64_t n_held = (int64_t)in->n_users * AISLE_ITEM_SEGMENTS, n_values = 0, n_room = 0;
    *s = (aisle_segments){.in = *in, .width = in->p->n_cuts * AISLE_METRICS};
    for (int32_t u = 0; u < in->test->n_rows; u++) {
        int64_t n = in->test->row_ptr[u + 1] - in->test->row_ptr[u];
        if (n > s->room_each) s->room_each = n;
    }
    if (aisle_size_mul(n_held, s->width, &n_values) || aisle_size_mul(in->threads, s->room_each, &n_room))
        return aisle_fail(err, AISLE_ENOMEM, "evaluation: sizes overflow");
    s->of_item = aisle_array(in->train->n_cols, sizeof *s->of_item);
    s->held = aisle_array(n_held, sizeof *s->held);
    s->values = aisle_array(n_values, sizeof *s->values);
    s->room = aisle_array(n_room, sizeof *s->room);
    if (!s->of_item || !s->held || !s->values || !s->room)
        return aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for segments of %d users",
                          in->n_users);
    return class_items(s, err);
}

void aisle_segments_deinit(aisle_segments *s)
{
    aisle_free(s->of_item);
    aisle_free(s->held);
    aisle_free(s->values);
    aisle_free(s->room);
    *s = (aisle_segments){0};
}

void aisle_segments_user(aisle_segments *s, const aisle_ranker *r, int32_t thread, int32_t row, int32_t n_top)
{
    int32_t *part = s->room + thread * s->room_each;
    for (int32_t g = 0; g < AISLE_ITEM_SEGMENTS; g++) {
        int64_t at = (int64_t)row * AISLE_ITEM_SEGMENTS + g;
        int32_t n = 0;
        for (int32_t h = 0; h < r->n_held; h++)
            if (s->of_item[r->held[h]] == AISLE_SEGMENT_HEAD + g) part[n++] = r->held[h];
        s->held[at] = n;
        if (n > 0) aisle_rank_metrics(r, part, n, n_top, s->values + at * s->width);
    }
}

static aisle_segment_id segment_of_user(const aisle_segments *s, int32_t u)
{
    int64_t n = s->in.train->row_ptr[u + 1] - s->in.train->row_ptr[u];
    int32_t light = s->in.p->light > 0 ? s->in.p->light : LIGHT;
    return n == 0 ? AISLE_SEGMENT_NEW : n <= light ? AISLE_SEGMENT_LIGHT : AISLE_SEGMENT_HEAVY;
}

/* Marks the users of a segment and counts their test pairs in it. */
static int64_t choose(const aisle_segments *s, aisle_segment_id id, uint8_t *in)
{
    int64_t pairs = 0;
    for (int32_t u = 0; u < s->in.n_users; u++) {
        const int32_t *held = s->held + (int64_t)u * AISLE_ITEM_SEGMENTS;
        int32_t n = held[0] + held[1] + held[2];
        if (id >= AISLE_SEGMENT_HEAD) n = held[id - AISLE_SEGMENT_HEAD];
        in[u] = id >= AISLE_SEGMENT_HEAD ? n > 0 : segment_of_user(s, s->in.users[u]) == id;
        if (in[u]) pairs += n;
    }
    return pairs;
}

static void put(const aisle_segments *s, const aisle_metric *metric, aisle_eval_segment *out)
{
    for (int32_t c = 0; c < s->in.p->n_cuts; c++) {
        out->at[c].k = s->in.p->cuts[c];
        for (int32_t m = 0; m < AISLE_METRICS; m++)
            *aisle_metric_at(&out->at[c], m) = metric[c * AISLE_METRICS + m];
    }
}

/* Values of item segments are gathered into rows of one block behind the other, as the bootstrap takes them. */
static void gather(const aisle_segments *s, int32_t g, double *rows)
{
    for (int32_t u = 0; u < s->in.n_users; u++) {
        int64_t at = (int64_t)u * AISLE_ITEM_SEGMENTS + g;
        if (s->held[at] > 0)
            memcpy(rows + (int64_t)u * s->width, s->values + at * s->width, (size_t)s->width * sizeof *rows);
    }
}

aisle_status aisle_segments_report(const aisle_segments *s, const aisle_bootstrap *all,
                                   aisle_eval_report *out, aisle_error *err)
{
    enum { MAX_WIDTH = AISLE_EVAL_MAX_CUTS * AISLE_METRICS + 1 };
    aisle_status st = AISLE_OK;
    aisle_metric metric[MAX_WIDTH];
    uint8_t *in = aisle_array(s->in.n_users, sizeof *in);
    double *rows = aisle_calloc((size_t)s->in.n_users * (size_t)s->width, sizeof *rows);
    if (!in || !rows) st = aisle_fail(err, AISLE_ENOMEM, "evaluation: out of memory for segments");
    for (aisle_segment_id id = 0; st == AISLE_OK && id < AISLE_SEGMENTS; id++) {
        aisle_eval_segment *segment = &out->segment[id];
        aisle_bootstrap b = *all;
        if (id >= AISLE_SEGMENT_HEAD) {
            gather(s, (int32_t)id - AISLE_SEGMENT_HEAD, rows);
            b.values = rows;
            b.width = s->width;
        }
        segment->n_pairs = choose(s, id, in);
        st = aisle_bootstrap_run(&b, in, metric, &segment->n_users, err);
        if (st == AISLE_OK) put(s, metric, segment);
    }
    out->segments = true;
    aisle_free(in);
    aisle_free(rows);
    return st;
}
