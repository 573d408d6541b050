/* How long a server asks us to wait. Servers disagree on the header's name and on what its number counts, so
 * each dialect is told apart by its value. */
#include <time.h>

#include "mentiond/clock.h"
#include "mentiond/http.h"

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

int64_t http_wait_parse(struct str value, int64_t now_ms)
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

int64_t http_retry_after_ms(const struct http_response *response, int64_t now_ms)
{
    static const char *const names[] = {"Retry-After", "X-RateLimit-Reset", "RateLimit-Reset",
                                        "X-Rate-Limit-Reset"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int64_t wait_ms = http_wait_parse(http_response_header(response, names[i]), now_ms);

        if (wait_ms >= 0)
            return wait_ms;
    }
    return -1;
}
