/* A Discourse forum: all its new posts, or its search.
 *
 * All posts are listed by id, newest first, so their cursor is the newest id; a poll walks back by
 * `before` to it and a page's worth of ids further, as posts that were hidden for a while come back under
 * their old id. Releases differ in what `before` includes and in whether a page may be empty in the
 * middle; both are understood. Search is a walk by time over at most ten pages of excerpts, one post of
 * each topic: for forums that are too large to read whole.
 *
 * Three parts of Discourse say 429, each in its own way: see wait_told(). */
#include <errno.h>

#include "mentiond/clock.h"
#include "sources/discourse_post.h"
#include "sources/timewalk.h"
#include "sources/url.h"

#define PAGE_POSTS 50
#define OVERLAP_IDS 49 /* the first page holds them, if no ids are private */
#define SEARCH_PAGES 10
#define LIMITED_WAIT_MS (60 * 1000)
#define DAY_MS (24 * 3600 * 1000LL)

struct discourse_account {
    struct str forum;
    struct secret key;
    struct str user;
};

struct discourse_config {
    struct str forum;
    struct str query;
    bool everything;
};

static const struct option account_options[] = {
    {.key = "forum", .kind = OPTION_URL, .offset = offsetof(struct discourse_account, forum),
     .required = true,
     .help = "The forum's address, with its folder if it has one, as https://acme.example/forum."},
    {.key = "key", .kind = OPTION_SECRET, .offset = offsetof(struct discourse_account, key), .required = true,
     .help = "API key made by the forum's admin: read-only, for the global scope or posts and search."},
    {.key = "user", .kind = OPTION_STRING, .offset = offsetof(struct discourse_account, user), .min = 1,
     .max = 60,
     .required = true, .help = "The user the key acts for: it should see no more than customers may."},
    {0},
};

static const struct option options[] = {
    {.key = "forum", .kind = OPTION_URL, .offset = offsetof(struct discourse_config, forum),
     .help = "The forum to read, as https://forum.example; the account's if there is one."},
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct discourse_config, query), .min = 3,
     .max = 200,
     .help = "Search instead of reading all posts: \"a phrase\", -word, #category, tags:a,b, @user work."},
    {.key = "everything", .kind = OPTION_BOOL, .offset = offsetof(struct discourse_config, everything),
     .help = "Take posts without the brand's terms too: for the brand's own forum."},
    {0},
};

static const struct discourse_account *account_of(const struct source *src)
{
    return src->account->config;
}

static struct str forum_of(const struct source *src)
{
    const struct discourse_config *config = src->config;

    return account_of(src) ? account_of(src)->forum : config->forum;
}

static bool is_search(const struct source *src)
{
    const struct discourse_config *config = src->config;

    return config->query.len > 0;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct discourse_config *config = src->config;
    const char *wrong = NULL;

    if (forum_of(src).len == 0)
        wrong = "forum is missing, as https://forum.example";
    else if (account_of(src) && config->forum.len > 0 && !str_eq_nocase(url_origin(config->forum),
                                                                        url_origin(account_of(src)->forum)))
        wrong = "forum is another than its account's: the key would go to a stranger";
    if (wrong)
        diag_error(d, settings->doc, src->settings->mark, "brands.%.*s.sources.%.*s: %s", STR_FMT(src->brand),
                   STR_FMT(src->name), wrong);
    src->unfiltered = config->everything;
    return !wrong;
}

static struct str host(const struct source *src, struct arena *arena)
{
    return arena_str(arena, url_authority(forum_of(src)));
}

/* ---- requests -------------------------------------------------------------------------------- */

static int begin_request(const struct source *src, struct url *u, const char *endpoint, struct arena *arena,
                         struct source_request *ret_request, struct error *err)
{
    const struct discourse_account *account = account_of(src);
    char *key = NULL;
    struct str text;
    int code = url_finish(u, arena, &text, err);

    if (code < 0)
        return code;
    request_begin_get(ret_request, endpoint, text);
    if (!account)
        return 0;
    code = secret_resolve(&account->key, &key, err);
    if (code < 0)
        return code;
    request_add_header(ret_request, "Api-Key", arena_str(arena, str_from(key)), true);
    request_add_header(ret_request, "Api-Username", account->user, true);
    secret_free(key);
    return 0;
}

/* `order:latest after:2026-11-19`: a day more than asked for, as the forum's days begin in its own time
 * zone. */
static struct str search_text(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                              struct arena *arena)
{
    const struct discourse_config *config = src->config;
    int64_t floor_ms = timewalk_floor_ms(src, at, now_ms);
    char day[CLOCK_ISO_LEN + 1];

    if (floor_ms <= DAY_MS || floor_ms > now_ms)
        return arena_printf(arena, "%.*s order:latest", STR_FMT(config->query));
    clock_format_iso(floor_ms - DAY_MS, day);
    return arena_printf(arena, "%.*s order:latest after:%.10s", STR_FMT(config->query), day);
}

static int64_t search_page(const struct source_cursor *at)
{
    int64_t page = at->walking ? cursor_i64(at->next, 1) : 1;

    return page >= 1 && page <= SEARCH_PAGES ? page : 1;
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena,
                   struct source_request *ret_request, struct error *err)
{
    struct url u;

    if (is_search(src)) {
        url_begin(&u, forum_of(src), "/search.json");
        url_add_param(&u, "q", search_text(src, at, now_ms, arena));
        url_add_i64(&u, "page", search_page(at));
        return begin_request(src, &u, "search", arena, ret_request, err);
    }
    url_begin(&u, forum_of(src), "/posts.json");
    if (at->walking)
        url_add_param(&u, "before", at->next);
    return begin_request(src, &u, "posts", arena, ret_request, err);
}

/* ---- all posts ------------------------------------------------------------------------------- */

struct extent {
    int64_t newest_id, oldest_id; /* 0: an empty page */
    int64_t newest_ms;
};

/* Where the walk stops: an id; on the first run a time, INT64_MAX for one page. */
static int64_t posts_floor(const struct parsing *p)
{
    int64_t low = cursor_i64(p->at->low, 0);

    if (p->at->walking)
        return walk_floor(p->at, INT64_MAX);
    if (low > 0)
        return low - OVERLAP_IDS;
    return p->src->backfill_ms > 0 ? p->reply->received_at_ms - p->src->backfill_ms : INT64_MAX;
}

static void read_posts(const struct parsing *p, const json_t *posts, int64_t floor, struct extent *e)
{
    bool first_run = p->at->low.len == 0;

    for (size_t i = 0; i < json_array_size(posts); i++) {
        const json_t *post = json_array_get(posts, i);
        int64_t id = json_get_i64(post, "id", 0), created_ms = json_get_time_ms(post, "created_at");
        struct mention *m;

        if (id > 0 && (e->oldest_id == 0 || id < e->oldest_id))
            e->oldest_id = id;
        if (id > e->newest_id)
            e->newest_id = id;
        if (created_ms > e->newest_ms)
            e->newest_ms = created_ms;
        if (first_run && floor != INT64_MAX && created_ms < floor)
            continue;
        m = discourse_post_read(p, post, NULL, forum_of(p->src));
        if (m)
            m->backfill = first_run;
    }
}

/* The id to go on below: older releases list `before` itself again and skip 50 ids, whatever is in them. */
static int64_t next_before(const struct extent *e, int64_t before)
{
    if (e->oldest_id > 0 && (before == 0 || e->oldest_id < before))
        return e->oldest_id;
    return before - PAGE_POSTS;
}

static bool is_walk_over(const struct parsing *p, const struct extent *e, int64_t floor, int64_t next)
{
    if (next <= 1)
        return true;
    if (p->at->low.len > 0)
        return next <= floor;
    return floor == INT64_MAX || e->oldest_id == 0 || e->newest_ms < floor;
}

static void posts_step(const struct parsing *p, const struct extent *e, int64_t floor,
                       struct source_step *ret_step)
{
    int64_t before = p->at->walking ? cursor_i64(p->at->next, 0) : 0, low = cursor_i64(p->at->low, 0);
    int64_t high = p->at->walking ? cursor_i64(p->at->high, 0) : e->newest_id;
    /* not what was asked: a page from somebody's cache */
    bool repeated = before > 0 && e->newest_id > before;
    int64_t next = repeated ? before : next_before(e, before);

    if (high < low)
        high = low;
    step_done(ret_step, high > 0 ? cursor_from_i64(p->arena, high) : STR(""));
    if (repeated && walk_was_repeated(p->at)) {
        ret_step->gap = true;
        return;
    }
    if (is_walk_over(p, e, floor, next))
        return;
    ret_step->kind = STEP_PAGE;
    ret_step->cursor = (struct source_cursor){.low = p->at->low,
                                              .walking = true,
                                              .high = ret_step->cursor.low,
                                              .next = cursor_from_i64(p->arena, next),
                                              .floor = walk_floor_text(p->arena, floor, repeated)};
}

static int parse_posts(const struct parsing *p, const json_t *value, struct source_step *ret_step,
                       struct error *err)
{
    const json_t *posts = json_get(value, "latest_posts");
    int64_t floor = posts_floor(p);
    struct extent e = {0};

    if (!json_is_array(posts))
        return error_set(err, -EBADMSG, "a list of posts without latest_posts");
    read_posts(p, posts, floor, &e);
    posts_step(p, &e, floor, ret_step);
    return 0;
}

/* ---- search ---------------------------------------------------------------------------------- */

static const json_t *find_topic(const json_t *topics, int64_t id)
{
    for (size_t i = 0; i < json_array_size(topics); i++) {
        if (json_get_i64(json_array_get(topics, i), "id", -1) == id)
            return json_array_get(topics, i);
    }
    return NULL;
}

/* Without `posts` there are no hits. */
static int parse_search(const struct parsing *p, const json_t *value, struct source_step *ret_step,
                        struct error *err)
{
    const json_t *posts = json_get(value, "posts"), *result = json_get(value, "grouped_search_result");
    struct str overloaded = json_get_text(result, "error");
    struct timewalk walk = timewalk_begin(p);
    int64_t page = search_page(p->at);
    bool more = json_get_bool(result, "more_full_page_results");

    if (!json_is_object(value) || (posts && !json_is_array(posts)) || (!posts && !result))
        return error_set(err, -EBADMSG, "a search result without posts");
    if (overloaded.len > 0) {
        step_fail(ret_step, STEP_RETRY, arena_printf(p->arena, "search: %.*s", STR_FMT(overloaded)));
        return 0;
    }
    for (size_t i = 0; i < json_array_size(posts); i++) {
        const json_t *post = json_array_get(posts, i);
        struct str id = json_id(json_get(post, "id"), p->arena);
        struct mention *m;

        if (!timewalk_takes(&walk, id, json_get_time_ms(post, "created_at")))
            continue;
        m = discourse_post_read(p, post,
                                find_topic(json_get(value, "topics"), json_get_i64(post, "topic_id", -2)),
                                forum_of(p->src));
        if (m)
            m->backfill = p->at->low.len == 0;
    }
    if (more && page == SEARCH_PAGES && !timewalk_is_past(&walk))
        timewalk_done(p, &walk, true, ret_step);
    else
        timewalk_step(p, &walk, more ? cursor_from_i64(p->arena, page + 1) : STR(""), ret_step);
    return 0;
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* What the JSON of a refusal says: "errors" of most, "message" of search. */
static struct str refusal_text(const json_t *value)
{
    struct str text = json_text(json_array_get(json_get(value, "errors"), 0));

    return text.len > 0 ? text : json_get_text(value, "message");
}

/* The limiter of requests says so in plain text with Retry-After, that of search in JSON without a time,
 * that of other actions in JSON with extras.wait_seconds. */
static int64_t wait_told(const struct parsing *p, const json_t *value)
{
    int64_t wait_ms = http_retry_after_ms(p->reply->http, p->reply->received_at_ms);
    int64_t seconds = json_to_i64(json_path(value, "extras.wait_seconds"), 0);

    if (wait_ms > 0)
        return wait_ms;
    return seconds > 0 && seconds <= DAY_MS / 1000 ? seconds * 1000 : LIMITED_WAIT_MS;
}

static bool parse_refusal(const struct parsing *p, struct source_step *ret_step)
{
    struct str body = str_trim(p->reply->body), text;
    json_t *value = NULL;

    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    if (str_starts_with(body, STR("{")) && parsing_load(p, &value, NULL) < 0)
        value = NULL;
    text = refusal_text(value);
    if (ret_step->kind == STEP_WAIT)
        ret_step->wait_ms = wait_told(p, value);
    else if (p->reply->http->status == 409)
        ret_step->kind = STEP_RETRY; /* a search that is overloaded */
    else if (p->reply->http->status == 200)
        ret_step->reason =
            STR("HTML instead of JSON: out of order, or a login page: does the forum need a key?");
    if (text.len > 0)
        ret_step->reason = arena_printf(p->arena, "%.*s: %.*s", STR_FMT(ret_step->reason), STR_FMT(text));
    return true;
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    json_t *value = NULL;
    int code;

    if (parse_refusal(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    return is_search(src) ? parse_search(&p, value, ret_step, err) : parse_posts(&p, value, ret_step, err);
}

/* ---- what became of a post ------------------------------------------------------------------- */

static int lookup(const struct source *src, const struct source_lookup *asked, struct arena *arena,
                  struct source_request *ret_request, struct error *err)
{
    struct url u;

    url_begin(&u, forum_of(src), "/posts/");
    url_add_segment(&u, discourse_post_number(asked->ids[0]));
    buf_append_str(&u.text, STR(".json"));
    return begin_request(src, &u, "post", arena, ret_request, err);
}

/* 403 says nothing: the post may have moved to where we may not look, or our key may be what is refused. */
static int parse_lookup(const struct source *src, const struct source_lookup *asked,
                        const struct source_reply *reply,
                        struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct source_cursor nowhere = {0};
    const struct parsing p = {src, &nowhere, reply, page, page->arena};
    int status = reply->http->status;
    json_t *value = NULL;
    int code;

    step_done(ret_step, STR(""));
    if (status == 404 || status == 410) {
        source_page_gone(page, asked->ids[0]);
        return 0;
    }
    if (status == 403 || parse_refusal(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code == 0)
        discourse_post_read(&p, value, NULL, forum_of(src));
    return code;
}

const struct source_driver source_discourse = {
    .name = "discourse",
    .help = "New posts of a Discourse forum, all or by search.",
    .options = options,
    .config_size = sizeof(struct discourse_config),
    .account_options = account_options,
    .account_size = sizeof(struct discourse_account),
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 2 * 60 * 1000,
    .interval_min_ms = 60 * 1000, /* the forum's own cache is as old */
    .overlap_ms = 3600 * 1000,
    .max_pages = 20,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
    .lookup_max = 1,
    .lookup = lookup,
    .parse_lookup = parse_lookup,
};
