/* Two passes: spans that may run over lines are cut out first (comments, details, quotes of forums), then
 * lines are looked at one by one (fences, quoted lines, runs of empty lines). Emphasis, links and
 * headings stay: rules read over them, and people read them as they are. A span that is opened and never
 * closed is kept as text, but for a fence, which Markdown itself lets run to the end. */
#include "sources/markdown.h"

#include "mentiond/buf.h"

#define MARKDOWN_MAX ((size_t)1024 * 1024) /* of the text that is looked at, the rest is dropped */
#define FENCE_LEN 3
#define NEST_MAX 16 /* quotes in quotes: deeper is kept as text, and the time stays linear */

static const struct {
    const char *open, *close;
    bool nests;
} spans[] = {
    {"<!--", "-->", false},
    {"<details", "</details>", true},
    {"[quote", "[/quote]", true},
};

/* ---- spans ----------------------------------------------------------------------------------- */

static bool starts_with_nocase(struct str text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && str_eq_nocase(str_slice(text, 0, len), str_from(prefix));
}

static size_t find_nocase(struct str text, const char *wanted)
{
    size_t len = strlen(wanted);

    for (size_t i = 0; i + len <= text.len; i++) {
        const char *at = memchr(text.s + i, wanted[0], text.len - i);

        if (!at)
            return SIZE_MAX;
        i = (size_t)(at - text.s);
        if (starts_with_nocase(str_slice(text, i, text.len), wanted))
            return i;
    }
    return SIZE_MAX;
}

/* Where the span ends that `text` begins with, SIZE_MAX if it is not closed. */
static size_t span_end(struct str text, size_t kind)
{
    size_t at = strlen(spans[kind].open), depth = 1;

    while (depth > 0) {
        struct str rest = str_slice(text, at, text.len);
        size_t close = find_nocase(rest, spans[kind].close);
        size_t open = spans[kind].nests ? find_nocase(str_slice(rest, 0, close == SIZE_MAX ? 0 : close),
                                                      spans[kind].open)
                                        : SIZE_MAX;

        if (close == SIZE_MAX || depth > NEST_MAX)
            return SIZE_MAX;
        depth = open < close ? depth + 1 : depth - 1;
        at += open < close ? open + strlen(spans[kind].open) : close + strlen(spans[kind].close);
    }
    return at;
}

/* Bytes of the span that begins here, 0: none does. One kind that is not closed once is not looked for
 * again. */
static size_t span_len(struct str rest, bool unclosed[ARRAY_LEN(spans)])
{
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        size_t end;

        if (unclosed[i] || !starts_with_nocase(rest, spans[i].open))
            continue;
        end = span_end(rest, i);
        if (end != SIZE_MAX)
            return end;
        unclosed[i] = true;
    }
    return 0;
}

static void drop_spans(struct str text, struct buf *out)
{
    bool unclosed[ARRAY_LEN(spans)] = {false};
    size_t start = 0, i = 0;

    while (i < text.len) {
        size_t len = text.s[i] == '<' || text.s[i] == '[' ? span_len(str_slice(text, i, text.len), unclosed)
            : 0;

        if (len == 0) {
            i++;
            continue;
        }
        buf_append_str(out, str_slice(text, start, i));
        i += len;
        start = i;
    }
    buf_append_str(out, str_slice(text, start, text.len));
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* The fence's character if the line opens or closes a block of code. */
static char fence_of(struct str line)
{
    if (line.len < FENCE_LEN || (line.s[0] != '`' && line.s[0] != '~'))
        return '\0';
    for (size_t i = 1; i < FENCE_LEN; i++) {
        if (line.s[i] != line.s[0])
            return '\0';
    }
    return line.s[0];
}

static void keep_lines(struct str text, struct buf *out)
{
    bool owes_blank = false;
    char fence = '\0';

    while (text.s) {
        struct str line = str_split(text, '\n', &text), trimmed = str_trim(line);
        char mark = fence_of(trimmed);

        if (fence || mark) {
            fence = !fence ? mark : mark == fence ? '\0' : fence;
            continue;
        }
        if (trimmed.len > 0 && trimmed.s[0] == '>')
            continue;
        if (trimmed.len == 0) {
            owes_blank = out->len > 0;
            continue;
        }
        if (out->len > 0)
            buf_append_str(out, owes_blank ? STR("\n\n") : STR("\n"));
        owes_blank = false;
        if (line.s[line.len - 1] == '\r')
            line.len--;
        buf_append_str(out, line);
    }
}

struct str markdown_to_text(struct str markdown, struct arena *arena)
{
    struct buf whole = BUF_INIT(MARKDOWN_MAX + 1), kept = BUF_INIT(2 * MARKDOWN_MAX);
    struct str text;

    drop_spans(str_cut_utf8(markdown, MARKDOWN_MAX), &whole);
    keep_lines(buf_str(&whole), &kept);
    text = arena_str(arena, str_trim(buf_str(&kept)));
    buf_finish(&whole);
    buf_finish(&kept);
    return text.s ? text : STR("");
}
