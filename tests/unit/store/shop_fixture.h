/* A shop in a fresh folder, for the store's tests. */
#ifndef AISLE_TEST_SHOP_FIXTURE_H
#define AISLE_TEST_SHOP_FIXTURE_H

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/store/store.h"

typedef struct shop_fixture {
    char folder[64];
    aisle_store *store;
    aisle_view *view;
    aisle_arena arena;
    aisle_error err;
} shop_fixture;

static inline void fixture_folder(shop_fixture *f)
{
    memset(f, 0, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/aisle-store-XXXXXX");
    cr_assert(mkdtemp(f->folder));
}

static inline void fixture_open(shop_fixture *f)
{
    cr_assert_eq(aisle_store_open(f->folder, true, &f->store, &f->err), AISLE_OK, "%s", f->err.message);
    cr_assert_eq(aisle_view_open(f->store, &f->view, &f->err), AISLE_OK, "%s", f->err.message);
}

static inline void fixture_close(shop_fixture *f)
{
    aisle_view_close(f->view);
    aisle_store_close(f->store);
    f->view = NULL;
    f->store = NULL;
}

static inline int fixture_unlink(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info, (void)kind, (void)ftw;
    return remove(path);
}

static inline void fixture_end(shop_fixture *f)
{
    fixture_close(f);
    aisle_arena_deinit(&f->arena);
    nftw(f->folder, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* One write of a few records, now. */
typedef struct fixture_write {
    aisle_write base;
    const aisle_product *product;
    const aisle_user *user;
    const aisle_event *event;
    bool known;
} fixture_write;

static inline aisle_status fixture_run(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    fixture_write *f = (fixture_write *)w;
    if (f->product) AISLE_TRY(aisle_tx_product(tx, f->product, err));
    if (f->user) AISLE_TRY(aisle_tx_user(tx, f->user, err));
    return f->event ? aisle_tx_event(tx, f->event, &f->known, err) : AISLE_OK;
}

static inline aisle_status put_product(shop_fixture *f, const aisle_product *p)
{
    fixture_write w = {.base = {.run = fixture_run}, .product = p};
    return aisle_store_write_now(f->store, &w.base, &f->err);
}

static inline aisle_status put_user(shop_fixture *f, const aisle_user *u)
{
    fixture_write w = {.base = {.run = fixture_run}, .user = u};
    return aisle_store_write_now(f->store, &w.base, &f->err);
}

static inline aisle_status put_event(shop_fixture *f, const aisle_event *e, bool *known)
{
    fixture_write w = {.base = {.run = fixture_run}, .event = e};
    aisle_status st = aisle_store_write_now(f->store, &w.base, &f->err);
    if (known) *known = w.known;
    return st;
}

static inline aisle_store_counts fixture_counts(shop_fixture *f)
{
    aisle_store_counts c = {-1, -1, -1};
    cr_assert_eq(aisle_view_counts(f->view, &c, &f->err), AISLE_OK, "%s", f->err.message);
    return c;
}

#define STR(s) aisle_str_from(s)
#define cr_assert_ok(expr, f)                                                                                \
    do {                                                                                                     \
        aisle_status st_ = (expr);                                                                           \
        cr_assert_eq(st_, AISLE_OK, "%s: %s", #expr, (f).err.message);                                       \
    } while (0)
#define cr_assert_text(s, want) cr_assert(aisle_str_eq((s), STR(want)), "%.*s", (int)(s).len, (s).ptr)

#endif
