/* PCRE2, bounded: one place for its flags, limits and errors. Internal to rules/.
 *
 * UTF and UCP always. JIT code ignores depth and heap limits, so the match limit is what holds
 * in both engines; a limit reached is "no hit, limited", and the caller counts it. */
#ifndef MENTIOND_RULES_REGEX_H
#define MENTIOND_RULES_REGEX_H

#include "mentiond/error.h"
#include "mentiond/str.h"

#define REGEX_SOURCE_MAX (32 * 1024) /* bytes */
#define REGEX_GROUPS_MAX 64
#define REGEX_NESTING_MAX 64         /* parentheses in each other */

#define REGEX_CASELESS (1u << 0)
/* The source is known to be right, has no groups, and outlives the regex: compiled at the first run. */
#define REGEX_LATE (1u << 1)

struct regex;

/* Owned by the caller. On failure -EINVAL, `err` says why and *ret_at where in the source
 * (bytes). */
int regex_create(struct str source, unsigned flags, struct regex **ret, size_t *ret_at,
                 struct error *err);
void regex_destroy(struct regex *regex);
/* Drops what is compiled; the next run compiles again, so the source must outlive the regex. */
void regex_rest(struct regex *regex);
/* Where the source is now; its text is the same. s NULL: nowhere, and nothing may
 * be run that is not compiled. */
void regex_set_source(struct regex *regex, struct str source);
/* The same as regex_rest() if it was not run since the last call; true if there was anything to drop. */
bool regex_rest_unused(struct regex *regex);
/* Hands memory of dropped machine code back to the system. */
void regex_trim(void);

unsigned regex_groups(const struct regex *regex); /* numbered from 1 */
/* Name of a group; empty if it has none. Borrowed from the regex. */
struct str regex_group_name(const struct regex *regex, unsigned group);

/* Memory for matching; one thread at a time. */
struct regex_scratch;
int regex_scratch_create(struct regex_scratch **ret, struct error *err);
void regex_scratch_destroy(struct regex_scratch *scratch);

bool regex_matches_empty(const struct regex *regex, struct regex_scratch *scratch);

enum regex_result { REGEX_NO_HIT, REGEX_HIT, REGEX_LIMITED };

/* The leftmost match at or after `from` in valid UTF-8. On REGEX_HIT (*ret_spans)[2 * group] and [2
 * * group + 1] are its bytes, group 0 the whole, SIZE_MAX for groups that took no part; borrowed
 * until the next call. Out of memory at the first run counts as a limit. One thread at a time for
 * one regex. */
enum regex_result regex_find(struct regex *regex, struct regex_scratch *scratch, struct str subject,
                             size_t from, const size_t **ret_spans);

#endif
