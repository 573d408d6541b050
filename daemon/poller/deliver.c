/* From a parsed page to Redis: judge every mention, sort them oldest first, and store them batch by batch. Each batch
 * carries a cursor with the next seq: the old cursor as long as there is more of the page, the step's with the last.
 * A batch without answer is sent again with the same seq, which the library knows. A mention that the library
 * refuses is set aside with the reason, and the rest is sent: one post never stops a source. */
#include <errno.h>
#include <stdio.h>

#include "mentiond/clock.h"
#include "mentiond/text.h"
#include "poller_internal.h"

static const char log_module[] = "poller";

#define BATCH_JSON_MAX ((size_t)900 * 1024) /* of mentions: leaves room for header and protocol */

/* ---- what cannot be stored -------------------------------------------------------------------- */

#define REFUSED_ID_MAX 512 /* of mention_refuse: docs/queue.md */
#define REFUSED_REASON_MAX 256

static void append_member(struct buf *out, const char *key, struct str value, size_t len_max)
{
    struct buf plain = BUF_INIT(8 * MENTION_URL_MAX);

    text_for_terminal(str_cut_utf8(value, len_max), &plain); /* no control characters */
    buf_append_str(out, str_from(key));
    buf_append_json(out, str_cut_utf8(buf_str(&plain), len_max));
    buf_finish(&plain);
}

/* Kept in Redis with the reason, for people to look at. */
static void keep_refused(struct feed *feed, const struct mention *m, struct str reason)
{
    struct buf args = BUF_INIT(4 * MENTION_JSON_MAX), item = BUF_INIT(MENTION_JSON_MAX);
    struct error err;

    if (!feed->poller->options.store)
        return;
    inbox_refuse(feed, m->id, reason);
    append_member(&args, "{\"source\":", feed->source->name, REFUSED_ID_MAX);
    append_member(&args, ",\"lease\":", str_from(feed->account->lease), REFUSED_ID_MAX);
    append_member(&args, ",\"reason\":", reason, REFUSED_REASON_MAX);
    if (m->id.len)
        append_member(&args, ",\"id\":", m->id, REFUSED_ID_MAX);
    if (mention_to_json(m, &item)) {
        buf_append_str(&args, STR(",\"item\":"));
        buf_append_json(&args, buf_str(&item));
    }
    buf_append_char(&args, '}');
    if (store_call(feed->poller->options.store, feed->source->brand, "mention_refuse", buf_str(&args), 0,
                   NULL, NULL, &err) < 0)
        log_warn("refused mention not kept", field_str("id", m->id), field_text("error", err.text));
    buf_finish(&args);
    buf_finish(&item);
}

/* ---- judging --------------------------------------------------------------------------------- */

static void count_judged(struct feed *feed, enum judge_result result, const struct mention *m,
                         const struct error *err)
{
    struct poller_stats *stats = &feed->stats;

    stats->mentions++;
    stats->unrelated += result == JUDGE_UNRELATED;
    stats->excluded += result == JUDGE_EXCLUDED;
    stats->refused += result == JUDGE_REFUSED;
    stats->own += result == JUDGE_KEEP && m->own;
    stats->reposts += result == JUDGE_KEEP && m->repost_of.len > 0;
    if (result == JUDGE_REFUSED) {
        log_warn("mention refused, going on without it", field_str("source", feed->source->name),
                 field_str("id", m->id), field_text("error", err->text));
        keep_refused(feed, m, str_from(err->text));
    }
}

static int by_time(const void *a, const void *b)
{
    const struct mention *x = *(const struct mention *const *)a, *y = *(const struct mention *const *)b;

    if (x->created_at_ms != y->created_at_ms)
        return x->created_at_ms < y->created_at_ms ? -1 : 1;
    return str_compare(x->id, y->id);
}

static bool judge_page(struct feed *feed)
{
    int64_t now_ms = clock_now_ms();
    struct error err = {0};
    int64_t newest_ms = 0;

    feed->n_outgoing = feed->n_stored = 0;
    feed->outgoing = arena_alloc(&feed->arena, (feed->page.n_mentions + 1) * sizeof(*feed->outgoing));
    if (!feed->outgoing)
        return false;
    for (size_t i = 0; i < feed->page.n_mentions; i++) {
        struct mention *m = &feed->page.mentions[i];
        enum judge_result result =
            judge_mention(feed->source, feed->brand, m, now_ms, &feed->arena, &err);

        count_judged(feed, result, m, &err);
        if (result == JUDGE_KEEP)
            feed->outgoing[feed->n_outgoing++] = m;
        if (result == JUDGE_KEEP && m->created_at_ms > newest_ms)
            newest_ms = m->created_at_ms;
    }
    if (newest_ms && !feed->looking)
        feed->health.lag_ms = now_ms - newest_ms;
    qsort(feed->outgoing, feed->n_outgoing, sizeof(*feed->outgoing), by_time);
    return true;
}

/* ---- batches --------------------------------------------------------------------------------- */

static void send_batch(struct feed *feed);

static void take_step_cursor(struct feed *feed)
{
    struct error err;

    arena_reset(&feed->cursor_arena);
    buf_reset(&feed->cursor_text);
    buf_append_str(&feed->cursor_text, buf_str(&feed->step_text));
    source_cursor_from_json(buf_str(&feed->cursor_text), &feed->cursor_arena, &feed->cursor, &err);
}

static void batch_stored(struct feed *feed)
{
    for (size_t i = 0; i < feed->n_batch; i++)
        mend_remember(feed, feed->outgoing[feed->n_stored + i]);
    feed->n_stored += feed->n_batch;
    if (feed->n_stored < feed->n_outgoing) {
        send_batch(feed);
        return;
    }
    take_step_cursor(feed);
    feed_stored(feed);
}

static void count_stored(struct feed *feed, struct str text)
{
    json_t *value = json_loadb(text.s, text.len, 0, NULL);
    uint64_t n_new = (uint64_t)json_get_i64(value, "new", 0);

    feed->stats.new_mentions += n_new;
    feed->stats.known += (uint64_t)json_get_i64(value, "known", 0);
    feed->stats.old += (uint64_t)json_get_i64(value, "old", 0);
    feed->health.n_new += n_new;
    feed->poll_new += n_new;
    json_decref(value);
}

/* "BADARG mention=<index> …": the index, or SIZE_MAX. */
static size_t refused_index(struct str error)
{
    size_t at = str_find(error, STR("mention="));
    struct str rest;
    int64_t index;

    if (at == SIZE_MAX)
        return SIZE_MAX;
    if (!str_to_i64(str_split(str_slice(error, at + 8, error.len), ' ', &rest), 0, 99, &index))
        return SIZE_MAX;
    return (size_t)index;
}

static void set_aside(struct feed *feed, size_t index, struct str error)
{
    size_t at = feed->n_stored + index;
    const struct mention *m = feed->outgoing[at];

    log_warn("mention refused by the queue, going on without it",
             field_str("source", feed->source->name), field_str("id", m->id), field_str("error", error));
    keep_refused(feed, m, error);
    feed->stats.refused++;
    feed->n_outgoing--;
    memmove(&feed->outgoing[at], &feed->outgoing[at + 1],
            (feed->n_outgoing - at) * sizeof(*feed->outgoing));
}

static void retry_batch(struct feed *feed, int64_t wait_ms, struct str why)
{
    if (log_repeat_due(&feed->failing))
        log_warn("batch not stored, sending it again", field_str("source", feed->source->name),
                 field_str("error", why), field_int("wait_ms", wait_ms));
    inbox_fail(feed, "the queue does not take it now");
    feed_schedule(feed, wait_ms);
}

static void say_full(struct feed *feed)
{
    const struct str pairs[] = {STR("brand"), feed->brand->settings->name, STR("source"), feed->source->name};

    if (log_repeat_due(&feed->poller->full))
        store_ops_event(feed->poller->options.store, "redis.full", pairs, 2);
}

static void on_refused(struct feed *feed, const struct store_reply *reply)
{
    size_t index = reply->word == STORE_BADARG ? refused_index(reply->error) : SIZE_MAX;
    struct error err;

    if (index != SIZE_MAX && index < feed->n_batch) {
        feed->seq--;
        set_aside(feed, index, reply->error);
        send_batch(feed);
    } else if (reply->word == STORE_OOM) {
        feed->seq--;
        say_full(feed);
        retry_batch(feed, STORE_FULL_PAUSE_MS, reply->error);
    } else if (reply->word == STORE_NOBRAND) {
        feed->seq--;
        brand_configure(feed->brand);
        retry_batch(feed, STORE_PAUSE_MS, reply->error);
    } else { /* STALE and what should not be: the truth is in Redis, read it again */
        error_set(&err, -ESTALE, "mention_ingest: %.*s", STR_FMT(reply->error));
        feed->opened = false;
        feed_fail(feed, "batch refused, reading the cursor again", -1, &err);
    }
}

static void on_stored(void *user, const struct store_reply *reply, const struct error *err)
{
    struct feed *feed = user;

    if (feed->state != FEED_STORING)
        return;
    if (!reply) {
        feed->seq--;
        retry_batch(feed, STORE_PAUSE_MS, str_from(err->text));
    } else if (reply->word != STORE_OK) {
        on_refused(feed, reply);
    } else {
        log_repeat_over(&feed->poller->full);
        count_stored(feed, reply->text);
        batch_stored(feed);
    }
}

/* How many of the next mentions fit into one call. */
static size_t fit_batch(const struct feed *feed)
{
    size_t n = 0, bytes = 0;

    while (n < STORE_BATCH_MENTIONS_MAX && feed->n_stored + n < feed->n_outgoing) {
        /* text, its JSON escapes and the rest of the record: an upper estimate that costs nothing */
        bytes += 2 * feed->outgoing[feed->n_stored + n]->text.len + 8192;
        if (n && bytes > BATCH_JSON_MAX)
            break;
        n++;
    }
    return n;
}

static void send_batch(struct feed *feed)
{
    struct error err = {0};
    struct store_batch batch;

    feed->n_batch = fit_batch(feed);
    feed->batch_cursor = feed->n_stored + feed->n_batch < feed->n_outgoing ? buf_str(&feed->cursor_text)
                                                                          : buf_str(&feed->step_text);
    batch = (struct store_batch){.brand = feed->source->brand,
                                 .source = feed->source->name,
                                 .lease = str_from(feed->account->lease),
                                 .cursor = feed->batch_cursor,
                                 .seq = ++feed->seq,
                                 .fetched_at_ms = clock_now_ms(),
                                 .mentions = feed->outgoing + feed->n_stored,
                                 .n_mentions = feed->n_batch,
                                 .no_horizon = !feed->source->driver->has_horizon};
    if (store_ingest(feed->poller->options.store, &batch, on_stored, feed, &err) < 0) {
        feed->seq--;
        retry_batch(feed, STORE_PAUSE_MS, str_from(err.text));
    }
}

static void print_page(struct feed *feed)
{
    for (size_t i = 0; i < feed->n_outgoing; i++)
        feed->poller->options.on_mention(feed->poller->options.user, feed->outgoing[i]);
    feed->poll_new += feed->n_outgoing;
    take_step_cursor(feed);
    feed_stored(feed);
}

void deliver_resume(struct feed *feed)
{
    if (feed->mending)
        mend_resume(feed);
    else
        send_batch(feed);
}

void deliver_start(struct feed *feed)
{
    struct error err;

    feed->state = FEED_STORING;
    buf_reset(&feed->step_text);
    if (!source_cursor_to_json(&feed->step.cursor, &feed->step_text) || !judge_page(feed)) {
        error_oom(&err);
        feed_fail(feed, "page too large to be judged, trying again", -1, &err);
    } else if (!feed->poller->options.store) {
        print_page(feed);
    } else {
        mend_start(feed);
    }
}

void deliver_page(struct feed *feed)
{
    if (feed->looking)
        feed_looked(feed);
    else if (!feed->n_outgoing && str_eq(buf_str(&feed->step_text), buf_str(&feed->cursor_text)))
        feed_stored(feed); /* nothing new, nothing to write */
    else
        send_batch(feed);
}
