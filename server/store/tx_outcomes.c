/* Outcomes in the store: the events to count, what is counted, and the sums. */
#include <string.h>

#include "aisle/memory.h"
#include "server/store/learning.h"
#include "server/store/store_internal.h"

static aisle_status no_memory(aisle_view *v, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory for outcomes", v->db.path);
}

aisle_status aisle_view_outcome_range(aisle_view *v, aisle_outcome_range *out, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_OUTCOME_RANGE);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (!row) return aisle_fail(err, AISLE_EFORMAT, "%s: outcome_state has no row", v->db.path);
    *out = (aisle_outcome_range){aisle_stmt_get_int(&q, 0), aisle_stmt_get_int(&q, 1)};
    aisle_stmt_end(&q);
    return AISLE_OK;
}

static bool copy_event(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_outcome_event *e = row;
    *e = (aisle_outcome_event){.id = aisle_stmt_get_int(q, 0),
                               .user = aisle_stmt_get_int(q, 1),
                               .session = aisle_stmt_get_int(q, 2),
                               .product = aisle_stmt_get_int(q, 3),
                               .type = (aisle_event_type)aisle_stmt_get_int(q, 4),
                               .value = aisle_stmt_get_real(q, 5),
                               .price_minor = aisle_stmt_get_int(q, 6)};
    return aisle_stmt_copy_text(q, 7, a, &e->currency) && aisle_stmt_copy_text(q, 8, a, &e->recommendation);
}

aisle_status aisle_view_outcome_events(aisle_view *v, int64_t after, int64_t last, int32_t limit,
                                       aisle_arena *a, aisle_outcome_event **out, int32_t *n,
                                       aisle_error *err)
{
    void *list;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_OUTCOME_EVENTS);
    aisle_stmt_int(&q, 1, after);
    aisle_stmt_int(&q, 2, last);
    aisle_stmt_int(&q, 3, limit);
    AISLE_TRY(aisle_stmt_list(&q, a, limit, sizeof **out, copy_event, &list, n, err));
    *out = list;
    return AISLE_OK;
}

aisle_status aisle_tx_outcome_claim(aisle_tx *tx, int64_t day, uint64_t key, bool *first, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_OUTCOME_CLAIM);
    aisle_stmt_int(&q, 1, day);
    aisle_stmt_int(&q, 2, (int64_t)key);
    AISLE_TRY(aisle_stmt_run(&q, err));
    *first = sqlite3_changes(tx->db->handle) != 0;
    return AISLE_OK;
}

static void bind_key(aisle_stmt *q, const aisle_outcome_key *k)
{
    aisle_stmt_int(q, 1, k->day);
    aisle_stmt_int(q, 2, k->model);
    aisle_stmt_text(q, 3, k->strategy);
    aisle_stmt_text(q, 4, k->scenario);
    aisle_stmt_text(q, 5, k->experiment);
    aisle_stmt_text(q, 6, k->variant);
}

aisle_status aisle_tx_outcome_add(aisle_tx *tx, const aisle_outcome_key *k, const aisle_outcome_counts *add,
                                  aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_OUTCOME_ADD);
    bind_key(&q, k);
    aisle_stmt_int(&q, 7, add->impressions);
    aisle_stmt_int(&q, 8, add->clicks);
    aisle_stmt_int(&q, 9, add->carts);
    aisle_stmt_int(&q, 10, add->purchases);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_tx_outcome_revenue(aisle_tx *tx, const aisle_outcome_key *k, aisle_str currency,
                                      int64_t minor, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_OUTCOME_REVENUE_ADD);
    bind_key(&q, k);
    aisle_stmt_text(&q, 7, currency.ptr ? currency : AISLE_STR(""));
    aisle_stmt_int(&q, 8, minor);
    aisle_stmt_real(&q, 9, (double)minor * (double)minor);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_tx_outcome_upto(aisle_tx *tx, int64_t upto, int64_t oldest, aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_OUTCOME_SEEN_FORGET);
    aisle_stmt_int(&q, 1, oldest);
    AISLE_TRY(aisle_stmt_run(&q, err));
    q = aisle_stmt_begin(tx->db, AISLE_SQL_OUTCOME_UPTO);
    aisle_stmt_int(&q, 1, upto);
    return aisle_stmt_run(&q, err);
}

/* ---- sums ---- */

static aisle_stmt begin_sums(aisle_view *v, aisle_sql id, aisle_outcome_group by, int64_t from, int64_t to)
{
    aisle_stmt q = aisle_stmt_begin(&v->db, id);
    aisle_stmt_int(&q, 1, from);
    aisle_stmt_int(&q, 2, to);
    aisle_stmt_int(&q, 3, (int64_t)by);
    return q;
}

static aisle_status read_sums(aisle_view *v, aisle_stmt *q, aisle_arena *a, aisle_outcome_sum *list,
                              int32_t *n, aisle_error *err)
{
    bool row;
    for (;;) {
        AISLE_TRY(aisle_stmt_next(q, &row, err));
        if (!row) return AISLE_OK;
        aisle_outcome_sum *s = &list[*n];
        s->counts = (aisle_outcome_counts){aisle_stmt_get_int(q, 2), aisle_stmt_get_int(q, 3),
                                           aisle_stmt_get_int(q, 4), aisle_stmt_get_int(q, 5)};
        if (!aisle_stmt_copy_text(q, 0, a, &s->name) || !aisle_stmt_copy_text(q, 1, a, &s->experiment)) {
            aisle_stmt_end(q);
            return no_memory(v, err);
        }
        (*n)++;
    }
}

/* Both come in one order: the search begins where the last one ended. -1: counted since the sums were read. */
static int32_t find_sum(const aisle_outcome_sum *list, int32_t from, int32_t n, aisle_str name, aisle_str of)
{
    for (int32_t i = from; i < n; i++)
        if (aisle_str_eq(list[i].name, name) && aisle_str_eq(list[i].experiment, of)) return i;
    return -1;
}

/* A currency is the product's: there may be many a group. *rows is the caller's to free. */
static aisle_status collect_revenue(aisle_view *v, aisle_stmt *q, aisle_arena *a, aisle_outcome_sum *list,
                                    int32_t n, aisle_outcome_revenue **rows, int64_t *used, aisle_error *err)
{
    bool row;
    int32_t at = 0;
    int64_t cap = 0;
    for (;;) {
        AISLE_TRY(aisle_stmt_next(q, &row, err));
        if (!row) return AISLE_OK;
        int32_t found = find_sum(list, at, n, aisle_stmt_get_text(q, 0), aisle_stmt_get_text(q, 1));
        if (found < 0) continue;
        at = found;
        if (!aisle_grow((void **)rows, &cap, *used + 1, sizeof **rows)) break;
        aisle_outcome_revenue *one = &(*rows)[*used];
        *one =
            (aisle_outcome_revenue){.minor = aisle_stmt_get_int(q, 3), .squares = aisle_stmt_get_real(q, 4)};
        if (!aisle_stmt_copy_text(q, 2, a, &one->currency)) break;
        list[at].n_revenue++;
        ++*used;
    }
    aisle_stmt_end(q);
    return no_memory(v, err);
}

static aisle_status read_revenue(aisle_view *v, aisle_stmt *q, aisle_arena *a, aisle_outcome_sum *list,
                                 int32_t n, aisle_error *err)
{
    aisle_outcome_revenue *rows = NULL, *copy = NULL;
    int64_t used = 0;
    aisle_status st = collect_revenue(v, q, a, list, n, &rows, &used, err);
    if (st == AISLE_OK && used) {
        copy = aisle_arena_alloc(a, (size_t)used * sizeof *copy);
        if (copy) memcpy(copy, rows, (size_t)used * sizeof *copy);
        if (!copy) st = no_memory(v, err);
    }
    for (int32_t i = 0; i < n && copy; copy += list[i++].n_revenue) list[i].revenue = copy;
    aisle_free(rows);
    return st;
}

aisle_status aisle_view_outcomes(aisle_view *v, aisle_outcome_group by, int64_t from, int64_t to,
                                 aisle_arena *a, aisle_outcome_sum **out, int32_t *n, aisle_error *err)
{
    int32_t count = 0;
    aisle_outcome_sum *list = aisle_arena_calloc(a, AISLE_OUTCOME_SUMS, sizeof *list);
    if (!list) return no_memory(v, err);
    aisle_stmt q = begin_sums(v, AISLE_SQL_OUTCOME_SUMS, by, from, to);
    aisle_stmt_int(&q, 4, AISLE_OUTCOME_SUMS);
    AISLE_TRY(read_sums(v, &q, a, list, &count, err));
    q = begin_sums(v, AISLE_SQL_OUTCOME_REVENUE_SUMS, by, from, to);
    AISLE_TRY(read_revenue(v, &q, a, list, count, err));
    *out = list;
    *n = count;
    return AISLE_OK;
}
