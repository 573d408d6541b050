/* Text as pointer and length. Never owns, never needs a NUL, may hold any byte. */
#ifndef MENTIOND_STR_H
#define MENTIOND_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mentiond/base.h"

struct str {
    const char *s; /* borrowed; may be NULL when len is 0 */
    size_t len;    /* bytes */
};

/* A literal as a struct str. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

/* For printf: printf("%.*s", STR_FMT(x)). */
#define STR_FMT(x) (int)(x).len, (x).s ? (x).s : ""

static inline struct str str_from(const char *s)
{
    return (struct str){s, s ? strlen(s) : 0};
}

static inline struct str str_slice(struct str text, size_t start, size_t end)
{
    return text.len ? (struct str){text.s + start, end - start} : text;
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
bool str_starts_with(struct str text, struct str prefix);
bool str_ends_with(struct str text, struct str suffix);
int str_compare(struct str a, struct str b); /* bytewise, shorter first when equal so far */

/* Without ASCII white space at both ends. */
struct str str_trim(struct str text);

/* The part before the first `sep`; *rest becomes what follows it (empty, s NULL, when there is
 * no `sep`). */
struct str str_split(struct str text, char sep, struct str *rest);

/* Position of `needle`, or SIZE_MAX. */
size_t str_find(struct str text, struct str needle);

/* A NUL-terminated copy, or NULL when out of memory. Owned by the caller. */
char *str_dup(struct str text);

/* The longest prefix of at most max_len bytes that does not cut a UTF-8 character. */
struct str str_cut_utf8(struct str text, size_t max_len);

/* A whole decimal number within [min, max]; false, and *ret untouched, for anything else. */
bool str_to_i64(struct str text, int64_t min, int64_t max, int64_t *ret);

/* The candidate nearest to `word` (edit distance at most 2, or 1 for words under 4 letters), or
 * NULL: the "did you mean" of config and command line. `stride` bytes lie between candidates, each of
 * which begins with a `const char *`; a NULL name ends the list. */
const char *str_nearest(struct str word, const void *candidates, size_t stride);

#endif
