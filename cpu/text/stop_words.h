/* Words that carry no topic, by language. Forms are those of the tokenizer: case-folded, without marks. */
#ifndef AISLE_TEXT_STOP_WORDS_H
#define AISLE_TEXT_STOP_WORDS_H

#include <stdbool.h>

#include "aisle/str.h"

/* A sorted list for one Snowball language. */
typedef struct aisle_stop_words {
    const char *language;
    const char *const *words;
    int n;
} aisle_stop_words;

/* NULL when the language has no list (nothing is then left out); static. */
const aisle_stop_words *aisle_stop_words_of(const char *language);
bool aisle_stop_words_have(const aisle_stop_words *list, aisle_str word); /* list may be NULL */

#endif
