/* `sources poll`, `pause` and `resume`: what operators ask of a running daemon, through the hash
 * <ns>:{@ops}:wishes that every daemon reads each second (daemon/poller/desk.c). */
#include <errno.h>
#include <stdio.h>

#include <hiredis/hiredis.h>

#include "mentiond/clock.h"
#include "session.h"

#define GROUP "Looking"

struct wish {
    const char *command, *field; /* HSET or HDEL of "<field>|<brand>/<source>" */
    const char *said;            /* after the source's name */
};

static int ask(struct ctl *ctl, const struct str *argv, size_t argc, int64_t *ret_number, struct error *err)
{
    struct session *s = ctl->session;
    struct redisReply *reply = NULL;
    int r = redis_command_wait(s->redis, argc, argv, SESSION_CALL_MS, &reply, err);

    if (r < 0)
        return error_prefix(err, r, "asking %s", s->where);
    if (reply->type == REDIS_REPLY_INTEGER)
        *ret_number = reply->integer;
    else
        r = error_set(err, -EPROTO, "asking %s: %.*s", s->where, (int)reply->len,
                      reply->str ? reply->str : "an answer of the wrong kind");
    freeReplyObject(reply);
    return r;
}

/* A source that no daemon has ever polled is a mistyped one. */
static int check_known(struct ctl *ctl, struct str name, const char *full_name, struct error *err)
{
    const struct session *s = ctl->session;
    char key[256];
    int64_t known = 0;
    int r;

    snprintf(key, sizeof(key), "%.*s:{@ops}:sources", STR_FMT(s->name_space));
    struct str argv[] = {STR("HEXISTS"), str_from(key), str_from(full_name)};

    r = ask(ctl, argv, ARRAY_LEN(argv), &known, err);
    if (r < 0 || known)
        return r;
    return error_set(err, -ENOENT, "no source '%.*s' of brand '%.*s' has ever been polled", STR_FMT(name),
                     STR_FMT(s->brand));
}

static enum exit_code wish_for(struct ctl *ctl, const struct wish *wish)
{
    struct str name = ctl_word(ctl, 0);
    enum exit_code code = ctl_open(ctl);
    char key[256], field[256], at[24];
    int64_t ignored;
    struct error err;

    if (code != CTL_DONE)
        return code;
    snprintf(field, sizeof(field), "%s|%.*s/%.*s", wish->field, STR_FMT(ctl->session->brand), STR_FMT(name));
    snprintf(key, sizeof(key), "%.*s:{@ops}:wishes", STR_FMT(ctl->session->name_space));
    snprintf(at, sizeof(at), "%lld", (long long)clock_now_ms());
    struct str argv[] = {str_from(wish->command), str_from(key), str_from(field), str_from(at)};

    if (check_known(ctl, name, strchr(field, '|') + 1, &err) < 0 ||
        ask(ctl, argv, strcmp(wish->command, "HSET") == 0 ? 4 : 3, &ignored, &err) < 0)
        return ctl_fail(ctl, &err);
    if (ctl->common.json)
        out_json(&ctl->out, STR("{\"ok\":true}"));
    else
        out_printf(&ctl->out, "%.*s: %s\n", STR_FMT(name), wish->said);
    return CTL_DONE;
}

static enum exit_code run_poll(struct ctl *ctl, const void *opaque)
{
    (void)opaque;
    return wish_for(ctl, &(struct wish){"HSET", "poll", "asked for, within seconds if its budget allows"});
}

static enum exit_code run_pause(struct ctl *ctl, const void *opaque)
{
    (void)opaque;
    return wish_for(ctl, &(struct wish){"HSET", "pause", "paused until it is resumed"});
}

static enum exit_code run_resume(struct ctl *ctl, const void *opaque)
{
    (void)opaque;
    return wish_for(ctl, &(struct wish){"HDEL", "pause", "resumed"});
}

const struct verb verb_sources_poll = {
    .name = "sources poll",
    .group = GROUP,
    .words = "NAME",
    .min_words = 1,
    .max_words = 1,
    .summary = "Poll a source now",
    .help = "Whichever daemon has its account does it within seconds. Rate limits and what the network\n"
            "asked to wait still hold.",
    .run = run_poll,
};

const struct verb verb_sources_pause = {
    .name = "sources pause",
    .group = GROUP,
    .words = "NAME",
    .min_words = 1,
    .max_words = 1,
    .summary = "Stop polling a source, on every daemon, until it is resumed",
    .help = "Nothing is lost: when it is resumed it goes on from where it was, as far as the network\n"
            "still has it. Restarts and reloads do not resume it.",
    .run = run_pause,
};

const struct verb verb_sources_resume = {
    .name = "sources resume",
    .group = GROUP,
    .words = "NAME",
    .min_words = 1,
    .max_words = 1,
    .summary = "Poll a paused source again",
    .run = run_resume,
};
