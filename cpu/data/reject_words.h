/* A dropped row in words: which column, what stood there, what was wanted. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_REJECT_WORDS_H
#define AISLE_CPU_DATA_REJECT_WORDS_H

#include "cpu/data/import_row.h"

/* Room for the texts of one row, used again for the next. */
typedef struct reject_words {
    aisle_buf column, got, wanted, row;
} reject_words;

/* Fills *out for the row that c has just dropped for r; its views are good until the next call. False: out of memory. */
bool reject_words_of(reject_words *w, const row_cleaner *c, const aisle_row *row, aisle_import_reason r,
                     aisle_import_reject *out);
void reject_words_deinit(reject_words *w);

#endif
