/* Carrying out what a driver asks for: an HTTP transfer, a program, a piece of a file, or what was pushed
 * to us. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mentiond/clock.h"
#include "poller_internal.h"

static const char log_module[] = "poller";

#define BUSY_WAIT_MS 500

static void on_http(void *user, const struct http_response *response, const struct error *err)
{
    struct feed *feed = user;
    struct source_reply reply = {
        .kind = REQUEST_HTTP, .login = feed->login, .received_at_ms = clock_now_ms()};

    feed->transfer = NULL;
    if (!response) {
        fetch_settle(feed, NULL);
        if (err->code == -EPERM) { /* the address is not public: people have to look */
            feed->step.kind = STEP_STOP;
            feed_fail(feed, "source stopped, looking again later", FEED_PROBE_MS, err);
        } else {
            feed_fail(feed, "poll failed, trying again", -1, err);
        }
        return;
    }
    reply.http = response;
    reply.body = response->body;
    log_debug("reply", field_str("source", feed->source->name), field_int("status", response->status),
              field_int("bytes", (int64_t)response->body.len), field_int("ms", response->elapsed_ms));
    feed_on_reply(feed, &reply);
}

static void on_exec(void *user, const struct exec_result *result, const struct error *err)
{
    struct feed *feed = user;

    feed->child = NULL;
    if (!result) {
        feed_fail(feed, "program failed, trying again", -1, err);
        return;
    }
    const struct source_reply reply = {.kind = REQUEST_EXEC,
                                       .body = result->output,
                                       .stderr_line = result->stderr_line,
                                       .exit_status = result->exit_status,
                                       .eof = true,
                                       .received_at_ms = clock_now_ms()};

    feed_on_reply(feed, &reply);
}

static int read_piece(const struct source_request *request, struct arena *arena,
                      struct source_reply *ret, struct error *err)
{
    CLEANUP(free_p) char *path = str_dup(request->path);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    char *data = arena_alloc(arena, (size_t)request->max_len);
    struct stat info;
    ssize_t n = -1;
    int failed_errno;

    if (fd >= 0 && fstat(fd, &info) == 0 && !S_ISREG(info.st_mode)) {
        close(fd);
        return error_set(err, -EINVAL, "read '%s': not a regular file", path);
    }
    if (fd >= 0 && data)
        n = pread(fd, data, (size_t)request->max_len, request->offset);
    failed_errno = data ? errno : ENOMEM;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return error_errno(err, failed_errno, "read '%.*s'", STR_FMT(request->path));
    *ret = (struct source_reply){.kind = REQUEST_READ,
                                 .body = {data, (size_t)n},
                                 .eof = request->offset + n >= info.st_size,
                                 .file_id = (int64_t)info.st_ino,
                                 .file_len = info.st_size,
                                 .received_at_ms = clock_now_ms()};
    return 0;
}

static void do_http(struct feed *feed, struct source_request *request)
{
    struct error err = {0};
    int r;

    request->http.allow_private = feed->source->settings->allow_private;
    r = http_start(feed->poller->options.http, &request->http, on_http, feed, &feed->transfer, &err);

    if (r == 0)
        return;
    fetch_settle(feed, NULL);
    if (r == -EBUSY) /* many hosts hang: their time-outs make room */
        feed_hold(feed, BUSY_WAIT_MS, "too many requests under way");
    else
        feed_fail(feed, "poll failed, trying again", -1, &err);
}

static void do_exec(struct feed *feed, struct source_request *request)
{
    const struct exec_request program = {.argv = request->argv,
                                         .env = request->env,
                                         .stdin_text = request->stdin_text,
                                         .timeout_ms = request->timeout_ms,
                                         .max_output = feed->poller->options.settings->http_client.max_body};
    struct error err = {0};

    if (exec_start(feed->poller->options.base, &program, on_exec, feed, &feed->child, &err) < 0)
        feed_fail(feed, "program not started, trying again", -1, &err);
}

static void do_read(struct feed *feed, struct source_request *request)
{
    struct source_reply reply;
    struct error err = {0};

    if (read_piece(request, &feed->arena, &reply, &err) < 0)
        feed_fail(feed, "file not read, trying again", -1, &err);
    else
        feed_on_reply(feed, &reply);
}

static void do_inbox(struct feed *feed, struct source_request *request)
{
    struct source_reply reply;

    (void)request;
    inbox_take(feed, &reply);
    feed_on_reply(feed, &reply);
}

static void (*const do_request[])(struct feed *feed, struct source_request *request) = {
    [REQUEST_HTTP] = do_http, [REQUEST_EXEC] = do_exec, [REQUEST_READ] = do_read, [REQUEST_INBOX] = do_inbox};

/* False: it cannot be asked, and the poll has ended. */
static bool prepare(struct feed *feed, struct source_request *ret_request)
{
    const struct source_driver *driver = feed->source->driver;
    struct error err = {0};

    if (feed->looking) {
        if (mend_prepare(feed, ret_request, &err) == 0)
            return true;
        feed_looked(feed);
        return false;
    }
    if (driver->prepare(feed->source, &feed->cursor, clock_now_ms(), &feed->arena, ret_request, &err) == 0)
        return true;
    feed->step.kind = STEP_STOP;
    feed_fail(feed, "source cannot ask, looking again later", FEED_PROBE_MS, &err);
    return false;
}

void fetch_start(struct feed *feed)
{
    struct source_request request = {0};
    const char *why;
    int64_t wait_ms;

    arena_reset(&feed->arena);
    if (!prepare(feed, &request))
        return;
    wait_ms = account_wait_ms(feed->account, &request, feed->pages > 0 && !feed->looking, &why);
    if (wait_ms > 0 && feed->looking) {
        feed_looked(feed); /* what is left is for polls */
        return;
    }
    if (wait_ms > 0) {
        feed_hold(feed, wait_ms, why);
        return;
    }
    feed->login = request.login;
    snprintf(feed->endpoint, sizeof(feed->endpoint), "%s", request.endpoint ? request.endpoint : "");
    feed->cost = request.kind != REQUEST_HTTP ? 0 : request.cost > 0 ? request.cost : 1;
    account_sent(feed->account, &request);
    log_debug("request", field_str("source", feed->source->name), field_text("endpoint", feed->endpoint));
    do_request[request.kind](feed, &request);
}

void fetch_settle(struct feed *feed, const struct source_budget *told)
{
    if (feed->cost > 0)
        account_settle(feed->account, feed->endpoint, feed->cost, told);
    feed->cost = 0;
}

void fetch_cancel(struct feed *feed)
{
    if (feed->account)
        fetch_settle(feed, NULL);
    http_cancel(TAKE(feed->transfer));
    exec_cancel(TAKE(feed->child));
}
