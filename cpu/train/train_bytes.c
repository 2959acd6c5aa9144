/* What training takes, before it begins. A phase each: what stays from the phases before it, and what it makes. In double:
 * sums of products that may overflow int64 are exact enough, and cannot wrap. */
#include <omp.h>

#include "aisle/train.h"

typedef struct sizes {
    double users, items, pairs, events, purchases, f, threads;
    double resident, work; /* bytes of the device for ALS; 0 = not the host's */
    const aisle_train_params *p;
} sizes;

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* 4 bytes a column, 4 a value, 8 an offset. */
static double csr(double rows, double pairs)
{
    return 8 * pairs + 8 * (rows + 1);
}

static double host_factors(const sizes *s)
{
    return (s->users + s->items) * s->f * 4;
}

/* The events, by user, beside the matrix (pairs.h), and the mask of the k-core. */
static double build(const sizes *s)
{
    return csr(s->users, s->pairs) + 8 * s->events + 8 * (s->users + 1);
}

/* Values of both sides with the items' confidences. */
static double damped(const sizes *s, double pairs)
{
    return s->p->item_damping > 0 ? 8 * pairs + 4 * s->items : 0;
}

/* The start's items are on the host for a moment, without the users. */
static double factors(const sizes *s)
{
    double copies = s->p->checkpoint ? host_factors(s) : 0, at_start = s->items * s->f * 4;
    at_start += s->resident * s->items / (s->users + s->items);
    double here =
        s->resident > 0 ? s->resident + s->work : host_factors(s); /* a GPU's are taken at the end */
    return csr(s->users, s->pairs) + csr(s->items, s->pairs) + s->f * s->f * 4 + copies +
           damped(s, s->pairs) + larger(here, at_start);
}

/* With pairs held out: both sides of the rest, the held ones and copies of the factors. The metric's panels of items and
 * its blocks of scores (eval.h) come when the device's work space has gone. */
static double search(const sizes *s)
{
    enum { BLOCK = 48, ROOM = 2 * 48, BLOCK_BYTES = 32 << 20, METRIC_USERS = 20000, METRIC_BYTES = 8 * 16 };
    double held = s->pairs * s->p->validation, rest = s->pairs - held,
           users = larger(1000, 64 * rest / s->items);
    double block = larger(1, (double)BLOCK_BYTES / (s->items * 4)), blocks;
    if (block > BLOCK) block = BLOCK;
    if (users > METRIC_USERS) users = METRIC_USERS;
    if (users > s->users) users = s->users;
    blocks = (users + block - 1) / block;
    double threads = s->threads < blocks ? s->threads : blocks;
    double metric = s->items * s->f * 4 + s->threads * ROOM * s->f * 4 +
                    threads * s->items * (block * 4 + 2) + users * METRIC_BYTES + s->users * 4;
    return csr(s->users, s->pairs) + csr(s->users, rest) + csr(s->items, rest) + csr(s->users, held) +
           damped(s, rest) + s->f * s->f * 4 + host_factors(s) + s->resident + larger(s->work, metric);
}

/* Marks, the purchases by user, and the baskets as they grow: one product each and half of the room unused, as doubling has it
 * on average. */
static double baskets(const sizes *s)
{
    return s->events + 8 * (s->users + 1) + s->purchases * (8 + 1.5 * (4 + 8));
}

/* The factors stay. */
static double neighbours(const sizes *s, double similar)
{
    double kept = (s->resident > 0 ? s->resident : host_factors(s)) + s->f * s->f * 4 + s->items * 4;
    double both = csr(s->users, s->pairs) + csr(s->items, s->pairs);
    double lists = s->items * s->p->k_similar * 8, texts = s->items * s->p->k_content * 8;
    double last = csr(s->users, s->pairs) + lists + texts + s->items * (4 + 16); /* trending */
    if (s->p->k_complements > 0) last = larger(last, csr(s->users, s->pairs) + lists + texts + baskets(s));
    return kept + larger(both + lists + (s->p->k_similar > 0 ? similar + s->items * 4 + s->users * 4 : 0), last);
}

int64_t aisle_train_bytes(const aisle_trainer *t, const aisle_train_sizes *z, const aisle_train_params *p)
{
    const aisle_sizes by_user = {z->n_users, z->n_items, z->n_pairs, p->factors};
    const aisle_sizes by_item = {z->n_items, z->n_users, z->n_pairs, p->factors};
    sizes s = {.users = z->n_users,
               .items = z->n_items,
               .pairs = (double)z->n_pairs,
               .events = (double)z->n_events,
               .purchases = (double)z->n_purchases,
               .f = p->factors,
               .threads = t->threads > 0 ? t->threads : omp_get_num_procs(),
               .p = p};
    if (p->factors > 0) {
        aisle_host_bytes device = t->ops->als_bytes(t->device, &by_user, &p->als);
        s.resident = (double)device.resident;
        s.work = (double)device.work;
    }
    double most =
        larger(build(&s), neighbours(&s, (double)t->ops->similar_bytes(t->device, &by_item, p->k_similar)));
    if (p->factors > 0) most = larger(most, factors(&s));
    if (p->factors > 0 && p->validation > 0) most = larger(most, search(&s));
    if (p->user_core > 1 || p->item_core > 1) most += s.events;
    return most < 0x1p63 ? (int64_t)most : INT64_MAX;
}
