/* How each source is doing, for people: the hash <ns>:{@ops}:sources, one JSON a source, which `mentionctl
 * sources` and the console read. */
#include <stdio.h>

#include "poller_internal.h"

enum { SAID_FAILING = 1, SAID_QUIET = 2 };

static const char *state_name(const struct feed *feed)
{
    if (feed->paused)
        return "paused";
    if (feed->failures)
        return feed->step.kind == STEP_STOP ? "stopped" : "failing";
    if (feed->poller->options.store && !account_has_lease(feed->account))
        return "elsewhere";
    return "ok";
}

static void text(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, "%s\"%s\":", out->len ? "," : "{", name);
    buf_append_json(out, value);
}

static void number(struct buf *out, const char *name, int64_t value)
{
    buf_printf(out, ",\"%s\":%lld", name, (long long)value);
}

/* For the next run: see health_restore(). */
static void append_memory(struct buf *out, const struct feed *feed)
{
    number(out, "reached", feed->reached_ms);
    number(out, "heard_at", feed->history.heard_at_ms);
    number(out, "gap_from", feed->gap_open ? feed->gap_from_ms : 0);
    number(out, "gap_to", feed->gap_open ? feed->gap_to_ms : 0);
    number(out, "said", (feed->said_failing ? SAID_FAILING : 0) | (feed->history.quiet ? SAID_QUIET : 0));
    buf_append_str(out, STR(",\"history\":"));
    history_to_json(&feed->history, out);
}

void health_restore(struct feed *feed, struct str json)
{
    json_t *value = json_loadb(json.s, json.len, 0, NULL);
    int64_t said = json_get_i64(value, "said", 0);

    if (json_is_object(value) && feed->history.at_ms == 0) {
        feed->reached_ms = json_get_i64(value, "reached", 0);
        feed->health.last_success_ms = json_get_i64(value, "last_success", 0);
        feed->health.last_poll_ms = json_get_i64(value, "last_poll", 0);
        feed->health.n_new = (uint64_t)json_get_i64(value, "new", 0);
        feed->history.heard_at_ms = json_get_i64(value, "heard_at", 0);
        feed->gap_from_ms = json_get_i64(value, "gap_from", 0);
        feed->gap_to_ms = json_get_i64(value, "gap_to", 0);
        feed->gap_open = feed->gap_to_ms > 0;
        feed->said_failing = said & SAID_FAILING;
        feed->history.quiet = said & SAID_QUIET;
        history_from_json(json_get(value, "history"), &feed->history);
    }
    json_decref(value);
}

static void append_health(struct buf *out, const struct feed *feed)
{
    const struct feed_health *health = &feed->health;
    int64_t limit, left = account_left(feed->account, feed->endpoint, &limit);

    text(out, "brand", feed->source->brand);
    text(out, "source", feed->source->name);
    text(out, "type", str_from(feed->source->driver->name));
    text(out, "account", feed->account->source->name);
    text(out, "state", str_from(state_name(feed)));
    text(out, "owner", str_from(feed->poller->options.daemon_name));
    text(out, "error", str_from(health->error));
    number(out, "last_poll", health->last_poll_ms);
    number(out, "last_success", health->last_success_ms);
    number(out, "next_poll", health->next_poll_ms);
    text(out, "why", str_from(feed->why ? feed->why : ""));
    number(out, "budget_left", left);
    number(out, "budget_limit", limit);
    number(out, "lag_ms", health->lag_ms);
    number(out, "new", (int64_t)health->n_new);
    number(out, "errors", (int64_t)health->n_errors);
    number(out, "per_hour_x100", (int64_t)(100 * history_per_hour(&feed->history)));
    append_memory(out, feed);
    buf_append_char(out, '}');
}

void health_publish(const struct feed *feed)
{
    struct store *store = feed->poller->options.store;
    struct buf json = BUF_INIT(8192);
    char key[256], field[256];
    struct str argv[4] = {STR("HSET"), {0}, {0}, {0}};

    if (!store)
        return;
    append_health(&json, feed);
    snprintf(key, sizeof(key), "%.*s:{@ops}:sources", STR_FMT(store_name_space(store)));
    snprintf(field, sizeof(field), "%.*s/%.*s", STR_FMT(feed->source->brand),
             STR_FMT(feed->source->name));
    argv[1] = str_from(key);
    argv[2] = str_from(field);
    argv[3] = buf_str(&json);
    redis_command(store_redis(store), REDIS_URGENT, ARRAY_LEN(argv), argv, NULL, NULL, NULL);
    buf_finish(&json);
}
