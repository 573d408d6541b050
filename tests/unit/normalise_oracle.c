/* Normalising as it was written first, slowly and plainly: what the quick one is held against.
 *
 * Every character's kind is worked out from utf8proc's category, every word that is not ASCII goes
 * through utf8proc by clusters. It shares only the table of contractions and the decoder of UTF-8
 * with the daemon. */
#include "normalise_oracle.h"

#include <errno.h>
#include <utf8proc.h>

#include "text/chars.h"
#include "text/unfold.h"
#include "text/utf8.h"

struct char_range {
    uint32_t first, last;
    uint32_t becomes; /* oracle_char_plain(): the ASCII character, or kind for oracle_char_kind() */
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

static uint32_t oracle_char_plain(uint32_t c)
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

static enum char_kind oracle_char_kind(uint32_t c)
{
    if (c < 0x80)
        return ascii_kind(c);
    if (c == UTF8_BAD)
        return CHAR_SEPARATOR;
    const struct char_range *range = range_find(kinds, ARRAY_LEN(kinds), c);
    if (range)
        return (enum char_kind)range->becomes;
    uint32_t plain = oracle_char_plain(c);
    return plain < 0x80 ? ascii_kind(plain) : category_kind(c);
}

static bool oracle_char_is_mark(uint32_t c)
{
    if (c < 0x300 || oracle_char_kind(c) == CHAR_IGNORED)
        return false;
    if (c >= 0x1160 && c <= 0x11FF)
        return true; /* conjoining Hangul vowels and finals */
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME;
}

#define CLUSTER_MAX 128  /* bytes of one character with its marks; further marks start anew */
#define DECOMPOSED_MAX 128 /* code points a cluster may become */
#define EXPANSION 4      /* normal.len is at most EXPANSION * text.len + SLACK */
#define SLACK 64

struct normaliser {
    struct str in;
    bool keep_links;
    char *out;
    text_offset *offsets;
    size_t len, cap;
    size_t word;       /* where the open word began in out; SIZE_MAX: none */
    uint32_t last;     /* the last character of the open word, and how often it came in a row */
    unsigned run;
    bool last_upper, hashtag;
    bool break_owed;   /* a sentence ended; said before the next token */
};

/* ---- writing -------------------------------------------------------------------------------- */

static void put(struct normaliser *n, char c, size_t from)
{
    if (n->len >= n->cap)
        return;
    n->out[n->len] = c;
    n->offsets[n->len++] = (text_offset)from;
}

static void token_begin(struct normaliser *n, size_t from)
{
    if (n->break_owed && n->len > 1) {
        put(n, '\n', from);
        put(n, ' ', from);
    }
    n->break_owed = false;
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
    struct unfolding unfolding;

    if (text_unfold((struct str){n->out + n->word, n->len - n->word}, true, &unfolding))
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
    bool before_lower = upper && n->last_upper && oracle_char_kind(peek(n, pos + len)) == CHAR_WORD &&
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
           oracle_char_is_mark(utf8_decode(n->in, end, &len)))
        end += len;
    return end - pos;
}

static size_t cluster_word_char(struct normaliser *n, bool upper, size_t pos, size_t len)
{
    utf8proc_int32_t points[DECOMPOSED_MAX];
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)n->in.s + pos;
    utf8proc_ssize_t count;

    len = cluster_len(n, pos, len);
    if (n->hashtag)
        hashtag_split(n, upper, pos, len);
    count = utf8proc_decompose(bytes, (utf8proc_ssize_t)len, points, DECOMPOSED_MAX,
                               UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                                   UTF8PROC_STABLE);
    if (count < 0 || count > DECOMPOSED_MAX)
        return len;
    count = utf8proc_normalize_utf32(points, count, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        if (is_word_kind(oracle_char_kind((uint32_t)points[i])))
            word_put(n, (uint32_t)points[i], pos);
        else
            word_end(n, pos);
    }
    return len;
}

/* An apostrophe stays inside a word until word_end() knows what it means. */
static void apostrophe(struct normaliser *n, size_t pos, size_t len)
{
    if (n->word != SIZE_MAX && is_word_kind(oracle_char_kind(peek(n, pos + len)))) {
        put(n, '\'', pos);
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
    uint32_t plain = oracle_char_plain(c);
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
        return cluster_word_char(n, upper, pos, len);
    ascii_word_char(n, c, upper, pos);
    return 1;
}

static size_t step(struct normaliser *n, size_t pos)
{
    size_t len;
    uint32_t c = utf8_decode(n->in, pos, &len);
    enum char_kind kind = oracle_char_kind(c);

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

/* ---- sentences ------------------------------------------------------------------------------ */

static int sentences_find(struct arena *arena, struct text_normal *t)
{
    size_t n = 0;

    for (size_t i = 0; i < t->normal.len; i++)
        n += t->normal.s[i] == '\n';
    uint32_t *breaks = arena_alloc(arena, (n + 1) * sizeof(*breaks));
    if (!breaks)
        return -ENOMEM;
    t->n_breaks = 0;
    for (size_t i = 0; i < t->normal.len; i++)
        if (t->normal.s[i] == '\n')
            breaks[t->n_breaks++] = t->offsets[i];
    t->breaks = breaks;
    return 0;
}

/* ---- the plain form ------------------------------------------------------------------------- */

static bool is_ascii(struct str text)
{
    unsigned char all = 0;

    for (size_t i = 0; i < text.len; i++)
        all |= (unsigned char)text.s[i];
    return all < 0x80;
}

static int plain_make(struct str text, struct arena *arena, struct text_normal *t)
{
    size_t cap = 3 * text.len + 1, n = 0, len;
    char *out = arena_alloc(arena, cap);
    text_offset *offsets = arena_alloc(arena, (cap + 1) * sizeof(*offsets));

    if (!out || !offsets)
        return -ENOMEM;
    for (size_t pos = 0; pos < text.len; pos += len) {
        uint32_t c = utf8_decode(text, pos, &len);
        char bytes[4];
        if (c != UTF8_BAD && c >= 0x80 && oracle_char_kind(c) == CHAR_IGNORED)
            continue;
        size_t n_bytes = utf8_encode(c == UTF8_BAD ? 0xFFFD : oracle_char_plain(c), bytes);
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

static int normal_make(struct normaliser *n, struct arena *arena, struct text_normal *t)
{
    n->cap = EXPANSION * n->in.len + SLACK;
    n->out = arena_alloc(arena, n->cap + 2 + TEXT_PADDING);
    n->offsets = arena_alloc(arena, (n->cap + 2) * sizeof(*n->offsets));
    if (!n->out || !n->offsets)
        return -ENOMEM;
    put(n, ' ', 0);
    for (size_t pos = 0; pos < n->in.len && n->len < n->cap;)
        pos += step(n, pos);
    word_end(n, n->in.len);
    if (n->out[n->len - 1] != ' ') {
        n->out[n->len] = ' ';
        n->offsets[n->len++] = (text_offset)n->in.len;
    }
    n->offsets[n->len] = (text_offset)n->in.len;
    memset(n->out + n->len, 0, TEXT_PADDING);
    t->normal = (struct str){n->out, n->len};
    t->offsets = n->offsets;
    return 0;
}

int oracle_normalise_with(struct str text, unsigned flags, struct arena *arena,
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
    r = sentences_find(arena, &t);
    if (r < 0)
        return r;
    if (is_ascii(n.in)) {
        t.plain = n.in;
    } else {
        r = plain_make(n.in, arena, &t);
        if (r < 0)
            return r;
    }
    *ret = t;
    return 0;
}
