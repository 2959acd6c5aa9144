/* Text to stems: words are folded, stop words dropped, the rest stemmed. Not thread-safe for one tokenizer.
 */
#include <libstemmer.h>
#include <utf8proc.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "aisle/text.h"
#include "cpu/text/stop_words.h"

/* A word is at most this long: the rest of a longer run (a serial number, text without spaces) is cut off. */
enum { WORD_MAX = 64, CACHE_SLOTS = 8192, CACHED_MAX = 31 };

/* Shop text repeats few words very often, and the stemmer costs more than all else: the slot of a word's hash
 * remembers the last word that fell there. stem_len 0 = stop word. */
typedef struct cached {
    uint8_t len, stem_len;
    char word[CACHED_MAX], stem[CACHED_MAX];
} cached;

struct aisle_tokenizer {
    struct sb_stemmer *stemmer; /* NULL for "none" */
    const aisle_stop_words *stop;
    cached *cache;
    utf8proc_int32_t *points; /* folding of one segment */
    int64_t points_cap;
    /* the call under way */
    aisle_status (*fn)(void *ctx, aisle_str stem);
    void *ctx;
    size_t len;
    bool full; /* the word was cut */
    char word[WORD_MAX];
};

static bool is_known(const char *language)
{
    for (const char **l = sb_stemmer_list(); *l; l++)
        if (strcmp(*l, language) == 0) return true;
    return false;
}

aisle_status aisle_tokenizer_new(const char *language, aisle_tokenizer **out, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    *out = NULL;
    if (!language) language = "english";
    bool stems = strcmp(language, "none") != 0;
    if (stems && !is_known(language))
        return aisle_fail(err, AISLE_EINVAL,
                          "text language %s: unknown; use \"none\" or a Snowball name such as "
                          "\"english\"",
                          language);
    aisle_tokenizer *t = aisle_calloc(1, sizeof *t);
    if (t) t->cache = aisle_calloc(CACHE_SLOTS, sizeof *t->cache);
    if (t && stems) t->stemmer = sb_stemmer_new(language, NULL);
    if (!t || !t->cache || (stems && !t->stemmer)) {
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the tokenizer");
        goto done;
    }
    t->stop = stems ? aisle_stop_words_of(language) : NULL;
    *out = t;
    t = NULL;
done:
    aisle_tokenizer_free(t);
    return st;
}

void aisle_tokenizer_free(aisle_tokenizer *t)
{
    if (!t) return;
    if (t->stemmer) sb_stemmer_delete(t->stemmer);
    aisle_free(t->cache);
    aisle_free(t->points);
    aisle_free(t);
}

/* The stem of t->word; {NULL, 0} for a stop word, a NULL pointer with a length when memory is short. */
static aisle_str stem_of(aisle_tokenizer *t)
{
    aisle_str word = {t->word, t->len};
    if (aisle_stop_words_have(t->stop, word)) return (aisle_str){NULL, 0};
    if (!t->stemmer) return word;
    const sb_symbol *s = sb_stemmer_stem(t->stemmer, (const sb_symbol *)t->word, (int)t->len);
    return (aisle_str){(const char *)s, s ? (size_t)sb_stemmer_length(t->stemmer) : t->len};
}

static aisle_status end_word(aisle_tokenizer *t)
{
    size_t n = t->len;
    if (n == 0) return AISLE_OK;
    cached *slot = &t->cache[aisle_hash64(t->word, n, 0) % CACHE_SLOTS];
    aisle_str stem;
    if (slot->len == n && memcmp(slot->word, t->word, n) == 0)
        stem = (aisle_str){slot->stem, slot->stem_len};
    else {
        stem = stem_of(t);
        if (!stem.ptr && stem.len) return AISLE_ENOMEM;
        if (n <= CACHED_MAX && stem.len <= CACHED_MAX) {
            slot->len = (uint8_t)n;
            slot->stem_len = (uint8_t)stem.len;
            memcpy(slot->word, t->word, n);
            if (stem.len) memcpy(slot->stem, stem.ptr, stem.len);
        }
    }
    t->len = 0;
    t->full = false;
    return stem.len ? t->fn(t->ctx, stem) : AISLE_OK;
}

static void add_bytes(aisle_tokenizer *t, const char *p, size_t n)
{
    if (t->full || t->len + n > WORD_MAX) {
        t->full = true;
        return;
    }
    memcpy(t->word + t->len, p, n);
    t->len += n;
}

static bool is_word(utf8proc_int32_t point)
{
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return true;
    default: return false;
    }
}

/* A valid UTF-8 segment with bytes outside ASCII: folded as a whole, because marks combine with what stands
 * before them, then cut into words. */
static aisle_status run_folded(aisle_tokenizer *t, const char *p, size_t n)
{
    const utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                  UTF8PROC_STRIPMARK | UTF8PROC_IGNORE;
    const utf8proc_uint8_t *in = (const utf8proc_uint8_t *)p;
    utf8proc_ssize_t count = utf8proc_decompose(in, (utf8proc_ssize_t)n, NULL, 0, how);
    if (count < 0) return AISLE_OK; /* cannot be: the caller has checked the segment */
    if (!aisle_grow((void **)&t->points, &t->points_cap, count + 1, sizeof *t->points)) return AISLE_ENOMEM;
    utf8proc_decompose(in, (utf8proc_ssize_t)n, t->points, count, how);
    utf8proc_ssize_t bytes = utf8proc_reencode(t->points, count, how); /* in place, now UTF-8 */
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)t->points;
    while (bytes > 0) {
        utf8proc_int32_t point;
        utf8proc_ssize_t step = utf8proc_iterate(at, bytes, &point);
        if (step <= 0) break;
        if (is_word(point))
            add_bytes(t, (const char *)at, (size_t)step);
        else
            AISLE_TRY(end_word(t));
        at += step;
        bytes -= step;
    }
    return end_word(t);
}

/* 1 letter or digit, 0 other, 2 not ASCII. */
static int ascii_class(unsigned char c)
{
    if (c >= 0x80) return 2;
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Segments end at ASCII that is no letter or digit, and at bytes that are no UTF-8; folding never reaches
 * across either. */
static aisle_status run_segment(aisle_tokenizer *t, const char *p, size_t n)
{
    size_t from = 0, i = 0;
    while (i < n) {
        utf8proc_int32_t point;
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)p + i, (utf8proc_ssize_t)(n - i), &point);
        if (step > 0) {
            i += (size_t)step;
            continue;
        }
        if (i > from) AISLE_TRY(run_folded(t, p + from, i - from));
        from = ++i;
    }
    return n > from ? run_folded(t, p + from, n - from) : AISLE_OK;
}

static aisle_status run_text(aisle_tokenizer *t, aisle_str text)
{
    for (size_t i = 0; i < text.len;) {
        size_t from = i;
        bool ascii = true;
        int kind;
        while (i < text.len && (kind = ascii_class((unsigned char)text.ptr[i])) != 0) {
            ascii = ascii && kind == 1;
            i++;
        }
        if (i == from) {
            i++;
        } else if (ascii) {
            for (size_t k = from; k < i; k++) {
                unsigned char c = (unsigned char)text.ptr[k];
                char low = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
                add_bytes(t, &low, 1);
            }
            AISLE_TRY(end_word(t));
        } else {
            AISLE_TRY(run_segment(t, text.ptr + from, i - from));
        }
    }
    return AISLE_OK;
}

aisle_status aisle_tokenizer_run(aisle_tokenizer *t, aisle_str text,
                                 aisle_status (*fn)(void *ctx, aisle_str stem), void *ctx, aisle_error *err)
{
    t->fn = fn;
    t->ctx = ctx;
    t->len = 0;
    t->full = false;
    aisle_status st = run_text(t, text);
    if (st == AISLE_ENOMEM) return aisle_fail(err, st, "out of memory while tokenizing");
    return st == AISLE_OK ? st : aisle_fail(err, st, "tokenizing was stopped");
}
