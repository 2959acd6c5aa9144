/* Opening a model with or without its shop. */
#include "server/cli/model_source.h"

#include <string.h>

#include "aisle/train.h"

static aisle_status add_newcomer(void *ctx, const aisle_product *p, aisle_error *err)
{
    int32_t item;
    return aisle_newcomers_add(ctx, p, &item, err);
}

/* As the server's shelf has them. */
static aisle_status find_newcomers(aisle_model_source *s, aisle_error *err)
{
    aisle_newcomers_maker *k = NULL;
    AISLE_TRY(aisle_newcomers_begin(s->model, NULL, &k, err));
    const aisle_sink sink = {.ctx = k, .product = add_newcomer};
    aisle_status st = aisle_store_load(s->store, &sink, NULL, err);
    if (st == AISLE_OK) st = aisle_newcomers_end(k, &s->newcomers, err);
    aisle_newcomers_maker_free(k);
    return st;
}

/* Everything but what is hidden or out of stock. */
static aisle_status find_allowed(aisle_model_source *s, aisle_error *err)
{
    aisle_str *ids = NULL;
    int64_t n_all = (int64_t)aisle_model_n_items(s->model) + aisle_newcomers_count(s->newcomers), n = 0;
    int64_t words = (n_all + 63) / 64;
    AISLE_TRY(aisle_view_unavailable(s->view, &s->arena, &ids, &n, err));
    s->allowed = aisle_array(words, sizeof *s->allowed);
    if (!s->allowed)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the products that can be bought");
    memset(s->allowed, 0xFF, (size_t)words * sizeof *s->allowed);
    for (int64_t k = 0; k < n; k++) {
        int32_t i = aisle_model_source_find(s, ids[k]);
        if (i >= 0) s->allowed[i >> 6] &= ~((uint64_t)1 << (i & 63));
    }
    return AISLE_OK;
}

aisle_status aisle_model_source_open(const char *data, const char *model, aisle_model_source *out,
                                     aisle_error *err)
{
    *out = (aisle_model_source){0};
    aisle_arena_init(&out->arena);
    if (!data && !model) data = "data"; /* as every command */
    if (data) {
        AISLE_TRY(aisle_store_open(data, false, &out->store, err));
        AISLE_TRY(aisle_view_open(out->store, &out->view, err));
    }
    if (model) {
        AISLE_TRY(aisle_model_open(model, &out->model, err));
    } else {
        AISLE_TRY(aisle_registry_open(data, &out->registry, err));
        out->model = aisle_registry_current(out->registry, &out->version);
        if (!out->model)
            return aisle_fail(err, AISLE_ENOTFOUND,
                              "--data %s: no model yet; make one with `aisle train --data %s`", data, data);
    }
    out->created_ms = aisle_trained_created_ms(aisle_model_meta(out->model));
    if (!data) return AISLE_OK;
    AISLE_TRY(find_newcomers(out, err));
    return find_allowed(out, err);
}

void aisle_model_source_close(aisle_model_source *s)
{
    aisle_free(s->allowed);
    aisle_newcomers_unref(s->newcomers);
    aisle_model_unref(s->model);
    if (s->registry) aisle_registry_close(s->registry);
    if (s->view) aisle_view_close(s->view);
    if (s->store) aisle_store_close(s->store);
    aisle_arena_deinit(&s->arena);
    *s = (aisle_model_source){0};
}

int32_t aisle_model_source_find(const aisle_model_source *s, aisle_str id)
{
    int32_t item = aisle_model_find_item(s->model, id);
    return item >= 0 ? item : aisle_newcomers_find(s->newcomers, id);
}

aisle_str aisle_model_source_id(const aisle_model_source *s, int32_t item)
{
    return item < aisle_model_n_items(s->model) ? aisle_model_item_id(s->model, item)
                                                : aisle_newcomers_id(s->newcomers, item);
}

aisle_status aisle_model_source_item(const aisle_model_source *s, aisle_str id, int32_t *out,
                                     aisle_error *err)
{
    *out = aisle_model_source_find(s, id);
    if (*out >= 0) return AISLE_OK;
    return aisle_fail(
        err, AISLE_ENOTFOUND,
        "item \"%.*s\": not among the %d items of the model, and no product of the catalogue that "
        "its text places; train again if it is new",
        id.len > 100 ? 100 : (int)id.len, id.ptr, aisle_model_n_items(s->model));
}

aisle_status aisle_model_source_product(aisle_model_source *s, int32_t i, aisle_product *out,
                                        aisle_error *err)
{
    aisle_str id = aisle_model_source_id(s, i);
    *out = (aisle_product){.id = id, .price_minor = -1, .stock = -1};
    if (!s->view) return AISLE_OK;
    int64_t version;
    aisle_status st = aisle_view_product(s->view, id, &s->arena, out, &version, err);
    return st == AISLE_ENOTFOUND ? AISLE_OK : st;
}
