/* Durations and sizes: "1h30m" and "64k" to numbers and back. */
#include <inttypes.h>
#include <stdio.h>

#include "mentiond/config.h"

struct unit {
    struct str name;
    int64_t factor;
};

/* From large to small: a sum names each at most once, in this order. */
static const struct unit duration_units[] = {
    {{"w", 1}, 7 * INT64_C(86400000)},
    {{"d", 1}, 86400000},
    {{"h", 1}, 3600000},
    {{"m", 1}, 60000},
    {{"s", 1}, 1000},
    {{"ms", 2}, 1},
};

static const struct unit size_units[] = {
    {{"G", 1}, INT64_C(1) << 30},
    {{"M", 1}, 1 << 20},
    {{"k", 1}, 1 << 10},
    {{"", 0}, 1},
};

/* The digits at the start of *text, which then begins behind them. */
static bool take_number(struct str *text, int64_t *ret)
{
    size_t n = 0;

    while (n < text->len && text->s[n] >= '0' && text->s[n] <= '9')
        n++;
    if (!str_to_i64(str_slice(*text, 0, n), 0, INT64_MAX, ret))
        return false;
    *text = str_slice(*text, n, text->len);
    return true;
}

static struct str take_letters(struct str *text)
{
    struct str letters;
    size_t n = 0;

    while (n < text->len && (text->s[n] < '0' || text->s[n] > '9'))
        n++;
    letters = str_slice(*text, 0, n);
    *text = str_slice(*text, n, text->len);
    return letters;
}

bool config_parse_duration(struct str text, int64_t *ret_ms)
{
    size_t next_unit = 0;
    int64_t sum = 0;

    if (str_eq(text, STR("0"))) {
        *ret_ms = 0;
        return true;
    }
    if (text.len == 0)
        return false;
    while (text.len > 0) {
        struct str name;
        int64_t number;
        size_t i = next_unit;

        if (!take_number(&text, &number))
            return false;
        name = take_letters(&text);
        while (i < ARRAY_LEN(duration_units) && !str_eq(duration_units[i].name, name))
            i++;
        if (i == ARRAY_LEN(duration_units) ||
            __builtin_mul_overflow(number, duration_units[i].factor, &number) ||
            __builtin_add_overflow(sum, number, &sum))
            return false;
        next_unit = i + 1;
    }
    *ret_ms = sum;
    return true;
}

bool config_parse_size(struct str text, int64_t *ret_bytes)
{
    int64_t number;

    if (!take_number(&text, &number))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(size_units); i++) {
        if (!str_eq_nocase(text, size_units[i].name))
            continue;
        if (__builtin_mul_overflow(number, size_units[i].factor, &number))
            return false;
        *ret_bytes = number;
        return true;
    }
    return false;
}

void config_format_duration(int64_t ms, char ret_text[CONFIG_AMOUNT_MAX])
{
    size_t len = 0;

    snprintf(ret_text, CONFIG_AMOUNT_MAX, "0s");
    /* Without weeks: people count 14d, not 2w. */
    for (size_t i = 1; i < ARRAY_LEN(duration_units) && ms > 0; i++) {
        int64_t number = ms / duration_units[i].factor;

        if (number == 0)
            continue;
        len += (size_t)snprintf(ret_text + len, CONFIG_AMOUNT_MAX - len, "%" PRId64 "%s", number,
                                duration_units[i].name.s);
        ms %= duration_units[i].factor;
    }
}

void config_format_size(int64_t bytes, char ret_text[CONFIG_AMOUNT_MAX])
{
    for (size_t i = 0; i < ARRAY_LEN(size_units); i++) {
        if (bytes % size_units[i].factor != 0 || (bytes == 0 && size_units[i].factor > 1))
            continue;
        snprintf(ret_text, CONFIG_AMOUNT_MAX, "%" PRId64 "%s", bytes / size_units[i].factor,
                 size_units[i].name.s);
        return;
    }
}
