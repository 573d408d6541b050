/* Lemmy's login, and its refusals: nearly all are status 400, the word in "error" tells them apart. A token
 * has no known end; it is kept until it is refused, as logins fall under the strictest of the limits.
 *
 * The session is "token obtained_ms tries". */
#include "sources/lemmy.h"

#include <errno.h>

#include "sources/url.h"

#define FRESH_MS (5 * 60 * 1000) /* tokens refused sooner than this were no help */
#define SEARCH_WAIT_MS (600 * 1000)
#define READ_WAIT_MS (60 * 1000)

struct session {
    struct str token;
    int64_t obtained_ms, tries;
};

static const struct lemmy_account *config_of(const struct source_account *account)
{
    return account->config;
}

static struct session load(const struct source_account *account)
{
    struct session s = {0};
    struct str rest, number;

    s.token = str_split(account->session, ' ', &rest);
    number = str_split(rest, ' ', &rest);
    s.obtained_ms = cursor_i64(number, 0);
    s.tries = cursor_i64(rest, 0);
    if (str_eq(s.token, STR("-")))
        s.token = STR("");
    return s;
}

static void step_keep(const struct parsing *p, const struct session *s, struct source_step *ret_step)
{
    struct str text = arena_printf(p->arena, "%.*s %lld %lld", STR_FMT(s->token.len ? s->token : STR("-")),
                                   (long long)s->obtained_ms, (long long)s->tries);

    if (text.len > SOURCE_SESSION_MAX || str_find(s->token, STR(" ")) != SIZE_MAX)
        step_fail(ret_step, STEP_STOP, STR("the token is larger than can be kept, or none"));
    else
        *ret_step = (struct source_step){.kind = STEP_LOGIN, .session = text};
}

struct str lemmy_token(const struct source_account *account)
{
    return load(account).token;
}

/* ---- logging in ---------------------------------------------------------------------------- */

static int add_secret(struct buf *body, const char *key, const struct secret *secret, struct error *err)
{
    char *value = NULL;
    int code = secret_resolve(secret, &value, err);

    buf_append_str(body, str_from(key));
    if (code == 0)
        buf_append_json(body, str_from(value));
    secret_free(value);
    return code;
}

static int credentials(const struct lemmy_account *config, struct arena *arena, struct str *ret,
                       struct error *err)
{
    struct buf body = BUF_INIT(16 * 1024);
    int code = add_secret(&body, "{\"username_or_email\":", &config->username, err);

    if (code == 0)
        code = add_secret(&body, ",\"password\":", &config->password, err);
    buf_append_str(&body, STR(",\"totp_2fa_token\":null}"));
    if (code == 0) {
        *ret = arena_str(arena, buf_str(&body));
        if (body.failed || !ret->s)
            code = error_oom(err);
    }
    if (body.data)
        explicit_bzero(body.data, body.cap);
    buf_finish(&body);
    return code;
}

int lemmy_login_prepare(const struct source_account *account, struct arena *arena,
                        struct source_request *ret_request, struct error *err)
{
    struct str text;
    struct url u;
    int code;

    url_begin(&u, config_of(account)->instance, "/api/v3/user/login");
    code = url_finish(&u, arena, &text, err);
    if (code < 0)
        return code;
    request_begin_get(ret_request, "login", text);
    request_add_header(ret_request, "Content-Type", STR("application/json"), false);
    ret_request->login = true;
    ret_request->http.method = "POST";
    ret_request->http.has_body = true;
    return credentials(config_of(account), arena, &ret_request->http.body, err);
}

int lemmy_login_parse(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    struct session s = {.obtained_ms = p->reply->received_at_ms, .tries = load(p->src->account).tries};
    json_t *value = NULL;
    int code;

    if (p->reply->http->status == 400 || p->reply->http->status == 401) {
        struct str name = lemmy_error(p);

        if (str_eq(name, STR("rate_limit_error"))) {
            step_fail(ret_step, STEP_WAIT, STR("too many logins"));
            ret_step->wait_ms = SEARCH_WAIT_MS;
            return 0;
        }
        step_fail(ret_step, STEP_STOP, arena_printf(p->arena, "login refused: %.*s", STR_FMT(name)));
        return 0;
    }
    if (source_step_for_status(p->reply, p->arena, ret_step))
        return 0;
    code = parsing_load(p, &value, err);
    if (code < 0)
        return code;
    s.token = json_get_text(value, "jwt");
    if (s.token.len == 0)
        return error_set(err, -EBADMSG, "a login without a token");
    step_keep(p, &s, ret_step);
    return 0;
}

void lemmy_token_refused(const struct parsing *p, struct source_step *ret_step)
{
    struct session s = load(p->src->account);

    if (p->reply->received_at_ms - s.obtained_ms >= FRESH_MS)
        s.tries = 0; /* it worked for a while */
    if (s.tries > 0) {
        step_fail(ret_step, STEP_STOP, STR("a new login is refused too"));
        return;
    }
    s = (struct session){.tries = 1};
    step_keep(p, &s, ret_step);
}

/* ---- refusals ------------------------------------------------------------------------------ */

enum verdict { GIVE_UP, SLOW_DOWN, LOG_IN };

static const struct {
    const char *error;
    enum verdict verdict;
} verdicts[] = {
    {"rate_limit_error", SLOW_DOWN}, {"too_many_requests", SLOW_DOWN}, {"not_logged_in", LOG_IN},
    {"incorrect_login", LOG_IN},     {"instance_is_private", LOG_IN},
};

static const json_t *load_refusal(const struct parsing *p)
{
    struct str body = str_trim(p->reply->body);
    json_t *value = NULL;

    if (!str_starts_with(body, STR("{")) || parsing_load(p, &value, NULL) < 0)
        return NULL;
    return value;
}

struct str lemmy_error(const struct parsing *p)
{
    return p->reply->http->status >= 400 ? json_get_text(load_refusal(p), "error") : STR("");
}

static enum verdict judge(const struct parsing *p, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        if (str_eq(name, str_from(verdicts[i].error)))
            return verdicts[i].verdict == LOG_IN && !config_of(p->src->account) ? GIVE_UP
                                                                                : verdicts[i].verdict;
    }
    return p->reply->http->status == 429 ? SLOW_DOWN : GIVE_UP;
}

bool lemmy_refusal_read(const struct parsing *p, bool is_search, struct source_step *ret_step)
{
    const json_t *value;
    struct str name, message;
    enum verdict verdict;

    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    value = p->reply->http->status >= 400 ? load_refusal(p) : NULL;
    name = json_get_text(value, "error");
    message = json_get_text(value, "message");
    verdict = judge(p, name);
    if (verdict == LOG_IN) {
        lemmy_token_refused(p, ret_step);
        return true;
    }
    if (name.len > 0)
        ret_step->reason = arena_printf(p->arena, "HTTP %d %.*s%s%.*s", p->reply->http->status,
                                        STR_FMT(str_cut_utf8(name, 100)), message.len ? ": " : "",
                                        STR_FMT(str_cut_utf8(message, 200)));
    if (verdict == SLOW_DOWN) {
        ret_step->kind = STEP_WAIT;
        if (ret_step->wait_ms <= 0)
            ret_step->wait_ms = is_search ? SEARCH_WAIT_MS : READ_WAIT_MS;
    }
    return true;
}
