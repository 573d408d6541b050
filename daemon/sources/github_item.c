/* Items of GitHub's REST and GraphQL APIs as mentions. `updated_at` moves with every label and comment,
 * so it tells an edit of a comment only, never of an issue. Deleted accounts are null or "ghost". */
#include "sources/github_item.h"

#include "sources/markdown.h"
#include "sources/url.h"

#define NETWORK "github"

const struct github_shape github_rest = {
    "node_id", "html_url", "user", "body", "created_at", "updated_at", false,
};
const struct github_shape github_graphql = {
    "id", "url", "author", "body", "createdAt", "updatedAt", true,
};

/* Comments know their thread by its API address only: ".../repos/o/r/issues/7" is "o/r#7" for comment and
 * issue alike; discussions have numbers of the same row. */
static struct str thread_of(const struct parsing *p, const json_t *item, bool is_comment)
{
    struct str url = json_get_text(item, is_comment ? "issue_url" : "repository_url"), repo, number;
    size_t at = str_find(url, STR("/repos/"));

    repo = at == SIZE_MAX ? json_get_text(json_get(item, "repository"), "nameWithOwner")
                          : str_slice(url, at + strlen("/repos/"), url.len);
    number = json_id(json_get(item, "number"), p->arena);
    if (is_comment) {
        at = str_find(repo, STR("/issues/"));
        number = at == SIZE_MAX ? STR("") : str_slice(repo, at + strlen("/issues/"), repo.len);
        repo = str_slice(repo, 0, at == SIZE_MAX ? 0 : at);
    }
    if (repo.len == 0 || number.len == 0)
        return STR("");
    return arena_printf(p->arena, "%.*s#%.*s", STR_FMT(repo), STR_FMT(number));
}

static struct str read_text(const struct parsing *p, const json_t *item, const struct github_shape *shape)
{
    struct str title = json_get_text(item, "title");
    struct str body = markdown_to_text(json_get_text(item, shape->body), p->arena), text;

    if (title.len == 0)
        return body;
    text = arena_printf(p->arena, "%.*s%s%.*s", STR_FMT(title), body.len ? "\n\n" : "", STR_FMT(body));
    return text.s ? text : STR("");
}

static void read_author(const struct parsing *p, const json_t *author, struct mention_author *ret)
{
    struct str login = json_get_text(author, "login");
    struct str id = json_id(json_get(author, author && json_get(author, "databaseId") ? "databaseId" : "id"),
                            p->arena);

    if (login.len == 0 || str_eq(login, STR("ghost"))) {
        ret->id = STR("[deleted]");
        return;
    }
    ret->id = id.len > 0 ? id : login;
    ret->handle = ret->name = login;
}

static int64_t read_count(const json_t *value)
{
    int64_t total = json_get_i64(value, "total_count", json_get_i64(value, "totalCount", -1));

    return json_is_object(value) ? total : json_to_i64(value, -1);
}

static int64_t read_likes(const json_t *item)
{
    return json_get(item, "upvoteCount") ? json_get_i64(item, "upvoteCount", -1)
        : read_count(json_get(item, "reactions"));
}

struct mention *github_item_read(const struct parsing *p, const json_t *item,
                                 const struct github_shape *shape)
{
    struct str id = json_get_text(item, shape->id), text;
    bool is_comment = json_get_text(item, "issue_url").len > 0;
    struct mention *m;

    if (id.len == 0)
        id = json_id(json_get(item, "id"), p->arena);
    text = read_text(p, item, shape);
    m = id.len > 0 && text.len > 0 ? source_page_add(p->page) : NULL;
    if (!m) {
        page_skip(p->page, "item '%.*s' has no id or no text, or is one too many", STR_FMT(id));
        return NULL;
    }
    m->network = STR(NETWORK);
    m->id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(id));
    m->kind = is_comment ? STR("comment") : STR("post");
    m->url = json_get_text(item, shape->url);
    m->text = text;
    read_author(p, json_get(item, shape->author), &m->author);
    m->conversation = thread_of(p, item, is_comment);
    m->created_at_ms = json_get_time_ms(item, shape->created_at);
    m->fetched_at_ms = p->reply->received_at_ms;
    if (is_comment && json_get_time_ms(item, shape->updated_at) > m->created_at_ms)
        m->edited_at_ms = json_get_time_ms(item, shape->updated_at);
    m->likes = read_likes(item);
    m->replies = is_comment ? -1 : read_count(json_get(item, "comments"));
    mention_set_lang(m, STR(""));
    return m;
}
