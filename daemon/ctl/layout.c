/* Laying out YAML so that no comment can be lost: libyaml, which drops comments, only tells where
 * nodes begin; the text itself is copied line by line with other white space. Whatever that yields
 * is parsed again and held against the original: the same events, and the same bytes but for white
 * space. Anything unusual (tabs, "? " keys, odd line breaks) at worst ends as an error there. */
#include "layout.h"

#include <errno.h>
#include <yaml.h>

enum line_kind {
    LINE_LOOSE,    /* goes on with what began above it */
    LINE_ENTRY,    /* a key or an item of a block collection begins it */
    LINE_COMMENT,  /* outside of flow collections and scalars */
    LINE_BLANK,    /* likewise */
    LINE_INSIDE,   /* of a flow collection */
    LINE_VERBATIM, /* of a scalar: its spaces may mean something */
};

struct line {
    size_t start, end; /* bytes of the text, without the line break */
    size_t old, new;   /* columns before what is in it */
    size_t above, below; /* numbers, from 1, of the entries that place_comment() looks at; 0: none */
    enum line_kind kind;
};

/* Bytes between two nodes that become another separator. */
struct gap {
    size_t from, to;
    const char *text;
};

struct level {
    bool sequence, flow, key_next;
    size_t column; /* in the new layout */
    size_t first_line;
    size_t key_end; /* offset */
};

struct layout {
    struct str text;
    struct line *lines; /* owned */
    size_t n_lines;
    struct gap *gaps; /* owned, in order */
    size_t n_gaps, cap_gaps;
    struct level levels[LAYOUT_DEPTH_MAX];
    size_t depth;
};

/* ---- lines ----------------------------------------------------------------------------------- */

static int split_lines(struct layout *l, struct error *err)
{
    size_t n = 1, at = 0;

    for (size_t i = 0; i < l->text.len; i++)
        n += l->text.s[i] == '\n';
    l->lines = calloc(n, sizeof(*l->lines));
    if (!l->lines)
        return error_oom(err);
    while (at <= l->text.len) {
        const char *end = at < l->text.len ? memchr(l->text.s + at, '\n', l->text.len - at) : NULL;
        struct line *line = &l->lines[l->n_lines++];

        line->start = at;
        line->end = end ? (size_t)(end - l->text.s) : l->text.len;
        while (line->start + line->old < line->end && l->text.s[line->start + line->old] == ' ')
            line->old++;
        if (str_trim(str_slice(l->text, line->start, line->end)).len == 0)
            line->kind = LINE_BLANK;
        else if (l->text.s[line->start + line->old] == '#')
            line->kind = LINE_COMMENT;
        at = line->end + 1;
    }
    return 0;
}

/* libyaml counts characters, we count bytes. */
static size_t offset_of(const struct layout *l, yaml_mark_t mark)
{
    const struct line *line;
    size_t at, column = 0;

    if (mark.line >= l->n_lines)
        return l->text.len;
    line = &l->lines[mark.line];
    at = line->start;
    while (at < line->end && column < mark.column) {
        at++;
        while (at < line->end && ((unsigned char)l->text.s[at] & 0xc0) == 0x80)
            at++;
        column++;
    }
    return at;
}

static size_t line_at(const struct layout *l, size_t offset)
{
    size_t low = 0, high = l->n_lines;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (l->lines[middle].start <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void set_entry(struct layout *l, size_t offset, size_t column)
{
    struct line *line = &l->lines[line_at(l, offset)];

    if (line->start + line->old != offset)
        return;
    line->kind = LINE_ENTRY;
    line->new = column;
}

static void set_kind(struct layout *l, size_t first, size_t last, enum line_kind kind)
{
    for (size_t i = first; i <= last && i < l->n_lines; i++)
        l->lines[i].kind = kind;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

/* The bytes [from, to), if there is nothing but spaces and what `text` has in them. */
static int set_gap(struct layout *l, size_t from, size_t to, const char *text, struct error *err)
{
    struct str now = from <= to ? str_trim(str_slice(l->text, from, to)) : STR("?");

    if (from == to || !str_eq(now, str_trim(str_from(text))) ||
        memchr(l->text.s + from, '\n', to - from))
        return 0;
    if (l->n_gaps == l->cap_gaps) {
        size_t cap = l->cap_gaps ? 2 * l->cap_gaps : 256;
        struct gap *more = realloc(l->gaps, cap * sizeof(*more));

        if (!more)
            return error_oom(err);
        l->gaps = more;
        l->cap_gaps = cap;
    }
    l->gaps[l->n_gaps++] = (struct gap){from, to, text};
    return 0;
}

/* The "-" before an item: on its line, or alone on one above it. */
static int take_item(struct layout *l, const struct level *list, size_t offset, bool empty,
                     struct error *err)
{
    size_t at = offset;

    while (at > 0 && (l->text.s[at - 1] == ' ' || l->text.s[at - 1] == '\n')) {
        at--;
        if (l->text.s[at] != '\n')
            continue;
        while (at > 0 && l->lines[line_at(l, at)].kind == LINE_COMMENT)
            at = l->lines[line_at(l, at)].start ? l->lines[line_at(l, at)].start - 1 : 0;
    }
    if (at == 0 || l->text.s[at - 1] != '-')
        return 0;
    set_entry(l, at - 1, list->column);
    return empty ? 0 : set_gap(l, at, offset, " ", err);
}

/* A key, a value or an item. */
static int take_node(struct layout *l, const yaml_event_t *event, struct error *err)
{
    struct level *in = l->depth > 0 ? &l->levels[l->depth - 1] : NULL;
    size_t start = offset_of(l, event->start_mark), end = offset_of(l, event->end_mark);
    bool is_key = in && !in->sequence && in->key_next, empty;

    empty = event->type == YAML_SCALAR_EVENT && start == end; /* collections begin with no bytes */
    if (in)
        in->key_next = !in->key_next;
    if (!in || in->flow)
        return 0;
    if (in->sequence)
        return take_item(l, in, start, empty, err);
    if (!is_key)
        return empty ? 0 : set_gap(l, in->key_end, start, ": ", err);
    set_entry(l, start, in->column);
    in->key_end = end;
    return 0;
}

static int enter(struct layout *l, const yaml_event_t *event, bool sequence, bool flow,
                 struct error *err)
{
    const struct level *in = l->depth > 0 ? &l->levels[l->depth - 1] : NULL;

    if (l->depth == LAYOUT_DEPTH_MAX)
        return error_set(err, -EINVAL, "line %zu: nested more than %d deep",
                         event->start_mark.line + 1, LAYOUT_DEPTH_MAX);
    l->levels[l->depth++] = (struct level){
        .sequence = sequence,
        .flow = flow,
        .key_next = true,
        .column = in ? in->column + 2 : 0,
        .first_line = event->start_mark.line,
    };
    return 0;
}

static void leave(struct layout *l, const yaml_event_t *event)
{
    const struct level *level = &l->levels[--l->depth];

    if (level->flow && !(l->depth > 0 && l->levels[l->depth - 1].flow))
        set_kind(l, level->first_line + 1, event->end_mark.line, LINE_INSIDE);
}

/* A block scalar ends at the beginning of the line after it. */
static void take_scalar_lines(struct layout *l, const yaml_event_t *event)
{
    yaml_scalar_style_t style = event->data.scalar.style;
    bool block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
    size_t last = event->end_mark.line;

    if (block && event->end_mark.column == 0 && last > 0)
        last--;
    set_kind(l, event->start_mark.line + 1, last, LINE_VERBATIM);
}

static int take_event(struct layout *l, const yaml_event_t *event, struct error *err)
{
    int r;

    switch (event->type) {
    case YAML_SCALAR_EVENT:
        r = take_node(l, event, err);
        if (!(l->depth > 0 && l->levels[l->depth - 1].flow))
            take_scalar_lines(l, event);
        return r;
    case YAML_ALIAS_EVENT:
        return take_node(l, event, err);
    case YAML_SEQUENCE_START_EVENT:
        r = take_node(l, event, err);
        return r < 0 ? r
                     : enter(l, event, true,
                             event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE, err);
    case YAML_MAPPING_START_EVENT:
        r = take_node(l, event, err);
        return r < 0 ? r
                     : enter(l, event, false,
                             event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        leave(l, event);
        return 0;
    default:
        return 0;
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

static void parser_open(yaml_parser_t *parser, struct str text)
{
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)(text.s ? text.s : ""), text.len);
}

static int next_event(yaml_parser_t *parser, yaml_event_t *ret, struct error *err)
{
    if (yaml_parser_parse(parser, ret))
        return 0;
    if (parser->error == YAML_MEMORY_ERROR)
        return error_oom(err);
    return error_set(err, -EINVAL, "line %zu: %s", parser->problem_mark.line + 1,
                     parser->problem ? parser->problem : "not YAML");
}

static int read_nodes(struct layout *l, struct error *err)
{
    yaml_parser_t parser;
    bool more = true;
    int r = 0;

    if (!yaml_parser_initialize(&parser))
        return error_oom(err);
    parser_open(&parser, l->text);
    while (r == 0 && more) {
        yaml_event_t event;

        r = next_event(&parser, &event, err);
        if (r < 0)
            break;
        more = event.type != YAML_STREAM_END_EVENT;
        r = take_event(l, &event, err);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return r;
}

/* ---- placing --------------------------------------------------------------------------------- */

/* above: of an entry the nearest one further out, of another line the last one; so the way out is
 * never longer than the nesting is deep. */
static void link_entries(struct layout *l)
{
    size_t last = 0, next = 0;

    for (size_t i = 0; i < l->n_lines; i++) {
        struct line *line = &l->lines[i];

        line->above = last;
        if (line->kind != LINE_ENTRY)
            continue;
        while (line->above && l->lines[line->above - 1].old >= line->old)
            line->above = l->lines[line->above - 1].above;
        last = i + 1;
    }
    for (size_t i = l->n_lines; i > 0; i--) {
        l->lines[i - 1].below = next;
        if (l->lines[i - 1].kind == LINE_ENTRY)
            next = i;
    }
}

/* The column of what stood in the same one: below (what a comment is mostly about), or above. */
static size_t place_comment(const struct layout *l, const struct line *comment)
{
    const struct line *next = comment->below ? &l->lines[comment->below - 1] : NULL;
    size_t above = comment->above;

    if (next && next->old == comment->old)
        return next->new;
    if (!next && comment->old == 0)
        return 0;
    while (above && l->lines[above - 1].old > comment->old)
        above = l->lines[above - 1].above;
    if (above && (!next || l->lines[above - 1].old == comment->old))
        return l->lines[above - 1].new;
    return next ? next->new : 0;
}

static bool is_marker(const struct layout *l, const struct line *line)
{
    struct str text = str_slice(l->text, line->start, line->end);

    return str_starts_with(text, STR("---")) || str_starts_with(text, STR("...")) ||
           str_starts_with(text, STR("%"));
}

static size_t shifted(const struct line *line, const struct line *entry, const struct line *from)
{
    size_t column = line->old + from->new > from->old ? line->old + from->new - from->old : 0;

    return column > entry->new ? column : entry->new + 1;
}

static void place_lines(struct layout *l)
{
    const struct line *entry = NULL, *from = NULL; /* the last one, and what moves with it */

    for (size_t i = 0; i < l->n_lines; i++) {
        struct line *line = &l->lines[i];

        switch (line->kind) {
        case LINE_ENTRY:
            entry = from = line;
            break;
        case LINE_COMMENT:
            line->new = place_comment(l, line);
            break;
        case LINE_LOOSE:
            line->new = !entry || is_marker(l, line) ? line->old : entry->new + 2;
            from = entry ? line : NULL;
            break;
        case LINE_INSIDE:
        case LINE_VERBATIM:
            line->new = from ? shifted(line, entry, from) : line->old;
            break;
        case LINE_BLANK:
            break;
        }
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_line(const struct layout *l, const struct line *line, size_t *gap, struct buf *ret)
{
    size_t at = line->start + line->old, end = line->end;

    while (line->kind != LINE_VERBATIM && end > at && memchr(" \t", l->text.s[end - 1], 2))
        end--;
    for (size_t i = 0; at < end && i < line->new; i++)
        buf_append_char(ret, ' ');
    while (*gap < l->n_gaps && l->gaps[*gap].from < at)
        (*gap)++;
    while (*gap < l->n_gaps && l->gaps[*gap].to <= end) {
        const struct gap *g = &l->gaps[(*gap)++];

        buf_append(ret, l->text.s + at, g->from - at);
        buf_append_str(ret, str_from(g->text));
        at = g->to;
    }
    if (at < end)
        buf_append(ret, l->text.s + at, end - at);
    buf_append_char(ret, '\n');
}

static void write_lines(const struct layout *l, struct buf *ret)
{
    size_t gap = 0;
    bool blank = false, first = true;

    for (size_t i = 0; i < l->n_lines; i++) {
        const struct line *line = &l->lines[i];
        bool empty = str_trim(str_slice(l->text, line->start, line->end)).len == 0;

        if (empty && line->kind != LINE_VERBATIM) {
            blank = true;
            continue;
        }
        if (blank && !first)
            buf_append_char(ret, '\n');
        blank = first = false;
        write_line(l, line, &gap, ret);
    }
}

/* ---- proof ----------------------------------------------------------------------------------- */

static bool same_text(const yaml_char_t *a, const yaml_char_t *b)
{
    return a == b || (a && b && strcmp((const char *)a, (const char *)b) == 0);
}

static bool same_event(const yaml_event_t *a, const yaml_event_t *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case YAML_SCALAR_EVENT:
        return same_text(a->data.scalar.anchor, b->data.scalar.anchor) &&
               same_text(a->data.scalar.tag, b->data.scalar.tag) &&
               a->data.scalar.length == b->data.scalar.length &&
               memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) == 0;
    case YAML_ALIAS_EVENT:
        return same_text(a->data.alias.anchor, b->data.alias.anchor);
    case YAML_SEQUENCE_START_EVENT:
        return same_text(a->data.sequence_start.anchor, b->data.sequence_start.anchor) &&
               same_text(a->data.sequence_start.tag, b->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return same_text(a->data.mapping_start.anchor, b->data.mapping_start.anchor) &&
               same_text(a->data.mapping_start.tag, b->data.mapping_start.tag);
    default:
        return true;
    }
}

static bool same_meaning(struct str a, struct str b)
{
    yaml_parser_t parsers[2];
    bool same = true, more = true;

    if (!yaml_parser_initialize(&parsers[0]))
        return false;
    if (!yaml_parser_initialize(&parsers[1])) {
        yaml_parser_delete(&parsers[0]);
        return false;
    }
    parser_open(&parsers[0], a);
    parser_open(&parsers[1], b);
    while (same && more) {
        yaml_event_t events[2] = {0};

        same = yaml_parser_parse(&parsers[0], &events[0]) &&
               yaml_parser_parse(&parsers[1], &events[1]) && same_event(&events[0], &events[1]);
        more = events[0].type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&events[0]);
        yaml_event_delete(&events[1]);
    }
    yaml_parser_delete(&parsers[0]);
    yaml_parser_delete(&parsers[1]);
    return same;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Comments are no events; but whatever is no white space is still there, in the same order. */
static bool same_bytes(struct str a, struct str b)
{
    size_t i = 0, j = 0;

    for (;;) {
        while (i < a.len && is_space(a.s[i]))
            i++;
        while (j < b.len && is_space(b.s[j]))
            j++;
        if (i == a.len || j == b.len)
            return i == a.len && j == b.len;
        if (a.s[i++] != b.s[j++])
            return false;
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int lay_out(struct str text, struct buf *ret, struct error *err)
{
    struct layout l = {.text = text};
    int r = split_lines(&l, err);

    if (r == 0)
        r = read_nodes(&l, err);
    if (r == 0) {
        link_entries(&l);
        place_lines(&l);
        write_lines(&l, ret);
    }
    free(l.lines);
    free(l.gaps);
    return r;
}

/* Line breaks as everywhere else. libyaml knows three more, which would put its lines out of step with
 * ours. */
static int plain_breaks(struct str text, struct buf *ret, struct error *err)
{
    static const char *const odd[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf"};

    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        if (str_find(text, str_from(odd[i])) != SIZE_MAX)
            return error_set(err, -EINVAL, "a byte order mark, or a line break of another kind, is in it");
    }
    for (size_t i = 0; i < text.len; i++) {
        bool before_newline = i + 1 < text.len && text.s[i + 1] == '\n';

        if (text.s[i] == '\r' && !before_newline)
            return error_set(err, -EINVAL, "a carriage return without a newline is in it");
        if (text.s[i] != '\r')
            buf_append_char(ret, text.s[i]);
    }
    return ret->failed ? error_oom(err) : 0;
}

int layout_format(struct str text, struct buf *ret, struct error *err)
{
    CLEANUP(buf_finish) struct buf plain = BUF_INIT(LAYOUT_TEXT_MAX);
    int r;

    if (text.len > LAYOUT_TEXT_MAX)
        return error_set(err, -E2BIG, "larger than %d MiB", LAYOUT_TEXT_MAX / 1024 / 1024);
    r = plain_breaks(text, &plain, err);
    if (r == 0)
        r = lay_out(buf_str(&plain), ret, err);
    if (r < 0)
        return r;
    if (ret->failed)
        return error_oom(err);
    if (!same_bytes(buf_str(&plain), buf_str(ret)) || !same_meaning(buf_str(&plain), buf_str(ret)))
        return error_set(err, -EINVAL, "cannot be laid out without changing what it says");
    return 0;
}
