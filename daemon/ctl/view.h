/* How a mention looks to the person who will answer it. */
#ifndef CTL_VIEW_H
#define CTL_VIEW_H

#include "ctl.h"
#include "mentiond/json.h"
#include "mentiond/mention.h"

#define VIEW_ARENA_MAX (4 * 1024 * 1024)

/* What `mention_claim` and `mention_get` answer, as a page: who, since when, the text with its
 * hits, why, the case so far, the author's last mentions, and what to type next. */
void view_mention(struct ctl *ctl, const json_t *answer);

/* The state of a mention in words: "claimed by bob", "resolved (fixed)". */
void view_state(struct out *out, const json_t *answer);

/* "Jane Doe (@jane@example.org)" as far as it is known. */
void view_author(struct out *out, const struct mention *m);

/* An id so that it can be typed into a shell: in single quotes where it needs any. */
void view_id(struct out *out, struct str id);

enum style view_class_style(struct str class);

#endif
