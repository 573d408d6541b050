/* A source's own rate, by hour of the day: brands sleep at night and so do their sources. */
#include "history.h"

#define HOUR_MS INT64_C(3600000)
#define WATCHED_MAX 14.0     /* hours of one kind: then old days fade */
#define PAUSE_MAX_MS HOUR_MS /* a longer time without a poll was not watched */
#define SILENCE_MIN_MS (HOUR_MS / 2)
#define SILENCE_MAX_MS (30 * 24 * HOUR_MS)
#define STORED 100.0

static size_t hour_of(int64_t time_ms)
{
    return (size_t)(time_ms / HOUR_MS % HISTORY_HOURS);
}

static void watch(struct history *history, size_t hour, double hours)
{
    history->watched[hour] += hours;
    if (history->watched[hour] > WATCHED_MAX) {
        history->watched[hour] /= 2;
        history->heard[hour] /= 2;
    }
}

void history_add(struct history *history, uint64_t n, int64_t now_ms)
{
    int64_t since_ms = now_ms - history->at_ms;

    if (history->at_ms > 0 && since_ms > 0 && since_ms <= PAUSE_MAX_MS)
        watch(history, hour_of(now_ms), (double)since_ms / (double)HOUR_MS);
    history->heard[hour_of(now_ms)] += (double)n;
    history->at_ms = now_ms;
    if (n > 0 || history->heard_at_ms == 0)
        history->heard_at_ms = now_ms;
}

double history_per_hour(const struct history *history)
{
    double heard = 0, watched = 0;

    for (size_t i = 0; i < HISTORY_HOURS; i++) {
        heard += history->heard[i];
        watched += history->watched[i];
    }
    return watched < 1 ? 0 : heard / watched;
}

static double rate_of(const struct history *history, size_t hour)
{
    return history->watched[hour] > 0 ? history->heard[hour] / history->watched[hour] : 0;
}

static bool knows_a_day(const struct history *history)
{
    for (size_t i = 0; i < HISTORY_HOURS; i++) {
        if (history->watched[i] < 0.5)
            return false;
    }
    return true;
}

double history_expected(const struct history *history, int64_t from_ms, int64_t to_ms)
{
    double expected = 0;

    if (!knows_a_day(history) || to_ms - from_ms > SILENCE_MAX_MS)
        return 0;
    while (from_ms < to_ms) {
        int64_t next_ms = (from_ms / HOUR_MS + 1) * HOUR_MS;
        int64_t until_ms = next_ms < to_ms ? next_ms : to_ms;

        expected += rate_of(history, hour_of(from_ms)) * (double)(until_ms - from_ms) / (double)HOUR_MS;
        from_ms = until_ms;
    }
    return expected;
}

bool history_is_quiet(const struct history *history, int64_t now_ms)
{
    int64_t since_ms = history->heard_at_ms;

    return since_ms > 0 && now_ms - since_ms >= SILENCE_MIN_MS &&
           history_expected(history, since_ms, now_ms) >= HISTORY_QUIET;
}

void history_to_json(const struct history *history, struct buf *out)
{
    for (size_t i = 0; i < HISTORY_HOURS; i++)
        buf_printf(out, "%c%lld,%lld", i ? ',' : '[', (long long)(history->heard[i] * STORED),
                   (long long)(history->watched[i] * STORED));
    buf_append_char(out, ']');
}

static double stored_at(const json_t *value, size_t i)
{
    json_int_t number = json_integer_value(json_array_get(value, i));

    return number > 0 && number < INT64_C(1) << 50 ? (double)number / STORED : 0;
}

void history_from_json(const json_t *value, struct history *history)
{
    for (size_t i = 0; i < HISTORY_HOURS && json_is_array(value); i++) {
        history->heard[i] = stored_at(value, 2 * i);
        history->watched[i] = stored_at(value, 2 * i + 1);
    }
}
