/* The steps of `aisle tune`: set the test part aside, split the rest once more, search, write. */
#include "server/cli/tuning.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aisle/memory.h"
#include "aisle/rng.h"
#include "server/cli/evaluation_names.h"
#include "server/cli/holdout.h"
#include "server/cli/report.h"

/* What every look shares, and one trainer a job. */
typedef struct bench {
    const aisle_tuning_run *run;
    const aisle_part *part; /* to fit to */
    const aisle_csr *train, *held;
    aisle_csr stars;
    double lowest, highest;
    const aisle_setting *budget; /* the setting that less effort makes smaller; NULL = none */
    int32_t n_measured;          /* users with a held-out pair */
    int32_t threads;             /* of a job */
    aisle_trainer trainer[AISLE_TUNE_MAX_JOBS];
} bench;

static aisle_status measure_ranking(const bench *b, const aisle_eval_source *source, double share,
                                    const aisle_progress *quiet, double *value, aisle_error *err)
{
    enum { LEAST_USERS = 1000 };
    const aisle_tuning *t = b->run->t;
    aisle_eval_report report;
    aisle_eval_params p = {.cuts = {(int32_t)t->at},
                           .n_cuts = 1,
                           .threads = b->threads,
                           .seed = b->run->start.seed,
                           .max_users = (int32_t)t->users,
                           .progress = quiet};
    int32_t most = t->users > 0 && t->users < b->n_measured ? (int32_t)t->users : b->n_measured;
    int32_t some = (int32_t)ceil(share * most);
    if (some < LEAST_USERS) some = LEAST_USERS;
    if (share < 1 && some < most) p.max_users = some;
    AISLE_TRY(aisle_evaluate(source, b->train, b->held, &p, &report, err));
    const aisle_metric *m = aisle_eval_at_get(&report.at[0], (aisle_metric_id)b->run->metric);
    *value = m ? m->mean : report.auc.mean;
    return AISLE_OK;
}

static aisle_status measure_stars(const bench *b, const aisle_eval_source *source,
                                  const aisle_progress *quiet, double *value, aisle_error *err)
{
    aisle_stars_report report;
    aisle_eval_stars_params p = {
        .lowest = b->lowest, .highest = b->highest, .threads = b->threads, .progress = quiet};
    AISLE_TRY(aisle_evaluate_stars(source, b->train, &b->stars, &p, &report, err));
    *value = b->run->metric == AISLE_METRIC_RMSE ? report.rmse.mean : report.mae.mean;
    return AISLE_OK;
}

static aisle_status look(void *ctx, int32_t job, const aisle_train_params *p, double share, const int *cancel,
                         double *value, aisle_error *err)
{
    bench *b = ctx;
    aisle_progress quiet = {.cancel = cancel};
    aisle_trainer trainer = b->trainer[job];
    aisle_train_params params = *p;
    aisle_eval_source source = {0};
    trainer.progress = &quiet;
    params.text.progress = &quiet;
    if (b->budget) aisle_setting_set(b->budget, &params, fmax(1, share * aisle_setting_get(b->budget, p)));
    aisle_fit_input in = {b->part, &params, &trainer};
    AISLE_TRY(b->run->kind->fit(&in, &source, err));
    aisle_status st = b->run->kind->stars ? measure_stars(b, &source, &quiet, value, err)
                                          : measure_ranking(b, &source, share, &quiet, value, err);
    aisle_eval_source_free(&source);
    return st;
}

/* ---- preparing ------------------------------------------------------------------------------------------------ */

static aisle_status read_ranges(const aisle_tuning *t, aisle_tuning_run *r, aisle_error *err)
{
    aisle_error why;
    if (t->range.n == 0) r->n_ranges = aisle_tune_ranges_default(r->kind->name, r->ranges);
    for (int32_t i = 0; i < t->range.n; i++) {
        aisle_status st = aisle_tune_range_parse(aisle_str_from(t->range.at[i]), &r->ranges[i], &why);
        if (st != AISLE_OK) return aisle_fail(err, st, "--range %s", why.message);
        for (int32_t j = 0; j < i; j++)
            if (r->ranges[j].setting == r->ranges[i].setting)
                return aisle_fail(err, AISLE_EINVAL, "--range %s: given twice", r->ranges[i].setting->name);
        r->n_ranges++;
    }
    if (r->n_ranges == 0)
        return aisle_fail(err, AISLE_EINVAL,
                          "--model %s has no settings that are usually searched; name some with --range",
                          t->model);
    return AISLE_OK;
}

static aisle_status understand(const aisle_tuning *t, aisle_tuning_run *r, aisle_error *err)
{
    aisle_eval_params cuts = {.cuts = {(int32_t)t->at}, .n_cuts = 1};
    r->kind = aisle_fit_kind_find(aisle_str_from(t->model));
    if (!r->kind)
        return aisle_fail(err, AISLE_EINVAL, "--model %s: must be one of %s", t->model, aisle_kind_names());
    r->inner = t->inner ? t->inner : t->split ? t->split : "random";
    if (strcmp(r->inner, "fold") == 0 || (t->split && strcmp(t->split, "fold") == 0))
        return aisle_fail(err, AISLE_EINVAL, "a fold split has no one part to set aside; use random");
    AISLE_TRY(aisle_metric_parse(t->metric        ? t->metric
                                 : r->kind->stars ? "rmse"
                                                  : "ndcg",
                                 r->kind->stars, &cuts, &r->metric, &r->k, err));
    return read_ranges(t, r, err);
}

static aisle_status open_jobs(bench *b, const aisle_training *t, int32_t jobs, aisle_error *err)
{
    int32_t all = t->trainer.threads > 0 ? t->trainer.threads : (int32_t)sysconf(_SC_NPROCESSORS_ONLN);
    b->threads = all > jobs ? all / jobs : 1;
    for (int32_t j = 0; j < jobs; j++) {
        aisle_device_params p = {.threads = b->threads,
                                 .ordinal = (int32_t)t->options->device,
                                 .devices = (int32_t)t->options->devices,
                                 .memory_bytes = t->options->memory << 20};
        b->trainer[j] = (aisle_trainer){.ops = t->ops, .threads = b->threads};
        AISLE_TRY(t->ops->open(&p, &b->trainer[j].device, err));
    }
    return AISLE_OK;
}

static void close_jobs(bench *b, int32_t jobs)
{
    for (int32_t j = 0; j < jobs; j++)
        if (b->trainer[j].device) b->trainer[j].ops->close(b->trainer[j].device);
}

static uint64_t hash_text(aisle_str s, uint64_t seed)
{
    return aisle_hash64(s.ptr ? s.ptr : "", s.ptr ? s.len : 0, seed + s.len);
}

/* Over everything of a part that a model may learn from: its events, and the records of products and people. */
static uint64_t hash_part(const aisle_part *part)
{
    aisle_events e = aisle_part_events(part);
    uint64_t h = 0;
    for (int64_t i = 0; i < e.n; i++) {
        struct {
            int64_t at_ms;
            int32_t user, item;
            float value;
            int32_t type;
        } event = {e.at_ms[i], e.user[i], e.item[i], e.value[i], e.type[i]};
        if (aisle_part_keeps(part, i)) h = aisle_hash64(&event, sizeof event, h);
    }
    const aisle_csr *pairs = aisle_part_pairs(part); /* what the weights of event types make of them */
    h = aisle_hash64(pairs->val, (size_t)aisle_csr_nnz(pairs) * sizeof *pairs->val, h);
    for (int32_t i = 0; i < aisle_part_n_items(part); i++) {
        aisle_product p = aisle_part_product(part, i);
        h = hash_text(p.title, hash_text(p.description, hash_text(p.category, hash_text(p.brand, h))));
        h = aisle_hash64(&p.price_minor, sizeof p.price_minor, hash_text(p.attributes, h));
    }
    for (int32_t u = 0; u < aisle_part_n_users(part); u++) {
        aisle_user user = aisle_part_user(part, u);
        h = hash_text(user.age_band, hash_text(user.gender, hash_text(user.country, h)));
    }
    return h;
}

static aisle_status describe(const aisle_tuning_run *r, const aisle_holdout *h, char *about, size_t bytes,
                             aisle_error *err)
{
    const aisle_text_params *t = &r->start.text;
    float fields[] = {t->title_weight, t->description_weight, t->category_weight,
                      t->brand_weight, t->attributes_weight,  t->price_weight};
    int n = snprintf(about, bytes, "%s, %s@%d, users %lld, train %016llx, held %016llx, fields %016llx",
                     r->kind->name, aisle_evaluated_metric(r->metric), r->k, (long long)r->t->users,
                     (unsigned long long)hash_part(h->part), (unsigned long long)hash_part(h->held),
                     (unsigned long long)aisle_hash64(fields, sizeof fields, 0));
    return n > 0 && (size_t)n < bytes ? AISLE_OK : aisle_fail(err, AISLE_EINTERNAL, "search: name too long");
}

static void count_users(bench *b)
{
    for (int32_t u = 0; u < b->held->n_rows; u++)
        b->n_measured += b->held->row_ptr[u + 1] > b->held->row_ptr[u];
    const aisle_setting *s;
    for (int32_t i = 0; (s = aisle_setting_at(i)); i++)
        if (s->search == AISLE_SEARCH_BUDGET && aisle_setting_is_of(s, b->run->kind->name)) b->budget = s;
}

static aisle_status add_stars(bench *b, const aisle_holdout *h, aisle_error *err)
{
    if (!b->run->kind->stars) return AISLE_OK;
    AISLE_TRY(aisle_holdout_range(h, &b->lowest, &b->highest, err));
    return aisle_part_stars(h->held, &b->stars, err);
}

/* The events without the test part, then these without the validation part. */
static aisle_status split(const aisle_tuning *t, aisle_training *training, aisle_tuning_run *r,
                          aisle_holdout *h, aisle_error *err)
{
    aisle_split_params p = {
        .kind = aisle_split_named(t->split), .fraction = t->fraction, .seed = r->start.seed};
    int32_t threads = training->trainer.threads;
    AISLE_TRY(aisle_holdout_core(h, training->dataset, &r->start, err));
    if (t->split) AISLE_TRY(aisle_holdout_set_aside(h, &p, err));
    p.kind = aisle_split_named(r->inner);
    p.fraction = t->inner_fraction;
    p.seed = aisle_mix64(r->start.seed); /* or a random one would take the same pairs first */
    AISLE_TRY(aisle_holdout_split(h, &p, &r->start.weights, threads, err));
    r->n_users = aisle_part_n_users(h->part);
    r->n_items = aisle_part_n_items(h->part);
    r->n_train = aisle_csr_nnz(aisle_part_pairs(h->part));
    r->n_held = aisle_csr_nnz(aisle_part_pairs(h->held));
    return AISLE_OK;
}

static aisle_status search(const aisle_tuning *t, aisle_training *training, const aisle_holdout *h,
                           aisle_tuning_run *r, aisle_error *err)
{
    char about[400];
    bench *b = aisle_calloc(1, sizeof *b);
    if (!b) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the search");
    *b = (bench){
        .run = r, .part = h->part, .train = aisle_part_pairs(h->part), .held = aisle_part_pairs(h->held)};
    count_users(b);
    aisle_tuning_teller teller = {.run = r, .terminal = !t->options->json && isatty(STDERR_FILENO) == 1};
    r->search = (aisle_tune_params){.start = &r->start,
                                    .ranges = r->ranges,
                                    .n_ranges = r->n_ranges,
                                    .trials = (int32_t)t->trials,
                                    .rungs = (int32_t)t->rungs,
                                    .seed = r->start.seed,
                                    .less = r->kind->stars,
                                    .jobs = (int32_t)t->jobs,
                                    .seconds = 60 * t->minutes,
                                    .about = about,
                                    .state = t->state,
                                    .progress = &training->meter.progress,
                                    .on_change = aisle_tuning_tell,
                                    .ctx = &teller};
    aisle_status st = add_stars(b, h, err);
    if (st == AISLE_OK) st = open_jobs(b, training, (int32_t)t->jobs, err);
    if (st == AISLE_OK) st = describe(r, h, about, sizeof about, err);
    aisle_meter_finish(&training->meter);
    if (st == AISLE_OK) st = aisle_tune(&r->search, look, b, &r->found, err);
    aisle_tuning_clear(&teller);
    close_jobs(b, (int32_t)t->jobs);
    aisle_csr_deinit(&b->stars);
    aisle_free(b);
    if (st == AISLE_ECANCELED && t->state)
        aisle_fail(err, st, "interrupted; the same command goes on from %s", t->state);
    return st;
}

static aisle_status finish(const aisle_tuning *t, const aisle_tuning_run *r, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    if (t->out) AISLE_TRY(aisle_tuning_write(r, t->out, err));
    if (!t->options->json) aisle_tuning_print(r);
    json_t *doc = aisle_tuning_json(r);
    if (!doc) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the report");
    aisle_tuning_keep(r, doc);
    if (t->report) st = aisle_report_tuning(doc, t->report, err);
    if (st == AISLE_OK && t->options->json) st = aisle_say(json_incref(doc), err);
    json_decref(doc);
    return st;
}

aisle_status aisle_tuning_go(const aisle_tuning *t, aisle_error *err)
{
    int64_t begun = aisle_time_monotonic_ns();
    aisle_training training;
    aisle_holdout h = {0};
    aisle_tuning_run r = {.t = t};
    AISLE_TRY(understand(t, &r, err));
    aisle_status st = aisle_training_open(&training, t->command, t->options, err);
    r.start = training.params;
    if (st == AISLE_OK) st = split(t, &training, &r, &h, err);
    if (st == AISLE_OK) st = search(t, &training, &h, &r, err);
    r.found.best.user_core = training.params.user_core; /* were taken before the split */
    r.found.best.item_core = training.params.item_core;
    r.seconds = (double)(aisle_time_monotonic_ns() - begun) * 1e-9;
    if (st == AISLE_OK) st = finish(t, &r, err);
    aisle_tuned_deinit(&r.found);
    aisle_holdout_deinit(&h);
    aisle_training_close(&training);
    return st;
}
