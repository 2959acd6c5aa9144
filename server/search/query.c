/* Cuts what was typed into words, phrases and exclusions, and finds what each word may stand for. */
#include "server/search/query.h"

#include "server/search/lexicon_build.h"

static const float weight_exact = 1, weight_prefix = 0.4F, weight_synonym = 0.8F, weight_joined = 0.9F;
static const float weight_near[] = {1, 0.6F, 0.4F}; /* by typing errors */
enum { NEAR_MAX = 4, OPEN_STEMS = 12 };

typedef struct reader {
    aisle_terms *terms;
    const aisle_words *w;
    aisle_arena *arena;
    aisle_search_query *q;
    aisle_error *err;
    int32_t n_words;
} reader;

static aisle_status no_memory(reader *r)
{
    return aisle_fail(r->err, AISLE_ENOMEM, "out of memory for the query");
}

static void add_way(aisle_query_group *g, aisle_way way)
{
    if (g->n < AISLE_QUERY_WAYS) g->way[g->n++] = way;
}

static bool add_stem(reader *r, aisle_query_group *g, aisle_str stem, float weight, bool prefix)
{
    aisle_str *one = aisle_arena_alloc(r->arena, sizeof *one);
    if (!one) return false;
    *one = stem;
    add_way(g, (aisle_way){one, 1, false, prefix, weight});
    return true;
}

static aisle_query_group *add_group(reader *r, bool unwanted)
{
    aisle_search_query *q = r->q;
    aisle_query_group *g = unwanted ? &q->unwanted[q->n_unwanted] : &q->wanted[q->n_wanted];
    if (++r->n_words > AISLE_QUERY_WORDS) return NULL;
    *(unwanted ? &q->n_unwanted : &q->n_wanted) += 1;
    return g;
}

static int64_t phrase_count(const aisle_words *w, const aisle_str *stems, int32_t n)
{
    int64_t least = w->n_products;
    for (int32_t i = 0; i < n; i++) {
        int32_t count = aisle_words_stem_count(w, stems[i]);
        if (count < least) least = count;
    }
    return least;
}

/* A piece: what stands between spaces, or between quotes. */
typedef struct piece {
    aisle_str text;
    bool unwanted, quoted, is_last;
} piece;

static aisle_status take_piece(reader *r, const piece *p)
{
    aisle_str *words, *stems;
    int32_t n;
    AISLE_TRY(aisle_terms_list(r->terms, p->text, r->arena, &words, &stems, &n, r->err));
    if (n == 0) return AISLE_OK;
    if (p->quoted || p->unwanted) {
        aisle_query_group *g = add_group(r, p->unwanted);
        if (!g) return AISLE_OK;
        g->text = p->text;
        g->count = phrase_count(r->w, stems, n);
        add_way(g, (aisle_way){stems, n, false, false, weight_exact});
        return AISLE_OK;
    }
    for (int32_t i = 0; i < n; i++) {
        aisle_query_group *g = add_group(r, false);
        if (!g) break;
        g->text = words[i];
        g->count = aisle_words_stem_count(r->w, stems[i]);
        g->is_word = true;
        g->is_stop = aisle_terms_is_stop(r->terms, words[i]);
        add_way(g, (aisle_way){&stems[i], 1, false, false, weight_exact});
        if (p->is_last && i == n - 1) r->q->last_is_open = true;
    }
    return AISLE_OK;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static aisle_status cut(reader *r, aisle_str text)
{
    for (size_t i = 0; i < text.len;) {
        piece p = {0};
        if (is_space(text.ptr[i])) {
            i++;
            continue;
        }
        if (text.ptr[i] == '-') {
            p.unwanted = true;
            i++;
        }
        if (i < text.len && text.ptr[i] == '"') {
            p.quoted = true;
            i++;
        }
        size_t from = i;
        while (i < text.len && text.ptr[i] != '"' && (p.quoted || !is_space(text.ptr[i]))) i++;
        p.text = (aisle_str){text.ptr + from, i - from};
        p.is_last = i == text.len;
        if (p.quoted && i < text.len) i++;
        AISLE_TRY(take_piece(r, &p));
    }
    return AISLE_OK;
}

/* ---- what a word may stand for ---- */

static bool has_stem(const aisle_query_group *g, aisle_str stem)
{
    for (int32_t i = 0; i < g->n; i++)
        if (!g->way[i].prefix && g->way[i].n == 1 && aisle_str_eq(g->way[i].stems[0], stem)) return true;
    return false;
}

static bool has_digit(aisle_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= '0' && s.ptr[i] <= '9') return true;
    return false;
}

/* The beginning of a word. Few words begin with it: they are asked for one by one, which is faster than to have the
 * index merge them. Many: the index is asked for all, and for those whose stem is shorter than what was typed. An id is
 * not among the words. */
static bool open_word(reader *r, aisle_query_group *g)
{
    int32_t longer[OPEN_STEMS], from, to;
    int64_t count = g->count;
    aisle_words_range(r->w, g->text, &from, &to);
    for (int32_t i = from; i < to; i++) count += r->w->word[i].count;
    g->count = count < r->w->n_products ? count : r->w->n_products;
    bool many = to - from > OPEN_STEMS;
    if ((many || has_digit(g->text)) && !add_stem(r, g, g->text, weight_prefix, true)) return false;
    int32_t n = aisle_words_complete(r->w, g->text, false, OPEN_STEMS, longer);
    for (int32_t i = 0; i < n; i++) {
        aisle_str stem = aisle_words_stem(r->w, longer[i]);
        bool begins = stem.len >= g->text.len && memcmp(stem.ptr, g->text.ptr, g->text.len) == 0;
        if ((many && begins) || has_stem(g, stem)) continue;
        if (!add_stem(r, g, stem, weight_prefix, false)) return false;
    }
    return true;
}

/* "icecream": the two known words whose rarer one is the most frequent. */
static bool split_word(reader *r, aisle_query_group *g)
{
    int32_t best = 0;
    size_t at = 0;
    for (size_t i = 2; i + 2 <= g->text.len; i++) {
        int32_t a = aisle_words_find(r->w, (aisle_str){g->text.ptr, i});
        int32_t b = aisle_words_find(r->w, (aisle_str){g->text.ptr + i, g->text.len - i});
        if (a < 0 || b < 0) continue;
        int32_t least = r->w->word[a].count < r->w->word[b].count ? r->w->word[a].count : r->w->word[b].count;
        if (least > best) {
            best = least;
            at = i;
        }
    }
    if (!at) return true;
    aisle_str *words, *stems;
    int32_t n;
    char *text = aisle_arena_printf(r->arena, "%.*s %.*s", (int)at, g->text.ptr, (int)(g->text.len - at),
                                    g->text.ptr + at);
    if (!text || aisle_terms_list(r->terms, aisle_str_from(text), r->arena, &words, &stems, &n, r->err))
        return false;
    add_way(g, (aisle_way){stems, n, true, false, weight_joined});
    if (!g->mended.ptr) g->mended = aisle_str_from(text);
    if (g->count < best) g->count = best;
    return true;
}

/* The words nearest to a misspelt one. `known`: its stem is in the catalogue, though not this form of it; it may be right. */
static bool mend_word(reader *r, aisle_query_group *g, bool known)
{
    aisle_near near[AISLE_NEAR_MAX];
    int32_t n = aisle_words_near(r->w, g->text, near);
    if (n == 0) n = aisle_words_near(r->w, g->way[0].stems[0], near);
    for (int32_t i = 0; i < n && i < NEAR_MAX && near[i].distance == near[0].distance; i++) {
        const aisle_word *word = &r->w->word[near[i].word];
        aisle_str stem = aisle_words_stem(r->w, near[i].word);
        if (has_stem(g, stem)) continue;
        if (!add_stem(r, g, stem, weight_near[near[i].distance], false)) return false;
        if (!known && i == 0 && (!g->mended.ptr || near[0].distance == 1)) g->mended = word->text;
        if (g->count < word->count) g->count = word->count;
    }
    return true;
}

static bool widen_words(reader *r)
{
    aisle_search_query *q = r->q;
    for (int32_t i = 0; i < q->n_wanted; i++) {
        aisle_query_group *g = &q->wanted[i];
        if (!g->is_word) continue;
        bool known = g->count > 0;
        if (q->last_is_open && i == q->n_wanted - 1 && !open_word(r, g)) return false;
        if (g->count == 0 && !split_word(r, g)) return false;
        if ((g->count == 0 || known || g->mended.ptr) && aisle_words_find(r->w, g->text) < 0 &&
            !mend_word(r, g, known))
            return false;
        /* "choc mi": begun, and gone on with the next one. */
        if (g->count == 0 && !open_word(r, g)) return false;
    }
    return true;
}

/* ---- several words as one ---- */

static void drop_group(aisle_search_query *q, int32_t i)
{
    q->n_wanted--;
    memmove(&q->wanted[i], &q->wanted[i + 1], (size_t)(q->n_wanted - i) * sizeof *q->wanted);
}

/* Makes the n groups from i on one, whose first way is all of them, anywhere. */
static aisle_query_group *merge(reader *r, int32_t i, int32_t n)
{
    aisle_search_query *q = r->q;
    aisle_query_group *g = &q->wanted[i];
    aisle_str *stems = aisle_arena_calloc(r->arena, (size_t)n, sizeof *stems);
    aisle_buf text = {0};
    bool ok = stems != NULL, last = i + n == q->n_wanted;
    int64_t count = INT64_MAX;
    for (int32_t k = 0; k < n && ok; k++) {
        aisle_query_group *one = &q->wanted[i + k];
        ok = aisle_buf_printf(&text, k ? " %.*s" : "%.*s", (int)one->text.len, one->text.ptr);
        stems[k] = last && q->last_is_open && k == n - 1 ? one->text : one->way[0].stems[0];
        if (one->count < count) count = one->count;
    }
    char *copy = ok ? aisle_arena_strndup(r->arena, text.data, (size_t)text.len) : NULL;
    aisle_buf_deinit(&text);
    if (!copy) return NULL;
    for (int32_t k = 1; k < n; k++) drop_group(q, i + 1);
    *g = (aisle_query_group){.text = aisle_str_from(copy), .count = count};
    add_way(g, (aisle_way){stems, n, true, last && q->last_is_open, weight_exact});
    return g;
}

/* "sham poo", "pop corn": neighbours that are one word of the catalogue when they stand together. */
static bool join_words(reader *r)
{
    aisle_search_query *q = r->q;
    for (int32_t i = 0; i + 1 < q->n_wanted; i++) {
        const aisle_query_group *a = &q->wanted[i], *b = &q->wanted[i + 1];
        if (!a->is_word || !b->is_word) continue;
        char *both = aisle_arena_printf(r->arena, "%.*s%.*s", (int)a->text.len, a->text.ptr, (int)b->text.len,
                                        b->text.ptr);
        if (!both) return false;
        int32_t word = aisle_words_find(r->w, aisle_str_from(both));
        if (word < 0) continue;
        bool torn = a->count == 0 || b->count == 0;
        aisle_query_group *g = merge(r, i, 2);
        if (!g || !add_stem(r, g, aisle_words_stem(r->w, word), weight_joined, false)) return false;
        if (torn) g->mended = r->w->word[word].text;
        if (g->count < r->w->word[word].count) g->count = r->w->word[word].count;
    }
    return true;
}

static bool is_at(const aisle_search_query *q, int32_t i, const aisle_synonym_member *m)
{
    if (i + m->n > q->n_wanted) return false;
    for (int32_t k = 0; k < m->n; k++) {
        const aisle_query_group *g = &q->wanted[i + k];
        if (!g->is_word || !aisle_str_eq(g->way[0].stems[0], m->stems[k])) return false;
    }
    return true;
}

static void add_set(const aisle_words *w, const aisle_synonym_member *except, aisle_query_group *g)
{
    for (int32_t i = 0; i < w->n_synonyms; i++) {
        const aisle_synonym_member *m = &w->synonyms[i];
        if (m->set != except->set || m == except) continue;
        add_way(g, (aisle_way){m->stems, m->n, false, false, weight_synonym});
        int64_t count = phrase_count(w, m->stems, m->n);
        if (g->count < count) g->count = count;
    }
}

/* The longest member that stands at a place is taken. */
static bool add_synonyms(reader *r)
{
    const aisle_words *w = r->w;
    for (int32_t i = 0; i < r->q->n_wanted; i++) {
        const aisle_synonym_member *best = NULL;
        for (int32_t k = 0; k < w->n_synonyms; k++)
            if (is_at(r->q, i, &w->synonyms[k]) && (!best || w->synonyms[k].n > best->n))
                best = &w->synonyms[k];
        if (!best) continue;
        aisle_query_group *g = best->n > 1 ? merge(r, i, best->n) : &r->q->wanted[i];
        if (!g) return false;
        add_set(w, best, g);
    }
    return true;
}

/* Words without topic go when there are others. A single last letter stays: more is about to come, or it is vitamin D. */
static void drop_stops(aisle_search_query *q)
{
    int32_t stops = 0;
    for (int32_t i = 0; i < q->n_wanted; i++) stops += q->wanted[i].is_stop;
    if (stops == q->n_wanted) return;
    for (int32_t i = q->n_wanted - 1; i >= 0; i--) {
        bool letter = i == q->n_wanted - 1 && q->wanted[i].text.len == 1;
        if (!q->wanted[i].is_stop || letter) continue;
        if (i == q->n_wanted - 1) q->last_is_open = false;
        drop_group(q, i);
    }
}

aisle_status aisle_query_read(aisle_terms *t, const aisle_words *w, aisle_str text, aisle_arena *a,
                              aisle_search_query **out, aisle_error *err)
{
    aisle_search_query *q = aisle_arena_calloc(a, 1, sizeof *q);
    reader r = {t, w, a, q, err, 0};
    if (!q) return no_memory(&r);
    q->wanted = aisle_arena_calloc(a, AISLE_QUERY_WORDS, sizeof *q->wanted);
    q->unwanted = aisle_arena_calloc(a, AISLE_QUERY_WORDS, sizeof *q->unwanted);
    if (!q->wanted || !q->unwanted) return no_memory(&r);
    AISLE_TRY(cut(&r, text));
    drop_stops(q);
    if (!join_words(&r) || !widen_words(&r) || !add_synonyms(&r)) return no_memory(&r);
    *out = q;
    return AISLE_OK;
}
