/* Of each slice of events the people who bought in it are looked at anew: what they had bought up to the slice, and up to its end.
 * Nothing is kept of a person from one slice to the next but names of who bought a pair, and a slice changes the counts by the
 * difference. What takes longer than a basket makes counts of its own, which then take the place of the others. */
#include "server/recommend/later_baskets.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/log.h"
#include "aisle/train.h"
#include "server/recommend/basket_change.h"
#include "server/recommend/pair_counts.h"
#include "server/store/person_rows.h"

enum { STEP = 2000 /* ids a slice */, CALL_MS = 200, LIST_MOST = 1000, SEEN_TOGETHER = 2 };
enum {
    NAMES = 32 /* of one person: the newest sessions */,
    LOOK = 2048 /* at pairs an answer */,
    LOOK_LEAST = 32
};

struct aisle_later_baskets {
    aisle_view *view;
    int64_t upto; /* events with ids up to here are counted */
    bool told;    /* that there is no more room */
    int32_t most_pairs;
    aisle_erasures erasures; /* when counting began */
    pthread_rwlock_t lock;   /* guards what follows; only the thread that runs writes */
    aisle_pair_counts *counts;
    int64_t model_version, since_ms; /* of the model that they are counted for */
    bool counting;                   /* it holds its own counts */
};

aisle_status aisle_later_baskets_open(aisle_store *s, int32_t most_pairs, aisle_later_baskets **out,
                                      aisle_error *err)
{
    aisle_later_baskets *b = aisle_calloc(1, sizeof *b);
    *out = NULL;
    if (b) b->counts = aisle_pair_counts_new(most_pairs);
    if (!b || !b->counts) {
        aisle_free(b);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for later baskets");
    }
    aisle_status st = aisle_view_open(s, &b->view, err);
    if (st != AISLE_OK) {
        aisle_pair_counts_free(b->counts);
        aisle_free(b);
        return st;
    }
    pthread_rwlock_init(&b->lock, NULL);
    b->most_pairs = most_pairs;
    *out = b;
    return AISLE_OK;
}

void aisle_later_baskets_close(aisle_later_baskets *b)
{
    if (!b) return;
    aisle_view_close(b->view);
    aisle_pair_counts_free(b->counts);
    pthread_rwlock_destroy(&b->lock);
    aisle_free(b);
}

/* ---- counting ---- */

static aisle_status no_memory(aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for later baskets");
}

static aisle_status begin(aisle_later_baskets *b, const aisle_shelf *s, aisle_erasures erasures,
                          aisle_error *err)
{
    aisle_pair_counts *was = b->counts, *none = aisle_pair_counts_new(b->most_pairs);
    if (!none) return no_memory(err);
    b->upto = aisle_trained_last_event(aisle_model_meta(s->model));
    b->told = false;
    b->erasures = erasures;
    pthread_rwlock_wrlock(&b->lock);
    b->counts = none;
    b->model_version = s->model_version;
    b->since_ms = s->since_ms;
    b->counting = aisle_model_baskets(s->model) && b->upto > 0 && s->n_known > 0;
    pthread_rwlock_unlock(&b->lock);
    aisle_pair_counts_free(was);
    return AISLE_OK;
}

/* What the buyer is called, the person first: then the sessions, newest first, as whose guest they may have been counted. */
static int32_t names_of(const aisle_buyer *who, const aisle_bought *list, int32_t n, uint32_t name[NAMES])
{
    int32_t n_names = 1;
    name[0] = aisle_pair_name(who->user ? who->user : -who->session);
    for (int32_t i = n; who->user && i-- > 0 && n_names < NAMES;) {
        const uint32_t as_guest = aisle_pair_name(-list[i].session);
        bool again = list[i].session == 0;
        for (int32_t k = 0; k < n_names; k++) again = again || name[k] == as_guest;
        if (!again) name[n_names++] = as_guest;
    }
    return n_names;
}

static aisle_status count_basket(aisle_later_baskets *b, const aisle_basket_delta *d, aisle_pair_owner owner,
                                 aisle_error *err)
{
    aisle_pair_counts *was = NULL, *by = b->counts;
    if (!aisle_pair_counts_has_room(by, d->rows, d->n)) {
        was = by;
        by = aisle_pair_counts_grown(was, d->rows, d->n);
        if (!by) return no_memory(err);
    }
    pthread_rwlock_wrlock(&b->lock);
    b->counts = by;
    const bool ok = aisle_pair_counts_add(by, d->rows, d->n, d->delta, owner);
    pthread_rwlock_unlock(&b->lock);
    aisle_pair_counts_free(was);
    return ok ? AISLE_OK : no_memory(err);
}

static aisle_status count_buyer(aisle_later_baskets *b, const aisle_buyer *who, int64_t last,
                                aisle_error *err)
{
    aisle_arena arena = {0};
    aisle_bought *list = NULL;
    aisle_basket_delta *deltas = NULL;
    int32_t n = 0, n_deltas = 0;
    uint32_t name[NAMES];
    aisle_status st = aisle_view_bought(b->view, who, last, &arena, &list, &n, err);
    if (st == AISLE_OK) st = aisle_basket_change(list, n, b->upto, &arena, &deltas, &n_deltas, err);
    const aisle_pair_owner owner = {name, st == AISLE_OK ? names_of(who, list, n, name) : 0};
    for (int32_t i = 0; st == AISLE_OK && i < n_deltas; i++) st = count_basket(b, &deltas[i], owner, err);
    aisle_arena_deinit(&arena);
    return st;
}

static int by_buyer(const void *a, const void *b)
{
    const aisle_buyer *x = a, *y = b;
    if (x->user != y->user) return x->user < y->user ? -1 : 1;
    return (x->session > y->session) - (x->session < y->session);
}

static aisle_status count_slice(aisle_later_baskets *b, int64_t last, aisle_error *err)
{
    aisle_arena arena = {0};
    aisle_buyer *who = NULL;
    int32_t n = 0;
    aisle_status st = aisle_view_buyers(b->view, b->upto, last, &arena, &who, &n, err);
    if (st == AISLE_OK && n > 1) qsort(who, (size_t)n, sizeof *who, by_buyer);
    for (int32_t i = 0; st == AISLE_OK && i < n; i++)
        if (i == 0 || by_buyer(&who[i], &who[i - 1]) != 0) st = count_buyer(b, &who[i], last, err);
    aisle_arena_deinit(&arena);
    if (st == AISLE_OK) b->upto = last;
    return st;
}

static void tell(aisle_later_baskets *b)
{
    if (b->told || !aisle_pair_counts_left_out(b->counts)) return;
    b->told = true;
    aisle_log(AISLE_LOG_WARN,
              "%d pairs of products were bought together since the training: others count at the next one",
              aisle_pair_counts_pairs(b->counts));
}

aisle_status aisle_later_baskets_run(aisle_later_baskets *b, const aisle_shelf *s, aisle_error *err)
{
    const int64_t until_ns = aisle_time_monotonic_ns() + (int64_t)CALL_MS * 1000000;
    int64_t last;
    aisle_erasures erasures;
    AISLE_TRY(aisle_view_erasures(b->view, &erasures, err));
    if (b->model_version != s->model_version || b->since_ms != s->since_ms || erasures.n != b->erasures.n ||
        erasures.last_ms != b->erasures.last_ms)
        AISLE_TRY(begin(b, s, erasures, err));
    if (!b->counting) return AISLE_OK;
    AISLE_TRY(aisle_view_scan_last(b->view, &last, err));
    if (last < b->upto) b->upto = last; /* ids of removed newest events come again */
    while (b->upto < last && aisle_time_monotonic_ns() < until_ns) {
        aisle_status st = count_slice(b, last - b->upto > STEP ? b->upto + STEP : last, err);
        if (st != AISLE_OK) b->model_version = -1; /* a part of the slice may be counted: all anew */
        AISLE_TRY(st);
    }
    tell(b);
    return AISLE_OK;
}

/* ---- asking ---- */

typedef struct making {
    const aisle_later_baskets *b;
    const aisle_later_ask *ask;
    const int32_t *baskets, *both; /* the model's; both NULL: it lists no pair */
    aisle_csr listed;              /* the model's lists */
    aisle_hit *hit;                /* [cap] */
    int64_t cap, n;
} making;

/* What both counts, the model's and the later ones, say together. */
static float ratio(const making *k, int32_t a, int32_t b, int64_t both)
{
    const aisle_shelf *s = k->ask->shelf;
    const int32_t n_items = k->listed.n_rows;
    int64_t of[2], all = (int64_t)k->baskets[n_items] + aisle_pair_counts_baskets(k->b->counts);
    const int32_t item[2] = {a, b};
    for (int i = 0; i < 2; i++)
        of[i] = (item[i] < n_items ? k->baskets[item[i]] : 0) +
                (int64_t)aisle_pair_counts_of(k->b->counts, s->row[item[i]]);
    if (both < 1 || (double)both * (double)all <= (double)of[0] * (double)of[1]) return 0;
    return (float)aisle_log_likelihood_ratio(both, of[0], of[1], all);
}

static bool add(making *k, int32_t item, float score)
{
    if (score < AISLE_COMPLEMENT_LEAST) return true;
    if (!aisle_grow((void **)&k->hit, &k->cap, k->n + 1, sizeof *k->hit)) return false;
    k->hit[k->n++] = (aisle_hit){.item = item, .score = score};
    return true;
}

static bool add_listed(making *k, int32_t item)
{
    const aisle_shelf *s = k->ask->shelf;
    if (item >= k->listed.n_rows || !k->both) return true;
    for (int64_t e = k->listed.row_ptr[item]; e < k->listed.row_ptr[item + 1]; e++) {
        const int32_t other = k->listed.col[e];
        const int64_t later = aisle_pair_counts_find(k->b->counts, s->row[item], s->row[other]).both;
        if (!add(k, other, ratio(k, item, other, k->both[e] + later))) return false;
    }
    return true;
}

static bool is_listed(const making *k, int32_t item, int32_t other)
{
    if (item >= k->listed.n_rows || !k->both) return false;
    for (int64_t e = k->listed.row_ptr[item]; e < k->listed.row_ptr[item + 1]; e++)
        if (k->listed.col[e] == other) return true;
    return false;
}

static int32_t item_of_row(const making *k, int32_t row)
{
    const int32_t slot = aisle_catalogue_slot_of_row(k->ask->catalogue, row);
    return slot < 0 ? -1 : aisle_shelf_find(k->ask->shelf, aisle_catalogue_id(k->ask->catalogue, slot));
}

static bool add_later(making *k, int32_t item)
{
    aisle_pair_count pair;
    int32_t left = LOOK / k->ask->n_items > LOOK_LEAST ? LOOK / k->ask->n_items : LOOK_LEAST;
    for (int32_t at = 0;
         left-- > 0 && aisle_pair_counts_next(k->b->counts, k->ask->shelf->row[item], &at, &pair);) {
        if (!pair.several || pair.both < SEEN_TOGETHER) continue;
        const int32_t other = item_of_row(k, pair.row);
        if (other < 0 || other == item || is_listed(k, item, other)) continue;
        if (!add(k, other, ratio(k, item, other, pair.both))) return false;
    }
    return true;
}

static int best_first(const void *a, const void *b)
{
    const aisle_hit *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static bool make_list(making *k, int32_t item, aisle_item_list *out)
{
    k->n = 0;
    if (!add_listed(k, item) || !add_later(k, item)) return false;
    if (k->n > 1) qsort(k->hit, (size_t)k->n, sizeof *k->hit, best_first);
    const int32_t n = k->n < LIST_MOST ? (int32_t)k->n : LIST_MOST;
    int32_t *items = aisle_arena_alloc(k->ask->arena, ((size_t)n + 1) * sizeof *items);
    float *scores = aisle_arena_alloc(k->ask->arena, ((size_t)n + 1) * sizeof *scores);
    if (!items || !scores) return false;
    for (int32_t i = 0; i < n; i++) {
        items[i] = k->hit[i].item;
        scores[i] = k->hit[i].score;
    }
    *out = (aisle_item_list){item, n, items, scores};
    return true;
}

static bool make_lists(const aisle_later_baskets *b, const aisle_later_ask *ask, aisle_item_list *list,
                       int32_t *n)
{
    const aisle_model *m = ask->shelf->model;
    making k = {.b = b,
                .ask = ask,
                .baskets = aisle_model_baskets(m),
                .both = aisle_model_complement_both(m),
                .listed = aisle_model_complements(m)};
    bool ok = true;
    for (int32_t i = 0; i < ask->n_items && ok; i++) {
        bool again = false;
        for (int32_t j = 0; j < *n; j++) again = again || list[j].item == ask->items[i];
        if (!again) ok = make_list(&k, ask->items[i], &list[(*n)++]);
    }
    aisle_free(k.hit);
    return ok;
}

aisle_status aisle_later_baskets_lists(aisle_later_baskets *b, const aisle_later_ask *ask,
                                       aisle_item_list **out, int32_t *n, aisle_error *err)
{
    aisle_item_list *list = aisle_arena_calloc(ask->arena, (size_t)ask->n_items, sizeof *list);
    *n = 0;
    *out = list;
    if (!list) return no_memory(err);
    AISLE_TRY(aisle_catalogue_begin_own(ask->catalogue, ask->view, err));
    pthread_rwlock_rdlock(&b->lock);
    const bool there = b->counting && b->model_version == ask->shelf->model_version &&
                       b->since_ms == ask->shelf->since_ms && aisle_pair_counts_pairs(b->counts) > 0;
    const bool ok = !there || make_lists(b, ask, list, n);
    pthread_rwlock_unlock(&b->lock);
    aisle_catalogue_end(ask->catalogue);
    return ok ? AISLE_OK : no_memory(err);
}
