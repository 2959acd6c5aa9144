/* Users by age band, gender and country: the group numbers alone; private to cpu/fit. */
#ifndef AISLE_CPU_FIT_GROUPS_H
#define AISLE_CPU_FIT_GROUPS_H

#include "aisle/part.h"
#include "aisle/table.h"

typedef struct aisle_groups {
    int32_t n[AISLE_GROUP_ATTRIBUTES];        /* groups of each attribute, in order of first sight */
    int32_t *of_user[AISLE_GROUP_ATTRIBUTES]; /* n_users: the user's group; -1 = unknown */
    aisle_idmap *value[AISLE_GROUP_ATTRIBUTES];
} aisle_groups;

aisle_status aisle_groups_init(const aisle_part *part, aisle_groups *out, aisle_error *err);
/* Numbers the groups of all attributes through, one attribute behind the other, instead of each from 0. */
void aisle_groups_number(aisle_groups *g, int32_t n_users);
void aisle_groups_deinit(aisle_groups *g); /* no-op on a zeroed struct */

/* All attributes together; 0: nobody has a record that says anything. */
static inline int32_t aisle_groups_count(const aisle_groups *g)
{
    int32_t n = 0;
    for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) n += g->n[a];
    return n;
}

#endif
