/* From a search's text to its answer: the index's hits, narrowed, counted and put in order by the catalogue in memory, then
 * a page of records with what matched in them marked. */
#include "server/http/handlers/ask_search.h"

#include "aisle/rng.h"

enum { SNIPPET = 200 };

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the search");
}

static aisle_arena *arena_of(const aisle_search *s)
{
    return aisle_request_arena(s->work.r);
}

aisle_status aisle_search_begin(aisle_search *s, aisle_error *err)
{
    s->started_ns = aisle_time_monotonic_ns();
    s->words = aisle_words_get(aisle_request_app(s->work.r)->words);
    return aisle_query_read(s->with->terms, s->words, s->text, arena_of(s), &s->query, err);
}

void aisle_search_end(aisle_search *s)
{
    aisle_words_unref(s->words);
    s->words = NULL;
}

/* ---- the index ---- */

typedef struct hits {
    aisle_search_hit *at;
    int64_t n;
} hits;

static aisle_status ask_index(aisle_search *s, bool some, hits *out, aisle_error *err)
{
    aisle_str expression;
    aisle_rank *rank = aisle_arena_alloc(arena_of(s), sizeof *rank);
    if (!rank || !aisle_query_ask(s->query, s->words, some, arena_of(s), &expression, rank))
        return no_memory(err);
    *out = (hits){0};
    s->some = some;
    if (!expression.len) return AISLE_OK;
    return aisle_view_search(s->with->view, expression, rank, INT64_MAX, &out->at, &out->n, err);
}

static aisle_status find_hits(aisle_search *s, hits *out, aisle_error *err)
{
    AISLE_TRY(ask_index(s, false, out, err));
    if (out->n || s->query->n_wanted < 2) return AISLE_OK;
    aisle_free(out->at);
    *out = (hits){0};
    s->later = s->on_loop && aisle_query_cost(s->query, true) > AISLE_SEARCH_LONG_NS;
    return s->later ? AISLE_OK : ask_index(s, true, out, err);
}

/* ---- the catalogue, between begin and end ---- */

typedef struct page {
    aisle_search_item *items;
    int32_t n;
    int64_t total;
    aisle_str next;
    json_t *facets;
    aisle_search_place from, window_end;
    bool in_window; /* the page lies among the hits that personalize sorts anew */
} page;

static uint64_t tag_of(const aisle_search *s)
{
    uint64_t tag = aisle_catalogue_tag(&s->ask->filter);
    tag = aisle_hash64(s->text.ptr, s->text.len, tag + (uint64_t)(s->order + 1));
    if (!s->personalize) return tag;
    tag = aisle_hash64(s->who.user.ptr, s->who.user.len, tag + 1);
    return aisle_hash64(s->who.session.ptr, s->who.session.len, tag);
}

static aisle_status candidates(const aisle_search *s, const aisle_catalogue *c, const hits *h, uint64_t **out,
                               aisle_error *err)
{
    uint64_t *bits = aisle_arena_calloc(arena_of(s), (size_t)aisle_catalogue_words(c), sizeof *bits);
    if (!bits) return no_memory(err);
    for (int64_t i = 0; i < h->n; i++) {
        int32_t slot = aisle_catalogue_slot_of_row(c, h->at[i].row);
        if (slot >= 0) bits[slot / 64] |= (uint64_t)1 << (slot % 64);
    }
    *out = bits;
    return AISLE_OK;
}

/* One more than the page is kept: it tells that there is a next one. */
static aisle_status by_relevance(aisle_search *s, const aisle_catalogue *c, const hits *h,
                                 const aisle_matches *m, page *p, aisle_error *err)
{
    const aisle_search_place start = {0};
    AISLE_TRY(aisle_search_place_read(s->ask->cursor, tag_of(s), &p->from, err));
    p->in_window = s->personalize && p->from.depth < AISLE_SEARCH_WINDOW;
    int32_t most = p->in_window ? AISLE_SEARCH_WINDOW + 1 : s->ask->limit + 1;
    return aisle_search_best(c, h->at, h->n, m->bits, p->in_window ? &start : &p->from, most, arena_of(s),
                             &p->items, &p->n, err);
}

static aisle_status by_order(aisle_search *s, const aisle_catalogue *c, const aisle_matches *m, page *out,
                             aisle_error *err)
{
    aisle_page p = {.matches = m,
                    .order = (aisle_catalogue_order)s->order,
                    .tag = tag_of(s),
                    .cursor = s->ask->cursor,
                    .limit = s->ask->limit};
    AISLE_TRY(aisle_catalogue_page(c, &p, arena_of(s), err));
    out->items = aisle_arena_calloc(arena_of(s), (size_t)p.n, sizeof *out->items);
    if (!out->items) return no_memory(err);
    for (out->n = 0; out->n < p.n; out->n++) {
        aisle_str id = aisle_catalogue_id(c, p.slots[out->n]);
        id.ptr = aisle_arena_strndup(arena_of(s), id.ptr, id.len);
        if (!id.ptr) return no_memory(err);
        out->items[out->n] = (aisle_search_item){.id = id};
    }
    out->next = p.next;
    return AISLE_OK;
}

static aisle_status narrow(aisle_search *s, const hits *h, page *out, aisle_error *err)
{
    const aisle_catalogue *c = aisle_request_app(s->work.r)->catalogue;
    aisle_matches m;
    uint64_t *bits = NULL;
    AISLE_TRY(candidates(s, c, h, &bits, err));
    AISLE_TRY(aisle_catalogue_match(c, &s->ask->filter, bits, arena_of(s), &m, err));
    out->total = m.total;
    AISLE_TRY(s->order < 0 ? by_relevance(s, c, h, &m, out, err) : by_order(s, c, &m, out, err));
    if (!s->ask->n_facets) return AISLE_OK;
    return aisle_products_facets(c, &m, s->ask, arena_of(s), &out->facets, err);
}

/* The best hits in the order of `who`. What comes after them goes on in the order of the text. */
static aisle_status sort_window(aisle_search *s, page *p)
{
    int32_t n = p->n < AISLE_SEARCH_WINDOW ? p->n : AISLE_SEARCH_WINDOW;
    if (!p->in_window || n == 0) return AISLE_OK;
    p->window_end.row = p->items[n - 1].row;
    p->window_end.score = p->items[n - 1].score;
    return aisle_search_personalize(s, p->items, n, &s->personal);
}

/* What is shown of the kept hits, and where the next page begins. */
static aisle_status cut_page(aisle_search *s, page *p, aisle_error *err)
{
    if (s->order >= 0) return AISLE_OK;
    int32_t skip = p->in_window ? p->from.depth : 0, limit = s->ask->limit;
    if (p->in_window && limit > AISLE_SEARCH_WINDOW - skip) limit = AISLE_SEARCH_WINDOW - skip;
    int32_t left = p->n > skip ? p->n - skip : 0, shown = left < limit ? left : limit;
    aisle_search_place at = p->from;
    at.depth += shown;
    p->items += skip;
    p->n = shown;
    if (left == shown || at.depth >= AISLE_SEARCH_DEPTH) return AISLE_OK;
    at.row = p->in_window ? p->window_end.row : p->items[shown - 1].row;
    at.score = p->in_window ? p->window_end.score : p->items[shown - 1].score;
    p->next = aisle_search_place_write(&at, arena_of(s));
    return p->next.ptr ? AISLE_OK : no_memory(err);
}

/* ---- the answer ---- */

static json_t *add_mark(const aisle_search *s, json_t *marks, const char *name, aisle_str text)
{
    aisle_str html = aisle_query_highlight(s->query, s->with->terms, text, SNIPPET, arena_of(s));
    return html.ptr ? aisle_answer_with(marks, name, aisle_answer_text(html)) : marks;
}

static json_t *marks_of(const aisle_search *s, const aisle_product *p)
{
    json_t *marks = json_object();
    marks = add_mark(s, marks, "title", p->title);
    marks = add_mark(s, marks, "brand", p->brand);
    marks = add_mark(s, marks, "category", p->category);
    return add_mark(s, marks, "description", p->description);
}

static aisle_status add_item(aisle_search *s, const aisle_search_item *i, json_t *items, aisle_error *err)
{
    aisle_product p;
    aisle_status st = aisle_view_product(s->with->view, i->id, arena_of(s), &p, NULL, err);
    if (st == AISLE_ENOTFOUND || (st == AISLE_OK && p.visibility == AISLE_HIDDEN))
        return AISLE_OK; /* gone by now */
    AISLE_TRY(st);
    json_t *o = aisle_answer_product(&p, s->ask->fields);
    if (s->order < 0)
        o = aisle_answer_with(o, "score", json_real((double)(s->personal ? i->blend : i->score)));
    o = aisle_answer_with(o, "highlights", marks_of(s, &p));
    return json_array_append_new(items, o) ? no_memory(err) : AISLE_OK;
}

static aisle_status encode(aisle_search *s, const page *p, aisle_error *err)
{
    json_t *items = json_array();
    aisle_status st = items ? AISLE_OK : no_memory(err);
    for (int32_t i = 0; i < p->n && st == AISLE_OK; i++) st = add_item(s, &p->items[i], items, err);
    if (st != AISLE_OK) {
        json_decref(items);
        return st;
    }
    bool little = s->some || p->total < AISLE_SEARCH_LITTLE;
    json_t *o = aisle_answer_with(json_object(), "items", items);
    o = aisle_answer_with(o, "total", json_integer(p->total));
    o = aisle_answer_with(o, "next", aisle_answer_text(p->next));
    o = aisle_answer_with(o, "matched", json_string(s->some ? "some" : "all"));
    o = aisle_answer_with(o, "did_you_mean",
                          aisle_answer_text(aisle_query_mended(s->query, s->words, little, arena_of(s))));
    if (p->facets) o = aisle_answer_with(o, "facets", json_incref(p->facets));
    o = aisle_answer_with(o, "personalized", json_boolean(s->personal));
    o = aisle_answer_with(o, "took_ms",
                          json_real((double)(aisle_time_monotonic_ns() - s->started_ns) * 1e-6));
    s->body = o;
    return o ? AISLE_OK : no_memory(err);
}

aisle_status aisle_search_answer(aisle_search *s, aisle_error *err)
{
    aisle_catalogue *c = aisle_request_app(s->work.r)->catalogue;
    hits h = {0};
    page p = {0};
    aisle_status st = find_hits(s, &h, err);
    if (st != AISLE_OK || s->later) return st;
    st = aisle_catalogue_begin(c, s->with->view, err);
    if (st == AISLE_OK) {
        st = narrow(s, &h, &p, err);
        aisle_catalogue_end(c);
    }
    aisle_free(h.at);
    if (st == AISLE_OK) st = sort_window(s, &p);
    if (st == AISLE_OK) st = cut_page(s, &p, err);
    if (st == AISLE_OK) st = encode(s, &p, err);
    json_decref(p.facets);
    return st;
}
