/* Dates of feeds. RSS has RFC 822: "Sat, 07 Sep 2002 00:00:01 GMT", of which the week day may be missing
 * or wrong, the year have two digits, the month its full name, and the zone be one of a dozen names. Atom,
 * Dublin Core and JSON Feed have ISO 8601 down to a year and a month. */
#include "mentiond/clock.h"
#include "sources/feed_item.h"

#define DAY_MS (24LL * 3600 * 1000)
#define WORDS_MAX 8
#define ISO_MAX 40

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};

static const struct {
    const char *name;
    int minutes;
} zones[] = {
    {"gmt", 0},    {"ut", 0},     {"utc", 0},    {"z", 0},      {"est", -300}, {"edt", -240}, {"cst", -360},
    {"cdt", -300}, {"mst", -420}, {"mdt", -360}, {"pst", -480}, {"pdt", -420}, {"cet", 60},   {"cest", 120},
    {"bst", 60},   {"jst", 540},
};

/* ---- ISO 8601 ------------------------------------------------------------------------------ */

/* "2003", "2003-12", and the hour 24 */
static int64_t parse_iso(struct str text)
{
    char copy[ISO_MAX];
    int64_t time_ms = 0, extra_ms = 0;

    if (clock_parse_iso(text, &time_ms))
        return time_ms;
    if (text.len < 4 || text.len + 6 >= sizeof(copy))
        return 0;
    memcpy(copy, text.s, text.len);
    copy[text.len] = '\0';
    if (text.len == 4)
        memcpy(copy + 4, "-01-01", 7);
    else if (text.len == 7)
        memcpy(copy + 7, "-01", 4);
    else if (text.len > 13 && memcmp(copy + 11, "24:", 3) == 0) {
        memcpy(copy + 11, "00:", 3);
        extra_ms = DAY_MS;
    } else if (copy[10] == 't')
        copy[10] = 'T';
    return clock_parse_iso(str_from(copy), &time_ms) ? time_ms + extra_ms : 0;
}

/* ---- RFC 822 ------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t split_words(struct str text, struct str words[WORDS_MAX])
{
    size_t n = 0, at = 0;

    while (at < text.len && n < WORDS_MAX) {
        size_t start = at;

        while (at < text.len && text.s[at] != ' ' && text.s[at] != ',' && text.s[at] != '\t' &&
               text.s[at] != '\n')
            at++;
        if (at > start)
            words[n++] = str_slice(text, start, at);
        at++;
    }
    return n;
}

static int month_of(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(months) && word.len >= 3; i++) {
        if (str_eq_nocase(str_slice(word, 0, 3), str_from(months[i])))
            return (int)i + 1;
    }
    return 0;
}

static bool year_of(struct str word, int64_t *ret)
{
    if (!str_to_i64(word, 0, 9999, ret))
        return false;
    if (word.len == 2)
        *ret += *ret < 70 ? 2000 : 1900;
    return word.len == 2 || word.len == 4;
}

static int zone_minutes(struct str word)
{
    int64_t number;
    struct str digits;

    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        if (str_eq_nocase(word, str_from(zones[i].name)))
            return zones[i].minutes;
    }
    if (word.len < 5 || (word.s[0] != '+' && word.s[0] != '-'))
        return 0;
    digits = str_slice(word, 1, 3);
    if (!str_to_i64(digits, 0, 23, &number))
        return 0;
    number *= 60;
    digits = str_slice(word, word.len - 2, word.len);
    if (is_digit(digits.s[0]) && is_digit(digits.s[1]))
        number += (digits.s[0] - '0') * 10 + digits.s[1] - '0';
    return (int)(word.s[0] == '-' ? -number : number);
}

/* day month year [time [zone]] */
static int64_t parse_rfc822(const struct str *words, size_t n)
{
    struct str time = n > 3 ? words[3] : STR("00:00");
    int64_t day, year, time_ms = 0;
    int month = n >= 3 ? month_of(words[1]) : 0;
    char iso[ISO_MAX];

    if (!month || !str_to_i64(words[0], 1, 31, &day) || !year_of(words[2], &year) || time.len > 8)
        return 0;
    snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%s%.*s", (int)year, month, (int)day,
             time.len > 1 && time.s[1] == ':' ? "0" : "", STR_FMT(time));
    time_ms = parse_iso(str_from(iso));
    return time_ms && n > 4 ? time_ms - zone_minutes(words[4]) * 60000LL : time_ms;
}

int64_t feed_date_ms(struct str text)
{
    struct str words[WORDS_MAX];
    size_t n;

    text = str_trim(text);
    if (text.len > 4 && is_digit(text.s[0]) && is_digit(text.s[1]) && is_digit(text.s[2]) &&
        is_digit(text.s[3]))
        return parse_iso(text);
    if (text.len == 4 && is_digit(text.s[0]))
        return parse_iso(text);
    n = split_words(text, words);
    if (n > 3 && !is_digit(words[0].s[0]))
        return parse_rfc822(words + 1, n - 1); /* the week day, right or wrong */
    return parse_rfc822(words, n);
}
