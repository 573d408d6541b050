/* A private redis-server without persistence, its CPU, and the plain writes that ingest is compared with. */
#ifndef BENCH_LINE_REDIS_H
#define BENCH_LINE_REDIS_H

#include <hiredis/hiredis.h>
#include <sys/types.h>

#include "mentiond/error.h"
#include "mentiond/str.h"

struct bench_redis {
    pid_t pid;
    char socket[128];
    redisContext *plain; /* owned: a connection of its own, with hiredis' blocking calls */
};

/* In an empty folder of the caller; ends with its parent. */
int bench_redis_start(struct bench_redis *server, const char *folder, struct error *err);
void bench_redis_stop(struct bench_redis *server);

/* User and system time that the server has used; -1 when it does not say. */
int64_t bench_redis_cpu_ns(struct bench_redis *server);

/* SET <prefix><i> <value> for each, as one pipeline. False on any error. */
bool bench_redis_set_all(struct bench_redis *server, const char *prefix, const struct str *values, size_t n);

#endif
