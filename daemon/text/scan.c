/* Bits about bytes. Where there is no SSE2 the same is done byte by byte; what comes out is equal. */
#include "text/scan.h"

#ifdef __SSE2__
static __m128i load(const char *s)
{
    return _mm_loadu_si128((const __m128i *)(const void *)s);
}

/* Bytes from `first` on, `n` of them: all others are moved to where they compare as less. */
static __m128i is_range(__m128i bytes, char first, char n)
{
    __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8((char)(127 - (first + n - 1))));

    return _mm_cmpgt_epi8(moved, _mm_set1_epi8((char)(127 - n)));
}

static uint64_t bits_of(__m128i bytes, size_t at)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(bytes) << at;
}

/* Reads a byte more than the block. True if all are ASCII. */
static bool block_scan(const char *s, size_t block, struct text_scan *ret)
{
    __m128i any = _mm_setzero_si128();
    uint64_t word = 0, twice = 0;

    for (size_t at = 0; at < SCAN_BLOCK; at += 16) {
        __m128i bytes = load(s + at), differ = _mm_xor_si128(bytes, load(s + at + 1));
        __m128i upper = is_range(bytes, 'A', 26);
        __m128i lower = _mm_or_si128(bytes, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
        __m128i other = _mm_or_si128(is_range(bytes, '0', 10), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
        differ = _mm_and_si128(differ, _mm_set1_epi8((char)0xDF));
        word |= bits_of(_mm_or_si128(is_range(lower, 'a', 26), other), at);
        twice |= bits_of(_mm_cmpeq_epi8(differ, _mm_setzero_si128()), at);
        any = _mm_or_si128(any, bytes);
        _mm_storeu_si128((__m128i *)(void *)(ret->lower + block * SCAN_BLOCK + at), lower);
    }
    ret->word[block] = word;
    ret->twice[block] = twice;
    return _mm_movemask_epi8(any) == 0;
}

static size_t copy_blocks(struct str text, size_t pos, char *out, text_offset *offsets)
{
    const __m128i grave = _mm_set1_epi8('`'), apart = _mm_set1_epi8('`' ^ '\'');
    size_t at = 0;

    for (; pos + at + 16 <= text.len; at += 16) {
        __m128i bytes = load(text.s + pos + at);
        unsigned high = (unsigned)_mm_movemask_epi8(bytes);
        bytes = _mm_xor_si128(bytes, _mm_and_si128(_mm_cmpeq_epi8(bytes, grave), apart));
        _mm_storeu_si128((__m128i *)(void *)(out + at), bytes);
        scan_put_places(offsets + at, pos + at);
        if (high)
            return at + (unsigned)__builtin_ctz(high);
    }
    return at;
}
#else
static bool is_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool block_scan(const char *s, size_t block, struct text_scan *ret)
{
    unsigned char any = 0;

    ret->word[block] = ret->twice[block] = 0;
    for (size_t at = 0; at < SCAN_BLOCK; at++) {
        unsigned char c = (unsigned char)s[at], lower = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
        ret->lower[block * SCAN_BLOCK + at] = (char)lower;
        ret->word[block] |= (uint64_t)is_word(lower) << at;
        ret->twice[block] |= (uint64_t)(((c ^ (unsigned char)s[at + 1]) & 0xDF) == 0) << at;
        any |= c;
    }
    return any < 0x80;
}

static size_t copy_blocks(struct str text, size_t pos, char *out, text_offset *offsets)
{
    (void)text, (void)pos, (void)out, (void)offsets;
    return 0;
}
#endif

size_t scan_copy_ascii(struct str text, size_t pos, char *out, text_offset *offsets)
{
    size_t at = copy_blocks(text, pos, out, offsets);

    for (; pos + at < text.len && (unsigned char)text.s[pos + at] < 0x80; at++) {
        out[at] = text.s[pos + at] == '`' ? '\'' : text.s[pos + at];
        offsets[at] = (text_offset)(pos + at);
    }
    return at;
}

void text_scan(struct str text, struct text_scan *ret)
{
    char tail[SCAN_BLOCK + 1] = {0};
    size_t block = 0;

    ret->ascii = true;
    for (; text.len > (block + 1) * SCAN_BLOCK; block++)
        ret->ascii &= block_scan(text.s + block * SCAN_BLOCK, block, ret);
    if (text.len > 0)
        memcpy(tail, text.s + block * SCAN_BLOCK, text.len - block * SCAN_BLOCK);
    ret->ascii &= block_scan(tail, block, ret);
    ret->word[block + 1] = ret->twice[block + 1] = 0;
    ret->lower[(block + 1) * SCAN_BLOCK] = 0;
}
