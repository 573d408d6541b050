/* Quiet hours and digests: points in time of a place's own clock.
 *
 * The C library knows one time zone at a time, the TZ variable's. It is set for the moment of a conversion
 * and put back; nothing else in this process reads it (logs are UTC), and there is one thread. */
#include <stdio.h>
#include <time.h>

#include "mentiond/alert_route.h"

#define MINUTES_OF_DAY 1440
#define ZONE_MAX 64

/* ---- zones --------------------------------------------------------------------------------- */

static void enter_zone(struct str zone, char **ret_before)
{
    char name[ZONE_MAX] = "UTC";
    const char *before = getenv("TZ");

    if (zone.len > 0 && zone.len < sizeof(name))
        snprintf(name, sizeof(name), "%.*s", STR_FMT(zone));
    *ret_before = before ? str_dup(str_from(before)) : NULL;
    setenv("TZ", name, 1);
    tzset();
}

static void leave_zone(char *before)
{
    if (before)
        setenv("TZ", before, 1);
    else
        unsetenv("TZ");
    tzset();
    free(before);
}

static struct tm local_time(struct str zone, int64_t at_ms)
{
    time_t at = (time_t)(at_ms / 1000);
    struct tm tm = {0};
    char *before;

    enter_zone(zone, &before);
    localtime_r(&at, &tm);
    leave_zone(before);
    return tm;
}

/* The wall time of that minute of the day of `tm`, which may be beyond its end. */
static int64_t time_of(struct str zone, struct tm tm, int64_t minute)
{
    char *before;
    time_t at;

    tm.tm_mday += (int)(minute / MINUTES_OF_DAY);
    tm.tm_hour = (int)(minute % MINUTES_OF_DAY / 60);
    tm.tm_min = (int)(minute % 60);
    tm.tm_sec = 0;
    tm.tm_isdst = -1;
    enter_zone(zone, &before);
    at = mktime(&tm);
    leave_zone(before);
    return (int64_t)at * 1000;
}

/* ---- quiet hours --------------------------------------------------------------------------- */

int64_t alert_quiet_until(const struct alert_quiet *quiet, int64_t now_ms)
{
    struct tm tm;
    int64_t minute;

    if (quiet->from_min == quiet->to_min)
        return 0;
    tm = local_time(quiet->time_zone, now_ms);
    minute = tm.tm_hour * 60 + tm.tm_min;
    if (quiet->from_min < quiet->to_min)
        return minute >= quiet->from_min && minute < quiet->to_min
                   ? time_of(quiet->time_zone, tm, quiet->to_min)
                   : 0;
    if (minute >= quiet->from_min)
        return time_of(quiet->time_zone, tm, quiet->to_min + MINUTES_OF_DAY);
    return minute < quiet->to_min ? time_of(quiet->time_zone, tm, quiet->to_min) : 0;
}

int64_t alert_digest_at(enum alert_digest digest, struct str time_zone, int64_t now_ms)
{
    struct tm tm = local_time(time_zone, now_ms);

    if (digest == ALERT_DIGEST_DAILY)
        return time_of(time_zone, tm, MINUTES_OF_DAY);
    return time_of(time_zone, tm, (tm.tm_hour + 1) * 60);
}
