/* The poller: does for all drivers what they may not do themselves. It schedules, holds accounts' leases, carries
 * out requests, judges what comes back and hands it to the store with the new cursor, one batch after the other.
 *
 * Nothing is lost by stopping it at any moment: cursors and sessions are in Redis, and a cursor moves only in the
 * same step that stores what it stands for. */
#ifndef MENTIOND_POLLER_H
#define MENTIOND_POLLER_H

#include "mentiond/outage.h"
#include "mentiond/rules.h"
#include "mentiond/source.h"
#include "mentiond/store.h"

struct http_server;
struct poller;
struct stream_reader;

/* What a brand's mentions are judged by. The poller takes its own references. */
struct poller_brand {
    const struct brand_settings *settings; /* borrowed */
    struct ruleset *rules;                 /* borrowed: referenced */
    const struct outage_lens *lens;        /* borrowed: must outlive the poller; NULL: neither places nor rivals */
};

struct poller_options {
    struct event_base *base;             /* borrowed, as all of these: must outlive the poller */
    struct http_client *http;
    struct http_server *server;          /* for what is pushed; NULL: none is */
    struct store *store;                 /* NULL: dry run, nothing is read from or written to Redis */
    const struct settings *settings;
    const struct source_set *sources;
    const struct poller_brand *brands;   /* of every brand in settings, in that order */
    const char *daemon_name;             /* who holds leases: host name and pid */
    const char *nonce;                   /* 32 random hex digits of this start: a poller of the same start takes its
                                            predecessor's leases over at once, no other does */
    bool once;                           /* each source until it has nothing more, then no more */
    const char *only_source;             /* NULL: all */
    bool speaks;                         /* also holds the lease of the account `ops`, whose holder tells of the daemons' own events */
    /* In a dry run, each judged mention (borrowed for the call). */
    void (*on_mention)(void *user, const struct mention *m);
    /* With `once`: every source is through; n_failed of them did not get to their end. */
    void (*on_finished)(void *user, unsigned n_failed);
    void *user;
};

int poller_create(const struct poller_options *options, struct poller **ret, struct error *err);
void poller_start(struct poller *poller);

/* An outage of this brand is open, or is over: while one is, its sources are polled as often as they may be. */
void poller_set_outage(struct poller *poller, struct str brand, bool is_open);

/* To be called at each new connection to Redis. A server that came back may have lost its last writes (a power cut, a
 * failover), cursors among them: every source reads its cursor again before its next poll, and so from the network
 * what was lost. */
void poller_redis_is_back(struct poller *poller);

/* Starts no more polls; calls `done` once what runs has been stored or given up (at most grace_ms) and the
 * leases are given back. */
void poller_drain(struct poller *poller, int64_t grace_ms, void (*done)(void *user), void *user);
void poller_destroy(struct poller *poller);

/* For who else follows a brand: its stream's reader, NULL for a brand that is not there and in a dry run; borrowed until
 * poller_destroy(). */
struct stream_reader *poller_stream(struct poller *poller, struct str brand);
/* The lease on the brand, or with "" on the account `ops`; NULL while it is not held here. Borrowed for the moment. */
const char *poller_lease(const struct poller *poller, struct str brand);

/* Sums over all sources since the start. */
struct poller_stats {
    uint64_t polls, failures, pages, mentions, new_mentions, known, old, excluded, unrelated, refused,
        skipped, own, reposts, faults;
};
struct poller_stats poller_stats(const struct poller *poller);

/* ---- parts with their own tests -------------------------------------------------------------- */

/* Wait before try number `failures` (from 1): doubling from min_ms to max_ms, then random in the upper half. */
int64_t backoff_ms(unsigned failures, int64_t min_ms, int64_t max_ms, uint32_t random);

/* The next interval: halves towards floor_ms while mentions come, grows by half towards ceiling_ms while none do. */
int64_t schedule_interval_ms(int64_t current_ms, int64_t floor_ms, int64_t ceiling_ms, uint64_t n_new);

/* A leaky bucket of new mentions: it holds max_per_minute and leaks as many in a minute. Returns how long to wait until
 * what was just added fits, 0 if it does. */
struct flood {
    double level;
    int64_t at_ms;
    bool is_on; /* said, and not over yet */
};
int64_t flood_add(struct flood *flood, uint64_t n_new, int64_t max_per_minute, int64_t now_ms);

/* The cursor as the JSON text that is stored, and back (text copied into the arena). */
bool source_cursor_to_json(const struct source_cursor *cursor, struct buf *out);
int source_cursor_from_json(struct str text, struct arena *arena, struct source_cursor *ret,
                            struct error *err);

#endif
