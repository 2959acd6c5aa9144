/* A snapshot in an arena of its own, swapped under a lock that is held for nanoseconds. */
#include "server/recommend/experiments.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "aisle/memory.h"
#include "server/auth/random_id.h"
#include "server/recommend/shown.h"

const char *const aisle_surface_names[] = {"recommendations", "related", "trending", "rank", NULL};

struct aisle_experiments {
    int refs;
    aisle_arena arena;
    unsigned char key[AISLE_SHORT_KEY_BYTES];
    aisle_experiment_set set;
};

/* A model that no variant names any more. */
typedef struct past_model {
    int64_t version, until_ms; /* 0: a free place */
} past_model;

enum { PAST = AISLE_EXPERIMENT_KEPT - AISLE_EXPERIMENT_MODELS };

struct aisle_experiment_keeper {
    pthread_mutex_t lock;   /* guards all but key */
    past_model past[PAST];  /* the one that was let go of first comes first */
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

/* ---- models ---- */

static bool is_in(const int64_t *list, int32_t n, int64_t v)
{
    for (int32_t i = 0; i < n; i++)
        if (list[i] == v) return true;
    return false;
}

static int32_t named_models(const aisle_experiments *e, int64_t out[AISLE_EXPERIMENT_MODELS])
{
    int32_t n = 0;
    for (int32_t i = 0; e && i < e->set.n; i++)
        for (int32_t k = 0; k < e->set.list[i].n; k++) {
            int64_t model = e->set.list[i].variants[k].model;
            if (model && n < AISLE_EXPERIMENT_MODELS && !is_in(out, n, model)) out[n++] = model;
        }
    return n;
}

/* Takes the place of itself, or of the one that was let go of first. */
static void put_past(aisle_experiment_keeper *k, past_model model)
{
    int32_t at = 0;
    while (at < PAST && k->past[at].version != model.version) at++;
    if (at == PAST) at = 0;
    memmove(&k->past[at], &k->past[at + 1], (size_t)(PAST - 1 - at) * sizeof *k->past);
    k->past[PAST - 1] = model;
}

static void note_past(aisle_experiment_keeper *k, const aisle_experiments *old, const aisle_experiments *now,
                      int64_t now_ms)
{
    int64_t before[AISLE_EXPERIMENT_MODELS], after[AISLE_EXPERIMENT_MODELS];
    int32_t n_before = named_models(old, before), n_after = named_models(now, after);
    for (int32_t i = 0; i < n_before; i++)
        if (!is_in(after, n_after, before[i])) put_past(k, (past_model){before[i], now_ms + AISLE_SHOWN_MS});
}

int32_t aisle_experiment_keeper_models(aisle_experiment_keeper *k, int64_t now_ms,
                                       int64_t out[AISLE_EXPERIMENT_KEPT])
{
    pthread_mutex_lock(&k->lock);
    int32_t n = named_models(k->now, out);
    for (int32_t p = 0; p < PAST; p++)
        if (k->past[p].until_ms > now_ms && !is_in(out, n, k->past[p].version)) out[n++] = k->past[p].version;
    pthread_mutex_unlock(&k->lock);
    return n;
}

/* ---- the newest ---- */

aisle_status aisle_experiment_keeper_read(aisle_experiment_keeper *k, aisle_view *v, aisle_error *err)
{
    aisle_experiments *e = aisle_calloc(1, sizeof *e);
    if (!e) return aisle_fail(err, AISLE_ENOMEM, "out of memory for experiments");
    e->refs = 1;
    memcpy(e->key, k->key, sizeof e->key);
    aisle_status st = aisle_view_experiments(v, &e->arena, &e->set, err);
    if (st != AISLE_OK || e->set.n == 0) {
        aisle_experiments_unref(e);
        e = NULL;
    }
    if (st != AISLE_OK) return st;
    pthread_mutex_lock(&k->lock);
    aisle_experiments *old = k->now;
    note_past(k, old, e, aisle_time_monotonic_ns() / 1000000);
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

static bool has_word(aisle_str words, aisle_str word)
{
    for (size_t from = 0; from < words.len;) {
        const char *space = memchr(words.ptr + from, ' ', words.len - from);
        size_t to = space ? (size_t)(space - words.ptr) : words.len;
        if (aisle_str_eq((aisle_str){words.ptr + from, to - from}, word)) return true;
        from = to + 1;
    }
    return false;
}

static bool runs(const aisle_experiment *x, aisle_surface surface, int64_t now_ms)
{
    return x->surfaces >> surface & 1 && x->from_ms <= now_ms && now_ms < x->until_ms;
}

static bool is_for(const aisle_experiment *x, const aisle_occasion *at)
{
    const bool of_all = at->surface != AISLE_ON_RECOMMENDATIONS || !x->scenarios.len;
    return runs(x, at->surface, at->now_ms) &&
           (of_all || (at->scenario.len && has_word(x->scenarios, at->scenario)));
}

const aisle_variant *aisle_experiments_assign(const aisle_experiments *e, aisle_str person,
                                              const aisle_occasion *at, const aisle_experiment **of)
{
    for (int32_t i = 0; person.len && i < e->set.n; i++) {
        const aisle_experiment *x = &e->set.list[i];
        if (!is_for(x, at) || hashed(e, x->salt, AISLE_STR(""), person) >= x->share) continue;
        *of = x;
        return choose(e, x, person);
    }
    return NULL;
}

bool aisle_experiments_reach(const aisle_experiments *e, aisle_surface surface, int64_t now_ms)
{
    for (int32_t i = 0; e && i < e->set.n; i++)
        if (runs(&e->set.list[i], surface, now_ms)) return true;
    return false;
}

bool aisle_experiments_has(const aisle_experiments *e, aisle_str experiment, aisle_str variant)
{
    for (int32_t i = 0; i < e->set.n; i++) {
        const aisle_experiment *x = &e->set.list[i];
        if (!aisle_str_eq(x->name, experiment)) continue;
        for (int32_t k = 0; k < x->n; k++)
            if (aisle_str_eq(x->variants[k].name, variant)) return true;
    }
    return false;
}
