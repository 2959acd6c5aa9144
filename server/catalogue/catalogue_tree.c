/* The tree of categories, counted anew for every question: a pass over one column, then a sort of the nodes. */
#include <stdlib.h>

#include "server/catalogue/catalogue_columns.h"

/* Takes the first name off a path. */
static aisle_str take_name(aisle_str *path)
{
    const char *at = path->len ? memmem(path->ptr, path->len, " > ", 3) : NULL;
    aisle_str name = {path->ptr, at ? (size_t)(at - path->ptr) : path->len};
    size_t taken = at ? name.len + 3 : name.len;
    *path = (aisle_str){path->ptr + taken, path->len - taken};
    return name;
}

/* Name by name: as bytes, "Home & Garden" would stand between "Home" and "Home > Kitchen". */
static int compare_paths(const void *a, const void *b)
{
    aisle_str x = ((const aisle_category_node *)a)->path, y = ((const aisle_category_node *)b)->path;
    while (x.len && y.len) {
        aisle_str p = take_name(&x), q = take_name(&y);
        size_t n = p.len < q.len ? p.len : q.len;
        int d = n ? memcmp(p.ptr, q.ptr, n) : 0;
        if (d) return d;
        if (p.len != q.len) return p.len < q.len ? -1 : 1;
    }
    return x.len ? 1 : y.len ? -1 : 0;
}

static void count_nodes(const aisle_columns *c, int32_t n, int64_t *count)
{
    int32_t n_slots = aisle_idmap_count(c->ids);
    for (int32_t i = 0; i < n_slots; i++) count[c->category[i] + 1] += aisle_bit(c->shown, i);
    for (int32_t node = n - 1; node >= 0; node--) count[c->category_parent[node] + 1] += count[node + 1];
}

/* In this order a node's parent is the last one before it that is a level higher. */
static void link_parents(aisle_category_node *list, int32_t n)
{
    int32_t last[AISLE_CATEGORY_LEVELS];
    for (int32_t i = 0; i < n; i++) {
        list[i].parent = list[i].depth ? last[list[i].depth - 1] : -1;
        last[list[i].depth] = i;
    }
}

aisle_status aisle_catalogue_categories(const aisle_catalogue *k, aisle_arena *a, aisle_category_node **out,
                                        int32_t *n, aisle_error *err)
{
    const aisle_columns *c = k->now;
    int32_t n_nodes = aisle_idmap_count(c->categories), kept = 0;
    int64_t *count = aisle_arena_calloc(a, (size_t)n_nodes + 1, sizeof *count);
    int32_t *depth = aisle_arena_calloc(a, (size_t)n_nodes + 1, sizeof *depth);
    aisle_category_node *list = aisle_arena_calloc(a, (size_t)n_nodes, sizeof *list);
    if (!count || !depth || !list) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the categories");
    count_nodes(c, n_nodes, count);
    for (int32_t i = 0; i < n_nodes; i++) {
        int32_t parent = c->category_parent[i];
        depth[i] = parent < 0 ? 0 : depth[parent] + 1;
        if (!count[i + 1]) continue;
        list[kept++] = (aisle_category_node){
            .path = aisle_idmap_get(c->categories, i), .depth = depth[i], .count = count[i + 1]};
    }
    qsort(list, (size_t)kept, sizeof *list, compare_paths);
    link_parents(list, kept);
    *out = list;
    *n = kept;
    return AISLE_OK;
}
