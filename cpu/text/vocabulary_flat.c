/* A vocabulary as flat arrays and back, for the model file. What is read is hostile until restored. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/text/vocabulary.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the trie's keys are read as pairs of int32");

static const char *const schemes[] = {[AISLE_TEXT_TFIDF] = "tfidf", [AISLE_TEXT_BM25] = "bm25"};
static const char *const fields[AISLE_TEXT_FIELDS] = {
    [AISLE_TEXT_TITLE] = "title",           [AISLE_TEXT_DESCRIPTION] = "description",
    [AISLE_TEXT_CATEGORY] = "category",     [AISLE_TEXT_BRAND] = "brand",
    [AISLE_TEXT_ATTRIBUTES] = "attributes", [AISLE_TEXT_PRICE] = "price"};

static aisle_str stem_of(const void *ctx, int32_t i)
{
    return aisle_idmap_get(ctx, i);
}

/* Seventeen digits give every double back. */
static aisle_status write_settings(const aisle_vocabulary *v, aisle_buf *room, aisle_error *err)
{
    json_t *weights = json_object();
    for (int f = 0; f < AISLE_TEXT_FIELDS; f++)
        json_object_set_new(weights, fields[f], json_real((double)v->weight[f]));
    json_t *o = json_pack("{s:s, s:i, s:s, s:f, s:f, s:o, s:i, s:f}", "language", v->language, "ngram",
                          v->ngram, "scheme", schemes[v->scheme], "k1", v->k1, "b", v->b, "weights", weights,
                          "products", v->n_products, "mean_length", v->mean_length);
    char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(o);
    bool ok = text && aisle_buf_printf(room, "%s", text);
    free(text);
    return ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for the settings of texts");
}

aisle_status aisle_vocabulary_flatten(const aisle_vocabulary *v, aisle_buf *room, aisle_flat_vocabulary *out,
                                      aisle_error *err)
{
    AISLE_TRY(write_settings(v, room, err));
    *out = (aisle_flat_vocabulary){.n_terms = v->n_terms,
                                   .n_nodes = (int32_t)v->grams.n,
                                   .n_stems = aisle_idmap_count(v->grams.stems),
                                   .df = v->df,
                                   .node = (const int32_t *)(const void *)v->grams.key,
                                   .stem = stem_of,
                                   .ctx = v->grams.stems,
                                   .settings = {room->data, (size_t)room->len}};
    return AISLE_OK;
}

/* ---- back ---- */

static bool number_in(const json_t *o, const char *name, double low, double high, double *out)
{
    const json_t *v = json_object_get(o, name);
    *out = json_number_value(v);
    return json_is_number(v) && *out >= low && *out <= high;
}

static bool read_settings(const json_t *o, aisle_vocabulary *v)
{
    const char *language = json_string_value(json_object_get(o, "language"));
    const char *scheme = json_string_value(json_object_get(o, "scheme"));
    const json_t *weights = json_object_get(o, "weights");
    double ngram, products, weight;
    int s = 0, n = (int)(sizeof schemes / sizeof *schemes);
    while (scheme && s < n && strcmp(scheme, schemes[s]) != 0) s++;
    bool ok = language && scheme && s < n && number_in(o, "ngram", 1, AISLE_NGRAM_MAX, &ngram) &&
              number_in(o, "products", 1, INT32_MAX, &products) && number_in(o, "k1", 0, 100, &v->k1) &&
              number_in(o, "b", 0, 1, &v->b) && number_in(o, "mean_length", 0, 1e300, &v->mean_length);
    for (int f = 0; ok && f < AISLE_TEXT_FIELDS; f++) {
        ok = number_in(weights, fields[f], 0, 1000, &weight);
        v->weight[f] = (float)weight;
    }
    if (!ok || v->mean_length <= 0 || floor(ngram) != ngram || floor(products) != products) return false;
    v->scheme = (aisle_text_scheme)s;
    v->ngram = (int32_t)ngram;
    v->n_products = (int32_t)products;
    v->language = aisle_strdup(language);
    return true;
}

static aisle_status take_settings(const aisle_flat_vocabulary *f, aisle_vocabulary *v, aisle_error *err)
{
    json_error_t why;
    aisle_tokenizer *known = NULL;
    json_t *o = json_loadb(f->settings.ptr, f->settings.len, JSON_REJECT_DUPLICATES, &why);
    if (!o && json_error_code(&why) == json_error_out_of_memory)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the settings of texts");
    bool ok = read_settings(o, v);
    json_decref(o);
    if (!ok) return aisle_fail(err, AISLE_EINVAL, "settings: not those of texts, or out of range");
    if (!v->language) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the settings of texts");
    AISLE_TRY(aisle_tokenizer_new(v->language, &known, err));
    aisle_tokenizer_free(known);
    return AISLE_OK;
}

static aisle_status short_of_memory(const aisle_flat_vocabulary *f, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for %d terms", f->n_terms);
}

/* Nodes name their parents by number, in any order: a walk upwards ends within the longest n-gram, or in a ring. */
static aisle_status check_nodes(const aisle_flat_vocabulary *f, int32_t ngram, aisle_error *err)
{
    for (int32_t i = 0; i < f->n_nodes; i++) {
        int32_t at = i, n = 0;
        for (; at >= 0 && n <= ngram; n++) {
            int32_t stem = f->node[2 * (int64_t)at], up = f->node[2 * (int64_t)at + 1];
            if (stem < 0 || stem >= f->n_stems || up < 0 || up > f->n_nodes)
                return aisle_fail(err, AISLE_EINVAL,
                                  "node %d: stem %d, parent %d: wanted below %d, at most %d", at, stem, up,
                                  f->n_stems, f->n_nodes);
            at = up - 1;
        }
        if (at >= 0) return aisle_fail(err, AISLE_EINVAL, "node %d has more than %d stems", i, ngram);
    }
    return AISLE_OK;
}

static aisle_status take_trie(const aisle_flat_vocabulary *f, aisle_vocabulary *v, aisle_error *err)
{
    AISLE_TRY(aisle_ngrams_init(&v->grams, err));
    for (int32_t i = 0; i < f->n_stems; i++) {
        int32_t got = aisle_idmap_add(v->grams.stems, f->stem(f->ctx, i));
        if (got < 0) return short_of_memory(f, err);
        if (got != i) return aisle_fail(err, AISLE_EINVAL, "stem %d is there twice, first as %d", i, got);
    }
    for (int32_t i = 0; i < f->n_nodes; i++) {
        int32_t got = aisle_ngrams_add(&v->grams, f->node[2 * (int64_t)i + 1] - 1, f->node[2 * (int64_t)i]);
        if (got < 0) return short_of_memory(f, err);
        if (got != i) return aisle_fail(err, AISLE_EINVAL, "node %d is there twice, first as %d", i, got);
    }
    return AISLE_OK;
}

/* Stems joined by one space; the first stem's node is the farthest up. */
static bool spell(aisle_vocabulary *v, int32_t i)
{
    aisle_str part[AISLE_NGRAM_MAX];
    int32_t n = 0;
    size_t len = 0;
    for (int32_t at = i; at >= 0; at = aisle_ngrams_parent(&v->grams, at)) {
        part[n] = aisle_idmap_get(v->grams.stems, aisle_ngrams_stem(&v->grams, at));
        len += part[n++].len + 1;
    }
    char *to = aisle_arena_alloc(&v->strings, len);
    if (!to) return false;
    v->term[i] = (aisle_str){to, len - 1};
    while (n-- > 0) {
        memcpy(to, part[n].ptr, part[n].len);
        to += part[n].len;
        *to++ = ' ';
    }
    return true;
}

static aisle_status take_terms(const aisle_flat_vocabulary *f, aisle_vocabulary *v, aisle_error *err)
{
    v->term = aisle_array(f->n_terms, sizeof *v->term);
    v->df = aisle_array(f->n_terms, sizeof *v->df);
    v->idf = aisle_array(f->n_terms, sizeof *v->idf);
    if (!v->term || !v->df || !v->idf) return short_of_memory(f, err);
    for (int32_t i = 0; i < f->n_terms; i++) {
        if (f->df[i] < 1 || f->df[i] > v->n_products || (i && f->df[i] > f->df[i - 1]))
            return aisle_fail(err, AISLE_EINVAL, "term %d: in %d products, wanted 1 to %d, never rising", i,
                              f->df[i], v->n_products);
        v->df[i] = f->df[i];
        if (!spell(v, i)) return short_of_memory(f, err);
    }
    v->n_terms = f->n_terms;
    aisle_vocabulary_weigh(v);
    return AISLE_OK;
}

aisle_status aisle_vocabulary_restore(const aisle_flat_vocabulary *f, aisle_vocabulary **out,
                                      aisle_error *err)
{
    *out = NULL;
    if (f->n_terms < 1 || f->n_nodes < f->n_terms || f->n_nodes == INT32_MAX || f->n_stems < 1)
        return aisle_fail(err, AISLE_EINVAL, "%d terms of %d nodes and %d stems", f->n_terms, f->n_nodes,
                          f->n_stems);
    aisle_vocabulary *v = aisle_calloc(1, sizeof *v);
    if (!v) return short_of_memory(f, err);
    aisle_arena_init(&v->strings);
    aisle_status st = take_settings(f, v, err);
    if (st == AISLE_OK) st = check_nodes(f, v->ngram, err);
    if (st == AISLE_OK) st = take_trie(f, v, err);
    if (st == AISLE_OK) st = take_terms(f, v, err);
    if (st == AISLE_OK)
        *out = v;
    else
        aisle_vocabulary_free(v);
    return st;
}
