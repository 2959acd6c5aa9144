/* The writer thread, for TSan: what was acknowledged is in the database, a held lock fails writes in time and
 * not reads, a full disk fails writes and heals. A plain program: Criterion does not start under TSan. */
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/store/store.h"

#define CHECK(cond)                                                                                          \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                                       \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

enum { THREADS = 8, EVENTS_EACH = 400 };

static char folder[64];

static aisle_store *open_store(bool with_writer)
{
    aisle_store *s;
    aisle_error err = {.message = ""};
    if (aisle_store_open(folder, true, &s, &err) != AISLE_OK) fprintf(stderr, "%s\n", err.message);
    CHECK(s);
    if (with_writer) CHECK(aisle_store_start_writer(s, &err) == AISLE_OK);
    return s;
}

static int64_t count_events(aisle_store *s)
{
    aisle_view *v;
    aisle_store_counts c = {0};
    CHECK(aisle_view_open(s, &v, NULL) == AISLE_OK);
    CHECK(aisle_view_counts(v, &c, NULL) == AISLE_OK);
    aisle_view_close(v);
    return c.events;
}

typedef struct event_write {
    aisle_write base;
    char id[32];
    bool fails;
} event_write;

static aisle_status run_event(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    event_write *e = (event_write *)w;
    bool known;
    aisle_event event = {.event_id = aisle_str_from(e->id),
                         .user = AISLE_STR("u"),
                         .item = aisle_str_from(e->id),
                         .value = 1,
                         .price_minor = -1};
    AISLE_TRY(aisle_tx_event(tx, &event, &known, err));
    return e->fails ? aisle_fail(err, AISLE_ECONFLICT, "as asked") : AISLE_OK;
}

static atomic_llong acknowledged, refused;

static void on_done(aisle_write *w, aisle_status st, const aisle_error *err)
{
    event_write *e = (event_write *)w;
    CHECK((st == AISLE_OK) == (err == NULL));
    CHECK(st == (e->fails ? AISLE_ECONFLICT : AISLE_OK));
    atomic_fetch_add(st == AISLE_OK ? &acknowledged : &refused, 1);
    free(e);
}

static aisle_store *shared;

static void *submit_many(void *arg)
{
    int thread = *(int *)arg;
    for (int i = 0; i < EVENTS_EACH; i++) {
        event_write *e = calloc(1, sizeof *e);
        CHECK(e);
        e->base = (aisle_write){.run = run_event, .done = on_done};
        e->fails = i % 10 == 9;
        snprintf(e->id, sizeof e->id, "%d-%d", thread, i);
        while (aisle_store_submit(shared, &e->base) == AISLE_EBUSY) usleep(1000);
    }
    return NULL;
}

static aisle_status on_event(void *ctx, const aisle_event *e, aisle_error *err)
{
    (void)err;
    char *seen = ctx;
    int thread = 0, i = 0;
    char id[32] = "";
    memcpy(id, e->item.ptr, e->item.len < 31 ? e->item.len : 31);
    CHECK(sscanf(id, "%d-%d", &thread, &i) == 2);
    seen[thread * EVENTS_EACH + i]++;
    return AISLE_OK;
}

static void every_acknowledged_event_is_there_after_reopening(void)
{
    static char seen[THREADS * EVENTS_EACH];
    pthread_t threads[THREADS];
    int numbers[THREADS];
    const aisle_sink sink = {.ctx = seen, .event = on_event};
    shared = open_store(true);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, submit_many, &numbers[i]) == 0);
    }
    for (int i = 0; i < 50; i++) CHECK(count_events(shared) >= 0); /* reading goes on beside */
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    aisle_store_close(shared); /* writes what waits */
    CHECK(acknowledged == THREADS * EVENTS_EACH * 9 / 10 && refused == THREADS * EVENTS_EACH / 10);
    shared = open_store(false);
    CHECK(count_events(shared) == acknowledged);
    CHECK(aisle_store_load(shared, &sink, NULL, NULL) == AISLE_OK);
    for (int i = 0; i < THREADS * EVENTS_EACH; i++) CHECK(seen[i] == (i % EVENTS_EACH % 10 != 9));
    aisle_store_close(shared);
}

static aisle_status write_one(aisle_store *s, const char *id)
{
    event_write w = {.base = {.run = run_event}};
    aisle_error err = {.message = ""};
    snprintf(w.id, sizeof w.id, "%s", id);
    aisle_status st = aisle_store_write_now(s, &w.base, &err);
    if (st != AISLE_OK) CHECK(strstr(err.message, folder));
    return st;
}

static void lock_held_elsewhere_fails_writes_in_time_and_not_reads(void)
{
    char path[96];
    sqlite3 *other;
    aisle_store *s = open_store(true);
    snprintf(path, sizeof path, "%s/aisle.db", folder);
    CHECK(sqlite3_open(path, &other) == SQLITE_OK);
    CHECK(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
    int64_t before = count_events(s), start_ns = aisle_time_monotonic_ns();
    CHECK(write_one(s, "100-1") == AISLE_EBUSY);
    CHECK(aisle_time_monotonic_ns() - start_ns < 5000000000);
    CHECK(count_events(s) == before);
    CHECK(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
    CHECK(write_one(s, "100-1") == AISLE_OK);
    sqlite3_close(other);
    aisle_store_close(s);
}

/* A limit on the size of files is what a full disk is without needing one. */
static void full_disk_fails_writes_and_heals_without_a_restart(void)
{
    struct rlimit old, tight;
    char id[32];
    aisle_store *s = open_store(true);
    aisle_view *v;
    CHECK(aisle_view_open(s, &v, NULL) == AISLE_OK);
    int64_t before = count_events(s), written = 0;
    signal(SIGXFSZ, SIG_IGN);
    CHECK(getrlimit(RLIMIT_FSIZE, &old) == 0);
    tight = old;
    tight.rlim_cur = 150000;
    CHECK(setrlimit(RLIMIT_FSIZE, &tight) == 0);
    aisle_status st = AISLE_OK;
    for (int i = 0; i < 2000 && st == AISLE_OK; i++) {
        snprintf(id, sizeof id, "200-%d", i);
        st = write_one(s, id);
        written += st == AISLE_OK;
    }
    CHECK(st == AISLE_ENOSPC);
    aisle_store_counts c;
    CHECK(aisle_view_counts(v, &c, NULL) == AISLE_OK && c.events == before + written);
    CHECK(setrlimit(RLIMIT_FSIZE, &old) == 0);
    CHECK(write_one(s, "200-again") == AISLE_OK);
    CHECK(aisle_view_counts(v, &c, NULL) == AISLE_OK && c.events == before + written + 1);
    aisle_view_close(v);
    aisle_store_close(s);
    s = open_store(false);
    CHECK(count_events(s) == before + written + 1);
    aisle_store_close(s);
}

static aisle_status run_slow(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    (void)w, (void)tx, (void)err;
    while (!atomic_load(&refused)) usleep(1000);
    return AISLE_OK;
}

static void full_queue_refuses_and_nothing_is_lost(void)
{
    enum { MANY = 10000 };
    static aisle_write writes[MANY + 1];
    atomic_store(&refused, 0);
    aisle_store *s = open_store(false);
    CHECK(aisle_store_submit(s, &writes[0]) == AISLE_EBUSY); /* no writer yet */
    CHECK(aisle_store_start_writer(s, NULL) == AISLE_OK);
    int n = 0;
    for (int i = 0; i <= MANY; i++) {
        writes[i].run = run_slow;
        n += aisle_store_submit(s, &writes[i]) == AISLE_OK;
    }
    CHECK(n >= 4096 && n <= 2 * 4096); /* a batch at work and a full queue */
    atomic_store(&refused, 1);
    aisle_store_close(s);
    for (int i = 0; i < n; i++) CHECK(writes[i].status == AISLE_OK);
}

int main(void)
{
    char command[96];
    snprintf(folder, sizeof folder, "/tmp/aisle-writer-XXXXXX");
    CHECK(mkdtemp(folder));
    every_acknowledged_event_is_there_after_reopening();
    lock_held_elsewhere_fails_writes_in_time_and_not_reads();
    full_disk_fails_writes_and_heals_without_a_restart();
    full_queue_refuses_and_nothing_is_lost();
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    CHECK(system(command) == 0);
    puts("ok");
    return 0;
}
