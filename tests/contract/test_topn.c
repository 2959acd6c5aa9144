/* Top-N and similar rows against brute force on whole numbers, where f32 is exact and ties abound: ids and
 * scores must be equal, not close. */
#include "tests/contract/contract.h"

typedef struct hit {
    double score;
    int32_t id;
} hit;

static int better(const void *a, const void *b)
{
    const hit *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Sorts hits and compares the first n with what the back-end said. */
static void expect(const char *name, int32_t row, hit *hits, int32_t found, int32_t n, const int32_t *ids,
                   const float *scores)
{
    qsort(hits, (size_t)found, sizeof *hits, better);
    for (int32_t i = 0; i < n; i++) {
        int32_t id = i < found ? hits[i].id : -1;
        double score = i < found ? hits[i].score : 0;
        cr_assert(ids[i] == id && scores[i] == (float)score, "%s: row %d, place %d: %d (%g), wanted %d (%g)",
                  name, row, i, ids[i], (double)scores[i], id, score);
    }
}

static bool in_row(const aisle_csr *m, int32_t row, int32_t col)
{
    for (int64_t e = m->row_ptr[row]; e < m->row_ptr[row + 1]; e++)
        if (m->col[e] == col) return true;
    return false;
}

typedef struct ask {
    int32_t users, items, f, n, first, n_rows;
    bool seen, allowed;
} ask;

/* Asks for q of these matrices and compares with brute force: dot products must be exact in f32. */
static void check_exact(const subject *s, const ask *q, const aisle_mat *users, const aisle_mat *items)
{
    aisle_csr seen = random_csr(q->n_rows, q->items, false, 3);
    uint64_t *allowed = aisle_calloc((size_t)q->items / 64 + 1, sizeof *allowed);
    for (int32_t i = 0; i < q->items; i++)
        if (i % 3 && !(i > 100 && i < 300)) allowed[i / 64] |= UINT64_C(1) << (i % 64);
    const aisle_topn_params p = {q->n, q->seen ? &seen : NULL, q->allowed ? allowed : NULL};
    int32_t *ids = aisle_array((int64_t)q->n_rows * q->n, sizeof *ids);
    float *scores = aisle_array((int64_t)q->n_rows * q->n, sizeof *scores);
    hit *hits = aisle_array(q->items, sizeof *hits);
    aisle_dev_mat *du = put_mat(s, users), *di = put_mat(s, items);
    MUST(s->ops->topn(s->d, du, q->first, q->n_rows, di, &p, ids, scores, err));
    for (int32_t r = 0; r < q->n_rows; r++) {
        int32_t found = 0;
        for (int32_t i = 0; i < q->items; i++) {
            if (q->seen && in_row(&seen, r, i)) continue;
            if (q->allowed && !(allowed[i / 64] >> (i % 64) & 1)) continue;
            hits[found++] =
                (hit){dot64(q->f, aisle_mat_row(users, q->first + r), aisle_mat_row(items, i)), i};
        }
        expect(s->name, r, hits, found, q->n, ids + (int64_t)r * q->n, scores + (int64_t)r * q->n);
    }
    s->ops->mat_free(s->d, du);
    s->ops->mat_free(s->d, di);
    aisle_csr_deinit(&seen);
    aisle_free(allowed);
    aisle_free(ids);
    aisle_free(scores);
    aisle_free(hits);
}

static void check_topn(const subject *s, const ask *q)
{
    aisle_mat users = whole_mat(q->users, q->f, 1), items = whole_mat(q->items, q->f, 2);
    check_exact(s, q, &users, &items);
    aisle_mat_deinit(&users);
    aisle_mat_deinit(&items);
}

CONTRACT(topn, best_items_equal_brute_force_with_and_without_masks)
{
    static const ask asks[] = {
        {50, 1000, 16, 20, 0, 50, false, false}, {50, 1000, 16, 20, 0, 50, true, false},
        {50, 1000, 16, 20, 0, 50, false, true},  {50, 1000, 16, 20, 7, 31, true, true},
        {3, 97, 5, 200, 1, 2, true, true}, /* more wanted than there are */
        {1, 1, 1, 1, 0, 1, false, false},        {9, 49, 530, 10, 0, 9, true, false},
        {1100, 60, 3, 1, 0, 1100, true, false},  {20, 1500, 8, 1024, 0, 20, false, false},
    };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) check_topn(s, &asks[i]);
}

CONTRACT(topn, sizes_around_those_of_tiles_change_nothing)
{
    static const ask asks[] = {
        {127, 129, 63, 1, 0, 127, true, false},  {128, 128, 64, 20, 0, 128, false, true},
        {129, 127, 65, 100, 0, 129, true, true}, {140, 1409, 5, 20, 1, 129, true, true},
        {5, 1300, 200, 100, 0, 5, true, false},  {6, 1537, 129, 1024, 0, 6, false, true},
        {5, 1100, 2, 20, 4, 1, true, true},
    };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) check_topn(s, &asks[i]);
}

/* Every `every`-th item is 1 in all places but for the bits 2^-9 to 2^-12, which only f32 scores tell apart: bf16
 * has 2^-7 here. The others are a quarter. Scores are multiples of 2^-14 below 2^6, so exact. */
static aisle_mat close_items(int32_t n, int32_t f, int32_t every)
{
    aisle_mat m;
    aisle_rng r;
    MUST(aisle_mat_init(&m, n, f, err));
    aisle_rng_init(&r, 5, 5);
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < f; j++)
            aisle_mat_row(&m, i)[j] =
                (i % every == 0 ? 1 : .25F) * (1 + (float)aisle_rng_below(&r, 16) * 0x1p-12F);
    return m;
}

CONTRACT(topn, scores_that_half_precision_cannot_tell_apart_are_ranked)
{
    aisle_mat users = whole_mat(9, 16, 1);
    for (int32_t i = 0; i < 9 * 16; i++) users.data[i] = fabsf(users.data[i]);
    for (int32_t every = 1; every <= 13; every += 12) { /* all of 800 items are close, then 62 of them */
        aisle_mat items = close_items(800, 16, every);
        for (int32_t masks = 0; masks < 2; masks++)
            check_exact(s, &(ask){9, 800, 16, 20, 0, 9, masks, masks}, &users, &items);
        aisle_mat_deinit(&items);
    }
    aisle_mat_deinit(&users);
}

CONTRACT(topn, equal_items_go_by_id)
{
    static const int32_t kinds[] = {0, 1, 50}; /* different items; 0 = all are zero */
    aisle_mat users = whole_mat(8, 12, 1), items = whole_mat(800, 12, 2);
    memset(aisle_mat_row(&users, 3), 0, 12 * sizeof(float)); /* one who scores 0 everywhere */
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (int32_t i = kinds[k]; i < 800; i++)
            for (int32_t j = 0; j < 12; j++)
                aisle_mat_row(&items, i)[j] = kinds[k] ? aisle_mat_row(&items, i % kinds[k])[j] : 0;
        for (int32_t masks = 0; masks < 2; masks++)
            check_exact(s, &(ask){8, 800, 12, 20, 0, 8, masks, masks}, &users, &items);
        aisle_mat_deinit(&items);
        items = whole_mat(800, 12, 2);
    }
    aisle_mat_deinit(&users);
    aisle_mat_deinit(&items);
}

/* Each item beats all before it for the first user, none for the second: lists fill as fast as they can. */
CONTRACT(topn, items_in_order_of_score_are_ranked)
{
    aisle_mat users = whole_mat(6, 2, 1), items;
    const float first[] = {1, 0}, second[] = {-1, 0};
    MUST(aisle_mat_init(&items, 1023, 2, err));
    for (int32_t i = 0; i < 1023; i++) items.data[2 * i] = (float)i, items.data[2 * i + 1] = (float)(i % 5);
    memcpy(aisle_mat_row(&users, 0), first, sizeof first);
    memcpy(aisle_mat_row(&users, 1), second, sizeof second);
    for (int32_t masks = 0; masks < 2; masks++)
        check_exact(s, &(ask){6, 1023, 2, 20, 0, 6, masks, masks}, &users, &items);
    aisle_mat_deinit(&users);
    aisle_mat_deinit(&items);
}

/* Rows of 32 equal numbers; their products go from 2^-200, which is 0 or -0, to infinity. */
CONTRACT(topn, scores_that_overflow_or_vanish_are_ordered_by_value)
{
    static const float scale[] = {1, 0x1p100F, 0x1p-100F};
    aisle_mat users = whole_mat(6, 32, 1), items = whole_mat(600, 32, 2);
    hit hits[600];
    int32_t ids[6 * 600];
    float scores[6 * 600];
    const aisle_topn_params p = {.n = 600};
    for (int32_t i = 0; i < 6 * 32; i++) users.data[i] = (float)(i / 32 - 2) * scale[i / 32 % 3];
    for (int32_t i = 0; i < 600 * 32; i++) items.data[i] = (float)(i / 32 % 7 - 3) * scale[i / 32 % 3];
    aisle_dev_mat *du = put_mat(s, &users), *di = put_mat(s, &items);
    MUST(s->ops->topn(s->d, du, 0, 6, di, &p, ids, scores, err));
    for (int32_t r = 0; r < 6; r++) {
        for (int32_t i = 0; i < 600; i++)
            hits[i] = (hit){(double)(32 * users.data[(ptrdiff_t)r * 32] * items.data[(ptrdiff_t)i * 32]), i};
        expect(s->name, r, hits, 600, 600, ids + (ptrdiff_t)r * 600, scores + (ptrdiff_t)r * 600);
    }
    s->ops->mat_free(s->d, du);
    s->ops->mat_free(s->d, di);
    aisle_mat_deinit(&users);
    aisle_mat_deinit(&items);
}

/* |f32 dot product - the same in double| <= gamma_f sum |x_j y_j| in any order; + 1 for double's own. */
static double rounding(int32_t f, const float *x, const float *y)
{
    double size = 0;
    for (int32_t j = 0; j < f; j++) size += fabs((double)x[j] * y[j]);
    return gamma_n(f + 1) * size;
}

/* No item that was left out may be better than the last answer by more than both may be wrong. */
static void check_left_out(const subject *s, const aisle_mat *x, const aisle_mat *items, int32_t n,
                           const int32_t *ids)
{
    int32_t f = items->n_cols;
    bool *taken = aisle_calloc((size_t)items->n_rows, sizeof *taken);
    const float *last = aisle_mat_row(items, ids[n - 1]);
    double worst = dot64(f, x->data, last), room = rounding(f, x->data, last);
    for (int32_t i = 0; i < n; i++) {
        cr_assert(!taken[ids[i]], "%s: item %d twice", s->name, ids[i]);
        taken[ids[i]] = true;
    }
    for (int32_t i = 0; i < items->n_rows; i++) {
        const float *y = aisle_mat_row(items, i);
        cr_assert(taken[i] || dot64(f, x->data, y) <= worst + room + rounding(f, x->data, y),
                  "%s: item %d was left out", s->name, i);
    }
    aisle_free(taken);
}

CONTRACT(topn, real_numbers_are_ranked_within_their_rounding)
{
    enum { USERS = 7, ITEMS = 1100, N = 100 };
    int32_t *ids = aisle_array(USERS * N, sizeof *ids);
    float *scores = aisle_array(USERS * N, sizeof *scores);
    for (int32_t f = 24; f <= 264; f += 240) {
        aisle_mat users = random_mat(USERS, f, 1), items = random_mat(ITEMS, f, 2);
        aisle_dev_mat *du = put_mat(s, &users), *di = put_mat(s, &items);
        MUST(s->ops->topn(s->d, du, 0, USERS, di, &(aisle_topn_params){.n = N}, ids, scores, err));
        for (int32_t r = 0; r < USERS; r++) {
            const aisle_mat x = {1, f, f, aisle_mat_row(&users, r)};
            for (int32_t i = 0; i < N; i++) {
                const float *y = aisle_mat_row(&items, ids[r * N + i]);
                double miss = fabs((double)scores[r * N + i] - dot64(f, x.data, y));
                cr_assert(miss <= rounding(f, x.data, y), "%s: score %d of row %d", s->name, i, r);
                cr_assert(i == 0 || scores[r * N + i] <= scores[r * N + i - 1]);
            }
            check_left_out(s, &x, &items, N, ids + (ptrdiff_t)r * N);
        }
        s->ops->mat_free(s->d, du);
        s->ops->mat_free(s->d, di);
        aisle_mat_deinit(&users);
        aisle_mat_deinit(&items);
    }
    aisle_free(ids);
    aisle_free(scores);
}

enum { MANY = 150, BEST = 10 };

/* Answers for many users on a device opened so; it may have too little memory. */
static aisle_status answers(const subject *s, const aisle_device_params *how, int32_t *ids, float *scores)
{
    aisle_mat users = random_mat(MANY, 40, 1), items = random_mat(900, 40, 2);
    aisle_csr seen = random_csr(MANY, 900, false, 3);
    const aisle_topn_params p = {.n = BEST, .seen = &seen};
    subject t = *s;
    aisle_error e = {0};
    MUST(s->ops->open(how, &t.d, err));
    if (s->kernels >= 0) t.d->k = aisle_kernels_at(s->kernels);
    aisle_dev_mat *du = put_mat(&t, &users), *di = put_mat(&t, &items);
    aisle_status st = t.ops->topn(t.d, du, 0, MANY, di, &p, ids, scores, &e);
    cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "%s: %s", s->name, e.message);
    t.ops->mat_free(t.d, du);
    t.ops->mat_free(t.d, di);
    t.ops->close(t.d);
    aisle_csr_deinit(&seen);
    aisle_mat_deinit(&users);
    aisle_mat_deinit(&items);
    return st;
}

/* Down to little more than the matrices: in fewer users at a time, then in another way, at last not. */
CONTRACT(topn, little_memory_and_more_parts_do_not_change_a_byte)
{
    static const int32_t kib[] = {16384, 1600, 1000, 300, 264};
    static int32_t whole[MANY * BEST], ids[MANY * BEST];
    static float whole_scores[MANY * BEST], scores[MANY * BEST];
    bool failed = false;
    cr_assert(answers(s, &(aisle_device_params){.threads = 2}, whole, whole_scores) == AISLE_OK, "%s",
              s->name);
    for (size_t i = 0; i < sizeof kib / sizeof *kib; i++) {
        const aisle_device_params small = {.threads = 2, .memory_bytes = (int64_t)kib[i] << 10};
        aisle_status st = answers(s, &small, ids, scores);
        cr_assert(i > 0 || st == AISLE_OK, "%s", s->name);
        cr_assert(st == AISLE_ENOMEM || !failed, "%s: %d KiB do, more did not", s->name, kib[i]);
        failed |= st == AISLE_ENOMEM;
        if (failed) continue;
        cr_assert(memcmp(ids, whole, sizeof ids) == 0, "%s: %d KiB", s->name, kib[i]);
        cr_assert(memcmp(scores, whole_scores, sizeof scores) == 0);
    }
    for (int32_t shards = 2; shards <= 5; shards += 3) {
        cr_assert(answers(s, &(aisle_device_params){.threads = 2, .shards = shards}, ids, scores) == AISLE_OK,
                  "%s", s->name);
        cr_assert(memcmp(ids, whole, sizeof ids) == 0, "%s: %d shards", s->name, shards);
        cr_assert(memcmp(scores, whole_scores, sizeof scores) == 0);
    }
}

CONTRACT(topn, threads_and_calls_do_not_change_a_byte)
{
    aisle_mat users = random_mat(70, 40, 1), items = random_mat(900, 40, 2);
    int32_t *ids = aisle_array(70 * 10, sizeof *ids), one[10];
    float *scores = aisle_array(70 * 10, sizeof *scores), one_score[10];
    const aisle_topn_params p = {.n = 10};
    for (int32_t threads = 1; threads <= 3; threads++) {
        subject t = subject_open(s->ops, s->kernels, threads);
        aisle_dev_mat *du = put_mat(&t, &users), *di = put_mat(&t, &items);
        if (threads == 1) MUST(t.ops->topn(t.d, du, 0, 70, di, &p, ids, scores, err));
        for (int32_t r = 0; r < 70; r++) {
            MUST(t.ops->topn(t.d, du, r, 1, di, &p, one, one_score, err));
            cr_assert(memcmp(one, ids + r * 10, sizeof one) == 0, "%s: row %d alone differs", s->name, r);
            cr_assert(memcmp(one_score, scores + r * 10, sizeof one_score) == 0);
        }
        t.ops->mat_free(t.d, du);
        t.ops->mat_free(t.d, di);
        t.ops->close(t.d);
    }
    aisle_mat_deinit(&users);
    aisle_mat_deinit(&items);
    aisle_free(ids);
    aisle_free(scores);
}

CONTRACT(topn, wrong_questions_are_refused)
{
    aisle_mat users = whole_mat(5, 4, 1), items = whole_mat(6, 4, 1), other = whole_mat(6, 3, 1);
    aisle_dev_mat *du = put_mat(s, &users), *di = put_mat(s, &items), *dother = put_mat(s, &other);
    aisle_csr seen = random_csr(5, 7, false, 1);
    int32_t ids[50];
    float scores[50];
    aisle_topn_params p = {.n = 2};
    MUST_FAIL(AISLE_EINVAL, s->ops->topn(s->d, du, 0, 5, dother, &p, ids, scores, err));
    MUST_FAIL(AISLE_EINVAL, s->ops->topn(s->d, du, 1, 5, di, &p, ids, scores, err));
    MUST_FAIL(AISLE_EINVAL, s->ops->topn(s->d, du, -1, 2, di, &p, ids, scores, err));
    MUST_FAIL(AISLE_EINVAL, s->ops->topn(s->d, du, INT32_MAX, INT32_MAX, di, &p, ids, scores, err));
    p.seen = &seen;
    MUST_FAIL(AISLE_EINVAL, s->ops->topn(s->d, du, 0, 5, di, &p, ids, scores, err));
    for (int32_t n = 0; n <= 1025; n += 1025) {
        p = (aisle_topn_params){.n = n};
        MUST_FAIL(AISLE_EINVAL, s->ops->topn(s->d, du, 0, 5, di, &p, ids, scores, err));
    }
    s->ops->mat_free(s->d, du);
    s->ops->mat_free(s->d, di);
    s->ops->mat_free(s->d, dother);
    aisle_csr_deinit(&seen);
    aisle_mat_deinit(&users);
    aisle_mat_deinit(&items);
    aisle_mat_deinit(&other);
}

CONTRACT(similar, neighbours_equal_brute_force)
{
    for (int32_t t = 0; t < 4; t++) {
        int32_t n = 150, cols = t < 2 ? 40 : 300, k = t % 2 ? 200 : 6;
        aisle_csr a = random_csr(n, cols, t != 1, (uint64_t)t);
        aisle_dev_csr *da = put_csr(s, &a);
        int32_t *ids = aisle_array((int64_t)n * k, sizeof *ids);
        float *scores = aisle_array((int64_t)n * k, sizeof *scores);
        hit hits[150];
        MUST(s->ops->similar_topk(s->d, da, k, ids, scores, NULL, err));
        for (int32_t r = 0; r < n; r++) {
            int32_t found = 0;
            for (int32_t o = 0; o < n; o++) {
                double sum = 0;
                for (int64_t e = a.row_ptr[r], g = a.row_ptr[o];
                     e < a.row_ptr[r + 1] && g < a.row_ptr[o + 1];) {
                    if (a.col[e] == a.col[g])
                        sum += weight_of(&a, e++) * weight_of(&a, g++);
                    else if (a.col[e] < a.col[g])
                        e++;
                    else
                        g++;
                }
                if (o != r && sum > 0) hits[found++] = (hit){sum, o};
            }
            expect(s->name, r, hits, found, k, ids + (int64_t)r * k, scores + (int64_t)r * k);
        }
        aisle_free(ids);
        aisle_free(scores);
        aisle_csr_deinit(&a);
        s->ops->csr_free(s->d, da);
    }
}

CONTRACT(similar, bad_counts_and_cancel_are_reported)
{
    aisle_csr a = random_csr(20, 20, true, 1);
    aisle_dev_csr *da = put_csr(s, &a);
    int32_t ids[20];
    float scores[20];
    int cancel = 1;
    const aisle_progress p = {.cancel = &cancel};
    MUST_FAIL(AISLE_EINVAL, s->ops->similar_topk(s->d, da, 0, ids, scores, NULL, err));
    MUST_FAIL(AISLE_ECANCELED, s->ops->similar_topk(s->d, da, 1, ids, scores, &p, err));
    s->ops->csr_free(s->d, da);
    dislike_some(&a);
    da = put_csr(s, &a);
    MUST_FAIL(AISLE_EINVAL, s->ops->similar_topk(s->d, da, 1, ids, scores, NULL, err));
    s->ops->csr_free(s->d, da);
    aisle_csr_deinit(&a);
}
