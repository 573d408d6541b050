/* The outage detector at work: of all daemons the one that holds the brand's lease follows the brand's events
 * and commits what the detector says, together with its state and its position.
 *
 * IDLE -(the lease)-> OPENING (outage_open, outage_state, outage_guards) -> FOLLOWING, and back to IDLE when
 * the lease is gone, or when the store says that somebody else has moved on (STALE): then all is read again.
 * While a commit has no answer nothing more is taken from the stream, so what is in memory is at most one
 * step ahead of what is stored. */
#include <errno.h>
#include <stdio.h>

#include "poller_internal.h"

static const char log_module[] = "outage";

#define COMMIT_MAX ((size_t)4 * 1024 * 1024)
#define FIRST_BACK_MS                                                                                        \
    (INT64_C(2) * 60 * 60 * 1000) /* what began earlier is no news when a brand is first followed */

static struct store *store_of(const struct brand_outages *o)
{
    return o->brand->poller->options.store;
}

static struct str name_of(const struct brand_outages *o)
{
    return o->brand->settings->name;
}

/* Back to IDLE: the next second begins anew. */
static void stop(struct brand_outages *o)
{
    if (o->state == OUTAGES_IDLE)
        return;
    store_forget(store_of(o), o);
    stream_remove(o->brand->stream, &o->consumer);
    outage_reader_destroy(TAKE(o->reader));
    free(TAKE(o->lease));
    o->state = OUTAGES_IDLE;
    o->committing = o->unanswered = false;
    o->n_sent = o->n_sending = 0;
}

static void fail(struct brand_outages *o, const char *what, const struct store_reply *reply,
                 const struct error *err)
{
    if (log_repeat_due(&o->failing))
        log_warn(
            "outages of a brand are not followed, trying again", field_str("brand", name_of(o)),
            field_text("at", what),
            field_str("error", reply ? reply->error : str_from(err ? err->text : "an answer of no use")));
    stop(o);
}

/* ---- committing ------------------------------------------------------------------------------- */

static void commit_next(struct brand_outages *o);

static void commit_done(struct brand_outages *o)
{
    struct outage_position done = outage_reader_position(o->reader);

    o->n_sent += o->n_sending;
    if (!o->last_part) {
        commit_next(o);
        return;
    }
    o->stored = (struct stream_id){done.ms, done.seq};
    outage_reader_committed(o->reader);
    poller_set_outage(o->brand->poller, name_of(o), outage_reader_open_count(o->reader) > 0);
    o->committing = false;
    o->n_sent = 0;
    stream_wake(o->brand->stream);
}

/* For ever so: better without these changes than without all that follows. */
static void leave_out(struct brand_outages *o, const struct store_reply *reply)
{
    log_error("the store refuses what the detector found, going on without it",
              field_str("brand", name_of(o)), field_str("error", reply->error));
    outage_reader_changes(o->reader, &o->n_sent);
    commit_next(o);
}

static void on_committed(void *user, const struct store_reply *reply, const struct error *err)
{
    struct brand_outages *o = user;

    (void)err;
    if (!reply || reply->word == STORE_OOM) {
        o->unanswered = true; /* the next tick sends it again */
    } else if (reply->word == STORE_OK) {
        if (log_repeat_over(&o->failing))
            log_info("outages of the brand are followed again", field_str("brand", name_of(o)));
        commit_done(o);
    } else if (reply->word == STORE_BADARG && o->n_sending > 0) {
        leave_out(o, reply);
    } else {
        fail(o, "outage_commit", reply, err);
    }
}

static void put_position(struct buf *out, const char *name, struct stream_id id)
{
    char text[STREAM_ID_TEXT];

    stream_id_format(id, text);
    buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

/* As many of the changes as one commit takes; the position and the state go with the last of them. */
static void put_changes(struct brand_outages *o, struct buf *out)
{
    size_t n;
    const struct outage_change *changes = outage_reader_changes(o->reader, &n);
    unsigned members = 0;

    buf_append_str(out, STR(",\"changes\":["));
    for (o->n_sending = 0; o->n_sent + o->n_sending < n && o->n_sending < STORE_OUTAGE_CHANGES_MAX;
         o->n_sending++) {
        const struct outage_change *change = &changes[o->n_sent + o->n_sending];

        members += change->n_members;
        if (members > STORE_OUTAGE_MEMBERS_MAX)
            break;
        if (o->n_sending)
            buf_append_char(out, ',');
        buf_append(out, change->json, change->len);
    }
    buf_append_char(out, ']');
    o->last_part = o->n_sent + o->n_sending == n;
}

static void commit_next(struct brand_outages *o)
{
    CLEANUP(buf_finish) struct buf args = BUF_INIT(COMMIT_MAX);
    CLEANUP(buf_finish) struct buf bytes = BUF_INIT(STORE_OUTAGE_STATE_MAX);
    struct outage_position done = outage_reader_position(o->reader);
    struct stream_id to = {done.ms, done.seq};
    struct error err = {0};

    o->committing = true;
    o->unanswered = false;
    if (stream_id_compare(to, o->stored) < 0)
        to = o->stored; /* nothing new was read: what is said came with time */
    buf_append_str(&args, STR("{\"lease\":"));
    buf_append_json(&args, str_from(o->lease));
    put_position(&args, "from", o->stored);
    put_changes(o, &args);
    put_position(&args, "to", o->last_part ? to : o->stored);
    buf_append_char(&args, '}');
    if (o->last_part && !outage_reader_save(o->reader, &bytes))
        error_oom(&err);
    else if (store_outage_commit(store_of(o), name_of(o), buf_str(&args), buf_str(&bytes), on_committed, o,
                                 &err) == 0)
        return;
    o->unanswered = true;
    if (log_repeat_due(&o->failing))
        log_warn("what the detector found is not stored yet, trying again", field_str("brand", name_of(o)),
                 field_text("error", err.text));
}

static void commit_if_due(struct brand_outages *o)
{
    if (!o->committing && outage_reader_is_due(o->reader))
        commit_next(o);
}

/* ---- following -------------------------------------------------------------------------------- */

/* A brand that was never followed: outages of the week that its stream remembers are no news. */
static void begin_first(struct brand_outages *o)
{
    int64_t ms = stream_clock_ms(o->brand->stream) - FIRST_BACK_MS;

    o->first = false;
    outage_reader_known_until(o->reader, (struct outage_position){ms > 0 ? ms : 0, 0});
}

static bool on_entry(void *user, const struct stream_entry *entry)
{
    struct brand_outages *o = user;
    struct outage_position id = {entry->id.ms, entry->id.seq};
    struct error err = {0};

    if (o->committing || !account_has_lease(&o->brand->account))
        return false;
    if (o->first)
        begin_first(o);
    if (outage_reader_entry(o->reader, id, entry->fields, entry->n_fields, &err) < 0) {
        fail(o, "an event", NULL, &err);
        return false;
    }
    commit_if_due(o);
    return true;
}

static void on_clock(void *user, int64_t now_ms)
{
    struct brand_outages *o = user;
    struct error err = {0};

    if (o->committing || !account_has_lease(&o->brand->account))
        return;
    if (outage_reader_clock(o->reader, now_ms, &err) < 0)
        fail(o, "the clock", NULL, &err);
    else
        commit_if_due(o);
}

/* ---- opening ---------------------------------------------------------------------------------- */

static void follow(struct brand_outages *o)
{
    struct outage_position start = outage_reader_start(o->reader);
    struct error err = {0};

    o->consumer = (struct stream_consumer){.name = "outages",
                                           .position = {start.ms, start.seq},
                                           .entry = on_entry,
                                           .clock = on_clock,
                                           .user = o};
    o->state = OUTAGES_FOLLOWING;
    if (stream_add(o->brand->stream, &o->consumer, &err) < 0)
        fail(o, "the stream", NULL, &err);
    else
        log_debug("outages of the brand are followed", field_str("brand", name_of(o)));
}

static void on_guards(void *user, const struct store_reply *reply, const struct error *err)
{
    struct brand_outages *o = user;
    json_t *value;

    if (!reply || reply->word != STORE_OK) {
        fail(o, "outage_guards", reply, err);
        return;
    }
    value = json_loadb(reply->text.s, reply->text.len, 0, NULL);
    outage_reader_know_guards(o->reader, value);
    json_decref(value);
    follow(o);
}

static void ask_guards(struct brand_outages *o)
{
    struct error err = {0};

    if (store_call(store_of(o), name_of(o), "outage_guards", STR("{}"), STORE_READ, on_guards, o, &err) < 0)
        fail(o, "outage_guards", NULL, &err);
}

static void say_refused(const struct brand_outages *o, const struct error *err)
{
    const struct str pairs[] = {STR("brand"), name_of(o), STR("reason"), str_from(err->text)};

    log_warn("stored state of the outage detector refused, building it anew from the events",
             field_str("brand", name_of(o)), field_text("error", err->text));
    store_ops_event(store_of(o), "outage.state_refused", pairs, ARRAY_LEN(pairs) / 2);
}

/* Bytes that no detector wrote are not believed: the stream is. */
static void on_state(void *user, const struct store_reply *reply, const struct error *err)
{
    struct brand_outages *o = user;
    struct outage_position at = {o->state_at.ms, o->state_at.seq};
    struct error why = {0};

    if (!reply || reply->word != STORE_OK) {
        fail(o, "outage_state", reply, err);
        return;
    }
    if (!reply->is_null && outage_reader_load(o->reader, reply->text, at, &why) < 0)
        say_refused(o, &why);
    outage_reader_known_until(o->reader, (struct outage_position){o->stored.ms, o->stored.seq});
    ask_guards(o);
}

static void ask_state(struct brand_outages *o)
{
    struct error err = {0};

    if (store_call(store_of(o), name_of(o), "outage_state", STR("{}"), STORE_READ, on_state, o, &err) < 0)
        fail(o, "outage_state", NULL, &err);
}

static int make_reader(struct brand_outages *o, struct error *err)
{
    static const struct outage_lens no_lens;
    const struct brand_settings *settings = o->brand->settings;
    struct outage_reader_options options = {.lens = o->brand->lens ? o->brand->lens : &no_lens,
                                            .shadow = settings->outages == OUTAGES_SHADOW,
                                            .least_people = (double)settings->outage_people};

    return outage_reader_create(&options, &o->reader, err);
}

static void on_opened(void *user, const struct store_reply *reply, const struct error *err)
{
    struct brand_outages *o = user;
    struct error why = {0};
    const json_t *open;
    json_t *value;

    if (!reply || reply->word != STORE_OK || make_reader(o, &why) < 0) {
        fail(o, "outage_open", reply, err ? err : &why);
        return;
    }
    value = json_loadb(reply->text.s, reply->text.len, 0, NULL);
    open = json_get(value, "open");
    for (size_t i = 0; i < json_array_size(open); i++)
        outage_reader_know(o->reader, json_array_get(open, i));
    o->stored = o->state_at = (struct stream_id){0, 0};
    stream_id_parse(json_get_text(value, "position"), &o->stored);
    stream_id_parse(json_get_text(value, "state_at"), &o->state_at);
    json_decref(value);
    o->first = !o->stored.ms;
    if (o->first)
        ask_guards(o);
    else
        ask_state(o);
}

static void open_outages(struct brand_outages *o)
{
    CLEANUP(buf_finish) struct buf args = BUF_INIT(1024);
    struct error err = {0};

    o->lease = str_dup(str_from(o->brand->account.lease));
    o->state = OUTAGES_OPENING;
    buf_append_str(&args, STR("{\"lease\":"));
    buf_append_json(&args, str_from(o->brand->account.lease));
    buf_append_char(&args, '}');
    if (!o->lease ||
        store_call(store_of(o), name_of(o), "outage_open", buf_str(&args), 0, on_opened, o, &err) < 0)
        fail(o, "outage_open", NULL, &err);
}

/* ---- life ------------------------------------------------------------------------------------- */

void outages_tick(struct brand_outages *o)
{
    const struct poll_account *account = &o->brand->account;

    if (!o->brand->stream || o->brand->settings->outages == OUTAGES_OFF)
        return;
    if (o->brand->poller->draining || !account_has_lease(account) ||
        (o->lease && !str_eq(str_from(o->lease), str_from(account->lease))))
        stop(o);
    else if (o->state == OUTAGES_IDLE)
        open_outages(o);
    else if (o->unanswered)
        commit_next(o);
}

void outages_init(struct brand_outages *o, struct poll_brand *brand)
{
    *o = (struct brand_outages){.brand = brand};
}

void outages_finish(struct brand_outages *o)
{
    if (o->brand && o->brand->stream)
        stop(o);
}
