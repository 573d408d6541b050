/* Logging in to Bluesky with as few logins as possible: createSession is limited to 30 in 5 minutes
 * and 300 a day, and wrong passwords count, so a session is kept across restarts, refreshed when
 * its access token has expired, and made anew only when that fails. Each of the two is tried once;
 * after that people have to look.
 *
 *     LOGIN -createSession-> READY -ExpiredToken-> REFRESH -refreshSession-> READY
 *       ^                                             |
 *       +------------- ExpiredToken, InvalidToken ----+
 */
#include "sources/bluesky_session.h"

#include <errno.h>

#include "sources/url.h"

#define FRESH_MS (5 * 60 * 1000) /* tokens refused sooner than this were no help */

static const char *const state_names[] = {"login", "refresh", "ready"};

static const struct bluesky_account *config_of(const struct source_account *account)
{
    return account->config;
}

/* ---- the text ------------------------------------------------------------------------------ */

static enum session_state state_parse(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
        if (str_eq(name, str_from(state_names[i])))
            return (enum session_state)i;
    }
    return SESSION_LOGIN;
}

struct bluesky_session bluesky_session_load(const struct source_account *account, struct arena *arena)
{
    struct bluesky_session s = {.state = SESSION_LOGIN};
    struct arena *before = json_use_arena(arena);
    json_t *value = NULL;

    if (account->session.len > 0 && json_page_parse(account->session, NULL, &value, NULL) == 0) {
        s.access = json_get_text(value, "accessJwt");
        s.refresh = json_get_text(value, "refreshJwt");
        s.did = json_get_text(value, "did");
        s.handle = json_get_text(value, "handle");
        s.pds = json_get_text(value, "pds");
        s.tries = json_get_i64(value, "tries", 0);
        s.obtained_ms = json_get_i64(value, "obtained_at", 0);
        s.state = state_parse(json_get_text(value, "state"));
    }
    json_use_arena(before);
    if ((s.state == SESSION_READY && s.access.len == 0) || (s.state == SESSION_REFRESH && s.refresh.len == 0))
        s.state = SESSION_LOGIN;
    return s;
}

static void put_text(struct buf *b, const char *key, struct str value)
{
    buf_append_str(b, str_from(key));
    buf_append_json(b, value);
}

static void step_login(struct source_step *ret_step, const struct bluesky_session *s, struct arena *arena)
{
    struct buf b = BUF_INIT(SOURCE_SESSION_MAX);

    put_text(&b, "{\"state\":", str_from(state_names[s->state]));
    put_text(&b, ",\"accessJwt\":", s->access);
    put_text(&b, ",\"refreshJwt\":", s->refresh);
    put_text(&b, ",\"did\":", s->did);
    put_text(&b, ",\"handle\":", s->handle);
    put_text(&b, ",\"pds\":", s->pds);
    buf_append_str(&b, STR(",\"tries\":"));
    buf_append_i64(&b, s->tries);
    buf_append_str(&b, STR(",\"obtained_at\":"));
    buf_append_i64(&b, s->obtained_ms);
    buf_append_char(&b, '}');
    if (b.failed)
        step_fail(ret_step, STEP_STOP, STR("the session is larger than can be kept"));
    else
        *ret_step = (struct source_step){.kind = STEP_LOGIN, .session = arena_str(arena, buf_str(&b))};
    buf_finish(&b);
}

/* ---- requests ------------------------------------------------------------------------------ */

struct str bluesky_base_url(const struct source_account *account, const struct bluesky_session *session)
{
    return session->pds.len > 0 ? session->pds : config_of(account)->service;
}

/* {"identifier":"…","password":"…"} */
static int credentials_json(const struct bluesky_account *config, struct arena *arena, struct str *ret,
                            struct error *err)
{
    char *identifier = NULL, *password = NULL;
    struct buf b = BUF_INIT(16 * 1024);
    int code = secret_resolve(&config->identifier, &identifier, err);

    if (code == 0)
        code = secret_resolve(&config->password, &password, err);
    if (code == 0) {
        put_text(&b, "{\"identifier\":", str_from(identifier));
        put_text(&b, ",\"password\":", str_from(password));
        buf_append_char(&b, '}');
        *ret = arena_str(arena, buf_str(&b));
        if (b.failed || !ret->s)
            code = error_oom(err);
    }
    if (b.data)
        explicit_bzero(b.data, b.cap);
    buf_finish(&b);
    secret_free(identifier);
    secret_free(password);
    return code;
}

int bluesky_login_prepare(const struct source_account *account, const struct bluesky_session *session,
                          struct arena *arena, struct source_request *ret_request, struct error *err)
{
    bool refresh = session->state == SESSION_REFRESH;
    struct str text;
    struct url u;
    int code;

    url_begin(&u, refresh ? bluesky_base_url(account, session) : config_of(account)->service, "/xrpc/");
    url_add_segment(&u, refresh ? STR("com.atproto.server.refreshSession")
                                : STR("com.atproto.server.createSession"));
    code = url_finish(&u, arena, &text, err);
    if (code < 0)
        return code;
    request_begin_get(ret_request, refresh ? "refreshSession" : "createSession", text);
    ret_request->http.method = "POST";
    ret_request->http.has_body = true;
    ret_request->login = true;
    if (refresh) {
        request_add_bearer_text(ret_request, session->refresh, arena);
        return 0;
    }
    request_add_header(ret_request, "Content-Type", STR("application/json"), false);
    return credentials_json(config_of(account), arena, &ret_request->http.body, err);
}

/* ---- replies ------------------------------------------------------------------------------- */

struct str bluesky_error_name(const struct parsing *p)
{
    struct str body = str_trim(p->reply->body);
    json_t *value = NULL;

    if (body.len == 0 || body.s[0] != '{' || parsing_load(p, &value, NULL) < 0)
        return STR("");
    return json_get_text(value, "error");
}

/* The account's own server as its DID document has it. Tokens are not sent over plain HTTP unless
 * the configured service is plain too (a server on this machine). */
static struct str find_pds(const struct source_account *account, const json_t *value)
{
    const json_t *services = json_path(value, "didDoc.service");
    bool plain_is_fine = str_starts_with(config_of(account)->service, STR("http://"));

    for (size_t i = 0; i < json_array_size(services); i++) {
        const json_t *service = json_array_get(services, i);
        struct str endpoint = json_get_text(service, "serviceEndpoint");

        if (!str_ends_with(json_get_text(service, "id"), STR("#atproto_pds")))
            continue;
        if (str_starts_with(endpoint, STR("https://")) ||
            (plain_is_fine && str_starts_with(endpoint, STR("http://"))))
            return endpoint;
    }
    return STR("");
}

static int take_tokens(const struct parsing *p, const struct bluesky_session *old,
                       struct source_step *ret_step, struct error *err)
{
    struct bluesky_session s = {
        .state = SESSION_READY,
        .tries = old->tries,
        .obtained_ms = p->reply->received_at_ms,
    };
    json_t *value = NULL;
    int code = parsing_load(p, &value, err);

    if (code < 0)
        return code;
    s.access = json_get_text(value, "accessJwt");
    s.refresh = json_get_text(value, "refreshJwt");
    s.did = json_get_text(value, "did");
    s.handle = json_get_text(value, "handle");
    s.pds = find_pds(p->src->account, value);
    if (s.pds.len == 0 && old->state == SESSION_REFRESH)
        s.pds = old->pds;
    if (s.access.len == 0 || s.refresh.len == 0)
        return error_set(err, -EBADMSG, "a session without tokens");
    if (json_is_false(json_get(value, "active")))
        step_fail(ret_step, STEP_STOP, STR("the account is not active"));
    else
        step_login(ret_step, &s, p->arena);
    return 0;
}

/* 400 or 401 to a refresh: a new session. To a login: somebody has to look. */
static void login_refused(const struct parsing *p, struct bluesky_session *s, struct str name,
                          struct source_step *ret_step)
{
    bool for_good = str_eq(name, STR("AccountTakedown")) || str_eq(name, STR("AuthFactorTokenRequired"));

    if (s->state == SESSION_REFRESH && !for_good) {
        s->state = SESSION_LOGIN;
        s->tries = 2;
        step_login(ret_step, s, p->arena);
        return;
    }
    step_fail(ret_step, STEP_STOP, arena_printf(p->arena, "login refused: HTTP %d %.*s",
                                                p->reply->http->status, STR_FMT(name)));
}

int bluesky_login_parse(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    struct bluesky_session s = bluesky_session_load(p->src->account, p->arena);
    int status = p->reply->http->status;

    if (s.state == SESSION_READY) { /* another source of this account was quicker */
        step_login(ret_step, &s, p->arena);
        return 0;
    }
    if (status == 400 || status == 401) {
        login_refused(p, &s, bluesky_error_name(p), ret_step);
        return 0;
    }
    if (source_step_for_status(p->reply, p->arena, ret_step))
        return 0;
    return take_tokens(p, &s, ret_step, err);
}

void bluesky_session_refused(const struct parsing *p, struct source_step *ret_step)
{
    struct bluesky_session s = bluesky_session_load(p->src->account, p->arena);

    if (s.state == SESSION_READY) {
        if (p->reply->received_at_ms - s.obtained_ms >= FRESH_MS)
            s.tries = 0; /* they worked for a while */
        if (s.tries >= 2) {
            step_fail(ret_step, STEP_STOP, STR("a new session is refused too"));
            return;
        }
        s.state = s.tries == 0 ? SESSION_REFRESH : SESSION_LOGIN;
        s.tries++;
    }
    step_login(ret_step, &s, p->arena);
}
