/* Numbers the values of each attribute of the user records. */
#include "cpu/fit/groups.h"

#include "aisle/memory.h"

static aisle_str value_of(const aisle_user *u, int attribute)
{
    const aisle_str values[AISLE_GROUP_ATTRIBUTES] = {u->age_band, u->gender, u->country};
    return values[attribute];
}

static aisle_status number(const aisle_part *part, int attribute, aisle_groups *g, aisle_error *err)
{
    int32_t n_users = aisle_part_n_users(part), *of_user = aisle_array(n_users, sizeof *of_user);
    aisle_idmap *values = aisle_idmap_new();
    bool ok = of_user && values;
    for (int32_t u = 0; ok && u < n_users; u++) {
        aisle_user record = aisle_part_user(part, u);
        aisle_str value = value_of(&record, attribute);
        of_user[u] = value.len ? aisle_idmap_add(values, value) : -1;
        ok = value.len == 0 || of_user[u] >= 0;
    }
    if (ok) g->n[attribute] = aisle_idmap_count(values);
    g->of_user[attribute] = of_user;
    g->value[attribute] = values;
    return ok ? AISLE_OK : aisle_fail(err, AISLE_ENOMEM, "out of memory for the groups of %d users", n_users);
}

aisle_status aisle_groups_init(const aisle_part *part, aisle_groups *out, aisle_error *err)
{
    aisle_groups g = {0};
    aisle_status st = AISLE_OK;
    for (int a = 0; st == AISLE_OK && a < AISLE_GROUP_ATTRIBUTES; a++) st = number(part, a, &g, err);
    if (st == AISLE_OK)
        *out = g;
    else
        aisle_groups_deinit(&g);
    return st;
}

void aisle_groups_number(aisle_groups *g, int32_t n_users)
{
    for (int32_t a = 0, first = 0; a < AISLE_GROUP_ATTRIBUTES; first += g->n[a++])
        for (int32_t u = 0; u < n_users; u++)
            if (g->of_user[a][u] >= 0) g->of_user[a][u] += first;
}

void aisle_groups_deinit(aisle_groups *g)
{
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) {
        aisle_free(g->of_user[a]);
        aisle_idmap_free(g->value[a]);
    }
    *g = (aisle_groups){0};
}
