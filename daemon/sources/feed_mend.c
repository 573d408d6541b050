/* Feeds as they are found to well-formed XML. Many feeds are not well-formed somewhere, and an XML parser
 * must refuse all of a document for it: one title with a bare '&' would stop a source. So every piece of
 * markup is read loosely here and written strictly: what comes out holds elements, attributes in double
 * quotes, text, and the five entities of XML, nothing else. No declaration gets through, so there is
 * nothing to expand and nothing to fetch. */
#include "mentiond/text.h"
#include "sources/feed_item.h"

#define DEPTH_MAX 128      /* elements deeper than this are left out, their text is not */
#define TAG_MAX (8 * 1024) /* bytes of a tag whose quotes are honoured */
#define ATTRIBUTES_MAX 32  /* of an element */
#define ENTITY_MAX 32      /* bytes of a name, with '&' and ';' */
#define NAME_MAX_LEN 100

struct mending {
    struct str in;
    size_t at;
    struct buf *out;
    struct str open[DEPTH_MAX];
    size_t depth;
    bool root_over;
    size_t unquoted_until; /* up to here quotes were found not to close: they are not tried again */
    bool no_more_tags;     /* no '>' is left */
};

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name_char(char c)
{
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct str name_at(struct str text, size_t at)
{
    size_t end = at;

    while (end < text.len && end - at < NAME_MAX_LEN && is_name_char(text.s[end]))
        end++;
    return str_slice(text, at, end);
}

static struct str rest_of(const struct mending *m)
{
    return str_slice(m->in, m->at, m->in.len);
}

/* ---- text ---------------------------------------------------------------------------------- */

static void put_entity(struct buf *out, const char *name)
{
    buf_append_str(out, str_from(name));
}

/* A character of text as XML may have it; returns how many bytes were read. */
static size_t put_char(struct buf *out, struct str text, size_t at)
{
    unsigned char c = (unsigned char)text.s[at];

    if (c == '<')
        put_entity(out, "&lt;");
    else if (c == '>')
        put_entity(out, "&gt;");
    else if (c == '&')
        put_entity(out, "&amp;");
    else if (c == '"')
        put_entity(out, "&quot;");
    else if ((c < 0x20 && !is_blank(text.s[at])) || c == 0x7F)
        buf_append_char(out, ' ');
    else if (c == 0xEF && at + 2 < text.len && (unsigned char)text.s[at + 1] == 0xBF &&
             (unsigned char)text.s[at + 2] >= 0xBE) {
        buf_append(out, "\xEF\xBF\xBD", 3); /* U+FFFE and U+FFFF are no characters */
        return 3;
    } else
        buf_append_char(out, text.s[at]);
    return 1;
}

static void put_text(struct buf *out, struct str text)
{
    for (size_t at = 0; at < text.len;)
        at += put_char(out, text, at);
}

/* "&eacute;" as the character, "&amp;" as it is, "& co" as text; returns how many bytes were read. */
static size_t put_reference(struct buf *out, struct str text, size_t at)
{
    struct buf plain = BUF_INIT(2 * ENTITY_MAX);
    struct str head = str_slice(text, at, at + ENTITY_MAX < text.len ? at + ENTITY_MAX : text.len);
    size_t end = str_find(head, STR(";")), len = 1;

    if (end != SIZE_MAX && end > 1) {
        struct str whole = str_slice(head, 0, end + 1);

        if (text_unescape(whole, &plain) && !str_eq(buf_str(&plain), whole))
            len = whole.len;
    }
    if (len > 1)
        put_text(out, buf_str(&plain));
    else
        put_entity(out, "&amp;");
    buf_finish(&plain);
    return len;
}

static void put_mixed(struct buf *out, struct str text)
{
    for (size_t at = 0; at < text.len;)
        at += text.s[at] == '&' ? put_reference(out, text, at) : put_char(out, text, at);
}

/* ---- declarations, comments, CDATA ---------------------------------------------------------- */

static void skip_past(struct mending *m, const char *end)
{
    size_t found = str_find(rest_of(m), str_from(end));

    m->at = found == SIZE_MAX ? m->in.len : m->at + found + strlen(end);
}

static void take_cdata(struct mending *m, size_t opening_len)
{
    size_t start = m->at + opening_len, end;

    skip_past(m, "]]>");
    end = m->at;
    if (end >= start + 3 && str_ends_with(str_slice(m->in, start, end), STR("]]>")))
        end -= 3;
    if (m->depth > 0 && start < end)
        put_text(m->out, str_slice(m->in, start, end));
}

/* With everything in its square brackets: no entity is ever declared. */
static void skip_doctype(struct mending *m)
{
    unsigned brackets = 0;
    char quote = '\0';

    for (; m->at < m->in.len; m->at++) {
        char c = m->in.s[m->at];

        if (quote) {
            quote = c == quote ? '\0' : quote;
        } else if (str_starts_with(rest_of(m), STR("<!--"))) {
            skip_past(m, "-->");
            m->at--;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '[') {
            brackets++;
        } else if (c == ']') {
            brackets -= brackets > 0;
        } else if (c == '>' && brackets == 0) {
            m->at++;
            return;
        }
    }
}

/* ---- tags ---------------------------------------------------------------------------------- */

/* The '>' that ends the tag at m->at, not one in quotes; SIZE_MAX: none within TAG_MAX. */
static size_t quoted_tag_end(const struct mending *m)
{
    size_t limit = m->in.len - m->at > TAG_MAX ? m->at + TAG_MAX : m->in.len;
    char quote = '\0';

    for (size_t i = m->at + 1; i < limit; i++) {
        char c = m->in.s[i];

        if (quote)
            quote = c == quote ? '\0' : quote;
        else if ((c == '"' || c == '\'') && m->in.s[i - 1] == '=')
            quote = c;
        else if (c == '>')
            return i;
    }
    return SIZE_MAX;
}

/* The same, or the first '>' of all where quotes do not close; SIZE_MAX: the text is cut off in the tag.
 * Linear over the whole text, whatever it holds. */
static size_t tag_end(struct mending *m)
{
    size_t end = m->no_more_tags || m->at < m->unquoted_until ? SIZE_MAX : quoted_tag_end(m);

    if (end != SIZE_MAX || m->no_more_tags)
        return end;
    if (m->at >= m->unquoted_until)
        m->unquoted_until = m->at + TAG_MAX;
    end = str_find(rest_of(m), STR(">"));
    m->no_more_tags = end == SIZE_MAX;
    return end == SIZE_MAX ? SIZE_MAX : m->at + end;
}

static bool is_repeated(const struct str *names, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(names[i], name))
            return true;
    }
    return false;
}

/* The value that begins at *at, which moves behind it. */
static struct str attribute_value(struct str text, size_t *at)
{
    char quote = *at < text.len && (text.s[*at] == '"' || text.s[*at] == '\'') ? text.s[*at] : '\0';
    size_t start = *at + (quote != '\0'), end = start;

    while (end < text.len && (quote ? text.s[end] != quote : !is_blank(text.s[end])))
        end++;
    *at = end + (quote != '\0');
    return str_slice(text, start, end < text.len ? end : text.len);
}

static void put_attributes(struct buf *out, struct str text)
{
    struct str names[ATTRIBUTES_MAX];
    size_t n = 0, at = 0;

    while (at < text.len && n < ATTRIBUTES_MAX) {
        struct str name = name_at(text, at), value = STR("");

        if (name.len == 0) {
            at++;
            continue;
        }
        at += name.len;
        while (at < text.len && is_blank(text.s[at]))
            at++;
        if (at < text.len && text.s[at] == '=') {
            for (at++; at < text.len && is_blank(text.s[at]);)
                at++;
            value = attribute_value(text, &at);
        }
        if (!is_name_start(name.s[0]) || is_repeated(names, n, name))
            continue;
        names[n++] = name;
        buf_append_char(out, ' ');
        buf_append_str(out, name);
        put_entity(out, "=\"");
        put_mixed(out, value);
        buf_append_char(out, '"');
    }
}

static void close_last(struct mending *m)
{
    put_entity(m->out, "</");
    buf_append_str(m->out, m->open[--m->depth]);
    buf_append_char(m->out, '>');
    m->root_over = m->depth == 0;
}

static void take_start(struct mending *m, size_t end)
{
    struct str tag = str_slice(m->in, m->at + 1, end), name = name_at(tag, 0);
    bool empty = str_ends_with(tag, STR("/"));

    m->at = end + 1;
    if (m->depth >= DEPTH_MAX)
        return;
    if (empty)
        tag.len--;
    buf_append_char(m->out, '<');
    buf_append_str(m->out, name);
    put_attributes(m->out, str_slice(tag, name.len < tag.len ? name.len : tag.len, tag.len));
    buf_append_char(m->out, '>');
    m->open[m->depth++] = name;
    if (empty)
        close_last(m);
}

/* Closes what is still open inside; an end without a beginning is left out. */
static void take_end(struct mending *m)
{
    struct str name = name_at(m->in, m->at + 2);
    size_t i = m->depth;

    skip_past(m, ">");
    while (i > 0 && !str_eq(m->open[i - 1], name))
        i--;
    while (i > 0 && m->depth >= i)
        close_last(m);
}

static const struct {
    const char *opening, *closing;
} skipped[] = {{"<!--", "-->"}, {"<?", "?>"}, {"<!", ">"}};

static void take_markup(struct mending *m)
{
    struct str rest = rest_of(m);
    size_t end;

    if (str_starts_with(rest, STR("<![CDATA["))) {
        take_cdata(m, 9);
        return;
    }
    if (rest.len > 9 && str_eq_nocase(str_slice(rest, 0, 9), STR("<!DOCTYPE"))) {
        skip_doctype(m);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(skipped); i++) {
        if (str_starts_with(rest, str_from(skipped[i].opening))) {
            skip_past(m, skipped[i].closing);
            return;
        }
    }
    if (rest.len > 2 && rest.s[1] == '/' && is_name_start(rest.s[2])) {
        take_end(m);
        return;
    }
    end = rest.len > 1 && is_name_start(rest.s[1]) ? tag_end(m) : SIZE_MAX;
    if (end != SIZE_MAX)
        take_start(m, end);
    else
        m->at += m->depth > 0 ? put_char(m->out, m->in, m->at) : 1;
}

bool feed_mend(struct str text, struct buf *out)
{
    struct mending m = {.in = text, .out = out};

    while (m.at < m.in.len && !m.root_over && !out->failed) {
        char c = m.in.s[m.at];

        if (c == '<')
            take_markup(&m);
        else if (m.depth == 0)
            m.at++; /* nothing belongs around the root */
        else if (c == '&')
            m.at += put_reference(out, m.in, m.at);
        else
            m.at += put_char(out, m.in, m.at);
    }
    while (m.depth > 0)
        close_last(&m);
    return !out->failed;
}
