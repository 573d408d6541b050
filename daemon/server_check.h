/* Is this Redis one that we may trust mentions to? Asked once, at the first connection. */
#ifndef MENTIOND_SERVER_CHECK_H
#define MENTIOND_SERVER_CHECK_H

#include "mentiond/redis.h"

/* Called once: `err` NULL when the server will do; otherwise what is wrong and what to change. */
typedef void server_check_fn(void *user, const struct error *err);
void server_check(struct redis *redis, server_check_fn *done, void *user);

/* The judgement on INFO's text; for tests. */
int server_check_info(struct str info, struct error *err);

#endif
