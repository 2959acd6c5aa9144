/* Writing, merging and reading at once, for TSan: whoever was told that his event is stored finds it at once, whatever is
 * merged meanwhile, and sent again it is known. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/store/store_internal.h"

#define CHECK(cond)                                                                                          \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                                       \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

enum { THREADS = 4, ROUNDS = 60, BATCH = 5 };

typedef struct visitor {
    aisle_store *store;
    int number;
} visitor;

typedef struct batch_write {
    aisle_write base;
    const char *name;
    int first, known;
} batch_write;

static aisle_status run_batch(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    batch_write *b = (batch_write *)w;
    for (int i = 0; i < BATCH; i++) {
        char id[48];
        bool known;
        snprintf(id, sizeof id, "%s-%d", b->name, b->first + i);
        aisle_event e = {.event_id = aisle_str_from(id),
                         .item = AISLE_STR("i"),
                         .at_ms = 1000 + b->first + i,
                         .value = 1,
                         .price_minor = -1};
        *(b->name[0] == 'u' ? &e.user : &e.session) = aisle_str_from(b->name);
        AISLE_TRY(aisle_tx_event(tx, &e, &known, err));
        b->known += known;
    }
    return AISLE_OK;
}

static int write_batch(const visitor *v, const char *name, int first)
{
    batch_write b = {.base = {.run = run_batch}, .name = name, .first = first};
    CHECK(aisle_store_write_now(v->store, &b.base, NULL) == AISLE_OK);
    return b.known;
}

static void check_all_found(aisle_view *view, const char *name, int want)
{
    aisle_arena a = {0};
    aisle_recent *recent;
    int32_t n;
    const aisle_str none = {NULL, 0}, who = aisle_str_from(name);
    bool user = name[0] == 'u';
    CHECK(aisle_view_recent(view, user ? who : none, user ? none : who, 1000, &a, &recent, &n, NULL) ==
          AISLE_OK);
    CHECK(n == want);
    for (int32_t i = 0; i < n; i++) CHECK(recent[i].at_ms == 1000 + want - 1 - i);
    aisle_arena_deinit(&a);
}

static void *visit(void *arg)
{
    const visitor *v = arg;
    aisle_view *view;
    char name[16];
    snprintf(name, sizeof name, "%c%d", v->number % 2 ? 'u' : 's', v->number);
    CHECK(aisle_view_open(v->store, &view, NULL) == AISLE_OK);
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(write_batch(v, name, round * BATCH) == 0);
        check_all_found(view, name, (round + 1) * BATCH);
        if (round % 8 == 0) usleep(3000); /* nothing is written: a merge begins */
        CHECK(write_batch(v, name, round / 2 * BATCH) == BATCH);
    }
    aisle_view_close(view);
    return NULL;
}

static void check_merged(const aisle_store *s)
{
    aisle_db db;
    CHECK(aisle_db_open(s->path, AISLE_DB_READ, &db, NULL) == AISLE_OK);
    aisle_stmt q = aisle_stmt_begin(&db, AISLE_SQL_EVENT_TAIL_FROM);
    bool row;
    CHECK(aisle_stmt_next(&q, &row, NULL) == AISLE_OK && row);
    CHECK(aisle_stmt_get_int(&q, 0) > THREADS * ROUNDS * BATCH / 2);
    aisle_stmt_end(&q);
    aisle_db_close(&db);
}

int main(void)
{
    char folder[] = "/tmp/aisle-merge-XXXXXX", command[64];
    pthread_t threads[THREADS];
    visitor visitors[THREADS];
    aisle_store *s;
    CHECK(mkdtemp(folder));
    CHECK(aisle_store_open(folder, true, &s, NULL) == AISLE_OK);
    s->merge_rule = (aisle_merge_rule){.rows = 60, .idle_rows = 5, .idle_ns = 1000000, .slice = 7};
    CHECK(aisle_store_start_writer(s, NULL) == AISLE_OK);
    for (int i = 0; i < THREADS; i++) {
        visitors[i] = (visitor){s, i};
        CHECK(pthread_create(&threads[i], NULL, visit, &visitors[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    check_merged(s);
    aisle_store_close(s);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    CHECK(system(command) == 0);
    printf("ok\n");
    return 0;
}
