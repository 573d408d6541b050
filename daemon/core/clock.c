/* The clocks, and times as text. Calendar arithmetic is on days since 1970 (proleptic Gregorian), so
 * that no time zone of the machine can creep in. */
#include "mentiond/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MS_PER_DAY 86400000LL

static int64_t test_now_ms = -1;
static bool environment_read;

static int64_t read_clock_us(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void read_environment(void)
{
    const char *value = getenv("MENTIOND_TEST_NOW");

    environment_read = true;
    if (value && !str_to_i64(str_from(value), 0, INT64_MAX, &test_now_ms))
        test_now_ms = -1;
}

int64_t clock_now_ms(void)
{
    if (!environment_read)
        read_environment();
    return test_now_ms >= 0 ? test_now_ms : read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_monotonic_us(void)
{
    return read_clock_us(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

void clock_set(int64_t now_ms)
{
    environment_read = true;
    test_now_ms = now_ms < 0 ? -1 : now_ms;
}

/* Years are counted from March, so that a leap day ends one: the usual way (Hinnant, "chrono-compatible
 * low-level date algorithms"). */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400, year_of_era = y % 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097, day_of_era = shifted % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

void clock_format_iso(int64_t time_ms, char ret_text[CLOCK_ISO_LEN + 1])
{
    const int64_t last = 253402300799999LL; /* 9999-12-31T23:59:59.999Z */
    int64_t t = time_ms < 0 ? 0 : time_ms > last ? last : time_ms;
    int64_t ms = t % MS_PER_DAY;
    int year, month, day;
    char text[80];

    date_from_days(t / MS_PER_DAY, &year, &month, &day);
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day,
             (int)(ms / 3600000), (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
    memcpy(ret_text, text, CLOCK_ISO_LEN);
    ret_text[CLOCK_ISO_LEN] = '\0';
}

/* Takes `digits` decimal digits off the front. */
static bool take_number(struct str *text, size_t digits, int64_t min, int64_t max, int64_t *ret)
{
    if (text->len < digits || !str_to_i64(str_slice(*text, 0, digits), min, max, ret))
        return false;
    *text = str_slice(*text, digits, text->len);
    return true;
}

static bool take_char(struct str *text, char c)
{
    if (text->len == 0 || text->s[0] != c)
        return false;
    *text = str_slice(*text, 1, text->len);
    return true;
}

static bool take_date(struct str *text, int64_t *ret_days)
{
    static const int days_in_month[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year, month, day;
    bool leap;

    if (!take_number(text, 4, 1970, 9999, &year) || !take_char(text, '-') ||
        !take_number(text, 2, 1, 12, &month) || !take_char(text, '-') ||
        !take_number(text, 2, 1, 31, &day))
        return false;
    leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > days_in_month[month - 1] || (month == 2 && day == 29 && !leap))
        return false;
    *ret_days = days_from_date(year, month, day);
    return true;
}

static int64_t take_fraction_ms(struct str *text)
{
    int64_t ms = 0;

    for (int64_t unit = 100; text->len && text->s[0] >= '0' && text->s[0] <= '9'; unit /= 10) {
        ms += (text->s[0] - '0') * unit;
        *text = str_slice(*text, 1, text->len);
    }
    return ms;
}

static bool take_time(struct str *text, int64_t *ret_ms)
{
    int64_t hour, minute, second = 0, fraction_ms = 0;

    if (!take_number(text, 2, 0, 23, &hour) || !take_char(text, ':') ||
        !take_number(text, 2, 0, 59, &minute))
        return false;
    if (take_char(text, ':')) {
        if (!take_number(text, 2, 0, 60, &second)) /* 60: a leap second */
            return false;
        if (take_char(text, '.') || take_char(text, ','))
            fraction_ms = take_fraction_ms(text);
    }
    *ret_ms = ((hour * 60 + minute) * 60 + second) * 1000 + fraction_ms;
    return true;
}

static bool take_zone(struct str *text, int64_t *ret_offset_ms)
{
    int64_t hours, minutes, sign;

    *ret_offset_ms = 0;
    if (text->len == 0 || take_char(text, 'Z') || take_char(text, 'z'))
        return true;
    sign = take_char(text, '-') ? -1 : take_char(text, '+') ? 1 : 0;
    if (!sign || !take_number(text, 2, 0, 23, &hours))
        return false;
    take_char(text, ':');
    if (!take_number(text, 2, 0, 59, &minutes))
        return false;
    *ret_offset_ms = sign * (hours * 60 + minutes) * 60000;
    return true;
}

bool clock_parse_iso(struct str text, int64_t *ret_ms)
{
    int64_t days, ms = 0, offset_ms = 0, result;

    if (!take_date(&text, &days))
        return false;
    if (text.len) {
        if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' '))
            return false;
        if (!take_time(&text, &ms) || !take_zone(&text, &offset_ms) || text.len)
            return false;
    }
    result = days * MS_PER_DAY + ms - offset_ms;
    if (result < 0)
        return false;
    *ret_ms = result;
    return true;
}

void clock_format_span(int64_t span_ms, char ret_text[32])
{
    static const struct {
        int64_t ms;
        char unit;
    } units[] = {{MS_PER_DAY, 'd'}, {3600000, 'h'}, {60000, 'm'}, {1000, 's'}};
    const char *sign = span_ms < 0 ? "-" : "";
    uint64_t left = span_ms < 0 ? 0 - (uint64_t)span_ms : (uint64_t)span_ms, whole;
    unsigned char rest = 0; /* of the next unit, below 60 */
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(units) && left < (uint64_t)units[i].ms)
        i++;
    whole = left / (uint64_t)units[i].ms;
    if (i < 2)
        rest = (unsigned char)(left % (uint64_t)units[i].ms / (uint64_t)units[i + 1].ms);
    if (rest > 0)
        snprintf(ret_text, 32, "%s%llu%c %u%c", sign, (unsigned long long)whole, units[i].unit, rest,
                 units[i + 1].unit);
    else
        snprintf(ret_text, 32, "%s%llu%c", sign, (unsigned long long)whole, units[i].unit);
}
