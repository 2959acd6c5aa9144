/* The shop as three CSV files (RFC 4180, LF, UTF-8), each written whole or not at all. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aisle/file.h"
#include "aisle/generate.h"
#include "aisle/memory.h"

enum { PRODUCTS, USERS, EVENTS, FILES };
static const char *const names[FILES] = {"products.csv", "users.csv", "events.csv"};
static const char *const heads[FILES] = {
    "id,title,description,brand,category,price,currency,stock,attributes,created\n",
    "id,age_band,gender,country\n", "event_id,user,session,item,order,type,time,value,price,position\n"};

static void put(FILE *f, aisle_str s)
{
    if (s.len) fwrite(s.ptr, 1, s.len, f);
}

static bool needs_quotes(aisle_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (strchr(",\"\r\n", s.ptr[i])) return true; /* also a NUL, which no field has */
    return false;
}

static void put_field(FILE *f, aisle_str s, char after)
{
    if (needs_quotes(s)) {
        putc('"', f);
        for (size_t i = 0; i < s.len; i++) {
            if (s.ptr[i] == '"') putc('"', f);
            putc(s.ptr[i], f);
        }
        putc('"', f);
    } else {
        put(f, s);
    }
    putc(after, f);
}

/* Minor units as "12.50"; nothing when unknown. */
static void put_price(FILE *f, int64_t minor, char after)
{
    if (minor >= 0) fprintf(f, "%lld.%02d", (long long)(minor / 100), (int)(minor % 100));
    putc(after, f);
}

static void put_time(FILE *f, int64_t ms, char after)
{
    char text[32];
    aisle_time_format(ms, text);
    fputs(text, f);
    putc(after, f);
}

static aisle_status check(FILE *f, const char *name, aisle_error *err)
{
    return ferror(f) ? aisle_fail_errno(err, "write", name) : AISLE_OK;
}

static aisle_status write_product(void *ctx, const aisle_product *p, aisle_error *err)
{
    FILE *f = ((aisle_replace *)ctx)[PRODUCTS].stream;
    put_field(f, p->id, ',');
    put_field(f, p->title, ',');
    put_field(f, p->description, ',');
    put_field(f, p->brand, ',');
    put_field(f, p->category, ',');
    put_price(f, p->price_minor, ',');
    put_field(f, p->currency, ',');
    fprintf(f, "%lld,", (long long)p->stock);
    put_field(f, p->attributes, ',');
    put_time(f, p->created_ms, '\n');
    return check(f, names[PRODUCTS], err);
}

static aisle_status write_user(void *ctx, const aisle_user *u, aisle_error *err)
{
    FILE *f = ((aisle_replace *)ctx)[USERS].stream;
    put_field(f, u->id, ',');
    put_field(f, u->age_band, ',');
    put_field(f, u->gender, ',');
    put_field(f, u->country, '\n');
    return check(f, names[USERS], err);
}

static aisle_status write_event(void *ctx, const aisle_event *e, aisle_error *err)
{
    FILE *f = ((aisle_replace *)ctx)[EVENTS].stream;
    put_field(f, e->event_id, ',');
    put_field(f, e->user, ',');
    put_field(f, e->session, ',');
    put_field(f, e->item, ',');
    put_field(f, e->order, ',');
    put_field(f, aisle_str_from(aisle_event_type_name(e->type)), ',');
    put_time(f, e->at_ms, ',');
    fprintf(f, "%d,", (int)e->value); /* stars and quantities are whole here */
    put_price(f, e->price_minor, ',');
    if (e->position) fprintf(f, "%d", e->position);
    putc('\n', f);
    return check(f, names[EVENTS], err);
}

static aisle_status open_all(const char *folder, aisle_replace *files, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    for (int i = 0; i < FILES && st == AISLE_OK; i++) {
        aisle_buf path = {0};
        if (!aisle_buf_printf(&path, "%s/%s", folder, names[i]))
            st = aisle_fail(err, AISLE_ENOMEM, "out of memory for the name of %s", names[i]);
        else
            st = aisle_replace_open(path.data, &files[i], err);
        aisle_buf_deinit(&path);
        if (st == AISLE_OK) fputs(heads[i], files[i].stream);
    }
    return st;
}

aisle_status aisle_generate_files(const aisle_generate_params *p, const char *folder, aisle_error *err)
{
    aisle_replace files[FILES] = {0};
    const aisle_sink sink = {files, write_product, write_user, write_event};
    bool made = access(folder, F_OK) != 0;
    AISLE_TRY(aisle_generate_check(p, err));
    AISLE_TRY(aisle_folder_make(folder, err));
    aisle_status st = open_all(folder, files, err);
    if (st == AISLE_OK) st = aisle_generate(p, &sink, err);
    for (int i = 0; i < FILES && st == AISLE_OK; i++) st = aisle_replace_commit(&files[i], err);
    for (int i = 0; i < FILES; i++) aisle_replace_abort(&files[i]);
    if (st != AISLE_OK && made) rmdir(folder); /* only an empty folder can go: what was there stays */
    return st;
}
