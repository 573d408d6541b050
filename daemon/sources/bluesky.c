/* Bluesky: searchPosts through the account's own server, with a session.
 *
 * Search sorts newest first by the earlier of the claimed and the indexing time, and its index
 * lags: a poll walks back from the newest until a page ends before `low - overlap`, by the
 * network's opaque cursor. A post imported with an old date can never be met this way;
 * docs/sources.md says so. */
#include <errno.h>

#include "sources/bluesky_post.h"
#include "sources/bluesky_session.h"
#include "sources/url.h"

#define PAGE_LIMIT 100

struct bluesky_config {
    struct str query;
    struct str lang;
};

static const struct option account_options[] = {
    {.key = "service", .kind = OPTION_URL, .offset = offsetof(struct bluesky_account, service),
     .def = "https://bsky.social", .help = "Where to log in; the account's own server is found from there."},
    {.key = "identifier", .kind = OPTION_CREDENTIAL,
     .offset = offsetof(struct bluesky_account, identifier), .required = true,
     .help = "Handle or e-mail of the account, as acme.bsky.social."},
    {.key = "password", .kind = OPTION_SECRET, .offset = offsetof(struct bluesky_account, password),
     .required = true, .help = "An app password (Settings > App passwords), never the account's own."},
    {0},
};

static const struct option options[] = {
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct bluesky_config, query),
     .required = true, .min = 1, .max = 300,
     .help = "Words are ANDed; \"a phrase\", from:handle, mentions:handle, #tag, domain: work too."},
    {.key = "lang", .kind = OPTION_STRING, .offset = offsetof(struct bluesky_config, lang), .max = 16,
     .help = "Only posts that say they are in this language."},
    {0},
};

static struct str host(const struct source *src, struct arena *arena)
{
    (void)src; /* there is always an account */
    return arena_str(arena, STR("bsky.social"));
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    const struct bluesky_config *config = src->config;
    struct bluesky_session session = bluesky_session_load(src->account, arena);
    struct str text;
    struct url u;
    int code;

    (void)now_ms;
    if (session.state != SESSION_READY)
        return bluesky_login_prepare(src->account, &session, arena, ret_request, err);
    url_begin(&u, bluesky_base_url(src->account, &session), "/xrpc/app.bsky.feed.searchPosts");
    url_add_param(&u, "q", config->query);
    url_add_param(&u, "sort", STR("latest"));
    url_add_param(&u, "lang", config->lang);
    url_add_i64(&u, "limit", PAGE_LIMIT);
    if (at->walking)
        url_add_param(&u, "cursor", at->next);
    code = url_finish(&u, arena, &text, err);
    if (code < 0)
        return code;
    request_begin_get(ret_request, "search", text);
    request_add_bearer_text(ret_request, session.access, arena);
    return 0;
}

/* ---- pages --------------------------------------------------------------------------------- */

struct extent {
    int64_t newest_ms, oldest_ms; /* by what search sorts by; 0 if the page is empty */
};

static void read_posts(const struct parsing *p, const json_t *posts, int64_t floor_ms, struct extent *ret)
{
    for (size_t i = 0; i < json_array_size(posts); i++) {
        const json_t *post = json_array_get(posts, i);
        int64_t sort_ms = bluesky_sort_ms(post);
        struct mention *m;

        if (sort_ms > 0 && sort_ms < floor_ms) {
            ret->oldest_ms = ret->oldest_ms && ret->oldest_ms < sort_ms ? ret->oldest_ms : sort_ms;
            continue;
        }
        m = bluesky_post_read(p, post);
        if (!m || sort_ms <= 0)
            continue;
        m->backfill = p->at->low.len == 0;
        if (sort_ms > ret->newest_ms)
            ret->newest_ms = sort_ms;
        if (ret->oldest_ms == 0 || sort_ms < ret->oldest_ms)
            ret->oldest_ms = sort_ms;
    }
}

/* Where this walk may stop; INT64_MIN: nothing is too old, as a first run without backfill is one
 * page. */
static int64_t floor_of(const struct parsing *p)
{
    int64_t low_ms = cursor_i64(p->at->low, 0);

    if (p->at->walking)
        return walk_floor(p->at, INT64_MAX);
    if (low_ms)
        return low_ms - p->src->overlap_ms;
    return p->src->backfill_ms > 0 ? p->reply->received_at_ms - p->src->backfill_ms : INT64_MIN;
}

static int64_t high_of(const struct parsing *p, const struct extent *e)
{
    int64_t low_ms = cursor_i64(p->at->low, 0);
    int64_t high_ms = p->at->walking ? cursor_i64(p->at->high, 0) : e->newest_ms;

    if (high_ms > p->reply->received_at_ms)
        high_ms = p->reply->received_at_ms; /* a post from the future must not end all reading */
    return high_ms < low_ms ? low_ms : high_ms;
}

static int parse_search(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    int64_t floor_ms = floor_of(p), high_ms;
    struct extent e = {0};
    json_t *value = NULL;
    const json_t *posts;
    struct str next, high;
    bool repeated;
    int code = parsing_load(p, &value, err);

    if (code < 0)
        return code;
    posts = json_get(value, "posts");
    if (!json_is_array(posts))
        return error_set(err, -EBADMSG, "a search result without posts");
    read_posts(p, posts, floor_ms, &e);
    high_ms = high_of(p, &e);
    high = high_ms ? cursor_from_i64(p->arena, high_ms) : STR("");
    next = json_get_text(value, "cursor");
    step_done(ret_step, high);
    if (next.len == 0 || floor_ms == INT64_MIN || (e.oldest_ms && e.oldest_ms < floor_ms))
        return 0;
    repeated = p->at->walking && str_eq(next, p->at->next);
    if (next.len > SOURCE_CURSOR_FIELD_MAX || (repeated && walk_was_repeated(p->at))) {
        ret_step->gap = true; /* the network does not let us go on */
        return 0;
    }
    ret_step->kind = STEP_PAGE;
    ret_step->cursor = (struct source_cursor){.low = p->at->low,
                                              .walking = true,
                                              .high = high,
                                              .next = next,
                                              .floor = walk_floor_text(p->arena, floor_ms, repeated)};
    return 0;
}

/* ---- refusals ------------------------------------------------------------------------------ */

static bool is_token_error(int status, struct str name)
{
    if (status == 401)
        return true;
    return status == 400 && (str_eq(name, STR("ExpiredToken")) || str_eq(name, STR("InvalidToken")));
}

/* True if the refusal was understood. */
static bool parse_refusal(const struct parsing *p, struct source_step *ret_step)
{
    int status = p->reply->http->status;
    struct str name;

    if (status < 400 || status > 499)
        return false;
    name = bluesky_error_name(p);
    if (is_token_error(status, name)) {
        bluesky_session_refused(p, ret_step);
        return true;
    }
    if (status == 400 && p->at->walking) {
        step_done(ret_step, p->at->low); /* a network cursor that is no longer accepted: walk anew */
        return true;
    }
    if (status == 400) {
        step_fail(ret_step, STEP_STOP, arena_printf(p->arena, "search refused: %.*s", STR_FMT(name)));
        return true;
    }
    if (status == 403 && name.len == 0) {
        step_fail(ret_step, STEP_STOP, STR("HTTP 403 without JSON: this host does not serve searches, see "
                                           "the account's service"));
        return true;
    }
    return false;
}

static int parse(const struct source *src, const struct source_cursor *at,
                 const struct source_reply *reply, struct source_page *page, struct source_step *ret_step,
                 struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};

    if (reply->login)
        return bluesky_login_parse(&p, ret_step, err);
    if (parse_refusal(&p, ret_step) || source_step_for_status(reply, page->arena, ret_step))
        return 0;
    return parse_search(&p, ret_step, err);
}

const struct source_driver source_bluesky = {
    .name = "bluesky",
    .help = "Full-text search of Bluesky with an account's app password.",
    .options = options,
    .config_size = sizeof(struct bluesky_config),
    .account_options = account_options,
    .account_size = sizeof(struct bluesky_account),
    .needs_account = true,
    .has_horizon = true,
    .interval_ms = 60 * 1000,
    .interval_min_ms = 10 * 1000,
    .overlap_ms = 3600 * 1000,
    .max_pages = 20,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};
