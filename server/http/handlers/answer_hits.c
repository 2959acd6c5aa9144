/* What is recommended, as JSON text: products of the catalogue with score and reasons. Products come from product_texts.h and
 * numbers are written here; the rest, which few ask for, is built as trees. */
#include "server/http/handlers/answer_hits.h"

#include <string.h>

#include "server/http/handlers/product_texts.h"
#include "server/json/json_text.h"
#include "server/recommend/shared_terms.h"
#include "server/recommend/together.h"
#include "server/recommend/trial.h"
#include "server/recommend/walk.h"

aisle_status aisle_no_memory(aisle_request *r)
{
    return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the recommendations");
}

aisle_shelf *aisle_shelf_or_refuse(aisle_request *r)
{
    aisle_shelf *s = aisle_shelf_get(aisle_request_app(r)->shelves);
    if (!s) {
        aisle_reply_header(r, "Retry-After", "30");
        aisle_reply_problem(
            r, 503, "model_not_ready",
            "no model serves yet; start a training (POST /v1/admin/trainings) or activate one");
    }
    return s;
}

aisle_trying aisle_trying_of(aisle_request *r, const aisle_shelf *serving, aisle_surface surface)
{
    const aisle_app *app = aisle_request_app(r);
    return (aisle_trying){app->experiments,       app->rack, app->sets[AISLE_SET_SCENARIOS],
                          aisle_request_arena(r), serving,   surface};
}

/* The words that a likeness of texts is made of. */
static json_t *encode_terms(const aisle_shelf *s, int32_t a, int32_t b)
{
    aisle_shared_term shared[AISLE_SHARED_TERMS];
    json_t *terms = json_array();
    const int32_t n = aisle_shared_terms(s, a, b, shared);
    for (int32_t k = 0; k < n && terms; k++)
        json_array_append_new(terms, json_pack("{s:o, s:f}", "term", aisle_answer_text(shared[k].term),
                                               "weight", (double)shared[k].share));
    return terms;
}

static json_t *encode_reasons(const aisle_shelf *s, const aisle_hit *hit, const char *type)
{
    json_t *reasons = json_array();
    for (int32_t k = 0; k < hit->n_reasons && reasons; k++) {
        aisle_str id = aisle_shelf_id(s, hit->reasons[k].item);
        json_t *one = json_pack("{s:s, s:o, s:f}", "type", type, "item", aisle_answer_text(id), "weight",
                                (double)hit->reasons[k].share);
        if (strcmp(type, "content") == 0)
            json_object_set_new(one, "terms", encode_terms(s, hit->item, hit->reasons[k].item));
        json_array_append_new(reasons, one);
    }
    return reasons;
}

/* Which part of a hybrid gave which share of hit h's score; those that gave nothing are left out. */
static json_t *encode_parts(const aisle_shelf *s, const aisle_hits *hits, int32_t h)
{
    json_t *parts = json_array();
    for (int32_t p = 0; p < hits->n_parts && parts; p++) {
        double share = (double)hits->shares[(int64_t)h * hits->n_parts + p];
        if (share > 0)
            json_array_append_new(parts, json_pack("{s:s, s:f}", "part",
                                                   aisle_part_name(aisle_model_hybrid(s->model)->part[p]),
                                                   "share", share));
    }
    return parts;
}

typedef struct encoding {
    aisle_request *r;
    const aisle_shelf *s;
    const aisle_hits *hits;
    const aisle_hits_style *style;
    aisle_buf *out;
} encoding;

/* NULL: of none, as a pinned one. */
static const aisle_sourced *source_of(const aisle_hits_style *style, int32_t item)
{
    for (int32_t i = 0; i < style->n_sourced; i++)
        if (style->sourced[i].item == item) return &style->sourced[i];
    return NULL;
}

/* Of n hits from `first` on, at most AISLE_PRODUCT_TEXTS_AT_ONCE. */
static aisle_status get_texts(const encoding *e, int32_t first, int32_t n, aisle_str *ids, aisle_arena *a,
                              aisle_product_text *texts)
{
    for (int32_t i = 0; i < n; i++) ids[i] = aisle_shelf_id(e->s, e->hits->hit[first + i].item);
    const aisle_product_texts_ask ask = {ids, n, e->style->fields, e->s->n_known == 0};
    return aisle_product_texts_get(aisle_request_app(e->r)->texts, e->style->view, &ask, a, texts,
                                   aisle_request_error(e->r));
}

/* Of a shop without a catalogue all are absent. */
static bool is_shown(const encoding *e, const aisle_product_text *text)
{
    return text->fate == AISLE_PRODUCT_SHOWN || (text->fate == AISLE_PRODUCT_ABSENT && e->s->n_known == 0);
}

static bool encode_hit(const encoding *e, int32_t h, aisle_str text)
{
    const aisle_hit *hit = &e->hits->hit[h];
    bool ok = aisle_buf_append(e->out, text.ptr, text.len) && aisle_text_raw(e->out, ",\"score\":") &&
              aisle_text_real(e->out, (double)hit->score);
    const aisle_sourced *from = source_of(e->style, hit->item);
    const char *reason = from ? aisle_source_reason(from->source) : NULL;
    if (from)
        ok = ok && aisle_text_raw(e->out, ",\"source\":\"") &&
             aisle_text_raw(e->out, aisle_source_names[from->source]) && aisle_text_raw(e->out, "\"");
    if (e->style->reason_type)
        ok = ok && aisle_text_raw(e->out, ",\"reasons\":") &&
             aisle_text_tree(e->out, encode_reasons(e->s, hit, reason ? reason : e->style->reason_type));
    if (e->hits->shares)
        ok = ok && aisle_text_raw(e->out, ",\"parts\":") &&
             aisle_text_tree(e->out, encode_parts(e->s, e->hits, h));
    return ok && aisle_text_raw(e->out, "}");
}

/* n hits from `first` on; *shown: how many are in the answer. */
static aisle_status encode_some(const encoding *e, int32_t first, int32_t n, aisle_arena *a, int64_t *shown)
{
    aisle_str ids[AISLE_PRODUCT_TEXTS_AT_ONCE];
    aisle_product_text texts[AISLE_PRODUCT_TEXTS_AT_ONCE];
    AISLE_TRY(get_texts(e, first, n, ids, a, texts));
    for (int32_t i = 0; i < n; i++) {
        if (!is_shown(e, &texts[i])) continue;
        if (((*shown)++ && !aisle_text_raw(e->out, ",")) || !encode_hit(e, first + i, texts[i].text) ||
            (e->style->shown && !aisle_page_note_add(e->r, e->style->shown, ids[i])))
            return aisle_no_memory(e->r);
    }
    return AISLE_OK;
}

/* As many at once as may still be shown: spare hits are looked up only where others are gone. */
aisle_status aisle_encode_hits(aisle_request *r, const aisle_shelf *s, const aisle_hits *hits,
                               aisle_hits_style style, aisle_buf *out)
{
    const encoding e = {r, s, hits, &style, out};
    aisle_arena texts; /* let go of as they are put in: of a batch they are many */
    aisle_status st = AISLE_OK;
    int64_t shown = 0;
    AISLE_TRY(aisle_product_texts_sync(aisle_request_app(r)->texts, style.view, aisle_request_error(r)));
    if (!aisle_text_raw(out, "[")) return aisle_no_memory(r);
    for (int32_t first = 0, n; st == AISLE_OK && first < hits->n && shown < style.limit; first += n) {
        n = hits->n - first;
        if (n > style.limit - shown) n = (int32_t)(style.limit - shown);
        if (n > AISLE_PRODUCT_TEXTS_AT_ONCE) n = AISLE_PRODUCT_TEXTS_AT_ONCE;
        aisle_arena_init(&texts);
        st = encode_some(&e, first, n, &texts, &shown);
        aisle_arena_deinit(&texts);
    }
    if (st == AISLE_OK && !aisle_text_raw(out, "]")) st = aisle_no_memory(r);
    return st;
}

static void make_id(aisle_request *r, const aisle_asking *a, const char *strategy,
                    char id[AISLE_RECOMMENDATION_ID_BYTES])
{
    aisle_origin origin = {.model_version = a->w.shelf->model_version,
                           .strategy = aisle_str_from(strategy),
                           .scenario = a->ask->scenario ? a->ask->scenario->name : (aisle_str){NULL, 0}};
    aisle_trial_mark(a->trial, &origin);
    aisle_recommendation_id_new(aisle_request_app(r)->ids, &origin, id);
}

json_t *aisle_answer_trial(const aisle_trial *t)
{
    return json_pack("{s:o, s:o}", "name", aisle_answer_text(aisle_str_from(t->course.experiment)), "variant",
                     aisle_answer_text(aisle_str_from(t->course.variant)));
}

bool aisle_encode_trial(const aisle_trial *t, aisle_buf *out)
{
    return !t->course.experiment[0] ||
           (aisle_text_raw(out, ",\"experiment\":") && aisle_text_tree(out, aisle_answer_trial(t)));
}

/* Ids, strategies and numbers: nothing that must be escaped. */
static bool add_head(const aisle_asking *a, const char *strategy, const char *id, aisle_buf *out)
{
    return aisle_text_raw(out, "{\"recommendation_id\":\"") && aisle_text_raw(out, id) &&
           aisle_text_raw(out, "\",\"model_version\":") && aisle_text_int(out, a->w.shelf->model_version) &&
           aisle_text_raw(out, ",\"strategy\":\"") && aisle_text_raw(out, strategy) &&
           aisle_text_raw(out, "\"") && aisle_encode_trial(a->trial, out) &&
           aisle_text_raw(out, ",\"items\":");
}

/* next: the token of the next page, NULL = there is none. */
static bool add_tail(const char *next, int64_t took_ns, aisle_buf *out)
{
    double took = (double)took_ns * 1e-6;
    return aisle_text_raw(out, ",\"next\":") && aisle_text_raw(out, next ? "\"" : "null") &&
           (!next || (aisle_text_raw(out, next) && aisle_text_raw(out, "\""))) &&
           aisle_text_raw(out, ",\"took_ms\":") && aisle_text_real(out, took) && aisle_text_raw(out, "}");
}

/* What was found, on its way to text. */
typedef struct wording {
    aisle_request *r;
    const aisle_asking *a;
    const aisle_recommendation *found;
    aisle_page_note *shown;
    aisle_buf *out;
    int64_t started_ns, waited_ns; /* waited: before it started */
    aisle_status status;
} wording;

static aisle_status put_into_words(const wording *k)
{
    char id[AISLE_RECOMMENDATION_ID_BYTES];
    const aisle_recommendation *found = k->found;
    const aisle_ask *ask = k->a->ask;
    const aisle_answering *w = &k->a->w;
    if (!k->a->trial->course.experiment[0])
        aisle_shadow_offer(aisle_request_app(k->r)->shadow, w, ask, &found->hits);
    AISLE_TRY(aisle_page_note_init(k->r, ask->limit, k->shown));
    aisle_hits_style style = {w->view,  ask->fields,    ask->limit,      found->reason_type,
                              k->shown, found->sourced, found->n_sourced};
    const char *strategy = aisle_strategy_name(found->hits.strategy);
    make_id(k->r, k->a, strategy, id);
    if (!add_head(k->a, strategy, id, k->out)) return aisle_no_memory(k->r);
    AISLE_TRY(aisle_encode_hits(k->r, w->shelf, &found->hits, style, k->out));
    bool more = aisle_page_keep(k->r, ask, &(aisle_page_shown){k->shown, &k->a->trial->course, id});
    int64_t waited_ns = aisle_waited_ns(w) - k->waited_ns;
    int64_t took_ns = aisle_time_monotonic_ns() - k->started_ns - waited_ns;
    return add_tail(more ? id : NULL, took_ns, k->out) ? AISLE_OK : aisle_no_memory(k->r);
}

static void put_outside(void *ctx)
{
    wording *k = ctx;
    k->status = put_into_words(k);
}

/* Texts of products are parsed and written: not on the small stack of who is scored together with others. */
aisle_status aisle_answer_recommended(aisle_request *r, const aisle_asking *a, aisle_page_note *shown,
                                      aisle_buf *out)
{
    aisle_recommendation found;
    wording k = {r, a, &found, shown, out, aisle_time_monotonic_ns(), aisle_waited_ns(&a->w), AISLE_OK};
    AISLE_TRY(aisle_recommend(&a->w, a->ask, &found, aisle_request_error(r)));
    aisle_outside(&a->w, put_outside, &k);
    return k.status;
}
