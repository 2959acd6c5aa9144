/* Similar rows where sums are not whole numbers, rows are many, alike, empty or of wild sizes. What is exact on
 * small whole numbers stands in test_topn.c. */
#include <pthread.h>

#include "tests/contract/contract.h"

typedef struct answer {
    int32_t k;
    int32_t *ids;
    float *scores;
} answer;

static answer answer_new(const aisle_csr *a, int32_t k)
{
    int64_t n = (int64_t)a->n_rows * k;
    return (answer){k, aisle_array(n, sizeof(int32_t)), aisle_array(n, sizeof(float))};
}

static void answer_free(answer *w)
{
    aisle_free(w->ids);
    aisle_free(w->scores);
}

static answer ask(const subject *s, const aisle_csr *a, int32_t k)
{
    answer w = answer_new(a, k);
    aisle_dev_csr *d = put_csr(s, a);
    MUST(s->ops->similar_topk(s->d, d, k, w.ids, w.scores, NULL, err));
    s->ops->csr_free(s->d, d);
    return w;
}

static aisle_csr new_csr(int32_t n_rows, int32_t n_cols, int64_t room)
{
    return (aisle_csr){n_rows, n_cols, aisle_calloc((size_t)n_rows + 1, sizeof(int64_t)),
                       aisle_array(room, sizeof(int32_t)), aisle_array(room, sizeof(float))};
}

static double dot_rows(const aisle_csr *a, int32_t r, int32_t s)
{
    double sum = 0;
    for (int64_t e = a->row_ptr[r], g = a->row_ptr[s]; e < a->row_ptr[r + 1] && g < a->row_ptr[s + 1];) {
        if (a->col[e] == a->col[g])
            sum += weight_of(a, e++) * weight_of(a, g++);
        else if (a->col[e] < a->col[g])
            e++;
        else
            g++;
    }
    return sum;
}

/* A sum of n positive products is off by at most gamma_n of itself in f32, whatever its order (Higham 2002, 3.5);
 * one rounding more for the result, by up to 2^-150 where that is no normal f32. */
static void check_row(const char *name, const aisle_csr *a, int32_t r, const answer *w)
{
    const int32_t *ids = w->ids + (int64_t)r * w->k;
    const float *scores = w->scores + (int64_t)r * w->k;
    double gamma = gamma_n((double)(a->row_ptr[r + 1] - a->row_ptr[r] + 1));
    char *in = aisle_calloc((size_t)a->n_rows, 1);
    int32_t n = 0;
    for (; n < w->k && ids[n] >= 0; n++) {
        double want = dot_rows(a, r, ids[n]);
        cr_assert(ids[n] < a->n_rows && ids[n] != r && !in[ids[n]], "%s: row %d, place %d: %d", name, r, n,
                  ids[n]);
        cr_assert(fabs((double)scores[n] - want) <= gamma * want + 0x1p-149,
                  "%s: row %d, place %d: %.9g, wanted %.9g", name, r, n, (double)scores[n], want);
        cr_assert(scores[n] > 0);
        if (n > 0)
            cr_assert(scores[n - 1] > scores[n] || (scores[n - 1] == scores[n] && ids[n - 1] < ids[n]),
                      "%s: row %d, place %d is not in order", name, r, n);
        in[ids[n]] = 1;
    }
    for (int32_t i = n; i < w->k; i++) cr_assert(ids[i] == -1 && scores[i] == 0);
    for (int32_t s = 0; s < a->n_rows; s++) {
        if (s == r || in[s]) continue;
        double left_out = dot_rows(a, r, s);
        if (n < w->k) {
            cr_assert((float)left_out == 0, "%s: row %d: %d (%g) is missing", name, r, s, left_out);
            continue;
        }
        float low = (float)(left_out * (1 - gamma)), high = (float)(left_out * (1 + gamma));
        cr_assert(low <= scores[n - 1] || low <= (double)scores[n - 1] * (1 + gamma),
                  "%s: row %d: %d (%.9g) is better than the last, %.9g", name, r, s, left_out,
                  (double)scores[n - 1]);
        cr_assert(low != high || low != scores[n - 1] || s > ids[n - 1],
                  "%s: row %d: %d is as good as the last, %d, and left out", name, r, s, ids[n - 1]);
    }
    aisle_free(in);
}

/* Row r has a share of the features that falls with r; weights are spread over `decades` powers of ten around
 * 10^middle. Every ninth row and every eleventh feature is empty. */
static aisle_csr wild_csr(int32_t n_rows, int32_t n_cols, double middle, double decades, uint64_t seed)
{
    aisle_csr a = new_csr(n_rows, n_cols, (int64_t)n_rows * n_cols);
    aisle_rng g;
    int64_t n = 0;
    aisle_rng_init(&g, seed, 4);
    for (int32_t r = 0; r < n_rows; r++) {
        for (int32_t c = 0; c < n_cols; c++) {
            if (r % 9 == 4 || c % 11 == 5 || aisle_rng_below(&g, (uint64_t)r / 4 + 10) >= 6) continue;
            a.col[n] = c;
            a.val[n++] =
                (float)pow(10, middle + decades * ((double)aisle_rng_below(&g, 1 << 20) * 0x1p-20 - .5));
        }
        a.row_ptr[r + 1] = n;
    }
    return a;
}

CONTRACT(similar, scores_of_any_size_are_within_their_bound)
{
    static const struct {
        double middle, decades;
    } sizes[] = {
        {0, 1},    /* as TF-IDF */
        {-17, 1},  /* all tiny */
        {17, 1},   /* all large */
        {0, 16},   /* products far below the largest sum */
        {-10, 18}, /* and some that are no normal f32 */
        {-22, .5}, /* few f32 for many scores */
        {-35, 1},  /* none */
    };
    static const int32_t k[] = {1, 12, 300};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        aisle_csr a = wild_csr(160, 300, sizes[i].middle, sizes[i].decades, i);
        for (size_t j = 0; j < (i ? 1 : 3); j++) {
            answer w = ask(s, &a, k[i ? 1 : j]);
            for (int32_t r = 0; r < a.n_rows; r++) check_row(s->name, &a, r, &w);
            answer_free(&w);
        }
        aisle_csr_deinit(&a);
    }
}

/* What rows have in common is nothing beside what they have alone, but it is all that counts. */
CONTRACT(similar, small_common_weights_beside_large_ones_give_the_whole_score)
{
    static const double own[] = {1e3, 1e9, 1e18}, shared[] = {1e-3, 1e-6, 1e-18};
    enum { N = 40, EACH = 6 };
    for (size_t t = 0; t < 9; t++) {
        aisle_csr a = new_csr(N, N + EACH, N * (EACH + 1));
        aisle_rng g;
        int64_t n = 0;
        aisle_rng_init(&g, t, 6);
        for (int32_t r = 0; r < N; r++) {
            a.col[n] = r;
            a.val[n++] = (float)own[t / 3];
            for (int32_t c = 0; c < EACH; c++) {
                if (aisle_rng_below(&g, 2)) continue;
                a.col[n] = N + c;
                a.val[n++] = (float)(shared[t % 3] * (double)(1 + aisle_rng_below(&g, 1 << 20)) * 0x1p-20);
            }
            a.row_ptr[r + 1] = n;
        }
        answer w = ask(s, &a, 10);
        for (int32_t r = 0; r < N; r++) check_row(s->name, &a, r, &w);
        answer_free(&w);
        aisle_csr_deinit(&a);
    }
}

/* More rows than an accumulator in a GPU's shared memory has cells, most of them empty; some meet 14 entries, some
 * 2,300, some 7,000. */
CONTRACT(similar, more_rows_than_fit_at_once)
{
    enum { ROWS = 72000, FEATURES = 500, STEP = 24 };
    static const int32_t look[] = {0, STEP, 12000, 12024, 36000, 48000, 48024, 71976, 71999, 7};
    aisle_csr a = new_csr(ROWS, FEATURES, 200000);
    aisle_rng g;
    int64_t n = 0;
    aisle_rng_init(&g, 5, 5);
    for (int32_t r = 0; r < ROWS; r++) {
        uint64_t one_in = r % 36000 == 12000 ? 1 : r % 36000 == 12024 ? 3 : 250;
        for (int32_t c = 0; r % STEP == 0 && c < FEATURES; c++) {
            if (aisle_rng_below(&g, one_in) > 0) continue;
            cr_assert(n < 200000);
            a.col[n] = c;
            a.val[n++] = (float)(1 + aisle_rng_below(&g, 4));
        }
        a.row_ptr[r + 1] = n;
    }
    answer w = ask(s, &a, 20);
    for (size_t i = 0; i < sizeof look / sizeof *look; i++) check_row(s->name, &a, look[i], &w);
    answer_free(&w);
    aisle_csr_deinit(&a);
}

/* As product texts: few words of their own, some that thousands share, many rows the same. What the common words add
 * need not be added up for every row, but may not be forgotten either. */
static aisle_csr text_csr(int32_t n_rows, int32_t words, uint64_t seed)
{
    aisle_csr a = new_csr(n_rows, words, (int64_t)n_rows * 16);
    aisle_rng g;
    int64_t n = 0;
    aisle_rng_init(&g, seed, 7);
    for (int32_t r = 0; r < n_rows; r++) {
        int64_t begin = n;
        if (r > 50 &&
            r % 3 == 0) { /* a copy of an earlier one, or its common words: as near as bounds allow */
            int32_t s = (int32_t)aisle_rng_below(&g, (uint64_t)r);
            int64_t end = a.row_ptr[s + 1];
            for (int32_t drop = (int32_t)aisle_rng_below(&g, 4); drop && end > a.row_ptr[s] + 1; drop--)
                end--;
            for (int64_t e = a.row_ptr[s]; e < end; e++, n++) {
                a.col[n] = a.col[e];
                a.val[n] = a.val[e];
            }
        }
        for (int32_t c = 0, left = n > begin ? 0 : 15; c < words && left > 0; left--) {
            double u = aisle_rng_f64(&g);
            c += (int32_t)(pow(u, 4) * words / 8); /* near ones are common */
            if (c >= words) break;
            a.col[n] = c++;
            a.val[n++] = (float)log(2 + c);
        }
        double square = 0;
        for (int64_t e = begin; e < n; e++) square += (double)a.val[e] * (double)a.val[e];
        for (int64_t e = begin; e < n && fabs(square - 1) > 1e-6; e++) /* an exact copy stays one */
            a.val[e] = (float)((double)a.val[e] / sqrt(square));
        a.row_ptr[r + 1] = n;
    }
    return a;
}

CONTRACT(similar, common_words_and_equal_texts_change_nothing)
{
    static const int32_t k[] = {1, 20, 100};
    for (size_t i = 0; i < 3; i++) {
        aisle_csr a = text_csr(4000, 300 << i, i);
        answer w = ask(s, &a, k[i]);
        for (int32_t r = 0; r < a.n_rows; r += 61) check_row(s->name, &a, r, &w);
        answer_free(&w);
        aisle_csr_deinit(&a);
    }
}

/* Row i: a rare feature that row N + i has too, and four common ones, all that row 2 N + i has: the two meet it nearly
 * alike, and the second, by no more than its common features can give at most, more. */
CONTRACT(similar, common_features_alone_may_win_by_little)
{
    enum { N = 40, FILLERS = 6000, COMMON = 4 };
    aisle_csr a = new_csr(3 * N + FILLERS, COMMON + N, (3 * N + FILLERS) * (COMMON + 1));
    double c[N][COMMON];
    aisle_rng g;
    int64_t n = 0;
    aisle_rng_init(&g, 4, 4);
    for (int32_t i = 0; i < N; i++) {
        double square = 0;
        for (int32_t f = 0; f < COMMON; f++) square += pow(c[i][f] = .1 + aisle_rng_f64(&g), 2);
        for (int32_t f = 0; f < COMMON; f++) c[i][f] /= sqrt(square);
    }
    for (int32_t r = 0; r < a.n_rows; r++) {
        int32_t i = r % N, part = r / N;
        for (int32_t f = 0; f < COMMON && part != 1; f++) {
            a.col[n] = f;
            a.val[n++] = (float)(part == 0   ? .6 * c[i][f]
                                 : part == 2 ? c[i][f]
                                             : .01 + .05 * aisle_rng_f64(&g));
        }
        if (part < 2) {
            a.col[n] = COMMON + i;
            a.val[n++] = part == 0 ? .8F : (float)(.75 - .001 * i);
        }
        a.row_ptr[r + 1] = n;
    }
    answer w = ask(s, &a, 1);
    for (int32_t r = 0; r < 3 * N; r++) check_row(s->name, &a, r, &w);
    for (int32_t r = 1; r < N; r++) cr_assert(w.ids[r] == 2 * N + r, "%s: row %d: %d", s->name, r, w.ids[r]);
    answer_free(&w);
    aisle_csr_deinit(&a);
}

/* Sums of thousands of terms. */
CONTRACT(similar, rows_of_thousands_of_entries_keep_their_bound)
{
    aisle_csr a = new_csr(40, 5000, 40 * 5000);
    aisle_rng g;
    int64_t n = 0;
    aisle_rng_init(&g, 8, 8);
    for (int32_t r = 0; r < a.n_rows; r++) {
        for (int32_t c = 0; c < a.n_cols; c++) {
            if (aisle_rng_below(&g, 40) < (uint64_t)r) continue;
            a.col[n] = c;
            a.val[n++] = (float)(.01 + aisle_rng_f64(&g));
        }
        a.row_ptr[r + 1] = n;
    }
    answer w = ask(s, &a, 12);
    for (int32_t r = 0; r < a.n_rows; r++) check_row(s->name, &a, r, &w);
    answer_free(&w);
    aisle_csr_deinit(&a);
}

/* More different rows than the cpu's accumulator has cells. */
CONTRACT(similar, more_different_rows_than_cells)
{
    enum { ROWS = 140000, FEATURES = 8000 };
    static const int32_t look[] = {0, 1, 70000, 131071, 131072, 135000, ROWS - 1};
    aisle_csr a = new_csr(ROWS, FEATURES, 3 * ROWS);
    aisle_rng g;
    int64_t n = 0;
    aisle_rng_init(&g, 6, 6);
    for (int32_t r = 0; r < ROWS; r++) {
        for (int32_t c = (int32_t)aisle_rng_below(&g, FEATURES), i = 0; i < 3 && c < FEATURES; i++) {
            a.col[n] = c;
            a.val[n++] = (float)(1 + aisle_rng_below(&g, 1000));
            c += 1 + (int32_t)aisle_rng_below(&g, FEATURES / 2);
        }
        a.row_ptr[r + 1] = n;
    }
    answer w = ask(s, &a, 9);
    for (size_t i = 0; i < sizeof look / sizeof *look; i++) check_row(s->name, &a, look[i], &w);
    answer_free(&w);
    aisle_csr_deinit(&a);
}

/* Every row has many as good as the k-th: the smallest ids have to be found among them. */
CONTRACT(similar, identical_rows_come_in_the_order_of_their_ids)
{
    enum { N = 700 };
    static const int32_t k[] = {1, 5, N + 50};
    aisle_csr a = new_csr(N, 2, N);
    for (int32_t r = 0; r < N; r++) {
        a.row_ptr[r + 1] = r + 1;
        a.col[r] = r == 30;
        a.val[r] = .3F;
    }
    for (size_t j = 0; j < sizeof k / sizeof *k; j++) {
        answer w = ask(s, &a, k[j]);
        for (int32_t r = 0; r < N; r++)
            for (int32_t i = 0, id = 0; i < k[j]; i++, id++) {
                while (id < N && (id == r || id == 30)) id++;
                bool none = r == 30 || id >= N;
                int32_t got = w.ids[r * k[j] + i];
                cr_assert(got == (none ? -1 : id), "%s: row %d, place %d: %d", s->name, r, i, got);
                cr_assert(w.scores[r * k[j] + i] == (none ? 0 : (float)((double).3F * .3F)));
            }
        answer_free(&w);
    }
    aisle_csr_deinit(&a);
}

CONTRACT(similar, the_smallest_matrices_have_no_neighbours)
{
    static const struct {
        int32_t rows, cols, entries;
    } shape[] = {{1, 1, 1}, {1, 5, 0}, {3, 4, 0}, {2, 0, 0}, {0, 3, 0}};
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        aisle_csr a = new_csr(shape[i].rows, shape[i].cols, 1);
        if (shape[i].entries) a.row_ptr[1] = 1, a.col[0] = 0, a.val[0] = 2;
        answer w = ask(s, &a, 1024);
        for (int32_t j = 0; j < a.n_rows * 1024; j++) cr_assert(w.ids[j] == -1 && w.scores[j] == 0);
        answer_free(&w);
        aisle_csr_deinit(&a);
    }
}

CONTRACT(similar, calls_shards_and_a_memory_limit_do_not_change_a_byte)
{
    static const aisle_device_params as[] = {{.threads = 1},
                                             {.threads = 3, .shards = 2},
                                             {.threads = 2, .shards = 3},
                                             {.threads = 2, .shards = 2, .memory_bytes = 1 << 18},
                                             {.threads = 2, .devices = 2},
                                             {.threads = 2, .devices = 2, .shards = 5}};
    aisle_csr a = wild_csr(150, 260, 0, 2, 9);
    answer first = ask(s, &a, 17);
    for (size_t i = 0; i < sizeof as / sizeof *as; i++) {
        subject t = *s;
        if (as[i].devices && s->ops->open(&as[i], &t.d, NULL) != AISLE_OK) continue; /* there is only one */
        if (!as[i].devices) MUST(s->ops->open(&as[i], &t.d, err));
        if (s->kernels >= 0) t.d->k = s->d->k;
        answer w = ask(&t, &a, 17);
        cr_assert(memcmp(w.ids, first.ids, 150 * 17 * sizeof *w.ids) == 0, "%s: device %zu", s->name, i);
        cr_assert(memcmp(w.scores, first.scores, 150 * 17 * sizeof *w.scores) == 0);
        answer_free(&w);
        s->ops->close(t.d);
    }
    answer_free(&first);
    aisle_csr_deinit(&a);
}

/* From far too little to enough: each device says that it is out of memory or gives the same bytes. In between there
 * is room for what is made of the rows, but not for the rows. */
CONTRACT(similar, too_little_device_memory_is_said)
{
    aisle_csr a = wild_csr(150, 260, 0, 2, 9);
    answer first = ask(s, &a, 17), w = answer_new(&a, 17);
    int32_t refused = 0, done = 0;
    for (int64_t bytes = 1 << 8; bytes <= 1 << 20; bytes += bytes / 5) {
        const aisle_device_params p = {.memory_bytes = bytes, .shards = 1};
        aisle_error error = {0};
        aisle_device *d;
        aisle_dev_csr *m = NULL;
        MUST(s->ops->open(&p, &d, err));
        aisle_status st = s->ops->csr_put(d, &a, &m, &error);
        if (st == AISLE_OK) st = s->ops->similar_topk(d, m, 17, w.ids, w.scores, NULL, &error);
        cr_assert(st == AISLE_OK || (st == AISLE_ENOMEM && error.message[0]), "%s: %lld bytes: %s (%s)",
                  s->name, (long long)bytes, aisle_status_name(st), error.message);
        refused += st != AISLE_OK;
        if (st == AISLE_OK) {
            done++;
            cr_assert(memcmp(w.ids, first.ids, 150 * 17 * sizeof *w.ids) == 0, "%s: %lld bytes", s->name,
                      (long long)bytes);
            cr_assert(memcmp(w.scores, first.scores, 150 * 17 * sizeof *w.scores) == 0);
        }
        s->ops->csr_free(d, m);
        s->ops->close(d);
    }
    cr_assert(refused > 0 && done > 0, "%s: %d refused, %d done", s->name, refused, done);
    answer_free(&first);
    answer_free(&w);
    aisle_csr_deinit(&a);
}

typedef struct listener {
    pthread_t thread;
    int64_t done, total;
} listener;

static void on_progress(void *ctx, const char *stage, int64_t done, int64_t total, const char *detail)
{
    listener *l = ctx;
    cr_assert(pthread_equal(l->thread, pthread_self()) && strcmp(stage, "similar") == 0 && detail);
    cr_assert(done >= l->done && done <= total);
    l->done = done;
    l->total = total;
}

CONTRACT(similar, progress_is_told_to_the_calling_thread_up_to_the_end)
{
    const aisle_device_params two = {.threads = 2, .shards = 2};
    aisle_csr a = wild_csr(50, 40, 0, 1, 3);
    answer w = answer_new(&a, 3);
    listener l = {.thread = pthread_self()};
    const aisle_progress p = {.fn = on_progress, .ctx = &l};
    subject t = *s;
    MUST(s->ops->open(&two, &t.d, err));
    aisle_dev_csr *d = put_csr(&t, &a);
    MUST(t.ops->similar_topk(t.d, d, 3, w.ids, w.scores, &p, err));
    cr_assert(l.done == 50 && l.total == 50, "%s: ended at %d of %d", s->name, (int)l.done, (int)l.total);
    t.ops->csr_free(t.d, d);
    t.ops->close(t.d);
    answer_free(&w);
    aisle_csr_deinit(&a);
}

static void cancel_at_once(void *ctx, const char *stage, int64_t done, int64_t total, const char *detail)
{
    (void)stage, (void)done, (void)total, (void)detail;
    aisle_cancel(ctx);
}

CONTRACT(similar, a_cancel_while_it_runs_is_obeyed)
{
    aisle_csr a = wild_csr(150, 260, 0, 2, 9);
    answer w = answer_new(&a, 17);
    int cancel = 0;
    const aisle_progress p = {.fn = cancel_at_once, .ctx = &cancel, .cancel = &cancel};
    aisle_dev_csr *d = put_csr(s, &a);
    MUST_FAIL(AISLE_ECANCELED, s->ops->similar_topk(s->d, d, 17, w.ids, w.scores, &p, err));
    s->ops->csr_free(s->d, d);
    answer_free(&w);
    aisle_csr_deinit(&a);
}
