/* redis-server as a child, spoken to with plain hiredis. */
#include "bench_line_redis.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_LOOKS_MAX 500
#define LOOK_NS (10 * 1000 * 1000)

static bool connect_once(struct bench_redis *server)
{
    redisReply *reply;
    bool up;

    server->plain = redisConnectUnix(server->socket);
    if (!server->plain || server->plain->err) {
        redisFree(server->plain);
        server->plain = NULL;
        return false;
    }
    reply = redisCommand(server->plain, "PING");
    up = reply && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return up;
}

int bench_redis_start(struct bench_redis *server, const char *folder, struct error *err)
{
    pid_t parent = getpid();

    snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", folder);
    server->pid = fork();
    if (server->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket, "--dir",
                   folder, "--save", "", "--appendonly", "no", "--logfile", "/dev/null", (char *)NULL);
        _exit(127);
    }
    if (server->pid < 0)
        return error_errno(err, errno, "fork");
    for (int i = 0; i < START_LOOKS_MAX; i++) {
        if (connect_once(server))
            return 0;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
            server->pid = 0;
            return error_set(err, -ECHILD, "redis-server ended at once: is it installed?");
        }
        nanosleep(&(struct timespec){0, LOOK_NS}, NULL);
    }
    return error_set(err, -ETIMEDOUT, "redis-server does not answer on %s", server->socket);
}

void bench_redis_stop(struct bench_redis *server)
{
    if (server->plain)
        redisFree(server->plain);
    server->plain = NULL;
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        unlink(server->socket);
    }
    server->pid = 0;
}

static double info_seconds(const char *info, const char *field)
{
    const char *at = strstr(info, field);

    return at ? strtod(at + strlen(field), NULL) : 0;
}

int64_t bench_redis_cpu_ns(struct bench_redis *server)
{
    redisReply *reply = redisCommand(server->plain, "INFO cpu");
    int64_t ns = -1;

    if (reply && reply->type == REDIS_REPLY_STRING)
        ns = (int64_t)(1e9 * (info_seconds(reply->str, "used_cpu_sys:") +
                              info_seconds(reply->str, "used_cpu_user:")));
    freeReplyObject(reply);
    return ns;
}

bool bench_redis_set_all(struct bench_redis *server, const char *prefix, const struct str *values, size_t n)
{
    bool ok = true;

    for (size_t i = 0; i < n; i++)
        redisAppendCommand(server->plain, "SET %s%u %b", prefix, (unsigned)i, values[i].s, values[i].len);
    for (size_t i = 0; i < n; i++) {
        void *reply = NULL;

        ok = redisGetReply(server->plain, &reply) == REDIS_OK &&
             ((redisReply *)reply)->type == REDIS_REPLY_STATUS && ok;
        freeReplyObject(reply);
    }
    return ok;
}
