/* One walk over the bytes. */
#include "aisle/json_size.h"

aisle_json_size aisle_json_measure(aisle_str text)
{
    aisle_json_size m = {1, 0};
    int32_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char ch = text.ptr[i];
        if (in_string) {
            if (ch == '\\')
                i++;
            else if (ch == '"')
                in_string = false;
        } else if (ch == '"')
            in_string = true;
        else if (ch == '{' || ch == '[')
            depth++;
        else if (ch == '}' || ch == ']')
            depth--;
        if (!in_string && (ch == ',' || ch == '{' || ch == '[')) m.values++;
        if (depth > m.depth) m.depth = depth;
    }
    return m;
}
