/* The Redis client: hiredis speaks the protocol, a libevent bufferevent carries it, we own the
 * deadlines.
 *
 * States: connecting -> greeting (AUTH, SELECT, the on_connect hook) -> ready -> lost -> backoff ->
 * connecting. The outbox keeps every command until its reply: commands marked REDIS_KEEP are sent
 * again after a reconnect, in order (they must be repeatable: reads, or carrying a `req` or `seq`);
 * others get an error when the connection is lost, meaning "not known", not "not done".
 *
 * Names are resolved on the loop, from /etc/hosts and resolv.conf; nsswitch is not consulted.
 * Connecting tries each address of a name. No error text holds the password. */
#ifndef MENTIOND_REDIS_H
#define MENTIOND_REDIS_H

#include <sys/types.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "mentiond/error.h"
#include "mentiond/str.h"

#define REDIS_OUTBOX_COMMANDS_MAX 10000
#define REDIS_OUTBOX_BYTES_MAX (64 * 1024 * 1024)
#define REDIS_REPLY_MAX (64 * 1024 * 1024) /* bytes of one reply */
#define REDIS_KEEP_LOSSES_MAX 20 /* of connections, while one command was the next to be answered */

struct redis;

struct redis_options {
    /* redis://[user[:password]@]host[:port][/db], rediss://…, unix:///path[?db=N] */
    struct str url;
    const char *username, *password; /* over what the URL says; NULL: none */
    const char *ca_file;             /* rediss; NULL: the system's */
    int64_t connect_timeout_ms;      /* connect, TLS, AUTH and SELECT together */
    int64_t command_timeout_ms;      /* silence while a command is due to be answered */
    int64_t backoff_min_ms, backoff_max_ms;
};

enum redis_flags {
    REDIS_KEEP = 1,   /* repeat after a reconnect */
    REDIS_URGENT = 2, /* refuse with -ENOTCONN when not connected, instead of waiting */
    REDIS_FIRST = 4,  /* ahead of all that is waiting to be sent; for use in the state callback */
};

/* Called exactly once for each accepted command, from the loop or from redis_destroy(), never from
 * inside redis_command(). `reply` is borrowed for the call and may be an error reply (reply->type
 * == REDIS_REPLY_ERROR). It is NULL, with `err`, when there is none:
 *   -ETIMEDOUT, -ECONNRESET, -EPROTO
 *               sent, and the connection was lost before the answer: not known
 *   -EFBIG      sent, and the answer is over REDIS_REPLY_MAX: not known; not repeated, KEEP or not
 *   -ENOTCONN   not KEEP, and no connection came about within command_timeout_ms: not sent
 *   -ECANCELED  the client is being destroyed
 * It may send commands and may destroy the client. */
typedef void redis_reply_fn(void *user, const struct redisReply *reply, const struct error *err);

/* For logs and health. Up: after each greeting, before waiting commands are sent (those it sends
 * with REDIS_FIRST go first). Down: after each lost connection and each failed attempt to connect
 * (err says why: -EACCES when the server refuses the password); another attempt follows by itself,
 * after a growing pause. It may destroy the client. */
typedef void redis_state_fn(void *user, bool up, const struct error *err);

int redis_create(struct event_base *base, const struct redis_options *options,
                 redis_state_fn *on_state, void *user, struct redis **ret_redis, struct error *err);
/* Unanswered commands get -ECANCELED. NULL is accepted. A lookup of a name that is under way is ended
 * by the loop: let it run once more (EVLOOP_NONBLOCK, twice) before freeing the base, or leak it. */
void redis_destroy(struct redis *redis);

/* Queues a copy of one command; binary-safe. Errors: -ENOBUFS when the outbox is full, -ENOTCONN
 * (REDIS_URGENT), -ECANCELED while the client is being destroyed, -EINVAL. `reply` may be NULL. */
int redis_command(struct redis *redis, unsigned flags, size_t argc, const struct str *argv,
                  redis_reply_fn *reply, void *user, struct error *err);

/* The same and waits, running the loop, for mentionctl and start-up: the reply (freeReplyObject) is
 * the caller's and may be an error reply. Not from within a callback. timeout_ms also replaces
 * command_timeout_ms for this command, so it may block on purpose. When not connected, one attempt
 * is made at once, and its failure is the error. -EINTR when the loop was told to stop
 * (event_base_loopbreak or loopexit). */
int redis_command_wait(struct redis *redis, size_t argc, const struct str *argv, int64_t timeout_ms,
                       struct redisReply **ret_reply, struct error *err);

bool redis_is_up(const struct redis *redis);
size_t redis_outbox_len(const struct redis *redis); /* commands */
size_t redis_outbox_bytes(const struct redis *redis);

/* Since the client was created. */
struct redis_counters {
    uint64_t connects;    /* successful */
    uint64_t losses;      /* connections lost and attempts failed */
    uint64_t commands;    /* accepted */
    uint64_t resent;      /* KEEP commands waiting again after a loss */
    uint64_t unknown;     /* commands that ended without an answer after they were sent */
    uint64_t outbox_full; /* commands refused */
    uint64_t replies_too_big;
};
void redis_counters_get(const struct redis *redis, struct redis_counters *ret);

/* ---- the private server (docs/design.md: embedded) -------------------------------------------
 *
 * A redis-server of our own on the socket <state_dir>/redis.sock. Two locks keep it single:
 *   <state_dir>/mentiond.lock   held by the mentiond that uses the directory
 *   <state_dir>/lock            held by the redis-server, from before its start to its very end
 * The kernel drops them with their holders, so no kill -9 leaves a stale one, or two servers on one
 * file. A server that has outlived its mentiond is adopted. */

struct redis_server;

struct redis_server_options {
    const char *state_dir; /* absolute; created 0700 if missing, not its parents */
    int64_t max_memory;    /* bytes */
    const char *program;   /* NULL: redis-server in $PATH */
    int64_t start_timeout_ms;
};

/* Starts or adopts the server of this state directory; blocks at most start_timeout_ms, and returns
 * when the server answers (it may still be loading its data then). Errors: -EBUSY names the holder
 * of a lock and its pid, -ENOENT: no such program, what to install. From then on the loop
 * supervises the server: an exit is logged and it is started again, at growing intervals. */
int redis_server_start(struct event_base *base, const struct redis_server_options *options,
                       struct redis_server **ret_server, struct error *err);
/* The URL to connect to: borrowed until redis_server_stop(). */
struct str redis_server_url(const struct redis_server *server);
pid_t redis_server_pid(const struct redis_server *server); /* 0: not running just now */
/* Ends the server in order (SIGTERM, and waits up to 10 s for its end), also an adopted one; frees.
 * NULL is accepted. */
void redis_server_stop(struct redis_server *server);

/* unix:// URL of a state directory's socket, for mentionctl. Lives in storage; {NULL, 0} if that is
 * too small. */
struct str redis_server_socket_url(const char *state_dir, char *storage, size_t storage_size);

#endif
