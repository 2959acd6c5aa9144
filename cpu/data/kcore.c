/* k-core of the user-item graph by peeling: a node that falls under its degree is queued once and takes its
 * edges along. O(pairs), whatever the shape of the graph (Batagelj and Zaversnik 2003). */
#include <string.h>

#include "aisle/dataset.h"
#include "aisle/memory.h"
#include "cpu/data/pairs.h"

/* Nodes 0 .. n_users-1 are users, the rest items. Edges of a node: edge[first[node]] .. */
typedef struct graph {
    const pairs *p;
    int32_t n_users;
    int64_t n_nodes;
    int64_t *first, *edge;
    int32_t *degree;
    int64_t *queue, queued;
    bool *gone; /* by pair */
} graph;

static void graph_deinit(graph *g)
{
    aisle_free(g->first);
    aisle_free(g->edge);
    aisle_free(g->degree);
    aisle_free(g->queue);
    aisle_free(g->gone);
}

static bool graph_init(graph *g, const aisle_dataset *d, const pairs *p)
{
    g->p = p;
    g->n_users = aisle_idmap_count(aisle_dataset_users(d));
    g->n_nodes = (int64_t)g->n_users + aisle_idmap_count(aisle_dataset_items(d));
    g->first = aisle_calloc((size_t)g->n_nodes + 1, sizeof *g->first);
    g->edge = aisle_array(2 * p->n, sizeof *g->edge);
    g->degree = aisle_calloc((size_t)g->n_nodes, sizeof *g->degree);
    g->queue = aisle_array(g->n_nodes, sizeof *g->queue);
    g->gone = aisle_calloc((size_t)p->n, sizeof *g->gone);
    if (!g->first || !g->edge || !g->degree || !g->queue || !g->gone) return false;
    for (int64_t k = 0; k < p->n; k++) {
        g->degree[p->user[k]]++;
        g->degree[g->n_users + p->item[k]]++;
    }
    for (int64_t v = 0; v < g->n_nodes; v++) g->first[v + 1] = g->first[v] + g->degree[v];
    for (int64_t k = 0; k < p->n; k++) {
        g->edge[g->first[p->user[k]]++] = k;
        g->edge[g->first[g->n_users + p->item[k]]++] = k;
    }
    memmove(g->first + 1, g->first, (size_t)g->n_nodes * sizeof *g->first);
    g->first[0] = 0;
    return true;
}

/* Queues a node the moment it falls from its least degree k to k - 1. */
static void lower(graph *g, int64_t node, int32_t k)
{
    if (g->degree[node]-- == k) g->queue[g->queued++] = node;
}

static void peel(graph *g, int32_t user_k, int32_t item_k)
{
    for (int64_t v = 0; v < g->n_nodes; v++)
        if (g->degree[v] < (v < g->n_users ? user_k : item_k)) g->queue[g->queued++] = v;
    for (int64_t at = 0; at < g->queued; at++) {
        int64_t v = g->queue[at];
        for (int64_t i = g->first[v]; i < g->first[v + 1]; i++) {
            int64_t k = g->edge[i];
            if (g->gone[k]) continue;
            g->gone[k] = true;
            lower(g, g->p->user[k], user_k);
            lower(g, g->n_users + (int64_t)g->p->item[k], item_k);
        }
    }
}

aisle_status aisle_dataset_core(const aisle_dataset *d, int32_t user_k, int32_t item_k, uint8_t *keep,
                                int64_t *n, aisle_error *err)
{
    pairs p = {0};
    graph g = {0};
    int64_t cleared = 0;
    if (user_k < 0 || item_k < 0)
        return aisle_fail(err, AISLE_EINVAL, "k-core of %d, %d: both must be >= 0", user_k, item_k);
    aisle_status st = pairs_init(&p, d, keep, err);
    if (st == AISLE_OK && !graph_init(&g, d, &p))
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the k-core of %lld pairs", (long long)p.n);
    if (st != AISLE_OK) goto done;
    peel(&g, user_k, item_k);
    for (int64_t k = 0; k < p.n; k++)
        for (int64_t i = p.start[k]; g.gone[k] && i < p.start[k + 1]; i++, cleared++) keep[p.event[i]] = 0;
    *n = cleared;
done:
    graph_deinit(&g);
    pairs_deinit(&p);
    return st;
}
