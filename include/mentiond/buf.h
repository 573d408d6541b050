/* The one growing buffer. Its limit is given at birth, so no peer can make it grow without bound.
 * A failed append empties the buffer and marks it; it stays harmless and every later append fails
 * too, so one check at the end is enough. */
#ifndef MENTIOND_BUF_H
#define MENTIOND_BUF_H

#include <stdbool.h>
#include <stdint.h>

#include "mentiond/str.h"

struct buf {
    char *data;     /* owned, NUL-terminated when not NULL */
    size_t len;     /* bytes, without the NUL */
    size_t cap;     /* bytes allocated */
    size_t max_len; /* limit for len */
    bool failed;    /* out of memory or over the limit */
};

#define BUF_INIT(limit) ((struct buf){.max_len = (limit)})

void buf_init(struct buf *b, size_t max_len);
void buf_finish(struct buf *b);
void buf_reset(struct buf *b); /* empty and not failed; keeps the memory */

/* Each returns false, and leaves the buffer empty and failed, over the limit or out of memory. */
bool buf_append(struct buf *b, const void *data, size_t len);
bool buf_append_str(struct buf *b, struct str text);
bool buf_append_char(struct buf *b, char c);
bool buf_append_i64(struct buf *b, int64_t number);
bool buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool buf_append_utf8(struct buf *b, uint32_t codepoint);

/* `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD; control
 * characters, U+2028 and U+2029 are escaped. */
bool buf_append_json(struct buf *b, struct str text);

/* "name":"value" of a JSON object, with a comma before it unless the object has just been opened. */
bool buf_append_json_field(struct buf *b, struct str name, struct str value);

/* What is in it: borrowed until the next change. */
static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->data ? b->data : "", b->len};
}

/* Hands the NUL-terminated memory to the caller, who frees it; NULL when failed. The buffer is empty
 * afterwards. */
char *buf_take(struct buf *b);

#endif
