/* Shows a place in a file. Responsible for what people see of their own file: the columns of the
 * caret under tabs, wide and combining characters, very long lines, and for what nobody may see:
 * control characters are replaced, and what looks like a secret is shown as asterisks. Two nets
 * catch secrets: the marks that option decoding left in doc->masks, and a look at the line itself,
 * because a YAML error comes before anything is decoded.
 */
#include "config/excerpt.h"

#include <utf8proc.h>

#include "mentiond/base.h"

#define COLUMNS_BEFORE_PLACE 60 /* kept of a line that has to be cut */
#define SPANS_MAX 8
#define NAME_MAX_LEN 64 /* bytes looked at before a colon */

struct span {
    size_t start, end; /* bytes of the line */
};

struct spans {
    struct span items[SPANS_MAX];
    size_t n;
};

size_t excerpt_break_len(struct str text, size_t at)
{
    const char *s = text.s + at;
    size_t left = text.len - at;

    if (left == 0)
        return 0;
    if (s[0] == '\n')
        return 1;
    if (s[0] == '\r')
        return left > 1 && s[1] == '\n' ? 2 : 1;
    if (left > 1 && memcmp(s, "\xc2\x85", 2) == 0)
        return 2;
    if (left > 2 && (memcmp(s, "\xe2\x80\xa8", 3) == 0 || memcmp(s, "\xe2\x80\xa9", 3) == 0))
        return 3;
    return 0;
}

/* The end of the line that begins at `start`. */
static size_t line_end(struct str text, size_t start)
{
    while (start < text.len) {
        unsigned char c = (unsigned char)text.s[start];

        /* only these begin a break; the test keeps 200 errors in 4 MiB affordable */
        if ((c == '\n' || c == '\r' || c >= 0xc2) && excerpt_break_len(text, start) > 0)
            break;
        start++;
    }
    return start;
}

static bool line_find(struct str text, unsigned line, struct str *ret_line)
{
    size_t start = 0;

    for (unsigned at = 1; at < line; at++) {
        start = line_end(text, start);
        if (start == text.len)
            return false;
        start += text.s[start] == '\n' ? 1 : excerpt_break_len(text, start);
    }
    *ret_line = str_slice(text, start, line_end(text, start));
    return true;
}

/* ---- one character ------------------------------------------------------------------------- */

/* Decodes the character at text[at]; returns its length, at least 1; *ret is -1 for a bad byte. */
static size_t character_next(struct str text, size_t at, int32_t *ret)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t len;

    if ((unsigned char)text.s[at] < 0x80) {
        *ret = text.s[at];
        return 1;
    }
    len = utf8proc_iterate((const utf8proc_uint8_t *)text.s + at, (utf8proc_ssize_t)(text.len - at),
                           &c);
    *ret = len > 0 ? c : -1;
    return len > 0 ? (size_t)len : 1;
}

static bool is_harmless(int32_t c)
{
    if (c < 0)
        return false;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CN:
        return false;
    default:
        return true;
    }
}

static int columns_of(int32_t c)
{
    return is_harmless(c) ? utf8proc_charwidth(c) : 1;
}

static void append_character(struct buf *out, int32_t c)
{
    buf_append_utf8(out, is_harmless(c) ? (uint32_t)c : 0xfffd);
}

/* ---- what must not be shown ---------------------------------------------------------------- */

static const char *const secret_words[] = {"pass", "secret", "token", "apikey",
                                           "_key", "-key",   "pwd",   "credential"};

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static size_t skip_bytes(struct str line, size_t at, const char *which)
{
    while (at < line.len && line.s[at] != '\0' && strchr(which, line.s[at]))
        at++;
    return at;
}

static bool holds_secret_word(struct str name)
{
    for (size_t at = 0; at < name.len; at++) {
        for (size_t i = 0; i < ARRAY_LEN(secret_words); i++) {
            struct str word = str_from(secret_words[i]);

            if (name.len - at >= word.len &&
                str_eq_nocase(str_slice(name, at, at + word.len), word))
                return true;
        }
    }
    return false;
}

/* The name that ends before line[colon], which may be quoted. */
static struct str name_before(struct str line, size_t colon)
{
    size_t start, end = colon;

    while (end > 0 && strchr("\"' \t", line.s[end - 1]))
        end--;
    start = end;
    while (start > 0 && end - start < NAME_MAX_LEN && is_name_byte(line.s[start - 1]))
        start--;
    return str_slice(line, start, end);
}

/* "password: hunter2": from the value to the end of the line, unless it only says where the secret
 * is. */
static bool span_of_secret(struct str line, size_t colon, struct span *ret)
{
    struct str value;
    size_t start;

    if (!holds_secret_word(name_before(line, colon)))
        return false;
    start = skip_bytes(line, colon + 1, " \t");
    value = str_slice(line, skip_bytes(line, start, "\"'"), line.len);
    if (value.len == 0 || str_starts_with(value, STR("${")) || str_starts_with(value, STR("file:")))
        return false;
    *ret = (struct span){start, line.len};
    return true;
}

/* "redis://user:hunter2@host": what stands before the @. */
static bool span_of_userinfo(struct str line, size_t colon, struct span *ret)
{
    size_t start = colon + 3, end;

    if (line.len - colon < 4 || memcmp(line.s + colon, "://", 3) != 0)
        return false;
    for (end = start; end < line.len && !strchr(" \t\"'", line.s[end]); end++) {
        if (line.s[end] == '@') {
            *ret = (struct span){start, end};
            return true;
        }
    }
    return false;
}

void excerpt_append_harmless(struct buf *out, struct str text)
{
    struct span hidden = {0};

    for (size_t at = 0; at < text.len;) {
        size_t start = at;
        int32_t c;

        if (at >= hidden.end)
            span_of_userinfo(text, at, &hidden);
        at += character_next(text, at, &c);
        append_character(out, start >= hidden.start && start < hidden.end ? '*' : c);
    }
}

static struct spans spans_find(struct str line)
{
    struct spans found = {0};

    for (size_t at = 0; at < line.len && found.n < SPANS_MAX;) {
        const char *colon = memchr(line.s + at, ':', line.len - at);
        struct span span;

        if (!colon)
            break;
        at = (size_t)(colon - line.s);
        if (span_of_secret(line, at, &span) || span_of_userinfo(line, at, &span)) {
            found.items[found.n++] = span;
            at = span.end;
        } else {
            at++;
        }
    }
    return found;
}

static bool is_hidden(const struct config_doc *doc, const struct spans *spans, unsigned line,
                      unsigned column, size_t at)
{
    for (size_t i = 0; i < spans->n; i++) {
        if (at >= spans->items[i].start && at < spans->items[i].end)
            return true;
    }
    for (size_t i = 0; i < doc->n_masks; i++) {
        const struct config_mark *mask = &doc->masks[i];

        if (mask->line == line && column >= mask->column && column - mask->column < mask->width)
            return true;
    }
    return false;
}

/* ---- the excerpt --------------------------------------------------------------------------- */

struct window {
    unsigned first, last; /* columns shown */
};

static struct window window_around(struct config_mark mark)
{
    unsigned first = 1;

    if (mark.column > EXCERPT_COLUMNS - 20)
        first = mark.column - COLUMNS_BEFORE_PLACE;
    return (struct window){first, first + EXCERPT_COLUMNS - 1};
}

/* Below a character before the place: blanks as wide; at the place: the caret and its tail. */
static void append_below(struct buf *below, int32_t c, int columns, unsigned column,
                         struct config_mark mark)
{
    if (column < mark.column && c == '\t') {
        buf_append_char(below, '\t');
        return;
    }
    for (int i = 0; i < columns; i++) {
        if (column < mark.column)
            buf_append_char(below, ' ');
        else if (column - mark.column < mark.width || column == mark.column)
            buf_append_char(below, column == mark.column && i == 0 ? '^' : '~');
    }
}

static void append_shown(struct buf *above, int32_t c)
{
    if (c == '\t')
        buf_append_char(above, '\t');
    else
        append_character(above, c);
}

void excerpt_append(struct buf *out, const struct config_doc *doc, struct config_mark mark)
{
    struct buf above = BUF_INIT(EXCERPT_COLUMNS * 8), below = BUF_INIT(EXCERPT_COLUMNS * 8);
    struct window window = window_around(mark);
    unsigned column = 1;
    struct spans spans;
    struct str line;

    if (mark.line == 0 || mark.column == 0 || !line_find(doc->text, mark.line, &line))
        return;
    spans = spans_find(line);
    if (window.first > 1) {
        buf_append(&above, "...", 3);
        buf_append(&below, "   ", 3);
    }
    for (size_t at = 0; at < line.len && column <= window.last; column++) {
        size_t start = at;
        int32_t c;

        at += character_next(line, at, &c);
        if (column < window.first)
            continue;
        if (is_hidden(doc, &spans, mark.line, column, start))
            c = '*';
        append_shown(&above, c);
        append_below(&below, c, columns_of(c), column, mark);
    }
    if (column > window.last)
        buf_append(&above, "...", 3);
    if (column <= mark.column) /* past the end of the line */
        buf_append_char(&below, '^');
    buf_printf(out, "\n%4u | %s\n%*s | %s", mark.line, buf_str(&above).s,
               mark.line > 9999 ? snprintf(NULL, 0, "%u", mark.line) : 4, "", buf_str(&below).s);
    buf_finish(&above);
    buf_finish(&below);
}
