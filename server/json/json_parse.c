/* Parsing of untrusted JSON text with jansson, which checks all but depth and number of values. */
#include <pthread.h>

#include "aisle/memory.h"
#include "server/json/json.h"

/* jansson tells some of its failed allocations as invalid syntax, others not at all. */
static _Thread_local bool short_of_memory;

static void *alloc_or_note(size_t n)
{
    void *p = aisle_alloc(n);
    if (!p) short_of_memory = true;
    return p;
}

static void set_up(void)
{
    json_set_alloc_funcs(alloc_or_note, aisle_free);
    json_object_seed(0); /* from the system's random source: no chosen hash collisions */
}

void aisle_json_setup(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_up);
}

int64_t aisle_json_count(aisle_str text)
{
    return aisle_json_measure(text).values;
}

aisle_status aisle_json_parse(aisle_str text, json_t **out, aisle_error *err)
{
    json_error_t why;
    *out = NULL;
    if (!text.len) return aisle_fail(err, AISLE_EFORMAT, "the body is empty; send a JSON object");
    /* jansson's own limit (2048) is fixed at its build */
    aisle_json_size m = aisle_json_measure(text);
    if (m.depth > AISLE_JSON_DEPTH)
        return aisle_fail(err, AISLE_EFORMAT, "JSON nested deeper than %d levels", AISLE_JSON_DEPTH);
    if (m.values > AISLE_JSON_VALUES)
        return aisle_fail(err, AISLE_EFORMAT, "JSON of more than %d values; send it in parts",
                          AISLE_JSON_VALUES);
    short_of_memory = false;
    json_t *v = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
    if (v) {
        *out = v;
        return AISLE_OK;
    }
    if (short_of_memory)
        return aisle_fail(err, AISLE_ENOMEM, "out of memory for a JSON body of %zu bytes", text.len);
    return aisle_fail(err, AISLE_EFORMAT, "not JSON: line %d, column %d: %s", why.line, why.column, why.text);
}
