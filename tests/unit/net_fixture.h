/* For the net tests: a loop that runs until a condition, real redis-servers, scripted peers on
 * loopback. */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>

#include <openssl/ssl.h>

#include "mentiond/clock.h"
#include "mentiond/error.h"
#include "mentiond/str.h"

#define PATIENCE_MS 20000 /* a condition that takes longer has failed */

typedef bool condition_fn(void *user);

static void on_tick(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    (void)user;
}

/* Runs the loop until the condition holds; false when it does not in time. */
static inline bool run_until(struct event_base *base, condition_fn *condition, void *user)
{
    const struct timeval tick = {.tv_usec = 20000};
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct event *timer = event_new(base, -1, EV_PERSIST, on_tick, NULL);

    event_add(timer, &tick);
    while (!condition(user) && clock_monotonic_ms() < end_ms)
        event_base_loop(base, EVLOOP_ONCE);
    event_free(timer);
    return condition(user);
}

/* Ends what deferred events are left, so that leak checkers see only leaks. */
static inline void run_rest(struct event_base *base)
{
    for (int i = 0; i < 10; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

/* How many sockets a program that we run would inherit. */
static inline int sockets_inherited(void)
{
    struct stat st;
    int n = 0;

    for (int fd = 3; fd < 256; fd++)
        n += fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && !(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    return n;
}

static inline void dir_make(char *ret_dir, size_t size)
{
    snprintf(ret_dir, size, "/tmp/mentiond-net-XXXXXX");
    assert_non_null(mkdtemp(ret_dir));
}

static inline void dir_remove(const char *dir)
{
    char command[4200];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

/* Starts a program that dies with the test; output to /dev/null. */
static inline pid_t program_start(const char *const *argv)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid;
}

static inline void program_kill(pid_t pid, int signal_number)
{
    kill(pid, signal_number);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static inline bool unix_accepts(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok;

    snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
    ok = connect(fd, (struct sockaddr *)&sun, sizeof sun) == 0;
    close(fd);
    return ok;
}

/* A redis-server in `dir` with AOF on the socket dir/s and the extra arguments; waits until it
 * accepts. */
static inline pid_t redis_start(const char *dir, const char *const *extra)
{
    const char *argv[40] = {
        "redis-server", "--port", "0", "--save",       "",  "--appendonly", "yes", "--appendfsync",
        "always",       "--dir",  dir, "--unixsocket", "s", "--logfile",    "log"};
    char path[108];
    size_t n = 15;
    pid_t pid;

    for (size_t i = 0; extra && extra[i]; i++)
        argv[n++] = extra[i];
    snprintf(path, sizeof path, "%s/s", dir);
    unlink(path);
    pid = program_start(argv);
    for (int i = 0; i < 2000 && !unix_accepts(path); i++)
        usleep(10000);
    assert_true(unix_accepts(path));
    return pid;
}

/* dir/ca.pem, dir/key.pem, dir/cert.pem: a certificate for 127.0.0.1 and localhost, signed by an
 * authority of ours. */
static inline void certificate_make(const char *dir)
{
    char command[2048];

    snprintf(
        command, sizeof command,
        "cd '%s' && exec >/dev/null 2>&1 && "
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-authority "
        "-keyout ca-key.pem -out ca.pem && "
        "openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out req.pem && "
        "echo 'subjectAltName=IP:127.0.0.1,DNS:localhost' >ext && "
        "openssl x509 -req -in req.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 "
        "-extfile ext -out cert.pem",
        dir);
    assert_int_equal(system(command), 0);
}

/* ---- scripted peers ------------------------------------------------------------------------- */

/* A TCP listener on 127.0.0.1 whose connections call on_data with all that came so far. */
struct peer {
    struct event_base *base;
    struct evconnlistener *listener;
    unsigned short port;
    unsigned n_connections;
    void (*on_open)(struct peer *peer, struct bufferevent *bev);
    void (*on_data)(struct peer *peer, struct bufferevent *bev);
    void *user;
    SSL_CTX *tls; /* owned; NULL: plain */
    struct bufferevent *open[64];
};

static inline void peer_forget(struct peer *peer, struct bufferevent *bev)
{
    for (size_t i = 0; i < 64; i++) {
        if (peer->open[i] == bev)
            peer->open[i] = NULL;
    }
    bufferevent_free(bev);
}

static void peer_on_read(struct bufferevent *bev, void *user)
{
    struct peer *peer = user;

    if (peer->on_data)
        peer->on_data(peer, bev);
}

static void peer_on_event(struct bufferevent *bev, short what, void *user)
{
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        peer_forget(user, bev);
}

static void peer_on_sent(struct bufferevent *bev, void *user)
{
    peer_forget(user, bev);
}

/* Closes when what was written is out. */
static inline void peer_close(struct peer *peer, struct bufferevent *bev)
{
    if (evbuffer_get_length(bufferevent_get_output(bev)) == 0)
        peer_forget(peer, bev);
    else
        bufferevent_setcb(bev, NULL, peer_on_sent, peer_on_event, peer);
}

static void peer_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                           struct sockaddr *address, int len, void *user)
{
    struct peer *peer = user;
    const int flags = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
    struct bufferevent *bev;

    (void)listener;
    (void)address;
    (void)len;
    if (peer->tls)
        bev = bufferevent_openssl_socket_new(peer->base, fd, SSL_new(peer->tls),
                                             BUFFEREVENT_SSL_ACCEPTING, flags);
    else
        bev = bufferevent_socket_new(peer->base, fd, flags);
    peer->open[peer->n_connections++ % 64] = bev;
    bufferevent_setcb(bev, peer_on_read, NULL, peer_on_event, peer);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
    if (peer->on_open)
        peer->on_open(peer, bev);
}

static inline void peer_start(struct peer *peer, struct event_base *base)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof sin;

    peer->base = base;
    peer->listener = evconnlistener_new_bind(base, peer_on_accept, peer,
                                             LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 16,
                                             (struct sockaddr *)&sin, sizeof sin);
    assert_non_null(peer->listener);
    getsockname(evconnlistener_get_fd(peer->listener), (struct sockaddr *)&sin, &len);
    peer->port = ntohs(sin.sin_port);
}

static inline void peer_use_tls(struct peer *peer, const char *dir)
{
    char cert[256], key[256];

    snprintf(cert, sizeof cert, "%s/cert.pem", dir);
    snprintf(key, sizeof key, "%s/key.pem", dir);
    peer->tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate_file(peer->tls, cert, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(peer->tls, key, SSL_FILETYPE_PEM), 1);
}

static inline void peer_stop(struct peer *peer)
{
    for (size_t i = 0; i < 64; i++) {
        if (peer->open[i])
            bufferevent_free(peer->open[i]);
    }
    evconnlistener_free(peer->listener);
    SSL_CTX_free(peer->tls);
}

#endif
