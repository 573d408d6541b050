/* What the files of poller/ share.
 *
 *   poller   all of it; owns the rest
 *   account  what sources share: the lease, the session, the turns, the network's "wait", budgets and quotas
 *   feed     one source as it runs: where it is in its poll, its cursor, its health
 *   brand    what its mentions are judged by
 *   inbox    what was pushed to a source and waits for its poll
 *   desk     what operators ask for, and what an earlier run knew
 *
 * A feed's way: IDLE -(timer)-> OPENING (once after each lease) -> WAITING for its turn -> FETCHING ->
 * STORING, page by page, and back to IDLE. Whatever fails on the way ends in feed_finish(). */
#ifndef MENTIOND_POLLER_INTERNAL_H
#define MENTIOND_POLLER_INTERNAL_H

#include "mentiond/exec.h"
#include "mentiond/http_server.h"
#include "mentiond/log.h"
#include "mentiond/poller.h"
#include "mentiond/outage_reader.h"
#include "mentiond/stream.h"
#include "budget.h"
#include "history.h"

#define ACCOUNT_SLOTS 1 /* requests of an account at a time: a log-in would take the session from another */
#define HOST_SLOTS 4    /* of sources that only share a host */
#define ACCOUNT_BLOCK_MAX_MS (25LL * 3600 * 1000) /* what is kept of a longer wait is an error */

#define LEASE_TTL_MS 15000
#define LEASE_RENEW_MS 5000
#define LEASE_RETRY_MS 2000  /* while another daemon holds it: a lease given back is taken soon */
#define LEASE_STALE_MS 10000 /* not renewed for so long by our own clock: requests stop */

#define LEASE_REFUSALS_ONCE_MAX 9 /* with --once: longer than a dead daemon's lease lives */

#define FEED_ARENA_MAX ((size_t)96 * 1024 * 1024) /* one page: body, JSON tree and mentions */
#define FEED_LOGINS_MAX 3                         /* in one poll */
#define FEED_BACKOFF_MIN_MS 5000
#define FEED_BACKOFF_MAX_MS 600000
#define FEED_PROBE_MS 900000 /* after STOP: a slow look whether somebody mended it */
#define STORE_PAUSE_MS 2000  /* after a batch got no answer */
#define STORE_FULL_PAUSE_MS 10000

struct poll_account {
    struct poller *poller;
    struct source_account *source; /* borrowed; session text is ours */
    struct buf session;
    char *lease; /* owned, "<counter>:<random>", NULL when not held */
    int64_t renewed_at_ms;   /* monotonic; when the last confirmed renewal was sent */
    int64_t asked_at_ms;     /* monotonic; when the running question was sent */
    bool asking;
    bool session_loaded;
    struct event *timer;     /* owned */
    struct feed *feeds;       /* a list by next_of_account */
    size_t n_feeds;
    unsigned n_turns;         /* feeds with a request under way */
    int64_t blocked_until_ms; /* wall, as it outlives us */
    struct budget_set budgets;
    struct quota units, money; /* money in millionths of a dollar */
    bool spent_changed;        /* what is kept in Redis is not this any more */
    unsigned refusals; /* once: how often another daemon held the lease */
    struct log_repeat failing;
};

enum outages_state { OUTAGES_IDLE, OUTAGES_OPENING, OUTAGES_FOLLOWING };

struct brand_outages {
    struct poll_brand *brand;
    enum outages_state state;
    char *lease;                     /* owned; what it was opened with */
    struct stream_consumer consumer;
    struct outage_reader *reader;    /* owned; while opening or following */
    struct stream_id stored;         /* the position that the store has */
    struct stream_id state_at;       /* what its state is of; {0, 0}: there is none */
    bool first;                      /* the brand was never followed, and nothing has been read yet */
    bool committing;                 /* a commit has no answer yet, or is to be sent again */
    bool unanswered;                 /* it is to be sent again */
    size_t n_sent, n_sending;        /* changes: stored, and in the commit under way */
    bool last_part;                  /* the commit under way moves the position */
    struct log_repeat failing;
};

struct poll_brand {
    const struct brand_settings *settings;
    struct ruleset *rules;    /* referenced */
    const struct outage_lens *lens; /* borrowed; may be NULL */
    struct term_set *terms;   /* owned, NULL when there are none */
    struct term_set *exclude; /* owned, NULL when there are none */
    struct poller *poller;
    struct poll_account account; /* the lease on the brand: who calls mention_tick */
    struct source_account account_name;
    char *account_text; /* owned */
    struct event *tick; /* owned */
    struct stream_reader *stream; /* owned; NULL in a dry run */
    struct brand_outages outages;
    bool ticking;
    bool configured;
    bool has_outage; /* an open one: its sources are polled as often as they may be */
    bool rules_said; /* uses_publish() has said which there are */
};

enum feed_state {
    FEED_IDLE,
    FEED_OPENING,
    FEED_WAITING, /* for its turn: woken by who leaves */
    FEED_HELD,    /* for time to pass (a budget, the network's wait), in the middle of a poll */
    FEED_FETCHING,
    FEED_STORING,
};

struct feed_health {
    int64_t last_poll_ms, last_success_ms, next_poll_ms; /* wall; 0: never */
    int64_t lag_ms;  /* age of the newest mention at its fetch, -1: unknown */
    uint64_t n_new, n_errors;
    char error[256]; /* "" when well */
};

struct known {
    char *id, *native; /* owned */
    int64_t created_at_ms;
};

struct feed {
    struct poller *poller;
    const struct source *source;
    struct poll_account *account;
    struct feed *next_of_account;
    bool has_turn;
    struct poll_brand *brand;
    enum feed_state state;
    struct event *timer; /* owned: next poll, next turn or next try of a batch, by state */

    bool opened; /* cursor and seq are those in Redis */
    int64_t seq;
    struct source_cursor cursor; /* text in cursor_arena */
    struct arena cursor_arena;
    struct buf cursor_text; /* the stored form */

    struct arena arena; /* the page under way */
    struct source_page page;
    struct source_step step;
    struct buf step_text;            /* the step's cursor in its stored form */
    const struct mention **outgoing; /* in the arena: what is to be stored, oldest first */
    size_t n_outgoing, n_stored, n_batch;
    struct str batch_cursor;

    struct inbox *inbox; /* owned; NULL: nothing is pushed to it */
    struct http_transfer *transfer;
    struct exec_child *child;
    bool login;
    char endpoint[BUDGET_NAME_MAX]; /* of the last request */
    int64_t cost;                   /* of the request under way, 0: none */
    const char *why;                /* static: why the next poll is when it is */

    unsigned pages, logins; /* of this poll */
    uint64_t poll_new, poll_counted; /* counted: of those, already in the flood's bucket */
    unsigned failures; /* polls in a row */
    bool said_failing;
    bool gap_open; /* said, and still being read */
    int64_t gap_from_ms, gap_to_ms;
    int64_t reached_ms; /* creation time of the newest mention of all finished walks, 0: unknown */
    int64_t walk_newest_ms, walk_oldest_ms;
    bool walk_goes_back; /* its pages go from new to old */
    struct known *known; /* owned: what it brought last, for lookups; NULL: nothing */
    size_t n_known, look_at;
    int64_t looked_at_ms;           /* monotonic */
    bool looking;                   /* the request under way is a lookup */
    struct source_lookup asked_for; /* of it, in the arena */
    bool mending; /* the page's erasures and edits are sent, before the page itself */
    size_t n_erased, n_erasing, n_edited; /* of the page: done, under way; looked at for edits */
    struct flood flood;
    int64_t flood_wait_ms;
    uint64_t n_live; /* of the page: written just now */
    struct history history;
    bool paused, pause_wished; /* by an operator */
    bool asked;  /* an operator wants a poll now */
    int64_t interval_ms;
    bool finished; /* once: got to its end, or failed */
    bool failed;
    struct log_repeat failing, skipping;
    struct feed_health health;
    struct poller_stats stats;
};

struct poller {
    struct poller_options options;
    struct poll_brand *brands;
    size_t n_brands;
    struct poll_account *accounts;
    size_t n_accounts;
    struct feed *feeds;
    size_t n_feeds;
    struct desk *desk; /* owned; NULL in a dry run */
    struct poll_account ops; /* with options.speaks: the lease of who tells of the daemons' own events */
    struct source_account ops_name;
    bool draining;
    struct log_repeat full; /* Redis took no mentions */
    struct event *drain_timer; /* owned */
    void (*on_drained)(void *user);
    void *drained_user;
};

/* ---- account.c -------------------------------------------------------------------------------- */

int account_init(struct poll_account *account, struct poller *poller, struct source_account *source,
                 struct error *err);
void account_finish(struct poll_account *account);
void account_start(struct poll_account *account);
void account_add_feed(struct poll_account *account, struct feed *feed);
/* Held, and renewed lately by our own clock. Always true in a dry run. */
bool account_has_lease(const struct poll_account *account);
void account_give_back(struct poll_account *account);
/* Somebody else has it, as the store says: forget it. */
void account_lost(struct poll_account *account);
/* The turn: true if the feed may send its request now; otherwise it is woken when it may. */
bool account_enter(struct poll_account *account, struct feed *feed);
void account_leave(struct poll_account *account, struct feed *feed);
void account_keep_session(struct poll_account *account, struct str session);

/* ---- account_budget.c -------------------------------------------------------------------------- */

void account_init_quotas(struct poll_account *account);
/* The network asked to wait: for all of the account's feeds, and for who has the lease next. */
void account_block(struct poll_account *account, int64_t wait_ms);
int64_t account_blocked_ms(const struct poll_account *account);
/* 0: this request may go out; else in how many ms it may, and why not now (static text). `paging`: of a
 * poll begun. */
int64_t account_wait_ms(struct poll_account *account, const struct source_request *request, bool paging,
                        const char **ret_why);
/* It went out; then its end, with what was told about the budget (NULL: no reply). */
void account_sent(struct poll_account *account, const struct source_request *request);
void account_settle(struct poll_account *account, const char *endpoint, int64_t cost,
                    const struct source_budget *told);
void account_spent_money(struct poll_account *account, int64_t micro_usd);
/* What is left to spend and of how much, -1: nobody said. */
int64_t account_left(const struct poll_account *account, const char *endpoint, int64_t *ret_limit);
/* Writes what must outlive us to Redis, if it changed; and takes what was written. */
void account_keep_spent(struct poll_account *account);
void account_take_spent(struct poll_account *account, struct str text);

/* ---- brand.c ---------------------------------------------------------------------------------- */

int brand_init(struct poll_brand *brand, struct poller *poller, const struct poller_brand *options,
               struct error *err);
void brand_finish(struct poll_brand *brand);
void brand_start(struct poll_brand *brand);
/* Sends brand_configure (again). */
void brand_configure(struct poll_brand *brand);

/* ---- outages.c -------------------------------------------------------------------------------- */

void outages_init(struct brand_outages *o, struct poll_brand *brand);
void outages_finish(struct brand_outages *o);
/* Each second: begins to follow the stream when the brand's lease is held, stops when it is not. */
void outages_tick(struct brand_outages *o);

/* ---- judge.c ---------------------------------------------------------------------------------- */

enum judge_result { JUDGE_KEEP, JUDGE_UNRELATED, JUDGE_EXCLUDED, JUDGE_REFUSED };

/* Everything between a driver's mention and the store: brand, own, addressed, limits, class. */
enum judge_result judge_mention(const struct source *source, const struct poll_brand *brand,
                                struct mention *m, int64_t fetched_at_ms, struct arena *arena,
                                struct error *err);

/* ---- feed.c, fetch.c, deliver.c, health.c ----------------------------------------------------- */

int feed_init(struct feed *feed, struct poller *poller, const struct source *source, struct error *err);
void feed_finish_all(struct feed *feed); /* frees */
void feed_schedule(struct feed *feed, int64_t wait_ms);
/* The account has its lease (again): a feed that stands still goes on. */
void feed_wake(struct feed *feed);
/* The lease is gone: stops what runs; the cursor will be read again. */
void feed_abort(struct feed *feed);
/* The cursor must be read from Redis again before the next poll. */
void feed_reopen(struct feed *feed);
/* Next page, or the same again after a login. */
void feed_request(struct feed *feed);

/* Sends the request of the driver; ends in feed_on_reply() or feed_fail(). */
void fetch_start(struct feed *feed);
void fetch_cancel(struct feed *feed);
/* The request under way, if any, has ended: see account_settle(). */
void fetch_settle(struct feed *feed, const struct source_budget *told);
/* The poll goes on later, from where it is. */
void feed_hold(struct feed *feed, int64_t wait_ms, const char *why);
void feed_on_reply(struct feed *feed, const struct source_reply *reply);

/* Stores page and step; ends in feed_stored() or feed_fail(). */
void deliver_start(struct feed *feed);
void deliver_page(struct feed *feed); /* after what there was to mend */
void deliver_resume(struct feed *feed); /* the timer of a batch that is tried again */
void feed_stored(struct feed *feed);

/* Ends the poll. `retry_ms` -1: by backoff. */
void feed_fail(struct feed *feed, const char *what, int64_t retry_ms, const struct error *err);
void feed_done(struct feed *feed);

void health_publish(const struct feed *feed);
/* What an earlier run knew of the source. */
void health_restore(struct feed *feed, struct str json);

/* ---- inbox.c: all accept feeds without one ----------------------------------------------------- */

/* If its driver has an inlet and the daemon a server: the feed can be pushed to from here on. */
int inbox_create(struct feed *feed, struct error *err);
void inbox_destroy(struct feed *feed); /* who waits is told to come back */
bool inbox_has_mail(const struct feed *feed);
/* The next body; empty where none waits. It is the one under way until one of the next two. Borrowed for
 * parse(). */
void inbox_take(struct feed *feed, struct source_reply *ret);
void inbox_stored(struct feed *feed); /* all of it is in Redis */
/* It and all that wait are not taken, as far as we know. */
void inbox_fail(struct feed *feed, const char *why);
/* A mention of the body under way is not taken, which is for good. */
void inbox_refuse(struct feed *feed, struct str id, struct str why);

/* ---- watch.c ---------------------------------------------------------------------------------- */

void watch_page(struct feed *feed);       /* parsed, not stored yet */
void watch_page_limit(struct feed *feed); /* the walk goes on with the next poll */
void watch_walk_end(struct feed *feed);   /* the last page is stored */
void watch_failure(struct feed *feed, int64_t retry_ms);
void watch_progress(struct feed *feed);
void watch_silence(struct feed *feed); /* at the end of each poll that went well */
/* A page is stored: how long the next one has to wait, 0: not at all. */
int64_t watch_flood(struct feed *feed);

/* ---- mend.c ------------------------------------------------------------------------------------ */

/* Erases and edits what the page says, then goes on with deliver_page(). */
void mend_start(struct feed *feed);
void mend_resume(struct feed *feed);
/* Lookups: what was stored is remembered, and at the end of a poll it may be time to ask for some of it
 * again. */
void mend_remember(struct feed *feed, const struct mention *m);
bool mend_is_due(const struct feed *feed);
int mend_prepare(struct feed *feed, struct source_request *ret_request, struct error *err);
void mend_finish(struct feed *feed);
/* A lookup has ended, well or not. */
void feed_looked(struct feed *feed);

/* ---- desk.c ------------------------------------------------------------------------------------ */

struct desk;
int desk_create(struct poller *poller, struct desk **ret, struct error *err);
void desk_start(struct desk *desk);
void desk_destroy(struct desk *desk);

/* An operator's wishes. */
void feed_pause(struct feed *feed, bool paused);
void feed_poll_now(struct feed *feed);
/* The next poll is to come after the shortest interval at the latest. */
void feed_hurry(struct feed *feed);

/* ---- uses.c ----------------------------------------------------------------------------------- */

/* At the end of a poll: which rules there are, which fired, which were limited. */
void uses_publish(struct poll_brand *brand);

/* ---- poller.c --------------------------------------------------------------------------------- */

void poller_check_finished(struct poller *poller);

#endif
