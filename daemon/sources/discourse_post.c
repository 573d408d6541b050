/* The post of Discourse's lists and of its search as a mention. Ids, topics and user names are those of
 * one forum, so each carries the forum's address. Quotes are others' words and left out, previews of
 * links too. */
#include "sources/discourse_post.h"

#include "sources/markdown.h"
#include "sources/url.h"

#define NETWORK "discourse"
#define POST_REGULAR 1 /* the others: moderators' notes, small actions, whispers */
#define ACTION_LIKE 2

/* "forum.example/sub" */
static struct str site_of(struct str forum)
{
    struct str authority = url_authority(forum);

    forum = (struct str){authority.s, (size_t)(forum.s + forum.len - authority.s)};
    while (forum.len > 0 && forum.s[forum.len - 1] == '/')
        forum.len--;
    return forum;
}

struct str discourse_post_number(struct str mention_id)
{
    size_t i = mention_id.len;

    while (i > 0 && mention_id.s[i - 1] >= '0' && mention_id.s[i - 1] <= '9')
        i--;
    return str_slice(mention_id, i, mention_id.len);
}

/* ---- text ------------------------------------------------------------------------------------ */

/* Cooked HTML without its <aside>s: quotes and previews of links. */
static struct str without_asides(struct str html, struct arena *arena)
{
    struct buf b = BUF_INIT(1024 * 1024);
    struct str text;

    while (html.len > 0) {
        size_t open = str_find(html, STR("<aside")), close;
        struct str rest = open == SIZE_MAX ? STR("") : str_slice(html, open, html.len);

        close = str_find(rest, STR("</aside>"));
        if (open == SIZE_MAX || close == SIZE_MAX)
            break;
        buf_append_str(&b, str_slice(html, 0, open));
        html = str_slice(rest, close + strlen("</aside>"), rest.len);
    }
    buf_append_str(&b, html);
    text = arena_str(arena, buf_str(&b));
    buf_finish(&b);
    return text.s ? text : STR("");
}

static struct str read_text(const struct parsing *p, const json_t *post, struct str title)
{
    struct str raw = json_get_text(post, "raw"), cooked = json_get_text(post, "cooked"), text;

    if (raw.len > 0)
        text = markdown_to_text(raw, p->arena);
    else if (cooked.len > 0)
        text = html_to_text(without_asides(cooked, p->arena), p->arena);
    else
        text = json_get_text(post, "blurb");
    if (title.len == 0 || json_get_i64(post, "post_number", 0) != 1)
        return text;
    text = arena_printf(p->arena, "%.*s%s%.*s", STR_FMT(title), text.len ? "\n\n" : "", STR_FMT(text));
    return text.s ? text : STR("");
}

/* ---- the rest -------------------------------------------------------------------------------- */

static int64_t count_likes(const json_t *post)
{
    const json_t *actions = json_get(post, "actions_summary");

    for (size_t i = 0; i < json_array_size(actions); i++) {
        if (json_get_i64(json_array_get(actions, i), "id", 0) == ACTION_LIKE)
            return json_get_i64(json_array_get(actions, i), "count", 0);
    }
    return json_is_array(actions) ? 0 : json_get_i64(post, "like_count", -1);
}

static void read_author(const struct parsing *p, const json_t *post, struct str site,
                        struct mention_author *ret)
{
    struct str name = json_get_text(post, "username"), shown = json_get_text(post, "name");

    if (name.len == 0) {
        ret->id = STR("[deleted]");
        return;
    }
    ret->handle = ret->id = arena_printf(p->arena, "%.*s@%.*s", STR_FMT(name), STR_FMT(site));
    ret->name = shown.len > 0 ? shown : name;
}

static void read_links(const struct parsing *p, const json_t *post, struct str forum, struct mention *m)
{
    struct str site = site_of(forum), base = str_slice(forum, 0, (size_t)(site.s + site.len - forum.s));
    struct str topic = json_id(json_get(post, "topic_id"), p->arena);
    struct str slug = json_get_text(post, "topic_slug");
    struct str answered = json_get_text(json_get(post, "reply_to_user"), "username");
    int64_t number = json_get_i64(post, "post_number", 1);

    m->id = arena_printf(p->arena, NETWORK ":%.*s/%.*s", STR_FMT(site),
                         STR_FMT(json_id(json_get(post, "id"), p->arena)));
    m->kind = number == 1 ? STR("post") : STR("comment");
    if (answered.len > 0)
        m->in_reply_to_author = arena_printf(p->arena, "%.*s@%.*s", STR_FMT(answered), STR_FMT(site));
    if (topic.len == 0)
        return;
    m->url = arena_printf(p->arena, "%.*s/t/%.*s/%.*s/%lld", STR_FMT(base),
                          STR_FMT(slug.len ? slug : STR("-")),
                          STR_FMT(topic), (long long)number);
    m->conversation = arena_printf(p->arena, "%.*s/t/%.*s", STR_FMT(site), STR_FMT(topic));
}

/* Its author withdrew it, or it was flagged away. */
static bool is_taken_back(const json_t *post)
{
    return json_get_bool(post, "user_deleted") || json_get_bool(post, "hidden") ||
        json_get(post, "deleted_at");
}

static void report_gone(const struct parsing *p, struct str id, struct str forum)
{
    struct str whole = arena_printf(p->arena, NETWORK ":%.*s/%.*s", STR_FMT(site_of(forum)), STR_FMT(id));

    if (!whole.s || !source_page_gone(p->page, whole))
        page_skip(p->page, "post %.*s was taken back", STR_FMT(id));
}

struct mention *discourse_post_read(const struct parsing *p, const json_t *post, const json_t *topic,
                                    struct str forum)
{
    struct str id = json_id(json_get(post, "id"), p->arena);
    struct str title = json_get_text(post, "topic_title"), text;
    struct mention *m;

    if (id.len > 0 && is_taken_back(post)) {
        report_gone(p, id, forum);
        return NULL;
    }
    text = read_text(p, post, title.len > 0 ? title : json_get_text(topic, "title"));
    m = id.len > 0 && text.len > 0 && json_get_i64(post, "post_type", POST_REGULAR) == POST_REGULAR
            ? source_page_add(p->page) : NULL;
    if (!m) {
        page_skip(p->page, "post '%.*s' has no id or no text, is no regular one, or is one too many",
                  STR_FMT(id));
        return NULL;
    }
    m->network = STR(NETWORK);
    m->text = text;
    read_author(p, post, site_of(forum), &m->author);
    read_links(p, post, forum, m);
    mention_set_lang(m, json_get_text(post, "locale"));
    m->created_at_ms = json_get_time_ms(post, "created_at");
    m->edited_at_ms = json_get_i64(post, "version", 1) > 1 ? json_get_time_ms(post, "updated_at") : 0;
    m->fetched_at_ms = p->reply->received_at_ms;
    m->likes = count_likes(post);
    m->replies = json_get_i64(post, "reply_count", -1);
    m->truncated = json_get_text(post, "raw").len == 0 && json_get_text(post, "cooked").len == 0;
    return m;
}
