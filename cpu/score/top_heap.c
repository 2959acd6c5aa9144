/* Top-n selection in the caller's hits: a heap with the worst at the root. Most items fail one comparison
 * with the root's score, so masks and heap are seldom touched. */
#include <math.h>

#include "cpu/score/score_state.h"

static bool better(const aisle_hit *a, const aisle_hit *b)
{
    return a->score > b->score || (a->score == b->score && a->item < b->item);
}

float top_threshold(const top_heap *h)
{
    return h->n < h->cap ? -INFINITY : h->hit[0].score;
}

/* Sinks `hit` from `at` until no child is worse. */
static void sink(top_heap *h, int32_t at, aisle_hit hit)
{
    for (int32_t child; (child = 2 * at + 1) < h->n; at = child) {
        if (child + 1 < h->n && better(&h->hit[child], &h->hit[child + 1])) child++;
        if (better(&h->hit[child], &hit)) break;
        h->hit[at] = h->hit[child];
    }
    h->hit[at] = hit;
}

void top_push(top_heap *h, int32_t item, float score)
{
    aisle_hit hit = {.item = item, .score = score};
    if (!(score > -INFINITY)) return;
    if (h->n == h->cap) {
        if (better(&hit, &h->hit[0])) sink(h, 0, hit);
        return;
    }
    int32_t at = h->n++;
    for (; at > 0 && better(&h->hit[(at - 1) / 2], &hit); at = (at - 1) / 2)
        h->hit[at] = h->hit[(at - 1) / 2];
    h->hit[at] = hit;
}

void top_finish(top_heap *h)
{
    int32_t n = h->n;
    while (h->n > 1) {
        aisle_hit last = h->hit[--h->n];
        h->hit[h->n] = h->hit[0];
        sink(h, 0, last);
    }
    h->n = n;
}

void top_offer(top_heap *h, const score_filter *f, int32_t first, int32_t n, const float *scores)
{
    float threshold = top_threshold(h);
    for (int32_t j = 0; j < n; j++) {
        /* ids ascend: an equal score loses to what is there */
        if (!(scores[j] > threshold) || !score_passes(f, first + j)) continue;
        top_push(h, first + j, scores[j]);
        threshold = top_threshold(h);
    }
}
