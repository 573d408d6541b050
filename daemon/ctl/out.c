/* Printing. Owns the buffer of what is said and the knowledge of what the other side is: a terminal
 * of so many columns that understands colours, or a pipe. */
#include "out.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mentiond/text.h"

#define WIDTH_DEFAULT 80
#define WIDTH_MAX 500
#define WORD_CLEAN_MAX (256 * 1024) /* a word of a post, escapes written out */

static const char *const style_codes[] = {
    [STYLE_PLAIN] = "\x1b[0m", [STYLE_BOLD] = "\x1b[1m",   [STYLE_DIM] = "\x1b[2m",
    [STYLE_HIT] = "\x1b[1;4m", [STYLE_ALARM] = "\x1b[31m", [STYLE_WARN] = "\x1b[33m",
    [STYLE_GOOD] = "\x1b[32m",
};

static size_t terminal_width(int fd)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    int64_t width = WIDTH_DEFAULT;

    if (columns && str_to_i64(str_from(columns), 1, WIDTH_MAX, &width))
        return width < OUT_WIDTH_MIN ? OUT_WIDTH_MIN : (size_t)width;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
    if (width < OUT_WIDTH_MIN)
        return OUT_WIDTH_MIN;
    return width > WIDTH_MAX ? WIDTH_MAX : (size_t)width;
}

static bool wants_color(bool tty, enum color_mode mode)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (mode != COLOR_AUTO)
        return mode == COLOR_ALWAYS;
    return tty && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

void out_init(struct out *out, int fd, enum color_mode color)
{
    *out = (struct out){.buf = BUF_INIT(OUT_MAX), .fd = fd, .tty = isatty(fd) == 1};
    out->color = wants_color(out->tty, color);
    out->width = out->tty ? terminal_width(fd) : 0;
}

void out_finish(struct out *out)
{
    buf_finish(&out->buf);
}

void out_printf(struct out *out, const char *fmt, ...)
{
    char line[1024];
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if (len > 0)
        buf_append(&out->buf, line, len < (int)sizeof(line) ? (size_t)len : sizeof(line) - 1);
}

void out_text(struct out *out, struct str text)
{
    text_for_terminal(text, &out->buf);
}

void out_style(struct out *out, enum style style)
{
    if (out->color)
        buf_append_str(&out->buf, str_from(style_codes[style]));
}

void out_styled(struct out *out, enum style style, struct str text)
{
    if (style != STYLE_PLAIN)
        out_style(out, style);
    out_text(out, text);
    if (style != STYLE_PLAIN)
        out_style(out, STYLE_PLAIN);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

/* The code point at the front if it is one that terminals act on, else 0. */
static unsigned acting_char(struct str text, size_t *ret_len)
{
    const unsigned char *s = (const unsigned char *)text.s;
    unsigned c;

    *ret_len = 1;
    if (s[0] == 0x7F)
        return s[0];
    if (text.len >= 2 && s[0] == 0xC2 && s[1] >= 0x80 && s[1] < 0xA0) {
        *ret_len = 2;
        return s[1];
    }
    if (text.len >= 2 && s[0] == 0xD8 && s[1] == 0x9C) {
        *ret_len = 2;
        return 0x61C;
    }
    if (text.len < 3 || s[0] != 0xE2 || (s[1] != 0x80 && s[1] != 0x81))
        return 0;
    *ret_len = 3;
    c = 0x2000u | (unsigned)(s[1] & 0x3F) << 6 | (s[2] & 0x3F);
    if (c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069))
        return c;
    return 0;
}

void out_json(struct out *out, struct str json)
{
    size_t done = 0, i = 0;

    while (i < json.len) {
        size_t len;
        unsigned c = acting_char(str_slice(json, i, json.len), &len);

        if (c == 0 && (unsigned char)json.s[i] >= 0x20) {
            i++;
            continue;
        }
        buf_append(&out->buf, json.s + done, i - done);
        if (c)
            buf_printf(&out->buf, "\\u%04x", c);
        else
            buf_append_char(&out->buf, ' '); /* white space between values; JSON has no other */
        i += c ? len : 1;
        done = i;
    }
    buf_append(&out->buf, json.s + done, json.len - done);
    buf_append_char(&out->buf, '\n');
}

/* ---- posts --------------------------------------------------------------------------------- */

struct wrap {
    struct out *out;
    struct str text;
    const struct span *marks;
    size_t n_marks;
    size_t indent;
    size_t column; /* behind the indent */
    bool marked;   /* STYLE_HIT is on */
};

/* Which side of a mark the byte is on, and where that changes next. */
static bool is_marked(const struct wrap *w, size_t at, size_t *ret_next)
{
    *ret_next = w->text.len;
    for (size_t i = 0; i < w->n_marks; i++) {
        const struct span *mark = &w->marks[i];

        if (mark->end > w->text.len || mark->end <= at || mark->start >= mark->end)
            continue;
        *ret_next = mark->start > at ? mark->start : mark->end;
        return mark->start <= at;
    }
    return false;
}

static void set_marked(struct wrap *w, bool marked)
{
    if (marked != w->marked)
        out_style(w->out, marked ? STYLE_HIT : STYLE_PLAIN);
    w->marked = marked;
}

static void break_line(struct wrap *w)
{
    set_marked(w, false);
    out_printf(w->out, "\n%*s", (int)w->indent, "");
    w->column = 0;
}

static void put_word(struct wrap *w, size_t start, size_t end)
{
    CLEANUP(buf_finish) struct buf clean = BUF_INIT(WORD_CLEAN_MAX);
    size_t width, next;

    text_for_terminal(str_slice(w->text, start, end), &clean);
    width = text_width(buf_str(&clean));
    if (w->out->width && w->column && w->indent + w->column + 1 + width > w->out->width) {
        break_line(w);
    } else if (w->column) {
        set_marked(w, is_marked(w, start - 1, &next) && is_marked(w, start, &next));
        out_printf(w->out, " ");
        w->column++;
    }
    w->column += width;
    for (size_t at = start; at < end; at = next) {
        set_marked(w, is_marked(w, at, &next));
        if (next > end)
            next = end;
        out_text(w->out, str_slice(w->text, at, next));
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

void out_post(struct out *out, const char *label, size_t indent, struct str text,
              const struct span *marks, size_t n_marks)
{
    struct wrap w = {out, text, marks, n_marks, indent, 0, false};
    size_t at = 0;

    out_style(out, STYLE_DIM);
    out_printf(out, "%-*s", (int)indent, label);
    out_style(out, STYLE_PLAIN);
    while (at < text.len) {
        size_t start = at;

        while (at < text.len && !is_blank(text.s[at]) && text.s[at] != '\n')
            at++;
        if (at > start)
            put_word(&w, start, at);
        else if (text.s[at] == '\n')
            break_line(&w);
        if (at == start)
            at++;
    }
    set_marked(&w, false);
    out_printf(out, "\n");
}

/* ---- flushing and fitting ------------------------------------------------------------------ */

static void end_as_by_sigpipe(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}

void out_check_reader(const struct out *out)
{
    struct pollfd reader = {.fd = out->fd};

    if (poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR))
        end_as_by_sigpipe();
}

int out_flush(struct out *out, struct error *err)
{
    size_t done = 0;

    if (out->buf.failed)
        return error_set(err, -EMSGSIZE, "the answer is larger than %d MiB, nothing printed",
                         OUT_MAX >> 20);
    while (done < out->buf.len) {
        ssize_t n = write(out->fd, out->buf.data + done, out->buf.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EPIPE)
            end_as_by_sigpipe();
        if (n < 0)
            return error_errno(err, errno, "writing the output");
        done += (size_t)n;
    }
    buf_reset(&out->buf);
    return 0;
}

static size_t char_len(struct str text, size_t at)
{
    size_t end = at + 1;

    while (end < text.len && ((unsigned char)text.s[end] & 0xC0) == 0x80)
        end++;
    return end - at;
}

size_t out_fit(struct str text, size_t width, struct buf *ret)
{
    size_t used = 0, at = 0;

    if (width == 0)
        return 0;
    if (text.len <= 4 * width && text_width(text) <= width) {
        buf_append_str(ret, text);
        return text_width(text);
    }
    while (at < text.len) {
        size_t len = char_len(text, at);
        size_t columns = text_width(str_slice(text, at, at + len));

        if (used + columns > width - 1)
            break;
        buf_append(ret, text.s + at, len);
        used += columns;
        at += len;
    }
    buf_append_str(ret, STR("…"));
    return used + 1;
}
