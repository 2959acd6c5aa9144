/* Kinds of model that are tables (aisle/table.h) once they are fitted; private to cpu/fit. */
#ifndef AISLE_CPU_FIT_FIT_TABLE_H
#define AISLE_CPU_FIT_FIT_TABLE_H

#include "aisle/fit.h"
#include "aisle/table.h"
#include "cpu/fit/groups.h"

/* A table fitted to a part, which outlives it. It owns what t points to, but for t.fresh, which is the part's. */
typedef struct fit_table {
    aisle_table t;
    aisle_mat users;     /* FACTORS: of the part's users; ld may exceed the factors */
    aisle_groups groups; /* GROUPS and als-content, numbered through: of_user are rows of t.groups */
} fit_table;
void fit_table_deinit(fit_table *f); /* no-op on a zeroed struct */

/* On failure *out is empty. AISLE_EINVAL names what the data lack. */
typedef aisle_status (*fit_table_fn)(const aisle_fit_input *in, fit_table *out, aisle_error *err);
aisle_status table_als(const aisle_fit_input *in, fit_table *out, aisle_error *err);
aisle_status table_cold_map(const aisle_fit_input *in, fit_table *out, aisle_error *err);
aisle_status table_item_knn(const aisle_fit_input *in, fit_table *out, aisle_error *err);
aisle_status table_ease(const aisle_fit_input *in, fit_table *out, aisle_error *err);
aisle_status table_content(const aisle_fit_input *in, fit_table *out, aisle_error *err);
aisle_status table_demographic(const aisle_fit_input *in, fit_table *out, aisle_error *err);
aisle_status table_popular(const aisle_fit_input *in, fit_table *out, aisle_error *err);
aisle_status table_trending(const aisle_fit_input *in, fit_table *out, aisle_error *err);

/* What fits a kind as a table that a model file can hold, and its number there; NULL: it is none. */
fit_table_fn fit_table_of(const aisle_fit_kind *kind, aisle_part_id *id);

/* Rows of aisle_hybrid_tables.prior from the factors of the part's users, and the groups they are of, numbered through; both
 * are the caller's. */
aisle_status cold_users_prior(const aisle_part *part, const aisle_mat *users, aisle_groups *groups,
                              aisle_mat *out, aisle_error *err);
/* Factors by it for f's users without a pair. */
aisle_status place_cold_users(const aisle_part *part, fit_table *f, aisle_error *err);

/* A table of SAME; scores is taken over. */
fit_table table_same(float *scores, int32_t n_items);

/* A source that scores the part's users by the table `make` fits. */
aisle_status fit_by_table(const aisle_fit_input *in, fit_table_fn make, aisle_eval_source *out,
                          aisle_error *err);

#endif
