/* The settings of training, one table over aisle_train_params: the command line's options, the range check, configuration
 * files, the model's meta and the tuner come from it. What is no single number, word or switch (weights of event types,
 * times, file names) is not in it. */
#ifndef AISLE_SETTINGS_H
#define AISLE_SETTINGS_H

#include <stddef.h>

#include "aisle/str.h"
#include "aisle/train.h"

/* What the field is in memory; AISLE_SETTING_OF derives it from the field itself. */
typedef enum aisle_setting_type {
    AISLE_SETTING_I32,
    AISLE_SETTING_U64,
    AISLE_SETTING_F32,
    AISLE_SETTING_F64,
    AISLE_SETTING_CHOICE, /* an enum; its values are places in `choices` */
    AISLE_SETTING_FLAG,
    AISLE_SETTING_TEXT /* const char *, borrowed; may be NULL */
} aisle_setting_type;

/* How a tuner looks for a value. */
typedef enum aisle_setting_search {
    AISLE_SEARCH_NONE,   /* only when it is asked for */
    AISLE_SEARCH_LINEAR, /* uniform in from..to; choices and flags: any of them */
    AISLE_SEARCH_LOG,    /* log-uniform in from..to */
    AISLE_SEARCH_BUDGET  /* not searched: a first look at a model makes it smaller */
} aisle_setting_search;

typedef struct aisle_setting {
    const char *name;  /* "item-knn-k": --item-knn-k N, `item-knn-k = N`, "item_knn_k" in the meta */
    char letter;       /* of the short option; 0 = none */
    const char *value; /* "N", as help shows it; NULL for flags */
    const char
        *kinds;    /* the kinds of model (fit.h) that it is of, with commas; NULL = of the data, so of all */
    bool fit_only; /* no part of what `aisle_train` makes */
    size_t offset; /* in aisle_train_params */
    aisle_setting_type type;
    double low, high;           /* inclusive, for numbers */
    const char *const *choices; /* NULL-terminated, for a choice */
    aisle_setting_search search;
    double from, to; /* the default range of a search */
    const char *help;
} aisle_setting;

const aisle_setting *aisle_setting_at(int32_t i); /* NULL past the end */
const aisle_setting *aisle_setting_find(aisle_str name);
bool aisle_setting_is_of(const aisle_setting *s, const char *kind); /* false for those of the data */

/* Numbers, choices (their place) and flags (0, 1) as a number; texts are 0. Setting rounds what is whole, and does not
 * look at the range. */
double aisle_setting_get(const aisle_setting *s, const aisle_train_params *p);
void aisle_setting_set(const aisle_setting *s, aisle_train_params *p, double value);
const char *aisle_setting_text(const aisle_setting *s, const aisle_train_params *p);          /* of a TEXT */
void aisle_setting_set_text(const aisle_setting *s, aisle_train_params *p, const char *text); /* borrowed */

/* The value as a configuration file has it, appended; numbers so that reading them gives the same. Nothing for a text
 * that is NULL. False: out of memory. */
bool aisle_setting_print(const aisle_setting *s, const aisle_train_params *p, aisle_buf *out);
/* The value as JSON: a number, null for one that is not finite, true or false, a choice or text as string; null for a text that
 * is not set. The caller's reference; NULL when memory is short. */
struct json_t *aisle_setting_json(const aisle_setting *s, const aisle_train_params *p);
/* Reads what print writes into *p; AISLE_EINVAL names the setting, the value and the range. Not for texts. */
aisle_status aisle_setting_read(const aisle_setting *s, aisle_str text, aisle_train_params *p,
                                aisle_error *err);

#endif
