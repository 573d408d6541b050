/* Programs: three pipes and a pidfd on the loop. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "mentiond/buf.h"
#include "mentiond/exec.h"

#define EXEC_STDERR_MAX 4096

extern char **environ;

/* One end of a pipe to the child, watched by the loop. */
struct exec_pipe {
    struct exec_child *child;
    int fd; /* -1: closed */
    struct event *event;
    struct buf data;  /* read so far, or still to be written */
    size_t n_written;
};

enum { PIPE_IN, PIPE_OUT, PIPE_ERR, PIPE_COUNT };

struct exec_child {
    pid_t pid; /* 0: none, or reaped */
    int pidfd;
    struct event *exited, *timer;
    struct exec_pipe pipes[PIPE_COUNT];
    int exit_status;
    exec_done_fn *done;
    void *user;
    char name[256];
};

static void pipe_close(struct exec_pipe *pipe)
{
    if (pipe->event)
        event_free(TAKE(pipe->event));
    if (pipe->fd >= 0)
        close(pipe->fd);
    pipe->fd = -1;
}

static void child_destroy(struct exec_child *child)
{
    if (child->pid > 0) {
        kill(-child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
    }
    for (size_t i = 0; i < PIPE_COUNT; i++) {
        pipe_close(&child->pipes[i]);
        buf_finish(&child->pipes[i].data);
    }
    if (child->exited)
        event_free(child->exited);
    if (child->timer)
        event_free(child->timer);
    if (child->pidfd >= 0)
        close(child->pidfd);
    free(child);
}

void exec_cancel(struct exec_child *child)
{
    if (child)
        child_destroy(child);
}

static void fail(struct exec_child *child, int code, const char *why)
{
    struct error err;

    error_set(&err, code, "run '%s': %s", child->name, why);
    child->done(child->user, NULL, &err);
    child_destroy(child);
}

static struct str last_line(struct str text)
{
    struct str line = str_trim(text);
    const char *end = line.s ? memrchr(line.s, '\n', line.len) : NULL;

    return end ? str_slice(line, (size_t)(end - line.s) + 1, line.len) : line;
}

static void check_finished(struct exec_child *child)
{
    struct exec_result result;

    if (child->pid > 0 || child->pipes[PIPE_OUT].fd >= 0 || child->pipes[PIPE_ERR].fd >= 0)
        return;
    result = (struct exec_result){.output = buf_str(&child->pipes[PIPE_OUT].data),
                                  .stderr_line = last_line(buf_str(&child->pipes[PIPE_ERR].data)),
                                  .exit_status = child->exit_status};
    child->done(child->user, &result, NULL);
    child_destroy(child);
}

static void on_exited(evutil_socket_t fd, short what, void *user)
{
    struct exec_child *child = user;
    int status = 0;

    (void)fd;
    (void)what;
    kill(-child->pid, SIGKILL); /* what it left behind would hold our pipes */
    waitpid(child->pid, &status, 0);
    child->pid = 0;
    child->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    check_finished(child);
}

static void on_time_over(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    fail(user, -ETIMEDOUT, "took too long, ended");
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
    struct exec_pipe *pipe = user;
    struct exec_child *child = pipe->child;
    char chunk[16384];
    ssize_t n = read(fd, chunk, sizeof(chunk));

    (void)what;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        pipe_close(pipe);
        check_finished(child);
        return;
    }
    if (pipe == &child->pipes[PIPE_ERR] && pipe->data.len + (size_t)n > EXEC_STDERR_MAX)
        buf_reset(&pipe->data); /* of a long story the end is wanted */
    if (pipe == &child->pipes[PIPE_ERR] && n > EXEC_STDERR_MAX)
        n = EXEC_STDERR_MAX;
    if (!buf_append(&pipe->data, chunk, (size_t)n))
        fail(child, -EFBIG, "printed more than is allowed, ended");
}

static void on_writable(evutil_socket_t fd, short what, void *user)
{
    struct exec_pipe *pipe = user;
    ssize_t n = write(fd, pipe->data.data + pipe->n_written, pipe->data.len - pipe->n_written);

    (void)what;
    if (n > 0)
        pipe->n_written += (size_t)n;
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || pipe->n_written == pipe->data.len)
        pipe_close(pipe); /* a program may well not want its input */
}

static int watch_pipe(struct exec_child *child, struct event_base *base, int which, int fd)
{
    struct exec_pipe *pipe = &child->pipes[which];

    fcntl(fd, F_SETFL, O_NONBLOCK);
    pipe->fd = fd;
    if (which == PIPE_IN && pipe->data.len == 0) {
        pipe_close(pipe);
        return 0;
    }
    pipe->event = event_new(base, fd, EV_PERSIST | (which == PIPE_IN ? EV_WRITE : EV_READ),
                            which == PIPE_IN ? on_writable : on_readable, pipe);
    return pipe->event ? event_add(pipe->event, NULL) : -1;
}

static void close_pair(int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

/* Ours with what the request adds in front (the first of two equal names wins);
 * owned array, borrowed text. */
static const char **merge_environment(const struct exec_request *request)
{
    size_t n_ours = 0, n = 0;
    const char **merged;

    while (environ[n_ours])
        n_ours++;
    merged = calloc(n_ours + EXEC_ENV_MAX + 1, sizeof(*merged));
    if (!merged)
        return NULL;
    for (; request->env && n < EXEC_ENV_MAX && request->env[n]; n++)
        merged[n] = request->env[n];
    memcpy(merged + n, environ, n_ours * sizeof(*merged));
    return merged;
}

static int spawn(struct exec_child *child, const struct exec_request *request,
                 int pairs[PIPE_COUNT][2])
{
    const char **environment = merge_environment(request);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int r;

    if (!environment)
        return ENOMEM;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawn_file_actions_adddup2(&actions, pairs[PIPE_IN][0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pairs[PIPE_OUT][1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pairs[PIPE_ERR][1], STDERR_FILENO);
    r = posix_spawnp(&child->pid, request->argv[0], &actions, &attributes,
                     (char *const *)request->argv, (char *const *)environment);
    free(environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (r != 0)
        child->pid = 0;
    return r;
}

/* Our ends of the pipes are watched from here on; theirs are closed. */
static int start_with_pipes(struct exec_child *child, struct event_base *base,
                            const struct exec_request *request)
{
    int pairs[PIPE_COUNT][2], n_pairs, r = 0;

    for (n_pairs = 0; n_pairs < PIPE_COUNT && r == 0; n_pairs++)
        r = pipe2(pairs[n_pairs], O_CLOEXEC) < 0 ? errno : 0;
    if (r == 0)
        r = spawn(child, request, pairs);
    else
        n_pairs--;
    if (r != 0) {
        for (int i = 0; i < n_pairs; i++)
            close_pair(pairs[i]);
        return r;
    }
    for (int i = 0; i < PIPE_COUNT; i++) {
        close(pairs[i][i == PIPE_IN ? 0 : 1]);
        if (watch_pipe(child, base, i, pairs[i][i == PIPE_IN ? 1 : 0]) < 0)
            r = ENOMEM;
    }
    return r;
}

static int watch_child(struct exec_child *child, struct event_base *base, int64_t timeout_ms)
{
    struct timeval limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000};

    child->pidfd = pidfd_open(child->pid, 0);
    if (child->pidfd < 0)
        return errno;
    child->exited = event_new(base, child->pidfd, EV_READ, on_exited, child);
    child->timer = evtimer_new(base, on_time_over, child);
    if (!child->exited || !child->timer || event_add(child->exited, NULL) < 0 ||
        evtimer_add(child->timer, &limit) < 0)
        return ENOMEM;
    return 0;
}

int exec_start(struct event_base *base, const struct exec_request *request, exec_done_fn *done, void *user,
               struct exec_child **ret, struct error *err)
{
    struct exec_child *child = calloc(1, sizeof(*child));
    int r;

    if (!child)
        return error_oom(err);
    *child = (struct exec_child){.pidfd = -1, .done = done, .user = user};
    for (size_t i = 0; i < PIPE_COUNT; i++)
        child->pipes[i] = (struct exec_pipe){.child = child, .fd = -1};
    buf_init(&child->pipes[PIPE_IN].data, request->stdin_text.len);
    buf_init(&child->pipes[PIPE_OUT].data, (size_t)request->max_output);
    buf_init(&child->pipes[PIPE_ERR].data, EXEC_STDERR_MAX);
    buf_append_str(&child->pipes[PIPE_IN].data, request->stdin_text);
    snprintf(child->name, sizeof(child->name), "%s", request->argv[0]);
    r = start_with_pipes(child, base, request);
    if (r == 0)
        r = watch_child(child, base, request->timeout_ms ? request->timeout_ms : EXEC_TIMEOUT_DEFAULT_MS);
    if (r != 0) {
        error_errno(err, r, "run '%s'", child->name);
        child_destroy(child);
        return -r;
    }
    *ret = child;
    return 0;
}
