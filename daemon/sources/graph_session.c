/* Tokens of Threads and Instagram live for 60 days and can be renewed from a day after they were made on.
 * They are renewed weekly, and the renewed one is kept with the account's session:
 * {"token","seed","renewed_at"}. The seed tells from which configured token it came, so that one that
 * somebody put into the configuration counts at once. */
#include <errno.h>

#include "mentiond/codec.h"
#include "mentiond/digest.h"
#include "sources/graph.h"

#define DAY_MS (24 * 3600 * 1000LL)
#define SEED_LEN 16
#define CODE_TOKEN 190

struct graph_session {
    struct str token; /* "": the configured one is used */
    struct str seed;
    int64_t renewed_ms;
};

static struct graph_session load(const struct source_account *account, struct arena *arena)
{
    struct arena *before = json_use_arena(arena);
    struct graph_session s = {0};
    json_t *value = NULL;

    if (account->session.len > 0 && json_page_parse(account->session, NULL, &value, NULL) == 0) {
        s.token = json_get_text(value, "token");
        s.seed = json_get_text(value, "seed");
        s.renewed_ms = json_get_i64(value, "renewed_at", 0);
    }
    json_use_arena(before);
    return s;
}

static struct str seed_of(struct str token, struct arena *arena)
{
    struct str hex = hex_encode(digest_hmac_sha256(STR("mentiond"), token, arena), arena);

    return str_slice(hex, 0, hex.len < SEED_LEN ? hex.len : SEED_LEN);
}

static void step_login(const struct parsing *p, const struct graph_session *s, struct source_step *ret_step)
{
    struct buf b = BUF_INIT(SOURCE_SESSION_MAX);

    buf_append_str(&b, STR("{\"token\":"));
    buf_append_json(&b, s->token);
    buf_append_str(&b, STR(",\"seed\":"));
    buf_append_json(&b, s->seed);
    buf_printf(&b, ",\"renewed_at\":%lld}", (long long)s->renewed_ms);
    if (b.failed)
        step_fail(ret_step, STEP_STOP, STR("the token is larger than can be kept"));
    else
        *ret_step = (struct source_step){.kind = STEP_LOGIN, .session = arena_str(p->arena, buf_str(&b))};
    buf_finish(&b);
}

int graph_session_prepare(const struct source *src, const char *grant, int64_t now_ms, struct arena *arena,
                          struct str *ret_token, struct source_request *ret_request, struct error *err)
{
    const struct graph_account *account = src->account->config;
    struct graph_session s = load(src->account, arena);
    struct str configured = STR("");
    struct url u;
    int code = graph_token_resolve(src, arena, &configured, err);

    if (code < 0)
        return code;
    if (!str_eq(s.seed, seed_of(configured, arena)))
        s = (struct graph_session){0};
    *ret_token = s.token.len > 0 ? s.token : configured;
    if (now_ms - s.renewed_ms < GRAPH_REFRESH_MS)
        return 0;
    url_begin(&u, url_origin(account->api), "/refresh_access_token");
    url_add_param(&u, "grant_type", str_from(grant));
    code = graph_request_finish(src, &u, *ret_token, "refresh", arena, ret_request, err);
    ret_request->login = true;
    *ret_token = STR("");
    return code;
}

/* A renewed token that is refused gives way to the configured one; that one only people can replace.
 * Anything else, as a token of less than a day, is no reason to stop using it. */
static void refresh_refused(const struct parsing *p, struct graph_session *s, int64_t code,
                            struct source_step *ret_step)
{
    if (code == CODE_TOKEN && s->token.len == 0)
        return;
    s->renewed_ms = code == CODE_TOKEN ? 0 : p->reply->received_at_ms - GRAPH_REFRESH_MS + DAY_MS;
    if (code == CODE_TOKEN)
        s->token = STR("");
    step_login(p, s, ret_step);
}

int graph_session_parse(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    struct graph_session s = load(p->src->account, p->arena);
    struct str configured = STR(""), seed;
    json_t *value = NULL;
    int code = graph_token_resolve(p->src, p->arena, &configured, err);

    if (code < 0)
        return error_set(err, -EBADMSG, "the account's token cannot be read");
    seed = seed_of(configured, p->arena);
    if (!str_eq(s.seed, seed))
        s = (struct graph_session){.seed = seed};
    if (graph_refused(p, &value, ret_step, &code, err)) {
        if (code == 0 && ret_step->kind == STEP_STOP) {
            json_t *body = NULL;

            parsing_load(p, &body, NULL);
            refresh_refused(p, &s, json_get_i64(json_get(body, "error"), "code", 0), ret_step);
        }
        return code;
    }
    s.token = json_get_text(value, "access_token");
    if (s.token.len == 0)
        return error_set(err, -EBADMSG, "a renewal without token");
    s.renewed_ms = p->reply->received_at_ms;
    step_login(p, &s, ret_step);
    return 0;
}
