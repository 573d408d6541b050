/* ntfy: a push message by JSON to the server's root, so that the topic, which on a public server is the only
 * secret, is in no address.
 *
 * The message is plain text. 4,096 bytes of it are shown, more become an attachment, and the server reads
 * 8,192 bytes of JSON. Waiting times are not told: five seconds, the pace at which a visitor's bucket is
 * refilled, and an hour where the quota of the day is used up. */
#include "alerts/channel.h"
#include "alerts/compose.h"

#define JSON_MAX 8192
#define MESSAGE_MAX 3800
#define CLICK_MAX 1000
#define WAIT_MS 5000
#define QUOTA_WAIT_MS 3600000
#define QUOTA_CODE 42908

struct ntfy_config {
    struct str server;
    struct secret topic, token;
};

#define AT(field) .offset = offsetof(struct ntfy_config, field)

static const struct option options[] = {
    {"server", OPTION_URL, AT(server), .def = "https://ntfy.sh", .help = "Of your own, if not ntfy.sh."},
    {"topic", OPTION_SECRET, AT(topic), .required = true,
     .help = "Its name. Who knows it can read and write it, unless the server asks for a token."},
    {"token", OPTION_SECRET, AT(token), .help = "An access token."},
    {0},
};

struct look {
    int priority;
    const char *tag;
};

static struct look look_of(const struct alert_notice *notice)
{
    static const int priority[] = {[ALERT_INFO] = 3, [ALERT_WARNING] = 4, [ALERT_CRITICAL] = 5};
    static const char *const tag[] = {[ALERT_FIRING] = "rotating_light",
                                      [ALERT_ACKED] = "eyes",
                                      [ALERT_RESOLVED] = "white_check_mark",
                                      [ALERT_PASSING] = "speech_balloon"};
    bool urgent = notice->phase == ALERT_FIRING || notice->phase == ALERT_PASSING;

    return (struct look){urgent ? priority[notice->severity] : 3, tag[notice->phase]};
}

static void put_message(struct str topic, const struct alert_notice *notice, size_t max, struct buf *b,
                        struct arena *arena)
{
    const struct compose c = {&markup_plain, ALERT_BYTES, 1};
    struct str title = compose_title(&c, notice, arena), url = alert_safe_url(notice->url);
    struct str message = str_trim(compose_fit(&markup_plain, ALERT_BYTES, max, notice, arena));
    struct look look = look_of(notice);

    buf_append_str(b, STR("{\"topic\":"));
    buf_append_json(b, topic);
    buf_append_str(b, STR(",\"title\":"));
    buf_append_json(b, title);
    buf_append_str(b, STR(",\"message\":"));
    buf_append_json(b, message.len ? message : title);
    buf_printf(b, ",\"priority\":%d,\"tags\":[\"%s\"]", look.priority, look.tag);
    if (url.len && url.len <= CLICK_MAX) {
        buf_append_str(b, STR(",\"click\":"));
        buf_append_json(b, url);
    }
    buf_append_char(b, '}');
}

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct ntfy_config *config = target->config;
    struct buf b = BUF_INIT(ALERT_BODY_MAX);
    struct str topic;
    int code = secret_text(&config->topic, arena, &topic, err);

    (void)memo;
    (void)now_ms;
    if (code < 0)
        return error_prefix(err, code, "topic");
    for (size_t max = MESSAGE_MAX; max > 1000; max /= 2) { /* quotes and line ends take two bytes in JSON */
        buf_reset(&b);
        put_message(topic, notice, max, &b, arena);
        if (b.len <= JSON_MAX)
            break;
    }
    code = request_post_json(ret_request, arena_printf(arena, "%.*s/", STR_FMT(base_url(config->server))), &b,
                             arena, err);
    return code < 0 ? code : request_add_token(ret_request, &config->token, arena, err);
}

static const struct reply_rule rules[] = {
    {400, "40009", ALERT_BROKEN}, /* no such name for a topic */
    {400, "40010", ALERT_BROKEN}, /* a topic that is not allowed */
    {0, "40101", ALERT_BROKEN},   {0, "40301", ALERT_BROKEN}, {0},
};

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    const json_t *body = reply_json(reply, arena);

    (void)target;
    (void)notice;
    if (outcome_by_status(reply, arena, ret_outcome)) {
        if (!json_get_text(body, "id").len)
            outcome_refuse_body(reply, arena, ret_outcome);
        return;
    }
    outcome_by_rules(reply, body, "code", rules, ret_outcome);
    if (reply->http->status == 429 && ret_outcome->wait_ms < 0)
        ret_outcome->wait_ms = json_get_i64(body, "code", 0) == QUOTA_CODE ? QUOTA_WAIT_MS : WAIT_MS;
}

const struct alert_channel alert_ntfy = {
    .name = "ntfy",
    .help = "A topic of ntfy, on ntfy.sh or a server of your own.",
    .options = options,
    .config_size = sizeof(struct ntfy_config),
    .burst = 20,
    .per_minute = 12,
    .prepare = prepare,
    .judge = judge,
};
