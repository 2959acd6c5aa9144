/* TLS of the server's side: certificate and key from files, replaced while serving. OpenSSL stops here and in connection.c,
 * which hands sessions to libevent. */
#ifndef AISLE_SERVER_TLS_H
#define AISLE_SERVER_TLS_H

#include "aisle/status.h"

typedef struct aisle_tls aisle_tls;
struct ssl_st;

/* cert: PEM, the server's own certificate first and then those between it and the root; key: PEM without a pass phrase.
 * Errors name the file: AISLE_EFORMAT for what is no certificate or key, or a pair that does not match. TLS 1.2 and 1.3,
 * forward secrecy and authenticated encryption only. */
aisle_status aisle_tls_open(const char *cert, const char *key, aisle_tls **out, aisle_error *err);
void aisle_tls_close(aisle_tls *t); /* NULL is a no-op */
/* Reads the files again. Sessions begun before keep what they have; on failure so does every later one. Any thread. */
aisle_status aisle_tls_reload(aisle_tls *t, aisle_error *err);
/* A server-side session, the caller's; NULL: out of memory. Any thread. */
struct ssl_st *aisle_tls_session(aisle_tls *t);

#endif
