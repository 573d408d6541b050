/* Any program that takes Standard Webhooks: the notice for machines, signed.
 *
 * webhook-id is made from the notice's id and is the same on each retry: the receiver's key for what it has
 * seen. webhook-timestamp is of this attempt. webhook-signature has one "v1," entry for each secret, so that
 * secrets can be changed without a pause. The words of posts are as they were written (cleaned of controls):
 * a machine reads them. */
#include <errno.h>

#include "alerts/channel.h"
#include "alerts/compose.h"
#include "alerts/text.h"
#include "mentiond/codec.h"
#include "mentiond/digest.h"

#define BODY_MAX 20000 /* bytes */
#define ID_MAX 128
#define SECRETS_MAX 4
#define KEY_MIN 24 /* bytes */
#define KEY_MAX 64
#define TITLE_MAX 500
#define TIMEOUT_MS 20000

struct webhook_config {
    struct secret url, secret;
};

#define AT(field) .offset = offsetof(struct webhook_config, field)

static const struct option options[] = {
    {"url", OPTION_CREDENTIAL, AT(url), .required = true,
     .help = "Where it is sent: the address itself, or where that is secret, ${VARIABLE} or file:PATH."},
    {"secret", OPTION_SECRET, AT(secret), .required = true,
     .help = "whsec_ and the base64 of 24 to 64 bytes. Several, parted by spaces or lines: each signs."},
    {0},
};

/* ---- signatures ---------------------------------------------------------------------------- */

/* The next word of the secret, "" at its end. */
static struct str next_word(struct str *rest)
{
    struct str word;
    size_t len = 0;

    *rest = str_trim(*rest);
    while (len < rest->len && rest->s[len] > ' ')
        len++;
    word = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return word;
}

static int sign(struct str secrets, struct str text, struct arena *arena, struct str *ret, struct error *err)
{
    struct buf b = BUF_INIT(SECRETS_MAX * 64);
    struct str word, key, mac;
    size_t n = 0;

    for (; (word = next_word(&secrets)).len; n++) {
        if (str_starts_with(word, STR("whsec_")))
            word = str_slice(word, 6, word.len);
        if (n == SECRETS_MAX || !base64_decode(word, arena, &key) || key.len < KEY_MIN ||
            key.len > KEY_MAX) {
            buf_finish(&b);
            return error_set(err, -EINVAL,
                             "secret: wanted: at most %d of whsec_ and the base64 of %d to %d bytes",
                             SECRETS_MAX, KEY_MIN, KEY_MAX);
        }
        mac = digest_hmac_sha256(key, text, arena);
        buf_printf(&b, "%sv1,%.*s", n ? " " : "", STR_FMT(base64_encode(mac, arena)));
    }
    *ret = compose_take(&b, arena);
    return n ? 0 : error_set(err, -EINVAL, "secret: empty");
}

static int add_signature(const struct webhook_config *config, const struct alert_notice *notice,
                         int64_t now_ms, struct arena *arena, struct alert_request *request,
                         struct error *err)
{
    struct str id = alert_plain_key(notice->id, ID_MAX, arena);
    struct str at = arena_printf(arena, "%lld", (long long)(now_ms / 1000));
    struct str text =
        arena_printf(arena, "%.*s.%.*s.%.*s", STR_FMT(id), STR_FMT(at), STR_FMT(request->http.body));
    struct str secrets, signature = {NULL, 0};
    int code = secret_text(&config->secret, arena, &secrets, err);

    if (code < 0)
        return error_prefix(err, code, "secret");
    code = sign(secrets, text, arena, &signature, err);
    if (code < 0)
        return code;
    request_add(request, "webhook-id", id, false);
    request_add(request, "webhook-timestamp", at, false);
    request_add(request, "webhook-signature", signature, false);
    return arena->failed ? error_oom(err) : 0;
}

/* ---- the message --------------------------------------------------------------------------- */

static void put_start(const struct alert_notice *notice, struct buf *b, struct arena *arena)
{
    buf_append_char(b, '{');
    buf_append_json_field(b, STR("type"), notice->event);
    buf_printf(b, ",\"timestamp\":\"%.*s\",\"data\":", STR_FMT(alert_time(notice->at_ms, arena)));
}

/* What is left of a notice that is too large. */
static void put_summary(const struct alert_notice *notice, struct buf *b, struct arena *arena)
{
    buf_append_char(b, '{');
    buf_append_json_field(b, STR("key"), alert_cut(notice->key, TITLE_MAX, ALERT_CHARACTERS, arena));
    buf_append_json_field(b, STR("brand"), notice->brand);
    buf_append_json_field(b, STR("title"), alert_cut(notice->title, TITLE_MAX, ALERT_CHARACTERS, arena));
    buf_printf(b, ",\"phase\":\"%s\",\"cut\":true}", notice_phase(notice));
}

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct webhook_config *config = target->config;
    struct buf b = BUF_INIT(ALERT_BODY_MAX);
    int code;

    (void)memo;
    put_start(notice, &b, arena);
    buf_append_str(&b, notice->json);
    buf_append_char(&b, '}');
    if (b.failed || b.len > BODY_MAX || !notice->json.len) {
        buf_reset(&b);
        put_start(notice, &b, arena);
        put_summary(notice, &b, arena);
        buf_append_char(&b, '}');
    }
    code = request_post_secret(ret_request, &config->url, &b, arena, err);
    if (code < 0)
        return code;
    ret_request->timeout_ms = TIMEOUT_MS;
    return add_signature(config, notice, now_ms, arena, ret_request, err);
}

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    (void)target;
    (void)notice;
    outcome_by_status(reply, arena, ret_outcome);
}

const struct alert_channel alert_webhook = {
    .name = "webhook",
    .help = "Any program that takes Standard Webhooks, signed.",
    .options = options,
    .config_size = sizeof(struct webhook_config),
    .burst = 20,
    .per_minute = 600,
    .idempotent = true,
    .prepare = prepare,
    .judge = judge,
};
