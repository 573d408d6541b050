/* Questions, answers, comments and excerpts of Stack Exchange as mentions. */
#ifndef MENTIOND_SOURCES_STACKEXCHANGE_POST_H
#define MENTIOND_SOURCES_STACKEXCHANGE_POST_H

#include "sources/driver.h"

/* "q/12", "a/13", "c/14": unique in its site; "" if it is none of them. */
struct str stackexchange_post_key(const struct parsing *p, const json_t *item);
int64_t stackexchange_post_time_ms(const json_t *item);
struct mention *stackexchange_post_read(const struct parsing *p, const json_t *item, struct str site);

#endif
