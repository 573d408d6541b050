/* One source as it runs: opening (cursor from Redis), one poll page by page, its end, and when to come back. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>

#include "mentiond/clock.h"
#include "poller_internal.h"

static const char log_module[] = "poller";

#define FEED_TURN_RETRY_MS 1000 /* a waiting feed looks again even if nobody wakes it */
#define FEED_NEXT_WALK_MS 2000  /* a walk that met the page limit goes on soon */
#define FEED_HOLD_MAX_MS 600000 /* then it looks again whether it may */
#define FEED_HOLD_SAID_MS 5000  /* a shorter wait is not worth a line in the health */
#define FEED_HOLD_ONCE_MAX_MS 60000
#define TRIM_MIN ((size_t)256 * 1024) /* bytes of a page */

void feed_schedule(struct feed *feed, int64_t wait_ms)
{
    struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};

    evtimer_add(feed->timer, &wait);
}

/* Through the loop: a file's pages come without waiting, and would else pile up on the stack. */
static void go_on(struct feed *feed)
{
    feed->state = feed->opened || !feed->poller->options.store ? FEED_WAITING : FEED_IDLE;
    feed_schedule(feed, 0);
}

static void go_idle(struct feed *feed, int64_t wait_ms, const char *why)
{
    if (inbox_has_mail(feed) && feed->flood_wait_ms == 0)
        wait_ms = 0;
    feed->state = FEED_IDLE;
    feed->why = why;
    feed->health.next_poll_ms = clock_now_ms() + wait_ms;
    if (feed->arena.used >= TRIM_MIN) {
        arena_finish(&feed->arena);
        malloc_trim(0); /* a page's memory came in megabytes, and the next poll is far: the system may have it */
    } else {
        arena_finish(&feed->arena);
    }
    health_publish(feed);
    uses_publish(feed->brand);
    if (feed->poller->options.once) {
        feed->finished = true;
        poller_check_finished(feed->poller);
    } else if (!feed->poller->draining) {
        if (!feed->paused)
            feed_schedule(feed, wait_ms);
    } else {
        poller_check_finished(feed->poller);
    }
}

void feed_hold(struct feed *feed, int64_t wait_ms, const char *why)
{
    struct error err;

    account_leave(feed->account, feed);
    if (feed->poller->options.once && wait_ms > FEED_HOLD_ONCE_MAX_MS) {
        error_set(&err, -EAGAIN, "%s: nothing may be asked for another %lld s", why,
                  (long long)(wait_ms / 1000));
        feed_fail(feed, "source not polled", wait_ms, &err);
        return;
    }
    feed->state = FEED_HELD;
    feed->why = why;
    feed->health.next_poll_ms = clock_now_ms() + wait_ms;
    if (wait_ms > FEED_HOLD_SAID_MS)
        health_publish(feed);
    feed_schedule(feed, wait_ms < FEED_HOLD_MAX_MS ? wait_ms : FEED_HOLD_MAX_MS);
}

/* ---- the end of a poll ----------------------------------------------------------------------- */

static int64_t settled_interval(struct feed *feed)
{
    const struct source *source = feed->source;

    feed->interval_ms = schedule_interval_ms(feed->interval_ms, source->interval_min_ms,
                                             source->interval_max_ms, feed->poll_new);
    if (feed->brand->has_outage)
        feed->interval_ms = source->interval_min_ms;
    return feed->interval_ms;
}

static const char *interval_why(const struct feed *feed)
{
    if (feed->brand->has_outage)
        return "an outage is open";
    return feed->interval_ms < feed->source->interval_ms   ? "mentions are coming"
           : feed->interval_ms > feed->source->interval_ms ? "no mentions are coming"
                                                           : "interval";
}

/* A page is stored: whatever went wrong before, backing off starts anew. A walk may be hundreds of pages long, and
 * its failures must not add up to an hour's wait. */
static void on_progress(struct feed *feed)
{
    uint64_t failures = log_repeat_over(&feed->failing);

    if (failures)
        log_info("source works again", field_str("brand", feed->source->brand),
                 field_str("source", feed->source->name), field_int("failures", (int64_t)failures));
    feed->failures = 0;
    watch_progress(feed);
}

/* A single run ends with the last page, and with a cursor that is in Redis. */
static bool must_go_on(const struct feed *feed)
{
    bool unsure = feed->poller->options.store && !feed->opened;

    return feed->poller->options.once && !feed->poller->draining && (feed->cursor.walking || unsure);
}

/* Until the next poll. */
static void rest(struct feed *feed)
{
    int64_t wait_ms;

    if (feed->flood_wait_ms > 0) {
        go_idle(feed, feed->flood_wait_ms, "too many mentions a minute");
    } else if (feed->cursor.walking) {
        go_idle(feed, FEED_NEXT_WALK_MS, "more pages are to be read");
    } else {
        wait_ms = settled_interval(feed);
        go_idle(feed, wait_ms, interval_why(feed));
    }
}

void feed_done(struct feed *feed)
{
    struct feed_health *health = &feed->health;

    feed->stats.polls++;
    health->last_success_ms = clock_now_ms();
    health->error[0] = '\0';
    log_debug("poll done", field_str("source", feed->source->name), field_int("pages", feed->pages),
              field_int("new", (int64_t)feed->poll_new));
    watch_silence(feed);
    if (must_go_on(feed)) {
        go_on(feed);
    } else if (!feed->cursor.walking && mend_is_due(feed)) {
        feed->looking = true;
        feed->looked_at_ms = clock_monotonic_ms();
        go_on(feed);
    } else {
        rest(feed);
    }
}

void feed_looked(struct feed *feed)
{
    feed->looking = false;
    account_leave(feed->account, feed);
    rest(feed);
}

static void log_failure(const struct feed *feed, const char *what, int64_t retry_ms,
                        const struct error *err)
{
    char wait[32];

    clock_format_span(retry_ms, wait);
    log_warn(what, field_str("brand", feed->source->brand), field_str("source", feed->source->name),
             field_text("error", err->text), field_text("next_try_in", wait),
             field_int("failures", feed->failures));
}

static const char *failure_why(const struct feed *feed)
{
    if (account_blocked_ms(feed->account) > 0)
        return "the network asked to wait";
    return feed->step.kind == STEP_STOP ? "stopped, a look now and then" : "backing off";
}

void feed_fail(struct feed *feed, const char *what, int64_t retry_ms, const struct error *err)
{
    account_leave(feed->account, feed);
    inbox_fail(feed, err->text);
    feed->failures++;
    feed->stats.failures++;
    feed->health.n_errors++;
    feed->failed = true;
    snprintf(feed->health.error, sizeof(feed->health.error), "%.*s",
             STR_FMT(str_cut_utf8(str_from(err->text), sizeof(feed->health.error) - 1)));
    if (retry_ms < 0)
        retry_ms = backoff_ms(feed->failures, FEED_BACKOFF_MIN_MS, FEED_BACKOFF_MAX_MS, arc4random());
    if (log_repeat_due(&feed->failing))
        log_failure(feed, what, retry_ms, err);
    watch_failure(feed, retry_ms);
    go_idle(feed, retry_ms, failure_why(feed));
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void on_login_step(struct feed *feed)
{
    struct error err;

    if (++feed->logins > FEED_LOGINS_MAX) {
        error_set(&err, -EACCES, "logging in did not help after %d tries", FEED_LOGINS_MAX);
        feed_fail(feed, "source stopped, looking again later", FEED_PROBE_MS, &err);
        return;
    }
    account_keep_session(feed->account, feed->step.session);
    account_leave(feed->account, feed);
    feed_request(feed);
}

static void on_wait_step(struct feed *feed)
{
    int64_t wait_ms = feed->step.wait_ms;
    struct error err;

    if (wait_ms <= 0)
        wait_ms = backoff_ms(feed->failures + 1, 30000, FEED_BACKOFF_MAX_MS, arc4random());
    account_block(feed->account, wait_ms);
    error_set(&err, -EAGAIN, "%.*s", STR_FMT(feed->step.reason));
    feed_fail(feed, "network asks us to wait", wait_ms + (int64_t)arc4random_uniform(1000), &err);
}

static void on_retry_step(struct feed *feed)
{
    struct error err;

    error_set(&err, -EIO, "%.*s", STR_FMT(feed->step.reason));
    feed_fail(feed, "poll failed, trying again", -1, &err);
}

static void on_stop_step(struct feed *feed)
{
    struct error err;

    error_set(&err, -EPERM, "%.*s", STR_FMT(feed->step.reason));
    feed_fail(feed, "source stopped, looking again later", FEED_PROBE_MS, &err);
}

static void on_page_step(struct feed *feed)
{
    if (!feed->looking) {
        feed->pages++;
        feed->stats.pages++;
        watch_page(feed);
    }
    account_leave(feed->account, feed);
    deliver_start(feed);
}

static void (*const on_step[])(struct feed *feed) = {
    [STEP_PAGE] = on_page_step, [STEP_DONE] = on_page_step,   [STEP_LOGIN] = on_login_step,
    [STEP_WAIT] = on_wait_step, [STEP_RETRY] = on_retry_step, [STEP_STOP] = on_stop_step,
};

static unsigned count_faults(const struct json_faults *f)
{
    return f->surrogates + f->nuls + f->bad_utf8 + f->numbers + f->controls;
}

/* The body's word counts before the headers': it is about the account, they may be about the address. */
static void learn_budget(struct feed *feed, const struct source_reply *reply)
{
    struct source_budget told = feed->step.budget;

    if (reply->kind == REQUEST_HTTP && !told.told)
        budget_read_headers(reply->http, reply->received_at_ms, &told);
    if (feed->step.kind == STEP_WAIT && feed->step.wait_ms > 0)
        told.reset_ms = feed->step.wait_ms; /* Retry-After knows better */
    fetch_settle(feed, &told);
    account_spent_money(feed->account, feed->step.spent_micro_usd);
    account_keep_spent(feed->account);
}

static int parse(struct feed *feed, const struct source_reply *reply, struct error *err)
{
    const struct source_driver *driver = feed->source->driver;

    if (feed->looking)
        return driver->parse_lookup(feed->source, &feed->asked_for, reply, &feed->page, &feed->step, err);
    return driver->parse(feed->source, &feed->cursor, reply, &feed->page, &feed->step, err);
}

void feed_on_reply(struct feed *feed, const struct source_reply *reply)
{
    struct error err = {0};
    struct arena *before = json_use_arena(&feed->arena);
    int r;

    feed->page = (struct source_page){.arena = &feed->arena};
    feed->step = (struct source_step){0};
    r = parse(feed, reply, &err);
    json_use_arena(before);
    learn_budget(feed, reply);
    feed->stats.faults += count_faults(&feed->page.faults);
    feed->stats.skipped += feed->page.skipped;
    if (feed->page.skipped && log_repeat_due(&feed->skipping))
        log_warn("items skipped, they are no posts", field_str("source", feed->source->name),
                 field_int("items", feed->page.skipped), field_str("first", feed->page.skipped_note));
    if (feed->looking && (r < 0 || feed->step.kind == STEP_RETRY || feed->step.kind == STEP_STOP))
        feed_looked(feed); /* another time: the polls are what counts */
    else if (r < 0)
        feed_fail(feed, "reply not understood, trying again", -1, &err);
    else
        on_step[feed->step.kind](feed);
}

void feed_stored(struct feed *feed)
{
    bool more = feed->step.kind == STEP_PAGE;
    int64_t pages_max = feed->poller->options.once ? INT64_MAX : feed->source->max_pages;

    on_progress(feed);
    inbox_stored(feed);
    if (!more)
        watch_walk_end(feed);
    else if (feed->pages >= pages_max)
        watch_page_limit(feed);
    feed->flood_wait_ms = watch_flood(feed);
    if (!more || feed->pages >= pages_max || feed->poller->draining)
        feed_done(feed);
    else if (feed->flood_wait_ms > 0)
        feed_hold(feed, feed->flood_wait_ms, "too many mentions a minute");
    else
        go_on(feed);
}

/* ---- requests -------------------------------------------------------------------------------- */

void feed_request(struct feed *feed)
{
    feed->state = FEED_WAITING;
    if (!account_has_lease(feed->account)) {
        feed_abort(feed);
        return;
    }
    if (account_blocked_ms(feed->account) > 0) {
        feed_hold(feed, account_blocked_ms(feed->account), "the network asked to wait");
        return;
    }
    if (!account_enter(feed->account, feed)) {
        feed_schedule(feed, FEED_TURN_RETRY_MS);
        return;
    }
    feed->state = FEED_FETCHING;
    fetch_start(feed);
}

static void begin_poll(struct feed *feed)
{
    feed->pages = feed->logins = 0;
    feed->looking = feed->mending = false;
    feed->poll_new = feed->poll_counted = 0;
    feed->asked = false;
    feed->health.last_poll_ms = clock_now_ms();
    feed_request(feed);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int take_cursor(struct feed *feed, struct str text, struct error *err)
{
    json_t *value = json_loadb(text.s, text.len, 0, NULL);
    struct str cursor = json_get_text(value, "cursor");
    int r;

    arena_reset(&feed->cursor_arena);
    buf_reset(&feed->cursor_text);
    feed->seq = json_get_i64(value, "seq", 0);
    r = source_cursor_from_json(cursor, &feed->cursor_arena, &feed->cursor, err);
    json_decref(value);
    if (r == 0)
        source_cursor_to_json(&feed->cursor, &feed->cursor_text); /* a new source has one, too */
    return r;
}

static void on_opened(void *user, const struct store_reply *reply, const struct error *why)
{
    struct feed *feed = user;
    struct error err = {0};

    if (feed->state != FEED_OPENING)
        return;
    if (!reply)
        err = *why;
    else if (reply->word != STORE_OK)
        error_set(&err, -EIO, "source_open: %.*s", STR_FMT(reply->error));
    else if (take_cursor(feed, reply->text, &err) == 0) {
        feed->opened = true;
        begin_poll(feed);
        return;
    }
    if (reply && reply->word == STORE_STALE)
        account_lost(feed->account);
    else if (reply && reply->word == STORE_NOBRAND)
        brand_configure(feed->brand);
    if (feed->state == FEED_OPENING)
        feed_fail(feed, "source not opened in redis, trying again", -1, &err);
}

static void open_feed(struct feed *feed)
{
    struct buf args = BUF_INIT(1024);
    struct error err = {0};

    feed->state = FEED_OPENING;
    buf_append_str(&args, STR("{\"source\":"));
    buf_append_json(&args, feed->source->name);
    buf_append_str(&args, STR(",\"lease\":"));
    buf_append_json(&args, str_from(feed->account->lease));
    buf_append_char(&args, '}');
    if (store_call(feed->poller->options.store, feed->source->brand, "source_open", buf_str(&args), 0,
                   on_opened, feed, &err) < 0)
        feed_fail(feed, "source not opened in redis, trying again", -1, &err);
    buf_finish(&args);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    struct feed *feed = user;

    (void)fd;
    (void)what;
    if (feed->state == FEED_STORING) {
        deliver_resume(feed);
    } else if (feed->poller->draining) {
        feed->state = FEED_IDLE;
        poller_check_finished(feed->poller);
    } else if (!account_has_lease(feed->account)) {
        feed->state = FEED_IDLE; /* feed_wake() comes with the lease */
    } else if (feed->paused && !feed->asked && feed->state == FEED_IDLE) {
        health_publish(feed);
    } else if (!feed->opened && feed->poller->options.store) {
        open_feed(feed);
    } else if (feed->state == FEED_WAITING || feed->state == FEED_HELD) {
        feed_request(feed);
    } else {
        begin_poll(feed);
    }
}

void feed_wake(struct feed *feed)
{
    if (feed->state == FEED_IDLE && !feed->finished && !evtimer_pending(feed->timer, NULL))
        feed_schedule(feed, 0);
}

void feed_reopen(struct feed *feed)
{
    feed->opened = false;
    if (feed->state == FEED_IDLE && !feed->finished)
        feed_schedule(feed, 0);
}

void feed_pause(struct feed *feed, bool paused)
{
    if (feed->paused == paused)
        return;
    feed->paused = paused;
    if (feed->state == FEED_IDLE && !feed->finished)
        feed_schedule(feed, 0); /* polls, or says that it does not */
}

void feed_poll_now(struct feed *feed)
{
    feed->asked = true;
    if (feed->state == FEED_IDLE && !feed->finished)
        feed_schedule(feed, 0);
}

void feed_hurry(struct feed *feed)
{
    int64_t left_ms = feed->health.next_poll_ms - clock_now_ms();

    feed->interval_ms = feed->source->interval_min_ms;
    if (feed->state != FEED_IDLE || feed->failures > 0 || feed->paused || feed->finished || !feed->opened)
        return;
    if (left_ms > feed->interval_ms)
        feed_schedule(feed, (int64_t)arc4random_uniform((uint32_t)feed->interval_ms + 1));
}

void feed_abort(struct feed *feed)
{
    fetch_cancel(feed);
    inbox_fail(feed, "this daemon does not read the source any more");
    account_leave(feed->account, feed);
    evtimer_del(feed->timer);
    feed->state = FEED_IDLE;
    feed->opened = false;
    if (feed->poller->options.store)
        store_forget(feed->poller->options.store, feed);
    if (feed->poller->draining)
        poller_check_finished(feed->poller);
}

int feed_init(struct feed *feed, struct poller *poller, const struct source *source, struct error *err)
{
    *feed = (struct feed){.poller = poller,
                          .source = source,
                          .interval_ms = source->interval_ms,
                          .looked_at_ms = clock_monotonic_ms(), /* what comes first was only just read */
                          .health = {.lag_ms = -1}};
    arena_init(&feed->cursor_arena, 64 * 1024);
    arena_init(&feed->arena, FEED_ARENA_MAX);
    buf_init(&feed->cursor_text, 8 * SOURCE_CURSOR_FIELD_MAX);
    buf_init(&feed->step_text, 8 * SOURCE_CURSOR_FIELD_MAX);
    feed->timer = evtimer_new(poller->options.base, on_timer, feed);
    return feed->timer ? 0 : error_oom(err);
}

void feed_finish_all(struct feed *feed)
{
    fetch_cancel(feed);
    inbox_destroy(feed);
    if (feed->poller && feed->poller->options.store)
        store_forget(feed->poller->options.store, feed);
    if (feed->timer)
        event_free(feed->timer);
    mend_finish(feed);
    arena_finish(&feed->cursor_arena);
    arena_finish(&feed->arena);
    buf_finish(&feed->cursor_text);
    buf_finish(&feed->step_text);
}
