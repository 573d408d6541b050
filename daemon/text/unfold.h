/* Contractions, unfolded. Internal to text/. */
#ifndef MENTIOND_TEXT_UNFOLD_H
#define MENTIOND_TEXT_UNFOLD_H

#include "mentiond/str.h"

#define TEXT_UNFOLD_MAX 8 /* bytes of a word that stands for another as a whole */

/* What a lower-case word stands for: the first `keep` bytes of it stay, the rest is replaced
 * by `tail`. */
struct unfolding {
    size_t keep;
    struct str tail;
};

/* False if the word stands for itself. `apostrophes`: it has some. */
bool text_unfold(struct str word, bool apostrophes, struct unfolding *ret);

#define TEXT_LETTER(c) (1u << ((c) & 31))

/* Which letters the words of each length begin with that stand for others, with or without an apostrophe. */
static const uint32_t text_unfold_firsts[TEXT_UNFOLD_MAX + 1] = {
    [2] = TEXT_LETTER('i'),
    [3] = TEXT_LETTER('i'),
    [4] = TEXT_LETTER('a') | TEXT_LETTER('c') | TEXT_LETTER('d') | TEXT_LETTER('h') | TEXT_LETTER('i') |
          TEXT_LETTER('w'),
    [5] = TEXT_LETTER('a') | TEXT_LETTER('c') | TEXT_LETTER('d') | TEXT_LETTER('h') | TEXT_LETTER('l') |
          TEXT_LETTER('s') | TEXT_LETTER('t') | TEXT_LETTER('w') | TEXT_LETTER('y'),
    [6] = TEXT_LETTER('c') | TEXT_LETTER('d') | TEXT_LETTER('h') | TEXT_LETTER('s') | TEXT_LETTER('t') |
          TEXT_LETTER('w'),
    [7] = TEXT_LETTER('c') | TEXT_LETTER('t') | TEXT_LETTER('w'),
    [8] = TEXT_LETTER('s'),
};

static inline bool text_may_unfold(const char *word, size_t len)
{
    return len <= TEXT_UNFOLD_MAX && text_unfold_firsts[len] >> (word[0] & 31) & 1;
}

/* A quick no for nearly all lower-case words that have no apostrophe, also by their last two letters
 * (arent, cannot, im, ive, theyre, thats). True says nothing. */
static inline bool text_may_unfold_plain(const char *word, size_t len)
{
    static const uint32_t before_last[32] = {
        ['m' & 31] = TEXT_LETTER('i'),
        ['t' & 31] = TEXT_LETTER('n') | TEXT_LETTER('o'),
        ['e' & 31] = TEXT_LETTER('v') | TEXT_LETTER('r'),
        ['s' & 31] = TEXT_LETTER('t'),
    };

    return len >= 2 && before_last[word[len - 1] & 31] >> (word[len - 2] & 31) & 1 &&
           text_may_unfold(word, len);
}

#endif
