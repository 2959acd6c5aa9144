/* Demographics: what people of the same age band, gender and country take. Needs no event of the user.
 *
 *   score(u, i) = ln p_i + sum over u's groups g of ln (p_gi / p_i)          (naive Bayes over the attributes)
 *   p_gi = (n_gi + m_a p_i) / (n_g + m_a)                                   (shrunk to all users' p_i)
 *   p_i  = (n_i + 1) / (n + items)
 *
 * of which ln (p_gi / p_i) = ln (1 + n_gi / (m_a p_i)) + ln (m_a / (n_g + m_a)): the last term is the same for all items and
 * left out, so that a group's row has the items alone that somebody of it took.
 *
 * n_gi counts the pairs of item i with users of group g. The strength m_a of attribute a (age band, gender, country) is
 * the one of 2^0 .. 2^24 that makes the pairs likeliest when each is left out in turn (the leave-one-out likelihood of
 * the Polya distribution, Minka 2000, section 4): where groups do not differ, m is large and all that is left is
 * popularity. Users without a record, or of a group nobody in the part is of, get popularity. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"

enum { STRENGTHS = 25 };

/* Pairs counted by group, the groups of all attributes one behind the other. */
typedef struct tally {
    const aisle_csr *by_item;
    int32_t first[AISLE_GROUP_ATTRIBUTES + 1]; /* of each attribute's groups */
    aisle_csr counts;                          /* groups x items: n_gi */
    double *n;                                 /* of each group: n_g */
    double all;                                /* pairs and items */
} tally;

/* Sum over pairs of ln ((n_gi - 1 + m p) / (n_g - 1 + m)), p the item's share among the other pairs. */
static double left_out(const tally *t, int attribute, double m)
{
    double sum = 0;
    for (int32_t g = t->first[attribute]; g < t->first[attribute + 1]; g++)
        for (int64_t e = t->counts.row_ptr[g]; e < t->counts.row_ptr[g + 1]; e++) {
            int32_t i = t->counts.col[e];
            double count = (double)t->counts.val[e];
            double others = (double)(t->by_item->row_ptr[i + 1] - t->by_item->row_ptr[i]);
            double p = others / (t->all - 1);
            sum += count * log((count - 1 + m * p) / (t->n[g] - 1 + m));
        }
    return sum;
}

static double strength(const tally *t, int attribute)
{
    double best = -INFINITY, chosen = 1;
    for (int k = 0; k < STRENGTHS; k++) {
        double m = ldexp(1, k), likelihood = left_out(t, attribute, m);
        if (likelihood <= best) continue;
        best = likelihood;
        chosen = m;
    }
    return chosen;
}

/* Equal (group, item) triplets add up. */
static aisle_status count(const aisle_part *part, const aisle_groups *groups, tally *t, aisle_error *err)
{
    const aisle_csr *pairs = aisle_part_pairs(part);
    int64_t n = AISLE_GROUP_ATTRIBUTES * aisle_csr_nnz(pairs), used = 0;
    int32_t *group = aisle_array(n, sizeof *group), *item = aisle_array(n, sizeof *item);
    float *one = aisle_array(n, sizeof *one);
    t->n = aisle_calloc((size_t)t->first[AISLE_GROUP_ATTRIBUTES], sizeof *t->n);
    aisle_status st =
        group && item && one && t->n
            ? AISLE_OK
            : aisle_fail(err, AISLE_ENOMEM, "demographic: out of memory for %lld pairs", (long long)n);
    for (int32_t u = 0; st == AISLE_OK && u < pairs->n_rows; u++)
        for (int64_t e = pairs->row_ptr[u]; e < pairs->row_ptr[u + 1]; e++)
            for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) {
                if (groups->of_user[a][u] < 0) continue;
                group[used] = groups->of_user[a][u];
                item[used] = pairs->col[e];
                one[used++] = 1;
                t->n[groups->of_user[a][u]]++;
            }
    if (st == AISLE_OK)
        st = aisle_csr_from_coo(t->first[AISLE_GROUP_ATTRIBUTES], pairs->n_cols, used, group, item, one,
                                &t->counts, err);
    aisle_free(group);
    aisle_free(item);
    aisle_free(one);
    return st;
}

/* From n_gi to ln (1 + n_gi / (m_a p_i)), in place. */
static void to_logs(const tally *t)
{
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) {
        double m = strength(t, a);
        for (int64_t e = t->counts.row_ptr[t->first[a]]; e < t->counts.row_ptr[t->first[a + 1]]; e++) {
            int32_t i = t->counts.col[e];
            double p = (double)(t->by_item->row_ptr[i + 1] - t->by_item->row_ptr[i] + 1) / t->all;
            t->counts.val[e] = (float)log1p((double)t->counts.val[e] / (m * p));
        }
    }
}

/* The groups become rows of one matrix. */
static aisle_status number(const aisle_part *part, aisle_groups *g, tally *t, aisle_error *err)
{
    AISLE_TRY(aisle_groups_init(part, g, err));
    if (aisle_groups_count(g) == 0)
        return aisle_fail(err, AISLE_EINVAL,
                          "demographic: no user has a record with an age band, a gender or a country; import "
                          "users");
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) t->first[a + 1] = t->first[a] + g->n[a];
    aisle_groups_number(g, aisle_part_n_users(part));
    return AISLE_OK;
}

aisle_status table_demographic(const aisle_fit_input *in, fit_table *out, aisle_error *err)
{
    int32_t n_items = aisle_part_n_items(in->part);
    tally t = {.by_item = aisle_part_by_item(in->part)};
    fit_table f = {.t = {.kind = AISLE_TABLE_GROUPS, .n_items = n_items}};
    float *shares = aisle_array(n_items, sizeof *shares);
    t.all = (double)aisle_csr_nnz(t.by_item) + n_items;
    f.t.scores = shares;
    aisle_status st =
        shares ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "demographic: out of memory for %d items", n_items);
    if (st == AISLE_OK) st = number(in->part, &f.groups, &t, err);
    if (st == AISLE_OK) st = count(in->part, &f.groups, &t, err);
    if (st == AISLE_OK) {
        for (int32_t i = 0; i < n_items; i++)
            shares[i] = (float)log((double)(t.by_item->row_ptr[i + 1] - t.by_item->row_ptr[i] + 1) / t.all);
        to_logs(&t);
        f.t.groups = t.counts;
        *out = f;
    } else
        fit_table_deinit(&f);
    aisle_free(t.n);
    return st;
}

aisle_status fit_demographic(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit_by_table(in, table_demographic, out, err);
}
