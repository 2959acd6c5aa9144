/* GET /v1/products/{id}/related. */
#include "server/auth/identity.h"
#include "server/http/handlers/shared_list.h"
#include "server/recommend/pin.h"
#include "server/recommend/relations.h"

typedef struct related {
    aisle_shared_list list; /* first */
    aisle_relation relation;
} related;

static aisle_status parse(aisle_request *r, related *q)
{
    static const char *const known[] = {"intent", "limit", "explain", "user", "session", NULL};
    static const char *const reasons[] = {"similar", "bought_with", "similar", "content"};
    bool explain;
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(aisle_shared_parse(r, &q->list));
    AISLE_TRY(aisle_request_query_bool(r, "explain", false, &explain));
    aisle_str name = aisle_request_query(r, "intent");
    q->relation = AISLE_RELATED_SIMILAR;
    if (name.ptr && !aisle_relation_parse(name, &q->relation))
        return aisle_request_invalid(r, "?intent", "unknown",
                                     "similar, complementary, upgrade or content wanted");
    q->list.kind = aisle_relation_names[q->relation];
    q->list.of = aisle_request_param(r, "id");
    if (explain) q->list.reason_type = reasons[q->relation];
    return AISLE_OK;
}

/* AISLE_ENOTFOUND: no such product, or one that is hidden from who asks. A shop that keeps no catalogue has what its model
 * knows. */
static aisle_status check_shown(aisle_request *r, const aisle_answering *w, aisle_str id, aisle_str *category)
{
    aisle_product product;
    int64_t version;
    if (w->shelf->n_known == 0 && aisle_shelf_find(w->shelf, id) >= 0) return AISLE_OK;
    AISLE_TRY(aisle_view_product(w->view, id, w->arena, &product, &version, aisle_request_error(r)));
    *category = product.category;
    if (product.visibility != AISLE_HIDDEN || aisle_request_identity(r)->scopes & AISLE_SCOPE_ADMIN)
        return AISLE_OK;
    return aisle_fail(aisle_request_error(r), AISLE_ENOTFOUND, "product %.*s: not found", (int)id.len,
                      id.ptr);
}

/* What a list is about: items that do not come themselves, as an aisle_pin_hits asks. */
static bool is_itself(const void *ctx, int32_t item)
{
    return *(const int32_t *)ctx == item;
}

typedef struct related_ctx {
    const aisle_answering *w;
    aisle_related_ask q; /* allowed and n are the caller's */
} related_ctx;

static aisle_status best_related(void *ctx, const uint64_t *allowed, int32_t n, bool explain,
                                 aisle_hits *hits, aisle_error *err)
{
    const related_ctx *c = ctx;
    aisle_related_ask q = c->q;
    (void)explain; /* there is always the one reason */
    q.allowed = allowed;
    q.n = n;
    return aisle_related(c->w, &q, hits, err);
}

/* A product that the model knows nothing of, not by its text either, has an empty list; one that does not exist is an error. */
static aisle_status find(aisle_shared_list *l, const aisle_answering *w, aisle_hits *hits)
{
    aisle_error *err = aisle_request_error(l->work.r);
    const int32_t item = aisle_shelf_find(w->shelf, l->of);
    related_ctx ctx = {w, {.relation = ((related *)l)->relation, .items = &item, .n_items = 1}};
    const aisle_source source = {.best = best_related, .ctx = &ctx, .unsorted = true};
    aisle_choosing c = {.w = w,
                        .source = &source,
                        .n = (int32_t)l->limit + AISLE_SPARE_HITS,
                        .explain = l->reason_type != NULL};
    aisle_filter filter = {.key = AISLE_STR("")};
    aisle_wishes wishes;
    aisle_str category = {NULL, 0};
    AISLE_TRY(check_shown(l->work.r, w, l->of, &category));
    if (item < 0) return AISLE_OK;
    AISLE_TRY(aisle_shared_rules(l, &c, category, &filter, &wishes));
    AISLE_TRY(aisle_choose(&c, hits, err));
    return aisle_pin_hits(&c, 0, is_itself, &item, hits, err);
}

aisle_status aisle_on_related(aisle_request *r)
{
    related *q = aisle_arena_calloc(aisle_request_arena(r), 1, sizeof *q);
    if (!q) return aisle_no_memory(r);
    q->list = (aisle_shared_list){.find = find, .surface = AISLE_ON_RELATED, .more = "", .max_age = 30};
    AISLE_TRY(parse(r, q));
    return aisle_shared_answer(r, &q->list);
}
