/* Cells of a row as clean text and numbers. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_IMPORT_CELL_H
#define AISLE_CPU_DATA_IMPORT_CELL_H

#include "cpu/data/import_row.h"

/* Trimmed and valid UTF-8, or {NULL, 0} when the target has no column or all its cells are empty. Several
 * columns are joined by `separator`. */
aisle_str cell_raw(row_cleaner *c, const aisle_row *row, target t, const char *separator);
/* cell_raw with HTML entities and, where the preset has them, Python lists decoded. */
aisle_str cell_text(row_cleaner *c, const aisle_row *row, target t, const char *separator);
/* cell_raw, dropped for being over 255 bytes. */
aisle_str cell_id(row_cleaner *c, const aisle_row *row, target t);
/* -1 when the cell is empty, or not positive (changed), or no number (dropped). */
int64_t cell_price(row_cleaner *c, const aisle_row *row, aisle_str currency);
/* false when the cell is empty; no number or one outside low .. high is dropped. */
bool cell_number(row_cleaner *c, const aisle_row *row, target t, double low, double high, double *out);
/* 0 when the cell is empty. */
int64_t cell_time(row_cleaner *c, const aisle_row *row, target t);
/* One JSON object: the cell itself when it is one, else its columns by name; with `list`, that text split by
 * the preset's list separator under the category's column name. {NULL, 0} when all is empty. */
aisle_str cell_attributes(row_cleaner *c, const aisle_row *row, aisle_str list);

/* One JSON array (images.h), {NULL, 0} when there is none; what is no image is left out (changed). */
aisle_str cell_images(row_cleaner *c, const aisle_row *row);

/* Notes a reason: `found` always, and what it does to the row. t: the cell that showed it, N_TARGETS = the row as a whole. */
void note_dropped(row_cleaner *c, aisle_import_reason r, target t);
void note_changed(row_cleaner *c, aisle_import_reason r);

#endif
