/* People are taken out of a model file: they are unknown, everything else is as it was. */
#include <criterion/criterion.h>

#include "tests/unit/model/small_model.h"

static aisle_model *opened(const char *path)
{
    aisle_error err = {0};
    aisle_model *m = NULL;
    cr_assert_eq(aisle_model_open(path, &m, &err), AISLE_OK, "%s", err.message);
    return m;
}

static const char *small_file(const char *name)
{
    static small_model s;
    aisle_error err = {0};
    const char *path = temp_path(name);
    small_model_init(&s);
    cr_assert_eq(aisle_model_write(path, &s.parts, &err), AISLE_OK, "%s", err.message);
    return path;
}

static bool file_holds(const char *path, aisle_str text)
{
    long n = 0;
    unsigned char *p = read_all(path, &n);
    bool found = memmem(p, (size_t)n, text.ptr, text.len) != NULL;
    free(p);
    return found;
}

static bool is_zero(const float *row)
{
    for (int i = 0; i < SMALL_F; i++)
        if (row[i] != 0) return false;
    return true;
}

Test(model_forget, those_named_are_unknown_without_factors_and_history_and_the_others_keep_theirs)
{
    const char *path = small_file("forget.aisle");
    const int32_t gone[] = {4, 2, 4};
    aisle_error err = {0};
    aisle_model *old = opened(path);
    cr_assert_eq(aisle_model_forget(path, gone, 3, &err), AISLE_OK, "%s", err.message);
    aisle_model *m = opened(path);
    aisle_csr was = aisle_model_seen(old), seen = aisle_model_seen(m);
    cr_assert_eq(aisle_model_n_users(m), SMALL_USERS);
    for (int32_t u = 0; u < SMALL_USERS; u++) {
        bool left = u == 4 || u == 2;
        int64_t n = seen.row_ptr[u + 1] - seen.row_ptr[u], before = was.row_ptr[u + 1] - was.row_ptr[u];
        cr_assert_eq(aisle_model_find_user(m, aisle_model_user_id(old, u)), left ? -1 : u);
        cr_assert_eq(aisle_model_find_user(m, aisle_model_user_id(m, u)), u);
        cr_assert_eq(n, left ? 0 : before);
        cr_assert_eq(is_zero(aisle_model_users(m).data + (size_t)u * SMALL_F), left);
        cr_assert_eq(file_holds(path, aisle_model_user_id(old, u)), !left);
        for (int a = 0; a < AISLE_GROUP_ATTRIBUTES; a++) {
            int at = u * AISLE_GROUP_ATTRIBUTES + a;
            int32_t group = aisle_model_hybrid(m)->user_groups[at];
            cr_assert_eq(group, left ? -1 : aisle_model_hybrid(old)->user_groups[at]);
        }
        if (left) continue;
        cr_assert_arr_eq(seen.col + seen.row_ptr[u], was.col + was.row_ptr[u], (size_t)n * sizeof *seen.col);
        cr_assert_arr_eq(seen.val + seen.row_ptr[u], was.val + was.row_ptr[u], (size_t)n * sizeof *seen.val);
        cr_assert_arr_eq(aisle_model_users(m).data + (size_t)u * SMALL_F,
                         aisle_model_users(old).data + (size_t)u * SMALL_F, SMALL_F * sizeof(float));
    }
    cr_assert_arr_eq(aisle_model_items(m).data, aisle_model_items(old).data,
                     SMALL_ITEMS * SMALL_F * sizeof(float));
    cr_assert_str_eq(aisle_model_meta(m), aisle_model_meta(old));
    aisle_model_unref(old);
    aisle_model_unref(m);
}

Test(model_forget, all_sections_but_those_of_people_are_the_same_bytes)
{
    const char *path = small_file("same.aisle");
    const int32_t gone[] = {2};
    aisle_section_info a, b;
    aisle_model *old = opened(path);
    cr_assert_eq(aisle_model_forget(path, gone, 1, NULL), AISLE_OK);
    aisle_model *m = opened(path);
    int32_t changed = 0, i = 0;
    for (; aisle_model_section(old, i, &a); i++) {
        cr_assert(aisle_model_section(m, i, &b));
        cr_assert_str_eq(a.name, b.name);
        bool same = a.bytes == b.bytes && a.crc == b.crc;
        bool of_people = strncmp(a.name, "user-", 5) == 0 || strncmp(a.name, "seen-", 5) == 0;
        cr_assert(same || of_people, "%s", a.name);
        changed +=
            !same && strcmp(a.name, "user-id-index") != 0; /* the new name may fall into the old slot */
    }
    cr_assert_eq(changed, 6);
    cr_assert_not(aisle_model_section(m, i, &b));
    aisle_model_unref(old);
    aisle_model_unref(m);
}

/* The last step, noting the rename on disk, may fail too: then the new file stands there, whole. */
Test(model_forget, a_failed_allocation_leaves_the_old_file_or_the_new_one)
{
    const char *path = small_file("memory.aisle");
    const int32_t gone[] = {1};
    long before = 0, after = 0;
    unsigned char *was = read_all(path, &before);
    for (int64_t n = 1;; n++) {
        aisle_error err = {0};
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_model_forget(path, gone, 1, &err);
        aisle_alloc_fail_after(0);
        if (st == AISLE_OK) break;
        cr_assert_eq(st, AISLE_ENOMEM, "%s", err.message);
        unsigned char *is = read_all(path, &after);
        bool same = before == after && memcmp(was, is, (size_t)before) == 0;
        free(is);
        aisle_model *m = opened(path);
        cr_assert_eq(aisle_model_find_user(m, AISLE_STR("u-8")), same ? 1 : -1);
        aisle_model_unref(m);
    }
    free(was);
}
