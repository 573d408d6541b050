/* Which of many literals occur in a text, in one pass over it. Internal to rules/. */
#ifndef MENTIOND_RULES_MATCHER_FAST_FILTER_H
#define MENTIOND_RULES_MATCHER_FAST_FILTER_H

#include "mentiond/str.h"

#define FILTER_LITERAL_MIN 4 /* bytes */
#define FILTER_LITERAL_CHEAP 5 /* where none is shorter, every other place of a text is enough */
#define FILTER_PADDING 64    /* bytes behind a text that may be read, whatever they are */

#define FILTER_AGAIN (1u << 31)

struct filter_literal {
    uint32_t text; /* where in the texts it begins */
    uint32_t id;   /* as the caller calls it */
    uint16_t len;  /* FILTER_LITERAL_MIN or more */
};

/* What was seen in one text; the arrays are the caller's, one item for each id. */
struct filter_seen {
    uint32_t now;     /* number of the text */
    uint32_t *last;   /* the text in which the literal was seen last */
    uint32_t *at;     /* where in it first, with FILTER_AGAIN if more than once */
    uint32_t *ids;    /* seen in this text, each once */
    uint32_t n;
};

struct filter;

/* The texts of the literals stay borrowed. `spaces`: in the texts to be scanned single spaces stand
 * between words, so that literals with a space are best looked for at those. NULL: out of memory. */
struct filter *filter_create(const char *texts, const struct filter_literal *literals, size_t n, bool spaces);
void filter_destroy(struct filter *f);

/* Adds to what was seen. */
void filter_scan(const struct filter *f, struct str text, struct filter_seen *seen);

size_t filter_memory(const struct filter *f); /* bytes */

#endif
