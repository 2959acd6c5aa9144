/* One context at a time, counted by OpenSSL: a reload makes a whole new one and swaps the pointer. */
#include "server/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>

#include "aisle/memory.h"

struct aisle_tls {
    char *cert, *key;
    pthread_mutex_t lock;
    SSL_CTX *context; /* under lock */
};

static aisle_status failed(aisle_error *err, const char *what, const char *path)
{
    const char *why = ERR_reason_error_string(ERR_peek_error());
    aisle_fail(err, AISLE_EFORMAT, "%s: %s (%s)", path, what, why ? why : "no reason given");
    ERR_clear_error();
    return AISLE_EFORMAT;
}

/* A server has nobody to ask for a pass phrase. */
static int no_phrase(char *to, int room, int writing, void *ctx)
{
    (void)to, (void)room, (void)writing, (void)ctx;
    return -1;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
                           unsigned int n_in, void *ctx)
{
    static const unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char *chosen = NULL;
    (void)ssl, (void)ctx;
    if (SSL_select_next_proto(&chosen, n, ours, sizeof ours, in, n_in) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Sessions resume by tickets, which cost no memory here; a request tells its own length, so that an end without
 * close_notify cannot pass for a shorter request. */
static bool set_rules(SSL_CTX *c)
{
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_default_passwd_cb(c, no_phrase);
    SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
    return SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) &&
           SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20");
}

static aisle_status make(const aisle_tls *t, SSL_CTX **out, aisle_error *err)
{
    aisle_status st = AISLE_OK;
    ERR_clear_error();
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    if (!c) return aisle_fail(err, AISLE_ENOMEM, "out of memory for TLS");
    if (!set_rules(c))
        st = failed(err, "TLS 1.2 or its ciphers are not there", "OpenSSL");
    else if (SSL_CTX_use_certificate_chain_file(c, t->cert) != 1)
        st = failed(err, "no certificate in PEM form can be read", t->cert);
    else if (SSL_CTX_use_PrivateKey_file(c, t->key, SSL_FILETYPE_PEM) != 1)
        st = failed(err, "no private key in PEM form, without a pass phrase, that belongs to the certificate",
                    t->key);
    else if (SSL_CTX_check_private_key(c) != 1)
        st = failed(err, "the key does not belong to the certificate", t->key);
    if (st == AISLE_OK)
        *out = c;
    else
        SSL_CTX_free(c);
    return st;
}

aisle_status aisle_tls_open(const char *cert, const char *key, aisle_tls **out, aisle_error *err)
{
    *out = NULL;
    aisle_tls *t = aisle_calloc(1, sizeof *t);
    if (!t) return aisle_fail(err, AISLE_ENOMEM, "out of memory for TLS");
    pthread_mutex_init(&t->lock, NULL);
    t->cert = aisle_strdup(cert);
    t->key = aisle_strdup(key);
    aisle_status st = t->cert && t->key ? make(t, &t->context, err)
                                        : aisle_fail(err, AISLE_ENOMEM, "out of memory for TLS");
    if (st == AISLE_OK)
        *out = t;
    else
        aisle_tls_close(t);
    return st;
}

void aisle_tls_close(aisle_tls *t)
{
    if (!t) return;
    SSL_CTX_free(t->context);
    pthread_mutex_destroy(&t->lock);
    aisle_free(t->cert);
    aisle_free(t->key);
    aisle_free(t);
}

aisle_status aisle_tls_reload(aisle_tls *t, aisle_error *err)
{
    SSL_CTX *fresh = NULL;
    AISLE_TRY(make(t, &fresh, err));
    pthread_mutex_lock(&t->lock);
    SSL_CTX *old = t->context;
    t->context = fresh;
    pthread_mutex_unlock(&t->lock);
    SSL_CTX_free(old);
    return AISLE_OK;
}

SSL *aisle_tls_session(aisle_tls *t)
{
    pthread_mutex_lock(&t->lock);
    SSL *ssl = SSL_new(t->context);
    pthread_mutex_unlock(&t->lock);
    ERR_clear_error();
    return ssl;
}
