/* From the stored text to the set that counts. */
#include "server/recommend/sets.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

static const aisle_set_kind *const kinds[] = {
    [AISLE_SET_RULES] = &aisle_rules_kind, [AISLE_SET_SCENARIOS] = &aisle_scenarios_kind};

struct aisle_set_keeper {
    aisle_set_name name;
    aisle_view *view;           /* guarded by refreshing */
    pthread_mutex_t refreshing; /* one refresh at a time */
    pthread_mutex_t lock;       /* guards set and version, for nanoseconds */
    aisle_set *built_in, *set;
    int64_t version;
};

const aisle_set_kind *aisle_set_kind_of(aisle_set_name name)
{
    return kinds[name];
}

/* ---- one set ---- */

aisle_status aisle_set_read(aisle_set_name name, const json_t *list, const char *pointer, aisle_set **out,
                            aisle_filter_fault *fault)
{
    aisle_set *set = aisle_calloc(1, kinds[name]->bytes);
    aisle_member whole = {.v = list};
    *out = NULL;
    if (!set) return AISLE_ENOMEM;
    set->refs = 1;
    aisle_arena_init(&set->arena);
    snprintf(whole.pointer, sizeof whole.pointer, "%s", pointer);
    aisle_status st = kinds[name]->read(set, &whole, &(aisle_reading){&set->arena, fault});
    if (st == AISLE_OK)
        *out = set;
    else
        aisle_set_unref(set);
    return st;
}

void aisle_set_unref(void *set)
{
    aisle_set *s = set;
    if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) != 0) return;
    aisle_arena_deinit(&s->arena);
    aisle_free(s);
}

/* ---- the newest ---- */

void aisle_set_keeper_put(aisle_set_keeper *k, aisle_set *set, int64_t version)
{
    aisle_set *old = set;
    pthread_mutex_lock(&k->lock);
    if (version > k->version) {
        old = k->set;
        k->set = set;
        k->version = version;
    }
    pthread_mutex_unlock(&k->lock);
    aisle_set_unref(old);
}

static aisle_status no_memory(const aisle_set_keeper *k, aisle_error *err)
{
    return aisle_fail(err, AISLE_ENOMEM, "out of memory for the %s", aisle_set_names[k->name]);
}

aisle_status aisle_set_keeper_get(aisle_set_keeper *k, aisle_arena *a, const aisle_set **out,
                                  aisle_error *err)
{
    *out = NULL;
    pthread_mutex_lock(&k->lock);
    aisle_set *set = k->set;
    __atomic_add_fetch(&set->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&k->lock);
    if (!aisle_arena_at_end(a, aisle_set_unref, set)) {
        aisle_set_unref(set);
        return no_memory(k, err);
    }
    *out = set;
    return AISLE_OK;
}

const aisle_set *aisle_set_keeper_built_in(const aisle_set_keeper *k)
{
    return k->built_in;
}

static aisle_status parse(const aisle_set_keeper *k, aisle_str text, aisle_set **out, aisle_error *err)
{
    aisle_filter_fault fault = {.code = ""};
    json_t *list = json_loadb(text.ptr, text.len, 0, NULL);
    aisle_status st = aisle_set_read(k->name, list, "", out, &fault);
    json_decref(list);
    if (st == AISLE_EINVAL)
        return aisle_fail(err, AISLE_EFORMAT, "stored %s %s: %s", aisle_set_names[k->name], fault.pointer,
                          fault.text);
    return st == AISLE_OK ? st : no_memory(k, err);
}

/* The version alone is asked once a second; the text when it is another. */
static aisle_status refresh(aisle_set_keeper *k, aisle_arena *a, aisle_error *err)
{
    aisle_str text;
    int64_t version;
    aisle_set *set;
    AISLE_TRY(aisle_view_set(k->view, k->name, NULL, NULL, &version, err));
    pthread_mutex_lock(&k->lock);
    const bool same = k->version >= version;
    pthread_mutex_unlock(&k->lock);
    if (same) return AISLE_OK;
    AISLE_TRY(aisle_view_set(k->view, k->name, a, &text, &version, err));
    AISLE_TRY(parse(k, text, &set, err));
    aisle_set_keeper_put(k, set, version);
    return AISLE_OK;
}

aisle_status aisle_set_keeper_refresh(aisle_set_keeper *k, aisle_error *err)
{
    aisle_arena arena;
    aisle_arena_init(&arena);
    pthread_mutex_lock(&k->refreshing);
    aisle_status st = refresh(k, &arena, err);
    pthread_mutex_unlock(&k->refreshing);
    aisle_arena_deinit(&arena);
    return st;
}

/* ---- open and close ---- */

static aisle_status fill(aisle_set_keeper *k, aisle_store *store, aisle_error *err)
{
    const char *built_in = kinds[k->name]->built_in;
    AISLE_TRY(parse(k, AISLE_STR("[]"), &k->set, err)); /* version 0 */
    if (built_in) AISLE_TRY(parse(k, aisle_str_from(built_in), &k->built_in, err));
    AISLE_TRY(aisle_view_open(store, &k->view, err));
    return aisle_set_keeper_refresh(k, err);
}

aisle_status aisle_set_keeper_open(aisle_store *store, aisle_set_name name, aisle_set_keeper **out,
                                   aisle_error *err)
{
    aisle_set_keeper *k = aisle_calloc(1, sizeof *k);
    *out = NULL;
    if (!k) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the %s", aisle_set_names[name]);
    k->name = name;
    pthread_mutex_init(&k->refreshing, NULL);
    pthread_mutex_init(&k->lock, NULL);
    aisle_status st = fill(k, store, err);
    if (st == AISLE_OK)
        *out = k;
    else
        aisle_set_keeper_close(k);
    return st;
}

void aisle_set_keeper_close(aisle_set_keeper *k)
{
    if (!k) return;
    aisle_set_unref(k->set);
    aisle_set_unref(k->built_in);
    aisle_view_close(k->view);
    pthread_mutex_destroy(&k->refreshing);
    pthread_mutex_destroy(&k->lock);
    aisle_free(k);
}
