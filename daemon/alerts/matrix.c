/* Matrix: m.notice events in a room, by the client-server API.
 *
 * The transaction id is made from the notice's id, so a homeserver answers a retry with the event that it
 * already has. It is a digest, because ids hold slashes, which proxies treat in their own ways even when
 * escaped. m.mentions is empty: nobody is notified, whatever the words. An event holds 65,536 bytes; ours
 * stay far below. */
#include "alerts/channel.h"
#include "alerts/compose.h"
#include "mentiond/codec.h"
#include "mentiond/digest.h"

struct matrix_config {
    struct str server, room;
    struct secret token;
};

#define AT(field) .offset = offsetof(struct matrix_config, field)

static const struct option options[] = {
    {"server", OPTION_URL, AT(server), .required = true, .help = "The homeserver's address."},
    {"room", OPTION_STRING, AT(room), .required = true, .min = 2, .max = 255,
     .help = "The room's id, such as !abc:example.org, not its alias. The account must have joined it."},
    {"token", OPTION_SECRET, AT(token), .required = true, .help = "An access token of the account."},
    {0},
};

static bool check(struct alert_target *target, const struct settings *settings, struct diag *d)
{
    const struct matrix_config *config = target->config;

    if (config->room.s[0] == '!')
        return true;
    diag_error(
        d, settings->doc, target->mark,
        "alerts.channels.%.*s.room: wanted: the room's id, which begins with '!' (in its settings, Advanced)",
        STR_FMT(target->name));
    return false;
}

static void put_escaped(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.s[i];

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c && strchr("-._~", c)))
            buf_append_char(b, (char)c);
        else
            buf_printf(b, "%%%02X", (unsigned)c);
    }
}

static struct str make_address(const struct matrix_config *config, const struct alert_notice *notice,
                               struct arena *arena)
{
    struct buf b = BUF_INIT(ALERT_BODY_MAX);

    buf_printf(&b, "%.*s/_matrix/client/v3/rooms/", STR_FMT(base_url(config->server)));
    put_escaped(&b, config->room);
    buf_printf(&b, "/send/m.room.message/%.*s", STR_FMT(hex_encode(digest_sha256(notice->id, arena), arena)));
    return compose_take(&b, arena);
}

static struct str make_text(const struct alert_notice *notice, const struct markup *markup,
                            struct arena *arena)
{
    const struct compose c = {markup, ALERT_UTF16, 1};
    struct str title = compose_title(&c, notice, arena);
    struct buf b = BUF_INIT(ALERT_BODY_MAX);

    buf_printf(&b, "%.*s%.*s%.*s%.*s", STR_FMT(markup->bold), STR_FMT(title), STR_FMT(markup->bold_end),
               STR_FMT(markup->line_end));
    compose_rest(&c, notice, &b, arena);
    return str_trim(compose_take(&b, arena));
}

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct matrix_config *config = target->config;
    struct buf b = BUF_INIT(ALERT_BODY_MAX);
    int code;

    (void)memo;
    (void)now_ms;
    buf_append_str(&b, STR("{\"msgtype\":\"m.notice\",\"m.mentions\":{},\"body\":"));
    buf_append_json(&b, make_text(notice, &markup_plain, arena));
    buf_append_str(&b, STR(",\"format\":\"org.matrix.custom.html\",\"formatted_body\":"));
    buf_append_json(&b, make_text(notice, &markup_html_br, arena));
    buf_append_char(&b, '}');
    code = request_post_json(ret_request, make_address(config, notice, arena), &b, arena, err);
    if (code < 0)
        return code;
    ret_request->http.method = "PUT";
    ret_request->http.is_path_secret = false;
    return request_add_token(ret_request, &config->token, arena, err);
}

static const struct reply_rule rules[] = {
    {0, "M_UNKNOWN_TOKEN", ALERT_BROKEN},
    {0, "M_MISSING_TOKEN", ALERT_BROKEN},
    {0, "M_FORBIDDEN", ALERT_BROKEN},
    {0, "M_USER_DEACTIVATED", ALERT_BROKEN},
    {0, "M_TOO_LARGE", ALERT_REFUSED},
    {0, "M_LIMIT_EXCEEDED", ALERT_LATER},
    {0},
};

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    const json_t *body = reply_json(reply, arena);

    (void)target;
    (void)notice;
    if (outcome_by_status(reply, arena, ret_outcome)) {
        if (!json_get_text(body, "event_id").len)
            outcome_refuse_body(reply, arena, ret_outcome);
        return;
    }
    outcome_by_rules(reply, body, "errcode", rules, ret_outcome);
    outcome_wait_field(body, "retry_after_ms", 1, ret_outcome);
}

const struct alert_channel alert_matrix = {
    .name = "matrix",
    .help = "A room of Matrix, by an account that has joined it.",
    .options = options,
    .config_size = sizeof(struct matrix_config),
    .burst = 5,
    .per_minute = 12,
    .idempotent = true,
    .check = check,
    .prepare = prepare,
    .judge = judge,
};
