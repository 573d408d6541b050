/* What the files of alerter/ share.
 *
 *   alerter   all of it; owns the rest
 *   teller    who tells of one stream: a brand's, or the daemons' own
 *   keep      where a teller's position and letters are kept
 *   look      what is looked up of the mentions that events are about
 *   outgoing  letters that go out, and what became of them
 *   silences  what agents have silenced
 *   direct    what is said of Redis when there is none
 *
 * A teller's way: IDLE -(the lease)-> OPENING (position, letters, silences) -> FOLLOWING, and back to IDLE
 * when the lease is gone or the store says that somebody else has moved on: then all is read again. Entries
 * are gathered in a page; a page is looked up, given to the outbox, and committed; while that has no answer
 * nothing is taken from the stream and nothing sent. */
#ifndef MENTIOND_ALERTER_INTERNAL_H
#define MENTIOND_ALERTER_INTERNAL_H

#include <sys/queue.h>

#include "mentiond/alerter.h"
#include "mentiond/log.h"

#define PAGE_EVENTS_MAX 64 /* that are looked up and committed together */
#define PAGE_ARENA_MAX ((size_t)8 * 1024 * 1024)
#define LOOKUPS_MAX 3           /* mentions that one event is enriched from */
#define POSITION_EVERY_MS 30000 /* a position alone, without anything to tell, is committed this seldom */
#define NEWS_MS (INT64_C(10) * 60 * 1000) /* what is older when a stream is first followed is no news */

struct alerter;
struct lookup;

struct teller_event {
    struct alert_event event; /* in the page's arena */
    struct stream_id id;
    struct str mentions[LOOKUPS_MAX];
    size_t n_mentions;
};

struct page {
    struct arena arena;
    struct teller_event items[PAGE_EVENTS_MAX];
    size_t n, n_mentions;
};

struct silences {
    struct arena arena;
    struct alert_silence *items; /* in the arena */
    size_t n;
};

enum teller_state { TELLER_IDLE, TELLER_OPENING, TELLER_FOLLOWING };

/* A letter that goes out. Of its channel it is the only one. */
struct outgoing {
    TAILQ_ENTRY(outgoing) entry;
    struct teller *teller;
    struct outbox_item item;
    struct arena arena;            /* until it is sent */
    struct alert_sending *sending; /* NULL: not before all that is known is stored */
};
TAILQ_HEAD(outgoing_list, outgoing);

struct teller {
    struct alerter *alerter;
    const struct keeper *keeper; /* NULL: nothing is kept */
    struct str brand;            /* borrowed; "" for the daemons' own */
    enum teller_state state;
    char *lease;                  /* owned; what it was opened with */
    struct stream_reader *stream; /* borrowed */
    struct stream_consumer consumer;
    struct outbox *outbox; /* owned; while opening or following */
    struct silences silences;
    struct stream_id seen;  /* all up to here is in the outbox or in the page */
    struct stream_id taken; /* all up to here is in the outbox */
    struct stream_id stored, committing_to;
    int64_t n;                   /* commits */
    int64_t committed_at_ms;     /* monotonic */
    bool first;                  /* the stream was never followed */
    bool busy;                   /* mentions or silences are being looked up */
    bool committing, unanswered; /* a commit has no answer yet; it is to be sent again */
    bool waits;                  /* an entry was told to come again */
    struct buf args, text;       /* of the commit under way */
    struct page page;
    struct lookup *lookup; /* borrowed: frees itself with its answer */
    struct outgoing_list outgoing;
    struct event *due; /* owned: when a letter is due */
    struct log_repeat failing;
};

struct direct {
    struct teller teller;
    struct alert_plan plan;
    struct alert_route routes[ALERT_CHANNELS_MAX / ALERT_ROUTE_CHANNELS_MAX + 1]; /* to all direct channels */
    size_t n_targets;
    int64_t down_since_ms; /* monotonic, 0: it answers */
    int64_t down_at_ms;    /* wall */
    bool said;
};

struct alerter {
    struct alerter_options options;
    struct alert_sender sender;
    struct mail_client *mail;         /* owned */
    struct stream_reader *ops_stream; /* owned */
    struct teller *tellers;           /* owned: of each brand, then the daemons' own */
    size_t n_tellers;
    struct direct direct;
    unsigned *failing;  /* owned; of each channel: how many tellers find it so */
    struct event *tick; /* owned */
    bool started, draining;
    struct event *drain_timer; /* owned */
    void (*on_drained)(void *user);
    void *drained_user;
};

/* ---- keep.c -------------------------------------------------------------------------------- */

struct keeper {
    int (*open)(struct teller *t, struct error *err); /* ends in teller_follow() or teller_fail() */
    int (*commit)(struct teller *t, store_reply_fn *done,
                  struct error *err); /* t->committing_to and t->text */
};
extern const struct keeper keeper_brand, keeper_ops;

/* ---- teller.c ------------------------------------------------------------------------------ */

void teller_init(struct teller *t, struct alerter *alerter, const struct keeper *keeper, struct str brand);
int teller_make(struct teller *t, struct error *err);
void teller_finish(struct teller *t);
void teller_tick(struct teller *t); /* each second */

void teller_follow(struct teller *t);
void teller_fail(struct teller *t, const char *what, const struct store_reply *reply,
                 const struct error *err);
/* The page has been looked up. */
void teller_take_page(struct teller *t);
/* Something has changed: it is committed, and what is due goes out. */
void teller_go_on(struct teller *t);
/* Sends nothing more, and commits how far it has read. */
void teller_drain(struct teller *t);
bool teller_is_busy(const struct teller *t); /* with a sending or a commit */

/* ---- look.c -------------------------------------------------------------------------------- */

/* Copies the entry, if anybody wants it. */
bool page_add(struct teller *t, const struct stream_entry *entry, struct error *err);
void page_reset(struct page *page);
/* Looks up the page's mentions; ends in teller_take_page() or teller_fail(). */
void look_up(struct teller *t);
void lookup_forget(struct teller *t);

/* ---- outgoing.c ---------------------------------------------------------------------------- */

/* Takes what is due out of the outbox. */
void outgoing_gather(struct teller *t);
/* Sends what was taken. */
void outgoing_launch(struct teller *t);
void outgoing_cancel(struct teller *t, bool also_launched);

/* ---- silences.c ---------------------------------------------------------------------------- */

void silences_finish(struct silences *silences);
/* Of silence_list's answer. */
void silences_read(struct teller *t, struct str json);

/* ---- direct.c ------------------------------------------------------------------------------ */

int direct_init(struct direct *direct, struct alerter *alerter, struct error *err);
void direct_tick(struct direct *direct);

/* ---- alerter.c ----------------------------------------------------------------------------- */

/* A channel begins or stops to fail for one of the tellers; the first and the last are events. */
void alerter_channel(struct alerter *alerter, const struct alert_target *target, const char *said,
                     struct str reason, size_t waiting, int64_t since_ms);
void alerter_check_drained(struct alerter *alerter);

#endif
