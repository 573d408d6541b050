/* What channels do with plain text: cut it to a receiver's length and escape it for its markup. All results
 * live in the arena; out of memory they are "" (arena.failed says so). */
#ifndef MENTIOND_ALERTS_TEXT_H
#define MENTIOND_ALERTS_TEXT_H

#include "mentiond/arena.h"

/* What receivers count. */
enum alert_unit { ALERT_BYTES, ALERT_CHARACTERS, ALERT_UTF16 };

size_t alert_length(struct str text, enum alert_unit unit);

/* At most `max` units; what is longer is cut on a character and ends with " … (cut)". */
struct str alert_cut(struct str text, size_t max, enum alert_unit unit, struct arena *arena);

/* The escapes below: an alert_fit() takes any of them. */
typedef struct str alert_escape_fn(struct str text, struct arena *arena);

/* Cut and escaped so that the escaped text has at most `max` units. */
struct str alert_fit(struct str text, size_t max, enum alert_unit unit, alert_escape_fn *escape,
                     struct arena *arena);

/* & < > as entities, which takes the meaning out of HTML and of Slack's own markup,
 * and what alert_defuse() does. */
struct str alert_escape_html(struct str text, struct arena *arena);

/* A backslash before each character that Markdown dialects give a meaning, a zero-width space after each @
 * (no ping) and inside :// (no preview, no link). */
struct str alert_escape_markdown(struct str text, struct arena *arena);

/* A zero-width space after each @ and inside ://, and nothing else: for receivers without markup. */
struct str alert_defuse(struct str text, struct arena *arena);

/* For receivers that pass it on to others, whose markup nobody knows: what alert_defuse() does, and a
 * zero-width space after each < and ], so that no tag, mention or link is left for any of them. */
struct str alert_defuse_relayed(struct str text, struct arena *arena);

/* The http or https address, or "" when it has white space, quotes, angle brackets, parentheses, pipes,
 * controls or more than 2,000 bytes: such an address could close the markup around it. */
struct str alert_safe_url(struct str url);

/* ISO 8601 of a wall time. */
struct str alert_time(int64_t at_ms, struct arena *arena);

/* A name for machines: `text` itself where it is at most `max` bytes of letters, digits and / _ - : = , else
 * its digest, which always is. */
struct str alert_plain_key(struct str text, size_t max, struct arena *arena);

#endif
