/* The private redis-server: which one serves this state directory, and keeping it alive.
 *
 * Start: mentiond.lock first, so that only one mentiond acts here. Then `lock`: if it can be had,
 * no redis-server runs, and we start one that inherits it (our copy is closed at once, so the lock
 * ends with the server). If it is held, a server of a mentiond that was killed is still there:
 * mostly it is about to end, for its parent's death sent it SIGTERM. So it gets SETTLE_MS to go; if
 * it still answers then, it stays and is adopted; if it stays silent for SILENT_MS, we give up and
 * name it: starting another one could damage the data.
 *
 * Supervision: a pidfd in the loop tells of the server's end, whether it is our child or adopted
 * (where the kernel, a sandbox or valgrind has none, a timer looks). It is started again after a
 * pause that doubles while it dies young. The restart does not wait: the client reconnects by
 * itself. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mentiond/buf.h"
#include "mentiond/clock.h"
#include "mentiond/log.h"
#include "mentiond/redis.h"
#include "aof_mend.h"
#include "redis_spawn.h"
#include "state_lock.h"

#define DIR_LEN_MAX 900  /* redis-server itself handles paths of 1024 bytes */
#define PROBE_MS 200     /* for one answer */
#define STEP_MS 20       /* between looks while starting and stopping */
#define SETTLE_MS 1000   /* an orphan may end in that time before it is adopted */
#define SILENT_MS 10000  /* a holder of the lock may be silent that long */
#define STOP_MS 10000    /* for an orderly end */
#define PAUSE_MIN_MS 100 /* before a restart ... */
#define PAUSE_MAX_MS 30000
#define YOUNG_MS 60000 /* who dies younger doubles the pause */
#define LOOK_MS 250    /* without pidfd: between looks for its end */

static const char log_module[] = "redis-server";

struct redis_server {
    struct event_base *base; /* borrowed */
    char *state_dir;         /* owned */
    char *program;           /* owned */
    char *url;               /* owned */
    int64_t max_memory;
    int dir_fd;              /* owned, -1: none; like the next two */
    int mentiond_lock_fd;    /* held for our life */
    int pidfd;               /* -1 also where there are none */
    pid_t pid;               /* 0: does not run */
    bool is_child;           /* false: adopted */
    int64_t started_ms;      /* monotonic */
    unsigned n_young_deaths; /* in a row */
    struct event *exited;    /* it may have; NULL: does not run */
    struct event *restart;   /* timer */
    struct log_repeat failing;
};

static void pause_briefly(void)
{
    poll(NULL, 0, STEP_MS);
}

/* ---- watching ------------------------------------------------------------------------------- */

static void on_exited(evutil_socket_t fd, short what, void *user);

/* pidfd_open() fails with -ESRCH for a process that is gone; all else is no obstacle. */
static int server_watch(struct redis_server *server, pid_t pid, bool is_child, struct error *err)
{
    const struct timeval look = {.tv_usec = LOOK_MS * 1000};

    server->pidfd = pidfd_open(pid, 0);
    if (server->pidfd < 0 && errno == ESRCH)
        return error_errno(err, errno, "watch redis-server, pid %d", (int)pid);
    server->exited =
        event_new(server->base, server->pidfd,
                  (short)(EV_PERSIST | (server->pidfd >= 0 ? EV_READ : 0)), on_exited, server);
    if (!server->exited || event_add(server->exited, server->pidfd >= 0 ? NULL : &look) < 0)
        return error_oom(err);
    server->pid = pid;
    server->is_child = is_child;
    server->started_ms = clock_monotonic_ms();
    return 0;
}

static void server_unwatch(struct redis_server *server)
{
    if (server->exited)
        event_free(server->exited);
    if (server->pidfd >= 0)
        close(server->pidfd);
    server->exited = NULL;
    server->pidfd = -1;
    server->pid = 0;
}

/* Leaves a child to be reaped. */
static bool server_has_ended(const struct redis_server *server)
{
    struct pollfd wait = {.fd = server->pidfd, .events = POLLIN};
    siginfo_t info = {0};

    if (server->pidfd >= 0)
        return poll(&wait, 1, 0) > 0;
    if (server->is_child)
        return waitid(P_PID, (id_t)server->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
               info.si_pid == server->pid;
    return kill(server->pid, 0) < 0 && errno == ESRCH;
}

/* How it ended, and its last words. Reaps a child. */
static void server_obituary(const struct redis_server *server, char *text, size_t size)
{
    char words[256];
    int status = 0;

    redis_spawn_last_words(server->dir_fd, words, sizeof words);
    if (!server->is_child || waitpid(server->pid, &status, WNOHANG) != server->pid)
        snprintf(text, size, "ended; its log ends with: %s", words);
    else if (WIFSIGNALED(status))
        snprintf(text, size, "killed by signal %d; its log ends with: %s", WTERMSIG(status), words);
    else
        snprintf(text, size, "exit status %d; its log ends with: %s", WEXITSTATUS(status), words);
}

/* ---- starting ------------------------------------------------------------------------------- */

/* lock_fd becomes the server's: it is closed here in any case. */
static int server_launch(struct redis_server *server, int lock_fd, struct error *err)
{
    pid_t pid = 0;
    int r = redis_spawn_configure(server->dir_fd, server->max_memory, err);

    if (aof_mend(server->dir_fd, err) < 0)
        log_warn("append-only file not looked through, starting redis all the same",
                 field_text("error", err->text));
    if (r == 0)
        r = redis_spawn_start(server->dir_fd, lock_fd, server->program, &pid, err);
    close(lock_fd);
    if (r < 0)
        return r;
    r = server_watch(server, pid, true, err);
    if (r < 0) {
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
        server_unwatch(server);
    }
    return r;
}

static int server_wait_ready(struct redis_server *server, int64_t end_ms, struct error *err)
{
    enum redis_answer answer;
    char obituary[400];
    pid_t listener;

    while ((answer = redis_spawn_probe(server->dir_fd, PROBE_MS, &listener)) != REDIS_READY) {
        if (server_has_ended(server)) {
            server_obituary(server, obituary, sizeof obituary);
            server_unwatch(server);
            return error_set(err, -ECHILD, "redis-server did not start: %s", obituary);
        }
        if (clock_monotonic_ms() >= end_ms) {
            if (answer == REDIS_LOADING)
                break;
            return error_set(err, -ETIMEDOUT, "redis-server, pid %d, does not answer",
                             (int)server->pid);
        }
        pause_briefly();
    }
    return 0;
}

/* `lock` is held: waits for its holder to go (-EAGAIN: it may be gone) or adopts it. */
static int server_adopt(struct redis_server *server, pid_t holder, int64_t since_ms, int64_t end_ms,
                        struct error *err)
{
    const int64_t now_ms = clock_monotonic_ms();
    const int64_t silent_end_ms = since_ms + SILENT_MS < end_ms ? since_ms + SILENT_MS : end_ms;
    pid_t listener;
    enum redis_answer answer = redis_spawn_probe(server->dir_fd, PROBE_MS, &listener);
    bool is_silent = answer == REDIS_SILENT || listener == 0;
    int r;

    if (!is_silent && now_ms - since_ms >= SETTLE_MS) {
        r = server_watch(server, listener, false, err);
        if (r == 0)
            log_info("adopted the redis-server of an earlier mentiond", field_int("pid", listener));
        return r == -ESRCH ? -EAGAIN : r;
    }
    if (is_silent && now_ms >= silent_end_ms)
        return error_set(err, -EBUSY,
                         "pid %d holds '%s/lock' and does not answer: a redis-server that hangs? "
                         "End it, then start again",
                         (int)(holder ? holder : listener), server->state_dir);
    pause_briefly();
    return -EAGAIN;
}

static int server_bring_up(struct redis_server *server, int64_t end_ms, struct error *err)
{
    const int64_t since_ms = clock_monotonic_ms();
    pid_t holder = 0;
    int lock_fd, r;

    do {
        r = state_lock_take(server->dir_fd, "lock", &lock_fd, &holder, err);
        if (r == -EBUSY)
            r = server_adopt(server, holder, since_ms, end_ms, err);
        else if (r == 0)
            r = server_launch(server, lock_fd, err);
    } while (r == -EAGAIN);
    return r == 0 ? server_wait_ready(server, end_ms, err) : r;
}

/* ---- restarting ----------------------------------------------------------------------------- */

static int64_t restart_schedule(struct redis_server *server)
{
    int64_t ms = PAUSE_MIN_MS;
    struct timeval tv;

    for (unsigned i = 1; i < server->n_young_deaths && ms < PAUSE_MAX_MS; i++)
        ms *= 2;
    ms = ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
    tv = (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    event_add(server->restart, &tv);
    return ms;
}

static void on_exited(evutil_socket_t fd, short what, void *user)
{
    struct redis_server *server = user;
    const int64_t age_ms = clock_monotonic_ms() - server->started_ms;
    const pid_t pid = server->pid;
    char obituary[400];
    int64_t wait_ms;

    (void)fd;
    (void)what;
    if (!server_has_ended(server))
        return;
    server_obituary(server, obituary, sizeof obituary);
    server_unwatch(server);
    server->n_young_deaths = age_ms < YOUNG_MS ? server->n_young_deaths + 1 : 1;
    wait_ms = restart_schedule(server);
    if (age_ms >= YOUNG_MS)
        log_repeat_over(&server->failing);
    if (log_repeat_due(&server->failing))
        log_error("the private redis-server ended, starting it again", field_int("pid", pid),
                  field_text("how", obituary), field_int("wait_ms", wait_ms),
                  field_int("times", (int64_t)server->failing.times));
}

static void on_restart(evutil_socket_t fd, short what, void *user)
{
    struct redis_server *server = user;
    struct error err = {0};
    pid_t holder = 0;
    int lock_fd, r;
    int64_t wait_ms;

    (void)fd;
    (void)what;
    r = state_lock_take(server->dir_fd, "lock", &lock_fd, &holder, &err);
    if (r == -EBUSY)
        error_prefix(&err, r, "pid %d", (int)holder);
    if (r == 0)
        r = server_launch(server, lock_fd, &err);
    if (r == 0) {
        log_info("the private redis-server runs again", field_int("pid", server->pid));
        return;
    }
    server->n_young_deaths++;
    wait_ms = restart_schedule(server);
    if (log_repeat_due(&server->failing))
        log_error("the private redis-server cannot be started, trying again",
                  field_text("error", err.text), field_int("wait_ms", wait_ms));
}

/* ---- life ----------------------------------------------------------------------------------- */

static int dir_open(const char *path, int *ret_fd, struct error *err)
{
    int fd;

    if (path[0] != '/' || strlen(path) > DIR_LEN_MAX)
        return error_set(err, -EINVAL, "must be an absolute path of at most %d bytes", DIR_LEN_MAX);
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return error_errno(err, errno, "create it");
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "open it");
    *ret_fd = fd;
    return 0;
}

static int mentiond_lock(struct redis_server *server, struct error *err)
{
    pid_t holder = 0;
    int r =
        state_lock_take(server->dir_fd, "mentiond.lock", &server->mentiond_lock_fd, &holder, err);

    if (r == -EBUSY)
        return error_set(err, r, "another mentiond, pid %d, uses it", (int)holder);
    if (r == 0)
        state_lock_sign(server->mentiond_lock_fd, getpid());
    return r;
}

static int server_init(struct redis_server *server, const struct redis_server_options *options,
                       struct error *err)
{
    char url[3 * DIR_LEN_MAX + 64];
    int r;

    server->state_dir = strdup(options->state_dir);
    server->program = strdup(options->program ? options->program : "redis-server");
    server->restart = evtimer_new(server->base, on_restart, server);
    if (!server->state_dir || !server->program || !server->restart)
        return error_oom(err);
    r = dir_open(options->state_dir, &server->dir_fd, err);
    if (r < 0)
        return r;
    redis_server_socket_url(options->state_dir, url, sizeof url);
    server->url = strdup(url);
    return server->url ? mentiond_lock(server, err) : error_oom(err);
}

int redis_server_start(struct event_base *base, const struct redis_server_options *options,
                       struct redis_server **ret_server, struct error *err)
{
    const int64_t end_ms = clock_monotonic_ms() + options->start_timeout_ms;
    struct redis_server *server = calloc(1, sizeof *server);
    int r;

    if (!server)
        return error_oom(err);
    server->base = base;
    server->max_memory = options->max_memory;
    server->dir_fd = server->mentiond_lock_fd = server->pidfd = -1;
    r = server_init(server, options, err);
    if (r == 0)
        r = server_bring_up(server, end_ms, err);
    if (r < 0) {
        redis_server_stop(server);
        return error_prefix(err, r, "state directory '%s'", options->state_dir);
    }
    *ret_server = server;
    return 0;
}

static void server_end(struct redis_server *server)
{
    const int64_t end_ms = clock_monotonic_ms() + STOP_MS;

    if (server->pidfd >= 0)
        pidfd_send_signal(server->pidfd, SIGTERM, NULL, 0);
    else
        kill(server->pid, SIGTERM);
    while (!server_has_ended(server) && clock_monotonic_ms() < end_ms)
        pause_briefly();
    if (!server_has_ended(server))
        log_warn("the private redis-server is still busy with its end, leaving it to that",
                 field_int("pid", server->pid));
    else if (server->is_child)
        waitpid(server->pid, NULL, WNOHANG);
}

void redis_server_stop(struct redis_server *server)
{
    if (!server)
        return;
    if (server->pid > 0)
        server_end(server);
    server_unwatch(server);
    if (server->restart)
        event_free(server->restart);
    if (server->mentiond_lock_fd >= 0)
        close(server->mentiond_lock_fd);
    if (server->dir_fd >= 0)
        close(server->dir_fd);
    free(server->state_dir);
    free(server->program);
    free(server->url);
    free(server);
}

struct str redis_server_url(const struct redis_server *server)
{
    return str_from(server->url);
}

pid_t redis_server_pid(const struct redis_server *server)
{
    return server->pid;
}

struct str redis_server_socket_url(const char *state_dir, char *storage, size_t storage_size)
{
    static const char plain[] =
        "/-._~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct buf url = BUF_INIT(storage_size > 0 ? storage_size - 1 : 0);
    struct str shown = {NULL, 0};

    buf_append_str(&url, STR("unix://"));
    for (const char *s = state_dir; *s; s++) {
        if (strchr(plain, *s))
            buf_append_char(&url, *s);
        else
            buf_printf(&url, "%%%02x", (unsigned)(unsigned char)*s);
    }
    buf_append_str(&url, STR("/" REDIS_SPAWN_SOCKET));
    if (!url.failed) {
        memcpy(storage, url.data, url.len + 1);
        shown = (struct str){storage, url.len};
    }
    buf_finish(&url);
    return shown;
}
