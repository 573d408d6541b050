/* Statistics of small numbers. Pure functions. */
#ifndef CTL_RECKON_H
#define CTL_RECKON_H

#include <stdint.h>

#define RECKON_Z95 1.959964 /* standard errors of a 95 % interval, both sides */

struct interval {
    double low, high;
};

/* Wilson's score interval of a share: `right` of `n`, right <= n. Nothing seen, nothing known: 0 to
 * 1 for n 0. */
struct interval reckon_wilson(uint64_t right, uint64_t n, double z);

/* How often a word stands in two corpora, and what was expected before looking. */
struct word_use {
    uint64_t here, there;             /* of this word */
    uint64_t n_here, n_there;         /* of all words */
    double prior, n_prior;            /* pseudo-counts of this word and of all; prior > 0 */
};

/* The difference of the word's log-odds in its standard errors, with an informative Dirichlet prior
 * (Monroe, Colaresi, Quinn 2008, "Fightin' Words", eq. 16 and 20-22): above 0, the word is said more
 * often here than there. Words that are rare on both sides stay near 0, whatever their ratio. */
double reckon_log_odds(const struct word_use *use);

#endif
