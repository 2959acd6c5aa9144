/* The options of training, shared by `aisle train` and `aisle evaluate`: one table, one reading. */
#ifndef AISLE_SERVER_TRAIN_OPTIONS_H
#define AISLE_SERVER_TRAIN_OPTIONS_H

#include "aisle/train.h"
#include "server/cli/options.h"

enum { AISLE_TRAIN_OPTION_ROWS = 64 };

/* As given on the command line; aisle_train_options_read turns them into params. Texts are borrowed from
 * argv. */
typedef struct aisle_train_options {
    const char *data, *solver, *backend, *backend_dir, *now, *language, *scheme, *field_weights;
    const char *created;
    aisle_strings weights;
    int64_t factors, iterations, cg_steps, seed, threads, patience, similar, content, ngram, min_df,
        user_core, item_core, device, devices, memory;
    double unobserved, regularization, exponent, init_scale, half_life, rating_floor, validation;
    double trending_days, max_df, k1, b;
    bool binary, json;
} aisle_train_options;

/* The defaults into *o, and `own` (ends with name NULL) followed by the shared rows into table. */
void aisle_train_options_init(aisle_train_options *o, const aisle_option *own,
                              aisle_option table[AISLE_TRAIN_OPTION_ROWS]);
/* Reads the texts and checks every range; AISLE_EINVAL names the option. checkpoint and resume are not set.
 */
aisle_status aisle_train_options_read(const aisle_train_options *o, aisle_train_params *out,
                                      aisle_error *err);

#endif
