/* What a visitor typed, understood: words with what they may also mean, phrases, exclusions; and from that a question to
 * the full-text index. No text of the visitor's reaches the index, only terms made of it. */
#ifndef AISLE_SERVER_QUERY_H
#define AISLE_SERVER_QUERY_H

#include "server/search/lexicon.h"
#include "server/store/store_search.h"

enum {
    AISLE_QUERY_BYTES = 512, /* a longer text is refused by who calls */
    AISLE_QUERY_WORDS = 24,  /* later ones are not looked at */
    AISLE_QUERY_WAYS = 24    /* of one word */
};

/* One way to be meant: a phrase of terms, or all of them anywhere. */
typedef struct aisle_way {
    const aisle_str *stems;
    int32_t n;
    bool anywhere;
    bool prefix; /* the last one is the beginning of a word */
    float weight;
} aisle_way;

typedef struct aisle_query_group {
    aisle_way way[AISLE_QUERY_WAYS];
    int32_t n;
    aisle_str text;   /* the words as they were typed, folded */
    aisle_str mended; /* what they are taken for; absent = as they are */
    int64_t count;    /* products that have it, about */
    bool is_word;     /* a single one, not in quotes */
    bool is_stop;
} aisle_query_group;

typedef struct aisle_search_query {
    aisle_query_group *wanted, *unwanted;
    int32_t n_wanted, n_unwanted;
    bool last_is_open; /* the last word may go on */
} aisle_search_query;

/* In the arena. Words: each needs to be there, in any order and any field; words without topic ("of") only when there is
 * no other. "in quotes": as a phrase. -word, -"a phrase": must not be there. The last word, unless a space follows, also
 * stands for all that begin with it. A word that no product has stands for its nearest (lexicon.h), for two words run
 * together, with its neighbour for one that was torn apart, or else for those that it begins. Synonyms stand for each
 * other. */
aisle_status aisle_query_read(aisle_terms *t, const aisle_words *w, aisle_str text, aisle_arena *a,
                              aisle_search_query **out, aisle_error *err);

/* The question. some: any of the wanted words will do, more of them come first. False: out of memory. An expression of
 * length 0: nothing is wanted, so nothing is found. */
bool aisle_query_ask(const aisle_search_query *q, const aisle_words *w, bool some, aisle_arena *a,
                     aisle_str *expression, aisle_rank *rank);
/* About how many nanoseconds the question takes. */
int64_t aisle_query_cost(const aisle_search_query *q, bool some);
/* The query with its typing errors mended; rare words too when `also_rare` is set and a much more frequent one is near.
 * Absent when there is nothing to mend or memory is short. */
aisle_str aisle_query_mended(const aisle_search_query *q, const aisle_words *w, bool also_rare,
                             aisle_arena *a);

/* ---- highlight.c ---- */

/* The text as HTML, escaped, with <mark> around every word that the query wants: at most `most` bytes of the text, from a
 * little before the first such word, with "…" where it was cut. Absent when no word is wanted, or memory is short. */
aisle_str aisle_query_highlight(const aisle_search_query *q, aisle_terms *t, aisle_str text, size_t most,
                                aisle_arena *a);

#endif
