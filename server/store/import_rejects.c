/* Rejected rows: into a box while the file is read, into the shop with the import's one transaction, out page by page. */
#include "server/store/import_rejects.h"

#include "server/store/store_internal.h"

typedef struct aisle_rejected_row {
    struct aisle_rejected_row *next;
    aisle_import_reject r;
} aisle_rejected_row;

/* Absent stays absent. */
static bool copy(aisle_arena *a, aisle_str *s)
{
    if (!s->ptr) return true;
    s->ptr = aisle_arena_strndup(a, s->ptr, s->len);
    return s->ptr != NULL;
}

aisle_status aisle_rejects_box_add(void *ctx, const aisle_import_reject *r, aisle_error *err)
{
    aisle_rejects_box *box = ctx;
    aisle_rejected_row *row = aisle_arena_calloc(&box->arena, 1, sizeof *row);
    if (row) row->r = *r;
    if (!row || !copy(&box->arena, &row->r.column) || !copy(&box->arena, &row->r.got) ||
        !copy(&box->arena, &row->r.wanted) || !copy(&box->arena, &row->r.row) ||
        !copy(&box->arena, &row->r.user))
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for rejected rows");
    if (box->last)
        *box->last = row;
    else
        box->first = row;
    box->last = &row->next;
    box->n++;
    return AISLE_OK;
}

void aisle_rejects_box_deinit(aisle_rejects_box *box)
{
    aisle_arena_deinit(&box->arena);
    *box = (aisle_rejects_box){0};
}

static aisle_status add_row(aisle_tx *tx, int64_t job, int64_t n, const aisle_import_reject *r,
                            aisle_error *err)
{
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_IMPORT_REJECT_ADD);
    aisle_stmt_int(&q, 1, job);
    aisle_stmt_int(&q, 2, n);
    aisle_stmt_int(&q, 3, r->line);
    aisle_stmt_cstr(&q, 4, aisle_import_reason_name(r->reason));
    aisle_stmt_text(&q, 5, r->column);
    aisle_stmt_text(&q, 6, r->got);
    aisle_stmt_text(&q, 7, r->wanted);
    aisle_stmt_text(&q, 8, r->row);
    aisle_stmt_text(&q, 9, r->user);
    return aisle_stmt_run(&q, err);
}

aisle_status aisle_tx_import_rejects(aisle_tx *tx, int64_t job, const aisle_rejects_box *box,
                                     aisle_error *err)
{
    int64_t n = 0;
    aisle_stmt q = aisle_stmt_begin(tx->db, AISLE_SQL_IMPORT_REJECTS_DROP);
    aisle_stmt_int(&q, 1, job);
    AISLE_TRY(aisle_stmt_run(&q, err));
    for (const aisle_rejected_row *row = box ? box->first : NULL; row; row = row->next)
        AISLE_TRY(add_row(tx, job, ++n, &row->r, err));
    q = aisle_stmt_begin(tx->db, AISLE_SQL_IMPORT_REJECTS_FORGET);
    aisle_stmt_int(&q, 1, AISLE_REJECTS_JOBS);
    return aisle_stmt_run(&q, err);
}

static bool copy_row(const aisle_stmt *q, aisle_arena *a, void *row)
{
    aisle_kept_reject *out = row;
    out->n = aisle_stmt_get_int(q, 0);
    out->line = aisle_stmt_get_int(q, 1);
    return aisle_stmt_copy_text(q, 2, a, &out->reason) && aisle_stmt_copy_text(q, 3, a, &out->column) &&
           aisle_stmt_copy_text(q, 4, a, &out->got) && aisle_stmt_copy_text(q, 5, a, &out->wanted) &&
           aisle_stmt_copy_text(q, 6, a, &out->row);
}

aisle_status aisle_view_import_rejects(aisle_view *v, const aisle_rejects_page *page, aisle_arena *a,
                                       aisle_kept_reject **out, int32_t *n, aisle_error *err)
{
    void *list;
    aisle_stmt q = aisle_stmt_begin(&v->db, AISLE_SQL_IMPORT_REJECTS_PAGE);
    aisle_stmt_int(&q, 1, page->job);
    aisle_stmt_int(&q, 2, page->after);
    aisle_stmt_text(&q, 3, page->reason);
    aisle_stmt_int(&q, 4, page->limit);
    AISLE_TRY(aisle_stmt_list(&q, a, page->limit, sizeof **out, copy_row, &list, n, err));
    *out = list;
    return AISLE_OK;
}
