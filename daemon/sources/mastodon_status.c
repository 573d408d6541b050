/* The Status entity of Mastodon, GoToSocial, snac, Pleroma as a mention. Everything but id, account
 * and content may be missing, and only public text is taken: `private` and `direct` posts become
 * mentions only where they are asked for. */
#include "sources/mastodon_status.h"

#include "mentiond/text.h"

#define NETWORK "mastodon"
#define LINE_MAX_LEN 4000

/* "user@host": local accounts are listed without their host. */
static struct str qualified(struct arena *arena, struct str acct, struct str server)
{
    if (acct.len == 0 || str_find(acct, STR("@")) != SIZE_MAX)
        return acct;
    return arena_printf(arena, "%.*s@%.*s", STR_FMT(acct), STR_FMT(server));
}

static struct str first_of(struct str a, struct str b)
{
    return a.len > 0 ? a : b;
}

static void read_author(const struct parsing *p, const json_t *account, struct str server,
                        struct mention_author *ret)
{
    ret->handle = qualified(p->arena, first_of(json_get_text(account, "acct"),
                                               json_get_text(account, "username")), server);
    ret->id = first_of(json_get_text(account, "uri"), json_get_text(account, "url"));
    if (ret->id.len == 0)
        ret->id = ret->handle;
    ret->name = first_of(json_get_text(account, "display_name"), json_get_text(account, "username"));
    ret->followers = json_get_i64(account, "followers_count", -1);
    ret->created_at_ms = json_get_time_ms(account, "created_at");
}

/* Who is spoken to, and whose post is answered, from the list of mentioned accounts. */
static void read_named(const struct parsing *p, const json_t *status, struct str server, struct mention *m)
{
    const json_t *mentions = json_get(status, "mentions");
    struct str parent = json_get_text(status, "in_reply_to_account_id");

    for (size_t i = 0; i < json_array_size(mentions); i++) {
        const json_t *one = json_array_get(mentions, i);
        struct str handle = qualified(p->arena, json_get_text(one, "acct"), server);

        mention_add_named(m, handle);
        if (parent.len > 0 && str_eq(parent, json_get_text(one, "id")))
            m->in_reply_to_author = handle;
    }
    if (parent.len > 0 && str_eq(parent, json_get_text(json_get(status, "account"), "id")))
        m->in_reply_to_author = m->author.handle;
}

static void add_lines(struct buf *out, const json_t *list, const char *key)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct str line = str_cut_utf8(json_get_text(json_array_get(list, i), key), LINE_MAX_LEN);

        if (out->len > 0 && line.len > 0)
            buf_append_char(out, '\n');
        buf_append_str(out, line);
    }
}

/* Where nothing is written: what the pictures show, as their author says, and what a poll asks. */
static struct str read_attachments(const struct parsing *p, const json_t *status)
{
    struct buf out = BUF_INIT(256 * 1024);
    struct str text;

    add_lines(&out, json_get(status, "media_attachments"), "description");
    add_lines(&out, json_path(status, "poll.options"), "title");
    text = arena_str(p->arena, buf_str(&out));
    buf_finish(&out);
    return text.s ? text : STR("");
}

/* A content warning is what the author says first. */
static struct str read_text(const struct parsing *p, const json_t *status)
{
    struct str warning = json_get_text(status, "spoiler_text");
    struct str text = html_to_text(json_get_text(status, "content"), p->arena);

    if (text.len == 0)
        text = read_attachments(p, status);
    if (warning.len == 0)
        return text;
    warning = html_to_text(warning, p->arena);
    text = arena_printf(p->arena, "%.*s%s%.*s", STR_FMT(warning), text.len ? "\n\n" : "", STR_FMT(text));
    return text.s ? text : STR("");
}

static bool is_public(const json_t *status)
{
    struct str visibility = json_get_text(status, "visibility");

    return visibility.len == 0 || str_eq(visibility, STR("public")) || str_eq(visibility, STR("unlisted"));
}

static void read_links(const struct parsing *p, const json_t *status, const json_t *post, struct str server,
                       struct mention *m)
{
    struct str local = json_get_text(status, "id"), parent = json_get_text(post, "in_reply_to_id");
    struct str uri = first_of(json_get_text(status, "uri"), json_get_text(status, "url"));

    m->native = arena_printf(p->arena, "%.*s/%.*s", STR_FMT(server), STR_FMT(local));
    m->id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(first_of(uri, m->native)));
    m->url = first_of(json_get_text(post, "url"), json_get_text(post, "uri"));
    if (post != status)
        m->repost_of = first_of(json_get_text(post, "uri"), json_get_text(post, "url"));
    if (parent.len > 0)
        m->in_reply_to = arena_printf(p->arena, "native:%.*s/%.*s", STR_FMT(server), STR_FMT(parent));
}

struct mention *mastodon_status_read(const struct parsing *p, const json_t *status, struct str server,
                                     bool with_private)
{
    const json_t *boosted = json_get(status, "reblog"), *post = boosted ? boosted : status;
    struct str local = json_get_text(status, "id");
    struct mention *m;

    if (local.len == 0 || !json_is_object(json_get(status, "account")) ||
        !json_is_string(json_get(post, "content"))) {
        page_skip(p->page, "a status without id, account or content");
        return NULL;
    }
    if (!with_private && (!is_public(status) || !is_public(post))) {
        page_skip(p->page, "status %.*s is not public", STR_FMT(local));
        return NULL;
    }
    m = source_page_add(p->page);
    if (!m) {
        page_skip(p->page, "more than %d statuses in a page", SOURCE_PAGE_MENTIONS_MAX);
        return NULL;
    }
    m->network = STR(NETWORK);
    m->kind = STR("post");
    read_author(p, json_get(status, "account"), server, &m->author);
    read_links(p, status, post, server, m);
    read_named(p, post, server, m);
    m->text = read_text(p, post);
    mention_set_lang(m, json_get_text(post, "language"));
    m->created_at_ms = json_get_time_ms(status, "created_at");
    m->edited_at_ms = json_get_time_ms(post, "edited_at");
    m->fetched_at_ms = p->reply->received_at_ms;
    m->likes = json_get_i64(post, "favourites_count", -1);
    m->shares = json_get_i64(post, "reblogs_count", -1);
    m->replies = json_get_i64(post, "replies_count", -1);
    m->sensitive = json_get_bool(post, "sensitive");
    return m;
}
