/* ALS with something to say of the new. Items without a pair get factors from their text, by the ridge regression of the
 * other items' factors on theirs (Gantner et al. 2010, "Learning attribute-to-feature mappings", the linear map); users
 * without one get the mean factors of their demographic groups.
 *
 * Items: cpu/train/text_map_fit.c. Known items and users are ALS's.
 *
 * Users: x_u = m + sum over u's groups g of n_g / (n_g + k_a) (m_g - m), m the mean of all users with pairs and m_g of
 * those of the group; k_a = variance within the groups of attribute a / variance of the groups' means, by moments
 * (Buehlmann, Straub 1970); groups that do not differ get no say. */
#include <math.h>
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"
#include "cpu/train/text_map_fit.h"

/* ---- items ---- */

static aisle_status map_items(const aisle_fit_input *in, aisle_mat *y, aisle_error *err)
{
    aisle_csr text = {0};
    const aisle_csr *by_item = aisle_part_by_item(in->part);
    aisle_text_map map = {0};
    float *pairs = aisle_array(y->n_rows, sizeof *pairs);
    if (!pairs) return aisle_fail(err, AISLE_ENOMEM, "als-content: out of memory for %d items", y->n_rows);
    for (int32_t i = 0; i < y->n_rows; i++) pairs[i] = (float)(by_item->row_ptr[i + 1] - by_item->row_ptr[i]);
    aisle_status st = aisle_part_text(in->part, &in->params->text, &text, NULL, err);
    if (st == AISLE_OK && aisle_csr_nnz(&text) == 0)
        st = aisle_fail(err, AISLE_EINVAL,
                        "als-content: no item of the events trained on has text that another one shares");
    const text_map_input map_in = {&text, pairs, in->params->hybrid.cold_reg, in->trainer};
    if (st == AISLE_OK && text_map_has_new(&map_in)) st = text_map_fit(&map_in, y, &map, err);
    aisle_text_map_deinit(&map);
    aisle_csr_deinit(&text);
    aisle_free(pairs);
    return st;
}

/* ---- users ---- */

typedef struct prior {
    const aisle_csr *pairs;
    aisle_mat *x;
    double *mean;  /* factors */
    double *group; /* groups x factors, of one attribute: means less the mean of all, then shrunk */
    double *n;     /* users with pairs in each group */
} prior;

static bool known(const prior *p, int32_t u)
{
    return p->pairs->row_ptr[u + 1] > p->pairs->row_ptr[u];
}

static void mean_of_all(prior *p)
{
    int32_t f = p->x->n_cols;
    double n = 0;
    for (int32_t u = 0; u < p->x->n_rows; u++) {
        if (!known(p, u)) continue;
        n++;
        for (int32_t k = 0; k < f; k++) p->mean[k] += (double)aisle_mat_row(p->x, u)[k];
    }
    for (int32_t k = 0; k < f; k++) p->mean[k] /= n;
}

/* Means of the groups, shrunk by what their number of users warrants. */
static void mean_of_groups(prior *p, int32_t n_groups, const int32_t *of_user)
{
    int32_t f = p->x->n_cols;
    double within = 0, between = 0, n = 0, squares = 0, used = 0;
    memset(p->group, 0, (size_t)n_groups * (size_t)f * sizeof *p->group);
    memset(p->n, 0, (size_t)n_groups * sizeof *p->n);
    for (int32_t u = 0; u < p->x->n_rows; u++) {
        if (of_user[u] < 0 || !known(p, u)) continue;
        p->n[of_user[u]]++;
        for (int32_t k = 0; k < f; k++)
            p->group[(int64_t)of_user[u] * f + k] += (double)aisle_mat_row(p->x, u)[k] - p->mean[k];
    }
    for (int32_t g = 0; g < n_groups; g++) {
        double *row = p->group + (int64_t)g * f;
        if (p->n[g] == 0) continue;
        for (int32_t k = 0; k < f; k++) row[k] /= p->n[g];
        for (int32_t k = 0; k < f; k++) between += p->n[g] * row[k] * row[k];
        n += p->n[g];
        squares += p->n[g] * p->n[g];
        used++;
    }
    for (int32_t u = 0; u < p->x->n_rows; u++)
        for (int32_t k = 0; of_user[u] >= 0 && known(p, u) && k < f; k++) {
            double off =
                (double)aisle_mat_row(p->x, u)[k] - p->mean[k] - p->group[(int64_t)of_user[u] * f + k];
            within += off * off;
        }
    /* method of moments of the one-way random effects: E[between] = (used - 1) within + (n - squares / n) tau^2 */
    double s2 = n > used ? within / (n - used) : 0;
    double spread = n > 0 ? n - squares / n : 0;
    double tau2 = spread > 0 ? (between - (used - 1) * s2) / spread : 0;
    for (int32_t g = 0; g < n_groups; g++) {
        double share = tau2 > 0 ? p->n[g] / (p->n[g] + s2 / tau2) : 0;
        for (int32_t k = 0; k < f; k++) p->group[(int64_t)g * f + k] *= share;
    }
}

static void place_new(const prior *p, int attribute, const int32_t *of_user)
{
    int32_t f = p->x->n_cols;
    for (int32_t u = 0; u < p->x->n_rows; u++) {
        if (known(p, u)) continue;
        float *row = aisle_mat_row(p->x, u);
        for (int32_t k = 0; k < f; k++) {
            double add = of_user[u] >= 0 ? p->group[(int64_t)of_user[u] * f + k] : 0;
            row[k] = (float)((attribute == 0 ? p->mean[k] : (double)row[k]) + add);
        }
    }
}

static aisle_status map_users(const aisle_fit_input *in, aisle_mat *x, aisle_error *err)
{
    aisle_groups groups = {0};
    int32_t most = 0;
    AISLE_TRY(aisle_groups_init(in->part, &groups, err));
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) most = groups.n[a] > most ? groups.n[a] : most;
    prior p = {.pairs = aisle_part_pairs(in->part), .x = x};
    p.mean = aisle_calloc((size_t)x->n_cols, sizeof *p.mean);
    p.group = aisle_array((int64_t)most * x->n_cols, sizeof *p.group);
    p.n = aisle_array(most, sizeof *p.n);
    aisle_status st = AISLE_OK;
    if (!p.mean || !p.group || !p.n)
        st = aisle_fail(err, AISLE_ENOMEM, "als-content: out of memory for %d groups", most);
    if (st == AISLE_OK) mean_of_all(&p);
    for (int a = 0; st == AISLE_OK && a < AISLE_GROUP_ATTRIBUTES; a++) {
        mean_of_groups(&p, groups.n[a], groups.of_user[a]);
        place_new(&p, a, groups.of_user[a]);
    }
    aisle_groups_deinit(&groups);
    aisle_free(p.mean);
    aisle_free(p.group);
    aisle_free(p.n);
    return st;
}

aisle_status table_cold_map(const aisle_fit_input *in, fit_table *out, aisle_error *err)
{
    fit_table f;
    AISLE_TRY(table_als(in, &f, err));
    f.t.ranks = AISLE_RANKS_ALL;
    aisle_status st = map_items(in, &f.t.items, err);
    if (st == AISLE_OK) st = map_users(in, &f.users, err);
    if (st == AISLE_OK)
        *out = f;
    else
        fit_table_deinit(&f);
    return st;
}

aisle_status fit_cold_map(const aisle_fit_input *in, aisle_eval_source *out, aisle_error *err)
{
    return fit_by_table(in, table_cold_map, out, err);
}
