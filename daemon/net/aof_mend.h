/* Mending an append-only file that a power cut tore. Redis 7.0 starts with one whose last transaction is cut off, but
 * leaves its first half in the file and replays that half at the start after the next, in front of whatever
 * came then: mentions would count as known that never got a place in the queue. redis-check-aof takes it out. */
#ifndef NET_AOF_MEND_H
#define NET_AOF_MEND_H

#include "mentiond/error.h"

#define AOF_MEND_BOOT "boot" /* the boot in which the server was last started */

/* To be called before a start of the server in this directory. Does nothing unless the machine was booted since the last
 * start: a killed server loses nothing that it wrote, only a machine that goes down does. Blocks while it looks
 * through the file. Errors: the tool is missing or fails; the server may be started all the same. */
int aof_mend(int dir_fd, struct error *err);

#endif
