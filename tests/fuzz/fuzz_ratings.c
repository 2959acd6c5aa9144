/* Fuzzes the reading of ratings: the first byte picks options, the second the size of blocks, the rest is the file. What
 * is accepted must be a sound matrix, and the same one with other blocks and threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aisle/ratings.h"
#include "tests/fuzz/fuzz.h"

static void check_ids(const aisle_rating_ids *ids)
{
    char room[24];
    for (int32_t i = 0; i < ids->n; i++) {
        aisle_str id = aisle_rating_id(ids, i, room);
        if (id.len < 1 || id.len > 255 || memchr(id.ptr, '\0', id.len)) abort();
        if (ids->number && i && ids->number[i] <= ids->number[i - 1]) abort();
        if (ids->text && aisle_idmap_find(ids->text, id) != i) abort();
    }
}

static void check_same(const aisle_ratings *a, const aisle_ratings *b)
{
    size_t n = (size_t)aisle_csr_nnz(&a->m), rows = (size_t)a->m.n_rows;
    if (a->m.n_rows != b->m.n_rows || a->m.n_cols != b->m.n_cols || a->lines != b->lines || a->bad != b->bad)
        abort();
    if (memcmp(a->m.row_ptr, b->m.row_ptr, (rows + 1) * sizeof *a->m.row_ptr) != 0) abort();
    if (memcmp(a->m.col, b->m.col, n * sizeof *a->m.col) != 0) abort();
    if (memcmp(a->m.val, b->m.val, n * sizeof *a->m.val) != 0) abort();
    char room[2][24];
    for (int32_t i = 0; i < a->m.n_rows; i++)
        if (!aisle_str_eq(aisle_rating_id(&a->users, i, room[0]), aisle_rating_id(&b->users, i, room[1])))
            abort();
    for (int32_t i = 0; i < a->m.n_cols; i++)
        if (!aisle_str_eq(aisle_rating_id(&a->items, i, room[0]), aisle_rating_id(&b->items, i, room[1])))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const separators[] = {NULL, ",", "::", " "};
    char path[64];
    if (size < 2) return 0;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data + 2, size - 2) != (ssize_t)(size - 2)) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    aisle_ratings_params p = {.separator = separators[data[0] & 3],
                              .header = (aisle_header)(data[0] >> 2 & 3) % 3,
                              .duplicates = (aisle_duplicates)((data[0] >> 4 & 3) % 3),
                              .no_value = data[0] & 0x40,
                              .skip_bad = data[0] & 0x80,
                              .threads = 1};
    aisle_ratings one, two;
    aisle_error err = {0}, err2 = {0};
    aisle_status st = aisle_ratings_read(path, &p, &one, &err);
    p.threads = 3;
    p.block_bytes = 16 + data[1];
    aisle_status st2 = aisle_ratings_read(path, &p, &two, &err2);
    if (st != st2 || strcmp(err.message, err2.message) != 0) abort();
    if (st == AISLE_OK) {
        if (aisle_csr_check(&one.m, NULL) != AISLE_OK) abort();
        check_ids(&one.users);
        check_ids(&one.items);
        check_same(&one, &two);
    }
    aisle_ratings_deinit(&one);
    aisle_ratings_deinit(&two);
    close(fd);
    return 0;
}
