/* Bluesky: searchPosts, and what the account is notified of, through the account's own server, with a
 * session.
 *
 * Search sorts newest first by the earlier of the claimed and the indexing time, and its index lags: a
 * poll walks back from the newest until a page ends before `low - overlap`, by the network's opaque
 * cursor. A post imported with an old date can never be met this way; docs/sources.md says so.
 * Notifications are listed by the time of indexing, so there it can. */
#include <errno.h>

#include "sources/bluesky_post.h"
#include "sources/bluesky_session.h"
#include "sources/url.h"

#define PAGE_LIMIT 100
#define LOOKUP_MAX 25 /* of getPosts */
#define NETWORK_PREFIX "bluesky:"

enum look { LOOK_SEARCH, LOOK_MENTIONS };
static const char *const looks[] = {"search", "mentions", NULL};

struct bluesky_config {
    struct str query;
    struct str lang;
    int look;
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
     .max = 300,
     .help = "Words are ANDed; \"a phrase\", from:handle, mentions:handle, #tag, domain: work too."},
    {.key = "lang", .kind = OPTION_STRING, .offset = offsetof(struct bluesky_config, lang), .max = 16,
     .help = "Only posts that say they are in this language."},
    {.key = "look", .kind = OPTION_ENUM, .offset = offsetof(struct bluesky_config, look), .def = "search",
     .choices = looks,
     .help = "mentions: instead of a search, what mentions, answers or quotes the account."},
    {0},
};

static struct str host(const struct source *src, struct arena *arena)
{
    (void)src; /* there is always an account */
    return arena_str(arena, STR("bsky.social"));
}

static enum look look_of(const struct source *src)
{
    return (enum look)((const struct bluesky_config *)src->config)->look;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct bluesky_config *config = src->config;
    bool search = config->look == LOOK_SEARCH;

    if (search == (config->query.len > 0))
        return true;
    diag_error(d, settings->doc, src->settings->mark, "brands.%.*s.sources.%.*s: %s", STR_FMT(src->brand),
               STR_FMT(src->name), search ? "query is missing" : "look: mentions takes no query");
    return false;
}

/* ---- requests ------------------------------------------------------------------------------ */

static void begin_search(struct url *u, const struct bluesky_config *config)
{
    url_add_param(u, "q", config->query);
    url_add_param(u, "sort", STR("latest"));
    url_add_param(u, "lang", config->lang);
}

static void begin_mentions(struct url *u, const struct bluesky_config *config)
{
    (void)config;
    url_add_param(u, "reasons", STR("mention"));
    url_add_param(u, "reasons", STR("reply"));
    url_add_param(u, "reasons", STR("quote"));
}

static const struct {
    const char *endpoint, *path, *list; /* `list`: where in the reply the posts are */
    void (*begin)(struct url *u, const struct bluesky_config *config);
} requests[] = {
    [LOOK_SEARCH] = {"search", "/xrpc/app.bsky.feed.searchPosts", "posts", begin_search},
    [LOOK_MENTIONS] = {"notifications", "/xrpc/app.bsky.notification.listNotifications", "notifications",
                       begin_mentions},
};

static int finish_request(struct url *u, const char *endpoint, struct str access, struct arena *arena,
                          struct source_request *ret_request, struct error *err)
{
    struct str text;
    int code = url_finish(u, arena, &text, err);

    if (code < 0)
        return code;
    request_begin_get(ret_request, endpoint, text);
    request_add_bearer_text(ret_request, access, arena);
    return 0;
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    struct bluesky_session session = bluesky_session_load(src->account, arena);
    enum look look = look_of(src);
    struct url u;

    (void)now_ms;
    if (session.state != SESSION_READY)
        return bluesky_login_prepare(src->account, &session, arena, ret_request, err);
    url_begin(&u, bluesky_base_url(src->account, &session), requests[look].path);
    requests[look].begin(&u, src->config);
    url_add_i64(&u, "limit", PAGE_LIMIT);
    if (at->walking)
        url_add_param(&u, "cursor", at->next);
    return finish_request(&u, requests[look].endpoint, session.access, arena, ret_request, err);
}

/* ---- pages --------------------------------------------------------------------------------- */

struct extent {
    int64_t newest_ms, oldest_ms; /* by what search sorts by; 0 if the page is empty */
};

/* What a list is in the order of. */
static int64_t place_ms(const struct parsing *p, const json_t *post)
{
    return look_of(p->src) == LOOK_SEARCH ? bluesky_sort_ms(post) : json_get_time_ms(post, "indexedAt");
}

/* Servers that do not know `reasons` list likes and follows too. */
static bool is_about_us(const json_t *notification)
{
    static const char *const reasons[] = {"mention", "reply", "quote"};

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (str_eq(json_get_text(notification, "reason"), str_from(reasons[i])))
            return true;
    }
    return false;
}

/* The account is who was meant, under whichever of its names the brand lists it. */
static void name_account(const struct parsing *p, struct mention *m)
{
    struct bluesky_session session = bluesky_session_load(p->src->account, p->arena);

    mention_add_named(m, session.did);
    mention_add_named(m, session.handle);
    if (session.handle.len > 0 && str_eq(m->in_reply_to_author, session.did))
        m->in_reply_to_author = session.handle;
}

static void read_posts(const struct parsing *p, const json_t *posts, int64_t floor_ms, struct extent *ret)
{
    bool mentions = look_of(p->src) == LOOK_MENTIONS;

    for (size_t i = 0; i < json_array_size(posts); i++) {
        const json_t *post = json_array_get(posts, i);
        int64_t sort_ms = place_ms(p, post);
        struct mention *m;

        if (sort_ms > 0 && sort_ms < floor_ms) {
            ret->oldest_ms = ret->oldest_ms && ret->oldest_ms < sort_ms ? ret->oldest_ms : sort_ms;
            continue;
        }
        m = !mentions || is_about_us(post) ? bluesky_post_read(p, post) : NULL;
        if (m)
            m->backfill = p->at->low.len == 0;
        if (m && mentions)
            name_account(p, m);
        if ((!m && !mentions) || sort_ms <= 0)
            continue;
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

static int parse_list(const struct parsing *p, struct source_step *ret_step, struct error *err)
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
    posts = json_get(value, requests[look_of(p->src)].list);
    if (!json_is_array(posts))
        return error_set(err, -EBADMSG, "an answer without %s", requests[look_of(p->src)].list);
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
        step_fail(ret_step, STEP_STOP, arena_printf(p->arena, "request refused: %.*s", STR_FMT(name)));
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
    return parse_list(&p, ret_step, err);
}

/* ---- look-ups ------------------------------------------------------------------------------ */

static struct str uri_of(struct str id)
{
    struct str prefix = STR(NETWORK_PREFIX);

    return str_starts_with(id, prefix) ? str_slice(id, prefix.len, id.len) : id;
}

static int lookup(const struct source *src, const struct source_lookup *asked, struct arena *arena,
                  struct source_request *ret_request, struct error *err)
{
    struct bluesky_session session = bluesky_session_load(src->account, arena);
    struct url u;

    if (session.state != SESSION_READY)
        return bluesky_login_prepare(src->account, &session, arena, ret_request, err);
    url_begin(&u, bluesky_base_url(src->account, &session), "/xrpc/app.bsky.feed.getPosts");
    for (size_t i = 0; i < asked->n && i < LOOKUP_MAX; i++)
        url_add_param(&u, "uris", uri_of(asked->ids[i]));
    return finish_request(&u, "posts", session.access, arena, ret_request, err);
}

static bool is_listed(const json_t *posts, struct str uri)
{
    for (size_t i = 0; i < json_array_size(posts); i++) {
        if (str_eq(json_get_text(json_array_get(posts, i), "uri"), uri))
            return true;
    }
    return false;
}

/* Deleted posts, and those of accounts that were taken down, are left out of the answer. */
static int parse_lookup(const struct source *src, const struct source_lookup *asked,
                        const struct source_reply *reply, struct source_page *page,
                        struct source_step *ret_step, struct error *err)
{
    static const struct source_cursor nowhere;
    const struct parsing p = {src, &nowhere, reply, page, page->arena};
    json_t *value = NULL;
    const json_t *posts;
    int code;

    if (reply->login)
        return bluesky_login_parse(&p, ret_step, err);
    if (parse_refusal(&p, ret_step) || source_step_for_status(reply, page->arena, ret_step))
        return 0;
    step_done(ret_step, STR(""));
    code = parsing_load(&p, &value, err);
    posts = json_get(value, "posts");
    if (code < 0 || !json_is_array(posts))
        return code < 0 ? code : error_set(err, -EBADMSG, "a look-up without posts");
    for (size_t i = 0; i < json_array_size(posts); i++)
        bluesky_post_read(&p, json_array_get(posts, i));
    for (size_t i = 0; i < asked->n && i < LOOKUP_MAX; i++) {
        if (!is_listed(posts, uri_of(asked->ids[i])))
            source_page_gone(page, asked->ids[i]);
    }
    return 0;
}

const struct source_driver source_bluesky = {
    .name = "bluesky",
    .help = "Full-text search of Bluesky, or mentions of the account, with its app password.",
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
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
    .lookup_max = LOOKUP_MAX,
    .lookup = lookup,
    .parse_lookup = parse_lookup,
};
