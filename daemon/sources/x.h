/* What the X driver's two files share. */
#ifndef MENTIOND_SOURCES_X_H
#define MENTIOND_SOURCES_X_H

#include "sources/driver.h"

/* Ids carry the time of their making: milliseconds since X_EPOCH_MS above 22 bits. */
#define X_EPOCH_MS 1288834974657LL

static inline int64_t x_id_at(int64_t time_ms)
{
    return time_ms > X_EPOCH_MS ? (time_ms - X_EPOCH_MS) << 22 : 0;
}

static inline int64_t x_id_time_ms(int64_t id)
{
    return (id >> 22) + X_EPOCH_MS;
}

/* The first of a member's two names that is there: X renamed "tweet" to "post" in 2026, not everywhere at
 * once. */
const json_t *x_get(const json_t *object, const char *tweet_name, const char *post_name);

/* Adds the mention of one of data[]; `includes` has the authors, places and posts it refers to. NULL:
 * skipped. */
struct mention *x_post_read(const struct parsing *p, const json_t *post, const json_t *includes);

#endif
