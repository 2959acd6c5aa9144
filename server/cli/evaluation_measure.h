/* Measuring one model on one part, and many folds as one. */
#ifndef AISLE_SERVER_EVALUATION_MEASURE_H
#define AISLE_SERVER_EVALUATION_MEASURE_H

#include "server/cli/evaluation.h"

/* What models are measured on; borrowed. */
typedef struct aisle_eval_subject {
    const aisle_csr *train, *test;
    const aisle_csr *stars;    /* held out; NULL = no model of stars is measured */
    double lowest, highest;    /* stars of the training part */
    const uint8_t *candidates; /* of the items; NULL = all */
    const aisle_csr *item_vectors;
    const aisle_progress *progress;
    int32_t fold;
} aisle_eval_subject;

/* Measures `source` and adds what it finds to m. */
aisle_status aisle_evaluation_measure(const aisle_evaluation *e, const aisle_evaluated *r,
                                      const aisle_eval_subject *s, const aisle_eval_source *source,
                                      aisle_evaluated_model *m, aisle_error *err);
/* Each compared model against the first, with p-values corrected for their number (Holm 1979). */
aisle_status aisle_evaluation_compare(const aisle_evaluation *e, aisle_evaluated *r, aisle_error *err);

/* a becomes the mean over the users of a and b, or the pairs where stars are measured. Folds have other test pairs but the
 * same users: intervals are joined as of independent means, each side on its own. */
void aisle_eval_report_join(aisle_eval_report *a, const aisle_eval_report *b);
void aisle_stars_report_join(aisle_stars_report *a, const aisle_stars_report *b);

#endif
