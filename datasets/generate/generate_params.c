/* Ranges of the generator's parameters. */
#include "aisle/generate.h"

static aisle_status check(const char *name, int64_t got, int64_t low, int64_t high, aisle_error *err)
{
    if (got >= low && got <= high) return AISLE_OK;
    return aisle_fail(err, AISLE_EINVAL, "%s %lld: must be %lld to %lld", name, (long long)got,
                      (long long)low, (long long)high);
}

aisle_status aisle_generate_check(const aisle_generate_params *p, aisle_error *err)
{
    AISLE_TRY(check("users", p->users, 1, 10000000, err));
    AISLE_TRY(check("items", p->items, 1, 1000000, err));
    AISLE_TRY(check("events", p->events, 1, 1000000000, err));
    AISLE_TRY(check("days", p->days, 0, 36500, err));
    /* years 1901 .. 2200, so that no sum of times overflows and every date has four digits */
    AISLE_TRY(check("start", p->start_ms, -2177452800000, 7258118400000, err));
    for (int i = 0; p->currency && i < 4; i++)
        if (i < 3 ? p->currency[i] < 'A' || p->currency[i] > 'Z' : p->currency[i] != '\0')
            return aisle_fail(err, AISLE_EINVAL, "currency %s: must be three capital letters, such as EUR",
                              p->currency);
    return AISLE_OK;
}
