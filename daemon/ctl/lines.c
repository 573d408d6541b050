/* Lines out of blocks. A line that is too long costs one answer, never the stream, and never more
 * memory than LINE_MAX_BYTES. */
#include "lines.h"

#include <errno.h>
#include <unistd.h>

#define READ_BYTES (64 * 1024)

struct reading {
    const struct line_taker *taker;
    struct buf pending; /* a line whose end has not been read */
    bool skipping;      /* inside of a line that was too long */
};

static int take(struct reading *r, struct str line, struct error *err)
{
    bool too_long = line.len > LINE_MAX_BYTES;

    return r->taker->take(r->taker->user, too_long ? STR("") : line, too_long, err);
}

/* The end of a line whose beginning came with an earlier block. */
static int end_pending(struct reading *r, struct str rest, struct error *err)
{
    int result;

    if (r->skipping || !buf_append_str(&r->pending, rest))
        result = r->taker->take(r->taker->user, STR(""), true, err);
    else
        result = take(r, buf_str(&r->pending), err);
    r->skipping = false;
    buf_reset(&r->pending);
    return result;
}

static int take_block(struct reading *r, struct str block, struct error *err)
{
    int result = 0;

    while (result == 0 && block.len > 0) {
        const char *newline = memchr(block.s, '\n', block.len);
        size_t len = newline ? (size_t)(newline - block.s) : block.len;
        struct str line = str_slice(block, 0, len);

        if (!newline)
            r->skipping = r->skipping || !buf_append_str(&r->pending, line);
        else if (r->pending.len > 0 || r->skipping)
            result = end_pending(r, line, err);
        else
            result = take(r, line, err);
        block = newline ? str_slice(block, len + 1, block.len) : (struct str){NULL, 0};
    }
    return result;
}

static int read_all(struct reading *r, int fd, const char *name, struct error *err)
{
    char block[READ_BYTES];
    int result = 0;

    while (result == 0) {
        ssize_t n = read(fd, block, sizeof(block));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "reading %s", name);
        if (n == 0)
            break;
        result = take_block(r, (struct str){block, (size_t)n}, err);
        if (result == 0 && r->taker->wait)
            result = r->taker->wait(r->taker->user, err);
    }
    if (result == 0 && (r->pending.len > 0 || r->skipping))
        result = end_pending(r, STR(""), err);
    return result;
}

int lines_read(int fd, const char *name, const struct line_taker *taker, struct error *err)
{
    struct reading r = {.taker = taker, .pending = BUF_INIT(LINE_MAX_BYTES)};
    int result = read_all(&r, fd, name, err);

    buf_finish(&r.pending);
    return result;
}
