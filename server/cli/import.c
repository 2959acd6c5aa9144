/* aisle import: raw files, cleaned, into a shop. Reading and cleaning are cpu/data's, storing is store/'s. */
#include "aisle/import.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "server/cli/command.h"
#include "server/cli/import_report.h"
#include "server/cli/options.h"
#include "server/store/import_rejects.h"
#include "server/store/store.h"

enum { MAX_FILES = 3 * AISLE_STRINGS_MAX + AISLE_STRINGS_MAX };

typedef struct settings {
    const char *data, *preset, *map, *format, *event_type, *rejects, *currency;
    aisle_strings events, products, users;
    int64_t user_core, item_core, job;
    bool keep_duplicates, dry_run, json;
    aisle_import_file files[MAX_FILES];
    int32_t n_files;
} settings;

static const char *const formats[] = {"auto",     "csv",       "tsv", "jsonl",
                                      "json-map", "adjacency", NULL}; /* aisle_format */
static const char *event_types[AISLE_EVENT_TYPES + 1];

/* What a file without a role option holds, by the words that shops and public sets use in file names. The
 * first row that matches decides: "Office_Products.interactions.tsv" holds events. */
static aisle_import_role role_by_name(const char *path)
{
    static const struct {
        const char *word;
        aisle_import_role role;
    } words[] = {{"interaction", AISLE_ROLE_EVENTS}, {"event", AISLE_ROLE_EVENTS},
                 {"rating", AISLE_ROLE_EVENTS},      {"transaction", AISLE_ROLE_EVENTS},
                 {"user", AISLE_ROLE_USERS},         {"demographic", AISLE_ROLE_USERS},
                 {"customer", AISLE_ROLE_USERS},     {"product", AISLE_ROLE_PRODUCTS},
                 {"item", AISLE_ROLE_PRODUCTS},      {"movie", AISLE_ROLE_PRODUCTS},
                 {"catalog", AISLE_ROLE_PRODUCTS},   {"_info", AISLE_ROLE_PRODUCTS}};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i].word)) return words[i].role;
    return AISLE_ROLE_EVENTS;
}

static void add_file(settings *s, const char *path, aisle_import_role role)
{
    const char *type = role == AISLE_ROLE_EVENTS ? s->event_type : NULL;
    s->files[s->n_files++] = (aisle_import_file){path, role, type};
}

static void gather_files(settings *s, const char **args, int32_t n_args)
{
    for (int32_t i = 0; i < s->products.n; i++) add_file(s, s->products.at[i], AISLE_ROLE_PRODUCTS);
    for (int32_t i = 0; i < s->users.n; i++) add_file(s, s->users.at[i], AISLE_ROLE_USERS);
    for (int32_t i = 0; i < s->events.n; i++) add_file(s, s->events.at[i], AISLE_ROLE_EVENTS);
    for (int32_t i = 0; i < n_args; i++) add_file(s, args[i], role_by_name(args[i]));
}

/* All of it before the first byte is read, so that a typing error costs nothing. */
static aisle_status check(const settings *s, aisle_error *err)
{
    if (s->n_files == 0)
        return aisle_fail(err, AISLE_EINVAL, "no files; name some, or give --events, --products or --users");
    for (int32_t i = 0; i < s->n_files; i++) {
        const char *path = s->files[i].path;
        struct stat info;
        if (stat(path, &info)) return aisle_fail_errno(err, "open", path);
        if (S_ISDIR(info.st_mode))
            return aisle_fail(err, AISLE_EINVAL, "%s: is a directory; name the files in it", path);
    }
    if (s->currency && (strlen(s->currency) != 3 || strspn(s->currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3))
        return aisle_fail(err, AISLE_EINVAL, "--currency %s: must be three capital letters such as EUR",
                          s->currency);
    return AISLE_OK;
}

/* A dry run needs no shop: where there is none, nothing is known yet. */
static aisle_status open_store(const settings *s, aisle_store **out, aisle_error *err)
{
    aisle_status st = aisle_store_open(s->data, !s->dry_run, out, err);
    return s->dry_run && st == AISLE_ENOTFOUND ? AISLE_OK : st;
}

static aisle_format format_of(const char *name)
{
    int i = 0;
    while (formats[i] && strcmp(formats[i], name) != 0) i++;
    return (aisle_format)i;
}

static aisle_status import(const settings *s, const aisle_progress *progress, aisle_import_report *report,
                           aisle_error *err)
{
    aisle_store *store = NULL;
    aisle_store_import *staged = NULL;
    aisle_rejects_box rejects = {0};
    const aisle_import_params params = {.files = s->files,
                                        .n_files = s->n_files,
                                        .preset = s->preset,
                                        .map = s->map,
                                        .format = format_of(s->format),
                                        .keep_duplicates = s->keep_duplicates,
                                        .currency = s->currency,
                                        .rejects_path = s->rejects,
                                        .rejected = s->job ? aisle_rejects_box_add : NULL,
                                        .rejected_ctx = &rejects,
                                        .rejects_each = AISLE_REJECTS_EACH,
                                        .progress = progress};
    const aisle_store_import_params stage = {.user_core = (int32_t)s->user_core,
                                             .item_core = (int32_t)s->item_core,
                                             .keep_duplicates = s->keep_duplicates,
                                             .dry_run = s->dry_run,
                                             .job = s->job,
                                             .rejects = &rejects,
                                             .progress = progress};
    aisle_status st = open_store(s, &store, err);
    if (st == AISLE_OK) st = aisle_store_import_begin(store, &stage, &staged, err);
    if (st == AISLE_OK) {
        aisle_sink sink = aisle_store_import_sink(staged);
        st = aisle_import(&params, &sink, report, err);
    }
    if (st == AISLE_OK) st = aisle_store_import_commit(staged, report, err);
    aisle_store_import_abort(staged);
    aisle_rejects_box_deinit(&rejects);
    aisle_store_close(store);
    return st;
}

/* The presets' own help lines, below the examples. */
static void describe_presets(char *text, size_t size)
{
    size_t n =
        (size_t)snprintf(text, size,
                         "  aisle import --preset online-retail --data shop online_retail.csv\n"
                         "  aisle import --data shop --products p.csv --events e.csv --rejects bad.tsv\n"
                         "  aisle import --data shop --map user=customer,item=sku --event-type "
                         "purchase --events orders.jsonl\n\npresets:\n");
    const char *const *names = aisle_import_preset_names();
    for (int i = 0; names[i] && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s  %-16s %s", i ? "\n" : "", names[i],
                              aisle_import_preset_help(names[i]));
}

static int parse(settings *s, int argc, char **argv)
{
    static char examples[4096];
    const char *args[AISLE_STRINGS_MAX];
    int32_t n_args;
    for (int i = 0; i < AISLE_EVENT_TYPES; i++) event_types[i] = aisle_event_type_name((aisle_event_type)i);
    describe_presets(examples, sizeof examples);
    const aisle_option options[] = {
        {"data", 'd', "DIR", AISLE_OPT_TEXT, &s->data, 0, 0, NULL,
         "data folder of the shop; made when missing"},
        {"preset", 'p', "NAME", AISLE_OPT_CHOICE, &s->preset, 0, 0, aisle_import_preset_names(),
         "layout of the files"},
        {"events", 0, "FILE", AISLE_OPT_LIST, &s->events, 0, 0, NULL, "file of events"},
        {"products", 0, "FILE", AISLE_OPT_LIST, &s->products, 0, 0, NULL, "file of products"},
        {"users", 0, "FILE", AISLE_OPT_LIST, &s->users, 0, 0, NULL, "file of users"},
        {"map", 'm', "MAP", AISLE_OPT_TEXT, &s->map, 0, 0, NULL,
         "columns, \"user=CustomerID,item=StockCode\""},
        {"format", 0, "NAME", AISLE_OPT_CHOICE, &s->format, 0, 0, formats, "format of the files"},
        {"event-type", 0, "TYPE", AISLE_OPT_CHOICE, &s->event_type, 0, 0, event_types, "type of every event"},
        {"rejects", 0, "FILE", AISLE_OPT_TEXT, &s->rejects, 0, 0, NULL,
         "write every dropped or changed row here"},
        {"job", 0, "ID", AISLE_OPT_INT, &s->job, 0, 9e15, NULL,
         "keep the first dropped rows of each reason in the shop, as those of this job of the server"},
        {"user-core", 0, "N", AISLE_OPT_INT, &s->user_core, 0, 1e6, NULL, "drop users with fewer products"},
        {"item-core", 0, "N", AISLE_OPT_INT, &s->item_core, 0, 1e6, NULL, "drop products with fewer users"},
        {"keep-duplicates", 0, NULL, AISLE_OPT_FLAG, &s->keep_duplicates, 0, 0, NULL,
         "equal rows are each an event"},
        {"currency", 0, "CODE", AISLE_OPT_TEXT, &s->currency, 0, 0, NULL, "currency of the prices"},
        {"dry-run", 'n', NULL, AISLE_OPT_FLAG, &s->dry_run, 0, 0, NULL,
         "read, clean and count, but store nothing"},
        {"json", 0, NULL, AISLE_OPT_FLAG, &s->json, 0, 0, NULL, "progress and report as JSON lines"},
        {0},
    };
    const aisle_usage usage = {
        .command = "import",
        .synopsis = "[options] [FILE...]",
        .about =
            "Reads CSV, TSV, JSON lines or adjacency lists, plain, .gz or .zst, cleans them, and stores "
            "products,\nusers and events. One transaction: an interrupted import changes nothing, and the "
            "same file twice\nadds nothing. A FILE without a role option is events, products or users by "
            "its name.",
        .examples = examples,
        .max_args = AISLE_STRINGS_MAX,
    };
    int code = aisle_options_parse(&usage, options, argc, argv, args, &n_args);
    if (code < 0) gather_files(s, args, n_args);
    return code;
}

int aisle_command_import(int argc, char **argv)
{
    settings s = {.data = "data", .format = "auto"};
    aisle_import_report report = {0};
    aisle_error err = {.message = ""};
    aisle_meter meter;
    int code = parse(&s, argc, argv);
    if (code >= 0) return code;
    aisle_status st = check(&s, &err);
    if (st != AISLE_OK) return aisle_end("import", s.json, st, &err);
    int64_t started_ns = aisle_time_monotonic_ns();
    aisle_meter_start(&meter, "import", s.json);
    st = import(&s, &meter.progress, &report, &err);
    aisle_meter_finish(&meter);
    report.seconds = (double)(aisle_time_monotonic_ns() - started_ns) * 1e-9; /* with storing */
    if (st != AISLE_OK) return aisle_end("import", s.json, st, &err);
    aisle_import_report_print(&report, s.dry_run, s.json);
    return 0;
}
