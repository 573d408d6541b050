/* A message of Discord as a mention. Its text holds people, channels and emoji as numbers in angle
 * brackets, which are written out as the app shows them. Embeds are previews, others' words, and count
 * only where there is nothing else: in posts of bots and webhooks. */
#include "sources/discord.h"

#define NETWORK "discord"
#define EPOCH_MS 1420070400000
#define TEXT_LIMIT (64 * 1024)
#define FLAG_CROSSPOST 2
#define REFERENCE_FORWARD 1

int64_t discord_id(const json_t *value)
{
    int64_t id = json_to_i64(value, 0);

    return id > 0 ? id : 0;
}

int64_t discord_id_time_ms(int64_t id)
{
    return (id >> 22) + EPOCH_MS;
}

int64_t discord_id_at_ms(int64_t time_ms)
{
    return time_ms > EPOCH_MS ? (time_ms - EPOCH_MS) << 22 : 1;
}

bool discord_is_message(const json_t *message)
{
    static const int64_t kinds[] = {0, 19, 20, 23};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (json_get_i64(message, "type", 0) == kinds[i])
            return true;
    }
    return false;
}

bool discord_has_content(const json_t *message)
{
    static const char *const lists[] = {"embeds", "attachments", "components", "sticker_items",
                                        "message_snapshots"};
    bool any = json_get_text(message, "content").len > 0 || json_get(message, "poll");

    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        any = any || json_array_size(json_get(message, lists[i])) > 0;
    return any;
}

/* ---- text ---------------------------------------------------------------------------------- */

/* `key` of the list's element with this id. */
static struct str name_in(const json_t *list, struct str id, const char *key)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);

        if (str_eq(json_get_text(one, "id"), id))
            return json_get_text(one, key);
    }
    return STR("");
}

/* What stands between '<' and '>': "@123", "@!123", "@&123", "#123", ":name:123", "a:name:123". False:
 * plain text. */
static bool put_reference(struct buf *out, const json_t *message, struct str inner)
{
    struct str name, id, rest;

    if (str_starts_with(inner, STR("a:")))
        inner = str_slice(inner, 1, inner.len);
    if (str_starts_with(inner, STR(":"))) {
        name = str_split(str_slice(inner, 1, inner.len), ':', &rest);
        buf_append_char(out, ':');
        buf_append_str(out, name);
        buf_append_char(out, ':');
        return rest.len > 0;
    }
    if (inner.len < 2 || (inner.s[0] != '@' && inner.s[0] != '#'))
        return false;
    buf_append_char(out, inner.s[0]);
    id = str_slice(inner, inner.s[1] == '!' || inner.s[1] == '&' ? 2 : 1, inner.len);
    name = inner.s[0] == '@' ? name_in(json_get(message, "mentions"), id, "username")
                             : name_in(json_get(message, "mention_channels"), id, "name");
    buf_append_str(out, name.len > 0 ? name : id);
    return true;
}

static void put_content(struct buf *out, const json_t *message, struct str text)
{
    while (text.len > 0) {
        size_t open = str_find(text, STR("<")), close, before;

        if (open == SIZE_MAX)
            break;
        buf_append_str(out, str_slice(text, 0, open));
        text = str_slice(text, open, text.len);
        close = str_find(str_slice(text, 0, text.len < 100 ? text.len : 100), STR(">"));
        before = out->len;
        if (close != SIZE_MAX && put_reference(out, message, str_slice(text, 1, close))) {
            text = str_slice(text, close + 1, text.len);
            continue;
        }
        out->len = before;
        buf_append_char(out, '<');
        text = str_slice(text, 1, text.len);
    }
    buf_append_str(out, text);
}

static void put_line(struct buf *out, struct str line)
{
    if (out->len > 0 && line.len > 0)
        buf_append_char(out, '\n');
    buf_append_str(out, line);
}

static struct str read_text(const struct parsing *p, const json_t *message)
{
    const json_t *snapshot = json_get(json_array_get(json_get(message, "message_snapshots"), 0), "message");
    const json_t *embeds = json_get(message, "embeds");
    struct buf out = BUF_INIT(TEXT_LIMIT);
    struct str text;

    put_content(&out, message, json_get_text(message, "content"));
    if (out.len == 0)
        put_content(&out, snapshot, json_get_text(snapshot, "content"));
    for (size_t i = 0, n = out.len; n == 0 && i < json_array_size(embeds); i++) {
        put_line(&out, json_get_text(json_array_get(embeds, i), "title"));
        put_line(&out, json_get_text(json_array_get(embeds, i), "description"));
    }
    text = arena_str(p->arena, str_trim(buf_str(&out)));
    buf_finish(&out);
    return text.s ? text : STR("");
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void read_author(const struct parsing *p, const json_t *message, struct mention_author *ret)
{
    const json_t *author = json_get(message, "author");
    struct str webhook = json_get_text(message, "webhook_id"), name = json_get_text(author, "global_name");
    int64_t id = discord_id(json_get(author, "id"));

    ret->handle = json_get_text(author, "username");
    ret->name = name.len > 0 ? name : ret->handle;
    ret->id = json_get_text(author, "id");
    if (webhook.len > 0) /* no person: any name at each post */
        ret->id = arena_printf(p->arena, "webhook:%.*s", STR_FMT(webhook));
    else if (id > 0)
        ret->created_at_ms = discord_id_time_ms(id);
}

static void read_named(const json_t *message, struct mention *m)
{
    const json_t *mentions = json_get(message, "mentions");

    for (size_t i = 0; i < json_array_size(mentions); i++) {
        mention_add_named(m, json_get_text(json_array_get(mentions, i), "username"));
        mention_add_named(m, json_get_text(json_array_get(mentions, i), "id"));
    }
}

static void read_reference(const json_t *message, struct mention *m)
{
    const json_t *reference = json_get(message, "message_reference");
    struct str id = json_get_text(reference, "message_id");

    if (json_get_i64(reference, "type", 0) == REFERENCE_FORWARD ||
        (json_get_i64(message, "flags", 0) & FLAG_CROSSPOST) != 0) {
        m->repost_of = id;
        return;
    }
    m->in_reply_to = id;
    m->in_reply_to_author = json_text(json_path(message, "referenced_message.author.username"));
}

static int64_t count_reactions(const json_t *message)
{
    const json_t *reactions = json_get(message, "reactions");
    int64_t sum = 0;

    for (size_t i = 0; i < json_array_size(reactions); i++) {
        int64_t count = json_get_i64(json_array_get(reactions, i), "count", 0);

        sum += count > 0 && count < INT32_MAX ? count : 0;
    }
    return sum;
}

struct mention *discord_message_read(const struct parsing *p, const json_t *message)
{
    const struct discord_config *config = p->src->config;
    int64_t id = discord_id(json_get(message, "id")), created_ms = json_get_time_ms(message, "timestamp");
    struct str text = read_text(p, message);
    struct mention *m;

    if (text.len == 0)
        return NULL; /* pictures, stickers */
    m = source_page_add(p->page);
    if (!m) {
        page_skip(p->page, "more than %d messages in a page", SOURCE_PAGE_MENTIONS_MAX);
        return NULL;
    }
    m->network = STR(NETWORK);
    m->id = arena_printf(p->arena, NETWORK ":%lld", (long long)id);
    m->native = arena_printf(p->arena, "%.*s/%lld", STR_FMT(config->channel), (long long)id);
    m->url = arena_printf(p->arena, "https://discord.com/channels/%.*s/%.*s/%lld", STR_FMT(config->guild),
                          STR_FMT(config->channel), (long long)id);
    m->kind = STR("post");
    m->text = text;
    read_author(p, message, &m->author);
    read_named(message, m);
    read_reference(message, m);
    m->created_at_ms = created_ms ? created_ms : discord_id_time_ms(id);
    m->edited_at_ms = json_get_time_ms(message, "edited_timestamp");
    m->fetched_at_ms = p->reply->received_at_ms;
    m->likes = count_reactions(message);
    mention_set_lang(m, STR(""));
    return m;
}
