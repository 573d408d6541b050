/* Memory that dies together: one page of an API reply, one configuration, one rule set. Allocation is
 * a pointer bump; nothing is freed singly. The limit holds for the sum. */
#ifndef MENTIOND_ARENA_H
#define MENTIOND_ARENA_H

#include <stdbool.h>

#include "mentiond/str.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* owned, newest first */
    size_t used;                /* bytes handed out since the last reset */
    size_t max;                 /* limit for used */
    bool failed;                /* an allocation was refused */
};

void arena_init(struct arena *a, size_t max);
void arena_finish(struct arena *a);
void arena_reset(struct arena *a); /* frees all but one block, for the next page */

/* Aligned for any type; NULL over the limit or out of memory. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size); /* zeroed */

/* A NUL-terminated copy inside the arena; {NULL, 0} on failure. */
struct str arena_str(struct arena *a, struct str text);
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* True if p lies in one of the arena's blocks. */
bool arena_owns(const struct arena *a, const void *p);

/* Makes the newest allocation (p, old_size) larger in place if that is possible. */
bool arena_extend(struct arena *a, void *p, size_t old_size, size_t new_size);

#endif
