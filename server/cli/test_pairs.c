/* A sink that looks ids up instead of adding them. */
#include "server/cli/test_pairs.h"

#include "aisle/memory.h"

typedef struct gather {
    const aisle_test_ids *ids;
    const aisle_weights *w;
    aisle_test_pairs *out;
    int32_t *user, *item;
    int64_t n, user_room, item_room;
} gather;

static int32_t find_user(const aisle_test_ids *ids, aisle_str id)
{
    return ids->model ? aisle_model_find_user(ids->model, id)
                      : aisle_idmap_find(aisle_dataset_users(ids->dataset), id);
}

static int32_t find_item(const aisle_test_ids *ids, aisle_str id)
{
    return ids->model ? aisle_model_find_item(ids->model, id)
                      : aisle_idmap_find(aisle_dataset_items(ids->dataset), id);
}

static aisle_status on_event(void *ctx, const aisle_event *e, aisle_error *err)
{
    gather *g = ctx;
    if (!(aisle_weights_event(g->w, e->type, e->value) > 0)) return AISLE_OK;
    g->out->events++;
    int32_t user = find_user(g->ids, e->user), item = find_item(g->ids, e->item);
    if (user < 0)
        g->out->unknown_user++;
    else if (item < 0)
        g->out->unknown_item++;
    if (user < 0 || item < 0) return AISLE_OK;
    if (!aisle_grow((void **)&g->user, &g->user_room, g->n + 1, sizeof *g->user) ||
        !aisle_grow((void **)&g->item, &g->item_room, g->n + 1, sizeof *g->item))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld test pairs", (long long)g->n);
    g->user[g->n] = user;
    g->item[g->n++] = item;
    return AISLE_OK;
}

aisle_status aisle_test_pairs_read(const aisle_import_params *p, const aisle_test_ids *ids,
                                   const aisle_weights *w, aisle_test_pairs *out, aisle_error *err)
{
    aisle_import_report report;
    aisle_test_pairs made = {0};
    gather g = {.ids = ids, .w = w, .out = &made};
    aisle_sink sink = {.ctx = &g, .event = on_event};
    int32_t n_users =
        ids->model ? aisle_model_n_users(ids->model) : aisle_idmap_count(aisle_dataset_users(ids->dataset));
    int32_t n_items =
        ids->model ? aisle_model_n_items(ids->model) : aisle_idmap_count(aisle_dataset_items(ids->dataset));
    aisle_status st = aisle_import(p, &sink, &report, err);
    if (st == AISLE_OK && g.n == 0)
        st = aisle_fail(err, AISLE_EINVAL, "%s: none of its %lld events is of a known user and item",
                        p->files->path, (long long)made.events);
    if (st == AISLE_OK)
        st = aisle_csr_from_coo(n_users, n_items, g.n, g.user, g.item, NULL, &made.pairs, err);
    if (st == AISLE_OK) *out = made;
    aisle_free(g.user);
    aisle_free(g.item);
    return st;
}
