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
    for (int32_t i = 0; i < found; i++) {
        if (!(out[i].weight > 0) || !isfinite(out[i].weight)) continue;
        out[kept++] = (aisle_weighted_item){out[i].item, w->binary ? 1 : out[i].weight};
    }
    return kept;
}

float aisle_named_weight(const aisle_weights *w)
{
    float weight = w->weight[AISLE_EVENT_ADD_TO_CART];
    return w->binary || !(weight > 0) ? 1 : weight;
}
