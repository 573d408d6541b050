/* The two lines under a message: the line of the file, and a caret below the place. */
#ifndef MENTIOND_CONFIG_EXCERPT_H
#define MENTIOND_CONFIG_EXCERPT_H

#include "mentiond/buf.h"
#include "mentiond/config.h"

/* Characters of a line that are shown; a longer one is cut around the place. */
#define EXCERPT_COLUMNS 100

/* Appends "\n  14 |     interval: 5s\n     |               ^~"; nothing for line 0 or a line that
 * does not exist. */
void excerpt_append(struct buf *out, const struct config_doc *doc, struct config_mark mark);

/* `text` with whatever a terminal might obey (controls, format characters, bytes that are not
 * UTF-8) as U+FFFD, and without the user and password of a URL. */
void excerpt_append_harmless(struct buf *out, struct str text);

/* Bytes of the line break at text[at], 0 if there is none. YAML breaks lines at CR, LF, CRLF, NEL,
 * LS, PS. */
size_t excerpt_break_len(struct str text, size_t at);

#endif
