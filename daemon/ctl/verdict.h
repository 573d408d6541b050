/* A verdict as JSON: the line of `rules classify`, the answer of `rules explain --json`. */
#ifndef CTL_VERDICT_H
#define CTL_VERDICT_H

#include "mentiond/mention.h"

/* {"id","label","score","scores","hits","captures"}, without a newline. `id` is JSON text as it was
 * given. */
void verdict_to_json(const struct mention *m, struct str id, struct buf *out);

/* The answer to a line that could not be judged: the same members, "label":null. */
void verdict_bad_to_json(struct str id, struct buf *out);

#endif
