/* hiredis' reply parser with limits. */
#ifndef NET_REDIS_READER_H
#define NET_REDIS_READER_H

#include <hiredis/hiredis.h>

#include "mentiond/error.h"

#define REDIS_REPLY_ELEMENTS_MAX 1000000 /* of one reply, over all its arrays */

#if HIREDIS_MAJOR >= 1
typedef size_t redis_array_len;
#else
typedef int redis_array_len;
#endif

/* Must not move between init and finish. */
struct redis_reader {
    redisReader *reader;                 /* owned */
    redisReplyObjectFunctions functions; /* hiredis' own, but for a counting createArray */
    void *(*create_array)(const redisReadTask *task, redis_array_len elements); /* hiredis' own */
    size_t reply_bytes; /* fed for the reply that is not yet complete */
    size_t reply_elements;
    size_t reply_bytes_max;
};

int redis_reader_init(struct redis_reader *r, size_t reply_bytes_max, struct error *err);
void redis_reader_finish(struct redis_reader *r);

/* Feed a piece of at most 64 KiB, then take replies until *ret_reply is NULL. -EFBIG: a reply is
 * over a limit; -EPROTO: this is not Redis' protocol. After an error the reader is good for nothing
 * but redis_reader_finish(). */
int redis_reader_feed(struct redis_reader *r, const char *data, size_t len, struct error *err);
int redis_reader_take(struct redis_reader *r, struct redisReply **ret_reply, struct error *err);

#endif
