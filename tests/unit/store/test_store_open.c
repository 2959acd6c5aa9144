/* Opening: what is no shop is refused with a message that names it; an old shop is brought up to date. */
#include <sqlite3.h>
#include <sys/wait.h>

#include "server/auth/keys.h"
#include "shop_fixture.h"

static shop_fixture f;

static void setup(void)
{
    fixture_folder(&f);
}

static void teardown(void)
{
    fixture_end(&f);
}

TestSuite(store_open, .init = setup, .fini = teardown);

static char path[128];

static const char *db_path(void)
{
    snprintf(path, sizeof path, "%s/aisle.db", f.folder);
    return path;
}

static void assert_refused(aisle_status want, const char *word)
{
    f.err.message[0] = '\0';
    cr_assert_eq(aisle_store_open(f.folder, true, &f.store, &f.err), want, "%s", f.err.message);
    cr_assert_null(f.store);
    cr_assert(strstr(f.err.message, f.folder) && strstr(f.err.message, word), "%s", f.err.message);
}

static void write_file(const char *text, size_t n)
{
    FILE *to = fopen(db_path(), "wb");
    cr_assert(to && fwrite(text, 1, n, to) == n);
    fclose(to);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(db_path(), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

Test(store_open, missing_shop_is_not_made_unless_asked)
{
    cr_assert_eq(aisle_store_open(f.folder, false, &f.store, &f.err), AISLE_ENOTFOUND);
    cr_assert_neq(access(db_path(), F_OK), 0);
    cr_assert_eq(aisle_store_open("/nowhere/at/all", false, &f.store, &f.err), AISLE_ENOTFOUND);
    cr_assert_eq(aisle_store_open("/nowhere/at/all", true, &f.store, &f.err), AISLE_ENOTFOUND);
    cr_assert(strstr(f.err.message, "/nowhere/at/all"), "%s", f.err.message);
}

Test(store_open, database_that_is_a_directory_or_a_pipe_is_refused)
{
    mkdir(db_path(), 0777);
    assert_refused(AISLE_ECONFLICT, "directory");
    rmdir(db_path());
    cr_assert_eq(mkfifo(db_path(), 0666), 0);
    assert_refused(AISLE_ECONFLICT, "pipe");
}

Test(store_open, file_that_is_no_database_is_refused_and_left_alone)
{
    static const char text[] =
        "These are the accounts of 1999, in a file that happens to have this name.........";
    char back[sizeof text];
    write_file(text, sizeof text);
    assert_refused(AISLE_EIO, "not a database");
    FILE *from = fopen(db_path(), "rb");
    cr_assert(from && fread(back, 1, sizeof back, from) == sizeof back &&
              memcmp(back, text, sizeof text) == 0);
    fclose(from);
}

Test(store_open, database_of_another_program_is_refused)
{
    run_sql("CREATE TABLE t (x)");
    assert_refused(AISLE_EFORMAT, "another program");
}

Test(store_open, newer_schema_is_refused)
{
    fixture_open(&f);
    fixture_close(&f);
    run_sql("PRAGMA user_version = 1000");
    assert_refused(AISLE_EUNSUPPORTED, "1000");
}

Test(store_open, truncated_or_overwritten_database_is_refused_with_a_message)
{
    fixture_open(&f);
    fixture_close(&f);
    struct stat info;
    cr_assert_eq(stat(db_path(), &info), 0);
    for (off_t at = info.st_size - 4096; at >= 100; at -= 4096) {
        cr_assert_eq(truncate(db_path(), at), 0);
        aisle_status st = aisle_store_open(f.folder, true, &f.store, &f.err);
        aisle_store_close(f.store);
        f.store = NULL;
        cr_assert(st == AISLE_OK || st == AISLE_EIO, "%lld: %d %s", (long long)at, (int)st, f.err.message);
        if (at < 8192) cr_assert_eq(st, AISLE_EIO);
    }
}

Test(store_open, folder_that_may_not_be_written_is_refused)
{
    if (geteuid() == 0 && seteuid(65534)) cr_skip_test("cannot give up root");
    aisle_status st = aisle_store_open(f.folder, true, &f.store, &f.err);
    cr_assert_eq(st, AISLE_EDENIED, "%s", f.err.message);
    cr_assert(strstr(f.err.message, f.folder));
    cr_assert_eq(seteuid(0), 0);
}

Test(store_open, second_server_on_the_same_folder_is_refused_with_the_first_ones_pid)
{
    char pid[32];
    aisle_store *second;
    fixture_open(&f);
    cr_assert_ok(aisle_store_lock(f.store, &f.err), f);
    cr_assert_ok(aisle_store_open(f.folder, false, &second, &f.err), f);
    cr_assert_eq(aisle_store_lock(second, &f.err), AISLE_EBUSY);
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    cr_assert(strstr(f.err.message, pid), "%s", f.err.message);
    fixture_close(&f);
    cr_assert_ok(aisle_store_lock(second, &f.err), f);
    aisle_store_close(second);
}

typedef struct key_write {
    aisle_write base;
    const unsigned char *hash;
} key_write;

static aisle_status run_key(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    key_write *k = (key_write *)w;
    const aisle_key key = {.name = STR("k"), .scope = STR("admin")};
    return k->hash ? aisle_tx_key_add(tx, &key, k->hash, err) : aisle_tx_key_remove(tx, STR("k"), err);
}

static bool is_key(const char *text)
{
    aisle_key_grant grant;
    cr_assert_ok(aisle_key_find(f.view, STR(text), &grant, &f.err), f);
    return grant.found && grant.scopes == AISLE_SCOPE_ADMIN && !grant.publishable;
}

Test(store_open, keys_are_checked_by_hash_and_stop_working_when_removed)
{
    char text[AISLE_KEY_TEXT_BYTES], wrong[AISLE_KEY_TEXT_BYTES];
    unsigned char hash[AISLE_KEY_HASH_BYTES];
    aisle_key_grant grant;
    fixture_open(&f);
    cr_assert_ok(aisle_key_new(false, text, hash, &f.err), f);
    key_write w = {.base = {.run = run_key}, .hash = hash};
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
    cr_assert_eq(aisle_store_write_now(f.store, &w.base, &f.err), AISLE_ECONFLICT);
    cr_assert(is_key(text));
    for (size_t i = 0; i < strlen(text); i++) {
        snprintf(wrong, sizeof wrong, "%s", text);
        wrong[i] = wrong[i] == '~' ? '!' : '~';
        cr_assert_not(is_key(wrong), "%s", wrong);
    }
    cr_assert_ok(aisle_key_find(f.view, (aisle_str){NULL, 0}, &grant, &f.err), f);
    cr_assert_not(grant.found);
    w.hash = NULL;
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
    cr_assert_not(is_key(text));
    cr_assert_eq(aisle_store_write_now(f.store, &w.base, &f.err), AISLE_ENOTFOUND);
}

typedef struct job_write {
    aisle_write base;
    aisle_job_record *job;
} job_write;

static aisle_status run_job(aisle_write *w, aisle_tx *tx, aisle_error *err)
{
    return aisle_tx_job(tx, ((job_write *)w)->job, err);
}

Test(store_open, jobs_are_kept_and_listed_newest_first)
{
    aisle_job_record job = {.kind = "training", .state = "queued", .request = "{}", .created_ms = 5}, got,
                     *list;
    job_write w = {.base = {.run = run_job}, .job = &job};
    int32_t n;
    fixture_open(&f);
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
    cr_assert_eq(job.id, 1);
    job.state = "succeeded";
    job.result = "{\"a\":1}";
    job.ended_ms = 9;
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
    cr_assert_ok(aisle_view_job(f.view, 1, &f.arena, &got, &f.err), f);
    cr_assert_str_eq(got.state, "succeeded");
    cr_assert_str_eq(got.result, "{\"a\":1}");
    cr_assert_eq(got.ended_ms, 9);
    job.id = 0;
    cr_assert_ok(aisle_store_write_now(f.store, &w.base, &f.err), f);
    cr_assert_ok(aisle_view_jobs(f.view, 10, &f.arena, &list, &n, &f.err), f);
    cr_assert(n == 2 && list[0].id == 2 && list[1].id == 1);
    job.id = 77;
    cr_assert_eq(aisle_store_write_now(f.store, &w.base, &f.err), AISLE_ENOTFOUND);
    cr_assert_eq(aisle_view_job(f.view, 77, &f.arena, &got, &f.err), AISLE_ENOTFOUND);
}
