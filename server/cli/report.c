/* The page of an evaluation, from the object that --json prints. */
#include "server/cli/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/cli/evaluation.h"
#include "server/cli/page.h"

/* The models of the document, with what is drawn of them. */
typedef struct models {
    int32_t n;
    const char *name[AISLE_EVALUATED_MODELS];
    const json_t *model[AISLE_EVALUATED_MODELS];
} models;

static models models_of(const json_t *doc)
{
    models m = {0};
    const char *name;
    json_t *model;
    json_object_foreach(json_object_get(doc, "models"), name, model)
    {
        if (m.n == AISLE_EVALUATED_MODELS) break;
        m.name[m.n] = name;
        m.model[m.n++] = model;
    }
    return m;
}

static double real(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static bool is_metric(const json_t *v)
{
    return json_is_object(v) && json_is_number(json_object_get(v, "mean"));
}

/* RMSE and MAE are errors; how popular the lists are, and how uneven, has no best. */
static bool less_is_better(const char *name)
{
    return strcmp(name, "rmse") == 0 || strcmp(name, "mae") == 0;
}

static bool has_best(const char *name)
{
    return strcmp(name, "popularity") != 0 && strcmp(name, "gini") != 0;
}

/* One metric of every model that has it: `from` picks the object that holds it. */
typedef const json_t *(*holder)(const json_t *model, int32_t which);

static const json_t *whole(const json_t *model, int32_t which)
{
    (void)which;
    return model;
}

static const json_t *cut(const json_t *model, int32_t which)
{
    return json_array_get(json_object_get(model, "at"), (size_t)which);
}

static int32_t bars_of(const models *m, holder from, int32_t which, const char *name,
                       aisle_bar bars[AISLE_EVALUATED_MODELS])
{
    int32_t n = 0;
    double best = NAN, worst = NAN;
    for (int32_t i = 0; i < m->n; i++) {
        const json_t *v = json_object_get(from(m->model[i], which), name);
        if (!is_metric(v)) continue;
        bars[n++] = (aisle_bar){m->name[i], real(v, "mean"), real(v, "low"), real(v, "high"), false};
        best = fmax(best, bars[n - 1].value); /* a NaN is left out by either */
        worst = fmin(worst, bars[n - 1].value);
    }
    double wanted = less_is_better(name) ? worst : best;
    for (int32_t i = 0; i < n && has_best(name) && worst < best; i++) bars[i].mark = bars[i].value == wanted;
    return n;
}

static void put_row(aisle_page *p, const models *m, holder from, int32_t which, const char *name,
                    const char *label)
{
    aisle_bar bars[AISLE_EVALUATED_MODELS];
    int32_t n = bars_of(m, from, which, name, bars);
    if (n == 0) return;
    fputs("<tr><th scope=\"row\">", p->f);
    aisle_page_text(p, label);
    fputs("</th>", p->f);
    for (int32_t i = 0, b = 0; i < m->n; i++) {
        if (b == n || strcmp(bars[b].name, m->name[i]) != 0) {
            fputs("<td></td>", p->f);
            continue;
        }
        fprintf(p->f, "<td%s>%.4f%s", bars[b].mark ? " class=\"best\"" : "", bars[b].value,
                bars[b].mark ? " \xe2\x98\x85" : "");
        if (bars[b].low < bars[b].high) fprintf(p->f, "<small>%.4f..%.4f</small>", bars[b].low, bars[b].high);
        fputs("</td>", p->f);
        b++;
    }
    fputs("</tr>\n", p->f);
}

/* The first model that ranks shows which metrics there are. */
static const json_t *a_cut(const models *m)
{
    for (int32_t i = 0; i < m->n; i++)
        if (cut(m->model[i], 0)) return m->model[i];
    return NULL;
}

static void put_table(aisle_page *p, const models *m)
{
    const char *name;
    json_t *value;
    char label[64];
    const json_t *one = a_cut(m), *cuts = json_object_get(one, "at");
    fputs("<div class=\"wide\"><table><tr><th></th>", p->f);
    for (int32_t i = 0; i < m->n; i++) aisle_page_element(p, "th", m->name[i]);
    fputs("</tr>\n", p->f);
    json_object_foreach((json_t *)cut(one, 0), name, value)
    {
        for (int32_t c = 0; is_metric(value) && c < (int32_t)json_array_size(cuts); c++) {
            snprintf(label, sizeof label, "%s@%.0f", name, real(json_array_get(cuts, (size_t)c), "k"));
            put_row(p, m, cut, c, name, label);
        }
    }
    put_row(p, m, whole, 0, "auc", "auc");
    put_row(p, m, whole, 0, "rmse", "rmse");
    put_row(p, m, whole, 0, "mae", "mae");
    fputs("</table></div>\n<p>\xe2\x98\x85 is the best of its row; small numbers are 95 % intervals.</p>\n",
          p->f);
}

static void put_bars(aisle_page *p, const models *m, holder from, int32_t which, const char *name,
                     const char *label)
{
    aisle_bar bars[AISLE_EVALUATED_MODELS];
    int32_t n = bars_of(m, from, which, name, bars);
    if (n > 0) aisle_page_bars(p, label, bars, n);
}

static void put_figures(aisle_page *p, const models *m)
{
    const char *name;
    json_t *value;
    char label[64];
    const json_t *one = a_cut(m), *cuts = json_object_get(one, "at");
    int32_t last = (int32_t)json_array_size(cuts) - 1;
    fputs("<div class=\"grid\">\n", p->f);
    json_object_foreach((json_t *)cut(one, last), name, value)
    {
        snprintf(label, sizeof label, "%s@%.0f", name, real(cut(one, last), "k"));
        if (is_metric(value)) put_bars(p, m, cut, last, name, label);
    }
    put_bars(p, m, whole, 0, "auc", "auc");
    put_bars(p, m, whole, 0, "rmse", "rmse (less is better)");
    put_bars(p, m, whole, 0, "mae", "mae (less is better)");
    fputs("</div>\n", p->f);
}

/* A segment is found by its place in the list of the first model: others of the same test pairs have the same. */
static const json_t *segment_cut(const json_t *model, int32_t which)
{
    const json_t *s = json_array_get(json_object_get(model, "segments"), (size_t)which),
                 *at = json_object_get(s, "at");
    return json_array_get(at, json_array_size(at) ? json_array_size(at) - 1 : 0);
}

static void put_segments(aisle_page *p, const models *m)
{
    static const char *const shown[] = {"ndcg", "recall", "hit_rate"};
    const json_t *list = json_object_get(a_cut(m), "segments");
    if (json_array_size(list) == 0) return;
    aisle_page_element(p, "h2", "Segments");
    fputs("<p>Users by how much is known of them, and test items by how popular they are.</p>\n", p->f);
    for (int32_t s = 0; s < (int32_t)json_array_size(list); s++) {
        const json_t *segment = json_array_get(list, (size_t)s);
        char label[160];
        snprintf(label, sizeof label, "%.60s: %.0f users, %.0f test pairs",
                 json_string_value(json_object_get(segment, "name")), real(segment, "users"),
                 real(segment, "pairs"));
        aisle_page_element(p, "h3", label);
        fputs("<div class=\"grid\">\n", p->f);
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
            snprintf(label, sizeof label, "%s@%.0f", shown[i], real(segment_cut(a_cut(m), s), "k"));
            put_bars(p, m, segment_cut, s, shown[i], label);
        }
        fputs("</div>\n", p->f);
    }
}

static void put_comparison(aisle_page *p, const json_t *doc)
{
    const json_t *c = json_object_get(doc, "compare");
    const char *name, *against = json_string_value(json_object_get(c, "against"));
    json_t *o;
    char text[200];
    aisle_bar bars[AISLE_EVALUATED_MODELS];
    int32_t n = 0;
    if (!c) return;
    aisle_page_element(p, "h2", "Significance");
    snprintf(
        text, sizeof text,
        "%s, cut-off %.0f, each model less %.60s, user by user. Two-sided p-values, corrected for the number "
        "of comparisons (Holm).",
        json_string_value(json_object_get(c, "metric")), real(c, "k"), against);
    aisle_page_element(p, "p", text);
    fputs("<table><tr><th>model</th><th>mean</th><th>difference</th><th>95 % interval</th><th>p, "
          "bootstrap</th><th>p, Wilcoxon</th><th>higher for</th><th>lower for</th></tr>\n",
          p->f);
    json_object_foreach(json_object_get(c, "models"), name, o)
    {
        const json_t *d = json_object_get(o, "difference");
        fputs("<tr><th scope=\"row\">", p->f);
        aisle_page_text(p, name);
        fprintf(
            p->f,
            "</th><td>%.4f</td><td>%+.4f</td><td>%+.4f..%+.4f</td><td>%.2g</td><td>%.2g</td><td>%.1f %%</td>"
            "<td>%.1f %%</td></tr>\n",
            real(o, "mean_a"), real(d, "mean"), real(d, "low"), real(d, "high"), real(o, "p_bootstrap_holm"),
            real(o, "p_wilcoxon_holm"), 100 * real(o, "a_higher"), 100 * real(o, "b_higher"));
        if (n < AISLE_EVALUATED_MODELS)
            bars[n++] = (aisle_bar){name, real(d, "mean"), real(d, "low"), real(d, "high"), false};
    }
    fputs("</table>\n", p->f);
    aisle_page_bars(p, "difference and its 95 % interval", bars, n);
}

static void put_data(aisle_page *p, const json_t *doc)
{
    static const char *const names[] = {"split",     "fraction", "folds",  "candidates",
                                        "bootstrap", "seed",     "seconds"};
    aisle_page_element(p, "h2", "Data and split");
    aisle_page_values(p, json_object_get(doc, "data"));
    fputs("<table class=\"words\">\n", p->f);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        aisle_page_value(p, names[i], json_object_get(doc, names[i]));
    fputs("</table>\n", p->f);
}

static void put_settings(aisle_page *p, const json_t *doc, const models *m)
{
    aisle_page_element(p, "h2", "Settings");
    aisle_page_values(p, json_object_get(doc, "settings"));
    for (int32_t i = 0; i < m->n; i++) {
        const json_t *settings = json_object_get(m->model[i], "settings");
        if (json_object_size(settings) == 0) continue;
        aisle_page_element(p, "h3", m->name[i]);
        aisle_page_values(p, settings);
    }
}

/* What a hybrid made of its parts: for each sort of user and item a weight of each. */
static void put_weights(aisle_page *p, const models *m)
{
    const char *segment, *name;
    json_t *weights, *v;
    for (int32_t i = 0; i < m->n; i++) {
        char title[120];
        const json_t *all = json_object_get(m->model[i], "weights");
        if (json_object_size(all) == 0) continue;
        snprintf(title, sizeof title, "Weights of %.60s", m->name[i]);
        aisle_page_element(p, "h2", title);
        fputs("<div class=\"grid\">\n", p->f);
        json_object_foreach((json_t *)all, segment, weights)
        {
            aisle_bar bars[AISLE_HYBRID_MAX_PARTS];
            int32_t n = 0;
            json_object_foreach(weights, name, v)
            {
                if (n < AISLE_HYBRID_MAX_PARTS)
                    bars[n++] = (aisle_bar){.name = name, .value = json_number_value(v)};
            }
            aisle_page_bars(p, segment, bars, n);
        }
        fputs("</div>\n", p->f);
    }
}

static void put_json(aisle_page *p, const json_t *doc)
{
    char *text = json_dumps(doc, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    fputs("<h2>The same as JSON</h2>\n<details><summary>show</summary>\n", p->f);
    aisle_page_element(p, "pre", text);
    fputs("</details>\n", p->f);
    free(text);
}

aisle_status aisle_report_evaluation(const json_t *doc, const char *path, aisle_error *err)
{
    aisle_page p;
    models m = models_of(doc);
    AISLE_TRY(aisle_page_open(path, "Quality of recommendations", &p, err));
    put_data(&p, doc);
    aisle_page_element(&p, "h2", "Metrics");
    put_table(&p, &m);
    put_figures(&p, &m);
    put_segments(&p, &m);
    put_comparison(&p, doc);
    put_weights(&p, &m);
    put_settings(&p, doc, &m);
    put_json(&p, doc);
    return aisle_page_close(&p, AISLE_OK, err);
}
