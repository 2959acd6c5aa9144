/* Drawings of a page: bars with intervals, points over an axis. Each says its numbers in text as well. */
#include <math.h>

#include "server/cli/page.h"

enum { WIDTH = 480, LABELS = 120, VALUES = 92, ROW = 24, PLOT_HEIGHT = 260, MARGIN = 56 };

static void text_at(aisle_page *p, double x, double y, const char *anchor, const char *text)
{
    fprintf(p->f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    aisle_page_text(p, text);
    fputs("</text>", p->f);
}

static void number_at(aisle_page *p, double x, double y, const char *anchor, double v)
{
    char text[40];
    snprintf(text, sizeof text, fabs(v) < 10 ? "%.4f" : "%.4g", v);
    text_at(p, x, y, anchor, text);
}

/* Where v lies between the columns of names and of values. */
static double across(double v, double least, double most)
{
    double room = WIDTH - LABELS - VALUES;
    return most > least ? LABELS + room * (v - least) / (most - least) : LABELS;
}

static void put_bar(aisle_page *p, const aisle_bar *b, int32_t row, double least, double most)
{
    double y = row * ROW + 4., zero = across(0, least, most), end = across(b->value, least, most);
    char name[64];
    snprintf(name, sizeof name, "%.40s%s", b->name, b->mark ? " \xe2\x98\x85" : ""); /* a star */
    text_at(p, LABELS - 8, y + 13, "end", name);
    fprintf(p->f, "<rect class=\"bar%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"/>",
            b->mark ? " best" : "", fmin(zero, end), y, fabs(end - zero), ROW - 8);
    if (b->low < b->high)
        fprintf(p->f, "<path class=\"reach\" d=\"M%.1f %.1fH%.1fm0 -4v8M%.1f %.1fv8\"/>",
                across(b->low, least, most), y + 8, across(b->high, least, most), across(b->low, least, most),
                y + 4);
    number_at(p, WIDTH - VALUES + 12, y + 13, "start", b->value);
    fputc('\n', p->f);
}

void aisle_page_bars(aisle_page *p, const char *title, const aisle_bar *bars, int32_t n)
{
    double least = 0, most = 0;
    for (int32_t i = 0; i < n; i++) {
        least = fmin(least, fmin(bars[i].value, bars[i].low));
        most = fmax(most, fmax(bars[i].value, bars[i].high));
    }
    fputs("<figure>", p->f);
    aisle_page_element(p, "h3", title);
    fprintf(p->f, "<svg role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"><title>", WIDTH,
            n * ROW + 4, WIDTH, n * ROW + 4);
    aisle_page_text(p, title);
    fputs("</title>\n", p->f);
    for (int32_t i = 0; i < n; i++) put_bar(p, &bars[i], i, least, most);
    double zero = across(0, least, most);
    fprintf(p->f, "<path class=\"axis\" d=\"M%.1f 0V%d\"/></svg></figure>\n", zero, n * ROW);
}

typedef struct range {
    double low, high;
} range;

static double scale(const aisle_plot *plot, double x)
{
    return plot->x_log ? log(fmax(x, 1e-300)) : x;
}

static range range_of(const aisle_plot *plot, bool y)
{
    range r = {INFINITY, -INFINITY};
    for (int32_t i = 0; i < plot->n; i++) {
        double v = y ? plot->points[i].y : scale(plot, plot->points[i].x);
        r.low = fmin(r.low, v);
        r.high = fmax(r.high, v);
    }
    if (!(r.low < r.high)) r = (range){r.low - .5, r.low + .5};
    return r;
}

static double column(range x, double v)
{
    return MARGIN + (WIDTH - MARGIN - 16) * (v - x.low) / (x.high - x.low);
}

static double line(range y, double v)
{
    return PLOT_HEIGHT - 44 - (PLOT_HEIGHT - 60) * (v - y.low) / (y.high - y.low);
}

static void put_axes(aisle_page *p, const aisle_plot *plot, range x, range y)
{
    fprintf(p->f, "<path class=\"axis\" fill=\"none\" d=\"M%d 10V%dH%d\"/>\n", MARGIN - 8, PLOT_HEIGHT - 36,
            WIDTH - 8);
    number_at(p, MARGIN - 12, line(y, y.low) + 4, "end", y.low);
    number_at(p, MARGIN - 12, line(y, y.high) + 4, "end", y.high);
    for (int32_t tick = 0; tick <= 4; tick++) {
        double at = x.low + (x.high - x.low) * tick / 4;
        char text[40];
        if (plot->x_words) continue;
        snprintf(text, sizeof text, "%.3g", plot->x_log ? exp(at) : at);
        text_at(p, column(x, at), PLOT_HEIGHT - 20, "middle", text);
    }
    for (int32_t w = 0; plot->x_words && plot->x_words[w]; w++)
        if (w >= x.low - 1e-9 && w <= x.high + 1e-9)
            text_at(p, column(x, w), PLOT_HEIGHT - 20, "middle", plot->x_words[w]);
    text_at(p, WIDTH / 2., PLOT_HEIGHT - 4, "middle", plot->x_name);
}

void aisle_page_points(aisle_page *p, const aisle_plot *plot)
{
    range x = range_of(plot, false), y = range_of(plot, true);
    fputs("<figure>", p->f);
    aisle_page_element(p, "h3", plot->title);
    fprintf(p->f, "<svg role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"><title>", WIDTH,
            PLOT_HEIGHT, WIDTH, PLOT_HEIGHT);
    aisle_page_text(p, plot->title);
    fputs("</title>\n", p->f);
    put_axes(p, plot, x, y);
    for (int32_t i = 0; i < plot->n; i++) {
        const aisle_point *d = &plot->points[i];
        double cx = column(x, scale(plot, d->x)), cy = line(y, d->y);
        fprintf(p->f, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>trial %d: ",
                d->hollow ? "hollow" : "bar", cx, cy, d->number);
        aisle_page_text(p, plot->x_name);
        fprintf(p->f, " %.6g, ", d->x);
        aisle_page_text(p, plot->y_name);
        fprintf(p->f, " %.6g</title></circle>\n", d->y);
        if (d->mark) fprintf(p->f, "<circle class=\"mark\" cx=\"%.1f\" cy=\"%.1f\" r=\"8\"/>\n", cx, cy);
    }
    fputs("</svg></figure>\n", p->f);
}
