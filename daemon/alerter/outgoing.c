/* Letters that go out: taken from the outbox when they are due, sent once all that is known of them is
 * stored, and what became of them given back. */
#include "alerter_internal.h"
#include "mentiond/clock.h"

static const char log_module[] = "alerts";

#define LOOK_MIN_MS 20 /* what cannot be made for want of memory is not asked for in a circle */

static void drop(struct outgoing *o)
{
    TAILQ_REMOVE(&o->teller->outgoing, o, entry);
    arena_finish(&o->arena);
    free(o);
}

static struct outgoing *take_next(struct teller *t, int64_t *ret_wait_ms)
{
    struct outgoing *o = calloc(1, sizeof(*o));

    *ret_wait_ms = 1000;
    if (!o)
        return NULL;
    o->teller = t;
    arena_init(&o->arena, ALERTER_MESSAGE_MAX);
    if (outbox_next(t->outbox, clock_now_ms(), &o->arena, &o->item, ret_wait_ms))
        return o;
    arena_finish(&o->arena);
    free(o);
    return NULL;
}

void outgoing_gather(struct teller *t)
{
    struct timeval wait;
    struct outgoing *o;
    int64_t wait_ms;

    while ((o = take_next(t, &wait_ms)) != NULL)
        TAILQ_INSERT_TAIL(&t->outgoing, o, entry);
    if (wait_ms >= 0 && wait_ms < LOOK_MIN_MS)
        wait_ms = LOOK_MIN_MS;
    wait = (struct timeval){wait_ms / 1000, wait_ms % 1000 * 1000};
    if (wait_ms >= 0)
        evtimer_add(t->due, &wait);
    else
        evtimer_del(t->due);
}

static void say(const struct outgoing *o, const struct alert_outcome *outcome)
{
    static const char *const words[] = {[ALERT_DONE] = "sent",
                                        [ALERT_LATER] = "later",
                                        [ALERT_AGAIN] = "again",
                                        [ALERT_REFUSED] = "refused",
                                        [ALERT_BROKEN] = "broken"};

    if (outcome->verdict == ALERT_REFUSED)
        log_warn("a channel refuses an alert for good, going on without it",
                 field_str("channel", o->item.target->name), field_str("reason", outcome->reason));
    else
        log_debug("alert", field_str("channel", o->item.target->name),
                  field_text("outcome", words[outcome->verdict]), field_str("reason", outcome->reason));
}

static void on_sent(void *user, const struct alert_outcome *outcome)
{
    struct outgoing *o = user;
    struct teller *t = o->teller;
    const struct alert_target *target = o->item.target;
    const char *said;
    int64_t since_ms;
    size_t waiting;

    o->sending = NULL;
    say(o, outcome);
    outbox_outcome(t->outbox, o->item.letter, outcome, clock_now_ms(), (uint32_t)clock_monotonic_us(), &said);
    waiting = outbox_waiting(t->outbox, target, &since_ms);
    if (said)
        alerter_channel(t->alerter, target, said, outcome->reason, waiting, since_ms);
    drop(o);
    teller_go_on(t);
}

void outgoing_launch(struct teller *t)
{
    const struct alert_outcome later = {
        .verdict = ALERT_LATER, .wait_ms = 1000, .reason = STR("out of memory")};
    struct outgoing *o, *next;
    struct error err;

    for (o = TAILQ_FIRST(&t->outgoing); o; o = next) {
        const char *said;

        next = TAILQ_NEXT(o, entry);
        if (o->sending || alert_send(&t->alerter->sender, o->item.target, &o->item.notice, o->item.memo,
                                     &o->arena, on_sent, o, &o->sending, &err) == 0)
            continue;
        outbox_outcome(t->outbox, o->item.letter, &later, clock_now_ms(), 0, &said);
        drop(o);
    }
}

void outgoing_cancel(struct teller *t, bool also_launched)
{
    struct outgoing *o, *next;

    for (o = TAILQ_FIRST(&t->outgoing); o; o = next) {
        next = TAILQ_NEXT(o, entry);
        if (o->sending && !also_launched)
            continue;
        alert_send_cancel(TAKE(o->sending));
        drop(o);
    }
}
