/* TLS for one connection to Redis: always verified, TLS 1.2 or later. */
#ifndef NET_REDIS_TLS_H
#define NET_REDIS_TLS_H

#include "mentiond/error.h"

struct bufferevent;
struct event_base;
struct redis_tls;

/* `host` is what the certificate must be for: a name or an address. ca_file NULL: the system's
 * authorities. */
int redis_tls_create(const char *host, const char *ca_file, struct redis_tls **ret_tls,
                     struct error *err);
/* After its bufferevents are freed. */
void redis_tls_destroy(struct redis_tls *tls);

/* A fresh bufferevent that will connect and then shake hands; NULL when out of memory. */
struct bufferevent *redis_tls_bufferevent(struct redis_tls *tls, struct event_base *base,
                                          int flags);

/* What OpenSSL has to say about a failed bufferevent: 0 if nothing, else -EPROTO with text. */
int redis_tls_error(struct bufferevent *bev, struct error *err);

#endif
