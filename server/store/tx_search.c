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

aisle_status aisle_tx_search_add(aisle_tx *tx, int64_t id, const aisle_product *p, aisle_error *err)
{
    aisle_stmt q = with_texts(tx, AISLE_SQL_SEARCH_ADD, id, p);
    AISLE_TRY(aisle_stmt_run(&q, err));
    return note_change(tx, err);
}

aisle_status aisle_tx_search_remove(aisle_tx *tx, int64_t id, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_SEARCH_REMOVE);
    aisle_stmt_int(&q, 1, id);
    AISLE_TRY(aisle_stmt_run(&q, err));
    return note_change(tx, err);
}

aisle_status aisle_tx_search_put(aisle_tx *tx, int64_t id, const aisle_product *p, aisle_error *err)
{
    bool same;
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
