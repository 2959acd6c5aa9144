/* A snapshot in an arena of its own, swapped under a lock that is held for nanoseconds. */
#include "server/recommend/experiments.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/auth/random_id.h"

struct aisle_experiments {
    int refs;
    aisle_arena arena;
    unsigned char key[AISLE_SHORT_KEY_BYTES];
    aisle_experiment *list;
    int32_t n;
};

struct aisle_experiment_keeper {
    pthread_mutex_t lock;
    aisle_experiments *now; /* NULL: there are none; read without the lock to see that */
    unsigned char key[AISLE_SHORT_KEY_BYTES];
};

void aisle_experiments_unref(aisle_experiments *e)
{
    if (!e || __atomic_sub_fetch(&e->refs, 1, __ATOMIC_ACQ_REL)) return;
    aisle_arena_deinit(&e->arena);
    aisle_free(e);
}

aisle_experiments *aisle_experiments_get(aisle_experiment_keeper *k)
{
    if (!__atomic_load_n(&k->now, __ATOMIC_ACQUIRE)) return NULL;
    pthread_mutex_lock(&k->lock);
    aisle_experiments *e = k->now;
    if (e) __atomic_add_fetch(&e->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&k->lock);
    return e;
}

aisle_status aisle_experiment_keeper_read(aisle_experiment_keeper *k, aisle_view *v, aisle_error *err)
{
    aisle_experiments *e = aisle_calloc(1, sizeof *e);
    if (!e) return aisle_fail(err, AISLE_ENOMEM, "out of memory for experiments");
    e->refs = 1;
    memcpy(e->key, k->key, sizeof e->key);
    aisle_status st = aisle_view_experiments(v, &e->arena, &e->list, &e->n, err);
    if (st != AISLE_OK || e->n == 0) {
        aisle_experiments_unref(e);
        e = NULL;
    }
    if (st != AISLE_OK) return st;
    pthread_mutex_lock(&k->lock);
    aisle_experiments *old = k->now;
    __atomic_store_n(&k->now, e, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&k->lock);
    aisle_experiments_unref(old);
    return AISLE_OK;
}

aisle_status aisle_experiment_keeper_open(aisle_store *s, aisle_view *v, aisle_experiment_keeper **out,
                                          aisle_error *err)
{
    unsigned char secret[AISLE_SECRET_BYTES];
    AISLE_TRY(aisle_store_secret(s, "experiments", secret, err));
    aisle_experiment_keeper *k = aisle_calloc(1, sizeof *k);
    if (!k) return aisle_fail(err, AISLE_ENOMEM, "out of memory for experiments");
    memcpy(k->key, secret, sizeof k->key);
    pthread_mutex_init(&k->lock, NULL);
    aisle_status st = aisle_experiment_keeper_read(k, v, err);
    if (st == AISLE_OK)
        *out = k;
    else
        aisle_experiment_keeper_close(k);
    return st;
}

void aisle_experiment_keeper_close(aisle_experiment_keeper *k)
{
    if (!k) return;
    aisle_experiments_unref(k->now);
    pthread_mutex_destroy(&k->lock);
    aisle_free(k);
}

/* ---- buckets ---- */

/* In (0, 1): of salt, variant ("" for the share) and person, each with its length in front. */
static double hashed(const aisle_experiments *e, aisle_str salt, aisle_str variant, aisle_str person)
{
    unsigned char text[3 * (1 + 255)], *at = text;
    const aisle_str parts[] = {salt, variant, person};
    for (int i = 0; i < 3; i++) {
        size_t n = parts[i].len < 255 ? parts[i].len : 255;
        *at++ = (unsigned char)n;
        if (n) memcpy(at, parts[i].ptr, n);
        at += n;
    }
    uint64_t h = aisle_short_hash(e->key, text, (size_t)(at - text));
    return ((double)(h >> 11) + 0.5) / 9007199254740992.0; /* 2^53 */
}

static const aisle_variant *choose(const aisle_experiments *e, const aisle_experiment *x, aisle_str person)
{
    const aisle_variant *best = NULL;
    double least = INFINITY;
    for (int32_t i = 0; i < x->n; i++) {
        double cost = -log(hashed(e, x->salt, x->variants[i].name, person)) / x->variants[i].weight;
        if (cost < least) {
            least = cost;
            best = &x->variants[i];
        }
    }
    return best;
}

const aisle_variant *aisle_experiments_assign(const aisle_experiments *e, aisle_str person,
                                              const aisle_experiment **of)
{
    for (int32_t i = 0; person.len && i < e->n; i++) {
        const aisle_experiment *x = &e->list[i];
        if (hashed(e, x->salt, AISLE_STR(""), person) >= x->share) continue;
        *of = x;
        return choose(e, x, person);
    }
    return NULL;
}

bool aisle_experiments_has(const aisle_experiments *e, aisle_str experiment, aisle_str variant)
{
    for (int32_t i = 0; i < e->n; i++) {
        const aisle_experiment *x = &e->list[i];
        if (!aisle_str_eq(x->name, experiment)) continue;
        for (int32_t k = 0; k < x->n; k++)
            if (aisle_str_eq(x->variants[k].name, variant)) return true;
    }
    return false;
}

static bool is_in(const int64_t *list, int32_t n, int64_t v)
{
    for (int32_t i = 0; i < n; i++)
        if (list[i] == v) return true;
    return false;
}

int32_t aisle_experiments_models(const aisle_experiments *e, int64_t *out, int32_t room)
{
    int32_t n = 0;
    for (int32_t i = 0; e && i < e->n; i++)
        for (int32_t k = 0; k < e->list[i].n; k++) {
            int64_t model = e->list[i].variants[k].model;
            if (model && n < room && !is_in(out, n, model)) out[n++] = model;
        }
    return n;
}
