/* One Bluesky post as a mention. */
#ifndef MENTIOND_SOURCES_BLUESKY_POST_H
#define MENTIOND_SOURCES_BLUESKY_POST_H

#include "sources/driver.h"

/* Adds the mention of a postView to the page; NULL if it is none: counted as skipped. */
struct mention *bluesky_post_read(const struct parsing *p, const json_t *post);

/* What search sorts by: the earlier of what the author claims and when it was indexed; 0 if neither
 * is told. */
int64_t bluesky_sort_ms(const json_t *post);

#endif
