/* Which columns of a file feed which parts of a record. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_COLUMNS_H
#define AISLE_CPU_DATA_COLUMNS_H

#include "cpu/data/presets.h"

typedef enum target {
    T_USER,
    T_ITEM,
    T_SESSION,
    T_TYPE,
    T_TIME,
    T_VALUE,
    T_QUANTITY,
    T_PRICE,
    T_ORDER,
    T_EVENT_ID,
    T_POSITION,
    T_TITLE,
    T_DESCRIPTION,
    T_BRAND,
    T_CATEGORY,
    T_CURRENCY,
    T_STOCK,
    T_ATTRIBUTES,
    T_IMAGES,
    T_CREATED,
    T_AGE_BAND,
    T_GENDER,
    T_COUNTRY,
    N_TARGETS
} target;

/* Where the sources of a target stand in a text "target=source|source+source,...": views into that text. */
typedef struct column_spec {
    aisle_str source[N_TARGETS];
} column_spec;

/* AISLE_EINVAL names a target that does not exist or a pair that is none. */
aisle_status column_spec_parse(const char *text, column_spec *out, aisle_error *err);

enum { MAX_JOINED = 6 };

/* A spec found in one file's header: columns of each target, joined in order; n 0 = not there. */
typedef struct columns {
    int32_t at[N_TARGETS][MAX_JOINED];
    int32_t n[N_TARGETS];
} columns;

typedef struct columns_request {
    const char *path;
    aisle_import_role role;
    const column_spec *own; /* the caller's, wins; a target it names that the file lacks falls to `preset` */
    const column_spec *preset;
    bool *used; /* [N_TARGETS] set for every target that `own` settled */
} columns_request;

/* AISLE_EINVAL when what every record of the role needs (a user or session, an item) is not there; the
 * message lists the file's columns. */
aisle_status columns_find(const columns_request *q, aisle_reader *r, columns *out, aisle_error *err);

const char *target_name(target t);

#endif
