/* The page of a search: the metric against each setting. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/cli/page.h"
#include "server/cli/report.h"

enum { WORDS = 16 };

static double real(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

/* A number as it is, a word as its place in the choices, a switch as 0 or 1. */
static double place_of(const json_t *v, const json_t *choices)
{
    size_t i;
    const json_t *word;
    if (json_is_boolean(v)) return json_is_true(v);
    if (!json_is_string(v)) return json_is_number(v) ? json_number_value(v) : NAN;
    json_array_foreach(choices, i, word)
    {
        if (json_equal(word, v)) return (double)i;
    }
    return NAN;
}

static void put_plot(aisle_page *p, const json_t *doc, const json_t *range, aisle_point *points)
{
    const json_t *looks = json_object_get(doc, "looks"), *choices = json_object_get(range, "choices"), *look;
    const char *name = json_string_value(json_object_get(range, "setting")), *words[WORDS + 1] = {NULL};
    aisle_plot plot = {.title = name,
                       .x_name = name,
                       .y_name = json_string_value(json_object_get(doc, "metric")),
                       .x_log = json_is_true(json_object_get(range, "log")),
                       .points = points};
    size_t i;
    json_array_foreach(looks, i, look)
    {
        double x = place_of(json_object_get(json_object_get(look, "settings"), name), choices),
               y = real(look, "value");
        bool full = json_is_true(json_object_get(look, "full"));
        int32_t trial = (int32_t)real(look, "trial");
        if (isnan(x) || isnan(y) || (plot.x_log && x <= 0))
            continue; /* 0 = by the data: no place of its own */
        bool best = full && trial == (int32_t)real(json_object_get(doc, "best"), "trial");
        points[plot.n++] = (aisle_point){x, y, !full, best, trial};
    }
    for (i = 0; i < json_array_size(choices) && i < WORDS; i++)
        words[i] = json_string_value(json_array_get(choices, i));
    if (choices) plot.x_words = words;
    if (plot.n > 0) aisle_page_points(p, &plot);
}

static void put_head(aisle_page *p, const json_t *doc)
{
    static const char *const names[] = {"model",          "metric", "k",    "split",    "inner",
                                        "inner_fraction", "trials", "seed", "complete", "seconds"};
    fputs("<table class=\"words\">\n", p->f);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        aisle_page_value(p, names[i], json_object_get(doc, names[i]));
    fputs("</table>\n", p->f);
    aisle_page_element(p, "h2", "Data");
    aisle_page_values(p, json_object_get(doc, "data"));
    aisle_page_element(p, "h2", "Best settings");
    char text[120];
    const json_t *best = json_object_get(doc, "best");
    snprintf(text, sizeof text, "Trial %.0f: %.6g on the validation part.", real(best, "trial"),
             real(best, "value"));
    aisle_page_element(p, "p", text);
    aisle_page_values(p, json_object_get(best, "settings"));
}

aisle_status aisle_report_tuning(const json_t *doc, const char *path, aisle_error *err)
{
    aisle_page p;
    size_t i;
    const json_t *range;
    aisle_point *points =
        aisle_array((int64_t)json_array_size(json_object_get(doc, "looks")), sizeof *points);
    if (!points) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the report");
    aisle_status st = aisle_page_open(path, "Search for settings", &p, err);
    if (st == AISLE_OK) {
        put_head(&p, doc);
        aisle_page_element(&p, "h2", "The metric against each setting");
        fputs("<p>Filled points had the full effort, hollow ones less; the ring is the best.</p>\n<div "
              "class=\"grid\">\n",
              p.f);
        json_array_foreach(json_object_get(doc, "ranges"), i, range)
        {
            put_plot(&p, doc, range, points);
        }
        fputs("</div>\n<h2>The same as JSON</h2>\n<details><summary>show</summary>\n", p.f);
        char *text = json_dumps(doc, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
        aisle_page_element(&p, "pre", text);
        free(text);
        fputs("</details>\n", p.f);
        st = aisle_page_close(&p, AISLE_OK, err);
    }
    aisle_free(points);
    return st;
}
