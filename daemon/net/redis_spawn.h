/* Running a redis-server in a state directory: its configuration, its process, whether it answers.
 * Knows no locks' meaning and no loop. */
#ifndef NET_REDIS_SPAWN_H
#define NET_REDIS_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "mentiond/error.h"

#define REDIS_SPAWN_SOCKET "redis.sock"
#define REDIS_SPAWN_CONF "redis.conf"
#define REDIS_SPAWN_LOG "redis.log"

/* Writes redis.conf anew. */
int redis_spawn_configure(int dir_fd, int64_t max_memory, struct error *err);

/* Starts `program` with that configuration. The child holds lock_fd, which it signs with its pid;
 * it gets SIGTERM when we die. -ENOENT: there is no such program. */
int redis_spawn_start(int dir_fd, int lock_fd, const char *program, pid_t *ret_pid,
                      struct error *err);

enum redis_answer { REDIS_SILENT, REDIS_LOADING, REDIS_READY };

/* Asks the server on the socket, waiting for at most timeout_ms. *ret_pid: who listens there, 0 if
 * nobody does. */
enum redis_answer redis_spawn_probe(int dir_fd, int timeout_ms, pid_t *ret_pid);

/* The last line of its log, for error texts: what it died of. */
void redis_spawn_last_words(int dir_fd, char *text, size_t size);

#endif
