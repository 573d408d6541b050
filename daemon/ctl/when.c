/* Times as people say them. clock_format_span() rounds down to the two largest units. */
#include "when.h"

#include <stdio.h>
#include <time.h>

#include "mentiond/clock.h"
#include "mentiond/config.h"

#define SPAN_MAX_S (10LL * 365 * 86400)
#define STARTED_SECOND                                                                             \
    999 /* ms: what is still to come counts up, so that two hours are "in 2h"                      \
         */

void when_ago(int64_t then_ms, int64_t now_ms, char ret_text[WHEN_TEXT])
{
    int64_t span_ms = now_ms - then_ms;
    char span[32];

    if (span_ms > -1000 && span_ms < 1000) {
        snprintf(ret_text, WHEN_TEXT, "just now");
        return;
    }
    clock_format_span(span_ms < 0 ? STARTED_SECOND - span_ms : span_ms, span);
    snprintf(ret_text, WHEN_TEXT, span_ms < 0 ? "in %s" : "%s ago", span);
}

void when_due(int64_t due_ms, int64_t now_ms, char ret_text[WHEN_TEXT])
{
    int64_t left_ms = due_ms - now_ms;
    char span[32];

    if (left_ms > -1000 && left_ms < 1000) {
        snprintf(ret_text, WHEN_TEXT, "due now");
        return;
    }
    clock_format_span(left_ms < 0 ? -left_ms : left_ms + STARTED_SECOND, span);
    snprintf(ret_text, WHEN_TEXT, left_ms < 0 ? "overdue %s" : "due in %s", span);
}

void when_clock(int64_t time_ms, int64_t now_ms, char ret_text[WHEN_TEXT])
{
    time_t then = (time_t)(time_ms / 1000), now = (time_t)(now_ms / 1000);
    struct tm then_tm, now_tm;

    if (!localtime_r(&then, &then_tm) || !localtime_r(&now, &now_tm)) {
        snprintf(ret_text, WHEN_TEXT, "?");
        return;
    }
    if (then_tm.tm_year == now_tm.tm_year && then_tm.tm_yday == now_tm.tm_yday)
        strftime(ret_text, WHEN_TEXT, "%H:%M", &then_tm);
    else if (then_tm.tm_year == now_tm.tm_year)
        strftime(ret_text, WHEN_TEXT, "%e %b %H:%M", &then_tm);
    else
        strftime(ret_text, WHEN_TEXT, "%e %b %Y %H:%M", &then_tm);
}

void when_stamp(int64_t time_ms, char ret_text[WHEN_TEXT])
{
    time_t then = (time_t)(time_ms / 1000);
    struct tm tm;

    if (!localtime_r(&then, &tm) || strftime(ret_text, WHEN_TEXT, "%F %T", &tm) == 0)
        snprintf(ret_text, WHEN_TEXT, "?");
}

bool when_parse_span(struct str text, int64_t *ret_ms)
{
    int64_t seconds;

    if (str_to_i64(text, 0, SPAN_MAX_S, &seconds)) {
        *ret_ms = seconds * 1000;
        return true;
    }
    return text.len && text.s[0] >= '0' && text.s[0] <= '9' && config_parse_duration(text, ret_ms);
}
