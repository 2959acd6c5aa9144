/* The options of training and of fitting, one table for every command that does either, made of the settings
 * (aisle/settings.h) and a few that are no settings; also read from a configuration file. */
#ifndef AISLE_SERVER_TRAIN_OPTIONS_H
#define AISLE_SERVER_TRAIN_OPTIONS_H

#include "aisle/memory.h"
#include "aisle/settings.h"
#include "server/cli/options.h"

enum { AISLE_TRAIN_OPTION_ROWS = 160, AISLE_SETTINGS_MAX = 112 };

/* A setting's value as the option table writes it. */
typedef union aisle_option_slot {
    int64_t i;
    double r;
    bool f;
    const char *t;
} aisle_option_slot;

/* As given on the command line; aisle_train_options_read turns them into params. Texts are borrowed from
 * argv and from `texts`. */
typedef struct aisle_train_options {
    const char *data, *backend, *backend_dir, *now, *field_weights, *created, *config;
    aisle_strings weights;
    int64_t threads, device, devices, memory;
    int64_t hold_out; /* of `aisle train`: held_people.h; 0 = of nobody */
    bool json;
    aisle_option_slot slot[AISLE_SETTINGS_MAX]; /* of the setting of the same place */
    aisle_arena texts;                          /* what --config held */
} aisle_train_options;

/* Which settings are options: those of what `aisle train` makes, of every kind of model, but not which kind, or all. A
 * configuration file may hold all of them in any case. */
typedef enum aisle_train_scope { AISLE_SCOPE_TRAIN, AISLE_SCOPE_FIT, AISLE_SCOPE_CONFIG } aisle_train_scope;

/* The defaults into *o, and `own` (ends with name NULL) followed by the shared rows into table. */
void aisle_train_options_init(aisle_train_options *o, aisle_train_scope scope, const aisle_option *own,
                              aisle_option table[AISLE_TRAIN_OPTION_ROWS]);
/* aisle_options_parse with the file of --config in between: what the command line says counts. The same return. */
int aisle_train_options_parse(aisle_train_options *o, const aisle_usage *usage, const aisle_option *table,
                              int argc, char **argv);
/* Reads the texts and checks every range; AISLE_EINVAL names the option. checkpoint and resume are not set. *out
 * borrows the texts of *o. */
aisle_status aisle_train_options_read(const aisle_train_options *o, aisle_train_params *out,
                                      aisle_error *err);
void aisle_train_options_deinit(aisle_train_options *o);

#endif
