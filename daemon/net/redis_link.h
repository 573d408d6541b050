/* One connection to Redis, from dialling to closing: addresses, TLS, greeting, framing. Never
 * reconnects. */
#ifndef NET_REDIS_LINK_H
#define NET_REDIS_LINK_H

#include "mentiond/redis.h"
#include "redis_dns.h"
#include "redis_url.h"

struct redis_link;

struct redis_link_options {
    struct event_base *base; /* borrowed while the link lives, like all below */
    struct redis_dns *dns;
    const struct redis_address *address;
    const char *ca_file;
    int64_t connect_timeout_ms; /* names, connect, TLS and greeting together */
};

/* All come from the loop, never from inside redis_link_open(). Each may call redis_link_close(). */
struct redis_link_events {
    void (*on_up)(void *user);                              /* greeted: commands may be sent */
    void (*on_reply)(void *user, struct redisReply *reply); /* takes ownership of the reply */
    void (*on_drained)(void *user); /* the backlog is small: more may be sent */
    void (*on_lost)(void *user, const struct error *err); /* the link is unusable: close it */
};

int redis_link_open(const struct redis_link_options *options,
                    const struct redis_link_events *events, void *user,
                    struct redis_link **ret_link, struct error *err);
/* No event comes any more. NULL is accepted. */
void redis_link_close(struct redis_link *link);

/* Only after on_up. Copies the bytes. */
int redis_link_send(struct redis_link *link, const char *data, size_t len, struct error *err);
/* When the server last sent anything (monotonic), 0 if never. */
int64_t redis_link_heard_ms(const struct redis_link *link);
size_t redis_link_backlog(const struct redis_link *link); /* bytes not yet taken by the socket */

#endif
