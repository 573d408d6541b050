/* Who tells of one stream. See alerter_internal.h for its way through the states.
 *
 * The order that keeps every promise: events go into the outbox, the outbox with the position into Redis, and
 * only what is stored there goes out; what became of it is stored before anything else goes out. */
#include <errno.h>

#include "alerter_internal.h"
#include "mentiond/clock.h"

static const char log_module[] = "alerts";

static const char *lease_of(const struct teller *t)
{
    const struct alerter_options *options = &t->alerter->options;

    return options->lease(options->user, t->brand);
}

/* Back to IDLE: the next second begins anew. */
static void stop(struct teller *t)
{
    if (t->state == TELLER_IDLE)
        return;
    store_forget(t->alerter->options.store, t);
    lookup_forget(t);
    outgoing_cancel(t, true);
    if (t->stream)
        stream_remove(t->stream, &t->consumer);
    evtimer_del(t->due);
    outbox_destroy(TAKE(t->outbox));
    silences_finish(&t->silences);
    page_reset(&t->page);
    free(TAKE(t->lease));
    t->state = TELLER_IDLE;
    t->busy = t->committing = t->unanswered = t->waits = false;
}

void teller_fail(struct teller *t, const char *what, const struct store_reply *reply, const struct error *err)
{
    if (log_repeat_due(&t->failing))
        log_warn(
            "alerts are not told, trying again", field_str("brand", t->brand), field_text("at", what),
            field_str("error", reply ? reply->error : str_from(err ? err->text : "an answer of no use")));
    stop(t);
}

/* ---- committing ------------------------------------------------------------------------------- */

static void on_committed(void *user, const struct store_reply *reply, const struct error *err)
{
    struct teller *t = user;

    (void)err;
    if (!reply || reply->word == STORE_OOM) {
        t->unanswered = true; /* the next tick sends the same again */
    } else if (reply->word == STORE_OK) {
        if (log_repeat_over(&t->failing))
            log_info("alerts are told again", field_str("brand", t->brand));
        t->n++;
        t->stored = t->committing_to;
        t->committing = false;
        teller_go_on(t);
    } else {
        teller_fail(t, "the commit", reply, err);
    }
}

static void send_commit(struct teller *t)
{
    struct error err = {0};

    t->unanswered = t->keeper->commit(t, on_committed, &err) < 0;
    if (t->unanswered && log_repeat_due(&t->failing))
        log_warn("what is to be told is not stored yet, trying again", field_str("brand", t->brand),
                 field_text("error", err.text));
}

/* False: it is too much to be stored. Then it is told all the same, and told again after a restart. */
static bool commit(struct teller *t)
{
    buf_reset(&t->text);
    if (!outbox_print(t->outbox, &t->text)) {
        if (log_repeat_due(&t->failing))
            log_error("what is to be told is too much to be stored; a restart will tell it again",
                      field_str("brand", t->brand));
        return false;
    }
    t->committing = true;
    t->committed_at_ms = clock_monotonic_ms();
    t->committing_to = t->page.n ? t->taken : t->seen;
    send_commit(t);
    return true;
}

static bool must_store(const struct teller *t)
{
    return t->keeper && outbox_is_dirty(t->outbox);
}

void teller_go_on(struct teller *t)
{
    if (t->state != TELLER_FOLLOWING || t->committing || (must_store(t) && commit(t)))
        return;
    if (!t->alerter->draining && (!t->keeper || lease_of(t)))
        outgoing_gather(t);
    if (must_store(t) && commit(t)) /* what is repeated has become a message of its own */
        return;
    outgoing_launch(t);
    if (t->waits && !t->busy) {
        t->waits = false;
        stream_wake(t->stream);
    }
    alerter_check_drained(t->alerter);
}

bool teller_is_busy(const struct teller *t)
{
    return t->committing || !TAILQ_EMPTY(&t->outgoing) || (t->state == TELLER_FOLLOWING && must_store(t));
}

/* ---- following -------------------------------------------------------------------------------- */

void teller_take_page(struct teller *t)
{
    char id[STREAM_ID_TEXT];
    struct error err = {0};

    for (size_t i = 0; i < t->page.n; i++) {
        const struct teller_event *item = &t->page.items[i];

        stream_id_format(item->id, id);
        if (outbox_take(t->outbox, &item->event, str_from(id), clock_now_ms(), &err) < 0) {
            teller_fail(t, "an event", NULL, &err);
            return;
        }
    }
    page_reset(&t->page);
    t->taken = t->seen;
    teller_go_on(t);
}

static void take_or_look_up(struct teller *t)
{
    if (t->page.n_mentions > 0)
        look_up(t);
    else
        teller_take_page(t);
}

static void on_silences(void *user, const struct store_reply *reply, const struct error *err)
{
    struct teller *t = user;

    if (!reply || reply->word != STORE_OK) {
        teller_fail(t, "silence_list", reply, err);
        return;
    }
    t->busy = false;
    silences_read(t, reply->text);
    teller_go_on(t);
}

/* What comes after it is judged by the new ones; what came before has been told. */
static void read_silences(struct teller *t)
{
    struct error err = {0};

    if (store_call(t->alerter->options.store, t->brand, "silence_list", STR("{}"), STORE_READ, on_silences, t,
                   &err) < 0)
        teller_fail(t, "silence_list", NULL, &err);
    else
        t->busy = true;
}

static bool is_news(const struct teller *t, const struct stream_entry *entry)
{
    int64_t now_ms = stream_clock_ms(t->stream);

    return !t->first || entry->id.ms >= (now_ms ? now_ms : clock_now_ms()) - NEWS_MS;
}

static bool on_entry(void *user, const struct stream_entry *entry)
{
    struct teller *t = user;
    struct str type = stream_field(entry, "type");
    struct error err = {0};

    if (t->committing || t->busy || t->alerter->draining) {
        t->waits = true;
        return false;
    }
    if (t->brand.len && (str_eq(type, STR("silence.added")) || str_eq(type, STR("silence.removed")))) {
        if (t->page.n > 0) { /* first what came before it */
            t->waits = true;
            take_or_look_up(t);
            return false;
        }
        t->seen = t->taken = entry->id;
        read_silences(t);
        return true;
    }
    if (is_news(t, entry) && !page_add(t, entry, &err)) {
        teller_fail(t, "an event", NULL, &err);
        return false;
    }
    t->seen = entry->id;
    if (t->page.n == PAGE_EVENTS_MAX)
        take_or_look_up(t);
    return true;
}

/* Nothing to tell has come for a while: the position alone. */
static void commit_position(struct teller *t)
{
    if (t->state == TELLER_FOLLOWING && t->page.n == 0 && stream_id_compare(t->stored, t->seen) < 0)
        commit(t);
}

static void on_clock(void *user, int64_t now_ms)
{
    struct teller *t = user;

    (void)now_ms;
    if (t->committing || t->busy)
        return;
    if (t->page.n > 0)
        take_or_look_up(t);
    else if (clock_monotonic_ms() - t->committed_at_ms >= POSITION_EVERY_MS)
        commit_position(t);
}

void teller_drain(struct teller *t)
{
    outgoing_cancel(t, false);
    if (!t->committing && !t->busy)
        commit_position(t);
}

void teller_follow(struct teller *t)
{
    struct error err = {0};

    t->seen = t->taken = t->stored;
    t->state = TELLER_FOLLOWING;
    t->consumer = (struct stream_consumer){
        .name = "alerts", .position = t->stored, .entry = on_entry, .clock = on_clock, .user = t};
    if (stream_add(t->stream, &t->consumer, &err) < 0) {
        teller_fail(t, "the stream", NULL, &err);
        return;
    }
    log_debug("alerts are told from here", field_str("brand", t->brand));
    teller_go_on(t);
}

/* ---- life ------------------------------------------------------------------------------------- */

static void open_teller(struct teller *t, const char *lease)
{
    struct error err = {0};

    t->state = TELLER_OPENING;
    t->lease = str_dup(str_from(lease));
    t->first = false;
    if (!t->lease || outbox_create(t->alerter->options.plan, &t->outbox, &err) < 0 ||
        t->keeper->open(t, &err) < 0)
        teller_fail(t, "opening", NULL, &err);
}

void teller_tick(struct teller *t)
{
    const char *lease = lease_of(t);

    if (!t->stream)
        return;
    if (t->state != TELLER_IDLE && (!lease || strcmp(lease, t->lease) != 0))
        stop(t);
    else if (t->state == TELLER_IDLE && lease && !t->alerter->draining)
        open_teller(t, lease);
    else if (t->unanswered)
        send_commit(t);
}

static void on_due(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    teller_go_on(user);
}

void teller_init(struct teller *t, struct alerter *alerter, const struct keeper *keeper, struct str brand)
{
    *t = (struct teller){.alerter = alerter, .keeper = keeper, .brand = brand};
    TAILQ_INIT(&t->outgoing);
    buf_init(&t->args, 2 * OUTBOX_STATE_MAX);
    buf_init(&t->text, OUTBOX_STATE_MAX);
    page_reset(&t->page);
}

int teller_make(struct teller *t, struct error *err)
{
    t->due = evtimer_new(t->alerter->options.base, on_due, t);
    return t->due ? 0 : error_oom(err);
}

void teller_finish(struct teller *t)
{
    stop(t);
    if (t->due)
        event_free(TAKE(t->due));
    arena_finish(&t->page.arena);
    buf_finish(&t->args);
    buf_finish(&t->text);
}
