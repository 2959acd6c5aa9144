/* The words of the catalogue in memory: how many products have each, which begin with given letters, which are one or two
 * typing errors away; and the categories and brands as labels to suggest. Immutable; built off the loops whenever texts
 * have changed. The products themselves are found by the store's full-text index, not here. */
#ifndef AISLE_SERVER_LEXICON_H
#define AISLE_SERVER_LEXICON_H

#include "server/search/terms.h"
#include "server/store/store.h"

typedef struct aisle_word {
    aisle_str text; /* folded */
    int32_t stem;   /* index of stems */
    int32_t count;  /* products that have it */
    bool shown;     /* in a title, brand or category: fit to be suggested */
} aisle_word;

/* A category path or a brand. */
typedef struct aisle_label {
    aisle_str text;         /* as in the products */
    const aisle_str *words; /* folded; of a category: of its last node */
    int32_t n_words;
    int32_t count; /* products: of a category, at and below it */
} aisle_label;

typedef struct aisle_labels {
    aisle_label *at; /* most products first, ties by text */
    int32_t n;
} aisle_labels;

/* Words that mean the same. */
typedef struct aisle_synonym_member {
    const aisle_str *words, *stems; /* of the phrase */
    int32_t n, set;
} aisle_synonym_member;

typedef struct aisle_words {
    int64_t version; /* aisle_view_search_version */
    int64_t n_products;
    aisle_word *word; /* ascending by bytes */
    int32_t n;
    aisle_idmap *stems;
    int32_t *stem_count; /* products, by stem */
    aisle_labels categories, brands;
    aisle_synonym_member *synonyms; /* by set */
    int32_t n_synonyms;
    uint64_t *deletes; /* near.c: hash of a word with letters left out << 32 | word; ascending */
    int64_t n_deletes;
    uint8_t *title_words; /* by products.id, 0 = unknown */
    int64_t n_rows;
    double mean_title;
    int32_t refs;
    aisle_arena arena;
} aisle_words;

/* Reads every text of one snapshot: 92,000 products take about half a second. */
aisle_status aisle_words_build(aisle_view *v, aisle_words **out, aisle_error *err);
void aisle_words_unref(aisle_words *w); /* NULL is fine */

/* The index of a word, -1 when no product has it. */
int32_t aisle_words_find(const aisle_words *w, aisle_str word);
/* The words that begin with `prefix`: [*from, *to). */
void aisle_words_range(const aisle_words *w, aisle_str prefix, int32_t *from, int32_t *to);
/* Products with a word of this stem. */
int32_t aisle_words_stem_count(const aisle_words *w, aisle_str stem);
aisle_str aisle_words_stem(const aisle_words *w, int32_t word);
/* The `most` most frequent words that begin with prefix, most frequent first. */
int32_t aisle_words_complete(const aisle_words *w, aisle_str prefix, bool shown, int32_t most, int32_t *out);

/* ---- near.c ---- */

typedef struct aisle_near {
    int32_t word, distance;
} aisle_near;
enum { AISLE_NEAR_MAX = 8 };
/* Words at most 1 typing error away from one of 5 to 8 letters, 2 from one of 9 and more: a letter missing, too many,
 * wrong, or two neighbours swapped (Damerau 1964; the restricted distance). Nearest first, then the most frequent. Words
 * with digits have none. Found by symmetric deletion: two words that are k errors apart become the same when at most k
 * letters of each are left out, so that the deletions of all words are looked up instead of all words compared. */
int32_t aisle_words_near(const aisle_words *w, aisle_str word, aisle_near out[AISLE_NEAR_MAX]);
/* Makes w->deletes. */
bool aisle_words_make_deletes(aisle_words *w);

/* ---- labels.c ---- */

/* Labels whose words the given ones begin or, but for the last given one, are; in any order. The most frequent first. */
int32_t aisle_labels_match(const aisle_labels *l, const aisle_str *words, int32_t n_words, int32_t most,
                           const aisle_label **out);

/* ---- keeper: the newest words, like the shelf's ---- */

typedef struct aisle_words_keeper aisle_words_keeper;
aisle_status aisle_words_keeper_open(aisle_store *store, aisle_words_keeper **out, aisle_error *err);
void aisle_words_keeper_close(aisle_words_keeper *k);
/* Builds anew when texts or synonyms have changed, but is busy with that a tenth of the time at most. Not on a loop. */
aisle_status aisle_words_refresh(aisle_words_keeper *k, bool now, aisle_error *err);
aisle_words *aisle_words_get(aisle_words_keeper *k); /* a reference; never NULL after open */

#endif
