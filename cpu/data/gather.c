/* Texts are interned once; (item, title) pairs are counted under an 8-byte key in the same kind of map, so
 * that an item with a million titles costs no more than a million items. */
#include "cpu/data/gather.h"

#include "aisle/dataset.h"
#include "aisle/memory.h"

typedef struct product_facts {
    int32_t title, description, brand, category; /* text ids, -1 = none; title is chosen at the end */
    int64_t title_count;
    int64_t price_minor, price_at;
} product_facts;

typedef struct user_facts {
    int32_t age_band, gender, country;
} user_facts;

typedef struct title_count {
    int32_t item, title;
    int64_t n;
} title_count;

struct gather {
    aisle_idmap *items, *users, *texts, *pairs;
    product_facts *products;
    user_facts *people;
    title_count *counts; /* by the number of the pair */
    int64_t products_cap, people_cap, counts_cap;
};

gather *gather_new(void)
{
    gather *g = aisle_calloc(1, sizeof *g);
    if (!g) return NULL;
    g->items = aisle_idmap_new();
    g->users = aisle_idmap_new();
    g->texts = aisle_idmap_new();
    g->pairs = aisle_idmap_new();
    if (g->items && g->users && g->texts && g->pairs) return g;
    gather_free(g);
    return NULL;
}

void gather_free(gather *g)
{
    if (!g) return;
    aisle_idmap_free(g->items);
    aisle_idmap_free(g->users);
    aisle_idmap_free(g->texts);
    aisle_idmap_free(g->pairs);
    aisle_free(g->products);
    aisle_free(g->people);
    aisle_free(g->counts);
    aisle_free(g);
}

/* Fills *slot with the text's number if it is still -1 and the text is not empty. */
static bool keep_first(gather *g, aisle_str text, int32_t *slot)
{
    if (*slot >= 0 || text.len == 0) return true;
    *slot = aisle_idmap_add(g->texts, text);
    return *slot >= 0;
}

static bool count_title(gather *g, int32_t item, aisle_str text)
{
    if (text.len == 0) return true;
    int32_t key[2] = {item, aisle_idmap_add(g->texts, text)};
    if (key[1] < 0) return false;
    int32_t known = aisle_idmap_count(g->pairs);
    if (!aisle_grow((void **)&g->counts, &g->counts_cap, (int64_t)known + 1, sizeof *g->counts)) return false;
    int32_t pair = aisle_idmap_add(g->pairs, (aisle_str){(const char *)key, sizeof key});
    if (pair < 0) return false;
    if (pair == known) g->counts[pair] = (title_count){item, key[1], 0};
    g->counts[pair].n++;
    return true;
}

bool gather_product(gather *g, const aisle_product *p, int64_t at_ms)
{
    int32_t known = aisle_idmap_count(g->items);
    if (!aisle_grow((void **)&g->products, &g->products_cap, (int64_t)known + 1, sizeof *g->products))
        return false;
    int32_t item = aisle_idmap_add(g->items, p->id);
    if (item < 0) return false;
    product_facts *f = &g->products[item];
    if (item == known) *f = (product_facts){-1, -1, -1, -1, 0, -1, INT64_MIN};
    if (p->price_minor >= 0 && at_ms >= f->price_at) {
        f->price_minor = p->price_minor;
        f->price_at = at_ms;
    }
    return count_title(g, item, p->title) && keep_first(g, p->description, &f->description) &&
           keep_first(g, p->brand, &f->brand) && keep_first(g, p->category, &f->category);
}

bool gather_user(gather *g, const aisle_user *u)
{
    int32_t known = aisle_idmap_count(g->users);
    if (!aisle_grow((void **)&g->people, &g->people_cap, (int64_t)known + 1, sizeof *g->people)) return false;
    int32_t user = aisle_idmap_add(g->users, u->id);
    if (user < 0) return false;
    user_facts *f = &g->people[user];
    if (user == known) *f = (user_facts){-1, -1, -1};
    return keep_first(g, u->age_band, &f->age_band) && keep_first(g, u->gender, &f->gender) &&
           keep_first(g, u->country, &f->country);
}

static aisle_str text_of(const gather *g, int32_t id)
{
    return id < 0 ? (aisle_str){NULL, 0} : aisle_idmap_get(g->texts, id);
}

/* Pairs stand in order of first sight, so a later one must be strictly more frequent. */
static void choose_titles(const gather *g)
{
    for (int32_t k = 0; k < aisle_idmap_count(g->pairs); k++) {
        product_facts *f = &g->products[g->counts[k].item];
        if (g->counts[k].n <= f->title_count) continue;
        f->title = g->counts[k].title;
        f->title_count = g->counts[k].n;
    }
}

aisle_status gather_send(const gather *g, const aisle_sink *sink, aisle_str currency, int64_t *products,
                         int64_t *users, aisle_error *err)
{
    choose_titles(g);
    for (int32_t i = 0; i < aisle_idmap_count(g->items); i++) {
        const product_facts *f = &g->products[i];
        aisle_product p = {.id = aisle_idmap_get(g->items, i),
                           .title = text_of(g, f->title),
                           .description = text_of(g, f->description),
                           .brand = text_of(g, f->brand),
                           .category = text_of(g, f->category),
                           .currency = currency,
                           .price_minor = f->price_minor,
                           .stock = -1};
        if (sink->product) AISLE_TRY(sink->product(sink->ctx, &p, err));
        ++*products;
    }
    for (int32_t i = 0; i < aisle_idmap_count(g->users); i++) {
        const user_facts *f = &g->people[i];
        aisle_user u = {aisle_idmap_get(g->users, i), text_of(g, f->age_band), text_of(g, f->gender),
                        text_of(g, f->country)};
        if (sink->user) AISLE_TRY(sink->user(sink->ctx, &u, err));
        ++*users;
    }
    return AISLE_OK;
}
