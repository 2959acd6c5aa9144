/* When somebody's events changed last, so that what is known of them can be kept in memory. Internal to store/: the writer
 * touches whom it writes for, and what is touched counts once it is committed and before anybody hears so. */
#ifndef AISLE_SERVER_PEOPLE_STAMPS_H
#define AISLE_SERVER_PEOPLE_STAMPS_H

#include <stdbool.h>
#include <stdint.h>

enum { AISLE_STAMPS = 1 << 16, AISLE_TOUCHED_MAX = 1 << 16 };

typedef struct aisle_people_stamps {
    uint32_t all, slot[AISLE_STAMPS]; /* read and written atomically; several people share a slot */
    /* the writer's: of the transaction in progress */
    uint32_t *touched;
    int64_t n, cap;
    bool everybody;
} aisle_people_stamps;

/* As names of the tail are (event_tail.h): 2 * users.id, 2 * sessions.id + 1. */
static inline uint32_t aisle_stamp_slot(int64_t name)
{
    return (uint32_t)((uint64_t)name * UINT64_C(0x9e3779b97f4a7c15) >> 48);
}
/* Another one after each change. Any thread. Read before what it stands for. */
static inline uint64_t aisle_stamp_of(const aisle_people_stamps *p, int64_t name)
{
    uint64_t all = __atomic_load_n(&p->all, __ATOMIC_ACQUIRE);
    return all << 32 | __atomic_load_n(&p->slot[aisle_stamp_slot(name)], __ATOMIC_ACQUIRE);
}

void aisle_people_deinit(aisle_people_stamps *p);
void aisle_people_touch(aisle_people_stamps *p, int64_t name);
static inline void aisle_people_touch_all(aisle_people_stamps *p)
{
    p->everybody = true;
}
/* After the transaction, however it ended, and before any done(). */
void aisle_people_settle(aisle_people_stamps *p);

#endif
