/* Requests, pages and errors of the Graph API. Errors are decided by their code: HTTP statuses follow no
 * strict rule. What Meta writes into an error may repeat the token, so long words of it are not shown. */
#include "sources/graph.h"

#include <errno.h>

#include "mentiond/codec.h"
#include "mentiond/digest.h"

#define LIMITED_WAIT_MS (30 * 60 * 1000)
#define BLOCKED_WAIT_MS (6 * 3600 * 1000LL)
#define WAIT_MAX_MS (24 * 3600 * 1000LL)
#define WORD_MAX 32 /* longer words of letters and digits may be a token */
#define SLOW_PERCENT 80
#define FULL_PERCENT 95
#define WINDOW_MS (3600 * 1000)

static const struct graph_account *account_of(const struct source *src)
{
    return src->account->config;
}

/* ---- requests -------------------------------------------------------------------------------- */

int graph_token_resolve(const struct source *src, struct arena *arena, struct str *ret_token,
                        struct error *err)
{
    char *value = NULL;
    int code = secret_resolve(&account_of(src)->token, &value, err);

    if (code < 0)
        return code;
    *ret_token = arena_str(arena, str_from(value));
    secret_free(value);
    return 0;
}

static int add_proof(const struct source *src, struct url *u, struct str token, struct arena *arena,
                     struct error *err)
{
    const struct secret *secret = &account_of(src)->app_secret;
    char *value = NULL;
    struct str proof;
    int code;

    if (secret->spec.len == 0)
        return 0;
    code = secret_resolve(secret, &value, err);
    if (code < 0)
        return code;
    proof = hex_encode(digest_hmac_sha256(str_from(value), token, arena), arena);
    url_add_param(u, "appsecret_proof", proof);
    secret_free(value);
    return 0;
}

int graph_request_finish(const struct source *src, struct url *u, struct str token, const char *endpoint,
                         struct arena *arena, struct source_request *ret_request, struct error *err)
{
    struct str text;
    int code, proof_code = add_proof(src, u, token, arena, err);

    url_add_param(u, "access_token", token);
    code = url_finish(u, arena, &text, err);
    if (code < 0 || proof_code < 0)
        return code < 0 ? code : proof_code;
    request_begin_get(ret_request, endpoint, text);
    return 0;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* A parameter of a URL as it was before it was put there: it will be encoded again. */
static struct str decoded(struct str text, struct arena *arena)
{
    struct buf b = BUF_INIT(SOURCE_CURSOR_FIELD_MAX);
    struct str copy;

    for (size_t i = 0; i < text.len; i++) {
        int high = text.len - i > 2 && text.s[i] == '%' ? hex_value(text.s[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text.s[i + 2]) : -1;

        char byte = low >= 0 ? (char)(high * 16 + low) : text.s[i];

        buf_append_char(&b, byte);
        i += low >= 0 ? 2 : 0;
    }
    copy = arena_str(arena, buf_str(&b));
    buf_finish(&b);
    return copy.s ? copy : STR("");
}

struct str graph_next(const struct parsing *p, const json_t *value, bool follows_after)
{
    const json_t *paging = json_get(value, "paging");
    struct str after = json_get_text(json_get(paging, "cursors"), "after");
    struct str url = json_get_text(paging, "next");
    struct str until = decoded(url_get_param(url, "until"), p->arena);
    struct str token = decoded(url_get_param(url, "__paging_token"), p->arena);
    struct str next = STR("");

    if (after.len == 0)
        after = decoded(url_get_param(url, "after"), p->arena);
    if (url.len == 0 && !(follows_after && json_array_size(json_get(value, "data")) > 0))
        return next;
    if (after.len > 0)
        next = arena_printf(p->arena, "after %.*s", STR_FMT(after));
    else if (until.len > 0)
        next = arena_printf(p->arena, "until %.*s %.*s", STR_FMT(until), STR_FMT(token));
    return next.s ? next : STR("");
}

void graph_add_place(struct url *u, struct str next)
{
    struct str rest, kind = str_split(next, ' ', &rest), value = str_split(rest, ' ', &rest);

    if (str_eq(kind, STR("after")))
        url_add_param(u, "after", value);
    if (!str_eq(kind, STR("until")))
        return;
    url_add_param(u, "until", value);
    url_add_param(u, "__paging_token", rest);
}

/* ---- errors ---------------------------------------------------------------------------------- */

enum meaning { MEANS_STOP, MEANS_WAIT, MEANS_BLOCKED, MEANS_RETRY };

static const struct {
    int64_t from, to;
    enum meaning meaning;
    const char *what;
} codes[] = {
    {1, 2, MEANS_RETRY, "temporary trouble"},
    {3, 3, MEANS_STOP, "the app lacks a permission or an approval"},
    {4, 4, MEANS_WAIT, "the app's limit"},
    {10, 10, MEANS_STOP, "the app lacks a permission or an approval"},
    {17, 17, MEANS_WAIT, "the account's limit"},
    {21, 21, MEANS_STOP, "the page has moved"},
    {32, 32, MEANS_WAIT, "the page's limit"},
    {100, 100, MEANS_STOP, "a parameter, a missing permission, or no such object"},
    {102, 102, MEANS_STOP, "the token expired or was revoked: somebody has to log in again"},
    {190, 190, MEANS_STOP, "the token expired or was revoked: somebody has to log in again"},
    {200, 299, MEANS_STOP, "the app lacks a permission or an approval"},
    {368, 368, MEANS_BLOCKED, "blocked for some time"},
    {613, 613, MEANS_WAIT, "a limit"},
    {803, 803, MEANS_STOP, "no such object"},
    {80000, 80014, MEANS_WAIT, "a limit"},
};
#define CODE_TOKEN 190
#define CODE_PARAMETER 100

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Without words that could be a token. */
static struct str harmless(struct str text, struct arena *arena)
{
    struct buf b = BUF_INIT(4096);
    struct str copy;

    text = str_cut_utf8(text, 500);
    for (size_t i = 0; i < text.len;) {
        size_t end = i;

        while (end < text.len && is_word_char(text.s[end]))
            end++;
        if (end - i > WORD_MAX)
            buf_append_str(&b, STR("***"));
        else
            buf_append_str(&b, str_slice(text, i, end));
        if (end < text.len)
            buf_append_char(&b, text.s[end++]);
        i = end;
    }
    copy = arena_str(arena, buf_str(&b));
    buf_finish(&b);
    return copy.s ? copy : STR("");
}

static json_t *load_header(const struct parsing *p, const char *name)
{
    struct str text = http_response_header(p->reply->http, name);
    struct arena *before = json_use_arena(p->arena);
    json_t *value = NULL;

    if (text.len > 0 && json_page_parse(text, NULL, &value, NULL) < 0)
        value = NULL;
    json_use_arena(before);
    return value;
}

/* {"<id>": [{…, "estimated_time_to_regain_access": minutes}]}: the longest of them, 0: not told. */
static int64_t regain_ms(const struct parsing *p)
{
    json_t *usage = load_header(p, "X-Business-Use-Case-Usage");
    int64_t longest = 0;
    const char *id;
    json_t *list;

    json_object_foreach(usage, id, list) {
        for (size_t i = 0; i < json_array_size(list); i++) {
            int64_t minutes = json_get_i64(json_array_get(list, i), "estimated_time_to_regain_access", 0);

            if (minutes > longest)
                longest = minutes;
        }
    }
    return longest > WAIT_MAX_MS / 60000 ? WAIT_MAX_MS : longest * 60000;
}

static void set_wait(const struct parsing *p, int64_t otherwise_ms, struct source_step *ret_step)
{
    int64_t told_ms = http_retry_after_ms(p->reply->http, p->reply->received_at_ms);

    if (told_ms <= 0)
        told_ms = regain_ms(p);
    ret_step->kind = STEP_WAIT;
    ret_step->wait_ms = told_ms > 0 ? told_ms : otherwise_ms;
}

static void step_for_error(const struct parsing *p, const json_t *error, struct source_step *ret_step)
{
    int64_t code = json_get_i64(error, "code", 0), subcode = json_get_i64(error, "error_subcode", 0);
    struct str message = code == CODE_TOKEN ? STR("") : harmless(json_get_text(error, "message"), p->arena);
    enum meaning meaning = p->reply->http->status >= 500 ? MEANS_RETRY : MEANS_STOP;
    const char *what = "refused";

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (code < codes[i].from || code > codes[i].to)
            continue;
        meaning = codes[i].meaning;
        what = codes[i].what;
    }
    if (json_get_bool(error, "is_transient") && meaning == MEANS_STOP)
        meaning = MEANS_RETRY;
    step_fail(ret_step, meaning == MEANS_RETRY ? STEP_RETRY : STEP_STOP,
              arena_printf(p->arena, "error %lld/%lld, %s%s%.*s", (long long)code, (long long)subcode, what,
                           message.len ? ": " : "", STR_FMT(message)));
    if (meaning == MEANS_WAIT)
        set_wait(p, LIMITED_WAIT_MS, ret_step);
    else if (meaning == MEANS_BLOCKED)
        set_wait(p, BLOCKED_WAIT_MS, ret_step);
    else if (code == CODE_PARAMETER && p->at->walking)
        /* a place whose post was deleted: the walk begins anew with the next poll */
        step_done(ret_step, p->at->low);
}

bool graph_refused(const struct parsing *p, json_t **ret_value, struct source_step *ret_step, int *ret_code,
                   struct error *err)
{
    struct str body = str_trim(p->reply->body);
    const json_t *error = NULL;
    json_t *value = NULL;
    bool is_json = str_starts_with(body, STR("{"));

    *ret_code = is_json ? parsing_load(p, &value, err) : 0;
    if (*ret_code == 0)
        error = json_get(value, "error");
    if (json_is_object(error)) {
        step_for_error(p, error, ret_step);
        return true;
    }
    if (source_step_for_status(p->reply, p->arena, ret_step)) {
        *ret_code = 0;
        if (ret_step->kind == STEP_WAIT)
            set_wait(p, LIMITED_WAIT_MS, ret_step);
        return true;
    }
    if (*ret_code == 0 && !json_is_array(json_get(value, "data")) && !p->reply->login)
        *ret_code = error_set(err, -EBADMSG, "an answer without data");
    *ret_value = value;
    return *ret_code < 0;
}

/* ---- the allowance --------------------------------------------------------------------------- */

static int64_t percent_used(const json_t *usage)
{
    static const char *const names[] = {"call_count", "total_time", "total_cputime"};
    int64_t most = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int64_t used = json_get_i64(usage, names[i], 0);

        if (used > most)
            most = used;
    }
    return most;
}

void graph_read_budget(const struct parsing *p, struct source_step *ret_step)
{
    int64_t used = percent_used(load_header(p, "X-App-Usage")), regain = regain_ms(p);
    json_t *cases = load_header(p, "X-Business-Use-Case-Usage"), *list;
    const char *id;

    json_object_foreach(cases, id, list) {
        for (size_t i = 0; i < json_array_size(list); i++) {
            int64_t one = percent_used(json_array_get(list, i));

            used = one > used ? one : used;
        }
    }
    if (used < SLOW_PERCENT)
        return;
    ret_step->budget = (struct source_budget){.told = true,
                                              .limit = 100,
                                              .remaining = used < FULL_PERCENT ? FULL_PERCENT - used : 0,
                                              .reset_ms = regain > 0 ? regain : WINDOW_MS};
}
