/* One snapshot into a sink: what it has no callback for is not read. The ids of events are looked up in
 * tables read beforehand, so that a million events are one scan of one table. */
#include <string.h>

#include "server/store/store_internal.h"

enum { REPORT_EVERY = 8192 };

/* External ids by row id. */
typedef struct ext_table {
    aisle_str *at;
    int64_t cap, n; /* n = highest id + 1 */
} ext_table;

typedef struct loader {
    aisle_db db;
    const aisle_sink *sink;
    const aisle_progress *progress;
    aisle_arena arena;
    ext_table products, users, sessions;
    int64_t done, total;
} loader;

static aisle_status no_memory(loader *l, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "%s: out of memory", l->db.path);
}

static bool ext_put(ext_table *t, int64_t id, aisle_str s, aisle_arena *a)
{
    int64_t before = t->cap;
    if (id < 1 || !aisle_grow((void **)&t->at, &t->cap, id + 1, sizeof *t->at)) return false;
    if (t->cap > before) memset(t->at + before, 0, (size_t)(t->cap - before) * sizeof *t->at);
    char *copy = aisle_arena_strndup(a, s.ptr, s.len);
    if (!copy) return false;
    t->at[id] = (aisle_str){copy, s.len};
    if (id >= t->n) t->n = id + 1;
    return true;
}

static aisle_str ext_get(const ext_table *t, int64_t id)
{
    return id > 0 && id < t->n ? t->at[id] : (aisle_str){NULL, 0};
}

static aisle_status step(loader *l, aisle_error *err)
{
    if (l->done++ % REPORT_EVERY != 0) return AISLE_OK;
    aisle_progress_report(l->progress, "load", l->done, l->total, "");
    return aisle_canceled(l->progress) ? aisle_fail(err, AISLE_ECANCELED, "loading was interrupted")
                                       : AISLE_OK;
}

static aisle_status send_product(loader *l, const aisle_stmt *q, aisle_error *err)
{
    aisle_product p;
    aisle_stmt_product(q, &p);
    if (l->sink->event && !ext_put(&l->products, aisle_stmt_get_int(q, 0), p.id, &l->arena))
        return no_memory(l, err);
    bool record = aisle_stmt_get_int(q, 11) > 0; /* else only an id that an event named */
    return record && l->sink->product ? l->sink->product(l->sink->ctx, &p, err) : AISLE_OK;
}

static aisle_status send_user(loader *l, const aisle_stmt *q, aisle_error *err)
{
    aisle_user u = {aisle_stmt_get_text(q, 1), aisle_stmt_get_text(q, 2), aisle_stmt_get_text(q, 3),
                    aisle_stmt_get_text(q, 4)};
    if (l->sink->event && !ext_put(&l->users, aisle_stmt_get_int(q, 0), u.id, &l->arena))
        return no_memory(l, err);
    return l->sink->user ? l->sink->user(l->sink->ctx, &u, err) : AISLE_OK;
}

static aisle_status keep_session(loader *l, const aisle_stmt *q, aisle_error *err)
{
    bool kept = ext_put(&l->sessions, aisle_stmt_get_int(q, 0), aisle_stmt_get_text(q, 1), &l->arena);
    return kept ? AISLE_OK : no_memory(l, err);
}

static aisle_status send_event(loader *l, const aisle_stmt *q, aisle_error *err)
{
    aisle_event e = {.user = ext_get(&l->users, aisle_stmt_get_int(q, 0)),
                     .session = ext_get(&l->sessions, aisle_stmt_get_int(q, 1)),
                     .item = ext_get(&l->products, aisle_stmt_get_int(q, 2)),
                     .type = (aisle_event_type)aisle_stmt_get_int(q, 3),
                     .at_ms = aisle_stmt_get_int(q, 4),
                     .value = aisle_stmt_get_real(q, 5),
                     .price_minor = aisle_stmt_get_int(q, 6),
                     .position = (int32_t)aisle_stmt_get_int(q, 7),
                     .order = aisle_stmt_get_text(q, 8),
                     .recommendation = aisle_stmt_get_text(q, 9)};
    if (!e.user.ptr && !e.session.ptr) return AISLE_OK; /* nobody's: its owner's row is gone */
    return l->sink->event(l->sink->ctx, &e, err);
}

static aisle_status stream(loader *l, aisle_sql id,
                           aisle_status (*send)(loader *l, const aisle_stmt *q, aisle_error *err),
                           aisle_error *err)
{
    bool row;
    aisle_status st;
    aisle_stmt q = aisle_stmt_begin(&l->db, id);
    while ((st = aisle_stmt_next(&q, &row, err)) == AISLE_OK && row) {
        st = step(l, err);
        if (st == AISLE_OK) st = send(l, &q, err);
        if (st == AISLE_OK) continue;
        aisle_stmt_end(&q);
        break;
    }
    return st;
}

static aisle_status find_total(loader *l, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&l->db, AISLE_SQL_TOTALS_GET);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    if (row) {
        l->total = aisle_stmt_get_int(&q, 0) + aisle_stmt_get_int(&q, 1) + aisle_stmt_get_int(&q, 2);
        aisle_stmt_end(&q);
    }
    return AISLE_OK;
}

static aisle_status find_last(loader *l, int64_t *id, aisle_error *err)
{
    bool row;
    aisle_stmt q = aisle_stmt_begin(&l->db, AISLE_SQL_EVENT_LAST);
    AISLE_TRY(aisle_stmt_next(&q, &row, err));
    *id = row ? aisle_stmt_get_int(&q, 0) : 0;
    if (row) aisle_stmt_end(&q);
    return AISLE_OK;
}

aisle_status aisle_store_load(aisle_store *s, const aisle_sink *sink, const aisle_progress *progress,
                              aisle_error *err)
{
    int64_t last;
    return aisle_store_load_upto(s, sink, progress, &last, err);
}

aisle_status aisle_store_load_upto(aisle_store *s, const aisle_sink *sink, const aisle_progress *progress,
                                   int64_t *last_event, aisle_error *err)
{
    loader l = {.sink = sink, .progress = progress};
    AISLE_TRY(aisle_db_open(s->path, AISLE_DB_READ, &l.db, err));
    aisle_status st = aisle_db_run(&l.db, "BEGIN", err); /* all that follows sees one state */
    if (st == AISLE_OK) st = find_total(&l, err);
    if (st == AISLE_OK) st = find_last(&l, last_event, err);
    bool products = sink->product || sink->event, users = sink->user || sink->event;
    if (st == AISLE_OK && products) st = stream(&l, AISLE_SQL_PRODUCT_ALL, send_product, err);
    if (st == AISLE_OK && users) st = stream(&l, AISLE_SQL_USER_ALL, send_user, err);
    if (st == AISLE_OK && sink->event) st = stream(&l, AISLE_SQL_SESSION_ALL, keep_session, err);
    if (st == AISLE_OK && sink->event) st = stream(&l, AISLE_SQL_EVENT_ALL, send_event, err);
    if (st == AISLE_OK) aisle_progress_report(progress, "load", l.done, l.done, "");
    aisle_free(l.products.at);
    aisle_free(l.users.at);
    aisle_free(l.sessions.at);
    aisle_arena_deinit(&l.arena);
    aisle_db_close(&l.db);
    return st;
}
