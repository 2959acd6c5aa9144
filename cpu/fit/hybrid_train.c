/* A hybrid for a model file: ALS and all else that any model holds are cpu/train's, the weights are learned as for the kind
 * "hybrid", and then each other part is fitted once more, to everything, as the table that it is. */
#include <omp.h>
#include <string.h>

#include "aisle/hybrid.h"
#include "aisle/memory.h"
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"
#include "cpu/fit/hybrid_parts.h"
#include "cpu/train/train_parts.h"

/* What the tables of aisle_trained.hybrid point to. */
typedef struct owner {
    aisle_part *part;
    fit_table table[AISLE_HYBRID_MAX_PARTS];
    aisle_groups groups; /* numbered through */
    aisle_mat prior;
    int32_t *attribute, *user_groups;
    aisle_str *group_name;
} owner;

static void owner_free(void *ctx)
{
    owner *o = ctx;
    for (int32_t p = 0; p < AISLE_HYBRID_MAX_PARTS; p++) fit_table_deinit(&o->table[p]);
    aisle_groups_deinit(&o->groups);
    aisle_mat_deinit(&o->prior);
    aisle_free(o->attribute);
    aisle_free(o->user_groups);
    aisle_free(o->group_name);
    aisle_part_free(o->part);
    aisle_free(o);
}

/* ---- parts ---- */

typedef struct making {
    owner *o;
    aisle_trained *trained;
    aisle_part_id id[AISLE_HYBRID_MAX_PARTS];
} making;

static bool is_factors(aisle_part_id id)
{
    return id == AISLE_PART_ALS || id == AISLE_PART_ALS_CONTENT;
}

/* The factors were trained already, and the texts' map with them. */
static aisle_status check_factors(const making *m, aisle_part_id id, aisle_error *err)
{
    if (m->trained->items.n_cols == 0)
        return aisle_fail(err, AISLE_EINVAL, "%s: 0 factors; wanted 1 to %d", aisle_part_name(id),
                          AISLE_MAX_FACTORS);
    if (id == AISLE_PART_ALS_CONTENT && aisle_csr_nnz(&m->trained->text) == 0)
        return aisle_fail(err, AISLE_EINVAL, "als-content: no product has text that another one shares");
    return AISLE_OK;
}

static aisle_status make_one(void *ctx, const aisle_fit_kind *kind, const aisle_fit_input *in, int32_t slot,
                             aisle_error *err)
{
    making *m = ctx;
    fit_table_fn fit = fit_table_of(kind, &m->id[slot]);
    return is_factors(m->id[slot]) ? check_factors(m, m->id[slot], err) : fit(in, &m->o->table[slot], err);
}

static void add_part(const making *m, int32_t p, aisle_hybrid_tables *h)
{
    h->part[p] = m->id[p];
    h->table[p] = m->o->table[p].t;
    if (is_factors(m->id[p]))
        h->table[p] = (aisle_table){
            .kind = AISLE_TABLE_FACTORS,
            .ranks = m->id[p] == AISLE_PART_ALS ? AISLE_RANKS_TAKEN : AISLE_RANKS_ALL,
            .n_items = m->trained->items.n_rows,
            .items = m->trained->items,
        };
    h->table[p].fresh = h->fresh;
}

/* ---- groups ---- */

static bool wants_prior(const aisle_hybrid_tables *h)
{
    for (int32_t p = 0; p < h->n_parts; p++)
        if (h->part[p] == AISLE_PART_ALS_CONTENT) return true;
    return false;
}

static aisle_status describe_groups(owner *o, aisle_hybrid_tables *h, aisle_error *err)
{
    int32_t n = aisle_groups_count(&o->groups), n_users = aisle_part_n_users(o->part);
    if (n == 0) return AISLE_OK;
    o->attribute = aisle_array(n, sizeof *o->attribute);
    o->group_name = aisle_array(n, sizeof *o->group_name);
    o->user_groups = aisle_array((int64_t)n_users * AISLE_GROUP_ATTRIBUTES, sizeof *o->user_groups);
    if (!o->attribute || !o->group_name || !o->user_groups)
        return aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory for %d groups", n);
    for (int32_t a = 0, g = 0; a < AISLE_GROUP_ATTRIBUTES; a++) {
        for (int32_t k = 0; k < o->groups.n[a]; k++, g++) {
            o->attribute[g] = a;
            o->group_name[g] = aisle_idmap_get(o->groups.value[a], k);
        }
        for (int32_t u = 0; u < n_users; u++)
            o->user_groups[(int64_t)u * AISLE_GROUP_ATTRIBUTES + a] = o->groups.of_user[a][u];
    }
    h->n_groups = n;
    h->attribute = o->attribute;
    h->group_name = o->group_name;
    h->user_groups = o->user_groups;
    return AISLE_OK;
}

static aisle_status add_groups(owner *o, const aisle_trained *trained, aisle_hybrid_tables *h,
                               aisle_error *err)
{
    if (wants_prior(h)) {
        AISLE_TRY(cold_users_prior(o->part, &trained->users, &o->groups, &o->prior, err));
        h->prior = o->prior;
    } else { /* numbered alike */
        AISLE_TRY(aisle_groups_init(o->part, &o->groups, err));
        aisle_groups_number(&o->groups, aisle_part_n_users(o->part));
    }
    return describe_groups(o, h, err);
}

/* ---- all of it ---- */

static aisle_status check_servable(const hybrid_parts *p, aisle_error *err)
{
    aisle_part_id id;
    for (int32_t i = 0; i < p->n; i++)
        if (!fit_table_of(p->kind[i], &id))
            return aisle_fail(
                err, AISLE_EINVAL,
                "hybrid: %s cannot be a part of a model file, as it does not score people by what "
                "they took alone; leave it out of the hybrid's parts (`aisle evaluate` takes it)",
                p->kind[i]->name);
    return AISLE_OK;
}

/* h: parts chosen. Fills made->hybrid. */
static aisle_status make_tables(hybrid *h, const aisle_fit_input *in, owner *o, aisle_trained *made,
                                aisle_error *err)
{
    aisle_hybrid_tables t = {.few = h->few, .fresh = aisle_part_fresh(in->part)};
    making m = {.o = o, .trained = made};
    bool learned = false;
    AISLE_TRY(hybrid_learn(h, in, &learned, err));
    AISLE_TRY(hybrid_parts_each(&h->parts, in, make_one, &m, err));
    if (!learned) hybrid_weigh_equally(h);
    t.n_parts = h->parts.n;
    for (int32_t p = 0; p < t.n_parts; p++) add_part(&m, p, &t);
    memcpy(t.weight, h->weight, sizeof t.weight);
    AISLE_TRY(add_groups(o, made, &t, err));
    made->hybrid = t;
    return AISLE_OK;
}

static bool is_wanted(const aisle_train_params *p, int32_t n_items)
{
    return p->model == AISLE_MODEL_HYBRID || (p->model == AISLE_MODEL_AUTO && n_items <= AISLE_HYBRID_ITEMS);
}

/* The tables that stay, and beside them the more of what EASE takes while it is fitted and of what the weights are learned
 * on (hybrid_sample.c). */
int64_t aisle_hybrid_bytes(const aisle_trainer *t, const aisle_train_sizes *s, const aisle_train_params *p)
{
    if (!is_wanted(p, s->n_items)) return 0;
    double n = s->n_items, keep = p->ease.keep > 0 ? p->ease.keep : HYBRID_EASE_KEPT, k = p->item_knn.k;
    double parts = 8, users = s->n_users < HYBRID_USERS ? s->n_users : HYBRID_USERS;
    double threads = t->threads > 0 ? t->threads : omp_get_num_procs();
    if (keep > n) keep = n;
    if (k > n) k = n;
    bool has_ease = n <= HYBRID_EASE_ITEMS;
    double kept = 8 * n * (k + (has_ease ? keep : 0)), ease = has_ease ? 4 * n * n + 16 * n * keep : 0;
    double sample = users * HYBRID_TOP * parts * (4 * parts + 1) + threads * parts * HYBRID_BLOCK * n * 4 +
                    4.0 * p->factors * (n + s->n_users);
    double bytes = kept + (ease > sample ? ease : sample);
    return bytes < 0x1p62 ? (int64_t)bytes : INT64_MAX / 2;
}

aisle_status aisle_hybrid_train(const aisle_dataset *d, const aisle_train_params *p, const aisle_trainer *t,
                                aisle_trained *out, aisle_error *err)
{
    int64_t begun = aisle_time_monotonic_ns();
    if (!is_wanted(p, aisle_idmap_count(aisle_dataset_items(d)))) return aisle_train(d, NULL, p, t, out, err);
    aisle_trainer quiet = *t; /* what is fitted to a part to learn weights is not what was asked for */
    aisle_fit_input in = {NULL, p, &quiet};
    aisle_trained made = {0};
    hybrid_parts parts;
    uint8_t *mask = NULL;
    quiet.on_start = NULL;
    quiet.on_iteration = NULL;
    AISLE_TRY(hybrid_parts_choose(p, HYBRID_USUAL_PARTS, &parts, err));
    AISLE_TRY(check_servable(&parts, err));
    owner *o = aisle_calloc(1, sizeof *o);
    hybrid *h = o ? hybrid_new(&in, hybrid_scale_deviation, err) : NULL;
    aisle_status st = h ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "hybrid: out of memory");
    if (st == AISLE_OK) st = aisle_train_select(d, NULL, p, &mask, err);
    if (st == AISLE_OK) st = aisle_train(d, mask, p, t, &made, err);
    if (st == AISLE_OK) st = aisle_part_new(d, mask, &p->weights, t->threads, &o->part, err);
    if (st == AISLE_OK) {
        h->part = in.part = o->part;
        h->parts = parts;
        st = make_tables(h, &in, o, &made, err);
    }
    aisle_free(mask);
    aisle_free(h); /* no part of it is fitted */
    if (st == AISLE_OK) {
        made.hybrid_owner = o;
        made.hybrid_free = owner_free;
        made.seconds = (double)(aisle_time_monotonic_ns() - begun) * 1e-9;
        *out = made;
        return AISLE_OK;
    }
    if (o) owner_free(o);
    aisle_trained_deinit(&made);
    return st;
}
