/* The HTTP client: libcurl's multi interface on the libevent loop, one thread.
 *
 * Every transfer has limits: time, connect time, speed, redirects, body after decompression. TLS is always
 * verified. Redirects are followed by us, GET only; headers marked secret are not sent to another origin.
 * Callbacks run from the loop, never inside http_start(). */
#ifndef MENTIOND_HTTP_H
#define MENTIOND_HTTP_H

#include <event2/event.h>

#include "mentiond/error.h"
#include "mentiond/str.h"

#define HTTP_REDIRECTS_MAX 3
#define HTTP_HEADERS_MAX 64            /* kept of a reply */
#define HTTP_HEADER_BYTES_MAX (32 * 1024)

struct http_client;
struct http_transfer;

struct http_options {
    int64_t timeout_ms;         /* of the whole transfer with redirects */
    int64_t connect_timeout_ms;
    int64_t max_body;           /* bytes after decompression */
    const char *user_agent;
    const char *ca_file;        /* NULL: the system's */
};

struct http_header {
    struct str name, value;
    bool secret; /* never logged, never sent to another origin */
};

struct http_request {
    const char *method;   /* "GET", "POST" */
    struct str url;       /* http or https */
    const struct http_header *headers;
    size_t n_headers;
    struct str body;      /* sent when has_body, also if empty */
    bool has_body;
    int64_t timeout_ms;   /* 0: the client's */
};

struct http_response {
    int status; /* 100..599 */
    struct str body;
    struct http_header headers[HTTP_HEADERS_MAX]; /* of the last answer */
    size_t n_headers;
    int64_t elapsed_ms;
};

/* Called once for each started transfer that was not cancelled: with a response (borrowed for the call), or
 * NULL and an error: -ETIMEDOUT, -EFBIG (over max_body), -ECONNREFUSED, -ELOOP (redirects),
 * -EPROTO (TLS, cut off, not HTTP), -EHOSTUNREACH (name or route). The text has method, host and path, never
 * query or credentials. */
typedef void http_done_fn(void *user, const struct http_response *response,
                          const struct error *err);

int http_client_create(struct event_base *base, const struct http_options *options,
                       struct http_client **ret_client, struct error *err);
/* Cancels what is running, without callbacks. */
void http_client_destroy(struct http_client *client);

/* Copies what it needs of the request. */
int http_start(struct http_client *client, const struct http_request *request, http_done_fn *done,
               void *user, struct http_transfer **ret_transfer, struct error *err);
/* No callback will come. NULL is accepted. */
void http_cancel(struct http_transfer *transfer);

/* Case-insensitive; {NULL, 0} if absent. The last one wins where a name is repeated. */
struct str http_response_header(const struct http_response *response, const char *name);

/* For logs: "https://host/path", without user, query and fragment. */
struct str http_url_for_log(struct str url, char *storage, size_t storage_size);

#endif
