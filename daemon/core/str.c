/* Functions on borrowed text. Nothing here allocates but str_dup(). */
#include "mentiond/str.h"

#include <stdlib.h>

static char ascii_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (ascii_lower(a.s[i]) != ascii_lower(b.s[i]))
            return false;
    }
    return true;
}

bool str_starts_with(struct str text, struct str prefix)
{
    return text.len >= prefix.len && str_eq(str_slice(text, 0, prefix.len), prefix);
}

bool str_ends_with(struct str text, struct str suffix)
{
    return text.len >= suffix.len && str_eq(str_slice(text, text.len - suffix.len, text.len), suffix);
}

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.s, b.s, shorter) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

struct str str_trim(struct str text)
{
    size_t start = 0, end = text.len;

    while (start < end && is_space(text.s[start]))
        start++;
    while (end > start && is_space(text.s[end - 1]))
        end--;
    return str_slice(text, start, end);
}

struct str str_split(struct str text, char sep, struct str *rest)
{
    const char *at = text.len ? memchr(text.s, sep, text.len) : NULL;
    size_t pos;

    if (!at) {
        *rest = (struct str){NULL, 0};
        return text;
    }
    pos = (size_t)(at - text.s);
    *rest = str_slice(text, pos + 1, text.len);
    return str_slice(text, 0, pos);
}

size_t str_find(struct str text, struct str needle)
{
    const char *at;

    if (needle.len == 0)
        return 0;
    at = text.len ? memmem(text.s, text.len, needle.s, needle.len) : NULL;
    return at ? (size_t)(at - text.s) : SIZE_MAX;
}

char *str_dup(struct str text)
{
    char *copy = malloc(text.len + 1);

    if (!copy)
        return NULL;
    if (text.len)
        memcpy(copy, text.s, text.len);
    copy[text.len] = '\0';
    return copy;
}

struct str str_cut_utf8(struct str text, size_t max_len)
{
    size_t len = max_len;

    if (text.len <= max_len)
        return text;
    while (len > 0 && ((unsigned char)text.s[len] & 0xC0) == 0x80)
        len--;
    return str_slice(text, 0, len);
}

bool str_to_i64(struct str text, int64_t min, int64_t max, int64_t *ret)
{
    bool negative = text.len && text.s[0] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t magnitude = 0;
    int64_t number;

    if (text.len == (negative ? 1u : 0u))
        return false;
    for (size_t i = negative; i < text.len; i++) {
        unsigned digit = (unsigned)(text.s[i] - '0');

        if (digit > 9 || magnitude > (limit - digit) / 10)
            return false;
        magnitude = magnitude * 10 + digit;
    }
    number = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    if (number < min || number > max)
        return false;
    *ret = number;
    return true;
}

/* Levenshtein with swaps of neighbours, given up beyond NEAREST_LEN_MAX. */
#define NEAREST_LEN_MAX 48

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

static unsigned edit_distance(struct str a, struct str b)
{
    unsigned rows[3][NEAREST_LEN_MAX + 1];

    if (a.len > NEAREST_LEN_MAX || b.len > NEAREST_LEN_MAX)
        return UINT32_MAX;
    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            bool same = ascii_lower(a.s[i - 1]) == ascii_lower(b.s[j - 1]);

            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);
            if (i > 1 && j > 1 && a.s[i - 1] == b.s[j - 2] && a.s[i - 2] == b.s[j - 1] &&
                above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[a.len % 3][b.len];
}

const char *str_nearest(struct str word, const void *candidates, size_t stride)
{
    unsigned best = word.len < 4 ? 2 : 3; /* one more than may be */
    const char *nearest = NULL;

    for (const char *at = candidates;; at += stride) {
        const char *name;
        unsigned distance;

        memcpy(&name, at, sizeof(name));
        if (!name)
            return nearest;
        distance = edit_distance(word, str_from(name));
        if (distance < best) {
            best = distance;
            nearest = name;
        }
    }
}
