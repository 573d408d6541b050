/* Text of strangers on its way to a receiver: what is taken out of it everywhere, how it is cut,
 * how it is escaped. Escaping comes after cutting, so that no cut divides an escape; lengths are
 * checked on what people read. */
#include "alerts/text.h"

#include "mentiond/alert.h"
#include "mentiond/buf.h"
#include "mentiond/clock.h"
#include "mentiond/codec.h"
#include "mentiond/digest.h"

#define URL_MAX 2000
#define CUT_MARK " \u2026 (cut)"
#define CUT_MARK_UNITS 8 /* characters and UTF-16 units of it */
#define ZERO_WIDTH_SPACE "\u200b"

/* ---- characters ---------------------------------------------------------------------------- */

/* The next code point and its length in bytes; U+FFFD of length 1 where the bytes are not UTF-8. */
static uint32_t next_char(struct str text, size_t at, size_t *ret_len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text.s + at;
    size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    uint32_t c = len == 1 ? s[0] : s[0] & (0x7fu >> len);

    *ret_len = 1;
    if (len == 1)
        return c;
    if (s[0] < 0xc2 || s[0] > 0xf4 || len > text.len - at)
        return 0xfffd;
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0xfffd;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0xfffd;
    *ret_len = len;
    return c;
}

struct range {
    uint32_t from, to;
};

/* Invisible, or able to change how the text around them reads. The joiners U+200C and U+200D stay: emoji
 * and several scripts need them. */
static const struct range unwanted[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},                         /* controls */
    {0xad, 0xad},       {0x61c, 0x61c},   {0x180e, 0x180e},   /* soft hyphen, Arabic letter mark, vowel separator */
    {0x200b, 0x200b},   {0x200e, 0x200f}, {0x202a, 0x202e},   /* zero width, direction marks, overrides */
    {0x2028, 0x2029},   {0x2060, 0x206f}, {0xfeff, 0xfeff},   /* separators, isolates, byte order mark */
    {0xfff9, 0xfffb},   {0xe0000, 0xe007f},                   /* annotations, tags */
};

static bool is_unwanted(uint32_t c)
{
    for (size_t i = 0; i < ARRAY_LEN(unwanted); i++) {
        if (c >= unwanted[i].from && c <= unwanted[i].to)
            return true;
    }
    return false;
}

static struct str in_arena(struct buf *b, struct arena *arena)
{
    struct str text = arena_str(arena, buf_str(b));

    buf_finish(b);
    return text.s ? text : STR("");
}

struct str alert_clean(struct str text, bool lines, struct arena *arena)
{
    struct buf b = BUF_INIT(3 * text.len + 4);
    size_t len;

    for (size_t at = 0; at < text.len; at += len) {
        uint32_t c = next_char(text, at, &len);

        if (c == '\n' || c == '\t' || c == '\r')
            buf_append_char(&b, lines && c == '\n' ? '\n' : ' ');
        else if (!is_unwanted(c))
            buf_append_utf8(&b, c);
    }
    return in_arena(&b, arena);
}

/* ---- lengths ------------------------------------------------------------------------------- */

static size_t units_of(uint32_t c, size_t len, enum alert_unit unit)
{
    if (unit == ALERT_BYTES)
        return len;
    return unit == ALERT_UTF16 && c > 0xffff ? 2 : 1;
}

/* The longest prefix of at most `max` units, in bytes. */
static size_t prefix_len(struct str text, size_t max, enum alert_unit unit)
{
    size_t at = 0, len, units = 0;

    while (at < text.len) {
        uint32_t c = next_char(text, at, &len);

        units += units_of(c, len, unit);
        if (units > max)
            break;
        at += len;
    }
    return at;
}

size_t alert_length(struct str text, enum alert_unit unit)
{
    size_t units = 0, len;

    for (size_t at = 0; at < text.len; at += len) {
        uint32_t c = next_char(text, at, &len);

        units += units_of(c, len, unit);
    }
    return units;
}

struct str alert_cut(struct str text, size_t max, enum alert_unit unit, struct arena *arena)
{
    size_t mark = unit == ALERT_BYTES ? sizeof(CUT_MARK) - 1 : CUT_MARK_UNITS;
    struct str cut;

    if (prefix_len(text, max, unit) == text.len)
        return text;
    if (max < mark)
        return str_slice(text, 0, prefix_len(text, max, unit));
    cut = arena_printf(arena, "%.*s" CUT_MARK, (int)prefix_len(text, max - mark, unit), text.s);
    return cut.s ? cut : STR("");
}

/* ---- escapes ------------------------------------------------------------------------------- */

struct escape {
    char c;
    const char *text;
};

static struct str escape(struct str text, const struct escape *escapes, size_t n, struct arena *arena)
{
    struct buf b = BUF_INIT(8 * text.len + 8);

    for (size_t at = 0; at < text.len; at++) {
        size_t i = 0;

        while (i < n && escapes[i].c != text.s[at])
            i++;
        if (i < n)
            buf_append_str(&b, str_from(escapes[i].text));
        else
            buf_append_char(&b, text.s[at]);
        if (text.s[at] == ':' && at + 2 < text.len && text.s[at + 1] == '/' && text.s[at + 2] == '/')
            buf_append_str(&b, STR(ZERO_WIDTH_SPACE));
    }
    return in_arena(&b, arena);
}

struct str alert_escape_html(struct str text, struct arena *arena)
{
    static const struct escape escapes[] = {
        {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'@', "@" ZERO_WIDTH_SPACE},
    };

    return escape(text, escapes, ARRAY_LEN(escapes), arena);
}

struct str alert_escape_markdown(struct str text, struct arena *arena)
{
    static const struct escape escapes[] = {
        {'\\', "\\\\"}, {'`', "\\`"}, {'*', "\\*"}, {'_', "\\_"}, {'~', "\\~"}, {'|', "\\|"},
        {'[', "\\["},   {']', "\\]"}, {'(', "\\("}, {')', "\\)"}, {'#', "\\#"}, {'!', "\\!"},
        {'>', "\\>"},   {'<', "\\<" ZERO_WIDTH_SPACE}, {'@', "@" ZERO_WIDTH_SPACE},
    };

    return escape(text, escapes, ARRAY_LEN(escapes), arena);
}

struct str alert_defuse(struct str text, struct arena *arena)
{
    static const struct escape escapes[] = {{'@', "@" ZERO_WIDTH_SPACE}};

    return escape(text, escapes, ARRAY_LEN(escapes), arena);
}

struct str alert_defuse_relayed(struct str text, struct arena *arena)
{
    static const struct escape escapes[] = {
        {'@', "@" ZERO_WIDTH_SPACE}, {'<', "<" ZERO_WIDTH_SPACE}, {']', "]" ZERO_WIDTH_SPACE},
    };

    return escape(text, escapes, ARRAY_LEN(escapes), arena);
}

struct str alert_fit(struct str text, size_t max, enum alert_unit unit, alert_escape_fn *escape_text,
                     struct arena *arena)
{
    size_t len = alert_length(text, unit), n = len < max ? len : max;
    struct str escaped = escape_text(alert_cut(text, n, unit, arena), arena);

    while ((len = alert_length(escaped, unit)) > max) {
        n = n * max / len; /* smaller each time */
        escaped = escape_text(alert_cut(text, n, unit, arena), arena);
    }
    return escaped;
}

struct str alert_safe_url(struct str url)
{
    static const char unsafe[] = "<>\"'`()[]{}|\\^";

    if (url.len > URL_MAX || !(str_starts_with(url, STR("https://")) || str_starts_with(url, STR("http://"))))
        return STR("");
    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.s[i];

        if (c <= ' ' || c >= 0x7f || strchr(unsafe, c))
            return STR("");
    }
    return url;
}

struct str alert_time(int64_t at_ms, struct arena *arena)
{
    char text[CLOCK_ISO_LEN + 1];
    struct str made;

    clock_format_iso(at_ms, text);
    made = arena_str(arena, str_from(text));
    return made.s ? made : STR("");
}

/* ---- names for machines --------------------------------------------------------------------- */

static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.s[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c && strchr("/_-:=,", c))))
            return false;
    }
    return text.len > 0;
}

struct str alert_plain_key(struct str text, size_t max, struct arena *arena)
{
    return text.len <= max && is_plain(text) ? text : hex_encode(digest_sha256(text, arena), arena);
}
