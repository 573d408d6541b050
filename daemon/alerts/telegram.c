/* Telegram's Bot API: sendMessage in HTML, previews off.
 *
 * A text holds 4,096 UTF-16 units after its tags and entities are resolved. Two refusals are answered at
 * once: markup that Telegram cannot read is sent again as plain text, and a group that became a supergroup
 * has another id, which the reply tells. The memo remembers either: "plain", or "chat" and the id. The token
 * is part of the path. */
#include "alerts/channel.h"
#include "alerts/compose.h"

#define TEXT_MAX 4096
#define CHAT_MAX 64

struct telegram_config {
    struct secret token;
    struct str chat;
    int64_t thread;
    bool silent;
    struct str api;
};

#define AT(field) .offset = offsetof(struct telegram_config, field)

static const struct option options[] = {
    {"token", OPTION_SECRET, AT(token), .required = true, .help = "Of the bot, from @BotFather."},
    {"chat", OPTION_STRING, AT(chat), .required = true, .min = 2, .max = CHAT_MAX,
     .help = "The chat's number, such as -1001234567890, or @name of a public channel."},
    {"thread", OPTION_INT, AT(thread), .min = 0, .max = INT32_MAX, .help = "A topic of a forum group."},
    {"silent", OPTION_BOOL, AT(silent), .def = "false", .help = "Without a sound."},
    {"api", OPTION_URL, AT(api), .def = "https://api.telegram.org",
     .help = "Of a Bot API server of your own."},
    {0},
};

static bool is_number(struct str text)
{
    int64_t number;

    return str_to_i64(text, INT64_MIN, INT64_MAX, &number);
}

static bool check(struct alert_target *target, const struct settings *settings, struct diag *d)
{
    const struct telegram_config *config = target->config;

    if (is_number(config->chat) || config->chat.s[0] == '@')
        return true;
    diag_error(d, settings->doc, target->mark,
               "alerts.channels.%.*s.chat: wanted: the chat's number, or @name", STR_FMT(target->name));
    return false;
}

/* ---- the message --------------------------------------------------------------------------- */

static struct str make_text(const struct alert_notice *notice, const struct markup *markup,
                            struct arena *arena)
{
    const struct compose c = {markup, ALERT_UTF16, 1};
    struct str title = compose_title(&c, notice, arena);
    struct buf b = BUF_INIT(ALERT_BODY_MAX);

    buf_printf(&b, "%.*s%.*s%.*s\n", STR_FMT(markup->bold), STR_FMT(title), STR_FMT(markup->bold_end));
    if (markup == &markup_plain) /* its addresses count; those of tags do not */
        buf_append_str(&b, compose_fit(markup, ALERT_UTF16, TEXT_MAX - alert_length(title, ALERT_UTF16) - 1,
                                       notice, arena));
    else
        compose_rest(&c, notice, &b, arena);
    return str_trim(compose_take(&b, arena));
}

/* A remembered chat, else the configured one. */
static struct str chat_of(const struct telegram_config *config, struct str memo)
{
    struct str chat = str_starts_with(memo, STR("chat ")) ? str_slice(memo, 5, memo.len) : STR("");

    return is_number(chat) ? chat : config->chat;
}

static void put_message(const struct telegram_config *config, const struct alert_notice *notice,
                        struct str memo, struct buf *b, struct arena *arena)
{
    bool plain = str_eq(memo, STR("plain"));

    buf_append_str(b, STR("{\"chat_id\":"));
    buf_append_json(b, chat_of(config, memo));
    buf_append_str(b, STR(",\"text\":"));
    buf_append_json(b, make_text(notice, plain ? &markup_plain : &markup_html, arena));
    buf_append_str(b, plain ? STR("") : STR(",\"parse_mode\":\"HTML\""));
    buf_append_str(b, STR(",\"link_preview_options\":{\"is_disabled\":true}"));
    if (config->thread)
        buf_printf(b, ",\"message_thread_id\":%lld", (long long)config->thread);
    buf_append_str(b, config->silent ? STR(",\"disable_notification\":true}") : STR("}"));
}

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct telegram_config *config = target->config;
    struct buf b = BUF_INIT(ALERT_BODY_MAX);
    struct str token, url;
    int code = secret_text(&config->token, arena, &token, err);

    (void)now_ms;
    if (code < 0)
        return error_prefix(err, code, "token");
    url = arena_printf(arena, "%.*s/bot%.*s/sendMessage", STR_FMT(base_url(config->api)), STR_FMT(token));
    put_message(config, notice, memo, &b, arena);
    return request_post_json(ret_request, url, &b, arena, err);
}

/* ---- the answer ---------------------------------------------------------------------------- */

static const struct reply_rule rules[] = {
    {400, "Bad Request: can't parse entities", ALERT_AGAIN},
    {400, "Bad Request: chat not found", ALERT_BROKEN},
    {400, "Bad Request: message thread not found", ALERT_BROKEN},
    {400, "Bad Request: not enough rights", ALERT_BROKEN},
    {400, "Bad Request: need administrator rights", ALERT_BROKEN},
    {400, "Bad Request: CHAT_", ALERT_BROKEN}, /* CHAT_WRITE_FORBIDDEN, CHAT_RESTRICTED, … */
    {400, "Bad Request: TOPIC_", ALERT_BROKEN},
    {0},
};

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    const json_t *body = reply_json(reply, arena);
    int64_t moved_to = json_to_i64(json_path(body, "parameters.migrate_to_chat_id"), 0);

    (void)target;
    (void)notice;
    if (outcome_by_status(reply, arena, ret_outcome)) {
        if (!json_get_bool(body, "ok"))
            outcome_refuse_body(reply, arena, ret_outcome);
        return;
    }
    outcome_by_rules(reply, body, "description", rules, ret_outcome);
    outcome_wait_field(body, "parameters.retry_after", 1000, ret_outcome);
    if (ret_outcome->verdict == ALERT_AGAIN)
        ret_outcome->memo = STR("plain");
    if (reply->http->status == 400 && moved_to) {
        ret_outcome->verdict = ALERT_AGAIN;
        ret_outcome->memo = arena_printf(arena, "chat %lld", (long long)moved_to);
        ret_outcome->reason =
            arena_printf(arena, "the group is a supergroup now, chat %lld", (long long)moved_to);
    }
}

const struct alert_channel alert_telegram = {
    .name = "telegram",
    .help = "A chat, group or channel of Telegram, by a bot.",
    .options = options,
    .config_size = sizeof(struct telegram_config),
    .burst = 3,
    .per_minute = 17,
    .check = check,
    .prepare = prepare,
    .judge = judge,
};
