/* Masks of events for aisle_part_new: what trains, and what is held out. */
#include "server/cli/holdout.h"

#include <string.h>

#include "aisle/memory.h"

const char *const aisle_split_names[] = {"random",    "leave-last", "time", "days",
                                         "cold-item", "cold-user",  "fold", NULL};

aisle_split_kind aisle_split_named(const char *name)
{
    int32_t k = 0;
    while (name && strcmp(aisle_split_names[k], name) != 0) k++;
    return (aisle_split_kind)k;
}

aisle_status aisle_holdout_core(aisle_holdout *h, const aisle_dataset *d, aisle_train_params *p,
                                aisle_error *err)
{
    int64_t n = aisle_dataset_events(d).n, cleared = 0;
    h->d = d;
    h->in = aisle_array(n, 1);
    if (!h->in) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld labels", (long long)n);
    memset(h->in, 1, (size_t)n);
    AISLE_TRY(aisle_dataset_core(d, p->user_core, p->item_core, h->in, &cleared, err));
    p->user_core = p->item_core = 0;
    return AISLE_OK;
}

static void free_parts(aisle_holdout *h)
{
    aisle_part_free(h->part);
    aisle_part_free(h->held);
    h->part = h->held = NULL;
    h->n_kept = 0;
}

aisle_status aisle_holdout_all(aisle_holdout *h, const aisle_weights *w, int32_t threads, aisle_error *err)
{
    free_parts(h);
    for (int64_t i = 0; i < aisle_dataset_events(h->d).n; i++) h->n_kept += h->in[i];
    return aisle_part_new(h->d, h->in, w, threads, &h->part, err);
}

/* The held-out part must not be empty of pairs: aisle_part_new says "training" of it, which would be wrong here. */
static aisle_status make_held(aisle_holdout *h, const uint8_t *held, const aisle_weights *w, int32_t threads,
                              aisle_error *err)
{
    aisle_status st = aisle_part_new(h->d, held, w, threads, &h->held, err);
    if (st == AISLE_EINVAL)
        return aisle_fail(err, st, "the split holds out no pair of user and item; use another --fraction");
    return st;
}

aisle_status aisle_holdout_split(aisle_holdout *h, const aisle_split_params *split, const aisle_weights *w,
                                 int32_t threads, aisle_error *err)
{
    int64_t n = aisle_dataset_events(h->d).n;
    uint8_t *keep = aisle_array(n, 1), *held = aisle_array(n, 1);
    aisle_status st = keep && held
                          ? AISLE_OK
                          : aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld labels", (long long)n);
    free_parts(h);
    if (st == AISLE_OK) st = aisle_split(h->d, split, h->in, held, err); /* 0 train, 1 test, 255 neither */
    for (int64_t i = 0; st == AISLE_OK && i < n; i++) {
        keep[i] = held[i] == 0;
        held[i] = held[i] == 1;
        h->n_kept += keep[i];
    }
    if (st == AISLE_OK) st = aisle_part_new(h->d, keep, w, threads, &h->part, err);
    if (st == AISLE_OK) st = make_held(h, held, w, threads, err);
    aisle_free(keep);
    aisle_free(held);
    return st;
}

aisle_status aisle_holdout_set_aside(aisle_holdout *h, const aisle_split_params *split, aisle_error *err)
{
    int64_t n = aisle_dataset_events(h->d).n;
    uint8_t *label = aisle_array(n, 1);
    if (!label) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %lld labels", (long long)n);
    aisle_status st = aisle_split(h->d, split, h->in, label, err);
    for (int64_t i = 0; st == AISLE_OK && i < n; i++) h->in[i] = label[i] == 0;
    aisle_free(label);
    return st;
}

aisle_status aisle_holdout_range(const aisle_holdout *h, double *lowest, double *highest, aisle_error *err)
{
    aisle_csr stars;
    AISLE_TRY(aisle_part_stars(h->part, &stars, err));
    *lowest = *highest = (double)stars.val[0];
    for (int64_t i = 0; i < aisle_csr_nnz(&stars); i++) {
        double v = (double)stars.val[i];
        if (v < *lowest) *lowest = v;
        if (v > *highest) *highest = v;
    }
    aisle_csr_deinit(&stars);
    return AISLE_OK;
}

void aisle_holdout_deinit(aisle_holdout *h)
{
    free_parts(h);
    aisle_free(h->in);
    *h = (aisle_holdout){0};
}
