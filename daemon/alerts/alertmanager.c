/* Prometheus' Alertmanager, API v2: one alert a notice, which Alertmanager groups, silences and passes on
 * itself.
 *
 * Labels are an alert's identity, so they hold what never changes while it lasts: the kind of event, the
 * brand, the key and what the configuration adds. Counts, severity and words are annotations. A firing alert
 * ends by itself soon after now, so it is sent again and again (resend_ms); if mentiond stops, it ends.
 * Alertmanager's templates put annotations into chats as they are, so words are made harmless for any of
 * them. */
#include <errno.h>

#include "alerts/channel.h"
#include "alerts/compose.h"
#include "alerts/text.h"
#include "mentiond/codec.h"

#define LABELS_MAX 16
#define KEY_MAX 200
#define RESEND_MS INT64_C(60000)
#define LASTS_MS (4 * RESEND_MS)

struct alertmanager_config {
    struct str url, user;
    struct secret password, token;
    struct str_list labels;
};

#define AT(field) .offset = offsetof(struct alertmanager_config, field)

static const struct option options[] = {
    {"url", OPTION_URL, AT(url), .required = true,
     .help = "Of one Alertmanager; each member of a cluster is a channel of its own, never a balancer."},
    {"user", OPTION_STRING, AT(user), .max = 128, .help = "For basic authentication, with a password."},
    {"password", OPTION_SECRET, AT(password), .help = "Of the user."},
    {"token", OPTION_SECRET, AT(token), .help = "For bearer authentication instead."},
    {"labels", OPTION_LIST, AT(labels), .max = LABELS_MAX,
     .help = "Further labels, such as severity=page: what its routes go by."},
    {0},
};

static const struct compose parts = {&markup_relayed, ALERT_CHARACTERS, 1};

/* ---- checking ------------------------------------------------------------------------------ */

static bool is_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.s[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (i && c >= '0' && c <= '9')))
            return false;
    }
    return text.len > 0;
}

static bool is_own(struct str name)
{
    return str_eq(name, STR("alertname")) || str_eq(name, STR("brand")) || str_eq(name, STR("key"));
}

static bool check(struct alert_target *target, const struct settings *settings, struct diag *d)
{
    const struct alertmanager_config *config = target->config;

    for (size_t i = 0; i < config->labels.n; i++) {
        struct str value, name = str_split(config->labels.items[i], '=', &value);

        if (is_name(name) && !is_own(name) && value.len)
            continue;
        diag_error(
            d, settings->doc, target->mark,
            "alerts.channels.%.*s.labels: '%.*s': wanted: name=value, other than alertname, brand and key",
            STR_FMT(target->name), STR_FMT(config->labels.items[i]));
        return false;
    }
    return true;
}

/* ---- the alert ----------------------------------------------------------------------------- */

/* "outage.opened" and "outage.over" are both MentiondOutage. */
static struct str make_name(struct str event, struct arena *arena)
{
    struct str rest, kind = str_split(event, '.', &rest);
    struct str name = arena_printf(arena, "Mentiond%.*s", STR_FMT(kind));

    if (!is_name(name))
        return STR("Mentiond");
    if (kind.len)
        ((char *)name.s)[8] = (char)(name.s[8] >= 'a' && name.s[8] <= 'z' ? name.s[8] - 32 : name.s[8]);
    return name;
}

static void put_labels(const struct alertmanager_config *config, const struct alert_notice *notice,
                       struct buf *b, struct arena *arena)
{
    buf_append_str(b, STR("\"labels\":{"));
    buf_append_json_field(b, STR("alertname"), make_name(notice->event, arena));
    buf_append_json_field(b, STR("key"), alert_plain_key(notice->key, KEY_MAX, arena));
    if (notice->brand.len)
        buf_append_json_field(b, STR("brand"), notice->brand);
    for (size_t i = 0; i < config->labels.n; i++) {
        struct str value, name = str_split(config->labels.items[i], '=', &value);

        buf_append_json_field(b, name, value);
    }
    buf_append_char(b, '}');
}

/* "reports a minute": reports_a_minute; "" for what has no letters. */
static struct str annotation_name(struct str text, struct arena *arena)
{
    struct str name = arena_str(arena, str_slice(text, 0, text.len < 40 ? text.len : 40));

    for (size_t i = 0; i < name.len; i++) {
        if (!is_name(str_slice(name, i, i + 1)) && !(i && name.s[i] >= '0' && name.s[i] <= '9'))
            ((char *)name.s)[i] = '_';
    }
    return name;
}

static void put_annotations(const struct alert_notice *notice, struct buf *b, struct arena *arena)
{
    buf_append_str(b, STR(",\"annotations\":{"));
    buf_append_json_field(b, STR("summary"), compose_title(&parts, notice, arena));
    buf_append_json_field(b, STR("description"), compose_text(&parts, notice, arena));
    buf_append_json_field(b, STR("severity"), str_from(notice_severity(notice)));
    if (notice->phase == ALERT_ACKED)
        buf_append_json_field(b, STR("acknowledged"), STR("yes"));
    for (size_t i = 0; i < notice->n_facts; i++) {
        struct str name = annotation_name(notice->facts[i].name, arena);

        if (name.len)
            buf_append_json_field(b, name, compose_value(&parts, notice->facts[i].value, arena));
    }
    for (size_t i = 0; i < notice->n_examples; i++) {
        const struct alert_example *e = &notice->examples[i];

        buf_append_json_field(b, arena_printf(arena, "example_%zu", i + 1),
                              arena_printf(arena, "%.*s: %.*s", STR_FMT(compose_who(&parts, e, arena)),
                                           STR_FMT(compose_quote(&parts, e, arena))));
    }
    buf_append_char(b, '}');
}

static void put_times(const struct alert_notice *notice, int64_t now_ms, struct buf *b, struct arena *arena)
{
    int64_t starts_ms = notice->since_ms ? notice->since_ms : notice->at_ms;
    int64_t ends_ms = now_ms + LASTS_MS;

    if (notice->phase == ALERT_RESOLVED)
        ends_ms = notice->until_ms ? notice->until_ms : notice->at_ms;
    if (ends_ms < starts_ms) /* clocks of two sources */
        starts_ms = ends_ms;
    buf_printf(b, ",\"startsAt\":\"%.*s\"", STR_FMT(alert_time(starts_ms, arena)));
    buf_printf(b, ",\"endsAt\":\"%.*s\"", STR_FMT(alert_time(ends_ms, arena)));
}

static int add_basic(const struct alertmanager_config *config, struct alert_request *request,
                     struct arena *arena, struct error *err)
{
    struct str password, both;
    int code = secret_text(&config->password, arena, &password, err);

    if (code < 0)
        return error_prefix(err, code, "password");
    both = base64_encode(arena_printf(arena, "%.*s:%.*s", STR_FMT(config->user), STR_FMT(password)), arena);
    request_add(request, "Authorization", arena_printf(arena, "Basic %.*s", STR_FMT(both)), true);
    return arena->failed ? error_oom(err) : 0;
}

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct alertmanager_config *config = target->config;
    struct str url = arena_printf(arena, "%.*s/api/v2/alerts", STR_FMT(base_url(config->url)));
    struct str generator = alert_safe_url(notice->url);
    struct buf b = BUF_INIT(ALERT_BODY_MAX);
    int code;

    (void)memo;
    buf_append_str(&b, STR("[{"));
    put_labels(config, notice, &b, arena);
    put_annotations(notice, &b, arena);
    put_times(notice, now_ms, &b, arena);
    if (generator.len)
        buf_append_json_field(&b, STR("generatorURL"), generator);
    buf_append_str(&b, STR("}]"));
    code = request_post_json(ret_request, url, &b, arena, err);
    if (code < 0)
        return code;
    ret_request->http.is_path_secret = false;
    return config->user.len ? add_basic(config, ret_request, arena, err)
                            : request_add_token(ret_request, &config->token, arena, err);
}

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    (void)target;
    (void)notice;
    outcome_by_status(reply, arena, ret_outcome);
}

const struct alert_channel alert_alertmanager = {
    .name = "alertmanager",
    .help = "Prometheus' Alertmanager.",
    .options = options,
    .config_size = sizeof(struct alertmanager_config),
    .burst = 100,
    .per_minute = 6000,
    .resend_ms = RESEND_MS,
    .idempotent = true,
    .follows = true,
    .check = check,
    .prepare = prepare,
    .judge = judge,
};
