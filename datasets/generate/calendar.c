/* When people shop: days of the week, the weeks before Christmas, hours of the day, seasons of goods. */
#include "aisle/memory.h"
#include "datasets/generate/catalogue.h"

static const int64_t DAY_MS = 86400000, HOUR_MS = 3600000;

/* Mon .. Sun, and hours 0 .. 23: parts of a hundred and of a thousand */
static const uint8_t by_weekday[7] = {14, 13, 13, 13, 14, 15, 18};
static const uint8_t by_hour[24] = {12, 6,  4,  3,  3,  6,  15, 28, 40, 48, 52, 54,
                                    58, 55, 50, 48, 50, 54, 62, 75, 92, 90, 62, 33};

static int64_t day_of(int64_t ms)
{
    return ms >= 0 ? ms / DAY_MS : -((DAY_MS - 1 - ms) / DAY_MS);
}

/* 0 .. 364; leap days make it slip by a day in four years, which no season minds */
static int32_t day_of_year(int64_t day)
{
    int64_t since = (day * 4 % 1461 + 1461) % 1461; /* quarter days in a year of 365.25 days */
    return (int32_t)(since / 4 % 365);
}

static double weight_of_day(int64_t day)
{
    int32_t of_year = day_of_year(day),
            weekday = (int32_t)(((day + 3) % 7 + 7) % 7); /* 1970-01-01: Thursday */
    double rush = of_year >= 326 && of_year < 355 ? 1.7 : of_year >= 180 && of_year < 230 ? .85 : 1;
    return by_weekday[weekday] * rush;
}

/* Running shares of total, the last one UINT32_MAX. */
static uint32_t share(double part, double total)
{
    double x = part / total * 0x1p32;
    return x >= (double)UINT32_MAX ? UINT32_MAX : (uint32_t)x;
}

aisle_status gen_calendar_init(gen_shop *s, aisle_error *err)
{
    double sum = 0, total = 0, hours = 0, sum_hours = 0;
    int64_t first = day_of(s->p.start_ms);
    s->day_end = aisle_array(s->p.days, sizeof *s->day_end);
    if (!s->day_end) return aisle_fail(err, AISLE_ENOMEM, "out of memory for %d days", s->p.days);
    for (int32_t d = 0; d < s->p.days; d++) total += weight_of_day(first + d);
    for (int32_t d = 0; d < s->p.days; d++) s->day_end[d] = share(sum += weight_of_day(first + d), total);
    for (int32_t h = 0; h < 24; h++) hours += by_hour[h];
    for (int32_t h = 0; h < 24; h++) s->hour_end[h] = share(sum_hours += by_hour[h], hours);
    s->day_end[s->p.days - 1] = s->hour_end[23] = UINT32_MAX;
    return AISLE_OK;
}

/* Finds the part of x among running shares; *x becomes the place within the part, in [0, 1). */
static int32_t find_part(const uint32_t *end, int32_t n, double *x)
{
    int32_t low = 0, high = n - 1;
    double at = *x * (double)UINT32_MAX;
    while (low < high) {
        int32_t mid = (low + high) / 2;
        if (at < (double)end[mid])
            high = mid;
        else
            low = mid + 1;
    }
    double from = low ? (double)end[low - 1] : 0, width = (double)end[low] - from;
    *x = width > 0 ? (at - from) / width : 0;
    return low;
}

int64_t gen_shop_moment(const gen_shop *s, double x)
{
    int64_t day = find_part(s->day_end, s->p.days, &x);
    int64_t hour = find_part(s->hour_end, 24, &x);
    return s->p.start_ms + day * DAY_MS + hour * HOUR_MS + (int64_t)(x * (double)HOUR_MS);
}

double gen_shop_season(int32_t leaf, int64_t at_ms)
{
    int32_t peak = gen_leaves[leaf].peak_day;
    if (peak == 0) return .6;
    int32_t apart = day_of_year(day_of(at_ms)) - peak;
    if (apart < 0) apart = -apart;
    if (apart > 182) apart = 365 - apart;
    return apart < 60 ? 1 - apart / 100. : .4; /* a tent of four months over a floor */
}
