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

#endif
