/* One spelling for what PCRE2 calls equal when it ignores case. Internal to rules/.
 *
 * PCRE2 compares single characters: k, K and KELVIN SIGN are equal, and s, S and the long s; "ss"
 * and the German sharp s are not. Folding gives equal characters equal bytes, so a text without the
 * folded form of a literal cannot hold any spelling of it. It may join characters that PCRE2 keeps
 * apart; it must never part those it joins. */
#ifndef MENTIOND_RULES_FOLD_H
#define MENTIOND_RULES_FOLD_H

#include "mentiond/str.h"

#define FOLD_SHORT_END 0x800 /* characters of one or two bytes are below */

struct fold {
    uint16_t shorts[FOLD_SHORT_END];
};

void fold_init(struct fold *f);

/* The spelling of one character; itself for all that have no other. */
uint32_t fold_char(const struct fold *f, uint32_t c);

/* Can a literal hold c? False where nothing is promised about what PCRE2 equates it with. */
bool fold_knows(uint32_t c);

/* Valid UTF-8 to `out`, which has room for text.len bytes and FOLD_SLACK; returns the new length,
 * never more than text.len. The slack is overwritten. */
#define FOLD_SLACK 8
size_t fold_text(const struct fold *f, struct str text, char *out);

#endif
