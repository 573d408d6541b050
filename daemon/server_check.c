/* The server must be of version 7 (functions) and must not throw mentions away when its memory is full. A
 * connection lost while we ask is no verdict: the next connection asks again. */
#include "server_check.h"

#include <errno.h>

#include "mentiond/base.h"

#define REDIS_MAJOR_MIN 7

struct question {
    server_check_fn *done;
    void *user;
};

/* The value of a line "key:value\r\n" of INFO. */
static struct str info_value(struct str info, struct str key)
{
    while (info.len) {
        struct str line = str_trim(str_split(info, '\n', &info)), value;

        if (str_eq(str_split(line, ':', &value), key))
            return value;
    }
    return (struct str){NULL, 0};
}

int server_check_info(struct str info, struct error *err)
{
    struct str version = info_value(info, STR("redis_version"));
    struct str policy = info_value(info, STR("maxmemory_policy"));
    struct str rest;
    int64_t major;

    if (!str_to_i64(str_split(version, '.', &rest), 0, 10000, &major))
        return error_set(err, -EPROTO, "redis: INFO does not tell the server's version");
    if (major < REDIS_MAJOR_MIN)
        return error_set(err, -ENOTSUP, "redis: the server is version %.*s, functions need 7.0 or later",
                         STR_FMT(version));
    if (policy.len && !str_eq(policy, STR("noeviction")))
        return error_set(err, -EPERM,
                         "redis: maxmemory-policy is '%.*s': the server would throw mentions away when "
                         "its memory is full; set it to noeviction",
                         STR_FMT(policy));
    return 0;
}

static void on_info(void *user, const struct redisReply *reply, const struct error *err)
{
    CLEANUP(free_p) struct question *question = user;
    struct error why = {0};

    if (!reply) {
        (void)err;
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR)
        error_set(&why, -EPERM, "redis: INFO: %s", reply->str);
    else
        server_check_info((struct str){reply->str, reply->len}, &why);
    question->done(question->user, why.code < 0 ? &why : NULL);
}

void server_check(struct redis *redis, server_check_fn *done, void *user)
{
    const struct str info[] = {STR("INFO")};
    struct question *question = malloc(sizeof(*question));
    struct error err = {0};

    if (!question) {
        error_oom(&err);
        done(user, &err);
        return;
    }
    *question = (struct question){done, user};
    if (redis_command(redis, 0, ARRAY_LEN(info), info, on_info, question, &err) < 0) {
        free(question);
        done(user, &err);
    }
}
