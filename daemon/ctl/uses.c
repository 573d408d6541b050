/* Reading what daemons say of rules: two sorted sets and a hash, each at once, for they are no longer than
 * the packs are. */
#include "uses.h"

#include <errno.h>
#include <stdio.h>

#include "session.h"

#define KEY_MAX 256

static struct str uses_key(const struct session *s, const char *key, char storage[KEY_MAX])
{
    snprintf(storage, KEY_MAX, "%.*s:{@ops}:rules:%s", STR_FMT(s->name_space), key);
    return str_from(storage);
}

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

static int pairs_fetch(struct session *s, size_t argc, const struct str *argv, json_t **ret,
                       struct error *err)
{
    struct redisReply *reply = NULL;
    int r = redis_command_wait(s->redis, argc, argv, SESSION_CALL_MS, &reply, err);

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

static int scores_fetch(struct session *s, const char *key, json_t **ret, struct error *err)
{
    char name[KEY_MAX];
    const struct str argv[] = {STR("ZRANGE"), uses_key(s, key, name), STR("0"), STR("-1"), STR("WITHSCORES")};

    return pairs_fetch(s, ARRAY_LEN(argv), argv, ret, err);
}

static int counts_fetch(struct session *s, const char *key, json_t **ret, struct error *err)
{
    char name[KEY_MAX];
    const struct str argv[] = {STR("HGETALL"), uses_key(s, key, name)};

    return pairs_fetch(s, ARRAY_LEN(argv), argv, ret, err);
}

int uses_fetch(struct uses *uses, struct ctl *ctl, struct error *err)
{
    struct session *s = ctl->session;
    int r;

    *uses = (struct uses){0};
    r = scores_fetch(s, "known", &uses->known, err);
    if (r == 0)
        r = scores_fetch(s, "fired", &uses->fired, err);
    if (r == 0)
        r = counts_fetch(s, "limited", &uses->limited, err);
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
