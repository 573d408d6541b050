/* Bytes as text and back: base64 (RFC 4648) and hexadecimal digits. Results in an arena are "" when it is
 * out of memory (arena.failed says so). */
#ifndef MENTIOND_CODEC_H
#define MENTIOND_CODEC_H

#include "mentiond/arena.h"
#include "mentiond/buf.h"

/* With padding. */
void base64_append(struct buf *b, struct str bytes);
struct str base64_encode(struct str bytes, struct arena *arena);

/* The alphabet for URLs, without padding. */
void base64url_append(struct buf *b, struct str bytes);

/* What `text` stands for, in the arena. False, *ret untouched, when it is not base64 to the letter: other
 * characters, a wrong length or padding, nothing at all; and when out of memory. */
bool base64_decode(struct str text, struct arena *arena, struct str *ret);

/* The same of what others wrapped or cut off: any other character is passed over. */
struct str base64_decode_loose(struct str text, struct arena *arena);

/* Two lower-case digits a byte. */
struct str hex_encode(struct str bytes, struct arena *arena);

/* The value of one hexadecimal digit of either case, or -1. */
int hex_value(char c);

#endif
