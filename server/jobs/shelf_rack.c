/* A keeper a version. Places change under two locks, `change` for those who change them one after the other and `lock` for
 * whoever looks, so that looking never waits for a file to be read. */
#include "server/jobs/shelf_rack.h"

#include <pthread.h>

#include "aisle/memory.h"

typedef struct place {
    int64_t version; /* 0 = free */
    aisle_shelf_keeper *keeper;
} place;

struct aisle_shelf_rack {
    aisle_store *store;
    aisle_registry *registry;
    pthread_mutex_t change, lock;
    place places[AISLE_RACK];
};

aisle_status aisle_shelf_rack_open(aisle_store *store, aisle_registry *registry, aisle_shelf_rack **out,
                                   aisle_error *err)
{
    aisle_shelf_rack *r = aisle_calloc(1, sizeof *r);
    if (!r) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the shelves of other models");
    r->store = store;
    r->registry = registry;
    pthread_mutex_init(&r->change, NULL);
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    return AISLE_OK;
}

void aisle_shelf_rack_close(aisle_shelf_rack *r)
{
    if (!r) return;
    for (int i = 0; i < AISLE_RACK; i++) aisle_shelf_keeper_close(r->places[i].keeper);
    pthread_mutex_destroy(&r->change);
    pthread_mutex_destroy(&r->lock);
    aisle_free(r);
}

static void set(aisle_shelf_rack *r, int i, place p)
{
    pthread_mutex_lock(&r->lock);
    place old = r->places[i];
    r->places[i] = p;
    pthread_mutex_unlock(&r->lock);
    aisle_shelf_keeper_close(old.keeper);
}

static bool is_wanted(const int64_t *versions, int32_t n, int64_t v)
{
    for (int32_t i = 0; i < n; i++)
        if (versions[i] == v) return true;
    return false;
}

/* Under `change`. -1: there is none. */
static int find(const aisle_shelf_rack *r, int64_t version)
{
    for (int i = 0; i < AISLE_RACK; i++)
        if (r->places[i].version == version) return i;
    return -1;
}

static aisle_status add(aisle_shelf_rack *r, int64_t version, aisle_error *err)
{
    place p = {.version = version};
    int free_place = find(r, 0);
    if (free_place < 0)
        return aisle_fail(err, AISLE_EBUSY, "no more than %d model versions are kept beside the serving one",
                          AISLE_RACK);
    AISLE_TRY(aisle_shelf_keeper_open(r->store, r->registry, version, &p.keeper, err));
    aisle_status st = aisle_shelf_refresh(p.keeper, err);
    if (st == AISLE_OK)
        set(r, free_place, p);
    else
        aisle_shelf_keeper_close(p.keeper);
    return st;
}

aisle_status aisle_shelf_rack_keep(aisle_shelf_rack *r, const int64_t *versions, int32_t n, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    pthread_mutex_lock(&r->change);
    for (int i = 0; i < AISLE_RACK; i++)
        if (r->places[i].version && !is_wanted(versions, n, r->places[i].version)) set(r, i, (place){0});
    for (int32_t i = 0; i < n; i++) {
        aisle_error why = {0};
        aisle_status one = find(r, versions[i]) < 0 ? add(r, versions[i], &why) : AISLE_OK;
        if (one != AISLE_OK && st == AISLE_OK) st = aisle_fail(err, one, "%s", why.message);
    }
    pthread_mutex_unlock(&r->change);
    return st;
}

aisle_status aisle_shelf_rack_refresh(aisle_shelf_rack *r, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    pthread_mutex_lock(&r->change);
    for (int i = 0; i < AISLE_RACK; i++) {
        aisle_error why = {0};
        aisle_status one = r->places[i].keeper ? aisle_shelf_refresh(r->places[i].keeper, &why) : AISLE_OK;
        if (one != AISLE_OK && st == AISLE_OK) st = aisle_fail(err, one, "%s", why.message);
    }
    pthread_mutex_unlock(&r->change);
    return st;
}

aisle_shelf *aisle_shelf_rack_get(aisle_shelf_rack *r, int64_t version)
{
    pthread_mutex_lock(&r->lock);
    int i = find(r, version);
    aisle_shelf *s = i < 0 ? NULL : aisle_shelf_get(r->places[i].keeper);
    pthread_mutex_unlock(&r->lock);
    return s;
}

bool aisle_shelf_rack_has(aisle_shelf_rack *r, int64_t version)
{
    pthread_mutex_lock(&r->lock);
    bool has = find(r, version) >= 0;
    pthread_mutex_unlock(&r->lock);
    return has;
}
