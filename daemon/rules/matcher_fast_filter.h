/* Which of many literals occur in a text, in one pass over it. Internal to rules/. */
#ifndef MENTIOND_RULES_MATCHER_FAST_FILTER_H
#define MENTIOND_RULES_MATCHER_FAST_FILTER_H

#include "mentiond/str.h"

#define FILTER_LITERAL_MIN 4 /* bytes */
#define FILTER_PADDING 8     /* bytes behind a text that may be read, whatever they are */

struct filter_literal {
    struct str text; /* borrowed; at least FILTER_LITERAL_MIN bytes */
    uint32_t id;     /* as the caller calls it */
    uint32_t window; /* where the bytes begin that are looked for first, see filter_window() */
};

/* What was seen in one text; the arrays are the caller's, one item for each id. */
struct filter_seen {
    uint32_t now;     /* number of the text */
    uint32_t *last;   /* the text in which the literal was seen last */
    uint32_t *at;     /* where in it first */
    uint32_t *again;  /* the text in which it was seen twice last */
    uint32_t *ids;    /* seen in this text, each once */
    uint32_t n;
};

struct filter;

/* The rarest place of the literal to look for. */
uint32_t filter_window(struct str literal);

/* The texts of the literals stay borrowed. NULL: out of memory. */
struct filter *filter_create(const struct filter_literal *literals, size_t n);
void filter_destroy(struct filter *f);

/* Adds to what was seen. */
void filter_scan(const struct filter *f, struct str text, struct filter_seen *seen);

size_t filter_memory(const struct filter *f); /* bytes */

#endif
