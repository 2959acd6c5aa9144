/* Choosing what a model file holds beside f32, and measuring what rounded users cost. */
#include "aisle/quantize.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/model/half.h"

enum { TOP = 20 };

/* Some users, as trained and as rounded; what they have seen. */
typedef struct sample {
    aisle_mat exact, rounded;
    aisle_csr seen; /* its columns are the caller's */
    int32_t *ids[2];
    float *scores;
} sample;

static void sample_deinit(sample *s)
{
    aisle_mat_deinit(&s->exact);
    aisle_mat_deinit(&s->rounded);
    aisle_free(s->seen.row_ptr);
    aisle_free(s->seen.col);
    aisle_free(s->ids[0]);
    aisle_free(s->ids[1]);
    aisle_free(s->scores);
}

static int64_t n_seen(const aisle_csr *seen, int32_t u)
{
    return seen->row_ptr[u + 1] - seen->row_ptr[u];
}

/* Every k-th of the users with a history. */
static int32_t next_user(const aisle_csr *seen, int32_t u, int64_t step)
{
    for (; u < seen->n_rows; u++)
        if (n_seen(seen, u) > 0 && step-- == 0) break;
    return u;
}

static aisle_status make_room(const aisle_quantize_input *in, int32_t n, int64_t entries, sample *s,
                              aisle_error *err)
{
    AISLE_TRY(aisle_mat_init(&s->exact, n, in->users->n_cols, err));
    AISLE_TRY(aisle_mat_init(&s->rounded, n, in->users->n_cols, err));
    s->seen = (aisle_csr){n, in->seen->n_cols, aisle_calloc((size_t)n + 1, sizeof(int64_t)),
                          aisle_array(entries + 1, sizeof(int32_t)), NULL};
    for (int i = 0; i < 2; i++) s->ids[i] = aisle_array((int64_t)n * TOP, sizeof(int32_t));
    s->scores = aisle_array((int64_t)n * TOP, sizeof(float));
    if (s->seen.row_ptr && s->seen.col && s->ids[0] && s->ids[1] && s->scores) return AISLE_OK;
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for a sample of %d users", n);
}

static aisle_status round_row(const float *from, int32_t f, int32_t u, float *to, aisle_error *err)
{
    for (int32_t k = 0; k < f; k++) {
        uint16_t half;
        if (!half_narrow(from[k], &half))
            return aisle_fail(err, AISLE_ENUMERIC, "%g of user %d does not fit 16 bits (65504)",
                              (double)from[k], u);
        to[k] = half_widen(half);
    }
    return AISLE_OK;
}

static aisle_status take_sample(const aisle_quantize_input *in, sample *s, aisle_error *err)
{
    const aisle_csr *seen = in->seen;
    const int32_t f = in->users->n_cols;
    int64_t with = 0, entries = 0;
    for (int32_t u = 0; u < seen->n_rows; u++) with += n_seen(seen, u) > 0;
    const int64_t n = with < AISLE_QUANTIZE_SAMPLE ? with : AISLE_QUANTIZE_SAMPLE, step = n ? with / n : 1;
    int32_t u = next_user(seen, 0, 0);
    for (int64_t i = 0; i < n; i++, u = next_user(seen, u, step)) entries += n_seen(seen, u);
    AISLE_TRY(make_room(in, (int32_t)n, entries, s, err));
    u = next_user(seen, 0, 0);
    for (int32_t i = 0; i < n; i++, u = next_user(seen, u, step)) {
        memcpy(aisle_mat_row(&s->exact, i), aisle_mat_row(in->users, u), (size_t)f * sizeof(float));
        AISLE_TRY(round_row(aisle_mat_row(in->users, u), f, u, aisle_mat_row(&s->rounded, i), err));
        memcpy(s->seen.col + s->seen.row_ptr[i], seen->col + seen->row_ptr[u],
               (size_t)n_seen(seen, u) * sizeof(int32_t));
        s->seen.row_ptr[i + 1] = s->seen.row_ptr[i] + n_seen(seen, u);
    }
    return AISLE_OK;
}

static double share_kept(const sample *s)
{
    int64_t there = 0, kept = 0;
    for (int64_t row = 0; row < (int64_t)s->exact.n_rows * TOP; row += TOP)
        for (int a = 0; a < TOP && s->ids[0][row + a] >= 0; a++) {
            there++;
            for (int b = 0; b < TOP; b++) kept += s->ids[1][row + b] == s->ids[0][row + a];
        }
    return there ? (double)kept / (double)there : 1;
}

static aisle_status measure(const aisle_quantize_input *in, const aisle_compact *table, aisle_quantized *q,
                            aisle_error *err)
{
    sample s = {.ids = {NULL}};
    aisle_compact_work *work = aisle_compact_work_new(in->threads);
    aisle_status st = work ? take_sample(in, &s, err) : aisle_fail(err, AISLE_ENOMEM, "out of memory");
    for (int i = 0; i < 2 && st == AISLE_OK; i++) {
        const aisle_compact_query ask = {.table = table,
                                         .items = in->items,
                                         .users = i ? &s.rounded : &s.exact,
                                         .top = {TOP, &s.seen, NULL}};
        st = aisle_compact_topn(work, &ask, s.ids[i], s.scores, err);
    }
    if (st == AISLE_OK) {
        q->n_sample = s.exact.n_rows;
        q->recall = share_kept(&s);
    }
    aisle_compact_work_free(work);
    sample_deinit(&s);
    return st;
}

static bool all_fit(const aisle_mat *users)
{
    uint16_t half;
    for (int32_t u = 0; u < users->n_rows; u++)
        for (int32_t k = 0; k < users->n_cols; k++)
            if (!half_narrow(aisle_mat_row(users, u)[k], &half)) return false;
    return true;
}

static int64_t values(const aisle_mat *m)
{
    return (int64_t)m->n_rows * m->n_cols;
}

static bool wants_table(const aisle_quantize_input *in, aisle_quantize_choice c)
{
    return c == AISLE_QUANTIZE_INT8 ||
           (c == AISLE_QUANTIZE_AUTO && !in->hybrid && values(in->items) >= AISLE_QUANTIZE_ITEMS);
}

static bool wants_half(const aisle_quantize_input *in, aisle_quantize_choice c)
{
    return c == AISLE_QUANTIZE_F16 ||
           (c == AISLE_QUANTIZE_AUTO && values(in->users) >= AISLE_QUANTIZE_USERS && all_fit(in->users));
}

aisle_status aisle_quantize(const aisle_quantize_input *in, aisle_quantize_choice choice,
                            aisle_quantized *out, aisle_error *err)
{
    aisle_quantized q = {.recall = NAN};
    const bool table = wants_table(in, choice), half = wants_half(in, choice);
    if (values(in->items) == 0 || (!table && !half)) {
        *out = q;
        return AISLE_OK;
    }
    aisle_status st = aisle_compact_init(in->items, &q.table, err);
    if (st == AISLE_ENUMERIC && choice == AISLE_QUANTIZE_AUTO) { /* factors out of all bounds */
        *out = q;
        return AISLE_OK;
    }
    if (st == AISLE_OK && half) st = measure(in, &q.table, &q, err);
    q.half_users = half && (choice == AISLE_QUANTIZE_F16 || q.recall >= AISLE_QUANTIZE_RECALL);
    if (!table) aisle_compact_deinit(&q.table);
    if (st == AISLE_OK)
        *out = q;
    else
        aisle_quantized_deinit(&q);
    return st;
}

void aisle_quantized_deinit(aisle_quantized *q)
{
    aisle_compact_deinit(&q->table);
    *q = (aisle_quantized){.recall = NAN};
}

bool aisle_quantized_text(const aisle_quantized *q, char out[160])
{
    char table[80] = "", users[80] = "";
    if (q->table.n_tiles)
        snprintf(table, sizeof table, "compact table of the items, off by %.3g at most",
                 (double)aisle_compact_error(&q->table));
    if (q->n_sample)
        snprintf(users, sizeof users, "%susers in %d bits (16 keep %.2f %% of the best %d)",
                 table[0] ? "; " : "", q->half_users ? 16 : 32, 100 * q->recall, (int)TOP);
    snprintf(out, 160, "%s%s", table, users);
    return out[0] != '\0';
}

static json_t *described(const aisle_quantized *q)
{
    json_t *o =
        json_pack("{s:s, s:b}", "users", q->half_users ? "f16" : "f32", "table", q->table.n_tiles > 0);
    if (q->table.n_tiles) json_object_set_new(o, "error", json_real((double)aisle_compact_error(&q->table)));
    if (q->n_sample) {
        json_object_set_new(o, "sample", json_integer(q->n_sample));
        json_object_set_new(o, "recall@20", json_real(q->recall));
    }
    return o;
}

char *aisle_quantized_meta(const aisle_quantized *q, const char *meta)
{
    json_t *json = json_loads(meta, 0, NULL);
    char *out = NULL, *text = NULL;
    bool ok = json_is_object(json);
    if (ok) json_object_del(json, "quantize");
    if (ok && (q->table.n_tiles || q->half_users || q->n_sample))
        ok = json_object_set_new(json, "quantize", described(q)) == 0;
    if (ok) text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (text) out = aisle_array((int64_t)strlen(text) + 1, 1);
    if (out) memcpy(out, text, strlen(text) + 1);
    free(text);
    json_decref(json);
    return out;
}
