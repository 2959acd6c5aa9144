/* Databases of every earlier schema, with rows in every table, are brought to today's: nothing is lost, the schema is that of a
 * fresh shop, and what fails on the way leaves the old one. Rows of version k: rows/000k.sql, as a program of that version
 * wrote them. */
#include "server/embedded.h"
#include "server/store/db.h"
#include "shop_fixture.h"

static shop_fixture f;
static char path[128];

static void setup(void)
{
    fixture_folder(&f);
    snprintf(path, sizeof path, "%s/aisle.db", f.folder);
}

static void teardown(void)
{
    fixture_end(&f);
}

TestSuite(migrations, .init = setup, .fini = teardown, .timeout = 120);

static const aisle_embedded *migration(int k)
{
    char begin[64];
    snprintf(begin, sizeof begin, "sql/migrations/%04d_", k);
    for (const aisle_embedded *e = aisle_embedded_files; e->name; e++)
        if (strncmp(e->name, begin, strlen(begin)) == 0) return e;
    return NULL;
}

static int latest(void)
{
    int k = 0;
    while (migration(k + 1)) k++;
    return k;
}

static void run(aisle_db *db, const char *sql)
{
    cr_assert_eq(aisle_db_run(db, sql, &f.err), AISLE_OK, "%s in %.100s", f.err.message, sql);
}

static void add_rows(aisle_db *db, int k)
{
    char name[256], text[16384];
    snprintf(name, sizeof name, AISLE_SOURCE_DIR "/tests/unit/store/rows/%04d.sql", k);
    FILE *from = fopen(name, "rb");
    if (!from) return;
    size_t n = fread(text, 1, sizeof text - 1, from);
    fclose(from);
    cr_assert_lt(n, sizeof text - 1);
    text[n] = '\0';
    run(db, text);
}

static void make_version(int version)
{
    aisle_db db;
    char mark[96];
    cr_assert_eq(aisle_db_open(path, AISLE_DB_CREATE, &db, &f.err), AISLE_OK, "%s", f.err.message);
    run(&db, "PRAGMA journal_mode = WAL");
    for (int k = 1; k <= version; k++) {
        run(&db, (const char *)migration(k)->data);
        add_rows(&db, k);
    }
    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             AISLE_DB_APPLICATION_ID, version);
    run(&db, mark);
    aisle_db_close(&db);
}

/* The first column of every row, a line each. */
static char *rows_of(aisle_db *db, const char *sql)
{
    aisle_buf out = {0};
    sqlite3_stmt *stmt;
    cr_assert_eq(sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL), SQLITE_OK, "%s: %s", sql,
                 sqlite3_errmsg(db->handle));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        cr_assert(aisle_buf_printf(&out, "%s\n", text ? text : "NULL"));
    }
    sqlite3_finalize(stmt);
    return out.data ? out.data : aisle_strdup("");
}

static void open_for_reading(aisle_db *db)
{
    cr_assert_eq(aisle_db_open(path, AISLE_DB_READ, db, &f.err), AISLE_OK, "%s", f.err.message);
}

/* White space and the comments between the words of a statement do not count: columns that were added later stand elsewhere. */
static char *schema_of(aisle_db *db)
{
    return rows_of(
        db,
        "SELECT m.type || ' ' || m.name || ' ' || coalesce(group_concat(i.name || ' ' || i.type || ' ' || "
        "i.\"notnull\" || "
        "' ' || coalesce(i.dflt_value, '-') || ' ' || i.pk || ' ' || i.hidden, ', '), coalesce(m.sql, '-')) "
        "FROM sqlite_schema m LEFT JOIN pragma_table_xinfo(m.name) i ON m.type = 'table' "
        "WHERE m.name NOT LIKE 'sqlite_%' GROUP BY m.name ORDER BY m.type, m.name");
}

/* One "SELECT" a table: all of its columns that are there now, and stored. */
#define TABLES                                                                                               \
    "FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) i WHERE m.type = 'table' AND m.name NOT LIKE "     \
    "'sqlite_%' AND "                                                                                        \
    "m.name NOT LIKE 'product_search%' AND i.hidden = 0 "

static int64_t count_lines(const char *text)
{
    int64_t n = 0;
    for (; *text; text++) n += *text == '\n';
    return n;
}

static char *next_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    if (!end) return NULL;
    *end = '\0';
    *at = end + 1;
    return line;
}

/* Every row that was there before is there after, in the columns that both know. */
static void compare_rows(aisle_db *before, aisle_db *after)
{
    char *tables = rows_of(before, "SELECT m.name " TABLES "GROUP BY m.name ORDER BY m.name"), *at = tables;
    for (char *table; (table = next_line(&at));) {
        char sql[1024], *columns, *old, *new;
        snprintf(sql, sizeof sql, "SELECT name FROM pragma_table_xinfo('%s') WHERE hidden = 0", table);
        char *names = rows_of(before, sql), *kept = rows_of(after, sql), *name_at = names;
        aisle_buf list = {0};
        for (char *name; (name = next_line(&name_at));) {
            char line[80];
            snprintf(line, sizeof line, "%s\n", name);
            if (strstr(kept, line))
                aisle_buf_printf(&list, "%squote(%s)", list.len ? " || ' ' || " : "", name);
        }
        cr_assert(list.len, "%s is gone", table);
        columns = list.data;
        char *query = NULL;
        cr_assert_geq(asprintf(&query, "SELECT %s FROM %s ORDER BY 1", columns, table), 0);
        old = rows_of(before, query);
        new = rows_of(after, query);
        cr_assert_gt(count_lines(old), 0,
                     "%s has no rows: add some to rows/, so that its migration is tested", table);
        cr_assert_str_eq(new, old, "%s", table);
        free(query);
        aisle_free(columns);
        aisle_free(names);
        aisle_free(kept);
        aisle_free(old);
        aisle_free(new);
    }
    aisle_free(tables);
}

static char *fresh_schema(void)
{
    shop_fixture fresh;
    char kept[sizeof path];
    aisle_db db;
    fixture_folder(&fresh);
    fixture_open(&fresh);
    fixture_close(&fresh);
    memcpy(kept, path, sizeof path);
    snprintf(path, sizeof path, "%s/aisle.db", fresh.folder);
    open_for_reading(&db);
    char *schema = schema_of(&db);
    aisle_db_close(&db);
    memcpy(path, kept, sizeof path);
    fixture_end(&fresh);
    return schema;
}

static void copy_file(const char *to)
{
    char command[400];
    snprintf(command, sizeof command, "cp %s %s", path, to);
    cr_assert_eq(system(command), 0);
}

static void check_version(int version)
{
    char old[sizeof path + 8];
    aisle_db before, after;
    make_version(version);
    snprintf(old, sizeof old, "%s.old", path);
    copy_file(old);
    fixture_open(&f); /* migrates */
    fixture_close(&f);
    cr_assert_eq(aisle_db_open(old, AISLE_DB_READ, &before, &f.err), AISLE_OK, "%s", f.err.message);
    open_for_reading(&after);
    compare_rows(&before, &after);
    char *schema = schema_of(&after), *want = fresh_schema();
    cr_assert_str_eq(schema, want, "schema %d brought up to date is not that of a fresh shop", version);
    char *ok = rows_of(&after, "PRAGMA integrity_check"), *keys = rows_of(&after, "PRAGMA foreign_key_check");
    cr_assert_str_eq(ok, "ok\n");
    cr_assert_str_eq(keys, "");
    char *now = rows_of(&after, "PRAGMA user_version");
    cr_assert_eq(atoi(now), latest());
    aisle_db_close(&before);
    aisle_db_close(&after);
    aisle_free(schema);
    aisle_free(want);
    aisle_free(ok);
    aisle_free(keys);
    aisle_free(now);
    cr_assert_eq(remove(old), 0);
    cr_assert_eq(remove(path), 0);
}

Test(migrations, every_earlier_schema_is_brought_to_that_of_a_fresh_shop_without_loss)
{
    for (int version = 1; version <= latest(); version++) check_version(version);
}

/* What a search finds and what is browsed comes from what the migrations have filled. */
Test(migrations, products_of_an_old_shop_can_be_read_and_found)
{
    aisle_product product;
    int64_t version;
    aisle_db db;
    make_version(1);
    fixture_open(&f);
    cr_assert_eq(aisle_view_product(f.view, aisle_str_from("P1"), &f.arena, &product, &version, &f.err),
                 AISLE_OK, "%s", f.err.message);
    cr_assert(product.price_minor == 4900 && product.stock == 7 && version == 3);
    open_for_reading(&db);
    char *found = rows_of(&db, "SELECT rowid FROM product_search WHERE product_search MATCH 'title:pot'");
    cr_assert_str_eq(found, "1\n");
    aisle_free(found);
    aisle_db_close(&db);
}

/* The N-th allocation of opening fails, and every one after it: the schema is wholly old until it is wholly new. */
Test(migrations, one_that_is_interrupted_leaves_the_old_schema)
{
    aisle_db db;
    int failures = 0;
    make_version(1);
    open_for_reading(&db);
    char *old = schema_of(&db);
    aisle_db_close(&db);
    for (int64_t n = 1;; n += 1 + n / 8) {
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_store_open(f.folder, false, &f.store, &f.err);
        aisle_store_close(f.store);
        f.store = NULL;
        aisle_alloc_fail_after(0);
        open_for_reading(&db);
        char *version = rows_of(&db, "PRAGMA user_version"), *now = schema_of(&db),
             *ok = rows_of(&db, "PRAGMA integrity_check");
        aisle_db_close(&db);
        cr_assert_str_eq(ok, "ok\n");
        bool new = atoi(version) == latest();
        cr_assert(new || (atoi(version) == 1 && strcmp(now, old) == 0), "after %lld allocations: schema %s",
                  (long long)n, version);
        cr_assert(new || st != AISLE_OK);
        aisle_free(version);
        aisle_free(now);
        aisle_free(ok);
        if (st == AISLE_OK) break;
        failures++;
    }
    aisle_free(old);
    cr_assert_gt(failures, 20);
}
