/* A notice as one text. Every word of it is cut, then escaped, to a length that counts the escapes; what is
 * added here is the only markup in the result. Words that should be one line are made one, so that no
 * stranger begins a line: lists, headings and quotes begin there. */
#include "alerts/compose.h"

#define TITLE_MAX 250 /* each in the receiver's unit, escaped */
#define TEXT_MAX 1200
#define NAME_MAX 40
#define VALUE_MAX 120
#define WHO_MAX 80
#define QUOTE_MAX 280
#define SHARE_MAX 16 /* then everything together is below 500 units */

/* ---- markups ------------------------------------------------------------------------------- */

static void link_plain(struct buf *b, struct str url, struct str label)
{
    buf_printf(b, "%.*s (%.*s)", STR_FMT(label), STR_FMT(url));
}

static void link_markdown(struct buf *b, struct str url, struct str label)
{
    buf_printf(b, "[%.*s](%.*s)", STR_FMT(label), STR_FMT(url));
}

static void link_html(struct buf *b, struct str url, struct str label)
{
    struct str rest = url;

    buf_append_str(b, STR("<a href=\""));
    while (rest.len) {
        struct str part = str_split(rest, '&', &rest);

        buf_append_str(b, part);
        buf_append_str(b, rest.s ? STR("&amp;") : STR(""));
    }
    buf_printf(b, "\">%.*s</a>", STR_FMT(label));
}

const struct markup markup_plain = {alert_defuse, {"", 0}, {"", 0}, {"\n", 1}, link_plain};
const struct markup markup_markdown = {alert_escape_markdown, {"**", 2}, {"**", 2}, {"\n", 1}, link_markdown};
const struct markup markup_html = {alert_escape_html, {"<b>", 3}, {"</b>", 4}, {"\n", 1}, link_html};
const struct markup markup_html_br = {alert_escape_html, {"<b>", 3}, {"</b>", 4}, {"<br>", 4}, link_html};
const struct markup markup_relayed = {alert_defuse_relayed, {"", 0}, {"", 0}, {"\n", 1}, link_plain};

/* ---- parts --------------------------------------------------------------------------------- */

static struct str fit_line(const struct compose *c, struct str text, size_t max, struct arena *arena)
{
    return alert_fit(alert_clean(text, false, arena), max / c->share, c->unit, c->markup->escape, arena);
}

struct str compose_title(const struct compose *c, const struct alert_notice *notice, struct arena *arena)
{
    return fit_line(c, notice->title, TITLE_MAX, arena);
}

struct str compose_name(const struct compose *c, struct str name, struct arena *arena)
{
    return fit_line(c, name, NAME_MAX, arena);
}

struct str compose_value(const struct compose *c, struct str value, struct arena *arena)
{
    return fit_line(c, value, VALUE_MAX, arena);
}

struct str compose_who(const struct compose *c, const struct alert_example *e, struct arena *arena)
{
    return fit_line(c, e->who, WHO_MAX, arena);
}

struct str compose_quote(const struct compose *c, const struct alert_example *e, struct arena *arena)
{
    return fit_line(c, e->text, QUOTE_MAX, arena);
}

struct str compose_text(const struct compose *c, const struct alert_notice *notice, struct arena *arena)
{
    struct str rest = alert_fit(notice->text, TEXT_MAX / c->share, c->unit, c->markup->escape, arena);
    struct buf b = BUF_INIT(ALERT_BODY_MAX);

    while (rest.len) {
        buf_append_str(&b, str_split(rest, '\n', &rest));
        buf_append_str(&b, rest.len ? c->markup->line_end : STR(""));
    }
    return compose_take(&b, arena);
}

struct str compose_url(const struct compose *c, struct str url)
{
    return c->share < 4 ? alert_safe_url(url) : STR("");
}

struct str compose_take(struct buf *b, struct arena *arena)
{
    struct str text = arena_str(arena, buf_str(b));

    if (b->failed)
        arena->failed = true;
    buf_finish(b);
    return text.s ? text : STR("");
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void put_example(const struct compose *c, const struct alert_example *e, struct buf *b,
                        struct arena *arena)
{
    struct str url = compose_url(c, e->url), who = compose_who(c, e, arena);

    buf_append_str(b, STR("\u2022 "));
    if (url.len)
        c->markup->link(b, url, who.len ? who : STR("post"));
    else
        buf_append_str(b, who);
    buf_printf(b, ": %.*s%.*s", STR_FMT(compose_quote(c, e, arena)), STR_FMT(c->markup->line_end));
}

void compose_rest(const struct compose *c, const struct alert_notice *notice, struct buf *b,
                  struct arena *arena)
{
    const struct markup *m = c->markup;
    struct str url = compose_url(c, notice->url);

    if (notice->text.len)
        buf_printf(b, "%.*s%.*s", STR_FMT(compose_text(c, notice, arena)), STR_FMT(m->line_end));
    for (size_t i = 0; i < notice->n_facts; i++)
        buf_printf(b, "%.*s%.*s:%.*s %.*s%.*s", STR_FMT(m->bold),
                   STR_FMT(compose_name(c, notice->facts[i].name, arena)), STR_FMT(m->bold_end),
                   STR_FMT(compose_value(c, notice->facts[i].value, arena)), STR_FMT(m->line_end));
    for (size_t i = 0; i < notice->n_examples; i++)
        put_example(c, &notice->examples[i], b, arena);
    if (url.len) {
        m->link(b, url, STR("Open"));
        buf_append_str(b, m->line_end);
    }
}

struct str compose_fit(const struct markup *markup, enum alert_unit unit, size_t max,
                       const struct alert_notice *notice, struct arena *arena)
{
    struct compose c = {markup, unit, 1};
    struct str text;

    for (;; c.share *= 2) {
        struct buf b = BUF_INIT(ALERT_BODY_MAX);

        compose_rest(&c, notice, &b, arena);
        text = compose_take(&b, arena);
        if (alert_length(text, unit) <= max || c.share >= SHARE_MAX)
            return text;
    }
}
