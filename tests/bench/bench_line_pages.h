/* Deterministic pages in the shape of Mastodon's hashtag timelines: full statuses with account, tags and the
 * members that we do not read. The same (run, index) is the same status, whatever page it comes in. */
#ifndef BENCH_LINE_PAGES_H
#define BENCH_LINE_PAGES_H

#include "mentiond/buf.h"

#define PAGE_STATUSES 100
#define HIT_PERCENT 20 /* statuses written to be an outage report, a complaint or praise */

struct page_set {
    uint32_t n_statuses;   /* of each run */
    int64_t newest_at_ms;  /* created_at of status 0; the others are older */
    uint16_t port;         /* of the server, for links */
};

/* The page that follows below `max_id` ("" for the newest), newest first; "[]" behind the last. */
bool page_make(const struct page_set *set, uint32_t run, struct str max_id, struct buf *out);

/* Whether the text of a status was written to be a hit. */
bool page_status_hits(uint32_t run, uint32_t index);

#endif
