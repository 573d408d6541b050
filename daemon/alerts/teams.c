/* Microsoft Teams, by the "when a webhook request is received" trigger of a workflow: one adaptive card a
 * notice.
 *
 * The trigger answers before the card is shown, and a card that is too large or too new is only seen to fail
 * in the run history of the flow. So cards are plain: version 1.2, no mentions (they would need entities of
 * their own), and no more than 20,000 bytes, since Teams counts 28 KB after wrapping them in its own.
 * Connectors of old answered 200 with an error in the body. */
#include "alerts/channel.h"
#include "alerts/compose.h"

#define CARD_MAX 20000 /* bytes of the request */
#define SHARE_MAX 16

#define CARD_START                                                                                           \
    "{\"type\":\"message\",\"attachments\":[{\"contentType\":\"application/vnd.microsoft.card.adaptive\","   \
    "\"contentUrl\":null,\"content\":{\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\","   \
    "\"type\":\"AdaptiveCard\",\"version\":\"1.2\",\"msteams\":{\"width\":\"full\"},\"body\":["
#define TITLE_START                                                                                          \
    "{\"type\":\"TextBlock\",\"weight\":\"Bolder\",\"size\":\"Medium\",\"wrap\":true,\"color\":\"%s\","      \
    "\"text\":"

struct teams_config {
    struct secret url;
};

#define AT(field) .offset = offsetof(struct teams_config, field)

static const struct option options[] = {
    {"url", OPTION_SECRET, AT(url), .required = true,
     .help = "The address of the workflow's trigger, which is its credential."},
    {0},
};

/* ---- the card ------------------------------------------------------------------------------ */

static const char *color_of(const struct alert_notice *notice)
{
    static const char *const by_severity[] = {
        [ALERT_INFO] = "Accent", [ALERT_WARNING] = "Warning", [ALERT_CRITICAL] = "Attention"};

    if (notice->phase == ALERT_RESOLVED)
        return "Good";
    return by_severity[notice->phase == ALERT_ACKED ? ALERT_INFO : notice->severity];
}

static void put_block(struct buf *b, struct str text)
{
    buf_append_str(b, STR(",{\"type\":\"TextBlock\",\"wrap\":true,\"text\":"));
    buf_append_json(b, text);
    buf_append_char(b, '}');
}

static void put_facts(const struct compose *c, const struct alert_notice *notice, struct buf *b,
                      struct arena *arena)
{
    if (notice->n_facts == 0)
        return;
    buf_append_str(b, STR(",{\"type\":\"FactSet\",\"facts\":["));
    for (size_t i = 0; i < notice->n_facts; i++) {
        buf_append_str(b, i ? STR(",{\"title\":") : STR("{\"title\":"));
        buf_append_json(b, compose_name(c, notice->facts[i].name, arena));
        buf_append_str(b, STR(",\"value\":"));
        buf_append_json(b, compose_value(c, notice->facts[i].value, arena));
        buf_append_char(b, '}');
    }
    buf_append_str(b, STR("]}"));
}

static void put_example(const struct compose *c, const struct alert_example *e, struct buf *b,
                        struct arena *arena)
{
    struct str url = compose_url(c, e->url), who = compose_who(c, e, arena);
    struct buf text = BUF_INIT(ALERT_BODY_MAX);

    if (url.len)
        c->markup->link(&text, url, who.len ? who : STR("post"));
    else
        buf_append_str(&text, who);
    buf_printf(&text, ": %.*s", STR_FMT(compose_quote(c, e, arena)));
    put_block(b, compose_take(&text, arena));
}

static void put_card(const struct compose *c, const struct alert_notice *notice, struct buf *b,
                     struct arena *arena)
{
    struct str url = compose_url(c, notice->url);

    buf_append_str(b, STR(CARD_START));
    buf_printf(b, TITLE_START, color_of(notice));
    buf_append_json(b, compose_title(c, notice, arena));
    buf_append_char(b, '}');
    if (notice->text.len)
        put_block(b, compose_text(c, notice, arena));
    put_facts(c, notice, b, arena);
    for (size_t i = 0; i < notice->n_examples; i++)
        put_example(c, &notice->examples[i], b, arena);
    buf_append_char(b, ']');
    if (url.len) {
        buf_append_str(b, STR(",\"actions\":[{\"type\":\"Action.OpenUrl\",\"title\":\"Open\",\"url\":"));
        buf_append_json(b, url);
        buf_append_str(b, STR("}]"));
    }
    buf_append_str(b, STR("}}]}"));
}

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct teams_config *config = target->config;
    struct markup markup = markup_markdown;
    struct compose c = {&markup, ALERT_UTF16, 1};
    struct buf b = BUF_INIT(ALERT_BODY_MAX);

    (void)memo;
    (void)now_ms;
    markup.line_end = STR("\n\n"); /* a single one is a space there */
    for (;; c.share *= 2) {
        buf_reset(&b);
        put_card(&c, notice, &b, arena);
        if ((!b.failed && b.len <= CARD_MAX) || c.share >= SHARE_MAX)
            return request_post_secret(ret_request, &config->url, &b, arena, err);
    }
}

/* ---- the answer ---------------------------------------------------------------------------- */

static const struct reply_rule rules[] = {
    {0, "WorkflowTriggerIsNotEnabled", ALERT_BROKEN}, /* switched off or deleted, with status 400 */
    {0, "WorkflowNotFound", ALERT_BROKEN},
    {0, "WorkflowDisabled", ALERT_BROKEN},
    {0, "DirectApiAuthorizationRequired", ALERT_BROKEN}, /* the address lacks its signature */
    {0, "AuthorizationFailed", ALERT_BROKEN},
    {0},
};

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    (void)target;
    (void)notice;
    if (!outcome_by_status(reply, arena, ret_outcome))
        outcome_by_rules(reply, reply_json(reply, arena), "error.code", rules, ret_outcome);
    else if (str_find(reply->body, STR("HTTP error 429")) != SIZE_MAX)
        outcome_set(ret_outcome, ALERT_LATER, STR("too many messages, said with status 200"));
    else if (str_find(reply->body, STR("HTTP error")) != SIZE_MAX)
        outcome_refuse_body(reply, arena, ret_outcome);
}

const struct alert_channel alert_teams = {
    .name = "teams",
    .help = "A channel or chat of Microsoft Teams, by a workflow with a webhook trigger.",
    .options = options,
    .config_size = sizeof(struct teams_config),
    .burst = 3,
    .per_minute = 30,
    .prepare = prepare,
    .judge = judge,
};
