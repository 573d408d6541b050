/* Posts and comments of the Graph API as mentions: the same record under different names. */
#ifndef MENTIOND_SOURCES_GRAPH_POST_H
#define MENTIOND_SOURCES_GRAPH_POST_H

#include "sources/driver.h"

/* Where a network keeps what. Paths are dotted. */
struct graph_shape {
    const char *network, *kind;
    const char *text, *text_else; /* the second where the first is missing; NULL: none */
    const char *time, *url;
    const char *likes, *replies;  /* paths; NULL: not told */
};

/* Adds the mention to the page, complete but for what it belongs to; NULL if it is none: counted as
 * skipped. */
struct mention *graph_post_read(const struct parsing *p, const json_t *post, const struct graph_shape *shape);

/* There are more of a post's nested comments than came with it, and none of these is from before the last
 * poll. */
bool graph_comments_are_cut(const struct parsing *p, const json_t *comments, const char *time);

#endif
