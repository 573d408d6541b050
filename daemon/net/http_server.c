/* The HTTP server: connections, their limits, routes and answers. What a head means is http_head.c's,
 * where to listen http_listen.c's.
 *
 * On libevent's bufferevents and not on its evhttp: that bounds neither how many connections there
 * are, nor how long a request may take as long as another byte of it comes now and then, nor what all
 * bodies together hold, and tells nobody of a connection before its first request. With one request a
 * connection, what is left to write is small.
 *
 * A call is a connection. It goes HEAD -> BODY -> HANDLING -> SENDING -> LINGERING, each with a
 * deadline on the one timer, and is freed from its own event callbacks only, never inside a function
 * that others call. LINGERING reads what the client still sends: closing at once would reset the
 * connection, and the answer would be lost with it. */
#include "mentiond/http_server.h"

#include <errno.h>
#include <stdio.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "http_head.h"
#include "http_listen.h"
#include "mentiond/buf.h"
#include "mentiond/log.h"

static const char log_module[] = "net";

#define HEAD_END "\r\n\r\n"
#define READ_AT_ONCE_MAX (64 * 1024) /* bytes kept by libevent; more waits in the socket */
#define BACKLOG 128
#define ACCEPT_PAUSE_MS 500 /* after an error, as when all descriptors are in use */
#define SOCKET_MODE 0660

enum call_state { CALL_HEAD, CALL_BODY, CALL_HANDLING, CALL_SENDING, CALL_LINGERING };

struct http_call {
    TAILQ_ENTRY(http_call) entry;
    struct http_server *server;
    struct bufferevent *bev; /* owned, with its socket */
    struct event *timer;     /* owned: the deadline of the state */
    enum call_state state;
    bool input_ended;
    struct buf head_text, body;
    struct http_head head; /* points into head_text */
    size_t body_len;       /* as announced */
    bool is_head;          /* HEAD: the answer without its body */
    http_call_fn *handle;
    void *user;
    http_gone_fn *gone; /* may be NULL */
    void *gone_user;
};

TAILQ_HEAD(call_list, http_call);

struct route {
    char *path;           /* owned */
    struct http_route is; /* its path is the owned one */
};

struct http_server {
    struct event_base *base;
    struct evconnlistener *listener; /* owned; NULL once stopped */
    struct event *accept_timer;      /* owned */
    struct http_listen where;
    char address[HTTP_LISTEN_TEXT_MAX];
    struct route *routes; /* owned */
    size_t n_routes;
    struct call_list calls;
    size_t n_calls, body_bytes; /* body_bytes: of all calls */
    struct http_server_counters counters;
};

/* ---- a call's life -------------------------------------------------------------------------- */

static void free_body(struct http_call *call)
{
    call->server->body_bytes -= call->body.len;
    buf_finish(&call->body);
}

static void call_free(struct http_call *call)
{
    struct http_server *server = call->server;

    TAILQ_REMOVE(&server->calls, call, entry);
    server->n_calls--;
    free_body(call);
    bufferevent_free(call->bev);
    event_free(call->timer);
    buf_finish(&call->head_text);
    free(call);
    if (server->listener && server->n_calls == HTTP_SERVER_CONNECTIONS_MAX - 1)
        evconnlistener_enable(server->listener);
}

static void call_set_state(struct http_call *call, enum call_state state, int64_t deadline_ms)
{
    struct timeval wait = {deadline_ms / 1000, deadline_ms % 1000 * 1000};

    call->state = state;
    evtimer_add(call->timer, &wait);
}

/* Whoever handles it is told, once. */
static void call_tell_gone(struct http_call *call)
{
    http_gone_fn *gone = TAKE(call->gone);

    call->server->counters.gone++;
    if (gone)
        gone(call->gone_user, call);
}

static void call_linger(struct http_call *call)
{
    if (call->input_ended) {
        call_free(call);
        return;
    }
    shutdown(bufferevent_getfd(call->bev), SHUT_WR);
    call_set_state(call, CALL_LINGERING, HTTP_SERVER_LINGER_MS);
}

/* ---- answers -------------------------------------------------------------------------------- */

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {{200, "OK"},
                 {202, "Accepted"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {408, "Request Timeout"},
                 {409, "Conflict"},
                 {411, "Length Required"},
                 {413, "Content Too Large"},
                 {414, "URI Too Long"},
                 {415, "Unsupported Media Type"},
                 {429, "Too Many Requests"},
                 {431, "Request Header Fields Too Large"},
                 {503, "Service Unavailable"},
                 {505, "HTTP Version Not Supported"}};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i].status == status)
            return texts[i].text;
    }
    return "Other";
}

static void write_answer(struct http_call *call, const struct http_answer *answer, const char *extra)
{
    struct evbuffer *out = bufferevent_get_output(call->bev);

    evbuffer_add_printf(out,
                        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n"
                        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s",
                        answer->status, status_text(answer->status),
                        answer->content_type ? answer->content_type : "application/json", answer->body.len,
                        extra);
    if (answer->retry_after_s > 0)
        evbuffer_add_printf(out, "Retry-After: %d\r\n", answer->retry_after_s);
    evbuffer_add(out, "\r\n", 2);
    if (!call->is_head)
        evbuffer_add(out, answer->body.s, answer->body.len);
    log_debug("request answered", field_str("method", call->head.method),
              field_str("path", http_head_path(&call->head)), field_int("status", answer->status));
}

static void send_answer(struct http_call *call, const struct http_answer *answer, const char *extra)
{
    call->gone = NULL;
    write_answer(call, answer, extra);
    free_body(call);
    call_set_state(call, CALL_SENDING, HTTP_SERVER_SEND_MS);
}

static void send_error(struct http_call *call, int status, int retry_after_s, const char *error,
                       const char *extra)
{
    struct buf body = BUF_INIT(4096);

    buf_append_str(&body, STR("{\"error\":"));
    buf_append_json(&body, str_from(error));
    buf_append_str(&body, STR("}\n"));
    send_answer(
        call, &(struct http_answer){.status = status, .body = buf_str(&body), .retry_after_s = retry_after_s},
        extra);
    buf_finish(&body);
}

void http_call_answer(struct http_call *call, const struct http_answer *answer)
{
    call->server->counters.answered++;
    send_answer(call, answer, "");
}

void http_call_refuse(struct http_call *call, int status, int retry_after_s, const char *error)
{
    call->server->counters.answered++;
    send_error(call, status, retry_after_s, error, "");
}

/* By the server itself, for what is no request of anybody's. */
static void refuse(struct http_call *call, int status, const char *error)
{
    call->server->counters.refused++;
    call->server->counters.too_big += status == 413 || status == 431;
    call->server->counters.too_slow += status == 408;
    send_error(call, status, status == 503 ? 1 : 0, error, "");
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool takes_method(const struct http_route *route, struct str method)
{
    return str_eq(method, str_from(route->method)) ||
           (strcmp(route->method, "GET") == 0 && str_eq(method, STR("HEAD")));
}

/* NULL when the call is refused. */
static const struct http_route *find_route(struct http_call *call)
{
    const struct http_server *server = call->server;
    const struct http_route *other = NULL;
    char allow[64];

    for (size_t i = 0; i < server->n_routes; i++) {
        const struct http_route *route = &server->routes[i].is;

        if (!str_eq(route->path, http_head_path(&call->head)))
            continue;
        if (takes_method(route, call->head.method))
            return route;
        other = route;
    }
    call->server->counters.refused++;
    if (other) {
        snprintf(allow, sizeof(allow), "Allow: %s\r\n", other->method);
        send_error(call, 405, 0, "this path takes another method", allow);
    } else {
        send_error(call, 404, 0, "there is nothing here", "");
    }
    return NULL;
}

static void handle(struct http_call *call)
{
    call_set_state(call, CALL_HANDLING, HTTP_SERVER_ANSWER_MS);
    call->handle(call->user, call);
}

static void begin_body(struct http_call *call, const struct http_route *route)
{
    const struct http_head *head = &call->head;
    struct str coding = http_head_field(head, STR("Content-Encoding"));

    call->is_head = str_eq(head->method, STR("HEAD"));
    call->handle = route->handle;
    call->user = route->user;
    call->body_len = head->content_length > 0 ? (size_t)head->content_length : 0;
    if (route->body_max > 0 && head->content_length < 0)
        refuse(call, 411, "a body needs a Content-Length");
    else if (call->body_len > route->body_max)
        refuse(call, 413, "the body is too large");
    else if (coding.len > 0 && !str_eq_nocase(coding, STR("identity")))
        refuse(call, 415, "compressed bodies are not taken");
    else {
        call->state = CALL_BODY; /* in what is left of the same time */
        buf_init(&call->body, call->body_len);
        if (head->expects_continue && call->body_len > 0)
            evbuffer_add_printf(bufferevent_get_output(call->bev), "HTTP/1.1 100 Continue" HEAD_END);
    }
}

static void read_head(struct http_call *call, struct evbuffer *input)
{
    struct evbuffer_ptr end = evbuffer_search(input, HEAD_END, strlen(HEAD_END), NULL);
    size_t len = end.pos < 0 ? 0 : (size_t)end.pos + strlen(HEAD_END);
    const struct http_route *route;
    const char *why = NULL;
    int status;

    if (len > HTTP_SERVER_HEAD_MAX || (!len && evbuffer_get_length(input) >= HTTP_SERVER_HEAD_MAX)) {
        refuse(call, 431, "the headers are too large");
        return;
    }
    if (!len)
        return;
    if (!buf_append(&call->head_text, evbuffer_pullup(input, (ev_ssize_t)len), len)) {
        refuse(call, 503, "out of memory");
        return;
    }
    evbuffer_drain(input, len);
    status = http_head_parse(buf_str(&call->head_text), &call->head, &why);
    if (status != 0) {
        refuse(call, status, why);
        return;
    }
    route = find_route(call);
    if (route)
        begin_body(call, route);
}

static void read_body(struct http_call *call, struct evbuffer *input)
{
    struct http_server *server = call->server;
    struct evbuffer_iovec piece;
    size_t n, len;

    while ((len = call->body.len) < call->body_len && evbuffer_peek(input, -1, NULL, &piece, 1) > 0) {
        n = call->body_len - len;
        n = piece.iov_len < n ? piece.iov_len : n;
        if (server->body_bytes + n > HTTP_SERVER_BODIES_MAX) {
            refuse(call, 503, "too many requests at a time");
            return;
        }
        server->body_bytes += n;
        if (!buf_append(&call->body, piece.iov_base, n)) {
            server->body_bytes -= len + n;
            refuse(call, 503, "out of memory");
            return;
        }
        evbuffer_drain(input, n);
    }
    if (call->body.len == call->body_len)
        handle(call);
}

/* ---- what libevent calls -------------------------------------------------------------------- */

static void on_read(struct bufferevent *bev, void *user)
{
    struct evbuffer *input = bufferevent_get_input(bev);
    struct http_call *call = user;

    if (call->state == CALL_HEAD)
        read_head(call, input);
    if (call->state == CALL_BODY)
        read_body(call, input);
    if (call->state > CALL_BODY)
        evbuffer_drain(input, evbuffer_get_length(input));
}

static void on_written(struct bufferevent *bev, void *user)
{
    struct http_call *call = user;

    if (call->state == CALL_SENDING && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
        call_linger(call);
}

static void on_event(struct bufferevent *bev, short what, void *user)
{
    struct http_call *call = user;
    bool has_begun = call->state == CALL_BODY || evbuffer_get_length(bufferevent_get_input(bev)) > 0;

    call->input_ended = true;
    if (call->state <= CALL_BODY && (what & BEV_EVENT_EOF) && has_begun) {
        call->server->counters.cut_off++;
        refuse(call, 400, "the request is cut off"); /* perhaps only the sender's half is closed */
    } else if (call->state == CALL_SENDING && (what & BEV_EVENT_EOF)) {
        return;
    } else {
        if (call->state == CALL_HANDLING)
            call_tell_gone(call);
        call_free(call);
    }
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    struct http_call *call = user;

    (void)fd;
    (void)what;
    if (call->state <= CALL_BODY &&
        call->head_text.len + evbuffer_get_length(bufferevent_get_input(call->bev)) > 0) {
        refuse(call, 408, "the request did not arrive in time");
    } else if (call->state == CALL_HANDLING) {
        call_tell_gone(call);
        call->server->counters.answered++;
        send_error(call, 503, 1, "no answer in time", "");
    } else {
        call_free(call);
    }
}

/* False: no memory, and the caller still has the socket. */
static bool call_create(struct http_server *server, evutil_socket_t fd)
{
    struct http_call *call = calloc(1, sizeof(*call));

    if (!call)
        return false;
    call->server = server;
    call->timer = evtimer_new(server->base, on_deadline, call);
    call->bev = call->timer ? bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
    if (!call->bev) {
        if (call->timer)
            event_free(call->timer);
        free(call);
        return false;
    }
    buf_init(&call->head_text, HTTP_SERVER_HEAD_MAX);
    TAILQ_INSERT_TAIL(&server->calls, call, entry);
    server->n_calls++;
    server->counters.connections++;
    bufferevent_setcb(call->bev, on_read, on_written, on_event, call);
    bufferevent_setwatermark(call->bev, EV_READ, 0, READ_AT_ONCE_MAX);
    bufferevent_enable(call->bev, EV_READ | EV_WRITE);
    call_set_state(call, CALL_HEAD, HTTP_SERVER_REQUEST_MS);
    return true;
}

static void on_accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                        int len, void *user)
{
    struct http_server *server = user;

    (void)address;
    (void)len;
    if (!call_create(server, fd))
        evutil_closesocket(fd);
    if (server->n_calls >= HTTP_SERVER_CONNECTIONS_MAX) {
        server->counters.full++;
        evconnlistener_disable(listener);
    }
}

static void on_accept_pause_over(evutil_socket_t fd, short what, void *user)
{
    struct http_server *server = user;

    (void)fd;
    (void)what;
    if (server->listener && server->n_calls < HTTP_SERVER_CONNECTIONS_MAX)
        evconnlistener_enable(server->listener);
}

static void on_accept_error(struct evconnlistener *listener, void *user)
{
    const struct timeval pause = {0, ACCEPT_PAUSE_MS * 1000};
    struct http_server *server = user;

    log_warn("no connection can be accepted, trying again", field_text("error", strerror(errno)));
    evconnlistener_disable(listener);
    evtimer_add(server->accept_timer, &pause);
}

/* ---- routes --------------------------------------------------------------------------------- */

int http_server_add_route(struct http_server *server, const struct http_route *route, struct error *err)
{
    struct route *to = &server->routes[server->n_routes];

    for (size_t i = 0; i < server->n_routes; i++) {
        if (str_eq(server->routes[i].is.path, route->path) &&
            strcmp(server->routes[i].is.method, route->method) == 0)
            return error_set(err, -EEXIST, "the path '%.*s' is taken", STR_FMT(route->path));
    }
    if (server->n_routes == HTTP_SERVER_ROUTES_MAX)
        return error_set(err, -ENOSPC, "more than %d paths", HTTP_SERVER_ROUTES_MAX);
    to->path = str_dup(route->path);
    if (!to->path)
        return error_oom(err);
    to->is = *route;
    to->is.path = str_from(to->path);
    if (to->is.body_max > HTTP_SERVER_BODY_MAX)
        to->is.body_max = HTTP_SERVER_BODY_MAX;
    server->n_routes++;
    return 0;
}

void http_server_remove_routes(struct http_server *server, const void *user)
{
    struct http_call *call, *next;
    size_t n = 0;

    for (size_t i = 0; i < server->n_routes; i++) {
        if (server->routes[i].is.user == user)
            free(server->routes[i].path);
        else
            server->routes[n++] = server->routes[i];
    }
    server->n_routes = n;
    for (call = TAILQ_FIRST(&server->calls); call; call = next) {
        next = TAILQ_NEXT(call, entry);
        if (call->state == CALL_BODY && call->user == user)
            refuse(call, 503, "not served any more");
    }
}

/* ---- calls, as their handlers see them ------------------------------------------------------- */

struct str http_call_body(const struct http_call *call)
{
    return buf_str(&call->body);
}

struct str http_call_query(const struct http_call *call)
{
    return call->head.query;
}

struct str http_call_header(const struct http_call *call, struct str name)
{
    return http_head_field(&call->head, name);
}

void http_call_on_gone(struct http_call *call, http_gone_fn *gone, void *user)
{
    call->gone = gone;
    call->gone_user = user;
}

/* ---- the server ------------------------------------------------------------------------------ */

bool http_server_can_listen(struct str listen)
{
    struct http_listen where;

    return http_listen_parse(listen, &where, NULL) == 0;
}

static int start_listening(struct http_server *server, struct error *err)
{
    const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
    const char *path = server->where.address.un.sun_path;
    socklen_t len = sizeof(server->where.address);

    server->listener = evconnlistener_new_bind(server->base, on_accepted, server, flags, BACKLOG,
                                               &server->where.address.any, (int)server->where.len);
    if (!server->listener)
        return error_errno(err, errno, "listen on '%s'", server->address);
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    if (server->where.address.any.sa_family == AF_UNIX)
        return chmod(path, SOCKET_MODE) < 0 ? error_errno(err, errno, "chmod '%s'", path) : 0;
    getsockname(evconnlistener_get_fd(server->listener), &server->where.address.any, &len);
    http_listen_format(&server->where, server->address);
    return 0;
}

int http_server_create(struct event_base *base, struct str listen, struct http_server **ret,
                       struct error *err)
{
    struct http_server *server = calloc(1, sizeof(*server));
    int r;

    if (!server)
        return error_oom(err);
    server->base = base;
    TAILQ_INIT(&server->calls);
    server->routes = calloc(HTTP_SERVER_ROUTES_MAX, sizeof(*server->routes));
    server->accept_timer = evtimer_new(base, on_accept_pause_over, server);
    if (!server->routes || !server->accept_timer)
        r = error_oom(err);
    else
        r = http_listen_parse(listen, &server->where, err);
    if (r == 0) {
        http_listen_format(&server->where, server->address);
        r = http_listen_clear(&server->where, err);
    }
    if (r == 0)
        r = start_listening(server, err);
    if (r < 0) {
        http_server_destroy(server);
        return r;
    }
    *ret = server;
    return 0;
}

void http_server_stop(struct http_server *server)
{
    struct http_call *call, *next;

    if (!server->listener)
        return;
    evconnlistener_free(TAKE(server->listener));
    if (server->where.address.any.sa_family == AF_UNIX)
        unlink(server->where.address.un.sun_path);
    for (call = TAILQ_FIRST(&server->calls); call; call = next) {
        next = TAILQ_NEXT(call, entry);
        if (call->state <= CALL_BODY)
            call_free(call);
    }
}

bool http_server_is_busy(const struct http_server *server)
{
    for (const struct http_call *call = TAILQ_FIRST(&server->calls); call; call = TAILQ_NEXT(call, entry)) {
        if (call->state == CALL_HANDLING || call->state == CALL_SENDING)
            return true;
    }
    return false;
}

void http_server_destroy(struct http_server *server)
{
    struct http_call *call, *next;

    if (!server)
        return;
    http_server_stop(server);
    for (call = TAILQ_FIRST(&server->calls); call; call = next) {
        next = TAILQ_NEXT(call, entry);
        call_free(call);
    }
    for (size_t i = 0; i < server->n_routes; i++)
        free(server->routes[i].path);
    if (server->accept_timer)
        event_free(server->accept_timer);
    free(server->routes);
    free(server);
}

const char *http_server_address(const struct http_server *server)
{
    return server->address;
}

void http_server_counters_get(const struct http_server *server, struct http_server_counters *ret)
{
    *ret = server->counters;
}
