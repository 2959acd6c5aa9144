/* The newest set of scenarios, and the built-in one behind it. */
#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "server/recommend/scenario_set.h"
#include "server/store/store_scenarios.h"

struct aisle_scenarios_keeper {
    aisle_view *view;           /* guarded by refreshing */
    pthread_mutex_t refreshing; /* one refresh at a time */
    pthread_mutex_t lock;       /* guards set and version, for nanoseconds */
    aisle_scenarios *built_in, *set;
    int64_t version;
};

void aisle_scenarios_unref(void *set)
{
    aisle_scenarios *s = set;
    if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) != 0) return;
    aisle_arena_deinit(&s->arena);
    aisle_free(s);
}

const aisle_scenario *aisle_scenarios_find(const aisle_scenarios *set, aisle_str name)
{
    for (int32_t i = 0; set && i < set->n; i++)
        if (aisle_str_eq(set->at[i].name, name)) return &set->at[i];
    return NULL;
}

void aisle_scenarios_put(aisle_scenarios_keeper *k, aisle_scenarios *set, int64_t version)
{
    aisle_scenarios *old = set;
    pthread_mutex_lock(&k->lock);
    if (version > k->version) {
        old = k->set;
        k->set = set;
        k->version = version;
    }
    pthread_mutex_unlock(&k->lock);
    aisle_scenarios_unref(old);
}

static aisle_status parse(const char *text, size_t len, aisle_scenarios **out, aisle_error *err)
{
    aisle_filter_fault fault = {.code = ""};
    json_t *list = json_loadb(text, len, 0, NULL);
    aisle_status st = aisle_scenarios_read(list, "", out, &fault);
    json_decref(list);
    if (st == AISLE_EINVAL)
        return aisle_fail(err, AISLE_EFORMAT, "stored scenarios %s: %s", fault.pointer, fault.text);
    return st == AISLE_OK ? st : aisle_fail(err, st, "out of memory for the scenarios");
}

static aisle_status read_stored(aisle_scenarios_keeper *k, aisle_arena *a, aisle_error *err)
{
    aisle_str text;
    int64_t version;
    aisle_scenarios *set = NULL;
    AISLE_TRY(aisle_view_scenarios(k->view, a, &text, &version, err));
    pthread_mutex_lock(&k->lock);
    bool same = k->version >= version;
    pthread_mutex_unlock(&k->lock);
    if (same) return AISLE_OK;
    AISLE_TRY(parse(text.ptr, text.len, &set, err));
    aisle_scenarios_put(k, set, version);
    return AISLE_OK;
}

aisle_status aisle_scenarios_refresh(aisle_scenarios_keeper *k, aisle_error *err)
{
    aisle_arena arena;
    aisle_arena_init(&arena);
    pthread_mutex_lock(&k->refreshing);
    aisle_status st = read_stored(k, &arena, err);
    pthread_mutex_unlock(&k->refreshing);
    aisle_arena_deinit(&arena);
    return st;
}

aisle_status aisle_scenarios_open(aisle_store *store, aisle_scenarios_keeper **out, aisle_error *err)
{
    aisle_scenarios_keeper *k = aisle_calloc(1, sizeof *k);
    *out = NULL;
    if (!k) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the scenarios");
    pthread_mutex_init(&k->refreshing, NULL);
    pthread_mutex_init(&k->lock, NULL);
    aisle_status st = parse(aisle_scenarios_built_in, strlen(aisle_scenarios_built_in), &k->built_in, err);
    if (st == AISLE_OK) st = aisle_view_open(store, &k->view, err);
    if (st == AISLE_OK) st = aisle_scenarios_refresh(k, err);
    if (st == AISLE_OK)
        *out = k;
    else
        aisle_scenarios_close(k);
    return st;
}

void aisle_scenarios_close(aisle_scenarios_keeper *k)
{
    if (!k) return;
    aisle_scenarios_unref(k->set);
    aisle_scenarios_unref(k->built_in);
    aisle_view_close(k->view);
    pthread_mutex_destroy(&k->refreshing);
    pthread_mutex_destroy(&k->lock);
    aisle_free(k);
}

aisle_status aisle_scenarios_get(aisle_scenarios_keeper *k, aisle_str name, aisle_arena *a,
                                 const aisle_scenario **out, aisle_error *err)
{
    pthread_mutex_lock(&k->lock);
    aisle_scenarios *set = k->set;
    *out = aisle_scenarios_find(set, name);
    if (*out) __atomic_add_fetch(&set->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&k->lock);
    if (!*out) {
        *out = aisle_scenarios_find(k->built_in, name); /* as long as the keeper */
        return AISLE_OK;
    }
    if (aisle_arena_at_end(a, aisle_scenarios_unref, set)) return AISLE_OK;
    aisle_scenarios_unref(set);
    *out = NULL;
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for a scenario");
}
