/* Reddit's OAuth: which grant follows from what the account has. Tokens last an hour to a day, the reply says
 * how long: a new one is fetched when nine tenths of that are over, or when one is refused. There is nothing
 * to refresh but where the account has a refresh token; its grant is asked for again in the same way.
 *
 * The session is "token obtained_ms until_ms tries", tries: tokens refused since one worked for a while. */
#include "sources/reddit.h"

#include <errno.h>

#include "sources/url.h"

#define FRESH_MS (5 * 60 * 1000) /* tokens refused sooner than this were no help */
#define LIMITED_WAIT_MS (30 * 1000)
#define LIFE_MS (3600 * 1000LL) /* where the reply does not say */
#define LIFE_MAX_S (30 * 24 * 3600)
#define DEVICE_ID "DO_NOT_TRACK_THIS_DEVICE" /* Reddit's own word for none */

struct session {
    struct str token;
    int64_t obtained_ms, until_ms, tries;
};

static const struct reddit_account *config_of(const struct source_account *account)
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
    number = str_split(rest, ' ', &rest);
    s.until_ms = cursor_i64(number, 0);
    s.tries = cursor_i64(rest, 0);
    if (str_eq(s.token, STR("-")))
        s.token = STR("");
    return s;
}

static void step_keep(const struct parsing *p, const struct session *s, struct source_step *ret_step)
{
    struct str text =
        arena_printf(p->arena, "%.*s %lld %lld %lld", STR_FMT(s->token.len ? s->token : STR("-")),
                     (long long)s->obtained_ms, (long long)s->until_ms, (long long)s->tries);

    if (text.len > SOURCE_SESSION_MAX || str_find(s->token, STR(" ")) != SIZE_MAX)
        step_fail(ret_step, STEP_STOP, STR("the token is larger than can be kept, or none"));
    else
        *ret_step = (struct source_step){.kind = STEP_LOGIN, .session = text};
}

struct str reddit_token(const struct source_account *account, int64_t now_ms)
{
    struct session s = load(account);

    return now_ms < s.until_ms ? s.token : STR("");
}

/* ---- the request --------------------------------------------------------------------------- */

/* A parameter of the form: a secret's value. */
static int add_secret(struct url *form, const char *name, const struct secret *secret, struct error *err)
{
    char *value = NULL;
    int code = secret_resolve(secret, &value, err);

    if (code == 0)
        url_add_param(form, name, str_from(value));
    secret_free(value);
    return code;
}

static int add_grant(struct url *form, const struct reddit_account *config, struct error *err)
{
    int code;

    if (config->refresh_token.spec.len > 0) {
        url_add_param(form, "grant_type", STR("refresh_token"));
        return add_secret(form, "refresh_token", &config->refresh_token, err);
    }
    if (config->username.spec.len > 0) {
        url_add_param(form, "grant_type", STR("password"));
        code = add_secret(form, "username", &config->username, err);
        return code < 0 ? code : add_secret(form, "password", &config->password, err);
    }
    if (config->client_secret.spec.len > 0) {
        url_add_param(form, "grant_type", STR("client_credentials"));
        return 0;
    }
    url_add_param(form, "grant_type", STR("https://oauth.reddit.com/grants/installed_client"));
    url_add_param(form, "device_id", STR(DEVICE_ID));
    return 0;
}

int reddit_login_prepare(const struct source_account *account, struct arena *arena,
                         struct source_request *ret_request, struct error *err)
{
    const struct reddit_account *config = config_of(account);
    struct url u, form;
    struct str text, body;
    int code, built;

    url_begin(&form, STR(""), "");
    code = add_grant(&form, config, err);
    built = url_finish(&form, arena, &body, code < 0 ? NULL : err);
    if (code < 0 || built < 0)
        return code < 0 ? code : built;
    url_begin(&u, config->login, "/api/v1/access_token");
    code = url_finish(&u, arena, &text, err);
    if (code < 0)
        return code;
    request_begin_get(ret_request, "token", text);
    ret_request->login = true;
    ret_request->http.method = "POST";
    ret_request->http.has_body = true;
    ret_request->http.body = str_slice(body, 1, body.len); /* without its "?" */
    request_add_header(ret_request, "Content-Type", STR("application/x-www-form-urlencoded"), false);
    request_add_header(ret_request, "User-Agent", config->user_agent, false);
    return request_add_basic(ret_request, &config->client_id, &config->client_secret, arena, err);
}

/* ---- replies ------------------------------------------------------------------------------- */

static struct str refusal_text(const struct parsing *p, const json_t *value)
{
    struct str text = json_get_text(value, "error_description");

    if (text.len == 0)
        text = json_id(json_get(value, "error"), p->arena);
    return text.len > 0 ? str_cut_utf8(text, 200) : STR("no token");
}

static void keep_token(const struct parsing *p, const json_t *value, struct source_step *ret_step)
{
    int64_t now_ms = p->reply->received_at_ms, life_s = json_get_i64(value, "expires_in", 0);
    struct session s = {
        .token = json_get_text(value, "access_token"),
        .obtained_ms = now_ms,
        .tries = load(p->src->account).tries,
    };

    s.until_ms = now_ms + (life_s > 0 && life_s <= LIFE_MAX_S ? life_s * 900 : LIFE_MS);
    step_keep(p, &s, ret_step);
}

/* A refusal may come with status 200, too: what counts is whether there is a token. */
int reddit_login_parse(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    int status = p->reply->http->status, code;
    json_t *value = NULL;

    if (status != 200 && status != 400 && status != 401) {
        source_step_for_status(p->reply, p->arena, ret_step);
        if (ret_step->kind == STEP_WAIT && ret_step->wait_ms == 0)
            ret_step->wait_ms = LIMITED_WAIT_MS;
        return 0;
    }
    if (status == 200 && source_step_for_status(p->reply, p->arena, ret_step))
        return 0;
    code = parsing_load(p, &value, err);
    if (code < 0 && status == 200)
        return code;
    if (status == 200 && json_get_text(value, "access_token").len > 0)
        keep_token(p, value, ret_step);
    else
        step_fail(ret_step, STEP_STOP, arena_printf(p->arena, "login refused: HTTP %d, %.*s", status,
                                                    STR_FMT(refusal_text(p, value))));
    return 0;
}

void reddit_token_refused(const struct parsing *p, struct source_step *ret_step)
{
    struct session s = load(p->src->account);

    if (p->reply->received_at_ms - s.obtained_ms >= FRESH_MS)
        s.tries = 0; /* it worked for a while */
    if (s.tries > 0) {
        step_fail(ret_step, STEP_STOP, STR("HTTP 401, a new token is refused too"));
        return;
    }
    s = (struct session){.tries = 1};
    step_keep(p, &s, ret_step);
}
