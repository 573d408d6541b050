/* What is still to be told, and how far we are with it. Pure: no I/O, no clock, no Redis; the alerter feeds
 * it events and outcomes, asks what to send next, and keeps its text beside the stream's position.
 *
 * A letter is what one channel has to be told of one group. It holds the newest state only: an outage that
 * grew nine times and ended while a chat was down is one message. A channel has one letter under way at a
 * time, the others wait in the order in which they are due. When OUTBOX_LETTERS_MAX of a channel wait, what
 * has no state of its own (ALERT_PASSING) goes into one summary of that channel, counted; so memory is
 * bounded and nothing is forgotten that is still so. */
#ifndef MENTIOND_ALERT_OUTBOX_H
#define MENTIOND_ALERT_OUTBOX_H

#include "mentiond/alert_route.h"
#include "mentiond/buf.h"

#define OUTBOX_LETTERS_MAX 64          /* of a channel that wait; beyond that they are summed up */
#define OUTBOX_GROUPS_MAX 256          /* of a channel that are remembered to be repeated or ended */
#define OUTBOX_FIELDS_MAX 4096         /* bytes of an event's fields that a letter keeps */
#define OUTBOX_STATE_MAX (2 * 1024 * 1024) /* bytes of the text */
#define OUTBOX_GIVE_UP_MS (24 * 3600 * INT64_C(1000)) /* after so long a letter is dropped, and counted */
#define OUTBOX_BACKOFF_MIN_MS 2000
#define OUTBOX_BACKOFF_MAX_MS 300000
#define OUTBOX_PROBE_MS 600000         /* a broken channel is tried this often */
#define OUTBOX_SUMMARY_TITLES 10

struct outbox;

struct outbox_counters {
    uint64_t events, letters, sent, repeated, summed_up, silenced;
    uint64_t later, refused, given_up; /* answers "not now", refused for good, older than OUTBOX_GIVE_UP_MS */
};

/* The plan must outlive it. */
int outbox_create(const struct alert_plan *plan, struct outbox **ret, struct error *err);
void outbox_destroy(struct outbox *outbox);

/* Silences beside the configuration's; copied by reference until the next call. */
void outbox_set_silences(struct outbox *outbox, const struct alert_silence *silences, size_t n);

/* An event of the stream, once each. `id`: of its entry, the same whoever reads it. */
int outbox_take(struct outbox *outbox, const struct alert_event *event, struct str id, int64_t now_ms,
                struct error *err);

/* A letter that is to be sent now. */
struct outbox_item {
    const struct alert_target *target;
    struct alert_notice notice; /* in the arena given */
    struct str memo;
    void *letter;               /* for outbox_outcome() */
};
/* True if one is due; it is under way from then on. Otherwise *ret_wait_ms says when to ask again (-1: only
 * after an event or an outcome). */
bool outbox_next(struct outbox *outbox, int64_t now_ms, struct arena *arena, struct outbox_item *ret,
                 int64_t *ret_wait_ms);

/* What became of it. `random` is any number: jitter comes from it. A channel that begins or stops to fail is
 * said in *ret_said: "channel.failing" or "channel.recovered", else NULL. */
void outbox_outcome(struct outbox *outbox, void *letter, const struct alert_outcome *outcome, int64_t now_ms,
                    uint32_t random, const char **ret_said);

/* Changed since the last outbox_print(): its text is to be kept. */
bool outbox_is_dirty(const struct outbox *outbox);
/* The whole as one JSON object. False: out of memory, or over OUTBOX_STATE_MAX. */
bool outbox_print(struct outbox *outbox, struct buf *ret);
/* Takes up what an outbox of another life left. Letters of channels that are not there any more are dropped.
 * -EBADMSG: what is none leaves the outbox empty. */
int outbox_load(struct outbox *outbox, struct str text, struct error *err);

void outbox_counters_get(const struct outbox *outbox, struct outbox_counters *ret);
/* Letters of the channel that wait, and since when the oldest does (0: none). */
size_t outbox_waiting(const struct outbox *outbox, const struct alert_target *target, int64_t *ret_since_ms);

#endif
