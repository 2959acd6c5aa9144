/* A binary heap in the caller's hits. */
#include "server/recommend/best_hits.h"

#include <stdlib.h>

static bool is_better(const aisle_hit *a, const aisle_hit *b)
{
    return a->score > b->score || (a->score == b->score && a->item < b->item);
}

static int compare_best(const void *a, const void *b)
{
    return is_better(a, b) ? -1 : 1;
}

void aisle_best_offer(aisle_hits *hits, int32_t n, aisle_hit hit)
{
    aisle_hit *heap = hits->hit;
    int32_t at = 0, child;
    if (hits->n < n) {
        for (at = hits->n++; at > 0 && is_better(&heap[(at - 1) / 2], &hit); at = (at - 1) / 2)
            heap[at] = heap[(at - 1) / 2];
    } else {
        if (!is_better(&hit, &heap[0])) return;
        for (; (child = 2 * at + 1) < n; at = child) {
            if (child + 1 < n && is_better(&heap[child], &heap[child + 1])) child++;
            if (is_better(&heap[child], &hit)) break;
            heap[at] = heap[child];
        }
    }
    heap[at] = hit;
}

void aisle_best_sort(aisle_hits *hits)
{
    if (hits->n) qsort(hits->hit, (size_t)hits->n, sizeof *hits->hit, compare_best);
}
