/* POST /v1/admin/imports: the body, already in a file, becomes an import job. */
#include <string.h>

#include "aisle/import.h"
#include "server/http/handlers/handlers.h"

enum { MAP_BYTES = 2000 };

typedef struct import_query {
    /* NULL = not given; NUL-terminated */
    const char *kind, *preset, *format, *map, *event_type, *currency;
} import_query;

static const char *const kinds[] = {"events", "products", "users", NULL};
static const char *const formats[] = {"auto", "csv", "tsv", "jsonl", "json-map", "adjacency", NULL};

/* The parameter as one of the known words; NULL when it is absent. */
static aisle_status choose(aisle_request *r, const char *name, const char *const *known, const char **out)
{
    char pointer[32];
    aisle_str given = aisle_request_query(r, name);
    *out = NULL;
    for (; given.ptr && *known; known++)
        if (aisle_str_eq(given, aisle_str_from(*known))) *out = *known;
    if (!given.ptr || *out) return AISLE_OK;
    snprintf(pointer, sizeof pointer, "?%s", name);
    return aisle_request_invalid(r, pointer, "unknown", "no %s of this name is known", name);
}

static aisle_status choose_event_type(aisle_request *r, const char **out)
{
    const char *types[AISLE_EVENT_TYPES + 1] = {NULL};
    for (int t = 0; t < AISLE_EVENT_TYPES; t++) types[t] = aisle_event_type_name((aisle_event_type)t);
    return choose(r, "event_type", types, out);
}

static aisle_status parse_currency(aisle_request *r, const char **out)
{
    aisle_str text = aisle_request_query(r, "currency");
    if (!text.ptr) return AISLE_OK;
    *out = aisle_arena_strndup(aisle_request_arena(r), text.ptr, text.len);
    if (!*out) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the currency");
    if (text.len == 3 && strspn(*out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3) return AISLE_OK;
    return aisle_request_invalid(r, "?currency", "unknown", "three capital letters such as EUR wanted");
}

static aisle_status parse(aisle_request *r, import_query *q)
{
    static const char *const known[] = {"kind", "preset", "format", "map", "event_type", "currency", NULL};
    AISLE_TRY(aisle_request_query_only(r, known));
    AISLE_TRY(choose(r, "kind", kinds, &q->kind));
    AISLE_TRY(choose(r, "preset", aisle_import_preset_names(), &q->preset));
    AISLE_TRY(choose(r, "format", formats, &q->format));
    AISLE_TRY(choose_event_type(r, &q->event_type));
    AISLE_TRY(parse_currency(r, &q->currency));
    aisle_str map = aisle_request_query(r, "map");
    q->map = map.len ? aisle_arena_strndup(aisle_request_arena(r), map.ptr, map.len) : NULL;
    if (!q->kind) return aisle_request_invalid(r, "?kind", "required", "events, products or users wanted");
    if (map.len > MAP_BYTES)
        return aisle_request_invalid(r, "?map", "too_long", "at most %d bytes wanted", MAP_BYTES);
    if (map.len && !q->map)
        return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the map");
    return AISLE_OK;
}

static char *describe(const import_query *q)
{
    json_t *o =
        json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?}", "kind", q->kind, "preset", q->preset, "format",
                  q->format, "map", q->map, "event_type", q->event_type, "currency", q->currency);
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return text;
}

static aisle_status order_import(aisle_request *r, const import_query *q, const char *path)
{
    const char *data = aisle_request_app(r)->config->data;
    char role[16];
    snprintf(role, sizeof role, "--%s", q->kind);
    const char *argv[24] = {"aisle", "import", "--json", "--data", data, role, path};
    int n = 7;
    if (q->preset) argv[n++] = "--preset", argv[n++] = q->preset;
    if (q->format) argv[n++] = "--format", argv[n++] = q->format;
    if (q->map) argv[n++] = "--map", argv[n++] = q->map;
    if (q->event_type) argv[n++] = "--event-type", argv[n++] = q->event_type;
    if (q->currency) argv[n++] = "--currency", argv[n++] = q->currency;
    char *request = describe(q);
    if (!request) return aisle_fail(aisle_request_error(r), AISLE_ENOMEM, "out of memory for the import");
    aisle_job_order order = {
        .kind = AISLE_JOB_IMPORT, .argv = argv, .id_option = "--job", .request = request, .scratch = path};
    aisle_status st = aisle_answer_ordered(r, &order);
    aisle_free(request);
    return st;
}

aisle_status aisle_on_import_add(aisle_request *r)
{
    import_query query = {0};
    AISLE_TRY(parse(r, &query));
    if (!aisle_request_body_path(r))
        return aisle_request_invalid(r, "", "required", "the file's content is wanted as the body");
    char *path = aisle_request_body_take(r);
    aisle_status st = order_import(r, &query, path);
    aisle_free(path);
    return st;
}
