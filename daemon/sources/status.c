/* What an HTTP status means, and how long a network asks us to wait, for all drivers. Networks
 * disagree on the header's name and on what its number counts, so each dialect is told apart by its
 * value. */
#include <time.h>

#include "mentiond/clock.h"
#include "mentiond/source.h"

#define WAIT_MAX_MS (24LL * 3600 * 1000)
#define EPOCH_SECONDS_MIN 1000000000    /* larger numbers are points in time, smaller ones seconds left */
#define EPOCH_MS_MIN INT64_C(100000000000) /* these in ms */

static int64_t clamp_wait(int64_t wait_ms)
{
    if (wait_ms < 0)
        return 0;
    return wait_ms > WAIT_MAX_MS ? WAIT_MAX_MS : wait_ms;
}

/* "Sat, 21 Nov 2026 17:11:53 GMT" */
static bool parse_http_date(struct str text, int64_t *ret_ms)
{
    char copy[40];
    struct tm tm = {0};
    const char *end;

    if (text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.s, text.len);
    copy[text.len] = '\0';
    end = strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    if (!end || *end)
        return false;
    *ret_ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

int64_t source_wait_parse(struct str value, int64_t now_ms)
{
    int64_t number, at_ms, whole;
    struct str fraction;

    value = str_trim(value);
    if (value.len == 0)
        return -1;
    if (str_to_i64(str_split(value, '.', &fraction), 0, INT64_MAX / 1000 - 1, &number)) {
        if (number >= EPOCH_MS_MIN)
            return clamp_wait(number - now_ms);
        whole = number + (fraction.len > 0); /* "1.5" seconds: rather later than sooner */
        return clamp_wait(whole >= EPOCH_SECONDS_MIN ? whole * 1000 - now_ms : whole * 1000);
    }
    if (clock_parse_iso(value, &at_ms) || parse_http_date(value, &at_ms))
        return clamp_wait(at_ms - now_ms);
    return -1;
}

int64_t source_retry_after_ms(const struct http_response *response, int64_t now_ms)
{
    static const char *const names[] = {"Retry-After", "X-RateLimit-Reset", "RateLimit-Reset",
                                        "X-Rate-Limit-Reset"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int64_t wait_ms = source_wait_parse(http_response_header(response, names[i]), now_ms);

        if (wait_ms >= 0)
            return wait_ms;
    }
    return -1;
}

/* ---- steps --------------------------------------------------------------------------------- */

struct meaning {
    int from, to;
    enum step_kind kind;
    const char *what;
};

static const struct meaning meanings[] = {
    {206, 206, STEP_RETRY, "incomplete answer"},
    {300, 399, STEP_STOP, "redirected"},
    {400, 400, STEP_STOP, "request refused"},
    {401, 401, STEP_STOP, "not logged in, or the token was revoked"},
    {402, 402, STEP_STOP, "payment required"},
    {403, 403, STEP_STOP, "forbidden"},
    {404, 404, STEP_STOP, "no such address"},
    {408, 408, STEP_RETRY, "timed out"},
    {410, 410, STEP_STOP, "gone for good"},
    {422, 422, STEP_STOP, "a parameter was refused"},
    {425, 425, STEP_RETRY, "too early"},
    {429, 429, STEP_WAIT, "too many requests"},
    {501, 501, STEP_STOP, "not offered by this server"},
    {500, 599, STEP_RETRY, "server error"},
    {400, 499, STEP_STOP, "request refused"},
    {100, 199, STEP_RETRY, "no final answer"},
};

static bool is_html(struct str body)
{
    body = str_trim(body);
    return body.len > 0 && body.s[0] == '<';
}

bool source_step_for_status(const struct source_reply *reply, struct arena *arena,
                            struct source_step *ret_step)
{
    int status = reply->http->status;

    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        const struct meaning *m = &meanings[i];

        if (status < m->from || status > m->to)
            continue;
        ret_step->kind = m->kind;
        ret_step->reason = arena_printf(arena, "HTTP %d, %s", status, m->what);
        if (m->kind == STEP_WAIT) {
            int64_t wait_ms = source_retry_after_ms(reply->http, reply->received_at_ms);

            ret_step->wait_ms = wait_ms > 0 ? wait_ms : 0;
        }
        return true;
    }
    if (!is_html(reply->body))
        return false;
    ret_step->kind = STEP_RETRY;
    ret_step->reason = arena_printf(arena, "HTTP %d with HTML instead of JSON", status);
    return true;
}
