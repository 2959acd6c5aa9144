/* The table of settings: every row is a field of its own, and what is printed reads back. */
#include "aisle/settings.h"

#include <criterion/criterion.h>
#include <math.h>

Test(settings, every_row_has_its_own_field_and_a_default_in_range)
{
    aisle_train_params p = aisle_train_params_default();
    cr_assert_eq(aisle_train_params_check(&p, NULL), AISLE_OK);
    for (int32_t i = 0; aisle_setting_at(i); i++) {
        const aisle_setting *s = aisle_setting_at(i);
        cr_assert_eq(aisle_setting_find(aisle_str_from(s->name)), s, "%s is there twice", s->name);
        for (int32_t j = 0; j < i; j++) cr_assert_neq(aisle_setting_at(j)->offset, s->offset, "%s", s->name);
        cr_assert((s->type == AISLE_SETTING_CHOICE) == (s->choices != NULL), "%s", s->name);
        if (s->search == AISLE_SEARCH_LOG) cr_assert_gt(s->from, 0, "%s", s->name);
        if (!s->choices && s->type != AISLE_SETTING_TEXT)
            cr_assert((s->low <= s->from && s->from < s->to && s->to <= s->high) || s->from == s->to, "%s",
                      s->name);
    }
    cr_assert_null(aisle_setting_find(AISLE_STR("nothing")));
    const aisle_setting *factors = aisle_setting_find(AISLE_STR("factors"));
    cr_assert(aisle_setting_is_of(factors, "als") && !aisle_setting_is_of(factors, "al") &&
              !aisle_setting_is_of(factors, "popular"));
    cr_assert(!aisle_setting_is_of(aisle_setting_find(AISLE_STR("binary")), "als"), "it is of the data");
}

Test(settings, what_is_printed_reads_back_as_the_same)
{
    aisle_train_params p = aisle_train_params_default();
    p.item_knn.shrink = 1. / 3;
    p.als.reg = 1e-9f; /* the least one, which is below 1e-9 as a float */
    p.weights.binary = true;
    p.als.solver = AISLE_SOLVER_CHOLESKY;
    p.seed = 9000000000000000;
    for (int32_t i = 0; aisle_setting_at(i); i++) {
        const aisle_setting *s = aisle_setting_at(i);
        aisle_train_params got = aisle_train_params_default();
        aisle_buf b = {0};
        aisle_error err = {0};
        if (s->type == AISLE_SETTING_TEXT) continue;
        cr_assert(aisle_setting_print(s, &p, &b));
        cr_assert_eq(aisle_setting_read(s, (aisle_str){b.data, (size_t)b.len}, &got, &err), AISLE_OK, "%s",
                     err.message);
        cr_assert_eq(aisle_setting_get(s, &got), aisle_setting_get(s, &p), "%s: %s", s->name, b.data);
        aisle_buf_deinit(&b);
    }
}

Test(settings, a_wrong_value_is_named_with_its_range)
{
    static const struct {
        const char *name, *value, *says;
    } wrong[] = {{"factors", "5000", "0 to 4096"},       {"factors", "1.5", "whole"},
                 {"ease-reg", "nan", "number"},          {"item-knn-similarity", "warm", "jaccard"},
                 {"binary", "perhaps", "true or false"}, {"exponent", "1.01", "0 to 1"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        aisle_train_params p = aisle_train_params_default();
        aisle_error err = {0};
        const aisle_setting *s = aisle_setting_find(aisle_str_from(wrong[i].name));
        cr_assert_eq(aisle_setting_read(s, aisle_str_from(wrong[i].value), &p, &err), AISLE_EINVAL);
        cr_assert(strstr(err.message, wrong[i].name) && strstr(err.message, wrong[i].says), "%s",
                  err.message);
    }
}
