/* The model registry on a real folder with real, tiny model files. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/jobs/registry.h"

static char folder[64];

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/aisle-registry-XXXXXX");
    cr_assert(mkdtemp(folder));
}

static void tear_down(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(registry, .init = set_up, .fini = tear_down);

static aisle_str id_of(const void *ctx, int32_t i)
{
    static const char names[] = "abcdefgh";
    (void)ctx;
    return (aisle_str){names + i, 1};
}

/* A model of popularity alone: the smallest there is. */
static void write_model(const char *path, int32_t n_items)
{
    static const float popularity[8] = {8, 7, 6, 5, 4, 3, 2, 1};
    static const int64_t row_ptr[2] = {0, 0};
    aisle_error err = {0};
    aisle_model_parts p = {.n_users = 1,
                           .n_items = n_items,
                           .user_id = id_of,
                           .item_id = id_of,
                           .seen = {.n_rows = 1, .n_cols = n_items, .row_ptr = (int64_t *)row_ptr},
                           .popularity = popularity,
                           .meta = "{}"};
    cr_assert_eq(aisle_model_write(path, &p, &err), AISLE_OK, "%s", err.message);
}

static int64_t add_version(aisle_registry *r, int32_t n_items)
{
    char path[4096];
    int64_t version;
    cr_assert_eq(aisle_registry_next(r, &version, path, NULL), AISLE_OK);
    write_model(path, n_items);
    return version;
}

static aisle_registry *open_registry(void)
{
    aisle_error err = {0};
    aisle_registry *r;
    cr_assert_eq(aisle_registry_open(folder, &r, &err), AISLE_OK, "%s", err.message);
    return r;
}

static int64_t serving(aisle_registry *r)
{
    int64_t version;
    aisle_model_unref(aisle_registry_current(r, &version));
    return version;
}

static void write_text(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/models/%s", folder, name);
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fputs(text, f);
    fclose(f);
}

static bool exists(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/models/%s", folder, name);
    return access(path, F_OK) == 0;
}

Test(registry, an_empty_folder_has_no_model)
{
    aisle_registry *r = open_registry();
    int64_t version = 7;
    cr_assert_null(aisle_registry_current(r, &version));
    cr_assert_eq(version, 0);
    aisle_registry_close(r);
}

Test(registry, a_version_that_is_not_activated_does_not_serve)
{
    aisle_registry *r = open_registry();
    cr_assert_eq(add_version(r, 3), 1);
    cr_assert_eq(serving(r), 0);
    aisle_registry_close(r);
}

Test(registry, one_trainer_at_a_time_has_the_next_version_until_it_closes_or_dies)
{
    aisle_registry *mine = open_registry(), *other = open_registry();
    char path[4096], pid[32];
    int64_t version = 0;
    aisle_error err = {0};
    cr_assert_eq(aisle_registry_next(mine, &version, path, NULL), AISLE_OK);
    cr_assert_eq(aisle_registry_next(mine, &version, path, NULL), AISLE_OK, "its own lock is no obstacle");
    cr_assert_eq(aisle_registry_next(other, &version, path, &err), AISLE_EBUSY);
    snprintf(pid, sizeof pid, "process %d ", (int)getpid());
    cr_assert(strstr(err.message, pid), "%s", err.message);
    aisle_registry_close(mine);
    cr_assert_eq(aisle_registry_next(other, &version, path, NULL), AISLE_OK);
    aisle_registry_close(other);
    cr_assert_eq(version, 1);
    pid_t child = fork();
    if (child == 0) {
        aisle_registry *r = open_registry();
        _exit(aisle_registry_next(r, &version, path, NULL) == AISLE_OK ? 0 : 1); /* closes nothing */
    }
    int status;
    cr_assert(waitpid(child, &status, 0) == child && status == 0);
    aisle_registry *later = open_registry();
    cr_assert_eq(aisle_registry_next(later, &version, path, NULL), AISLE_OK);
    aisle_registry_close(later);
}

Test(registry, an_activated_version_serves_now_and_after_reopening)
{
    aisle_registry *r = open_registry();
    add_version(r, 3);
    add_version(r, 4);
    cr_assert_eq(aisle_registry_activate(r, 2, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    cr_assert_eq(serving(r), 2);
    cr_assert_eq(aisle_registry_activate(r, 1, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    aisle_registry_close(r);
    r = open_registry();
    cr_assert_eq(serving(r), 1);
    aisle_registry_close(r);
}

Test(registry, a_broken_current_model_gives_way_to_the_newest_older_one_that_opens)
{
    aisle_registry *r = open_registry();
    for (int i = 0; i < 4; i++) add_version(r, 3);
    cr_assert_eq(aisle_registry_activate(r, 3, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    aisle_registry_close(r);
    write_text("000003.aisle", "not a model");
    write_text("000002.aisle", "");
    r = open_registry();
    cr_assert_eq(serving(r), 1, "version 4 is newer than what was current, 2 and 3 are broken");
    aisle_registry_close(r);
}

Test(registry, a_current_file_without_a_number_falls_back_to_the_newest_model)
{
    aisle_registry *r = open_registry();
    for (int i = 0; i < 2; i++) add_version(r, 3);
    aisle_registry_close(r);
    write_text("current", "../../etc/passwd\n");
    r = open_registry();
    cr_assert_eq(serving(r), 2);
    aisle_registry_close(r);
}

Test(registry, a_broken_or_missing_version_cannot_be_activated_and_the_old_one_serves_on)
{
    aisle_error err = {0};
    aisle_registry *r = open_registry();
    add_version(r, 3);
    cr_assert_eq(aisle_registry_activate(r, 1, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    write_text("000002.aisle", "AISLEMDL but no more");
    cr_assert_eq(aisle_registry_activate(r, 2, AISLE_REGISTRY_LONG_MS, &err), AISLE_EFORMAT, "%s",
                 err.message);
    cr_assert_eq(aisle_registry_activate(r, 9, AISLE_REGISTRY_LONG_MS, &err), AISLE_ENOTFOUND);
    cr_assert_eq(aisle_registry_activate(r, -1, AISLE_REGISTRY_LONG_MS, &err), AISLE_ENOTFOUND);
    cr_assert_eq(serving(r), 1);
    aisle_registry_close(r);
    r = open_registry();
    cr_assert_eq(serving(r), 1);
    aisle_registry_close(r);
}

Test(registry, a_reference_outlives_the_swap_and_the_registry)
{
    aisle_registry *r = open_registry();
    add_version(r, 3);
    add_version(r, 5);
    cr_assert_eq(aisle_registry_activate(r, 1, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    aisle_model *m = aisle_registry_current(r, NULL);
    cr_assert_eq(aisle_registry_activate(r, 2, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    aisle_registry_close(r);
    cr_assert_eq(aisle_model_n_items(m), 3);
    aisle_model_unref(m);
}

Test(registry, activating_unless_pinned_leaves_a_pinned_version_serving)
{
    aisle_registry *r = open_registry();
    const int64_t first = add_version(r, 2), second = add_version(r, 3);
    int64_t pinned = -1;
    cr_assert_eq(aisle_registry_activate_unless_pinned(r, first, AISLE_REGISTRY_LONG_MS, &pinned, NULL),
                 AISLE_OK);
    cr_assert(pinned == 0 && serving(r) == first);
    cr_assert_eq(aisle_registry_pin(r, first, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    cr_assert_eq(aisle_registry_activate_unless_pinned(r, second, AISLE_REGISTRY_LONG_MS, &pinned, NULL),
                 AISLE_OK);
    cr_assert(pinned == first && serving(r) == first);
    write_text("marks", "nothing of ours\n");
    aisle_error err = {0};
    cr_assert_eq(aisle_registry_activate_unless_pinned(r, second, AISLE_REGISTRY_LONG_MS, &pinned, &err),
                 AISLE_EFORMAT);
    cr_assert_eq(serving(r), first);
    aisle_registry_close(r);
}

/* ---- rolling back ---- */

static void remove_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/models/%s", folder, name);
    cr_assert_eq(unlink(path), 0);
}

static int64_t rolled_back(aisle_registry *r)
{
    aisle_error err = {0};
    int64_t version = 0;
    cr_assert_eq(aisle_registry_rollback(r, AISLE_REGISTRY_LONG_MS, &version, &err), AISLE_OK, "%s",
                 err.message);
    cr_assert_eq(serving(r), version);
    return version;
}

Test(registry, rolling_back_passes_over_what_is_gone_or_broken)
{
    aisle_registry *r = open_registry();
    int64_t version = 0;
    for (int64_t v = 1; v <= 5; v++) {
        add_version(r, 3);
        cr_assert_eq(aisle_registry_activate(r, v, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    }
    cr_assert_eq(aisle_registry_activate(r, 3, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    cr_assert_eq(aisle_registry_activate(r, 5, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    remove_file("000003.aisle");
    write_text("000004.aisle", "broken");
    cr_assert_eq(rolled_back(r), 2, "of 1 2 3 4 5 3 5: 3 is gone, 5 serves, 4 is broken");
    remove_file("000001.aisle");
    cr_assert_eq(aisle_registry_rollback(r, AISLE_REGISTRY_LONG_MS, &version, NULL), AISLE_ECONFLICT,
                 "none is left");
    cr_assert_eq(serving(r), 2);
    aisle_registry_close(r);
}

Test(registry, a_rollback_that_was_cut_off_goes_back_all_the_same)
{
    aisle_registry *r = open_registry();
    for (int64_t v = 1; v <= 3; v++) {
        add_version(r, 3);
        cr_assert_eq(aisle_registry_activate(r, v, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    }
    char current[256];
    snprintf(current, sizeof current, "%s/models/current.tmp.%d", folder, (int)getpid());
    cr_assert_eq(mkdir(current, 0777), 0); /* where `current` would be written: as if killed before that */
    int64_t version = 0;
    cr_assert_neq(aisle_registry_rollback(r, AISLE_REGISTRY_LONG_MS, &version, NULL), AISLE_OK);
    cr_assert_eq(serving(r), 3);
    cr_assert_eq(rmdir(current), 0);
    cr_assert_eq(rolled_back(r), 2);
    cr_assert_eq(rolled_back(r), 1);
    aisle_registry_close(r);
}

/* ---- two processes ---- */

typedef struct between { /* in memory that both processes share */
    int rounds, stop;
} between;

static void activate_for_ever(between *b, int64_t version)
{
    bool good = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; /* a test that fails leaves nobody behind */
    aisle_registry *r = open_registry();
    int64_t pinned;
    while (good && !__atomic_load_n(&b->stop, __ATOMIC_SEQ_CST)) {
        good = aisle_registry_activate_unless_pinned(r, version, AISLE_REGISTRY_LONG_MS, &pinned, NULL) ==
               AISLE_OK;
        __atomic_add_fetch(&b->rounds, 1, __ATOMIC_SEQ_CST);
    }
    aisle_registry_close(r);
    _exit(good ? 0 : 1);
}

/* Whatever the other process had begun before is done by now. */
static void await_rounds(between *b, pid_t other, int n)
{
    const int until = __atomic_load_n(&b->rounds, __ATOMIC_SEQ_CST) + n;
    while (__atomic_load_n(&b->rounds, __ATOMIC_SEQ_CST) < until) {
        cr_assert_eq(waitpid(other, NULL, WNOHANG), 0, "the other process has ended");
        usleep(100);
    }
}

static int64_t current_on_disk(void)
{
    aisle_registry *r = open_registry();
    const int64_t version = serving(r);
    aisle_registry_close(r);
    return version;
}

Test(registry, a_pin_lasts_whatever_another_process_activates)
{
    between *b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(b, MAP_FAILED);
    aisle_registry *r = open_registry();
    const int64_t first = add_version(r, 2), second = add_version(r, 3);
    pid_t other = fork();
    cr_assert_geq(other, 0);
    if (other == 0) activate_for_ever(b, second);
    for (int round = 0; round < 30; round++) {
        await_rounds(b, other, 1);
        cr_assert_eq(current_on_disk(), second, "not pinned");
        cr_assert_eq(aisle_registry_pin(r, first, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
        await_rounds(b, other, 2);
        cr_assert_eq(current_on_disk(), first, "round %d", round);
        cr_assert_eq(aisle_registry_unpin(r, second, AISLE_REGISTRY_LONG_MS, NULL), AISLE_ENOTFOUND);
        cr_assert_eq(aisle_registry_unpin(r, first, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
        await_rounds(b, other, 1);
    }
    int state;
    __atomic_store_n(&b->stop, 1, __ATOMIC_SEQ_CST);
    cr_assert_eq(waitpid(other, &state, 0), other);
    cr_assert_eq(state, 0);
    aisle_registry_close(r);
    munmap(b, sizeof *b);
}

Test(registry, refresh_takes_up_what_another_process_has_published)
{
    aisle_registry *here = open_registry(), *there = open_registry();
    add_version(there, 3);
    cr_assert_eq(serving(here), 0);
    cr_assert_eq(aisle_registry_activate(there, 1, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    cr_assert_eq(serving(here), 0);
    cr_assert_eq(aisle_registry_refresh(here, NULL), AISLE_OK);
    cr_assert_eq(serving(here), 1);
    aisle_registry_close(here);
    aisle_registry_close(there);
}

Test(registry, refresh_keeps_what_serves_when_the_newcomer_is_broken)
{
    aisle_registry *r = open_registry();
    add_version(r, 3);
    cr_assert_eq(aisle_registry_activate(r, 1, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    write_text("000002.aisle", "broken");
    write_text("current", "000002\n");
    cr_assert_eq(aisle_registry_refresh(r, NULL), AISLE_EFORMAT);
    cr_assert_eq(aisle_registry_refresh(r, NULL), AISLE_OK, "it is not tried again at every turn");
    cr_assert_eq(serving(r), 1);
    aisle_registry_close(r);
}

Test(registry, the_list_names_every_version_the_current_one_and_the_broken_ones)
{
    aisle_arena a = {0};
    aisle_model_entry *list;
    int32_t n;
    aisle_registry *r = open_registry();
    add_version(r, 3);
    add_version(r, 3);
    cr_assert_eq(aisle_registry_activate(r, 1, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    write_text("000003.aisle", "broken");
    write_text("notes.txt", "left alone");
    cr_assert_eq(aisle_registry_list(r, &a, &list, &n, NULL), AISLE_OK);
    cr_assert_eq(n, 3);
    cr_assert(list[0].version == 3 && list[0].fault && !list[0].meta && !list[0].current);
    cr_assert(list[1].version == 2 && list[1].meta && !list[1].current);
    cr_assert(list[2].version == 1 && list[2].current && list[2].bytes > 0 && list[2].created_ms > 0);
    aisle_arena_deinit(&a);
    aisle_registry_close(r);
}

Test(registry, sweep_removes_litter_only_while_nobody_makes_a_version)
{
    char mine[64]; /* the number of a living process says nothing: it may have been given out anew */
    aisle_registry *r = open_registry(), *trainer = NULL;
    snprintf(mine, sizeof mine, "000002.aisle.tmp.%d", (int)getpid());
    write_text(mine, "x");
    cr_assert_eq(aisle_registry_open(folder, &trainer, NULL), AISLE_OK);
    add_version(trainer, 3);
    aisle_registry_sweep(r);
    cr_assert(exists(mine), "its writer may be at work");
    aisle_registry_close(trainer);
    aisle_registry_sweep(r);
    cr_assert(!exists(mine) && exists("000001.aisle"));
    aisle_registry_close(r);
}

Test(registry, what_another_process_holds_is_waited_for_as_long_as_was_said_and_a_sweep_does_not_wait,
     .timeout = 20)
{
    aisle_registry *r = open_registry();
    add_version(r, 3);
    aisle_registry_close(r);
    r = open_registry();
    write_text("000002.aisle.tmp.1", "x");
    write_text("change.lock", "4711\n");
    char path[256];
    snprintf(path, sizeof path, "%s/models/change.lock", folder);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    cr_assert(fd >= 0 && flock(fd, LOCK_EX) == 0);
    aisle_error err = {0};
    cr_assert_eq(aisle_registry_pin(r, 1, 0, &err), AISLE_EBUSY);
    cr_assert(strstr(err.message, "process 4711 "), "%s", err.message);
    aisle_registry_sweep(r);
    cr_assert(exists("000002.aisle.tmp.1") && serving(r) == 0);
    close(fd);
    aisle_registry_sweep(r);
    cr_assert(!exists("000002.aisle.tmp.1"));
    aisle_registry_close(r);
}

Test(registry, a_file_in_place_of_the_folder_is_named)
{
    char path[256];
    aisle_error err = {0};
    aisle_registry *r;
    snprintf(path, sizeof path, "%s/models", folder);
    FILE *f = fopen(path, "w");
    fclose(f);
    cr_assert_eq(aisle_registry_open(folder, &r, &err), AISLE_ECONFLICT);
    cr_assert(strstr(err.message, path) && !r);
}

Test(registry, every_failing_allocation_of_an_activation_leaves_the_old_model_serving)
{
    aisle_registry *r = open_registry();
    add_version(r, 3);
    add_version(r, 4);
    cr_assert_eq(aisle_registry_activate(r, 1, AISLE_REGISTRY_LONG_MS, NULL), AISLE_OK);
    for (int64_t n = 1; n < 1000; n++) {
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_registry_activate(r, 2, AISLE_REGISTRY_LONG_MS, NULL);
        aisle_alloc_fail_after(0);
        if (st == AISLE_OK) break;
        cr_assert_eq(st, AISLE_ENOMEM, "allocation %lld", (long long)n);
        cr_assert_eq(serving(r), 1);
    }
    cr_assert_eq(serving(r), 2);
    aisle_registry_close(r);
}
