/* Text as people and networks write it, made fit for rules. Pure functions. */
#ifndef MENTIOND_TEXT_H
#define MENTIOND_TEXT_H

#include "mentiond/arena.h"
#include "mentiond/buf.h"
#include "mentiond/str.h"

#define TEXT_JUDGED_MAX (8 * 1024) /* bytes of a text that rules look at */

/* HTML of a post to plain text: tags dropped, </p><p> a blank line, <br> and block ends newlines, script, style
 * and comments dropped whole, entities decoded once (named, decimal, hexadecimal; bad ones stay).
 * With `href`, a link whose text is its shortened address is replaced by its href. Never fails but by
 * memory or the buffer's limit; any bytes are fine. */
bool text_from_html(struct str html, struct buf *ret_text);

/* Entities only. */
bool text_unescape(struct str text, struct buf *ret_text);

/* A normalised text and the way back. normal: lower case, width and compatibility folded, quotes and dashes
 * plain, zero-width and variation selectors gone, runs of 3+ equal letters cut to 2, non-word
 * characters one space each run; begins and ends with a space, so that a phrase is the literal " phrase ". */
struct text_normal {
    struct str normal;
    const uint32_t *offsets; /* normal.len + 1: byte offset in the original for each byte of normal */
};

/* Into the arena; looks at no more than TEXT_JUDGED_MAX bytes of text (cut on a character). */
int text_normalise(struct str text, struct arena *arena, struct text_normal *ret);

/* The bytes [start, end) of the original that the bytes [start, end) of normal came from. */
void text_original_span(const struct text_normal *n, size_t start, size_t end, uint32_t *ret_start,
                        uint32_t *ret_end);

bool text_is_utf8(struct str text);

/* For terminals: control characters, escapes, bidi overrides and line breaks made harmless (shown as
 * "\x1b", U+FFFD or a space). Appends to out. */
bool text_for_terminal(struct str text, struct buf *out);

/* Columns that a terminal needs for it (wide characters 2, combining 0). */
size_t text_width(struct str text);

/* A BCP 47 tag of what the text is written in, "und" when unsure; a small stop-word and script detector. */
struct str text_language(struct str text);

#endif
