/* Telegram: what a bot hears in the groups and channels that it was added to, by getUpdates.
 *
 * The cursor is the next update to ask for. Asking for it tells Telegram to forget those before it, so it
 * moves only with what is stored, and one token has one source: two would take each other's updates away.
 * There is no history and no word on deletions; updates wait 24 hours. The token is part of the path:
 * addresses never reach a log. */
#include <errno.h>

#include "sources/driver.h"
#include "sources/url.h"

#define NETWORK "telegram"
#define PAGE_LIMIT 100
#define CHATS_MAX 50
#define LIMITED_WAIT_MS (30 * 1000)  /* where Telegram does not say how long */
#define CONFLICT_WAIT_MS (30 * 1000) /* another program asks with this token */
#define KINDS "[\"message\",\"edited_message\",\"channel_post\",\"edited_channel_post\"]"

struct telegram_account {
    struct str api;
    struct secret token;
};

struct telegram_config {
    struct str_list chats;
    bool private_chats, everything;
};

static const struct option account_options[] = {
    {.key = "token", .kind = OPTION_SECRET, .offset = offsetof(struct telegram_account, token),
     .required = true, .help = "The bot's token from @BotFather, as 123456:ABC…"},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct telegram_account, api),
     .def = "https://api.telegram.org", .help = "Where the Bot API is."},
    {0},
};

static const struct option options[] = {
    {.key = "chats", .kind = OPTION_LIST, .offset = offsetof(struct telegram_config, chats), .max = CHATS_MAX,
     .help = "Only these groups and channels, as @name or by their number; all that the bot is in if none."},
    {.key = "private_chats", .kind = OPTION_BOOL, .offset = offsetof(struct telegram_config, private_chats),
     .help = "Also what people write to the bot alone."},
    {.key = "everything", .kind = OPTION_BOOL, .offset = offsetof(struct telegram_config, everything),
     .help = "Also messages without the brand's terms: for the brand's own groups."},
    {0},
};

static bool has_sibling(const struct source *src, const struct settings *settings)
{
    for (size_t b = 0; b < settings->n_brands; b++) {
        for (size_t s = 0; s < settings->brands[b].n_sources; s++) {
            const struct source_settings *other = &settings->brands[b].sources[s];

            if (other != src->settings && other->enabled && str_eq(other->account, src->settings->account))
                return true;
        }
    }
    return false;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct telegram_config *config = src->config;

    src->unfiltered = config->everything;
    if (!src->settings->enabled || !has_sibling(src, settings))
        return true;
    diag_error(d, settings->doc, src->settings->mark,
               "brands.%.*s.sources.%.*s: another source has the same account: Telegram gives each update "
               "once, so each needs a bot of its own", STR_FMT(src->brand), STR_FMT(src->name));
    return false;
}

static struct str host(const struct source *src, struct arena *arena)
{
    (void)src; /* there is always an account */
    return arena_str(arena, STR("api.telegram.org"));
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    const struct telegram_account *account = src->account->config;
    char *token = NULL;
    struct str text;
    struct url u;
    int code = secret_resolve(&account->token, &token, err);

    (void)now_ms;
    if (code < 0)
        return code;
    url_begin(&u, account->api, "/bot");
    buf_append_str(&u.text, str_from(token)); /* its ':' belongs there as it is */
    secret_free(token);
    buf_append_str(&u.text, STR("/getUpdates"));
    url_add_param(&u, "offset", at->low);
    url_add_i64(&u, "limit", PAGE_LIMIT);
    url_add_param(&u, "allowed_updates", STR(KINDS));
    code = url_finish(&u, arena, &text, err);
    if (code < 0)
        return code;
    request_begin_get(ret_request, "getUpdates", text);
    ret_request->http.is_path_secret = true;
    return 0;
}

/* ---- messages as mentions ------------------------------------------------------------------ */

/* "<chat>/<message>": message ids count within a chat. */
static struct str message_id(const struct parsing *p, const json_t *chat, const json_t *id)
{
    struct str number = json_id(id, p->arena), chat_id = json_id(json_get(chat, "id"), p->arena);

    return number.len && chat_id.len
               ? arena_printf(p->arena, "%.*s/%.*s", STR_FMT(chat_id), STR_FMT(number))
               : STR("");
}

/* Public chats by name; private supergroups, for their members, by the number without -100; others have
 * none. */
static struct str permalink(const struct parsing *p, const json_t *chat, const json_t *message)
{
    struct str name = json_get_text(chat, "username"), chat_id = json_id(json_get(chat, "id"), p->arena);
    struct str id = json_id(json_get(message, "message_id"), p->arena);

    if (name.len > 0)
        return arena_printf(p->arena, "https://t.me/%.*s/%.*s", STR_FMT(name), STR_FMT(id));
    if (!str_starts_with(chat_id, STR("-100")))
        return STR("");
    chat_id = str_slice(chat_id, 4, chat_id.len);
    return arena_printf(p->arena, "https://t.me/c/%.*s/%.*s", STR_FMT(chat_id), STR_FMT(id));
}

/* A channel, or an anonymous admin, writes as a chat; people as themselves. */
static void read_author(const struct parsing *p, const json_t *message, struct mention_author *ret)
{
    const json_t *chat = json_get(message, "sender_chat"), *from = chat ? chat : json_get(message, "from");
    struct str first = json_get_text(from, "first_name"), last = json_get_text(from, "last_name");

    if (!from)
        from = chat = json_get(message, "chat");
    ret->id = json_id(json_get(from, "id"), p->arena);
    ret->handle = json_get_text(from, "username");
    ret->name = chat ? json_get_text(chat, "title") : first;
    if (!chat && last.len > 0)
        ret->name = arena_printf(p->arena, "%.*s %.*s", STR_FMT(first), STR_FMT(last));
}

/* Who is spoken to without an @name in the text. */
static void read_named(const struct parsing *p, const json_t *entities, struct mention *m)
{
    for (size_t i = 0; i < json_array_size(entities); i++) {
        const json_t *user = json_get(json_array_get(entities, i), "user");

        mention_add_named(m, json_id(json_get(user, "id"), p->arena));
        mention_add_named(m, json_get_text(user, "username"));
    }
}

static void read_reply(const struct parsing *p, const json_t *message, struct mention *m)
{
    const json_t *chat = json_get(message, "chat"), *parent = json_get(message, "reply_to_message");
    int64_t thread = json_get_i64(message, "message_thread_id", 0);
    bool in_topic = json_get_bool(message, "is_topic_message");
    struct mention_author author = {.followers = -1};

    if (thread && !in_topic) /* a thread of answers; a forum's topic is none */
        m->conversation = message_id(p, chat, json_get(message, "message_thread_id"));
    if (!parent || (in_topic && json_get_i64(parent, "message_id", -1) == thread))
        return;
    m->in_reply_to = message_id(p, chat, json_get(parent, "message_id"));
    read_author(p, parent, &author);
    m->in_reply_to_author = author.handle.len > 0 ? author.handle : author.id;
}

/* Only of channels' posts is it told which they are; people's forwarded words are news here. */
static struct str forwarded_id(const struct parsing *p, const json_t *message)
{
    const json_t *origin = json_get(message, "forward_origin");

    if (origin)
        return message_id(p, json_get(origin, "chat"), json_get(origin, "message_id"));
    return message_id(p, json_get(message, "forward_from_chat"),
                      json_get(message, "forward_from_message_id"));
}

static bool is_wanted(const struct parsing *p, const json_t *chat)
{
    const struct telegram_config *config = p->src->config;
    struct str name = json_get_text(chat, "username"), id = json_id(json_get(chat, "id"), p->arena);

    if (str_eq(json_get_text(chat, "type"), STR("private")))
        return config->private_chats;
    for (size_t i = 0; i < config->chats.n; i++) {
        struct str wanted = config->chats.items[i];

        if (str_starts_with(wanted, STR("@")))
            wanted = str_slice(wanted, 1, wanted.len);
        if (str_eq(wanted, id) || (name.len > 0 && str_eq_nocase(wanted, name)))
            return true;
    }
    return config->chats.n == 0;
}

static struct str text_of(const json_t *message)
{
    struct str text = json_get_text(message, "text");

    return text.len > 0 ? text : json_get_text(message, "caption");
}

/* Seconds since 1970; 0 for what is no such number, or before 2000 (0: the message is out of reach). */
static int64_t date_ms(const json_t *message, const char *key)
{
    int64_t seconds = json_get_i64(message, key, 0);

    return seconds > 946684800 && seconds < 253402300800 ? seconds * 1000 : 0;
}

static void read_message(const struct parsing *p, const json_t *message)
{
    const json_t *chat = json_get(message, "chat");
    struct str id = message_id(p, chat, json_get(message, "message_id")), text = text_of(message);
    int64_t created_ms = date_ms(message, "date");
    struct mention *m;

    if (text.len == 0 || !is_wanted(p, chat))
        return; /* stickers, joins, other chats */
    if (p->at->low.len == 0 && created_ms < p->reply->received_at_ms - p->src->backfill_ms)
        return;
    m = id.len > 0 && created_ms > 0 ? source_page_add(p->page) : NULL;
    if (!m) {
        page_skip(p->page, "a message without chat, id or date, or one too many");
        return;
    }
    m->network = STR(NETWORK);
    m->id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(id));
    m->url = permalink(p, chat, message);
    m->kind = STR("post");
    m->text = text;
    read_author(p, message, &m->author);
    read_named(p, json_get(message, "entities"), m);
    read_named(p, json_get(message, "caption_entities"), m);
    read_reply(p, message, m);
    m->repost_of = forwarded_id(p, message);
    m->place = json_text(json_path(message, "venue.title"));
    m->created_at_ms = created_ms;
    m->edited_at_ms = date_ms(message, "edit_date");
    m->fetched_at_ms = p->reply->received_at_ms;
    m->backfill = p->at->low.len == 0;
    mention_set_lang(m, STR(""));
}

/* ---- updates ------------------------------------------------------------------------------- */

/* Kinds that we do not know are passed over, and confirmed like all others. */
static void read_updates(const struct parsing *p, const json_t *updates, int64_t *ret_newest)
{
    static const char *const kinds[] = {"message", "edited_message", "channel_post", "edited_channel_post"};

    for (size_t i = 0; i < json_array_size(updates); i++) {
        const json_t *update = json_array_get(updates, i);
        int64_t id = json_get_i64(update, "update_id", -1);

        if (id < 0 || id == INT64_MAX) {
            page_skip(p->page, "an update without update_id");
            continue;
        }
        if (id > *ret_newest)
            *ret_newest = id;
        for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
            if (json_get(update, kinds[k]))
                read_message(p, json_get(update, kinds[k]));
        }
    }
}

static const struct {
    int64_t code;
    const char *part; /* of the description; NULL: any */
    enum step_kind kind;
    int64_t wait_ms;
    const char *says;
} refusals[] = {
    {401, NULL, STEP_STOP, 0, "the token was revoked"},
    {404, NULL, STEP_STOP, 0, "this is no bot's token"},
    {409, "webhook", STEP_STOP, 0,
     "the bot has a webhook: call deleteWebhook, or give mentiond a bot of its own"},
    {409, NULL, STEP_WAIT, CONFLICT_WAIT_MS, "another program asks with this token"},
    {420, NULL, STEP_WAIT, LIMITED_WAIT_MS, "too many requests"},
    {429, NULL, STEP_WAIT, LIMITED_WAIT_MS, "too many requests"},
};

/* {"ok":false,"error_code":…,"description":…,"parameters":{"retry_after":…}}; false if it is something
 * else. */
static bool parse_refusal(const struct parsing *p, const json_t *value, struct source_step *ret_step)
{
    int64_t code = json_get_i64(value, "error_code", 0), wait_s;
    struct str said = str_cut_utf8(json_get_text(value, "description"), 200);

    wait_s = json_to_i64(json_path(value, "parameters.retry_after"), 0);
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        if (code != refusals[i].code ||
            (refusals[i].part && str_find(said, str_from(refusals[i].part)) == SIZE_MAX))
            continue;
        step_fail(ret_step, refusals[i].kind,
                  arena_printf(p->arena, "%s (%.*s)", refusals[i].says, STR_FMT(said)));
        ret_step->wait_ms = wait_s > 0 && wait_s < 86400 ? wait_s * 1000 : refusals[i].wait_ms;
        return true;
    }
    return false;
}

static bool is_json(struct str body)
{
    return str_starts_with(str_trim(body), STR("{"));
}

static int parse(const struct source *src, const struct source_cursor *at,
                 const struct source_reply *reply, struct source_page *page, struct source_step *ret_step,
                 struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    const json_t *updates;
    json_t *value = NULL;
    int64_t newest = -1;
    int code = is_json(reply->body) ? parsing_load(&p, &value, err) : 0;

    if (code == 0 && value && parse_refusal(&p, value, ret_step))
        return 0;
    if (source_step_for_status(reply, page->arena, ret_step))
        return 0;
    updates = json_get(value, "result");
    if (code < 0 || !json_is_array(updates))
        return code < 0 ? code : error_set(err, -EBADMSG, "an answer without updates");
    read_updates(&p, updates, &newest);
    step_done(ret_step, newest >= 0 ? cursor_from_i64(p.arena, newest + 1) : at->low);
    if (newest >= 0 && !str_eq(ret_step->cursor.low, at->low))
        ret_step->kind = STEP_PAGE; /* until nothing comes: pages may be shorter than asked for */
    return 0;
}

const struct source_driver source_telegram = {
    .name = "telegram",
    .help = "What a bot hears in its groups and channels.",
    .options = options,
    .config_size = sizeof(struct telegram_config),
    .account_options = account_options,
    .account_size = sizeof(struct telegram_account),
    .needs_account = true,
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 15 * 1000,
    .interval_min_ms = 5 * 1000,
    .max_pages = 100,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};
