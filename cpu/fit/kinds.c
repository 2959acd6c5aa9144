/* The table of kinds. A new kind of model is a new row here and a file beside it. */
#include "cpu/fit/fit_table.h"
#include "cpu/fit/fits.h"

static const aisle_fit_kind kinds[] = {
    {"als", "implicit ALS: factors of users and items", false, fit_als},
    {"item-knn", "items near those that the user took", false, fit_item_knn},
    {"user-knn", "what the nearest users took", false, fit_user_knn},
    {"ease", "EASE^R: linear weights of items for items", false, fit_ease},
    {"als-content", "ALS; new items by text, new users by demographic group", false, fit_cold_map},
    {"content", "items whose text is like what the user took", false, fit_content},
    {"demographic", "what people of the same age band, gender and country take", false, fit_demographic},
    {"popular", "what most users took, the same for everyone", false, fit_popular},
    {"trending", "what is taken more of late than before, the same for everyone", false, fit_trending},
    {"stars", "stars of explicit ratings: biases and factors", true, fit_stars},
    {"stars-bias", "stars of explicit ratings: biases of users and items alone", true, fit_stars_bias},
    {"hybrid", "a blend of others, weighed by what was best on held-out pairs", false, fit_hybrid},
    {"fusion", "others added up by reciprocal rank", false, fit_fusion},
    {"switch", "one part for new users, one for light ones, one for the rest", false, fit_switch},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

const aisle_fit_kind *aisle_fit_kind_at(int32_t i)
{
    return i >= 0 && i < N_KINDS ? &kinds[i] : NULL;
}

const aisle_fit_kind *aisle_fit_kind_find(aisle_str name)
{
    for (int32_t i = 0; i < N_KINDS; i++)
        if (aisle_str_eq(name, aisle_str_from(kinds[i].name))) return &kinds[i];
    return NULL;
}

static const struct {
    aisle_part_id id;
    fit_table_fn fit;
} tables[] = {
    {AISLE_PART_ALS, table_als},           {AISLE_PART_ALS_CONTENT, table_cold_map},
    {AISLE_PART_ITEM_KNN, table_item_knn}, {AISLE_PART_EASE, table_ease},
    {AISLE_PART_CONTENT, table_content},   {AISLE_PART_POPULAR, table_popular},
    {AISLE_PART_TRENDING, table_trending}, {AISLE_PART_DEMOGRAPHIC, table_demographic},
};

fit_table_fn fit_table_of(const aisle_fit_kind *kind, aisle_part_id *id)
{
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
        if (aisle_str_eq(aisle_str_from(kind->name), aisle_str_from(aisle_part_name(tables[k].id)))) {
            *id = tables[k].id;
            return tables[k].fit;
        }
    return NULL;
}
