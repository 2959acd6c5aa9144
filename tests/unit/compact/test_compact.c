/* Top-N through a compact table against scoring every item, byte for byte, on every kernel table of the machine; and the
 * bound that it stands on. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "cpu/compact/compact_code.h"
#include "cpu/kernels/select.h"

typedef enum shape {
    NORMAL,
    LONG_TAIL,
    LEVELS,
    EQUAL,
    HUGE_ROWS,
    TINY,
    MIXED,
    SPIKES,
    ZEROS,
    N_SHAPES
} shape;

typedef struct world {
    aisle_mat users, items;
    aisle_csr seen;
    uint64_t *allowed;
    int32_t n, *ids, *want_ids;
    float *scores, *want_scores;
} world;

/* How long row i is to be. */
static float length_of(shape s, int32_t i, int32_t f)
{
    switch (s) {
    case LONG_TAIL: return 1 / sqrtf((float)i + 1);
    case HUGE_ROWS: return 1e18F / sqrtf((float)f);
    case TINY: return i % 3 ? 1e-40F : 1e-20F; /* denormal numbers, and products that underflow */
    case MIXED: return i % 5 == 0 ? 1e17F / (float)f : i % 5 == 1 ? 1e-38F : 1;
    default: return 1;
    }
}

static void fill(aisle_mat *m, shape s, aisle_rng *r)
{
    for (int32_t i = 0; i < m->n_rows; i++) {
        float length = length_of(s, i, m->n_cols);
        for (int32_t p = 0; p < m->n_cols; p++) {
            float v = (float)aisle_rng_normal(r) * length;
            if (s == LEVELS) v = (float)aisle_rng_below(r, 3) - 1;
            if (s == EQUAL) v = (float)(p % 7) - 2;
            if (s == SPIKES) v = p == i % m->n_cols ? 100 : v * .01F;
            if (s == ZEROS) v = i % 4 ? 0 : v;
            aisle_mat_row(m, i)[p] = v;
        }
    }
}

/* About every `one_in`-th item is seen; 1 = all. */
static void make_seen(world *w, uint64_t one_in, aisle_rng *r)
{
    int32_t users = w->users.n_rows, items = w->items.n_rows;
    w->seen = (aisle_csr){users, items, aisle_array(users + 1, sizeof(int64_t)),
                          aisle_array((int64_t)users * items + 1, sizeof(int32_t)), NULL};
    int64_t e = 0;
    for (int32_t u = 0; u < users; u++) {
        w->seen.row_ptr[u] = e;
        for (int32_t i = 0; i < items; i++)
            if (aisle_rng_below(r, one_in) == 0) w->seen.col[e++] = i;
    }
    w->seen.row_ptr[users] = e;
}

static bool may(const world *w, int32_t u, int32_t i)
{
    if (w->allowed && !(w->allowed[i / 64] >> (i % 64) & 1)) return false;
    for (int64_t e = w->seen.row_ptr ? w->seen.row_ptr[u] : 0,
                 end = w->seen.row_ptr ? w->seen.row_ptr[u + 1] : 0;
         e < end; e++)
        if (w->seen.col[e] == i) return false;
    return true;
}

static void brute(const aisle_kernels *k, world *w)
{
    uint64_t *key = aisle_array(aisle_select_room(w->n), sizeof *key);
    for (int32_t u = 0; u < w->users.n_rows; u++) {
        aisle_select s;
        aisle_select_init(&s, key, w->n);
        for (int32_t i = 0; i < w->items.n_rows; i++) {
            float v = k->dot(w->items.n_cols, aisle_mat_row(&w->users, u), aisle_mat_row(&w->items, i));
            cr_assert(isfinite(v));
            if (v >= s.threshold && may(w, u, i)) aisle_select_push(&s, v, i);
        }
        aisle_select_take(&s, w->want_ids + (int64_t)u * w->n, w->want_scores + (int64_t)u * w->n);
    }
    aisle_free(key);
}

static void world_init(world *w, int32_t users, int32_t items, int32_t f, int32_t n)
{
    *w = (world){.n = n};
    int64_t answers = (int64_t)users * n;
    cr_assert(aisle_mat_init(&w->users, users, f, NULL) == AISLE_OK);
    cr_assert(aisle_mat_init(&w->items, items, f, NULL) == AISLE_OK);
    w->ids = aisle_array(answers, sizeof *w->ids);
    w->want_ids = aisle_array(answers, sizeof *w->ids);
    w->scores = aisle_array(answers, sizeof *w->scores);
    w->want_scores = aisle_array(answers, sizeof *w->scores);
}

static void world_deinit(world *w)
{
    aisle_mat_deinit(&w->users);
    aisle_mat_deinit(&w->items);
    aisle_free(w->seen.row_ptr);
    aisle_free(w->seen.col);
    aisle_free(w->allowed);
    aisle_free(w->ids);
    aisle_free(w->want_ids);
    aisle_free(w->scores);
    aisle_free(w->want_scores);
}

static aisle_compact_query query(const world *w, const aisle_compact *t)
{
    return (aisle_compact_query){.table = t,
                                 .items = &w->items,
                                 .users = &w->users,
                                 .top = {w->n, w->seen.row_ptr ? &w->seen : NULL, w->allowed}};
}

static void uncoarsen(aisle_compact *t)
{
    aisle_free(t->owned_coarse);
    t->coarse = NULL;
    t->owned_coarse = NULL;
}

static const float *copied_row(const void *items, int32_t id, float *room)
{
    const aisle_mat *m = items;
    memcpy(room, aisle_mat_row(m, id), (size_t)m->n_cols * sizeof *room);
    return room;
}

/* On every kernel table, with rows where they lie and with rows that are read, by all codes and by their upper halves first; `what`
 * names the case. */
static void compare(world *w, int32_t threads, const char *what)
{
    aisle_compact t = {0};
    aisle_error err = {0};
    cr_assert(aisle_compact_init(&w->items, &t, &err) == AISLE_OK, "%s", err.message);
    aisle_compact_work *work = aisle_compact_work_new(threads);
    const aisle_mat unread = {w->items.n_rows, w->items.n_cols, w->items.ld, NULL};
    size_t bytes = (size_t)w->users.n_rows * (size_t)w->n * 4;
    const aisle_kernels *k;
    for (int32_t i = 0; (k = aisle_kernels_at(i / 4)) != NULL; i++) {
        if (i % 4 == 2) cr_assert(compact_coarsen(&t, &err) == AISLE_OK);
        if (i % 4 == 0) uncoarsen(&t);
        aisle_compact_query q = query(w, &t);
        if (i % 2) {
            q.items = &unread;
            q.row = copied_row;
            q.row_ctx = &w->items;
        }
        brute(k, w);
        memset(w->ids, 7, bytes);
        memset(w->scores, 7, bytes);
        cr_assert(compact_topn(k, work, &q, w->ids, w->scores, &err) == AISLE_OK, "%s", err.message);
        cr_assert(memcmp(w->ids, w->want_ids, bytes) == 0, "%s, %s: other items", what, k->name);
        cr_assert(memcmp(w->scores, w->want_scores, bytes) == 0, "%s, %s: other scores", what, k->name);
    }
    aisle_compact_work_free(work);
    aisle_compact_deinit(&t);
}

Test(compact, the_answer_is_that_of_scoring_every_item)
{
    static const int32_t factors[] = {1, 2, 3, 4, 5, 16, 63, 64, 100, 128};
    aisle_rng r;
    aisle_rng_init(&r, 1, 0);
    for (int32_t run = 0; run < 12 * N_SHAPES; run++) {
        shape s = run % N_SHAPES;
        int32_t f = factors[aisle_rng_below(&r, 10)],
                users = 1 + (int32_t)aisle_rng_below(&r, run % 2   ? 80
                                                         : run % 4 ? 3
                                                                   : 10);
        int32_t items = 1 + (int32_t)aisle_rng_below(&r, run % 3 ? 1500 : 100), n = run % 4 ? 20 : 1;
        if (run % 10 == 9) n = 700; /* more than many a table has */
        world w;
        char what[120];
        world_init(&w, users, items, f, n);
        fill(&w.users, run % 7 ? s : NORMAL, &r);
        fill(&w.items, s, &r);
        if (run % 3) make_seen(&w, run % 9 == 1 ? 1 : run % 9 == 2 ? 2 : 50, &r);
        uint64_t one_in = run % 5 == 0 ? 3 : run % 5 == 1 ? 100 : 0;
        if (one_in) w.allowed = aisle_calloc((size_t)items / 64 + 1, sizeof *w.allowed);
        for (int32_t i = 0; one_in && i < items; i++)
            if (aisle_rng_below(&r, one_in) == 0) w.allowed[i / 64] |= (uint64_t)1 << (i % 64);
        snprintf(what, sizeof what, "run %d: shape %d, %d users, %d items, %d factors, n %d", run, (int)s,
                 users, items, f, n);
        compare(&w, 1 + run % 3, what);
        world_deinit(&w);
    }
}

/* One call for all with wishes of their own is one call each. */
Test(compact, each_user_has_a_number_and_items_of_its_own)
{
    enum { USERS = 70, ITEMS = 900, TOP = 50 };
    static uint64_t bits[4][(ITEMS + 63) / 64];
    aisle_compact_wish wish[USERS];
    int32_t ids[TOP];
    float scores[TOP];
    aisle_compact t;
    aisle_rng r;
    world w;
    aisle_compact_work *work = aisle_compact_work_new(2);
    aisle_rng_init(&r, 8, 0);
    world_init(&w, USERS, ITEMS, 32, TOP);
    fill(&w.users, NORMAL, &r);
    fill(&w.items, NORMAL, &r);
    make_seen(&w, 30, &r);
    cr_assert(aisle_compact_init(&w.items, &t, NULL) == AISLE_OK);
    for (int32_t i = 0; i < ITEMS; i++)
        for (int b = 0; b < 4; b++) /* half, a tenth, and of two few enough to be listed */
            bits[b][i / 64] |= (uint64_t)(aisle_rng_below(&r, b ? 10 << b : 2) == 0) << (i % 64);
    for (int32_t u = 0; u < USERS; u++)
        wish[u] = (aisle_compact_wish){1 + (int32_t)aisle_rng_below(&r, TOP), u % 9 ? bits[u / 2 % 4] : NULL};
    aisle_compact_query q = query(&w, &t);
    q.wish = wish;
    cr_assert(aisle_compact_topn(work, &q, w.ids, w.scores, NULL) == AISLE_OK);
    for (int32_t u = 0; u < USERS; u++) {
        const aisle_mat one = {1, 32, w.users.ld, aisle_mat_row(&w.users, u)};
        const aisle_csr seen = {1, ITEMS, w.seen.row_ptr + u, w.seen.col, NULL};
        const aisle_compact_query alone = {
            .table = &t, .items = &w.items, .users = &one, .top = {wish[u].n, &seen, wish[u].allowed}};
        cr_assert(aisle_compact_topn(work, &alone, ids, scores, NULL) == AISLE_OK);
        const size_t bytes = (size_t)wish[u].n * sizeof *ids;
        cr_assert(memcmp(ids, w.ids + u * TOP, bytes) == 0, "user %d: other items", u);
        cr_assert(memcmp(scores, w.scores + u * TOP, bytes) == 0, "user %d: other scores", u);
    }
    wish[3].n = TOP + 1;
    cr_assert(aisle_compact_topn(work, &q, w.ids, w.scores, NULL) == AISLE_EINVAL);
    aisle_compact_deinit(&t);
    aisle_compact_work_free(work);
    world_deinit(&w);
}

Test(compact, many_factors_and_long_lists_are_exact_too)
{
    static const struct {
        int32_t users, items, f, n;
        shape s;
    } of[] = {{9, 300, 1024, 20, NORMAL},
              {3, 120, 4096, 5, LEVELS},
              {2, 2500, 8, 1024, LEVELS},
              {5, 200, 1000, 20, HUGE_ROWS}};
    aisle_rng r;
    aisle_rng_init(&r, 2, 0);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        world w;
        world_init(&w, of[i].users, of[i].items, of[i].f, of[i].n);
        fill(&w.users, of[i].s, &r);
        fill(&w.items, of[i].s, &r);
        compare(&w, 2, "many factors");
        world_deinit(&w);
    }
}

/* The same by the upper halves alone; whether it is a third of the bound or more. */
static bool coarse_is_near(const aisle_compact *t, int32_t e, const int8_t *code, const compact_coded *user,
                           double product)
{
    int64_t sum = 0;
    const uint8_t *tile = t->coarse + (int64_t)(e / 48 * ((t->groups + 1) / 2)) * 192;
    for (int32_t p = 0; p < t->n_factors; p++)
        sum += (16 * (tile[(p / 8 * 48 + e % 48) * 4 + p % 4] >> p / 4 % 2 * 4 & 15) + COMPACT_MIDDLE - 128) *
               code[p];
    const double coded = (double)user->scale * (double)t->scale[e] * (double)sum;
    const double by_ratio = user->coded * (double)t->coarse_ratio[e / 48] * (double)t->scale[e];
    const double bound =
        (isfinite(t->coarse_ratio[e / 48]) ? by_ratio : INFINITY) + user->error * (double)t->norm[e];
    const double round = 40 * 0x1p-24 * user->norm * (double)t->norm[e] + t->n_factors * 0x1p-149;
    cr_assert(fabs(product - coded) <= bound + round, "entry %d: %g > %g", e, fabs(product - coded), bound);
    return fabs(product - coded) > bound / 3 + round;
}

/* The bound of compact.h holds for every pair, and is not idle: with a tenth of it some pair fails. */
Test(compact, no_product_is_off_by_more_than_the_bound)
{
    int32_t coarse = 0;
    aisle_rng r;
    const aisle_kernels *k;
    aisle_rng_init(&r, 3, 0);
    for (int32_t s = 0; s < N_SHAPES; s++) {
        const int32_t f = 37, limit = s % 2 ? 63 : 127;
        int32_t near = 0;
        world w;
        aisle_compact t;
        world_init(&w, 20, 300, f, 1);
        fill(&w.users, s, &r);
        fill(&w.items, s, &r);
        cr_assert(aisle_compact_init(&w.items, &t, NULL) == AISLE_OK);
        cr_assert(compact_coarsen(&t, NULL) == AISLE_OK);
        for (int32_t u = 0; u < 20; u++) {
            int8_t code[40] = {0};
            compact_coded c;
            const float *x = aisle_mat_row(&w.users, u);
            cr_assert(compact_code(x, f, limit, code, &c));
            for (int32_t e = 0; e < 300; e++) {
                int64_t sum = 0;
                const uint8_t *tile = t.codes + (int64_t)(e / 48 * t.groups) * 192;
                for (int32_t p = 0; p < 40; p++)
                    sum += (tile[(p / 4 * 48 + e % 48) * 4 + p % 4] - 128) * code[p];
                double coded = (double)c.scale * (double)t.scale[e] * (double)sum;
                double bound = c.coded * (double)t.error[e] + c.error * (double)t.norm[e];
                double round = 40 * 0x1p-24 * c.norm * (double)t.norm[e] + f * 0x1p-149;
                for (int32_t i = 0; (k = aisle_kernels_at(i)) != NULL; i++) {
                    double off = fabs((double)k->dot(f, x, aisle_mat_row(&w.items, t.ids[e])) - coded);
                    cr_assert(off <= bound + round, "shape %d, user %d, entry %d: %g > %g", s, u, e, off,
                              bound);
                    near += off > bound / 10 + round;
                    coarse += coarse_is_near(&t, e, code, &c,
                                             (double)k->dot(f, x, aisle_mat_row(&w.items, t.ids[e])));
                }
                cr_assert(e == 0 || t.norm[e] <= t.norm[e - 1]);
                cr_assert(t.error[e] <= t.tile_error[e / 48] &&
                          t.tile_error[e / 48] <= aisle_compact_error(&t));
            }
        }
        cr_assert(near > 0 || s == EQUAL || s == ZEROS, "shape %d: the bound is never near", s);
        aisle_compact_deinit(&t);
        world_deinit(&w);
    }
    cr_assert(coarse > 100, "the coarse bound is never near");
}

/* The row that a table of 16 factors turns into these values: signs by place after Hadamard's matrix. */
static void unturned(const double *v, float *x)
{
    double w[16];
    memcpy(w, v, sizeof w);
    for (int32_t h = 1; h < 16; h *= 2)
        for (int32_t p = 0; p < 16; p++)
            if (!(p & h)) {
                double a = w[p], b = w[p + h];
                w[p] = a + b, w[p + h] = a - b;
            }
    for (int32_t p = 0; p < 16; p++) x[p] = (float)(((uint32_t)p * 2654435761U >> 31 ? -w[p] : w[p]) / 4);
}

/* All codes of the user are equal, and those of the best item have lower halves at one end: so what the upper halves are off by
 * adds up over all factors. A long item in front sets the score to beat. */
Test(compact, an_item_whose_upper_halves_say_too_little_is_found)
{
    enum { F = 16, N = 48 * 200 };
    for (int end = 0; end < 2; end++) {
        world w;
        world_init(&w, 1, N, F, 1);
        double v[F];
        for (int32_t p = 0; p < F; p++) v[p] = end ? 127 : -127;
        unturned(v, aisle_mat_row(&w.users, 0));
        for (int32_t i = 0; i < N; i++) {
            for (int32_t p = 0; p < F; p++) v[p] = p % 2 ? 122 : -122;
            if (i == 0)
                for (int32_t p = 0; p < F; p++) v[p] = (end ? 118 : -118) + (p % 2 ? 60 : -60);
            if (i == N - 1)
                for (int32_t p = 0; p < F; p++) v[p] = (end ? 1 : -1) * (p ? 112 : 127) * 1.047;
            unturned(v, aisle_mat_row(&w.items, i));
        }
        compare(&w, 1, "lower halves at one end");
        cr_assert(w.ids[0] == N - 1);
        world_deinit(&w);
    }
}

/* The best item is nearly the shortest: whoever stops too early misses it. */
Test(compact, a_short_item_that_points_the_right_way_is_found)
{
    for (int32_t n = 1; n <= 20; n += 19) {
        world w;
        world_init(&w, 9, 3000, 128, n);
        for (int32_t u = 0; u < 9; u++) aisle_mat_row(&w.users, u)[3] = 1;
        for (int32_t i = 0; i < 3000; i++) {
            float *y = aisle_mat_row(&w.items, i);
            if (i < 20) y[3] = .75F, y[4] = .66F;
            if (i >= 20 && i < 2900) y[5 + i % 100] = .9F;
            if (i >= 2900) y[3] = i == 2950 ? .77F : .76F;
        }
        compare(&w, 2, "short items");
        cr_assert(w.ids[0] == 2950);
        world_deinit(&w);
    }
}

Test(compact, no_items_and_no_users_are_answered)
{
    world w;
    world_init(&w, 3, 0, 8, 4);
    compare(&w, 2, "no items");
    world_deinit(&w);
    world_init(&w, 0, 5, 8, 4);
    compare(&w, 2, "no users");
    world_deinit(&w);
}

Test(compact, numbers_whose_products_could_overflow_are_refused)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY, 9.3e18F};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        world w;
        aisle_compact t = {0};
        aisle_compact_work *work = aisle_compact_work_new(1);
        world_init(&w, 3, 5, 8, 2);
        aisle_mat_row(&w.items, 3)[7] = bad[i];
        cr_assert(aisle_compact_init(&w.items, &t, NULL) == AISLE_ENUMERIC && !t.owned);
        aisle_mat_row(&w.items, 3)[7] = 1;
        cr_assert(aisle_compact_init(&w.items, &t, NULL) == AISLE_OK);
        aisle_mat_row(&w.users, 2)[0] = bad[i];
        w.ids[0] = 77;
        const aisle_compact_query q = query(&w, &t);
        cr_assert(aisle_compact_topn(work, &q, w.ids, w.scores, NULL) == AISLE_ENUMERIC && w.ids[0] == 77);
        aisle_compact_deinit(&t);
        aisle_compact_work_free(work);
        world_deinit(&w);
    }
}

Test(compact, wrong_shapes_are_refused)
{
    world w;
    aisle_compact t;
    aisle_compact_work *work = aisle_compact_work_new(1);
    world_init(&w, 3, 5, 8, 2);
    cr_assert(aisle_compact_init(&w.items, &t, NULL) == AISLE_OK);
    aisle_compact_query q = query(&w, &t);
    q.top.n = 0;
    cr_assert(aisle_compact_topn(work, &q, w.ids, w.scores, NULL) == AISLE_EINVAL);
    q.top.n = 1025;
    cr_assert(aisle_compact_topn(work, &q, w.ids, w.scores, NULL) == AISLE_EINVAL);
    q = query(&w, &t);
    q.users = &(aisle_mat){3, 7, 8, w.users.data};
    cr_assert(aisle_compact_topn(work, &q, w.ids, w.scores, NULL) == AISLE_EINVAL);
    q = query(&w, &t);
    q.top.seen = &(aisle_csr){2, 5, NULL, NULL, NULL};
    cr_assert(aisle_compact_topn(work, &q, w.ids, w.scores, NULL) == AISLE_EINVAL);
    cr_assert(aisle_compact_init(&(aisle_mat){3, 0, 0, NULL}, &t, NULL) == AISLE_EINVAL);
    aisle_compact_deinit(&t);
    aisle_compact_work_free(work);
    world_deinit(&w);
}

Test(compact, short_memory_is_reported_and_a_second_call_takes_none)
{
    world w;
    aisle_compact t = {0};
    aisle_status st = AISLE_ENOMEM;
    world_init(&w, 3, 100, 8, 2);
    for (int64_t n = 1; st == AISLE_ENOMEM; n++) {
        aisle_alloc_fail_after(n);
        st = aisle_compact_init(&w.items, &t, NULL);
        aisle_alloc_fail_after(0);
        cr_assert(n < 10 && (st == AISLE_OK || !t.owned));
    }
    aisle_alloc_fail_after(2);
    cr_assert(aisle_compact_work_new(2) == NULL);
    aisle_alloc_fail_after(0);
    aisle_compact_work *work = aisle_compact_work_new(2);
    const aisle_compact_query q = query(&w, &t);
    st = AISLE_ENOMEM;
    for (int64_t n = 1; st == AISLE_ENOMEM; n++) {
        aisle_alloc_fail_after(n);
        st = aisle_compact_topn(work, &q, w.ids, w.scores, NULL);
        aisle_alloc_fail_after(0);
        cr_assert(n < 20);
    }
    aisle_alloc_fail_after(1);
    cr_assert(aisle_compact_topn(work, &q, w.ids, w.scores, NULL) == AISLE_OK);
    aisle_alloc_fail_after(0);
    aisle_compact_deinit(&t);
    aisle_compact_work_free(work);
    world_deinit(&w);
}
