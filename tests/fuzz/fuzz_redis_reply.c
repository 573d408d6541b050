/* Whatever a server sends, in whatever pieces: replies or an error, within the limits. The first
 * byte says how large the pieces are. */
#include <stddef.h>
#include <stdint.h>

#include "net/redis_reader.h"

#define REPLY_BYTES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct redis_reader reader;
    struct redisReply *reply = NULL;
    struct error err = {0};
    size_t piece = size > 0 ? (size_t)data[0] + 1 : 1;
    int r = redis_reader_init(&reader, REPLY_BYTES_MAX, &err);

    for (size_t at = 1; r == 0 && at < size; at += piece) {
        size_t len = size - at < piece ? size - at : piece;

        r = redis_reader_feed(&reader, (const char *)data + at, len, &err);
        while (r == 0 && (r = redis_reader_take(&reader, &reply, &err)) == 0 && reply)
            freeReplyObject(reply);
    }
    redis_reader_finish(&reader);
    return 0;
}
