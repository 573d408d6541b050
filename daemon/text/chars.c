/* Characters by what they mean to rules: a small table for ASCII, Unicode's categories
 * (utf8proc) for the rest, and the few exceptions that social media live on. */
#include "chars.h"

#include <utf8proc.h>

#include "utf8.h"

struct char_range {
    uint32_t first, last;
    uint32_t becomes; /* char_plain(): the ASCII character, or kind for char_kind() */
};

static const struct char_range kinds[] = {
    {0x00AD, 0x00AD, CHAR_IGNORED},   {0x0085, 0x0085, CHAR_BREAK},
    {0x180B, 0x180F, CHAR_IGNORED},   {0x200B, 0x200F, CHAR_IGNORED},
    {0x2028, 0x2029, CHAR_BREAK},     {0x202A, 0x202E, CHAR_IGNORED},
    {0x2060, 0x206F, CHAR_IGNORED},   {0x3002, 0x3002, CHAR_STOP},
    {0xFE00, 0xFE0F, CHAR_IGNORED},   {0xFEFF, 0xFEFF, CHAR_IGNORED},
    {0xFF01, 0xFF01, CHAR_SYMBOL},    {0xFF0E, 0xFF0E, CHAR_STOP},
    {0xFF1F, 0xFF1F, CHAR_SYMBOL},    {0x1F3FB, 0x1F3FF, CHAR_IGNORED},
    {0xE0000, 0xE0FFF, CHAR_IGNORED},
};

static const struct char_range plains[] = {
    {0x0060, 0x0060, '\''}, {0x00A0, 0x00A0, ' '},  {0x00AB, 0x00AB, '"'},  {0x00B4, 0x00B4, '\''},
    {0x00BB, 0x00BB, '"'},  {0x02B9, 0x02BC, '\''}, {0x2000, 0x200A, ' '},  {0x2010, 0x2015, '-'},
    {0x2018, 0x201B, '\''}, {0x201C, 0x201F, '"'},  {0x202F, 0x202F, ' '},  {0x2032, 0x2032, '\''},
    {0x2033, 0x2033, '"'},  {0x205F, 0x205F, ' '},  {0x2212, 0x2212, '-'},  {0x3000, 0x3000, ' '},
    {0xFE58, 0xFE58, '-'},  {0xFE63, 0xFE63, '-'},
};

static const struct char_range *range_find(const struct char_range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n && ranges[i].first <= c; i++)
        if (c <= ranges[i].last)
            return &ranges[i];
    return NULL;
}

uint32_t char_plain(uint32_t c)
{
    if (c < 0x60)
        return c;
    if (c >= 0xFF01 && c <= 0xFF5E)
        return c - 0xFEE0;
    const struct char_range *range = range_find(plains, ARRAY_LEN(plains), c);
    return range ? range->becomes : c;
}

static enum char_kind ascii_kind(uint32_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')
        return CHAR_WORD;
    if (c >= 'A' && c <= 'Z')
        return CHAR_UPPER;
    switch (c) {
    case '\'':
    case '`':
        return CHAR_APOSTROPHE;
    case '$':
    case '?':
    case '!':
        return CHAR_SYMBOL;
    case '.':
        return CHAR_STOP;
    case '\n':
    case '\r':
        return CHAR_BREAK;
    default:
        return CHAR_SEPARATOR;
    }
}

static enum char_kind category_kind(uint32_t c)
{
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
        return CHAR_UPPER;
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_PC:
        return CHAR_WORD;
    case UTF8PROC_CATEGORY_SC:
        return CHAR_SYMBOL;
    case UTF8PROC_CATEGORY_SO:
        return c >= 0x2190 ? CHAR_SYMBOL : CHAR_SEPARATOR;
    default:
        return CHAR_SEPARATOR;
    }
}

enum char_kind char_kind(uint32_t c)
{
    if (c < 0x80)
        return ascii_kind(c);
    if (c == UTF8_BAD)
        return CHAR_SEPARATOR;
    const struct char_range *range = range_find(kinds, ARRAY_LEN(kinds), c);
    if (range)
        return (enum char_kind)range->becomes;
    uint32_t plain = char_plain(c);
    return plain < 0x80 ? ascii_kind(plain) : category_kind(c);
}

bool char_is_mark(uint32_t c)
{
    if (c < 0x300 || char_kind(c) == CHAR_IGNORED)
        return false;
    if (c >= 0x1160 && c <= 0x11FF)
        return true; /* conjoining Hangul vowels and finals */
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME;
}
