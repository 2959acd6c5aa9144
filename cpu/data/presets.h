/* What is particular to a data set, as one table row each. Private to cpu/data. */
#ifndef AISLE_CPU_DATA_PRESETS_H
#define AISLE_CPU_DATA_PRESETS_H

#include "aisle/import.h"

enum { IMPORT_ROLES = 3 };

typedef struct preset {
    const char *name, *help;
    const char *map[IMPORT_ROLES]; /* column map by role, in the grammar of --map; NULL = role not known */
    aisle_format format[IMPORT_ROLES]; /* AUTO = by name */
    const char *event_type;            /* of every event; NULL = column "type" */
    bool type_by_file_name;            /* "view_x.dat" holds views */
    const char *currency;              /* NULL = "USD" */
    const char *cancel_prefix;         /* an order id that starts so is a cancellation */
    const char *const *services;       /* item ids that are no products, NULL-terminated */
    double stars;                      /* what one unit of a rating is worth in stars; 0 = 1 */
    const char *list_separator;        /* category is a flat list: first = category, all = an attribute */
    bool float_users;                  /* "17850.0" is user 17850 */
    bool python_lists;                 /* texts like "['a', 'b']" */
    bool price_is_total;               /* the price column is quantity x unit price */
} preset;

/* NULL when unknown; NULL and "" name the default, "generated". */
const preset *preset_find(const char *name);

#endif
