/* YouTube: search of videos, or the comments under a channel's videos or under one video.
 *
 * What may be asked is counted in units a day: a search costs 100 of them, all else one. So a search reads on
 * behind its first page only while that is all new; the overlap, which is long as videos appear late, costs
 * nothing more. Comments are walked back by the time of their threads. A reply does not move its thread up:
 * threads that have more replies than were sent along are asked for one by one, after the page they are on.
 */
#include "sources/youtube.h"

#include <errno.h>

#include "mentiond/clock.h"
#include "sources/timewalk.h"
#include "sources/url.h"

#define DAY_MS (24 * 3600 * 1000LL)
#define SEARCH_UNITS 100
#define UNITS_PER_DAY 10000 /* where the account does not say */
#define PAGE_VIDEOS 50
#define PAGE_COMMENTS 100
#define REACHABLE_VIDEOS 500
#define LOOKUP_ITEMS 50
#define THREADS_MAX 20 /* whose replies are asked for, of one page */

struct youtube_account {
    struct str api;
    struct secret key;
};

struct youtube_config {
    struct str query;
    struct str comments_of;
    bool everything;
};

static const struct option account_options[] = {
    {.key = "key", .kind = OPTION_SECRET, .offset = offsetof(struct youtube_account, key), .required = true,
     .help = "API key of a Google Cloud project with the YouTube Data API v3."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct youtube_account, api),
     .def = "https://www.googleapis.com/youtube/v3", .help = "Where the API is."},
    {0},
};

static const struct option options[] = {
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct youtube_config, query), .min = 1,
     .max = 300, .help = "Search of videos, '|' is OR; with comments_of: only comments with these words."},
    {.key = "comments_of", .kind = OPTION_STRING, .offset = offsetof(struct youtube_config, comments_of),
     .min = 1, .max = 64, .help = "Id of a channel (UC...) or of a video whose comments are read."},
    {.key = "everything", .kind = OPTION_BOOL, .offset = offsetof(struct youtube_config, everything),
     .def = "false", .help = "Also what does not have the brand's terms: for the brand's own channel."},
    {0},
};

static const struct youtube_account *account_of(const struct source *src)
{
    return src->account->config;
}

static bool is_search(const struct source *src)
{
    const struct youtube_config *config = src->config;

    return config->comments_of.len == 0;
}

static struct str host(const struct source *src, struct arena *arena)
{
    (void)src; /* there is always an account */
    return arena_str(arena, STR("www.googleapis.com"));
}

/* ---- the day's plan ------------------------------------------------------------------------ */

extern const struct source_driver source_youtube;

/* Units a day that a configured source takes, if it is one of this account. */
static int64_t units_of(const struct source_settings *s, struct str account)
{
    int64_t interval_ms = s->interval_ms > 0 ? s->interval_ms : source_youtube.interval_ms;

    if (!s->enabled || !str_eq(s->type, STR("youtube")) || !str_eq(s->account, account))
        return 0;
    return DAY_MS / interval_ms * (config_get(s->node, "comments_of") ? 1 : SEARCH_UNITS);
}

static int64_t units_planned(const struct settings *settings, struct str account)
{
    int64_t units = 0;

    for (size_t i = 0; i < settings->n_brands; i++) {
        for (size_t k = 0; k < settings->brands[i].n_sources; k++)
            units += units_of(&settings->brands[i].sources[k], account);
    }
    return units;
}

static int64_t units_allowed(const struct settings *settings, struct str account)
{
    for (size_t i = 0; i < settings->n_accounts; i++) {
        if (str_eq(settings->accounts[i].name, account) && settings->accounts[i].units_per_day > 0)
            return settings->accounts[i].units_per_day;
    }
    return UNITS_PER_DAY;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const struct youtube_config *config = src->config;
    struct str account = src->settings->account;
    int64_t planned = units_planned(settings, account), allowed = units_allowed(settings, account);

    src->unfiltered = config->everything;
    if (config->query.len == 0 && config->comments_of.len == 0) {
        diag_error(d, settings->doc, src->settings->mark,
                   "brands.%.*s.sources.%.*s: give a query, comments_of, or both", STR_FMT(src->brand),
                   STR_FMT(src->name));
        return false;
    }
    if (planned > allowed)
        diag_warning(
            d, settings->doc, src->settings->mark,
            "brands.%.*s.sources.%.*s: the sources of account '%.*s' come to %lld of %lld units a day "
            "(a search is %d, other requests 1): give them longer intervals",
            STR_FMT(src->brand), STR_FMT(src->name), STR_FMT(account), (long long)planned, (long long)allowed,
            SEARCH_UNITS);
    return true;
}

/* ---- the walk ------------------------------------------------------------------------------ */

/* cursor.next is "items so far, page's token, threads": threads are "id@video" with commas, whose replies are
 * next. Token "-": none. */
struct place {
    int64_t n;
    struct str token, threads;
};

static struct place place_parse(const struct source_cursor *at)
{
    struct place x = {0};

    if (!at->walking)
        return x;
    x.n = cursor_i64(str_split(at->next, ' ', &x.threads), 0);
    x.token = str_split(x.threads, ' ', &x.threads);
    if (str_eq(x.token, STR("-")))
        x.token = STR("");
    return x;
}

static struct str place_text(const struct place *x, struct arena *arena)
{
    if (x->token.len == 0 && x->threads.len == 0)
        return STR("");
    return arena_printf(arena, "%lld %.*s%s%.*s", (long long)x->n,
                        STR_FMT(x->token.len ? x->token : STR("-")), x->threads.len ? " " : "",
                        STR_FMT(x->threads));
}

/* ---- requests ------------------------------------------------------------------------------ */

static void begin_search(struct url *u, const struct source *src, const struct source_cursor *at,
                         int64_t now_ms)
{
    const struct youtube_config *config = src->config;
    int64_t floor_ms = timewalk_floor_ms(src, at, now_ms);
    char iso[CLOCK_ISO_LEN + 1];

    url_begin(u, account_of(src)->api, "/search");
    url_add_param(u, "part", STR("snippet"));
    url_add_param(u, "q", config->query);
    url_add_param(u, "type", STR("video"));
    url_add_param(u, "order", STR("date"));
    url_add_param(u, "safeSearch", STR("none"));
    url_add_i64(u, "maxResults", PAGE_VIDEOS);
    if (floor_ms > 0) {
        clock_format_iso(floor_ms, iso);
        snprintf(iso + strlen("2026-11-21T18:32:00"), 2, "Z");
        url_add_param(u, "publishedAfter", str_from(iso));
    }
}

static void begin_threads(struct url *u, const struct source *src)
{
    const struct youtube_config *config = src->config;
    bool channel = str_starts_with(config->comments_of, STR("UC")) && config->comments_of.len == 24;

    url_begin(u, account_of(src)->api, "/commentThreads");
    url_add_param(u, "part", STR("snippet,replies"));
    url_add_param(u, channel ? "allThreadsRelatedToChannelId" : "videoId", config->comments_of);
    url_add_param(u, "searchTerms", config->query);
    url_add_param(u, "order", STR("time"));
    url_add_param(u, "textFormat", STR("plainText"));
    url_add_i64(u, "maxResults", PAGE_COMMENTS);
}

static void begin_replies(struct url *u, const struct source *src, struct str threads)
{
    struct str rest;

    url_begin(u, account_of(src)->api, "/comments");
    url_add_param(u, "part", STR("snippet"));
    url_add_param(u, "parentId", str_split(str_split(threads, ',', &rest), '@', &rest));
    url_add_param(u, "textFormat", STR("plainText"));
    url_add_i64(u, "maxResults", PAGE_COMMENTS);
}

static int begin_request(const struct source *src, struct url *u, const char *endpoint, struct arena *arena,
                         struct source_request *ret_request, struct error *err)
{
    char *key = NULL;
    struct str text;
    int code = secret_resolve(&account_of(src)->key, &key, err), built;

    if (code == 0)
        url_add_param(u, "key", str_from(key));
    secret_free(key);
    built = url_finish(u, arena, &text, code < 0 ? NULL : err);
    if (code < 0 || built < 0)
        return code < 0 ? code : built;
    request_begin_get(ret_request, endpoint, text);
    return 0;
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    struct place place = place_parse(at);
    const char *endpoint = is_search(src) ? "search" : place.threads.len > 0 ? "comments" : "commentThreads";
    struct url u;
    int code;

    if (is_search(src))
        begin_search(&u, src, at, now_ms);
    else if (place.threads.len > 0)
        begin_replies(&u, src, place.threads);
    else
        begin_threads(&u, src);
    if (place.threads.len == 0)
        url_add_param(&u, "pageToken", place.token);
    code = begin_request(src, &u, endpoint, arena, ret_request, err);
    ret_request->cost = is_search(src) ? SEARCH_UNITS : 1;
    return code;
}

/* ---- videos -------------------------------------------------------------------------------- */

static void parse_search(const struct parsing *p, const json_t *value, struct source_step *ret_step)
{
    const json_t *items = json_get(value, "items");
    struct timewalk walk = timewalk_begin(p);
    struct place place = place_parse(p->at);
    int64_t low_ms = cursor_i64(p->at->low, 0);

    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        int64_t time_ms = json_get_time_ms(json_get(item, "snippet"), "publishedAt");

        if (timewalk_takes(&walk, json_get_text(json_get(item, "id"), "videoId"), time_ms))
            youtube_video_read(p, item);
    }
    place.n += (int64_t)json_array_size(items);
    place.token = json_get_text(value, "nextPageToken");
    timewalk_step(p, &walk, place_text(&place, p->arena), ret_step);
    if (low_ms > 0 && walk.oldest_ms > 0 && walk.oldest_ms <= low_ms && ret_step->kind == STEP_PAGE)
        timewalk_done(p, &walk, false, ret_step); /* the rest is the overlap: not worth a search */
    else if (low_ms > 0 && ret_step->kind == STEP_DONE && place.n >= REACHABLE_VIDEOS)
        ret_step->gap = true;
}

/* ---- comments ------------------------------------------------------------------------------ */

/* "id@video" behind the others, if there is room. */
static void add_thread(struct buf *threads, unsigned *n, struct str id, struct str video)
{
    if (*n >= THREADS_MAX || id.len == 0 || id.len + video.len > 100)
        return;
    buf_printf(threads, "%s%.*s@%.*s", *n ? "," : "", STR_FMT(id), STR_FMT(video));
    ++*n;
}

static void read_replies(const struct parsing *p, const json_t *list, struct str video, struct str thread,
                         struct str answered, int64_t floor_ms)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *reply = json_array_get(list, i);

        if (youtube_comment_time_ms(reply) >= floor_ms)
            youtube_comment_read(p, reply, video, thread, answered);
    }
}

static void read_thread(const struct parsing *p, const json_t *item, struct timewalk *walk,
                        struct buf *threads, unsigned *n)
{
    const json_t *snippet = json_get(item, "snippet"), *top = json_get(snippet, "topLevelComment");
    const json_t *replies = json_path(item, "replies.comments");
    struct str id = json_get_text(item, "id"), video = json_get_text(snippet, "videoId");
    int64_t n_replies = json_get_i64(snippet, "totalReplyCount", 0);
    struct mention *m;

    if (timewalk_takes(walk, id, youtube_comment_time_ms(top))) {
        m = youtube_comment_read(p, top, video, STR(""), STR(""));
        if (m)
            m->replies = n_replies;
    }
    read_replies(p, replies, video, id, youtube_comment_author(top), walk->floor_ms);
    if (n_replies > (int64_t)json_array_size(replies))
        add_thread(threads, n, id, video);
}

static void parse_threads(const struct parsing *p, const json_t *value, struct source_step *ret_step)
{
    const json_t *items = json_get(value, "items");
    struct timewalk walk = timewalk_begin(p);
    struct place place = place_parse(p->at);
    struct buf threads = BUF_INIT(SOURCE_CURSOR_FIELD_MAX);
    struct str ids;
    unsigned n = 0;

    for (size_t i = 0; i < json_array_size(items); i++)
        read_thread(p, json_array_get(items, i), &walk, &threads, &n);
    ids = arena_str(p->arena, buf_str(&threads));
    buf_finish(&threads);
    place.n += (int64_t)json_array_size(items);
    place.token = json_get_text(value, "nextPageToken");
    timewalk_step(p, &walk, place_text(&place, p->arena), ret_step);
    if (ids.len == 0 || walk.floor_ms == INT64_MIN || ret_step->gap ||
        place.token.len + ids.len + 32 > SOURCE_CURSOR_FIELD_MAX)
        return;
    if (ret_step->kind == STEP_DONE) {
        ret_step->cursor = (struct source_cursor){.low = p->at->low,
                                                  .walking = true,
                                                  .high = ret_step->cursor.low,
                                                  .floor = walk_floor_text(p->arena, walk.floor_ms, false)};
        place.token = STR("");
    }
    ret_step->kind = STEP_PAGE;
    place.threads = ids;
    ret_step->cursor.next = place_text(&place, p->arena);
}

/* The walk as it was, without the thread whose replies were asked for. */
static void step_behind_thread(const struct parsing *p, struct place place, struct source_step *ret_step)
{
    str_split(place.threads, ',', &place.threads);
    step_done(ret_step, p->at->high);
    if (place.threads.len == 0 && place.token.len == 0)
        return;
    *ret_step = (struct source_step){.kind = STEP_PAGE, .cursor = *p->at};
    ret_step->cursor.next = place_text(&place, p->arena);
}

static void parse_replies(const struct parsing *p, const json_t *value, struct source_step *ret_step)
{
    struct place place = place_parse(p->at);
    struct str rest, video, thread = str_split(str_split(place.threads, ',', &rest), '@', &video);

    read_replies(p, json_get(value, "items"), video, thread, STR(""), timewalk_floor_ms(p->src, p->at, 0));
    step_behind_thread(p, place, ret_step);
}

/* ---- replies of HTTP ----------------------------------------------------------------------- */

/* A thread that was deleted meanwhile. */
static bool is_thread_gone(const struct parsing *p)
{
    return p->reply->http->status == 404 && !is_search(p->src) && place_parse(p->at).threads.len > 0;
}

static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    json_t *value = NULL;
    int code;

    if (is_thread_gone(&p)) {
        step_behind_thread(&p, place_parse(at), ret_step);
        return 0;
    }
    if (youtube_refusal_read(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    if (!json_is_array(json_get(value, "items")))
        return error_set(err, -EBADMSG, "a list without items");
    if (is_search(src))
        parse_search(&p, value, ret_step);
    else if (place_parse(at).threads.len > 0)
        parse_replies(&p, value, ret_step);
    else
        parse_threads(&p, value, ret_step);
    return 0;
}

/* ---- what became of them ------------------------------------------------------------------- */

static struct str bare_id(struct str id)
{
    struct str rest;

    str_split(id, ':', &rest);
    return rest;
}

static int lookup(const struct source *src, const struct source_lookup *asked, struct arena *arena,
                  struct source_request *ret_request, struct error *err)
{
    struct buf ids = BUF_INIT(8 * 1024);
    struct url u;

    for (size_t i = 0; i < asked->n; i++) {
        if (i > 0)
            buf_append_char(&ids, ',');
        buf_append_str(&ids, bare_id(asked->ids[i]));
    }
    url_begin(&u, account_of(src)->api, is_search(src) ? "/videos" : "/comments");
    url_add_param(&u, "part", is_search(src) ? STR("id") : STR("snippet"));
    url_add_param(&u, "textFormat", is_search(src) ? STR("") : STR("plainText"));
    url_add_param(&u, "id", buf_str(&ids));
    buf_finish(&ids);
    return begin_request(src, &u, is_search(src) ? "videos" : "comments", arena, ret_request, err);
}

static bool is_listed(const json_t *items, struct str id)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        if (str_eq(json_get_text(json_array_get(items, i), "id"), id))
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
    const json_t *items;
    json_t *value = NULL;
    int code;

    if (youtube_refusal_read(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    items = json_get(value, "items");
    if (!json_is_array(items))
        return error_set(err, -EBADMSG, "a list without items");
    for (size_t i = 0; i < asked->n; i++) {
        if (!is_listed(items, bare_id(asked->ids[i])))
            source_page_gone(page, asked->ids[i]);
    }
    step_done(ret_step, STR(""));
    return 0;
}

const struct source_driver source_youtube = {
    .name = "youtube",
    .help = "Search of YouTube's videos, or comments of a channel or video, with an API key.",
    .options = options,
    .config_size = sizeof(struct youtube_config),
    .account_options = account_options,
    .account_size = sizeof(struct youtube_account),
    .needs_account = true,
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 15 * 60 * 1000,
    .interval_min_ms = 10 * 1000,
    .overlap_ms = DAY_MS,
    .max_pages = 40,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
    .lookup_max = LOOKUP_ITEMS,
    .lookup = lookup,
    .parse_lookup = parse_lookup,
};
