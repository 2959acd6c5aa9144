/* kill -9 while writing and merging: a child acknowledges events through a pipe and is killed at a random moment; every
 * acknowledged event is in the database afterwards, is found and known, and the database is whole. AISLE_SEED repeats a run,
 * AISLE_ROUNDS makes it longer. */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aisle/rng.h"
#include "server/store/store_internal.h"

#define CHECK(cond)                                                                                          \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            fprintf(stderr, "%s:%d: %s (AISLE_SEED=%llu)\n", __FILE__, __LINE__, #cond,                      \
                    (unsigned long long)seed);                                                               \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

enum { PIPELINE = 16, MAX_EVENTS = 1 << 20, AGAIN = 200 };

static unsigned long long seed = 1;
static char folder[64];
static int pipe_out;

typedef struct event_write {
    aisle_write base;
    int32_t number;
    bool known;
} event_write;

static aisle_status run_event(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    event_write *e = (event_write *)w;
    char id[32];
    snprintf(id, sizeof id, "%d", e->number);
    aisle_event event = {.event_id = aisle_str_from(id),
                         .user = AISLE_STR("u"),
                         .item = aisle_str_from(id),
                         .value = 1,
                         .price_minor = -1};
    return aisle_tx_event(tx, &event, &e->known, err);
}

/* The acknowledgement: a few bytes in a pipe outlive the process. */
static void on_done(aisle_write *w, aisle_status st, const aisle_error *err)
{
    (void)err;
    event_write *e = (event_write *)w;
    if (st != AISLE_OK || write(pipe_out, &e->number, sizeof e->number) != sizeof e->number) _exit(1);
    free(e);
}

static void child(int32_t first)
{
    aisle_store *s;
    if (aisle_store_open(folder, true, &s, NULL)) _exit(1);
    /* Most moments are in a merge, or between two. */
    s->merge_rule = (aisle_merge_rule){.rows = 300, .idle_rows = 10, .idle_ns = 100000, .slice = 40};
    if (aisle_store_start_writer(s, NULL)) _exit(1);
    for (int32_t n = first;; n++) {
        event_write *e = calloc(1, sizeof *e);
        if (!e) _exit(1);
        e->base = (aisle_write){.run = run_event, .done = on_done};
        e->number = n;
        while (aisle_store_submit(s, &e->base) != AISLE_OK) usleep(100);
        if (n % PIPELINE == 0) usleep(200);
    }
}

static unsigned char *present;

static aisle_status on_event(void *ctx, const aisle_event *e, aisle_error *err)
{
    (void)ctx, (void)err;
    char id[32] = "";
    memcpy(id, e->item.ptr, e->item.len < 31 ? e->item.len : 31);
    CHECK(present[atoi(id)] == 0);
    present[atoi(id)] = 1;
    return AISLE_OK;
}

static int on_check(void *ctx, int n, char **values, char **names)
{
    (void)n, (void)names;
    *(bool *)ctx = strcmp(values[0], "ok") == 0;
    return 0;
}

static void check_whole(void)
{
    char path[96];
    bool whole = false;
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/aisle.db", folder);
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, "PRAGMA integrity_check", on_check, &whole, NULL) == SQLITE_OK && whole);
    CHECK(sqlite3_exec(db, "PRAGMA foreign_key_check", on_check, &whole, NULL) == SQLITE_OK && whole);
    sqlite3_close(db);
}

/* The events are the user's newest, and sent again they are known. */
static void check_found(aisle_store *s, const unsigned char *acked, int64_t stored)
{
    aisle_arena a = {0};
    aisle_recent *recent;
    aisle_view *v;
    int32_t n;
    CHECK(aisle_view_open(s, &v, NULL) == AISLE_OK);
    CHECK(aisle_view_recent(v, AISLE_STR("u"), (aisle_str){NULL, 0}, 10000, &a, &recent, &n, NULL) ==
          AISLE_OK);
    CHECK(n == (stored < 10000 ? stored : 10000));
    aisle_arena_deinit(&a);
    aisle_view_close(v);
    for (int32_t i = MAX_EVENTS - 1, left = AGAIN; i >= 0 && left > 0; i--) {
        event_write w = {.base = {.run = run_event}, .number = i};
        if (!acked[i]) continue;
        CHECK(aisle_store_write_now(s, &w.base, NULL) == AISLE_OK);
        CHECK(w.known);
        left--;
    }
}

/* One life of the child; acked[] collects. Returns the first number not yet used. */
static int32_t live_and_die(int32_t first, int64_t life_us, unsigned char *acked)
{
    int fds[2];
    int32_t number, next = first;
    CHECK(pipe(fds) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        pipe_out = fds[1];
        child(first);
    }
    close(fds[1]);
    usleep((useconds_t)life_us);
    CHECK(kill(pid, SIGKILL) == 0);
    while (read(fds[0], &number, sizeof number) == sizeof number) {
        CHECK(number >= first && number < MAX_EVENTS);
        acked[number] = 1;
        if (number >= next) next = number + 1;
    }
    close(fds[0]);
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
    return next + 20000; /* past what was written but not acknowledged */
}

int main(void)
{
    char command[96];
    const char *text = getenv("AISLE_SEED"), *more = getenv("AISLE_ROUNDS");
    int rounds = more ? atoi(more) : 8;
    unsigned char *acked = calloc(MAX_EVENTS, 1);
    if (text) seed = strtoull(text, NULL, 10);
    present = malloc(MAX_EVENTS);
    CHECK(acked && present);
    snprintf(folder, sizeof folder, "/tmp/aisle-kill-XXXXXX");
    CHECK(mkdtemp(folder));
    aisle_rng rng;
    aisle_rng_init(&rng, seed, 0);
    int32_t next = 0;
    int64_t total = 0;
    for (int round = 0; round < rounds; round++) {
        const aisle_sink sink = {.event = on_event};
        aisle_store *s;
        next = live_and_die(next, 20000 + (int64_t)aisle_rng_below(&rng, 400000), acked);
        CHECK(aisle_store_open(folder, true, &s, NULL) == AISLE_OK);
        memset(present, 0, MAX_EVENTS);
        CHECK(aisle_store_load(s, &sink, NULL, NULL) == AISLE_OK);
        int64_t stored = 0;
        total = 0;
        for (int32_t i = 0; i < MAX_EVENTS; i++) {
            CHECK(!acked[i] || present[i]);
            stored += present[i];
            total += acked[i];
        }
        check_found(s, acked, stored);
        aisle_store_close(s);
        check_whole();
    }
    CHECK(total > 0);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    CHECK(system(command) == 0);
    printf("ok: %lld acknowledged events over %d kills\n", (long long)total, rounds);
    free(acked);
    free(present);
    return 0;
}
