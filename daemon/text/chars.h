/* What a character means to rules. Internal to text/. */
#ifndef MENTIOND_TEXT_CHARS_H
#define MENTIOND_TEXT_CHARS_H

#include "mentiond/str.h"

enum char_kind {
    CHAR_SEPARATOR,
    CHAR_WORD,
    CHAR_UPPER,      /* a word character in upper case */
    CHAR_APOSTROPHE, /* of any shape */
    CHAR_SYMBOL,     /* a token of its own: emoji, currency signs, ? and ! */
    CHAR_STOP,       /* a full stop */
    CHAR_BREAK,      /* line breaks */
    CHAR_IGNORED,    /* zero-width characters, variation selectors, skin tones */
};

enum char_kind char_kind(uint32_t c);
bool char_is_mark(uint32_t c); /* belongs to the character before it */

/* Typographic quotes, dashes, spaces and full-width letters in their plain form; others
 * themselves. */
uint32_t char_plain(uint32_t c);

#endif
