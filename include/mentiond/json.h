/* jansson, made safe and quick for pages from strangers.
 *
 * jansson refuses a whole page for one lone surrogate, one \u0000, one bad byte or one oversized
 * number; one post must never stop a source. json_page_parse() repairs those first and counts what
 * it did. Values live in the caller's arena while it is the thread's JSON arena, so that a page is
 * freed at once. */
#ifndef MENTIOND_JSON_H
#define MENTIOND_JSON_H

#include <jansson.h>

#include "mentiond/arena.h"
#include "mentiond/buf.h"
#include "mentiond/error.h"

#define JSON_DEPTH_MAX 64 /* deeper nesting is refused */

struct json_faults {
    unsigned surrogates;  /* lone \uD800-\uDFFF, now U+FFFD */
    unsigned nuls;        /* \u0000, now U+FFFD */
    unsigned bad_utf8;    /* ill-formed byte sequences, now U+FFFD */
    unsigned numbers;     /* outside of int64 and double: now strings of their digits */
    unsigned controls;    /* raw control characters inside strings, now escaped */
};

/* Must be called once before any other use of jansson: installs the allocation hooks. */
void json_init(void);

/* The arena that this thread's jansson values go to; NULL goes back to malloc(). Returns the one
 * before. Values made in an arena need no json_decref() (where one is made, the arena must be the
 * current one), and must not outlive it. */
struct arena *json_use_arena(struct arena *arena);

/* Parses one document: an object or an array. With an arena set by json_use_arena() the value lives
 * there, otherwise the caller owns a reference. *faults (may be NULL) is added to. Errors: -EBADMSG
 * with line, column and what jansson says, "HTML instead of JSON", or that it is nested too deeply;
 * -ENOMEM. */
int json_page_parse(struct str body, struct json_faults *faults, json_t **ret_value,
                    struct error *err);

/* Copies `text` into `ret`, with the faults mended as above. Pure text to text: the fuzz target.
 * -EBADMSG when nested deeper than JSON_DEPTH_MAX, -ENOMEM. */
int json_repair(struct str text, struct buf *ret, struct json_faults *faults);

/* Reading without surprises: all accept NULL and values of another type and then give the default.
 * Strings are borrowed from the value. */
struct str json_text(const json_t *value);                        /* "" */
struct str json_get_text(const json_t *object, const char *key);  /* "" */
int64_t json_to_i64(const json_t *value, int64_t otherwise); /* integers, reals, digits in strings */
int64_t json_get_i64(const json_t *object, const char *key, int64_t otherwise);
bool json_get_bool(const json_t *object, const char *key);
const json_t *json_get(const json_t *object, const char *key);    /* NULL if absent or null */

/* A dotted path: json_path(post, "author.viewer.did"). NULL if any part is absent or null. */
const json_t *json_path(const json_t *object, const char *path);

#endif
