/* Lists that every pack has: amounts and durations in its language, emoji by meaning. Internal to
 * rules/. */
#ifndef MENTIOND_RULES_BUILTINS_H
#define MENTIOND_RULES_BUILTINS_H

#include "mentiond/str.h"

/* The PCRE2 source of {duration}, {money}, {time} or {count} for packs in `lang` (of one that is
 * not known, or empty: English), beginning with the space before the first word; NULL for any
 * other name. */
const char *builtin_source(struct str name, struct str lang);

/* The phrase of {emoji.anger} and its like; NULL for any other name. */
const char *builtin_phrase(struct str name);

/* Is the name one of either kind? */
bool builtin_is(struct str name);

/* A near miss of a built-in name, or NULL. */
const char *builtin_guess(struct str name);

#endif
