/* One training run of the command line: dataset, device, and what is said on the way. */
#ifndef AISLE_SERVER_TRAINING_H
#define AISLE_SERVER_TRAINING_H

#include "aisle/dataset.h"
#include "aisle/train.h"
#include "server/cli/command.h"
#include "server/cli/held_people.h"
#include "server/cli/train_options.h"
#include "server/cli/training_curve.h"

typedef struct aisle_training {
    const aisle_train_options *options;
    aisle_train_params params;
    bool
        makes_model; /* what params.model says is made, and so counts when memory is told; the caller's to set */
    aisle_meter meter;
    aisle_dataset *dataset;
    aisle_held *held; /* with options->hold_out: whose newest items the dataset has not; else NULL */
    const aisle_backend_ops *ops;
    char passed_over[256]; /* which other back-ends "auto" did not take, and why; said when training starts */
    aisle_device *device;
    aisle_training_curve curve; /* of what was trained so far */
    aisle_trainer trainer;
} aisle_training;

/* Reads the options, loads the dataset of options->data and opens the back-end. t is the caller's storage and
 * must not move afterwards; aisle_training_close also after a failure. */
aisle_status aisle_training_open(aisle_training *t, const char *command, const aisle_train_options *options,
                                 aisle_error *err);
void aisle_training_close(aisle_training *t);

#endif
