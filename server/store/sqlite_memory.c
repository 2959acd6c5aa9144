/* SQLite's allocator table over aisle_alloc, so that a test that fails the n-th allocation reaches into it.
 */
#include "server/store/sqlite_memory.h"

#include <malloc.h>
#include <pthread.h>
#include <sqlite3.h>

#include "aisle/memory.h"

static void *take(int bytes)
{
    return aisle_alloc((size_t)bytes);
}

static void *again(void *p, int bytes)
{
    return aisle_realloc(p, (size_t)bytes);
}

static int size_of(void *p)
{
    return p ? (int)malloc_usable_size(p) : 0;
}

static int round_up(int bytes)
{
    return (bytes + 7) & ~7;
}

static int begin(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void end(void *unused)
{
    (void)unused;
}

static void configure(void)
{
    static const sqlite3_mem_methods methods = {take, aisle_free, again, size_of, round_up, begin, end, NULL};
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* its counter is a lock that all threads share */
}

void aisle_sqlite_use_our_memory(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
}
