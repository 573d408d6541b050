/* Alert channels: one a kind of receiver, pure. A channel turns (config, notice, memo) into a request, and a
 * reply into an outcome. It does no I/O, owns no timer, knows no Redis: the alerter routes, groups, waits,
 * retries, limits and remembers for all of them.
 *
 *     events -> routes -> notice -> prepare() -> request -> (alerter) -> reply -> judge() -> outcome
 *
 * Everything in a notice may hold words of strangers. The notice is plain text, cleaned of what no
 * receiver should get (notice makers call alert_clean()); escaping it for the receiver's markup, taking
 * the teeth out of pings and cutting it to the receiver's lengths is the channel's work, with the
 * helpers of daemon/alerts/text.h. */
#ifndef MENTIOND_ALERT_H
#define MENTIOND_ALERT_H

#include "mentiond/arena.h"
#include "mentiond/config.h"
#include "mentiond/http.h"
#include "mentiond/mail.h"
#include "mentiond/settings.h"

#define ALERT_CHANNELS_MAX 64
#define ALERT_FACTS_MAX 8
#define ALERT_EXAMPLES_MAX 3
#define ALERT_HEADERS_MAX 8
#define ALERT_ARGV_MAX 32
#define ALERT_ENV_MAX 24
#define ALERT_MEMO_MAX 512                /* bytes */
#define ALERT_BODY_MAX (64 * 1024)        /* bytes of a request; each channel's own limits are lower */
#define ALERT_REPLY_MAX ((size_t)64 * 1024) /* bytes of a reply that are looked at */

/* ---- what is told -------------------------------------------------------------------------- */

enum alert_phase {
    ALERT_FIRING,   /* something is wrong, or still is */
    ALERT_ACKED,    /* somebody looks after it */
    ALERT_RESOLVED, /* it is over */
    ALERT_PASSING,  /* a fact that has no end: an overdue mention, a digest, a test */
};

enum alert_severity { ALERT_INFO, ALERT_WARNING, ALERT_CRITICAL };

struct alert_fact {
    struct str name, value; /* "people", "37" */
};

struct alert_example {
    struct str who, text; /* of a post: a stranger's words */
    struct str url;       /* http or https, or "" */
};

/* All text is plain UTF-8, cleaned, borrowed by the channel for the call. */
struct alert_notice {
    struct str key;   /* of what it is about: opened, grew and over of one outage have the same */
    struct str id;    /* of this message: the same on each retry, another once it says something new */
    enum alert_phase phase;
    enum alert_severity severity;
    struct str event; /* type of the newest event: "outage.opened"; "test", "digest" */
    struct str brand;
    struct str title; /* one line */
    struct str text;  /* lines; may be "" */
    struct alert_fact facts[ALERT_FACTS_MAX];
    size_t n_facts;
    struct alert_example examples[ALERT_EXAMPLES_MAX];
    size_t n_examples;
    struct str url;   /* where to look, http or https; "" if there is no such place */
    int64_t at_ms;    /* wall; when it was last so */
    int64_t since_ms; /* 0: not known */
    int64_t until_ms; /* RESOLVED: when it ended */
    struct str json;  /* the same for machines: one JSON object, made by the alerter */
};

/* ---- what is sent -------------------------------------------------------------------------- */

enum alert_transport { ALERT_HTTP, ALERT_MAIL, ALERT_EXEC };

/* Text lives in the arena given to prepare(). */
struct alert_request {
    enum alert_transport transport;
    struct http_request http; /* headers point to `headers`; is_path_secret: the address is the credential */
    struct http_header headers[ALERT_HEADERS_MAX];

    struct mail_request mail; /* `to` points to `recipients` */
    struct str recipients[MAIL_RECIPIENTS_MAX];

    const char *argv[ALERT_ARGV_MAX + 1]; /* EXEC: NULL-terminated */
    const char *env[ALERT_ENV_MAX + 1];   /* EXEC: "NAME=value" besides what it inherits; NULL-terminated */
    struct str stdin_text;

    int64_t timeout_ms; /* 0: the alerter's */
};

struct alert_reply {
    const struct http_response *http; /* HTTP; NULL for the others */
    struct str body;                  /* HTTP: at most ALERT_REPLY_MAX; MAIL: the server's last line; EXEC: its
                                       * last line of standard error, else of output */
    int mail_status;                  /* MAIL: of the last answer, such as 250 */
    int exit_status;                  /* EXEC: 0..255, -signal */
    int64_t received_at_ms;           /* wall */
};

enum alert_verdict {
    ALERT_DONE,
    ALERT_LATER,   /* not now: the same again after wait_ms */
    ALERT_AGAIN,   /* at once, with the new memo: a chat has moved, a markup was refused; not twice */
    ALERT_REFUSED, /* this notice will never be taken: it is dropped, said and counted */
    ALERT_BROKEN,  /* nothing will be taken until somebody mends the channel: said once, probed slowly */
};

struct alert_outcome {
    enum alert_verdict verdict;
    int64_t wait_ms;   /* LATER: -1 when the receiver did not say */
    struct str reason; /* for people; never holds a credential */
    struct str memo;   /* DONE, AGAIN: what prepare() gets with this key's next notice; {NULL, 0}: as it was */
};

/* ---- channels ------------------------------------------------------------------------------ */

/* A channel of the configuration. */
struct alert_target {
    const struct alert_channel *channel;
    struct str name;
    void *config;  /* channel->config_size bytes */
    bool direct;   /* also says redis.down and redis.up when there is no Redis */
    int64_t per_minute; /* messages at most; the channel's own limit where nothing else is given */
    struct config_mark mark;
};

struct alert_channel {
    const char *name;             /* "slack", as in config.yaml */
    const char *help;             /* one sentence */
    const struct option *options; /* {0}-terminated */
    size_t config_size;
    int64_t burst, per_minute;    /* what the receiver takes at once, and for long */
    int64_t resend_ms;            /* a firing notice is sent again this often; 0: only when it changes */
    bool idempotent;              /* the receiver knows a retry by the notice's id: never shown twice */
    bool follows;                 /* takes every phase; else RESOLVED and ACKED are messages like others */

    /* Once, after decoding: what the table cannot check. False if it complained. May be NULL. */
    bool (*check)(struct alert_target *target, const struct settings *settings, struct diag *d);
    /* `memo`: what the last outcome of this key left, "" at first. Errors (-EINVAL: a secret is
     * missing, -ENOMEM) count as BROKEN. */
    int (*prepare)(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err);
    /* Called for every complete reply; what never became one (no connection, a
     * time-out) is LATER without it. */
    void (*judge)(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome);
};

/* All kinds, NULL-terminated. */
extern const struct alert_channel *const alert_channels[];

/* The keys that every channel has: type, direct, per_minute. */
extern const struct option alert_channel_options[];

struct alert_targets {
    struct alert_target *items;
    size_t n;
    struct arena arena;
};

/* Makes the channels of alerts.channels. What is wrong goes to `d` and NULL comes back. */
struct alert_targets *alert_targets_create(const struct settings *settings, struct diag *d);
void alert_targets_destroy(struct alert_targets *targets);
const struct alert_target *alert_target_find(const struct alert_targets *targets, struct str name);

/* ---- text ---------------------------------------------------------------------------------- */

/* Without what no receiver should get from a stranger: control and escape characters, bidirectional overrides
 * and isolates, invisible characters and tags; bytes that are not UTF-8 are U+FFFD. Line ends stay where
 * `lines`, else become spaces. In the arena; "" when out of memory. */
struct str alert_clean(struct str text, bool lines, struct arena *arena);

#endif
