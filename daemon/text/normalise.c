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
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "mentiond/text.h"
#include "text/chars.h"
#include "text/unfold.h"
#include "text/utf8.h"

#define CLUSTER_MAX 128  /* bytes of one character with its marks; further marks start anew */
#define DECOMPOSED_MAX 128 /* code points a cluster may become */
#define EXPANSION 4      /* normal.len is at most EXPANSION * text.len + SLACK */
#define SLACK 64
#define QUICK_WORD_MAX 48 /* bytes; longer words are read slowly */

struct normaliser {
    struct str in;
    bool keep_links;
    char *out;
    uint32_t *offsets;
    size_t len, cap;
    uint32_t breaks;   /* "\n" written */
    size_t word;       /* where the open word began in out; SIZE_MAX: none */
    uint32_t last;     /* the last character of the open word, and how often it came in a row */
    unsigned run;
    bool last_upper, hashtag;
    bool apostrophes;  /* the open word has some */
    bool break_owed;   /* a sentence ended; said before the next token */
};

/* ---- writing -------------------------------------------------------------------------------- */

static void put(struct normaliser *n, char c, size_t from)
{
    if (n->len >= n->cap)
        return;
    n->out[n->len] = c;
    n->offsets[n->len++] = (uint32_t)from;
}

static void token_begin(struct normaliser *n, size_t from)
{
    if (n->break_owed && n->len > 1) {
        put(n, '\n', from);
        put(n, ' ', from);
        n->breaks++;
    }
    n->break_owed = false;
    n->apostrophes = false;
    n->word = n->len;
    n->last = 0;
    n->run = 0;
}

static void put_char(struct normaliser *n, uint32_t c, size_t from)
{
    char bytes[4];
    size_t len = utf8_encode(c, bytes);

    for (size_t i = 0; i < len && n->len + len - i <= n->cap; i++)
        put(n, bytes[i], from);
}

static bool is_ascii_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static void word_put(struct normaliser *n, uint32_t c, size_t from)
{
    if (n->word == SIZE_MAX)
        token_begin(n, from);
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
    uint32_t from = at < n->len ? n->offsets[at] : n->offsets[n->len - 1];

    n->len = at;
    for (size_t i = 0; i < tail.len; i++)
        put(n, tail.s[i], from);
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

static void word_unfold(struct normaliser *n)
{
    struct str word = {n->out + n->word, n->len - n->word};
    struct unfolding unfolding;

    if (!n->apostrophes && (word.len < 2 || !text_may_unfold_plain(word.s + word.len - 2)))
        return;
    if (text_unfold(word, &unfolding))
        word_replace_tail(n, unfolding.keep, unfolding.tail);
    apostrophes_to_spaces(n);
}

static void word_end(struct normaliser *n, size_t from)
{
    if (n->word == SIZE_MAX)
        return;
    word_end_elongation(n);
    word_unfold(n);
    put(n, ' ', from);
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
        put(n, '\'', pos);
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
static void symbol(struct normaliser *n, uint32_t c, size_t pos, size_t len)
{
    uint32_t plain = char_plain(c);
    bool ends = plain == '?' || plain == '!';

    word_end(n, pos);
    if (ends ? !n->break_owed : !last_token_is(n, plain)) {
        token_begin(n, pos);
        put_char(n, plain, pos);
        n->word = SIZE_MAX;
        put(n, ' ', pos + len);
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

/* ---- plain words, quickly ------------------------------------------------------------------- */

/* Of ASCII: word characters in lower case; 0 for all others. */
static const unsigned char plain_letters[256] = {
    ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5', ['6'] = '6',
    ['7'] = '7', ['8'] = '8', ['9'] = '9', ['_'] = '_', ['A'] = 'a', ['B'] = 'b', ['C'] = 'c',
    ['D'] = 'd', ['E'] = 'e', ['F'] = 'f', ['G'] = 'g', ['H'] = 'h', ['I'] = 'i', ['J'] = 'j',
    ['K'] = 'k', ['L'] = 'l', ['M'] = 'm', ['N'] = 'n', ['O'] = 'o', ['P'] = 'p', ['Q'] = 'q',
    ['R'] = 'r', ['S'] = 's', ['T'] = 't', ['U'] = 'u', ['V'] = 'v', ['W'] = 'w', ['X'] = 'x',
    ['Y'] = 'y', ['Z'] = 'z', ['a'] = 'a', ['b'] = 'b', ['c'] = 'c', ['d'] = 'd', ['e'] = 'e',
    ['f'] = 'f', ['g'] = 'g', ['h'] = 'h', ['i'] = 'i', ['j'] = 'j', ['k'] = 'k', ['l'] = 'l',
    ['m'] = 'm', ['n'] = 'n', ['o'] = 'o', ['p'] = 'p', ['q'] = 'q', ['r'] = 'r', ['s'] = 's',
    ['t'] = 't', ['u'] = 'u', ['v'] = 'v', ['w'] = 'w', ['x'] = 'x', ['y'] = 'y', ['z'] = 'z',
};

/* May an address begin here? */
static bool is_link_start(const char *s)
{
    return ((s[0] | 0x20) == 'h' && (s[1] | 0x20) == 't') ||
           ((s[0] | 0x20) == 'w' && (s[1] | 0x20) == 'w');
}

/* Behind it, a word would go on, or change. */
static bool is_word_neighbour(unsigned char c)
{
    return c >= 0x80 || c == '\'' || c == '`';
}

/* The letters of a word of ASCII, in lower case, to n->out: how many, or 0 if anything about it is
 * special: three equal letters in a row, an apostrophe or a character that is not ASCII behind it,
 * or no end within `max`. */
static size_t plain_word_slow(struct normaliser *n, size_t pos, size_t max)
{
    const unsigned char *s = (const unsigned char *)n->in.s + pos;
    unsigned char before = 0, c;
    char *out = n->out + n->len;
    uint32_t *offsets = n->offsets + n->len;
    size_t i;

    for (i = 0; i < max && (c = plain_letters[s[i]]) != 0; i++) {
        if (c == before && i >= 2 && out[i - 2] == (char)c)
            return 0;
        out[i] = (char)c;
        offsets[i] = (uint32_t)(pos + i);
        before = c;
    }
    return i == max || is_word_neighbour(s[i]) ? 0 : i;
}

#ifdef __SSE2__
#define WORD_BLOCK 16

static __m128i between(__m128i bytes, char below, char above)
{
    return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(below)),
                         _mm_cmplt_epi8(bytes, _mm_set1_epi8(above)));
}

static void put_offsets(uint32_t *offsets, size_t pos)
{
    __m128i at = _mm_add_epi32(_mm_set1_epi32((int)pos), _mm_set_epi32(3, 2, 1, 0));

    for (int i = 0; i < WORD_BLOCK / 4; i++) {
        _mm_storeu_si128((__m128i *)(void *)(offsets + 4 * i), at);
        at = _mm_add_epi32(at, _mm_set1_epi32(4));
    }
}

/* The same for words shorter than a block, without a branch for each letter. Writes a whole block.
 * */
static size_t plain_word(struct normaliser *n, size_t pos, size_t max)
{
    if (max < WORD_BLOCK)
        return plain_word_slow(n, pos, max);
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(n->in.s + pos));
    __m128i lower = _mm_or_si128(bytes, _mm_and_si128(between(bytes, 'A' - 1, 'Z' + 1),
                                                      _mm_set1_epi8(0x20)));
    __m128i digits = _mm_or_si128(between(bytes, '0' - 1, '9' + 1),
                                  _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
    __m128i word = _mm_or_si128(between(lower, 'a' - 1, 'z' + 1), digits);
    __m128i doubled = _mm_cmpeq_epi8(lower, _mm_srli_si128(lower, 1));
    unsigned ends = ~(unsigned)_mm_movemask_epi8(word) & 0xFFFF;
    unsigned twice = (unsigned)_mm_movemask_epi8(doubled);

    if (ends == 0)
        return plain_word_slow(n, pos, max);
    unsigned len = (unsigned)__builtin_ctz(ends);
    unsigned thrice = twice & twice >> 1 & ((1u << len) - 1) >> 2;
    if (thrice || is_word_neighbour((unsigned char)n->in.s[pos + len]))
        return 0;
    _mm_storeu_si128((__m128i *)(void *)(n->out + n->len), lower);
    put_offsets(n->offsets + n->len, pos);
    return len;
}
#else
static size_t plain_word(struct normaliser *n, size_t pos, size_t max)
{
    return plain_word_slow(n, pos, max);
}
#endif

/* A separator behind which nothing is special. */
static bool closes_word(unsigned char c)
{
    return c == ' ' || (c < 0x80 && c != '#' && char_kind(c) == CHAR_SEPARATOR);
}

/* Most words of most posts, with the space behind them: what step() would do, byte by byte. Returns
 * the bytes it read; 0: this is for step(). */
static size_t quick_step(struct normaliser *n, size_t pos)
{
    size_t left = n->in.len - pos, len_before = n->len;
    bool owed = n->break_owed;

    if (n->word != SIZE_MAX || n->hashtag || n->cap - n->len < QUICK_WORD_MAX + SLACK || left < 2 ||
        is_link_start(n->in.s + pos))
        return 0;
    token_begin(n, pos);
    size_t len = plain_word(n, pos, left < QUICK_WORD_MAX ? left : QUICK_WORD_MAX);
    if (len == 0) {
        n->len = len_before;
        n->breaks -= n->break_owed != owed && len_before > 1;
        n->break_owed = owed;
        n->word = SIZE_MAX;
        return 0;
    }
    n->len += len;
    if (!closes_word((unsigned char)n->in.s[pos + len])) {
        n->last = (unsigned char)n->out[n->len - 1];
        n->run = len > 1 && n->out[n->len - 2] == n->out[n->len - 1] ? 2 : 1;
        return len;
    }
    if (len > 1 && text_may_unfold_plain(n->out + n->len - 2))
        word_unfold(n);
    n->out[n->len] = ' ';
    n->offsets[n->len++] = (uint32_t)(pos + len);
    n->word = SIZE_MAX;
    n->last_upper = true;
    return len + 1 + (left > len + 1 && n->in.s[pos + len + 1] == ' ');
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
        symbol(n, c, pos, len);
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

static size_t word_step(struct normaliser *n, size_t pos)
{
    size_t len = quick_step(n, pos);

    return len > 0 ? len : step(n, pos);
}

/* ---- sentences ------------------------------------------------------------------------------ */

static int sentences_find(const struct normaliser *n, struct arena *arena, struct text_normal *t)
{
    const char *at = t->normal.s, *end = t->normal.s + t->normal.len;
    uint32_t *breaks = arena_alloc(arena, (n->breaks + 1) * sizeof(*breaks));

    if (!breaks)
        return -ENOMEM;
    t->n_breaks = 0;
    for (; t->n_breaks < n->breaks && (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        breaks[t->n_breaks++] = t->offsets[at - t->normal.s];
    t->breaks = breaks;
    return 0;
}

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

#define HIGH_BITS 0x8080808080808080ull

/* Bytes of ASCII at the beginning of s. */
static size_t ascii_len(const char *s, size_t len)
{
    size_t at = 0;

    for (; at + 8 <= len; at += 8) {
        uint64_t bytes;
        memcpy(&bytes, s + at, sizeof(bytes));
        if (bytes & HIGH_BITS)
            break;
    }
    while (at < len && (unsigned char)s[at] < 0x80)
        at++;
    return at;
}

/* A run of ASCII: only the grave accent is not as it should be. */
static size_t plain_ascii(struct str text, size_t pos, char *out, uint32_t *offsets)
{
    size_t len = ascii_len(text.s + pos, text.len - pos);

    for (size_t i = 0; i < len; i++) {
        out[i] = text.s[pos + i] == '`' ? '\'' : text.s[pos + i];
        offsets[i] = (uint32_t)(pos + i);
    }
    return len;
}

static int plain_make(struct str text, struct arena *arena, struct text_normal *t)
{
    size_t cap = 3 * text.len + 1, n = 0, len;
    char *out = arena_alloc(arena, cap);
    uint32_t *offsets = arena_alloc(arena, (cap + 1) * sizeof(*offsets));

    if (!out || !offsets)
        return -ENOMEM;
    for (size_t pos = 0; pos < text.len; pos += len) {
        len = plain_ascii(text, pos, out + n, offsets + n);
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
            offsets[n] = (uint32_t)pos;
        }
    }
    offsets[n] = (uint32_t)text.len;
    t->plain = (struct str){out, n};
    t->plain_offsets = offsets;
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int normal_make(struct normaliser *n, struct arena *arena, struct text_normal *t)
{
    n->cap = EXPANSION * n->in.len + SLACK;
    n->out = arena_alloc(arena, n->cap + 2 + TEXT_PADDING);
    n->offsets = arena_alloc(arena, (n->cap + 2) * sizeof(*n->offsets));
    if (!n->out || !n->offsets)
        return -ENOMEM;
    put(n, ' ', 0);
    for (size_t pos = 0; pos < n->in.len && n->len < n->cap;)
        pos += plain_letters[(unsigned char)n->in.s[pos]] ? word_step(n, pos) : step(n, pos);
    word_end(n, n->in.len);
    if (n->out[n->len - 1] != ' ') {
        n->out[n->len] = ' ';
        n->offsets[n->len++] = (uint32_t)n->in.len;
    }
    n->offsets[n->len] = (uint32_t)n->in.len;
    memset(n->out + n->len, 0, TEXT_PADDING);
    t->normal = (struct str){n->out, n->len};
    t->offsets = n->offsets;
    return 0;
}

int text_normalise_with(struct str text, unsigned flags, struct arena *arena,
                        struct text_normal *ret)
{
    struct text_normal t = {0};
    struct normaliser n = {
        .in = str_cut_utf8(text, TEXT_JUDGED_MAX),
        .keep_links = flags & TEXT_KEEP_LINKS,
        .word = SIZE_MAX,
        .last_upper = true,
    };
    int r;

    t.original = n.in;
    r = normal_make(&n, arena, &t);
    if (r < 0)
        return r;
    r = sentences_find(&n, arena, &t);
    if (r < 0)
        return r;
    if (ascii_len(n.in.s, n.in.len) == n.in.len) {
        t.plain = n.in;
    } else {
        r = plain_make(n.in, arena, &t);
        if (r < 0)
            return r;
    }
    *ret = t;
    return 0;
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
