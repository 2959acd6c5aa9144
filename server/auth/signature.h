/* Notes that another program has signed with a secret that both know. Not API keys (keys.h). */
#ifndef AISLE_SERVER_SIGNATURE_H
#define AISLE_SERVER_SIGNATURE_H

#include "aisle/str.h"

enum { AISLE_SIGNATURE_SECONDS = 300 }; /* how far its time may be off */

/* field: "t=SECONDS,v1=HEX", HEX being the HMAC-SHA256 of "SECONDS.BODY"; several v1 may stand there, one of which must be
 * right. NULL when it is good at now_ms, else why not. Each is compared in constant time. */
const char *aisle_signature_fault(aisle_str field, aisle_str body, aisle_str secret, int64_t now_ms);

#endif
