/* What the files of store/ share. */
#ifndef MENTIOND_STORE_INTERNAL_H
#define MENTIOND_STORE_INTERNAL_H

#include "mentiond/store.h"

#define STORE_LIBRARY_VERSION "1.1" /* what library_version() in the queue library answers */
#define STORE_OPS_PAIRS_MAX 8
#define STORE_OPS_VALUE_MAX 1000  /* bytes; ops_say takes no more than 1024 */
#define STORE_NOW 2               /* beside enum store_flags: refused when not connected, never repeated */

/* One FCALL from request to final answer, through retries and reloads of the library. */
struct store_pending {
    struct store *store;
    struct store_pending *next, **link; /* in store->pending */
    struct str *argv;                   /* owned, with what it points to */
    size_t argc;
    unsigned redis_flags; /* enum redis_flags */
    unsigned tries;
    bool waits_for_library;
    struct event *retry; /* owned */
    store_reply_fn *done;
    void *user;
};

enum library_state { LIBRARY_UNKNOWN, LIBRARY_LOADING, LIBRARY_READY };

struct store {
    struct event_base *base; /* borrowed */
    struct redis *redis;     /* borrowed */
    char *name_space;        /* owned */
    struct store_pending *pending;
    enum library_state library;
    unsigned library_tries;
};

/* The first two arguments of mention_ingest, header and fields: docs/queue.md. */
void store_batch_header(const struct store_batch *batch, struct buf *out);
void store_batch_fields(const struct store_batch *batch, struct buf *out);

/* Sends it (again). On failure it is finished with the error. */
void store_pending_send(struct store_pending *call);
/* Answers and frees. */
void store_pending_finish(struct store_pending *call, const struct store_reply *reply,
                          const struct error *err);

/* Makes sure that the server has our library or a newer minor of it; afterwards every call that waits for it
 * is sent again, or finished with the error. */
void store_library_load(struct store *store);
void store_library_done(struct store *store, const struct error *err);

#endif
