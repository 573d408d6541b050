/* Addresses to listen on. No names are looked up, save "localhost": a resolver's answer must not
 * decide who may reach us. */
#include "http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/util.h>

#include "mentiond/base.h"

#define PREFIX "unix:"

static int parse_unix(struct str path, struct http_listen *ret, struct error *err)
{
    if (path.len == 0 || path.len >= sizeof(ret->address.un.sun_path) || memchr(path.s, '\0', path.len))
        return error_set(err, -EINVAL, "the socket's path is empty or over %zu bytes",
                         sizeof(ret->address.un.sun_path) - 1);
    ret->address.un.sun_family = AF_UNIX;
    memcpy(ret->address.un.sun_path, path.s, path.len);
    ret->len = sizeof(ret->address.un);
    return 0;
}

/* libevent takes no port 0, which means any that is free. */
static bool parse_inet(char *text, struct http_listen *ret)
{
    char *port = strrchr(text, ':');
    bool any_port = port && strcmp(port, ":0") == 0;
    int len = sizeof(ret->address.storage);

    if (any_port)
        port[1] = '1';
    if (!port || port[1] == '\0' || (text[0] == '[' && port[-1] != ']') ||
        evutil_parse_sockaddr_port(text, &ret->address.any, &len) < 0)
        return false;
    if (ret->address.any.sa_family == AF_INET6 && text[0] != '[')
        return false; /* an address that ends like a port */
    if (any_port && ret->address.any.sa_family == AF_INET6)
        ret->address.in6.sin6_port = 0;
    else if (any_port)
        ret->address.in.sin_port = 0;
    ret->len = (socklen_t)len;
    return true;
}

int http_listen_parse(struct str text, struct http_listen *ret, struct error *err)
{
    char copy[HTTP_LISTEN_TEXT_MAX];
    struct str port = text;
    int64_t number;

    memset(ret, 0, sizeof(*ret));
    if (str_starts_with(text, STR(PREFIX)))
        return parse_unix(str_slice(text, strlen(PREFIX), text.len), ret, err);
    if (str_starts_with(text, STR("localhost:")))
        port = str_slice(text, strlen("localhost:"), text.len);
    if (str_to_i64(port, 0, UINT16_MAX, &number))
        snprintf(copy, sizeof(copy), "127.0.0.1:%lld", (long long)number);
    else
        snprintf(copy, sizeof(copy), "%.*s", STR_FMT(text));
    if (text.len >= sizeof(copy) || !parse_inet(copy, ret))
        return error_set(err, -EINVAL, "neither a port, nor ADDRESS:PORT, nor unix:PATH");
    return 0;
}

int http_listen_clear(const struct http_listen *where, struct error *err)
{
    const char *path = where->address.un.sun_path;
    struct stat info;
    int fd, r;

    if (where->address.any.sa_family != AF_UNIX || lstat(path, &info) < 0)
        return 0;
    if (!S_ISSOCK(info.st_mode))
        return error_set(err, -EEXIST, "'%s' is there and is no socket", path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set(err, -errno, "socket: %s", strerror(errno));
    r = connect(fd, &where->address.any, where->len) < 0 ? errno : 0;
    close(fd);
    if (r != ECONNREFUSED)
        return error_set(err, -EADDRINUSE, "another program answers on '%s'", path);
    return unlink(path) < 0 ? error_set(err, -errno, "unlink '%s': %s", path, strerror(errno)) : 0;
}

void http_listen_format(const struct http_listen *where, char text[HTTP_LISTEN_TEXT_MAX])
{
    const struct sockaddr_in *in = &where->address.in;
    const struct sockaddr_in6 *in6 = &where->address.in6;
    char address[INET6_ADDRSTRLEN] = "";

    if (where->address.any.sa_family == AF_UNIX) {
        snprintf(text, HTTP_LISTEN_TEXT_MAX, PREFIX "%.*s", (int)sizeof(where->address.un.sun_path),
                 where->address.un.sun_path);
    } else if (where->address.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof(address));
        snprintf(text, HTTP_LISTEN_TEXT_MAX, "[%s]:%d", address, ntohs(in6->sin6_port));
    } else {
        inet_ntop(AF_INET, &in->sin_addr, address, sizeof(address));
        snprintf(text, HTTP_LISTEN_TEXT_MAX, "%s:%d", address, ntohs(in->sin_port));
    }
}
