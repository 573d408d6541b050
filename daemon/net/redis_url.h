/* Where a Redis is, taken apart from its URL. */
#ifndef NET_REDIS_URL_H
#define NET_REDIS_URL_H

#include <stdbool.h>

#include "mentiond/error.h"
#include "mentiond/str.h"

#define REDIS_URL_MAX 4096 /* bytes */
#define REDIS_DB_MAX 1000000
#define REDIS_PORT_DEFAULT "6379"

struct redis_address {
    bool is_unix, is_tls;
    char *host, *port;         /* owned; NULL for unix; a v6 address without its brackets */
    char *path;                /* owned; unix only */
    char *username, *password; /* owned, percent-decoded; NULL: none */
    int db;                    /* 0: the default, no SELECT is sent */
    char *name;                /* owned; the URL without user and password: for messages */
};

/* redis://[user[:password]@]host[:port][/db], rediss://…, unix:///path[?db=N]. `redis://:pw@host`
 * has a password and no user, `redis://user@host` a user and no password. -EINVAL says what is
 * wrong with it, never quoting what may be a secret. */
int redis_address_parse(struct str url, struct redis_address *ret_address, struct error *err);
void redis_address_finish(struct redis_address *address);

#endif
