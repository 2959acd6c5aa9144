/* What the parts of reading ratings share: where the text comes from, how its lines look, and how a block of it
 * becomes arrays. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_RATINGS_IMPL_H
#define AISLE_CPU_DATA_RATINGS_IMPL_H

#include <sys/stat.h>

#include "aisle/memory.h"
#include "aisle/ratings.h"

enum {
    RATINGS_BATCH = 1024, /* lines that are handed on together */
    RATINGS_LINE = 65536, /* longest line */
    RATINGS_BLOCK = 1 << 17,
    RATINGS_PAD = 64, /* readable bytes before a block: numbers are loaded by their end */
    RATINGS_ID = 255  /* longest id */
};

/* ---- ratings_source.c: the text, by blocks of whole lines ---- */

typedef struct ratings_source {
    const char *path;
    int fd; /* -1: all of it is in memory */
    char *memory;
    int64_t size; /* of the text */
    struct stat info;
} ratings_source;

aisle_status ratings_open(const char *path, ratings_source *s, aisle_error *err);
/* Fails when the file is another one than when it was opened. */
aisle_status ratings_unchanged(const ratings_source *s, aisle_error *err);
void ratings_close(ratings_source *s);
/* Exactly n bytes from `at`. */
aisle_status ratings_bytes(const ratings_source *s, int64_t at, char *to, int64_t n, aisle_error *err);
/* The number of the line in which byte `at` stands, from 1; 0 when it cannot be read any more. */
int64_t ratings_line_number(const ratings_source *s, int64_t at);

typedef struct ratings_layout {
    char separator;
    bool twice;    /* it is two of them: "::" */
    bool value;    /* the third column is one */
    bool extra;    /* more columns are ignored, else they are a fault */
    int64_t start; /* where the first line of data begins */
    int32_t block_bytes;
} ratings_layout;

/* Looks at the beginning of the file. */
aisle_status ratings_detect(const ratings_source *s, const aisle_ratings_params *p, ratings_layout *l,
                            aisle_error *err);

/* One thread's block: lines that begin in it, the last one whole. */
typedef struct ratings_block {
    char *room, *text; /* text = room + RATINGS_PAD */
    uint32_t *marks;   /* where separators and line ends are, counted from text + begin */
    int32_t n_marks;
    int32_t begin, end; /* of the lines in text; every one ends with LF */
    bool cut;           /* a line that is too long begins at end */
    int64_t at;         /* of text[0] in the file */
} ratings_block;

bool ratings_block_init(ratings_block *b, const ratings_layout *l);
void ratings_block_deinit(ratings_block *b);
int64_t ratings_blocks(const ratings_source *s, const ratings_layout *l);
aisle_status ratings_load(const ratings_source *s, const ratings_layout *l, int64_t k, ratings_block *b,
                          aisle_error *err);

/* ---- ratings_parse.c, ratings_line.c: from text to numbers ---- */

typedef enum ratings_fault {
    RATINGS_GOOD = 0,
    RATINGS_BLANK, /* nothing on the line */
    RATINGS_FEW_COLUMNS,
    RATINGS_MANY_COLUMNS,
    RATINGS_NO_ID,
    RATINGS_LONG_ID,
    RATINGS_NUL_ID,
    RATINGS_BAD_QUOTE,
    RATINGS_BAD_VALUE,
    RATINGS_LONG_LINE,
    RATINGS_USER_TEXT, /* no fault: a column of numbers holds something else */
    RATINGS_ITEM_TEXT
} ratings_fault;

/* What is wrong where. */
typedef struct ratings_trouble {
    ratings_fault fault;
    int32_t column; /* from 1 */
    int32_t at;     /* of the line in the block's text */
    aisle_str text; /* of the field; borrowed from the block */
} ratings_trouble;

/* A number, or where a text stands in the block: offset << 32 | bytes. */
typedef struct ratings_rows {
    int32_t n;
    uint64_t user[RATINGS_BATCH], item[RATINGS_BATCH];
    float value[RATINGS_BATCH];
} ratings_rows;

typedef struct ratings_parser {
    const ratings_layout *l;
    bool user_text, item_text;
    ratings_block *b;
    int32_t mark, at; /* the line to come: its first mark, and where it begins, from text + begin on */
} ratings_parser;

void ratings_parse_begin(ratings_parser *p, ratings_block *b);
/* Fills rows until they are full, the block ends (*end), or a line is in trouble; that line is then passed. */
ratings_fault ratings_parse(ratings_parser *p, ratings_rows *rows, bool *end, ratings_trouble *t);
/* One line text[from .. until), without its LF, by the careful way; row n of rows is filled when it is good. */
ratings_fault ratings_line(const ratings_parser *p, int32_t from, int32_t until, ratings_rows *rows,
                           ratings_trouble *t);

/* The field that begins at *at (NULL = there is none) and ends before `end`; *at moves behind its separator, or
 * becomes NULL at the end of the line. A quoted field is unquoted in place. false: a bad quote. */
bool ratings_field(const ratings_layout *l, char **at, char *end, aisle_str *field);
/* A whole number from 0 to 2^63 - 1, blanks around it ignored. */
bool ratings_whole(aisle_str s, uint64_t *out);
bool ratings_value(aisle_str s, float *out); /* finite and above 0 */

/* ---- ratings_ids.c: external ids become dense ones ---- */

typedef enum ratings_kind {
    RATINGS_DIRECT, /* numbers below a limit: a table */
    RATINGS_HASH,   /* any numbers */
    RATINGS_TEXT
} ratings_kind;

typedef struct ratings_hash_slot {
    uint64_t key; /* UINT64_MAX = empty */
    uint32_t count;
} ratings_hash_slot;

typedef struct ratings_hash {
    ratings_hash_slot *slots;
    int64_t n, cap; /* cap is a power of two, at least twice n */
    int shift;
} ratings_hash;

/* What one thread has seen of a column; unused by RATINGS_DIRECT. */
typedef struct ratings_seen {
    ratings_hash hash;
    aisle_idmap *map;
    int64_t *first;  /* by the map's ids: where in the file */
    uint32_t *count; /* and how often */
    int64_t first_cap, count_cap;
} ratings_seen;

typedef struct ratings_ids {
    ratings_kind kind;
    bool counted; /* the rows: how many lines each has is wanted */
    int32_t threads;
    int64_t limit;      /* RATINGS_DIRECT: numbers below it */
    uint32_t *count;    /* [limit]; NULL unless counted */
    uint64_t *bits;     /* [limit / 64 + 1]: which numbers there are */
    int32_t *before;    /* how many there are below 64 w */
    ratings_seen *seen; /* [threads] */
    ratings_hash hash;  /* dense ids in `count` */
    aisle_rating_ids ids;
} ratings_ids;

aisle_status ratings_ids_init(ratings_ids *c,
                              aisle_error *err); /* kind, counted, threads and limit are set */
void ratings_ids_deinit(ratings_ids *c);
/* n ids of one thread's block. AISLE_EUNSUPPORTED: a number is past the limit; AISLE_ENOMEM. */
aisle_status ratings_ids_learn(ratings_ids *c, int32_t thread, const ratings_block *b, const uint64_t *id,
                               int32_t n);
/* All are known: numbers them. row_ptr NULL, or made here: [n + 1], with offsets of the counts. */
aisle_status ratings_ids_number(ratings_ids *c, int64_t **row_ptr, aisle_error *err);
/* false when one is not there: the file has changed. */
bool ratings_ids_find(const ratings_ids *c, const ratings_block *b, const uint64_t *id, int32_t n,
                      int32_t *out);

#endif
