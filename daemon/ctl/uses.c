/* Reading what daemons say of rules: two sorted sets and a hash, each at once, for they are no longer than
 * the packs are. */
#include "uses.h"

#include <errno.h>
#include <stdio.h>

#include "session.h"

static int64_t number_of(const struct redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : 0;
}

/* Names and numbers by turns. */
static json_t *pairs_read(const struct redisReply *reply)
{
    json_t *pairs = json_object();

    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const struct redisReply *name = reply->element[i];
        if (name->type == REDIS_REPLY_STRING)
            json_object_setn_new(pairs, name->str, name->len, json_integer(number_of(reply->element[i + 1])));
    }
    return pairs;
}

static int pairs_fetch(struct session *s, const char *key, size_t argc, struct str *argv, json_t **ret,
                       struct error *err)
{
    struct redisReply *reply = NULL;
    char name[256];
    int r;

    snprintf(name, sizeof(name), "%.*s:{@ops}:rules:%s", STR_FMT(s->name_space), key);
    argv[1] = str_from(name);
    r = redis_command_wait(s->redis, argc, argv, SESSION_CALL_MS, &reply, err);
    if (r < 0)
        return error_prefix(err, r, "asking %s for what rules did", s->where);
    if (reply->type == REDIS_REPLY_ARRAY)
        *ret = pairs_read(reply);
    else
        r = error_set(err, -EPROTO, "asking %s for what rules did: %.*s", s->where, (int)reply->len,
                      reply->str ? reply->str : "an answer of the wrong kind");
    freeReplyObject(reply);
    return r;
}

int uses_fetch(struct uses *uses, struct ctl *ctl, struct error *err)
{
    struct str range[] = {STR("ZRANGE"), {0}, STR("0"), STR("-1"), STR("WITHSCORES")};
    struct str hash[] = {STR("HGETALL"), {0}};
    struct session *s = ctl->session;
    int r;

    *uses = (struct uses){0};
    r = pairs_fetch(s, "known", ARRAY_LEN(range), range, &uses->known, err);
    if (r == 0)
        r = pairs_fetch(s, "fired", ARRAY_LEN(range), range, &uses->fired, err);
    if (r == 0)
        r = pairs_fetch(s, "limited", ARRAY_LEN(hash), hash, &uses->limited, err);
    return r;
}

void uses_finish(struct uses *uses)
{
    json_decref(uses->known);
    json_decref(uses->fired);
    json_decref(uses->limited);
}

int64_t uses_number(const json_t *of, struct str rule)
{
    return json_integer_value(json_object_getn(of, rule.s, rule.len));
}
