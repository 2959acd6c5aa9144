/* The loader, with real shared objects: wrapped (cpu under another name, score 2), weak (usable nowhere),
 * stale (another ABI), liar (another name inside), and garbage (not a library). */
#include "tests/contract/contract.h"

#include <unistd.h>

static aisle_status find(const char *name, const char *folder, const aisle_backend_ops **ops, char *why,
                         char *message)
{
    aisle_error err = {0};
    aisle_status st = aisle_backend_find(name, folder, ops, why, 256, &err);
    strcpy(message, err.message);
    return st;
}

Test(plugin, auto_takes_the_highest_score_and_says_what_it_passed_over)
{
    const aisle_backend_ops *ops;
    char why[256], message[500];
    cr_assert(find("auto", CONTRACT_PLUGINS, &ops, why, message) == AISLE_OK);
    cr_assert_str_eq(ops->name, "wrapped");
    static const char *const facts[] = {"cpu: passed over", "garbage: cannot be loaded", "stale: has ABI",
                                        "liar: calls itself"};
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        cr_assert(strstr(why, facts[i]), "\"%s\" is not in \"%s\"", facts[i], why);
    cr_assert(aisle_backend_find("auto", CONTRACT_PLUGINS, &ops, NULL, 0, NULL) == AISLE_OK);
}

Test(plugin, auto_without_plugins_is_cpu)
{
    const aisle_backend_ops *ops;
    char why[256] = "x", message[500];
    cr_assert(find("auto", "/nonexistent", &ops, why, message) == AISLE_OK);
    cr_assert_str_eq(ops->name, "cpu");
    cr_assert_str_eq(why, "");
}

Test(plugin, a_named_back_end_is_never_replaced)
{
    const aisle_backend_ops *ops;
    char why[256], message[500];
    cr_assert(find("cpu", CONTRACT_PLUGINS, &ops, why, message) == AISLE_OK);
    cr_assert_str_eq(ops->name, "cpu");
    cr_assert(find("wrapped", CONTRACT_PLUGINS, &ops, why, message) == AISLE_OK);
    cr_assert_str_eq(ops->name, "wrapped");
    static const struct {
        const char *name, *says;
        aisle_status st;
    } bad[] = {{"stale", "ABI", AISLE_EUNSUPPORTED},
               {"garbage", "cannot be loaded", AISLE_EUNSUPPORTED},
               {"liar", "calls itself", AISLE_EUNSUPPORTED},
               {"weak", "not usable", AISLE_EUNSUPPORTED},
               {"none", "libaisle_backend_none.so", AISLE_ENOTFOUND},
               {"../plugins/libaisle_backend_wrapped", "no ", AISLE_ENOTFOUND}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert(find(bad[i].name, CONTRACT_PLUGINS, &ops, why, message) == bad[i].st, "%s: %s", bad[i].name,
                  message);
        cr_assert(strstr(message, bad[i].says), "%s: %s", bad[i].name, message);
        cr_assert_null(ops);
    }
}

Test(plugin, the_working_folder_is_not_searched)
{
    const aisle_backend_ops *ops;
    char why[256], message[500];
    cr_assert(chdir(CONTRACT_PLUGINS) == 0);
    cr_assert(find("wrapped", NULL, &ops, why, message) == AISLE_ENOTFOUND);
    cr_assert(find("wrapped", "/nonexistent", &ops, why, message) == AISLE_ENOTFOUND);
}

Test(plugin, back_ends_are_listed_cpu_first_and_then_by_name)
{
    cr_assert_str_eq(aisle_backend_at(CONTRACT_PLUGINS, 0)->name, "cpu");
    cr_assert_str_eq(aisle_backend_at(CONTRACT_PLUGINS, 1)->name, "weak");
    cr_assert_str_eq(aisle_backend_at(CONTRACT_PLUGINS, 2)->name, "wrapped");
    cr_assert_null(aisle_backend_at(CONTRACT_PLUGINS, 3));
    cr_assert_null(aisle_backend_at(CONTRACT_PLUGINS, -1));
}
