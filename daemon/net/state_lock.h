/* Lock files that tell who holds them. */
#ifndef NET_STATE_LOCK_H
#define NET_STATE_LOCK_H

#include <sys/types.h>

#include "mentiond/error.h"

/* Takes the exclusive flock of a file in a directory, creating it. The lock lasts until the last
 * copy of the descriptor is closed, by whatever process: *ret_fd is close-on-exec. -EBUSY: held,
 * *ret_holder is the pid written there, 0 if none is. */
int state_lock_take(int dir_fd, const char *name, int *ret_fd, pid_t *ret_holder,
                    struct error *err);

/* Writes who holds it, for people and error texts. Safe between fork() and exec(). */
void state_lock_sign(int fd, pid_t holder);

#endif
