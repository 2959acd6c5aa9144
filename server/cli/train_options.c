/* The table of training options, and the few that are small languages: --weight, --fields. */
#include "server/cli/train_options.h"

#include <string.h>

#include "aisle/str.h"

static const char *const solvers[] = {"auto", "pcg", "exact", "cg", "cholesky", NULL};
static const char *const schemes[] = {"tfidf", "bm25", NULL};

static void set_defaults(aisle_train_options *o)
{
    aisle_train_params p = aisle_train_params_default();
    *o = (aisle_train_options){.data = "data",
                               .solver = solvers[0],
                               .backend = "auto",
                               .scheme = schemes[0],
                               .language = "english",
                               .factors = p.factors,
                               .iterations = p.iterations,
                               .cg_steps = 0,
                               .devices = 1,
                               .seed = (int64_t)p.seed,
                               .similar = p.k_similar,
                               .content = p.k_content,
                               .ngram = 2,
                               .min_df = 2,
                               .unobserved = .01,
                               .regularization = .006,
                               .exponent = 1,
                               .init_scale = .1,
                               .rating_floor = 3,
                               .trending_days = p.trending_days,
                               .max_df = .5,
                               .k1 = 1.2,
                               .b = .75};
}

/* clang-format off */
void aisle_train_options_init(aisle_train_options *o, const aisle_option *own,
                              aisle_option table[AISLE_TRAIN_OPTION_ROWS])
{
    const aisle_option shared[] = {
        {"data", 'd', "DIR", AISLE_OPT_TEXT, &o->data, 0, 0, NULL, "data folder of the shop"},
        {"factors", 'f', "N", AISLE_OPT_INT, &o->factors, 0, AISLE_MAX_FACTORS, NULL, "factors of ALS; 0 = no ALS"},
        {"iterations", 'i', "N", AISLE_OPT_INT, &o->iterations, 1, 1000, NULL, "ALS iterations"},
        {"unobserved", 'a', "A0", AISLE_OPT_REAL, &o->unobserved, 1e-9, 1e3, NULL, "weight of every unobserved pair"},
        {"regularization", 'r', "R", AISLE_OPT_REAL, &o->regularization, 1e-9, 1e6, NULL, "penalty on large factors"},
        {"exponent", 0, "NU", AISLE_OPT_REAL, &o->exponent, 0, 1, NULL, "how it grows with a row's frequency"},
        {"solver", 0, "NAME", AISLE_OPT_CHOICE, &o->solver, 0, 0, solvers, "how a row is solved"},
        {"cg-steps", 0, "N", AISLE_OPT_INT, &o->cg_steps, 0, 100, NULL,
         "steps of --solver auto, pcg and cg; 0 = 2 of auto, 3 of the others"},
        {"init-scale", 0, "S", AISLE_OPT_REAL, &o->init_scale, 1e-6, 100, NULL, "size of the first item factors"},
        {"seed", 's', "N", AISLE_OPT_INT, &o->seed, 0, 9e15, NULL, "the same seed gives the same model"},
        {"threads", 't', "N", AISLE_OPT_INT, &o->threads, 0, 1024, NULL, "threads; 0 = all cores"},
        {"backend", 0, "NAME", AISLE_OPT_TEXT, &o->backend, 0, 0, NULL, "auto, cpu or cuda"},
        {"backend-dir", 0, "DIR", AISLE_OPT_TEXT, &o->backend_dir, 0, 0, NULL, "where back-end plug-ins are"},
        {"device", 0, "N", AISLE_OPT_INT, &o->device, 0, 1023, NULL, "the GPU to use, or the first of several; ignored by cpu"},
        {"devices", 0, "N", AISLE_OPT_INT, &o->devices, 1, 16, NULL, "GPUs that rows are split over; ignored by cpu"},
        {"memory", 0, "MIB", AISLE_OPT_INT, &o->memory, 0, 1e9, NULL, "memory that the back-end may take, of each GPU; 0 = all there is"},
        {"validation", 0, "SHARE", AISLE_OPT_REAL, &o->validation, 0, .5, NULL,
         "share of pairs held out to find the best iteration count; then trained again on all"},
        {"patience", 0, "N", AISLE_OPT_INT, &o->patience, 0, 1000, NULL,
         "end that search after N iterations without a better NDCG@20; 0 = never"},
        {"weight", 'w', "TYPE=W,...", AISLE_OPT_LIST, &o->weights, 0, 0, NULL, "weights of event types: view=.3,purchase=2"},
        {"binary", 0, NULL, AISLE_OPT_FLAG, &o->binary, 0, 0, NULL, "every pair weighs 1"},
        {"half-life", 0, "DAYS", AISLE_OPT_REAL, &o->half_life, 0, 1e6, NULL, "an event's weight halves so often; 0 = never"},
        {"now", 0, "TIME", AISLE_OPT_TEXT, &o->now, 0, 0, NULL, "age counts back from here instead of the newest event"},
        {"rating-floor", 0, "STARS", AISLE_OPT_REAL, &o->rating_floor, 0, 1e6, NULL, "ratings of fewer stars are left out"},
        {"user-core", 0, "N", AISLE_OPT_INT, &o->user_core, 0, 1e6, NULL, "leave out users with fewer items"},
        {"item-core", 0, "N", AISLE_OPT_INT, &o->item_core, 0, 1e6, NULL, "leave out items with fewer users"},
        {"similar", 0, "N", AISLE_OPT_INT, &o->similar, 0, 1000, NULL, "neighbours an item by interactions"},
        {"content", 0, "N", AISLE_OPT_INT, &o->content, 0, 1000, NULL, "neighbours an item by text"},
        {"trending-days", 0, "DAYS", AISLE_OPT_REAL, &o->trending_days, 1e-3, 3650, NULL, "the window of trending"},
        {"language", 0, "NAME", AISLE_OPT_TEXT, &o->language, 0, 0, NULL, "of product texts: a Snowball stemmer, or none"},
        {"ngram", 0, "N", AISLE_OPT_INT, &o->ngram, 1, 3, NULL, "terms of up to N adjacent words"},
        {"min-df", 0, "N", AISLE_OPT_INT, &o->min_df, 1, 1e6, NULL, "terms in fewer products are dropped"},
        {"max-df", 0, "SHARE", AISLE_OPT_REAL, &o->max_df, 1e-6, 1, NULL, "terms in a larger share of products are dropped"},
        {"text-scheme", 0, "NAME", AISLE_OPT_CHOICE, &o->scheme, 0, 0, schemes, "how terms are weighed"},
        {"bm25-k1", 0, "K1", AISLE_OPT_REAL, &o->k1, 1e-6, 100, NULL, "of --text-scheme bm25"},
        {"bm25-b", 0, "B", AISLE_OPT_REAL, &o->b, 1e-6, 1, NULL, "of --text-scheme bm25"},
        {"fields", 0, "FIELD=W,...", AISLE_OPT_TEXT, &o->field_weights, 0, 0, NULL,
         "weights of title, description, category, brand (default 3, 1, 2, 2)"},
        {"created", 0, "TIME", AISLE_OPT_TEXT, &o->created, 0, 0, NULL, "time written into the model instead of the present"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &o->json, 0, 0, NULL, "one JSON object a line on standard output"},
        {0},
    };
    int32_t n = 0;
    set_defaults(o);
    for (; own->name; own++) table[n++] = *own;
    memcpy(table + n, shared, sizeof shared);
}
/* clang-format on */

/* One NAME=VALUE of a comma-separated list; *rest moves past it. */
static aisle_status next_pair(const char *option, aisle_str *rest, aisle_str *name, double *value,
                              aisle_error *err)
{
    const char *comma = memchr(rest->ptr, ',', rest->len);
    aisle_str part = {rest->ptr, comma ? (size_t)(comma - rest->ptr) : rest->len};
    const char *equal = memchr(part.ptr, '=', part.len);
    *rest = comma ? (aisle_str){comma + 1, rest->len - part.len - 1} : (aisle_str){NULL, 0};
    if (equal) {
        *name = (aisle_str){part.ptr, (size_t)(equal - part.ptr)};
        aisle_str number = {equal + 1, part.len - name->len - 1};
        if (aisle_str_to_f64(number, value)) return AISLE_OK;
    }
    return aisle_fail(err, AISLE_EINVAL, "--%s %.*s: must be NAME=NUMBER, as in purchase=2", option,
                      (int)part.len, part.ptr);
}

static aisle_status read_weights(const aisle_strings *list, aisle_weights *w, aisle_error *err)
{
    for (int32_t i = 0; i < list->n; i++) {
        aisle_str rest = aisle_str_from(list->at[i]), name;
        while (rest.ptr) {
            double value;
            aisle_event_type type;
            AISLE_TRY(next_pair("weight", &rest, &name, &value, err));
            if (!aisle_event_type_parse(name, &type))
                return aisle_fail(err, AISLE_EINVAL, "--weight %.*s: not an event type", (int)name.len,
                                  name.ptr);
            if (!(value >= -1e6 && value <= 1e6))
                return aisle_fail(err, AISLE_EINVAL, "--weight %.*s=%g: must be -1e6 to 1e6", (int)name.len,
                                  name.ptr, value);
            w->weight[type] = (float)value;
        }
    }
    return AISLE_OK;
}

/* Fields that are not named weigh what they would anyhow; an all-zero set would mean the defaults. */
static aisle_status read_fields(const char *text, aisle_text_params *t, aisle_error *err)
{
    static const char *const names[] = {"title", "description", "category", "brand"};
    double w[4] = {3, 1, 2, 2};
    if (!text) return AISLE_OK;
    aisle_str rest = aisle_str_from(text), name;
    while (rest.ptr) {
        double value;
        int32_t f = 0;
        AISLE_TRY(next_pair("fields", &rest, &name, &value, err));
        while (f < 4 && !aisle_str_eq(name, aisle_str_from(names[f]))) f++;
        if (f == 4 || !(value >= 0 && value <= 100))
            return aisle_fail(err, AISLE_EINVAL,
                              "--fields %.*s=%g: title, description, category or brand, 0 to 100",
                              (int)name.len, name.ptr, value);
        w[f] = value;
    }
    if (w[0] + w[1] + w[2] + w[3] == 0)
        return aisle_fail(err, AISLE_EINVAL, "--fields %s: at least one field must weigh more than 0", text);
    t->title_weight = (float)w[0];
    t->description_weight = (float)w[1];
    t->category_weight = (float)w[2];
    t->brand_weight = (float)w[3];
    return AISLE_OK;
}

static aisle_status read_time(const char *option, const char *text, int64_t *ms, aisle_error *err)
{
    int64_t unused;
    if (!text || aisle_time_parse(aisle_str_from(text), ms ? ms : &unused)) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL, "--%s %s: must be a time as 2026-11-24T08:00:00Z", option, text);
}

aisle_status aisle_train_options_read(const aisle_train_options *o, aisle_train_params *out, aisle_error *err)
{
    aisle_train_params p = aisle_train_params_default();
    p.factors = (int32_t)o->factors;
    p.iterations = (int32_t)o->iterations;
    p.als = (aisle_als_params){.a0 = (float)o->unobserved,
                               .reg = (float)o->regularization,
                               .nu = (float)o->exponent,
                               .cg_steps = (int32_t)o->cg_steps};
    while (solvers[p.als.solver] != o->solver) p.als.solver++;
    p.init_scale = (float)o->init_scale;
    p.seed = (uint64_t)o->seed;
    p.validation = o->validation;
    p.patience = (int32_t)o->patience;
    p.k_similar = (int32_t)o->similar;
    p.k_content = (int32_t)o->content;
    p.user_core = (int32_t)o->user_core;
    p.item_core = (int32_t)o->item_core;
    p.trending_days = o->trending_days;
    p.created = o->created;
    p.weights.binary = o->binary;
    p.weights.half_life_days = o->half_life;
    p.weights.rating_floor = (float)o->rating_floor;
    p.text = (aisle_text_params){.language = o->language,
                                 .ngram = (int32_t)o->ngram,
                                 .min_df = (int32_t)o->min_df,
                                 .max_df = o->max_df,
                                 .scheme = o->scheme == schemes[1] ? AISLE_TEXT_BM25 : AISLE_TEXT_TFIDF,
                                 .k1 = o->k1,
                                 .b = o->b};
    AISLE_TRY(read_weights(&o->weights, &p.weights, err));
    AISLE_TRY(read_fields(o->field_weights, &p.text, err));
    AISLE_TRY(read_time("now", o->now, &p.weights.now_ms, err));
    AISLE_TRY(read_time("created", o->created, NULL, err));
    AISLE_TRY(aisle_train_params_check(&p, err));
    *out = p;
    return AISLE_OK;
}
