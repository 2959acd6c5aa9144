/* The scorer's lists, and what of them is an upgrade: that is a matter of the catalogue, not of the model. */
#include "server/recommend/relations.h"

#include "server/recommend/later_baskets.h"

const char *const aisle_relation_names[AISLE_RELATIONS + 1] = {"similar", "complementary", "upgrade",
                                                               "content", NULL};

bool aisle_relation_parse(aisle_str name, aisle_relation *out)
{
    for (int i = 0; i < AISLE_RELATIONS; i++)
        if (aisle_str_eq(name, aisle_str_from(aisle_relation_names[i]))) {
            *out = (aisle_relation)i;
            return true;
        }
    return false;
}

/* Slots of the products that are a step up from the one in slot `of`. */
static void mark_upgrades(const aisle_catalogue *c, int32_t of, uint64_t *slots)
{
    const aisle_traits t = aisle_catalogue_traits(c, of);
    const double from = 1.1 * (double)t.price, to = 2.5 * (double)t.price;
    if (t.price < 0 || t.category < 0) return;
    for (int32_t i = 0, n = aisle_catalogue_slots(c); i < n; i++) {
        const aisle_traits o = aisle_catalogue_traits(c, i);
        bool passes = o.category == t.category && (double)o.price >= from && (double)o.price <= to &&
                      o.rating >= t.rating;
        slots[i / 64] |= (uint64_t)passes << (i % 64);
    }
}

/* Into q->allowed: of the allowed items those that are a step up from the first one. */
static aisle_status upgrades_of(const aisle_answering *w, const aisle_related_ask *ask,
                                aisle_related_query *q, aisle_error *err)
{
    const aisle_shelf *s = w->shelf;
    const int64_t words = aisle_shelf_words(s);
    const int32_t row = s->row[ask->items[0]];
    AISLE_TRY(aisle_catalogue_begin(w->catalogue, w->view, err));
    const int32_t slot = row < 0 ? -1 : aisle_catalogue_slot_of_row(w->catalogue, row);
    size_t n_slots = (size_t)aisle_catalogue_words(w->catalogue);
    uint64_t *slots = aisle_arena_calloc(w->arena, n_slots + 1, sizeof *slots),
             *bits = aisle_arena_calloc(w->arena, (size_t)words + 1, sizeof *bits);
    if (slots && bits && slot >= 0) {
        mark_upgrades(w->catalogue, slot, slots);
        aisle_catalogue_gather(w->catalogue, slots, s->row, s->n_items, bits);
        for (int64_t i = 0; i < words; i++) bits[i] &= ask->allowed[i];
    }
    aisle_catalogue_end(w->catalogue);
    q->allowed = bits;
    return slots && bits ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for related products");
}

/* Of what is bought together what came after the training counts, too. */
static aisle_status add_later(const aisle_answering *w, const aisle_related_ask *ask, aisle_related_query *q,
                              aisle_error *err)
{
    const aisle_later_ask later = {w->shelf, w->catalogue, w->view, w->arena, ask->items, ask->n_items};
    aisle_item_list *lists;
    if (!w->later) return AISLE_OK;
    AISLE_TRY(aisle_later_baskets_lists(w->later, &later, &lists, &q->n_lists, err));
    q->lists = lists;
    return AISLE_OK;
}

aisle_status aisle_related(const aisle_answering *w, const aisle_related_ask *ask, aisle_hits *hits,
                           aisle_error *err)
{
    static const aisle_intent intents[] = {AISLE_INTENT_SIMILAR, AISLE_INTENT_COMPLEMENTARY,
                                           AISLE_INTENT_SIMILAR, AISLE_INTENT_CONTENT};
    bool one = ask->n_items == 1;
    aisle_related_query q = {.item = ask->items[0],
                             .items = one ? NULL : ask->items,
                             .n_items = ask->n_items,
                             .intent = intents[ask->relation],
                             .n = ask->n,
                             .allowed = ask->allowed,
                             .newcomers = w->shelf->newcomers};
    if (ask->relation == AISLE_RELATED_UPGRADE) AISLE_TRY(upgrades_of(w, ask, &q, err));
    if (ask->relation == AISLE_RELATED_COMPLEMENTARY) AISLE_TRY(add_later(w, ask, &q, err));
    return aisle_scorer_related(w->scorer, w->shelf->model, &q, hits, err);
}
