/* Names to addresses on the loop. */
#ifndef NET_REDIS_DNS_H
#define NET_REDIS_DNS_H

#include <event2/event.h>
#include <event2/util.h>

#include "mentiond/error.h"

struct redis_dns;
struct redis_lookup;

/* `addresses`, to be freed with evutil_freeaddrinfo(), or NULL and a code for
 * evutil_gai_strerror(). */
typedef void redis_dns_fn(void *user, int result, struct evutil_addrinfo *addresses);

/* NULL: out of memory. */
struct redis_dns *redis_dns_create(struct event_base *base);
/* Cancelled lookups are ended by the loop, and the resolver with the last of them. NULL is
 * accepted. */
void redis_dns_release(struct redis_dns *dns);

/* One at a time. `done` may be called before this returns (a name of the hosts file); *ret_lookup
 * is set before that, and dangles from the call of `done` on. */
int redis_dns_lookup(struct redis_dns *dns, const char *host, const char *port, redis_dns_fn *done,
                     void *user, struct redis_lookup **ret_lookup, struct error *err);
/* `done` will not be called. */
void redis_lookup_cancel(struct redis_lookup *lookup);

#endif
