/* Source drivers: one a network, pure. A driver turns (config, session, cursor) into a request and
 * a reply into mentions and a step. It does no I/O, owns no timer, knows no Redis: the poller
 * carries out requests, schedules, waits, pages, retries, keeps sessions and cursors.
 *
 *     prepare(cursor) -> request -> (poller) -> reply -> parse -> mentions + step
 *                ^                                                  |
 *                +------- PAGE: with the step's cursor -------------+
 *
 * Everything a driver must remember is in the cursor (per source) or the session (per account):
 * both are plain text that it makes itself, stored by the poller, and given back after a
 * restart. */
#ifndef MENTIOND_SOURCE_H
#define MENTIOND_SOURCE_H

#include "mentiond/buf.h"
#include "mentiond/config.h"
#include "mentiond/http.h"
#include "mentiond/mention.h"
#include "mentiond/settings.h"

#define SOURCE_CURSOR_FIELD_MAX 2048 /* bytes of each field */
#define SOURCE_SESSION_MAX (8 * 1024)
#define SOURCE_PAGE_MENTIONS_MAX 2000
#define SOURCE_HEADERS_MAX 16
#define SOURCE_ARGV_MAX 32
#define SOURCE_ENV_MAX 4
#define SOURCE_LINE_MAX (64 * 1024) /* bytes of a JSON line of a file or program */
#define SOURCE_GONE_MAX 1000 /* ids of one page that its network reports as deleted */
#define SOURCE_REFUSALS_MAX 100 /* bad lines of one body that its sender is told of; all are counted */
#define SOURCE_LOOKUP_MAX 100 /* mentions in one look at what became of them */

/* Everything older than `low` is stored. A walk is a way through pages under way: `high` becomes
 * the next low, `next` says where it goes on, `floor` where it may stop. All opaque to the poller,
 * "" when unset. */
struct source_cursor {
    struct str low;
    bool walking;
    struct str high, next, floor;
};

struct source_account {
    struct str name;    /* of config, or the host for sources without an account */
    void *config;       /* driver->account_size bytes, decoded from driver->account_options; may be NULL */
    const struct account_settings *settings; /* borrowed; NULL for a host */
    struct str session; /* what the driver made of its last LOGIN, "" before */
};

struct source {
    const struct source_driver *driver;
    struct str name, brand;
    const struct source_settings *settings; /* borrowed */
    void *config;                           /* driver->config_size bytes */
    struct source_account *account;         /* never NULL */
    int64_t interval_ms, overlap_ms, max_pages, backfill_ms;
    int64_t interval_min_ms, interval_max_ms; /* what the interval moves between */
    int64_t max_per_minute;                   /* new mentions; 0: no limit */
    bool unfiltered; /* set by check(): all that comes is about the brand, whatever loose_search says */
};

/* INBOX: nobody is asked; the reply is the next body that was pushed to the source, or an empty one. */
enum request_kind { REQUEST_HTTP, REQUEST_EXEC, REQUEST_READ, REQUEST_INBOX };

/* What the poller is to do. Text lives in the arena given to prepare(). */
struct source_request {
    enum request_kind kind;
    bool login; /* this is part of logging in: counted apart, never more than a few in a row */
    const char *endpoint; /* name for budgets and logs: "search", "createSession" */
    int64_t cost;         /* what it takes of the endpoint's budget, in the network's units; 0: one */
    struct http_request http; /* headers point to `headers` */
    struct http_header headers[SOURCE_HEADERS_MAX];
    const char *argv[SOURCE_ARGV_MAX + 1]; /* EXEC: NULL-terminated; the program's output is the body */
    const char *env[SOURCE_ENV_MAX + 1];   /* EXEC: "NAME=value" set besides what it inherits; NULL-terminated */
    struct str stdin_text;
    int64_t timeout_ms; /* 0: the poller's */
    struct str path; /* READ */
    int64_t offset, max_len; /* READ: bytes */
};

struct source_reply {
    enum request_kind kind;
    bool login;
    const struct http_response *http; /* HTTP */
    struct str body;                  /* HTTP body, program output, bytes read */
    bool eof;                         /* READ: this is the end of the file; INBOX: nothing more waits */
    int64_t file_id, file_len;        /* READ: inode and size, to notice rotation and truncation */
    int exit_status;                  /* EXEC: 0..255, -signal */
    struct str stderr_line;           /* EXEC: the last line of standard error, "" if none */
    int64_t received_at_ms;           /* wall */
};

/* What a network says in the body of its reply about what it still allows (headers are read by the poller). */
struct source_budget {
    bool told;
    int64_t limit, remaining; /* in a window, in the units of request.cost; -1: not said */
    int64_t reset_ms;         /* until the next window; -1: not said */
};

enum step_kind {
    STEP_PAGE,  /* store the mentions with `cursor`, then prepare() again with it */
    STEP_DONE,  /* store with `cursor`; the poll is over */
    STEP_LOGIN, /* keep `session`, then prepare() again with the same cursor */
    STEP_WAIT,  /* the network asks us to wait `wait_ms` (0: it did not say how long) */
    STEP_RETRY, /* failed for now: back off, then the same cursor again */
    STEP_STOP,  /* will not work until somebody changes something: say so, probe slowly */
};

struct source_step {
    enum step_kind kind;
    struct source_cursor cursor; /* PAGE, DONE */
    struct str session;          /* LOGIN: at most SOURCE_SESSION_MAX */
    int64_t wait_ms;
    struct str reason;           /* WAIT, RETRY, STOP: for people */
    bool gap;                    /* DONE: the network could not give everything back to low */
    int64_t spent_micro_usd;     /* any kind: what this reply cost, where reading is charged for; 0: nothing */
    int64_t gap_from_ms, gap_to_ms; /* wall, the time of what is missing; 0: the poller's guess */
    struct source_budget budget;    /* of any kind of step; zeroed: nothing was said */
};

/* Where parse() puts mentions: zeroed but for mention_init(), in the arena. They have text, times,
 * author, links and `named` as the network tells them; brand, source, own, addressed and the
 * verdict are the poller's. A mention with edited_at_ms replaces what is stored of it, if that is of an earlier
 * edit. */
struct source_refusal {
    unsigned line; /* of what was read, from 1 */
    struct str why;
};
struct source_page {
    struct arena *arena;
    struct mention *mentions;
    size_t n_mentions, cap;
    struct str *gone; /* whole ids, "<network>:<id>", that the network says are deleted: erased with this page */
    size_t n_gone;
    unsigned skipped;        /* items that are no post (wrong shape, private): counted */
    struct str skipped_note; /* about the first of them: "line 17: not JSON"; "" if there is nothing to say */
    struct source_refusal *refusals; /* the first SOURCE_REFUSALS_MAX, for those who are told each: INBOX */
    size_t n_refusals;
    struct json_faults faults;
};
struct mention *source_page_add(struct source_page *page); /* NULL: full or out of memory */
/* `id` with its "<network>:" before it, in the arena. False: full or out of memory. Of a mention nobody knows it does
 * nothing, so a driver need not remember what it gave. */
bool source_page_gone(struct source_page *page, struct str id);

/* Mentions whose fate is asked for: what their network reports neither as changed nor as deleted is simply absent
 * from its pages. Both texts are borrowed for the call. */
struct source_lookup {
    const struct str *ids;     /* "<network>:<id>" */
    const struct str *natives; /* as in struct mention; "" where the id says it all */
    size_t n;                  /* at most the driver's lookup_max */
};

/* What others send to us by HTTP, rather than that we ask for it. */
struct source_push {
    struct str body;
    const void *request; /* for header() */
    struct str (*header)(const void *request, struct str name); /* {NULL, 0} if absent */
    int64_t now_ms;      /* wall */
};

struct source_inlet {
    size_t body_max; /* bytes */
    /* Where it is pushed to, beginning with '/': into the arena. */
    struct str (*path)(const struct source *src, struct arena *arena);
    /* May it be taken? -EACCES: not signed by who may send, or too old; -EBADMSG: too much at once. Anything
     * else is ours: a secret that cannot be read. */
    int (*check)(const struct source *src, const struct source_push *push, struct error *err);
};

struct source_driver {
    const char *name;             /* "mastodon", as in config.yaml */
    const char *help;             /* one sentence */
    const struct option *options; /* of a source; {0}-terminated */
    size_t config_size;
    const struct option *account_options; /* NULL: takes no account */
    size_t account_size;
    bool needs_account;
    bool loose_search; /* the network finds more than was asked: filter by the brand's terms */
    bool has_horizon;  /* false: files, which have an offset */
    int64_t interval_ms, interval_min_ms, overlap_ms, max_pages; /* defaults */

    /* Once, after decoding: what the tables cannot check (complaints go to d), and what is derived
     * from them (a path relative to the config file). False if it complained. May be NULL. */
    bool (*check)(struct source *src, const struct settings *settings, struct diag *d);
    /* The host whose lease and budget a source without account shares: into the arena. */
    struct str (*host)(const struct source *src, struct arena *arena);
    int (*prepare)(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err);
    /* Called for every complete reply whatever its status. Errors (-EBADMSG) mean the reply is not
     * what the network should send: the poller treats them as RETRY. */
    int (*parse)(const struct source *src, const struct source_cursor *at,
                 const struct source_reply *reply, struct source_page *page,
                 struct source_step *ret_step, struct error *err);

    const struct source_inlet *inlet; /* NULL: nobody pushes to it. Else prepare() asks for INBOX */

    /* May be NULL (with lookup_max 0): the network tells of deletions by itself, or not at all. The request for a
     * list of mentions by id, and its reply: mentions that are there are added to the page (their edits are taken
     * over), each that is not there any more is a source_page_gone(). The step is DONE (the cursor is not used), or
     * WAIT, RETRY, STOP, LOGIN. Called seldom, for what is waiting or held, never within a walk. */
    size_t lookup_max;
    int (*lookup)(const struct source *src, const struct source_lookup *asked, struct arena *arena,
                  struct source_request *ret_request, struct error *err);
    int (*parse_lookup)(const struct source *src, const struct source_lookup *asked,
                        const struct source_reply *reply, struct source_page *page,
                        struct source_step *ret_step, struct error *err);
};

/* All drivers, NULL-terminated. */
extern const struct source_driver *const source_drivers[];
const struct source_driver *source_driver_find(struct str name);

/* Makes all sources of a brand from its settings, and the accounts they share (by name, or by
 * host). Wrong options go to `d` and NULL comes back. */
struct source_set {
    struct source *sources;
    size_t n_sources;
    struct source_account **accounts; /* distinct */
    size_t n_accounts;
    struct arena arena;
};
struct source_set *source_set_create(const struct settings *settings, struct diag *d);
void source_set_destroy(struct source_set *set);

/* The step that a status means where a driver knows no better: 429 WAIT, 5xx and 408 RETRY, 401 403
 * 404 410 4xx STOP, an HTML body where JSON belongs RETRY. True if it decided (so: not a plain
 * 2xx). */
bool source_step_for_status(const struct source_reply *reply, struct arena *arena,
                            struct source_step *ret_step);

#endif
