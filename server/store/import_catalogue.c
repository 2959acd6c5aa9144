/* Staged products and users into the tables. A catalogue mostly new is stored without the indexes of its
 * lists, which are then made whole, each by one sort: a third of the time of filling seven of them at random.
 */
#include "server/store/store_import.h"

/* Below it the indexes fit the cache and the schema is better left alone. */
enum { BULK_PRODUCTS = 10000 };

/* Where the staged catalogue goes. */
typedef struct target {
    aisle_store_import *import;
    aisle_tx *tx;
} target;

static aisle_status store_product(void *ctx, const aisle_product *p, aisle_error *err)
{
    target *t = ctx;
    AISLE_TRY(aisle_store_import_step(t->import, err));
    return aisle_tx_product(t->tx, p, err);
}

static aisle_status store_user(void *ctx, const aisle_user *u, aisle_error *err)
{
    target *t = ctx;
    AISLE_TRY(aisle_store_import_step(t->import, err));
    return aisle_tx_user(t->tx, u, err);
}

static aisle_status is_bulk(const aisle_store_import *i, aisle_tx *tx, bool *bulk, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TOTALS_GET);
    AISLE_TRY(aisle_stmt_next(&q, bulk, err));
    if (!*bulk) return AISLE_OK;
    int64_t stored = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    *bulk = i->staging.n_products >= BULK_PRODUCTS && i->staging.n_products > stored;
    return AISLE_OK;
}

/* The statements that drop and that make the indexes again. */
static aisle_status find_indexes(aisle_tx *tx, aisle_buf *drop, aisle_buf *create, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PRODUCT_INDEXES);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    while (row) {
        aisle_str a = aisle_stmt_get_text(&q, 0), b = aisle_stmt_get_text(&q, 1);
        bool kept =
            a.ptr && b.ptr && aisle_buf_append(drop, a.ptr, a.len) && aisle_buf_append(create, b.ptr, b.len);
        if (!kept) {
            aisle_stmt_end(&q);
            return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", tx->db->path);
        }
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
    }
    return AISLE_OK;
}

aisle_status aisle_store_import_catalogue(aisle_store_import *i, aisle_tx *tx, aisle_error *err)
{
    target t = {i, tx};
    const aisle_sink sink = {&t, store_product, store_user, NULL};
    aisle_buf drop = {0}, create = {0};
    aisle_search_backlog backlog;
    bool bulk;
    AISLE_TRY(is_bulk(i, tx, &bulk, err));
    aisle_status st = bulk ? find_indexes(tx, &drop, &create, err) : AISLE_OK;
    if (st == AISLE_OK && drop.len) st = aisle_db_run(tx->db, drop.data, err);
    aisle_tx_search_begin(tx, &backlog);
    if (st == AISLE_OK) st = aisle_staging_catalogue(&i->staging, &sink, err);
    st = aisle_tx_search_end(tx, st, err);
    if (st == AISLE_OK && create.len) st = aisle_db_run(tx->db, create.data, err);
    aisle_buf_deinit(&drop);
    aisle_buf_deinit(&create);
    return st;
}
