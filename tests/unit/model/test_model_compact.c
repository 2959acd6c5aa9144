/* A model with a compact table, and with users' factors in 16 bits. */
#include <criterion/criterion.h>
#include <math.h>

#include "cpu/model/half.h"
#include "tests/unit/model/small_model.h"

static small_model s;
static aisle_compact table;

static void set_up(void)
{
    small_model_init(&s);
    cr_assert_eq(aisle_compact_init(&s.parts.items, &table, NULL), AISLE_OK);
    s.parts.compact = &table;
}

static void tear_down(void)
{
    aisle_compact_deinit(&table);
}

TestSuite(model_compact, .init = set_up, .fini = tear_down);

static aisle_model *written(const char *path)
{
    aisle_error err = {0};
    aisle_model *m = NULL;
    cr_assert_eq(aisle_model_write(path, &s.parts, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK, "%s", err.message);
    return m;
}

static void assert_table(const aisle_compact *t)
{
    const size_t n = AISLE_COMPACT_TILE * sizeof(float);
    cr_assert(t && !t->owned && t->n_rows == SMALL_ITEMS && t->n_factors == SMALL_F && t->n_tiles == 1);
    cr_assert_arr_eq(t->ids, table.ids, n);
    cr_assert_arr_eq(t->codes, table.codes, (size_t)table.groups * 4 * AISLE_COMPACT_TILE);
    cr_assert_arr_eq(t->scale, table.scale, n);
    cr_assert_arr_eq(t->norm, table.norm, n);
    cr_assert_arr_eq(t->error, table.error, n);
    cr_assert_eq(aisle_compact_error(t), aisle_compact_error(&table));
}

Test(model_compact, the_table_is_read_back)
{
    aisle_model *m = written(temp_path("c.aisle"));
    assert_table(aisle_model_compact(m));
    aisle_model_unref(m);
    s.parts.compact = NULL;
    m = written(temp_path("c.aisle"));
    cr_assert_null(aisle_model_compact(m));
    aisle_model_unref(m);
}

Test(model_compact, users_in_16_bits_come_back_rounded)
{
    for (int i = 0; i < SMALL_USERS * SMALL_F; i++) s.users[i] /= 3;
    s.parts.half_users = true;
    aisle_model *m = written(temp_path("h.aisle"));
    aisle_mat all;
    float row[SMALL_F];
    cr_assert_null(aisle_model_users(m).data);
    cr_assert_eq(aisle_model_users(m).n_cols, SMALL_F);
    cr_assert_eq(aisle_model_users_dup(m, &all, NULL), AISLE_OK);
    for (int u = 0; u < SMALL_USERS; u++) {
        aisle_model_user_factors(m, u, row);
        cr_assert_arr_eq(row, aisle_mat_row(&all, u), sizeof row);
        for (int k = 0; k < SMALL_F; k++) {
            double v = (double)s.users[u * SMALL_F + k];
            cr_assert_leq(fabs((double)row[k] - v), fmax(fabs(v) * 0x1p-11, 0x1p-25));
        }
    }
    aisle_mat_deinit(&all);
    aisle_model_unref(m);
}

Test(model_compact, what_does_not_fit_is_refused)
{
    aisle_error err = {0};
    s.users[9] = 65520;
    s.parts.half_users = true;
    cr_assert_eq(aisle_model_write(temp_path("n.aisle"), &s.parts, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "65520") && strstr(err.message, "user 1"), "%s", err.message);
    s.users[9] = 65519;
    aisle_model_unref(written(temp_path("n.aisle")));
    table.n_rows--;
    cr_assert_eq(aisle_model_write(temp_path("n.aisle"), &s.parts, &err), AISLE_EINVAL);
    table.n_rows++;
    s.items[3] *= 4; /* the table is of other rows */
    cr_assert_eq(aisle_model_write(temp_path("n.aisle"), &s.parts, &err), AISLE_EINVAL);
    cr_assert(strstr(err.message, "compact-"), "%s", err.message);
}

Test(model_compact, forgetting_somebody_keeps_the_rest)
{
    const char *path = temp_path("f.aisle");
    const int32_t gone = 2;
    aisle_error err = {0};
    aisle_model *m = NULL;
    float row[SMALL_F];
    s.parts.half_users = true;
    aisle_model_unref(written(path));
    cr_assert_eq(aisle_model_forget(path, &gone, 1, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK, "%s", err.message);
    assert_table(aisle_model_compact(m));
    for (int u = 0; u < SMALL_USERS; u++) {
        aisle_model_user_factors(m, u, row);
        for (int k = 0; k < SMALL_F; k++) cr_assert_eq(row[k], u == gone ? 0 : s.users[u * SMALL_F + k]);
    }
    aisle_model_unref(m);
}

/* Pages of files in this process, in MiB. */
static double resident_mib(void)
{
    char line[128];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "RssFile: %ld", &kib) == 1) break;
    if (f) fclose(f);
    return (double)kib / 1024;
}

enum { MANY = 340000, MOST = 680000, WIDE = 128 };

static aisle_str many_id(const void *ctx, int32_t i)
{
    static char text[16];
    snprintf(text, sizeof text, "%s%d", (const char *)ctx, i);
    return aisle_str_from(text);
}

static void write_large(const char *path, int32_t n, bool half)
{
    static float gram[WIDE * WIDE], item[WIDE];
    static int64_t rows[MOST + 1];
    static const int32_t none;
    aisle_compact one;
    aisle_mat users;
    aisle_error err = {0};
    cr_assert_eq(aisle_mat_init(&users, n, WIDE, NULL), AISLE_OK);
    for (int64_t i = 0; i < (int64_t)n * WIDE; i++) users.data[i] = (float)(i % 8191) / 64;
    item[0] = 1;
    const aisle_mat items = {1, WIDE, WIDE, item};
    cr_assert_eq(aisle_compact_init(&items, &one, NULL), AISLE_OK);
    const aisle_model_parts p = {.users = users,
                                 .items = items,
                                 .item_gram = gram,
                                 .n_users = n,
                                 .n_items = 1,
                                 .user_id = many_id,
                                 .item_id = many_id,
                                 .user_ctx = "u",
                                 .item_ctx = "i",
                                 .seen = {n, 1, rows, (int32_t *)&none, NULL},
                                 .compact = &one,
                                 .half_users = half,
                                 .meta = "{}",
                                 .nu = 1};
    cr_assert_eq(aisle_model_write(path, &p, &err), AISLE_OK, "%s", err.message);
    aisle_compact_deinit(&one);
    aisle_mat_deinit(&users);
}

/* 174 MB of users, and as much in 16 bits: rows are read of the file, and what is looked at in the mapping does not stay. */
Test(model_compact, rows_of_a_large_file_do_not_gather)
{
    const char *path = temp_path("large.aisle");
    aisle_model *m = NULL;
    float row[WIDE], sum = 0;
    write_large(path, MANY, false);
    double before = resident_mib();
    cr_assert_eq(aisle_model_open(path, &m, NULL), AISLE_OK);
    for (int32_t u = 0; u < MANY; u++) {
        aisle_model_user_factors(m, u, row);
        for (int k = 0; k < WIDE; k++)
            cr_assert(row[k] == (float)(((int64_t)u * WIDE + k) % 8191) / 64, "user %d", u);
    }
    cr_assert_lt(resident_mib(), before + 20, "read, not mapped");
    double most = 0;
    for (int32_t u = 0; u < MANY; u++) {
        const aisle_mat users = aisle_model_users(m);
        sum += *aisle_mat_row(&users, u);
        aisle_model_rows_read(m, 1);
        if (u % 1000 == 0 && resident_mib() > most) most = resident_mib();
    }
    cr_assert(sum > 0 && most < before + 70, "%.0f MiB, %.0f before", most, before);
    aisle_model_unref(m);
    write_large(path, MOST, true);
    cr_assert_eq(aisle_model_open(path, &m, NULL), AISLE_OK);
    aisle_model_user_factors(m, MOST - 1, row);
    for (int k = 0; k < WIDE; k++) {
        float v = (float)(((int64_t)(MOST - 1) * WIDE + k) % 8191) / 64;
        cr_assert_float_eq(row[k], v, v * 0x1p-11f);
    }
    aisle_model_unref(m);
}

Test(half, every_finite_number_comes_back)
{
    for (uint32_t h = 0; h <= UINT16_MAX; h++) {
        uint16_t back = 0;
        if (!half_is_finite((uint16_t)h)) continue;
        cr_assert(half_narrow(half_widen((uint16_t)h), &back) && back == h, "%x", h);
    }
    cr_assert_eq(half_widen(0x3c00), 1.0f);
    cr_assert_eq(half_widen(0x7bff), 65504.0f);
    cr_assert_eq(half_widen(0x8001), -0x1p-24f);
}

/* Between two neighbours the nearer is taken, and the even one in the middle. */
Test(half, rounds_to_the_nearest)
{
    for (uint16_t h = 0; h < 0x7bff; h++) {
        float low = half_widen(h), high = half_widen((uint16_t)(h + 1)), middle = low + (high - low) / 2;
        uint16_t got = 0;
        cr_assert(half_narrow(nextafterf(middle, 0), &got) && got == h, "%x", h);
        cr_assert(half_narrow(nextafterf(middle, INFINITY), &got) && got == h + 1, "%x", h);
        cr_assert(half_narrow(middle, &got) && got == h + (h & 1), "%x", h);
        cr_assert(half_narrow(-middle, &got) && got == (uint16_t)(0x8000 + h + (h & 1)), "%x", h);
    }
    uint16_t got;
    cr_assert_not(half_narrow(65520, &got));
    cr_assert_not(half_narrow(INFINITY, &got));
    cr_assert_not(half_narrow(NAN, &got));
}
