/* Reddit with an approved OAuth client: search, new posts or comments of subreddits, mentions in the
 * account's inbox.
 *
 * All four are listings, newest first, paged by the name of the last thing; none is ever asked for what is
 * newer than a thing, as that answers with nothing once the thing is deleted. Walks go back by time with an
 * overlap: moderators let things in late. A listing ends after about 1,000 things. Caches repeat themselves,
 * so requests ask for a slightly different number of things each time. */
#include "sources/reddit.h"

#include <errno.h>

#include "sources/timewalk.h"
#include "sources/url.h"

#define LIMIT_MAX 100
#define LIMIT_SPREAD 31
#define REACHABLE 900 /* a listing ends after about 1,000 things */
#define SUBREDDITS_MAX 50
#define LOOKUP_THINGS 100
#define LIMITED_WAIT_MS (30 * 1000)
#define HOUR_MS (3600 * 1000LL)

enum read_kind { READ_POSTS, READ_COMMENTS, READ_INBOX };
static const char *const read_kinds[] = {"posts", "comments", "inbox", NULL};

struct reddit_config {
    struct str query;
    struct str_list subreddits;
    int read; /* enum read_kind */
    bool everything;
};

static const struct option account_options[] = {
    {.key = "client_id", .kind = OPTION_CREDENTIAL, .offset = offsetof(struct reddit_account, client_id),
     .required = true, .help = "Of the OAuth client that Reddit approved."},
    {.key = "client_secret", .kind = OPTION_SECRET, .offset = offsetof(struct reddit_account, client_secret),
     .help = "Its secret; installed apps have none."},
    {.key = "username", .kind = OPTION_CREDENTIAL, .offset = offsetof(struct reddit_account, username),
     .help = "Of the account that a script app acts for; with password."},
    {.key = "password", .kind = OPTION_SECRET, .offset = offsetof(struct reddit_account, password),
     .help = "Of that account."},
    {.key = "refresh_token", .kind = OPTION_SECRET, .offset = offsetof(struct reddit_account, refresh_token),
     .help = "Instead of username and password, for web apps; scopes read and privatemessages."},
    {.key = "user_agent", .kind = OPTION_STRING, .offset = offsetof(struct reddit_account, user_agent),
     .required = true, .min = 8, .max = 200,
     .help = "As 'linux:com.example.mentiond:v1.0 (by /u/name)': Reddit blocks others."},
    {.key = "login", .kind = OPTION_URL, .offset = offsetof(struct reddit_account, login),
     .def = "https://www.reddit.com", .help = "Where tokens come from."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct reddit_account, api),
     .def = "https://oauth.reddit.com", .help = "Where the API is."},
    {0},
};

static const struct option options[] = {
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct reddit_config, query), .min = 1,
     .max = 512,
     .help = "Search of posts, in all of Reddit or in the subreddits; comments cannot be searched."},
    {.key = "subreddits", .kind = OPTION_LIST, .offset = offsetof(struct reddit_config, subreddits),
     .max = SUBREDDITS_MAX,
     .help = "Names, with or without r/; without query their new posts or comments are read."},
    {.key = "read", .kind = OPTION_ENUM, .offset = offsetof(struct reddit_config, read),
     .choices = read_kinds,
     .def = "posts", .help = "posts, comments, or the account's inbox, where u/ mentions arrive."},
    {.key = "everything", .kind = OPTION_BOOL, .offset = offsetof(struct reddit_config, everything),
     .def = "false",
     .help = "Also what does not have the brand's terms: for the brand's own subreddit."},
    {0},
};

static const struct reddit_account *account_of(const struct source *src)
{
    return src->account->config;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct reddit_config *config = src->config;
    const struct reddit_account *account = account_of(src);
    bool inbox = config->read == READ_INBOX, has_user = false;
    const char *wrong = NULL;

    if (account)
        has_user = account->username.spec.len > 0 || account->refresh_token.spec.len > 0;
    if (inbox && (config->query.len > 0 || config->subreddits.n > 0))
        wrong = "an inbox has neither query nor subreddits";
    else if (inbox && !has_user)
        wrong = "an inbox needs an account with username and password, or a refresh_token";
    else if (!inbox && config->query.len == 0 && config->subreddits.n == 0)
        wrong = "give a query, subreddits, or read: inbox";
    else if (config->read == READ_COMMENTS && config->query.len > 0)
        wrong = "comments cannot be searched: leave the query out";
    else if (account && account->username.spec.len > 0 && account->password.spec.len == 0)
        wrong = "its account has a username but no password";
    if (wrong)
        diag_error(d, settings->doc, src->settings->mark, "brands.%.*s.sources.%.*s: %s", STR_FMT(src->brand),
                   STR_FMT(src->name), wrong);
    src->unfiltered = config->everything || inbox;
    return !wrong;
}

static struct str host(const struct source *src, struct arena *arena)
{
    (void)src; /* there is always an account */
    return arena_str(arena, STR("oauth.reddit.com"));
}

/* ---- requests ------------------------------------------------------------------------------ */

/* cursor.next is "things so far, name of the last". */
struct place {
    int64_t n;
    struct str after;
};

static struct place place_parse(const struct source_cursor *at)
{
    struct place x = {0};

    if (at->walking)
        x.n = cursor_i64(str_split(at->next, ' ', &x.after), 0);
    return x;
}

static void add_subreddits(struct url *u, const struct reddit_config *config)
{
    for (size_t i = 0; i < config->subreddits.n; i++) {
        struct str name = config->subreddits.items[i];

        if (str_starts_with(name, STR("/")))
            name = str_slice(name, 1, name.len);
        if (str_starts_with(name, STR("r/")))
            name = str_slice(name, 2, name.len);
        buf_append_str(&u->text, i ? STR("+") : STR("/r/"));
        url_add_segment(u, name);
    }
}

/* A query that reads as a domain is taken for an address to submit. */
static struct str quoted(struct str query, struct arena *arena)
{
    bool bare = str_find(query, STR(".")) != SIZE_MAX && str_find(query, STR(" ")) == SIZE_MAX &&
                str_find(query, STR("\"")) == SIZE_MAX && str_find(query, STR(":")) == SIZE_MAX;

    return bare ? arena_printf(arena, "\"%.*s\"", STR_FMT(query)) : query;
}

/* The shortest of Reddit's spans that holds the walk. */
static struct str span_name(int64_t span_ms)
{
    static const struct {
        int64_t hours;
        const char *name;
    } spans[] = {{23, "day"}, {6 * 24, "week"}, {27 * 24, "month"}, {360 * 24, "year"}};

    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        if (span_ms < spans[i].hours * HOUR_MS)
            return str_from(spans[i].name);
    }
    return STR("all");
}

static void add_search(struct url *u, const struct source *src, const struct source_cursor *at,
                       int64_t now_ms, struct arena *arena)
{
    const struct reddit_config *config = src->config;
    int64_t floor_ms = timewalk_floor_ms(src, at, now_ms);

    buf_append_str(&u->text, STR("/search"));
    url_add_param(u, "q", quoted(config->query, arena));
    url_add_param(u, "sort", STR("new"));
    url_add_param(u, "type", STR("link"));
    url_add_param(u, "t", span_name(floor_ms > 0 && floor_ms < now_ms ? now_ms - floor_ms : 0));
    if (config->subreddits.n > 0)
        url_add_i64(u, "restrict_sr", 1);
}

static void begin_listing(struct url *u, const struct source *src, const struct source_cursor *at,
                          int64_t now_ms, struct arena *arena)
{
    const struct reddit_config *config = src->config;
    static const char *const paths[] = {[READ_POSTS] = "/new", [READ_COMMENTS] = "/comments",
                                        [READ_INBOX] = "/message/mentions"};

    url_begin(u, account_of(src)->api, "");
    add_subreddits(u, config);
    if (config->query.len > 0)
        add_search(u, src, at, now_ms, arena);
    else
        buf_append_str(&u->text, str_from(paths[config->read]));
}

static const char *endpoint_of(const struct source *src)
{
    const struct reddit_config *config = src->config;

    return config->query.len > 0 ? "search" : read_kinds[config->read];
}

static int begin_request(const struct source *src, struct url *u, const char *endpoint, int64_t now_ms,
                         struct arena *arena, struct source_request *ret_request, struct error *err)
{
    struct str text;
    int code = url_finish(u, arena, &text, err);

    if (code < 0)
        return code;
    request_begin_get(ret_request, endpoint, text);
    request_add_header(ret_request, "User-Agent", account_of(src)->user_agent, false);
    request_add_bearer_text(ret_request, reddit_token(src->account, now_ms), arena);
    return 0;
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    struct place place = place_parse(at);
    struct url u;

    if (reddit_token(src->account, now_ms).len == 0)
        return reddit_login_prepare(src->account, arena, ret_request, err);
    begin_listing(&u, src, at, now_ms, arena);
    url_add_i64(&u, "limit", LIMIT_MAX - now_ms / 1000 % LIMIT_SPREAD);
    if (place.after.len > 0) {
        url_add_i64(&u, "count", place.n);
        url_add_param(&u, "after", place.after);
    }
    url_add_i64(&u, "raw_json", 1);
    return begin_request(src, &u, endpoint_of(src), now_ms, arena, ret_request, err);
}

/* ---- listings ------------------------------------------------------------------------------ */

/* Asked for a subreddit that is not there, Reddit leads to a list of others. */
static bool is_of_subreddits(const json_t *children)
{
    return str_eq(json_get_text(json_array_get(children, 0), "kind"), STR("t5"));
}

static void read_children(const struct parsing *p, const json_t *children, struct timewalk *walk)
{
    for (size_t i = 0; i < json_array_size(children); i++) {
        const json_t *child = json_array_get(children, i);
        struct mention *m;

        if (!timewalk_takes(walk, reddit_thing_name(p, child), reddit_thing_created_ms(child)))
            continue;
        m = reddit_thing_read(p, child);
        if (m)
            m->backfill = p->at->low.len == 0;
    }
}

static int parse_listing(const struct parsing *p, struct source_step *ret_step, struct error *err)
{
    struct place place = place_parse(p->at);
    struct timewalk walk = timewalk_begin(p);
    const json_t *data, *children;
    struct str after;
    json_t *value = NULL;
    int code = parsing_load(p, &value, err);

    if (code < 0)
        return code;
    data = json_get(value, "data");
    children = json_get(data, "children");
    if (!json_is_array(children))
        return error_set(err, -EBADMSG, "an answer that is no listing");
    if (is_of_subreddits(children)) {
        step_fail(ret_step, STEP_STOP, STR("no such subreddit: Reddit answers with others"));
        return 0;
    }
    read_children(p, children, &walk);
    place.n += (int64_t)json_array_size(children);
    after = json_get_text(data, "after");
    if (after.len == 0 && place.n >= REACHABLE && p->at->low.len > 0 && !timewalk_is_past(&walk))
        timewalk_done(p, &walk, true, ret_step);
    else
        timewalk_step(p, &walk,
                      after.len == 0
                          ? STR("")
                          : arena_printf(p->arena, "%lld %.*s", (long long)place.n, STR_FMT(after)),
                      ret_step);
    return 0;
}

/* ---- refusals ------------------------------------------------------------------------------ */

/* "reason" and "message" of a refusal's JSON, where there is any. */
static void explain(const struct parsing *p, struct source_step *ret_step)
{
    struct str body = str_trim(p->reply->body), reason;
    json_t *value = NULL;

    if (!str_starts_with(body, STR("{")) || parsing_load(p, &value, NULL) < 0)
        return;
    reason = json_get_text(value, "reason");
    if (reason.len == 0)
        reason = json_get_text(value, "message");
    if (reason.len > 0)
        ret_step->reason = arena_printf(p->arena, "%.*s: %.*s", STR_FMT(ret_step->reason),
                                        STR_FMT(str_cut_utf8(reason, 200)));
}

static bool parse_refusal(const struct parsing *p, struct source_step *ret_step)
{
    if (p->reply->http->status == 401) {
        reddit_token_refused(p, ret_step);
        return true;
    }
    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    if (ret_step->kind == STEP_WAIT && ret_step->wait_ms == 0)
        ret_step->wait_ms = LIMITED_WAIT_MS;
    explain(p, ret_step);
    return true;
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};

    if (reply->login)
        return reddit_login_parse(&p, ret_step, err);
    if (parse_refusal(&p, ret_step))
        return 0;
    return parse_listing(&p, ret_step, err);
}

/* ---- what became of things ----------------------------------------------------------------- */

static struct str bare_name(struct str id)
{
    struct str name;

    str_split(id, ':', &name);
    return name;
}

static int lookup(const struct source *src, const struct source_lookup *asked, struct arena *arena,
                  struct source_request *ret_request, struct error *err)
{
    struct buf names = BUF_INIT(LOOKUP_THINGS * 32);
    struct url u;

    if (src->account->session.len == 0)
        return reddit_login_prepare(src->account, arena, ret_request, err);
    for (size_t i = 0; i < asked->n; i++) {
        if (i > 0)
            buf_append_char(&names, ',');
        buf_append_str(&names, bare_name(asked->ids[i]));
    }
    url_begin(&u, account_of(src)->api, "/api/info");
    url_add_param(&u, "id", buf_str(&names));
    buf_finish(&names);
    url_add_i64(&u, "raw_json", 1);
    return begin_request(src, &u, "info", 0, arena, ret_request, err);
}

static bool is_listed(const struct parsing *p, const json_t *children, struct str name)
{
    for (size_t i = 0; i < json_array_size(children); i++) {
        if (str_eq(reddit_thing_name(p, json_array_get(children, i)), name))
            return true;
    }
    return false;
}

static int parse_lookup(const struct source *src, const struct source_lookup *asked,
                        const struct source_reply *reply, struct source_page *page,
                        struct source_step *ret_step, struct error *err)
{
    static const struct source_cursor nowhere = {.low = {"0", 1}};
    const struct parsing p = {src, &nowhere, reply, page, page->arena};
    const json_t *children;
    json_t *value = NULL;
    int code;

    if (reply->login)
        return reddit_login_parse(&p, ret_step, err);
    if (parse_refusal(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    children = json_path(value, "data.children");
    if (!json_is_array(children))
        return error_set(err, -EBADMSG, "an answer that is no listing");
    for (size_t i = 0; i < json_array_size(children); i++)
        reddit_thing_read(&p, json_array_get(children, i));
    for (size_t i = 0; i < asked->n; i++) {
        if (!is_listed(&p, children, bare_name(asked->ids[i])))
            source_page_gone(page, asked->ids[i]);
    }
    step_done(ret_step, STR(""));
    return 0;
}

const struct source_driver source_reddit = {
    .name = "reddit",
    .help = "Search, new posts and comments of subreddits, or the inbox's mentions, with an approved OAuth "
            "client.",
    .options = options,
    .config_size = sizeof(struct reddit_config),
    .account_options = account_options,
    .account_size = sizeof(struct reddit_account),
    .needs_account = true,
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 60 * 1000,
    .interval_min_ms = 2 * 1000,
    .overlap_ms = 10 * 60 * 1000,
    .max_pages = 12,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
    .lookup_max = LOOKUP_THINGS,
    .lookup = lookup,
    .parse_lookup = parse_lookup,
};
