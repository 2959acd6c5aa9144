/* The table of settings, their defaults, and reading and writing one of them. A new setting is a field of its struct, a
 * default, and a row here. */
#include "aisle/settings.h"

#include <math.h>
#include <string.h>

static const char *const solvers[] = {"auto", "pcg", "exact", "cg", "cholesky", NULL};
static const char *const schemes[] = {"tfidf", "bm25", NULL};
static const char *const models[] = {"auto", "als", "hybrid", NULL};
static const char *const quantizes[] = {"auto", "f32", "f16", "int8", NULL};
static const char *const similarities[] = {"cosine", "jaccard", "tfidf", "bm25", "asymmetric", NULL};

aisle_train_params aisle_train_params_default(void)
{
    return (aisle_train_params){
        .factors = 64,
        .iterations = 15,
        .als = {.nu = 1},
        .init_scale = .1f,
        .seed = 1,
        .weights = aisle_weights_default(),
        .k_similar = 50,
        .k_content = 50,
        .k_complements = 50,
        .text = {.language = "english", .ngram = 2, .min_df = 2, .max_df = .5, .k1 = 1.2, .b = .75},
        .trending_days = 7,
        .item_knn = {AISLE_SIMILARITY_ASYMMETRIC, .k = 200, .shrink = 10, .alpha = .6, .damping = .5,
                     .power = 1},
        .user_knn = {AISLE_SIMILARITY_ASYMMETRIC, .k = 200, .alpha = .6, .damping = .5, .power = 1.5},
        .ease = {.reg = 100, .max_dense = 20000, .block = 200},
        .stars = {.factors = 32, .iterations = 15, .reg = .05, .prior = 150, .bias_reg = 3},
        .hybrid = {.validation = .1, .fusion_k = 60, .cold_reg = 1, .few = 3}};
}

/* Where a field is and what it is, so that a row cannot get either wrong. Enums are unsigned. */
#define FIELD(field)                                                                                         \
    offsetof(aisle_train_params, field), _Generic(((aisle_train_params *)0)->field,                          \
                                                  int32_t: AISLE_SETTING_I32,                                \
                                                  uint64_t: AISLE_SETTING_U64,                               \
                                                  float: AISLE_SETTING_F32,                                  \
                                                  double: AISLE_SETTING_F64,                                 \
                                                  bool: AISLE_SETTING_FLAG,                                  \
                                                  const char *: AISLE_SETTING_TEXT,                          \
                                                  unsigned: AISLE_SETTING_CHOICE)
#define NOT_SEARCHED     AISLE_SEARCH_NONE, 0, 0
#define LINEAR(from, to) AISLE_SEARCH_LINEAR, from, to
#define LOG(from, to)    AISLE_SEARCH_LOG, from, to
#define BUDGET           AISLE_SEARCH_BUDGET, 0, 0
#define ANY              AISLE_SEARCH_LINEAR, 0, 0
#define ALL              NULL, false
#define MADE(kind)       kind, false
#define FIT(kind)        kind, true

/* clang-format off */
static const aisle_setting settings[] = {
    {"model", 'm', "NAME", ALL, FIELD(model), 0, 0, models, NOT_SEARCHED, "ALS alone, or the best blend of it with others (see --hybrid-parts); auto = hybrid up to 10000 products"},
    {"factors", 'f', "N", MADE("als,als-content"), FIELD(factors), 0, AISLE_MAX_FACTORS, NULL, LOG(16, 256), "factors of ALS; 0 = no ALS"},
    {"iterations", 'i', "N", MADE("als,als-content"), FIELD(iterations), 1, 1000, NULL, BUDGET, "ALS iterations"},
    {"unobserved", 'a', "A0", MADE("als,als-content"), FIELD(als.a0), 0, 1e3, NULL, LOG(.001, 3), "weight of every unobserved pair; 0 = by the data"},
    {"regularization", 'r', "R", MADE("als,als-content"), FIELD(als.reg), 0, 1e6, NULL, LOG(.0005, .1), "penalty on large factors; 0 = by the data"},
    {"exponent", 0, "NU", MADE("als,als-content"), FIELD(als.nu), 0, 1, NULL, LINEAR(0, 1), "how it grows with a row's frequency"},
    {"item-damping", 0, "D", MADE("als,als-content"), FIELD(item_damping), 0, 1, NULL, LINEAR(0, .6), "an item of n users counts n^-D"},
    {"solver", 0, "NAME", MADE("als,als-content"), FIELD(als.solver), 0, 0, solvers, NOT_SEARCHED, "how a row is solved"},
    {"cg-steps", 0, "N", MADE("als,als-content"), FIELD(als.cg_steps), 0, 100, NULL, NOT_SEARCHED,
     "steps of --solver auto, pcg and cg; 0 = 2 of auto, 3 of the others"},
    {"init-scale", 0, "S", MADE("als,als-content"), FIELD(init_scale), 1e-6, 100, NULL, NOT_SEARCHED, "size of the first item factors"},
    {"seed", 's', "N", ALL, FIELD(seed), 0, 9e15, NULL, NOT_SEARCHED, "the same seed gives the same model"},
    {"validation", 0, "SHARE", MADE("als,als-content"), FIELD(validation), 0, .5, NULL, NOT_SEARCHED,
     "share of pairs held out to find the best iteration count; then trained again on all"},
    {"patience", 0, "N", MADE("als,als-content"), FIELD(patience), 0, 1000, NULL, NOT_SEARCHED,
     "end that search after N iterations without a better NDCG@20; 0 = never"},
    {"binary", 0, NULL, ALL, FIELD(weights.binary), 0, 1, NULL, NOT_SEARCHED, "every pair weighs 1"},
    {"half-life", 0, "DAYS", ALL, FIELD(weights.half_life_days), 0, 1e6, NULL, NOT_SEARCHED,
     "an event's weight halves so often; 0 = never"},
    {"rating-floor", 0, "STARS", ALL, FIELD(weights.rating_floor), 0, 1e6, NULL, NOT_SEARCHED, "ratings of fewer stars are left out"},
    {"user-core", 0, "N", ALL, FIELD(user_core), 0, 1e6, NULL, NOT_SEARCHED, "leave out users with fewer items"},
    {"item-core", 0, "N", ALL, FIELD(item_core), 0, 1e6, NULL, NOT_SEARCHED, "leave out items with fewer users"},
    {"similar", 0, "N", ALL, FIELD(k_similar), 0, 1000, NULL, NOT_SEARCHED, "neighbours an item by interactions"},
    {"content", 0, "N", ALL, FIELD(k_content), 0, 1000, NULL, NOT_SEARCHED, "neighbours an item by text"},
    {"quantize", 0, "NAME", ALL, FIELD(quantize), 0, 0, quantizes, NOT_SEARCHED,
     "int8: also codes of the items, for faster answers, the same; f16: users' factors halved, rounded; auto: by size"},
    {"complements", 0, "N", ALL, FIELD(k_complements), 0, 1000, NULL, NOT_SEARCHED, "products bought with an item"},
    {"trending-days", 0, "DAYS", MADE("trending"), FIELD(trending_days), 1e-3, 3650, NULL, LOG(1, 90), "the window of trending"},
    {"language", 0, "NAME", MADE("content,als-content"), FIELD(text.language), 0, 0, NULL, NOT_SEARCHED,
     "of product texts: a Snowball stemmer, or none"},
    {"ngram", 0, "N", MADE("content,als-content"), FIELD(text.ngram), 1, 3, NULL, LINEAR(1, 3), "terms of up to N adjacent words"},
    {"min-df", 0, "N", MADE("content,als-content"), FIELD(text.min_df), 1, 1e6, NULL, LOG(1, 20), "terms in fewer products are dropped"},
    {"max-df", 0, "SHARE", MADE("content,als-content"), FIELD(text.max_df), 1e-6, 1, NULL, LOG(.05, 1), "terms in a larger share of products are dropped"},
    {"text-scheme", 0, "NAME", MADE("content,als-content"), FIELD(text.scheme), 0, 0, schemes, ANY, "how terms are weighed"},
    {"bm25-k1", 0, "K1", MADE("content,als-content"), FIELD(text.k1), 1e-6, 100, NULL, LINEAR(.5, 3), "of --text-scheme bm25"},
    {"bm25-b", 0, "B", MADE("content,als-content"), FIELD(text.b), 1e-6, 1, NULL, LINEAR(.1, 1), "of --text-scheme bm25"},
    {"item-knn-k", 0, "N", MADE("item-knn"), FIELD(item_knn.k), 1, 10000, NULL, LOG(10, 1000), "neighbours kept of each item"},
    {"item-knn-similarity", 0, "NAME", MADE("item-knn"), FIELD(item_knn.similarity), 0, 0, similarities, ANY, "how items are compared"},
    {"item-knn-shrink", 0, "X", MADE("item-knn"), FIELD(item_knn.shrink), 0, 1e6, NULL, LINEAR(0, 100), "added to the denominator"},
    {"item-knn-alpha", 0, "A", MADE("item-knn"), FIELD(item_knn.alpha), 0, 1, NULL, LINEAR(0, 1), "of asymmetric: 1 = the known item's length alone"},
    {"item-knn-damping", 0, "D", MADE("item-knn"), FIELD(item_knn.damping), 0, 2, NULL, LINEAR(0, 1), "a user of n items counts n^-D"},
    {"item-knn-power", 0, "P", MADE("item-knn"), FIELD(item_knn.power), 1e-3, 100, NULL, LINEAR(.5, 3), "similarities are raised to it"},
    {"user-knn-k", 0, "N", FIT("user-knn"), FIELD(user_knn.k), 1, 10000, NULL, LOG(10, 1000), "neighbours kept of each user"},
    {"user-knn-similarity", 0, "NAME", FIT("user-knn"), FIELD(user_knn.similarity), 0, 0, similarities, ANY, "how users are compared"},
    {"user-knn-shrink", 0, "X", FIT("user-knn"), FIELD(user_knn.shrink), 0, 1e6, NULL, LINEAR(0, 100), "added to the denominator"},
    {"user-knn-alpha", 0, "A", FIT("user-knn"), FIELD(user_knn.alpha), 0, 1, NULL, LINEAR(0, 1), "of asymmetric: 1 = the neighbour's length alone"},
    {"user-knn-damping", 0, "D", FIT("user-knn"), FIELD(user_knn.damping), 0, 2, NULL, LINEAR(0, 1), "an item of n users counts n^-D"},
    {"user-knn-power", 0, "P", FIT("user-knn"), FIELD(user_knn.power), 1e-3, 100, NULL, LINEAR(.5, 3), "similarities are raised to it"},
    {"ease-reg", 0, "L", MADE("ease"), FIELD(ease.reg), 1e-9, 1e9, NULL, LOG(1, 5000), "penalty on item weights"},
    {"ease-max-dense", 0, "N", MADE("ease"), FIELD(ease.max_dense), 0, 50000, NULL, NOT_SEARCHED, "items up to which the inverse is dense"},
    {"ease-block", 0, "N", MADE("ease"), FIELD(ease.block), 1, 2000, NULL, NOT_SEARCHED, "items of a neighbourhood above that"},
    {"ease-keep", 0, "N", MADE("ease"), FIELD(ease.keep), 0, 50000, NULL, NOT_SEARCHED, "an item's largest weights that are kept of the dense inverse; 0 = all, in hybrids 500"},
    {"popular-window", 0, "DAYS", MADE("popular"), FIELD(popular.window_days), 0, 1e6, NULL, LINEAR(0, 365), "older events count nothing; 0 = all count"},
    {"popular-half-life", 0, "DAYS", MADE("popular"), FIELD(popular.half_life_days), 0, 1e6, NULL, LINEAR(0, 365), "an event counts half after so long; 0 = no decay"},
    {"stars-factors", 0, "N", FIT("stars"), FIELD(stars.factors), 0, 512, NULL, LOG(4, 128), "factors of explicit ratings; 0 = biases only"},
    {"stars-iterations", 0, "N", FIT("stars"), FIELD(stars.iterations), 1, 1000, NULL, BUDGET, "iterations of explicit ratings"},
    {"stars-reg", 0, "R", FIT("stars"), FIELD(stars.reg), 1e-9, 1e6, NULL, LOG(.01, 1), "penalty on their factors, times a row's ratings"},
    {"stars-prior", 0, "N", FIT("stars"), FIELD(stars.prior), 0, 1e6, NULL, LINEAR(0, 300), "ratings' worth of penalty that every row has"},
    {"stars-bias-reg", 0, "B", FIT("stars,stars-bias"), FIELD(stars.bias_reg), 0, 1e6, NULL, LINEAR(0, 25), "ratings' worth of shrinkage of biases"},
    {"hybrid-parts", 0, "LIST", MADE("hybrid,fusion,switch"), FIELD(hybrid.parts), 0, 0, NULL, NOT_SEARCHED, "kinds to combine, as als,content"},
    {"hybrid-validation", 0, "SHARE", MADE("hybrid"), FIELD(hybrid.validation), 1e-6, .5, NULL, NOT_SEARCHED, "of pairs that the weights are learned on"},
    {"hybrid-fusion-k", 0, "K", FIT("fusion"), FIELD(hybrid.fusion_k), 0, 1e6, NULL, LOG(1, 200), "of fusion: a rank counts 1 / (K + rank)"},
    {"hybrid-cold-reg", 0, "R", MADE("als-content"), FIELD(hybrid.cold_reg), 1e-9, 1e9, NULL, LOG(.01, 100), "penalty of the map from texts to factors"},
    {"hybrid-few", 0, "N", MADE("hybrid,switch"), FIELD(hybrid.few), 0, 1e6, NULL, LINEAR(0, 20), "of switch: users with fewer items are new"},
};
/* clang-format on */
enum { N_SETTINGS = sizeof settings / sizeof *settings };

const aisle_setting *aisle_setting_at(int32_t i)
{
    return i >= 0 && i < N_SETTINGS ? &settings[i] : NULL;
}

const aisle_setting *aisle_setting_find(aisle_str name)
{
    for (int32_t i = 0; i < N_SETTINGS; i++)
        if (aisle_str_eq(name, aisle_str_from(settings[i].name))) return &settings[i];
    return NULL;
}

bool aisle_setting_is_of(const aisle_setting *s, const char *kind)
{
    size_t n = strlen(kind);
    for (const char *at = s->kinds; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, kind, n) == 0 && (at[n] == ',' || at[n] == '\0')) return true;
    }
    return false;
}

double aisle_setting_get(const aisle_setting *s, const aisle_train_params *p)
{
    const void *at = (const char *)p + s->offset;
    switch (s->type) {
    case AISLE_SETTING_I32: return *(const int32_t *)at;
    case AISLE_SETTING_U64: return (double)*(const uint64_t *)at;
    case AISLE_SETTING_F32: return (double)*(const float *)at;
    case AISLE_SETTING_F64: return *(const double *)at;
    case AISLE_SETTING_CHOICE: return *(const unsigned *)at;
    case AISLE_SETTING_FLAG: return *(const bool *)at;
    case AISLE_SETTING_TEXT: break;
    }
    return 0;
}

void aisle_setting_set(const aisle_setting *s, aisle_train_params *p, double value)
{
    void *at = (char *)p + s->offset;
    switch (s->type) {
    case AISLE_SETTING_I32: *(int32_t *)at = (int32_t)llround(value); break;
    case AISLE_SETTING_U64: *(uint64_t *)at = (uint64_t)llround(value); break;
    case AISLE_SETTING_F32: *(float *)at = (float)value; break;
    case AISLE_SETTING_F64: *(double *)at = value; break;
    case AISLE_SETTING_CHOICE: *(unsigned *)at = (unsigned)llround(value); break;
    case AISLE_SETTING_FLAG: *(bool *)at = value >= .5; break;
    case AISLE_SETTING_TEXT: break;
    }
}

const char *aisle_setting_text(const aisle_setting *s, const aisle_train_params *p)
{
    return *(const char *const *)(const void *)((const char *)p + s->offset);
}

void aisle_setting_set_text(const aisle_setting *s, aisle_train_params *p, const char *text)
{
    *(const char **)(void *)((char *)p + s->offset) = text;
}

/* The shortest of %.6g .. that reads back as the same number. */
static bool print_number(const aisle_setting *s, double v, aisle_buf *out)
{
    char text[40];
    double back;
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (aisle_str_to_f64(aisle_str_from(text), &back) &&
            (s->type == AISLE_SETTING_F32 ? (float)back == (float)v : back == v))
            break;
    }
    return aisle_buf_printf(out, "%s", text);
}

bool aisle_setting_print(const aisle_setting *s, const aisle_train_params *p, aisle_buf *out)
{
    double v = aisle_setting_get(s, p);
    switch (s->type) {
    case AISLE_SETTING_I32:
    case AISLE_SETTING_U64: return aisle_buf_printf(out, "%.0f", v);
    case AISLE_SETTING_CHOICE: return aisle_buf_printf(out, "%s", s->choices[(int)v]);
    case AISLE_SETTING_FLAG: return aisle_buf_printf(out, "%s", v > 0 ? "true" : "false");
    case AISLE_SETTING_TEXT: {
        const char *text = aisle_setting_text(s, p);
        return !text || aisle_buf_printf(out, "%s", text);
    }
    default: return print_number(s, v, out);
    }
}

/* A float's bounds are floats: the smallest one is read as the number just beside it. */
static bool is_within(const aisle_setting *s, double v)
{
    if (s->type == AISLE_SETTING_F32) return (float)v >= (float)s->low && (float)v <= (float)s->high;
    return v >= s->low && v <= s->high; /* NaN: false */
}

static aisle_status out_of_range(const aisle_setting *s, double v, aisle_error *err)
{
    return aisle_fail(err, AISLE_EINVAL, "%s %g: must be %.15g to %.15g", s->name, v, s->low, s->high);
}

static aisle_status read_choice(const aisle_setting *s, aisle_str text, aisle_train_params *p,
                                aisle_error *err)
{
    char known[160] = "";
    for (int32_t i = 0; s->choices[i]; i++) {
        size_t n = strlen(known);
        if (aisle_str_eq(text, aisle_str_from(s->choices[i]))) {
            aisle_setting_set(s, p, i);
            return AISLE_OK;
        }
        snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", s->choices[i]);
    }
    return aisle_fail(err, AISLE_EINVAL, "%s %.*s: must be one of %s", s->name, (int)text.len, text.ptr,
                      known);
}

aisle_status aisle_setting_read(const aisle_setting *s, aisle_str text, aisle_train_params *p,
                                aisle_error *err)
{
    double v;
    int64_t whole;
    bool is_whole = s->type == AISLE_SETTING_I32 || s->type == AISLE_SETTING_U64;
    if (s->type == AISLE_SETTING_CHOICE) return read_choice(s, text, p, err);
    if (s->type == AISLE_SETTING_FLAG) {
        bool yes = aisle_str_eq(text, AISLE_STR("true"));
        if (!yes && !aisle_str_eq(text, AISLE_STR("false")))
            return aisle_fail(err, AISLE_EINVAL, "%s %.*s: must be true or false", s->name, (int)text.len,
                              text.ptr);
        aisle_setting_set(s, p, yes);
        return AISLE_OK;
    }
    if (is_whole ? !aisle_str_to_i64(text, &whole) : !aisle_str_to_f64(text, &v))
        return aisle_fail(err, AISLE_EINVAL, "%s %.*s: not a %s", s->name, (int)text.len, text.ptr,
                          is_whole ? "whole number" : "number");
    if (is_whole) v = (double)whole;
    if (!is_within(s, v)) return out_of_range(s, v, err);
    aisle_setting_set(s, p, v);
    return AISLE_OK;
}

/* Zeros of a text setting are its defaults (text.h). */
static bool is_default_text(const aisle_setting *s, double v)
{
    return v == 0 && s->offset >= offsetof(aisle_train_params, text) &&
           s->offset < offsetof(aisle_train_params, text) + sizeof(aisle_text_params);
}

static aisle_status check_setting(const aisle_setting *s, const aisle_train_params *p, aisle_error *err)
{
    double v = aisle_setting_get(s, p), n = 0;
    aisle_error why;
    if (s->type == AISLE_SETTING_TEXT || s->type == AISLE_SETTING_FLAG) return AISLE_OK;
    if (s->type != AISLE_SETTING_CHOICE) {
        if (is_within(s, v) || is_default_text(s, v)) return AISLE_OK;
        out_of_range(s, v, &why);
        return aisle_fail(err, AISLE_EINVAL, "training: %s", why.message);
    }
    while (s->choices[(int)n]) n++;
    return v < n ? AISLE_OK
                 : aisle_fail(err, AISLE_EINVAL, "training: %s %g: must be 0 to %g", s->name, v, n - 1);
}

aisle_status aisle_train_params_check(const aisle_train_params *p, aisle_error *err)
{
    for (int32_t i = 0; i < N_SETTINGS; i++) AISLE_TRY(check_setting(&settings[i], p, err));
    if (p->patience > 0 && p->validation <= 0)
        return aisle_fail(err, AISLE_EINVAL, "training: patience %d needs a validation share above 0",
                          p->patience);
    if (p->resume && !p->checkpoint)
        return aisle_fail(err, AISLE_EINVAL, "training: resume needs the checkpoint file to go on from");
    for (int t = 0; t < AISLE_EVENT_TYPES; t++)
        if (!isfinite(p->weights.weight[t]) || fabsf(p->weights.weight[t]) > 1e6f)
            return aisle_fail(err, AISLE_EINVAL, "training: weight of %s %g: must be -1e6 to 1e6",
                              aisle_event_type_name((aisle_event_type)t), (double)p->weights.weight[t]);
    return AISLE_OK;
}
