/* The shop as files: the committed sample, nothing left behind, and the matrix. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aisle/file.h"
#include "aisle/generate.h"
#include "aisle/matrix_file.h"
#include "aisle/memory.h"
#include "aisle/rng.h"

static char folder[64], path[256];

static void make_folder(void)
{
    strcpy(folder, "/tmp/aisle-generate-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int entries(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) n += e->d_name[0] != '.';
    if (d) closedir(d);
    return n;
}

static void remove_folder(void)
{
    static const char *const names[] = {"products.csv", "users.csv", "events.csv", "m"};
    for (size_t i = 0; i < 4; i++) unlink(in_folder(names[i]));
    cr_assert(rmdir(folder) == 0 || access(folder, F_OK), "something was left in %s", folder);
}

/* The command in datasets/README.md: aisle generate --out datasets/sample --users 200 --items 120 --events
 * 3000 --seed
 * 1 */
Test(generate_files, the_committed_sample_is_made_again_byte_for_byte, .init = make_folder,
     .fini = remove_folder)
{
    static const char *const names[] = {"products.csv", "users.csv", "events.csv"};
    const aisle_generate_params p = {.users = 200, .items = 120, .events = 3000, .seed = 1};
    aisle_error err = {0};
    cr_assert_eq(aisle_generate_files(&p, folder, &err), AISLE_OK, "%s", err.message);
    for (int i = 0; i < 3; i++) {
        aisle_mapping got, want;
        char committed[512];
        snprintf(committed, sizeof committed, "%s/datasets/sample/%s", AISLE_SOURCE_DIR, names[i]);
        cr_assert_eq(aisle_file_map(in_folder(names[i]), &got, NULL), AISLE_OK);
        cr_assert_eq(aisle_file_map(committed, &want, &err), AISLE_OK, "%s", err.message);
        cr_assert_eq(got.size, want.size, "%s: %lld bytes, not %lld", names[i], (long long)got.size,
                     (long long)want.size);
        cr_assert(memcmp(got.data, want.data, (size_t)got.size) == 0, "%s differs", names[i]);
        aisle_file_unmap(&got);
        aisle_file_unmap(&want);
    }
}

static void raise_cancel(void *ctx, const char *stage, int64_t done, int64_t total, const char *detail)
{
    (void)done, (void)total, (void)detail;
    if (strcmp(stage, "events") == 0 || strcmp(stage, "matrix") == 0) aisle_cancel(ctx);
}

Test(generate_files, an_interrupt_leaves_nothing, .init = make_folder, .fini = remove_folder)
{
    int cancel = 0;
    const aisle_progress progress = {raise_cancel, &cancel, &cancel};
    const aisle_generate_params p = {
        .users = 2000, .items = 120, .events = 30000, .seed = 1, .progress = &progress};
    cr_assert_eq(aisle_generate_files(&p, folder, NULL), AISLE_ECANCELED);
    cr_assert_eq(entries(), 0);
    cancel = 0;
    cr_assert_eq(aisle_generate_matrix(&p, in_folder("m"), NULL), AISLE_ECANCELED);
    cr_assert_eq(entries(), 0);
    cancel = 0;
    rmdir(folder); /* a folder that was made for the files goes with them */
    cr_assert_eq(aisle_generate_files(&p, folder, NULL), AISLE_ECANCELED);
    cr_assert_neq(access(folder, F_OK), 0);
}

Test(generate_files, a_file_in_the_folders_place_is_refused, .init = make_folder, .fini = remove_folder)
{
    const aisle_generate_params p = {.users = 1, .items = 1, .events = 1};
    FILE *f = fopen(in_folder("m"), "w");
    fclose(f);
    cr_assert_eq(aisle_generate_files(&p, in_folder("m"), NULL), AISLE_ECONFLICT);
    cr_assert_eq(aisle_generate_files(&p, in_folder("no/such"), NULL), AISLE_ENOTFOUND);
}

/* ---- the matrix ---- */

static uint64_t matrix(const aisle_generate_params *p, aisle_csr *m, aisle_mapping *map)
{
    aisle_error err = {0};
    cr_assert_eq(aisle_generate_matrix(p, in_folder("m"), &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(aisle_matrix_file_open(path, map, m, &err), AISLE_OK, "%s", err.message);
    cr_assert_eq(m->n_rows, p->users);
    cr_assert_eq(m->n_cols, p->items);
    cr_assert_eq(aisle_csr_nnz(m), p->events);
    cr_assert_null(m->val);
    return aisle_hash64(map->data, (size_t)map->size, 0);
}

Test(generate_files, the_matrix_has_exactly_the_pairs_asked_for, .init = make_folder, .fini = remove_folder)
{
    /* sparse, dense, full, one row, one pair, more users than pairs */
    static const int64_t sizes[][3] = {{500, 10000, 20000}, {50, 100, 4000}, {20, 30, 600},
                                       {1, 5000, 4000},     {1, 1, 1},       {1000, 50, 10}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const aisle_generate_params p = {
            .users = (int32_t)sizes[i][0], .items = (int32_t)sizes[i][1], .events = sizes[i][2], .seed = 9};
        aisle_csr m;
        aisle_mapping map;
        uint64_t first = matrix(&p, &m, &map);
        aisle_file_unmap(&map);
        cr_assert_eq(matrix(&p, &m, &map), first);
        aisle_file_unmap(&map);
        aisle_generate_params other = p;
        other.seed = 10;
        bool only_one = p.events == (int64_t)p.users * p.items;
        cr_assert((matrix(&other, &m, &map) == first) == only_one);
        aisle_file_unmap(&map);
    }
    const aisle_generate_params p = {.users = 3, .items = 3, .events = 10};
    cr_assert_eq(aisle_generate_matrix(&p, in_folder("m"), NULL), AISLE_EINVAL);
}

static int falling(const void *x, const void *y)
{
    return *(const int32_t *)y - *(const int32_t *)x;
}

Test(generate_files, the_matrix_follows_the_shops_power_law, .init = make_folder, .fini = remove_folder)
{
    const aisle_generate_params p = {.users = 2000, .items = 20000, .events = 20000, .seed = 4};
    aisle_csr m;
    aisle_mapping map;
    matrix(&p, &m, &map);
    int32_t *count = calloc(20000, sizeof *count);
    for (int64_t e = 0; e < 20000; e++) count[m.col[e]]++;
    qsort(count, 20000, sizeof *count, falling);
    int64_t head = 0;
    for (int i = 0; i < 2000; i++) head += count[i];
    cr_assert(head > 20000 * .5, "the top tenth has %lld of 20000", (long long)head);
    free(count);
    aisle_file_unmap(&map);
}

Test(generate_files, every_allocation_may_fail, .init = make_folder, .fini = remove_folder)
{
    const aisle_generate_params p = {.users = 3, .items = 30, .events = 40};
    for (int n = 1; n < 1000; n++) {
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_generate_matrix(&p, in_folder("m"), NULL);
        if (st == AISLE_OK) st = aisle_generate_files(&p, folder, NULL);
        aisle_alloc_fail_after(0);
        if (st == AISLE_OK) {
            cr_assert_gt(n, 10);
            return;
        }
        cr_assert_eq(st, AISLE_ENOMEM);
    }
    cr_assert_fail("generation never came to its end");
}
