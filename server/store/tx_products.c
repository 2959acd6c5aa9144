/* Writing products inside a transaction: records, their stock, the summary of their ratings. */
#include "server/store/store_internal.h"

aisle_status aisle_product_check(const aisle_product *p, aisle_error *err)
{
    AISLE_TRY(aisle_id_check("id of a product", p->id, true, err));
    if (p->price_minor < -1 || p->stock < -1)
        return aisle_fail(err, AISLE_EINVAL, "price %lld or stock %lld of a product is below -1",
                          (long long)p->price_minor, (long long)p->stock);
    return AISLE_OK;
}

static aisle_stmt product_stmt(aisle_tx *tx, aisle_sql id, const aisle_product *p)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, id);
    aisle_stmt_text(&q, 1, p->id);
    aisle_stmt_text(&q, 2, p->title);
    aisle_stmt_text(&q, 3, p->description);
    aisle_stmt_text(&q, 4, p->brand);
    aisle_stmt_text(&q, 5, p->category);
    aisle_stmt_text(&q, 6, p->currency);
    aisle_stmt_text(&q, 7, p->attributes);
    aisle_stmt_int(&q, 8, p->price_minor);
    aisle_stmt_int(&q, 9, p->stock);
    aisle_stmt_int(&q, 10, p->created_ms);
    aisle_stmt_text(&q, 11, p->images);
    aisle_stmt_int(&q, 12, p->visibility);
    return q;
}

/* Of the stored row: a version of 0 or less without a record. */
static aisle_status find_version(aisle_tx *tx, aisle_str id, int64_t *out, int64_t *number, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PRODUCT_VERSION);
    aisle_stmt_text(&q, 1, id);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *out = row ? aisle_stmt_get_int(&q, 0) : 0;
    *number = row ? aisle_stmt_get_int(&q, 1) : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status check_version(aisle_str id, int64_t is, int64_t expected, aisle_error *err)
{
    if (is < 0) is = 0;
    if (expected < 0 || is == expected) return AISLE_OK;
    if (!is)
        return aisle_fail(err, AISLE_ECONFLICT, "product %.*s: is not there, version %lld was expected",
                          (int)id.len, id.ptr, (long long)expected);
    return aisle_fail(err, AISLE_ECONFLICT, "product %.*s: has version %lld, %lld was expected", (int)id.len,
                      id.ptr, (long long)is, (long long)expected);
}

static aisle_status update(aisle_tx *tx, aisle_product_write *w, aisle_error *err)
{
    bool row;
    int64_t before, number;
    AISLE_TRY(find_version(tx, w->product->id, &before, &number, err));
    AISLE_TRY(check_version(w->product->id, before, w->expected, err));
    aisle_stmt q = product_stmt(tx, AISLE_SQL_PRODUCT_UPDATE, w->product);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    w->created = before <= 0;
    w->changed = row; /* none: equal to what is stored */
    w->version = row ? aisle_stmt_get_int(&q, 0) : before;
    if (!row) return AISLE_OK;
    aisle_stmt_end(&q);
    return aisle_tx_search_put(tx, number, w->product, err);
}

aisle_status aisle_tx_product_put(aisle_tx *tx, aisle_product_write *w, aisle_error *err)
{
    AISLE_TRY(aisle_product_check(w->product, err));
    if (w->expected > 0) {
        AISLE_TRY(update(tx, w, err));
    } else {
        aisle_stmt q = product_stmt(tx, AISLE_SQL_PRODUCT_INSERT, w->product);
        AISLE_TRY(aisle_stmt_run(&q, err));
        w->created = w->changed = sqlite3_changes(tx->db->handle) == 1;
        w->version = 1;
        if (w->created)
            AISLE_TRY(aisle_tx_search_add(tx, sqlite3_last_insert_rowid(tx->db->handle), w->product, err));
        else
            AISLE_TRY(update(tx, w, err));
    }
    tx->deltas.products += w->created;
    tx->deltas.catalogue += w->changed;
    return AISLE_OK;
}

aisle_status aisle_tx_product(aisle_tx *tx, const aisle_product *p, aisle_error *err)
{
    aisle_product_write w = {.product = p, .expected = -1};
    return aisle_tx_product_put(tx, &w, err);
}

aisle_status aisle_tx_product_get(aisle_tx *tx, aisle_str id, aisle_arena *a, aisle_product *out,
                                  int64_t *version, aisle_error *err)
{
    return aisle_db_product(tx->db, id, a, out, version, err);
}

aisle_status aisle_tx_product_remove(aisle_tx *tx, aisle_str id, int64_t expected, aisle_error *err)
{
    int64_t before, number;
    AISLE_TRY(find_version(tx, id, &before, &number, err));
    if (before <= 0) return aisle_fail(err, AISLE_ENOTFOUND, "product %.*s: not found", (int)id.len, id.ptr);
    AISLE_TRY(check_version(id, before, expected, err));
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PRODUCT_REMOVE);
    aisle_stmt_text(&q, 1, id);
    AISLE_TRY(aisle_stmt_run(&q, err));
    AISLE_TRY(aisle_tx_search_remove(tx, number, err));
    tx->deltas.products--;
    tx->deltas.catalogue++;
    return AISLE_OK;
}

aisle_status aisle_tx_product_rating(aisle_tx *tx, int64_t product, int64_t half_stars, int64_t count,
                                     aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PRODUCT_RATING);
    aisle_stmt_int(&q, 1, product);
    aisle_stmt_int(&q, 2, half_stars);
    aisle_stmt_int(&q, 3, count);
    AISLE_TRY(aisle_stmt_run(&q, err));
    if (sqlite3_changes(tx->db->handle) != 1)
        return aisle_fail(err, AISLE_ENOTFOUND,
                          "product %lld: not there, or has fewer ratings than are taken off",
                          (long long)product);
    tx->deltas.catalogue++;
    return AISLE_OK;
}

/* Why no stock was changed. */
static aisle_status refuse_stock(aisle_tx *tx, int64_t product, int64_t delta, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PRODUCT_HAS_RECORD);
    aisle_stmt_int(&q, 1, product);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "product %lld: not found", (long long)product);
    aisle_stmt_end(&q);
    return aisle_fail(err, AISLE_ECONFLICT, "product %lld: its stock cannot change by %lld",
                      (long long)product, (long long)delta);
}

aisle_status aisle_tx_product_stock(aisle_tx *tx, int64_t product, int64_t delta, int64_t *stock,
                                    aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_PRODUCT_STOCK);
    aisle_stmt_int(&q, 1, product);
    aisle_stmt_int(&q, 2, delta);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return refuse_stock(tx, product, delta, err);
    int64_t left = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    tx->deltas.catalogue++;
    if (stock) *stock = left;
    return AISLE_OK;
}
