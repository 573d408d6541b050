/* Ids are strings whatever they look like. Text is plain. Authors are a `from` of id and name, or a
 * `username`, or not told at all: then each post has its own, rather than all one. */
#include "sources/graph_post.h"

static void read_author(const json_t *post, struct str own_id, struct mention_author *ret)
{
    const json_t *from = json_get(post, "from");
    struct str username = json_get_text(post, "username");

    if (username.len == 0)
        username = json_get_text(from, "username");
    ret->id = json_get_text(from, "id");
    ret->name = json_get_text(from, "name");
    ret->handle = username.len > 0 ? username : ret->name;
    if (ret->id.len == 0)
        ret->id = ret->handle;
    if (ret->id.len == 0)
        ret->id = own_id;
    ret->verified = json_get_bool(post, "is_verified");
}

static int64_t count_at(const json_t *post, const char *path)
{
    return path ? json_to_i64(json_path(post, path), -1) : -1;
}

struct mention *graph_post_read(const struct parsing *p, const json_t *post, const struct graph_shape *shape)
{
    struct str id = json_id(json_get(post, "id"), p->arena), text = json_get_text(post, shape->text);
    struct mention *m;

    if (text.len == 0 && shape->text_else)
        text = json_get_text(post, shape->text_else);
    m = id.len > 0 && text.len > 0 ? source_page_add(p->page) : NULL;
    if (!m) {
        page_skip(p->page, "%s '%.*s' has no id or no text, or is one too many", shape->kind, STR_FMT(id));
        return NULL;
    }
    m->network = str_from(shape->network);
    m->id = arena_printf(p->arena, "%s:%.*s", shape->network, STR_FMT(id));
    m->kind = str_from(shape->kind);
    m->url = json_get_text(post, shape->url);
    m->text = text;
    read_author(post, id, &m->author);
    m->created_at_ms = json_get_time_ms(post, shape->time);
    m->fetched_at_ms = p->reply->received_at_ms;
    m->likes = count_at(post, shape->likes);
    m->replies = count_at(post, shape->replies);
    m->backfill = p->at->low.len == 0;
    mention_set_lang(m, STR(""));
    return m;
}

bool graph_comments_are_cut(const struct parsing *p, const json_t *comments, const char *time)
{
    const json_t *data = json_get(comments, "data");
    int64_t low_ms = cursor_i64(p->at->low, 0);

    if (low_ms == 0 || json_get_text(json_get(comments, "paging"), "next").len == 0)
        return false;
    for (size_t i = 0; i < json_array_size(data); i++) {
        if (json_get_time_ms(json_array_get(data, i), time) < low_ms)
            return false;
    }
    return true;
}
