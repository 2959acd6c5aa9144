/* Names of the event types. */
#include "aisle/shop.h"

static const char *const names[AISLE_EVENT_TYPES] = {"view",     "click",   "add_to_cart", "remove_from_cart",
                                                     "purchase", "cancel",  "rating",      "review",
                                                     "like",     "dislike", "impression"};

const char *aisle_event_type_name(aisle_event_type t)
{
    return (unsigned)t < AISLE_EVENT_TYPES ? names[t] : NULL;
}

bool aisle_event_type_parse(aisle_str s, aisle_event_type *out)
{
    for (int i = 0; i < AISLE_EVENT_TYPES; i++)
        if (aisle_str_eq(s, aisle_str_from(names[i]))) {
            *out = (aisle_event_type)i;
            return true;
        }
    return false;
}
