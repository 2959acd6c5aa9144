/* Brackets of successive halving. Who goes on is decided only when a whole rung has ended, so that it does not depend on
 * the order in which looks end; meanwhile the next bracket may begin. */
#include "cpu/tune/brackets.h"

#include <math.h>

#include "aisle/memory.h"

static int32_t power(int32_t s)
{
    int32_t p = 1;
    while (s-- > 0) p *= AISLE_TUNE_ETA;
    return p;
}

/* ceil(R / (s + 1) ETA^s): a bracket's looks cost about the same for every s. */
static int32_t bracket_size(int32_t rungs, int32_t s)
{
    return (rungs * power(s) + s) / (s + 1);
}

aisle_status aisle_brackets_init(aisle_brackets *b, int32_t trials, int32_t rungs, bool less,
                                 aisle_error *err)
{
    *b = (aisle_brackets){.rungs = rungs, .less = less, .n_trials = trials};
    b->brackets = aisle_array(trials, sizeof *b->brackets); /* each has a trial or more */
    b->trials = aisle_calloc((size_t)trials, sizeof *b->trials);
    if (!b->brackets || !b->trials) {
        aisle_brackets_deinit(b);
        return aisle_fail(err, AISLE_ENOMEM, "tuning: out of memory for %d trials", trials);
    }
    int32_t s = 0, n = 1; /* the start: alone, with full effort */
    for (int32_t first = 0; first < trials;) {
        if (n > trials - first) n = trials - first;
        int32_t rung = rungs - 1 - s;
        b->brackets[b->n++] = (aisle_bracket){first, n, rung, rung};
        for (int32_t t = first; t < first + n; t++) b->trials[t].rung = rung;
        first += n;
        s = b->n == 1 || s == 0 ? rungs - 1 : s - 1;
        n = bracket_size(rungs, s);
    }
    return AISLE_OK;
}

void aisle_brackets_deinit(aisle_brackets *b)
{
    aisle_free(b->brackets);
    aisle_free(b->trials);
    *b = (aisle_brackets){0};
}

bool aisle_brackets_better(bool less, const aisle_tune_look *a, const aisle_tune_look *b)
{
    bool a_failed = isnan(a->value), b_failed = isnan(b->value);
    if (a_failed != b_failed) return b_failed;
    if (a->rung != b->rung) return a->rung > b->rung;
    if (!a_failed && a->value != b->value) return less ? a->value < b->value : a->value > b->value;
    return a->trial < b->trial;
}

static aisle_tune_look look_of(const aisle_brackets *b, int32_t trial, int32_t rung)
{
    return (aisle_tune_look){trial, rung, b->trials[trial].value[rung], 0};
}

/* How many of the bracket's trials are better at its rung. */
static int32_t place(const aisle_brackets *b, const aisle_bracket *k, int32_t trial)
{
    int32_t n = 0;
    aisle_tune_look mine = look_of(b, trial, k->rung);
    for (int32_t t = k->first; t < k->first + k->n; t++) {
        if (t == trial || b->trials[t].rung < k->rung) continue;
        aisle_tune_look other = look_of(b, t, k->rung);
        n += aisle_brackets_better(b->less, &other, &mine);
    }
    return n;
}

/* When the rung is complete, its best go on; a failed one never does, so that the bracket may end early. */
static void promote(aisle_brackets *b, aisle_bracket *k)
{
    uint8_t goes[AISLE_TUNE_MAX_BRACKET] = {0};
    for (int32_t t = k->first; t < k->first + k->n; t++)
        if (b->trials[t].rung == k->rung && b->trials[t].state[k->rung] != AISLE_LOOK_DONE) return;
    int32_t n = k->n / power(k->rung + 1 - k->start);
    for (int32_t t = k->first; t < k->first + k->n; t++) {
        const aisle_bracket_trial *trial = &b->trials[t];
        goes[t - k->first] =
            trial->rung == k->rung && !isnan(trial->value[k->rung]) && place(b, k, t) < (n > 1 ? n : 1);
    }
    k->rung++;
    for (int32_t t = 0; k->rung < b->rungs && t < k->n; t++)
        if (goes[t]) b->trials[k->first + t].rung = k->rung;
}

bool aisle_brackets_next(aisle_brackets *b, aisle_tune_look *out, bool *over)
{
    *over = true;
    for (int32_t i = 0; i < b->n; i++) {
        aisle_bracket *k = &b->brackets[i];
        for (int32_t t = k->first; k->rung < b->rungs && t < k->first + k->n; t++) {
            aisle_bracket_trial *trial = &b->trials[t];
            if (trial->rung != k->rung || trial->state[k->rung] == AISLE_LOOK_DONE) continue;
            *over = false;
            if (trial->state[k->rung] == AISLE_LOOK_RUNNING) continue;
            trial->state[k->rung] = AISLE_LOOK_RUNNING;
            *out = (aisle_tune_look){.trial = t, .rung = k->rung, .value = NAN};
            return true;
        }
    }
    return false;
}

/* A rung without a member is complete at once: the loop ends with the bracket. */
bool aisle_brackets_done(aisle_brackets *b, int32_t trial, int32_t rung, double value)
{
    if (trial < 0 || trial >= b->n_trials || rung < 0 || rung >= b->rungs) return false;
    aisle_bracket *k = b->brackets;
    while (trial >= k->first + k->n) k++;
    if (rung < k->start) return false;
    b->trials[trial].state[rung] = AISLE_LOOK_DONE;
    b->trials[trial].value[rung] = value;
    for (int32_t before = -1; k->rung < b->rungs && before != k->rung;) {
        before = k->rung;
        promote(b, k);
    }
    return true;
}
