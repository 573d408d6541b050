/* GitHub: issues, pull requests and discussions that match a search anywhere, or all comments of one
 * repository.
 *
 * Searches are walks by time over pages, newest first. Only the first 1,000 results of a search can be
 * had: where a window of time holds more it is cut at the oldest result seen, and the walk goes on below.
 * A search that GitHub could not finish (`incomplete_results`) keeps its cursor, so the same window is
 * read again. Comments are listed by their last change, oldest first, and walked forward by `since`:
 * pages of such a list shift while it is read.
 *
 * Issues and pull requests come by REST, discussions by GraphQL, whose errors arrive with status 200. */
#include <errno.h>

#include "mentiond/clock.h"
#include "sources/github_item.h"
#include "sources/timewalk.h"
#include "sources/url.h"

#define PAGE_ITEMS 100
#define PAGE_DISCUSSIONS 50
#define REACHABLE_RESULTS 1000
#define LIMITED_WAIT_MS (60 * 1000)
#define API_URL "https://api.github.com"

enum look { LOOK_ISSUES, LOOK_PULL_REQUESTS, LOOK_DISCUSSIONS, LOOK_COMMENTS };

struct github_account {
    struct str api;
    struct secret token;
};

struct github_config {
    struct str query, repository, api;
    int look;
    bool everything;
};

static const char *const looks[] = {"issues", "pull-requests", "discussions", "comments", NULL};

static const struct option account_options[] = {
    {.key = "token", .kind = OPTION_SECRET, .offset = offsetof(struct github_account, token),
     .required = true,
     .help = "Fine-grained personal access token: public repositories, read-only, is enough."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct github_account, api), .def = API_URL,
     .help = "Of GitHub Enterprise Server: https://HOST/api/v3."},
    {0},
};

static const struct option options[] = {
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct github_config, query), .min = 1,
     .max = 200,
     .help = "What to search for, as '\"acme cloud\" -repo:acme/acme'; is:, created: and sort: are added."},
    {.key = "look", .kind = OPTION_ENUM, .offset = offsetof(struct github_config, look), .def = "issues",
     .choices = looks, .help = "What to look at; discussions need an account, comments a repository."},
    {.key = "repository", .kind = OPTION_STRING, .offset = offsetof(struct github_config, repository),
     .max = 140,
     .help = "Of comments: whose issues' and pull requests' comments to read, as acme/acme."},
    {.key = "everything", .kind = OPTION_BOOL, .offset = offsetof(struct github_config, everything),
     .help = "Take items without the brand's terms too: for the brand's own repositories."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct github_config, api), .def = API_URL,
     .help = "Without an account: where the API is."},
    {0},
};

static const struct github_account *account_of(const struct source *src)
{
    return src->account->config;
}

static const struct github_config *config_of(const struct source *src)
{
    return src->config;
}

static struct str api_of(const struct source *src)
{
    return account_of(src) ? account_of(src)->api : config_of(src)->api;
}

static bool is_repository(struct str name)
{
    struct str repo, owner = str_split(name, '/', &repo);

    return owner.len > 0 && repo.len > 0 && str_find(repo, STR("/")) == SIZE_MAX;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct github_config *config = config_of(src);
    const char *wrong = NULL;

    if (config->look == LOOK_COMMENTS && !is_repository(config->repository))
        wrong = "comments are of one repository: repository is missing, as acme/acme";
    else if (config->look == LOOK_COMMENTS && config->query.len > 0)
        wrong = "comments cannot be searched: leave query out, the brand's terms choose";
    else if (config->look != LOOK_COMMENTS && config->query.len == 0)
        wrong = "query is missing";
    else if (config->look != LOOK_COMMENTS && config->repository.len > 0)
        wrong = "repository is for comments; write repo:acme/acme into the query";
    else if (config->look == LOOK_DISCUSSIONS && !account_of(src))
        wrong = "discussions need an account with a token (type: github)";
    if (wrong)
        diag_error(d, settings->doc, src->settings->mark, "brands.%.*s.sources.%.*s: %s", STR_FMT(src->brand),
                   STR_FMT(src->name), wrong);
    src->unfiltered = config->everything;
    return !wrong;
}

static struct str host(const struct source *src, struct arena *arena)
{
    return arena_str(arena, url_authority(api_of(src)));
}

/* ---- the place in a search ------------------------------------------------------------------- */

/* A walk's `next`: "until seen oldest token". The token is a page number, or GraphQL's cursor. */
struct place {
    int64_t until_ms;  /* upper end of the window, 0: none */
    int64_t seen;      /* results of this window so far */
    int64_t oldest_ms; /* of them, 0: none */
    struct str token;  /* "" for the first page */
};

static struct place place_parse(const struct source_cursor *at)
{
    struct str until, seen, oldest, rest = at->walking ? at->next : STR("");
    struct place x;

    until = str_split(rest, ' ', &rest);
    seen = str_split(rest, ' ', &rest);
    oldest = str_split(rest, ' ', &rest);
    x = (struct place){cursor_i64(until, 0), cursor_i64(seen, 0), cursor_i64(oldest, 0), rest};
    if (x.seen < 0 || x.seen > 2 * REACHABLE_RESULTS)
        x.seen = 0;
    return x;
}

static struct str place_text(const struct place *x, struct arena *arena)
{
    return arena_printf(arena, "%lld %lld %lld %.*s", (long long)x->until_ms, (long long)x->seen,
                        (long long)x->oldest_ms, STR_FMT(x->token));
}

static int64_t page_number(const struct place *x)
{
    return cursor_i64(x->token, 1);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* "2026-11-20T10:00:00Z" */
static struct str second_text(int64_t time_ms, struct arena *arena)
{
    char iso[CLOCK_ISO_LEN + 1];

    clock_format_iso(time_ms > 0 ? time_ms : 0, iso);
    return arena_printf(arena, "%.19sZ", iso);
}

static struct str window_text(int64_t floor_ms, int64_t until_ms, struct arena *arena)
{
    struct str from = floor_ms > 0 && floor_ms < INT64_MAX ? second_text(floor_ms, arena) : STR("*");

    if (until_ms > 0)
        return arena_printf(arena, " created:%.*s..%.*s", STR_FMT(from),
                            STR_FMT(second_text(until_ms, arena)));
    return str_eq(from, STR("*")) ? STR("") : arena_printf(arena, " created:>=%.*s", STR_FMT(from));
}

static struct str query_text(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                             struct arena *arena)
{
    static const char *const kinds[] = {[LOOK_ISSUES] = " is:issue",
                                        [LOOK_PULL_REQUESTS] = " is:pull-request",
                                        [LOOK_DISCUSSIONS] = " sort:created-desc",
                                        [LOOK_COMMENTS] = ""};
    struct str window = window_text(timewalk_floor_ms(src, at, now_ms), place_parse(at).until_ms, arena);

    return arena_printf(arena, "%.*s%s%.*s", STR_FMT(config_of(src)->query), kinds[config_of(src)->look],
                        STR_FMT(window));
}

static int finish_request(const struct source *src, const char *endpoint, struct url *u, struct arena *arena,
                          struct source_request *ret_request, struct error *err)
{
    struct str text;
    int code = url_finish(u, arena, &text, err);

    if (code < 0)
        return code;
    *ret_request = (struct source_request){
        .kind = REQUEST_HTTP, .endpoint = endpoint, .http = {.method = "GET", .url = text}};
    request_add_header(ret_request, "Accept", STR("application/vnd.github+json"), false);
    request_add_header(ret_request, "X-GitHub-Api-Version", STR("2022-11-28"), false);
    return account_of(src) ? request_add_bearer(ret_request, &account_of(src)->token, arena, err) : 0;
}

static int prepare_search(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                          struct arena *arena, struct source_request *ret_request, struct error *err)
{
    struct place place = place_parse(at);
    struct url u;

    url_begin(&u, api_of(src), "/search/issues");
    url_add_param(&u, "q", query_text(src, at, now_ms, arena));
    url_add_param(&u, "sort", STR("created"));
    url_add_param(&u, "order", STR("desc"));
    url_add_i64(&u, "per_page", PAGE_ITEMS);
    url_add_i64(&u, "page", page_number(&place));
    return finish_request(src, "search", &u, arena, ret_request, err);
}

static const char discussions_query[] =
    "query($q:String!,$n:Int!,$after:String){search(type:DISCUSSION,query:$q,first:$n,after:$after)"
    "{discussionCount nodes{... on Discussion{id number url title body createdAt updatedAt upvoteCount "
    "author{login ... on User{databaseId}} comments{totalCount} repository{nameWithOwner}}} "
    "pageInfo{hasNextPage endCursor}} "
    "rateLimit{limit cost remaining resetAt}}";

static struct str discussions_body(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                                   struct arena *arena)
{
    struct place place = place_parse(at);
    struct buf b = BUF_INIT(16 * 1024);
    struct str body;

    buf_append_str(&b, STR("{\"query\":"));
    buf_append_json(&b, str_from(discussions_query));
    buf_append_str(&b, STR(",\"variables\":{\"q\":"));
    buf_append_json(&b, query_text(src, at, now_ms, arena));
    buf_printf(&b, ",\"n\":%d,\"after\":", PAGE_DISCUSSIONS);
    if (place.token.len > 0)
        buf_append_json(&b, place.token);
    else
        buf_append_str(&b, STR("null"));
    buf_append_str(&b, STR("}}"));
    body = arena_str(arena, buf_str(&b));
    buf_finish(&b);
    return body;
}

/* https://HOST/api/v3 of an Enterprise Server has GraphQL at https://HOST/api/graphql. */
static int prepare_discussions(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                               struct arena *arena, struct source_request *ret_request, struct error *err)
{
    struct str base = api_of(src);
    struct url u;
    int code;

    if (str_ends_with(base, STR("/")))
        base.len--;
    if (str_ends_with(base, STR("/v3")))
        base.len -= 3;
    url_begin(&u, base, "/graphql");
    code = finish_request(src, "graphql", &u, arena, ret_request, err);
    if (code < 0)
        return code;
    ret_request->http.method = "POST";
    ret_request->http.has_body = true;
    ret_request->http.body = discussions_body(src, at, now_ms, arena);
    request_add_header(ret_request, "Content-Type", STR("application/json"), false);
    return 0;
}

/* Comments: `next` is "since page"; a page that is full of one second is followed by its second page. */
static int prepare_comments(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                            struct arena *arena, struct source_request *ret_request, struct error *err)
{
    struct str repo, owner = str_split(config_of(src)->repository, '/', &repo), page;
    int64_t since_ms = at->walking ? cursor_i64(str_split(at->next, ' ', &page), 0)
                                   : timewalk_floor_ms(src, at, now_ms);
    struct url u;

    if (since_ms < 0)
        since_ms = now_ms; /* a first run without backfill begins now */
    url_begin(&u, api_of(src), "/repos/");
    url_add_segment(&u, owner);
    buf_append_char(&u.text, '/');
    url_add_segment(&u, repo);
    buf_append_str(&u.text, STR("/issues/comments"));
    url_add_param(&u, "sort", STR("updated"));
    url_add_param(&u, "direction", STR("asc"));
    url_add_param(&u, "since", second_text(since_ms, arena));
    url_add_i64(&u, "per_page", PAGE_ITEMS);
    url_add_i64(&u, "page", at->walking ? cursor_i64(page, 1) : 1);
    return finish_request(src, "comments", &u, arena, ret_request, err);
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena,
                   struct source_request *ret_request, struct error *err)
{
    static int (*const how[])(const struct source *, const struct source_cursor *, int64_t, struct arena *,
                              struct source_request *, struct error *) = {
        [LOOK_ISSUES] = prepare_search,
        [LOOK_PULL_REQUESTS] = prepare_search,
        [LOOK_DISCUSSIONS] = prepare_discussions,
        [LOOK_COMMENTS] = prepare_comments,
    };

    return how[config_of(src)->look](src, at, now_ms, arena, ret_request, err);
}

/* ---- searches -------------------------------------------------------------------------------- */

/* One page of a search, of either API. */
struct results {
    const json_t *items;
    const struct github_shape *shape;
    int64_t total;
    struct str token; /* of the next page, "": this was the last */
    bool incomplete;
};

static void read_items(const struct parsing *p, const struct results *r, struct timewalk *walk)
{
    for (size_t i = 0; i < json_array_size(r->items); i++) {
        const json_t *item = json_array_get(r->items, i);
        struct mention *m;

        if (!timewalk_takes(walk, json_get_text(item, r->shape->id),
                            json_get_time_ms(item, r->shape->created_at)))
            continue;
        m = github_item_read(p, item, r->shape);
        if (m)
            m->backfill = p->at->low.len == 0;
    }
}

/* Where to go on: the next page, or the window below the thousand results that can be had. "" at the end. */
static struct str next_place(const struct parsing *p, const struct results *r, const struct timewalk *walk,
                             bool *ret_gap)
{
    struct place x = place_parse(p->at);

    x.seen += (int64_t)walk->n;
    if (walk->oldest_ms > 0 && (x.oldest_ms == 0 || walk->oldest_ms < x.oldest_ms))
        x.oldest_ms = walk->oldest_ms;
    x.token = r->token;
    if (x.seen < REACHABLE_RESULTS)
        return x.token.len > 0 ? place_text(&x, p->arena) : STR("");
    if (r->total <= x.seen || x.oldest_ms == 0)
        return STR("");
    *ret_gap = x.oldest_ms / 1000 == x.until_ms / 1000; /* a thousand in one second */
    x = (struct place){.until_ms = x.oldest_ms};
    return *ret_gap ? STR("") : place_text(&x, p->arena);
}

static void search_step(const struct parsing *p, const struct results *r, const struct timewalk *walk,
                        struct source_step *ret_step)
{
    bool gap = false;
    struct str next = next_place(p, r, walk, &gap);

    if (r->incomplete)
        step_done(ret_step, p->at->low); /* results are missing: the same window again */
    else if (gap)
        timewalk_done(p, walk, true, ret_step);
    else
        timewalk_step(p, walk, next, ret_step);
}

/* By the Link header, else by whether the page is full. A page that says it is another than the asked one
 * came from somebody's cache; of the page before the walk takes care. */
static int find_next_page(const struct parsing *p, size_t n, struct str *ret, struct error *err)
{
    struct str header = http_response_header(p->reply->http, "Link");
    struct str next = url_get_param(link_header_find(header, "next"), "page");
    struct str before = url_get_param(link_header_find(header, "prev"), "page");
    struct place place = place_parse(p->at);
    int64_t asked = page_number(&place), given = asked;

    if (next.len > 0)
        given = cursor_i64(next, 0) - 1;
    else if (before.len > 0)
        given = cursor_i64(before, 0) + 1;
    if (given != asked && given != asked - 1)
        return error_set(err, -EBADMSG, "page %lld instead of page %lld", (long long)given, (long long)asked);
    if (next.len > 0 || (header.len == 0 && n == PAGE_ITEMS))
        *ret = cursor_from_i64(p->arena, asked + 1);
    return 0;
}

static int parse_search(const struct parsing *p, const json_t *value, struct source_step *ret_step,
                        struct error *err)
{
    struct results r = {.items = json_get(value, "items"), .shape = &github_rest};
    struct timewalk walk = timewalk_begin(p);
    int code;

    if (!json_is_array(r.items))
        return error_set(err, -EBADMSG, "a search result without items");
    code = find_next_page(p, json_array_size(r.items), &r.token, err);
    if (code < 0)
        return code;
    r.total = json_get_i64(value, "total_count", 0);
    r.incomplete = json_get_bool(value, "incomplete_results");
    read_items(p, &r, &walk);
    search_step(p, &r, &walk, ret_step);
    return 0;
}

/* ---- GraphQL --------------------------------------------------------------------------------- */

static void read_budget(const struct parsing *p, const json_t *value, struct source_step *ret_step)
{
    const json_t *limit = json_path(value, "data.rateLimit");
    int64_t reset_ms = json_get_time_ms(limit, "resetAt");

    if (!limit)
        return;
    ret_step->budget = (struct source_budget){
        .told = true,
        .limit = json_get_i64(limit, "limit", -1),
        .remaining = json_get_i64(limit, "remaining", -1),
        .reset_ms = reset_ms > p->reply->received_at_ms ? reset_ms - p->reply->received_at_ms : -1};
}

/* True if the reply is an error, which GraphQL sends with status 200. */
static bool parse_graphql_error(const struct parsing *p, const json_t *value, struct source_step *ret_step)
{
    const json_t *error = json_array_get(json_get(value, "errors"), 0);
    struct str type = json_get_text(error, "type"), message = json_get_text(error, "message");
    int64_t wait_ms = http_retry_after_ms(p->reply->http, p->reply->received_at_ms);

    if (!error)
        return false;
    step_fail(ret_step, STEP_RETRY, arena_printf(p->arena, "search refused: %.*s %.*s", STR_FMT(type),
                                                 STR_FMT(message)));
    if (str_eq(type, STR("RATE_LIMITED"))) {
        ret_step->kind = STEP_WAIT;
        ret_step->wait_ms = wait_ms > 0 ? wait_ms : LIMITED_WAIT_MS;
    } else if (str_eq(type, STR("INSUFFICIENT_SCOPES")) || str_eq(type, STR("FORBIDDEN")) ||
               str_eq(type, STR("NOT_FOUND"))) {
        ret_step->kind = STEP_STOP;
    }
    return true;
}

static int parse_discussions(const struct parsing *p, const json_t *value, struct source_step *ret_step,
                             struct error *err)
{
    const json_t *search = json_path(value, "data.search");
    struct results r = {.items = json_get(search, "nodes"), .shape = &github_graphql};
    struct timewalk walk = timewalk_begin(p);

    if (parse_graphql_error(p, value, ret_step))
        return 0;
    if (!json_is_array(r.items))
        return error_set(err, -EBADMSG, "a search result without nodes");
    r.total = json_get_i64(search, "discussionCount", 0);
    if (json_get_bool(json_get(search, "pageInfo"), "hasNextPage"))
        r.token = json_get_text(json_get(search, "pageInfo"), "endCursor");
    read_items(p, &r, &walk);
    search_step(p, &r, &walk, ret_step);
    read_budget(p, value, ret_step);
    return 0;
}

/* ---- comments -------------------------------------------------------------------------------- */

/* Times of last change of a page; 0: none. */
struct changes {
    int64_t newest_ms, oldest_ms;
};

static struct changes read_comments(const struct parsing *p, const json_t *list)
{
    struct changes c = {0};

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        int64_t updated_ms = json_get_time_ms(item, github_rest.updated_at);
        struct mention *m = github_item_read(p, item, &github_rest);

        if (m)
            m->backfill = p->at->low.len == 0;
        if (updated_ms > c.newest_ms)
            c.newest_ms = updated_ms;
        if (c.oldest_ms == 0 || updated_ms < c.oldest_ms)
            c.oldest_ms = updated_ms;
    }
    return c;
}

static void comments_page(const struct parsing *p, int64_t since_ms, int64_t page,
                          struct source_step *ret_step)
{
    if (page > REACHABLE_RESULTS / PAGE_ITEMS) {
        ret_step->gap = true; /* a thousand in one second */
        return;
    }
    ret_step->kind = STEP_PAGE;
    ret_step->cursor = (struct source_cursor){
        .low = p->at->low,
        .walking = true,
        .high = ret_step->cursor.low,
        .next = arena_printf(p->arena, "%lld %lld", (long long)since_ms, (long long)page)};
}

static int parse_comments(const struct parsing *p, const json_t *value, struct source_step *ret_step,
                          struct error *err)
{
    int64_t low_ms = cursor_i64(p->at->low, 0), since_ms, high_ms;
    struct str page = STR("");
    struct changes c;

    if (!json_is_array(value))
        return error_set(err, -EBADMSG, "comments that are no list");
    since_ms = p->at->walking ? cursor_i64(str_split(p->at->next, ' ', &page), 0) : 0;
    c = read_comments(p, value);
    if (c.oldest_ms > 0 && c.oldest_ms / 1000 < since_ms / 1000)
        return error_set(err, -EBADMSG, "comments from before the time that was asked for");
    high_ms = c.newest_ms > low_ms ? c.newest_ms : low_ms;
    if (high_ms == 0 || high_ms > p->reply->received_at_ms)
        high_ms = p->reply->received_at_ms;
    step_done(ret_step, cursor_from_i64(p->arena, high_ms));
    if (json_array_size(value) < PAGE_ITEMS)
        return 0;
    if (c.newest_ms / 1000 <= since_ms / 1000)
        comments_page(p, since_ms, cursor_i64(page, 1) + 1, ret_step);
    else
        comments_page(p, c.newest_ms, 1, ret_step);
    return 0;
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* The primary limit has Remaining 0 and a Reset, the secondary one Retry-After or nothing but its words.
 * 0: no limit. */
static int64_t limit_wait_ms(const struct parsing *p, struct str message)
{
    const struct http_response *http = p->reply->http;
    int64_t wait_ms = http_retry_after_ms(http, p->reply->received_at_ms);
    bool told = http_response_header(http, "Retry-After").len > 0;
    bool spent = str_eq(http_response_header(http, "X-RateLimit-Remaining"), STR("0"));

    if ((told || spent) && wait_ms >= 0)
        return wait_ms > 1000 ? wait_ms : 1000;
    if (told || spent || http->status == 429 || str_find(message, STR("rate limit")) != SIZE_MAX)
        return LIMITED_WAIT_MS;
    return 0;
}

static bool parse_refusal(const struct parsing *p, struct source_step *ret_step)
{
    int status = p->reply->http->status;
    struct str body = str_trim(p->reply->body), message;
    int64_t wait_ms = 0;
    json_t *value = NULL;

    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    if (str_starts_with(body, STR("{")) && parsing_load(p, &value, NULL) < 0)
        value = NULL;
    message = json_get_text(value, "message");
    if (status == 403 || status == 429)
        wait_ms = limit_wait_ms(p, message);
    if (wait_ms > 0) {
        ret_step->kind = STEP_WAIT;
        ret_step->wait_ms = wait_ms;
    }
    if (message.len > 0)
        ret_step->reason = arena_printf(p->arena, "%.*s: %.*s", STR_FMT(ret_step->reason), STR_FMT(message));
    return true;
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    static int (*const how[])(const struct parsing *, const json_t *, struct source_step *,
                              struct error *) = {
        [LOOK_ISSUES] = parse_search,
        [LOOK_PULL_REQUESTS] = parse_search,
        [LOOK_DISCUSSIONS] = parse_discussions,
        [LOOK_COMMENTS] = parse_comments,
    };
    const struct parsing p = {src, at, reply, page, page->arena};
    json_t *value = NULL;
    int code;

    if (parse_refusal(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    return code < 0 ? code : how[config_of(src)->look](&p, value, ret_step, err);
}

const struct source_driver source_github = {
    .name = "github",
    .help = "Issues, pull requests and discussions of GitHub by search, or the comments of a repository.",
    .options = options,
    .config_size = sizeof(struct github_config),
    .account_options = account_options,
    .account_size = sizeof(struct github_account),
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 2 * 60 * 1000,
    .interval_min_ms = 20 * 1000,
    .overlap_ms = 3600 * 1000,
    .max_pages = 20,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};
