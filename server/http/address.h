/* Addresses of clients: parsing, networks, and which address of a forwarded request is the client's. Sockets and requests
 * are elsewhere; aisle_request_address (http.h) is what handlers ask. */
#ifndef AISLE_SERVER_ADDRESS_H
#define AISLE_SERVER_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "aisle/status.h"
#include "aisle/str.h"

/* IPv6 in network order; IPv4 as ::ffff:a.b.c.d. All zero: unknown. */
typedef struct aisle_address {
    unsigned char bytes[16];
} aisle_address;

enum { AISLE_ADDRESS_TEXT = 46, AISLE_NETWORKS_MAX = 32 };

/* "192.0.2.1", "2001:db8::1", each with an optional port as proxies write it ("[2001:db8::1]:443"). False: none of these. */
bool aisle_address_parse(aisle_str text, aisle_address *out);
void aisle_address_of(const struct sockaddr_storage *from, aisle_address *out);
void aisle_address_text(const aisle_address *a, char out[AISLE_ADDRESS_TEXT]);
bool aisle_address_is_loopback(const aisle_address *a);
/* The first 64 bits of an IPv6 address, all of an IPv4 one: what one household or one attacker can change is left out. */
aisle_address aisle_address_group(const aisle_address *a);

typedef struct aisle_networks {
    int32_t n;
    struct aisle_network {
        aisle_address base;
        int32_t bits; /* 0 .. 128 */
    } at[AISLE_NETWORKS_MAX];
} aisle_networks;

/* "10.0.0.0/8, ::1": a list of addresses and networks, separated by commas or blanks; empty is none. AISLE_EINVAL names the
 * wrong one. */
aisle_status aisle_networks_parse(const char *text, aisle_networks *out, aisle_error *err);
bool aisle_networks_have(const aisle_networks *n, const aisle_address *a);

/* Goes on from the peer to the address that the list (an X-Forwarded-For value, nearest proxy last) names, as long as the
 * one in hand is a proxy of ours. What a stranger wrote into the list is therefore never believed. False when the walk has
 * ended; true when an earlier list of the same request, if there is one, goes on. */
bool aisle_address_forwarded(const aisle_networks *proxies, aisle_str list, aisle_address *at);

#endif
