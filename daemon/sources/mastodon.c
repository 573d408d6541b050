/* Mastodon and what speaks its API, of one instance: hashtag timelines, full-text search, the public or
 * local timeline, and what mentions the account itself.
 *
 * A timeline is ordered by arrival at the instance, so its cursor is the last id, never a time. Polls walk
 * forward from it by min_id, page by page, until a page is empty: no gaps. Only the first run walks
 * backwards (max_id), as far as the source's backfill asks. Search has no exact cursor: it re-reads the
 * overlap, newest first, and the queue drops what it knows.
 *
 * Ids are opaque: never computed with, only sent back. Posts that are private or direct are not taken,
 * unless they are asked for and mention the account. Edited posts keep their place in a timeline, and
 * deleted ones leave it without a word: both are found by looking a status up. */
#include <errno.h>

#include "mentiond/text.h"
#include "sources/driver.h"
#include "sources/mastodon_status.h"
#include "sources/url.h"

#define PAGE_LIMIT 40
#define TAGS_MAX 5                     /* one in the path, four more in any[] */
#define LIMITED_WAIT_MS (5 * 60 * 1000) /* 429 without a word on how long */

struct mastodon_account {
    struct str instance;
    struct secret token;
};

enum look { LOOK_AUTO, LOOK_MENTIONS, LOOK_PUBLIC, LOOK_LOCAL, LOOK_HASHTAGS, LOOK_SEARCH };
/* AUTO is one of the last two, by what else is given. */
static const char *const looks[] = {"auto", "mentions", "public", "local", NULL};

struct mastodon_config {
    struct str instance;
    struct str_list hashtags;
    struct str query;
    int look;
    bool private_posts;
};

static const struct option account_options[] = {
    {.key = "instance", .kind = OPTION_URL, .offset = offsetof(struct mastodon_account, instance),
     .required = true, .help = "Where the account lives, as https://mastodon.social."},
    {.key = "token", .kind = OPTION_SECRET, .offset = offsetof(struct mastodon_account, token),
     .required = true,
     .help = "Access token from Preferences > Development with the scopes read:statuses, read:search and "
             "read:notifications."},
    {0},
};

static const struct option options[] = {
    {.key = "instance", .kind = OPTION_URL, .offset = offsetof(struct mastodon_config, instance),
     .help = "The server to ask; the account's if there is one."},
    {.key = "hashtags", .kind = OPTION_LIST, .offset = offsetof(struct mastodon_config, hashtags),
     .max = TAGS_MAX, .help = "Posts with any of these tags, with or without '#'; at most 5."},
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct mastodon_config, query),
     .help = "Full-text search instead of hashtags; needs an account."},
    {.key = "look", .kind = OPTION_ENUM, .offset = offsetof(struct mastodon_config, look), .def = "auto",
     .choices = looks,
     .help = "Instead of both: mentions of the account, or the public or local timeline, of which posts "
             "with the brand's terms are taken."},
    {.key = "private_posts", .kind = OPTION_BOOL, .offset = offsetof(struct mastodon_config, private_posts),
     .help = "Of mentions also those that are not public: followers-only and direct posts to the account."},
    {0},
};

static const struct mastodon_account *account_of(const struct source *src)
{
    return src->account->config;
}

static struct str instance_of(const struct source *src)
{
    const struct mastodon_config *config = src->config;

    return account_of(src) ? account_of(src)->instance : config->instance;
}

static enum look look_of(const struct source *src)
{
    const struct mastodon_config *config = src->config;

    if (config->look != LOOK_AUTO)
        return (enum look)config->look;
    return config->query.len > 0 ? LOOK_SEARCH : LOOK_HASHTAGS;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct mastodon_config *config = src->config;
    int n_ways = (config->hashtags.n > 0) + (config->query.len > 0) + (config->look != LOOK_AUTO);
    enum look look = look_of(src);
    const char *wrong = NULL;

    src->unfiltered = look != LOOK_PUBLIC && look != LOOK_LOCAL; /* the others were asked for by name */
    if (n_ways != 1)
        wrong = "give either hashtags or a query, or say where to look";
    else if ((look == LOOK_SEARCH || look == LOOK_MENTIONS) && !account_of(src))
        wrong = "search, like look: mentions, needs an account with a token (type: mastodon)";
    else if (config->private_posts && look != LOOK_MENTIONS)
        wrong = "private_posts goes with look: mentions";
    else if (!account_of(src) && config->instance.len == 0)
        wrong = "instance is missing, as https://mastodon.social";
    else if (account_of(src) && config->instance.len > 0 &&
             !str_eq_nocase(url_origin(config->instance), url_origin(account_of(src)->instance)))
        wrong = "instance is another than its account's: the token would go to a stranger";
    if (wrong)
        diag_error(d, settings->doc, src->settings->mark, "brands.%.*s.sources.%.*s: %s",
                   STR_FMT(src->brand), STR_FMT(src->name), wrong);
    return !wrong;
}

static struct str host(const struct source *src, struct arena *arena)
{
    return arena_str(arena, url_authority(instance_of(src)));
}

/* ---- requests ------------------------------------------------------------------------------ */

static struct str tag_name(struct str tag)
{
    return str_starts_with(tag, STR("#")) ? str_slice(tag, 1, tag.len) : tag;
}

static void begin_hashtags(struct url *u, const struct source *src)
{
    const struct mastodon_config *config = src->config;

    url_begin(u, instance_of(src), "/api/v1/timelines/tag/");
    url_add_segment(u, tag_name(config->hashtags.items[0]));
    for (size_t i = 1; i < config->hashtags.n; i++)
        url_add_param(u, "any[]", tag_name(config->hashtags.items[i]));
}

static void begin_search(struct url *u, const struct source *src)
{
    const struct mastodon_config *config = src->config;

    url_begin(u, instance_of(src), "/api/v2/search");
    url_add_param(u, "q", config->query);
    url_add_param(u, "type", STR("statuses"));
}

static void begin_mentions(struct url *u, const struct source *src)
{
    url_begin(u, instance_of(src), "/api/v1/notifications");
    url_add_param(u, "types[]", STR("mention"));
}

static void begin_public(struct url *u, const struct source *src)
{
    url_begin(u, instance_of(src), "/api/v1/timelines/public");
    if (look_of(src) == LOOK_LOCAL)
        url_add_param(u, "local", STR("true"));
}

/* What Mastodon counts together has one name. */
static const struct {
    const char *endpoint;
    void (*begin)(struct url *u, const struct source *src);
} requests[] = {
    [LOOK_HASHTAGS] = {"timeline", begin_hashtags}, [LOOK_SEARCH] = {"search", begin_search},
    [LOOK_MENTIONS] = {"notifications", begin_mentions}, [LOOK_PUBLIC] = {"timeline", begin_public},
    [LOOK_LOCAL] = {"timeline", begin_public},
};

static int finish_request(const struct source *src, struct url *u, const char *endpoint, struct arena *arena,
                          struct source_request *ret_request, struct error *err)
{
    struct str text;
    int code = url_finish(u, arena, &text, err);

    if (code < 0)
        return code;
    request_begin_get(ret_request, endpoint, text);
    if (account_of(src))
        return request_add_bearer(ret_request, &account_of(src)->token, arena, err);
    return 0;
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    enum look look = look_of(src);
    struct url u;

    (void)now_ms;
    requests[look].begin(&u, src);
    url_add_i64(&u, "limit", PAGE_LIMIT);
    if (at->walking)
        url_add_param(&u, "max_id", at->next);
    else if (look != LOOK_SEARCH)
        url_add_param(&u, "min_id", at->low);
    return finish_request(src, &u, requests[look].endpoint, arena, ret_request, err);
}

/* ---- pages --------------------------------------------------------------------------------- */

/* What paging needs to know of a page. */
struct extent {
    struct str first_id, last_id; /* as listed: newest, oldest */
    struct str newest_id;         /* of a page in any order, where ids can be compared */
    int64_t newest_ms, oldest_ms; /* created_at; 0 if the page is empty */
    size_t n;
};

static bool is_decimal(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        if (id.s[i] < '0' || id.s[i] > '9')
            return false;
    }
    return id.len > 0;
}

/* Mastodon's own ids order by length, then bytes; for all others the server's order is all we
 * have. */
static bool id_is_newer(struct str a, struct str b)
{
    if (!is_decimal(a) || !is_decimal(b))
        return false;
    return a.len != b.len ? a.len > b.len : str_compare(a, b) > 0;
}

static void extend(struct extent *e, struct str id, int64_t created_ms)
{
    if (id.len == 0 || id.len > SOURCE_CURSOR_FIELD_MAX)
        return;
    if (e->n++ == 0) {
        e->first_id = e->newest_id = id;
        e->newest_ms = e->oldest_ms = created_ms;
    }
    e->last_id = id;
    if (id_is_newer(id, e->newest_id))
        e->newest_id = id;
    if (created_ms > e->newest_ms)
        e->newest_ms = created_ms;
    if (created_ms < e->oldest_ms)
        e->oldest_ms = created_ms;
}

/* The status that an item of a list is, or is about; NULL: none that is of interest. */
static const json_t *status_of(const struct parsing *p, const json_t *item)
{
    const json_t *status;

    if (look_of(p->src) != LOOK_MENTIONS)
        return item;
    if (!str_eq(json_get_text(item, "type"), STR("mention")))
        return NULL; /* servers that do not know types[] list all kinds */
    status = json_get(item, "status");
    if (!status)
        page_skip(p->page, "a mention without its status");
    return status;
}

static void read_statuses(const struct parsing *p, const json_t *list, int64_t floor_ms, bool backfill,
                          struct extent *ret_extent)
{
    const struct mastodon_config *config = p->src->config;
    struct str server = url_authority(instance_of(p->src));

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i), *status = status_of(p, item);
        int64_t created_ms = json_get_time_ms(item, "created_at");
        struct mention *m;

        extend(ret_extent, json_id(json_get(item, "id"), p->arena), created_ms);
        if (!status || created_ms < floor_ms)
            continue;
        m = mastodon_status_read(p, status, server, config->private_posts);
        if (m)
            m->backfill = backfill;
    }
}

/* The id to go on from that a Link header gives; none if it leads to another server than the
 * configured. */
static struct str linked_id(const struct parsing *p, const char *rel, const char *param)
{
    struct str link = link_header_find(http_response_header(p->reply->http, "Link"), rel);

    if (!str_eq_nocase(url_origin(link), url_origin(instance_of(p->src))))
        return STR("");
    return url_get_param(link, param);
}

/* Forward: every page moves the cursor by itself, so there is no walk to remember. */
static void step_forward(const struct parsing *p, const struct extent *e, struct source_step *ret_step)
{
    struct str next = linked_id(p, "prev", "min_id");

    if (next.len == 0 || is_decimal(e->newest_id))
        next = e->newest_id;
    step_done(ret_step, p->at->low);
    if (e->n == 0 || str_eq(next, p->at->low))
        return; /* nothing newer, or a server that does not move on */
    ret_step->kind = STEP_PAGE;
    ret_step->cursor.low = next;
}

/* The page before came again, and again when it was asked for once more. */
static bool is_stuck(const struct parsing *p, struct str next, struct source_step *ret_step)
{
    bool stuck = str_eq(next, p->at->next) && walk_was_repeated(p->at);

    ret_step->gap = stuck;
    return stuck;
}

/* The first run: back from the newest until `floor_ms`. */
static void step_back(const struct parsing *p, const struct extent *e, struct source_step *ret_step)
{
    int64_t floor_ms = p->at->walking ? walk_floor(p->at, INT64_MAX)
                                      : p->reply->received_at_ms - p->src->backfill_ms;
    struct str high = p->at->walking ? p->at->high : e->newest_id;
    struct str next = linked_id(p, "next", "max_id");

    if (next.len == 0)
        next = e->last_id;
    step_done(ret_step, high);
    /* by its newest: a post that came late is older than what follows it */
    if (e->n == 0 || p->src->backfill_ms <= 0 || e->newest_ms <= floor_ms || is_stuck(p, next, ret_step))
        return;
    ret_step->kind = STEP_PAGE;
    ret_step->cursor = (struct source_cursor){
        .walking = true,
        .high = high,
        .next = next,
        .floor = walk_floor_text(p->arena, floor_ms, str_eq(next, p->at->next))};
}

static int parse_timeline(const struct parsing *p, const json_t *value, struct source_step *ret_step,
                          struct error *err)
{
    bool first_run = p->at->low.len == 0;
    int64_t floor_ms = p->at->walking ? walk_floor(p->at, 0) : INT64_MIN;
    struct extent e = {0};

    if (!json_is_array(value))
        return error_set(err, -EBADMSG, "a timeline that is no list");
    read_statuses(p, value, floor_ms, first_run, &e);
    if (first_run)
        step_back(p, &e, ret_step);
    else
        step_forward(p, &e, ret_step);
    return 0;
}

/* Search: newest first by time of creation, back to the overlap behind `low` (ms). */
static int parse_search(const struct parsing *p, const json_t *value, struct source_step *ret_step,
                        struct error *err)
{
    const json_t *list = json_get(value, "statuses");
    int64_t low_ms = cursor_i64(p->at->low, 0), high_ms, floor_ms;
    bool one_page = low_ms == 0 && p->src->backfill_ms <= 0;
    struct extent e = {0};

    if (!json_is_array(list))
        return error_set(err, -EBADMSG, "a search result without statuses");
    if (p->at->walking)
        floor_ms = walk_floor(p->at, INT64_MAX);
    else
        floor_ms = low_ms ? low_ms - p->src->overlap_ms : p->reply->received_at_ms - p->src->backfill_ms;
    read_statuses(p, list, one_page ? INT64_MIN : floor_ms, low_ms == 0, &e);
    high_ms = p->at->walking ? cursor_i64(p->at->high, 0) : e.newest_ms;
    if (high_ms > p->reply->received_at_ms)
        high_ms = p->reply->received_at_ms; /* a post from the future must not end all reading */
    if (high_ms < low_ms)
        high_ms = low_ms;
    step_done(ret_step, high_ms ? cursor_from_i64(p->arena, high_ms) : STR(""));
    if (e.n == 0 || one_page || e.oldest_ms <= floor_ms || is_stuck(p, e.last_id, ret_step))
        return 0;
    ret_step->kind = STEP_PAGE;
    ret_step->cursor = (struct source_cursor){.low = p->at->low,
                                              .walking = true,
                                              .high = cursor_from_i64(p->arena, high_ms),
                                              .next = e.last_id,
                                              .floor = walk_floor_text(p->arena, floor_ms,
                                                                       str_eq(e.last_id, p->at->next))};
    return 0;
}

/* ---- statuses of HTTP ---------------------------------------------------------------------- */

static bool is_object(struct str body)
{
    return str_starts_with(str_trim(body), STR("{"));
}

/* An unknown hashtag is an empty one; 404 with HTML is a server that lacks this way to look. */
static bool parse_missing(const struct parsing *p, enum look look, struct source_step *ret_step)
{
    if (p->reply->http->status != 404)
        return false;
    if (look == LOOK_HASHTAGS && is_object(p->reply->body)) {
        step_done(ret_step, p->at->low);
        return true;
    }
    if (is_object(p->reply->body))
        return false;
    step_fail(ret_step, STEP_STOP, STR("HTTP 404 without JSON: this server's software does not offer that"));
    return true;
}

static bool parse_refusal(const struct parsing *p, struct source_step *ret_step)
{
    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    if (ret_step->kind == STEP_WAIT && ret_step->wait_ms == 0)
        ret_step->wait_ms = LIMITED_WAIT_MS;
    return true;
}

static int parse(const struct source *src, const struct source_cursor *at,
                 const struct source_reply *reply, struct source_page *page, struct source_step *ret_step,
                 struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    enum look look = look_of(src);
    json_t *value = NULL;
    int code;

    if (parse_missing(&p, look, ret_step) || parse_refusal(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    return look == LOOK_SEARCH ? parse_search(&p, value, ret_step, err)
                               : parse_timeline(&p, value, ret_step, err);
}

/* ---- look-ups ------------------------------------------------------------------------------ */

static int lookup(const struct source *src, const struct source_lookup *asked, struct arena *arena,
                  struct source_request *ret_request, struct error *err)
{
    struct str id, server = str_split(asked->natives[0], '/', &id);
    struct url u;

    if (id.len == 0 || !str_eq_nocase(server, url_authority(instance_of(src))))
        return error_set(err, -EINVAL, "look up '%.*s': it was not heard from this server",
                         STR_FMT(str_cut_utf8(asked->natives[0], 200)));
    url_begin(&u, instance_of(src), "/api/v1/statuses/");
    url_add_segment(&u, id);
    return finish_request(src, &u, "status", arena, ret_request, err);
}

/* 404 as JSON: the status is gone, or not to be seen any more, which comes to the same. */
static int parse_lookup(const struct source *src, const struct source_lookup *asked,
                        const struct source_reply *reply, struct source_page *page,
                        struct source_step *ret_step, struct error *err)
{
    static const struct source_cursor nowhere;
    const struct mastodon_config *config = src->config;
    const struct parsing p = {src, &nowhere, reply, page, page->arena};
    int status = reply->http->status, code;
    json_t *value = NULL;

    step_done(ret_step, STR(""));
    if ((status == 404 && is_object(reply->body)) || status == 410) {
        source_page_gone(page, asked->ids[0]);
        return 0;
    }
    if (parse_refusal(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code == 0)
        mastodon_status_read(&p, value, url_authority(instance_of(src)), config->private_posts);
    return code;
}

const struct source_driver source_mastodon = {
    .name = "mastodon",
    .help = "Hashtags, search, mentions or public timelines of a Mastodon-compatible server.",
    .options = options,
    .config_size = sizeof(struct mastodon_config),
    .account_options = account_options,
    .account_size = sizeof(struct mastodon_account),
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 60 * 1000,
    .interval_min_ms = 10 * 1000,
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
