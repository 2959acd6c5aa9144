/* Streams rows out of CSV, TSV, JSON-lines and adjacency-list files, plain, .gz or .zst. Knows nothing of
 * shops. */
#ifndef AISLE_READER_H
#define AISLE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/status.h"
#include "aisle/str.h"

typedef enum aisle_format {
    AISLE_FORMAT_AUTO = 0, /* by extension after .gz/.zst is taken off, else by the first line */
    AISLE_FORMAT_CSV,      /* RFC 4180, LF or CRLF or lone CR, UTF-8 with or without BOM; first line = header;
                              blank      lines are skipped */
    AISLE_FORMAT_TSV,      /* tab separated, no quoting; first line = header */
    AISLE_FORMAT_JSONL, /* one JSON object a line; nested values are addressed "a.b"; arrays come as JSON text
                         */
    AISLE_FORMAT_JSON_MAP, /* one JSON object: key -> object; the key is column "_key" */
    AISLE_FORMAT_ADJACENCY /* "user item item ...": yields two columns "user","item", one row a pair */
} aisle_format;

typedef struct aisle_reader_params {
    aisle_format format;
    char delimiter;        /* CSV only; 0 = ',' (or ';' when the header has more of those) */
    bool no_header;        /* columns are then named "1", "2", ... */
    int64_t max_row_bytes; /* 0 = 1 MiB, at most 1 GiB; a longer row is reported bad, not buffered, and
                              reading goes on after its first line */
} aisle_reader_params;

/* Why a row could not be read; the row is skipped, the stream goes on. */
typedef enum aisle_row_fault {
    AISLE_ROW_OK = 0,
    AISLE_ROW_FIELD_COUNT, /* not as many fields as the header */
    AISLE_ROW_OPEN_QUOTE,  /* a quote is still open at the end of the file */
    AISLE_ROW_BAD_QUOTE,   /* text after a closing quote */
    AISLE_ROW_TOO_LONG,
    AISLE_ROW_BAD_UTF8,
    AISLE_ROW_BAD_JSON,
    AISLE_ROW_NUL_BYTE
} aisle_row_fault;
const char *aisle_row_fault_name(aisle_row_fault f); /* "field-count", ... */

/* Borrowed until the next call on the reader. */
typedef struct aisle_row {
    int64_t line;          /* 1-based line in the uncompressed text where the row starts */
    aisle_row_fault fault; /* BAD_QUOTE and BAD_UTF8: fields are there, as written; other faults: none are */
    aisle_str raw; /* the row's text (of an adjacency list the pair's item), cut at 4 KiB when it is bad */
    int32_t n_fields;
    const aisle_str *fields;
} aisle_row;

typedef struct aisle_reader aisle_reader;

/* Errors: AISLE_ENOTFOUND, AISLE_EIO, AISLE_EFORMAT (empty file, no header, corrupt compression). One thread
 * at a time. */
aisle_status aisle_reader_open(const char *path, const aisle_reader_params *p, aisle_reader **out,
                               aisle_error *err);
/* *end is set at the end of the stream (row then unset). A truncated .gz/.zst is AISLE_EFORMAT naming file
 * and offset. */
aisle_status aisle_reader_next(aisle_reader *r, aisle_row *row, bool *end, aisle_error *err);
aisle_format aisle_reader_format(const aisle_reader *r); /* what was found; never AUTO */
int32_t aisle_reader_n_columns(const aisle_reader *r);
aisle_str aisle_reader_column(const aisle_reader *r, int32_t i); /* borrowed for the reader's life */
/* The column's index, -1 when absent: exact, then ignoring ASCII case and white space around. JSON has no
 * header: there any name becomes a column when it is first asked for (-1: out of memory), rows hold only the
 * columns asked for, and what a row lacks is {NULL, 0}. */
int32_t aisle_reader_find(aisle_reader *r, aisle_str name);
/* Bytes of the (compressed) file consumed so far and in all, for a progress bar. */
void aisle_reader_tell(const aisle_reader *r, int64_t *done, int64_t *total);
void aisle_reader_close(aisle_reader *r);

#endif
