/* Fuzzes the reading of JSON bodies: what is accepted must survive being written and read again. */
#include <stdlib.h>

#include "aisle/memory.h"
#include "server/json/json.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *v, *again;
    aisle_json_setup();
    if (aisle_json_parse((aisle_str){(const char *)data, size}, &v, NULL) != AISLE_OK) return 0;
    char *text = json_dumps(v, JSON_COMPACT);
    if (!text || aisle_json_parse(aisle_str_from(text), &again, NULL) != AISLE_OK || !json_equal(v, again))
        abort();
    json_decref(again);
    json_decref(v);
    aisle_free(text);
    return 0;
}
