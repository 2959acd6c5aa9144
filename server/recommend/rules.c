/* The newest set, and which of its rules hold for a question. */
#include "server/recommend/rules.h"

#include <jansson.h>
#include <pthread.h>

#include "server/recommend/pin.h"
#include "server/recommend/rule_set.h"
#include "server/store/store_rules.h"

struct aisle_rules_keeper {
    aisle_view *view;           /* guarded by refreshing */
    pthread_mutex_t refreshing; /* one refresh at a time */
    pthread_mutex_t lock;       /* guards the rest, for nanoseconds */
    aisle_rules *rules;
    int64_t version;
};

void aisle_rules_unref(void *rules)
{
    aisle_rules *r = rules;
    if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) != 0) return;
    aisle_arena_deinit(&r->arena);
    aisle_free(r);
}

static aisle_rules *get(aisle_rules_keeper *k)
{
    pthread_mutex_lock(&k->lock);
    aisle_rules *r = k->rules;
    if (r) __atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&k->lock);
    return r;
}

void aisle_rules_put(aisle_rules_keeper *k, aisle_rules *rules, int64_t version)
{
    aisle_rules *old = rules;
    pthread_mutex_lock(&k->lock);
    if (version > k->version) {
        old = k->rules;
        k->rules = rules;
        k->version = version;
    }
    pthread_mutex_unlock(&k->lock);
    aisle_rules_unref(old);
}

static aisle_status read_stored(aisle_rules_keeper *k, aisle_arena *a, aisle_error *err)
{
    aisle_str text;
    int64_t version;
    aisle_rules *rules = NULL;
    aisle_filter_fault fault = {.code = ""};
    AISLE_TRY(aisle_view_rules(k->view, a, &text, &version, err));
    json_t *list = json_loadb(text.ptr, text.len, 0, NULL);
    aisle_status st = aisle_rules_read(list, "", &rules, &fault);
    json_decref(list);
    if (st == AISLE_EINVAL)
        return aisle_fail(err, AISLE_EFORMAT, "stored rules %s: %s", fault.pointer, fault.text);
    if (st != AISLE_OK) return aisle_fail(err, st, "out of memory for the rules");
    aisle_rules_put(k, rules, version);
    return AISLE_OK;
}

static aisle_status refresh(aisle_rules_keeper *k, aisle_error *err)
{
    int64_t version;
    aisle_arena arena;
    AISLE_TRY(aisle_view_rules_version(k->view, &version, err));
    pthread_mutex_lock(&k->lock);
    bool same = k->version >= version;
    pthread_mutex_unlock(&k->lock);
    if (same) return AISLE_OK;
    aisle_arena_init(&arena);
    aisle_status st = read_stored(k, &arena, err);
    aisle_arena_deinit(&arena);
    return st;
}

aisle_status aisle_rules_refresh(aisle_rules_keeper *k, aisle_error *err)
{
    pthread_mutex_lock(&k->refreshing);
    aisle_status st = refresh(k, err);
    pthread_mutex_unlock(&k->refreshing);
    return st;
}

aisle_status aisle_rules_open(aisle_store *store, aisle_rules_keeper **out, aisle_error *err)
{
    aisle_rules_keeper *k = aisle_calloc(1, sizeof *k);
    *out = NULL;
    if (!k) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the rules");
    pthread_mutex_init(&k->refreshing, NULL);
    pthread_mutex_init(&k->lock, NULL);
    aisle_status st = aisle_view_open(store, &k->view, err);
    if (st == AISLE_OK) st = aisle_rules_refresh(k, err);
    if (st == AISLE_OK)
        *out = k;
    else
        aisle_rules_close(k);
    return st;
}

void aisle_rules_close(aisle_rules_keeper *k)
{
    if (!k) return;
    aisle_rules_unref(k->rules);
    aisle_view_close(k->view);
    pthread_mutex_destroy(&k->refreshing);
    pthread_mutex_destroy(&k->lock);
    aisle_free(k);
}

/* ---- which hold ---- */

/* "Home > Garden" is at or below "Home", "Homewares" is not. */
static bool is_below(aisle_str path, aisle_str node)
{
    if (path.len < node.len || memcmp(path.ptr, node.ptr, node.len) != 0) return false;
    return path.len == node.len || (path.len >= node.len + 3 && memcmp(path.ptr + node.len, " > ", 3) == 0);
}

/* The one category that the filter asks for, at its top. */
static aisle_str category_of(const aisle_filter *f)
{
    if (f->where && f->where->kind == AISLE_WHERE_ALL)
        for (const aisle_where *w = f->where->child; w; w = w->next)
            if (w->kind == AISLE_WHERE_CATEGORY && w->n_values == 1) return w->values[0];
    return (aisle_str){NULL, 0};
}

static bool holds(const aisle_rule *rule, const aisle_rules_place *at, aisle_str category)
{
    bool here = rule->n_scenarios == 0;
    for (int32_t i = 0; i < rule->n_scenarios && at->scenario.ptr; i++)
        here = here || aisle_str_eq(rule->scenarios[i], at->scenario);
    if (!here || at->now_ms < rule->from_ms || at->now_ms >= rule->until_ms) return false;
    return !rule->category.ptr || (category.ptr && is_below(category, rule->category));
}

/* Room for all rules of each kind beside what is there. */
typedef struct gathered {
    aisle_filter *hides;
    struct aisle_ask_boost *boosts;
    struct aisle_pin *pins;
    int32_t n_hides, n_boosts, n_pins;
} gathered;

static bool make_room(gathered *g, const aisle_wishes *w, int32_t n, aisle_arena *a)
{
    g->hides = aisle_arena_calloc(a, (size_t)n, sizeof *g->hides);
    g->boosts = aisle_arena_calloc(a, (size_t)(n + w->n_boosts), sizeof *g->boosts);
    g->pins = aisle_arena_calloc(a, (size_t)(n + w->n_pins), sizeof *g->pins);
    if (!g->hides || !g->boosts || !g->pins) return false;
    for (; g->n_boosts < w->n_boosts; g->n_boosts++) g->boosts[g->n_boosts] = w->boosts[g->n_boosts];
    for (; g->n_pins < w->n_pins; g->n_pins++) g->pins[g->n_pins] = w->pins[g->n_pins];
    return true;
}

static void take(gathered *g, const aisle_rule *rule)
{
    switch (rule->kind) {
    case AISLE_RULE_HIDE: g->hides[g->n_hides++] = rule->filter; return;
    case AISLE_RULE_BOOST:
        g->boosts[g->n_boosts++] = (struct aisle_ask_boost){rule->filter, rule->by};
        return;
    case AISLE_RULE_PIN: g->pins[g->n_pins++] = (struct aisle_pin){rule->product, rule->position}; return;
    }
}

static aisle_status wish(const aisle_rules *rules, const aisle_rules_place *at, aisle_arena *a,
                         aisle_filter *filter, aisle_wishes *wishes, aisle_error *err)
{
    const aisle_str category = at->category.ptr ? at->category : category_of(filter);
    gathered g = {0};
    bool ok = make_room(&g, wishes, rules->n, a);
    for (int32_t i = 0; i < rules->n && ok; i++)
        if (holds(&rules->rule[i], at, category)) take(&g, &rules->rule[i]);
    if (ok && g.n_hides) ok = aisle_filter_without(filter, g.hides, g.n_hides, a, filter);
    if (!ok) return aisle_fail(err, AISLE_ENOMEM, "out of memory for the rules");
    wishes->boosts = g.boosts;
    wishes->n_boosts = g.n_boosts;
    wishes->pins = g.pins;
    wishes->n_pins = g.n_pins;
    return AISLE_OK;
}

aisle_status aisle_rules_wish(aisle_rules_keeper *k, const aisle_rules_place *at, aisle_arena *a,
                              aisle_filter *filter, aisle_wishes *wishes, aisle_error *err)
{
    aisle_rules *rules = get(k);
    if (!rules || !rules->n) {
        aisle_rules_unref(rules);
        return AISLE_OK;
    }
    if (!aisle_arena_at_end(a, aisle_rules_unref, rules)) {
        aisle_rules_unref(rules);
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for the rules");
    }
    return wish(rules, at, a, filter, wishes, err);
}
