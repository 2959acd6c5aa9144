/* A user's newest events as weighted items, for the fold-in. Training's own weighing is in data/confidence.c.
 */
#include <math.h>

#include "aisle/scorer.h"

int32_t aisle_recent_weigh(const aisle_weights *w, const aisle_recent_event *events, int32_t n,
                           aisle_weighted_item *out)
{
    int32_t found = 0, kept = 0;
    for (int32_t e = 0; e < n; e++) {
        int32_t i = 0;
        bool counts = events[e].type != AISLE_EVENT_CANCEL;
        double weight = counts ? aisle_weights_event(w, events[e].type, events[e].value) : 0;
        while (i < found && out[i].item != events[e].item) i++;
        if (i == found) out[found++] = (aisle_weighted_item){events[e].item, 0};
        /* nothing that is added to -INFINITY brings a disliked item back */
        out[i].weight += events[e].type == AISLE_EVENT_DISLIKE ? -INFINITY : (float)weight;
    }
    float disliked = w->binary ? -1 : -w->weight[AISLE_EVENT_DISLIKE];
    for (int32_t i = 0; i < found; i++) {
        if (out[i].weight == -INFINITY && w->weight[AISLE_EVENT_DISLIKE] > 0) {
            out[kept++] = (aisle_weighted_item){out[i].item, disliked};
            continue;
        }
        if (!(out[i].weight > 0) || !isfinite(out[i].weight)) continue;
        out[kept++] = (aisle_weighted_item){out[i].item, w->binary ? 1 : out[i].weight};
    }
    return kept;
}

bool aisle_recent_is_trained(const aisle_model *m, int64_t created_ms, int32_t user, int32_t item,
                             int64_t at_ms)
{
    if (user < 0 || at_ms >= created_ms) return false;
    aisle_csr seen = aisle_model_seen(m);
    int64_t low = seen.row_ptr[user], high = seen.row_ptr[user + 1];
    while (low < high) { /* columns ascend within a row */
        int64_t middle = low + (high - low) / 2;
        if (seen.col[middle] == item) return true;
        if (seen.col[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

float aisle_named_weight(const aisle_weights *w)
{
    float weight = w->weight[AISLE_EVENT_ADD_TO_CART];
    return w->binary || !(weight > 0) ? 1 : weight;
}
