/* Keeps the full-text index in step with a product, inside the transaction that changes it. */
#include "server/store/store_internal.h"
#include "server/store/store_search.h"

static aisle_status note_change(aisle_tx *tx, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_SEARCH_CHANGED);
    return aisle_stmt_run(&q, err);
}

static aisle_stmt with_texts(aisle_tx *tx, aisle_sql sql, int64_t id, const aisle_product *p)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, sql);
    aisle_stmt_int(&q, 1, id);
    aisle_stmt_text(&q, 2, p->id);
    aisle_stmt_text(&q, 3, p->title);
    aisle_stmt_text(&q, 4, p->brand);
    aisle_stmt_text(&q, 5, p->category);
    aisle_stmt_text(&q, 6, p->attributes);
    aisle_stmt_text(&q, 7, p->description);
    return q;
}

static aisle_status note_row(aisle_tx *tx, int64_t id, aisle_error *err)
{
    aisle_search_backlog *b = tx->search_later;
    if (!aisle_grow((void **)&b->rows, &b->cap, b->n + 1, sizeof *b->rows))
        return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", tx->db->path);
    b->rows[b->n++] = id;
    return AISLE_OK;
}

aisle_status aisle_tx_search_add(aisle_tx *tx, int64_t id, const aisle_product *p, aisle_error *err)
{
    if (tx->search_later) return note_row(tx, id, err);
    aisle_stmt q = with_texts(tx, AISLE_SQL_SEARCH_ADD, id, p);
    AISLE_TRY(aisle_stmt_run(&q, err));
    return note_change(tx, err);
}

aisle_status aisle_tx_search_remove(aisle_tx *tx, int64_t id, aisle_error *err)
{
    if (tx->search_later) return note_row(tx, id, err);
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_SEARCH_REMOVE);
    aisle_stmt_int(&q, 1, id);
    AISLE_TRY(aisle_stmt_run(&q, err));
    return note_change(tx, err);
}

aisle_status aisle_tx_search_put(aisle_tx *tx, int64_t id, const aisle_product *p, aisle_error *err)
{
    bool same;
    if (tx->search_later) return note_row(tx, id, err);
    aisle_stmt q = with_texts(tx, AISLE_SQL_SEARCH_SAME, id, p);
    AISLE_TRY(aisle_stmt_next(&q, &same, err));
    if (same) {
        aisle_stmt_end(&q);
        /* It may have been hidden or shown: what is suggested leaves the hidden out. */
        return p->visibility == AISLE_VISIBILITY_KEEP ? AISLE_OK : note_change(tx, err);
    }
    AISLE_TRY(aisle_tx_search_remove(tx, id, err));
    return aisle_tx_search_add(tx, id, p, err);
}

/* ---- many at once ---- */

enum { ANEW_FROM = 1000, ANEW_SHARE = 8 };

void aisle_tx_search_begin(aisle_tx *tx, aisle_search_backlog *b)
{
    *b = (aisle_search_backlog){0};
    tx->search_later = b;
}

static aisle_status count_products(aisle_tx *tx, int64_t *n, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TOTALS_GET);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *n = row ? aisle_stmt_get_int(&q, 0) + tx->deltas.products : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

/* Dropped and made again by its own statement: emptying it would take out term by term. */
static aisle_status fill_anew(aisle_tx *tx, aisle_error *err)
{
    bool row;
    aisle_buf sql = {0};
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_SEARCH_TABLE);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    aisle_str create = row ? aisle_stmt_get_text(&q, 0) : (aisle_str){NULL, 0};
    bool ok =
        create.ptr && aisle_buf_printf(&sql, "DROP TABLE product_search; %.*s;", (int)create.len, create.ptr);
    aisle_stmt_end(&q);
    aisle_status st = ok ? aisle_db_run(tx->db, sql.data, err)
                         : aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", tx->db->path);
    aisle_buf_deinit(&sql);
    AISLE_TRY(st);
    q = aisle_stmt_begin(tx->db, AISLE_SQL_SEARCH_HASHSIZE);
    AISLE_TRY(aisle_stmt_run(&q, err));
    q = aisle_stmt_begin(tx->db, AISLE_SQL_SEARCH_FILL);
    return aisle_stmt_run(&q, err);
}

static aisle_status follow(aisle_tx *tx, const aisle_search_backlog *b, aisle_error *err)
{
    int64_t products;
    if (b->n == 0) return AISLE_OK;
    AISLE_TRY(note_change(tx, err));
    AISLE_TRY(count_products(tx, &products, err));
    if (b->n >= ANEW_FROM && b->n >= products / ANEW_SHARE) return fill_anew(tx, err);
    for (int64_t i = 0; i < b->n; i++) {
        aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_SEARCH_REMOVE);
        aisle_stmt_int(&q, 1, b->rows[i]);
        AISLE_TRY(aisle_stmt_run(&q, err));
        q = aisle_stmt_begin(tx->db, AISLE_SQL_SEARCH_FILL_ONE);
        aisle_stmt_int(&q, 1, b->rows[i]);
        AISLE_TRY(aisle_stmt_run(&q, err));
    }
    return AISLE_OK;
}

aisle_status aisle_tx_search_end(aisle_tx *tx, aisle_status st, aisle_error *err)
{
    aisle_search_backlog *b = tx->search_later;
    tx->search_later = NULL;
    if (st == AISLE_OK) st = follow(tx, b, err);
    aisle_free(b->rows);
    *b = (aisle_search_backlog){0};
    return st;
}

aisle_status aisle_tx_synonyms(aisle_tx *tx, const aisle_synonym *list, int32_t n, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_SYNONYM_CLEAR);
    AISLE_TRY(aisle_stmt_run(&q, err));
    for (int32_t i = 0; i < n; i++) {
        q = aisle_stmt_begin(tx->db, AISLE_SQL_SYNONYM_ADD);
        aisle_stmt_int(&q, 1, list[i].set);
        aisle_stmt_text(&q, 2, list[i].phrase);
        AISLE_TRY(aisle_stmt_run(&q, err));
    }
    return note_change(tx, err);
}
