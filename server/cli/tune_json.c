/* A search as one JSON object, which is also what its page shows. */
#include <math.h>
#include <string.h>

#include "server/cli/evaluation_print.h"
#include "server/cli/tuning.h"

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

/* What was drawn for a trial. */
static json_t *drawn_json(const aisle_tuning_run *run, const aisle_train_params *p)
{
    json_t *o = json_object();
    for (int32_t i = 0; i < run->n_ranges; i++)
        json_object_set_new(o, run->ranges[i].setting->name, aisle_setting_json(run->ranges[i].setting, p));
    return o;
}

json_t *aisle_tuning_look_json(const aisle_tuning_run *run, const aisle_tune_look *look)
{
    aisle_train_params p;
    aisle_tune_trial(&run->search, look->trial, &p);
    return json_pack("{s:s, s:i, s:i, s:b, s:o, s:f, s:o}", "event", "trial", "trial", look->trial, "rung",
                     look->rung, "full", look->rung == run->search.rungs - 1, "value", number(look->value),
                     "seconds", look->seconds, "settings", drawn_json(run, &p));
}

static json_t *range_json(const aisle_tune_range *r)
{
    json_t *o = json_pack("{s:s, s:f, s:f, s:b}", "setting", r->setting->name, "from", r->from, "to", r->to,
                          "log", r->log);
    if (o && r->setting->choices) {
        json_t *words = json_array();
        for (int32_t i = 0; r->setting->choices[i]; i++)
            json_array_append_new(words, json_string(r->setting->choices[i]));
        json_object_set_new(o, "choices", words);
    }
    return o;
}

json_t *aisle_tuning_json(const aisle_tuning_run *run)
{
    const aisle_tuning *t = run->t;
    const aisle_tuned *f = &run->found;
    json_t *ranges = json_array(), *looks = json_array();
    for (int32_t i = 0; i < run->n_ranges; i++) json_array_append_new(ranges, range_json(&run->ranges[i]));
    for (int64_t i = 0; i < f->n_looks; i++) {
        json_t *look = aisle_tuning_look_json(run, &f->looks[i]);
        json_object_del(look, "event");
        json_array_append_new(looks, look);
    }
    return json_pack("{s:s, s:s, s:s, s:i, s:b, s:s, s:s, s:f, s:I, s:I, s:b, s:f, s:{s:i, s:i, s:I, s:I}, "
                     "s:{s:i, s:b, s:f, "
                     "s:o}, s:o, s:o}",
                     "event", "done", "model", t->model, "metric", aisle_evaluated_metric(run->metric), "k",
                     run->k, "less", run->search.less, "split", t->split ? t->split : "none", "inner",
                     run->inner, "inner_fraction", t->inner_fraction, "trials", (json_int_t)t->trials, "seed",
                     (json_int_t)run->start.seed, "complete", f->complete, "seconds", run->seconds, "data",
                     "users", run->n_users, "items", run->n_items, "train_pairs", (json_int_t)run->n_train,
                     "validation_pairs", (json_int_t)run->n_held, "best", "trial", f->look.trial, "full",
                     f->look.rung == run->search.rungs - 1, "value", f->look.value, "settings",
                     drawn_json(run, &f->best), "ranges", ranges, "looks", looks);
}
