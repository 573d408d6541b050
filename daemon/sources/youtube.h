/* What the YouTube driver's files share. */
#ifndef MENTIOND_SOURCES_YOUTUBE_H
#define MENTIOND_SOURCES_YOUTUBE_H

#include "sources/driver.h"

/* ---- youtube_item.c ---------------------------------------------------------------------- */

/* A search result; NULL for what is no video. */
struct mention *youtube_video_read(const struct parsing *p, const json_t *item);

/* A comment, of a thread or of comments.list. `thread` "": it is one itself; `answered`: the thread's author.
 */
struct mention *youtube_comment_read(const struct parsing *p, const json_t *comment, struct str video,
                                     struct str thread, struct str answered);
int64_t youtube_comment_time_ms(const json_t *comment);
struct str youtube_comment_author(const json_t *comment);

/* ---- youtube_refusal.c ------------------------------------------------------------------- */

/* True if the reply is a refusal: the step says what follows. `walking`: a page's token was sent. */
bool youtube_refusal_read(const struct parsing *p, struct source_step *ret_step);

/* "commentsDisabled" of a refusal; "" if it has none. */
struct str youtube_reason(const struct parsing *p);

/* The next midnight in California, where the quota's day begins. */
int64_t youtube_midnight_ms(int64_t now_ms);

#endif
