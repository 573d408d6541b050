/* A page over HTTP on loopback: a forked child serves it to one kept connection, net/http fetches it. */
#include "bench_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#define REQUEST_MAX 4096 /* bytes; requests arrive whole */
#define BODY_MAX ((int64_t)16 * 1024 * 1024)

struct parse_fetch {
    struct event_base *base;    /* owned */
    struct http_client *client; /* owned */
    pid_t pid;                  /* the server */
    char url[64];
    parse_body_fn *on_body; /* of the fetch under way */
    void *user;
    int result;
    bool done;
    struct error *err;
};

static bool send_all(int fd, struct str data, int more)
{
    while (data.len) {
        ssize_t n = send(fd, data.s, data.len, MSG_NOSIGNAL | more);

        if (n <= 0)
            return false;
        data = str_slice(data, (size_t)n, data.len);
    }
    return true;
}

static void serve(int listener, struct str page)
{
    char request[REQUEST_MAX], head[128];

    snprintf(head, sizeof(head),
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", page.len);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        while (recv(fd, request, sizeof(request), 0) > 0 && send_all(fd, str_from(head), MSG_MORE) &&
               send_all(fd, page, 0))
            ;
        close(fd);
    }
}

static int start_server(struct parse_fetch *f, struct str page, struct error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t parent = getpid();

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 4) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0)
        return error_errno(err, errno, "page server on loopback");
    snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u/page", ntohs(address.sin_port));
    f->pid = fork();
    if (f->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            serve(listener, page);
        _exit(1);
    }
    close(listener);
    return f->pid > 0 ? 0 : error_errno(err, errno, "fork");
}

int parse_fetch_start(struct str page, struct parse_fetch **ret, struct error *err)
{
    static const struct http_options options = {.timeout_ms = 30000,
                                                .connect_timeout_ms = 5000,
                                                .max_body = BODY_MAX,
                                                .user_agent = "mentiond-bench",
                                                .allow_private = true};
    struct parse_fetch *f = calloc(1, sizeof(*f));
    int r;

    if (!f)
        return error_oom(err);
    f->base = event_base_new();
    r = f->base ? http_client_create(f->base, &options, &f->client, err) : error_oom(err);
    if (r == 0)
        r = start_server(f, page, err);
    if (r < 0)
        parse_fetch_stop(f);
    else
        *ret = f;
    return r;
}

static void on_reply(void *user, const struct http_response *response, const struct error *err)
{
    struct parse_fetch *f = user;

    f->done = true;
    if (response) {
        f->result = f->on_body(f->user, response->body);
    } else {
        *f->err = *err;
        f->result = err->code;
    }
}

int parse_fetch_once(struct parse_fetch *f, parse_body_fn *on_body, void *user, struct error *err)
{
    const struct http_request request = {.method = "GET", .url = str_from(f->url), .allow_private = true};

    f->on_body = on_body;
    f->user = user;
    f->err = err;
    f->done = false;
    if (http_start(f->client, &request, on_reply, f, NULL, err) < 0)
        return err->code;
    while (!f->done && event_base_loop(f->base, EVLOOP_ONCE) == 0)
        ;
    return f->result;
}

void parse_fetch_stop(struct parse_fetch *f)
{
    if (!f)
        return;
    http_client_destroy(f->client);
    if (f->base)
        event_base_free(f->base);
    if (f->pid > 0) {
        kill(f->pid, SIGKILL);
        waitpid(f->pid, NULL, 0);
    }
    free(f);
}
