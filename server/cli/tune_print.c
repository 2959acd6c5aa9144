/* A search on the terminal, its best settings as a file. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aisle/file.h"
#include "server/cli/evaluation_names.h"
#include "server/cli/tuning.h"

enum { SHOWN = 8, INTERVAL_NS = 1000000000 / 6 };

void aisle_tuning_metric(const aisle_tuning_run *run, char text[32])
{
    snprintf(text, 32, run->k ? "%s@%d" : "%s", aisle_evaluated_metric(run->metric), run->k);
}

/* Higher rungs first, then the value, then the trial: as the search itself decides. */
static bool is_better(const aisle_tuning_run *run, const aisle_tune_look *a, const aisle_tune_look *b)
{
    if (isnan(a->value) != isnan(b->value)) return isnan(b->value);
    if (a->rung != b->rung) return a->rung > b->rung;
    if (a->value != b->value && !isnan(a->value)) return run->search.less == (a->value < b->value);
    return a->trial < b->trial;
}

/* Without the name of the kind before it, which the heading has. */
static const char *short_name(const aisle_tuning_run *run, const aisle_setting *s)
{
    size_t n = strlen(run->kind->name);
    return strncmp(s->name, run->kind->name, n) == 0 && s->name[n] == '-' ? s->name + n + 1 : s->name;
}

/* The best looks, at most one a trial. */
static int32_t best_looks(const aisle_tuning_run *run, const aisle_tune_look *looks, int64_t n,
                          const aisle_tune_look *best[SHOWN])
{
    int32_t found = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t at = 0, end = found;
        const aisle_tune_look *look = &looks[i];
        for (int32_t j = 0; j < found; j++)
            if (best[j]->trial == look->trial) end = j;
        if (end < found && is_better(run, best[end], look)) continue;
        while (at < end && is_better(run, best[at], look)) at++;
        if (at == SHOWN) continue;
        if (end == found && found < SHOWN) found++;
        if (end == SHOWN) end--;
        memmove(&best[at + 1], &best[at], (size_t)(end - at) * sizeof *best);
        best[at] = look;
    }
    return found;
}

static int32_t print_looks(FILE *f, const aisle_tuning_run *run, const aisle_tune_look *looks, int64_t n)
{
    const aisle_tune_look *best[SHOWN];
    char metric[32];
    int32_t found = best_looks(run, looks, n, best), lines = 1;
    aisle_tuning_metric(run, metric);
    fprintf(f, "%5s %6s %11s  settings\n", "trial", "effort", metric);
    for (int32_t i = 0; i < found; i++, lines++) {
        aisle_train_params p;
        char line[400];
        int at = snprintf(line, sizeof line, "%5d %4.0f %% ", best[i]->trial,
                          100 * pow(AISLE_TUNE_ETA, best[i]->rung - (run->search.rungs - 1)));
        at += isnan(best[i]->value)
                  ? snprintf(line + at, sizeof line - (size_t)at, "%11s ", "failed")
                  : snprintf(line + at, sizeof line - (size_t)at, "%11.5f ", best[i]->value);
        aisle_tune_trial(&run->search, best[i]->trial, &p);
        for (int32_t r = 0; r < run->n_ranges && at < (int)sizeof line - 1; r++) {
            const aisle_setting *s = run->ranges[r].setting;
            double v = aisle_setting_get(s, &p);
            size_t room = sizeof line - (size_t)at;
            at += s->choices ? snprintf(line + at, room, " %s=%s", short_name(run, s), s->choices[(int)v])
                             : snprintf(line + at, room, " %s=%.4g", short_name(run, s), v);
        }
        fprintf(f, "%.*s\n", f == stderr ? 110 : (int)sizeof line, line);
    }
    return lines;
}

void aisle_tuning_clear(aisle_tuning_teller *teller)
{
    for (; teller->lines > 0; teller->lines--) fputs("\033[A\r\033[K", stderr);
}

static void draw(aisle_tuning_teller *teller, const aisle_tune_view *view)
{
    long long now = aisle_time_monotonic_ns();
    if (now - teller->last_ns < INTERVAL_NS) return;
    teller->last_ns = now;
    aisle_tuning_clear(teller);
    fprintf(stderr, "%s: %" PRId64 " looks done, %d at work, %.0f s\n", teller->run->t->model, view->n_looks,
            view->running, view->seconds);
    teller->lines = 1 + print_looks(stderr, teller->run, view->looks, view->n_looks);
}

void aisle_tuning_tell(void *ctx, const aisle_tune_view *view)
{
    aisle_tuning_teller *teller = ctx;
    if (teller->terminal) draw(teller, view);
    if (!teller->run->t->options->json) return;
    for (; teller->told < view->n_looks; teller->told++)
        (void)aisle_say(aisle_tuning_look_json(teller->run, &view->looks[teller->told]), NULL);
}

void aisle_tuning_print(const aisle_tuning_run *run)
{
    const aisle_tuning *t = run->t;
    printf("%s on a %s validation part: %" PRId64 " looks in %.1f s%s\n\n", t->model, run->inner,
           run->found.n_looks, run->seconds, run->found.complete ? "" : ", the time was over");
    print_looks(stdout, run, run->found.looks, run->found.n_looks);
    bool hybrid = strcmp(t->model, "hybrid") == 0;
    bool trains = hybrid || strcmp(t->model, "als") == 0 || strcmp(t->model, "als-content") == 0;
    if (t->out)
        printf("\nthe best settings are in %s: aisle %s%s --config %s\n", t->out,
               trains ? "train" : "evaluate", hybrid ? " --model hybrid" : "", t->out);
}

/* Settings of the data and of this kind, and of others what differs from the default. */
static bool is_written(const aisle_tuning_run *run, const aisle_setting *s)
{
    aisle_train_params d = aisle_train_params_default();
    const aisle_train_params *p = &run->found.best;
    if (s->type == AISLE_SETTING_TEXT) {
        const char *a = aisle_setting_text(s, p), *b = aisle_setting_text(s, &d);
        return a && *a && (!b || strcmp(a, b) != 0);
    }
    return !s->kinds || aisle_setting_is_of(s, run->kind->name) ||
           aisle_setting_get(s, p) != aisle_setting_get(s, &d);
}

static bool put_settings(FILE *f, const aisle_tuning_run *run)
{
    const aisle_train_options *o = run->t->options;
    const aisle_setting *s;
    bool ok = true;
    for (int32_t i = 0; ok && (s = aisle_setting_at(i)); i++) {
        aisle_buf b = {0};
        if (!is_written(run, s)) continue;
        ok = aisle_setting_print(s, &run->found.best, &b) && fprintf(f, "%s = %s\n", s->name, b.data) > 0;
        aisle_buf_deinit(&b);
    }
    for (int32_t i = 0; i < o->weights.n; i++) ok = ok && fprintf(f, "weight = %s\n", o->weights.at[i]) > 0;
    if (o->field_weights) ok = ok && fprintf(f, "fields = %s\n", o->field_weights) > 0;
    if (o->now) ok = ok && fprintf(f, "now = %s\n", o->now) > 0;
    return ok;
}

aisle_status aisle_tuning_write(const aisle_tuning_run *run, const char *path, aisle_error *err)
{
    aisle_replace r;
    char metric[32];
    aisle_tuning_metric(run, metric);
    AISLE_TRY(aisle_replace_open(path, &r, err));
    fprintf(r.stream, "# aisle tune --model %s: %s %.6g on a %s validation part, trial %d of %d\n",
            run->kind->name, metric, run->found.look.value, run->inner, run->found.look.trial,
            run->search.trials);
    if (put_settings(r.stream, run)) return aisle_replace_commit(&r, err);
    aisle_replace_abort(&r);
    return aisle_fail(err, AISLE_EIO, "%s: cannot be written", path);
}
