/* The interaction matrix alone, at benchmark sizes: a row is drawn straight from the person's clusters. */
#include <string.h>

#include "aisle/matrix_file.h"
#include "aisle/memory.h"
#include "datasets/generate/person.h"

/* The items of one row as a bitmap with a second level, which says what words are not 0: drawing twice is
 * seen at once, and reading the columns out in order needs no sort. */
typedef struct row_set {
    uint64_t *bits, *words;
    int32_t n_words;
} row_set;

static bool row_set_add(row_set *s, int32_t item)
{
    uint64_t *at = &s->bits[item >> 6], bit = (uint64_t)1 << (item & 63);
    if (*at & bit) return false;
    *at |= bit;
    s->words[item >> 12] |= (uint64_t)1 << (item >> 6 & 63);
    return true;
}

/* Writes the items in ascending order and empties the set. */
static void row_set_take(row_set *s, int32_t *col)
{
    for (int32_t w = 0; w < s->n_words; w++)
        for (uint64_t some = s->words[w]; some || (s->words[w] = 0); some &= some - 1) {
            int32_t at = w << 6 | __builtin_ctzll(some);
            for (uint64_t bits = s->bits[at]; bits; bits &= bits - 1)
                *col++ = at << 6 | __builtin_ctzll(bits);
            s->bits[at] = 0;
        }
}

/* How many items person `number` has: log-normal, yet within what the persons to come can still bring to the
 * exact total. */
static int32_t row_length(const gen_shop *s, int32_t number, int64_t left)
{
    int64_t others = (int64_t)(s->p.users - number - 1) * s->p.items, n = gen_activity(s, number, left);
    if (n > s->p.items) n = s->p.items;
    if (n < left - others) n = left - others;
    return (int32_t)n;
}

enum { BATCH = 32 };

/* Draws n items into the set and returns how many were new. Each draw reads one random slot of a table that
 * no cache holds: a batch asks for all its slots first, then reads them. */
static int32_t draw_batch(const gen_shop *s, const gen_person *p, int32_t n, row_set *set, aisle_rng *r)
{
    const gen_alias_slot *slot[BATCH];
    uint32_t toss[BATCH];
    int32_t fresh = 0;
    for (int32_t k = 0; k < n; k++) {
        int32_t leaf = gen_person_leaf(s, p, r);
        const gen_cluster *c = gen_shop_cluster(s, leaf, gen_person_style(p, r));
        slot[k] = gen_alias_slot_at(c->slots, c->n, aisle_rng_u64(r), &toss[k]);
        __builtin_prefetch(slot[k]);
    }
    for (int32_t k = 0; k < n; k++) fresh += row_set_add(set, gen_alias_value(slot[k], toss[k]));
    return fresh;
}

/* Draws until n distinct items are there. Who has seen nearly all that suits takes whatever comes next, from
 * a random place on. */
static void draw_row(const gen_shop *s, const gen_person *p, int32_t n, row_set *set, aisle_rng *r)
{
    int64_t draws = 8 * (int64_t)n + 64;
    int32_t k = 0;
    while (k < n && draws > 0) {
        int32_t batch = n - k < BATCH ? n - k : BATCH;
        k += draw_batch(s, p, batch, set, r);
        draws -= batch;
    }
    for (int64_t item = gen_between(r, 0, s->p.items - 1); k < n; item++)
        k += row_set_add(set, (int32_t)(item % s->p.items));
}

static aisle_status write_rows(const gen_shop *s, row_set *set, int32_t *col, aisle_matrix_writer *w,
                               aisle_error *err)
{
    enum { REPORT_EVERY = 1024 };
    int64_t left = s->p.events;
    gen_person person;
    for (int32_t i = 0; i < s->p.users; i++) {
        aisle_rng r;
        aisle_rng_init(&r, s->p.seed, gen_stream(GEN_STREAM_MATRIX, i));
        gen_person_make(s, i, &person);
        int32_t n = row_length(s, i, left);
        draw_row(s, &person, n, set, &r);
        row_set_take(set, col);
        AISLE_TRY(aisle_matrix_writer_row(w, col, NULL, n, err));
        left -= n;
        if (i % REPORT_EVERY) continue;
        if (aisle_canceled(s->p.progress))
            return aisle_fail(err, AISLE_ECANCELED, "interrupted; nothing was kept");
        aisle_progress_report(s->p.progress, "matrix", s->p.events - left, s->p.events, "");
    }
    return AISLE_OK;
}

aisle_status aisle_generate_matrix(const aisle_generate_params *p, const char *path, aisle_error *err)
{
    aisle_matrix_writer *w = NULL;
    int32_t *col = NULL;
    row_set set = {0};
    gen_shop s;
    AISLE_TRY(gen_shop_init(&s, p, err));
    aisle_status st = AISLE_OK;
    if (p->events > (int64_t)p->users * p->items) {
        st = aisle_fail(err, AISLE_EINVAL, "events %lld: at most users x items = %lld distinct pairs",
                        (long long)p->events, (long long)p->users * p->items);
        goto done;
    }
    set.n_words = (p->items >> 12) + 1;
    set.words = aisle_calloc((size_t)set.n_words, sizeof *set.words);
    set.bits = aisle_calloc((size_t)(p->items >> 6) + 1, sizeof *set.bits);
    col = aisle_array(p->items, sizeof *col);
    if (!set.words || !set.bits || !col) {
        st = aisle_fail(err, AISLE_ENOMEM, "out of memory for rows of %d items", p->items);
        goto done;
    }
    st = aisle_matrix_writer_open(path, p->users, p->items, p->events, false, &w, err);
    if (st != AISLE_OK) goto done;
    if ((st = write_rows(&s, &set, col, w, err)) != AISLE_OK) goto done;
    st = aisle_matrix_writer_commit(w, err);
    w = NULL; /* released either way */
done:
    aisle_matrix_writer_abort(w);
    aisle_free(set.words);
    aisle_free(set.bits);
    aisle_free(col);
    gen_shop_deinit(&s);
    return st;
}
