/* Learning the vocabulary: count the products of every n-gram, keep those within the bounds, number them by
 * frequency. */
#include "cpu/text/vocabulary.h"

#include <math.h>
#include <stdlib.h>

void aisle_vocabulary_free(aisle_vocabulary *v)
{
    if (!v) return;
    aisle_free(v->language);
    aisle_ngrams_deinit(&v->grams);
    aisle_free(v->term);
    aisle_free(v->df);
    aisle_free(v->idf);
    aisle_arena_deinit(&v->strings);
    aisle_free(v);
}

int32_t aisle_vocabulary_count(const aisle_vocabulary *v)
{
    return v->n_terms;
}

aisle_str aisle_vocabulary_term(const aisle_vocabulary *v, int32_t i)
{
    return v->term[i];
}

void aisle_vocabulary_weigh(aisle_vocabulary *v)
{
    double items = v->n_products;
    for (int32_t i = 0; i < v->n_terms; i++) {
        double df = v->df[i];
        v->idf[i] = v->scheme == AISLE_TEXT_BM25 ? log1p((items - df + .5) / (df + .5))
                                                 : log((1 + items) / (1 + df)) + 1;
    }
}

static aisle_status check(const aisle_text_params *p, aisle_error *err)
{
    const float w[] = {p->title_weight, p->description_weight, p->category_weight,
                       p->brand_weight, p->attributes_weight,  p->price_weight};
    if (p->ngram < 0 || p->ngram > AISLE_NGRAM_MAX)
        return aisle_fail(err, AISLE_EINVAL, "text n-gram length %d: must be 1 to %d", p->ngram,
                          AISLE_NGRAM_MAX);
    if (p->min_df < 0)
        return aisle_fail(err, AISLE_EINVAL, "text min_df %d: must be 1 or more products", p->min_df);
    if (!(p->max_df >= 0 && p->max_df <= 1))
        return aisle_fail(err, AISLE_EINVAL, "text max_df %g: must be a share above 0, at most 1", p->max_df);
    if (p->scheme != AISLE_TEXT_TFIDF && p->scheme != AISLE_TEXT_BM25)
        return aisle_fail(err, AISLE_EINVAL, "text scheme %d: must be TF-IDF (0) or BM25 (1)",
                          (int)p->scheme);
    if (!(p->k1 >= 0 && p->k1 <= 100) || !(p->b >= 0 && p->b <= 1))
        return aisle_fail(err, AISLE_EINVAL, "BM25 k1 %g, b %g: must be 0 to 100 and 0 to 1", p->k1, p->b);
    for (int f = 0; f < AISLE_TEXT_FIELDS; f++)
        if (!(w[f] >= 0 && w[f] <= 1000))
            return aisle_fail(err, AISLE_EINVAL, "text field weight %g: must be 0 to 1000", (double)w[f]);
    return AISLE_OK;
}

static aisle_status vocabulary_new(const aisle_text_params *p, aisle_vocabulary **out, aisle_error *err)
{
    AISLE_TRY(check(p, err));
    aisle_vocabulary *v = aisle_calloc(1, sizeof *v);
    if (v) v->language = aisle_strdup(p->language ? p->language : "english");
    if (!v || !v->language) {
        aisle_vocabulary_free(v);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the vocabulary");
    }
    aisle_arena_init(&v->strings);
    v->ngram = p->ngram ? p->ngram : 2;
    v->scheme = p->scheme;
    v->k1 = p->k1 > 0 ? p->k1 : 1.2;
    v->b = p->b > 0 ? p->b : .75;
    v->weight[AISLE_TEXT_TITLE] = p->title_weight;
    v->weight[AISLE_TEXT_DESCRIPTION] = p->description_weight;
    v->weight[AISLE_TEXT_CATEGORY] = p->category_weight;
    v->weight[AISLE_TEXT_BRAND] = p->brand_weight;
    v->weight[AISLE_TEXT_ATTRIBUTES] = p->attributes_weight;
    v->weight[AISLE_TEXT_PRICE] = p->price_weight;
    static const float usual[AISLE_TEXT_FIELDS] = {3, 1, 2, 2, 1, .5f};
    bool unset = true;
    for (int f = 0; f < AISLE_TEXT_FIELDS; f++) unset = unset && v->weight[f] == 0;
    for (int f = 0; f < AISLE_TEXT_FIELDS && unset; f++) v->weight[f] = usual[f];
    *out = v;
    return AISLE_OK;
}

/* ---- counting ---- */

typedef struct counts {
    aisle_ngrams grams;
    const float *weight;
    struct {
        int32_t df, last; /* products that have the n-gram; the newest of them */
    } * node;
    int64_t node_cap, n_nodes;
    int32_t item, n_items;
    int64_t tokens[AISLE_TEXT_FIELDS];
    const aisle_progress *progress;
} counts;

static aisle_status count_node(void *ctx, int32_t node, int32_t field)
{
    counts *c = ctx;
    if (node >= c->n_nodes) { /* nodes are reported as soon as they are added: it is the next one */
        if (!aisle_grow((void **)&c->node, &c->node_cap, node + 1, sizeof *c->node)) return AISLE_ENOMEM;
        c->node[node].df = 0;
        c->node[node].last = -1;
        c->n_nodes = node + 1;
    }
    if (c->weight[field] > 0 && c->node[node].last != c->item) {
        c->node[node].last = c->item;
        c->node[node].df++;
    }
    return AISLE_OK;
}

static aisle_status count_products(const aisle_dataset *d, const uint8_t *in, const aisle_vocabulary *v,
                                   counts *c, aisle_error *err)
{
    aisle_ngram_walk walk = {.grams = &c->grams, .ngram = v->ngram, .grow = true, .fn = count_node, .ctx = c};
    aisle_status st = aisle_tokenizer_new(v->language, &walk.tokenizer, err);
    int32_t n = aisle_idmap_count(aisle_dataset_items(d));
    for (c->item = 0; c->item < n && st == AISLE_OK; c->item++) {
        if (in && !in[c->item]) continue;
        if (aisle_canceled(c->progress)) {
            st = aisle_fail(err, AISLE_ECANCELED, "vocabulary canceled");
            break;
        }
        aisle_product p = aisle_dataset_product(d, c->item);
        st = aisle_ngram_walk_product(&walk, &p, err);
        for (int32_t f = 0; f < AISLE_TEXT_FIELDS; f++) c->tokens[f] += walk.tokens[f];
        c->n_items++;
    }
    aisle_tokenizer_free(walk.tokenizer);
    aisle_buf_deinit(&walk.scratch);
    return st;
}

/* ---- choosing ---- */

typedef struct candidate {
    aisle_str text;
    int32_t node, df;
    bool common; /* in too many products: kept as a prefix of rarer n-grams, but no term */
} candidate;

static int by_frequency(const void *x, const void *y)
{
    const candidate *a = x, *b = y;
    if (a->common != b->common) return a->common ? 1 : -1;
    if (a->df != b->df) return a->df > b->df ? -1 : 1;
    size_t n = a->text.len < b->text.len ? a->text.len : b->text.len;
    int order = memcmp(a->text.ptr, b->text.ptr, n);
    return order ? order : (a->text.len > b->text.len) - (a->text.len < b->text.len);
}

/* The text of a node is that of its parent, one space, its stem. A parent has at least the df of its child,
 * so it is a candidate too and, being older, has its text already. text is per node. */
static bool spell(aisle_vocabulary *v, const aisle_ngrams *g, int32_t node, aisle_str *text)
{
    int32_t parent = aisle_ngrams_parent(g, node);
    aisle_str stem = aisle_idmap_get(g->stems, aisle_ngrams_stem(g, node));
    aisle_str head = parent >= 0 ? text[parent] : (aisle_str){NULL, 0};
    size_t space = parent >= 0;
    char *p = aisle_arena_alloc(&v->strings, head.len + space + stem.len);
    if (!p) return false;
    if (space) {
        memcpy(p, head.ptr, head.len);
        p[head.len] = ' ';
    }
    memcpy(p + head.len + space, stem.ptr, stem.len);
    text[node] = (aisle_str){p, head.len + space + stem.len};
    return true;
}

/* Adds the candidates in their order. Term ids follow frequency, so a common prefix comes after its children;
 * the trie does not mind, for a key holds its parent's number only. */
static aisle_status fill(aisle_vocabulary *v, const counts *c, const candidate *list, int32_t n,
                         aisle_error *err)
{
    aisle_status st = AISLE_OK;
    int32_t *renumbered = aisle_array(c->grams.n, sizeof *renumbered);
    v->term = aisle_array(n, sizeof *v->term);
    v->df = aisle_array(n, sizeof *v->df);
    v->idf = aisle_array(n, sizeof *v->idf);
    if (!renumbered || !v->term || !v->df || !v->idf) goto short_of_memory;
    for (int32_t i = 0; i < n; i++) renumbered[list[i].node] = i;
    for (int32_t i = 0; i < n; i++) {
        int32_t node = list[i].node, parent = aisle_ngrams_parent(&c->grams, node);
        int32_t stem = aisle_idmap_add(v->grams.stems,
                                       aisle_idmap_get(c->grams.stems, aisle_ngrams_stem(&c->grams, node)));
        if (stem < 0 || aisle_ngrams_add(&v->grams, parent < 0 ? -1 : renumbered[parent], stem) < 0)
            goto short_of_memory;
        if (list[i].common) continue;
        v->term[i] = list[i].text;
        v->df[i] = list[i].df;
        v->n_terms = i + 1;
    }
    v->n_products = c->n_items;
    aisle_vocabulary_weigh(v);
    goto done;
short_of_memory:
    st = aisle_fail(err, AISLE_ENOMEM, "out of memory for %d terms", n);
done:
    aisle_free(renumbered);
    return st;
}

static aisle_status choose(aisle_vocabulary *v, const counts *c, const aisle_text_params *p, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    candidate *list = NULL;
    int64_t n = 0, cap = 0;
    int32_t least = p->min_df ? p->min_df : 2;
    double most = (p->max_df > 0 ? p->max_df : .5) * c->n_items;
    aisle_str *text = aisle_array(c->grams.n, sizeof *text);
    if (!text) goto short_of_memory;
    for (int32_t node = 0; node < c->grams.n; node++) {
        if (c->node[node].df < least) continue;
        if (!spell(v, &c->grams, node, text) || !aisle_grow((void **)&list, &cap, n + 1, sizeof *list))
            goto short_of_memory;
        list[n++] = (candidate){text[node], node, c->node[node].df, c->node[node].df > most};
    }
    if (n) qsort(list, (size_t)n, sizeof *list, by_frequency);
    st = fill(v, c, list, (int32_t)n, err);
    goto done;
short_of_memory:
    st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the terms of %d products", c->n_items);
done:
    aisle_free(list);
    aisle_free(text);
    return st;
}

aisle_status aisle_vocabulary_learn(const aisle_dataset *d, const uint8_t *in, const aisle_text_params *p,
                                    aisle_vocabulary **out, aisle_error *err)
{
    aisle_vocabulary *v = NULL;
    counts c = {0};
    *out = NULL;
    aisle_status st = vocabulary_new(p, &v, err);
    if (st != AISLE_OK) goto done;
    c.weight = v->weight;
    c.progress = p->progress;
    if ((st = aisle_ngrams_init(&c.grams, err)) != AISLE_OK) goto done;
    if ((st = count_products(d, in, v, &c, err)) != AISLE_OK) goto done;
    if ((st = aisle_ngrams_init(&v->grams, err)) != AISLE_OK) goto done;
    if ((st = choose(v, &c, p, err)) != AISLE_OK) goto done;
    v->mean_length = c.n_items ? aisle_vocabulary_length(v, c.tokens) / c.n_items : 0;
    *out = v;
    v = NULL;
done:
    aisle_ngrams_deinit(&c.grams);
    aisle_free(c.node);
    aisle_vocabulary_free(v);
    return st;
}
