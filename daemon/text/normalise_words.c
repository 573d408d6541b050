/* The quick way through a text: plain words of ASCII with plain separators between them.
 *
 * What the bytes are has been found out for the whole text (scan.c); so a word is a run of bits, and is
 * copied as a block. Anything special (three equal letters, a web address, a hashtag, characters that are
 * not ASCII) is left to normalise.c, which could read everything. test_normalise.c holds both against an
 * oracle that has no quick way. */
#include "text/chars.h"
#include "text/normaliser.h"
#include "text/unfold.h"
#include "text/utf8.h"

#define QUICK_WORD_MAX 32 /* bytes; longer words are read slowly */

enum separator {
    SEPARATOR_PLAIN,
    SEPARATOR_STOP,
    SEPARATOR_BREAK,
    SEPARATOR_SIGN, /* a token that ends the sentence */
    SEPARATOR_SYMBOL,
    SEPARATOR_HASH,
    SEPARATOR_JOINS, /* a word goes on, or changes, with it */
};

/* What bytes that are no letters do; as char_kind() has it. */
static const unsigned char separators[256] = {
    ['.'] = SEPARATOR_STOP,   ['\n'] = SEPARATOR_BREAK,  ['\r'] = SEPARATOR_BREAK, ['$'] = SEPARATOR_SYMBOL,
    ['?'] = SEPARATOR_SIGN,   ['!'] = SEPARATOR_SIGN,    ['#'] = SEPARATOR_HASH,   ['\''] = SEPARATOR_JOINS,
    ['`'] = SEPARATOR_JOINS,  [0x80 ... 0xFF] = SEPARATOR_JOINS,
};

/* May an address begin here? Of lower-case bytes. */
static inline bool is_link_start(const char *s)
{
    unsigned pair = (unsigned)(unsigned char)s[0] << 8 | (unsigned char)s[1];

    return pair == ('h' << 8 | 't') || pair == ('w' << 8 | 'w');
}

/* The `len` bytes of lower case at pos to where out ends; returns its new end. */
static inline size_t letters_put(const struct normaliser *n, const struct text_scan *scan, size_t pos,
                                 size_t len, size_t to)
{
    char *out = n->out + to;
    text_offset *offsets = n->offsets + to;

    memcpy(out, scan->lower + pos, SCAN_PLACES);
    scan_put_places(offsets, pos);
    if (len > SCAN_PLACES) {
        memcpy(out + SCAN_PLACES, scan->lower + pos + SCAN_PLACES, SCAN_PLACES);
        scan_put_places(offsets + SCAN_PLACES, pos + SCAN_PLACES);
    }
    return to + len;
}

/* The word goes on, or changes, with what stands at pos + len: it stays open for step(). A mark there
 * belongs to the last letter, which is then left, too. */
static size_t word_leave_open(struct normaliser *n, const struct text_scan *scan, size_t pos, size_t len)
{
    size_t c_len;
    uint32_t c = utf8_decode(n->in, pos + len, &c_len);

    if (char_is_mark(c) && --len == 0)
        return 0;
    normaliser_token_begin(n, pos);
    n->len = letters_put(n, scan, pos, len, n->len);
    n->last = (unsigned char)n->out[n->len - 1];
    n->run = len > 1 && n->out[n->len - 2] == n->out[n->len - 1] ? 2 : 1;
    return len;
}

/* The word from where out ended to `end`; returns its new end. */
static size_t word_unfold(struct normaliser *n, size_t end)
{
    n->apostrophes = false;
    n->word = n->len;
    n->len = end;
    normaliser_unfold(n);
    n->word = SIZE_MAX;
    return n->len;
}

/* A full stop behind a word ends the sentence before a space, or anything that is not ASCII. */
static bool ends_sentence(struct str text, size_t pos)
{
    unsigned char c = pos < text.len ? (unsigned char)text.s[pos] : ' ';

    return c == ' ' || c == '\n' || c == '\r' || c >= 0x80;
}

/* The word of `len` bytes at pos and the space behind it. */
static inline void word_read(struct normaliser *n, const struct text_scan *scan, size_t pos, size_t len)
{
    if (n->break_owed)
        normaliser_break(n, pos);
    size_t end = letters_put(n, scan, pos, len, n->len);
    if (text_may_unfold_plain(scan->lower + pos, len))
        end = word_unfold(n, end);
    n->out[end] = ' ';
    n->offsets[end] = (text_offset)(pos + len);
    n->len = end + 1;
}

static void sign_read(struct normaliser *n, char c, size_t pos)
{
    if (!n->break_owed) {
        normaliser_put(n, c, pos);
        normaliser_put(n, ' ', pos + 1);
    }
    n->break_owed = true;
}

/* What stands behind a closed word, from pos to end. Returns where it stopped. */
static size_t gap_read(struct normaliser *n, size_t pos, size_t end, bool after_word)
{
    for (; pos < end; pos++, after_word = false) {
        char c = n->in.s[pos];
        enum separator kind = separators[(unsigned char)c];
        if (kind == SEPARATOR_PLAIN || c == '\'' || c == '`')
            continue;
        if (kind == SEPARATOR_STOP)
            n->break_owed |= after_word && ends_sentence(n->in, pos + 1);
        else if (kind == SEPARATOR_SIGN)
            sign_read(n, c, pos);
        else if (kind == SEPARATOR_BREAK)
            n->break_owed = true;
        else if (kind == SEPARATOR_SYMBOL)
            normaliser_symbol(n, (unsigned char)c, pos, 1);
        else
            return pos;
    }
    return pos;
}

/* Bits of the text from some place on; `left` of them are good. */
struct view {
    uint64_t word, thrice;
    size_t left;
};

static inline void view_fill(struct view *view, const struct text_scan *scan, size_t pos)
{
    uint64_t twice = scan_bits(scan->twice, pos);

    *view = (struct view){scan_bits(scan->word, pos), twice & twice >> 1, SCAN_BLOCK - 1};
}

static inline void view_move(struct view *view, size_t by)
{
    view->word >>= by;
    view->thrice >>= by;
    view->left -= by;
}

size_t normaliser_read_words(struct normaliser *n, const struct text_scan *scan, size_t pos)
{
    const size_t end = n->in.len;
    struct view view = {0};

    while (pos < end && n->cap - n->len >= NORMALISER_ROOM) {
        if (view.left <= QUICK_WORD_MAX)
            view_fill(&view, scan, pos);
        size_t len = ~view.word ? (size_t)__builtin_ctzll(~view.word) : SCAN_BLOCK;
        if (len > 0) {
            if (len > QUICK_WORD_MAX || (view.thrice & ((1ull << len) - 1)) ||
                is_link_start(scan->lower + pos))
                return pos;
            if (separators[(unsigned char)scan->lower[pos + len]] == SEPARATOR_JOINS)
                return pos + word_leave_open(n, scan, pos, len);
            word_read(n, scan, pos, len);
            view_move(&view, len);
            pos += len;
        }
        size_t gap = view.word ? (size_t)__builtin_ctzll(view.word) : view.left;
        if (gap > 1 || scan->lower[pos] != ' ') {
            size_t to = pos + gap < end ? pos + gap : end, stopped = gap_read(n, pos, to, len > 0);
            if (stopped < to)
                return stopped;
        }
        view_move(&view, gap);
        pos += gap;
    }
    return pos < end ? pos : end;
}
