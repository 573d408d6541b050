/* How many mentions a source usually brings at each hour of the day, learned from itself, and so whether
 * its silence is unusual. Pure. Old days fade: each hour's figures are halved once they span two weeks. */
#ifndef POLLER_HISTORY_H
#define POLLER_HISTORY_H

#include "mentiond/buf.h"
#include "mentiond/json.h"

#define HISTORY_HOURS 24

struct history {
    double heard[HISTORY_HOURS];   /* mentions, by hour of the day (UTC) */
    double watched[HISTORY_HOURS]; /* hours that the source was polled in */
    int64_t at_ms;                 /* of the last poll; 0: none */
    int64_t heard_at_ms;           /* of the last poll that brought something; 0: never */
    bool quiet;                    /* said, and not over yet */
};

/* A poll went well and brought n new mentions. */
void history_add(struct history *history, uint64_t n, int64_t now_ms);

/* Mentions an hour, over all it remembers; 0 before an hour was watched. */
double history_per_hour(const struct history *history);

/* What would usually have come between two times; 0 while not a whole day has been watched. */
double history_expected(const struct history *history, int64_t from_ms, int64_t to_ms);

/* True if nothing came although HISTORY_QUIET would have usually. */
#define HISTORY_QUIET 12.0
bool history_is_quiet(const struct history *history, int64_t now_ms);

/* [heard, watched, …] in hundredths, as kept in Redis, and back. */
void history_to_json(const struct history *history, struct buf *out);
void history_from_json(const json_t *value, struct history *history);

#endif
