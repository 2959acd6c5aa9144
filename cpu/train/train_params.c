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
                                .trending_days = 7};
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
