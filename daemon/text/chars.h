/* What a character means to rules. Internal to text/.
 *
 * A two-level table, written by make_chars.c when the daemon is built. */
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

/* An entry: a kind, flags, and above CHAR_ENTRY_SHIFT a plain character or a difference. */
#define CHAR_ENTRY_KIND 0x07u
#define CHAR_ENTRY_MARK 0x08u
#define CHAR_ENTRY_PLAIN 0x10u /* another character is its plain form: that one stands above */
#define CHAR_ENTRY_ALONE 0x20u /* folded it is one character: the difference to that stands above */
#define CHAR_ENTRY_SHIFT 8
#define CHAR_END 0x110000u
#define CHAR_BLOCK 128u
#define CHAR_BLOCKS_MAX (CHAR_END / CHAR_BLOCK)

extern const uint16_t char_index[];
extern const uint32_t char_entries[];

/* Anything that is no character (UTF8_BAD) is a separator without flags. */
static inline uint32_t char_entry(uint32_t c)
{
    if (c >= CHAR_END)
        return 0;
    return char_entries[char_index[c / CHAR_BLOCK] * CHAR_BLOCK + c % CHAR_BLOCK];
}

static inline enum char_kind char_kind(uint32_t c)
{
    return (enum char_kind)(char_entry(c) & CHAR_ENTRY_KIND);
}

/* Belongs to the character before it. */
static inline bool char_is_mark(uint32_t c)
{
    return (char_entry(c) & CHAR_ENTRY_MARK) != 0;
}

/* Typographic quotes, dashes, spaces and full-width letters in their plain form; others themselves.
 * */
static inline uint32_t char_plain(uint32_t c)
{
    uint32_t entry = char_entry(c);

    return entry & CHAR_ENTRY_PLAIN ? entry >> CHAR_ENTRY_SHIFT : c;
}

/* What the character becomes without case and compatibility forms when no mark follows it; false
 * where that is not one character, or not known without composing. */
static inline bool char_folds_alone(uint32_t c, uint32_t *ret)
{
    uint32_t entry = char_entry(c);

    if (!(entry & CHAR_ENTRY_ALONE))
        return false;
    *ret = c + (uint32_t)((int32_t)entry >> CHAR_ENTRY_SHIFT);
    return true;
}

#endif
