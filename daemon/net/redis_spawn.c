/* The redis-server process.
 *
 * All paths are relative to the state directory, where the child goes before exec: so the
 * directory's path may be longer than the 107 bytes of a socket address. We reach the socket
 * through the directory's descriptor.
 *
 * Between fork and exec only async-signal-safe calls are made. The child leaves our session, so
 * that a Ctrl-C meant for mentiond does not stop Redis before the outbox is flushed, and asks for
 * SIGTERM at our death. */
#include "redis_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mentiond/str.h"
#include "state_lock.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#define CONF_TMP REDIS_SPAWN_CONF ".new"
#define LOG_BYTES_MAX (4 * 1024 * 1024) /* at a start: a longer one is put aside */
#define LAST_WORDS_MAX 2048             /* bytes read from the log's end */

static const char conf_format[] =
    "# Written by mentiond at each start: changes here are lost.\n"
    "port 0\n"
    "unixsocket " REDIS_SPAWN_SOCKET "\n"
    "unixsocketperm 660\n"
    "dir .\n"
    "daemonize no\n"
    "supervised no\n"
    "logfile " REDIS_SPAWN_LOG "\n"
    "loglevel notice\n"
    "appendonly yes\n"
    "appendfsync everysec\n"
    "save \"\"\n"
    "maxmemory %lld\n"
    "maxmemory-policy noeviction\n";

static int conf_write(int fd, int64_t max_memory)
{
    if (dprintf(fd, conf_format, (long long)max_memory) < 0)
        return -errno;
    return fsync(fd) < 0 ? -errno : 0;
}

int redis_spawn_configure(int dir_fd, int64_t max_memory, struct error *err)
{
    int fd = openat(dir_fd, CONF_TMP, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r;

    if (fd < 0)
        return error_errno(err, errno, "write " CONF_TMP);
    r = conf_write(fd, max_memory);
    close(fd);
    if (r == 0 && renameat(dir_fd, CONF_TMP, dir_fd, REDIS_SPAWN_CONF) < 0)
        r = -errno;
    return r < 0 ? error_errno(err, -r, "write " REDIS_SPAWN_CONF) : 0;
}

/* ---- start ---------------------------------------------------------------------------------- */

struct spawn {
    int dir_fd, lock_fd, log_fd, failure_fd;
    const char *program;
    pid_t parent;
};

static void child_signals_reset(void)
{
    static const int ours[] = {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    sigset_t none;

    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        signal(ours[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_descriptors_set(const struct spawn *s)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    dup2(null, STDIN_FILENO);
    dup2(s->log_fd, STDOUT_FILENO);
    dup2(s->log_fd, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    fcntl(s->lock_fd, F_SETFD, 0);
}

static _Noreturn void child_run(const struct spawn *s)
{
    char *const argv[] = {(char[]){"redis-server"}, (char[]){REDIS_SPAWN_CONF}, NULL};
    int failure;

    setsid();
    child_signals_reset();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != s->parent)
        _exit(0); /* it died before we asked for the signal */
    umask(0077);
    if (fchdir(s->dir_fd) == 0) {
        child_descriptors_set(s);
        state_lock_sign(s->lock_fd, getpid());
        execvp(s->program, argv);
    }
    failure = errno;
    _exit(write(s->failure_fd, &failure, sizeof failure) > 0 ? 127 : 126);
}

/* Waits for the child's exec: the pipe closes with it, or says why it failed. */
static int spawn_wait(int fd, const char *program, struct error *err)
{
    int failure = 0;
    ssize_t n;

    do
        n = read(fd, &failure, sizeof failure);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    if (n > 0 && failure == ENOENT)
        return error_set(err, -ENOENT,
                         "there is no program '%s': install it (Debian: apt-get install "
                         "redis-server) or set redis.url to a running server",
                         program);
    return error_errno(err, n > 0 ? failure : EIO, "run '%s'", program);
}

static int log_open(int dir_fd)
{
    struct stat st;

    if (fstatat(dir_fd, REDIS_SPAWN_LOG, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_size > LOG_BYTES_MAX)
        renameat(dir_fd, REDIS_SPAWN_LOG, dir_fd, REDIS_SPAWN_LOG ".1");
    return openat(dir_fd, REDIS_SPAWN_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                  0600);
}

static int spawn_fork(struct spawn *s, pid_t *ret_pid, struct error *err)
{
    int failure[2];
    pid_t pid;
    int r;

    if (pipe2(failure, O_CLOEXEC) < 0)
        return error_errno(err, errno, "pipe");
    s->failure_fd = failure[1];
    s->parent = getpid();
    pid = fork();
    if (pid == 0)
        child_run(s);
    r = pid < 0 ? error_errno(err, errno, "fork") : 0;
    close(failure[1]);
    if (r == 0)
        r = spawn_wait(failure[0], s->program, err);
    close(failure[0]);
    if (r == 0)
        *ret_pid = pid;
    else if (pid > 0)
        waitpid(pid, NULL, 0);
    return r;
}

int redis_spawn_start(int dir_fd, int lock_fd, const char *program, pid_t *ret_pid,
                      struct error *err)
{
    struct spawn s = {.dir_fd = dir_fd, .lock_fd = lock_fd, .program = program};
    int r;

    s.log_fd = log_open(dir_fd);
    if (s.log_fd < 0)
        return error_errno(err, errno, "open " REDIS_SPAWN_LOG);
    r = spawn_fork(&s, ret_pid, err);
    close(s.log_fd);
    return r;
}

/* ---- looking -------------------------------------------------------------------------------- */

static int probe_connect(int dir_fd)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    snprintf(sun.sun_path, sizeof sun.sun_path, "/proc/self/fd/%d/" REDIS_SPAWN_SOCKET, dir_fd);
    if (connect(fd, (struct sockaddr *)&sun, sizeof sun) == 0)
        return fd;
    close(fd);
    return -1;
}

static enum redis_answer probe_ask(int fd, int timeout_ms)
{
    static const char ping[] = "PING\r\n";
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char reply[64] = "";

    if (send(fd, ping, sizeof ping - 1, MSG_NOSIGNAL) < 0 || poll(&wait, 1, timeout_ms) <= 0 ||
        recv(fd, reply, sizeof reply - 1, 0) <= 0)
        return REDIS_SILENT;
    return strncmp(reply, "+PONG", 5) == 0 ? REDIS_READY : REDIS_LOADING;
}

enum redis_answer redis_spawn_probe(int dir_fd, int timeout_ms, pid_t *ret_pid)
{
    struct ucred peer = {0};
    socklen_t len = sizeof peer;
    enum redis_answer answer;
    int fd = probe_connect(dir_fd);

    *ret_pid = 0;
    if (fd < 0)
        return REDIS_SILENT;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
        *ret_pid = peer.pid;
    answer = probe_ask(fd, timeout_ms);
    close(fd);
    return answer;
}

void redis_spawn_last_words(int dir_fd, char *text, size_t size)
{
    char tail[LAST_WORDS_MAX];
    struct str left, line = {NULL, 0};
    int fd = openat(dir_fd, REDIS_SPAWN_LOG, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
    off_t from = end > LAST_WORDS_MAX ? end - LAST_WORDS_MAX : 0;
    ssize_t n = fd >= 0 ? pread(fd, tail, sizeof tail, from) : 0;

    if (fd >= 0)
        close(fd);
    left = (struct str){tail, n > 0 ? (size_t)n : 0};
    while (left.len > 0) {
        struct str next = str_trim(str_split(left, '\n', &left));

        line = next.len > 0 ? next : line;
    }
    line = str_cut_utf8(line, size - 1);
    snprintf(text, size, "%.*s", STR_FMT(line));
}
