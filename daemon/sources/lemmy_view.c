/* The views of Lemmy 0.18, 0.19 and, as far as they are known, 1.0 as mentions. Text is Markdown. Members
 * that are not set are left out; 0.18 tells times without a zone, which are UTC; 1.0 moved counts into the
 * item and renamed some. */
#include "sources/lemmy.h"
#include "sources/markdown.h"
#include "sources/url.h"

#define NETWORK "lemmy"
#define ERASED "*Permanently Deleted*"

const json_t *lemmy_view_item(const json_t *view)
{
    const json_t *comment = json_get(view, "comment");

    return comment ? comment : json_get(view, "post");
}

static int64_t time_of(const json_t *item, const char *name, const char *later_name)
{
    int64_t time_ms = json_get_time_ms(item, name);

    return time_ms ? time_ms : json_get_time_ms(item, later_name);
}

int64_t lemmy_item_time_ms(const json_t *item)
{
    return time_of(item, "published", "published_at");
}

static int64_t count_of(const json_t *view, const json_t *item, const char *name)
{
    return json_get_i64(json_get(view, "counts"), name, json_get_i64(item, name, -1));
}

/* ---- people -------------------------------------------------------------------------------- */

static struct str actor_of(const json_t *person)
{
    struct str actor = json_get_text(person, "actor_id");

    return actor.len > 0 ? actor : json_get_text(person, "ap_id");
}

/* "name@host" */
static struct str handle_of(const struct parsing *p, const json_t *person)
{
    struct str name = json_get_text(person, "name"), host = url_authority(actor_of(person));

    return host.len > 0 && name.len > 0 ? arena_printf(p->arena, "%.*s@%.*s", STR_FMT(name), STR_FMT(host))
                                        : name;
}

static void read_author(const struct parsing *p, const json_t *person, struct mention_author *ret)
{
    struct str shown = json_get_text(person, "display_name");

    ret->handle = handle_of(p, person);
    ret->id = actor_of(person);
    if (ret->id.len == 0)
        ret->id = ret->handle;
    ret->name = shown.len > 0 ? shown : json_get_text(person, "name");
    ret->created_at_ms = lemmy_item_time_ms(person);
}

/* ---- text and links ------------------------------------------------------------------------ */

/* What is nothing but a quote is taken as it is. */
static struct str plain(const struct parsing *p, struct str markdown)
{
    struct str text = markdown_to_text(markdown, p->arena);

    return text.len > 0 ? text : markdown;
}

static struct str read_text(const struct parsing *p, const json_t *item, bool comment)
{
    struct str title = json_get_text(item, "name"), body, link = json_get_text(item, "url"), text;

    if (comment)
        return plain(p, json_get_text(item, "content"));
    body = plain(p, json_get_text(item, "body"));
    text = arena_printf(p->arena, "%.*s%s%.*s%s%.*s", STR_FMT(title), body.len ? "\n\n" : "", STR_FMT(body),
                        link.len ? "\n" : "", STR_FMT(link));
    return text.s ? text : STR("");
}

/* The id before the last of "0.12.15"; "" if that is the post. */
static struct str parent_of(struct str path)
{
    struct str parent = {0}, part = {0};

    while (path.len > 0) {
        parent = part;
        part = str_split(path, '.', &path);
    }
    return str_eq(parent, STR("0")) ? STR("") : parent;
}

static void read_links(const struct parsing *p, const json_t *view, const json_t *item, bool comment,
                       struct str server, struct mention *m)
{
    struct str id = json_id(json_get(item, "id"), p->arena), parent;
    struct str post = json_get_text(json_get(view, "post"), "ap_id");
    const char *kind = comment ? "comment" : "post";

    m->url = json_get_text(item, "ap_id");
    m->native = arena_printf(p->arena, "%.*s/%s/%.*s", STR_FMT(server), kind, STR_FMT(id));
    m->id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(m->url));
    m->kind = str_from(kind);
    m->conversation = post;
    if (!comment)
        return;
    parent = parent_of(json_get_text(item, "path"));
    m->in_reply_to = parent.len > 0 ? arena_printf(p->arena, "native:%.*s/comment/%.*s", STR_FMT(server),
                                                   STR_FMT(parent))
                                    : post;
}

/* ---- the view ------------------------------------------------------------------------------ */

static bool is_gone(const json_t *item, bool comment)
{
    return json_get_bool(item, "deleted") || json_get_bool(item, "removed") ||
           str_eq(json_get_text(item, comment ? "content" : "name"), STR(ERASED));
}

struct mention *lemmy_view_read(const struct parsing *p, const json_t *view, struct str server)
{
    const json_t *item = lemmy_view_item(view), *creator = json_get(view, "creator");
    bool comment = item && item == json_get(view, "comment");
    struct str ap_id = json_get_text(item, "ap_id"), text;
    struct mention *m;

    if (ap_id.len > 0 && is_gone(item, comment)) {
        struct str id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(ap_id));

        if (!id.s || !source_page_gone(p->page, id))
            page_skip(p->page, "%.*s was deleted", STR_FMT(ap_id));
        return NULL;
    }
    text = read_text(p, item, comment);
    m = ap_id.len > 0 && text.len > 0 && json_get_text(creator, "name").len > 0 ? source_page_add(p->page)
                                                                                : NULL;
    if (!m) {
        page_skip(p->page, "'%.*s' has no address, text or author, or is one too many", STR_FMT(ap_id));
        return NULL;
    }
    m->network = STR(NETWORK);
    m->text = text;
    read_author(p, creator, &m->author);
    read_links(p, view, item, comment, server, m);
    mention_add_named(m, handle_of(p, json_get(view, "recipient")));
    m->created_at_ms = lemmy_item_time_ms(item);
    m->edited_at_ms = time_of(item, "updated", "updated_at");
    m->fetched_at_ms = p->reply->received_at_ms;
    m->likes = count_of(view, item, "upvotes");
    m->replies = count_of(view, item, comment ? "child_count" : "comments");
    m->sensitive = json_get_bool(json_get(view, "post"), "nsfw");
    mention_set_lang(m, STR(""));
    return m;
}
