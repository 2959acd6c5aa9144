/* A list of products with their counts, and for each row of the store where in the list its product is. */
#include "server/recommend/decayed.h"

#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/recommend/best_hits.h"

#define HOUR_MS INT64_C(3600000)
const aisle_window aisle_windows[AISLE_WINDOWS] = {{"1h", HOUR_MS},          {"6h", 6 * HOUR_MS},
                                                   {"24h", 24 * HOUR_MS},    {"3d", 3 * 24 * HOUR_MS},
                                                   {"7d", 7 * 24 * HOUR_MS}, {"30d", 30 * 24 * HOUR_MS}};

int32_t aisle_window_find(aisle_str name)
{
    for (int32_t w = 0; w < AISLE_WINDOWS; w++)
        if (aisle_str_eq(name, aisle_str_from(aisle_windows[w].name))) return w;
    return -1;
}

typedef struct counted {
    int64_t newest_ms;
    double count[AISLE_WINDOWS]; /* as of newest_ms */
    int32_t row;
} counted;

struct aisle_decayed {
    counted *list;
    int64_t n, cap;
    int32_t *at; /* [rows]: 1 + where in the list, 0 = nowhere */
    int64_t rows;
    /* [rows]: no less than log C + (newest - epoch) / tau, whose order is that of C at any time; -INFINITY: none. What is scanned for
     * the best is four bytes a product, one after the other. */
    float *key[AISLE_WINDOWS];
    int64_t key_rows[AISLE_WINDOWS], epoch_ms;
};

aisle_decayed *aisle_decayed_new(void)
{
    return aisle_calloc(1, sizeof(aisle_decayed));
}

void aisle_decayed_free(aisle_decayed *d)
{
    if (!d) return;
    aisle_free(d->list);
    aisle_free(d->at);
    for (int32_t w = 0; w < AISLE_WINDOWS; w++) aisle_free(d->key[w]);
    aisle_free(d);
}

int32_t aisle_decayed_count(const aisle_decayed *d)
{
    return (int32_t)d->n;
}

static double kept(int32_t window, int64_t age_ms)
{
    return age_ms > 0 ? exp(-2 * (double)age_ms / (double)aisle_windows[window].ms) : 1;
}

static double key_at(const aisle_decayed *d, int32_t window, double count, int64_t at_ms)
{
    return log(count) + 2 * (double)(at_ms - d->epoch_ms) / (double)aisle_windows[window].ms;
}

/* ---- room ---- */

bool aisle_decayed_has_room(const aisle_decayed *d, int64_t row, int64_t more)
{
    bool has = row < d->rows && d->n + more <= d->cap;
    for (int32_t w = 0; w < AISLE_WINDOWS; w++) has = has && row < d->key_rows[w];
    return has;
}

static bool grow(aisle_decayed *d, int64_t row, int64_t more)
{
    const int64_t before = d->rows;
    if (!aisle_grow((void **)&d->list, &d->cap, d->n + more, sizeof *d->list) ||
        !aisle_grow((void **)&d->at, &d->rows, row + 1, sizeof *d->at))
        return false;
    if (d->rows > before) memset(d->at + before, 0, (size_t)(d->rows - before) * sizeof *d->at);
    for (int32_t w = 0; w < AISLE_WINDOWS; w++) {
        const int64_t had = d->key_rows[w];
        if (!aisle_grow((void **)&d->key[w], &d->key_rows[w], row + 1, sizeof *d->key[w])) return false;
        for (int64_t r = had; r < d->key_rows[w]; r++) d->key[w][r] = -INFINITY;
    }
    return true;
}

static void copy(const aisle_decayed *d, aisle_decayed *out)
{
    out->n = d->n;
    out->epoch_ms = d->epoch_ms;
    if (d->n) memcpy(out->list, d->list, (size_t)d->n * sizeof *d->list);
    if (d->rows) memcpy(out->at, d->at, (size_t)d->rows * sizeof *d->at);
    for (int32_t w = 0; w < AISLE_WINDOWS; w++)
        if (d->key_rows[w]) memcpy(out->key[w], d->key[w], (size_t)d->key_rows[w] * sizeof *d->key[w]);
}

aisle_decayed *aisle_decayed_grown(const aisle_decayed *d, int64_t row, int64_t more)
{
    aisle_decayed *out = aisle_decayed_new();
    int64_t rows = row + 1 > d->rows ? row + 1 : d->rows;
    for (int32_t w = 0; w < AISLE_WINDOWS; w++) rows = rows > d->key_rows[w] ? rows : d->key_rows[w];
    if (out && grow(out, rows - 1, d->n + more)) {
        copy(d, out);
        return out;
    }
    aisle_decayed_free(out);
    return NULL;
}

static counted *find_or_add(aisle_decayed *d, int64_t row, int64_t at_ms)
{
    if (d->at[row]) return &d->list[d->at[row] - 1];
    d->list[d->n] = (counted){.newest_ms = at_ms, .row = (int32_t)row};
    d->at[row] = (int32_t)++d->n;
    return &d->list[d->n - 1];
}

bool aisle_decayed_add(aisle_decayed *d, int64_t row, double weight, int64_t at_ms)
{
    if (row < 1 || row >= INT32_MAX) return true; /* more than a shelf holds */
    if (!aisle_decayed_has_room(d, row, 1) && !grow(d, row, 1)) return false;
    counted *c = find_or_add(d, row, at_ms);
    if (!d->epoch_ms) d->epoch_ms = at_ms;
    const int64_t later = at_ms - c->newest_ms;
    for (int32_t w = 0; w < AISLE_WINDOWS; w++)
        c->count[w] = c->count[w] * kept(w, later) + weight * kept(w, -later);
    if (later > 0) c->newest_ms = at_ms;
    for (int32_t w = 0; w < AISLE_WINDOWS; w++)
        d->key[w][row] = nextafterf((float)key_at(d, w, c->count[w], c->newest_ms), INFINITY);
    return true;
}

/* What time leaves of a count is never more than the count. */
double aisle_decayed_get(const aisle_decayed *d, int64_t row, int32_t window, int64_t now_ms, double least)
{
    if (row < 1 || row >= d->rows || !d->at[row]) return 0;
    const counted *c = &d->list[d->at[row] - 1];
    const int64_t age = now_ms - c->newest_ms;
    if (age > aisle_windows[window].ms || c->count[window] <= least) return 0;
    const double count = c->count[window] * kept(window, age);
    return count > least ? count : 0;
}

static void offer(const aisle_decayed *d, const aisle_decayed_ask *ask, int32_t item, double *least,
                  aisle_hits *hits)
{
    const double count = aisle_decayed_get(d, ask->row[item], ask->window, ask->now_ms, 0);
    if (count <= 0) return;
    aisle_best_offer(hits, ask->n, (aisle_hit){.item = item, .score = (float)count});
    if (hits->n == ask->n) /* scores are rounded, and so is the logarithm */
        *least = key_at(d, ask->window, (double)nextafterf(hits->hit[0].score, 0), ask->now_ms) - 1e-9;
}

void aisle_decayed_best(const aisle_decayed *d, const aisle_decayed_ask *ask, aisle_hits *hits)
{
    const float *key = d->key[ask->window];
    const int64_t rows = d->rows < d->key_rows[ask->window] ? d->rows : d->key_rows[ask->window];
    double least = -INFINITY;
    hits->n = 0;
    for (int64_t word = 0; word < ((int64_t)ask->n_items + 63) / 64; word++)
        for (uint64_t bits = ask->allowed[word]; bits; bits &= bits - 1) {
            const int32_t i = (int32_t)(word * 64) + __builtin_ctzll(bits), row = ask->row[i];
            if (row > 0 && row < rows && (double)key[row] > least) offer(d, ask, i, &least, hits);
        }
    aisle_best_sort(hits);
}

/* From the end, so that what takes the place of what goes has been looked at. */
void aisle_decayed_trim(aisle_decayed *d, int64_t now_ms, int32_t most, int32_t *at)
{
    int64_t i = *at < d->n ? *at : d->n;
    for (; most > 0 && i > 0; most--) {
        const counted *c = &d->list[--i];
        if (now_ms - c->newest_ms <= AISLE_DECAYED_MS) continue;
        d->at[c->row] = 0;
        for (int32_t w = 0; w < AISLE_WINDOWS; w++) d->key[w][c->row] = -INFINITY;
        d->list[i] = d->list[--d->n];
        if (i < d->n) d->at[d->list[i].row] = (int32_t)(i + 1);
    }
    *at = (int32_t)i;
}
