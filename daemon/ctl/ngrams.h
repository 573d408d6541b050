/* Phrases of posts, counted in two corpora: what people say, as the rule language would match it. */
#ifndef CTL_NGRAMS_H
#define CTL_NGRAMS_H

#include "mentiond/arena.h"
#include "mentiond/error.h"

#define NGRAM_WORDS_MAX 4       /* words of a phrase */
#define NGRAMS_MAX 4000000      /* different phrases; more posts are then not counted */
#define NGRAM_POSTS_KEPT 8      /* posts that a phrase remembers */

enum corpus { CORPUS_HERE, CORPUS_THERE, CORPORA };

struct ngram {
    struct str text;                  /* normalised words, one space between them */
    uint32_t posts[CORPORA];          /* in how many posts it stands */
    uint32_t seen_in;                 /* the last post counted, + 1 */
    uint32_t examples[NGRAM_POSTS_KEPT]; /* posts of CORPUS_HERE, the first */
    double log_odds;                  /* after ngrams_score(), as `vague` */
    bool vague; /* begins or ends with a word that says nothing by itself */
};

struct ngrams {
    struct arena arena;
    struct ngram *items; /* owned */
    size_t n, cap;
    uint32_t *slots; /* owned: number in items + 1; 0 free */
    size_t n_slots;  /* a power of two */
    uint64_t total[CORPORA];
    bool full;
};

void ngrams_init(struct ngrams *grams);
void ngrams_finish(struct ngrams *grams);

/* Counts each phrase of the post once; `post` is what it is called in examples. Errors: -ENOMEM. */
int ngrams_add(struct ngrams *grams, enum corpus corpus, struct str text, uint32_t post,
               struct error *err);

/* Fills log_odds and vague, and sorts: what is most said here, beyond chance, first. The prior is what all
 * posts together say. Nothing may be added afterwards. */
void ngrams_score(struct ngrams *grams);

/* True when the words of one stand in the other, next to each other and in the same order. */
bool ngram_overlaps(struct str a, struct str b);

/* True when both stand in the same posts, as far as they remember them: they say the same. */
bool ngram_same_posts(const struct ngram *a, const struct ngram *b);

#endif
