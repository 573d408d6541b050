/* Why YouTube refuses, and what follows. What counts is the reason in the body, not the status: a day's quota
 * may be told by 403 or 429. Some of Google's errors carry a plain word instead of an object. */
#include <time.h>

#include "sources/youtube.h"

#define HOUR_MS (3600 * 1000LL)
#define MINUTE_MS (60 * 1000LL)
#define DAY_MS (24 * HOUR_MS)
#define MARGIN_MS (30 * 1000)

/* ---- Pacific time -------------------------------------------------------------------------- */

/* 02:00 standard time of the nth Sunday of a month, as UTC. */
static int64_t sunday_ms(int year, int month, int nth)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = 1};
    int64_t first_ms = (int64_t)timegm(&tm) * 1000;
    int64_t weekday = (first_ms / DAY_MS + 4) % 7; /* 1970 began on a Thursday */

    return first_ms + ((7 - weekday) % 7 + 7 * (nth - 1)) * DAY_MS + 10 * HOUR_MS;
}

/* What Pacific time is behind UTC: an hour less from March's second Sunday to November's first. */
static int64_t offset_ms(int64_t now_ms)
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    if (now_ms >= sunday_ms(tm.tm_year + 1900, 3, 2) &&
        now_ms < sunday_ms(tm.tm_year + 1900, 11, 1) - HOUR_MS)
        return 7 * HOUR_MS;
    return 8 * HOUR_MS;
}

int64_t youtube_midnight_ms(int64_t now_ms)
{
    int64_t local_ms = now_ms - offset_ms(now_ms), midnight_ms = local_ms - local_ms % DAY_MS + DAY_MS;

    return midnight_ms + offset_ms(midnight_ms + offset_ms(now_ms));
}

/* ---- refusals ------------------------------------------------------------------------------ */

enum verdict { GIVE_UP, TOMORROW, SOON, RETRY, RESTART };

static const struct {
    const char *reason;
    enum verdict verdict;
} verdicts[] = {
    {"quotaExceeded", TOMORROW},   {"dailyLimitExceeded", TOMORROW}, {"rateLimitExceeded", SOON},
    {"userRateLimitExceeded", SOON}, {"RESOURCE_EXHAUSTED", SOON},   {"processingFailure", RETRY},
    {"backendError", RETRY},       {"internalError", RETRY},         {"invalidPageToken", RESTART},
};

static const json_t *load_error(const struct parsing *p)
{
    struct str body = str_trim(p->reply->body);
    json_t *value = NULL;

    if (!str_starts_with(body, STR("{")) || parsing_load(p, &value, NULL) < 0)
        return NULL;
    return json_get(value, "error");
}

static struct str reason_of(const json_t *error)
{
    struct str reason = json_get_text(json_array_get(json_get(error, "errors"), 0), "reason");

    if (reason.len == 0)
        reason = json_get_text(error, "status");
    return reason.len > 0 ? reason : json_text(error); /* {"error": "invalid_grant"} */
}

struct str youtube_reason(const struct parsing *p)
{
    return p->reply->http->status >= 400 ? reason_of(load_error(p)) : STR("");
}

static enum verdict judge(int status, struct str reason, struct str message)
{
    if (status == 429 && str_find(message, STR("per day")) != SIZE_MAX)
        return TOMORROW;
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        if (str_eq(reason, str_from(verdicts[i].reason)))
            return verdicts[i].verdict;
    }
    if (status == 429)
        return SOON;
    return status >= 500 ? RETRY : GIVE_UP;
}

bool youtube_refusal_read(const struct parsing *p, struct source_step *ret_step)
{
    static const enum step_kind kinds[] = {[GIVE_UP] = STEP_STOP,
                                           [TOMORROW] = STEP_WAIT,
                                           [SOON] = STEP_WAIT,
                                           [RETRY] = STEP_RETRY,
                                           [RESTART] = STEP_DONE};
    int status = p->reply->http->status;
    int64_t now_ms = p->reply->received_at_ms;
    struct str reason, message;
    enum verdict verdict;
    const json_t *error;

    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    error = load_error(p);
    if (status < 400 || !error)
        return true;
    reason = reason_of(error);
    message = html_to_text(json_get_text(error, "message"), p->arena);
    verdict = judge(status, reason, message);
    if (verdict == RESTART && p->at->walking) {
        step_done(ret_step, p->at->low); /* a page that is no longer known: walk anew */
        return true;
    }
    step_fail(ret_step, verdict == RESTART ? STEP_STOP : kinds[verdict],
              arena_printf(p->arena, "HTTP %d %.*s: %.*s", status, STR_FMT(reason),
                           STR_FMT(str_cut_utf8(message, 200))));
    if (verdict == TOMORROW)
        ret_step->wait_ms = youtube_midnight_ms(now_ms) - now_ms + MARGIN_MS;
    else if (verdict == SOON)
        ret_step->wait_ms = MINUTE_MS;
    return true;
}
