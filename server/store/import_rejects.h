/* Dropped rows of imports, kept for people to look at: of the newest jobs, the first of each reason. */
#ifndef AISLE_SERVER_IMPORT_REJECTS_H
#define AISLE_SERVER_IMPORT_REJECTS_H

#include "server/store/store.h"

enum { AISLE_REJECTS_EACH = 100, AISLE_REJECTS_JOBS = 20 };

typedef struct aisle_kept_reject {
    int64_t n, line; /* n: 1, 2, ... within the job */
    aisle_str reason, column, got, wanted, row;
} aisle_kept_reject;

typedef struct aisle_rejects_page {
    int64_t job, after; /* after: n of the last row of the page before; 0 = from the first */
    aisle_str reason;   /* only of this one; absent = all */
    int32_t limit;      /* 1 or more */
} aisle_rejects_page;
/* In the file's order, in the arena. AISLE_ENOMEM, AISLE_EIO. */
aisle_status aisle_view_import_rejects(aisle_view *v, const aisle_rejects_page *page, aisle_arena *a,
                                       aisle_kept_reject **out, int32_t *n, aisle_error *err);

/* The rejected rows of one import, collected until its commit; zeroed = none. */
struct aisle_rejected_row;
typedef struct aisle_rejects_box {
    aisle_arena arena;
    struct aisle_rejected_row *first, **last;
    int64_t n;
} aisle_rejects_box;
/* For aisle_import_params.rejected; ctx is a box. */
aisle_status aisle_rejects_box_add(void *box, const aisle_import_reject *r, aisle_error *err);
void aisle_rejects_box_deinit(aisle_rejects_box *box);
/* Keeps them under the job instead of what was there, and forgets those of the oldest jobs. box may be NULL: none. */
aisle_status aisle_tx_import_rejects(aisle_tx *tx, int64_t job, const aisle_rejects_box *box,
                                     aisle_error *err);

#endif
