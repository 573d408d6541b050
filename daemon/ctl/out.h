/* What is printed: a buffer with a terminal's manners. Text by strangers (posts, names, the
 * server's words) goes through out_text(), which makes it harmless; everything else is our own. */
#ifndef CTL_OUT_H
#define CTL_OUT_H

#include "mentiond/buf.h"
#include "mentiond/error.h"

#define OUT_MAX (64 * 1024 * 1024) /* bytes of one answer */
#define OUT_WIDTH_MIN 20

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_HIT, STYLE_ALARM, STYLE_WARN, STYLE_GOOD };
enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct out {
    struct buf buf;
    int fd;
    bool tty;
    bool color;
    size_t width; /* columns to fit into; 0: no limit, because nobody looks at a pipe's edge */
};

void out_init(struct out *out, int fd, enum color_mode color);
void out_finish(struct out *out);

void out_printf(struct out *out, const char *fmt, ...) PRINTF_LIKE(2, 3); /* our own words only */
void out_text(struct out *out, struct str text);
void out_styled(struct out *out, enum style style, struct str text); /* as out_text(), in a style */
void out_style(struct out *out, enum style style); /* from here on; STYLE_PLAIN ends it */

/* One JSON value and a newline. What JSON may hold raw but a terminal obeys (C1 controls, bidi
 * overrides, DEL) is written as \uXXXX, so the value stays the same. */
void out_json(struct out *out, struct str json);

struct span {
    size_t start, end; /* bytes, end exclusive */
};

/* A post: paragraphs wrapped to the width behind `indent` columns, `marks` (sorted, disjoint) in
 * STYLE_HIT. Marks outside of the text are ignored. The label stands in the first line's indent. */
void out_post(struct out *out, const char *label, size_t indent, struct str text,
              const struct span *marks, size_t n_marks);

/* Writes and empties the buffer. A reader that has gone away ends the program as SIGPIPE would. */
int out_flush(struct out *out, struct error *err);

/* Ends the program as SIGPIPE would if nobody can read the output any more: for verbs that wait. */
void out_check_reader(const struct out *out);

/* As many columns of `text` as fit `width`, with "…" at the end if that was not all; appended to
 * ret. `text` must be harmless already. Returns the columns used. */
size_t out_fit(struct str text, size_t width, struct buf *ret);

#endif
