/* Hacker News through Algolia's search: stories, comments and polls by date.
 *
 * The cursor is the newest created_at_i (seconds) that is stored. The index fills late, so a poll
 * re-reads the overlap: a window created_at_i >= floor, page by page. Only the first 1,000 hits of
 * a query can be paged to; where a window holds more, it is cut at the oldest hit seen and the walk
 * goes on below that.
 *
 * The search finds prefixes and near words whatever is asked, so the poller filters by the brand's
 * terms. */
#include <errno.h>

#include "sources/driver.h"
#include "sources/url.h"

#define NETWORK "hackernews"
#define PAGE_HITS 100
#define REACHABLE_HITS 1000
#define BLACKLISTED_WAIT_MS (3600 * 1000)
#define LIMITED_WAIT_MS (60 * 1000)

struct hackernews_config {
    struct str api;
    struct str query;
    struct str_list tags;
};

static const struct option options[] = {
    {.key = "query", .kind = OPTION_STRING, .offset = offsetof(struct hackernews_config, query),
     .required = true, .min = 1, .max = 300, .help = "Words are ANDed; \"a phrase\" and -word work too."},
    {.key = "tags", .kind = OPTION_LIST, .offset = offsetof(struct hackernews_config, tags), .max = 8,
     .help = "What to look at: any of story, comment, poll, job, show_hn, ask_hn; the first three if none."},
    {.key = "api", .kind = OPTION_URL, .offset = offsetof(struct hackernews_config, api),
     .def = "https://hn.algolia.com/api/v1", .help = "Where the search is."},
    {0},
};

static struct str host(const struct source *src, struct arena *arena)
{
    const struct hackernews_config *config = src->config;

    return arena_str(arena, url_authority(config->api));
}

/* ---- the walk ------------------------------------------------------------------------------ */

/* Where in a window the walk is: cursor.next is "page until oldest". */
struct place {
    int64_t page;
    int64_t until_s;  /* upper end of the window, 0: none */
    int64_t oldest_s; /* of all hits of this window, 0: none seen */
};

static struct place place_parse(struct str next)
{
    struct str page = str_split(next, ' ', &next), until = str_split(next, ' ', &next);
    struct place x = {cursor_i64(page, 0), cursor_i64(until, 0), cursor_i64(next, 0)};

    if (x.page < 0 || x.page > REACHABLE_HITS)
        x = (struct place){0};
    return x;
}

static struct str place_text(const struct place *x, struct arena *arena)
{
    return arena_printf(arena, "%lld %lld %lld", (long long)x->page, (long long)x->until_s,
                        (long long)x->oldest_s);
}

/* The oldest second of interest, 0: no lower end (a first run without backfill, which is one
 * page). */
static int64_t floor_s(const struct source *src, const struct source_cursor *at, int64_t now_ms)
{
    int64_t low_s = cursor_i64(at->low, 0);

    if (at->walking)
        return cursor_i64(at->floor, 0);
    if (low_s)
        return low_s - src->overlap_ms / 1000;
    return src->backfill_ms > 0 ? (now_ms - src->backfill_ms) / 1000 : 0;
}

/* ---- requests ------------------------------------------------------------------------------ */

static struct str tags_text(const struct hackernews_config *config, struct arena *arena)
{
    struct buf b = BUF_INIT(1024);
    struct str text;

    if (config->tags.n == 0)
        return STR("(story,comment,poll)");
    for (size_t i = 0; i < config->tags.n; i++) {
        buf_append_char(&b, i ? ',' : '(');
        buf_append_str(&b, config->tags.items[i]);
    }
    buf_append_char(&b, ')');
    text = arena_str(arena, buf_str(&b));
    buf_finish(&b);
    return text.s ? text : STR("");
}

static struct str window_text(int64_t from_s, int64_t until_s, struct arena *arena)
{
    struct str text = STR("");

    if (from_s > 0 && until_s > 0)
        text = arena_printf(arena, "created_at_i>=%lld,created_at_i<=%lld", (long long)from_s,
                            (long long)until_s);
    else if (from_s > 0)
        text = arena_printf(arena, "created_at_i>=%lld", (long long)from_s);
    return text.s ? text : STR("");
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena, struct source_request *ret_request, struct error *err)
{
    const struct hackernews_config *config = src->config;
    struct place place = at->walking ? place_parse(at->next) : (struct place){0};
    struct str text;
    struct url u;
    int code;

    url_begin(&u, config->api, "/search_by_date");
    url_add_param(&u, "query", config->query);
    url_add_param(&u, "tags", tags_text(config, arena));
    url_add_param(&u, "numericFilters", window_text(floor_s(src, at, now_ms), place.until_s, arena));
    url_add_param(&u, "restrictSearchableAttributes", STR("comment_text,story_text,title,url"));
    url_add_param(&u, "typoTolerance", STR("false"));
    url_add_i64(&u, "hitsPerPage", PAGE_HITS);
    url_add_i64(&u, "page", place.page);
    code = url_finish(&u, arena, &text, err);
    if (code == 0)
        request_begin_get(ret_request, "search", text);
    return code;
}

/* ---- hits as mentions ---------------------------------------------------------------------- */

static const char *kind_of(const json_t *hit)
{
    static const struct {
        const char *tag, *kind;
    } kinds[] = {{"comment", "comment"}, {"pollopt", "post"}, {"poll", "post"}, {"job", "post"}};
    const json_t *tags = json_get(hit, "_tags");

    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t i = 0; i < json_array_size(tags); i++) {
            if (str_eq(json_text(json_array_get(tags, i)), str_from(kinds[k].tag)))
                return kinds[k].kind;
        }
    }
    if (json_get_text(hit, "comment_text").len > 0)
        return "comment";
    return json_get_text(hit, "url").len > 0 ? "link" : "post";
}

static void append_line(struct buf *b, struct str text, const char *between)
{
    if (text.len == 0)
        return;
    if (b->len > 0)
        buf_append_str(b, str_from(between));
    buf_append_str(b, text);
}

/* Title, own text, and the linked address: the brand may be in any of them. A comment's story title
 * is others' words. */
static struct str read_text(const struct parsing *p, const json_t *hit, bool is_comment)
{
    struct buf b = BUF_INIT(1024 * 1024);
    struct str text;

    if (is_comment)
        return html_to_text(json_get_text(hit, "comment_text"), p->arena);
    append_line(&b, json_get_text(hit, "title"), "");
    append_line(&b, html_to_text(json_get_text(hit, "story_text"), p->arena), "\n\n");
    append_line(&b, json_get_text(hit, "url"), "\n");
    text = arena_str(p->arena, buf_str(&b));
    buf_finish(&b);
    return text.s ? text : STR("");
}

static int64_t created_s(const json_t *hit)
{
    int64_t seconds = json_get_i64(hit, "created_at_i", 0);

    return seconds > 0 && seconds < INT64_MAX / 1000 ? seconds : json_get_time_ms(hit, "created_at") / 1000;
}

static void read_hit(const struct parsing *p, const json_t *hit)
{
    struct str id = json_id(json_get(hit, "objectID"), p->arena), author = json_get_text(hit, "author");
    const char *kind = kind_of(hit);
    bool is_comment = strcmp(kind, "comment") == 0;
    struct str text = read_text(p, hit, is_comment);
    struct mention *m = id.len > 0 && text.len > 0 ? source_page_add(p->page) : NULL;

    if (!m) {
        page_skip(p->page, "hit '%.*s' has no id or no text, or is one too many", STR_FMT(id));
        return;
    }
    m->network = STR(NETWORK);
    m->id = arena_printf(p->arena, NETWORK ":%.*s", STR_FMT(id));
    m->url = arena_printf(p->arena, "https://news.ycombinator.com/item?id=%.*s", STR_FMT(id));
    m->kind = str_from(kind);
    m->text = text;
    m->author.id = author.len > 0 ? author : STR("[deleted]");
    m->author.handle = m->author.name = author;
    m->created_at_ms = created_s(hit) * 1000;
    m->fetched_at_ms = p->reply->received_at_ms;
    m->in_reply_to = json_id(json_get(hit, "parent_id"), p->arena);
    if (m->in_reply_to.len > 0)
        m->conversation = json_id(json_get(hit, "story_id"), p->arena);
    m->likes = json_get_i64(hit, "points", -1);
    m->replies = json_get_i64(hit, "num_comments", -1);
    m->backfill = p->at->low.len == 0;
    mention_set_lang(m, STR(""));
}

/* ---- pages --------------------------------------------------------------------------------- */

struct extent {
    int64_t newest_s, oldest_s;
    size_t n;
};

static void read_hits(const struct parsing *p, const json_t *hits, struct extent *ret)
{
    ret->n = json_array_size(hits);
    for (size_t i = 0; i < ret->n; i++) {
        const json_t *hit = json_array_get(hits, i);
        int64_t seconds = created_s(hit);

        read_hit(p, hit);
        if (seconds <= 0)
            continue;
        if (seconds > ret->newest_s)
            ret->newest_s = seconds;
        if (ret->oldest_s == 0 || seconds < ret->oldest_s)
            ret->oldest_s = seconds;
    }
}

/* The next page of this window, or a window below what could be reached. False when all is read. */
static bool move_on(struct place *x, const json_t *value, const struct extent *e, bool *ret_gap)
{
    int64_t pages = json_get_i64(value, "nbPages", 0), per_page = json_get_i64(value, "hitsPerPage", 0);

    if (e->oldest_s && (x->oldest_s == 0 || e->oldest_s < x->oldest_s))
        x->oldest_s = e->oldest_s;
    if (e->n > 0 && x->page + 1 < pages) {
        x->page++;
        return true;
    }
    if (per_page <= 0 || (x->page + 1) * per_page < REACHABLE_HITS ||
        json_get_i64(value, "nbHits", 0) <= (x->page + 1) * per_page || x->oldest_s == 0)
        return false;
    if (x->oldest_s == x->until_s) {
        *ret_gap = true; /* a thousand hits in one second */
        return false;
    }
    *x = (struct place){.until_s = x->oldest_s};
    return true;
}

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void step_on(const struct parsing *p, const json_t *value, const struct extent *e,
                    struct source_step *ret_step)
{
    int64_t from_s = floor_s(p->src, p->at, p->reply->received_at_ms);
    int64_t high_s = max_i64(max_i64(p->at->walking ? cursor_i64(p->at->high, 0) : e->newest_s,
                                     cursor_i64(p->at->low, 0)), 0);
    struct place place = p->at->walking ? place_parse(p->at->next) : (struct place){0};
    struct str high;
    bool gap = false, more;

    if (high_s > p->reply->received_at_ms / 1000)
        high_s = p->reply->received_at_ms / 1000;
    high = high_s ? cursor_from_i64(p->arena, high_s) : STR("");
    more = from_s > 0 && move_on(&place, value, e, &gap);
    step_done(ret_step, high);
    ret_step->gap = gap;
    if (!more)
        return;
    ret_step->kind = STEP_PAGE;
    ret_step->cursor = (struct source_cursor){.low = p->at->low,
                                              .walking = true,
                                              .high = high,
                                              .next = place_text(&place, p->arena),
                                              .floor = cursor_from_i64(p->arena, from_s)};
}

/* 403 is the blacklist for too many requests, which time ends. */
static bool parse_refusal(const struct source_reply *reply, struct arena *arena,
                          struct source_step *ret_step)
{
    if (!source_step_for_status(reply, arena, ret_step))
        return false;
    if (reply->http->status == 403) {
        ret_step->kind = STEP_WAIT;
        ret_step->wait_ms = BLACKLISTED_WAIT_MS;
    } else if (ret_step->kind == STEP_WAIT && ret_step->wait_ms == 0) {
        ret_step->wait_ms = LIMITED_WAIT_MS;
    }
    return true;
}

static int parse(const struct source *src, const struct source_cursor *at,
                 const struct source_reply *reply, struct source_page *page, struct source_step *ret_step,
                 struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    struct extent e = {0};
    json_t *value = NULL;
    const json_t *hits;
    int64_t asked, given;
    int code;

    if (parse_refusal(reply, page->arena, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    hits = json_get(value, "hits");
    if (!json_is_array(hits))
        return error_set(err, -EBADMSG, "a search result without hits");
    asked = at->walking ? place_parse(at->next).page : 0;
    given = json_get_i64(value, "page", asked);
    if (given != asked)
        return error_set(err, -EBADMSG, "page %lld instead of page %lld", (long long)given,
                         (long long)asked);
    read_hits(&p, hits, &e);
    step_on(&p, value, &e, ret_step);
    return 0;
}

const struct source_driver source_hackernews = {
    .name = "hackernews",
    .help = "Stories and comments of Hacker News, by Algolia's search.",
    .options = options,
    .config_size = sizeof(struct hackernews_config),
    .loose_search = true,
    .has_horizon = true,
    .interval_ms = 60 * 1000,
    .interval_min_ms = 10 * 1000,
    .overlap_ms = 3600 * 1000,
    .max_pages = 20,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};
