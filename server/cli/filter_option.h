/* --filter: what items must be, in the language of the API's filters (recommend/filter.h), as JSON text. */
#ifndef AISLE_SERVER_FILTER_OPTION_H
#define AISLE_SERVER_FILTER_OPTION_H

#include "server/cli/model_source.h"
#include "server/recommend/filter.h"

/* text: NULL passes everything. Texts are copied into the arena. AISLE_EINVAL: line and column, or a JSON pointer, and why. */
aisle_status aisle_filter_option_parse(const char *text, aisle_arena *a, aisle_filter *out, aisle_error *err);
/* Takes out of s->allowed what does not pass. As the server's answers: where the shop keeps no record of any item, all are without any
 * trait, else what has no record passes no filter. AISLE_EINVAL: s has no shop. */
aisle_status aisle_filter_option_apply(const aisle_filter *f, aisle_model_source *s, aisle_error *err);

#endif
