/* Decoding of UTF-8, one character at a time. Internal to text/. */
#ifndef MENTIOND_TEXT_UTF8_H
#define MENTIOND_TEXT_UTF8_H

#include "mentiond/str.h"

#define UTF8_BAD UINT32_MAX

/* The character at text[pos] (pos < text.len); *ret_len is its length in bytes. Ill-formed
 * bytes give UTF8_BAD with length 1. */
uint32_t utf8_decode(struct str text, size_t pos, size_t *ret_len);

/* Writes a character's 1 to 4 bytes and returns how many. */
size_t utf8_encode(uint32_t c, char out[4]);

#endif
