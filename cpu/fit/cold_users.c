/* Factors of users without a pair, by their demographic groups:
 *
 *   x_u = m + sum over u's groups g of n_g / (n_g + k_a) (m_g - m)
 *
 * m the mean of all users with pairs and m_g of those of the group; k_a = variance within the groups of attribute a /
 * variance of the groups' means, by moments (Buehlmann, Straub 1970); groups that do not differ get no say. */
#include <string.h>

#include "aisle/memory.h"
#include "cpu/fit/fit_table.h"
#include "cpu/rank/table_rank.h"

typedef struct prior {
    const aisle_csr *pairs;
    const aisle_mat *x;
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

static void to_floats(int64_t n, const double *from, float *to)
{
    for (int64_t i = 0; i < n; i++) to[i] = (float)from[i];
}

/* Rows of the prior: the mean of all, then the groups of one attribute after another. */
static aisle_status make_prior(const aisle_part *part, const aisle_groups *groups, const aisle_mat *x,
                               aisle_mat *out, aisle_error *err)
{
    int32_t most = 0, f = x->n_cols, row = 1;
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) most = groups->n[a] > most ? groups->n[a] : most;
    prior p = {.pairs = aisle_part_pairs(part), .x = x};
    p.mean = aisle_calloc((size_t)f, sizeof *p.mean);
    p.group = aisle_array((int64_t)most * f, sizeof *p.group);
    p.n = aisle_array(most, sizeof *p.n);
    aisle_status st = AISLE_OK;
    if (!p.mean || !p.group || !p.n)
        st = aisle_fail(err, AISLE_ENOMEM, "als-content: out of memory for %d groups", most);
    if (st == AISLE_OK) st = aisle_mat_init(out, 1 + aisle_groups_count(groups), f, err);
    if (st == AISLE_OK) {
        mean_of_all(&p);
        to_floats(f, p.mean, out->data);
        for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; row += groups->n[a++]) {
            mean_of_groups(&p, groups->n[a], groups->of_user[a]);
            to_floats((int64_t)groups->n[a] * f, p.group, aisle_mat_row(out, row));
        }
    }
    aisle_free(p.mean);
    aisle_free(p.group);
    aisle_free(p.n);
    return st;
}

aisle_status cold_users_prior(const aisle_part *part, const aisle_mat *users, aisle_groups *groups,
                              aisle_mat *out, aisle_error *err)
{
    aisle_groups g = {0};
    AISLE_TRY(aisle_groups_init(part, &g, err));
    aisle_status st = make_prior(part, &g, users, out, err);
    if (st == AISLE_OK) {
        aisle_groups_number(&g, aisle_part_n_users(part));
        *groups = g;
    } else
        aisle_groups_deinit(&g);
    return st;
}

aisle_status place_cold_users(const aisle_part *part, fit_table *f, aisle_error *err)
{
    const aisle_csr *pairs = aisle_part_pairs(part);
    aisle_mat rows = {0};
    AISLE_TRY(cold_users_prior(part, &f->users, &f->groups, &rows, err));
    for (int32_t u = 0; u < pairs->n_rows; u++) {
        int32_t group[AISLE_GROUP_ATTRIBUTES];
        if (pairs->row_ptr[u + 1] > pairs->row_ptr[u]) continue;
        for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) group[a] = f->groups.of_user[a][u];
        rank_prior(&rows, group, aisle_mat_row(&f->users, u));
    }
    aisle_mat_deinit(&rows);
    return AISLE_OK;
}
