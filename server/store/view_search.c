/* Reading for the search: hits, texts, synonyms. */
#include "server/store/search_rank.h"
#include "server/store/store_internal.h"
#include "server/store/store_search.h"

static aisle_status no_memory(aisle_view *v, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", v->db.path);
}

aisle_status aisle_view_search(aisle_view *v, aisle_str expression, const aisle_rank *rank, int64_t most,
                               aisle_search_hit **out, int64_t *n, aisle_error *err)
{
    aisle_collector c = {.rank = rank, .most = most};
    bool full;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_SEARCH_ROWS);
    aisle_stmt_text(&q, 1, expression);
    if (q.rc == SQLITE_OK) q.rc = sqlite3_bind_pointer(q.stmt, 2, &c, "aisle_collector", NULL);
    aisle_status st = aisle_stmt_next(&q, &full, err);
    if (full) aisle_stmt_end(&q);
    if (st == AISLE_OK) {
        *out = c.hits;
        *n = c.n;
    } else
        aisle_free(c.hits);
    return st;
}

aisle_status aisle_view_search_version(aisle_view *v, int64_t *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_SEARCH_VERSION);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_EIO, "%s: the state of the search is missing", v->db.path);
    *out = aisle_stmt_get_int(&q, 0);
    aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_view_search_texts(aisle_view *v, aisle_search_texts_fn *fn, void *ctx, aisle_error *err)
{
    bool row;
    aisle_status st;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_SEARCH_TEXTS);
    while ((st = aisle_stmt_next(&q, &row, err)) == AISLE_OK && row) {
        const aisle_search_texts t = {.row = aisle_stmt_get_int(&q, 0),
                                      .title = aisle_stmt_get_text(&q, 1),
                                      .brand = aisle_stmt_get_text(&q, 2),
                                      .category = aisle_stmt_get_text(&q, 3),
                                      .attributes = aisle_stmt_get_text(&q, 4),
                                      .description = aisle_stmt_get_text(&q, 5)};
        st = fn(ctx, &t, err);
        if (st != AISLE_OK) {
            aisle_stmt_end(&q);
            break;
        }
    }
    return st;
}

aisle_status aisle_view_synonyms(aisle_view *v, aisle_arena *a, aisle_synonym **out, int32_t *n,
                                 aisle_error *err)
{
    aisle_synonym *list = NULL;
    int64_t cap = 0, count = 0;
    bool row;
    aisle_status st;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_SYNONYM_ALL);
    while ((st = aisle_stmt_next(&q, &row, err)) == AISLE_OK && row) {
        bool ok = aisle_grow((void **)&list, &cap, count + 1, sizeof *list);
        if (ok) list[count].set = aisle_stmt_get_int(&q, 0);
        if (ok && aisle_stmt_copy_text(&q, 1, a, &list[count].phrase)) {
            count++;
            continue;
        }
        aisle_stmt_end(&q);
        st = no_memory(v, err);
        break;
    }
    aisle_synonym *copy = st == AISLE_OK ? aisle_arena_calloc(a, (size_t)count, sizeof *copy) : NULL;
    if (st == AISLE_OK && !copy) st = no_memory(v, err);
    if (st == AISLE_OK) {
        if (count) memcpy(copy, list, (size_t)count * sizeof *copy);
        *out = copy;
        *n = (int32_t)count;
    }
    aisle_free(list);
    return st;
}
