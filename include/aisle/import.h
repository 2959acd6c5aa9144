/* Reads raw shop files, cleans them, and sends products, users and events to a sink. Does not store anything
 * itself. */
#ifndef AISLE_IMPORT_H
#define AISLE_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/progress.h"
#include "aisle/reader.h"
#include "aisle/shop.h"

typedef enum aisle_import_role { AISLE_ROLE_EVENTS, AISLE_ROLE_PRODUCTS, AISLE_ROLE_USERS } aisle_import_role;

typedef struct aisle_import_file {
    const char *path;
    aisle_import_role role;
    const char *event_type; /* name of the type of every event of this file; NULL = column "type" or the
                               preset's rule */
} aisle_import_file;

/* Why a row was dropped or changed, or what was noticed in it. One row may show several (found); it is
 * dropped at most once, for the first reason. Names: aisle_import_reason_name, e.g. "no-user". */
typedef enum aisle_import_reason {
    AISLE_REASON_UNREADABLE,     /* dropped: any aisle_row_fault but bad UTF-8; changed: text after a
                                    closing quote, read as it stands */
    AISLE_REASON_BAD_UTF8,       /* changed: invalid bytes become U+FFFD */
    AISLE_REASON_HTML_ENTITY,    /* changed: "&amp;" -> "&" */
    AISLE_REASON_NO_USER,        /* dropped */
    AISLE_REASON_NO_ITEM,        /* dropped */
    AISLE_REASON_NO_DESCRIPTION, /* noticed */
    AISLE_REASON_BAD_NUMBER,     /* dropped: not a number, not finite, or out of range (a quantity of 0, more
                                    than 5 stars) */
    AISLE_REASON_BAD_TIME,       /* dropped: unreadable time stamp */
    AISLE_REASON_BAD_TYPE,       /* dropped: unknown event type */
    AISLE_REASON_DUPLICATE_ROW,  /* dropped: every field equal to an earlier row of the same file */
    AISLE_REASON_CANCELLATION,   /* noticed: becomes a cancel event that undoes a purchase */
    AISLE_REASON_NEGATIVE_QUANTITY, /* dropped unless it is a cancellation */
    AISLE_REASON_BAD_PRICE,         /* changed: price below or equal 0 becomes unknown */
    AISLE_REASON_BAD_IMAGE,         /* changed: what is no URL of an image, or one too many, is left out */
    AISLE_REASON_NOT_A_PRODUCT,     /* dropped: the preset's service codes (postage, bank charges ...) */
    AISLE_REASON_ID_TOO_LONG,       /* dropped: an id over 255 bytes, or a user attribute over 64 */
    AISLE_REASON_TOO_DEEP,   /* dropped: attributes nested deeper than AISLE_JSON_DEPTH (json_size.h) */
    AISLE_REASON_BELOW_CORE, /* dropped: user or item with too few events (k-core); counted by the store */
    AISLE_REASON_KNOWN,      /* dropped: already imported; counted by the store */
    AISLE_REASON_COUNT
} aisle_import_reason;
const char *aisle_import_reason_name(aisle_import_reason r);

typedef struct aisle_import_report {
    int64_t rows_read;
    int64_t events, products, users;     /* records sent to the sink */
    int64_t found[AISLE_REASON_COUNT];   /* rows showing the reason, whatever became of them */
    int64_t dropped[AISLE_REASON_COUNT]; /* rows dropped for it (sum = rows lost) */
    int64_t changed[AISLE_REASON_COUNT];
    double seconds;
} aisle_import_report;

/* A row that was dropped, for people to look at: texts are valid UTF-8 without NUL, shortened (with "…" at the end) where they
 * are long, and borrowed for the call. What a file says is hostile text. */
typedef struct aisle_import_reject {
    aisle_import_reason reason;
    int64_t line;     /* 1-based, of the uncompressed text */
    aisle_str column; /* as the file names it, several joined by '+'; {NULL, 0}: the row as a whole */
    aisle_str got;    /* what stood there, may be empty; {NULL, 0}: the row as a whole */
    aisle_str wanted; /* in words */
    aisle_str row;
    aisle_str user; /* the user's id, whole; {NULL, 0}: none could be read */
} aisle_import_reject;

typedef struct aisle_import_params {
    const aisle_import_file *files;
    int32_t n_files;
    const char *preset; /* NULL or a name of aisle_import_preset_names */
    /* NULL or "user=CustomerID,item=StockCode,...", which overrides the preset target by target. Targets:
     * event: user item type time value quantity price order event_id session position; product: item title
     * description brand category price currency stock attributes created; user: user age_band gender country.
     * An event file may carry product and user targets too: they are gathered. A source may be several
     * columns joined by '+'
     * ("category=department+product_category", joined by " > ") and alternatives between '|' ("item=sku|id",
     * the first that the file has). A target that one file lacks falls to the preset; one that no file has is
     * AISLE_EINVAL. */
    const char *map;
    aisle_format format; /* AUTO = by name */
    bool keep_duplicates;
    const char *currency;     /* of imported prices; NULL = the preset's, else "USD" */
    const char *rejects_path; /* NULL = none; TSV: file, line, action (dropped/changed), reason, raw row; made
                                 whole by rename, and only when the import succeeds */
    /* Told of the first rejects_each dropped rows of each reason, in the order of the files; a failure ends the import. NULL =
     * nobody is. */
    aisle_status (*rejected)(void *ctx, const aisle_import_reject *r, aisle_error *err);
    void *rejected_ctx;
    int32_t rejects_each;
    const aisle_progress *progress;
} aisle_import_params;

/* NULL-terminated: "generated", "online-retail", "movielens", "retailrocket", "amazon", "completejourney",
 * "lightgcn", "anime". */
const char *const *aisle_import_preset_names(void);
/* One line of help for a preset; NULL when unknown. */
const char *aisle_import_preset_help(const char *name);

/* preset NULL = "generated", whose map also knows common column names. Every file is opened and its columns
 * are found before the first record is sent. Streams every file in order; products and users before the
 * events that need them is not required. Memory does not grow with the rows of the files except 16 bytes a
 * row for exact-duplicate detection (none with keep_duplicates) and the catalogue and user attributes
 * gathered from event files. Records reach the sink in file order; products and users gathered from event
 * files come at the end (title: the most frequent of the item's rows, ties the first seen; price: the newest;
 * rows dropped for another reason than no-user or duplicate-row do not speak for their product). On failure
 * or cancel the report holds what was counted so far. */
aisle_status aisle_import(const aisle_import_params *p, const aisle_sink *sink, aisle_import_report *report,
                          aisle_error *err);

#endif
