/* Text as people and networks write it, made fit for rules. Pure functions. */
#ifndef MENTIOND_TEXT_H
#define MENTIOND_TEXT_H

#include "mentiond/arena.h"
#include "mentiond/buf.h"
#include "mentiond/str.h"

#define TEXT_JUDGED_MAX (8 * 1024) /* bytes of a text that rules look at */
#define TEXT_PADDING 64

typedef uint16_t text_offset; /* a byte of what is judged, or its end */

/* HTML of a post to plain text: tags dropped, </p><p> a blank line, <br> and block ends
 * newlines, script, style and comments dropped whole, entities decoded once (named, decimal,
 * hexadecimal; bad ones stay). A link whose text is its own address cut short
 * ("example.org/a-lo...") is replaced by its href. Appends; never fails but by memory or the
 * buffer's limit; any bytes are fine. */
bool text_from_html(struct str html, struct buf *ret_text);

/* Entities only. */
bool text_unescape(struct str text, struct buf *ret_text);

/* A text in the two forms that rules look at, and the ways back to its bytes.
 *
 * `normal` is for phrases: lower case, width and compatibility folded (NFKC), invisible
 * characters gone, words separated by exactly one space, one space at each end, so that a
 * phrase is the literal " phrase ". Besides words there are as tokens of their own: emoji,
 * currency signs, "?" and "!" (a row of the same is one), and "\n" between sentences. Runs of
 * 3 and more equal letters are cut to 2, at the end of a word to 1 but for l, s and f.
 * Contractions are unfolded (isn't, isnt: is not; can't, cannot: can not; acme's: acme).
 * Camel-case hashtags are split; web addresses are left out.
 *
 * `plain` is for regexes: the text as written, but with plain quotes, dashes, spaces and
 * widths, without invisible characters, and always valid UTF-8. */
struct text_normal {
    struct str original;     /* what was looked at: borrowed, cut to TEXT_JUDGED_MAX */
    struct str normal;       /* TEXT_PADDING zero bytes follow it */
    const text_offset *offsets; /* normal.len + 1: where in the original each byte began */
    struct str plain;
    const text_offset *plain_offsets; /* the same for plain; NULL: plain is the original */
    const uint32_t *breaks;  /* where in the original each sentence but the first begins */
    uint32_t n_breaks;
};

/* Into the arena; looks at no more than TEXT_JUDGED_MAX bytes of text (cut on a character).
 * Any bytes are fine. Errors: -ENOMEM. */
int text_normalise(struct str text, struct arena *arena, struct text_normal *ret);

#define TEXT_KEEP_LINKS (1u << 0) /* words of web addresses too */
int text_normalise_with(struct str text, unsigned flags, struct arena *arena,
                        struct text_normal *ret);

/* The bytes of the original that the bytes [start, end) of normal, or of plain, came from. */
void text_original_span(const struct text_normal *n, size_t start, size_t end, uint32_t *ret_start,
                        uint32_t *ret_end);
void text_plain_span(const struct text_normal *n, size_t start, size_t end, uint32_t *ret_start,
                     uint32_t *ret_end);

/* Which sentence (from 0) the byte `at` of the original belongs to. */
uint32_t text_sentence(const struct text_normal *n, uint32_t at);

bool text_is_utf8(struct str text);

/* For terminals: control characters, escapes, bidi overrides and line breaks made harmless
 * (shown as "\x1b", U+FFFD or a space). Appends to out. */
bool text_for_terminal(struct str text, struct buf *out);

/* Columns that a terminal needs for it (wide characters 2, combining 0). */
size_t text_width(struct str text);

/* A BCP 47 tag of what the text is written in, "und" when unsure; a small stop-word and script
 * detector. */
struct str text_language(struct str text);

#endif
