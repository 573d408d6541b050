/* What the files of the outbox share: letters and mailboxes. */
#ifndef MENTIOND_ALERTS_OUTBOX_H
#define MENTIOND_ALERTS_OUTBOX_H

#include <sys/queue.h>

#include "mentiond/alert_outbox.h"

/* Of one channel about one group. All text is its own. */
struct letter {
    TAILQ_ENTRY(letter) entry;
    struct mailbox *mailbox;
    const struct alert_route *route;
    char *key;      /* of the group */
    char *type;     /* of the newest event */
    char *brand;
    char *event_id; /* of its stream entry */
    char *fields;   /* name \n value \n …, without line ends in them */
    char *memo;     /* what the channel left */
    int64_t at_ms;    /* of the newest event */
    int64_t since_ms; /* it waits since; 0: nothing is to be said */
    int64_t due_ms;   /* not before */
    int64_t repeat_ms; /* when to say it again; 0: never */
    unsigned n_events;  /* that it stands for since it was last said */
    unsigned n_sending; /* those that the message under way stands for */
    enum alert_phase phase;
    bool was_told;
    bool acked; /* somebody looks after it: not repeated */
    bool again; /* the last answer was AGAIN */
    bool is_summary; /* of many: `fields` holds titles */
};

TAILQ_HEAD(letter_list, letter);

/* What goes to one channel. */
struct mailbox {
    const struct alert_target *target;
    struct letter_list letters;
    size_t n_letters;
    struct letter *under_way;
    int64_t tokens_milli;  /* of the bucket, in thousandths */
    int64_t refilled_ms;   /* wall */
    int64_t blocked_ms;    /* wall; the receiver asked for quiet, or is broken */
    bool failing;
    unsigned failures; /* of the channel, in a row */
};

struct outbox {
    const struct alert_plan *plan;
    struct mailbox *mailboxes; /* owned; as plan->targets */
    size_t n_mailboxes;
    const struct alert_silence *silences; /* borrowed */
    size_t n_silences;
    bool dirty;
    struct outbox_counters counters;
};

/* A letter for this group, new if need be; NULL when out of memory. */
struct letter *letter_get(struct mailbox *mailbox, const struct alert_route *route, struct str key);
struct letter *letter_find(struct mailbox *mailbox, const struct alert_route *route, struct str key);
void letter_drop(struct letter *letter);
/* Replaces an owned text; false when out of memory, and the old one stays. */
bool letter_set(char **text, struct str value);
/* The newest event in the form that templates read; its fields are slices of
 * letter->fields in the arena's array. */
bool letter_event(const struct letter *letter, struct arena *arena, struct alert_event *ret);
struct mailbox *outbox_mailbox(struct outbox *outbox, const struct alert_target *target);

#endif
