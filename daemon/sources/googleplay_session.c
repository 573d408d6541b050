/* The session is {"access_token","expires_at","obtained_at"}. There is nothing to refresh: when a token
 * has expired, or is refused, a new assertion is made. The key is read from its file each time and never
 * kept. */
#include "sources/googleplay_session.h"

#include <errno.h>

#include "sources/signing.h"
#include "sources/url.h"

#define SCOPE "https://www.googleapis.com/auth/androidpublisher"
#define GRANT "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define TOKEN_URL "https://oauth2.googleapis.com/token"
#define ASSERTION_SECONDS 3600
#define SPARE_MS (60 * 1000)     /* a token that expires sooner is not used */
#define FRESH_MS (5 * 60 * 1000) /* a token refused sooner than this after it came: another would not help */
#define EXPIRES_S_MAX (24 * 3600)

struct session {
    struct str token;
    int64_t expires_ms, obtained_ms;
};

static struct session load(const struct source_account *account, struct arena *arena)
{
    struct arena *before = json_use_arena(arena);
    struct session s = {0};
    json_t *value = NULL;

    if (account->session.len > 0 && json_page_parse(account->session, NULL, &value, NULL) == 0) {
        s.token = json_get_text(value, "access_token");
        s.expires_ms = json_get_i64(value, "expires_at", 0);
        s.obtained_ms = json_get_i64(value, "obtained_at", 0);
    }
    json_use_arena(before);
    return s;
}

static void step_login(const struct parsing *p, const struct session *s, struct source_step *ret_step)
{
    struct buf b = BUF_INIT(SOURCE_SESSION_MAX);

    buf_append_str(&b, STR("{\"access_token\":"));
    buf_append_json(&b, s->token);
    buf_printf(&b, ",\"expires_at\":%lld,\"obtained_at\":%lld}", (long long)s->expires_ms,
               (long long)s->obtained_ms);
    if (b.failed)
        step_fail(ret_step, STEP_STOP, STR("the token is larger than can be kept"));
    else
        *ret_step = (struct source_step){.kind = STEP_LOGIN, .session = arena_str(p->arena, buf_str(&b))};
    buf_finish(&b);
}

/* ---- the assertion --------------------------------------------------------------------------- */

struct key {
    struct str email, private_key, id, token_url;
};

static int load_key(const struct secret *secret, struct arena *arena, struct key *ret, struct error *err)
{
    struct arena *before = json_use_arena(arena);
    json_t *value = NULL;
    char *text = NULL;
    int code = secret_resolve(secret, &text, err);

    if (code == 0 && json_page_parse(str_from(text), NULL, &value, NULL) < 0)
        code = error_set(err, -EINVAL, "the service account's key is not JSON");
    json_use_arena(before);
    secret_free(text);
    if (code < 0)
        return code;
    *ret = (struct key){json_get_text(value, "client_email"), json_get_text(value, "private_key"),
                        json_get_text(value, "private_key_id"), json_get_text(value, "token_uri")};
    if (ret->token_url.len == 0)
        ret->token_url = STR(TOKEN_URL);
    if (ret->email.len == 0 || ret->private_key.len == 0)
        return error_set(err, -EINVAL, "the service account's key has no client_email or no private_key");
    return 0;
}

static int sign(const struct key *key, int64_t now_ms, struct arena *arena, struct str *ret,
                struct error *err)
{
    struct buf header = BUF_INIT(1024), claims = BUF_INIT(4096);
    long long from_s = now_ms / 1000;
    int code;

    buf_append_str(&header, STR("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":"));
    buf_append_json(&header, key->id);
    buf_append_char(&header, '}');
    buf_append_str(&claims, STR("{\"iss\":"));
    buf_append_json(&claims, key->email);
    buf_append_str(&claims, STR(",\"scope\":\"" SCOPE "\",\"aud\":"));
    buf_append_json(&claims, key->token_url);
    buf_printf(&claims, ",\"iat\":%lld,\"exp\":%lld}", from_s, from_s + ASSERTION_SECONDS);
    code = sign_jwt_rs256(key->private_key, buf_str(&header), buf_str(&claims), arena, ret, err);
    buf_finish(&header);
    buf_finish(&claims);
    return code;
}

static int prepare_login(const struct source_account *account, int64_t now_ms, struct arena *arena,
                         struct source_request *ret_request, struct error *err)
{
    const struct googleplay_account *config = account->config;
    struct str assertion = STR(""), body;
    struct key key = {0};
    struct url form;
    int code = load_key(&config->key, arena, &key, err);

    if (code == 0)
        code = sign(&key, now_ms, arena, &assertion, err);
    if (code < 0)
        return code;
    url_begin(&form, STR(""), "");
    url_add_param(&form, "grant_type", STR(GRANT));
    url_add_param(&form, "assertion", assertion);
    code = url_finish(&form, arena, &body, err);
    if (code < 0)
        return code;
    request_begin_get(ret_request, "token", key.token_url);
    ret_request->login = true;
    ret_request->http.method = "POST";
    ret_request->http.has_body = true;
    ret_request->http.body = str_slice(body, 1, body.len); /* without the '?' */
    request_add_header(ret_request, "Content-Type", STR("application/x-www-form-urlencoded"), false);
    return 0;
}

int googleplay_session_prepare(const struct source_account *account, int64_t now_ms, struct arena *arena,
                               struct str *ret_token, struct source_request *ret_request, struct error *err)
{
    struct session s = load(account, arena);

    *ret_token = STR("");
    if (s.token.len == 0 || s.expires_ms - SPARE_MS <= now_ms)
        return prepare_login(account, now_ms, arena, ret_request, err);
    *ret_token = s.token;
    return 0;
}

/* ---- replies --------------------------------------------------------------------------------- */

/* {"error":"invalid_grant","error_description":"Invalid JWT Signature."} */
static bool login_refused(const struct parsing *p, struct source_step *ret_step)
{
    struct str body = str_trim(p->reply->body);
    json_t *value = NULL;

    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    if (!str_starts_with(body, STR("{")) || parsing_load(p, &value, NULL) < 0)
        return true;
    ret_step->reason = arena_printf(p->arena, "login refused: HTTP %d %.*s, %.*s", p->reply->http->status,
                                    STR_FMT(json_get_text(value, "error")),
                                    STR_FMT(json_get_text(value, "error_description")));
    return true;
}

int googleplay_session_parse(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    struct session s = {.obtained_ms = p->reply->received_at_ms};
    json_t *value = NULL;
    int64_t seconds;
    int code;

    if (login_refused(p, ret_step))
        return 0;
    code = parsing_load(p, &value, err);
    if (code < 0)
        return code;
    s.token = json_get_text(value, "access_token");
    seconds = json_get_i64(value, "expires_in", ASSERTION_SECONDS);
    if (s.token.len == 0)
        return error_set(err, -EBADMSG, "a login without access_token");
    if (seconds < 2 * SPARE_MS / 1000 || seconds > EXPIRES_S_MAX)
        seconds = 2 * SPARE_MS / 1000; /* odd: used for a minute */
    s.expires_ms = s.obtained_ms + seconds * 1000;
    step_login(p, &s, ret_step);
    return 0;
}

void googleplay_session_refused(const struct parsing *p, struct source_step *ret_step)
{
    struct session s = load(p->src->account, p->arena);

    if (p->reply->received_at_ms - s.obtained_ms < FRESH_MS) {
        step_fail(ret_step, STEP_STOP, STR("a new token is refused too"));
        return;
    }
    s.token = STR("");
    step_login(p, &s, ret_step);
}
