/* Contractions, unfolded. Internal to text/. */
#ifndef MENTIOND_TEXT_UNFOLD_H
#define MENTIOND_TEXT_UNFOLD_H

#include "mentiond/str.h"

/* What a lower-case word stands for: the first `keep` bytes of it stay, the rest is replaced
 * by `tail`. */
struct unfolding {
    size_t keep;
    struct str tail;
};

/* False if the word stands for itself. */
bool text_unfold(struct str word, struct unfolding *ret);

/* A quick no for most words that have no apostrophe, by their last two letters: arent, cannot, im,
 * ive, theyre, thats. True says nothing. */
static inline bool text_may_unfold_plain(const char last[2])
{
    unsigned pair = (unsigned)(unsigned char)last[0] << 8 | (unsigned char)last[1];

    return (pair == ('n' << 8 | 't')) | (pair == ('o' << 8 | 't')) | (pair == ('i' << 8 | 'm')) |
           (pair == ('v' << 8 | 'e')) | (pair == ('r' << 8 | 'e')) | (pair == ('t' << 8 | 's'));
}

#endif
