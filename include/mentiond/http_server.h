/* The daemon's HTTP server: a table of routes, and answers that may come later.
 *
 * One connection brings one request and is closed after its answer: nobody keeps one to himself.
 * Connections, bytes of head and body, and the time for each part have limits; who breaks one is
 * answered as JSON, {"error": "…"}, and counted. There is no TLS: a reverse proxy has that.
 *
 * Everything runs in the loop's thread. */
#ifndef MENTIOND_HTTP_SERVER_H
#define MENTIOND_HTTP_SERVER_H

#include <event2/event.h>

#include "mentiond/error.h"
#include "mentiond/str.h"

#define HTTP_SERVER_CONNECTIONS_MAX 256           /* more wait in the system's queue */
#define HTTP_SERVER_HEAD_MAX (16 * 1024)          /* bytes of request line and headers */
#define HTTP_SERVER_BODY_MAX (1024 * 1024)        /* bytes; a route may allow less */
#define HTTP_SERVER_BODIES_MAX (32 * 1024 * 1024) /* bytes, of all requests together */
#define HTTP_SERVER_REQUEST_MS 15000              /* for a whole request to arrive, however slow its sender */
#define HTTP_SERVER_ANSWER_MS 45000               /* then the server answers 503 by itself */
#define HTTP_SERVER_SEND_MS 15000                 /* for the answer to be taken */
#define HTTP_SERVER_LINGER_MS 2000                /* what still arrives after the answer is read so long */
#define HTTP_SERVER_ROUTES_MAX 512

struct http_server;
struct http_call; /* one request; valid until it is answered or gone */

/* A whole request has arrived. Now or later, http_call_answer() or http_call_refuse() is called once. */
typedef void http_call_fn(void *user, struct http_call *call);
/* The client has gone, or waited too long: the call may not be used any more. */
typedef void http_gone_fn(void *user, struct http_call *call);

struct http_route {
    const char *method; /* "GET", which also answers HEAD; or "POST" */
    struct str path;    /* whole and exact, decoded */
    size_t body_max;    /* bytes, at most HTTP_SERVER_BODY_MAX; 0: takes no body */
    http_call_fn *handle;
    void *user;
};

/* `listen`: "8377" (loopback), "HOST:PORT" with an address or "localhost", "[::1]:8377", "unix:/path"
 * (the socket is 0660). Port 0: any free one. -EINVAL: none of these; else why it cannot be had. */
int http_server_create(struct event_base *base, struct str listen, struct http_server **ret,
                       struct error *err);
/* Is it an address that http_server_create() understands? */
bool http_server_can_listen(struct str listen);
/* Takes no new requests and drops those that have not arrived whole; those with a handler are still
 * answered. */
void http_server_stop(struct http_server *server);
bool http_server_is_busy(const struct http_server *server);
/* Whoever waits for an answer gets none; no callbacks. NULL is accepted. */
void http_server_destroy(struct http_server *server);
/* Where it listens, with the port that it got: "127.0.0.1:8377". */
const char *http_server_address(const struct http_server *server);

/* Copies all of it. -EEXIST: method and path are taken; -ENOSPC; -ENOMEM. */
int http_server_add_route(struct http_server *server, const struct http_route *route, struct error *err);
/* All of this user's. His calls under way stay his. */
void http_server_remove_routes(struct http_server *server, const void *user);

/* Borrowed while the call is valid. */
struct str http_call_body(const struct http_call *call);
struct str http_call_query(const struct http_call *call);
struct str http_call_header(const struct http_call *call, struct str name); /* {NULL, 0} if absent */
void http_call_on_gone(struct http_call *call, http_gone_fn *gone, void *user);

struct http_answer {
    int status;
    struct str body;          /* copied */
    const char *content_type; /* NULL: application/json */
    int retry_after_s;        /* 0: none */
};
void http_call_answer(struct http_call *call, const struct http_answer *answer);
/* {"error": "…"}; `retry_after_s` as above. */
void http_call_refuse(struct http_call *call, int status, int retry_after_s, const char *error);

/* Since the server was created. */
struct http_server_counters {
    uint64_t connections, answered;
    uint64_t refused;  /* answered by the server itself, with 4xx or 503 */
    uint64_t too_big;  /* of those: head or body */
    uint64_t too_slow; /* of those: not whole in time */
    uint64_t cut_off;  /* the client went away before its request was whole */
    uint64_t gone;     /* before its answer */
    uint64_t full;     /* times that all connections were in use */
};
void http_server_counters_get(const struct http_server *server, struct http_server_counters *ret);

#endif
