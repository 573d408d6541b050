/* Walks back by time through pages that a network lists newest first and pages by an opaque token: the
 * shape that most networks share. The cursor is the newest time that is stored (ms); a poll reads back to
 * it and, as indexes lag, the source's overlap further. */
#ifndef MENTIOND_SOURCES_TIMEWALK_H
#define MENTIOND_SOURCES_TIMEWALK_H

#include "sources/driver.h"

struct timewalk {
    /* where it may stop; INT64_MIN: a first run without backfill, which is one page */
    int64_t floor_ms;
    int64_t newest_ms, oldest_ms; /* of this page's items so far, 0: none */
    size_t n;                     /* items of this page so far, also those without a time */
    uint64_t ids;                 /* of their ids in any order: tells a page that came before */
};

/* Where a walk from `at` stops. */
int64_t timewalk_floor_ms(const struct source *src, const struct source_cursor *at, int64_t now_ms);

/* For a page that has come. */
struct timewalk timewalk_begin(const struct parsing *p);

/* Counts an item; false if it is older than the walk goes back. 0: its time is not known. */
bool timewalk_takes(struct timewalk *walk, struct str id, int64_t time_ms);

/* The whole page is older than the walk goes back. */
bool timewalk_is_past(const struct timewalk *walk);

/* PAGE with `next` ("": there is no more) as the walk's next, or DONE. Where the page before came once
 * more, whatever was asked for, the same is asked again; a network that does so twice does not let us go
 * on: DONE with a gap. */
void timewalk_step(const struct parsing *p, const struct timewalk *walk, struct str next,
                   struct source_step *ret_step);

/* DONE with what is stored so far as the next low. */
void timewalk_done(const struct parsing *p, const struct timewalk *walk, bool gap,
                   struct source_step *ret_step);

#endif
