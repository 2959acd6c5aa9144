/* Sends SQLite's allocations through aisle_alloc. */
#ifndef AISLE_SERVER_SQLITE_MEMORY_H
#define AISLE_SERVER_SQLITE_MEMORY_H

/* Idempotent and thread-safe; without effect when SQLite is already in use by the process. */
void aisle_sqlite_use_our_memory(void);

#endif
