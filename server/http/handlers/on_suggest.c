/* GET /v1/search/suggest: while a visitor types. Bounded whatever was typed: of very many products only the first are
 * looked at. */
#include "server/http/handlers/ask_search.h"

#include "server/search/lexicon_build.h"

enum { COMPLETIONS = 5, LABELS = 4, PRODUCTS = 5, TRIED = 24, LOOKED_AT = 2000, TEXT_BYTES = 160 };

typedef struct suggestion {
    aisle_search search; /* first */
    aisle_str *words, *stems;
    int32_t n;
    bool open; /* the last word may go on */
} suggestion;

static aisle_status no_memory(suggestion *s)
{
    return aisle_no_memory(s->search.work.r);
}

static aisle_arena *arena_of(const suggestion *s)
{
    return aisle_request_arena(s->search.work.r);
}

/* ---- completions ---- */

/* Whether some product has the words before and this stem. */
static aisle_status is_together(suggestion *s, aisle_str stem, bool *out)
{
    aisle_buf text = {0};
    aisle_search_hit *hit = NULL;
    int64_t n = 0;
    aisle_rank *rank = aisle_arena_calloc(arena_of(s), 1, sizeof *rank);
    bool ok = rank != NULL;
    for (int32_t i = 0; i + 1 < s->n && ok; i++)
        ok = aisle_buf_printf(&text, "\"%.*s\" AND ", (int)s->stems[i].len, s->stems[i].ptr);
    ok = ok && aisle_buf_printf(&text, "\"%.*s\"", (int)stem.len, stem.ptr);
    aisle_status st = ok ? aisle_view_search(s->search.with->view, (aisle_str){text.data, (size_t)text.len},
                                             rank, 1, &hit, &n, aisle_request_error(s->search.work.r))
                         : no_memory(s);
    aisle_buf_deinit(&text);
    aisle_free(hit);
    *out = n > 0;
    return st;
}

static json_t *completion(suggestion *s, aisle_str last)
{
    aisle_buf text = {0};
    bool ok = true;
    for (int32_t i = 0; i + 1 < s->n && ok; i++)
        ok = aisle_buf_printf(&text, "%.*s ", (int)s->words[i].len, s->words[i].ptr);
    ok = ok && aisle_buf_append(&text, last.ptr, last.len);
    json_t *out = ok ? json_stringn(text.data, (size_t)text.len) : NULL;
    aisle_buf_deinit(&text);
    return out;
}

/* The most frequent words that the last one begins, of products that have the others too. */
static aisle_status complete(suggestion *s, json_t *out)
{
    int32_t found[TRIED];
    if (s->n == 0 || !s->open) return AISLE_OK;
    const aisle_words *w = s->search.words;
    int32_t n = aisle_words_complete(w, s->words[s->n - 1], true, TRIED, found);
    for (int32_t i = 0; i < n && json_array_size(out) < COMPLETIONS; i++) {
        bool together = true;
        if (s->n > 1) AISLE_TRY(is_together(s, aisle_words_stem(w, found[i]), &together));
        if (together && json_array_append_new(out, completion(s, w->word[found[i]].text)))
            return no_memory(s);
    }
    return AISLE_OK;
}

/* ---- categories and brands ---- */

static aisle_status add_labels(suggestion *s, const aisle_labels *labels, const char *name, json_t *out)
{
    const aisle_label *found[LABELS];
    int32_t n = aisle_labels_match(labels, s->words, s->n, LABELS, found);
    for (int32_t i = 0; i < n; i++) {
        json_t *one = aisle_answer_with(json_object(), name, aisle_answer_text(found[i]->text));
        one = aisle_answer_with(one, "count", json_integer(found[i]->count));
        if (json_array_append_new(out, one)) return no_memory(s);
    }
    return AISLE_OK;
}

/* ---- products ---- */

static aisle_status find(suggestion *s, const aisle_search_hit *hits, int64_t n, aisle_search_item **items,
                         int32_t *count)
{
    aisle_error *err = aisle_request_error(s->search.work.r);
    aisle_catalogue *c = aisle_request_app(s->search.work.r)->catalogue;
    const aisle_search_place start = {0};
    AISLE_TRY(aisle_catalogue_begin(c, s->search.with->view, err));
    uint64_t *pass = aisle_arena_calloc(arena_of(s), (size_t)aisle_catalogue_words(c), sizeof *pass);
    aisle_status st = pass ? AISLE_OK : no_memory(s);
    for (int64_t i = 0; i < n && pass; i++) {
        int32_t slot = aisle_catalogue_slot_of_row(c, hits[i].row);
        if (slot >= 0 && aisle_catalogue_is_shown(c, slot)) pass[slot / 64] |= (uint64_t)1 << (slot % 64);
    }
    if (st == AISLE_OK)
        st = aisle_search_best(c, hits, n, pass, &start, PRODUCTS, arena_of(s), items, count, err);
    aisle_catalogue_end(c);
    return st;
}

static aisle_status add_product(suggestion *s, const aisle_search_item *i, json_t *out)
{
    aisle_product p;
    aisle_search *q = &s->search;
    aisle_status st =
        aisle_view_product(q->with->view, i->id, arena_of(s), &p, NULL, aisle_request_error(q->work.r));
    if (st == AISLE_ENOTFOUND) return AISLE_OK;
    AISLE_TRY(st);
    json_t *one = aisle_answer_product(&p, AISLE_FIELDS_SHORT);
    aisle_str html = aisle_query_highlight(q->query, q->with->terms, p.title, TEXT_BYTES, arena_of(s));
    one = aisle_answer_with(one, "highlight", aisle_answer_text(html));
    return json_array_append_new(out, one) ? no_memory(s) : AISLE_OK;
}

static aisle_status add_products(suggestion *s, json_t *out)
{
    aisle_search *q = &s->search;
    aisle_str expression;
    aisle_search_hit *hits = NULL;
    aisle_search_item *items = NULL;
    int64_t n = 0;
    int32_t count = 0;
    aisle_rank *rank = aisle_arena_alloc(arena_of(s), sizeof *rank);
    if (!rank || !aisle_query_ask(q->query, q->words, false, arena_of(s), &expression, rank))
        return no_memory(s);
    if (!expression.len) return AISLE_OK;
    AISLE_TRY(aisle_view_search(q->with->view, expression, rank, LOOKED_AT, &hits, &n,
                                aisle_request_error(q->work.r)));
    aisle_status st = find(s, hits, n, &items, &count);
    aisle_free(hits);
    for (int32_t i = 0; i < count && st == AISLE_OK; i++) st = add_product(s, &items[i], out);
    return st;
}

/* ---- the answer ---- */

static aisle_status make(suggestion *s)
{
    aisle_search *q = &s->search;
    aisle_error *err = aisle_request_error(q->work.r);
    json_t *lists[4] = {json_array(), json_array(), json_array(), json_array()};
    static const char *const names[4] = {"completions", "categories", "brands", "products"};
    aisle_status st =
        aisle_terms_list(q->with->terms, q->text, arena_of(s), &s->words, &s->stems, &s->n, err);
    s->open = q->text.len && q->text.ptr[q->text.len - 1] != ' ';
    if (st == AISLE_OK) st = complete(s, lists[0]);
    if (st == AISLE_OK) st = add_labels(s, &q->words->categories, "category", lists[1]);
    if (st == AISLE_OK) st = add_labels(s, &q->words->brands, "brand", lists[2]);
    if (st == AISLE_OK) st = add_products(s, lists[3]);
    json_t *o = json_object();
    for (int i = 0; i < 4; i++) o = aisle_answer_with(o, names[i], lists[i]);
    o = aisle_answer_with(o, "took_ms",
                          json_real((double)(aisle_time_monotonic_ns() - q->started_ns) * 1e-6));
    if (st != AISLE_OK) {
        json_decref(o);
        return st;
    }
    q->body = o;
    return o ? AISLE_OK : no_memory(s);
}

aisle_status aisle_on_suggest(aisle_request *r)
{
    static const char *const known[] = {"q", NULL};
    suggestion *s = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *s);
    if (!s) return aisle_no_memory(r);
    s->search.work.r = r;
    s->search.with = aisle_loop_of(r);
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_search_text(r, &s->search.text));
    aisle_status st = aisle_search_begin(&s->search, aisle_request_error(r));
    if (st == AISLE_OK) st = make(s);
    aisle_search_end(&s->search);
    if (st != AISLE_OK) return st;
    aisle_reply_header(r, "Cache-Control", "public, max-age=10");
    return aisle_reply_json(r, 200, s->search.body);
}
