/* TLS for Redis: an OpenSSL context that verifies chain and name, and bufferevents made from it. */
#include "redis_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct redis_tls {
    SSL_CTX *ctx; /* owned */
    char *host;   /* owned */
};

static int openssl_failed(struct error *err, const char *what)
{
    char text[160];

    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return error_set(err, -EPROTO, "TLS: %s: %s", what, text);
}

static int context_prepare(SSL_CTX *ctx, const char *ca_file, struct error *err)
{
    int ok;

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    ok = ca_file ? SSL_CTX_load_verify_locations(ctx, ca_file, NULL)
                 : SSL_CTX_set_default_verify_paths(ctx);
    return ok ? 0 : openssl_failed(err, ca_file ? ca_file : "the system's authorities");
}

int redis_tls_create(const char *host, const char *ca_file, struct redis_tls **ret_tls,
                     struct error *err)
{
    struct redis_tls *tls = calloc(1, sizeof *tls);
    int r = 0;

    if (tls) {
        tls->host = strdup(host);
        tls->ctx = SSL_CTX_new(TLS_client_method());
    }
    if (!tls || !tls->host || !tls->ctx)
        r = error_oom(err);
    else
        r = context_prepare(tls->ctx, ca_file, err);
    if (r < 0) {
        redis_tls_destroy(tls);
        return r;
    }
    *ret_tls = tls;
    return 0;
}

void redis_tls_destroy(struct redis_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->ctx);
    free(tls->host);
    free(tls);
}

static bool host_expect(SSL *ssl, const char *host)
{
    unsigned char address[16];
    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;

    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

struct bufferevent *redis_tls_bufferevent(struct redis_tls *tls, struct event_base *base, int flags)
{
    struct bufferevent *bev;
    SSL *ssl = SSL_new(tls->ctx);

    if (!ssl)
        return NULL;
    if (!host_expect(ssl, tls->host)) {
        SSL_free(ssl);
        return NULL;
    }
    /* takes ownership of ssl, with BEV_OPT_CLOSE_ON_FREE */
    bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, flags);
    if (!bev) {
        SSL_free(ssl);
        return NULL;
    }
    /* RESP frames itself: an end of the connection needs no alert */
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

int redis_tls_error(struct bufferevent *bev, struct error *err)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    unsigned long code;
    const char *reason;

    if (verified != X509_V_OK)
        return error_set(err, -EPROTO, "TLS: the certificate is not acceptable: %s",
                         X509_verify_cert_error_string(verified));
    code = bufferevent_get_openssl_error(bev);
    if (code == 0)
        return 0;
    reason = ERR_reason_error_string(code);
    return error_set(err, -EPROTO, "TLS: %s", reason ? reason : "handshake failed");
}
