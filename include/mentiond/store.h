/* What Redis keeps, as functions: a thin caller of the library in daemon/store/queue/ (docs/queue.md). Knows
 * keys, error words, reloading of the library and which errors to repeat; knows no rule of the queue. */
#ifndef MENTIOND_STORE_H
#define MENTIOND_STORE_H

#include "mentiond/buf.h"
#include "mentiond/json.h"
#include "mentiond/mention.h"
#include "mentiond/redis.h"
#include "mentiond/settings.h"

#define STORE_BATCH_MENTIONS_MAX 100
#define STORE_BATCH_BYTES_MAX (1024 * 1024)
#define STORE_RETRIES_MAX 20 /* TRYAGAIN, LOADING, …: with backoff */

/* Stable words of docs/queue.md; STORE_OK is none. */
enum store_word {
    STORE_OK, STORE_BADARG, STORE_NOBRAND, STORE_NOSUCHMENTION, STORE_HELD, STORE_NOTOWNER, STORE_BADSTATE,
    STORE_TOOMANY, STORE_OVERBUDGET, STORE_STALE, STORE_OLDLIB, STORE_OOM, STORE_NOSUCHOUTAGE, STORE_OTHER,
};

struct store;

struct store_reply {
    enum store_word word;   /* STORE_OK, or what kind of refusal */
    struct str error;       /* the server's words, "" when OK */
    struct str text;        /* the JSON text of the answer, "" when null */
    bool is_null;
};

/* Once for each call. `reply` NULL: no answer (err says why): nobody knows whether it was done. Borrowed. */
typedef void store_reply_fn(void *user, const struct store_reply *reply, const struct error *err);

int store_create(struct event_base *base, struct redis *redis, struct str name_space, struct store **ret,
                 struct error *err);
/* After redis_destroy(): what is still unanswered by then gets -ECANCELED. */
void store_destroy(struct store *store);

enum store_flags { STORE_READ = 1 };

/* FCALL (FCALL_RO with STORE_READ) of one function on a brand with one JSON object of arguments. Repeats on
 * TRYAGAIN, ASK, MOVED, CLUSTERDOWN, LOADING, MASTERDOWN, READONLY, reloads a lost library; changing calls
 * must carry a "req" (store_make_req) so that a repeat changes nothing. */
int store_call(struct store *store, struct str brand, const char *function, struct str json_args,
               unsigned flags, store_reply_fn *done, void *user, struct error *err);
/* The same on an account's keys: lease_take, lease_renew, lease_drop, session_set, session_get. */
int store_call_account(struct store *store, struct str account, const char *function,
                       struct str json_args, unsigned flags, store_reply_fn *done, void *user,
                       struct error *err);
/* Runs the loop until the answer: for mentionctl. The reply's text is copied into `out`. */
int store_call_wait(struct store *store, struct str brand, const char *function, struct str json_args,
                    unsigned flags, int64_t timeout_ms, struct buf *out, struct store_reply *ret_reply,
                    struct error *err);

/* No callback with this `user` will run any more; the calls themselves go on. */
void store_forget(struct store *store, const void *user);

/* A fresh `req`: 32 hex digits with NUL, from the system's random source. */
void store_make_req(char ret_req[33]);

/* One batch: at most STORE_BATCH_MENTIONS_MAX mentions, all of one source, oldest first, with the new cursor
 * text and its seq. The mentions are copied into the command before it returns. */
struct store_batch {
    struct str brand, source, lease, cursor;
    int64_t seq, fetched_at_ms;
    const struct mention *const *mentions;
    size_t n_mentions;
    bool no_horizon; /* the source has a position of its own: mentions may be of any age */
};
int store_ingest(struct store *store, const struct store_batch *batch, store_reply_fn *done, void *user,
                 struct error *err);

/* What the outage detector found, its position in the event stream and, if `state` is not empty, its bytes,
 * in one step: outage_commit of docs/queue.md. Goes with the brand's lease, brought in by outage_open. A
 * commit sent again answers the same. All is copied. Refused with STORE_STALE (read everything again with
 * outage_open), STORE_OOM (again later).
 *
 * The other functions are called by store_call(): outage_open with {"lease"}; with STORE_READ outage_guards
 * with {}, and outage_state with {}, whose reply's text is the bytes (is_null: none). */
#define STORE_OUTAGE_STATE_MAX 65536   /* bytes */
#define STORE_OUTAGE_CHANGES_MAX 32    /* in a commit */
#define STORE_OUTAGE_MEMBERS_MAX 1000  /* in all changes of a commit */
#define STORE_OUTAGE_EXAMPLES_MAX 5
#define STORE_OUTAGE_SERIES_MAX 60     /* points in a change */
#define STORE_OUTAGE_WHY_MAX 8192      /* bytes */
int store_outage_commit(struct store *store, struct str brand, struct str json_commit, struct str state,
                        store_reply_fn *done, void *user, struct error *err);

/* The alerter's step: its position in the event stream and what it has still to tell, in one: alert_commit of
 * docs/queue.md, with the brand's lease, brought in by alert_open. The same sent again answers the same. All
 * is copied. Refused with STORE_STALE: read everything again. */
int store_alert_commit(struct store *store, struct str brand, struct str json_commit, struct str state,
                       store_reply_fn *done, void *user, struct error *err);

/* Settings of one brand for the functions (brand_configure). */
int store_configure_args(const struct settings *settings, const struct brand_settings *brand,
                         struct buf *ret_json);

/* One event of the daemon itself to <ns>:{@ops}:events: `type`, then key/value pairs, at most 8. Fire and
 * forget; a full Redis takes it too. Not while there is no connection. */
void store_ops_event(struct store *store, const char *type, const struct str *pairs, size_t n_pairs);

/* The library's text as embedded in the program, and its version. */
extern const char store_library[];
extern const size_t store_library_len;

struct redis *store_redis(struct store *store);
struct str store_name_space(const struct store *store);

#endif
