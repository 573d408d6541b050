/* The daemon's HTTP server with its own endpoints: whether it lives, and whether it works. */
#ifndef MENTIOND_ENDPOINTS_H
#define MENTIOND_ENDPOINTS_H

#include "mentiond/http_server.h"

/* NULL: it is ready for work; else what is missing. */
typedef const char *endpoints_ready_fn(void *user);

struct endpoints {
    endpoints_ready_fn *why_not_ready;
    void *user;
};

/* The caller owns the server, and `endpoints` must outlive it. /healthz answers 200 as long as the
 * loop turns; /readyz 200 or 503. */
int endpoints_create(struct event_base *base, struct str listen, struct endpoints *endpoints,
                     struct http_server **ret, struct error *err);

#endif
