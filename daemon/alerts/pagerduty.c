/* PagerDuty's Events API v2: an incident that is triggered, acknowledged and resolved with the outage.
 *
 * dedup_key is made from the notice's key, so that all that is said of one outage, retries included, is one
 * alert. What is sent goes on to chats, mail and telephones that we do not know, so words are made harmless
 * for all of them. */
#include "alerts/channel.h"
#include "alerts/compose.h"
#include "alerts/text.h"

#define SUMMARY_MAX 1024 /* characters */
#define KEY_MAX 255
#define WAIT_MS 30000 /* after a 429 that tells no time */

struct pagerduty_config {
    struct secret routing_key;
    struct str api;
};

#define AT(field) .offset = offsetof(struct pagerduty_config, field)

static const struct option options[] = {
    {"routing_key", OPTION_SECRET, AT(routing_key), .required = true,
     .help = "The integration key of an Events API v2 integration: 32 characters."},
    {"api", OPTION_URL, AT(api), .def = "https://events.pagerduty.com/v2/enqueue",
     .help = "The address of events, where it is another."},
    {0},
};

static const struct compose parts = {&markup_relayed, ALERT_CHARACTERS, 1};

/* ---- the event ----------------------------------------------------------------------------- */

static void put_details(const struct alert_notice *notice, struct buf *b, struct arena *arena)
{
    buf_append_str(b, STR(",\"custom_details\":{\"text\":"));
    buf_append_json(b, compose_text(&parts, notice, arena));
    for (size_t i = 0; i < notice->n_facts; i++) {
        buf_append_char(b, ',');
        buf_append_json(b, compose_name(&parts, notice->facts[i].name, arena));
        buf_append_char(b, ':');
        buf_append_json(b, compose_value(&parts, notice->facts[i].value, arena));
    }
    buf_append_str(b, STR(",\"examples\":["));
    for (size_t i = 0; i < notice->n_examples; i++) {
        const struct alert_example *e = &notice->examples[i];

        buf_append_str(b, i ? STR(",") : STR(""));
        buf_append_json(b, arena_printf(arena, "%.*s: %.*s", STR_FMT(compose_who(&parts, e, arena)),
                                        STR_FMT(compose_quote(&parts, e, arena))));
    }
    buf_append_str(b, STR("]}"));
}

static void put_payload(const struct alert_notice *notice, struct buf *b, struct arena *arena)
{
    struct str title = alert_clean(notice->title.len ? notice->title : notice->event, false, arena);

    buf_append_str(b, STR(",\"payload\":{\"summary\":"));
    buf_append_json(b, alert_fit(title, SUMMARY_MAX, ALERT_CHARACTERS, alert_defuse_relayed, arena));
    buf_append_json_field(b, STR("source"), notice->brand.len ? notice->brand : STR("mentiond"));
    buf_append_json_field(b, STR("severity"), str_from(notice_severity(notice)));
    buf_append_json_field(b, STR("timestamp"), alert_time(notice->at_ms, arena));
    buf_append_json_field(b, STR("class"), notice->event);
    put_details(notice, b, arena);
    buf_append_char(b, '}');
}

static void put_links(const struct alert_notice *notice, struct buf *b, struct arena *arena)
{
    const char *before = "";

    buf_append_str(b, STR(",\"links\":["));
    for (size_t i = 0; i < notice->n_examples; i++) {
        struct str url = alert_safe_url(notice->examples[i].url);

        if (!url.len)
            continue;
        buf_printf(b, "%s{\"href\":", before);
        buf_append_json(b, url);
        buf_append_json_field(b, STR("text"), compose_who(&parts, &notice->examples[i], arena));
        buf_append_char(b, '}');
        before = ",";
    }
    buf_append_char(b, ']');
}

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    static const char *const actions[] = {[ALERT_FIRING] = "trigger",
                                          [ALERT_ACKED] = "acknowledge",
                                          [ALERT_RESOLVED] = "resolve",
                                          [ALERT_PASSING] = "trigger"};
    const struct pagerduty_config *config = target->config;
    bool triggers = notice->phase == ALERT_FIRING || notice->phase == ALERT_PASSING;
    struct buf b = BUF_INIT(ALERT_BODY_MAX);
    struct str key;
    int code = secret_text(&config->routing_key, arena, &key, err);

    (void)memo;
    (void)now_ms;
    if (code < 0)
        return error_prefix(err, code, "routing_key");
    buf_append_str(&b, STR("{\"routing_key\":"));
    buf_append_json(&b, key);
    buf_append_json_field(&b, STR("event_action"), str_from(actions[notice->phase]));
    buf_append_json_field(&b, STR("dedup_key"), alert_plain_key(notice->key, KEY_MAX, arena));
    if (triggers) {
        put_payload(notice, &b, arena);
        put_links(notice, &b, arena);
        buf_append_json_field(&b, STR("client"), STR("mentiond"));
        if (alert_safe_url(notice->url).len)
            buf_append_json_field(&b, STR("client_url"), notice->url);
    }
    buf_append_char(&b, '}');
    code = request_post_json(ret_request, config->api, &b, arena, err);
    ret_request->http.is_path_secret = false;
    return code;
}

/* ---- the answer ---------------------------------------------------------------------------- */

/* A wrong key is a 400 like a wrong event; only its words tell. */
static bool blames_key(struct str body)
{
    return str_find(body, STR("routing key")) != SIZE_MAX || str_find(body, STR("routing_key")) != SIZE_MAX;
}

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    struct str status = json_get_text(reply_json(reply, arena), "status");

    (void)target;
    (void)notice;
    if (outcome_by_status(reply, arena, ret_outcome)) {
        if (!str_eq(status, STR("success")))
            outcome_refuse_body(reply, arena, ret_outcome);
        return;
    }
    if (reply->http->status == 400 && blames_key(reply->body))
        ret_outcome->verdict = ALERT_BROKEN;
    if (reply->http->status == 429 && ret_outcome->wait_ms < 0)
        ret_outcome->wait_ms = WAIT_MS;
}

const struct alert_channel alert_pagerduty = {
    .name = "pagerduty",
    .help = "A service of PagerDuty, by its Events API v2.",
    .options = options,
    .config_size = sizeof(struct pagerduty_config),
    .burst = 20,
    .per_minute = 100,
    .idempotent = true,
    .follows = true,
    .prepare = prepare,
    .judge = judge,
};
