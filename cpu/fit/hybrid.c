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

static bool is_new_item(const hybrid *h, int32_t i)
{
    const aisle_csr *by_item = aisle_part_by_item(h->part);
    return by_item->row_ptr[i + 1] == by_item->row_ptr[i];
}

static void add_row(const hybrid *h, int32_t p, int32_t user, const float *row, float *out)
{
    int32_t n_items = aisle_part_n_items(h->part);
    float usual = h->weight[hybrid_segment(h->part, h->few, user)][p];
    float new_item = h->weight[AISLE_HYBRID_NEW_ITEM][p];
    for (int32_t i = 0; i < n_items; i++) out[i] += (is_new_item(h, i) ? new_item : usual) * row[i];
}

static aisle_status hybrid_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                  float *out, aisle_error *err)
{
    const hybrid *h = ctx;
    int64_t n_items = aisle_part_n_items(h->part), n = n_users * n_items;
    float *rows = aisle_array(n, sizeof *rows);
    uint64_t *room = aisle_array(HYBRID_ROOM, sizeof *room);
    aisle_status st = rows && room ? AISLE_OK
                                   : aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory for %d x %d scores",
                                                n_users, (int)n_items);
    memset(out, 0, (size_t)n * sizeof *out);
    for (int32_t p = 0; st == AISLE_OK && p < h->parts.n; p++) {
        st = hybrid_part_rows(h, p, thread, users, n_users, room, rows, err);
        for (int32_t r = 0; st == AISLE_OK && r < n_users; r++)
            add_row(h, p, users[r], rows + r * n_items, out + r * n_items);
    }
    aisle_free(rows);
    aisle_free(room);
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

/* From parts' contributions to shares of their sum. */
static void divide(int32_t n_parts, float *shares)
{
    double sum = 0;
    for (int32_t p = 0; p < n_parts; p++) sum += (double)shares[p];
    for (int32_t p = 0; p < n_parts; p++) shares[p] = sum > 0 ? (float)((double)shares[p] / sum) : 0;
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
    uint64_t *room = aisle_array(HYBRID_ROOM, sizeof *room);
    aisle_status st =
        row && room ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "shares: out of memory for %d items", n_items);
    aisle_hybrid_segment segment = hybrid_segment(h->part, h->few, user);
    for (int32_t p = 0; st == AISLE_OK && p < n_parts; p++) {
        st = hybrid_part_rows(h, p, thread, &user, 1, room, row, err);
        for (int32_t k = 0; st == AISLE_OK && k < n; k++) {
            aisle_hybrid_segment of = is_new_item(h, items[k]) ? AISLE_HYBRID_NEW_ITEM : segment;
            shares[(int64_t)k * n_parts + p] = h->weight[of][p] * row[items[k]];
        }
    }
    for (int32_t k = 0; st == AISLE_OK && k < n; k++) divide(n_parts, shares + (int64_t)k * n_parts);
    aisle_free(row);
    aisle_free(room);
    return st;
}
