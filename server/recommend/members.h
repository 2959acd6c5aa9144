/* Members of JSON objects that stand in no request by themselves: what sets and the like are read by. Every reader tells the first
 * mistake: AISLE_EINVAL and *fault, with the pointer of the member. A member that is null counts as absent, and an absent one
 * leaves *out as it is. */
#ifndef AISLE_SERVER_MEMBERS_H
#define AISLE_SERVER_MEMBERS_H

#include "server/recommend/filter.h"

typedef struct aisle_reading {
    aisle_arena *arena; /* where texts are copied to */
    aisle_filter_fault *fault;
} aisle_reading;

typedef struct aisle_member {
    const struct json_t *v; /* borrowed; NULL: absent */
    char pointer[256];
} aisle_member;

aisle_member aisle_member_of(const aisle_member *object, const char *name);
aisle_member aisle_member_at(const aisle_member *array, size_t i);

/* code: as of json.h. Returns AISLE_EINVAL. */
aisle_status aisle_member_refuse(const aisle_reading *r, const aisle_member *m, const char *code,
                                 const char *format, ...) __attribute__((format(printf, 4, 5)));
aisle_status aisle_member_required(const aisle_reading *r, const aisle_member *m);
/* An object with these members and no others; must be there. */
aisle_status aisle_member_object(const aisle_reading *r, const aisle_member *m, const char *const *known);
/* An array of least..most `what`; must be there. */
aisle_status aisle_member_array(const aisle_reading *r, const aisle_member *m, size_t least, size_t most,
                                const char *what);
/* 1 to most bytes. AISLE_ENOMEM. */
aisle_status aisle_member_text(const aisle_reading *r, const aisle_member *m, size_t most, aisle_str *out);
aisle_status aisle_member_int(const aisle_reading *r, const aisle_member *m, int32_t low, int32_t high,
                              int32_t *out);
aisle_status aisle_member_number(const aisle_reading *r, const aisle_member *m, double low, double high,
                                 double *out);
aisle_status aisle_member_flag(const aisle_reading *r, const aisle_member *m, bool *out);
aisle_status aisle_member_time(const aisle_reading *r, const aisle_member *m, int64_t *ms);
/* One of names[] (NULL at the end): *out is which. */
aisle_status aisle_member_choice(const aisle_reading *r, const aisle_member *m, const char *const *names,
                                 unsigned *out);
aisle_status aisle_member_filter(const aisle_reading *r, const aisle_member *m, aisle_filter *out);

#endif
