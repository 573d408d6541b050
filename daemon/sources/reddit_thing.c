/* Posts (t3) and comments (t1) of Reddit's listings as mentions. Text is Markdown. Times are JSON reals;
 * `edited` is false or one. What its author deleted or a moderator removed stays in listings with its text
 * replaced: that is reported gone, and so is what a deleted account wrote, as Reddit asks. */
#include "mentiond/text.h"
#include "sources/markdown.h"
#include "sources/reddit.h"

#define NETWORK "reddit"
#define WWW "https://www.reddit.com"
#define TEXT_LIMIT (256 * 1024)
#define TIME_MAX_S (INT64_MAX / 1000)

static bool is_comment(const json_t *child)
{
    return str_eq(json_get_text(child, "kind"), STR("t1"));
}

struct str reddit_thing_name(const struct parsing *p, const json_t *child)
{
    const json_t *data = json_get(child, "data");
    struct str kind = json_get_text(child, "kind"), name = json_get_text(data, "name"),
               id = json_get_text(data, "id");

    if (!str_eq(kind, STR("t1")) && !str_eq(kind, STR("t3")))
        return STR("");
    if (name.len > 0 || id.len == 0)
        return name;
    return arena_printf(p->arena, "%.*s_%.*s", STR_FMT(kind), STR_FMT(id));
}

static int64_t time_ms(const json_t *data, const char *key)
{
    int64_t seconds = json_get_i64(data, key, 0);

    return seconds > 0 && seconds < TIME_MAX_S ? seconds * 1000 : 0;
}

int64_t reddit_thing_created_ms(const json_t *child)
{
    return time_ms(json_get(child, "data"), "created_utc");
}

/* ---- text ---------------------------------------------------------------------------------- */

static bool is_blank(struct str text)
{
    return str_eq(text, STR("[deleted]")) || str_eq(text, STR("[removed]"));
}

static bool is_gone(const json_t *data)
{
    return is_blank(json_get_text(data, "author")) || is_blank(json_get_text(data, "body")) ||
           is_blank(json_get_text(data, "selftext")) || json_get_text(data, "removed_by_category").len > 0;
}

/* Editors leave entities in Markdown. What is nothing but a quote is taken as it is. */
static struct str plain(const struct parsing *p, struct str markdown)
{
    struct buf b = BUF_INIT(TEXT_LIMIT);
    struct str text = markdown_to_text(markdown, p->arena);

    if (text_unescape(text.len > 0 ? text : markdown, &b))
        text = arena_str(p->arena, str_trim(buf_str(&b)));
    buf_finish(&b);
    return text.s ? text : STR("");
}

/* Where a link post leads, if that is elsewhere. */
static struct str linked(const json_t *data)
{
    static const char *const own[] = {WWW, "https://i.redd.it/", "https://v.redd.it/",
                                      "https://preview.redd.it/", "/"};
    struct str url = json_get_text(data, "url");

    if (json_is_true(json_get(data, "is_self")))
        return STR("");
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        if (str_starts_with(url, str_from(own[i])))
            return STR("");
    }
    return url;
}

static struct str read_text(const struct parsing *p, const json_t *data, bool comment)
{
    struct str title = json_get_text(data, "title"), self, link, text;

    if (comment)
        return plain(p, json_get_text(data, "body"));
    self = plain(p, json_get_text(data, "selftext"));
    link = linked(data);
    text = arena_printf(p->arena, "%.*s%s%.*s%s%.*s", STR_FMT(title), self.len ? "\n\n" : "", STR_FMT(self),
                        link.len ? "\n" : "", STR_FMT(link));
    return text.s ? text : STR("");
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* "u/name" and "/u/name" in the text speak to somebody. */
static void read_named(struct mention *m)
{
    struct str text = m->text;
    size_t at;

    while ((at = str_find(text, STR("u/"))) != SIZE_MAX) {
        size_t start = at + 2, end = start;

        while (end < text.len && is_name_char(text.s[end]))
            end++;
        if (at == 0 || !is_name_char(text.s[at - 1]))
            mention_add_named(m, str_slice(text, start, end));
        text = str_slice(text, end, text.len);
    }
}

/* ---- the rest ------------------------------------------------------------------------------ */

static struct str without_kind(struct str name)
{
    return name.len > 3 ? str_slice(name, 3, name.len) : name;
}

static struct str read_url(const struct parsing *p, const json_t *data, struct str name, bool comment)
{
    struct str path = json_get_text(data, "permalink"), rest;

    if (path.len == 0)
        path = str_split(json_get_text(data, "context"), '?', &rest); /* of the inbox */
    if (str_starts_with(path, STR("/")))
        return arena_printf(p->arena, WWW "%.*s", STR_FMT(path));
    if (!comment)
        return arena_printf(p->arena, WWW "/comments/%.*s", STR_FMT(without_kind(name)));
    return arena_printf(p->arena, WWW "/comments/%.*s/_/%.*s/",
                        STR_FMT(without_kind(json_get_text(data, "link_id"))), STR_FMT(without_kind(name)));
}

static void read_links(const struct parsing *p, const json_t *data, struct str name, bool comment,
                       struct mention *m)
{
    struct str link = json_get_text(data, "link_id");

    m->id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(name));
    m->url = read_url(p, data, name, comment);
    m->repost_of = json_get_text(data, "crosspost_parent");
    m->conversation = comment ? link : name;
    if (!comment)
        return;
    m->in_reply_to = json_get_text(data, "parent_id");
    if (link.len > 0 && str_eq(m->in_reply_to, link))
        m->in_reply_to_author = json_get_text(data, "link_author");
}

static void read_author(const json_t *data, struct mention_author *ret)
{
    struct str author = json_get_text(data, "author"), id = json_get_text(data, "author_fullname");

    ret->handle = ret->name = author;
    ret->id = id.len > 0 ? id : author;
}

static void report_gone(const struct parsing *p, struct str name)
{
    struct str id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(name));

    if (!id.s || !source_page_gone(p->page, id))
        page_skip(p->page, "%.*s was deleted", STR_FMT(name));
}

struct mention *reddit_thing_read(const struct parsing *p, const json_t *child)
{
    const json_t *data = json_get(child, "data");
    struct str name = reddit_thing_name(p, child), text;
    bool comment = is_comment(child);
    struct mention *m;

    if (name.len > 0 && is_gone(data)) {
        report_gone(p, name);
        return NULL;
    }
    text = read_text(p, data, comment);
    m = name.len > 0 && text.len > 0 && json_get_text(data, "author").len > 0 ? source_page_add(p->page)
                                                                              : NULL;
    if (!m) {
        page_skip(p->page, "'%.*s' is no post or comment, has no text or author, or is one too many",
                  STR_FMT(name));
        return NULL;
    }
    m->network = STR(NETWORK);
    m->kind = comment ? STR("comment") : linked(data).len > 0 ? STR("link") : STR("post");
    m->text = text;
    read_author(data, &m->author);
    read_links(p, data, name, comment, m);
    mention_add_named(m, json_get_text(data, "dest"));
    read_named(m);
    m->created_at_ms = reddit_thing_created_ms(child);
    m->edited_at_ms = time_ms(data, "edited");
    m->fetched_at_ms = p->reply->received_at_ms;
    m->likes = json_get_i64(data, "score", -1);
    m->likes = m->likes < -1 ? 0 : m->likes; /* votes against it are no likes */
    m->replies = comment ? -1 : json_get_i64(data, "num_comments", -1);
    m->sensitive = json_get_bool(data, "over_18");
    mention_set_lang(m, STR(""));
    return m;
}
