/* What became of mentions that are stored already: those of a page that are gone are erased, those that
 * were edited are judged anew. Both before the page's cursor moves, so that a crash between loses neither:
 * the network may not tell twice.
 *
 * Where a network tells only who asks, the last mentions that a source brought are looked up again
 * (source_driver's lookup), each once in the source's `recheck`. They are remembered here, not in Redis: a
 * restart begins anew. */
#include <errno.h>
#include <stdio.h>

#include "mentiond/clock.h"
#include "poller_internal.h"

static const char log_module[] = "poller";

#define ERASE_MAX 100 /* ids in one call: docs/queue.md */
#define RECHECK_MS INT64_C(3600000)
#define RECHECK_PAID_MS (24 * RECHECK_MS)

static void go_on(struct feed *feed);

/* ---- what was brought -------------------------------------------------------------------------- */

static struct known *find_known(struct feed *feed, struct str id)
{
    for (size_t i = 0; i < feed->n_known; i++) {
        if (str_eq(str_from(feed->known[i].id), id))
            return &feed->known[i];
    }
    return NULL;
}

static void forget(struct feed *feed, struct str id)
{
    struct known *known = feed->known ? find_known(feed, id) : NULL;

    if (!known)
        return;
    free(known->id);
    free(known->native);
    *known = feed->known[--feed->n_known];
}

/* Where the next one goes: the place of the oldest when all are taken, if that is older than `created_at_ms`.
 */
static struct known *place_for(struct feed *feed, int64_t created_at_ms)
{
    struct known *oldest = feed->known;

    if (feed->n_known < SOURCE_LOOKUP_MAX)
        return &feed->known[feed->n_known++];
    for (size_t i = 1; i < feed->n_known; i++) {
        if (feed->known[i].created_at_ms < oldest->created_at_ms)
            oldest = &feed->known[i];
    }
    return oldest->created_at_ms < created_at_ms ? oldest : NULL;
}

/* By their times, for pages go from new to old and are read again. */
void mend_remember(struct feed *feed, const struct mention *m)
{
    struct known *known, fresh;

    if (feed->source->driver->lookup_max == 0)
        return;
    if (!feed->known)
        feed->known = calloc(SOURCE_LOOKUP_MAX, sizeof(*feed->known));
    if (!feed->known || find_known(feed, m->id))
        return;
    if (feed->n_known == 0)
        feed->looked_at_ms = clock_monotonic_ms(); /* what has just been heard is as it was */
    fresh = (struct known){str_dup(m->id), str_dup(m->native), m->created_at_ms};
    known = fresh.id && fresh.native ? place_for(feed, m->created_at_ms) : NULL;
    if (!known) { /* not remembered: older than all that are, or out of memory */
        free(fresh.id);
        free(fresh.native);
        return;
    }
    free(known->id);
    free(known->native);
    *known = fresh;
}

void mend_finish(struct feed *feed)
{
    for (size_t i = 0; i < feed->n_known; i++) {
        free(feed->known[i].id);
        free(feed->known[i].native);
    }
    free(feed->known);
    feed->known = NULL;
    feed->n_known = 0;
}

/* ---- looking up -------------------------------------------------------------------------------- */

bool mend_is_due(const struct feed *feed)
{
    const struct source_driver *driver = feed->source->driver;
    bool is_paid = feed->account->money.typical > 0 || feed->account->money.limit > 0;
    int64_t round_ms = feed->source->settings->recheck_ms, wait_ms;

    if (feed->n_known == 0 || feed->poller->options.once || feed->poller->draining)
        return false;
    if (round_ms == 0)
        round_ms = is_paid ? RECHECK_PAID_MS : RECHECK_MS;
    wait_ms = round_ms * (int64_t)driver->lookup_max / (int64_t)feed->n_known;
    if (wait_ms > round_ms)
        wait_ms = round_ms;
    return clock_monotonic_ms() - feed->looked_at_ms >= wait_ms;
}

int mend_prepare(struct feed *feed, struct source_request *ret_request, struct error *err)
{
    const struct source_driver *driver = feed->source->driver;
    size_t n = feed->n_known < driver->lookup_max ? feed->n_known : driver->lookup_max;
    struct str *ids = arena_alloc(&feed->arena, n * sizeof(*ids));
    struct str *natives = arena_alloc(&feed->arena, n * sizeof(*natives));

    if (!ids || !natives)
        return error_oom(err);
    for (size_t i = 0; i < n; i++) {
        const struct known *known = &feed->known[feed->look_at++ % feed->n_known];

        ids[i] = arena_str(&feed->arena, str_from(known->id));
        natives[i] = arena_str(&feed->arena, str_from(known->native));
    }
    feed->asked_for = (struct source_lookup){ids, natives, n};
    return driver->lookup(feed->source, &feed->asked_for, &feed->arena, ret_request, err);
}

/* ---- calls ------------------------------------------------------------------------------------- */

static void retry(struct feed *feed, int64_t wait_ms, struct str why)
{
    if (log_repeat_due(&feed->failing))
        log_warn("deletions or edits not stored, sending them again", field_str("source", feed->source->name),
                 field_str("error", why));
    feed_schedule(feed, wait_ms);
}

static void on_mended(void *user, const struct store_reply *reply, const struct error *err)
{
    struct feed *feed = user;
    struct error why;

    if (feed->state != FEED_STORING || !feed->mending)
        return;
    if (!reply) {
        retry(feed, STORE_PAUSE_MS, str_from(err->text));
    } else if (reply->word == STORE_STALE) {
        error_set(&why, -ESTALE, "%.*s", STR_FMT(reply->error));
        feed->opened = feed->mending = false;
        feed_fail(feed, "deletions or edits refused, reading the cursor again", -1, &why);
    } else if (reply->word == STORE_OOM || reply->word == STORE_NOBRAND) {
        retry(feed, STORE_FULL_PAUSE_MS, reply->error);
    } else {
        if (reply->word != STORE_OK)
            log_warn("deletion or edit refused by the queue, going on without it",
                     field_str("source", feed->source->name), field_str("error", reply->error));
        feed->n_erased += feed->n_erasing;
        feed->n_edited += feed->n_erasing == 0;
        go_on(feed);
    }
}

static void begin_args(const struct feed *feed, struct buf *args)
{
    buf_append_str(args, STR("{\"source\":"));
    buf_append_json(args, feed->source->name);
    buf_append_str(args, STR(",\"lease\":"));
    buf_append_json(args, str_from(feed->account->lease ? feed->account->lease : ""));
}

static void call(struct feed *feed, const char *function, struct buf *args)
{
    struct error err = {0};

    buf_append_char(args, '}');
    if (args->failed)
        error_set(&err, -EFBIG, "too large");
    else
        store_call(feed->poller->options.store, feed->source->brand, function, buf_str(args), 0, on_mended,
                   feed, &err);
    if (err.code < 0)
        retry(feed, STORE_PAUSE_MS, str_from(err.text));
    buf_finish(args);
}

static bool is_id(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        if ((unsigned char)id.s[i] < 0x20 || id.s[i] == 0x7f)
            return false;
    }
    return id.len > 0 && id.len <= MENTION_ID_MAX;
}

static void send_erase(struct feed *feed)
{
    struct buf args = BUF_INIT((size_t)8 * ERASE_MAX * MENTION_ID_MAX);
    bool any = false;

    begin_args(feed, &args);
    buf_append_str(&args, STR(",\"ids\":["));
    feed->n_erasing = feed->page.n_gone - feed->n_erased;
    if (feed->n_erasing > ERASE_MAX)
        feed->n_erasing = ERASE_MAX;
    for (size_t i = 0; i < feed->n_erasing; i++) {
        struct str id = feed->page.gone[feed->n_erased + i];

        if (!is_id(id))
            continue;
        buf_append_str(&args, any ? STR(",") : STR(""));
        buf_append_json(&args, id);
        forget(feed, id);
        any = true;
    }
    buf_append_char(&args, ']');
    call(feed, "mention_erase", &args);
}

static void send_edit(struct feed *feed, const struct mention *m)
{
    struct buf args = BUF_INIT(8 * MENTION_JSON_MAX), item = BUF_INIT(MENTION_JSON_MAX);

    feed->n_erasing = 0;
    begin_args(feed, &args);
    buf_append_str(&args, STR(",\"id\":"));
    buf_append_json(&args, m->id);
    buf_printf(&args, ",\"edited_at\":%lld,\"class\":\"%s\",\"lang\":", (long long)m->edited_at_ms,
               mention_class_name(m->class));
    buf_append_json(&args, m->lang);
    if (m->own || m->repost_of.len)
        buf_append_str(&args, STR(",\"own\":true"));
    if (!mention_to_json(m, &item))
        args.failed = true;
    buf_append_str(&args, STR(",\"item\":"));
    buf_append_json(&args, buf_str(&item));
    call(feed, "mention_edit", &args);
    buf_finish(&item);
}

/* One call after the other, then the page itself. */
static void go_on(struct feed *feed)
{
    if (feed->n_erased < feed->page.n_gone) {
        send_erase(feed);
        return;
    }
    while (feed->n_edited < feed->n_outgoing && feed->outgoing[feed->n_edited]->edited_at_ms <= 0)
        feed->n_edited++;
    if (feed->n_edited < feed->n_outgoing) {
        send_edit(feed, feed->outgoing[feed->n_edited]);
        return;
    }
    feed->mending = false;
    deliver_page(feed);
}

void mend_start(struct feed *feed)
{
    feed->n_erased = feed->n_edited = 0;
    feed->mending = true;
    go_on(feed);
}

void mend_resume(struct feed *feed)
{
    go_on(feed);
}
