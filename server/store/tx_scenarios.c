/* The scenarios' one row. */
#include "server/store/store_internal.h"
#include "server/store/store_scenarios.h"

/* text: NULL = not wanted; in the arena. */
static aisle_status read_row(aisle_db *db, aisle_arena *a, aisle_str *text, int64_t *version,
                             aisle_error *err)
{
    bool row, copied = true;
    aisle_stmt q = aisle_stmt_begin(db, AISLE_SQL_SCENARIOS_GET);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_EFORMAT, "%s: the row of the scenarios is gone", db->path);
    *version = aisle_stmt_get_int(&q, 0);
    if (text) copied = aisle_stmt_copy_text(&q, 1, a, text);
    aisle_stmt_end(&q);
    return copied ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", db->path);
}

aisle_status aisle_view_scenarios(aisle_view *v, aisle_arena *a, aisle_str *text, int64_t *version,
                                  aisle_error *err)
{
    return read_row(&v->db, a, text, version, err);
}

aisle_status aisle_tx_scenarios_put(aisle_tx *tx, aisle_str text, int64_t expected, int64_t *version,
                                    aisle_error *err)
{
    AISLE_TRY(read_row(tx->db, NULL, NULL, version, err));
    if (expected >= 0 && expected != *version)
        return aisle_fail(err, AISLE_ECONFLICT, "the scenarios have version %lld", (long long)*version);
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_SCENARIOS_PUT);
    aisle_stmt_text(&q, 1, text);
    AISLE_TRY(aisle_stmt_run(&q, err));
    ++*version;
    return AISLE_OK;
}
