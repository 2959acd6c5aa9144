/* A list of slots a transaction; one that is too long, or finds no memory, touches everybody. */
#include "server/store/people_stamps.h"

#include "aisle/memory.h"

void aisle_people_deinit(aisle_people_stamps *p)
{
    aisle_free(p->touched);
    p->touched = NULL;
    p->n = p->cap = 0;
}

void aisle_people_touch(aisle_people_stamps *p, int64_t name)
{
    if (p->everybody) return;
    p->everybody =
        p->n == AISLE_TOUCHED_MAX || !aisle_grow((void **)&p->touched, &p->cap, p->n + 1, sizeof *p->touched);
    if (!p->everybody) p->touched[p->n++] = aisle_stamp_slot(name);
}

void aisle_people_settle(aisle_people_stamps *p)
{
    if (p->everybody) __atomic_fetch_add(&p->all, 1, __ATOMIC_ACQ_REL);
    for (int64_t i = 0; i < p->n && !p->everybody; i++)
        __atomic_fetch_add(&p->slot[p->touched[i]], 1, __ATOMIC_ACQ_REL);
    p->n = 0;
    p->everybody = false;
}
