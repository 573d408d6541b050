/* A text on its way to the normal form: what normalise.c and normalise_words.c share. Internal to text/. */
#ifndef MENTIOND_TEXT_NORMALISER_H
#define MENTIOND_TEXT_NORMALISER_H

#include "text/scan.h"

#define NORMALISER_ROOM 64 /* bytes and places; more than reading one word quickly may take */

struct normaliser {
    struct str in;
    bool keep_links;
    char *out;
    text_offset *offsets;
    size_t len, cap;
    uint32_t *breaks;  /* text_normal.breaks */
    uint32_t n_breaks;
    size_t word;       /* where the open word began in out; SIZE_MAX: none */
    uint32_t last;     /* the last character of the open word, and how often it came in a row */
    unsigned run;
    bool last_upper, hashtag;
    bool apostrophes;  /* the open word has some */
    bool break_owed;   /* a sentence ended; said before the next token */
};

/* Nothing is written where there is no room. */
static inline void normaliser_put(struct normaliser *n, char c, size_t from)
{
    if (n->len >= n->cap)
        return;
    n->out[n->len] = c;
    n->offsets[n->len++] = (text_offset)from;
}

static inline void normaliser_break(struct normaliser *n, size_t from)
{
    if (n->break_owed && n->len > 1) {
        if (n->len < n->cap)
            n->breaks[n->n_breaks++] = (uint32_t)from;
        normaliser_put(n, '\n', from);
        normaliser_put(n, ' ', from);
    }
    n->break_owed = false;
}

static inline void normaliser_token_begin(struct normaliser *n, size_t from)
{
    normaliser_break(n, from);
    n->apostrophes = false;
    n->word = n->len;
    n->last = 0;
    n->run = 0;
}

/* The open word, whose last letter is written: contractions. */
void normaliser_unfold(struct normaliser *n);
/* A token that is no word; ? and ! also end the sentence. */
void normaliser_symbol(struct normaliser *n, uint32_t c, size_t pos, size_t len);

/* Most words of most texts and what is between them, from `pos` on, where no word is open and no hashtag:
 * what reading character by character would give. Returns where it stopped: at something special, or in an
 * open word. */
size_t normaliser_read_words(struct normaliser *n, const struct text_scan *scan, size_t pos);

#endif
