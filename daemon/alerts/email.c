/* Mail: one plain-text message a notice. Message-Id is made from the notice's id, so a mailbox shows a retry
 * once where it looks at it; the notice's key is in References, so all of one outage stand in one thread. */
#include <errno.h>
#include <time.h>

#include "alerts/channel.h"
#include "mentiond/codec.h"

#define SUBJECT_CHARS 200
#define TITLE_MAX 1000 /* bytes, in the body */
#define BODY_MAX (32 * 1024)
#define WORD_BYTES 45 /* of text in an encoded word: 60 of base64, 75 with its frame (RFC 2047) */
#define LINE_BYTES 57 /* of text in a line of 76 of base64 (RFC 2045) */

struct email_config {
    struct str url, from;
    struct str_list to;
    struct secret user, password;
    bool plain;
};

#define AT(field) .offset = offsetof(struct email_config, field)

static const struct option options[] = {
    {"server", OPTION_STRING, AT(url), .required = true, .min = 8, .max = 256,
     .help = "smtp://HOST:PORT, with STARTTLS, or smtps://HOST."},
    {"from", OPTION_STRING, AT(from), .required = true, .min = 3, .max = 256,
     .help = "The sender's address alone."},
    {"to", OPTION_LIST, AT(to), .required = true, .min = 1, .max = MAIL_RECIPIENTS_MAX,
     .help = "Addresses alone."},
    {"user", OPTION_CREDENTIAL, AT(user), .help = "To sign in with."},
    {"password", OPTION_SECRET, AT(password), .help = "Of the user."},
    {"plain", OPTION_BOOL, AT(plain), .def = "false",
     .help = "Without TLS: for a relay on this machine only."},
    {0},
};

/* ---- checking ------------------------------------------------------------------------------ */

static bool is_address(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.s[i] <= ' ' || strchr("<>,;\"()", text.s[i]))
            return false;
    }
    return str_find(text, STR("@")) != SIZE_MAX;
}

static bool check(struct alert_target *target, const struct settings *settings, struct diag *d)
{
    const struct email_config *config = target->config;
    bool ok = is_address(config->from);

    for (size_t i = 0; i < config->to.n; i++)
        ok = ok && is_address(config->to.items[i]);
    if (!ok)
        diag_error(d, settings->doc, target->mark,
                   "alerts.channels.%.*s: from and to: wanted: addresses like ops@acme.example",
                   STR_FMT(target->name));
    if (str_starts_with(config->url, STR("smtp://")) || str_starts_with(config->url, STR("smtps://")))
        return ok;
    diag_error(d, settings->doc, target->mark,
               "alerts.channels.%.*s.server: wanted: smtp:// or smtps:// and a host", STR_FMT(target->name));
    return false;
}

/* ---- the message --------------------------------------------------------------------------- */

/* Encoded words: a stranger's words in a subject can begin no header of their own. */
static void add_subject(struct buf *b, struct str title)
{
    buf_append_str(b, STR("Subject:"));
    while (title.len > 0) {
        struct str word = str_cut_utf8(title, WORD_BYTES);

        buf_append_str(b, STR(" =?utf-8?B?"));
        base64_append(b, word);
        buf_append_str(b, STR("?=\r\n"));
        title = str_slice(title, word.len, title.len);
    }
}

static void add_body(struct buf *b, struct str text)
{
    for (size_t at = 0; at < text.len; at += LINE_BYTES) {
        size_t end = at + LINE_BYTES < text.len ? at + LINE_BYTES : text.len;

        base64_append(b, str_slice(text, at, end));
        buf_append_str(b, STR("\r\n"));
    }
}

/* What stands in <> must not hold what could end it. */
static void add_id(struct buf *b, struct str id)
{
    buf_append_char(b, '<');
    for (size_t i = 0; i < id.len && i < 200; i++) {
        unsigned char c = (unsigned char)id.s[i];

        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        buf_append_char(b, plain ? (char)c : '.');
    }
    buf_append_str(b, STR("@mentiond>\r\n"));
}

static void add_headers(struct buf *b, const struct email_config *config, const struct alert_notice *notice,
                        int64_t now_ms, struct arena *arena)
{
    time_t now = (time_t)(now_ms / 1000);
    char date[64];
    struct tm tm;

    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &tm));
    buf_printf(b, "Date: %s\r\nFrom: <%.*s>\r\nTo: ", date, STR_FMT(config->from));
    for (size_t i = 0; i < config->to.n; i++)
        buf_printf(b, "%s<%.*s>", i ? ",\r\n " : "", STR_FMT(config->to.items[i]));
    buf_append_str(b, STR("\r\nMessage-Id: "));
    add_id(b, notice->id);
    buf_append_str(b, STR("References: "));
    add_id(b, notice->key);
    add_subject(b, alert_cut(notice->title, SUBJECT_CHARS, ALERT_CHARACTERS, arena));
    buf_append_str(b, STR("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                          "Content-Type: text/plain; charset=utf-8\r\n"
                          "Content-Transfer-Encoding: base64\r\n\r\n"));
}

static void print_text(struct buf *b, const struct alert_notice *notice)
{
    struct str url = alert_safe_url(notice->url);

    buf_printf(b, "%.*s\n\n", STR_FMT(str_cut_utf8(notice->title, TITLE_MAX)));
    notice_print_plain(notice, b);
    if (url.len)
        buf_printf(b, "\n%.*s\n", STR_FMT(url));
}

/* ---- the channel --------------------------------------------------------------------------- */

static int sign_in(const struct email_config *config, struct mail_request *mail, struct arena *arena,
                   struct error *err)
{
    int code = 0;

    if (config->user.spec.len == 0)
        return 0;
    code = secret_text(&config->user, arena, &mail->user, err);
    if (code == 0)
        code = secret_text(&config->password, arena, &mail->password, err);
    return code < 0 ? error_prefix(err, code, "user and password") : 0;
}

static int prepare(const struct alert_target *target, const struct alert_notice *notice, struct str memo,
                   int64_t now_ms, struct arena *arena, struct alert_request *ret_request, struct error *err)
{
    const struct email_config *config = target->config;
    struct buf b = BUF_INIT(MAIL_TEXT_MAX), body = BUF_INIT(BODY_MAX * 4);
    int code;

    (void)memo;
    print_text(&body, notice);
    add_headers(&b, config, notice, now_ms, arena);
    add_body(&b, alert_cut(buf_str(&body), BODY_MAX, ALERT_BYTES, arena));
    ret_request->transport = ALERT_MAIL;
    ret_request->mail = (struct mail_request){
        .url = config->url,
        .plain = config->plain,
        .from = config->from,
        .to = ret_request->recipients,
        .n_to = config->to.n,
        .text = arena_str(arena, buf_str(&b)),
    };
    for (size_t i = 0; i < config->to.n; i++)
        ret_request->recipients[i] = config->to.items[i];
    code = b.failed || body.failed || arena->failed ? error_oom(err)
                                                    : sign_in(config, &ret_request->mail, arena, err);
    buf_finish(&b);
    buf_finish(&body);
    return code;
}

static void judge(const struct alert_target *target, const struct alert_notice *notice,
                  const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret_outcome)
{
    int status = reply->mail_status;
    struct str reason = arena_printf(arena, "SMTP %d: %.*s", status, STR_FMT(reply_line(reply, arena)));

    (void)target;
    (void)notice;
    if (status >= 200 && status < 300)
        outcome_set(ret_outcome, ALERT_DONE, reason);
    else if (status == 530 || status == 535 || status == 534 || status == 538)
        outcome_set(ret_outcome, ALERT_BROKEN, reason); /* no login, a refused one, another way or TLS wanted */
    else if (status >= 500)
        outcome_set(ret_outcome, ALERT_REFUSED, reason);
    else
        outcome_set(ret_outcome, ALERT_LATER, reason);
}

const struct alert_channel alert_email = {
    .name = "email",
    .help = "Mail, by an SMTP server.",
    .options = options,
    .config_size = sizeof(struct email_config),
    .burst = 5,
    .per_minute = 20,
    .check = check,
    .prepare = prepare,
    .judge = judge,
};
