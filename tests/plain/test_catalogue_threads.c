/* Readers of the catalogue in memory while products change, come and go: every answer is of one state, and a change that
 * was written is in the next one. */
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/catalogue/catalogue_index.h"

enum { READERS = 3, PRODUCTS = 300, WRITES = 400, BRANDS = 5 };
static aisle_store *store;
static aisle_catalogue *catalogue;
static atomic_bool over;
static atomic_int failures;

#define CHECK(expr)                                                                                          \
    do {                                                                                                     \
        if (!(expr)) {                                                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #expr);                                       \
            atomic_fetch_add(&failures, 1);                                                                  \
        }                                                                                                    \
    } while (0)

typedef struct change {
    aisle_write base;
    char id[16], brand[8];
    int64_t price;
    bool remove;
} change;

static aisle_status run(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    change *c = (change *)w;
    const aisle_product p = {.id = aisle_str_from(c->id),
                             .brand = aisle_str_from(c->brand),
                             .category = AISLE_STR("Home > Pots"),
                             .attributes = AISLE_STR("{\"colour\":[\"red\",\"blue\"]}"),
                             .price_minor = c->price,
                             .stock = c->price % 2};
    if (!c->remove) return aisle_tx_product(tx, &p, err);
    aisle_status st = aisle_tx_product_remove(tx, p.id, -1, err);
    return st == AISLE_ENOTFOUND ? AISLE_OK : st;
}

static void write_one(int i, int64_t price, bool remove)
{
    change c = {.base = {.run = run}, .price = price, .remove = remove};
    snprintf(c.id, sizeof c.id, "p%d", i);
    snprintf(c.brand, sizeof c.brand, "b%d", i % BRANDS);
    CHECK(aisle_store_write_now(store, &c.base, NULL) == AISLE_OK);
}

/* Sums of two facets and of the pages are the total of the same moment. */
static void look(aisle_view *v, aisle_catalogue_order order)
{
    aisle_arena a;
    aisle_matches m;
    aisle_facet brands, colours;
    aisle_catalogue_filter f = AISLE_CATALOGUE_ALL;
    aisle_page page = {
        .order = order, .limit = AISLE_PAGE_MAX, .tag = aisle_catalogue_tag(&f), .matches = &m};
    int64_t in_brands = 0, in_pages = 0;
    aisle_arena_init(&a);
    CHECK(aisle_catalogue_begin(catalogue, v, NULL) == AISLE_OK);
    CHECK(aisle_catalogue_match(catalogue, &f, NULL, &a, &m, NULL) == AISLE_OK);
    CHECK(aisle_catalogue_facet(catalogue, &m, AISLE_FACET_BRAND, (aisle_str){0}, &a, &brands, NULL) ==
          AISLE_OK);
    CHECK(aisle_catalogue_facet(catalogue, &m, AISLE_FACET_ATTRIBUTE, AISLE_STR("colour"), &a, &colours,
                                NULL) == AISLE_OK);
    do {
        CHECK(aisle_catalogue_page(catalogue, &page, &a, NULL) == AISLE_OK);
        for (int32_t i = 0; i < page.n; i++) CHECK(aisle_catalogue_is_shown(catalogue, page.slots[i]));
        in_pages += page.n;
        page.cursor = page.next;
    } while (page.next.ptr);
    for (int32_t i = 0; i < brands.n; i++) in_brands += brands.values[i].count;
    CHECK(in_pages == m.total && in_brands == m.total);
    CHECK(colours.n == 2 && colours.values[0].count == m.total && colours.values[1].count == m.total);
    aisle_catalogue_end(catalogue);
    aisle_arena_deinit(&a);
}

static void *read_on(void *arg)
{
    aisle_view *v = NULL;
    (void)arg;
    CHECK(aisle_view_open(store, &v, NULL) == AISLE_OK);
    for (int n = 0; !atomic_load(&over); n++) look(v, (aisle_catalogue_order)(n % AISLE_ORDERS));
    aisle_view_close(v);
    return NULL;
}

static void *refresh_on(void *arg)
{
    (void)arg;
    while (!atomic_load(&over)) {
        CHECK(aisle_catalogue_refresh(catalogue, NULL) == AISLE_OK);
        CHECK(aisle_catalogue_popularity(catalogue, NULL, NULL) == AISLE_OK);
        usleep(2000);
    }
    return NULL;
}

static void write_on(void)
{
    aisle_view *v = NULL;
    CHECK(aisle_view_open(store, &v, NULL) == AISLE_OK);
    for (int n = 0; n < WRITES; n++) {
        char id[16];
        int i = n * 7 % PRODUCTS;
        bool remove = n % 5 == 0;
        write_one(i, n, remove);
        snprintf(id, sizeof id, "p%d", i);
        CHECK(aisle_catalogue_begin(catalogue, v, NULL) == AISLE_OK);
        int32_t slot = aisle_catalogue_slot(catalogue, aisle_str_from(id));
        CHECK(slot >= 0 && aisle_catalogue_is_shown(catalogue, slot) == !remove);
        aisle_catalogue_end(catalogue);
    }
    aisle_view_close(v);
}

static int unlink_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info, (void)kind, (void)ftw;
    return remove(path);
}

int main(void)
{
    char folder[] = "/tmp/aisle-catalogue-XXXXXX";
    pthread_t readers[READERS], refresher;
    CHECK(mkdtemp(folder) != NULL);
    CHECK(aisle_store_open(folder, true, &store, NULL) == AISLE_OK);
    for (int i = 0; i < PRODUCTS; i++) write_one(i, i, false);
    CHECK(aisle_catalogue_open(store, &catalogue, NULL) == AISLE_OK);
    for (int i = 0; i < READERS; i++) CHECK(pthread_create(&readers[i], NULL, read_on, NULL) == 0);
    CHECK(pthread_create(&refresher, NULL, refresh_on, NULL) == 0);
    write_on();
    atomic_store(&over, true);
    for (int i = 0; i < READERS; i++) pthread_join(readers[i], NULL);
    pthread_join(refresher, NULL);
    aisle_catalogue_close(catalogue);
    aisle_store_close(store);
    nftw(folder, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
    return atomic_load(&failures) ? 1 : 0;
}
