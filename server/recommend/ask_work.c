/* How long a question will take, so that loops answer the short ones only. */
#include <math.h>

#include "server/recommend/choose.h"
#include "server/recommend/scenario.h"
#include "server/store/view_kept.h"

/* What a hybrid adds: three passes over the scores of each part, and the links of what was taken; with `explain`, each
 * taken item is compared with each hit. Measured with 4,000 to 9,000 items: 1.4 ns an item and part, 1 ns a link, 20 ns a pair
 * beside its factors. */
static int64_t hybrid_work(const aisle_shelf *s, const aisle_ask *ask, int64_t taken)
{
    const int64_t of_pass = 7, of_link = 5, of_pair = 100;
    const aisle_hybrid_tables *h = aisle_model_hybrid(s->model);
    int64_t links = 0, pairs = ask->explain ? taken * (ask->limit + AISLE_SPARE_SCORED) : 0;
    if (!h) return 0;
    for (int32_t p = 0; p < h->n_parts; p++)
        if (h->table[p].kind == AISLE_TABLE_LINKS) links += aisle_csr_nnz(&h->table[p].links);
    return (int64_t)s->n_items * h->n_parts * of_pass + taken * (links / (s->n_items + 1)) * of_link +
           pairs * (of_pair + aisle_model_n_factors(s->model));
}

static int64_t history_of(const aisle_shelf *s, const aisle_ask *ask)
{
    int32_t user = ask->user.ptr ? aisle_model_find_user(s->model, ask->user) : -1;
    aisle_csr seen = aisle_model_seen(s->model);
    return user < 0 ? 0 : seen.row_ptr[user + 1] - seen.row_ptr[user];
}

/* Of a question's own or else of its scenario, as walk.c has it. */
static double diversity_of(const aisle_ask *ask)
{
    return ask->wishes.diversity > 0 || !ask->scenario ? ask->wishes.diversity : ask->scenario->diversity;
}

/* Calls of the source for boosts, at most (boost.c): a binary tree over the products of the weights. */
static int64_t calls_of(const aisle_shelf *s, const aisle_wishes *wish)
{
    int64_t distinct = 1;
    for (int32_t i = 0; i < wish->n_boosts && distinct < s->n_items; i++) distinct *= 2;
    return wish->n_boosts ? 2 * (distinct < s->n_items ? distinct : s->n_items) : 1;
}

/* How often the items are scored at most (choose.h): each round of caps may find but one, and reasons are asked for of what was
 * chosen. Bounded, so that sums of questions do not overflow. */
static int64_t passes_of(const aisle_shelf *s, const aisle_ask *ask)
{
    const int64_t most = 1000000;
    const aisle_wishes *wish = &ask->wishes;
    const bool capped = wish->max_per_category > 0 || wish->max_per_brand > 0;
    const int64_t calls = calls_of(s, wish),
                  passes = capped ? calls * (ask->limit + AISLE_SPARE_SCORED) : calls;
    const bool again = ask->explain && (passes > 1 || diversity_of(ask) > 0 || wish->min_score > -INFINITY);
    return (passes < most ? passes : most) + again;
}

static int64_t likenesses(const aisle_shelf *s, const aisle_ask *ask)
{
    const int64_t n = ask->limit + AISLE_SPARE_SCORED, of_pair = 50;
    return diversity_of(ask) > 0 ? n * (n * AISLE_DIVERSITY_TIMES + AISLE_DIVERSITY_POOL) *
                                       (of_pair + 3 * aisle_model_n_factors(s->model))
                                 : 0;
}

static bool is_somebody(const aisle_ask *ask)
{
    return ask->user.ptr || ask->session.ptr || ask->n_items;
}

/* Of one pass over the items. */
static int64_t score_work(const aisle_shelf *s, const aisle_ask *ask)
{
    const int64_t by_table = 18;
    if (!is_somebody(ask)) return s->n_items;
    return s->n_items * (aisle_model_n_factors(s->model) + 1) /
           (aisle_model_compact(s->model) ? by_table : 1);
}

/* Codes that have been read for one serve all: two thirds less, with 40,000 to a million items. */
int64_t aisle_ask_shared(const aisle_shelf *s, const aisle_ask *ask)
{
    return is_somebody(ask) && aisle_model_compact(s->model) ? score_work(s, ask) * 2 / 3 : 0;
}

/* As of scorer.h: n_items * f for the scores, events * f^2 + f^3 / 3 for the fold-in. Measured on one core with 20,000 to 41,000
 * items of 128 factors: 5 multiply-adds a nanosecond where items are scored one by one, 90 through a compact table, 55 in the
 * fold-in; .2 us a product of the answer. */
int64_t aisle_ask_work(const aisle_shelf *s, const aisle_ask *ask)
{
    const int64_t look_up = 1000, by_fold_in = 11, of_scan = 20;
    const int64_t of_bought = 20000000; /* thousands of events are read (view_kept.h) */
    int64_t f = aisle_model_n_factors(s->model),
            events = history_of(s, ask) + AISLE_RECENT_MAX + ask->n_items;
    const bool somebody = is_somebody(ask);
    int64_t fold_in = somebody ? events * f * f + f * f * f / 3 : 0;
    int64_t pass = score_work(s, ask) + fold_in / by_fold_in + hybrid_work(s, ask, somebody ? events : 0);
    if (ask->wishes.n_boosts) pass += s->n_items * of_scan; /* weights are looked through for each call */
    const int64_t before = aisle_ask_left_out(ask) & AISLE_KEPT_BOUGHT && somebody ? of_bought : 0;
    const int64_t steps = ask->scenario ? 2 * ask->scenario->n_steps : 1;
    return before + steps * (passes_of(s, ask) * pass + likenesses(s, ask)) + ask->limit * look_up;
}
