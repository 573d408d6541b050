/* One Discourse post as a mention. */
#ifndef MENTIOND_SOURCES_DISCOURSE_POST_H
#define MENTIOND_SOURCES_DISCOURSE_POST_H

#include "sources/driver.h"

/* Adds the mention of `post`, of a list of posts or of search (then with its topic, else NULL), to the
 * page; NULL if it is none: counted as skipped, or as gone if its author or a moderator took it back. */
struct mention *discourse_post_read(const struct parsing *p, const json_t *post, const json_t *topic,
                                    struct str forum);

/* The post's number on its forum from a mention's id. */
struct str discourse_post_number(struct str mention_id);

#endif
