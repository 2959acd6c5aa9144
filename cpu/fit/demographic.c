/* Demographics: what people of the same age band, gender and country take. Needs no event of the user.
 *
 *   score(u, i) = ln p_i + sum over u's groups g of ln (p_gi / p_i)          (naive Bayes over the attributes)
 *   p_gi = (n_gi + m_a p_i) / (n_g + m_a)                                   (shrunk to all users' p_i)
 *   p_i  = (n_i + 1) / (n + items)
 *
 * n_gi counts the pairs of item i with users of group g. The strength m_a of attribute a (age band, gender, country) is
 * the one of 2^0 .. 2^24 that makes the pairs likeliest when each is left out in turn (the leave-one-out likelihood of
 * the Polya distribution, Minka 2000, section 4): where groups do not differ, m is large and all that is left is
 * popularity. Users without a record, or of a group nobody in the part is of, get popularity. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/fits.h"
#include "cpu/fit/groups.h"

enum { ATTRIBUTES = AISLE_GROUP_ATTRIBUTES, STRENGTHS = 25 };

typedef struct attribute {
    int32_t *of_user;    /* the user's group, or -1; borrowed of the groups */
    aisle_csr counts;    /* groups x items: n_gi */
    double *n, strength; /* of each group: n_g */
} attribute;

typedef struct demographic {
    int32_t n_users, n_items;
    double *share, *log_share; /* p_i */
    aisle_groups groups;
    attribute attributes[ATTRIBUTES];
} demographic;

static void demographic_free(void *ctx)
{
    demographic *d = ctx;
    for (int a = 0; a < ATTRIBUTES; a++) {
        aisle_free(d->attributes[a].n);
        aisle_csr_deinit(&d->attributes[a].counts);
    }
    aisle_groups_deinit(&d->groups);
    aisle_free(d->share);
    aisle_free(d->log_share);
    aisle_free(d);
}

static void add_user(const demographic *d, int32_t u, double *scores)
{
    for (int k = 0; k < ATTRIBUTES; k++) {
        const attribute *a = &d->attributes[k];
        int32_t g = a->of_user[u];
        if (g < 0) continue;
        double m = a->strength, none = log(m / (a->n[g] + m)); /* of an item that nobody of g took */
        for (int32_t i = 0; i < d->n_items; i++) scores[i] += none;
        for (int64_t e = a->counts.row_ptr[g]; e < a->counts.row_ptr[g + 1]; e++) {
            int32_t i = a->counts.col[e];
            scores[i] += log1p((double)a->counts.val[e] / (m * d->share[i]));
        }
    }
}

static aisle_status demographic_scores(void *ctx, int32_t thread, const int32_t *users, int32_t n_users,
                                       float *out, aisle_error *err)
{
    const demographic *d = ctx;
    (void)thread;
    double *scores = aisle_array(d->n_items, sizeof *scores);
    if (!scores) return aisle_fail(err, AISLE_ENOMEM, "demographic: out of memory for %d items", d->n_items);
    for (int32_t r = 0; r < n_users; r++, out += d->n_items) {
        memcpy(scores, d->log_share, (size_t)d->n_items * sizeof *scores);
        add_user(d, users[r], scores);
        for (int32_t i = 0; i < d->n_items; i++) out[i] = (float)scores[i];
    }
    aisle_free(scores);
    return AISLE_OK;
}

/* ---- fitting ---- */

/* Sum over pairs of ln ((n_gi - 1 + m p) / (n_g - 1 + m)), p the item's share among the other pairs. */
static double left_out(const demographic *d, const attribute *a, const aisle_csr *by_item, double n, double m)
{
    double sum = 0;
    for (int32_t g = 0; g < a->counts.n_rows; g++)
        for (int64_t e = a->counts.row_ptr[g]; e < a->counts.row_ptr[g + 1]; e++) {
            int32_t i = a->counts.col[e];
            double count = (double)a->counts.val[e];
            double others = (double)(by_item->row_ptr[i + 1] - by_item->row_ptr[i]);
            double p = others / (n - 1 + d->n_items);
            sum += count * log((count - 1 + m * p) / (a->n[g] - 1 + m));
        }
    return sum;
}

static void choose_strength(const demographic *d, attribute *a, const aisle_csr *by_item)
{
    double best = -INFINITY, n = (double)aisle_csr_nnz(by_item);
    for (int k = 0; k < STRENGTHS; k++) {
        double m = ldexp(1, k), likelihood = left_out(d, a, by_item, n, m);
        if (likelihood <= best) continue;
        best = likelihood;
        a->strength = m;
    }
}

/* The pairs of each group, counted: equal (group, item) triplets add up. */
static aisle_status count(demographic *d, const aisle_part *part, int k, aisle_error *err)
{
    attribute *a = &d->attributes[k];
    const aisle_csr *pairs = aisle_part_pairs(part);
    int64_t n = aisle_csr_nnz(pairs), used = 0;
    int32_t n_groups = d->groups.n[k];
    a->of_user = d->groups.of_user[k];
    int32_t *group = aisle_array(n, sizeof *group), *item = aisle_array(n, sizeof *item);
    float *one = aisle_array(n, sizeof *one);
    a->n = aisle_calloc((size_t)n_groups, sizeof *a->n);
    aisle_status st = AISLE_OK;
    if (!group || !item || !one || !a->n) {
        st = aisle_fail(err, AISLE_ENOMEM, "demographic: out of memory for %lld pairs", (long long)n);
        goto done;
    }
    for (int32_t u = 0; u < d->n_users; u++)
        for (int64_t e = pairs->row_ptr[u]; a->of_user[u] >= 0 && e < pairs->row_ptr[u + 1]; e++) {
            group[used] = a->of_user[u];
            item[used] = pairs->col[e];
            one[used++] = 1;
            a->n[a->of_user[u]]++;
        }
    st = aisle_csr_from_coo(n_groups, d->n_items, used, group, item, one, &a->counts, err);
    for (int32_t u = 0; st == AISLE_OK && u < d->n_users; u++)
        if (a->of_user[u] >= 0 && a->n[a->of_user[u]] == 0) a->of_user[u] = -1;
    if (st == AISLE_OK) choose_strength(d, a, aisle_part_by_item(part));
done:
    aisle_free(group);
    aisle_free(item);
    aisle_free(one);
    return st;
}

static aisle_status make(demographic *d, const aisle_part *part, aisle_error *err)
{
    const aisle_csr *by_item = aisle_part_by_item(part);
    double all = (double)aisle_csr_nnz(by_item) + d->n_items;
    d->share = aisle_array(d->n_items, sizeof *d->share);
    d->log_share = aisle_array(d->n_items, sizeof *d->log_share);
    if (!d->share || !d->log_share)
        return aisle_fail(err, AISLE_ENOMEM, "demographic: out of memory for %d items", d->n_items);
    for (int32_t i = 0; i < d->n_items; i++) {
        d->share[i] = (double)(by_item->row_ptr[i + 1] - by_item->row_ptr[i] + 1) / all;
        d->log_share[i] = log(d->share[i]);
    }
    AISLE_TRY(aisle_groups_init(part, &d->groups, err));
    if (aisle_groups_count(&d->groups) == 0)
        return aisle_fail(err, AISLE_EINVAL,
                          "demographic: no user has a record with an age band, a gender or a country; import "
                          "users");
    for (int k = 0; k < ATTRIBUTES; k++) AISLE_TRY(count(d, part, k, err));
    return AISLE_OK;
}

aisle_status fit_demographic(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    demographic *d = aisle_calloc(1, sizeof *d);
    if (!d) return aisle_fail(err, AISLE_ENOMEM, "demographic: out of memory");
    d->n_users = aisle_part_n_users(in->part);
    d->n_items = aisle_part_n_items(in->part);
    aisle_status st = make(d, in->part, err);
    if (st == AISLE_OK)
        *out = (aisle_eval_source){d, demographic_scores, demographic_free};
    else
        demographic_free(d);
    return st;
}
