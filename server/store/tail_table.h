/* A table in memory from a number to the events that were added under it. Rows stay in the order in which they came, so
 * that the newest can be taken back and the oldest be dropped. Internal to store/. One thread at a time. */
#ifndef AISLE_SERVER_TAIL_TABLE_H
#define AISLE_SERVER_TAIL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct aisle_tail_row {
    int64_t name, event;
    uint32_t before; /* the row of the same name that came before, plus 1; 0 = none */
} aisle_tail_row;

/* All zero is an empty table. */
typedef struct aisle_tail_table {
    aisle_tail_row *rows;
    int64_t n, cap;
    uint32_t *slots; /* by hash of the name: its newest row plus 1; 0 = free */
    int64_t n_slots; /* a power of two */
    int64_t n_names;
} aisle_tail_table;

void aisle_tail_table_deinit(aisle_tail_table *t);
bool aisle_tail_table_add(aisle_tail_table *t, int64_t name, int64_t event); /* false: memory is short */
/* The newest row of the name plus 1, 0 = none; rows[that - 1].before is the next. */
uint32_t aisle_tail_table_find(const aisle_tail_table *t, int64_t name);
/* Takes back all rows but the first n. */
void aisle_tail_table_cut(aisle_tail_table *t, int64_t n);
/* A table of its own with the rows from `first` on, with room for as many as t has. false: memory is short. */
bool aisle_tail_table_rest(const aisle_tail_table *t, int64_t first, aisle_tail_table *out);

#endif
