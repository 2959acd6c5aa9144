/* Scores of a hybrid, whichever its rule: parts are scored a block of users at a time, scaled, weighed and added up. No
 * more than one part's block is in memory beside the sum. */
#include "aisle/hybrid.h"

#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/hybrid_parts.h"

hybrid *hybrid_new(const aisle_fit_input *in, hybrid_scale scale, aisle_error *err)
{
    hybrid *h = aisle_calloc(1, sizeof *h);
    if (!h) {
        (void)aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory");
        return NULL;
    }
    h->part = in->part;
    h->scale = scale;
    h->fusion_k = in->params->hybrid.fusion_k;
    h->few = in->params->hybrid.few;
    return h;
}

void hybrid_free(void *ctx)
{
    hybrid *h = ctx;
    hybrid_parts_unfit(&h->parts);
    aisle_free(h);
}

static aisle_status hybrid_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                  float *out, aisle_error *err)
{
    const hybrid *h = ctx;
    int32_t n_items = aisle_part_n_items(h->part);
    int64_t n = (int64_t)n_users * n_items;
    float *rows = aisle_array(n, sizeof *rows);
    rank_scale *scales = aisle_array(n_users, sizeof *scales);
    hybrid_asked a = {thread, n_users, users, aisle_array(HYBRID_ROOM, sizeof *a.room)};
    aisle_status st =
        rows && scales && a.room
            ? AISLE_OK
            : aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory for %d x %d scores", n_users, n_items);
    memset(out, 0, (size_t)n * sizeof *out);
    for (int32_t p = 0; st == AISLE_OK && p < h->parts.n; p++) {
        st = hybrid_part_rows(h, p, &a, rows, scales, err);
        for (int32_t r = 0; st == AISLE_OK && r < n_users; r++) {
            rank_weight w = {h->weight[hybrid_segment(h->part, h->few, users[r])][p],
                             h->weight[AISLE_HYBRID_NEW_ITEM][p]};
            rank_add_scaled(n_items, rows + (int64_t)r * n_items, scales[r], w, aisle_part_fresh(h->part),
                            out + (int64_t)r * n_items);
        }
    }
    aisle_free(rows);
    aisle_free(scales);
    aisle_free(a.room);
    return st;
}

aisle_status hybrid_finish(hybrid *h, const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    aisle_status st = hybrid_parts_fit(&h->parts, in, err);
    if (st == AISLE_OK)
        *out = (aisle_eval_source){h, hybrid_scores, hybrid_free};
    else {
        h->parts.n = 0;
        hybrid_free(h);
    }
    return st;
}

/* ---- what it is made of ---- */

static const hybrid *hybrid_of(const aisle_eval_source *s)
{
    return s->scores == hybrid_scores ? s->ctx : NULL;
}

int32_t aisle_hybrid_parts(const aisle_eval_source *s)
{
    const hybrid *h = hybrid_of(s);
    return h ? h->parts.n : 0;
}

const char *aisle_hybrid_part(const aisle_eval_source *s, int32_t p)
{
    return hybrid_of(s)->parts.kind[p]->name;
}

double aisle_hybrid_weight(const aisle_eval_source *s, aisle_hybrid_segment segment, int32_t p)
{
    return (double)hybrid_of(s)->weight[segment][p];
}

aisle_status aisle_hybrid_shares(const aisle_eval_source *s, int32_t thread, int32_t user,
                                 const int32_t *items, int32_t n, float *shares, aisle_error *err)
{
    const hybrid *h = hybrid_of(s);
    if (!h) return aisle_fail(err, AISLE_EINVAL, "shares: the source is no hybrid");
    int32_t n_items = aisle_part_n_items(h->part), n_parts = h->parts.n;
    for (int32_t k = 0; k < n; k++)
        if (items[k] < 0 || items[k] >= n_items)
            return aisle_fail(err, AISLE_EINVAL, "shares: item %d is outside 0 to %d", items[k], n_items - 1);
    float *row = aisle_array(n_items, sizeof *row);
    rank_scale scale;
    hybrid_asked a = {thread, 1, &user, aisle_array(HYBRID_ROOM, sizeof *a.room)};
    aisle_status st = row && a.room
                          ? AISLE_OK
                          : aisle_fail(err, AISLE_ENOMEM, "shares: out of memory for %d items", n_items);
    aisle_hybrid_segment segment = hybrid_segment(h->part, h->few, user);
    for (int32_t p = 0; st == AISLE_OK && p < n_parts; p++) {
        st = hybrid_part_rows(h, p, &a, row, &scale, err);
        for (int32_t k = 0; st == AISLE_OK && k < n; k++) {
            aisle_hybrid_segment of = aisle_part_fresh(h->part)[items[k]] ? AISLE_HYBRID_NEW_ITEM : segment;
            shares[(int64_t)k * n_parts + p] = h->weight[of][p] * rank_scaled(row[items[k]], scale);
        }
    }
    for (int32_t k = 0; st == AISLE_OK && k < n; k++) rank_divide(n_parts, shares + (int64_t)k * n_parts);
    aisle_free(row);
    aisle_free(a.room);
    return st;
}
