/* The limits that hiredis' parser lacks.
 *
 * hiredis believes what a server announces: it allocates an array of the announced length and reads
 * for as long as the reply goes on. Here a reply ends the connection when it has more than
 * reply_bytes_max bytes, or more than REDIS_REPLY_ELEMENTS_MAX elements in all its arrays (16 bytes
 * on the wire become 60 in memory, so bytes alone are no limit). The array limit works before
 * hiredis allocates: createArray is called with the announced length. */
#include "redis_reader.h"

#include <errno.h>
#include <string.h>

static void *create_array_limited(const redisReadTask *task, redis_array_len elements)
{
    struct redis_reader *r = task->privdata;

    if (elements > 0)
        r->reply_elements += (size_t)elements;
    if (r->reply_elements > REDIS_REPLY_ELEMENTS_MAX)
        return NULL;
    return r->create_array(task, elements);
}

int redis_reader_init(struct redis_reader *r, size_t reply_bytes_max, struct error *err)
{
    *r = (struct redis_reader){.reply_bytes_max = reply_bytes_max};
    r->reader = redisReaderCreate();
    if (!r->reader)
        return error_oom(err);
    r->functions = *r->reader->fn;
    r->create_array = r->functions.createArray;
    r->functions.createArray = create_array_limited;
    r->reader->fn = &r->functions;
    r->reader->privdata = r;
    return 0;
}

void redis_reader_finish(struct redis_reader *r)
{
    if (!r)
        return;
    if (r->reader)
        redisReaderFree(r->reader);
    r->reader = NULL;
}

int redis_reader_feed(struct redis_reader *r, const char *data, size_t len, struct error *err)
{
    if (redisReaderFeed(r->reader, data, len) != REDIS_OK)
        return error_oom(err);
    r->reply_bytes += len;
    return 0;
}

static int reader_failed(const struct redis_reader *r, struct error *err)
{
    if (r->reply_elements > REDIS_REPLY_ELEMENTS_MAX)
        return error_set(err, -EFBIG, "a reply has over %d elements", REDIS_REPLY_ELEMENTS_MAX);
    if (r->reader->err == REDIS_ERR_OOM)
        return error_oom(err);
    return error_set(err, -EPROTO, "what came is not Redis' protocol: %s", r->reader->errstr);
}

int redis_reader_take(struct redis_reader *r, struct redisReply **ret_reply, struct error *err)
{
    void *reply = NULL;

    if (redisReaderGetReply(r->reader, &reply) != REDIS_OK)
        return reader_failed(r, err);
    if (reply) {
        r->reply_bytes = r->reader->len - r->reader->pos;
        r->reply_elements = 0;
    } else if (r->reply_bytes > r->reply_bytes_max) {
        return error_set(err, -EFBIG, "a reply is over %zu bytes", r->reply_bytes_max);
    }
    *ret_reply = reply;
    return 0;
}
