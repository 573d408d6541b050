/* JSON lines as mentions: what files hold and programs print. */
#ifndef MENTIOND_SOURCES_LINES_H
#define MENTIOND_SOURCES_LINES_H

#include "sources/driver.h"

struct line_options {
    struct str network; /* of lines that name none */
    int64_t base_ms;    /* what "ago" counts back from */
    int64_t shift_ms;   /* added to times given as such */
};

enum line_kind {
    LINE_MENTION, /* one mention was added to the page */
    LINE_CURSOR,  /* {"cursor": "…"} without an id */
    LINE_EMPTY,   /* only white space */
    LINE_FULL,    /* a mention, but the page has no room left */
};

/* Reads one line. Errors (-EBADMSG, -EINVAL: not JSON, no object, no id or text; -ENOMEM) leave the
 * page as it was. *ret_cursor is set for LINE_CURSOR. */
int line_read(const struct parsing *p, struct str line, const struct line_options *options,
              enum line_kind *ret_kind, struct str *ret_cursor, struct error *err);

/* Only when the line says it was written (not by "ago"), unshifted; 0 if it does not say. */
int64_t line_created_ms(const struct parsing *p, struct str line);

/* A time as people and programs write it: ISO 8601, seconds, milliseconds, digits in a string. 0:
 * none. */
int64_t line_time_ms(const json_t *value);

#endif
