/* What a source's polls tell about the source: gaps in what was read, failures that go on, silence where
 * there is usually talk, floods. Each is said once when it begins and once when it is over: in the log, and
 * as an event of the daemon, so that no source ever stops without a word. */
#include <stdio.h>

#include "mentiond/clock.h"
#include "poller_internal.h"

static const char log_module[] = "poller";

#define FAILING_AFTER 3 /* polls in a row; what stops a source is said at once */
#define PAIRS_MAX 6
#define LIVE_MS 600000 /* what was written in this time counts for a flood: catching up is none */

/* An event with brand and source first; `names` and `numbers` are parallel. */
static void say(const struct feed *feed, const char *type, const char *const *names, const int64_t *numbers,
                size_t n, struct str error)
{
    struct str pairs[2 * PAIRS_MAX] = {STR("brand"), feed->source->brand, STR("source"), feed->source->name};
    char texts[PAIRS_MAX][24];
    size_t at = 4;

    if (!feed->poller->options.store)
        return;
    for (size_t i = 0; i < n && at + 1 < ARRAY_LEN(pairs); i++) {
        snprintf(texts[i], sizeof(texts[i]), "%lld", (long long)numbers[i]);
        pairs[at++] = str_from(names[i]);
        pairs[at++] = str_from(texts[i]);
    }
    if (error.len && at + 1 < ARRAY_LEN(pairs)) {
        pairs[at++] = STR("error");
        pairs[at++] = error;
    }
    store_ops_event(feed->poller->options.store, type, pairs, at / 2);
}

/* ---- gaps -------------------------------------------------------------------------------------- */

static void time_text(int64_t time_ms, char ret_text[CLOCK_ISO_LEN + 1])
{
    if (time_ms > 0)
        clock_format_iso(time_ms, ret_text);
    else
        snprintf(ret_text, CLOCK_ISO_LEN + 1, "unknown");
}

static void say_gap(const struct feed *feed, const char *type, const char *what)
{
    static const char *const names[] = {"from", "to"};
    const int64_t times[] = {feed->gap_from_ms, feed->gap_to_ms};
    char from[CLOCK_ISO_LEN + 1], to[CLOCK_ISO_LEN + 1];

    time_text(times[0], from);
    time_text(times[1], to);
    log_warn(what, field_str("brand", feed->source->brand), field_str("source", feed->source->name),
             field_text("from", from), field_text("to", to));
    say(feed, type, names, times, ARRAY_LEN(names), STR(""));
}

void watch_page(struct feed *feed)
{
    int64_t newest_ms = 0, oldest_ms = 0, live_ms = clock_now_ms() - LIVE_MS;

    feed->n_live = 0;
    for (size_t i = 0; i < feed->page.n_mentions; i++) {
        int64_t at_ms = feed->page.mentions[i].created_at_ms;

        feed->n_live += at_ms >= live_ms;
        if (at_ms > newest_ms)
            newest_ms = at_ms;
        if (at_ms > 0 && (oldest_ms == 0 || at_ms < oldest_ms))
            oldest_ms = at_ms;
    }
    if (newest_ms == 0)
        return;
    feed->walk_goes_back = feed->walk_newest_ms > 0 && newest_ms <= feed->walk_newest_ms;
    if (newest_ms > feed->walk_newest_ms)
        feed->walk_newest_ms = newest_ms;
    if (feed->walk_oldest_ms == 0 || oldest_ms < feed->walk_oldest_ms)
        feed->walk_oldest_ms = oldest_ms;
}

/* The walk goes on with the next poll; until then what lies between is missing. */
void watch_page_limit(struct feed *feed)
{
    bool first = feed->cursor.low.len == 0;

    if (first || !feed->walk_goes_back || feed->gap_open || !feed->source->driver->has_horizon)
        return;
    feed->gap_open = true;
    feed->gap_from_ms = feed->reached_ms;
    feed->gap_to_ms = feed->walk_oldest_ms;
    say_gap(feed, "gap", "more pages than one poll may read, the rest follows");
}

void watch_walk_end(struct feed *feed)
{
    const struct source_step *step = &feed->step;

    if (step->gap) {
        feed->gap_from_ms = step->gap_from_ms ? step->gap_from_ms : feed->reached_ms;
        feed->gap_to_ms = step->gap_to_ms ? step->gap_to_ms : feed->walk_oldest_ms;
        say_gap(feed, "gap", "the network could not give back everything since the last poll");
    } else if (feed->gap_open) {
        say_gap(feed, "gap.filled", "what was missing has been read");
    }
    feed->gap_open = false;
    if (feed->walk_newest_ms > feed->reached_ms)
        feed->reached_ms = feed->walk_newest_ms;
    feed->walk_newest_ms = feed->walk_oldest_ms = 0;
    feed->walk_goes_back = false;
}

/* ---- failures ---------------------------------------------------------------------------------- */

void watch_failure(struct feed *feed, int64_t retry_ms)
{
    static const char *const names[] = {"failures", "next_try"};
    const int64_t numbers[] = {feed->failures, clock_now_ms() + retry_ms};
    bool stopped = feed->step.kind == STEP_STOP;

    if (feed->said_failing || (!stopped && feed->failures < FAILING_AFTER))
        return;
    feed->said_failing = true;
    say(feed, "source.failing", names, numbers, ARRAY_LEN(names), str_from(feed->health.error));
}

void watch_progress(struct feed *feed)
{
    static const char *const names[] = {"last_success"};

    if (!feed->said_failing)
        return;
    feed->said_failing = false;
    say(feed, "source.recovered", names, &feed->health.last_success_ms, 1, STR(""));
}

/* ---- silence ----------------------------------------------------------------------------------- */

void watch_silence(struct feed *feed)
{
    static const char *const names[] = {"since", "expected"};
    struct history *history = &feed->history;
    int64_t now_ms = clock_now_ms(), since_ms = history->heard_at_ms;
    bool first = feed->cursor.low.len == 0;

    history_add(history, first ? 0 : feed->poll_new, now_ms); /* a backfill is no usual hour */
    if (feed->poll_new > 0 && history->quiet) {
        history->quiet = false;
        say(feed, "source.talks", names, &since_ms, 1, STR(""));
    } else if (!history->quiet && history_is_quiet(history, now_ms)) {
        const int64_t numbers[] = {since_ms, (int64_t)history_expected(history, since_ms, now_ms)};

        history->quiet = true;
        log_warn("source is silent, which it usually is not", field_str("brand", feed->source->brand),
                 field_str("source", feed->source->name), field_int("usually", numbers[1]));
        say(feed, "source.quiet", names, numbers, ARRAY_LEN(names), STR(""));
    }
}

/* ---- floods ------------------------------------------------------------------------------------ */

int64_t watch_flood(struct feed *feed)
{
    static const char *const names[] = {"max_per_minute"};
    int64_t max = feed->source->max_per_minute, wait_ms;
    uint64_t n_new = feed->poll_new - feed->poll_counted;

    feed->poll_counted = feed->poll_new;
    if (max <= 0 || feed->poller->options.once || feed->cursor.low.len == 0)
        return 0;
    if (n_new > feed->n_live)
        n_new = feed->n_live;
    wait_ms = flood_add(&feed->flood, n_new, max, clock_now_ms());
    if (wait_ms > 0 && !feed->flood.is_on) {
        feed->flood.is_on = true;
        log_warn("source floods, reading it more slowly; nothing is dropped",
                 field_str("brand", feed->source->brand), field_str("source", feed->source->name),
                 field_int("max_per_minute", max));
        say(feed, "source.flooding", names, &max, 1, STR(""));
    } else if (feed->flood.is_on && feed->flood.level < (double)max / 2) {
        feed->flood.is_on = false;
        log_info("flood is over", field_str("brand", feed->source->brand),
                 field_str("source", feed->source->name));
        say(feed, "source.flood.over", names, &max, 1, STR(""));
    }
    return wait_ms;
}
