/* Cleaning: every reason, maps, rejects, progress and cancel, on small files. */
#include <criterion/criterion.h>

#include "tests/unit/data/sink_text.h"

typedef struct outcome {
    aisle_status st;
    aisle_error err;
    aisle_import_report report;
    const char *text; /* never NULL; good until the next run */
} outcome;

static outcome run(aisle_import_params p, const aisle_import_file *files, int32_t n)
{
    static aisle_buf last;
    outcome o = {0};
    sink_text t = {0};
    aisle_buf_deinit(&last);
    aisle_sink sink = sink_of(&t);
    p.files = files;
    p.n_files = n;
    o.st = aisle_import(&p, &sink, &o.report, &o.err);
    o.text = t.out.data ? t.out.data : "";
    last = t.out;
    return o;
}

static outcome run_events(aisle_import_params p, const char *text)
{
    folder f = make_folder();
    aisle_import_file file = {write_text(&f, "e.csv", text), AISLE_ROLE_EVENTS, NULL};
    outcome o = run(p, &file, 1);
    remove_folder(&f);
    return o;
}

static const aisle_import_params plain = {0};
static const aisle_import_params retail = {.preset = "online-retail"};

/* Asserts one reason's three counts. */
#define EXPECT_REASON(o, reason, f, d, c)                                                                    \
    do {                                                                                                     \
        cr_expect_eq((o).report.found[reason], f, "found %d", (int)(o).report.found[reason]);                \
        cr_expect_eq((o).report.dropped[reason], d, "dropped %d", (int)(o).report.dropped[reason]);          \
        cr_expect_eq((o).report.changed[reason], c, "changed %d", (int)(o).report.changed[reason]);          \
    } while (0)

#define RETAIL_HEADER "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

Test(import, online_retail_rows_become_events_products_and_users)
{
    outcome o =
        run_events(retail, RETAIL_HEADER "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,France\n"
                                         "C536379,85123A,HEART,-1,2010-12-02 08:26:00,2.55,17850.0,France\n"
                                         "536366,22752,,2,2010-12-03 08:26:00,7.65,,Spain\n"
                                         "536367,85123A,heart 2,1,2010-12-03 09:00:00,2.95,13047.0,Spain\n");
    cr_expect_eq(o.st, AISLE_OK, "%s", o.err.message);
    cr_expect_str_eq(o.text, "purchase 17850||85123A|536365|6|255|1291191960000\n"
                             "cancel 17850||85123A|C536379|1|255|1291278360000\n"
                             "purchase 13047||85123A|536367|1|295|1291366800000\n"
                             "product 85123A|HEART||||295 GBP|-1|\n"
                             "product 22752|||||765 GBP|-1|\n"
                             "user 17850|||France\n"
                             "user 13047|||Spain\n");
    EXPECT_REASON(o, AISLE_REASON_CANCELLATION, 1, 0, 0);
    EXPECT_REASON(o, AISLE_REASON_NO_USER, 1, 1, 0);
    EXPECT_REASON(o, AISLE_REASON_NO_DESCRIPTION, 1, 0, 0);
}

Test(import, a_gathered_title_is_the_most_frequent_and_ties_go_to_the_first)
{
    outcome o = run_events(retail, RETAIL_HEADER "1,A,x,1,2010-12-01,1,7,F\n1,A,y,2,2010-12-01,1,7,F\n"
                                                 "1,A,y,3,2010-12-01,1,7,F\n1,E,p,1,2010-12-01,1,7,F\n"
                                                 "1,E,q,2,2010-12-01,1,7,F\n1,E,,3,2010-12-01,1,7,F\n");
    cr_expect_not_null(strstr(o.text, "product A|y|"), "%s", o.text);
    cr_expect_not_null(strstr(o.text, "product E|p|"), "%s", o.text);
}

Test(import, each_kind_of_dirt_is_counted_under_its_reason)
{
    outcome o =
        run_events(retail, RETAIL_HEADER "1,A,t,1,2010-12-01,1,7,F\n"
                                         "1,A,t,1,2010-12-01,1,7,F\n"       /* duplicate */
                                         "1,,t,1,2010-12-01,1,7,F\n"        /* no item */
                                         "1,A,t,x,2010-12-01,1,7,F\n"       /* bad quantity */
                                         "1,A,t,0,2010-12-01,1,7,F\n"       /* no quantity at all */
                                         "1,A,t,1e99,2010-12-01,1,7,F\n"    /* beyond range */
                                         "1,A,t,1,2010-12-01,free,7,F\n"    /* bad price */
                                         "1,A,t,1,2010-13-01,1,7,F\n"       /* bad time */
                                         "1,A,t,-2,2010-12-01,1,7,F\n"      /* negative, no cancellation */
                                         "1,A,t,2,2010-12-01,0.0,7,F\n"     /* price unknown */
                                         "1,A,t,3,2010-12-01,-5,7,F\n"      /* price unknown */
                                         "1,POST,t,1,2010-12-01,1,7,F\n"    /* postage */
                                         "1,A\n"                            /* unreadable */
                                         "1,A,\"t\" t,4,2010-12-01,1,7,F\n" /* bad quote, read as is */
                                         "1,A,t &amp; u\xff,5,2010-12-01,1,7,F\n");
    cr_expect_eq(o.st, AISLE_OK, "%s", o.err.message);
    EXPECT_REASON(o, AISLE_REASON_DUPLICATE_ROW, 1, 1, 0);
    EXPECT_REASON(o, AISLE_REASON_NO_ITEM, 1, 1, 0);
    EXPECT_REASON(o, AISLE_REASON_BAD_NUMBER, 4, 4, 0);
    EXPECT_REASON(o, AISLE_REASON_BAD_TIME, 1, 1, 0);
    EXPECT_REASON(o, AISLE_REASON_NEGATIVE_QUANTITY, 1, 1, 0);
    EXPECT_REASON(o, AISLE_REASON_BAD_PRICE, 2, 0, 2);
    EXPECT_REASON(o, AISLE_REASON_NOT_A_PRODUCT, 1, 1, 0);
    EXPECT_REASON(o, AISLE_REASON_UNREADABLE, 2, 1, 1);
    EXPECT_REASON(o, AISLE_REASON_BAD_UTF8, 1, 0, 1);
    EXPECT_REASON(o, AISLE_REASON_HTML_ENTITY, 1, 0, 1);
    int64_t lost = 0;
    for (int r = 0; r < AISLE_REASON_COUNT; r++) lost += o.report.dropped[r];
    cr_expect_eq(o.report.rows_read, 15);
    cr_expect_eq(o.report.events + lost, 15, "no row is lost in silence");
}

Test(import, a_row_with_two_faults_is_dropped_once_for_the_first)
{
    outcome o = run_events(retail, RETAIL_HEADER "1,POST,t,-1,2010-12-01,1,,F\n");
    EXPECT_REASON(o, AISLE_REASON_NO_USER, 1, 1, 0);
    EXPECT_REASON(o, AISLE_REASON_NEGATIVE_QUANTITY, 1, 0, 0);
    EXPECT_REASON(o, AISLE_REASON_NOT_A_PRODUCT, 1, 0, 0);
}

Test(import, event_files_with_a_type_column_take_every_type)
{
    outcome o = run_events(
        plain, "event_id,user,session,item,order,type,time,value,price,position\n"
               "1,u,,a,,view,2025-01-02T03:04:05Z,,12.50,3\n"
               "2,,s,a,,add_to_cart,,2,,\n3,u,,a,o1,purchase,,3,12.5,\n"
               "4,u,,a,,rating,,4.5,,\n5,u,,a,,review,,,,\n6,u,,a,,rating,,6,,\n"
               "7,u,,a,,rating,,,,\n8,u,,a,,bought,,,,\n9,u,,a,,cancel,,1,,\n10,u,,a,,view,,,,-1\n");
    cr_expect_eq(o.st, AISLE_OK, "%s", o.err.message);
    cr_expect_str_eq(o.text, "view u||a||1|1250|1735787045000\nadd_to_cart |s|a||2|-1|0\n"
                             "purchase u||a|o1|3|1250|0\nrating u||a||4.5|-1|0\nreview u||a||0|-1|0\n"
                             "cancel u||a||1|-1|0\n");
    EXPECT_REASON(o, AISLE_REASON_BAD_TYPE, 1, 1, 0);
    EXPECT_REASON(o, AISLE_REASON_BAD_NUMBER, 3, 3, 0);
}

static outcome run_products(const char *name, const char *text)
{
    folder f = make_folder();
    aisle_import_file file = {write_text(&f, name, text), AISLE_ROLE_PRODUCTS, NULL};
    outcome o = run(plain, &file, 1);
    remove_folder(&f);
    return o;
}

Test(import, images_are_urls_or_json_and_what_no_page_may_load_is_left_out)
{
    outcome o = run_products("p.csv", "id,image_url\n"
                                      "a,https://x.example/1.jpg\n"
                                      "b,/media/1.jpg | https://x.example/2.png\n"
                                      "c,javascript:alert(1)\n"
                                      "d,//evil.example/1.jpg ok.jpg\n"
                                      "e,\"[\"\"1.jpg\"\",{\"\"url\"\":\"\"2.jpg\"\",\"\"alt\"\":\"\"two\"\","
                                      "\"\"width\"\":7,\"\"more\"\":1},{\"\"url\"\":5},7]\"\n"
                                      "f,\n"
                                      "g,\"[{\"\"url\"\":\"\"3.jpg\"\",\"\"width\"\":0}]\"\n");
    cr_expect_eq(o.st, AISLE_OK, "%s", o.err.message);
    cr_expect_str_eq(
        o.text,
        "product a|||||-1 USD|-1||[{\"url\":\"https://x.example/1.jpg\"}]\n"
        "product b|||||-1 USD|-1||[{\"url\":\"/media/1.jpg\"},{\"url\":\"https://x.example/2.png\"}]\n"
        "product c|||||-1 USD|-1|\n"
        "product d|||||-1 USD|-1||[{\"url\":\"ok.jpg\"}]\n"
        "product e|||||-1 USD|-1||[{\"url\":\"1.jpg\"},{\"url\":\"2.jpg\",\"alt\":\"two\",\"width\":7}]\n"
        "product f|||||-1 USD|-1|\n"
        "product g|||||-1 USD|-1||[{\"url\":\"3.jpg\"}]\n");
    EXPECT_REASON(o, AISLE_REASON_BAD_IMAGE, 4, 0, 4);
}

Test(import, images_of_json_lines_are_their_own_json_and_twenty_at_most)
{
    aisle_buf text = {0};
    aisle_buf_printf(&text, "{\"id\": \"a\", \"images\": [");
    for (int i = 0; i < 22; i++) aisle_buf_printf(&text, "%s\"%d.jpg\"", i ? ", " : "", i);
    aisle_buf_printf(&text, "]}\n{\"id\": \"b\", \"images\": [{\"url\": \"x.jpg\", \"alt\": null}]}\n");
    outcome o = run_products("p.jsonl", text.data);
    aisle_buf_deinit(&text);
    cr_expect_eq(o.st, AISLE_OK, "%s", o.err.message);
    cr_expect(strstr(o.text, "{\"url\":\"19.jpg\"}]\n") != NULL, "%s", o.text);
    cr_expect(strstr(o.text, "product b|||||-1 USD|-1||[{\"url\":\"x.jpg\"}]\n") != NULL, "%s", o.text);
    EXPECT_REASON(o, AISLE_REASON_BAD_IMAGE, 1, 0, 1);
}

Test(import, attributes_deeper_than_the_api_takes_are_refused)
{
    aisle_buf text = {0};
    for (int deep = 31; deep <= 33; deep++) {
        aisle_buf_printf(&text, "{\"id\": \"d%d\", \"attributes\": ", deep);
        for (int i = 0; i < deep; i++) aisle_buf_printf(&text, "{\"[{[\":");
        aisle_buf_printf(&text, "1");
        for (int i = 0; i < deep; i++) aisle_buf_printf(&text, "}");
        aisle_buf_printf(&text, "}\n");
    }
    outcome o = run_products("p.jsonl", text.data);
    aisle_buf_deinit(&text);
    cr_expect_eq(o.st, AISLE_OK, "%s", o.err.message);
    cr_expect(strstr(o.text, "product d31|") && strstr(o.text, "product d32|"), "%s", o.text);
    cr_expect(!strstr(o.text, "d33"), "%s", o.text);
    EXPECT_REASON(o, AISLE_REASON_TOO_DEEP, 1, 1, 0);
}

Test(import, products_and_users_come_from_their_own_files)
{
    folder f = make_folder();
    char long_id[400];
    snprintf(long_id, sizeof long_id, "id,age_band,gender,country\n%0300d,,,\nu1,25-34,f,GB\n,,,\n", 7);
    aisle_import_file files[] = {
        {write_text(&f, "p.csv",
                    "id,title,description,brand,category,price,currency,stock,attributes,created\n"
                    "p1,T &lt;b&gt;,\"d, e\",B,A > C,12.50,JPY,7,\"{\"\"x\"\":1}\",2025-01-01\n"
                    "p2,,,,,,,,red,\np3,t,,,,1,,-2,,\n"),
         AISLE_ROLE_PRODUCTS, NULL},
        {write_text(&f, "u.csv", long_id), AISLE_ROLE_USERS, NULL}};
    outcome o = run((aisle_import_params){.currency = "EUR"}, files, 2);
    cr_expect_eq(o.st, AISLE_OK, "%s", o.err.message);
    cr_expect_str_eq(o.text, "product p1|T <b>|d, e|B|A > C|13 JPY|7|{\"x\":1}\n"
                             "product p2|||||-1 EUR|-1|{\"attributes\":\"red\"}\nuser u1|25-34|f|GB\n");
    EXPECT_REASON(o, AISLE_REASON_ID_TOO_LONG, 1, 1, 0);
    EXPECT_REASON(o, AISLE_REASON_NO_USER, 1, 1, 0);
    EXPECT_REASON(o, AISLE_REASON_NO_DESCRIPTION, 1, 0, 0);
    EXPECT_REASON(o, AISLE_REASON_BAD_NUMBER, 1, 1, 0);
    remove_folder(&f);
}

Test(import, a_map_overrides_the_preset_target_by_target)
{
    aisle_import_params p = {.map = "user=who,item=sku|StockCode, type=what,order=a+b"};
    outcome o = run_events(p, "who,StockCode,what,a,b,price\nu,i,like,1,2,3\n");
    cr_expect_str_eq(o.text, "like u||i|1-2|1|300|0\n", "%s", o.err.message);
    p = (aisle_import_params){.preset = "online-retail", .map = "item=Description"};
    o = run_events(p, RETAIL_HEADER "1,A,name,1,2010-12-01,1,7.0,F\n");
    cr_expect_eq(strncmp(o.text, "purchase 7||name|1|1|100|", 25), 0, "%s", o.text);
}

Test(import, what_cannot_be_understood_is_refused_before_the_first_record)
{
    static const struct {
        aisle_import_params p;
        const char *text, *says;
    } cases[] = {
        {{.map = "user"}, "user,item,type\n", "TARGET=COLUMN"},
        {{.map = "usr=a"}, "user,item,type\n", "usr"},
        {{.map = "user=,item=b"}, "user,item,type\n", "user"},
        {{.map = "brand=nope"}, "user,item,type\n", "nope"},
        {{.preset = "nope"}, "user,item,type\n", "online-retail"},
        {{0}, "user,type\n", "no column for the item"},
        {{0}, "item,type\n", "no column for the user"},
        {{0}, "user,item\n", "event type"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        outcome o = run_events(cases[i].p, cases[i].text);
        cr_expect_eq(o.st, AISLE_EINVAL, "case %d", (int)i);
        cr_expect_not_null(strstr(o.err.message, cases[i].says), "%s", o.err.message);
    }
    folder f = make_folder();
    aisle_import_file files[] = {
        {write_text(&f, "e.csv", "user,item,type\nu,i,view\n"), AISLE_ROLE_EVENTS, NULL},
        {"/nonexistent.csv", AISLE_ROLE_EVENTS, NULL}};
    outcome o = run(plain, files, 2);
    cr_expect(o.st == AISLE_ENOTFOUND && o.report.rows_read == 0);
    files[0].event_type = "bought";
    o = run(plain, files, 1);
    cr_expect_eq(o.st, AISLE_EINVAL);
    cr_expect_eq(run(plain, files, 0).st, AISLE_EINVAL);
    remove_folder(&f);
}

static char *read_text(const char *path)
{
    static char text[10000];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) fclose(f);
    text[n] = '\0';
    return f ? text : NULL;
}

Test(import, rejects_hold_every_dropped_and_changed_row_with_its_line)
{
    folder f = make_folder();
    aisle_import_file file = {write_text(&f, "e.csv",
                                         "user,item,type,price\n,i,view,\nu,\"a\nb\",view,0\nu,i\n"
                                         "u,i,view,1\nu,i,view,1\n"),
                              AISLE_ROLE_EVENTS, NULL};
    char path[200], wanted[1000];
    snprintf(path, sizeof path, "%s/rejects.tsv", f.path);
    outcome o = run((aisle_import_params){.rejects_path = path}, &file, 1);
    cr_expect_eq(o.st, AISLE_OK, "%s", o.err.message);
    snprintf(wanted, sizeof wanted,
             "file\tline\taction\treason\trow\n%s\t2\tdropped\tno-user\t,i,view,\n"
             "%s\t3\tchanged\tbad-price\tu,\"a\\nb\",view,0\n%s\t5\tdropped\tunreadable:field-count\tu,i\n"
             "%s\t7\tdropped\tduplicate-row\tu,i,view,1\n",
             file.path, file.path, file.path, file.path);
    cr_assert_not_null(read_text(path));
    cr_expect_str_eq(read_text(path), wanted);
    o = run((aisle_import_params){.rejects_path = "/nonexistent/folder/r.tsv"}, &file, 1);
    cr_expect(o.st == AISLE_ENOTFOUND && o.report.rows_read == 0, "%s", o.err.message);
    remove_folder(&f);
}

Test(import, duplicates_are_kept_on_request_and_are_per_file)
{
    folder f = make_folder();
    const char *path = write_text(&f, "e.jsonl",
                                  "{\"user\":1,\"item\":2,\"x\":1}\n{\"user\":1,\"item\":2,\"x\":2}\n"
                                  "{\"user\":1,\"item\":2,\"x\":1}\n");
    aisle_import_file twice[] = {{path, AISLE_ROLE_EVENTS, "view"}, {path, AISLE_ROLE_EVENTS, "view"}};
    outcome o = run(plain, twice, 2);
    cr_expect_eq(o.report.events, 4, "rows that differ in a column nobody asked for are two rows");
    EXPECT_REASON(o, AISLE_REASON_DUPLICATE_ROW, 2, 2, 0);
    o = run((aisle_import_params){.keep_duplicates = true}, twice, 2);
    cr_expect_eq(o.report.events, 6);
    remove_folder(&f);
}

typedef struct told {
    int32_t n, fail_at; /* 0 = never */
    char text[2000];
} told;

static aisle_status hear(void *ctx, const aisle_import_reject *r, aisle_error *err)
{
    told *t = ctx;
    size_t at = strlen(t->text);
    if (++t->n == t->fail_at) return aisle_fail(err, AISLE_EIO, "no more of them");
    snprintf(t->text + at, sizeof t->text - at, "%lld %s %.*s=%.*s (%.*s)\n", (long long)r->line,
             aisle_import_reason_name(r->reason), (int)r->column.len, r->column.ptr ? r->column.ptr : "",
             (int)r->got.len, r->got.ptr ? r->got.ptr : "", (int)r->user.len, r->user.ptr ? r->user.ptr : "");
    cr_expect(r->wanted.len > 0 && r->row.len > 0);
    return AISLE_OK;
}

Test(import, the_first_dropped_rows_of_each_reason_are_told_with_column_and_cell)
{
    told t = {0};
    aisle_import_params p = {.rejected = hear, .rejected_ctx = &t, .rejects_each = 2};
    outcome o =
        run_events(p, "user,item,type,time,price\na,p,view,soon,\na,p,view,later,1\na,p,view,never,\n"
                      "a,p,view,2020-01-01,-1\nb,,view,2020-01-01,dear\nc,p,view\n,p,view,2020-01-01,\n");
    cr_expect_eq(o.st, AISLE_OK, "%s", o.err.message);
    cr_expect_str_eq(t.text, "2 bad-time time=soon (a)\n3 bad-time time=later (a)\n6 no-item item= (b)\n"
                             "7 unreadable = ()\n8 no-user user= ()\n");
    t = (told){.fail_at = 2};
    o = run_events(p, "user,item,type,time\na,p,view,soon\na,p,view,later\na,p,view,2020-01-01\n");
    cr_expect_eq(o.st, AISLE_EIO);
    cr_expect_str_eq(o.err.message, "no more of them");
    cr_expect_eq(t.n, 2);
}

Test(import, a_failing_sink_or_a_raised_cancel_stops_it_and_leaves_no_rejects_file)
{
    folder f = make_folder();
    char path[200];
    snprintf(path, sizeof path, "%s/rejects.tsv", f.path);
    aisle_import_file file = {write_text(&f, "e.csv", "user,item,type\n,i,view\nu,i,view\nu,j,view\n"),
                              AISLE_ROLE_EVENTS, NULL};
    sink_text t = {.fail_at = 2};
    aisle_sink sink = sink_of(&t);
    aisle_import_params p = {.files = &file, .n_files = 1, .rejects_path = path};
    aisle_import_report report;
    cr_expect_eq(aisle_import(&p, &sink, &report, NULL), AISLE_EBUSY);
    cr_expect_eq(report.rows_read, 3);
    cr_expect_eq(report.dropped[AISLE_REASON_NO_USER], 1);
    cr_expect_null(read_text(path));
    int cancel = 0;
    aisle_progress progress = {.cancel = &cancel};
    aisle_cancel(&cancel);
    p.progress = &progress;
    cr_expect_eq(aisle_import(&p, &sink, &report, NULL), AISLE_ECANCELED);
    cr_expect_null(read_text(path));
    aisle_buf_deinit(&t.out);
    remove_folder(&f);
}

static void remember(void *ctx, const char *stage, int64_t done, int64_t total, const char *detail)
{
    int64_t *last = ctx;
    (void)detail;
    cr_assert_str_eq(stage, "read");
    cr_assert(done >= last[0] && done <= total);
    last[0] = done;
    last[1] = total;
}

Test(import, progress_counts_the_bytes_of_all_files)
{
    folder f = make_folder();
    aisle_import_file files[] = {
        {write_text(&f, "a.csv", "user,item,type\nu,i,view\n"), AISLE_ROLE_EVENTS, NULL},
        {write_text(&f, "b.csv", "user,item,type\nu,j,view\n"), AISLE_ROLE_EVENTS, NULL}};
    int64_t seen[2] = {0, 0};
    aisle_progress progress = {.fn = remember, .ctx = seen};
    run((aisle_import_params){.progress = &progress}, files, 2);
    cr_expect_eq(seen[0], 48);
    cr_expect_eq(seen[1], 48);
    remove_folder(&f);
}

Test(import, a_truncated_file_fails_with_its_name)
{
    folder f = make_folder();
    static const unsigned char cut[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b};
    aisle_import_file file = {write_file(&f, "e.csv.gz", cut, sizeof cut), AISLE_ROLE_EVENTS, NULL};
    outcome o = run(plain, &file, 1);
    cr_expect_eq(o.st, AISLE_EFORMAT);
    cr_expect_not_null(strstr(o.err.message, "e.csv.gz"), "%s", o.err.message);
    remove_folder(&f);
}

Test(import, every_failed_allocation_is_reported_and_leaks_nothing)
{
    folder f = make_folder();
    char path[200];
    snprintf(path, sizeof path, "%s/rejects.tsv", f.path);
    aisle_import_file files[] = {
        {write_text(&f, "e.csv",
                    RETAIL_HEADER "1,A,x &amp; y\xff,1,2010-12-01,1,7,F\n"
                                  "C1,A,\"a \"\"b\"\"\",-1,2010-12-01,1,7.0,F\n1,A,x,1,,1,,\n"),
         AISLE_ROLE_EVENTS, NULL}};
    aisle_import_params p = {.preset = "online-retail", .files = files, .n_files = 1, .rejects_path = path};
    bool done = false;
    for (int64_t n = 1; !done && n < 2000; n++) {
        sink_text t = {0};
        aisle_sink sink = sink_of(&t);
        aisle_import_report report;
        aisle_error err = {0};
        aisle_alloc_fail_after(n);
        aisle_status st = aisle_import(&p, &sink, &report, &err);
        aisle_alloc_fail_after(0);
        cr_assert(st == AISLE_OK || st == AISLE_ENOMEM, "allocation %d: %s", (int)n, err.message);
        /* the last allocations are of the commit itself: the file is then there, but never in part */
        const char *text = read_text(path);
        cr_assert(text ? strstr(text, "no-user") != NULL : st != AISLE_OK, "allocation %d", (int)n);
        unlink(path);
        done = st == AISLE_OK;
        aisle_buf_deinit(&t.out);
    }
    cr_expect(done);
    remove_folder(&f);
}
