/* One row of a raw file -> one clean record. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_IMPORT_ROW_H
#define AISLE_CPU_DATA_IMPORT_ROW_H

#include "cpu/data/columns.h"
#include "cpu/data/gather.h"
#include "cpu/data/rowset.h"

/* What was seen in a row, one bit a reason; a row is dropped for its lowest bit: the enum's order is theirs.
 */
#define REASON(r) (1u << (r))

/* A cell's cleaned text lives in its own buffer until the next row: no view of one record moves another. */
typedef struct row_cleaner {
    const preset *preset;
    aisle_str currency; /* of prices without a currency column */
    columns columns;
    aisle_reader *reader;
    aisle_buf text[N_TARGETS], spare;
    rowset seen;
    bool keep_duplicates, whole_rows; /* whole_rows: compare raw texts, not fields */
    bool type_is_fixed;
    aisle_event_type type;
    gather *gather; /* NULL: event rows of this file carry no catalogue */
    bool gather_products, gather_users;
    uint32_t found, dropped, changed; /* REASON bits of the row at hand */
    target at
        [AISLE_REASON_COUNT]; /* of a dropped reason: the cell that showed it first; N_TARGETS = the whole row */
    aisle_str user;           /* of the row at hand, clean; {NULL, 0} = none */
    bool no_memory;           /* sticky: the row is not to be trusted */
} row_cleaner;

void row_cleaner_deinit(row_cleaner *c);

/* Each fills the record (views valid until the next row) and the three bit sets; a dropped row's record is
 * not to be used. */
void clean_event(row_cleaner *c, const aisle_row *row, aisle_event *out);
void clean_product(row_cleaner *c, const aisle_row *row, aisle_product *out);
void clean_user(row_cleaner *c, const aisle_row *row, aisle_user *out);

#endif
