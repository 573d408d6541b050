/* The brand's event stream, followed live. */
#ifndef CTL_STREAM_H
#define CTL_STREAM_H

#include "mentiond/redis.h"
#include "session.h"

#define STREAM_ID_MAX 48

struct stream {
    struct session *session;
    char position[STREAM_ID_MAX]; /* the last entry seen */
    uint64_t n_entries;           /* how many have been seen */
    /* For each entry, oldest first; name and value alternate. Borrowed for the call. May be NULL.
     */
    void (*on_entry)(void *user, struct str id, const struct str *fields, size_t n_fields);
    void *user;
    bool busy;           /* a read is under way */
    bool passed_over;    /* entries after `position` were cut off before we read them */
    struct error failed; /* code 0: the last read went well */
};

/* From the stream's end on, or after the entry `since` (NULL: the end). One a session, which owns
 * it: a read that an interrupt left unanswered still ends in it. NULL on errors. */
struct stream *stream_open(struct session *session, const char *since, struct error *err);

/* Reads what is new, waiting at most wait_ms for something. Ends early after an interrupt. */
int stream_read(struct stream *stream, int64_t wait_ms, struct error *err);

#endif
