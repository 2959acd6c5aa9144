/* Training settings: defaults and ranges. */
#include <math.h>

#include "aisle/train.h"

aisle_train_params aisle_train_params_default(void)
{
    return (aisle_train_params){.factors = 64,
                                .iterations = 15,
                                .als = {.a0 = .01f, .reg = .006f, .nu = 1},
                                .init_scale = .1f,
                                .seed = 1,
                                .weights = aisle_weights_default(),
                                .k_similar = 50,
                                .k_content = 50,
                                .trending_days = 7,
                                .item_knn = {.k = 100, .alpha = .5, .power = 1},
                                .user_knn = {.k = 100, .alpha = .5, .power = 1},
                                .ease = {.reg = 250, .max_dense = 20000, .block = 200},
                                .stars = {.factors = 32, .iterations = 15, .reg = .1, .bias_reg = 5},
                                .hybrid = {.validation = .1, .fusion_k = 60, .cold_reg = 1, .few = 3}};
}

typedef struct range {
    const char *name;
    double value, low, high;
} range;

aisle_status aisle_train_params_check(const aisle_train_params *p, aisle_error *err)
{
    const range ranges[] = {
        {"factors", p->factors, 0, AISLE_MAX_FACTORS},
        {"iterations", p->iterations, 1, 1000},
        {"unobserved weight", (double)p->als.a0, 1e-9, 1e3},
        {"regularization", (double)p->als.reg, 1e-9, 1e6},
        {"exponent", (double)p->als.nu, 0, 1},
        {"solver", p->als.solver, AISLE_SOLVER_AUTO, AISLE_SOLVER_CHOLESKY},
        {"cg steps", p->als.cg_steps, 0, 100},
        {"init scale", (double)p->init_scale, 1e-6, 100},
        {"user core", p->user_core, 0, 1e6},
        {"item core", p->item_core, 0, 1e6},
        {"validation share", p->validation, 0, .5},
        {"patience", p->patience, 0, 1000},
        {"similar items", p->k_similar, 0, 1000},
        {"content items", p->k_content, 0, 1000},
        {"trending days", p->trending_days, 1e-3, 3650},
        {"neighbours of item-knn", p->item_knn.k, 1, 10000},
        {"shrink of item-knn", p->item_knn.shrink, 0, 1e6},
        {"alpha of item-knn", p->item_knn.alpha, 0, 1},
        {"damping of item-knn", p->item_knn.damping, 0, 2},
        {"power of item-knn", p->item_knn.power, 1e-3, 100},
        {"neighbours of user-knn", p->user_knn.k, 1, 10000},
        {"shrink of user-knn", p->user_knn.shrink, 0, 1e6},
        {"alpha of user-knn", p->user_knn.alpha, 0, 1},
        {"damping of user-knn", p->user_knn.damping, 0, 2},
        {"power of user-knn", p->user_knn.power, 1e-3, 100},
        {"regularization of ease", p->ease.reg, 1e-9, 1e9},
        {"dense items of ease", p->ease.max_dense, 0, 50000},
        {"block of ease", p->ease.block, 1, 2000},
        {"window of popular", p->popular.window_days, 0, 1e6},
        {"half-life of popular", p->popular.half_life_days, 0, 1e6},
        {"factors of stars", p->stars.factors, 0, 512},
        {"iterations of stars", p->stars.iterations, 1, 1000},
        {"regularization of stars", p->stars.reg, 1e-9, 1e6},
        {"bias regularization of stars", p->stars.bias_reg, 0, 1e6},
        {"validation share of hybrid", p->hybrid.validation, 1e-6, .5},
        {"k of fusion", p->hybrid.fusion_k, 0, 1e6},
        {"ridge of cold items", p->hybrid.cold_reg, 1e-9, 1e9},
        {"few of switch", p->hybrid.few, 0, 1e6},
        {"half-life days", p->weights.half_life_days, 0, 1e6},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value <= ranges[i].high)) /* NaN fails too */
            return aisle_fail(err, AISLE_EINVAL, "training: %s %g: must be %g to %g", ranges[i].name,
                              ranges[i].value, ranges[i].low, ranges[i].high);
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
