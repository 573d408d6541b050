/* Apple's public feed of an app's reviews, of one country: newest first, ten pages of 50, nothing
 * documented.
 *
 * A review's only time is that of its last change, and older feeds tell none: then a review is new if its
 * id is larger than all before. So the cursor is "time id". A page is sometimes empty although there are
 * reviews, depending on how the address is written: an empty first page is asked for once more in another
 * way, and never means that all reviews are gone. The feed's own links lead to other formats and are not
 * followed. */
#include <errno.h>

#include "sources/timewalk.h"
#include "sources/url.h"

#define NETWORK "appstore"
#define PAGES_MAX 10
#define BLOCKED_WAIT_MS (10 * 60 * 1000)

struct appstore_config {
    struct str app, country, feed;
};

static const struct option options[] = {
    {.key = "app", .kind = OPTION_STRING, .offset = offsetof(struct appstore_config, app), .required = true,
     .min = 1,
     .max = 20, .help = "The app's number, as in https://apps.apple.com/us/app/id835599320."},
    {.key = "country", .kind = OPTION_STRING, .offset = offsetof(struct appstore_config, country),
     .def = "us", .min = 2,
     .max = 2,
     .help = "The store, two letters: each country has reviews of its own, and needs a source of its own."},
    {.key = "feed", .kind = OPTION_URL, .offset = offsetof(struct appstore_config, feed),
     .def = "https://itunes.apple.com", .help = "Where the feed is."},
    {0},
};

static const struct appstore_config *config_of(const struct source *src)
{
    return src->config;
}

static struct str host(const struct source *src, struct arena *arena)
{
    return arena_str(arena, url_authority(config_of(src)->feed));
}

static bool consists_of(struct str text, char from, char to)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.s[i] < from || text.s[i] > to)
            return false;
    }
    return text.len > 0;
}

static bool check(struct source *src, const struct settings *settings, struct diag *d)
{
    const char *wrong = NULL;

    if (!consists_of(config_of(src)->app, '0', '9'))
        wrong = "app is not a number, as 835599320";
    else if (!consists_of(config_of(src)->country, 'a', 'z'))
        wrong = "country is not two small letters, as us";
    if (wrong)
        diag_error(d, settings->doc, src->settings->mark, "brands.%.*s.sources.%.*s: %s", STR_FMT(src->brand),
                   STR_FMT(src->name), wrong);
    return !wrong;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* A walk's `next`: "page way". */
struct place {
    int64_t page;
    bool other_way; /* of writing the address */
};

static struct place place_parse(const struct source_cursor *at)
{
    struct str way, page = str_split(at->walking ? at->next : STR(""), ' ', &way);
    struct place x = {cursor_i64(page, 1), str_eq(way, STR("1"))};

    if (x.page < 1 || x.page > PAGES_MAX)
        x.page = 1;
    return x;
}

static struct str place_text(int64_t page, bool other_way, struct arena *arena)
{
    return arena_printf(arena, "%lld %d", (long long)page, other_way);
}

static int prepare(const struct source *src, const struct source_cursor *at, int64_t now_ms,
                   struct arena *arena,
                   struct source_request *ret_request, struct error *err)
{
    const struct appstore_config *config = config_of(src);
    struct place place = place_parse(at);
    struct str text;
    struct url u;
    int code;

    (void)now_ms;
    url_begin(&u, config->feed, "/");
    url_add_segment(&u, config->country);
    if (place.other_way)
        buf_printf(&u.text, "/rss/customerreviews/id=%.*s/page=%lld/sortby=mostrecent/json",
                   STR_FMT(config->app),
                   (long long)place.page);
    else
        buf_printf(&u.text, "/rss/customerreviews/page=%lld/id=%.*s/sortBy=mostRecent/json",
                   (long long)place.page,
                   STR_FMT(config->app));
    code = url_finish(&u, arena, &text, err);
    if (code == 0)
        request_begin_get(ret_request, "customerreviews", text);
    return code;
}

/* ---- reviews --------------------------------------------------------------------------------- */

/* Every value sits in a "label"; of `content` there may be several, of which the plain one is wanted. */
static struct str label(const json_t *entry, const char *key)
{
    const json_t *value = json_get(entry, key);

    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *one = json_array_get(value, i);

        if (str_eq(json_get_text(json_get(one, "attributes"), "type"), STR("text")))
            return json_get_text(one, "label");
    }
    return json_get_text(json_is_array(value) ? json_array_get(value, 0) : value, "label");
}

static int64_t updated_ms(const json_t *entry)
{
    return json_get_time_ms(json_get(entry, "updated"), "label");
}

static struct str read_text(const struct parsing *p, const json_t *entry)
{
    struct str title = label(entry, "title"), content = label(entry, "content"), text;

    if (title.len == 0 || content.len == 0)
        return title.len > 0 ? title : content;
    text = arena_printf(p->arena, "%.*s\n%.*s", STR_FMT(title), STR_FMT(content));
    return text.s ? text : STR("");
}

/* ".../reviews/id1618815968": the digits. Without them each review has an author of its own. */
static void read_author(const json_t *entry, struct str review_id, struct mention_author *ret)
{
    struct str uri = label(json_get(entry, "author"), "uri");
    size_t start = uri.len;

    while (start > 0 && uri.s[start - 1] >= '0' && uri.s[start - 1] <= '9')
        start--;
    ret->id = start < uri.len ? str_slice(uri, start, uri.len) : review_id;
    ret->handle = ret->name = label(json_get(entry, "author"), "name");
}

static int64_t count_in(const json_t *entry, const char *key)
{
    return json_to_i64(json_get(json_get(entry, key), "label"), -1);
}

static void read_review(const struct parsing *p, const json_t *entry)
{
    const struct appstore_config *config = config_of(p->src);
    struct str id = label(entry, "id"), text = read_text(p, entry);
    struct mention *m = id.len > 0 && text.len > 0 ? source_page_add(p->page) : NULL;

    if (!m) {
        page_skip(p->page, "review '%.*s' has no id or no text, or is one too many", STR_FMT(id));
        return;
    }
    m->network = STR(NETWORK);
    m->kind = STR("review");
    m->id = arena_printf(p->arena, NETWORK ":%.*s/%.*s", STR_FMT(config->country), STR_FMT(id));
    m->url = arena_printf(p->arena, "https://apps.apple.com/%.*s/app/id%.*s?see-all=reviews",
                          STR_FMT(config->country),
                          STR_FMT(config->app));
    m->text = text;
    read_author(entry, id, &m->author);
    /* of its last change: nothing tells whether there was one */
    m->created_at_ms = m->edited_at_ms = updated_ms(entry);
    m->fetched_at_ms = p->reply->received_at_ms;
    m->likes = count_in(entry, "im:voteSum");
    m->backfill = p->at->low.len == 0;
    mention_add_named(m, config->app);
    mention_set_lang(m, STR(""));
}

/* ---- pages ----------------------------------------------------------------------------------- */

struct reading {
    struct timewalk walk;
    int64_t low_id;  /* of entries without a time: larger ids are new */
    int64_t high_id; /* largest so far */
    size_t n_new;
};

static int64_t id_in(struct str cursor_field)
{
    struct str id;

    str_split(cursor_field, ' ', &id);
    return cursor_i64(id, 0);
}

static void read_entry(const struct parsing *p, const json_t *entry, struct reading *r)
{
    struct str id = label(entry, "id");
    int64_t number = cursor_i64(id, 0), time_ms = updated_ms(entry);

    if (!json_get(entry, "im:rating"))
        return; /* the app itself, in old feeds */
    if (number > r->high_id)
        r->high_id = number;
    if (!timewalk_takes(&r->walk, id, time_ms) || (time_ms == 0 && number <= r->low_id))
        return;
    r->n_new++;
    read_review(p, entry);
}

/* The next page, "" at the end; *ret_gap if there may be more than the feed gives. */
static struct str next_page(const struct parsing *p, const struct reading *r, bool *ret_gap)
{
    struct place place = place_parse(p->at);

    if (r->walk.n == 0 && place.page == 1 && !place.other_way)
        return place_text(1, true, p->arena);
    if (r->n_new == 0)
        return STR("");
    if (place.page < PAGES_MAX)
        return place_text(place.page + 1, place.other_way, p->arena);
    *ret_gap = p->at->low.len > 0 && !timewalk_is_past(&r->walk);
    return STR("");
}

static void step_on(const struct parsing *p, const struct reading *r, struct source_step *ret_step)
{
    bool gap = false;
    struct str next = next_page(p, r, &gap), *high;

    timewalk_step(p, &r->walk, next, ret_step);
    ret_step->gap = ret_step->gap || (gap && ret_step->kind == STEP_DONE);
    high = ret_step->kind == STEP_PAGE ? &ret_step->cursor.high : &ret_step->cursor.low;
    if (r->high_id > 0)
        *high = arena_printf(p->arena, "%.*s %lld", STR_FMT(high->len > 0 ? *high : STR("0")),
                             (long long)r->high_id);
}

static bool parse_refusal(const struct parsing *p, struct source_step *ret_step)
{
    int status = p->reply->http->status;
    struct timewalk walk = timewalk_begin(p);

    if (!source_step_for_status(p->reply, p->arena, ret_step))
        return false;
    if (status == 403) { /* comes in bursts, and passes */
        ret_step->kind = STEP_WAIT;
        ret_step->wait_ms = BLOCKED_WAIT_MS;
    } else if (ret_step->kind == STEP_STOP && p->at->walking && place_parse(p->at).page > 1) {
        timewalk_done(p, &walk, false, ret_step); /* behind the last page */
        ret_step->cursor.low = p->at->high;
    }
    return true;
}

/* `entry` is a list, one review, or absent. */
static int parse(const struct source *src, const struct source_cursor *at, const struct source_reply *reply,
                 struct source_page *page, struct source_step *ret_step, struct error *err)
{
    const struct parsing p = {src, at, reply, page, page->arena};
    int64_t low_id = id_in(at->low), high_id = at->walking ? id_in(at->high) : 0;
    struct reading r = {timewalk_begin(&p), low_id, high_id > low_id ? high_id : low_id, 0};
    json_t *value = NULL;
    const json_t *entries;
    int code;

    if (parse_refusal(&p, ret_step))
        return 0;
    code = parsing_load(&p, &value, err);
    if (code < 0)
        return code;
    if (!json_is_object(json_get(value, "feed")))
        return error_set(err, -EBADMSG, "an answer without feed");
    entries = json_path(value, "feed.entry");
    if (json_is_object(entries))
        read_entry(&p, entries, &r);
    for (size_t i = 0; i < json_array_size(entries); i++)
        read_entry(&p, json_array_get(entries, i), &r);
    step_on(&p, &r, ret_step);
    return 0;
}

const struct source_driver source_appstore = {
    .name = "appstore",
    .help = "Reviews of an app in one country's App Store, by Apple's public feed.",
    .options = options,
    .config_size = sizeof(struct appstore_config),
    .has_horizon = true,
    .interval_ms = 30 * 60 * 1000,
    .interval_min_ms = 5 * 60 * 1000,
    .overlap_ms = 24 * 3600 * 1000, /* caches of the feed are hours old, and not all of the same age */
    .max_pages = PAGES_MAX + 1,
    .check = check,
    .host = host,
    .prepare = prepare,
    .parse = parse,
};
