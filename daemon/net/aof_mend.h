/* Mending an append-only file that a crash tore. Redis 7.0 starts with one whose last transaction is
 * cut off, but leaves its first half in the file and replays that half at the start after the next, in
 * front of whatever came then: events would be told twice, and mentions would count as known that
 * never got a place in the queue. redis-check-aof takes it out. Both a power cut and kill -9 in the
 * middle of a write() can tear one. */
#ifndef NET_AOF_MEND_H
#define NET_AOF_MEND_H

#include "mentiond/error.h"

/* To be called before each start of the server in this directory; does nothing where there is no file yet.
 * Blocks while it looks through the file, which takes a fraction of what the server needs to load it. Errors:
 * the tool is missing or fails; the server may be started all the same. */
int aof_mend(int dir_fd, struct error *err);

#endif
