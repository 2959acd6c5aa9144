/* Counts the words of every product, then sorts them. */
#include "server/search/lexicon.h"

#include <stdlib.h>

#include "server/search/lexicon_build.h"

/* Fields whose words may be suggested stand first. */
enum { TITLE, BRAND, CATEGORY, ATTRIBUTES, DESCRIPTION, FIELDS, LAST_SHOWN = CATEGORY };

/* One word or stem while counting. */
typedef struct tally {
    int32_t stem, count;
    int64_t last; /* the product that was counted last */
    bool shown;
} tally;

typedef struct tallies {
    aisle_idmap *map;
    tally *at;
    int64_t cap;
} tallies;

typedef struct builder {
    aisle_words *w;
    aisle_terms *terms;
    tallies words, stems;
    aisle_label_build *labels;
    int64_t product; /* 1, 2, ... */
    int field, title_words;
    int64_t title_total, rows_cap;
} builder;

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the words of the search");
}

/* The number of a word, counted once a product; -1 when memory is short. */
static int32_t count_in(tallies *t, aisle_str text, int64_t product)
{
    int64_t before = t->cap;
    int32_t i = aisle_idmap_add(t->map, text);
    if (i < 0 || !aisle_grow((void **)&t->at, &t->cap, (int64_t)i + 1, sizeof *t->at)) return -1;
    if (t->cap > before) memset(t->at + before, 0, (size_t)(t->cap - before) * sizeof *t->at);
    if (t->at[i].last != product) t->at[i].count++;
    t->at[i].last = product;
    return i;
}

static aisle_status count_term(void *ctx, const aisle_term *term)
{
    builder *b = ctx;
    int32_t word = count_in(&b->words, term->word, b->product);
    int32_t stem = count_in(&b->stems, term->stem, b->product);
    if (word < 0 || stem < 0) return AISLE_ENOMEM;
    b->words.at[word].stem = stem;
    if (b->field <= LAST_SHOWN) b->words.at[word].shown = true;
    if (b->field == TITLE && b->title_words < UINT8_MAX) b->title_words++;
    return AISLE_OK;
}

static bool keep_length(builder *b, int64_t row)
{
    aisle_words *w = b->w;
    int64_t before = b->rows_cap;
    if (row < 0 || !aisle_grow((void **)&w->title_words, &b->rows_cap, row + 1, 1)) return false;
    if (b->rows_cap > before) memset(w->title_words + before, 0, (size_t)(b->rows_cap - before));
    w->title_words[row] = (uint8_t)b->title_words;
    if (row >= w->n_rows) w->n_rows = row + 1;
    b->title_total += b->title_words;
    return true;
}

static aisle_status take_texts(void *ctx, const aisle_search_texts *t, aisle_error *err)
{
    builder *b = ctx;
    const aisle_str fields[FIELDS] = {t->title, t->brand, t->category, t->attributes, t->description};
    b->product++;
    b->title_words = 0;
    for (b->field = 0; b->field < FIELDS; b->field++)
        if (fields[b->field].len) AISLE_TRY(aisle_terms_run(b->terms, fields[b->field], count_term, b, err));
    if (!keep_length(b, t->row) || !aisle_label_build_add(b->labels, t->category, t->brand))
        return no_memory(err);
    return AISLE_OK;
}

static int by_text(const void *a, const void *b)
{
    const aisle_word *x = a, *y = b;
    size_t n = x->text.len < y->text.len ? x->text.len : y->text.len;
    int order = memcmp(x->text.ptr, y->text.ptr, n);
    return order ? order : (x->text.len > y->text.len) - (x->text.len < y->text.len);
}

static bool take_words(builder *b)
{
    aisle_words *w = b->w;
    w->n = aisle_idmap_count(b->words.map);
    w->word = aisle_arena_calloc(&w->arena, (size_t)w->n, sizeof *w->word);
    int32_t n_stems = aisle_idmap_count(b->stems.map);
    w->stem_count = aisle_arena_calloc(&w->arena, (size_t)n_stems, sizeof *w->stem_count);
    if (!w->word || !w->stem_count) return false;
    for (int32_t i = 0; i < w->n; i++) {
        aisle_str s = aisle_idmap_get(b->words.map, i);
        const tally *t = &b->words.at[i];
        char *copy = aisle_arena_strndup(&w->arena, s.ptr, s.len);
        if (!copy) return false;
        w->word[i] = (aisle_word){{copy, s.len}, t->stem, t->count, t->shown};
    }
    for (int32_t i = 0; i < n_stems; i++) w->stem_count[i] = b->stems.at[i].count;
    qsort(w->word, (size_t)w->n, sizeof *w->word, by_text);
    w->stems = b->stems.map;
    b->stems.map = NULL;
    return true;
}

static aisle_status build(builder *b, aisle_view *v, aisle_error *err)
{
    aisle_words *w = b->w;
    b->words.map = aisle_idmap_new();
    b->stems.map = aisle_idmap_new();
    b->labels = aisle_label_build_new();
    if (!b->words.map || !b->stems.map || !b->labels) return no_memory(err);
    AISLE_TRY(aisle_terms_new(&b->terms, err));
    /* Before the texts: what changes in between is seen as one more change, never missed. */
    AISLE_TRY(aisle_view_search_version(v, &w->version, err));
    AISLE_TRY(aisle_view_search_texts(v, take_texts, b, err));
    w->n_products = b->product;
    w->mean_title = b->product ? (double)b->title_total / (double)b->product : 0;
    if (!take_words(b) || !aisle_label_build_end(b->labels, b->terms, w) || !aisle_words_make_deletes(w))
        return no_memory(err);
    return aisle_words_read_synonyms(w, v, b->terms, err);
}

aisle_status aisle_words_build(aisle_view *v, aisle_words **out, aisle_error *err)
{
    builder b = {.w = aisle_calloc(1, sizeof *b.w)};
    *out = NULL;
    if (!b.w) return no_memory(err);
    b.w->refs = 1;
    b.w->arena.block_bytes = 65536;
    aisle_status st = build(&b, v, err);
    aisle_idmap_free(b.words.map);
    aisle_idmap_free(b.stems.map);
    aisle_free(b.words.at);
    aisle_free(b.stems.at);
    aisle_label_build_free(b.labels);
    aisle_terms_free(b.terms);
    if (st == AISLE_OK)
        *out = b.w;
    else
        aisle_words_unref(b.w);
    return st;
}

void aisle_words_unref(aisle_words *w)
{
    if (!w || __atomic_sub_fetch(&w->refs, 1, __ATOMIC_ACQ_REL) != 0) return;
    aisle_idmap_free(w->stems);
    aisle_free(w->title_words);
    aisle_free(w->deletes);
    aisle_arena_deinit(&w->arena);
    aisle_free(w);
}

/* ---- looking up ---- */

/* The first word that is not below `text`. */
static int32_t lower_bound(const aisle_words *w, aisle_str text)
{
    const aisle_word key = {.text = text};
    int32_t low = 0, high = w->n;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (by_text(&w->word[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t aisle_words_find(const aisle_words *w, aisle_str word)
{
    int32_t i = lower_bound(w, word);
    return i < w->n && aisle_str_eq(w->word[i].text, word) ? i : -1;
}

static bool begins(aisle_str text, aisle_str prefix)
{
    return text.len >= prefix.len && memcmp(text.ptr, prefix.ptr, prefix.len) == 0;
}

void aisle_words_range(const aisle_words *w, aisle_str prefix, int32_t *from, int32_t *to)
{
    int32_t low = lower_bound(w, prefix), high = w->n;
    *from = low;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (begins(w->word[middle].text, prefix))
            low = middle + 1;
        else
            high = middle;
    }
    *to = low;
}

int32_t aisle_words_stem_count(const aisle_words *w, aisle_str stem)
{
    int32_t i = aisle_idmap_find(w->stems, stem);
    return i < 0 ? 0 : w->stem_count[i];
}

aisle_str aisle_words_stem(const aisle_words *w, int32_t word)
{
    return aisle_idmap_get(w->stems, w->word[word].stem);
}

int32_t aisle_words_complete(const aisle_words *w, aisle_str prefix, bool shown, int32_t most, int32_t *out)
{
    int32_t from, to, n = 0;
    aisle_words_range(w, prefix, &from, &to);
    for (int32_t i = from; i < to; i++) {
        if (shown && !w->word[i].shown) continue;
        if (n == most && w->word[out[n - 1]].count >= w->word[i].count) continue;
        int32_t at = n < most ? n++ : most - 1;
        while (at > 0 && w->word[out[at - 1]].count < w->word[i].count) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = i;
    }
    return n;
}
