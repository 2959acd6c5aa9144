/* HTML pages of what was measured, each one file without network: styles and drawings are inside, both a light and a
 * dark dress, values beside every bar so that colour is never needed. They show the JSON that --json prints. */
#ifndef AISLE_SERVER_REPORT_H
#define AISLE_SERVER_REPORT_H

#include <jansson.h>

#include "aisle/status.h"
#include "server/cli/page.h"

/* doc: as evaluation_json.c makes it. The file is replaced whole or not at all. */
aisle_status aisle_report_evaluation(const json_t *doc, const char *path, aisle_error *err);
/* doc: as tune_json.c makes it. */
aisle_status aisle_report_tuning(const json_t *doc, const char *path, aisle_error *err);

/* A row of name and v: a number, a word or a list as people read it. */
void aisle_page_value(aisle_page *p, const char *name, const json_t *v);
/* A table of the members of o that are not null. */
void aisle_page_values(aisle_page *p, const json_t *o);

#endif
