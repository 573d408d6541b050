/* What an HTTP status means for all drivers. */
#include "mentiond/source.h"

/* ---- steps --------------------------------------------------------------------------------- */

struct meaning {
    int from, to;
    enum step_kind kind;
    const char *what;
};

static const struct meaning meanings[] = {
    {206, 206, STEP_RETRY, "incomplete answer"},
    {300, 399, STEP_STOP, "redirected"},
    {400, 400, STEP_STOP, "request refused"},
    {401, 401, STEP_STOP, "not logged in, or the token was revoked"},
    {402, 402, STEP_STOP, "payment required"},
    {403, 403, STEP_STOP, "forbidden"},
    {404, 404, STEP_STOP, "no such address"},
    {408, 408, STEP_RETRY, "timed out"},
    {410, 410, STEP_STOP, "gone for good"},
    {422, 422, STEP_STOP, "a parameter was refused"},
    {425, 425, STEP_RETRY, "too early"},
    {429, 429, STEP_WAIT, "too many requests"},
    {501, 501, STEP_STOP, "not offered by this server"},
    {500, 599, STEP_RETRY, "server error"},
    {400, 499, STEP_STOP, "request refused"},
    {100, 199, STEP_RETRY, "no final answer"},
};

static bool is_html(struct str body)
{
    body = str_trim(body);
    return body.len > 0 && body.s[0] == '<';
}

bool source_step_for_status(const struct source_reply *reply, struct arena *arena,
                            struct source_step *ret_step)
{
    int status = reply->http->status;

    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        const struct meaning *m = &meanings[i];

        if (status < m->from || status > m->to)
            continue;
        ret_step->kind = m->kind;
        ret_step->reason = arena_printf(arena, "HTTP %d, %s", status, m->what);
        if (m->kind == STEP_WAIT) {
            int64_t wait_ms = http_retry_after_ms(reply->http, reply->received_at_ms);

            ret_step->wait_ms = wait_ms > 0 ? wait_ms : 0;
        }
        return true;
    }
    if (!is_html(reply->body))
        return false;
    ret_step->kind = STEP_RETRY;
    ret_step->reason = arena_printf(arena, "HTTP %d with HTML instead of JSON", status);
    return true;
}
