/* Markdown of posts to plain text. */
#ifndef MENTIOND_SOURCES_MARKDOWN_H
#define MENTIOND_SOURCES_MARKDOWN_H

#include "mentiond/arena.h"

/* What the author said: quoted lines ("> "), [quote]…[/quote] of forums, fenced code, HTML comments and
 * <details> are dropped, as they are others' words, logs or the form's own text; the rest stays as
 * written. "" if nothing is left or the arena is full. Any bytes are fine; linear in time. */
struct str markdown_to_text(struct str markdown, struct arena *arena);

#endif
