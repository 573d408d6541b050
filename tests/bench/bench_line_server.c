/* A server for a handful of keep-alive connections: one poll() loop, blocking writes, requests that arrive
 * whole. It serves its own parent only. */
#include "bench_line_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mentiond/clock.h"

#define CONNECTIONS_MAX 16
#define REQUEST_MAX 4096 /* bytes */
#define BODY_MAX ((size_t)8 * 1024 * 1024)

static bool send_all(int fd, struct str data)
{
    while (data.len) {
        ssize_t n = send(fd, data.s, data.len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        data = str_slice(data, (size_t)n, data.len);
    }
    return true;
}

/* The text behind `mark` up to one of the characters in `ends`. */
static struct str text_behind(struct str request, struct str mark, const char *ends)
{
    size_t at = str_find(request, mark), end;

    if (at == SIZE_MAX)
        return STR("");
    end = at += mark.len;
    while (end < request.len && !strchr(ends, request.s[end]))
        end++;
    return str_slice(request, at, end);
}

static bool answer(const struct page_set *set, int fd, struct buf *body)
{
    char data[REQUEST_MAX], head[160];
    ssize_t n = recv(fd, data, sizeof(data), 0);
    struct str request = {data, n > 0 ? (size_t)n : 0};
    int64_t run;

    if (n <= 0 || !str_to_i64(text_behind(request, STR("/tag/run"), "? "), 0, UINT32_MAX, &run))
        return false;
    buf_reset(body);
    if (!page_make(set, (uint32_t)run, text_behind(request, STR("max_id="), "& "), body))
        return false;
    snprintf(head, sizeof(head),
             "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %zu\r\n\r\n",
             body->len);
    return send_all(fd, str_from(head)) && send_all(fd, buf_str(body));
}

static void serve(const struct page_set *set, int listener)
{
    struct pollfd fds[1 + CONNECTIONS_MAX] = {{.fd = listener, .events = POLLIN}};
    struct buf body = BUF_INIT(BODY_MAX);
    nfds_t n = 1;

    while (poll(fds, n, -1) > 0) {
        for (nfds_t i = n; i-- > 1;) {
            if (fds[i].revents && !answer(set, fds[i].fd, &body)) {
                close(fds[i].fd);
                fds[i] = fds[--n];
            }
        }
        if (fds[0].revents && n < ARRAY_LEN(fds))
            fds[n++] = (struct pollfd){.fd = accept(listener, NULL, NULL), .events = POLLIN};
    }
    buf_finish(&body);
}

int page_server_start(struct page_server *server, uint32_t n_statuses, struct error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t parent = getpid();

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 ||
        listen(listener, CONNECTIONS_MAX) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0)
        return error_errno(err, errno, "page server on loopback");
    server->set = (struct page_set){.n_statuses = n_statuses,
                                    .newest_at_ms = clock_now_ms(),
                                    .port = ntohs(address.sin_port)};
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            serve(&server->set, listener);
        _exit(1);
    }
    close(listener);
    return server->pid > 0 ? 0 : error_errno(err, errno, "fork");
}

void page_server_stop(struct page_server *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}
