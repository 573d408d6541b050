/* Writes the table of chars.c: what each character of Unicode is to rules, from utf8proc's
 * categories and case folding, a small table for ASCII, and the few exceptions that social media
 * live on. Run when the daemon is built. */
#include "text/chars.h"

#include <stdio.h>
#include <utf8proc.h>

#include "text/utf8.h"

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

static uint32_t plain_of(uint32_t c)
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

static enum char_kind kind_of(uint32_t c)
{
    if (c < 0x80)
        return ascii_kind(c);
    if (c == UTF8_BAD)
        return CHAR_SEPARATOR;
    const struct char_range *range = range_find(kinds, ARRAY_LEN(kinds), c);
    if (range)
        return (enum char_kind)range->becomes;
    uint32_t plain = plain_of(c);
    return plain < 0x80 ? ascii_kind(plain) : category_kind(c);
}

static bool is_mark(uint32_t c)
{
    if (c < 0x300 || kind_of(c) == CHAR_IGNORED)
        return false;
    if (c >= 0x1160 && c <= 0x11FF)
        return true; /* conjoining Hangul vowels and finals */
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME;
}

/* What the character becomes by itself, as normalising does it: compatibility folded, without case.
 * */
static bool folds_alone(uint32_t c, int32_t *ret_delta)
{
    utf8proc_int32_t points[128];
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t len = utf8proc_encode_char((utf8proc_int32_t)c, bytes), n;

    if (c == 0 || (c >= 0xD800 && c <= 0xDFFF))
        return false;
    n = utf8proc_decompose(bytes, len, points, ARRAY_LEN(points),
                           UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                               UTF8PROC_STABLE);
    if (n < 1 || n > (utf8proc_ssize_t)ARRAY_LEN(points))
        return false;
    n = utf8proc_normalize_utf32(points, n, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    *ret_delta = points[0] - (int32_t)c;
    return n == 1;
}

static uint32_t entry_of(uint32_t c)
{
    uint32_t entry = kind_of(c);
    int32_t delta = 0;

    if (is_mark(c))
        entry |= CHAR_ENTRY_MARK;
    if (plain_of(c) != c)
        entry |= CHAR_ENTRY_PLAIN | (plain_of(c) << CHAR_ENTRY_SHIFT);
    else if (folds_alone(c, &delta))
        entry |= CHAR_ENTRY_ALONE | ((uint32_t)delta << CHAR_ENTRY_SHIFT);
    return entry;
}

/* ---- writing -------------------------------------------------------------------------------- */

static uint32_t blocks[CHAR_BLOCKS_MAX][CHAR_BLOCK];
static unsigned n_blocks;

/* Blocks that are alike are kept once. */
static unsigned block_of(const uint32_t block[CHAR_BLOCK])
{
    for (unsigned i = 0; i < n_blocks; i++)
        if (memcmp(blocks[i], block, sizeof(blocks[i])) == 0)
            return i;
    memcpy(blocks[n_blocks], block, sizeof(blocks[0]));
    return n_blocks++;
}

int main(void)
{
    uint32_t block[CHAR_BLOCK];

    printf("#include \"text/chars.h\"\n\nconst uint16_t char_index[] = {");
    for (uint32_t c = 0; c < CHAR_END; c += CHAR_BLOCK) {
        for (uint32_t i = 0; i < CHAR_BLOCK; i++)
            block[i] = entry_of(c + i);
        printf("%s%u,", c / CHAR_BLOCK % 16 ? " " : "\n    ", block_of(block));
    }
    printf("\n};\n\nconst uint32_t char_entries[] = {");
    for (unsigned b = 0; b < n_blocks; b++)
        for (unsigned i = 0; i < CHAR_BLOCK; i++)
            printf("%s0x%x,", i % 8 ? " " : "\n    ", blocks[b][i]);
    printf("\n};\n");
    return 0;
}
