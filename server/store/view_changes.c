/* What the catalogue in memory reads: of every product what lists filter and sort by, and of those that changed. */
#include "server/store/store_internal.h"

static aisle_product_facts read_facts(const aisle_stmt *q)
{
    return (aisle_product_facts){
        .row = aisle_stmt_get_int(q, 0),
        .version = aisle_stmt_get_int(q, 10),
        .changed = aisle_stmt_get_int(q, 11),
        .product = {.id = aisle_stmt_get_text(q, 1),
                    .title = aisle_stmt_get_text(q, 2),
                    .brand = aisle_stmt_get_text(q, 3),
                    .category = aisle_stmt_get_text(q, 4),
                    .attributes = aisle_stmt_get_text(q, 5),
                    .price_minor = aisle_stmt_get_int(q, 6),
                    .stock = aisle_stmt_get_int(q, 7),
                    .created_ms = aisle_stmt_get_int(q, 8),
                    .visibility = aisle_stmt_get_int(q, 9) ? AISLE_HIDDEN : AISLE_VISIBLE,
                    .rating_half_stars = aisle_stmt_get_int(q, 12),
                    .rating_count = aisle_stmt_get_int(q, 13)},
    };
}

static aisle_status send(aisle_stmt *q, aisle_facts_fn *fn, void *ctx, aisle_error *err)
{
    bool row;
    for (;;) {
        AISLE_TRY(aisle_stmt_next(q, &row, err));
        if (!row) return AISLE_OK;
        aisle_product_facts facts = read_facts(q);
        aisle_status st = fn(ctx, &facts, err);
        if (st == AISLE_OK) continue;
        aisle_stmt_end(q);
        return st;
    }
}

aisle_status aisle_view_facts(aisle_view *v, aisle_facts_fn *fn, void *ctx, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_PRODUCT_FACTS);
    return send(&q, fn, ctx, err);
}

aisle_status aisle_view_changes(aisle_view *v, aisle_changes_from from, int32_t limit, aisle_facts_fn *fn,
                                void *ctx, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_PRODUCT_CHANGES);
    aisle_stmt_int(&q, 1, from.changed);
    aisle_stmt_int(&q, 2, from.row);
    aisle_stmt_int(&q, 3, limit);
    return send(&q, fn, ctx, err);
}

aisle_status aisle_view_changes_count(aisle_view *v, aisle_changes_from from, int64_t most, int64_t *out,
                                      aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_PRODUCT_CHANGES_COUNT);
    aisle_stmt_int(&q, 1, from.changed);
    aisle_stmt_int(&q, 2, from.row);
    aisle_stmt_int(&q, 3, most);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *out = row ? aisle_stmt_get_int(&q, 0) : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}
