/* Categories and brands as things to suggest: few beside the products, so that a scan of all of them finds those that
 * match. */
#include <stdlib.h>

#include "server/search/lexicon_build.h"

typedef struct counted {
    aisle_idmap *map;
    int32_t *count;
    int64_t cap;
} counted;

struct aisle_label_build {
    counted categories, brands;
};

aisle_label_build *aisle_label_build_new(void)
{
    aisle_label_build *b = aisle_calloc(1, sizeof *b);
    if (!b) return NULL;
    b->categories.map = aisle_idmap_new();
    b->brands.map = aisle_idmap_new();
    if (b->categories.map && b->brands.map) return b;
    aisle_label_build_free(b);
    return NULL;
}

void aisle_label_build_free(aisle_label_build *b)
{
    if (!b) return;
    aisle_idmap_free(b->categories.map);
    aisle_idmap_free(b->brands.map);
    aisle_free(b->categories.count);
    aisle_free(b->brands.count);
    aisle_free(b);
}

static bool count(counted *c, aisle_str text)
{
    int64_t before = c->cap;
    int32_t i = aisle_idmap_add(c->map, text);
    if (i < 0 || !aisle_grow((void **)&c->count, &c->cap, (int64_t)i + 1, sizeof *c->count)) return false;
    if (c->cap > before) memset(c->count + before, 0, (size_t)(c->cap - before) * sizeof *c->count);
    c->count[i]++;
    return true;
}

static const char separator[] = " > ";
enum { SEPARATOR = sizeof separator - 1 };

bool aisle_label_build_add(aisle_label_build *b, aisle_str category, aisle_str brand)
{
    for (size_t i = 0; i + SEPARATOR < category.len; i++)
        if (memcmp(category.ptr + i, separator, SEPARATOR) == 0 &&
            !count(&b->categories, (aisle_str){category.ptr, i}))
            return false;
    if (category.len && !count(&b->categories, category)) return false;
    return !brand.len || count(&b->brands, brand);
}

static aisle_str last_node(aisle_str path)
{
    for (size_t i = path.len; i >= SEPARATOR; i--)
        if (memcmp(path.ptr + i - SEPARATOR, separator, SEPARATOR) == 0)
            return (aisle_str){path.ptr + i, path.len - i};
    return path;
}

static int most_first(const void *a, const void *b)
{
    const aisle_label *x = a, *y = b;
    size_t n = x->text.len < y->text.len ? x->text.len : y->text.len;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    int order = memcmp(x->text.ptr, y->text.ptr, n);
    return order ? order : (x->text.len > y->text.len) - (x->text.len < y->text.len);
}

static bool make_labels(const counted *c, bool is_path, aisle_terms *terms, aisle_words *w, aisle_labels *out)
{
    aisle_labels l = {.n = aisle_idmap_count(c->map)};
    l.at = aisle_arena_calloc(&w->arena, (size_t)l.n, sizeof *l.at);
    if (!l.at) return false;
    for (int32_t i = 0; i < l.n; i++) {
        aisle_label *label = &l.at[i];
        aisle_str *words, *stems, text = aisle_idmap_get(c->map, i);
        text.ptr = aisle_arena_strndup(&w->arena, text.ptr, text.len);
        if (!text.ptr || aisle_terms_list(terms, is_path ? last_node(text) : text, &w->arena, &words, &stems,
                                          &label->n_words, NULL) != AISLE_OK)
            return false;
        label->words = words;
        label->text = text;
        label->count = c->count[i];
    }
    qsort(l.at, (size_t)l.n, sizeof *l.at, most_first);
    *out = l;
    return true;
}

bool aisle_label_build_end(aisle_label_build *b, aisle_terms *terms, aisle_words *w)
{
    return make_labels(&b->categories, true, terms, w, &w->categories) &&
           make_labels(&b->brands, false, terms, w, &w->brands);
}

static bool has_word(const aisle_label *l, aisle_str word, bool whole)
{
    for (int32_t i = 0; i < l->n_words; i++) {
        aisle_str s = l->words[i];
        if (s.len < word.len || memcmp(s.ptr, word.ptr, word.len) != 0) continue;
        if (!whole || s.len == word.len) return true;
    }
    return false;
}

int32_t aisle_labels_match(const aisle_labels *l, const aisle_str *words, int32_t n_words, int32_t most,
                           const aisle_label **out)
{
    int32_t n = 0;
    for (int32_t i = 0; i < l->n && n < most && n_words > 0; i++) {
        bool all = true;
        for (int32_t k = 0; k < n_words && all; k++) all = has_word(&l->at[i], words[k], k < n_words - 1);
        if (all) out[n++] = &l->at[i];
    }
    return n;
}
