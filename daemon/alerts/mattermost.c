/* Mattermost's incoming webhooks: the title as the post's text, all else as an attachment, which has a colour
 * and, unlike a text, never makes the server fetch a preview of a link.
 *
 * Everything is Markdown there, so strangers' words are escaped; a zero-width space after each @ keeps
 * @channel and
 * @all from pinging. A post holds 16,383 characters. A hook that is gone or switched off is told by the
 * error's id, under a status that says something else. */
#include "alerts/channel.h"
#include "alerts/compose.h"

#define CHANNEL_MAX 64
#define TEXT_MAX 16000 /* of 16,383; the rest is for the title */

struct mattermost_config {
    struct secret url;
    struct str channel;
};

#define AT(field) .offset = offsetof(struct mattermost_config, field)

static const struct option options[] = {
    {"url", OPTION_SECRET, AT(url), .required = true,
     .help = "The incoming webhook's address, which is its credential."},
    {"channel", OPTION_STRING, AT(channel), .max = CHANNEL_MAX,
     .help = "Another channel than the webhook's own, by the name in its address."},
    {0},
};

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct mattermost_config *config = target->config;
    const struct compose c = {&markup_markdown, ALERT_UTF16, 1};
    struct str title = compose_title(&c, notice, arena);
    struct buf b = BUF_INIT(ALERT_BODY_MAX);

    (void)memo;
    (void)now_ms;
    buf_append_str(&b, STR("{\"text\":"));
    buf_append_json(&b, arena_printf(arena, "**%.*s**", STR_FMT(title)));
    if (config->channel.len) {
        buf_append_str(&b, STR(",\"channel\":"));
        buf_append_json(&b, config->channel);
    }
    buf_append_str(&b, STR(",\"attachments\":[{\"fallback\":"));
    buf_append_json(&b, title);
    buf_printf(&b, ",\"color\":\"#%06x\",\"text\":", notice_color(notice));
    buf_append_json(&b, compose_fit(&markup_markdown, ALERT_UTF16, TEXT_MAX, notice, arena));
    buf_append_str(&b, STR("}]}"));
    return request_post_secret(ret_request, &config->url, &b, arena, err);
}

static const struct reply_rule rules[] = {
    {0, "web.incoming_webhook.invalid", ALERT_BROKEN},
    {0, "web.incoming_webhook.disabled", ALERT_BROKEN}, /* with status 501 */
    {0, "web.incoming_webhook.channel", ALERT_BROKEN},  /* no such channel, or locked to another */
    {0, "web.incoming_webhook.user", ALERT_BROKEN},     /* its owner was removed */
    {0},
};

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    (void)target;
    (void)notice;
    if (!outcome_by_status(reply, arena, ret_outcome))
        outcome_by_rules(reply, reply_json(reply, arena), "id", rules, ret_outcome);
    else if (!str_eq(str_trim(reply->body), STR("ok")))
        outcome_refuse_body(reply, arena, ret_outcome);
}

const struct alert_channel alert_mattermost = {
    .name = "mattermost",
    .help = "A channel of Mattermost, by an incoming webhook.",
    .options = options,
    .config_size = sizeof(struct mattermost_config),
    .burst = 10,
    .per_minute = 120,
    .prepare = prepare,
    .judge = judge,
};
