/* The rows of A A' one at a time in a dense accumulator, their best cells kept: any similarity, any k, never the
 * product as a whole. Rows are dealt to threads in chunks whose results are put together in order. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/knn.h"
#include "cpu/kernels/select.h"

enum { CHUNK_ROWS = 256, CHUNK_CELLS = 1 << 20 }; /* of a chunk at most; one row may be longer */

typedef struct chunk {
    int32_t *id;
    float *score;
} chunk;

typedef struct job {
    const knn_vectors *v;
    const aisle_knn_params *p;
    const aisle_progress *progress;
    int32_t keep, chunk_rows, n_chunks; /* keep: of k, no more than there are rows */
    chunk *chunks;
    int64_t *row_ptr; /* counts of rows until all are there */
    aisle_status st;  /* the first failure; atomic */
} job;

/* One thread's. */
typedef struct scratch {
    double *dot;     /* [n_rows] zero between rows */
    int32_t *common; /* [n_rows] likewise; Jaccard alone */
    int32_t *touched;
    uint64_t *key;
    int32_t *id; /* of the chunk so far */
    float *score;
} scratch;

static bool scratch_init(scratch *s, const job *j)
{
    int64_t n = j->v->a.n_rows, cells = (int64_t)j->chunk_rows * j->keep;
    *s = (scratch){.dot = aisle_calloc((size_t)n, sizeof *s->dot),
                   .touched = aisle_array(n, sizeof *s->touched),
                   .key = aisle_array(aisle_select_room(j->keep), sizeof *s->key),
                   .id = aisle_array(cells, sizeof *s->id),
                   .score = aisle_array(cells, sizeof *s->score)};
    if (j->v->jaccard) s->common = aisle_calloc((size_t)n, sizeof *s->common);
    return s->dot && s->touched && s->key && s->id && s->score && (s->common || !j->v->jaccard);
}

static void scratch_deinit(scratch *s)
{
    aisle_free(s->dot);
    aisle_free(s->common);
    aisle_free(s->touched);
    aisle_free(s->key);
    aisle_free(s->id);
    aisle_free(s->score);
}

/* Products of row b with all rows that share an entry. Values are > 0, so a cell that is 0 is untouched. */
static int32_t accumulate(const knn_vectors *v, int32_t b, scratch *s)
{
    int32_t n = 0;
    for (int64_t e = v->a.row_ptr[b]; e < v->a.row_ptr[b + 1]; e++) {
        double w = (double)v->a.val[e];
        int32_t c = v->a.col[e];
        for (int64_t f = v->at.row_ptr[c]; f < v->at.row_ptr[c + 1]; f++) {
            int32_t a = v->at.col[f];
            if (s->dot[a] == 0) s->touched[n++] = a;
            s->dot[a] += w * (double)v->at.val[f];
            if (s->common) s->common[a]++;
        }
    }
    return n;
}

static double similarity(const knn_vectors *v, double shrink, int32_t a, int32_t b, const scratch *s)
{
    double under =
        v->jaccard ? v->known[a] + v->target[b] - (double)s->common[a] : v->known[a] * v->target[b];
    return s->dot[a] / (under + shrink);
}

static float key_score(uint64_t key)
{
    uint32_t bits = (uint32_t)(key >> 32) ^ 0x80000000U; /* as aisle_select_key makes them of scores >= 0 */
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

/* Row b's best to id and score; returns how many, or -1 when a power overflows. */
static int32_t best_of_row(const job *j, int32_t b, scratch *s, int32_t *id, float *score)
{
    aisle_select best;
    aisle_select_init(&best, s->key, j->keep);
    int32_t n = accumulate(j->v, b, s);
    for (int32_t i = 0; i < n; i++) {
        int32_t a = s->touched[i];
        float x = a == b ? 0 : (float)similarity(j->v, j->p->shrink, a, b, s);
        if (x > 0 && x >= best.threshold) aisle_select_push(&best, x, a);
        s->dot[a] = 0;
        if (s->common) s->common[a] = 0;
    }
    aisle_select_shrink(&best);
    for (int32_t i = 0; i < best.count; i++) {
        float x = key_score(best.key[i]);
        id[i] = (int32_t) ~(uint32_t)best.key[i];
        score[i] = j->p->power == 1 ? x : (float)pow((double)x, j->p->power);
        if (!isfinite(score[i])) return -1;
    }
    return best.count;
}

/* Rows of chunk c, to storage of their own size. */
static aisle_status make_chunk(const job *j, int32_t c, scratch *s)
{
    int32_t begin = c * j->chunk_rows, end = j->v->a.n_rows;
    int64_t n = 0;
    if (end - begin > j->chunk_rows) end = begin + j->chunk_rows;
    for (int32_t b = begin; b < end; b++) {
        if (aisle_canceled(j->progress)) return AISLE_ECANCELED;
        int32_t count = best_of_row(j, b, s, s->id + n, s->score + n);
        if (count < 0) return AISLE_ENUMERIC;
        j->row_ptr[b + 1] = count;
        n += count;
    }
    chunk *to = &j->chunks[c];
    to->id = aisle_alloc((size_t)n * sizeof *to->id);
    to->score = aisle_alloc((size_t)n * sizeof *to->score);
    if (!to->id || !to->score) return AISLE_ENOMEM;
    memcpy(to->id, s->id, (size_t)n * sizeof *to->id);
    memcpy(to->score, s->score, (size_t)n * sizeof *to->score);
    return AISLE_OK;
}

static void note(aisle_status *first, aisle_status st)
{
    aisle_status ok = AISLE_OK;
    if (st != AISLE_OK)
        __atomic_compare_exchange_n(first, &ok, st, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void make_chunks(job *j, int32_t threads)
{
#pragma omp parallel num_threads(threads)
    {
        scratch s;
        if (!scratch_init(&s, j)) note(&j->st, AISLE_ENOMEM);
#pragma omp for schedule(dynamic, 1)
        for (int32_t c = 0; c < j->n_chunks; c++) {
            if (__atomic_load_n(&j->st, __ATOMIC_RELAXED) == AISLE_OK) note(&j->st, make_chunk(j, c, &s));
            if (omp_get_thread_num() == 0)
                aisle_progress_report(j->progress, "similar", (int64_t)c * j->chunk_rows, j->v->a.n_rows, "");
        }
        scratch_deinit(&s);
    }
}

/* Chunks one after another, each released once it is copied. */
static aisle_status join(job *j, aisle_csr *lists)
{
    int32_t n = j->v->a.n_rows;
    for (int32_t r = 0; r < n; r++) j->row_ptr[r + 1] += j->row_ptr[r];
    aisle_csr m = {n, n, NULL, aisle_array(j->row_ptr[n], sizeof *m.col),
                   aisle_array(j->row_ptr[n], sizeof *m.val)};
    if (!m.col || !m.val) {
        aisle_csr_deinit(&m);
        return AISLE_ENOMEM;
    }
    for (int32_t c = 0; c < j->n_chunks; c++) {
        int32_t begin = c * j->chunk_rows, end = n - begin > j->chunk_rows ? begin + j->chunk_rows : n;
        int64_t at = j->row_ptr[begin];
        size_t count = (size_t)(j->row_ptr[end] - at);
        memcpy(m.col + at, j->chunks[c].id, count * sizeof *m.col);
        memcpy(m.val + at, j->chunks[c].score, count * sizeof *m.val);
        aisle_free(j->chunks[c].id);
        aisle_free(j->chunks[c].score);
        j->chunks[c] = (chunk){0};
    }
    m.row_ptr = j->row_ptr;
    j->row_ptr = NULL;
    *lists = m;
    return AISLE_OK;
}

/* A row has at most keep cells, and no more than its partners have entries. */
static int64_t most_cells(const job *j)
{
    const aisle_csr *a = &j->v->a, *at = &j->v->at;
    int64_t sum = 0;
    for (int32_t r = 0; r < a->n_rows; r++) {
        int64_t row = 0;
        for (int64_t e = a->row_ptr[r]; e < a->row_ptr[r + 1] && row < j->keep; e++)
            row += at->row_ptr[a->col[e] + 1] - at->row_ptr[a->col[e]] - 1;
        sum += row < j->keep ? row : j->keep;
    }
    return sum;
}

static aisle_status explain(const job *j, int64_t cells, aisle_error *err)
{
    switch (j->st) {
    case AISLE_OK: return AISLE_OK;
    case AISLE_ECANCELED: return aisle_fail(err, AISLE_ECANCELED, "neighbours canceled");
    case AISLE_ENUMERIC:
        return aisle_fail(err, AISLE_ENUMERIC,
                          "neighbours: a similarity to the power of %g is no finite number; lower the power",
                          j->p->power);
    default:
        return aisle_fail(
            err, AISLE_ENOMEM,
            "neighbours: out of memory for up to %d of each of %d, %lld bytes; lower the number "
            "of neighbours",
            j->p->k, j->v->a.n_rows, (long long)cells * 16);
    }
}

aisle_status knn_lists_sparse(const knn_vectors *v, const aisle_knn_params *p, const aisle_trainer *t,
                              aisle_csr *lists, aisle_error *err)
{
    int32_t n = v->a.n_rows;
    job j = {.v = v, .p = p, .progress = t->progress, .keep = p->k < n ? p->k : n};
    *lists = (aisle_csr){0};
    j.chunk_rows = CHUNK_CELLS / j.keep < CHUNK_ROWS ? CHUNK_CELLS / j.keep : CHUNK_ROWS;
    if (j.chunk_rows < 1) j.chunk_rows = 1;
    j.n_chunks = (n + j.chunk_rows - 1) / j.chunk_rows;
    int64_t cells = most_cells(&j);
    j.chunks = aisle_calloc((size_t)j.n_chunks, sizeof *j.chunks);
    j.row_ptr = aisle_calloc((size_t)n + 1, sizeof *j.row_ptr);
    /* in chunks, and once more joined or transposed: 16 bytes a cell */
    if (!j.chunks || !j.row_ptr || cells > aisle_available_bytes() / 16) j.st = AISLE_ENOMEM;
    if (j.st == AISLE_OK) make_chunks(&j, t->threads > 0 ? t->threads : omp_get_num_procs());
    if (j.st == AISLE_OK) j.st = join(&j, lists);
    for (int32_t c = 0; j.chunks && c < j.n_chunks; c++) {
        aisle_free(j.chunks[c].id);
        aisle_free(j.chunks[c].score);
    }
    aisle_free(j.chunks);
    aisle_free(j.row_ptr);
    return explain(&j, cells, err);
}
