/* Posts and phrases in one form, with the way back to the bytes as written.
 *
 * One pass: characters become word characters, symbols, separators or nothing; words are
 * finished (elongation, contractions) when their end is seen. Non-ASCII words go through
 * utf8proc by clusters (a character with its combining marks), so that composition is right
 * and each cluster keeps its place.
 *
 * `plain` is the second form, for regexes: case and punctuation stay, quotes, dashes, spaces
 * and widths are plain and invisible characters gone. It is the original itself when that is
 * ASCII. */
#include <errno.h>
#include <utf8proc.h>

#include "text/chars.h"
#include "text/normaliser.h"
#include "text/unfold.h"
#include "text/utf8.h"

#define CLUSTER_MAX 128  /* bytes of one character with its marks; further marks start anew */
#define DECOMPOSED_MAX 128 /* code points a cluster may become */
#define EXPANSION 4      /* normal.len is at most EXPANSION * text.len + NORMALISER_ROOM */

/* ---- writing -------------------------------------------------------------------------------- */

static void put_char(struct normaliser *n, uint32_t c, size_t from)
{
    char bytes[4];
    size_t len = utf8_encode(c, bytes);

    for (size_t i = 0; i < len && n->len + len - i <= n->cap; i++)
        normaliser_put(n, bytes[i], from);
}

static bool is_ascii_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static void word_put(struct normaliser *n, uint32_t c, size_t from)
{
    if (n->word == SIZE_MAX)
        normaliser_token_begin(n, from);
    n->run = c == n->last ? n->run + 1 : 1;
    n->last = c;
    if (n->run <= 2 || is_ascii_digit(c))
        put_char(n, c, from);
}

/* "sooo" is meant to be "so", "stilll" "still": English ends words with ll, ss and ff only. */
static void word_end_elongation(struct normaliser *n)
{
    bool doubles = n->last == 'l' || n->last == 's' || n->last == 'f';

    if (n->run >= 3 && n->last >= 'a' && n->last <= 'z' && !doubles && n->len - n->word > 2)
        n->len--;
}

static void word_replace_tail(struct normaliser *n, size_t keep, struct str tail)
{
    size_t at = n->word + keep;
    size_t from = at < n->len ? n->offsets[at] : n->offsets[n->len - 1];

    n->len = at;
    for (size_t i = 0; i < tail.len; i++)
        normaliser_put(n, tail.s[i], from);
}

static void apostrophes_to_spaces(struct normaliser *n)
{
    size_t to = n->word;

    for (size_t i = n->word; i < n->len; i++) {
        char c = n->out[i] == '\'' ? ' ' : n->out[i];
        if (c == ' ' && n->out[to - 1] == ' ')
            continue;
        n->out[to] = c;
        n->offsets[to++] = n->offsets[i];
    }
    n->len = to > n->word && n->out[to - 1] == ' ' ? to - 1 : to;
}

void normaliser_unfold(struct normaliser *n)
{
    struct str word = {n->out + n->word, n->len - n->word};
    struct unfolding unfolding;

    if (!n->apostrophes && !text_may_unfold_plain(word.s, word.len))
        return;
    if (text_unfold(word, n->apostrophes, &unfolding))
        word_replace_tail(n, unfolding.keep, unfolding.tail);
    if (n->apostrophes)
        apostrophes_to_spaces(n);
}

static void word_end(struct normaliser *n, size_t from)
{
    if (n->word == SIZE_MAX)
        return;
    word_end_elongation(n);
    normaliser_unfold(n);
    normaliser_put(n, ' ', from);
    n->word = SIZE_MAX;
}

/* ---- reading -------------------------------------------------------------------------------- */

static uint32_t peek(const struct normaliser *n, size_t pos)
{
    size_t len;

    return pos < n->in.len ? utf8_decode(n->in, pos, &len) : UTF8_BAD;
}

static bool is_word_kind(enum char_kind kind)
{
    return kind == CHAR_WORD || kind == CHAR_UPPER;
}

/* Camel case inside a hashtag: before the "I" of "AcmeIs", before the "D" of "TVDown". */
static void hashtag_split(struct normaliser *n, bool upper, size_t pos, size_t len)
{
    bool before_lower = upper && n->last_upper && char_kind(peek(n, pos + len)) == CHAR_WORD &&
                        !is_ascii_digit(peek(n, pos + len));

    if (n->word != SIZE_MAX && upper && (!n->last_upper || before_lower))
        word_end(n, pos);
    n->last_upper = upper;
}

static void ascii_word_char(struct normaliser *n, uint32_t c, bool upper, size_t pos)
{
    if (n->hashtag) {
        hashtag_split(n, upper, pos, 1);
        if (c == '_') {
            word_end(n, pos);
            return;
        }
    }
    word_put(n, upper ? c | 0x20 : c, pos);
}

/* The bytes of the character at pos with its marks. */
static size_t cluster_len(const struct normaliser *n, size_t pos, size_t first_len)
{
    size_t end = pos + first_len, len;

    while (end < n->in.len && end - pos < CLUSTER_MAX - 4 &&
           char_is_mark(utf8_decode(n->in, end, &len)))
        end += len;
    return end - pos;
}

static void folded_put(struct normaliser *n, uint32_t c, size_t pos)
{
    if (is_word_kind(char_kind(c)))
        word_put(n, c, pos);
    else
        word_end(n, pos);
}

/* utf8proc is needed only where the table does not know the outcome: with marks, or if it is more
 * than one. */
static size_t cluster_word_char(struct normaliser *n, uint32_t c, bool upper, size_t pos,
                                size_t len)
{
    utf8proc_int32_t points[DECOMPOSED_MAX];
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)n->in.s + pos;
    size_t char_len = len;
    utf8proc_ssize_t count;

    len = cluster_len(n, pos, len);
    if (n->hashtag)
        hashtag_split(n, upper, pos, len);
    if (len == char_len && char_folds_alone(c, &c)) {
        folded_put(n, c, pos);
        return len;
    }
    count = utf8proc_decompose(bytes, (utf8proc_ssize_t)len, points, DECOMPOSED_MAX,
                               UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                                   UTF8PROC_STABLE);
    if (count < 0 || count > DECOMPOSED_MAX)
        return len;
    count = utf8proc_normalize_utf32(points, count, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    for (utf8proc_ssize_t i = 0; i < count; i++)
        folded_put(n, (uint32_t)points[i], pos);
    return len;
}

/* An apostrophe stays inside a word until word_end() knows what it means. */
static void apostrophe(struct normaliser *n, size_t pos, size_t len)
{
    if (n->word != SIZE_MAX && is_word_kind(char_kind(peek(n, pos + len)))) {
        normaliser_put(n, '\'', pos);
        n->apostrophes = true;
        n->last = '\'';
        n->run = 1;
    } else {
        word_end(n, pos);
    }
}

static bool last_token_is(const struct normaliser *n, uint32_t c)
{
    char bytes[4];
    size_t len = utf8_encode(c, bytes);

    return !n->break_owed && n->len >= len + 2 && n->out[n->len - len - 2] == ' ' &&
           memcmp(n->out + n->len - len - 1, bytes, len) == 0;
}

/* Emoji and signs are tokens; a row of the same is one. ? and ! also end the sentence. */
void normaliser_symbol(struct normaliser *n, uint32_t c, size_t pos, size_t len)
{
    uint32_t plain = char_plain(c);
    bool ends = plain == '?' || plain == '!';

    word_end(n, pos);
    if (ends ? !n->break_owed : !last_token_is(n, plain)) {
        normaliser_token_begin(n, pos);
        put_char(n, plain, pos);
        n->word = SIZE_MAX;
        normaliser_put(n, ' ', pos + len);
    }
    n->break_owed |= ends;
}

/* A full stop ends a sentence before a space; "3.5", "acme.com" and "..." do not. */
static void stop(struct normaliser *n, size_t pos, size_t len)
{
    uint32_t next = peek(n, pos + len);
    bool before_space = next == UTF8_BAD || next == ' ' || next == '\n' || next == '\r' ||
                        next > 0x7F;
    bool after_word = n->word != SIZE_MAX;

    word_end(n, pos);
    if (before_space && after_word)
        n->break_owed = true;
}

static size_t link_len(const struct normaliser *n, size_t pos)
{
    static const struct str starts[] = {{"http://", 7}, {"https://", 8}, {"www.", 4}};
    struct str rest = str_slice(n->in, pos, n->in.len);

    if (n->word != SIZE_MAX || n->keep_links)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        size_t len = starts[i].len;
        if (rest.len < len || !str_eq_nocase(str_slice(rest, 0, len), starts[i]))
            continue;
        while (len < rest.len && (unsigned char)rest.s[len] > ' ')
            len++;
        return len;
    }
    return 0;
}

static size_t word_char(struct normaliser *n, uint32_t c, bool upper, size_t pos, size_t len)
{
    bool marked = c >= 0x80 || (pos + 1 < n->in.len && (unsigned char)n->in.s[pos + 1] >= 0x80);
    size_t skip = (c | 0x20) == 'h' || (c | 0x20) == 'w' ? link_len(n, pos) : 0;

    if (skip > 0)
        return skip;
    if (marked)
        return cluster_word_char(n, c, upper, pos, len);
    ascii_word_char(n, c, upper, pos);
    return 1;
}

/* ---- any character -------------------------------------------------------------------------- */

static size_t step(struct normaliser *n, size_t pos)
{
    size_t len;
    uint32_t c = utf8_decode(n->in, pos, &len);
    enum char_kind kind = char_kind(c);

    switch (kind) {
    case CHAR_WORD:
    case CHAR_UPPER:
        return word_char(n, c, kind == CHAR_UPPER, pos, len);
    case CHAR_IGNORED:
        return len;
    case CHAR_APOSTROPHE:
        apostrophe(n, pos, len);
        break;
    case CHAR_SYMBOL:
        normaliser_symbol(n, c, pos, len);
        break;
    case CHAR_STOP:
        stop(n, pos, len);
        break;
    case CHAR_BREAK:
        word_end(n, pos);
        n->break_owed = true;
        break;
    case CHAR_SEPARATOR:
        word_end(n, pos);
        n->hashtag = c == '#';
        n->last_upper = true;
        return len;
    }
    n->hashtag = false;
    return len;
}

/* ---- sentences ------------------------------------------------------------------------------ */

uint32_t text_sentence(const struct text_normal *t, uint32_t at)
{
    uint32_t low = 0, high = t->n_breaks;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (t->breaks[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- the plain form ------------------------------------------------------------------------- */

static int plain_make(struct str text, struct arena *arena, struct text_normal *t)
{
    size_t cap = 3 * text.len + SCAN_BLOCK, n = 0, len;
    char *out = arena_alloc(arena, cap);
    text_offset *offsets = arena_alloc(arena, (cap + 1) * sizeof(*offsets));

    if (!out || !offsets)
        return -ENOMEM;
    for (size_t pos = 0; pos < text.len; pos += len) {
        len = scan_copy_ascii(text, pos, out + n, offsets + n);
        n += len;
        if (len > 0)
            continue;
        uint32_t c = utf8_decode(text, pos, &len);
        char bytes[4];
        if (c != UTF8_BAD && c >= 0x80 && char_kind(c) == CHAR_IGNORED)
            continue;
        size_t n_bytes = utf8_encode(c == UTF8_BAD ? 0xFFFD : char_plain(c), bytes);
        for (size_t i = 0; i < n_bytes; i++, n++) {
            out[n] = bytes[i];
            offsets[n] = (text_offset)pos;
        }
    }
    offsets[n] = (text_offset)text.len;
    t->plain = (struct str){out, n};
    t->plain_offsets = offsets;
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* One piece of memory for all of it: the widest first. */
static int room_make(struct normaliser *n, struct arena *arena)
{
    size_t cap = EXPANSION * n->in.len + NORMALISER_ROOM, breaks = (n->in.len + 1) * sizeof(*n->breaks),
           offsets = (cap + 2) * sizeof(*n->offsets);
    char *room = arena_alloc(arena, breaks + offsets + cap + 2 + TEXT_PADDING);

    if (!room)
        return -ENOMEM;
    n->breaks = (uint32_t *)(void *)room;
    n->offsets = (text_offset *)(void *)(room + breaks);
    n->out = room + breaks + offsets;
    n->cap = cap;
    return 0;
}

static void normal_make(struct normaliser *n, const struct text_scan *scan, struct text_normal *t)
{
    normaliser_put(n, ' ', 0);
    for (size_t pos = 0; pos < n->in.len && n->len < n->cap;) {
        if (n->word == SIZE_MAX && !n->hashtag)
            pos = normaliser_read_words(n, scan, pos);
        if (pos < n->in.len && n->len < n->cap)
            pos += step(n, pos);
    }
    word_end(n, n->in.len);
    if (n->out[n->len - 1] != ' ') {
        n->out[n->len] = ' ';
        n->offsets[n->len++] = (text_offset)n->in.len;
    }
    n->offsets[n->len] = (text_offset)n->in.len;
    memset(n->out + n->len, 0, TEXT_PADDING);
    t->normal = (struct str){n->out, n->len};
    t->offsets = n->offsets;
    t->breaks = n->breaks;
    t->n_breaks = n->n_breaks;
}

int text_normalise_with(struct str text, unsigned flags, struct arena *arena,
                        struct text_normal *ret)
{
    struct text_normal t;
    struct text_scan scan;
    struct normaliser n = {
        .in = str_cut_utf8(text, TEXT_JUDGED_MAX),
        .keep_links = flags & TEXT_KEEP_LINKS,
        .word = SIZE_MAX,
        .last_upper = true,
    };
    int r = room_make(&n, arena);

    if (r < 0)
        return r;
    text_scan(n.in, &scan);
    normal_make(&n, &scan, &t);
    t.original = t.plain = n.in;
    t.plain_offsets = NULL;
    if (!scan.ascii)
        r = plain_make(n.in, arena, &t);
    if (r == 0)
        *ret = t;
    return r;
}

int text_normalise(struct str text, struct arena *arena, struct text_normal *ret)
{
    return text_normalise_with(text, 0, arena, ret);
}

/* The end of the character that begins at or before `at`. */
static uint32_t char_end(struct str text, uint32_t at)
{
    size_t len;

    if (at >= text.len)
        return (uint32_t)text.len;
    utf8_decode(text, at, &len);
    return at + (uint32_t)len;
}

void text_original_span(const struct text_normal *n, size_t start, size_t end, uint32_t *ret_start,
                        uint32_t *ret_end)
{
    uint32_t from = n->offsets[start], to = n->offsets[end];

    if (end > start && to <= n->offsets[end - 1])
        to = char_end(n->original, n->offsets[end - 1]);
    *ret_start = from;
    *ret_end = to < from ? from : to;
}

void text_plain_span(const struct text_normal *n, size_t start, size_t end, uint32_t *ret_start,
                     uint32_t *ret_end)
{
    *ret_start = n->plain_offsets ? n->plain_offsets[start] : (uint32_t)start;
    *ret_end = n->plain_offsets ? n->plain_offsets[end] : (uint32_t)end;
}
