/* What the bytes of a text are, sixteen at a time: a first look that saves most looks at single
 * characters. Internal to text/. */
#ifndef MENTIOND_TEXT_SCAN_H
#define MENTIOND_TEXT_SCAN_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "mentiond/text.h"

#define SCAN_BLOCK 64 /* bytes, a bit each */
#define SCAN_BLOCKS_MAX (TEXT_JUDGED_MAX / SCAN_BLOCK + 2)

/* Of texts up to TEXT_JUDGED_MAX, as if zeros followed them. */
struct text_scan {
    char lower[SCAN_BLOCKS_MAX * SCAN_BLOCK]; /* the bytes, A to Z as a to z */
    uint64_t word[SCAN_BLOCKS_MAX];           /* bits: letters and digits of ASCII, and _ */
    uint64_t twice[SCAN_BLOCKS_MAX];          /* bits: the next byte is the same but for case */
    bool ascii;                               /* all bytes are */
};

void text_scan(struct str text, struct text_scan *ret);

/* The 64 bits from `pos` on. */
static inline uint64_t scan_bits(const uint64_t *bits, size_t pos)
{
    unsigned shift = pos % SCAN_BLOCK;

    return bits[pos / SCAN_BLOCK] >> shift | bits[pos / SCAN_BLOCK + 1] << 1 << (SCAN_BLOCK - 1 - shift);
}

/* Copies ASCII from `pos` on to `out`, grave accents as apostrophes, and where each byte was; returns how
 * many. Up to 15 bytes and offsets more are overwritten. */
size_t scan_copy_ascii(struct str text, size_t pos, char *out, text_offset *offsets);

/* SCAN_PLACES offsets from `pos` on. */
#define SCAN_PLACES 16
static inline void scan_put_places(text_offset *offsets, size_t pos)
{
#ifdef __SSE2__
    __m128i first = _mm_add_epi16(_mm_set1_epi16((short)pos), _mm_set_epi16(7, 6, 5, 4, 3, 2, 1, 0));

    _mm_storeu_si128((__m128i *)(void *)offsets, first);
    _mm_storeu_si128((__m128i *)(void *)(offsets + 8), _mm_add_epi16(first, _mm_set1_epi16(8)));
#else
    for (size_t i = 0; i < SCAN_PLACES; i++)
        offsets[i] = (text_offset)(pos + i);
#endif
}

#endif
