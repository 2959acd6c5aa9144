/* A set is the one row of its table. */
#include "server/store/store_internal.h"
#include "server/store/store_sets.h"

const char *const aisle_set_names[] = {[AISLE_SET_RULES] = "rules", [AISLE_SET_SCENARIOS] = "scenarios"};

static const struct {
    aisle_sql get, put;
} statements[] = {[AISLE_SET_RULES] = {AISLE_SQL_RULES_GET, AISLE_SQL_RULES_PUT},
                  [AISLE_SET_SCENARIOS] = {AISLE_SQL_SCENARIOS_GET, AISLE_SQL_SCENARIOS_PUT}};

static aisle_status read_row(aisle_db *db, aisle_set_name set, aisle_arena *a, aisle_str *text,
                             int64_t *version, aisle_error *err)
{
    bool row, copied = true;
    aisle_stmt q = aisle_stmt_begin(db, statements[set].get);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row)
        return aisle_fail(err, AISLE_EFORMAT, "%s: the row of the %s is gone", db->path,
                          aisle_set_names[set]);
    *version = aisle_stmt_get_int(&q, 0);
    if (text) copied = aisle_stmt_copy_text(&q, 1, a, text);
    aisle_stmt_end(&q);
    return copied ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", db->path);
}

aisle_status aisle_view_set(aisle_view *v, aisle_set_name set, aisle_arena *a, aisle_str *text,
                            int64_t *version, aisle_error *err)
{
    return read_row(&v->db, set, a, text, version, err);
}

aisle_status aisle_tx_set_put(aisle_tx *tx, aisle_set_name set, aisle_str text, int64_t expected,
                              int64_t *version, aisle_error *err)
{
    AISLE_TRY(read_row(tx->db, set, NULL, NULL, version, err));
    if (expected >= 0 && expected != *version)
        return aisle_fail(err, AISLE_ECONFLICT, "the %s have version %lld", aisle_set_names[set],
                          (long long)*version);
    aisle_stmt q = aisle_stmt_begin(tx->db, statements[set].put);
    aisle_stmt_text(&q, 1, text);
    AISLE_TRY(aisle_stmt_run(&q, err));
    ++*version;
    return AISLE_OK;
}
