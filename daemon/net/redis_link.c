/* One connection to Redis: resolve, connect (each address in turn), TLS, greeting, then frames.
 *
 * Greeting: AUTH and SELECT if asked for, and always PING, sent together; the link is up when all
 * are answered. PING is there to learn that commands will be obeyed: a server that wants a
 * password, is still loading its data or has too many clients accepts connections all the same.
 *
 * The link owns its bufferevent and closes it in redis_link_close() only. Every event handler that
 * may lead to closing ends right after it, or watches `closed`. */
#include "redis_link.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/util.h>

#include "mentiond/clock.h"
#include "redis_reader.h"
#include "redis_tls.h"

#define READ_PIECE (64 * 1024)   /* bytes given to the parser at once */
#define BACKLOG_LOW (256 * 1024) /* on_drained below this */
#define SERVER_TEXT_MAX 200      /* bytes of a server's words in our error texts */
#define ADDRESSES_MAX 8          /* tried of one name */

enum greeting { GREET_AUTH, GREET_SELECT, GREET_PING, GREET_MAX };

struct redis_link {
    struct redis_link_options options;
    struct redis_link_events events;
    void *user;
    bool *closed; /* set by redis_link_close() when not NULL */

    struct event *start;               /* the first step, from the loop */
    struct event *deadline;            /* of everything before on_up */
    struct redis_lookup *lookup;       /* freed by its own callback */
    struct evutil_addrinfo *addresses; /* owned */
    struct evutil_addrinfo *next;      /* to try when this one fails */
    unsigned n_tried;
    const char *doing; /* for the error when the deadline comes */

    struct redis_tls *tls;   /* owned; NULL without TLS */
    struct bufferevent *bev; /* owned */
    bool is_connected, is_up;
    int64_t heard_ms;          /* monotonic */
    enum greeting greetings[GREET_MAX]; /* sent, in order */
    size_t n_greetings, n_greeted;
    struct redis_reader reader;
};

static void link_dial(struct redis_link *link);

/* The last thing its caller does. */
static void link_lost(struct redis_link *link, struct error *err)
{
    error_prefix(err, err->code, "%s", link->options.address->name);
    link->events.on_lost(link->user, err);
}

/* ---- greeting ------------------------------------------------------------------------------- */

/* Refusals of AUTH in our own words: a server's may repeat the password ("unknown command 'AUTH',
 * with args beginning with: 'hunter2'"). */
static const struct auth_refusal {
    struct str prefix;
    const char *text;
} auth_refusals[] = {
    {STR("WRONGPASS"), "user name or password is wrong, or the user is disabled"},
    {STR("ERR invalid password"), "the password is wrong"},
    {STR("ERR AUTH"), "a password is configured here, but the server has none"},
    {STR("ERR Client sent AUTH"), "a password is configured here, but the server has none"},
    {STR("ERR max number of clients"), "the server has its maximum of clients"},
    {STR("DENIED"), "the server is in protected mode"},
    {STR("LOADING"), "the server is loading its data"},
};

static int auth_refused(struct str words, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(auth_refusals); i++) {
        if (str_starts_with(words, auth_refusals[i].prefix))
            return error_set(err, -EACCES, "AUTH: %s", auth_refusals[i].text);
    }
    return error_set(err, -EACCES, "AUTH: refused");
}

static int greeting_check(enum greeting greeting, const struct redisReply *reply, struct error *err)
{
    struct str words = {reply->str, (size_t)reply->len};

    if (reply->type != REDIS_REPLY_ERROR)
        return 0;
    if (greeting == GREET_AUTH)
        return auth_refused(words, err);
    if (str_starts_with(words, STR("NOAUTH")))
        return error_set(err, -EACCES, "the server wants a password, and none is configured");
    if (str_starts_with(words, STR("LOADING")))
        return error_set(err, -EAGAIN, "the server is loading its data");
    if (greeting == GREET_PING && str_starts_with(words, STR("NOPERM")))
        return 0; /* a user without PING may still be one with FCALL */

    words = str_cut_utf8(words, SERVER_TEXT_MAX);
    return error_set(err, -EPROTO, "%s: %.*s", greeting == GREET_SELECT ? "SELECT" : "greeting",
                     STR_FMT(words));
}

static int greeting_send(struct redis_link *link, enum greeting greeting, int argc,
                         const char **argv, struct error *err)
{
    char *text = NULL;
    int len = redisFormatCommandArgv(&text, argc, argv, NULL);
    int r;

    if (len < 0)
        return error_oom(err);
    r = bufferevent_write(link->bev, text, (size_t)len);
    explicit_bzero(text, (size_t)len);
    redisFreeCommand(text);
    link->greetings[link->n_greetings++] = greeting;
    return r == 0 ? 0 : error_oom(err);
}

static int link_greet(struct redis_link *link, struct error *err)
{
    const struct redis_address *a = link->options.address;
    char db[16];
    int r = 0;

    link->doing = "greeting";
    if (a->username)
        r = greeting_send(link, GREET_AUTH, 3,
                          (const char *[]){"AUTH", a->username, a->password ? a->password : ""},
                          err);
    else if (a->password)
        r = greeting_send(link, GREET_AUTH, 2, (const char *[]){"AUTH", a->password}, err);
    if (r == 0 && a->db > 0) {
        snprintf(db, sizeof db, "%d", a->db);
        r = greeting_send(link, GREET_SELECT, 2, (const char *[]){"SELECT", db}, err);
    }
    if (r == 0)
        r = greeting_send(link, GREET_PING, 1, (const char *[]){"PING"}, err);
    return r;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int link_take_greeting(struct redis_link *link, struct redisReply *reply, struct error *err)
{
    int r = greeting_check(link->greetings[link->n_greeted], reply, err);

    freeReplyObject(reply);
    if (r < 0)
        return r;
    if (++link->n_greeted < link->n_greetings)
        return 0;

    link->is_up = true;
    event_del(link->deadline);
    link->events.on_up(link->user);
    return 0;
}

/* Takes all complete replies. False: an event handler closed the link. */
static bool link_take_replies(struct redis_link *link, int *ret_result, struct error *err)
{
    bool closed = false;
    struct redisReply *reply;

    link->closed = &closed; /* cppcheck-suppress autoVariables; taken back below, if link lives */
    while ((*ret_result = redis_reader_take(&link->reader, &reply, err)) == 0 && reply) {
        if (link->is_up)
            link->events.on_reply(link->user, reply);
        else
            *ret_result = link_take_greeting(link, reply, err);
        if (closed)
            return false;
        if (*ret_result < 0)
            break;
    }
    link->closed = NULL;
    return true;
}

static void on_bev_read(struct bufferevent *bev, void *user)
{
    struct redis_link *link = user;
    struct evbuffer *input = bufferevent_get_input(bev);
    struct error err = {0};
    int r = 0;

    link->heard_ms = clock_monotonic_ms();
    while (r == 0 && evbuffer_get_length(input) > 0) {
        size_t len = evbuffer_get_contiguous_space(input);

        len = len < READ_PIECE ? len : READ_PIECE;
        r = redis_reader_feed(&link->reader, (const char *)evbuffer_pullup(input, (ev_ssize_t)len),
                              len, &err);
        evbuffer_drain(input, len);
        if (r == 0 && !link_take_replies(link, &r, &err))
            return;
    }
    if (r < 0)
        link_lost(link, &err);
}

static void on_bev_write(struct bufferevent *bev, void *user)
{
    struct redis_link *link = user;

    (void)bev;
    if (link->is_up)
        link->events.on_drained(link->user);
}

/* ---- connecting ----------------------------------------------------------------------------- */

static void link_connected(struct redis_link *link)
{
    int fd = bufferevent_getfd(link->bev);
    int on = 1;
    struct error err = {0};

    link->is_connected = true;
    if (!link->options.address->is_unix) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    if (link_greet(link, &err) < 0)
        link_lost(link, &err);
}

static int bev_error(struct redis_link *link, short what, int socket_error, struct error *err)
{
    const char *doing = link->is_connected ? "connection lost" : "connect";

    if (link->tls && redis_tls_error(link->bev, err) < 0)
        return err->code;
    if (what & BEV_EVENT_EOF)
        return error_set(err, -ECONNRESET, "the server closed the connection");
    if (socket_error == 0)
        return error_set(err, -ECONNRESET, "%s", doing);
    return error_errno(err, socket_error, "%s", doing);
}

static void on_bev_event(struct bufferevent *bev, short what, void *user)
{
    int socket_error = EVUTIL_SOCKET_ERROR();
    struct redis_link *link = user;
    struct error err = {0};

    (void)bev;
    if (what & BEV_EVENT_CONNECTED) {
        link_connected(link);
        return;
    }
    bev_error(link, what, socket_error, &err);
    if (!link->is_connected && link->next && link->n_tried < ADDRESSES_MAX)
        link_dial(link);
    else
        link_lost(link, &err);
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    struct redis_link *link = user;
    struct error err = {0};

    (void)fd;
    (void)what;
    error_set(&err, -ETIMEDOUT, "%s: no answer within %lld ms", link->doing,
              (long long)link->options.connect_timeout_ms);
    link_lost(link, &err);
}

/* A socket address holds 107 bytes of path. A longer one is reached through its directory's
 * descriptor, which *ret_dir holds until connect() is done; else -1. */
static int unix_address_fill(const char *path, struct sockaddr_un *sun, int *ret_dir,
                             struct error *err)
{
    const char *name = strrchr(path, '/');
    CLEANUP(free_p) char *dir = NULL;
    int fd, n;

    *sun = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) < sizeof sun->sun_path) {
        memcpy(sun->sun_path, path, strlen(path) + 1);
        *ret_dir = -1;
        return 0;
    }
    dir = str_dup((struct str){path, (size_t)(name - path) + 1});
    if (!dir)
        return error_oom(err);
    fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "cannot open the socket's directory");
    n = snprintf(sun->sun_path, sizeof sun->sun_path, "/proc/self/fd/%d%s", fd, name);
    if (n < 0 || (size_t)n >= sizeof sun->sun_path) {
        close(fd);
        return error_set(err, -ENAMETOOLONG, "the socket's file name is too long");
    }
    *ret_dir = fd;
    return 0;
}

static int link_connect_unix(struct redis_link *link, struct error *err)
{
    struct sockaddr_un sun;
    int dir = -1;
    int r = unix_address_fill(link->options.address->path, &sun, &dir, err);

    if (r < 0)
        return r;
    r = bufferevent_socket_connect(link->bev, (struct sockaddr *)&sun, (int)sizeof sun);
    if (r < 0)
        error_errno(err, EVUTIL_SOCKET_ERROR() ? EVUTIL_SOCKET_ERROR() : ECONNREFUSED, "connect");
    if (dir >= 0)
        close(dir);
    return r < 0 ? err->code : 0;
}

static int link_connect_tcp(struct redis_link *link, struct error *err)
{
    const struct evutil_addrinfo *ai = link->next;

    link->next = ai->ai_next;
    link->n_tried++;
    if (bufferevent_socket_connect(link->bev, ai->ai_addr, (int)ai->ai_addrlen) < 0)
        return error_errno(err, EVUTIL_SOCKET_ERROR() ? EVUTIL_SOCKET_ERROR() : ECONNREFUSED,
                           "connect");
    return 0;
}

static int bev_create(struct redis_link *link, struct error *err)
{
    const int flags = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;

    if (link->bev)
        bufferevent_free(link->bev);
    link->bev = NULL;
    if (link->tls)
        link->bev = redis_tls_bufferevent(link->tls, link->options.base, flags);
    else
        link->bev = bufferevent_socket_new(link->options.base, -1, flags);
    if (!link->bev)
        return error_oom(err);
    bufferevent_setcb(link->bev, on_bev_read, on_bev_write, on_bev_event, link);
    bufferevent_setwatermark(link->bev, EV_WRITE, BACKLOG_LOW, 0);
    bufferevent_set_max_single_read(link->bev, READ_PIECE);
    bufferevent_enable(link->bev, EV_READ | EV_WRITE);
    return 0;
}

/* Connects to the unix socket or the next address. */
static void link_dial(struct redis_link *link)
{
    struct error err = {0};
    int r;

    link->doing = link->tls ? "connect with TLS" : "connect";
    do {
        r = bev_create(link, &err);
        if (r < 0)
            break;
        r = link->options.address->is_unix ? link_connect_unix(link, &err)
                                           : link_connect_tcp(link, &err);
        /* libevent's are not: programs that we run would get the connection, logged in */
        if (r == 0)
            evutil_make_socket_closeonexec(bufferevent_getfd(link->bev));
    } while (r < 0 && link->next && link->n_tried < ADDRESSES_MAX);
    if (r < 0)
        link_lost(link, &err);
}

/* ---- names ---------------------------------------------------------------------------------- */

static void on_resolved(void *user, int result, struct evutil_addrinfo *addresses)
{
    struct redis_link *link = user;
    struct error err = {0};

    link->lookup = NULL;
    link->addresses = link->next = addresses;
    if (result != 0 || !addresses) {
        error_set(&err, -EHOSTUNREACH, "cannot resolve the name: %s", evutil_gai_strerror(result));
        link_lost(link, &err);
        return;
    }
    link_dial(link);
}

static void on_start(evutil_socket_t fd, short what, void *user)
{
    struct redis_link *link = user;
    const struct redis_address *a = link->options.address;
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_protocol = IPPROTO_TCP,
                                    .ai_flags = EVUTIL_AI_NUMERICHOST};
    struct error err = {0};
    int r;

    (void)fd;
    (void)what;
    if (a->is_unix || evutil_getaddrinfo(a->host, a->port, &hints, &link->addresses) == 0) {
        link->next = link->addresses;
        link_dial(link);
        return;
    }
    link->doing = "resolving the name";
    r = redis_dns_lookup(link->options.dns, a->host, a->port, on_resolved, link, &link->lookup,
                         &err);
    if (r < 0)
        link_lost(link, &err);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int link_arm(struct redis_link *link, struct error *err)
{
    const int64_t timeout_ms = link->options.connect_timeout_ms;
    const struct timeval at_once = {0};
    const struct timeval deadline = {.tv_sec = timeout_ms / 1000,
                                     .tv_usec = (timeout_ms % 1000) * 1000};

    link->start = evtimer_new(link->options.base, on_start, link);
    link->deadline = evtimer_new(link->options.base, on_deadline, link);
    if (!link->start || !link->deadline || event_add(link->start, &at_once) < 0 ||
        event_add(link->deadline, &deadline) < 0)
        return error_oom(err);
    return 0;
}

int redis_link_open(const struct redis_link_options *options,
                    const struct redis_link_events *events, void *user,
                    struct redis_link **ret_link, struct error *err)
{
    struct redis_link *link = calloc(1, sizeof *link);
    int r;

    if (!link)
        return error_oom(err);
    link->options = *options;
    link->events = *events;
    link->user = user;
    r = redis_reader_init(&link->reader, REDIS_REPLY_MAX, err);
    if (r == 0 && options->address->is_tls)
        r = redis_tls_create(options->address->host, options->ca_file, &link->tls, err);
    if (r == 0)
        r = link_arm(link, err);
    if (r < 0) {
        redis_link_close(link);
        return error_prefix(err, r, "%s", options->address->name);
    }
    *ret_link = link;
    return 0;
}

void redis_link_close(struct redis_link *link)
{
    if (!link)
        return;
    if (link->closed)
        *link->closed = true;
    if (link->lookup)
        redis_lookup_cancel(link->lookup);
    if (link->addresses)
        evutil_freeaddrinfo(link->addresses);
    if (link->start)
        event_free(link->start);
    if (link->deadline)
        event_free(link->deadline);
    if (link->bev)
        bufferevent_free(link->bev);
    redis_tls_destroy(link->tls);
    redis_reader_finish(&link->reader);
    free(link);
}

int redis_link_send(struct redis_link *link, const char *data, size_t len, struct error *err)
{
    return bufferevent_write(link->bev, data, len) == 0 ? 0 : error_oom(err);
}

int64_t redis_link_heard_ms(const struct redis_link *link)
{
    return link->heard_ms;
}

size_t redis_link_backlog(const struct redis_link *link)
{
    return evbuffer_get_length(bufferevent_get_output(link->bev));
}
