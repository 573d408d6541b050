/* curl's multi interface on a libevent loop: sockets and time out of curl, finished transfers out
 * of the loop. */
#ifndef NET_HTTP_LOOP_H
#define NET_HTTP_LOOP_H

#include <stdbool.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "mentiond/error.h"

struct http_loop {
    struct event_base *base; /* borrowed */
    CURLM *multi;            /* owned */
    struct event *timer;     /* curl's one timer */
    struct event *finished;  /* deferred: there may be finished transfers */
    void (*on_finished)(void *user);
    void *user;
};

/* on_finished is called from the loop, outside curl: it takes with http_loop_next() until that says
 * false, and may do anything then. The struct must not move between init and finish. */
int http_loop_init(struct http_loop *loop, struct event_base *base, void (*on_finished)(void *user),
                   void *user, struct error *err);
/* After all handles are removed. Accepts a half-made loop. */
void http_loop_finish(struct http_loop *loop);

int http_loop_add(struct http_loop *loop, CURL *easy, struct error *err);
void http_loop_remove(struct http_loop *loop, CURL *easy);

/* The next finished handle, already removed. */
bool http_loop_next(struct http_loop *loop, CURL **ret_easy, CURLcode *ret_code);

#endif
