/* sd_notify(3) without libsystemd. Failures are not reported: the manager sees for
 * itself that it hears nothing. */
#include "notify.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mentiond/str.h"

void notify_send(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t path_len = path ? strlen(path) : 0;
    int fd;

    if (path_len < 2 || path_len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, path_len);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract socket */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len));
    close(fd);
}

static void on_watchdog(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    (void)user;
    notify_send("WATCHDOG=1");
}

struct event *notify_start_watchdog(struct event_base *base)
{
    const char *wanted = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    int64_t period_us, for_pid;
    struct timeval half;
    struct event *timer;

    if (!wanted || !str_to_i64(str_from(wanted), 2, INT64_MAX, &period_us))
        return NULL;
    if (pid && (!str_to_i64(str_from(pid), 0, INT64_MAX, &for_pid) || for_pid != getpid()))
        return NULL;
    half = (struct timeval){period_us / 2 / 1000000, period_us / 2 % 1000000};
    timer = event_new(base, -1, EV_PERSIST, on_watchdog, NULL);
    if (timer)
        event_add(timer, &half);
    return timer;
}
