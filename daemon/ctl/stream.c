/* Reading a stream with short blocking reads, so that events come at once and nothing spins. The
 * position is compared with the trimming mark at each read, because XREAD says nothing about
 * entries that are gone. */
#include "stream.h"

#include <errno.h>
#include <stdio.h>

#include "mentiond/clock.h"

#define READ_COUNT "200"
#define FIELDS_MAX 128
#define BLOCK_MAX_MS 1000 /* of one read; well below the client's deadline */
#define ANSWER_MS 10000

static struct str reply_str(const struct redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)
        return (struct str){NULL, 0};
    return (struct str){reply->str, reply->len};
}

static void make_key(const struct session *s, const char *tail, char *ret_key, size_t size)
{
    snprintf(ret_key, size, "%.*s:{%.*s}%s", STR_FMT(s->name_space), STR_FMT(s->brand), tail);
}

static void take_entry(struct stream *stream, const struct redisReply *entry)
{
    struct str fields[FIELDS_MAX];
    const struct redisReply *list;
    size_t n = 0;

    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 ||
        entry->element[1]->type != REDIS_REPLY_ARRAY)
        return;
    list = entry->element[1];
    while (n < list->elements && n < FIELDS_MAX) {
        fields[n] = reply_str(list->element[n]);
        n++;
    }
    snprintf(stream->position, sizeof(stream->position), "%.*s",
             STR_FMT(reply_str(entry->element[0])));
    stream->n_entries++;
    if (stream->on_entry)
        stream->on_entry(stream->user, reply_str(entry->element[0]), fields, n);
}

/* [[key, [entry...]]], or nil when nothing came. */
static void on_read(void *user, const struct redisReply *reply, const struct error *err)
{
    struct stream *stream = user;
    const struct redisReply *entries;

    stream->busy = false;
    event_base_loopbreak(stream->session->base);
    if (!reply)
        stream->failed = *err;
    else if (reply->type == REDIS_REPLY_ERROR)
        error_set(&stream->failed, -EPROTO, "%.*s", (int)reply->len, reply->str);
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
        reply->element[0]->type != REDIS_REPLY_ARRAY || reply->element[0]->elements != 2)
        return;
    entries = reply->element[0]->element[1];
    for (size_t i = 0; entries->type == REDIS_REPLY_ARRAY && i < entries->elements; i++)
        take_entry(stream, entries->element[i]);
}

/* "<ms>-<n>" before "<ms>-<n>". */
static bool is_before(const char *position, struct str mark)
{
    int64_t ms[2] = {0}, n[2] = {0};
    struct str both[2] = {str_from(position), mark};

    for (size_t i = 0; i < 2; i++) {
        struct str rest, first = str_split(both[i], '-', &rest);

        if (!str_to_i64(first, 0, INT64_MAX, &ms[i]))
            return false;
        str_to_i64(rest, 0, INT64_MAX, &n[i]);
    }
    return ms[0] < ms[1] || (ms[0] == ms[1] && n[0] < n[1]);
}

static void on_mark(void *user, const struct redisReply *reply, const struct error *err)
{
    struct stream *stream = user;

    (void)err;
    if (reply && reply->type == REDIS_REPLY_STRING && is_before(stream->position, reply_str(reply)))
        stream->passed_over = true;
}

static int ask_mark(struct stream *stream, struct error *err)
{
    char key[512];
    struct str argv[3] = {STR("HGET"), {0}, STR("trimmed")};

    make_key(stream->session, "", key, sizeof(key));
    argv[1] = str_from(key);
    return redis_command(stream->session->redis, REDIS_KEEP, ARRAY_LEN(argv), argv, on_mark, stream,
                         err);
}

int stream_read(struct stream *stream, int64_t wait_ms, struct error *err)
{
    int64_t deadline_ms = clock_monotonic_ms() + ANSWER_MS + BLOCK_MAX_MS;
    char key[512], block[24], position[STREAM_ID_MAX];
    struct str argv[] = {
        STR("XREAD"), STR("COUNT"), STR(READ_COUNT), STR("BLOCK"), {0}, STR("STREAMS"), {0}, {0}};
    int r;

    if (wait_ms > BLOCK_MAX_MS || wait_ms <= 0)
        wait_ms = BLOCK_MAX_MS;
    snprintf(block, sizeof(block), "%lld", (long long)wait_ms);
    memcpy(position, stream->position, sizeof(position));
    make_key(stream->session, ":events", key, sizeof(key));
    argv[4] = str_from(block);
    argv[6] = str_from(key);
    argv[7] = str_from(position);
    stream->failed.code = 0;
    r = ask_mark(stream, err);
    if (r == 0)
        r = redis_command(stream->session->redis, REDIS_KEEP, ARRAY_LEN(argv), argv, on_read,
                          stream, err);
    if (r < 0)
        return r;
    stream->busy = true;
    while (stream->busy && session_run(stream->session, deadline_ms))
        ;
    if (stream->busy && !stream->session->interrupted)
        return error_set(err, -ETIMEDOUT, "reading events from %s: no answer",
                         stream->session->where);
    if (stream->failed.code)
        return error_set(err, stream->failed.code, "reading events from %s: %s",
                         stream->session->where, stream->failed.text);
    return 0;
}

static int find_end(struct stream *stream, struct error *err)
{
    struct str argv[] = {STR("XREVRANGE"), {0}, STR("+"), STR("-"), STR("COUNT"), STR("1")};
    struct redisReply *reply = NULL;
    char key[512];
    int r;

    make_key(stream->session, ":events", key, sizeof(key));
    argv[1] = str_from(key);
    r = redis_command_wait(stream->session->redis, ARRAY_LEN(argv), argv, ANSWER_MS, &reply, err);
    if (r < 0)
        return error_prefix(err, r, "reading events from %s", stream->session->where);
    if (reply->type == REDIS_REPLY_ERROR)
        r = error_set(err, -EPROTO, "reading events from %s: %.*s", stream->session->where,
                      (int)reply->len, reply->str);
    else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
             reply->element[0]->type == REDIS_REPLY_ARRAY && reply->element[0]->elements == 2)
        snprintf(stream->position, sizeof(stream->position), "%.*s",
                 STR_FMT(reply_str(reply->element[0]->element[0])));
    freeReplyObject(reply);
    return r;
}

struct stream *stream_open(struct session *session, const char *since, struct error *err)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    if (!stream) {
        error_oom(err);
        return NULL;
    }
    session->stream = stream;
    stream->session = session;
    snprintf(stream->position, sizeof(stream->position), "%s", since ? since : "0-0");
    return since || find_end(stream, err) == 0 ? stream : NULL;
}
