/* Words near a misspelt one. The table has, for every word, the hashes of what is left when letters are left out: at most
 * 2 of a word of 9 letters and more, 1 of one of 5 to 8, none of shorter ones. */
#include <stdlib.h>

#include "aisle/rng.h"
#include "server/search/lexicon.h"

enum {
    LETTERS = 64,   /* a word has at most 64 bytes */
    ONE_FROM = 5,   /* letters from which one error is forgiven */
    TWO_FROM = 9,   /* and two */
    TWO_UP_TO = 24, /* the pairs of a longer word would fill the table; nobody types it twice wrong */
    KEYS = 1 + TWO_UP_TO + TWO_UP_TO * (TWO_UP_TO - 1) / 2 + LETTERS
};

typedef struct letters {
    uint32_t at[LETTERS];
    int n;
} letters;

/* The code points of valid UTF-8. False for a word with digits: it is a code or a measure, not a word. */
static bool spell(aisle_str word, letters *out)
{
    out->n = 0;
    for (size_t i = 0; i < word.len && out->n < LETTERS;) {
        unsigned char c = (unsigned char)word.ptr[i++];
        if (c >= '0' && c <= '9') return false;
        uint32_t point = c < 0x80 ? c : c < 0xe0 ? c & 31 : c < 0xf0 ? c & 15 : c & 7;
        for (; i < word.len && ((unsigned char)word.ptr[i] & 0xc0) == 0x80; i++)
            point = point << 6 | ((unsigned char)word.ptr[i] & 63);
        out->at[out->n++] = point;
    }
    return true;
}

static uint64_t hash_without(const letters *l, int a, int b)
{
    uint32_t kept[LETTERS];
    int n = 0;
    for (int i = 0; i < l->n; i++)
        if (i != a && i != b) kept[n++] = l->at[i];
    return aisle_hash64(kept, (size_t)n * sizeof *kept, 0) >> 32;
}

/* The keys of a word with up to `most` letters left out. */
static int make_keys(const letters *l, int most, uint64_t keys[KEYS])
{
    int n = 0;
    keys[n++] = hash_without(l, -1, -1);
    for (int a = 0; a < l->n && most >= 1; a++) keys[n++] = hash_without(l, a, -1);
    for (int a = 0; a < l->n && most >= 2; a++)
        for (int b = a + 1; b < l->n; b++) keys[n++] = hash_without(l, a, b);
    return n;
}

static int errors_of(int n_letters)
{
    return n_letters >= TWO_FROM && n_letters <= TWO_UP_TO ? 2 : n_letters >= ONE_FROM ? 1 : 0;
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool add_keys(aisle_words *w, int64_t *cap, aisle_str text, int32_t word)
{
    letters l;
    uint64_t keys[KEYS];
    if (!spell(text, &l) || l.n < ONE_FROM - 1) return true;
    int n = make_keys(&l, errors_of(l.n), keys);
    if (!aisle_grow((void **)&w->deletes, cap, w->n_deletes + n, sizeof *w->deletes)) return false;
    for (int k = 0; k < n; k++) w->deletes[w->n_deletes++] = keys[k] << 32 | (uint32_t)word;
    return true;
}

/* Stems too: "umbrela" is one error away from what "umbrellas" stems to, and two from the word. */
bool aisle_words_make_deletes(aisle_words *w)
{
    int64_t cap = 0;
    for (int32_t i = 0; i < w->n; i++) {
        aisle_str stem = aisle_words_stem(w, i);
        if (!add_keys(w, &cap, w->word[i].text, i)) return false;
        if (!aisle_str_eq(stem, w->word[i].text) && !add_keys(w, &cap, stem, i)) return false;
    }
    if (w->n_deletes) qsort(w->deletes, (size_t)w->n_deletes, sizeof *w->deletes, by_key);
    return true;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Restricted Damerau-Levenshtein distance, three rows of the table at a time. */
static int distance(const letters *a, const letters *b)
{
    int rows[3][LETTERS + 1];
    for (int j = 0; j <= b->n; j++) rows[0][j] = j;
    for (int i = 1; i <= a->n; i++) {
        int *now = rows[i % 3], *before = rows[(i + 2) % 3], *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= b->n; j++) {
            int same = a->at[i - 1] == b->at[j - 1];
            now[j] = least(before[j - 1] + !same, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a->at[i - 1] == b->at[j - 2] && a->at[i - 2] == b->at[j - 1])
                now[j] = least(now[j], two_before[j - 2] + 1);
        }
    }
    return rows[a->n % 3][b->n];
}

/* To a word or its stem, whichever is nearer. */
static int errors_between(const aisle_words *w, const letters *asked, int32_t word)
{
    letters found;
    spell(w->word[word].text, &found);
    int to_word = distance(asked, &found);
    spell(aisle_words_stem(w, word), &found);
    return least(to_word, distance(asked, &found));
}

static int64_t first_of(const aisle_words *w, uint64_t key)
{
    int64_t low = 0, high = w->n_deletes;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (w->deletes[middle] >> 32 < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_better(const aisle_words *w, const aisle_near *a, const aisle_near *b)
{
    int32_t more = w->word[a->word].count - w->word[b->word].count;
    return a->distance != b->distance ? a->distance < b->distance : more ? more > 0 : a->word < b->word;
}

/* Keeps the best in order; a word comes by several keys. */
static int32_t insert(const aisle_words *w, aisle_near one, aisle_near *out, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        if (out[i].word == one.word) return n;
    if (n == AISLE_NEAR_MAX && !is_better(w, &one, &out[n - 1])) return n;
    int32_t at = n < AISLE_NEAR_MAX ? n++ : n - 1;
    for (; at > 0 && is_better(w, &one, &out[at - 1]); at--) out[at] = out[at - 1];
    out[at] = one;
    return n;
}

int32_t aisle_words_near(const aisle_words *w, aisle_str word, aisle_near out[AISLE_NEAR_MAX])
{
    letters asked;
    uint64_t keys[KEYS];
    int32_t n = 0;
    if (!spell(word, &asked)) return 0;
    int most = errors_of(asked.n);
    int n_keys = most ? make_keys(&asked, most, keys) : 0;
    for (int k = 0; k < n_keys; k++)
        for (int64_t i = first_of(w, keys[k]); i < w->n_deletes && w->deletes[i] >> 32 == keys[k]; i++) {
            int32_t at = (int32_t)(w->deletes[i] & UINT32_MAX);
            int d = errors_between(w, &asked, at);
            if (d > 0 && d <= most) n = insert(w, (aisle_near){at, d}, out, n);
        }
    return n;
}
