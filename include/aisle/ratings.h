/* Reads a large file of user,item[,value] lines into a sparse matrix, at the speed of memory and without keeping
 * the lines. Knows nothing of events, products or shops: aisle/import.h cleans those. */
#ifndef AISLE_RATINGS_H
#define AISLE_RATINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/dataset.h"
#include "aisle/matrix.h"
#include "aisle/progress.h"

typedef enum aisle_duplicates {
    AISLE_DUPLICATES_SUM = 0, /* added from the smallest up, in double, then rounded */
    AISLE_DUPLICATES_LAST, /* the one that stands last in the file; the second reading then has one thread */
    AISLE_DUPLICATES_MAX
} aisle_duplicates;

typedef enum aisle_header { AISLE_HEADER_AUTO = 0, AISLE_HEADER_YES, AISLE_HEADER_NO } aisle_header;

typedef struct aisle_ratings_params {
    const char
        *separator; /* one byte (no digit, letter, quote, sign, dot or line end) or "::"; NULL = whichever of
                            * "::" tab comma semicolon the first line has */
    aisle_header
        header; /* AUTO: the first line is one when its third column is no number; with two columns when
                            * it begins with "user" or "customer", or when it has no number and the next line has */
    aisle_duplicates duplicates;
    bool no_value;       /* the third column is something else: every line counts 1 */
    bool skip_bad;       /* count lines that cannot be read and go on; else the first one is an error */
    int32_t threads;     /* 0 = all cores */
    int32_t block_bytes; /* what a thread reads at a time; 0 = 128 KiB; 16 .. 64 MiB */
    const aisle_progress *progress;
} aisle_ratings_params;

/* What the rows or columns were called in the file. Where every id is a whole number from 0 to 2^63 - 1 they are
 * numbers ("007" is 7) and sorted; one that is not makes all of them text, and then they stand in the order of
 * their first line. */
typedef struct aisle_rating_ids {
    int32_t n;
    int64_t *number;   /* n, ascending; NULL when they are text */
    aisle_idmap *text; /* NULL when they are numbers */
} aisle_rating_ids;

typedef struct aisle_ratings {
    aisle_csr m; /* users x items; val is never NULL */
    aisle_rating_ids users, items;
    int64_t lines;       /* that became entries */
    int64_t bad;         /* skipped */
    int64_t merged;      /* entries that went into another one of the same pair */
    int64_t bytes;       /* of the text, after unpacking */
    char first_bad[500]; /* what was wrong with the first line skipped; "" = none */
} aisle_ratings;

/* aisle_ratings_read reads `path`: a regular file, plain or .gz or .zst by its first bytes, or "-" for standard
 * input. A plain file is read twice, in blocks, and never held; the others are unpacked into memory first, by one
 * thread.
 *
 * Lines end with LF or CRLF and have at most 65,536 bytes; empty ones are nothing. Two columns (every line counts 1)
 * or three or more, of which those past the third are ignored. A value must be finite and above 0; it becomes the
 * nearest float. Ids have 1 to 255 bytes, may stand in quotes as RFC 4180 has them ("" for "), and hold no NUL and no
 * line end; blanks around numbers are ignored. A UTF-8 byte order mark is skipped.
 *
 * Memory while it runs: the result (8 bytes an entry, offsets, ids), 2 bits for each number up to the largest id,
 * 1 MiB a thread; before the entries have room, 4 bytes a number up to the largest id instead. Numbers above 65,536
 * that are also above a sixteenth of the file's size go through a hash table: 16 to 64 bytes an id and thread.
 *
 * p NULL = all defaults. out is written only on success; release it with aisle_ratings_deinit. The same file and
 * options give the same bytes for any number of threads. Errors: AISLE_EINVAL (options), AISLE_EFORMAT (a bad line,
 * named by file, line and column; an empty file; no separator; a file that changed meanwhile), AISLE_ENUMERIC (a sum
 * is not finite), AISLE_EUNSUPPORTED (2^32 lines, 2^31 - 1 ids), AISLE_ECANCELED, and those of opening and reading. */
aisle_status aisle_ratings_read(const char *path, const aisle_ratings_params *p, aisle_ratings *out,
                                aisle_error *err);
void aisle_ratings_deinit(aisle_ratings *r); /* no-op on a zeroed struct */

/* The i-th id as it stood in the file; a number is written into room. Borrowed from ids or room. */
aisle_str aisle_rating_id(const aisle_rating_ids *ids, int32_t i, char room[24]);

#endif
