/* What the public reader and its formats share. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_READER_IMPL_H
#define AISLE_CPU_DATA_READER_IMPL_H

#include "aisle/memory.h"
#include "aisle/reader.h"
#include "cpu/data/window.h"

/* One row of the format table: adding a format is adding a row in reader.c. */
typedef struct reader_format {
    aisle_status (*start)(aisle_reader *r, aisle_error *err); /* reads the header; may be NULL */
    aisle_status (*next)(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err);
    bool open_columns; /* any name is a column: absent values are {NULL, 0} */
} reader_format;

struct aisle_reader {
    aisle_reader_params params;
    const reader_format *format;
    window w;
    aisle_arena names;
    aisle_str *columns;
    int64_t columns_cap;
    int32_t n_columns;
    aisle_str *fields;
    int64_t fields_cap;
    aisle_buf text;     /* unescaped fields of the row at hand */
    bool skip_line;     /* the row handed out last was too long: its rest comes first */
    aisle_str rest;     /* adjacency: items of the line not handed out yet */
    int64_t rest_line;  /* adjacency: the line's number */
    struct json_t *row; /* JSON: owner of the string fields */
    int map_state;      /* JSON map: where in the outer object we are */
};

aisle_status csv_start(aisle_reader *r, aisle_error *err);
aisle_status csv_next(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err);
aisle_status jsonl_next(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err);
aisle_status json_map_next(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err);
aisle_status adjacency_start(aisle_reader *r, aisle_error *err);
aisle_status adjacency_next(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err);
void json_row_free(aisle_reader *r);

/* Appends a column name (copied). */
aisle_status reader_add_column(aisle_reader *r, aisle_str name, aisle_error *err);
/* Fills row for a row that cannot be read. */
void reader_fault(aisle_row *row, int64_t line, aisle_row_fault fault, aisle_str raw);
aisle_status reader_no_memory(const aisle_reader *r, aisle_error *err);

#endif
