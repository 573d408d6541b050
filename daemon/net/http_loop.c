/* The wiring of curl_multi_socket_action() to libevent.
 *
 * curl calls on_curl_socket and on_curl_timer to say what it waits for; they only record that in
 * events. The loop calls on_ready and on_timer; they let curl work and then wake the deferred event
 * `finished`. So no code of ours runs inside curl, where calling the multi handle is an error, and
 * no user callback runs below curl's stack.
 *
 * Each watched socket has one event, which curl keeps for us (curl_multi_assign) and which
 * CURL_POLL_REMOVE frees. Newer curls remove what they never announced, and announce the removal
 * after the socket is closed: a NULL event and a dead descriptor are both fine. */
#include "http_loop.h"

#include <errno.h>

static void on_ready(evutil_socket_t fd, short what, void *user)
{
    struct http_loop *loop = user;
    int running;
    int mask = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

    curl_multi_socket_action(loop->multi, fd, mask, &running);
    event_active(loop->finished, EV_TIMEOUT, 0);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    struct http_loop *loop = user;
    int running;

    (void)fd;
    (void)what;
    curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    event_active(loop->finished, EV_TIMEOUT, 0);
}

static void on_finished_wake(evutil_socket_t fd, short what, void *user)
{
    struct http_loop *loop = user;

    (void)fd;
    (void)what;
    loop->on_finished(loop->user);
}

static int watch_create(struct http_loop *loop, curl_socket_t fd, short kinds)
{
    struct event *watch = event_new(loop->base, fd, kinds, on_ready, loop);

    if (!watch)
        return -1; /* curl fails the transfers with it, and they are reported */
    if (curl_multi_assign(loop->multi, fd, watch) != CURLM_OK || event_add(watch, NULL) < 0) {
        curl_multi_assign(loop->multi, fd, NULL);
        event_free(watch);
        return -1;
    }
    return 0;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
    struct http_loop *loop = user;
    struct event *watch = socket_user;
    short kinds = EV_PERSIST;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            event_free(watch);
        return 0;
    }
    if (what & CURL_POLL_IN)
        kinds |= EV_READ;
    if (what & CURL_POLL_OUT)
        kinds |= EV_WRITE;
    if (!watch)
        return watch_create(loop, fd, kinds);
    event_del(watch); /* event_assign() is for events that are not pending */
    event_assign(watch, loop->base, fd, kinds, on_ready, loop);
    return event_add(watch, NULL);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct http_loop *loop = user;
    const struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000};

    (void)multi;
    return timeout_ms < 0 ? event_del(loop->timer) : event_add(loop->timer, &tv);
}

int http_loop_init(struct http_loop *loop, struct event_base *base, void (*on_finished)(void *user),
                   void *user, struct error *err)
{
    *loop = (struct http_loop){.base = base, .on_finished = on_finished, .user = user};
    loop->multi = curl_multi_init();
    loop->timer = evtimer_new(base, on_timer, loop);
    loop->finished = event_new(base, -1, 0, on_finished_wake, loop);
    if (!loop->multi || !loop->timer || !loop->finished) {
        http_loop_finish(loop);
        return error_oom(err);
    }
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    return 0;
}

void http_loop_finish(struct http_loop *loop)
{
    if (loop->multi)
        curl_multi_cleanup(loop->multi); /* ends idle connections: the events must still be there */
    if (loop->timer)
        event_free(loop->timer);
    if (loop->finished)
        event_free(loop->finished);
    *loop = (struct http_loop){0};
}

int http_loop_add(struct http_loop *loop, CURL *easy, struct error *err)
{
    CURLMcode code = curl_multi_add_handle(loop->multi, easy);

    if (code != CURLM_OK)
        return error_set(err, -ENOMEM, "%s", curl_multi_strerror(code));
    return 0;
}

void http_loop_remove(struct http_loop *loop, CURL *easy)
{
    curl_multi_remove_handle(loop->multi, easy);
}

bool http_loop_next(struct http_loop *loop, CURL **ret_easy, CURLcode *ret_code)
{
    int left;
    const CURLMsg *message;

    while ((message = curl_multi_info_read(loop->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        *ret_easy = message->easy_handle;
        *ret_code = message->data.result;
        curl_multi_remove_handle(loop->multi, *ret_easy); /* frees the message */
        return true;
    }
    return false;
}
