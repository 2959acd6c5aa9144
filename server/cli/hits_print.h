/* Recommendations for a person (a table with titles and prices) or for a program (one JSON object). */
#ifndef AISLE_SERVER_HITS_PRINT_H
#define AISLE_SERVER_HITS_PRINT_H

#include "aisle/scorer.h"
#include "server/cli/model_source.h"

/* Prints to stdout. AISLE_EIO when stdout cannot be written. */
aisle_status aisle_hits_print(aisle_model_source *s, const aisle_hits *hits, bool json, aisle_error *err);

#endif
