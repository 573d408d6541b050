/* Case folding for the literal filter.
 *
 * Characters of two bytes have a table, made from utf8proc's simple case mappings; of the longer
 * ones only those matter that are equal to a shorter one, and they are listed. Whether that agrees
 * with the PCRE2 that is linked is not believed but tested, over all of Unicode (test_literals.c).
 * */
#include "rules/fold.h"

#include <utf8proc.h>

struct far_equal {
    uint16_t c, equal_to;
};

/* Characters of three bytes that are another case of one of two bytes, or one byte; sorted. */
static const struct far_equal far_equals[] = {
    {0x1C80, 0x0432}, {0x1C81, 0x0434}, {0x1C82, 0x043E}, {0x1C83, 0x0441}, {0x1C84, 0x0442},
    {0x1C85, 0x0442}, {0x1C86, 0x044A}, {0x1C87, 0x0463}, {0x1E9E, 0x00DF}, {0x1FBE, 0x03B9},
    {0x2126, 0x03C9}, {0x212A, 'k'},    {0x212B, 0x00E5}, {0x2C65, 0x023A}, {0x2C66, 0x023E},
    {0x2C7E, 0x023F}, {0x2C7F, 0x0240},
};

struct known_range {
    uint32_t first, last;
};

/* Latin, Greek and Cyrillic with their cases; then scripts and signs that have none. */
static const struct known_range known[] = {
    {0x0000, 0x024F},   {0x0370, 0x052F},   {0x05D0, 0x05EA},   {0x0620, 0x065F},
    {0x0904, 0x0939},   {0x0E01, 0x0E4E},   {0x2010, 0x203A},   {0x20A0, 0x20BF},
    {0x2600, 0x27BF},   {0x3041, 0x30FF},   {0x4E00, 0x9FFF},   {0xAC00, 0xD7A3},
    {0x1F300, 0x1FAFF},
};

void fold_init(struct fold *f)
{
    for (uint32_t c = 0; c < FOLD_SHORT_END; c++) {
        utf8proc_int32_t lower = utf8proc_tolower(utf8proc_toupper((utf8proc_int32_t)c));
        f->shorts[c] = (uint16_t)(lower >= 0 && lower < FOLD_SHORT_END ? lower : (int32_t)c);
    }
}

uint32_t fold_char(const struct fold *f, uint32_t c)
{
    if (c < FOLD_SHORT_END)
        return f->shorts[c];
    if (c < far_equals[0].c || c > far_equals[ARRAY_LEN(far_equals) - 1].c)
        return c;
    for (size_t i = 0; i < ARRAY_LEN(far_equals); i++)
        if (far_equals[i].c == c)
            return f->shorts[far_equals[i].equal_to];
    return c;
}

bool fold_knows(uint32_t c)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (c <= known[i].last)
            return c >= known[i].first;
    return false;
}

/* ---- texts ---------------------------------------------------------------------------------- */

#define EACH_BYTE(b) (0x0101010101010101ull * (b))

/* A to Z of eight ASCII bytes at once. */
static uint64_t lower_eight(uint64_t bytes)
{
    uint64_t from_a = bytes + EACH_BYTE(0x80 - 'A'), over_z = bytes + EACH_BYTE(0x80 - 'Z' - 1);

    return bytes | ((from_a & ~over_z & EACH_BYTE(0x80)) >> 2);
}

static size_t put_short(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    out[0] = (char)(0xC0 | c >> 6);
    out[1] = (char)(0x80 | (c & 0x3F));
    return 2;
}

/* One character that is not ASCII, of `left` bytes at most. */
static size_t fold_one(const struct fold *f, const unsigned char *s, size_t left, char *out,
                       size_t *ret_read)
{
    size_t len = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;

    *ret_read = len = len < left ? len : left;
    if (len == 2)
        return put_short(f->shorts[(s[0] & 0x1Fu) << 6 | (s[1] & 0x3Fu)], out);
    if (len == 3 && (s[0] == 0xE1 || s[0] == 0xE2)) {
        uint32_t c = (s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
        uint32_t folded = fold_char(f, c);
        if (folded < FOLD_SHORT_END)
            return put_short(folded, out);
    }
    memcpy(out, s, len);
    return len;
}

/* Up to 8 ASCII bytes; how many. */
static size_t fold_ascii(const char *s, size_t left, char *out)
{
    uint64_t bytes = 0;

    memcpy(&bytes, s, left < 8 ? left : 8);
    uint64_t high = bytes & EACH_BYTE(0x80);
    size_t n = high ? (size_t)__builtin_ctzll(high) / 8 : 8;
    bytes = lower_eight(bytes & ~high);
    memcpy(out, &bytes, 8);
    return n < left ? n : left;
}

/* As many whole blocks of 8 ASCII bytes as there are. */
static size_t fold_blocks(const char *s, size_t left, char *out)
{
    size_t at = 0;

    for (; at + 8 <= left; at += 8) {
        uint64_t bytes;
        memcpy(&bytes, s + at, 8);
        if (bytes & EACH_BYTE(0x80))
            break;
        bytes = lower_eight(bytes);
        memcpy(out + at, &bytes, 8);
    }
    return at;
}

size_t fold_text(const struct fold *f, struct str text, char *out)
{
    size_t n = 0, at = 0, read;

    while (at < text.len) {
        read = fold_blocks(text.s + at, text.len - at, out + n);
        at += read;
        n += read;
        if (at == text.len)
            break;
        if ((unsigned char)text.s[at] < 0x80) {
            read = fold_ascii(text.s + at, text.len - at, out + n);
            n += read;
        } else {
            n += fold_one(f, (const unsigned char *)text.s + at, text.len - at, out + n, &read);
        }
        at += read;
    }
    return n;
}
