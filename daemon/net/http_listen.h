/* Where the HTTP server listens: the text of the configuration as an address. */
#ifndef MENTIOND_NET_HTTP_LISTEN_H
#define MENTIOND_NET_HTTP_LISTEN_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "mentiond/error.h"
#include "mentiond/str.h"

struct http_listen {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_storage storage;
    } address;
    socklen_t len;
};

#define HTTP_LISTEN_TEXT_MAX 128

/* -EINVAL: none of the forms in mentiond/http_server.h. */
int http_listen_parse(struct str text, struct http_listen *ret, struct error *err);
/* A socket left behind by a daemon that was killed is removed; -EADDRINUSE if somebody answers on it. */
int http_listen_clear(const struct http_listen *where, struct error *err);
/* "127.0.0.1:8377", "unix:/path" */
void http_listen_format(const struct http_listen *where, char text[HTTP_LISTEN_TEXT_MAX]);

#endif
