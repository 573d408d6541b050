/* Discord's webhooks: one embed a notice, and on request one message an outage that is edited as it goes on.
 *
 * `wait=true` makes Discord answer with the message, so that a failure to keep it is seen and its id can be
 * remembered. allowed_mentions with an empty `parse` lets nothing ping, whatever is written. Limits
 * (discord/discord-api-docs): title 256, description 4,096, and 6,000 of all embeds together; counted in
 * UTF-16, the strictest reading. What is answered with 401, 403 or 404 is not tried again: 10,000 such
 * replies in ten minutes shut out the whole address. */
#include "alerts/channel.h"
#include "alerts/compose.h"

#define DESCRIPTION_MAX 4096
#define ID_MAX 20 /* digits of a snowflake */

struct discord_config {
    struct secret url;
    struct str thread;
    bool edit;
};

#define AT(field) .offset = offsetof(struct discord_config, field)

static const struct option options[] = {
    {"url", OPTION_SECRET, AT(url), .required = true,
     .help = "The webhook's address, which is its credential."},
    {"thread", OPTION_STRING, AT(thread), .max = ID_MAX,
     .help = "The id of a thread to write to; a forum channel needs one."},
    {"edit", OPTION_BOOL, AT(edit), .def = "false",
     .help = "One message for each outage, edited as it goes on; nobody is notified of an edit."},
    {0},
};

static bool is_id(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.s[i] < '0' || text.s[i] > '9')
            return false;
    }
    return text.len > 0 && text.len <= ID_MAX;
}

static bool check(struct alert_target *target, const struct settings *settings, struct diag *d)
{
    const struct discord_config *config = target->config;

    if (!config->thread.len || is_id(config->thread))
        return true;
    diag_error(d, settings->doc, target->mark, "alerts.channels.%.*s.thread: wanted: the number of a thread",
               STR_FMT(target->name));
    return false;
}

/* ---- the message --------------------------------------------------------------------------- */

static void put_message(const struct alert_notice *notice, struct buf *b, struct arena *arena)
{
    const struct compose c = {&markup_markdown, ALERT_UTF16, 1};
    struct str url = alert_safe_url(notice->url);

    buf_append_str(b, STR("{\"allowed_mentions\":{\"parse\":[]},\"embeds\":[{\"title\":"));
    buf_append_json(b, compose_title(&c, notice, arena));
    buf_append_str(b, STR(",\"description\":"));
    buf_append_json(b, compose_fit(&markup_markdown, ALERT_UTF16, DESCRIPTION_MAX, notice, arena));
    if (url.len) {
        buf_append_str(b, STR(",\"url\":"));
        buf_append_json(b, url);
    }
    buf_printf(b, ",\"color\":%u,\"timestamp\":\"%.*s\"}]}", notice_color(notice),
               STR_FMT(alert_time(notice->at_ms, arena)));
}

/* The webhook's address, with what the message needs behind it. */
static struct str make_address(const struct discord_config *config, struct str webhook, struct str message,
                               struct arena *arena)
{
    struct str query, base = str_split(webhook, '?', &query);
    struct str path = message.len ? arena_printf(arena, "/messages/%.*s", STR_FMT(message)) : STR("");

    return arena_printf(arena, "%.*s%.*s?wait=true%s%.*s%s%.*s", STR_FMT(base), STR_FMT(path),
                        config->thread.len ? "&thread_id=" : "", STR_FMT(config->thread),
                        query.len ? "&" : "", STR_FMT(query));
}

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct discord_config *config = target->config;
    bool edits = config->edit && notice->phase != ALERT_PASSING && is_id(memo);
    struct buf b = BUF_INIT(ALERT_BODY_MAX);
    struct str webhook;
    int code = secret_text(&config->url, arena, &webhook, err);

    (void)now_ms;
    if (code < 0)
        return error_prefix(err, code, "url");
    put_message(notice, &b, arena);
    code = request_post_json(ret_request, make_address(config, webhook, edits ? memo : STR(""), arena), &b,
                             arena, err);
    if (code == 0 && edits)
        ret_request->http.method = "PATCH";
    return code;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static const struct reply_rule rules[] = {
    {404, "10008", ALERT_AGAIN}, /* the message to edit was deleted */
    {0, "10003", ALERT_BROKEN},  /* unknown channel or thread */
    {0, "10015", ALERT_BROKEN},  /* unknown webhook */
    {0, "50027", ALERT_BROKEN},  /* bad token */
    {0, "160005", ALERT_BROKEN}, /* the thread is locked */
    {0, "220001", ALERT_BROKEN}, /* a forum without a thread */
    {0},
};

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    const json_t *body = reply_json(reply, arena);
    struct str id = json_get_text(body, "id");

    (void)target;
    (void)notice;
    if (outcome_by_status(reply, arena, ret_outcome)) {
        if (is_id(id))
            ret_outcome->memo = id;
        else if (reply->http->status != 204)
            outcome_refuse_body(reply, arena, ret_outcome);
        return;
    }
    outcome_by_rules(reply, body, "code", rules, ret_outcome);
    outcome_wait_field(body, "retry_after", 1000, ret_outcome);
    if (ret_outcome->verdict == ALERT_AGAIN)
        ret_outcome->memo = STR("new");
}

const struct alert_channel alert_discord = {
    .name = "discord",
    .help = "A channel or thread of Discord, by a webhook.",
    .options = options,
    .config_size = sizeof(struct discord_config),
    .burst = 5,
    .per_minute = 25,
    .check = check,
    .prepare = prepare,
    .judge = judge,
};
