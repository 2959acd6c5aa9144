/* JSON values as rows of a page, the same on the page of an evaluation and of a search. */
#include <stdlib.h>

#include "server/cli/report.h"

void aisle_page_value(aisle_page *p, const char *name, const json_t *v)
{
    char text[64], *dumped = NULL;
    if (json_is_string(v)) {
        aisle_page_pair(p, name, json_string_value(v));
        return;
    }
    if (json_is_integer(v))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        snprintf(text, sizeof text, "%.6g", json_real_value(v));
    else
        dumped = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    aisle_page_pair(p, name, dumped ? dumped : text);
    free(dumped);
}

void aisle_page_values(aisle_page *p, const json_t *o)
{
    const char *name;
    json_t *v;
    fputs("<table class=\"words\">\n", p->f);
    json_object_foreach((json_t *)o, name, v)
    {
        if (!json_is_null(v)) aisle_page_value(p, name, v);
    }
    fputs("</table>\n", p->f);
}
