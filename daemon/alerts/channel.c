/* Helpers of the channels: requests, and what a status means where a channel knows no better. */
#include "alerts/channel.h"

#include <errno.h>
#include <stdio.h>

#define REASON_MAX 200    /* bytes of a reply's words in an outcome */
#define CREDENTIAL_MIN 20 /* characters; shorter words of a reply are shown */
#define WAIT_MAX_MS (24 * 3600 * 1000.0)
#define PLAIN_TEXT_MAX 8000 /* bytes */
#define PLAIN_LINE_MAX 1000

/* ---- requests ------------------------------------------------------------------------------ */

void request_add(struct alert_request *request, const char *name, struct str value, bool secret)
{
    if (request->http.n_headers < ALERT_HEADERS_MAX)
        request->headers[request->http.n_headers++] = (struct http_header){str_from(name), value, secret};
}

int secret_text(const struct secret *secret, struct arena *arena, struct str *ret_value, struct error *err)
{
    char *value = NULL;
    int code = secret_resolve(secret, &value, err);

    if (code < 0)
        return code;
    *ret_value = arena_str(arena, str_from(value));
    secret_free(value);
    return ret_value->s ? 0 : error_oom(err);
}

int request_post_json(struct alert_request *request, struct str url, struct buf *body, struct arena *arena,
                      struct error *err)
{
    struct str text = arena_str(arena, buf_str(body));
    bool failed = body->failed || !text.s || arena->failed;

    buf_finish(body);
    if (failed)
        return error_set(err, -ENOMEM, "making the message: out of memory, or over %d KiB",
                         ALERT_BODY_MAX / 1024);
    request->transport = ALERT_HTTP;
    request->http = (struct http_request){.method = "POST", .url = url, .body = text, .has_body = true,
                                          .headers = request->headers, .is_path_secret = true,
                                          .allow_private = true}; /* receivers are the operator's choice */
    request_add(request, "Content-Type", STR("application/json"), false);
    return 0;
}

int request_post_secret(struct alert_request *request, const struct secret *url, struct buf *body,
                        struct arena *arena, struct error *err)
{
    struct str address;
    int code = secret_text(url, arena, &address, err);

    if (code < 0) {
        buf_finish(body);
        return error_prefix(err, code, "url");
    }
    return request_post_json(request, address, body, arena, err);
}

int request_add_token(struct alert_request *request, const struct secret *token, struct arena *arena,
                       struct error *err)
{
    struct str value, header;
    int code;

    if (!token->spec.len)
        return 0;
    code = secret_text(token, arena, &value, err);
    if (code < 0)
        return error_prefix(err, code, "token");
    header = arena_printf(arena, "Bearer %.*s", STR_FMT(value));
    if (!header.s)
        return error_oom(err);
    request_add(request, "Authorization", header, true);
    return 0;
}

struct str base_url(struct str url)
{
    while (url.len && url.s[url.len - 1] == '/')
        url.len--;
    return url;
}

/* ---- outcomes ------------------------------------------------------------------------------ */

void outcome_set(struct alert_outcome *ret, enum alert_verdict verdict, struct str reason)
{
    *ret = (struct alert_outcome){.verdict = verdict, .wait_ms = -1, .reason = reason};
}

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("_-+/=%", c));
}

static bool looks_secret(struct str word)
{
    bool letter = false, digit = false;

    for (size_t i = 0; i < word.len; i++) {
        digit = digit || (word.s[i] >= '0' && word.s[i] <= '9');
        letter = letter || (word.s[i] | 0x20) >= 'a';
    }
    return letter && digit && word.len >= CREDENTIAL_MIN;
}

/* Receivers and what stands before them may repeat an address or a token in an error. */
static struct str without_secrets(struct str text, struct arena *arena)
{
    struct buf b = BUF_INIT(4 * text.len + 4);
    struct str made;

    for (size_t at = 0, end; at < text.len; at = end) {
        for (end = at; end < text.len && is_token_char(text.s[end]); end++)
            ;
        buf_append_str(&b, looks_secret(str_slice(text, at, end)) ? STR("***") : str_slice(text, at, end));
        if (end < text.len)
            buf_append_char(&b, text.s[end++]);
    }
    made = arena_str(arena, buf_str(&b));
    buf_finish(&b);
    return made.s ? made : STR("");
}

struct str reply_line(const struct alert_reply *reply, struct arena *arena)
{
    struct str rest, line = str_split(str_trim(reply->body), '\n', &rest);

    line = alert_clean(str_slice(line, 0, line.len < 4096 ? line.len : 4096), false, arena);
    return alert_cut(without_secrets(line, arena), REASON_MAX, ALERT_BYTES, arena);
}

void outcome_refuse_body(const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret)
{
    outcome_set(ret, ALERT_REFUSED,
                arena_printf(arena, "HTTP %d, but not taken: %.*s", reply->http->status,
                             STR_FMT(reply_line(reply, arena))));
}

const json_t *reply_json(const struct alert_reply *reply, struct arena *arena)
{
    struct arena *before = json_use_arena(arena);
    json_t *value = NULL;

    json_page_parse(reply->body, NULL, &value, NULL);
    json_use_arena(before);
    return value;
}

struct meaning {
    int from, to;
    enum alert_verdict verdict;
    const char *what;
};

static const struct meaning meanings[] = {
    {200, 299, ALERT_DONE, "taken"},
    {300, 399, ALERT_BROKEN, "redirected; the address must be the receiver's own"},
    {401, 401, ALERT_BROKEN, "the credential was refused"},
    {403, 403, ALERT_BROKEN, "forbidden"},
    {404, 404, ALERT_BROKEN, "no such address"},
    {408, 408, ALERT_LATER, "timed out"},
    {410, 410, ALERT_BROKEN, "gone for good"},
    {413, 413, ALERT_REFUSED, "too large"},
    {425, 425, ALERT_LATER, "too early"},
    {429, 429, ALERT_LATER, "too many messages"},
    {400, 499, ALERT_REFUSED, "refused"},
    {500, 599, ALERT_LATER, "server error"},
    {100, 199, ALERT_LATER, "no final answer"},
};

bool outcome_by_status(const struct alert_reply *reply, struct arena *arena, struct alert_outcome *ret)
{
    int status = reply->http->status;
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(meanings) && (status < meanings[i].from || status > meanings[i].to))
        i++;
    outcome_set(ret, meanings[i].verdict,
                arena_printf(arena, "HTTP %d, %s: %.*s", status, meanings[i].what,
                             STR_FMT(reply_line(reply, arena))));
    if (ret->verdict == ALERT_LATER)
        ret->wait_ms = http_retry_after_ms(reply->http, reply->received_at_ms);
    return ret->verdict == ALERT_DONE;
}

void outcome_by_rules(const struct alert_reply *reply, const json_t *body, const char *field,
                      const struct reply_rule *rules, struct alert_outcome *ret)
{
    const json_t *value = json_path(body, field);
    char number[32];
    struct str text = json_text(value);

    if (json_is_integer(value)) {
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
        text = str_from(number);
    }
    for (; rules->word; rules++) {
        if ((rules->status == 0 || rules->status == reply->http->status) &&
            str_starts_with(text, str_from(rules->word))) {
            ret->verdict = rules->verdict;
            return;
        }
    }
}

void outcome_wait_field(const json_t *body, const char *field, double unit_ms, struct alert_outcome *ret)
{
    const json_t *value = json_path(body, field);
    double wait_ms = json_is_number(value) ? json_number_value(value) * unit_ms : -1;

    if (ret->verdict == ALERT_LATER && ret->wait_ms < 0 && wait_ms >= 0)
        ret->wait_ms = (int64_t)((wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS) + 0.5);
}

/* ---- notices ------------------------------------------------------------------------------- */

const char *notice_phase(const struct alert_notice *notice)
{
    static const char *const names[] = {[ALERT_FIRING] = "firing", [ALERT_ACKED] = "acknowledged",
                                        [ALERT_RESOLVED] = "resolved", [ALERT_PASSING] = "passing"};

    return names[notice->phase];
}

const char *notice_severity(const struct alert_notice *notice)
{
    static const char *const names[] = {
        [ALERT_INFO] = "info", [ALERT_WARNING] = "warning", [ALERT_CRITICAL] = "critical"};

    return names[notice->severity];
}

unsigned notice_color(const struct alert_notice *notice)
{
    static const unsigned by_severity[] = {[ALERT_INFO] = 0x3b82f6, [ALERT_WARNING] = 0xecb22e,
                                           [ALERT_CRITICAL] = 0xe01e5a};

    if (notice->phase == ALERT_RESOLVED)
        return 0x2eb67d;
    return by_severity[notice->phase == ALERT_ACKED ? ALERT_INFO : notice->severity];
}

/* ---- plain text ---------------------------------------------------------------------------- */

/* Bounded, whatever a notice holds: a text that is too long for its place ends there. */
void notice_print_plain(const struct alert_notice *notice, struct buf *b)
{
    if (notice->text.len)
        buf_printf(b, "%.*s\n", STR_FMT(str_cut_utf8(notice->text, PLAIN_TEXT_MAX)));
    for (size_t i = 0; i < notice->n_facts; i++) {
        const struct alert_fact *fact = &notice->facts[i];

        buf_printf(b, "%.*s: %.*s\n", STR_FMT(fact->name),
                   STR_FMT(str_cut_utf8(fact->value, PLAIN_LINE_MAX)));
    }
    for (size_t i = 0; i < notice->n_examples; i++) {
        const struct alert_example *e = &notice->examples[i];
        struct str who = str_cut_utf8(e->who, PLAIN_LINE_MAX), text = str_cut_utf8(e->text, PLAIN_LINE_MAX);

        buf_printf(b, "- %.*s: %.*s %.*s\n", STR_FMT(who), STR_FMT(text), STR_FMT(alert_safe_url(e->url)));
    }
}
