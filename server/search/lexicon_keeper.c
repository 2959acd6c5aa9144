/* Keeps the newest words, reads the synonyms, and makes lists of terms. */
#include <pthread.h>

#include "server/search/lexicon_build.h"

struct aisle_words_keeper {
    aisle_view *view;      /* guarded by build */
    pthread_mutex_t build; /* one build at a time */
    pthread_mutex_t lock;  /* guards words, for nanoseconds */
    aisle_words *words;
    int64_t began_ns, took_ns;
};

enum { REST = 9 }; /* times as long as a build took, before the next */

typedef struct term_list {
    aisle_arena *arena;
    aisle_str *words, *stems;
    int64_t words_cap, stems_cap;
    int32_t n;
} term_list;

static aisle_status add_term(void *ctx, const aisle_term *term)
{
    term_list *l = ctx;
    char *word = aisle_arena_strndup(l->arena, term->word.ptr, term->word.len);
    char *stem = aisle_arena_strndup(l->arena, term->stem.ptr, term->stem.len);
    if (!word || !stem || !aisle_grow((void **)&l->words, &l->words_cap, l->n + 1, sizeof *l->words) ||
        !aisle_grow((void **)&l->stems, &l->stems_cap, l->n + 1, sizeof *l->stems))
        return AISLE_ENOMEM;
    l->words[l->n] = (aisle_str){word, term->word.len};
    l->stems[l->n++] = (aisle_str){stem, term->stem.len};
    return AISLE_OK;
}

static aisle_str *keep_list(const aisle_str *list, int32_t n, aisle_arena *a)
{
    aisle_str *copy = aisle_arena_calloc(a, (size_t)n, sizeof *copy);
    if (copy && n) memcpy(copy, list, (size_t)n * sizeof *copy);
    return copy;
}

aisle_status aisle_terms_list(aisle_terms *t, aisle_str text, aisle_arena *a, aisle_str **words,
                              aisle_str **stems, int32_t *n, aisle_error *err)
{
    term_list l = {.arena = a};
    aisle_status st = aisle_terms_run(t, text, add_term, &l, err);
    if (st == AISLE_OK) {
        *n = l.n;
        *words = keep_list(l.words, l.n, a);
        *stems = keep_list(l.stems, l.n, a);
        if (!*words || !*stems) st = aisle_fail(err, AISLE_ENOMEM, "out of memory for words");
    }
    aisle_free(l.words);
    aisle_free(l.stems);
    return st;
}

aisle_status aisle_words_read_synonyms(aisle_words *w, aisle_view *v, aisle_terms *terms, aisle_error *err)
{
    aisle_synonym *list;
    int32_t n;
    AISLE_TRY(aisle_view_synonyms(v, &w->arena, &list, &n, err));
    w->synonyms = aisle_arena_calloc(&w->arena, (size_t)n, sizeof *w->synonyms);
    if (!w->synonyms) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the synonyms");
    for (int32_t i = 0; i < n; i++) {
        aisle_synonym_member *m = &w->synonyms[w->n_synonyms];
        aisle_str *words, *stems;
        AISLE_TRY(aisle_terms_list(terms, list[i].phrase, &w->arena, &words, &stems, &m->n, err));
        m->words = words;
        m->stems = stems;
        m->set = (int32_t)list[i].set;
        if (m->n) w->n_synonyms++;
    }
    return AISLE_OK;
}

aisle_words *aisle_words_get(aisle_words_keeper *k)
{
    pthread_mutex_lock(&k->lock);
    aisle_words *w = k->words;
    __atomic_add_fetch(&w->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&k->lock);
    return w;
}

static void put(aisle_words_keeper *k, aisle_words *w)
{
    pthread_mutex_lock(&k->lock);
    aisle_words *old = k->words;
    k->words = w;
    pthread_mutex_unlock(&k->lock);
    aisle_words_unref(old);
}

static aisle_status build_if_changed(aisle_words_keeper *k, bool now, aisle_error *err)
{
    int64_t version, at = aisle_time_monotonic_ns();
    aisle_words *w;
    if (!now && k->words && at - k->began_ns < (REST + 1) * k->took_ns) return AISLE_OK;
    AISLE_TRY(aisle_view_search_version(k->view, &version, err));
    if (k->words && k->words->version == version) return AISLE_OK;
    AISLE_TRY(aisle_words_build(k->view, &w, err));
    put(k, w);
    k->began_ns = at;
    k->took_ns = aisle_time_monotonic_ns() - at;
    return AISLE_OK;
}

aisle_status aisle_words_refresh(aisle_words_keeper *k, bool now, aisle_error *err)
{
    pthread_mutex_lock(&k->build);
    aisle_status st = build_if_changed(k, now, err);
    pthread_mutex_unlock(&k->build);
    return st;
}

aisle_status aisle_words_keeper_open(aisle_store *store, aisle_words_keeper **out, aisle_error *err)
{
    aisle_words_keeper *k = aisle_calloc(1, sizeof *k);
    *out = NULL;
    if (!k) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the words of the search");
    pthread_mutex_init(&k->build, NULL);
    pthread_mutex_init(&k->lock, NULL);
    aisle_status st = aisle_view_open(store, &k->view, err);
    if (st == AISLE_OK) st = aisle_words_refresh(k, true, err);
    if (st == AISLE_OK)
        *out = k;
    else
        aisle_words_keeper_close(k);
    return st;
}

void aisle_words_keeper_close(aisle_words_keeper *k)
{
    if (!k) return;
    aisle_words_unref(k->words);
    aisle_view_close(k->view);
    pthread_mutex_destroy(&k->build);
    pthread_mutex_destroy(&k->lock);
    aisle_free(k);
}
