/* An HTML page written as it goes: escaped text, tables of key and value, bars, points. No templates, no scripts, nothing
 * fetched. Everything that is not written here passes the escaper. */
#ifndef AISLE_SERVER_PAGE_H
#define AISLE_SERVER_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "aisle/file.h"

typedef struct aisle_page {
    aisle_replace file;
    FILE *f; /* for markup of the caller's own */
} aisle_page;

aisle_status aisle_page_open(const char *path, const char *title, aisle_page *p, aisle_error *err);
/* The file in its place, or with `st` a failure none. Returns st, or what went wrong at the end. */
aisle_status aisle_page_close(aisle_page *p, aisle_status st, aisle_error *err);

void aisle_page_text(aisle_page *p, const char *text);                         /* escaped; NULL = "" */
void aisle_page_element(aisle_page *p, const char *element, const char *text); /* <h2>text</h2> */
void aisle_page_pair(aisle_page *p, const char *key, const char *value);       /* a row of th and td */

/* One figure of horizontal bars with their values and, where low < high, intervals. From 0, or both ways from it. */
typedef struct aisle_bar {
    const char *name;
    double value, low, high;
    bool mark; /* "best" */
} aisle_bar;
void aisle_page_bars(aisle_page *p, const char *title, const aisle_bar *bars, int32_t n);

/* Points over an axis; hollow ones are smaller tries. */
typedef struct aisle_point {
    double x, y;
    bool hollow, mark;
    int32_t number; /* shown when one points at it */
} aisle_point;
typedef struct aisle_plot {
    const char *title, *x_name, *y_name;
    const char *const *x_words; /* names of x = 0, 1, ..; NULL = numbers */
    bool x_log;
    const aisle_point *points;
    int32_t n;
} aisle_plot;
void aisle_page_points(aisle_page *p, const aisle_plot *plot);

#endif
