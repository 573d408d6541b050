/* Standard input or a file, line by line, for filters that may sit in the middle of a live pipe. */
#ifndef CTL_LINES_H
#define CTL_LINES_H

#include <stdbool.h>

#include "mentiond/buf.h"
#include "mentiond/error.h"

#define LINE_MAX_BYTES (1024 * 1024)

struct line_taker {
    /* Each line without its end, borrowed for the call; `too_long`: longer than LINE_MAX_BYTES, the
     * text is empty then. A negative return ends the reading. */
    int (*take)(void *user, struct str line, bool too_long, struct error *err);
    /* All whole lines so far have been taken, and more must be waited for. May be NULL. */
    int (*wait)(void *user, struct error *err);
    void *user;
};

/* To the end; `name` is for errors ("standard input"). */
int lines_read(int fd, const char *name, const struct line_taker *taker, struct error *err);

#endif
