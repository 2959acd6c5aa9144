/* What the files that build aisle_words share. Not for others. */
#ifndef AISLE_SERVER_LEXICON_BUILD_H
#define AISLE_SERVER_LEXICON_BUILD_H

#include "server/search/lexicon.h"
#include "server/store/store_search.h"

/* labels.c: counts categories and brands product by product. */
typedef struct aisle_label_build aisle_label_build;
aisle_label_build *aisle_label_build_new(void);
void aisle_label_build_free(aisle_label_build *b); /* NULL is fine */
bool aisle_label_build_add(aisle_label_build *b, aisle_str category, aisle_str brand);
bool aisle_label_build_end(aisle_label_build *b, aisle_terms *terms, aisle_words *w);

/* The words and stems of a text, in the arena. */
aisle_status aisle_terms_list(aisle_terms *t, aisle_str text, aisle_arena *a, aisle_str **words,
                              aisle_str **stems, int32_t *n, aisle_error *err);
aisle_status aisle_words_read_synonyms(aisle_words *w, aisle_view *v, aisle_terms *terms, aisle_error *err);

#endif
