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

static void check_topn(const subject *s, const ask *q)
{
    aisle_mat users = whole_mat(q->users, q->f, 1), items = whole_mat(q->items, q->f, 2);
    aisle_csr seen = random_csr(q->n_rows, q->items, false, 3);
    uint64_t *allowed = aisle_calloc((size_t)q->items / 64 + 1, sizeof *allowed);
    for (int32_t i = 0; i < q->items; i++)
        if (i % 3 && !(i > 100 && i < 300)) allowed[i / 64] |= UINT64_C(1) << (i % 64);
    const aisle_topn_params p = {q->n, q->seen ? &seen : NULL, q->allowed ? allowed : NULL};
    int32_t *ids = aisle_array((int64_t)q->n_rows * q->n, sizeof *ids);
    float *scores = aisle_array((int64_t)q->n_rows * q->n, sizeof *scores);
    hit *hits = aisle_array(q->items, sizeof *hits);
    aisle_dev_mat *du = put_mat(s, &users), *di = put_mat(s, &items);
    MUST(s->ops->topn(s->d, du, q->first, q->n_rows, di, &p, ids, scores, err));
    for (int32_t r = 0; r < q->n_rows; r++) {
        int32_t found = 0;
        for (int32_t i = 0; i < q->items; i++) {
            if (q->seen && in_row(&seen, r, i)) continue;
            if (q->allowed && !(allowed[i / 64] >> (i % 64) & 1)) continue;
            hits[found++] =
                (hit){dot64(q->f, aisle_mat_row(&users, q->first + r), aisle_mat_row(&items, i)), i};
        }
        expect(s->name, r, hits, found, q->n, ids + (int64_t)r * q->n, scores + (int64_t)r * q->n);
    }
    s->ops->mat_free(s->d, du);
    s->ops->mat_free(s->d, di);
    aisle_csr_deinit(&seen);
    aisle_mat_deinit(&users);
    aisle_mat_deinit(&items);
    aisle_free(allowed);
    aisle_free(ids);
    aisle_free(scores);
    aisle_free(hits);
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
    aisle_csr_deinit(&a);
}
