/* HTML of posts to plain text.
 *
 * One pass, no tree: what networks send is a handful of inline tags, and what strangers send may be
 * anything. Tags become nothing, line breaks or blank lines; text outside <pre> has its white space
 * collapsed as a browser would. A '<' that begins no tag stays as it is written.
 *
 * Every scan is bounded (TAG_MAX, or a position remembered), so the time is linear in the input. */
#include "html_entities.h"
#include "mentiond/text.h"

#define TAG_MAX 4096 /* bytes of a tag that honour quotes; beyond it ends at the first '>' */

struct html_reader {
    struct str in;
    size_t pos;
    struct buf *out;
    size_t out_start;       /* what was in out before us */
    unsigned newlines;      /* owed before the next text, at most 2 */
    bool space;             /* owed before the next text */
    bool no_more_tags;      /* no '>' is left in the input */
    unsigned pre;           /* depth of <pre> */
    size_t link_start;      /* in out, while in a link */
    struct str link_href;   /* raw; s NULL outside links */
};

enum html_effect {
    EFFECT_NONE,
    EFFECT_BREAK,
    EFFECT_BLOCK,
    EFFECT_PARAGRAPH,
    EFFECT_PRE,
    EFFECT_LINK,
    EFFECT_HIDDEN,
};

static const struct {
    const char *name;
    enum html_effect effect;
} tags[] = {
    {"a", EFFECT_LINK},          {"article", EFFECT_BLOCK},  {"blockquote", EFFECT_PARAGRAPH},
    {"br", EFFECT_BREAK},        {"dd", EFFECT_BLOCK},       {"div", EFFECT_BLOCK},
    {"dl", EFFECT_PARAGRAPH},    {"dt", EFFECT_BLOCK},       {"figcaption", EFFECT_BLOCK},
    {"footer", EFFECT_BLOCK},    {"h1", EFFECT_PARAGRAPH},   {"h2", EFFECT_PARAGRAPH},
    {"h3", EFFECT_PARAGRAPH},    {"h4", EFFECT_PARAGRAPH},   {"h5", EFFECT_PARAGRAPH},
    {"h6", EFFECT_PARAGRAPH},    {"header", EFFECT_BLOCK},   {"hr", EFFECT_PARAGRAPH},
    {"li", EFFECT_BLOCK},        {"ol", EFFECT_PARAGRAPH},   {"p", EFFECT_PARAGRAPH},
    {"pre", EFFECT_PRE},         {"script", EFFECT_HIDDEN},  {"section", EFFECT_BLOCK},
    {"style", EFFECT_HIDDEN},    {"table", EFFECT_PARAGRAPH}, {"td", EFFECT_NONE},
    {"tr", EFFECT_BLOCK},        {"ul", EFFECT_PARAGRAPH},
};

struct html_tag {
    struct str name;
    struct str attributes;
    bool closing;
    size_t end; /* position behind it */
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- writing -------------------------------------------------------------------------------- */

static void owe_newlines(struct html_reader *r, unsigned n)
{
    if (r->newlines < n)
        r->newlines = n;
}

static void write_text(struct html_reader *r, const char *s, size_t len)
{
    bool first = r->out->len == r->out_start;

    for (; r->newlines > 0 && !first; r->newlines--) {
        buf_append_char(r->out, '\n');
        r->space = false;
    }
    r->newlines = 0;
    if (r->space && !first)
        buf_append_char(r->out, ' ');
    r->space = false;
    if (r->link_href.s && r->link_start == SIZE_MAX)
        r->link_start = r->out->len;
    buf_append(r->out, s, len);
}

static void write_char(struct html_reader *r, char c)
{
    if (!is_space(c))
        write_text(r, &c, 1);
    else if (r->pre == 0)
        r->space = true;
    else if (c == '\n')
        owe_newlines(r, r->newlines + 1);
    else
        write_text(r, &c, 1);
}

/* ---- links ---------------------------------------------------------------------------------- */

static struct str without_scheme(struct str url)
{
    size_t at = str_find(url, STR("://"));
    struct str rest = at == SIZE_MAX ? url : str_slice(url, at + 3, url.len);

    return str_starts_with(rest, STR("www.")) ? str_slice(rest, 4, rest.len) : rest;
}

/* "example.org/a-long-wa..." for https://example.org/a-long-way-home */
static bool is_shortened(struct str shown, struct str href)
{
    static const struct str ends[] = {{"...", 3}, {"\xE2\x80\xA6", 3}};

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (!str_ends_with(shown, ends[i]))
            continue;
        struct str stem = without_scheme(str_slice(shown, 0, shown.len - ends[i].len));
        return stem.len > 0 && str_starts_with(without_scheme(href), stem);
    }
    return false;
}

static void link_end(struct html_reader *r)
{
    struct buf href = BUF_INIT(TAG_MAX);
    size_t start = r->link_start;
    struct str raw = r->link_href;

    r->link_href = (struct str){0};
    if (!raw.s || start == SIZE_MAX || r->out->failed)
        return;
    if (text_unescape(raw, &href) &&
        is_shortened(str_slice(buf_str(r->out), start, r->out->len), buf_str(&href))) {
        r->out->len = start;
        buf_append_str(r->out, buf_str(&href));
    }
    buf_finish(&href);
}

/* The raw value of href in a tag's attributes; s NULL without one. */
static struct str find_href(struct str attributes)
{
    size_t at = 0;

    while (at < attributes.len) {
        struct str rest = str_slice(attributes, at, attributes.len);
        size_t found = str_find(rest, STR("href="));
        if (found == SIZE_MAX || found + 5 >= rest.len)
            return (struct str){0};
        if (found == 0 || is_space(rest.s[found - 1])) {
            rest = str_slice(rest, found + 5, rest.len);
            char quote = rest.s[0];
            if (quote == '"' || quote == '\'')
                return str_split(str_slice(rest, 1, rest.len), quote, &attributes);
            return str_trim(str_split(rest, ' ', &attributes));
        }
        at += found + 5;
    }
    return (struct str){0};
}

static void link_begin(struct html_reader *r, struct str attributes)
{
    link_end(r);
    r->link_href = find_href(attributes);
    r->link_start = SIZE_MAX;
}

/* ---- tags ----------------------------------------------------------------------------------- */

/* The '>' that ends the tag which begins at `pos`, or SIZE_MAX. */
static size_t find_tag_end(struct html_reader *r, size_t pos)
{
    size_t limit = r->in.len - pos > TAG_MAX ? pos + TAG_MAX : r->in.len;
    char quote = 0;

    for (size_t i = pos; i < limit; i++) {
        char c = r->in.s[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if ((c == '"' || c == '\'') && r->in.s[i - 1] == '=')
            quote = c;
        else if (c == '>')
            return i;
    }
    const char *end = memchr(r->in.s + pos, '>', r->in.len - pos);
    r->no_more_tags = !end;
    return end ? (size_t)(end - r->in.s) : SIZE_MAX;
}

static bool read_tag(struct html_reader *r, struct html_tag *ret)
{
    size_t start = r->pos + 1, name_end;

    ret->closing = start < r->in.len && r->in.s[start] == '/';
    start += ret->closing;
    if (start >= r->in.len || !is_letter(r->in.s[start]) || r->no_more_tags)
        return false;
    size_t end = find_tag_end(r, start);
    if (end == SIZE_MAX)
        return false;
    for (name_end = start; name_end < end; name_end++)
        if (is_space(r->in.s[name_end]) || r->in.s[name_end] == '/')
            break;
    ret->name = str_slice(r->in, start, name_end);
    ret->attributes = str_slice(r->in, name_end, end);
    ret->end = end + 1;
    return true;
}

static enum html_effect tag_effect(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if (str_eq_nocase(name, str_from(tags[i].name)))
            return tags[i].effect;
    return EFFECT_NONE;
}

/* Behind the end tag of a script or style; the end of the input if it has none. */
static size_t skip_hidden(const struct html_reader *r, const struct html_tag *tag)
{
    for (size_t i = tag->end; i + 2 + tag->name.len <= r->in.len; i++) {
        const char *at = memchr(r->in.s + i, '<', r->in.len - i);
        if (!at)
            break;
        i = (size_t)(at - r->in.s);
        if (r->in.len - i < 2 + tag->name.len || at[1] != '/' ||
            !str_eq_nocase(str_slice(r->in, i + 2, i + 2 + tag->name.len), tag->name))
            continue;
        const char *end = memchr(at, '>', r->in.len - i);
        return end ? (size_t)(end - r->in.s) + 1 : r->in.len;
    }
    return r->in.len;
}

static void apply_tag(struct html_reader *r, const struct html_tag *tag)
{
    r->pos = tag->end;
    switch (tag_effect(tag->name)) {
    case EFFECT_BREAK:
        r->newlines += r->newlines < 2;
        break;
    case EFFECT_BLOCK:
        owe_newlines(r, 1);
        break;
    case EFFECT_PARAGRAPH:
        owe_newlines(r, 2);
        break;
    case EFFECT_PRE:
        owe_newlines(r, 2);
        r->pre = tag->closing ? r->pre - (r->pre > 0) : r->pre + 1;
        break;
    case EFFECT_LINK:
        if (tag->closing)
            link_end(r);
        else
            link_begin(r, tag->attributes);
        break;
    case EFFECT_HIDDEN:
        if (!tag->closing)
            r->pos = skip_hidden(r, tag);
        break;
    case EFFECT_NONE:
        break;
    }
}

/* Comments, doctypes, processing instructions: from "<!" or "<?" on. */
static bool skip_declaration(struct html_reader *r)
{
    struct str rest = str_slice(r->in, r->pos, r->in.len);
    bool comment = str_starts_with(rest, STR("<!--"));

    if (rest.len < 2 || (rest.s[1] != '!' && rest.s[1] != '?'))
        return false;
    rest = str_slice(rest, 2, rest.len);
    size_t end = str_find(rest, comment ? STR("-->") : STR(">"));
    if (end == SIZE_MAX)
        r->pos = r->in.len;
    else
        r->pos += 2 + end + (comment ? 3 : 1);
    return true;
}

static void read_markup(struct html_reader *r)
{
    struct html_tag tag;

    if (skip_declaration(r))
        return;
    if (read_tag(r, &tag))
        apply_tag(r, &tag);
    else
        write_char(r, r->in.s[r->pos++]);
}

static void read_entity(struct html_reader *r)
{
    struct buf text = BUF_INIT(16);
    size_t len = html_entity_decode(str_slice(r->in, r->pos, r->in.len), &text);

    if (len == 0) {
        len = 1;
        buf_append_char(&text, '&');
    }
    r->pos += len;
    write_text(r, buf_str(&text).s, text.len);
    buf_finish(&text);
}

bool text_from_html(struct str html, struct buf *ret_text)
{
    struct html_reader r = {.in = html, .out = ret_text, .out_start = ret_text->len};

    while (r.pos < html.len && !ret_text->failed) {
        char c = html.s[r.pos];
        if (c == '<') {
            read_markup(&r);
        } else if (c == '&') {
            read_entity(&r);
        } else {
            write_char(&r, c);
            r.pos++;
        }
    }
    link_end(&r);
    return !ret_text->failed;
}

bool text_unescape(struct str text, struct buf *ret_text)
{
    while (text.len > 0) {
        const char *amp = memchr(text.s, '&', text.len);
        size_t plain = amp ? (size_t)(amp - text.s) : text.len;
        buf_append(ret_text, text.s, plain);
        text = str_slice(text, plain, text.len);
        if (text.len == 0)
            break;
        size_t len = html_entity_decode(text, ret_text);
        if (len == 0) {
            buf_append_char(ret_text, '&');
            len = 1;
        }
        text = str_slice(text, len, text.len);
    }
    return !ret_text->failed;
}
