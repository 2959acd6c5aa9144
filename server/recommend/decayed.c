/* A list of products with their counts, and for each row of the store where in the list its product is. */
#include "server/recommend/decayed.h"

#include <math.h>
#include <string.h>

#include "aisle/memory.h"

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
    aisle_free(d);
}

void aisle_decayed_clear(aisle_decayed *d)
{
    d->n = 0;
    if (d->rows) memset(d->at, 0, (size_t)d->rows * sizeof *d->at);
}

int32_t aisle_decayed_count(const aisle_decayed *d)
{
    return (int32_t)d->n;
}

static double kept(int32_t window, int64_t age_ms)
{
    return age_ms > 0 ? exp(-2 * (double)age_ms / (double)aisle_windows[window].ms) : 1;
}

/* NULL: out of memory. */
static counted *find_or_add(aisle_decayed *d, int64_t row, int64_t at_ms)
{
    const int64_t before = d->rows;
    if (row >= before) {
        if (!aisle_grow((void **)&d->at, &d->rows, row + 1, sizeof *d->at)) return NULL;
        memset(d->at + before, 0, (size_t)(d->rows - before) * sizeof *d->at);
    }
    if (d->at[row]) return &d->list[d->at[row] - 1];
    if (!aisle_grow((void **)&d->list, &d->cap, d->n + 1, sizeof *d->list)) return NULL;
    d->list[d->n] = (counted){.newest_ms = at_ms, .row = (int32_t)row};
    d->at[row] = (int32_t)++d->n;
    return &d->list[d->n - 1];
}

bool aisle_decayed_add(aisle_decayed *d, int64_t row, double weight, int64_t at_ms)
{
    if (row < 1 || row >= INT32_MAX) return true; /* more than a shelf holds */
    counted *c = find_or_add(d, row, at_ms);
    if (!c) return false;
    const int64_t later = at_ms - c->newest_ms;
    for (int32_t w = 0; w < AISLE_WINDOWS; w++)
        c->count[w] = c->count[w] * kept(w, later) + weight * kept(w, -later);
    if (later > 0) c->newest_ms = at_ms;
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

void aisle_decayed_trim(aisle_decayed *d, int64_t now_ms)
{
    int64_t n = 0;
    for (int64_t i = 0; i < d->n; i++) {
        const bool stays = now_ms - d->list[i].newest_ms <= AISLE_DECAYED_MS;
        d->at[d->list[i].row] = stays ? (int32_t)(n + 1) : 0;
        if (stays) d->list[n++] = d->list[i];
    }
    d->n = n;
}
