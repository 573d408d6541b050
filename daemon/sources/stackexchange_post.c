/* Ids are unique in a site only, so each carries its site. Bodies are HTML, without their blocks of code;
 * titles and names are escaped. The title of a question above an answer is others' words. Owners who are gone
 * have no id, or are left out. */
#include "sources/stackexchange_post.h"

#include "mentiond/text.h"

#define NETWORK "stackexchange"
#define TEXT_LIMIT (1024 * 1024)
#define TIME_MAX_S (INT64_MAX / 1000)

/* What an item is: by the first of these ids that it has. */
static const struct kind {
    const char *key, *letter, *kind;
} kinds[] = {
    {"comment_id", "c", "comment"},
    {"answer_id", "a", "comment"},
    {"question_id", "q", "post"},
};

static const struct kind *kind_of(const json_t *item)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (json_get_i64(item, kinds[i].key, 0) > 0)
            return &kinds[i];
    }
    return NULL;
}

static struct str number(const struct parsing *p, const json_t *item, const char *key)
{
    return json_id(json_get(item, key), p->arena);
}

struct str stackexchange_post_key(const struct parsing *p, const json_t *item)
{
    const struct kind *kind = kind_of(item);

    if (!kind)
        return STR("");
    return arena_printf(p->arena, "%s/%.*s", kind->letter, STR_FMT(number(p, item, kind->key)));
}

static int64_t time_ms(const json_t *item, const char *key)
{
    int64_t seconds = json_get_i64(item, key, 0);

    return seconds > 0 && seconds < TIME_MAX_S ? seconds * 1000 : 0;
}

int64_t stackexchange_post_time_ms(const json_t *item)
{
    return time_ms(item, "creation_date");
}

/* ---- text ---------------------------------------------------------------------------------- */

static struct str without_code(struct str html, struct arena *arena)
{
    struct buf b = BUF_INIT(TEXT_LIMIT);
    struct str text;

    for (;;) {
        size_t open = str_find(html, STR("<pre")), close;
        struct str rest = open == SIZE_MAX ? STR("") : str_slice(html, open, html.len);

        close = str_find(rest, STR("</pre>"));
        if (open == SIZE_MAX || close == SIZE_MAX)
            break;
        buf_append_str(&b, str_slice(html, 0, open));
        buf_append_str(&b, STR("<br>"));
        html = str_slice(rest, close + strlen("</pre>"), rest.len);
    }
    buf_append_str(&b, html);
    text = arena_str(arena, buf_str(&b));
    buf_finish(&b);
    return text.s ? text : STR("");
}

static struct str read_text(const struct parsing *p, const json_t *item, bool question)
{
    struct str body = json_get_text(item, "body"), title = json_get_text(item, "title"), text;

    if (body.len == 0)
        body = json_get_text(item, "excerpt");
    text = html_to_text(without_code(body, p->arena), p->arena);
    if (!question && text.len > 0)
        return text;
    title = html_to_text(title, p->arena);
    text = arena_printf(p->arena, "%.*s%s%.*s", STR_FMT(title), title.len && text.len ? "\n\n" : "",
                        STR_FMT(text));
    return text.s ? text : STR("");
}

/* ---- links --------------------------------------------------------------------------------- */

/* Sites of their own address; all others are below stackexchange.com. */
static struct str host_of(const struct parsing *p, struct str site)
{
    static const char *const own[] = {"stackoverflow", "serverfault", "superuser", "askubuntu", "stackapps"};

    if (str_ends_with(site, STR(".com")) || str_ends_with(site, STR(".net")))
        return site;
    if (str_eq(site, STR("mathoverflow")) || str_ends_with(site, STR(".mathoverflow")))
        return arena_printf(p->arena, "%.*s.net", STR_FMT(site));
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        struct str name = str_from(own[i]);

        if (str_eq(site, name) ||
            (str_ends_with(site, name) && site.len > name.len && site.s[site.len - name.len - 1] == '.'))
            return arena_printf(p->arena, "%.*s.com", STR_FMT(site));
    }
    return arena_printf(p->arena, "%.*s.stackexchange.com", STR_FMT(site));
}

static struct str read_url(const struct parsing *p, const json_t *item, const struct kind *kind,
                           struct str site)
{
    struct str link = json_get_text(item, "link"), id = number(p, item, kind->key), host = host_of(p, site);

    if (link.len > 0)
        return link;
    if (kind->letter[0] == 'c') {
        struct str post = number(p, item, "post_id");

        return arena_printf(p->arena, "https://%.*s/questions/%.*s#comment%.*s_%.*s", STR_FMT(host),
                            STR_FMT(post), STR_FMT(id), STR_FMT(post));
    }
    return arena_printf(p->arena, "https://%.*s/%s/%.*s", STR_FMT(host),
                        kind->letter[0] == 'a' ? "a" : "questions", STR_FMT(id));
}

static void read_links(const struct parsing *p, const json_t *item, const struct kind *kind, struct str site,
                       struct mention *m)
{
    struct str key = stackexchange_post_key(p, item), question = number(p, item, "question_id");
    struct str post = number(p, item, "post_id");

    m->id = arena_printf(p->arena, NETWORK ":%.*s/%.*s", STR_FMT(site), STR_FMT(key));
    m->url = read_url(p, item, kind, site);
    m->kind = str_from(kind->kind);
    if (kind->letter[0] == 'c')
        m->conversation = m->in_reply_to =
            arena_printf(p->arena, "%.*s/p/%.*s", STR_FMT(site), STR_FMT(post));
    else if (question.len > 0)
        m->conversation = arena_printf(p->arena, "%.*s/q/%.*s", STR_FMT(site), STR_FMT(question));
    if (kind->letter[0] == 'a')
        m->in_reply_to = m->conversation;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void read_author(const struct parsing *p, const json_t *owner, struct str site,
                        struct mention_author *ret)
{
    struct str id = number(p, owner, "user_id");

    ret->handle = ret->name = html_to_text(json_get_text(owner, "display_name"), p->arena);
    ret->id = id.len > 0 ? arena_printf(p->arena, "%.*s/%.*s", STR_FMT(site), STR_FMT(id)) : STR("[deleted]");
    ret->created_at_ms = time_ms(owner, "creation_date");
}

struct mention *stackexchange_post_read(const struct parsing *p, const json_t *item, struct str site)
{
    const struct kind *kind = kind_of(item);
    struct str text = kind ? read_text(p, item, kind->letter[0] == 'q') : STR("");
    struct mention *m = text.len > 0 ? source_page_add(p->page) : NULL;

    if (!m) {
        page_skip(p->page, "an item that has no id or no text, or is one too many");
        return NULL;
    }
    m->network = STR(NETWORK);
    m->text = text;
    read_author(p, json_get(item, "owner"), site, &m->author);
    read_links(p, item, kind, site, m);
    m->in_reply_to_author =
        html_to_text(json_get_text(json_get(item, "reply_to_user"), "display_name"), p->arena);
    m->created_at_ms = stackexchange_post_time_ms(item);
    m->edited_at_ms = time_ms(item, "last_edit_date");
    m->fetched_at_ms = p->reply->received_at_ms;
    m->likes = json_get_i64(item, "score", -1);
    m->likes = m->likes < -1 ? 0 : m->likes; /* votes against it are no likes */
    m->replies = kind->letter[0] == 'q' ? json_get_i64(item, "answer_count", -1) : -1;
    m->truncated = json_get_text(item, "body").len == 0 && json_get_text(item, "excerpt").len > 0;
    mention_set_lang(m, STR(""));
    return m;
}
