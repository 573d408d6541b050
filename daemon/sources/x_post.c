/* A post of X as a mention, in both dialects of field names.
 *
 * Absent values are left out or null. Author, place and the reposted original are in `includes`, or not at
 * all (suspended, protected): the mention is kept without them. Text is escaped once for &, < and >; its t.co
 * links become the addresses they stand for, found by their text, as the offsets' unit is not told. Each edit
 * is a post with a new id: the mention's id is the first of the chain. */
#include "mentiond/text.h"
#include "sources/x.h"

#define NETWORK "x"
#define TEXT_LIMIT (64 * 1024)
#define LINK "https://t.co/"

const json_t *x_get(const json_t *object, const char *tweet_name, const char *post_name)
{
    const json_t *value = json_get(object, tweet_name);

    return value ? value : json_get(object, post_name);
}

static const json_t *find_by_id(const json_t *list, struct str id)
{
    for (size_t i = 0; id.len > 0 && i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        if (str_eq(json_get_text(one, "id"), id))
            return one;
    }
    return NULL;
}

/* ---- references ---------------------------------------------------------------------------- */

struct references {
    struct str replied_to, reposted;
};

static struct references read_references(const json_t *post)
{
    const json_t *list = x_get(post, "referenced_tweets", "referenced_posts");
    struct references r = {0};

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        struct str type = json_get_text(one, "type");

        if (str_eq(type, STR("replied_to")))
            r.replied_to = json_get_text(one, "id");
        else if (str_eq(type, STR("retweeted")) || str_eq(type, STR("reposted")))
            r.reposted = json_get_text(one, "id");
    }
    return r;
}

/* ---- text ---------------------------------------------------------------------------------- */

static struct str expanded(const json_t *urls, struct str link)
{
    for (size_t i = 0; i < json_array_size(urls); i++) {
        const json_t *one = json_array_get(urls, i);
        struct str full = json_get_text(one, "unwound_url");

        if (!str_eq(json_get_text(one, "url"), link))
            continue;
        full = full.len > 0 ? full : json_get_text(one, "expanded_url");
        return full.len > 0 ? full : link;
    }
    return link;
}

static size_t link_end(struct str text, size_t at)
{
    while (at < text.len &&
           ((text.s[at] >= 'a' && text.s[at] <= 'z') || (text.s[at] >= 'A' && text.s[at] <= 'Z') ||
            (text.s[at] >= '0' && text.s[at] <= '9')))
        at++;
    return at;
}

static void append_expanded(struct buf *out, struct str text, const json_t *urls)
{
    size_t at;

    while ((at = str_find(text, STR(LINK))) != SIZE_MAX) {
        size_t end = link_end(text, at + strlen(LINK));

        text_unescape(str_slice(text, 0, at), out);
        buf_append_str(out, expanded(urls, str_slice(text, at, end)));
        text = str_slice(text, end, text.len);
    }
    text_unescape(text, out);
}

/* The whole text where the post is longer than its short form. */
static struct str read_text(const struct parsing *p, const json_t *post)
{
    const json_t *note = x_get(post, "note_tweet", "note_post"), *entities = json_get(note, "entities");
    struct str text = json_get_text(note, "text"), copy;
    struct buf out = BUF_INIT(TEXT_LIMIT);

    if (text.len == 0)
        text = json_get_text(post, "text");
    append_expanded(&out, text, json_get(entities ? entities : json_get(post, "entities"), "urls"));
    copy = out.failed ? text : arena_str(p->arena, buf_str(&out));
    buf_finish(&out);
    return copy.s ? copy : STR("");
}

/* Tags of no language (und, qme, zxx, art) count as not told; two of X's are old ones. */
static struct str read_lang(const json_t *post)
{
    static const struct {
        const char *told, *lang;
    } odd[] = {{"und", ""}, {"zxx", ""}, {"art", ""}, {"iw", "he"}, {"in", "id"}};
    struct str lang = json_get_text(post, "lang");

    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        if (str_eq(lang, str_from(odd[i].told)))
            return str_from(odd[i].lang);
    }
    return lang.len == 3 && lang.s[0] == 'q' ? STR("") : lang;
}

/* ---- people and places --------------------------------------------------------------------- */

/* The blue tick is for sale and says nothing about who somebody is. */
static bool is_verified(const json_t *user)
{
    struct str type = json_get_text(user, "verified_type");

    if (type.len == 0)
        return json_get_bool(user, "verified");
    return str_eq(type, STR("government")) || str_eq(type, STR("business"));
}

static void read_author(const struct parsing *p, const json_t *post, const json_t *users,
                        struct mention_author *ret)
{
    const json_t *user;

    ret->id = json_get_text(post, "author_id");
    user = find_by_id(users, ret->id);
    ret->handle = json_get_text(user, "username");
    ret->name = json_get_text(user, "name");
    ret->location = json_get_text(user, "location");
    ret->followers = json_get_i64(json_get(user, "public_metrics"), "followers_count", -1);
    ret->created_at_ms = json_get_time_ms(user, "created_at");
    ret->verified = is_verified(user);
    if (ret->id.len == 0) /* not told: somebody else each time */
        ret->id = arena_printf(p->arena, "of-%.*s", STR_FMT(json_id(json_get(post, "id"), p->arena)));
}

static void read_named(const json_t *post, const json_t *users, struct mention *m)
{
    const json_t *list = json_path(post, "entities.mentions");
    struct str answered = json_get_text(post, "in_reply_to_user_id");
    struct str handle = json_get_text(find_by_id(users, answered), "username");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        mention_add_named(m, json_get_text(one, "username"));
        mention_add_named(m, json_get_text(one, "id"));
    }
    m->in_reply_to_author = handle.len > 0 ? handle : answered;
    mention_add_named(m, handle);
    mention_add_named(m, answered);
}

/* ---- the post ------------------------------------------------------------------------------ */

static void read_links(const struct parsing *p, const json_t *post, struct str id, struct mention *m)
{
    struct str first =
        json_text(json_array_get(x_get(post, "edit_history_tweet_ids", "edit_history_post_ids"), 0));
    struct references r = read_references(post);

    first = first.len > 0 ? first : id;
    m->id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(first));
    m->native = str_eq(first, id) ? STR("") : id;
    m->url =
        m->author.handle.len > 0
            ? arena_printf(p->arena, "https://x.com/%.*s/status/%.*s", STR_FMT(m->author.handle), STR_FMT(id))
            : arena_printf(p->arena, "https://x.com/i/web/status/%.*s", STR_FMT(id));
    m->conversation = json_get_text(post, "conversation_id");
    m->in_reply_to = r.replied_to;
    m->repost_of = r.reposted;
}

static void read_times(const struct parsing *p, const json_t *post, struct str id, struct mention *m)
{
    int64_t first = 0, number = 0;

    m->created_at_ms = json_get_time_ms(post, "created_at");
    m->fetched_at_ms = p->reply->received_at_ms;
    if (!str_to_i64(id, 1, INT64_MAX, &number))
        return;
    if (m->created_at_ms == 0)
        m->created_at_ms = x_id_time_ms(number);
    if (m->native.len > 0 &&
        str_to_i64(str_slice(m->id, strlen(NETWORK ":"), m->id.len), 1, number, &first)) {
        m->edited_at_ms = m->created_at_ms;
        m->created_at_ms = x_id_time_ms(first);
    }
}

static void read_counts(const json_t *post, struct mention *m)
{
    const json_t *metrics = json_get(post, "public_metrics");

    m->likes = json_get_i64(metrics, "like_count", -1);
    m->replies = json_get_i64(metrics, "reply_count", -1);
    m->shares = json_to_i64(x_get(metrics, "retweet_count", "repost_count"), -1);
}

struct mention *x_post_read(const struct parsing *p, const json_t *post, const json_t *includes)
{
    struct str id = json_id(json_get(post, "id"), p->arena);
    const json_t *original, *users = json_get(includes, "users");
    struct mention *m =
        id.len > 0 && json_is_string(json_get(post, "text")) ? source_page_add(p->page) : NULL;

    if (!m) {
        page_skip(p->page, "post '%.*s' has no id or no text, or is one too many", STR_FMT(id));
        return NULL;
    }
    m->network = STR(NETWORK);
    m->kind = STR("post");
    read_author(p, post, users, &m->author);
    read_links(p, post, id, m);
    read_times(p, post, id, m);
    read_named(post, users, m);
    read_counts(post, m);
    original = find_by_id(x_get(includes, "tweets", "posts"), m->repost_of); /* a repost's own text is cut */
    m->text = read_text(p, original ? original : post);
    mention_set_lang(m, read_lang(post));
    m->place = json_get_text(
        find_by_id(json_get(includes, "places"), json_text(json_path(post, "geo.place_id"))), "full_name");
    m->sensitive = json_get_bool(post, "possibly_sensitive");
    return m;
}
