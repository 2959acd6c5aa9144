/* Rows of tunings and of their looks. */
#include "server/store/tunings.h"

#include "server/store/store_internal.h"

typedef struct keeping {
    aisle_write write;
    const aisle_tuning_text *text;
} keeping;

static aisle_status add_head(aisle_tx *tx, const char *head, int64_t looks, int64_t *id, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TUNING_ADD);
    aisle_stmt_int(&q, 1, aisle_time_now_ms());
    aisle_stmt_int(&q, 2, looks);
    aisle_stmt_cstr(&q, 3, head);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *id = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

static aisle_status add_look(aisle_tx *tx, int64_t tuning, int64_t n, const char *body, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TUNING_LOOK_ADD);
    aisle_stmt_int(&q, 1, tuning);
    aisle_stmt_int(&q, 2, n);
    aisle_stmt_cstr(&q, 3, body);
    return aisle_stmt_run(&q, err);
}

static aisle_status keep(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    const aisle_tuning_text *t = ((const keeping *)w)->text;
    int64_t id, first = t->n_looks > AISLE_TUNING_LOOKS_KEPT ? t->n_looks - AISLE_TUNING_LOOKS_KEPT : 0;
    AISLE_TRY(add_head(tx, t->head, t->n_looks - first, &id, err));
    for (int64_t i = first; i < t->n_looks; i++) AISLE_TRY(add_look(tx, id, i + 1, t->looks[i], err));
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_TUNINGS_FORGET);
    aisle_stmt_int(&q, 1, AISLE_TUNINGS_KEPT);
    AISLE_TRY(aisle_stmt_run(&q, err));
    return aisle_db_step(tx->db, AISLE_SQL_TUNING_LOOKS_FORGET, err);
}

aisle_status aisle_store_tuning_keep(aisle_store *s, const aisle_tuning_text *t, aisle_error *err)
{
    keeping k = {{.run = keep}, t};
    return aisle_store_write_now(s, &k.write, err);
}

static aisle_status no_memory(const aisle_view *v, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for tunings", v->db.path);
}

static bool copy_row(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_tuning_row *out = row;
    *out = (aisle_tuning_row){.id = aisle_stmt_get_int(q, 0),
                              .ended_ms = aisle_stmt_get_int(q, 1),
                              .n_looks = aisle_stmt_get_int(q, 2)};
    return aisle_stmt_copy_text(q, 3, a, &out->head);
}

aisle_status aisle_view_tunings(aisle_view *v, int64_t before, int32_t limit, aisle_arena *a,
                                aisle_tuning_row **out, int32_t *n, aisle_error *err)
{
    void *list;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_TUNINGS_PAGE);
    aisle_stmt_int(&q, 1, before);
    aisle_stmt_int(&q, 2, limit);
    AISLE_TRY(aisle_stmt_list(&q, a, limit, sizeof **out, copy_row, &list, n, err));
    *out = list;
    return AISLE_OK;
}

aisle_status aisle_view_tuning(aisle_view *v, int64_t id, aisle_arena *a, aisle_tuning_row *out,
                               aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_TUNING_GET);
    aisle_stmt_int(&q, 1, id);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_ENOTFOUND, "tuning %lld: not found", (long long)id);
    bool copied = copy_row(&q, a, out);
    aisle_stmt_end(&q);
    return copied ? AISLE_OK : no_memory(v, err);
}

aisle_status aisle_view_tuning_looks(aisle_view *v, const aisle_tuning_looks_page *page, aisle_arena *a,
                                     aisle_str **out, int32_t *n, int64_t *last, aisle_error *err)
{
    int32_t count = 0;
    bool row;
    aisle_str *list = aisle_arena_calloc(a, (size_t)page->limit, sizeof *list);
    if (!list) return no_memory(v, err);
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_TUNING_LOOKS_PAGE);
    aisle_stmt_int(&q, 1, page->tuning);
    aisle_stmt_int(&q, 2, page->after);
    aisle_stmt_int(&q, 3, page->limit);
    for (;; count++) {
        AISLE_TRY(aisle_stmt_next(&q, &row, err));
        if (!row) break;
        *last = aisle_stmt_get_int(&q, 0);
        if (aisle_stmt_copy_text(&q, 1, a, &list[count])) continue;
        aisle_stmt_end(&q);
        return no_memory(v, err);
    }
    *out = list;
    *n = count;
    return AISLE_OK;
}
