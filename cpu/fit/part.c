/* The training part: kept events, their matrix, and what is learned of them alone. */
#include "aisle/part.h"

#include <string.h>

#include "aisle/memory.h"

struct aisle_part {
    const aisle_dataset *d;
    uint8_t *keep;
    bool all; /* no mask was given */
    uint8_t *has_item, *fresh;
    aisle_weights weights;
    aisle_csr pairs, by_item, preferences; /* preferences: empty without dislikes */
    int32_t threads;
};

static bool has_dislikes(const aisle_part *p)
{
    aisle_events e = aisle_part_events(p);
    if (!(p->weights.weight[AISLE_EVENT_DISLIKE] > 0)) return false;
    for (int64_t i = 0; i < e.n; i++)
        if (e.type[i] == AISLE_EVENT_DISLIKE && aisle_part_keeps(p, i)) return true;
    return false;
}

/* Takes keep over, also on failure. */
static aisle_status part_make(const aisle_dataset *d, uint8_t *keep, const aisle_weights *w, int32_t threads,
                              aisle_part **out, aisle_error *err)
{
    aisle_events e = aisle_dataset_events(d);
    aisle_part *p = aisle_calloc(1, sizeof *p);
    size_t n_items = (size_t)aisle_idmap_count(aisle_dataset_items(d));
    uint8_t *has_item = aisle_calloc(n_items + 1, 1), *fresh = aisle_calloc(n_items + 1, 1);
    if (!p || !has_item || !fresh) {
        aisle_free(p);
        aisle_free(has_item);
        aisle_free(fresh);
        aisle_free(keep);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for a training part");
    }
    *p = (aisle_part){
        .d = d, .keep = keep, .has_item = has_item, .fresh = fresh, .weights = *w, .threads = threads};
    for (int64_t i = 0; i < e.n; i++)
        if (aisle_part_keeps(p, i)) has_item[e.item[i]] = 1;
    aisle_status st = aisle_dataset_matrix(d, w, keep, threads, &p->pairs, err);
    if (st == AISLE_OK && aisle_csr_nnz(&p->pairs) == 0)
        st = aisle_fail(err, AISLE_EINVAL,
                        "training: no pair of user and item is left of %lld events; check the event weights "
                        "and the k-core",
                        (long long)e.n);
    if (st == AISLE_OK) st = aisle_csr_transpose(&p->pairs, &p->by_item, err);
    for (int32_t i = 0; st == AISLE_OK && i < p->by_item.n_rows; i++)
        fresh[i] = p->by_item.row_ptr[i + 1] == p->by_item.row_ptr[i];
    if (st == AISLE_OK && has_dislikes(p))
        st = aisle_dataset_preferences(d, w, keep, threads, &p->preferences, err);
    if (st == AISLE_OK)
        *out = p;
    else
        aisle_part_free(p);
    return st;
}

static aisle_status copy_mask(int64_t n, const uint8_t *keep, uint8_t **out, aisle_error *err)
{
    *out = aisle_array(n, 1);
    if (!*out) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a mask of %lld events", (long long)n);
    if (keep)
        memcpy(*out, keep, (size_t)n);
    else
        memset(*out, 1, (size_t)n);
    return AISLE_OK;
}

aisle_status aisle_part_new(const aisle_dataset *d, const uint8_t *keep, const aisle_weights *w,
                            int32_t threads, aisle_part **out, aisle_error *err)
{
    uint8_t *mask;
    AISLE_TRY(copy_mask(aisle_dataset_events(d).n, keep, &mask, err));
    AISLE_TRY(part_make(d, mask, w, threads, out, err));
    (*out)->all = keep == NULL;
    return AISLE_OK;
}

void aisle_part_free(aisle_part *p)
{
    if (!p) return;
    aisle_csr_deinit(&p->pairs);
    aisle_csr_deinit(&p->by_item);
    aisle_csr_deinit(&p->preferences);
    aisle_free(p->keep);
    aisle_free(p->has_item);
    aisle_free(p->fresh);
    aisle_free(p);
}

int32_t aisle_part_n_users(const aisle_part *p)
{
    return p->pairs.n_rows;
}

int32_t aisle_part_n_items(const aisle_part *p)
{
    return p->pairs.n_cols;
}

const aisle_csr *aisle_part_pairs(const aisle_part *p)
{
    return &p->pairs;
}

const aisle_csr *aisle_part_preferences(const aisle_part *p)
{
    return p->preferences.row_ptr ? &p->preferences : &p->pairs;
}

const aisle_csr *aisle_part_by_item(const aisle_part *p)
{
    return &p->by_item;
}

const uint8_t *aisle_part_fresh(const aisle_part *p)
{
    return p->fresh;
}

const aisle_weights *aisle_part_weights(const aisle_part *p)
{
    return &p->weights;
}

aisle_product aisle_part_product(const aisle_part *p, int32_t item)
{
    return aisle_dataset_product(p->d, item);
}

aisle_user aisle_part_user(const aisle_part *p, int32_t user)
{
    return aisle_dataset_user(p->d, user);
}

aisle_events aisle_part_events(const aisle_part *p)
{
    return aisle_dataset_events(p->d);
}

bool aisle_part_keeps(const aisle_part *p, int64_t e)
{
    return p->keep[e] != 0;
}

bool aisle_part_has_item(const aisle_part *p, int32_t item)
{
    return p->has_item[item] != 0;
}

aisle_status aisle_part_pairs_of(const aisle_part *p, const aisle_weights *w, const uint8_t *in,
                                 aisle_csr *out, aisle_error *err)
{
    int64_t n = aisle_dataset_events(p->d).n;
    uint8_t *both = aisle_array(n, 1);
    if (!both) return aisle_fail(err, AISLE_ENOMEM, "out of memory for a mask of %lld events", (long long)n);
    for (int64_t e = 0; e < n; e++) both[e] = in[e] && aisle_part_keeps(p, e);
    aisle_status st = aisle_dataset_matrix(p->d, w, both, p->threads, out, err);
    aisle_free(both);
    return st;
}

/* Of pairs with several ratings the newest counts, by arrival where times are equal. */
static bool is_stars(const aisle_part *p, const aisle_events *e, int64_t i)
{
    return aisle_part_keeps(p, i) && e->value[i] > 0 &&
           (e->type[i] == AISLE_EVENT_RATING || e->type[i] == AISLE_EVENT_REVIEW);
}

/* One entry a pair: values in the order of aisle_csr_from_coo's columns. */
static void fill_stars(const aisle_part *p, const aisle_events *e, aisle_csr *m, int64_t *at_ms)
{
    for (int64_t i = 0; i < e->n; i++) {
        if (!is_stars(p, e, i)) continue;
        int64_t low = m->row_ptr[e->user[i]], high = m->row_ptr[e->user[i] + 1];
        while (high - low > 1) {
            int64_t middle = low + (high - low) / 2;
            if (m->col[middle] <= e->item[i])
                low = middle;
            else
                high = middle;
        }
        if (m->val[low] > 0 && e->at_ms[i] < at_ms[low]) continue;
        m->val[low] = e->value[i];
        at_ms[low] = e->at_ms[i];
    }
}

aisle_status aisle_part_stars(const aisle_part *p, aisle_csr *out, aisle_error *err)
{
    aisle_events e = aisle_part_events(p);
    int64_t n = 0;
    aisle_csr m = {0};
    int64_t *at_ms = NULL;
    for (int64_t i = 0; i < e.n; i++) n += is_stars(p, &e, i);
    if (n == 0)
        return aisle_fail(err, AISLE_EINVAL,
                          "none of the events trained on is a rating or a review with stars");
    int32_t *user = aisle_array(n, sizeof *user), *item = aisle_array(n, sizeof *item);
    aisle_status st = user && item
                          ? AISLE_OK
                          : aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld ratings", (long long)n);
    n = 0;
    for (int64_t i = 0; st == AISLE_OK && i < e.n; i++)
        if (is_stars(p, &e, i)) user[n] = e.user[i], item[n++] = e.item[i];
    if (st == AISLE_OK)
        st = aisle_csr_from_coo(aisle_part_n_users(p), aisle_part_n_items(p), n, user, item, NULL, &m, err);
    aisle_free(user);
    aisle_free(item);
    if (st == AISLE_OK) {
        m.val = aisle_calloc((size_t)aisle_csr_nnz(&m), sizeof *m.val);
        at_ms = aisle_array(aisle_csr_nnz(&m), sizeof *at_ms);
        if (!m.val || !at_ms)
            st = aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld ratings", (long long)n);
    }
    if (st == AISLE_OK) {
        fill_stars(p, &e, &m, at_ms);
        *out = m;
    } else
        aisle_csr_deinit(&m);
    aisle_free(at_ms);
    return st;
}

aisle_status aisle_part_text(const aisle_part *p, const aisle_text_params *t, aisle_csr *out,
                             aisle_vocabulary **vocabulary, aisle_error *err)
{
    aisle_vocabulary *v = NULL;
    AISLE_TRY(aisle_vocabulary_learn(p->d, p->all ? NULL : p->has_item, t, &v, err));
    aisle_status st = aisle_text_matrix(p->d, v, t->progress, out, err);
    if (st == AISLE_OK && vocabulary)
        *vocabulary = v;
    else
        aisle_vocabulary_free(v);
    return st;
}

/* Whoever split the data before has used the same seed, most likely: the same draw again would hold out nothing, since
 * what it picks is gone. Not aisle_mix64 of it, by which `aisle tune` draws between the two. */
#define INNER_SEED UINT64_C(0x9e3779b97f4a7c15)

aisle_status aisle_part_hold_out(const aisle_part *p, const aisle_split_params *split, aisle_part **rest,
                                 aisle_csr *held, aisle_error *err)
{
    int64_t n = aisle_dataset_events(p->d).n;
    uint8_t *label = aisle_array(n, 1), *keep = NULL;
    aisle_part *made = NULL;
    if (!label) return aisle_fail(err, AISLE_ENOMEM, "out of memory to split %lld events", (long long)n);
    aisle_split_params inner = *split;
    inner.seed ^= INNER_SEED;
    aisle_status st = aisle_split(p->d, &inner, p->keep, label, err);
    if (st == AISLE_OK) st = copy_mask(n, p->keep, &keep, err);
    for (int64_t i = 0; st == AISLE_OK && i < n; i++) {
        keep[i] = label[i] == 0;
        label[i] = label[i] == 1;
    }
    if (st == AISLE_OK) {
        st = part_make(p->d, keep, &p->weights, p->threads, &made, err);
        keep = NULL;
    }
    if (st == AISLE_OK) st = aisle_dataset_matrix(p->d, &p->weights, label, p->threads, held, err);
    if (st == AISLE_OK)
        *rest = made;
    else
        aisle_part_free(made);
    aisle_free(keep);
    aisle_free(label);
    return st;
}
