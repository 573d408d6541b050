/* The HTTP client: libcurl's multi interface on the libevent loop, one thread.
 *
 * Every transfer has limits: time, connect time, speed, redirects, headers, body after
 * decompression. TLS is always verified. Redirects are followed by us, GET and HEAD only (other
 * methods get the 3xx as their response), never from https to http; headers marked secret and the
 * URL's user are not sent to another origin. Connections are reused, HTTP/2 and compression are
 * offered. The proxy variables of curl's environment are honoured: http_proxy, HTTPS_PROXY,
 * ALL_PROXY, NO_PROXY. Callbacks run from the loop, never inside http_start(). */
#ifndef MENTIOND_HTTP_H
#define MENTIOND_HTTP_H

#include <event2/event.h>

#include "mentiond/error.h"
#include "mentiond/str.h"

#define HTTP_REDIRECTS_MAX 3
#define HTTP_HEADERS_MAX 64               /* of a request; kept of a reply, the rest is dropped */
#define HTTP_HEADER_BYTES_MAX (32 * 1024) /* of a reply; more is -EFBIG */
#define HTTP_TRANSFERS_MAX 256            /* at a time */
#define HTTP_HOST_CONNECTIONS_MAX 8       /* more transfers wait, in their own time */
#define HTTP_SPEED_MIN 16                 /* bytes/s, over ... */
#define HTTP_SPEED_SECONDS 30             /* ... this long: slower is -ETIMEDOUT */

struct http_client;
struct http_transfer;

struct http_options {
    int64_t timeout_ms; /* of the whole transfer with redirects */
    int64_t connect_timeout_ms;
    int64_t max_body; /* bytes after decompression */
    const char *user_agent;
    const char *ca_file; /* NULL: the system's */
    bool allow_private;  /* of every request: see struct http_request */
};

struct http_header {
    struct str name, value;
    bool secret; /* never logged, never sent to another origin */
};

struct http_request {
    const char *method; /* "GET", "POST" */
    struct str url;     /* http or https */
    const struct http_header *headers;
    size_t n_headers;
    struct str body; /* sent when has_body, also if empty */
    bool has_body;
    int64_t timeout_ms;  /* 0: the client's */
    bool allow_private;  /* may lead to addresses that are not public; else that is -EPERM */
    bool is_body_cut;    /* what is over max_body is dropped instead of failing: the status is what counts */
    bool is_path_secret; /* as of webhooks, with their token in it: error texts show the host only */
};

struct http_response {
    int status; /* 100..599 */
    struct str body;
    struct http_header headers[HTTP_HEADERS_MAX]; /* of the last answer */
    size_t n_headers;
    int64_t elapsed_ms;
};

/* Called once for each started transfer that was not cancelled: with a response (borrowed for the call), or
 * NULL and an error: -ETIMEDOUT, -EFBIG (over max_body or header bytes), -ECONNREFUSED, -EPERM (the address
 * is not public), -ELOOP (redirects), -EPROTO (TLS, cut off, not HTTP, a redirect to nowhere), -EHOSTUNREACH
 * (name or route), -ENOMEM. The text has method, host and path, never query or credentials. It may start and
 * cancel transfers and destroy the client. */
typedef void http_done_fn(void *user, const struct http_response *response,
                          const struct error *err);

int http_client_create(struct event_base *base, const struct http_options *options,
                       struct http_client **ret_client, struct error *err);
/* Cancels what is running, without callbacks. */
void http_client_destroy(struct http_client *client);

/* Copies what it needs of the request. -EINVAL: a URL, method or header that cannot be sent;
 * -EBUSY: HTTP_TRANSFERS_MAX are running. *ret_transfer (ret_transfer may be NULL) is valid until
 * the callback. */
int http_start(struct http_client *client, const struct http_request *request, http_done_fn *done,
               void *user, struct http_transfer **ret_transfer, struct error *err);
/* No callback will come. NULL is accepted. */
void http_cancel(struct http_transfer *transfer);

/* Since the client was created. */
struct http_counters {
    uint64_t started, answered, failed; /* answered: with any status */
    uint64_t redirects;                 /* followed */
    uint64_t too_big;                   /* over max_body or header bytes */
    uint64_t bodies_bytes;              /* delivered, after decompression */
};
void http_counters_get(const struct http_client *client, struct http_counters *ret);

/* Case-insensitive; {NULL, 0} if absent. The last one wins where a name is repeated. */
struct str http_response_header(const struct http_response *response, const char *name);

/* A server's waiting time in ms from any header dialect: Retry-After (seconds or HTTP date),
 * X-RateLimit-Reset / RateLimit-Reset (seconds left, epoch seconds, ISO 8601). -1: not said. Capped
 * at 24 h. */
int64_t http_retry_after_ms(const struct http_response *response, int64_t now_ms);
/* The same of one value: seconds left (also with a fraction), epoch seconds or ms, ISO 8601, an HTTP date. */
int64_t http_wait_parse(struct str value, int64_t now_ms);

/* For logs: "https://host/path", without user, query and fragment; cut to storage_size. Lives in
 * storage. */
struct str http_url_for_log(struct str url, char *storage, size_t storage_size);

#endif
