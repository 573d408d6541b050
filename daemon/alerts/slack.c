/* Slack's incoming webhooks: one message a notice, in blocks, with a plain text for the push.
 *
 * A webhook can neither edit nor thread what it posted, so every phase is a message of its own. &, < and > as
 * entities take every meaning out of a stranger's words: mentions of channels and users, links, dates.
 * Previews are off. Limits (docs.slack.dev, slackapi/node-slack-sdk): header 150 characters, section 3,000,
 * 10 fields of 2,000, and about 13,200 characters of blocks in all. */
#include "alerts/channel.h"

#define HEADER_CHARS 150
#define TEXT_CHARS 2000
#define EXAMPLE_CHARS 400
#define FIELD_CHARS 200
#define NAME_CHARS 80
#define EXAMPLE_URL_MAX 1000 /* longer ones would leave no room for the rest */

struct slack_config {
    struct secret url;
};

static const struct option options[] = {
    {"url", OPTION_SECRET, .offset = offsetof(struct slack_config, url), .required = true,
     .help = "The incoming webhook's address, which is its credential."},
    {0},
};

/* ---- blocks -------------------------------------------------------------------------------- */

/* Cut and escaped to at most `max` characters, escapes included. */
static struct str fit(struct str text, size_t max, struct arena *arena)
{
    return alert_fit(text, max, ALERT_CHARACTERS, alert_escape_html, arena);
}

static void add_header(struct buf *b, const struct alert_notice *notice, struct arena *arena)
{
    buf_append_str(b,
                   STR("{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"emoji\":false,\"text\":"));
    buf_append_json(b, fit(notice->title, HEADER_CHARS, arena));
    buf_append_str(b, STR("}}"));
}

static void add_section(struct buf *b, struct str text)
{
    buf_append_str(b,
                   STR(",{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"verbatim\":true,\"text\":"));
    buf_append_json(b, text);
    buf_append_str(b, STR("}}"));
}

static void add_facts(struct buf *b, const struct alert_notice *notice, struct arena *arena)
{
    if (notice->n_facts == 0)
        return;
    buf_append_str(b, STR(",{\"type\":\"section\",\"fields\":["));
    for (size_t i = 0; i < notice->n_facts; i++) {
        struct str name = fit(notice->facts[i].name, NAME_CHARS, arena);
        struct str value = fit(notice->facts[i].value, FIELD_CHARS, arena);

        buf_append_str(b, i ? STR(",") : STR(""));
        buf_append_str(b, STR("{\"type\":\"mrkdwn\",\"verbatim\":true,\"text\":"));
        buf_append_json(b, arena_printf(arena, "*%.*s*\n%.*s", STR_FMT(name), STR_FMT(value)));
        buf_append_char(b, '}');
    }
    buf_append_str(b, STR("]}"));
}

static void add_example(struct buf *b, const struct alert_example *e, struct arena *arena)
{
    struct str text = fit(e->text, EXAMPLE_CHARS, arena), who = fit(e->who, NAME_CHARS, arena);
    struct str url = alert_safe_url(e->url);

    if (url.len && url.len <= EXAMPLE_URL_MAX)
        add_section(b, arena_printf(arena, "<%.*s|%.*s>: %.*s", STR_FMT(url), STR_FMT(who), STR_FMT(text)));
    else
        add_section(b, arena_printf(arena, "%.*s: %.*s", STR_FMT(who), STR_FMT(text)));
}

/* ---- the channel --------------------------------------------------------------------------- */

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct slack_config *config = target->config;
    struct str url = alert_safe_url(notice->url);
    struct buf b = BUF_INIT(ALERT_BODY_MAX);

    (void)memo;
    (void)now_ms;
    buf_append_str(&b, STR("{\"text\":"));
    buf_append_json(&b, fit(notice->title, TEXT_CHARS, arena));
    buf_append_str(&b, STR(",\"unfurl_links\":false,\"unfurl_media\":false,\"blocks\":["));
    add_header(&b, notice, arena);
    if (notice->text.len)
        add_section(&b, fit(notice->text, TEXT_CHARS, arena));
    add_facts(&b, notice, arena);
    for (size_t i = 0; i < notice->n_examples; i++)
        add_example(&b, &notice->examples[i], arena);
    if (url.len)
        add_section(&b, arena_printf(arena, "<%.*s|Open>", STR_FMT(url)));
    buf_append_str(&b, STR("]}"));
    return request_post_secret(ret_request, &config->url, &b, arena, err);
}

/* Taken is 200 with the text "ok"; all else that Slack answers with 200 is a refusal. */
static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    (void)target;
    (void)notice;
    if (outcome_by_status(reply, arena, ret_outcome) && !str_eq(str_trim(reply->body), STR("ok")))
        outcome_set(ret_outcome, ALERT_REFUSED,
                    arena_printf(arena, "HTTP %d, but not ok: %.*s", reply->http->status,
                                 STR_FMT(reply_line(reply, arena))));
}

const struct alert_channel alert_slack = {
    .name = "slack",
    .help = "A channel of Slack, by an incoming webhook.",
    .options = options,
    .config_size = sizeof(struct slack_config),
    .burst = 3,
    .per_minute = 60,
    .prepare = prepare,
    .judge = judge,
};
